"""Loggers: callbacks of `fit` that write each epoch's numbers for other people's viewers.

log.jsonl of the run folder stays the truth: `linocut log RUN --to tensorboard` makes of it afterwards what a logger
would have written. None changes a bit of the training, and none uses the network unless it is told to.
"""

from linocut.train.loggers.csv_table import CSV
from linocut.train.loggers.mlflow import MLflow
from linocut.train.loggers.tensorboard import TensorBoard
from linocut.train.loggers.wandb import WandB

__all__ = ["CSV", "MLflow", "TensorBoard", "WandB"]
