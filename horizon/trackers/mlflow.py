"""MLflow: parameters, figures, curves along turns and the page, into the store that MLFLOW_TRACKING_URI names.

The experiment is MLFLOW_EXPERIMENT_NAME, or `horizon`. Without a server MLflow keeps a database in the current folder.
"""

import os
import re
import time

from horizon.core.extras import require
from horizon.report.tracking import LoggedRun

_LONGEST = 500
"""Characters of a parameter, which every store takes."""
_PATIENCE = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2", "MLFLOW_HTTP_REQUEST_TIMEOUT": "20"}
"""How long a dead server is asked, unless the user sets it otherwise; MLflow's own is many minutes."""


def check() -> None:
    """Refuse a missing package.

    Raises:
        UsageError: MLflow is not installed; the message has the pip line.
    """
    require("mlflow", extra="mlflow", purpose="--log mlflow")


def log(record: LoggedRun) -> str:
    """Log a record as one run of MLflow, and return its store and id."""
    for name, value in _PATIENCE.items():
        os.environ.setdefault(name, value)
    import mlflow
    from mlflow.entities import Metric, Param

    client = mlflow.MlflowClient()
    name = os.environ.get("MLFLOW_EXPERIMENT_NAME", "horizon")
    experiment = client.get_experiment_by_name(name)
    number = experiment.experiment_id if experiment is not None else client.create_experiment(name)
    run = client.create_run(number, run_name=record.name[:_LONGEST])
    run_id = run.info.run_id
    try:
        now = int(time.time() * 1000)
        metrics = [Metric(_key(key), value, now, 0) for key, value in record.figures.items()]
        for curve in record.curves:
            for turn, *ends in curve.points:
                names = (curve.name, f"{curve.name}_low", f"{curve.name}_high")
                known = [(key, value) for key, value in zip(names, ends, strict=True) if value is not None]
                metrics += [Metric(_key(key), value, now, turn) for key, value in known]
        parameters = [Param(_key(key), str(value)[:_LONGEST]) for key, value in record.parameters.items()]
        # At most 1,000 metrics and 100 parameters go into one request.
        for start in range(0, max(len(metrics), len(parameters)), 100):
            client.log_batch(run_id, metrics[start : start + 100], parameters[start : start + 100])
        client.log_artifact(run_id, str(record.page))
    except BaseException:
        client.set_terminated(run_id, "FAILED")
        raise
    client.set_terminated(run_id)
    return f"{mlflow.get_tracking_uri()}, experiment {name}, run {run_id}"


TRACKER = log


def _key(name: str) -> str:
    """Return a name in the letters that MLflow takes."""
    return re.sub(r"[^A-Za-z0-9_\-. :/]", "_", name)[:250]
