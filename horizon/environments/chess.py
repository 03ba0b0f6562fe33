"""Chess against an opponent, judged by an engine's scores that come in as data.

Knows starts, observations and judging of chess; no engine, model, file or clock. Cost of a turn: about one list of
the legal moves in SAN and one FEN, both computed lazily.
"""

from dataclasses import dataclass
from typing import ClassVar

from horizon.core.answers import ANSWER_FORMAT
from horizon.core.environment import Road
from horizon.core.errors import UsageError
from horizon.core.parameters import parameter
from horizon.core.records import Answer, Scores, Verdict
from horizon.core.seeds import derive
from horizon.core.tool_calls import ARGUMENT, TOOL_NAME, call_text, parse_call
from horizon.domains.chess import game as chess_game
from horizon.domains.chess import game_text, start_positions
from horizon.domains.chess import verdict as chess_verdict
from horizon.domains.chess.environment_base import ChessContract
from horizon.domains.chess.game import Game
from horizon.domains.chess.illegal_moves import illegality_of
from horizon.domains.chess.novelty import novelty_of
from horizon.domains.chess.observation import SHOWN, ObservationStyle, observation_style
from horizon.domains.chess.pgn_prompt import pgn_prompt
from horizon.domains.chess.position import Position
from horizon.domains.chess.roads import other_order
from horizon.domains.chess.rules_text import describe_messages, describe_turn, word_question
from horizon.domains.chess.shifts import SHIFT_HELP, Letters, letters
from horizon.domains.chess.start_positions import Start
from horizon.domains.prompt_versions import VERSIONS, choose_text, prompt_parameter

_SHUFFLED = "chess960:"
_QUESTION = "Which move do you play?"


@dataclass(frozen=True, slots=True)
class Chess(ChessContract):
    """A game of chess against an opponent.

    Rules: Chess by the FIDE laws; from a Chess960 start (`opening=chess960`) with its castling. A game ends by
        checkmate, stalemate, insufficient material, and as soon as a draw can be claimed for the position on the
        board: it occurs for the third time, or each side has made fifty moves without capture or pawn move. Draws are
        not claimed by announcing a move.
    Observation: The parts that `show` names, in its order: `fen`, `board` (text diagram, White below), `pieces` (each
        side's men), `last_move`, `moves` (the whole list); then the side to move and `legal_moves` (sorted by their
        UCI text). From turn 2 on, the parts that `later` names. A `shift` shows the same in another way: `flip`
        exchanges colours top to bottom, `mirror` left and right (only with `castling=gone`); `san`, `uci` and
        `descriptive` set the notation of moves; `ascii` and `pieces` set the drawing of the position, with the rest of
        the FEN in words; `renamed` gives the pieces other letters, chosen by the start position and listed each turn.
        With `ask=completion` the game is shown as PGN and the model writes its next move, as in public harnesses of
        base models: `natural` shows all moves, `fresh` the position as a FEN tag; the other conditions don't apply.
    Action: A move in UCI (`e2e4`, `e7e8q`, castling `e1g1`; in Chess960 the king takes his rook, `e1h1`), whatever the
        shift. Replies may be in SAN, UCI or long algebraic notation, whatever the `notation`. The last `Answer:` line
        counts; if it is not a move by itself, the last legal move named in it. Without such a line, the last legal
        move named in the reply. The error is `illegal` if only illegal moves are named, `unparsable` if a move is
        described ("knight to f3") or ambiguous, otherwise `no_answer`.
    Oracle: An engine's scores of all legal moves. `loss` is the best move's win probability less the played one's;
        a legal move is `wrong` from a loss of `wrong_loss` on. The engine scores the original position, so that
        shifts never change a verdict.
    Difficulty: The number of legal moves; see also `random_loss`, which needs scores. `opening` sets how unusual the
        first position is; `novelty` in `extra` measures it for the position as shown.
    References: FIDE Laws of Chess (2023), articles 5, 9 and guideline II (Chess960); python-chess.
    Versions: 4: rules that name what `later` shows. 2: one reader of replies for all environments. 1: first.
    """

    name: ClassVar[str] = "chess"
    version: ClassVar[int] = 4
    summary: ClassVar[str] = "play a game of chess against an opponent"
    default_opponent: ClassVar[str] = "stockfish:level=1"

    color: str = parameter("alternating", "the model's side, by seed", choices=("white", "black", "alternating"))
    notation: str = parameter("san", "how moves are written", choices=("san", "uci"))
    show: str = parameter("last_move+fen+legal_moves", f"parts of an observation: {' '.join(SHOWN)}, joined by +")
    later: str = parameter("", "parts from turn 2 on, where the history is shown, too; empty: those of show")
    opening: str = parameter(
        "book",
        "start of a game, by seed; all but book and start are unusual",
        choices=start_positions.OPENINGS,
    )
    fen: str = parameter("", "start from this position instead; chess960:FEN for Chess960")
    wrong_loss: float = parameter(0.10, "lost win probability that makes a move wrong", low=0.0, high=1.0)
    shift: str = parameter("none", SHIFT_HELP)
    random_plies: int = parameter(20, "plies before a start of opening=random", low=1, high=200)
    castling: str = parameter("any", "gone: no castling rights from the start on", choices=("any", "gone"))
    ask: str = parameter(
        "interactive",
        "a move in a dialogue, the game as PGN that a base model continues, or a move by a tool call",
        choices=("interactive", "completion", "tools"),
    )
    prompt: str = prompt_parameter()

    def __post_init__(self) -> None:
        asked = self._style.shift
        if asked.is_mirrored and self.castling != "gone":
            raise UsageError(
                "environment chess: shift=mirror has no castling: set castling=gone here and in its original"
            )
        settings = (self.shift, self.notation, self.prompt)
        if self.ask == "completion" and settings != ("none", "san", VERSIONS[0]):
            raise UsageError(
                "environment chess: ask=completion shows the game as PGN: leave shift, notation and prompt as they are"
            )
        if self.fen and (ending := Position(game_text.board_of(self.fen)).ending):
            raise UsageError(f"environment chess: the game is over at fen={self.fen}: {ending}; give an earlier one")

    def reset(self, seed: int) -> Game:
        """Return the start of `opening` by seed, or `fen`."""
        start = Start(self.fen) if self.fen else start_positions.start_of(self.opening, seed, self.random_plies)
        if self.castling == "gone":
            start = start_positions.without_castling(start)
        game = chess_game.begin(start.root, chess_game.side_of(self.color, seed))
        for move in start.moves:
            game = self.step(game, move)
        return game

    def rules(self) -> str:
        style = self._style
        shuffled = fuller_shuffled = ""
        if self.opening == "chess960" or self.fen.startswith(_SHUFFLED):
            shuffled = "The pieces began on shuffled squares (Chess960); castling ends as in usual chess. "
            fuller_shuffled = (
                "The pieces began on shuffled squares (Chess960). After castling, the king and the rook are on the "
                "squares where they are in usual chess. "
            )
        return choose_text(
            self.prompt,
            v1=f"You play chess by the usual rules and try to win. {shuffled}"
            f"{describe_messages(style)}. "
            f"{self._answer_format}MOVE, where MOVE is one of the legal moves.",
            v2=f"You are playing chess by the usual rules, and you want to win. {fuller_shuffled}"
            f"{describe_turn(style, by_tool=self.ask == 'tools')}",
        )

    def pose(self, state: Game) -> str:
        """Return the parts that `show` names, for the side to move."""
        return self._style.describe(state, self._question, self._letters(state))

    def observe(self, state: Game) -> str:
        """Return the parts that `later` names, or the same as `pose`."""
        return self._style.describe(state, self._question, self._letters(state), is_later=True)

    def parse(self, state: Game, reply: str) -> Answer:
        """Parse the move in a reply, as described under Action."""
        if self.ask == "completion":
            reply = f"{ANSWER_FORMAT}{reply.removeprefix(ANSWER_FORMAT)}"

        def parse(text: str) -> Answer:
            letters = self._letters(state)
            return self._style.parse(state.position, text, letters, lambda: (self.pose(state), self.observe(state)))

        return parse_call(reply, parse) if self.ask == "tools" else parse(reply)

    def render(self, state: Game, action: str) -> str:
        line = self._style.render(state.position, action, self._letters(state))
        return call_text(line.removeprefix(ANSWER_FORMAT)) if self.ask == "tools" else line

    def roads(self, state: Game, n_turns: int, seed: int) -> tuple[Road, Road] | None:
        """Return the last turns of the game, and the same moves in another order that reaches the same position."""
        first = len(state.moves) - 2 * n_turns
        if first < 0:
            return None
        before, moves = state.moves[:first], state.moves[first:]
        order = other_order(state.root, before, moves, seed)
        if order is None:
            return None
        other = self._road(state, before, order)
        return (self._road(state, before, moves), other) if other.end.outcome is None else None

    def _road(self, state: Game, before: tuple[str, ...], moves: tuple[str, ...]) -> Road:
        game = chess_game.begin(state.root, state.side)
        turns: list[tuple[Game, str]] = []
        for place, move in enumerate((*before, *moves)):
            if place >= len(before) and game.is_models_move:
                turns.append((game, move))
            game = self.step(game, move)
        return Road(tuple(turns), game)

    def game_record(self, state: Game, *, is_whole: bool) -> str:
        """Return the game as PGN up to the number of the next move; unless `is_whole`, the position alone."""
        return pgn_prompt(state, is_whole=is_whole)

    def judge(self, state: Game, action: str | None, scores: Scores | None = None) -> Verdict:
        """Judge a move by the win probability that it loses; without scores, only its legality."""
        position = state.position
        shift = self._style.shift
        shown = shift.board(position.board)
        position_extra = chess_verdict.phase_counts(position) | novelty_of(shown).as_extra()
        if action is not None and action not in position.legal and not shift.is_renamed:
            earlier = [shift.board(board) for board in chess_game.boards_before(state)]
            illegality = illegality_of(shown, action, earlier)
            position_extra |= illegality.as_extra() if illegality is not None else {}
        return chess_verdict.verdict_of(position, action, scores, self.wrong_loss, position_extra)

    def load(self, text: str) -> Game:
        """Return the state of a text by replaying its moves. Cost: some 30 microseconds per ply."""
        return chess_game.load(text, self.name)

    @property
    def replies_carry_state(self) -> bool:
        """Whether no later observation shows the position."""
        return not self._style.restates

    @property
    def _answer_format(self) -> str:
        if self.ask == "tools":
            return f"Reply by calling the tool {TOOL_NAME} exactly once, with the argument {ARGUMENT} being "
        return f"Reply with one line and nothing else: {ANSWER_FORMAT}"

    @property
    def _question(self) -> str:
        return word_question(self.prompt, _QUESTION, by_tool=self.ask == "tools")

    @property
    def _style(self) -> ObservationStyle:
        return observation_style("chess", self.notation, self.show, self.later, self.shift)

    def _letters(self, state: Game) -> Letters | None:
        # A state has no seed: games from one root share their letters.
        return letters(derive(0, "letters", state.root)) if self._style.shift.is_renamed else None


ENVIRONMENT = Chess
