"""MLflow: a logger that hands each epoch's numbers to an MLflow tracking store."""

from __future__ import annotations

import os
from typing import Any

from linocut.train.events import Done, EpochEnded, Event, to_json
from linocut.train.loggers.foreign import foreign
from linocut.train.scalars import tagged

LOCAL = "sqlite:///mlflow.db"  # in the working folder, where `mlflow ui` looks


class MLflow:
    """Logs the numbers of each epoch as metrics of a run of `experiment`; it needs MLflow: `pip install mlflow`.

    By default they go to the file mlflow.db in the working folder, whatever the environment says, and MLflow's own
    telemetry is switched off: nothing goes over the network unless `tracking_uri` is a server's. SpecError without
    MLflow; MLflow's own errors where it cannot write.
    """

    def __init__(self, experiment: str = "linocut", run_name: str | None = None, tracking_uri: str = LOCAL) -> None:
        """Import MLflow; the run begins with the first epoch that ends."""
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
        if tracking_uri.startswith("sqlite:"):
            foreign("sqlalchemy", "MLflow", "mlflow")  # mlflow-skinny comes without
        self._client: Any = foreign("mlflow", "MLflow", "mlflow").MlflowClient(tracking_uri=tracking_uri)
        self._experiment, self._run_name = experiment, run_name
        self._run: str | None = None

    def __call__(self, event: Event) -> None:
        """Log what an epoch came to; end the run when training is done."""
        if isinstance(event, EpochEnded):
            if self._run is None:
                self._run = self._begin()
            for tag, value in tagged(to_json(event)).items():
                self._client.log_metric(self._run, tag, value, step=event.epoch)
        elif isinstance(event, Done) and self._run is not None:
            self._client.set_terminated(self._run)
            self._run = None

    def _begin(self) -> str:
        found = self._client.get_experiment_by_name(self._experiment)
        number = found.experiment_id if found else self._client.create_experiment(self._experiment)
        run: str = self._client.create_run(number, run_name=self._run_name).info.run_id
        return run
