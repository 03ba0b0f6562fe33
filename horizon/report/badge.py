"""A badge for a README: JSON for shields.io's endpoint badge, coloured by the verdicts of the runs' claims.

Source: https://shields.io/badges/endpoint-badge. Draws estimates, computes nothing.
"""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from horizon.analysis.analysis import Analysis
from horizon.core.estimator import Estimate
from horizon.runs.replacing import make_folder, replace_text

COLORS = {"failed": "red", "aborted": "red", "undecided": "yellow", "passed": "brightgreen"}
_UNJUDGED = "blue"


def write_badge(analysis: Analysis, path: Path) -> None:
    """Write the badge of the runs of an analysis, with the verdicts that their manifests hold.

    Raises:
        StoreError: the file can't be written.
    """
    gates = [run.manifest.get("gate") for run in analysis.runs]
    made = badge(analysis, [str(gate["verdict"]) for gate in gates if gate])
    make_folder(path.parent)
    replace_text(path, json.dumps(made, ensure_ascii=False) + "\n")


def badge(analysis: Analysis, verdicts: Sequence[str]) -> dict[str, Any]:
    """Return the badge: the headline figure of one run, or how many of several runs passed.

    `verdicts` are those of the runs with expectations.
    """
    counts = Counter(verdicts)
    worst = next((verdict for verdict in COLORS if verdict in counts), None)
    if len(verdicts) > 1:
        others = [f"{counts[name]} {name}" for name in COLORS if counts[name] and name != "passed"]
        label, message = "scenarios", ", ".join([f"{counts['passed']} of {len(verdicts)} passed", *others])
    else:
        label, message = _headline(analysis)
    return {
        "schemaVersion": 1,
        "label": label,
        "message": message,
        "color": COLORS[worst] if worst else _UNJUDGED,
    }


def _headline(analysis: Analysis) -> tuple[str, str]:
    """Return the name and the value of the most important figure that was estimated."""
    for name, sign in (("focus_gap", "+"), ("error_rate", "")):
        figure = analysis.whole.get(name)
        if isinstance(figure, Estimate) and figure.estimate is not None:
            bounds = [
                f"{100 * value:{sign}.0f}" if value is not None else "?"
                for value in (figure.estimate, figure.low, figure.high)
            ]
            counted = f"{figure.n_episodes} episode{'s' * (figure.n_episodes != 1)}"
            return name.replace("_", " "), f"{bounds[0]} % [{bounds[1]}, {bounds[2]}], {counted}"
    return "error rate", "no judged turns"
