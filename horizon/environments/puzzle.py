"""Chess puzzles, one after the other: find the move, get the forced reply, find the next one.

Knows how chess is told and judged, and packs of puzzles by name; no engine, model or clock. Judged by the solution
line, and by an engine's scores where they come in as data.
"""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar

import chess

from horizon.core.answers import ANSWER_FORMAT
from horizon.core.environment import Mover
from horizon.core.errors import ContractError, UsageError
from horizon.core.parameters import parameter
from horizon.core.records import Answer, Json, Scores, Verdict
from horizon.domains.chess import move_parsing
from horizon.domains.chess import verdict as chess_verdict
from horizon.domains.chess.move_parsing import Line
from horizon.domains.chess.novelty import novelty_of
from horizon.domains.chess.observation import SHOWN, Telling, telling
from horizon.domains.chess.position import Position
from horizon.domains.chess.shifts import SHIFT_HELP, Letters, letters
from horizon.domains.puzzles.loader import located, open_pack
from horizon.domains.puzzles.puzzle import Puzzle
from horizon.domains.puzzles.selection import GOALS, Choice, Filter, choose
from horizon.domains.puzzles.verdict import Graded, grade, solution, turns_left

_ASKED = {"win": "Which move wins?", "hold": "Which move holds?", "best": "Which move is best?"}


@dataclass(frozen=True, slots=True)
class Solving:
    """Where an episode stands: its seed, the puzzle's number in it (from 1) and name, the moves played of its line.

    After the last puzzle's last move the moves stay; there is nothing more to find.
    """

    seed: int
    number: int
    name: str
    root: str
    moves: tuple[str, ...]
    position: Position = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class PuzzleTask:
    """Solve chess puzzles from a pack or a file.

    Rules: Chess by the FIDE laws. The side to move solves; what is asked (mate in so many moves, the move that wins,
        holds or is best) stands in the position's question. After each move the line's own move and the forced reply
        are played, whatever was answered, and the next move is asked; after the line's end comes the episode's next
        puzzle, up to `rounds` (0: without end). All of an episode's puzzles differ until each one was played.
    Observation: As in chess: the parts that `show` names, then the side to move and `legal_moves`; `last_move` tells
        the line's last move and the reply to it. A later puzzle begins with the words "A new puzzle." `shift` tells
        the same otherwise, as in chess: `flip`, `mirror` (only with `castling=gone`, so that the original plays the
        same puzzles), `san`, `uci`, `descriptive`, `ascii`, `pieces`, `renamed` (by seed).
    Action: A legal move in UCI of the original position, whatever the shift. Replies are read as in chess.
    Oracle: The solution. Right are the line's move, on the first move those that the file calls as right (`bm`), and
        any move that mates at once. Where mate is asked, an engine's scores add moves that mate as soon as asked; else
        moves within `margin` of the best win probability, if the line's own move is within it too (an engine that
        doesn't see the solution accepts nothing else). A move that is right and not the line's is told as
        `alternative` in `extra`. Moves to avoid (`am`) are wrong; where a file grades first moves (STS), so are those
        more than `margin` below full points. A position without a solution is judged by the scores alone.
        `loss` is null where nothing is known, else told by `graded_by` in `extra`: `points` (1 - points), `engine`
        (win probability given away; 0 for a right move), or `line` (1 for every wrong move: without scores, where
        mate is asked, and where the engine doesn't see the solution).
    Difficulty: The pack's rating; where a puzzle of the pack has none, the solver's moves left.
    References: Edwards (1994), PGN specification, section 16.2 (EPD); the Lichess puzzle database; Corbit and
        Swaminathan, Strategic Test Suite.
    Versions: 1: first.
    """

    name: ClassVar[str] = "puzzle"
    version: ClassVar[int] = 1
    summary: ClassVar[str] = "solve chess puzzles, one after the other"
    oracle_kind: ClassVar[str] = "engine"
    has_opponent: ClassVar[bool] = False

    pack: str = parameter(
        "horizon", "the puzzles: a shipped pack, or a file (CSV, EPD, PGN, FEN list, each also .zst)"
    )
    rounds: int = parameter(1, "puzzles one after the other in an episode; 0 is without end", low=0)
    goal: str = parameter("any", "only puzzles that ask for this", choices=GOALS)
    themes: str = parameter("", "only puzzles with one of these themes, joined by +")
    min_turns: int = parameter(1, "moves to find, at least", low=1)
    max_turns: int = parameter(0, "moves to find, at most; 0 is any number", low=0)
    min_rating: float = parameter(0.0, "the pack's rating, at least", low=0.0)
    max_rating: float = parameter(0.0, "the pack's rating, at most; 0 is any", low=0.0)
    castling: str = parameter("any", "gone: only puzzles where nobody may castle", choices=("any", "gone"))
    notation: str = parameter("san", "how moves are written", choices=("san", "uci"))
    show: str = parameter("last_move+fen+legal_moves", f"parts of an observation: {' '.join(SHOWN)}, joined by +")
    shift: str = parameter("none", SHIFT_HELP)
    margin: float = parameter(0.05, "win probability within which another move is right", low=0.0, high=1.0)

    def __post_init__(self) -> None:
        if self._telling.shift.is_mirrored and self.castling != "gone":
            raise UsageError(
                "environment puzzle: shift=mirror has no castling: set castling=gone here and in its original"
            )
        self._choice  # noqa: B018 - refuses a pack that can't be read, or filters that leave nothing

    def reset(self, seed: int) -> Solving:
        """Return the seed's first puzzle at its first move."""
        return self._begun(seed, 1)

    def rules(self) -> str:
        """Return the system prompt."""
        told = self._telling
        return (
            f"You solve chess puzzles by the usual rules. Each turn you get {told.what}, {told.how}; find the right "
            f"move. Reply with one line and nothing else: {ANSWER_FORMAT}MOVE, where MOVE is one of the legal moves."
        )

    def pose(self, state: Solving) -> str:
        """Return the position in full, with what is asked."""
        return self._telling.told(state, self._question(state), self._letters(state))

    def observe(self, state: Solving) -> str:
        """Return the same; a later puzzle is told to be a new one."""
        told = self.pose(state)
        return f"A new puzzle.\n{told}" if state.number > 1 and not state.moves else told

    def parse(self, state: Solving, reply: str) -> Answer:
        """Read the move out of a reply, as in chess."""
        return self._telling.parse(state.position, reply, self._letters(state))

    def actions(self, state: Solving) -> tuple[str, ...]:
        """Return the legal moves in UCI, sorted; none after the last puzzle."""
        return () if self.done(state) else state.position.legal

    def render(self, state: Solving, action: str) -> str:
        """Return the answer line that means this move."""
        return self._telling.render(state.position, action, self._letters(state))

    def judge(self, state: Solving, action: str | None, scores: Scores | None = None) -> Verdict:
        """Judge a move by the solution, and by scores where they are given; see the heading Oracle."""
        position, puzzle, graded = state.position, self._puzzle(state), self._graded(state, scores)
        own = solution(puzzle, len(state.moves))
        extra = self._extra(state) | chess_verdict.counted(position)
        extra["graded_by"] = graded.by
        best = self.oracle(state, scores)
        losses = graded.losses
        random_loss = sum(losses.values()) / len(losses) if losses else None
        if scores is not None and scores.actions:
            first = scores.actions[chess_verdict.best_move(scores)]
            extra |= chess_verdict.evaluation("best", first, position.board.turn)
        if action is None or action not in position.legal:
            return Verdict("no_answer" if action is None else "illegal", None, random_loss, best, extra)
        if scores is not None:
            extra |= chess_verdict.evaluation("eval", scores.actions[action], position.board.turn)
        is_right = action not in graded.wrong
        extra["alternative"] = is_right and own is not None and action != own
        return Verdict("none" if is_right else "wrong", losses.get(action), random_loss, best, extra)

    def oracle(self, state: Solving, scores: Scores | None = None) -> str | None:
        """Return the solution's move; without a solution the best one that is scored and not to be avoided."""
        own = solution(self._puzzle(state), len(state.moves))
        if own is not None or self.done(state):
            return own
        graded = self._graded(state, scores)
        if scores is not None:
            right = [each for each in state.position.legal if each not in graded.wrong]
            return max(right, key=lambda each: scores.actions[each].win, default=None)
        return min(graded.losses, key=graded.losses.__getitem__, default=None)

    def step(self, state: Solving, action: str) -> Solving:
        """Play the line's own move and the forced reply, whatever legal move is given; at its end the next puzzle."""
        if not self.is_playable(state, action):
            raise ContractError(f"puzzle can't play '{action:.40}': it is no legal move in {state.position.fen}")
        line = self._puzzle(state).moves or (action,)
        position, moves = state.position, state.moves
        for move in line[len(moves) : len(moves) + 2]:
            position = position.after(chess.Move.from_uci(move))
            moves = (*moves, move)
        after = replace(state, moves=moves, position=position)
        return self._begun(state.seed, state.number + 1) if self._is_over(after) and self._has_more(state) else after

    def is_playable(self, state: Solving, action: str) -> bool:
        """Tell whether the move is legal: after a wrong one, too, the line goes on."""
        return action in self.actions(state)

    def mover(self, state: Solving) -> Mover:
        """The model moves every time; the forced replies are part of the puzzle."""
        return "model"

    def done(self, state: Solving) -> str | None:
        """Return `finished` after the last puzzle's last move, solved or not, or null before."""
        return "finished" if self._is_over(state) and not self._has_more(state) else None

    def difficulty(self, state: Solving) -> float | None:
        """Return the rating, or the solver's moves left where the pack doesn't rate all of its puzzles."""
        puzzle = self._puzzle(state)
        return puzzle.rating if self._choice.is_rated else float(turns_left(puzzle, len(state.moves)))

    def engine_position(self, state: Solving) -> str | None:
        """Return the position's text, of the original whatever the shift; judging without scores is possible too."""
        return None if self.done(state) else state.position.text

    def dump(self, state: Solving) -> str:
        """Return the state as `seed | number | name | FEN moves e2e4 e7e5 as white`."""
        line = Line(state.root, state.moves, "white" if " w " in state.root else "black")
        return f"{state.seed} | {state.number} | {state.name} | {move_parsing.join_state(line)}"

    def load(self, text: str) -> Solving:
        """Return the state of such a line; its puzzle must be in the pack, with the same position and moves."""
        head, _, rest = text.rpartition(" | ")
        seed, _, named = head.partition(" | ")
        number, _, name = named.partition(" | ")
        if not (seed.isdecimal() and number.isdecimal() and int(number) and name):
            raise UsageError(
                f"'{text:.120}' is no puzzle state: write it as seed | number | name | FEN moves - as white"
            )
        line, puzzle = move_parsing.split_state(rest), self._choice.named(name)
        if line.root != puzzle.fen or (puzzle.moves and line.moves != puzzle.moves[: len(line.moves)]):
            raise UsageError(f"'{text:.200}' is not how puzzle '{name}' of {self.pack} goes: was the pack changed?")
        position = Position(chess.Board(puzzle.fen))
        for move in line.moves:
            position = position.after(move_parsing.checked_move(position.board, move))
        return Solving(int(seed), int(number), name, puzzle.fen, line.moves, position)

    # Beside the contract. --------------------------------------------------------------------------------------

    @property
    def files(self) -> dict[str, Path]:
        """The file that the puzzles come from."""
        return {"pack": located(self.pack)}

    @property
    def notes(self) -> tuple[str, ...]:
        """How many rows of the file can't be read, if any, and why the first can't."""
        bad = open_pack(self.pack).bad_rows
        if not bad:
            return ()
        told = f"{self.pack}: {len(bad)} of its rows can't be read and are skipped, the first at line {bad[0].line}: "
        return (f"{told}{bad[0].reason}; horizon puzzles check {self.pack} names all",)

    @property
    def _choice(self) -> Choice:
        wanted = Filter(
            self.themes,
            self.min_turns,
            self.max_turns,
            self.min_rating,
            self.max_rating,
            self.goal,
            self.castling,
        )
        return choose(self.pack, wanted)

    @property
    def _telling(self) -> Telling:
        return telling("puzzle", self.notation, self.show, "", self.shift, last_plies=2)

    def _letters(self, state: Solving) -> Letters | None:
        return letters(state.seed) if self._telling.shift.is_renamed else None

    def _begun(self, seed: int, number: int) -> Solving:
        puzzle = self._choice.puzzle(seed, number)
        return Solving(seed, number, puzzle.name, puzzle.fen, (), Position(chess.Board(puzzle.fen)))

    def _puzzle(self, state: Solving) -> Puzzle:
        return self._choice.named(state.name)

    def _has_more(self, state: Solving) -> bool:
        return self.rounds == 0 or state.number < self.rounds

    def _is_over(self, state: Solving) -> bool:
        # A line may lead into a draw by rule before its end.
        return len(state.moves) >= max(1, len(self._puzzle(state).moves)) or not state.position.legal

    def _question(self, state: Solving) -> str:
        puzzle = self._puzzle(state)
        if puzzle.goal == "mate":
            return f"Mate in {turns_left(puzzle, len(state.moves))}. Which move do you play?"
        return _ASKED[puzzle.goal]

    def _extra(self, state: Solving) -> dict[str, Json]:
        puzzle = self._puzzle(state)
        novelty = novelty_of(self._telling.shift.board(state.position.board))
        return {
            "puzzle": puzzle.name,
            "number": state.number,
            "goal": puzzle.goal,
            "themes": list(puzzle.themes),
            "depth": turns_left(puzzle, len(state.moves)),
            "rating": puzzle.rating,
            **novelty.as_extra(),
        }

    def _graded(self, state: Solving, scores: Scores | None) -> Graded:
        return grade(self._puzzle(state), len(state.moves), state.position, scores, self.margin)


ENVIRONMENT = PuzzleTask
