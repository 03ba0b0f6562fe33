"""Chess against an opponent, judged by an engine's scores that come in as data.

Knows how chess is told, begun and judged; no engine, model, file or clock. A turn costs about one list of the legal
moves in SAN and one FEN; both are worked out when first asked for.
"""

from dataclasses import dataclass
from typing import ClassVar

from horizon.core.answers import ANSWER_FORMAT
from horizon.core.errors import UsageError
from horizon.core.parameters import parameter
from horizon.core.records import Answer, Scores, Verdict
from horizon.core.seeds import derive
from horizon.domains.chess import game as chess_game
from horizon.domains.chess import move_parsing, start_positions
from horizon.domains.chess import verdict as chess_verdict
from horizon.domains.chess.environment_base import ChessContract
from horizon.domains.chess.game import Game
from horizon.domains.chess.illegal_moves import illegality_of
from horizon.domains.chess.novelty import novelty_of
from horizon.domains.chess.observation import SHOWN, Telling, telling
from horizon.domains.chess.position import Position
from horizon.domains.chess.shifts import SHIFT_HELP, Letters, letters
from horizon.domains.chess.start_positions import Start

_SHUFFLED = "chess960:"
_QUESTION = "Which move do you play?"


@dataclass(frozen=True, slots=True)
class Chess(ChessContract):
    """Play a game of chess against an opponent.

    Rules: Chess by the FIDE laws; from a Chess960 start (`opening=chess960`) with its castling. A game ends by
        checkmate, stalemate, insufficient material, and as soon as a draw can be claimed for the position on the
        board: it stands there for the third time, or fifty moves of each side went by without capture or pawn move. A
        claim that announces a move is not made for anyone.
    Observation: The parts that `show` names, in its order: `fen`, `board` (text diagram, White below), `pieces` (each
        side's men), `last_move`, `moves` (the whole list); then the side to move and `legal_moves` (sorted by their
        UCI text). From turn 2 on the parts that `later` names. A `shift` tells the same otherwise: `flip` exchanges
        colours top to bottom, `mirror` left and right (only with `castling=gone`); `san`, `uci` and `descriptive`
        write moves so; `ascii` and `pieces` draw the position so, with the rest of the FEN in words; `renamed` gives
        the pieces other letters, by the start position, told each turn.
    Action: A move in UCI (`e2e4`, `e7e8q`, castling `e1g1`; in Chess960 the king takes his rook, `e1h1`), whatever the
        shift. Replies may be in SAN, UCI or long algebraic notation whatever `notation` says. The last `Answer:` line
        counts; when it is no move by itself, the last legal move named in it. Without such a line, the last legal
        move named in the reply. `illegal` when only illegal moves are named; `unparsable` when a move is spoken of
        ("knight to f3") or ambiguous; otherwise `no_answer`.
    Oracle: An engine's scores of all legal moves. `loss` is the best move's win probability less the played one's;
        a legal move is `wrong` from a loss of `wrong_loss` on. The engine is asked about the original position, so
        that shifts never change a verdict.
    Difficulty: The number of legal moves. What a position is worth is known only from scores: see `random_loss`.
        `opening` leaves the beaten path; how far is the `novelty` in `extra`, of the position as it is shown.
    References: FIDE Laws of Chess (2023), articles 5, 9 and guideline II (Chess960); python-chess.
    Versions: 1: first.
    """

    name: ClassVar[str] = "chess"
    version: ClassVar[int] = 1
    summary: ClassVar[str] = "play a game of chess against an opponent"
    default_opponent: ClassVar[str] = "stockfish:level=1"

    color: str = parameter("alternating", "the model's side, by seed", choices=("white", "black", "alternating"))
    notation: str = parameter("san", "how moves are written", choices=("san", "uci"))
    show: str = parameter("last_move+fen+legal_moves", f"parts of an observation: {' '.join(SHOWN)}, joined by +")
    later: str = parameter("", "parts from turn 2 on, where the history is shown too; empty: those of show")
    opening: str = parameter(
        "book",
        "where a game begins, by seed; all but book and start are off the path",
        choices=start_positions.OPENINGS,
    )
    fen: str = parameter("", "start from this position instead; chess960:FEN for Chess960")
    wrong_loss: float = parameter(0.10, "lost win probability that makes a move wrong", low=0.0, high=1.0)
    shift: str = parameter("none", SHIFT_HELP)
    random_plies: int = parameter(20, "plies that lead to a start of opening=random", low=1, high=200)
    castling: str = parameter("any", "gone: nobody may castle from the start on", choices=("any", "gone"))

    def __post_init__(self) -> None:
        asked = self._telling.shift
        if asked.is_mirrored and self.castling != "gone":
            raise UsageError(
                "environment chess: shift=mirror has no castling: set castling=gone here and in its original"
            )
        if self.fen and (ending := Position(move_parsing.board_of(self.fen)).ending):
            raise UsageError(f"environment chess: the game is over at fen={self.fen}: {ending}; give an earlier one")

    def reset(self, seed: int) -> Game:
        """Return the first position: where `opening` begins by seed, or at `fen`."""
        start = Start(self.fen) if self.fen else start_positions.start_of(self.opening, seed, self.random_plies)
        if self.castling == "gone":
            start = start_positions.without_castling(start)
        game = chess_game.begin(start.root, chess_game.side_of(self.color, seed))
        for move in start.moves:
            game = self.step(game, move)
        return game

    def rules(self) -> str:
        """Return the system prompt."""
        told = self._telling
        shuffled = ""
        if self.opening == "chess960" or self.fen.startswith(_SHUFFLED):
            shuffled = "The pieces began on shuffled squares (Chess960); castling ends as in usual chess. "
        return (
            f"You play chess by the usual rules and try to win. {shuffled}Each turn you get {told.what}, {told.how}. "
            f"Reply with one line and nothing else: {ANSWER_FORMAT}MOVE, where MOVE is one of the legal moves."
        )

    def pose(self, state: Game) -> str:
        """Return the position as `show` asks for it, told to the side that is to move."""
        return self._telling.told(state, _QUESTION, self._letters(state))

    def observe(self, state: Game) -> str:
        """Return the parts that `later` names, or the same as `pose`."""
        return self._telling.told(state, _QUESTION, self._letters(state), is_later=True)

    def parse(self, state: Game, reply: str) -> Answer:
        """Read the move out of a reply, as the heading Action says."""
        return self._telling.parse(state.position, reply, self._letters(state))

    def render(self, state: Game, action: str) -> str:
        """Return the answer line that means this move."""
        return self._telling.render(state.position, action, self._letters(state))

    def judge(self, state: Game, action: str | None, scores: Scores | None = None) -> Verdict:
        """Judge a move by the win probability that it gives away; without scores only its legality."""
        position = state.position
        shown = self._telling.shift.board(position.board)
        told = chess_verdict.counted(position) | novelty_of(shown).as_extra()
        if action is not None and action not in position.legal and not self._telling.shift.is_renamed:
            why = illegality_of(
                shown, action, [self._telling.shift.board(each) for each in chess_game.boards_before(state)]
            )
            told |= why.as_extra() if why is not None else {}
        return chess_verdict.verdict_of(position, action, scores, self.wrong_loss, told)

    def load(self, text: str) -> Game:
        """Return the state of a text, played through from its root; cost some 30 microseconds a ply."""
        return chess_game.load(text, self.name)

    @property
    def _telling(self) -> Telling:
        return telling("chess", self.notation, self.show, self.later, self.shift)

    def _letters(self, state: Game) -> Letters | None:
        # A state holds no seed: games from one root share their letters.
        return letters(derive(0, "letters", state.root)) if self._telling.shift.is_renamed else None


ENVIRONMENT = Chess
