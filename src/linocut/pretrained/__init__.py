"""Trained networks to start from: model files that come with linocut, listed in an index with their checksums.

They lie in `models/` of the repository; an installed linocut has them in its package. Nothing is downloaded.
"""

from linocut.pretrained.get import get
from linocut.pretrained.index import Entry, available

__all__ = ["Entry", "available", "get"]
