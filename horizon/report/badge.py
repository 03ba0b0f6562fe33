"""A badge for a README: the JSON that shields.io's endpoint badge reads, coloured by how the runs kept their claims.

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

    `verdicts` are those of the runs that something was expected of.
    """
    counts = Counter(verdicts)
    worst = next((each for each in COLORS if each in counts), None)
    if len(verdicts) > 1:
        others = [f"{counts[each]} {each}" for each in COLORS if counts[each] and each != "passed"]
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
    """Return the name and the words of the figure that matters most and that there is."""
    for name, sign in (("focus_gap", "+"), ("error_rate", "")):
        found = analysis.whole.get(name)
        if isinstance(found, Estimate) and found.estimate is not None:
            bounds = [
                f"{100 * each:{sign}.0f}" if each is not None else "?"
                for each in (found.estimate, found.low, found.high)
            ]
            counted = f"{found.n_episodes} episode{'s' * (found.n_episodes != 1)}"
            return name.replace("_", " "), f"{bounds[0]} % [{bounds[1]}, {bounds[2]}], {counted}"
    return "error rate", "no judged turns"
