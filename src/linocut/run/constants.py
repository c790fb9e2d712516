"""The constants of a prediction: weights packed for the kernels, thresholds, norms."""

from __future__ import annotations

from linocut.compile.inference import Prediction
from linocut.run.session import Session


def put_constants(session: Session, prediction: Prediction) -> None:
    """Make them, one after the other, where the program reads them."""
    for name, make in prediction.constants.items():
        session.array(name)[...] = make()
