"""One colour and marker for each condition, in all figures; other series get theirs by their index.

Doses and lengths of one condition (`corrupted:0.25`, `window:4`) are shades of its colour. Draws nothing.
"""

from dataclasses import dataclass

from horizon.scenarios.conditions import CONDITIONS, split_condition

# Okabe and Ito's colours, which colour-blind readers can distinguish, with markers for print in grey.
_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#8C6D31", "#555555")
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
_SYMBOLS = ("circle", "square", "triangle-up", "diamond", "triangle-down", "cross", "x", "star")
_FAMILIES = ("natural", "fresh", "healed", "foreign", "padded", "corrupted", "window", "recap")
_LIGHTEST = 0.4
"""The smallest share of its colour in a shade; the rest is white."""


@dataclass(frozen=True, slots=True)
class Style:
    """The style of a series: its colour as `#rrggbb`, its marker in matplotlib and the same marker in Plotly."""

    colour: str
    marker: str
    symbol: str


def style_of(name: str, place: int) -> Style:
    """Return the style of a condition by its name, or of any other series by its place in the figure."""
    family, share = _shade_of(name)
    place = _FAMILIES.index(family) if family in _FAMILIES else place % len(_COLOURS)
    return Style(_mix(_COLOURS[place], share), _MARKERS[place], _SYMBOLS[place])


def _shade_of(name: str) -> tuple[str, float]:
    """Return the condition whose colour a name has, and how much of that colour; no condition for other names."""
    try:
        family, number = split_condition(name)
    except ValueError:
        return "", 1.0
    takes = CONDITIONS[family].takes
    share = {"p": number, "k": number / (number + 4), "bits": 2 / max(number, 2)}.get(takes, 1.0)
    return "natural" if CONDITIONS[family].repeats else family, _LIGHTEST + (1 - _LIGHTEST) * share


def _mix(colour: str, share: float) -> str:
    parts = (int(colour[start : start + 2], 16) for start in (1, 3, 5))
    return "#" + "".join(f"{round(255 - share * (255 - part)):02X}" for part in parts)
