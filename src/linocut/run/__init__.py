"""Sessions: the native virtual machine and the NumPy reference interpreter; and what runs in them."""

from linocut.run.initial import initialise
from linocut.run.session import NATIVE, REFERENCE, Session, open_session

__all__ = ["NATIVE", "REFERENCE", "Session", "initialise", "open_session"]
