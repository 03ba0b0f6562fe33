"""Consecutive chess puzzles: each turn asks for the next move of a solution, whose forced replies are played.

Knows observations and judging of chess, and packs of puzzles by name; no engine, model or clock. Judged by the
solution, and by an engine's scores if they come in as data.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import chess

from horizon.core.answers import ANSWER_FORMAT
from horizon.core.environment import Mover
from horizon.core.errors import ContractError, UsageError
from horizon.core.parameters import parameter
from horizon.core.records import Answer, Json, Scores, Verdict
from horizon.domains.chess import verdict as chess_verdict
from horizon.domains.chess.novelty import novelty_of
from horizon.domains.chess.observation import SHOWN, ObservationStyle, observation_style
from horizon.domains.chess.rules_text import describe_messages, describe_turn, word_question
from horizon.domains.chess.shifts import SHIFT_HELP, Letters, letters
from horizon.domains.prompt_versions import choose_text, prompt_parameter
from horizon.domains.puzzles.loader import locate_pack, open_pack
from horizon.domains.puzzles.puzzle import Puzzle
from horizon.domains.puzzles.puzzle_state import PuzzleState, first_state, read_state, write_state
from horizon.domains.puzzles.selection import GOALS, Choice, Filter, choose
from horizon.domains.puzzles.verdict import Graded, grade, solution, turns_left

_ASKED = {"win": "Which move wins?", "hold": "Which move holds?", "best": "Which move is best?"}


@dataclass(frozen=True, slots=True)
class PuzzleTask:
    """Chess puzzles from a pack or a file.

    Rules: Chess by the FIDE laws. The side to move solves; the question names the task (mate in n moves, the move that
        wins, holds or is best). After each turn the move of the solution and the forced reply are played, whatever the
        answer; the end of the line is followed by the next puzzle, up to `rounds` (0: unlimited). No puzzle repeats in
        an episode before all were played.
    Observation: As in chess: the parts that `show` names, then the side to move and `legal_moves`; `last_move` shows
        the last move of the line and the reply to it. A later puzzle starts with the words "A new puzzle." `shift` is
        as in chess: `flip`, `mirror` (only with `castling=gone`, so that the original plays the
        same puzzles), `san`, `uci`, `descriptive`, `ascii`, `pieces`, `renamed` (by seed).
    Action: A legal move in UCI of the original position, whatever the shift. Replies are parsed as in chess.
    Oracle: The solution. Correct are the move of the line, for the first move also those that the file lists (`bm`),
        and any move that gives checkmate. If the task is mate, an engine's scores add moves that mate in time, else
        the moves within `margin` of the best win probability, provided that the line's own move is within it, too. A
        correct move other than the line's has `alternative` in `extra`. Moves to avoid (`am`) are wrong; if a file
        grades first moves (STS), so are those more than `margin` below full points. A position without a solution is
        judged by the scores alone. `loss` is None without any of these, else `graded_by` in `extra` is its source:
        `points` (1 - points), `engine` (lost win probability; 0 for a correct move), or `line` (1 for a wrong move:
        without scores, if the task is mate, or if the engine does not see the solution).
    Difficulty: The rating in the pack; if a puzzle of the pack has none, the remaining moves of the solver.
    References: Edwards (1994), PGN specification, section 16.2 (EPD); the Lichess puzzle database; Corbit and
        Swaminathan, Strategic Test Suite.
    Versions: 2: one reader of replies for all environments. 1: first.
    """

    name: ClassVar[str] = "puzzle"
    version: ClassVar[int] = 3
    summary: ClassVar[str] = "solve consecutive chess puzzles"
    oracle_kind: ClassVar[str] = "engine"
    has_opponent: ClassVar[bool] = False

    pack: str = parameter(
        "horizon", "the puzzles: a shipped pack, or a file (CSV, EPD, PGN, FEN list, each also .zst)"
    )
    rounds: int = parameter(1, "number of consecutive puzzles in an episode; 0 is unlimited", low=0)
    goal: str = parameter("any", "only puzzles with this task", choices=GOALS)
    themes: str = parameter("", "only puzzles with one of these themes, joined by +")
    min_turns: int = parameter(1, "least number of moves to find", low=1)
    max_turns: int = parameter(0, "largest number of moves to find; 0 is any", low=0)
    min_rating: float = parameter(0.0, "lowest rating", low=0.0)
    max_rating: float = parameter(0.0, "highest rating; 0 is any", low=0.0)
    castling: str = parameter("any", "gone: only puzzles without castling rights", choices=("any", "gone"))
    notation: str = parameter("san", "how moves are written", choices=("san", "uci"))
    show: str = parameter("last_move+fen+legal_moves", f"parts of an observation: {' '.join(SHOWN)}, joined by +")
    shift: str = parameter("none", SHIFT_HELP)
    margin: float = parameter(0.05, "win probability within which another move is correct", low=0.0, high=1.0)
    prompt: str = prompt_parameter()

    def __post_init__(self) -> None:
        if self._style.shift.is_mirrored and self.castling != "gone":
            raise UsageError(
                "environment puzzle: shift=mirror has no castling: set castling=gone here and in its original"
            )
        self._choice  # noqa: B018 - refuses a pack that can't be read, or filters that leave nothing

    def reset(self, seed: int) -> PuzzleState:
        """Return the first puzzle of the seed at its first move."""
        return self._begin(seed, 1)

    def rules(self) -> str:
        style = self._style
        return choose_text(
            self.prompt,
            v1=f"You solve chess puzzles by the usual rules. {describe_messages(style)}; find the "
            f"right move. Reply with one line and nothing else: {ANSWER_FORMAT}MOVE, where MOVE is one of the legal "
            "moves.",
            v2="You are solving chess puzzles, by the usual rules of chess. Find the move that the question asks for. "
            f"{describe_turn(style)}",
        )

    def pose(self, state: PuzzleState) -> str:
        """Return the position in full, with the question."""
        return self._style.describe(state, self._question(state), self._letters(state))

    def observe(self, state: PuzzleState) -> str:
        """Return the position in full; a later puzzle is announced as a new one."""
        text = self.pose(state)
        return f"A new puzzle.\n{text}" if state.number > 1 and not state.moves else text

    def parse(self, state: PuzzleState, reply: str) -> Answer:
        """Parse the move in a reply, as in chess."""
        return self._style.parse(
            state.position, reply, self._letters(state), lambda: (self.pose(state), self.observe(state))
        )

    def actions(self, state: PuzzleState) -> tuple[str, ...]:
        """Return the legal moves in UCI, sorted; empty after the last puzzle."""
        return () if self.done(state) else state.position.legal

    def render(self, state: PuzzleState, action: str) -> str:
        return self._style.render(state.position, action, self._letters(state))

    def judge(self, state: PuzzleState, action: str | None, scores: Scores | None = None) -> Verdict:
        """Judge a move by the solution, and by scores if they are given, as described under Oracle."""
        position, puzzle, graded = state.position, self._puzzle(state), self._grade(state, scores)
        own = solution(puzzle, len(state.moves))
        extra = self._extra(state) | chess_verdict.phase_counts(position)
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

    def oracle(self, state: PuzzleState, scores: Scores | None = None) -> str | None:
        """Return the move of the solution; without one, the best scored move that is not to be avoided."""
        own = solution(self._puzzle(state), len(state.moves))
        if own is not None or self.done(state):
            return own
        graded = self._grade(state, scores)
        if scores is not None:
            correct = [move for move in state.position.legal if move not in graded.wrong]
            return max(correct, key=lambda move: scores.actions[move].win, default=None)
        return min(graded.losses, key=graded.losses.__getitem__, default=None)

    def step(self, state: PuzzleState, action: str) -> PuzzleState:
        """Play the line's own move and the forced reply, whatever the move; after its end, start the next puzzle.

        Raises:
            ContractError: the action is not a legal move.
        """
        if not self.is_playable(state, action):
            raise ContractError(f"puzzle can't play '{action:.40}': it is not legal in {state.position.fen}")
        line = self._puzzle(state).moves or (action,)
        position, moves = state.position, state.moves
        for move in line[len(moves) : len(moves) + 2]:
            position = position.after(chess.Move.from_uci(move))
            moves = (*moves, move)
        after = replace(state, moves=moves, position=position)
        return self._begin(state.seed, state.number + 1) if self._is_over(after) and self._has_more(state) else after

    def is_playable(self, state: PuzzleState, action: str) -> bool:
        """Return whether the move is legal; the line continues after wrong moves, too."""
        return action in self.actions(state)

    def mover(self, state: PuzzleState) -> Mover:
        """Return "model": the forced replies are part of the puzzle."""
        return "model"

    def done(self, state: PuzzleState) -> str | None:
        """Return `finished` after the last move of the last puzzle, solved or not, else None."""
        return "finished" if self._is_over(state) and not self._has_more(state) else None

    def difficulty(self, state: PuzzleState) -> float | None:
        """Return the rating, or the remaining moves of the solver if not all puzzles of the pack are rated."""
        puzzle = self._puzzle(state)
        return puzzle.rating if self._choice.is_rated else float(turns_left(puzzle, len(state.moves)))

    def engine_position(self, state: PuzzleState) -> str | None:
        """Return the text of the original position, whatever the shift; scores are optional for judging."""
        return None if self.done(state) else state.position.text

    def dump(self, state: PuzzleState) -> str:
        """Return the state as `seed | number | name | FEN moves e2e4 e7e5 as white`."""
        return write_state(state)

    def load(self, text: str) -> PuzzleState:
        """Return the state of a line that `dump` wrote; its puzzle must be in the pack with these moves."""
        return read_state(text, self._choice, self.pack)

    # Optional members. -----------------------------------------------------------------------------------------

    @property
    def replies_carry_state(self) -> bool:
        """False: every message has the position in full."""
        return False

    @property
    def files(self) -> dict[str, Path]:
        """The file of the puzzles."""
        return {"pack": locate_pack(self.pack)}

    @property
    def notes(self) -> tuple[str, ...]:
        """A warning with the number of unreadable rows of the file and the problem of the first, if any."""
        pack = open_pack(self.pack)
        bad = pack.bad_rows
        if not bad:
            return ()
        start = f"{self.pack}: {pack.n_bad_rows} unreadable rows are skipped, the first at line {bad[0].line}: "
        return (f"{start}{bad[0].reason}; horizon puzzles check {self.pack} lists all",)

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
    def _style(self) -> ObservationStyle:
        return observation_style("puzzle", self.notation, self.show, "", self.shift, last_plies=2)

    def _letters(self, state: PuzzleState) -> Letters | None:
        return letters(state.seed) if self._style.shift.is_renamed else None

    def _begin(self, seed: int, number: int) -> PuzzleState:
        return first_state(seed, number, self._choice.puzzle(seed, number))

    def _puzzle(self, state: PuzzleState) -> Puzzle:
        return self._choice.find(state.name)

    def _has_more(self, state: PuzzleState) -> bool:
        return self.rounds == 0 or state.number < self.rounds

    def _is_over(self, state: PuzzleState) -> bool:
        # A line may end early in a draw by rule.
        return len(state.moves) >= max(1, len(self._puzzle(state).moves)) or not state.position.legal

    def _question(self, state: PuzzleState) -> str:
        puzzle = self._puzzle(state)
        if puzzle.goal == "mate":
            question = f"Mate in {turns_left(puzzle, len(state.moves))}. Which move do you play?"
        else:
            question = _ASKED[puzzle.goal]
        return word_question(self.prompt, question)

    def _extra(self, state: PuzzleState) -> dict[str, Json]:
        puzzle = self._puzzle(state)
        novelty = novelty_of(self._style.shift.board(state.position.board))
        return {
            "puzzle": puzzle.name,
            "number": state.number,
            "goal": puzzle.goal,
            "themes": list(puzzle.themes),
            "depth": turns_left(puzzle, len(state.moves)),
            "rating": puzzle.rating,
            **novelty.as_extra(),
        }

    def _grade(self, state: PuzzleState, scores: Scores | None) -> Graded:
        return grade(self._puzzle(state), len(state.moves), state.position, scores, self.margin)


ENVIRONMENT = PuzzleTask
