"""A variant of chess against an opponent, judged by Fairy-Stockfish's scores that come in as data.

Knows the rules of the variants, observations and judging of chess; no engine, model, file or clock.
"""

from dataclasses import dataclass
from typing import ClassVar

from horizon.core.answers import ANSWER_FORMAT
from horizon.core.errors import UsageError
from horizon.core.parameters import parameter
from horizon.core.records import Answer, Scores, Verdict
from horizon.core.seeds import generator
from horizon.domains.chess import game as chess_game
from horizon.domains.chess import verdict as chess_verdict
from horizon.domains.chess.environment_base import ChessContract
from horizon.domains.chess.game import Game
from horizon.domains.chess.observation import SHOWN, ObservationStyle, observation_style
from horizon.domains.chess.position import Position
from horizon.domains.chess.rules_text import describe_messages, describe_turn, word_question
from horizon.domains.chess.start_positions import play_random_plies
from horizon.domains.chess.variant_rules import VARIANTS, describe_extras
from horizon.domains.prompt_versions import choose_text, prompt_parameter
from horizon.engines.position_text import BOARDS, join_position

_ATTEMPTS = 1000


@dataclass(frozen=True, slots=True)
class ChessVariant(ChessContract):
    """A game of a chess variant against an opponent.

    Rules: Those of lichess, as python-chess keeps them: atomic, antichess, king_of_the_hill, three_check,
        racing_kings, horde, crazyhouse. The system prompt states them in full. In addition to the variant's own
        endings, a game is drawn as soon as a position occurs for the third time, or each side has made fifty moves
        without capture or pawn move (not in crazyhouse), or neither side has the men left to win.
    Observation: The parts that `show` names, in its order: `fen`, `board` (text diagram, White below), `pieces` (each
        side's men), `last_move`, `moves` (the whole list); then the side to move and `legal_moves` (sorted by their
        UCI text). From turn 2 on, the parts that `later` names. Before them, men in hand and checks left to give.
    Action: A move in UCI (`e2e4`, castling `e1g1`, drops `N@f3`, antichess's `e7e8k`). Replies are parsed as
        in the environment chess, with drops (`N@f3`, `P@e4`, `@e4`).
    Oracle: Fairy-Stockfish's scores of all legal moves: Debian's 11.1, and for atomic, which it lacks, the newer one
        in the Python package pyffish. `loss` is the best move's win probability less the played one's; a
        legal move is `wrong` from a loss of `wrong_loss` on. The curve from centipawns to win probabilities was fitted
        to orthodox chess, so that losses order moves but are not calibrated probabilities; only forced wins and losses
        (1 and 0) are exact.
    Difficulty: The number of legal moves.
    References: https://lichess.org/variant; python-chess (chess.variant); Fairy-Stockfish.
    Versions: 4: rules that name what `later` shows. 2: one reader of replies for all environments. 1: first.
    """

    name: ClassVar[str] = "chess_variant"
    version: ClassVar[int] = 4
    summary: ClassVar[str] = "play a variant of chess (atomic, antichess, crazyhouse, ...) against an opponent"

    variant: str = parameter("king_of_the_hill", "the variant", choices=tuple(VARIANTS))
    color: str = parameter("alternating", "the model's side, by seed", choices=("white", "black", "alternating"))
    notation: str = parameter("san", "how moves are written", choices=("san", "uci"))
    show: str = parameter("last_move+fen+legal_moves", f"parts of an observation: {' '.join(SHOWN)}, joined by +")
    later: str = parameter("", "parts from turn 2 on, where the history is shown, too; empty: those of show")
    random_plies: int = parameter(4, "random legal plies by seed before the first position", low=0, high=100)
    fen: str = parameter("", "start from this position of the variant instead, and play the random plies from it")
    wrong_loss: float = parameter(0.10, "lost win probability that makes a move wrong", low=0.0, high=1.0)
    prompt: str = prompt_parameter()

    def __post_init__(self) -> None:
        # Evaluated here, so that impossible settings are refused before anything is opened.
        _ = self._style
        if ending := self._first.ending:
            raise UsageError(
                f"environment chess_variant: the game is over at fen={self.fen} ({ending}): give another one"
            )

    @property
    def judge_engine(self) -> str:
        """The name of the engine that plays the variant."""
        return "pyffish" if self.variant == "atomic" else "fairy-stockfish"

    @property
    def default_opponent(self) -> str:
        """The lowest level above random of the engine that knows the variant."""
        return f"{self.judge_engine}:level=1"

    def reset(self, seed: int) -> Game:
        """Return the position after the seed's random plies from the variant's start, or from `fen`."""
        for attempt in range(_ATTEMPTS):
            board = play_random_plies(self._first.board, self.random_plies, generator(seed, "random plies", attempt))
            if board is not None:
                break
        else:
            raise UsageError(
                f"environment chess_variant: no game of {self.variant} lasts random_plies={self.random_plies} random "
                "plies: give fewer"
            )
        game = chess_game.begin(self._first.text, chess_game.side_of(self.color, seed), BOARDS)
        for move in board.move_stack:
            game = self.step(game, move.uci())
        return game

    def rules(self) -> str:
        variant, style = VARIANTS[self.variant], self._style
        fifty = "" if self.variant == "crazyhouse" else "after fifty moves of each side without capture or pawn move, "
        drawn = f"The game is drawn when a position stands for the third time, {fifty}or when nobody can win any more."
        fuller_drawn = (
            f"The game is a draw when a position occurs for the third time, {fifty}or when neither side can win any "
            "more."
        )
        return choose_text(
            self.prompt,
            v1=f"You play {variant.title}, a variant of chess, and try to win. {variant.rules} {drawn} "
            f"{describe_messages(style)}. "
            f"Reply with one line and nothing else: {ANSWER_FORMAT}MOVE, where MOVE is one of the legal moves.",
            v2=f"You are playing {variant.title}, a variant of chess, and you want to win. {variant.rules} "
            f"{fuller_drawn} {describe_turn(style)}",
        )

    def pose(self, state: Game) -> str:
        """Return the parts that `show` names, for the side to move."""
        return self._describe(state, is_later=False)

    def observe(self, state: Game) -> str:
        """Return the parts that `later` names, or the same as `pose`."""
        return self._describe(state, is_later=True)

    def _describe(self, state: Game, *, is_later: bool) -> str:
        extras = describe_extras(state.position.board)
        question = word_question(self.prompt, "Which move do you play?")
        text = self._style.describe(state, question, is_later=is_later)
        return f"{extras}\n{text}" if extras else text

    def parse(self, state: Game, reply: str) -> Answer:
        """Parse the move in a reply, as described under Action."""
        return self._style.parse(state.position, reply, prompts=lambda: (self.pose(state), self.observe(state)))

    def render(self, state: Game, action: str) -> str:
        return self._style.render(state.position, action)

    def judge(self, state: Game, action: str | None, scores: Scores | None = None) -> Verdict:
        """Judge a move by the win probability that it loses; without scores, only its legality."""
        position_extra = chess_verdict.phase_counts(state.position)
        return chess_verdict.verdict_of(state.position, action, scores, self.wrong_loss, position_extra)

    def load(self, text: str) -> Game:
        """Return the state of a text by replaying its moves."""
        return chess_game.load(text, self.name, (VARIANTS[self.variant].uci_name,))

    @property
    def _first(self) -> Position:
        name = VARIANTS[self.variant].uci_name
        fen = self.fen.removeprefix(f"{name}:") or BOARDS[name].starting_fen
        return chess_game.begin(join_position(name, fen), "white", (name,)).position

    @property
    def replies_carry_state(self) -> bool:
        """Whether no later observation shows the position."""
        return not self._style.restates

    @property
    def _style(self) -> ObservationStyle:
        return observation_style("chess_variant", self.notation, self.show, self.later, "none")


ENVIRONMENT = ChessVariant
