"""The rules of chess environments under `prompt=v2`: what a turn shows, and how to write a move and give it.

Holds for the first message and for later ones, whatever parts of an observation they have. Knows the style of
observations; no environment.
"""

from horizon.core.tool_calls import ARGUMENT, TOOL_NAME
from horizon.domains.chess.observation import POSITIONS, ObservationStyle
from horizon.domains.prompt_versions import one_line

_WRITTEN = {
    "san": ("Moves are written in algebraic notation, such as Nf3, exd5, O-O or e8=Q.", "Nf3"),
    "uci": (
        "A move is written as the square from which a piece moves and the square to which it moves, such as g1f3, "
        "with the letter of the new piece at the end if a pawn is promoted, such as e7e8q.",
        "g1f3",
    ),
    "descriptive": (
        "Moves are written in English descriptive notation, such as N-KB3, PxP, O-O or P-K8(Q).",
        "N-KB3",
    ),
}
"""A sentence on each notation, and an example of a move."""
_RENAMED = {
    "san": (
        "Moves are written in algebraic notation, with the letters that are listed for the pieces.",
        "MOVE",
    ),
    "uci": (
        "A move is written as the square from which a piece moves and the square to which it moves, such as g1f3, "
        "with the letter of the new piece at the end if a pawn is promoted.",
        "g1f3",
    ),
    "descriptive": (
        "Moves are written in English descriptive notation, with the letters that are listed for the pieces.",
        "MOVE",
    ),
}
"""The same where pieces go by other letters, which are listed in every observation."""


def describe_turn(style: ObservationStyle, *, by_tool: bool = False) -> str:
    """Return what is shown at a turn, how moves are written, and the format of the reply."""
    parts = set(style.show) & set(style.later)
    shown = ["the position"] if parts & set(POSITIONS) else []
    shown += ["the list of your legal moves"] if "legal_moves" in parts else []
    written, example = (_RENAMED if style.shift.is_renamed else _WRITTEN)[style.notation]
    reply = one_line("your move", example)
    if by_tool:
        reply = f"Reply by calling the tool {TOOL_NAME} exactly once, with the argument {ARGUMENT} as in: {example}"
    first = f"You are shown {' and '.join(shown)}. " if shown else ""
    return f"{first}{written} Choose one of the legal moves. {reply}"
