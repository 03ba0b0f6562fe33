"""The table of mitigations as texts, for terminal and page: gain, tokens added, and the gain for its tokens.

Computes nothing. Names of conditions may come from runs; who prints the texts escapes them.
"""

from horizon.analysis.analysis import Group
from horizon.analysis.estimators.mitigations import BY_TOKENS, GAIN, TOKENS
from horizon.core.estimator import Estimate

TITLES = ("mitigation", "turns", "gain (points)", "tokens added", "per 1,000 tokens")
CAPTION = (
    "Gain: natural minus the mitigation on the same states, above 0 where it helps. Tokens are added per turn, and "
    "the last figure is points per 1,000 of them; both calls count where the model is asked twice, cached tokens in "
    "full. In brackets: 95 % intervals."
)


def mitigation_rows(group: Group) -> list[tuple[str, ...]]:
    """Return a line for each mitigation that was played, in the order of `TITLES`."""
    figures: dict[str, dict[str, Estimate]] = {}
    listed = group.estimates.get("mitigations", [])
    for figure in listed if isinstance(listed, list) else []:
        figures.setdefault(str(figure.at["condition"]), {})[str(figure.at["of"])] = figure
    return [
        (
            condition,
            str(own[GAIN].n_turns),
            _write(own[GAIN], 100, "+.1f"),
            _write(own[TOKENS], 1, "+.0f"),
            _write(own[BY_TOKENS], 100, "+.0f"),
        )
        for condition, own in figures.items()
    ]


def _write(figure: Estimate, scale: int, form: str) -> str:
    """Write a figure as `+12.5 [8.1, 18.9]`; `-` where there is none."""
    if figure.estimate is None:
        return "-"
    text = f"{scale * figure.estimate:{form}}"
    if figure.low is None or figure.high is None:
        return text
    return f"{text} [{scale * figure.low:{form}}, {scale * figure.high:{form}}]"
