"""The commands that repeat the runs of a page and make the page."""

import shlex
from collections.abc import Sequence

from horizon.core.environment_name import EnvironmentName
from horizon.core.parameters import join_name
from horizon.runs.run_data import RunData


def command(runs: Sequence[RunData]) -> str:
    """Return the commands that repeat these runs and make this page; runs in memory are not in the report command."""
    stored = [run.name for run in runs if run.folder is not None]
    lines = [_play(run) for run in runs]
    return "\n".join([*lines, *([f"horizon report {' '.join(map(shlex.quote, stored))}"] if stored else [])])


def _play(run: RunData) -> str:
    plan = run.manifest["plan"]
    if "imported" in run.manifest:
        sources = (str(source) for source in run.manifest["imported"].get("from", ()))
        return " ".join(shlex.quote(word) for word in ("horizon", "import", *sources, "--out", run.name))
    parameters = {key: value for key, value in plan.get("parameters", {}).items() if value != ""}
    environment = EnvironmentName.parse(str(plan["environment"])).name
    words = ["horizon", "play", "--model", str(plan.get("model", "")), "--env", join_name(environment, parameters)]
    for key, flag in (("opponents", "--opponent"), ("conditions", "--condition")):
        for value in plan.get(key, ()):
            words += [flag, str(value)]
    for key in ("episodes", "turns", "seed"):
        words += [f"--{key}", str(plan.get(key))]
    own = {"environment", "parameters", "model", "opponents", "conditions", "episodes", "turns", "seed"}
    for key, value in plan.items():
        if key not in own and value is not None:
            words += ["--set", f"{key}={value}"]
    out = ["--out", run.name] if run.folder is not None else []
    return " ".join(shlex.quote(word) for word in [*words, *out])
