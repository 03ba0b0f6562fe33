"""The chess move that a longer text means: an answer by its first words, other text by its last mention.

Alternatives ("e4 or d4", a copied list of the legal moves) are ambiguous; a game's continuation ("1. e4 e5 2. Nf3")
and an explanation ("Nf3 instead of Nc3") are not. Time linear in the text. Knows single moves by `move_parsing`.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import chess

from horizon.core.answer_marks import weak_signs
from horizon.core.answer_start import unwrap
from horizon.core.answer_words import ALTERNATIVE_WORDS
from horizon.core.answers import is_list
from horizon.domains.chess.move_parsing import (
    UNPARSABLE,
    LegalMoves,
    ParsedMove,
    match_move,
    named_moves,
    plain_marks,
    read_move,
)
from horizon.domains.chess.move_words import as_algebraic

# The text before a bare square that makes it a pawn's move rather than a square.
_MOVE_EXPECTED = re.compile(
    r"(?:^|[\n:;=>\"'`*“‘(\[\]|«‹$#]|\d{1,3}\s?\.{1,3}|…|(?<![\w.])\.{2,3}|"
    r"\b(?:plays?|played|playing|is|was|be|moves?|moving|answers?|reply|replies|respond|choose|chose|pick|"
    r"select|with|push(?:es|ing)?|"
    r"advanc(?:e|es|ing)))"
    r"[ \t\"'`*_“‘(«‹.]{0,8}$",
    re.IGNORECASE,
)
_LOOK_BACK = 24
# A square that opens a sentence is its subject: "d4 is weak". Not where the sentence then speaks of it as a move.
_SUBJECT = re.compile(
    r"[ \t]{1,4}(?!(?:because|since|as|to|for|which|with|so|in|and|or|then|would|seems?|looks|by|after|if|it's|"
    r"is (?:the |my |a |an )?(?:\w{1,12} ){0,2}(?:move|choice|option|answer|best|good|strong(?:est)?)|"
    r"(?:[KQRBN]?[a-h]?x?[a-h][1-8]))\b)[a-z]",
)
_NEGATION = re.compile(
    r"\b(?:not|never|avoid|avoiding|(?:don|doesn|isn|won|wouldn|can|shouldn|mustn|aren)'t|cannot|(?:anything|"
    r"all|everything) (?:but|except)|except|instead of|rather than|over|than|unlike|against|prevent(?:s|"
    r"ing)?|stop(?:s|ping)?)"
    r"(?: (?:to |the |play |playing |move |a ){1,3})?[ \t\"'`*_(.…]{0,6}$",
    re.IGNORECASE,
)
_REJECTED = re.compile(
    r"[?]{0,2}[\"'`*_)]{0,3} (?:(?:is|was|would be|looks|seems)(?: (?:a|an|the|clearly|simply|just|probably|too|"
    r"very)){0,2} "
    r"(?:mistake|blunder|error|bad|illegal|impossible|wrong|losing|weak|terrible|poor|not|worse|dubious|"
    r"inaccura\w{2,3}|risky|premature)"
    r"|isn't|wasn't|can't|cannot|loses|hangs|blunders|drops|fails|doesn't|does not|was played)\b",
    re.IGNORECASE,
)
"""The text after a move that is mentioned and not chosen."""
_OTHER_SIDE = {
    side: re.compile(
        rf"\b(?:opponent|enemy|they|he|she|{name})(?:'s)?(?: (?:has|have|had|just|then|now|would|will|could|may|"
        rf"might|can)){{0,2}} "
        r"(?:play|move|repl|respond|answer|capture|take)\w{0,3}(?: (?:with|to|on|by|move|was|"
        r"is)){0,2}[ \t\"'`*_(:.…]{0,4}$",
        re.IGNORECASE,
    )
    for side, name in ((chess.WHITE, "black"), (chess.BLACK, "white"))
}
"""The text before a move of the other side."""
_BEFORE = re.compile(
    r"(?:[\W_]|\d{1,3}\s?\.{1,3}|\b(?:my|the|best|next|final|chosen|move|answer|action|is|i|we|would|will|"
    r"should|play|plays|choose|"
    r"pick|select|go|with|white|black|make_move|bestmove|pawn|to|it|so|then|therefore|think|uci|san|game|start|"
    r"moves|am|going|'ll|ll|"
    r"that|a|strong|good|san)\b)*"
)
_GAP = re.compile(
    r"[\s,、;/|&+\"'`*_)(\[\]{}<>!?#.…-]{0,12}?(?:\b(?P<word>and|and/or|vs|versus|either|also|"
    + ALTERNATIVE_WORDS
    + r")\b[\s,:]{0,4}|(?<!\w)(?P<letter>[b-e]\))\s?){0,2}[\s\"'`*_(\[.…]{0,6}"
)
_QUESTIONS = re.compile(r"\?{1,2}\s{1,3}")
"""Between two moves that are asked about: "Nf3? Nc3?"."""
_NUMBERED_GAP = re.compile(r"[\s+#!?]{0,6}\d{1,3}\s?(?:\.{1,3}|…)\s?")
_NUMBER_BEFORE = re.compile(r"(\d{1,3})\s?(\.{1,3}|…)\s?$")
_BESIDE = re.compile(r"[+#!?]{0,4},?[ \t]{1,3}(?:(?:or|and|vs\.?)[ \t]{1,3})?")
_OR_IN_BRACKETS = re.compile(rf"[\s,+#!?]{{0,4}}[(\[{{]\s?(?:{ALTERNATIVE_WORDS})\b" r"[\s\"'`*_:,]{0,6}")
_LONGEST_GAP = 40
_LONGEST_LEAD = 200
_SENTENCE_END = re.compile(r"[.!?]\s|\(|\[|\{| - |\n")


@dataclass(frozen=True, slots=True)
class Mention:
    """A move that a text names, where it is, whether it is in words, and whether a negation is before it."""

    start: int
    end: int
    reading: ParsedMove
    is_worded: bool = False
    is_negated: bool = False


def read_answer(board: chess.Board, text: str, legal: Sequence[chess.Move] | None = None) -> ParsedMove:
    """Parse an answer, which is a move or starts with one; otherwise the only legal move that it names."""
    whole = read_move(board, text, legal)
    if whole.status in ("legal", "illegal", "ambiguous"):
        return whole
    moves = LegalMoves(board, legal)
    plain = plain_marks(text)
    text = as_algebraic(plain, with_promotions=moves.has_promotions)
    mentions = list(_mentions(text, moves, plain, is_answer=True))
    if not mentions:
        return UNPARSABLE
    if _BEFORE.fullmatch(text[: mentions[0].start].lower()) and not mentions[0].is_negated:
        return _first_of(text, mentions, board)
    return _only(mentions)


def read_lines(board: chess.Board, text: str, legal: Sequence[chess.Move] | None = None) -> ParsedMove:
    """Parse a text that marks no answer: one move and nothing else, else a sign of an answer, else the last move."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if is_list(lines):
        listed = {read_move(board, line, legal) for line in lines}
        if sum(reading.status == "legal" for reading in listed) > 1:
            return ParsedMove("ambiguous", lines[0])
    for candidate in (text, *weak_signs(text)):
        for plain in unwrap(candidate):
            reading = read_move(board, plain, legal)
            if reading.status == "legal" or (candidate is text and reading.status in ("illegal", "ambiguous")):
                return reading
    return find_last_move(board, text, legal)


def find_last_move(board: chess.Board, text: str, legal: Sequence[chess.Move] | None = None) -> ParsedMove:
    """Parse the last legal and unambiguous move in a text that marks no answer.

    Without one, the last illegal one, then the last ambiguous one. Ambiguous, if that move is one of several in a
    row. A square alone counts as a pawn's move only where a move is expected: at the start of a line, after a colon,
    quote or move number, or after words such as "play" and "is". In "the knight on f3" and "controls e5" it is a
    square.
    """
    moves = LegalMoves(board, legal)
    plain = plain_marks(text)
    text = as_algebraic(plain, with_promotions=moves.has_promotions)
    other_side = _OTHER_SIDE[board.turn]
    mentions = [
        mention
        for mention in _mentions(text, moves, plain, is_answer=False)
        if not mention.is_negated
        and not _REJECTED.match(text, mention.end)
        and not other_side.search(text, max(0, mention.start - _LONGEST_GAP), mention.start)
    ]
    mentions = _outside_brackets(text, mentions)
    last: dict[str, ParsedMove] = {}
    place = None
    for number, mention in enumerate(mentions):
        last[mention.reading.status] = mention.reading
        if mention.reading.status == "legal":
            place = number
    if place is not None:
        run = _run_around(text, mentions, place)
        if len(run) > 1 and _is_start_of_play(text, run):
            return _first_of(text, run, board)
        named = {mention.reading.move for mention in run if mention.reading.status == "legal"}
        return mentions[place].reading if len(named) == 1 else ParsedMove("ambiguous", mentions[place].reading.move)
    illegal = next((mention for mention in reversed(mentions) if mention.reading.status == "illegal"), None)
    if illegal is not None and illegal.is_worded:
        # In words, and not possible: more likely misread than meant.
        return ParsedMove("ambiguous", illegal.reading.move)
    return last.get("illegal") or last.get("ambiguous") or UNPARSABLE


def _outside_brackets(text: str, mentions: list[Mention]) -> list[Mention]:
    """Return the mentions without those in brackets if any legal one is outside: "Nf3 (to follow with g3)"."""
    depth, place, outside = 0, 0, []
    for mention in mentions:
        between = text[place : mention.start]
        depth = max(0, depth + between.count("(") - between.count(")"))
        place = mention.start
        if not depth:
            outside.append(mention)
    return outside if any(mention.reading.status == "legal" for mention in outside) else mentions


def _is_start_of_play(text: str, run: list[Mention]) -> bool:
    """Return whether a text is a line of play from its start on: "1. e4 e5 2. Nf3"."""
    gaps = [_gap(text, before.end, after.start) for before, after in pairwise(run)]
    return _is_start(text, run[0].start) and any(gap is not None and gap.re is _NUMBERED_GAP for gap in gaps)


def _mentions(text: str, moves: LegalMoves, written_text: str, *, is_answer: bool) -> Iterator[Mention]:
    known: dict[str, tuple[ParsedMove, bool]] = {}
    end = -1
    for match in named_moves(moves.board, text):
        before = text[max(0, match.start() - _LOOK_BACK) : match.start()]
        if match.group("pawn_to") == match.group():
            if is_answer:
                is_next = _gap(text, end, match.start()) is not None if end >= 0 else _is_start(text, match.start())
            else:
                is_next = end >= 0 and _BESIDE.fullmatch(text, end, match.start()) is not None
            if not is_next and not _MOVE_EXPECTED.search(before):
                continue
            is_first_in_line = not before.strip(" \t") or before.rstrip(" \t").endswith("\n")
            if not is_answer and is_first_in_line and _SUBJECT.match(text, match.end()):
                continue
        written = match.group()
        if written not in known:
            known[written] = (match_move(match, moves), written not in written_text)
        reading, is_worded = known[written]
        if reading.status == "unparsable":
            continue
        yield Mention(match.start(), match.end(), reading, is_worded, _NEGATION.search(before) is not None)
        end = match.end()


def _is_start(text: str, place: int) -> bool:
    """Return whether only words that introduce a move are before this place."""
    return place <= _LONGEST_LEAD and _BEFORE.fullmatch(text[:place].lower()) is not None


def _gap(text: str, end: int, start: int) -> "re.Match[str] | None":
    """Return the match of what is between two mentions if they are one enumeration or line of play, else None."""
    if start - end > _LONGEST_GAP:
        return None
    between = text[end:start]
    numbered = (
        _NUMBERED_GAP.fullmatch(between) or _OR_IN_BRACKETS.fullmatch(between.lower()) or _QUESTIONS.fullmatch(between)
    )
    return numbered or (None if _SENTENCE_END.search(between) else _GAP.fullmatch(between.lower()))


def _first_of(text: str, mentions: list[Mention], board: chess.Board) -> ParsedMove:
    """Return the first move of an answer, or of a line of play the one of the side to move; alternatives are
    refused.
    """
    run = [mentions[0]]
    is_choice, number = False, _NUMBER_BEFORE.search(text[: mentions[0].start])
    is_line = number is not None
    for mention in mentions[1:]:
        gap = _gap(text, run[-1].end, mention.start)
        if gap is None:
            break
        is_line = is_line or gap.re is _NUMBERED_GAP
        is_choice = (
            is_choice
            or gap.re is _OR_IN_BRACKETS
            or gap.re is _QUESTIONS
            or (gap.re is _GAP and (gap.group("word") or gap.group("letter")) is not None)
        )
        run.append(mention)
    first = run[0].reading
    if is_line and not is_choice:
        has_own_dots = number is not None and number.group(2) in ("...", "…")
        if board.turn == chess.BLACK and len(run) > 1 and not has_own_dots and run[1].reading.status == "legal":
            return run[1].reading
        return first
    others = {mention.reading.move for mention in run if mention.reading.move != first.move}
    legal = {mention.reading.move for mention in run if mention.reading.status == "legal"}
    if others and (is_choice or len(legal) > 1):
        return ParsedMove("ambiguous", first.move)
    return first


def _only(mentions: list[Mention]) -> ParsedMove:
    """Return the only move that is named, legal ones first; several different ones are ambiguous."""
    named = [mention.reading for mention in mentions if not mention.is_negated]
    for status in ("legal", "illegal"):
        readings = {reading.move: reading for reading in named if reading.status == status}
        if len(readings) == 1:
            return next(iter(readings.values()))
        if readings:
            return ParsedMove("ambiguous", next(iter(readings)))
    return named[0] if named else UNPARSABLE


def _run_around(text: str, mentions: list[Mention], place: int) -> list[Mention]:
    """Return the mentions that are in one enumeration or line of play with this one."""
    first = last = place
    while first > 0 and _gap(text, mentions[first - 1].end, mentions[first].start) is not None:
        first -= 1
    while last + 1 < len(mentions) and _gap(text, mentions[last].end, mentions[last + 1].start) is not None:
        last += 1
    return mentions[first : last + 1]
