"""Using a trained network: the packed model, evaluation and prediction."""

from linocut.deploy.predictor import Predictor, load
from linocut.deploy.scoring import Evaluation, Predictions

__all__ = ["Evaluation", "Predictions", "Predictor", "load"]
