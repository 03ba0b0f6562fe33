"""The words of chess environments in both wordings: what messages show, and how to write a move and give it.

The rules of v2 hold for the first message and for later ones, whatever parts of an observation they have. Knows the
style of observations; no environment.
"""

from horizon.core.tool_calls import ARGUMENT, TOOL_NAME
from horizon.domains.chess.observation import POSITIONS, RESTATING, ObservationStyle
from horizon.domains.prompt_versions import choose_text, one_line, with_format

_SQUARES = (
    "A move is written as the square from which a piece moves and the square to which it moves, such as g1f3, with "
    "the letter of the new piece at the end if a pawn is promoted"
)
_WRITTEN = {
    "san": "Moves are written in algebraic notation, such as Nf3, exd5, O-O or e8=Q.",
    "uci": f"{_SQUARES}, such as e7e8q.",
    "descriptive": "Moves are written in English descriptive notation, such as N-KB3, PxP, O-O or P-K8(Q).",
}
_RENAMED = {
    "san": "Moves are written in algebraic notation, with the letters that are listed for the pieces.",
    "uci": f"{_SQUARES}.",
    "descriptive": "Moves are written in descriptive notation, with the letters that are listed for the pieces.",
}
"""The same where pieces have other letters, which every observation lists."""
_FORM = "MOVE"


def describe_turn(style: ObservationStyle, *, by_tool: bool = False) -> str:
    """Return what is shown at a turn, how moves are written, and the format of the reply."""
    parts = set(style.show) & set(style.later)
    shown = ["the position"] if parts & set(POSITIONS) else []
    shown += ["the list of your legal moves"] if "legal_moves" in parts else []
    first = f"You are shown {' and '.join(shown)}. " if shown else ""
    written = (_RENAMED if style.shift.is_renamed else _WRITTEN)[style.notation]
    reply = one_line("your move", _FORM)
    if by_tool:
        reply = f"Reply by calling the tool {TOOL_NAME} exactly once, with your move as the argument {ARGUMENT}."
    return f"{first}{written} Choose one of the legal moves. {reply}"


def word_question(prompt: str, question: str, *, by_tool: bool = False) -> str:
    """Return the question at the end of a message; in v2 with the format of the reply, unless that is a tool call."""
    return choose_text(prompt, v1=question, v2=question if by_tool else with_format(question, _FORM))


def describe_messages(style: ObservationStyle) -> str:
    """Return what messages show and how moves are written, as a clause for the rules of v1."""
    first, later = _contents(style.show), _contents(style.later)
    if first == later:
        return f"Each turn you get {first}, {style.how}"
    return f"At first you get {first}, and later {later}, with moves {style.how}"


def _contents(parts: tuple[str, ...]) -> str:
    """Return what observations of these parts hold, as a phrase."""
    has_position = not set(POSITIONS).isdisjoint(parts)
    kinds = (
        ("the position", has_position),
        ("the moves so far", "moves" in parts and not has_position),
        ("the last move", "last_move" in parts and RESTATING.isdisjoint(parts)),
        ("your legal moves", "legal_moves" in parts),
    )
    return " and ".join(phrase for phrase, is_shown in kinds if is_shown) or "your side"
