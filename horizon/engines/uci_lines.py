"""What a UCI engine writes, read by the protocol: any white space, unknown words in front of a command are skipped.

Lines in, commands and the scores of the deepest complete iteration out. Gaps in the lines are a failure, never a
shallower answer. Knows no process and no position.

References
----------
Huber, S.-M. & Kahlen, F. (2000). Universal Chess Interface: "arbitrary white space between tokens is allowed"; an
unknown token is ignored and the rest of the line is parsed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from horizon.core.errors import EngineFailure
from horizon.core.records import Score, Scores
from horizon.engines.win_probability import make_score

_COMMANDS = frozenset(
    {"id", "uciok", "readyok", "bestmove", "copyprotection", "registration", "info", "option"},
)
_FIELDS = frozenset(
    {
        "depth",
        "seldepth",
        "time",
        "nodes",
        "pv",
        "multipv",
        "score",
        "currmove",
        "currmovenumber",
        "hashfull",
        "nps",
        "tbhits",
        "sbhits",
        "cpuload",
        "string",
        "refutation",
        "currline",
        "wdl",
        "ebf",
    }
)
_SKIPPED = frozenset({"seldepth", "nps", "hashfull", "tbhits", "sbhits", "cpuload", "currmove", "currmovenumber"})
"""Fields of one value that is not needed."""
_MOST_CENTIPAWNS, _LONGEST_MATE = 1_000_000, 10_000
"""Beyond these no engine counts: a larger number is damage."""


@dataclass(frozen=True, slots=True)
class PvLine:
    """One `info` line with a variation: its MultiPV place from 1, its first move; `score` is None for a bound."""

    place: int
    move: str
    score: Score | None
    depth: int | None
    nodes: int
    time_ms: float


@dataclass(slots=True)
class _Iteration:
    """The lines of one iteration by their place."""

    lines: dict[int, PvLine] = field(default_factory=dict)

    def is_covered(self, n_lines: int) -> bool:
        """Return whether every place has a line, be it a bound."""
        return len(self.lines) == n_lines and set(self.lines) == set(range(1, n_lines + 1))

    def is_complete(self, n_lines: int) -> bool:
        """Return whether every place has an exact score, each of another move."""
        lines = self.lines.values()
        return (
            self.is_covered(n_lines)
            and all(line.score is not None for line in lines)
            and len({line.move for line in lines}) == n_lines
        )

    def is_cut(self, n_lines: int) -> bool:
        """Return whether the lines are whole up to some place, counted from either end: the search was stopped."""
        places, size = set(self.lines), len(self.lines)
        is_run = places in (set(range(1, size + 1)), set(range(n_lines - size + 1, n_lines + 1)))
        return is_run and len({line.move for line in self.lines.values()}) == size


def split_command(line: str) -> list[str]:
    """Return the words of a line from its first command on; empty if it has none."""
    words = line.split()
    for place, word in enumerate(words):
        if word in _COMMANDS:
            return words[place:]
    return []


def read_variants(words: Sequence[str]) -> tuple[str, ...]:
    """Return the values of the option UCI_Variant; empty for another line."""
    if list(words[:3]) != ["option", "name", "UCI_Variant"]:
        return ()
    return tuple(value for word, value in pairwise(words) if word == "var")


def read_scores(lines: Sequence[str], n_lines: int, nodes: int) -> Scores | None:
    """Return the scores of the deepest complete iteration, best first; None if the nodes did not suffice for one.

    `nodes` is the limit of the search. The last iteration may be cut where the search was stopped; every other one
    must be whole.

    Raises
    ------
    EngineFailure
        A malformed line, or lines are missing though the search was not stopped by its nodes.
    """
    iterations = _group(map(split_command, lines), n_lines)
    if not iterations:
        raise EngineFailure(f"no move was scored, of {n_lines}")
    *whole, last = iterations
    missing = next((iteration for iteration in whole if not iteration.is_covered(n_lines)), None)
    if missing is not None or not (last.is_covered(n_lines) or last.is_cut(n_lines)):
        n_scored = len((missing or last).lines)
        raise EngineFailure(f"{n_scored} of {n_lines} moves were scored in one iteration: lines are missing")
    complete = [iteration for iteration in iterations if iteration.is_complete(n_lines)]
    spent_ms = next((line.time_ms for line in reversed(last.lines.values()) if line.time_ms), 0.0)
    if complete:
        ordered = sorted(complete[-1].lines.values(), key=lambda line: line.place)
        scores = {line.move: line.score for line in ordered if line.score is not None}
        return Scores(dict(sorted(scores.items(), key=lambda item: _rank(item[1]), reverse=True)), spent_ms)
    most_nodes = max(line.nodes for line in last.lines.values())
    if whole or last.is_covered(n_lines) or most_nodes < nodes:
        n_moves = len({line.move for line in last.lines.values()})
        raise EngineFailure(f"{n_moves} of {n_lines} moves were scored after {most_nodes} of {nodes} nodes")
    return None


def _group(commands: Iterator[list[str]], n_lines: int) -> list[_Iteration]:
    """Return the iterations in order: a deeper line begins one, and so does a place that comes again."""
    iterations: list[_Iteration] = []
    before: PvLine | None = None
    for words in commands:
        line = _read_info(words) if words and words[0] == "info" else None
        if line is None:
            continue
        current = iterations[-1] if iterations else None
        is_deeper = (
            before is not None and None not in (line.depth, before.depth) and (line.depth or 0) > (before.depth or 0)
        )
        comes_again = current is not None and line.place in current.lines
        # A line of the same depth corrects an earlier one while its iteration is under way.
        is_correction = comes_again and current is not None and not current.is_covered(n_lines) and not is_deeper
        is_update = before is not None and line.place == before.place and not is_deeper
        if current is None or is_deeper or (comes_again and not is_correction and not is_update):
            current = _Iteration()
            iterations.append(current)
        known = current.lines.get(line.place)
        # A bound is not a score; an exact one of the same depth is not replaced by it.
        if line.score is not None or known is None or known.score is None:
            current.lines[line.place] = line
        before = line
    return iterations


def _read_info(words: Sequence[str]) -> PvLine | None:
    """Return the variation of an `info` line with its score, or None for a line without one of these."""
    numbers = {"multipv": 1, "depth": 0, "nodes": 0, "time": 0}
    score: Score | None = None
    move, has_score, is_bound = "", False, False
    at = 1
    end = len(words)
    while at < end:
        word, value = words[at], words[at + 1] if at + 1 < end else ""
        at += 1
        if word in _SKIPPED:
            at += 1
        elif word in numbers:
            if word == "multipv" and not (value.isdecimal() and int(value)):
                raise _report_malformed(words)
            numbers[word] = int(value) if value.isdecimal() and len(value) < 19 else 0
            at += 1
        elif word == "pv" and value not in _FIELDS:
            move = value
            # The rest is the variation, unless other fields follow it.
            if _FIELDS.isdisjoint(words[at:]):
                break
        elif word in ("cp", "mate") and words[at - 2] in ("score", "lowerbound", "upperbound"):
            score, has_score = _read_score(word, value, words), True
            at += 1
        elif word in ("lowerbound", "upperbound"):
            is_bound = True
        elif word == "score" and value not in ("cp", "mate", "lowerbound", "upperbound", ""):
            raise _report_malformed(words)
        elif word == "string":
            break
    if not move or not has_score:
        return None
    return PvLine(
        numbers["multipv"],
        move,
        None if is_bound else score,
        numbers["depth"] or None,
        numbers["nodes"],
        float(numbers["time"]),
    )


def _read_score(kind: str, value: str, words: Sequence[str]) -> Score:
    digits = value[1:] if value[:1] in ("-", "+") else value
    if not digits.isascii() or not digits.isdecimal() or len(digits) > 18:
        raise _report_malformed(words)
    number = int(value)
    if abs(number) > (_MOST_CENTIPAWNS if kind == "cp" else _LONGEST_MATE):
        raise _report_malformed(words)
    return make_score(number) if kind == "cp" else make_score(mate=number)


def _report_malformed(words: Sequence[str]) -> EngineFailure:
    return EngineFailure(f"the engine wrote a malformed line: {' '.join(words)[:200]}")


def _rank(score: Score) -> tuple[float, float]:
    """Return the sort key of a score: quick mates first, then slow mates against the mover before quick ones."""
    if score.mate is not None:
        return (1.0, -score.mate) if score.mate > 0 else (-1.0, -score.mate)
    return 0.0, float(score.centipawns or 0)
