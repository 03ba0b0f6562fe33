"""Chess against an opponent, judged by an engine's scores that come in as data.

Knows python-chess and the reading of moves; no engine, model, file or clock. A turn costs about one list of the legal
moves in SAN and one FEN; both are worked out when first asked for.
"""

import re
from dataclasses import dataclass, field, replace
from typing import ClassVar

import chess

from horizon import chess_moves, openings
from horizon.answers import ANSWER_FORMAT, answer_line, strip_thinking
from horizon.chess_moves import Line, Reading, Side
from horizon.chess_position import Position
from horizon.environment import Mover
from horizon.errors import ContractError, UsageError
from horizon.parameters import parameter
from horizon.records import Answer, Json, Score, Scores, Verdict
from horizon.registry import nearest
from horizon.seeds import derive

SHOWN = ("fen", "board", "legal_moves", "last_move", "moves")
"""What an observation can be made of."""

_NAMES = {chess.WHITE: "White", chess.BLACK: "Black"}
_SPEAKS_OF_A_MOVE = re.compile(r"(?<!\w)[a-hA-H][1-8](?!\w)|\bcastl(?:e|es|ing)\b")


@dataclass(frozen=True, slots=True)
class Game:
    """A game so far: the position it began from, the moves in UCI, the model's side; the position only follows."""

    root: str
    moves: tuple[str, ...]
    side: Side
    position: Position = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Chess:
    """Play a game of chess against an opponent.

    Rules: Chess by the FIDE laws. A game ends by checkmate, stalemate, insufficient material, and as soon as a draw
        can be claimed for the position on the board: it stands there for the third time, or fifty moves of each side
        went by without capture or pawn move. A claim that announces a move is not made for anyone.
    Observation: The parts that `show` names, in its order: `fen`, `board` (text diagram, White below), `last_move`,
        `moves` (the whole list); then the side to move and `legal_moves` (sorted by their UCI text). From turn 2 on
        the parts that `later` names.
    Action: A move in UCI (`e2e4`, `e7e8q`, castling `e1g1`). Replies may be in SAN, UCI or long algebraic notation
        whatever `notation` says. The last `Answer:` line counts; when it is no move by itself, the last legal move
        named in it. Without such a line, the last legal move named in the reply. `illegal` when only illegal moves are
        named; `unparsable` when a move is spoken of ("knight to f3") or ambiguous; otherwise `no_answer`.
    Oracle: An engine's scores of all legal moves. `loss` is the best move's win probability less the played one's;
        a legal move is `wrong` from a loss of `wrong_loss` on.
    Difficulty: The number of legal moves. What a position is worth is known only from scores: see `random_loss`.
    References: FIDE Laws of Chess (2023), articles 5 and 9; python-chess.
    Versions: 1: first.
    """

    name: ClassVar[str] = "chess"
    version: ClassVar[int] = 1
    summary: ClassVar[str] = "play a game of chess against an opponent"
    oracle_kind: ClassVar[str] = "engine"
    has_opponent: ClassVar[bool] = True

    color: str = parameter("alternating", "the model's side, by seed", choices=("white", "black", "alternating"))
    notation: str = parameter("san", "how moves are written", choices=("san", "uci"))
    show: str = parameter("last_move+fen+legal_moves", f"parts of an observation: {' '.join(SHOWN)}, joined by +")
    later: str = parameter("", "parts from turn 2 on, where the history is shown too; empty: those of show")
    opening: str = parameter("book", "a short book line by seed, or the start", choices=("book", "start"))
    fen: str = parameter("", "start from this position instead")
    wrong_loss: float = parameter(0.10, "lost win probability that makes a move wrong", low=0.0, high=1.0)

    def __post_init__(self) -> None:
        for name, shown in (("show", self.show), ("later", self.later or self.show)):
            parts = shown.split("+")
            for part in parts:
                if part not in SHOWN:
                    raise UsageError(f"environment chess: {name}={shown} has no part '{part}': {nearest(part, SHOWN)}")
            if len(set(parts)) != len(parts):
                raise UsageError(f"environment chess: {name}={shown} names a part twice: keep one of each")
        if self.fen and (ending := Position(chess_moves.board_of(self.fen)).ending):
            raise UsageError(f"environment chess: the game is over at fen={self.fen}: {ending}; give an earlier one")

    def reset(self, seed: int) -> Game:
        """Return the first position: after the seed's book line, at the start, or at `fen`."""
        either: Side = "white" if derive(seed, "color") % 2 else "black"
        side: Side = "white" if self.color == "white" else "black" if self.color == "black" else either
        game = _begin(self.fen or chess.STARTING_FEN, side)
        moves = openings.line(seed).moves if self.opening == "book" and not self.fen else ()
        for move in moves:
            game = self.step(game, move)
        return game

    def rules(self) -> str:
        """Return the system prompt."""
        how = "written as Nf3, exd5, O-O or e8=Q" if self.notation == "san" else "written as g1f3 or e7e8q"
        told = "the position and your legal moves" if "legal_moves" in self.show.split("+") else "the position"
        return (
            f"You play chess by the usual rules and try to win. Each turn you get {told}, {how}. "
            f"Reply with one line and nothing else: {ANSWER_FORMAT}MOVE, where MOVE is one of the legal moves."
        )

    def pose(self, state: Game) -> str:
        """Return the position as `show` asks for it, told to the side that is to move."""
        return self._told(state, self.show)

    def observe(self, state: Game) -> str:
        """Return the parts that `later` names, or the same as `pose`."""
        return self._told(state, self.later or self.show)

    def _told(self, state: Game, shown: str) -> str:
        parts = shown.split("+")
        told = [text for part in parts if part != "legal_moves" and (text := self._part(state, part))]
        # Asked in this order, a 135M model names a legal move most often of ten ways tried (17 of 24 positions).
        side = f"You play {_NAMES[state.position.board.turn]}."
        told.append(f"{side} {self._part(state, 'legal_moves')}" if "legal_moves" in parts else side)
        return "\n".join([*told, "Which move do you play?"])

    def _part(self, state: Game, part: str) -> str:
        position, is_san = state.position, self.notation == "san"
        if part == "fen":
            return f"FEN: {position.fen}"
        if part == "board":
            return f"Board, White below:\n{position.board}"
        if part == "legal_moves":
            return f"Legal moves: {' '.join(position.sans.values() if is_san else position.moves)}"
        if not state.moves:
            return ""
        if part == "last_move":
            return f"Last move: {position.last_move_san() if is_san else state.moves[-1]}"
        if not is_san:
            return f"Moves so far: {' '.join(state.moves)}"
        # Played through from the root: some 50 microseconds a ply, only when the whole list is shown.
        return f"Moves so far: {chess.Board(state.root).variation_san(map(chess.Move.from_uci, state.moves))}"

    def parse(self, state: Game, reply: str) -> Answer:
        """Read the move out of a reply, as the heading Action says."""
        board, legal = state.position.board, tuple(state.position.moves.values())
        text = strip_thinking(reply)
        line = answer_line(text)
        said = text if line is None else line
        reading = chess_moves.read_move(board, said, legal)
        if reading.status == "unparsable":
            reading = chess_moves.last_move_named(board, said, legal)
        return _answer(reading, line is not None or _SPEAKS_OF_A_MOVE.search(text) is not None)

    def actions(self, state: Game) -> tuple[str, ...]:
        """Return the legal moves of the side to move in UCI, sorted; none once the game is over."""
        return state.position.legal

    def render(self, state: Game, action: str) -> str:
        """Return the answer line that means this move."""
        if self.notation == "uci":
            return f"{ANSWER_FORMAT}{action}"
        position = state.position
        # One move's SAN costs a thirtieth of the list's, which a model that reads no text never needs.
        is_listed = "sans" in vars(position)
        return f"{ANSWER_FORMAT}{position.sans[action] if is_listed else position.board.san(position.moves[action])}"

    def judge(self, state: Game, action: str | None, scores: Scores | None = None) -> Verdict:
        """Judge a move by the win probability that it gives away; without scores only its legality."""
        position = state.position
        legal, extra = position.legal, _counted(position)
        if action is not None and action not in legal:
            return replace(self.judge(state, None, scores), error="illegal")
        if scores is None or not legal:
            return Verdict("no_answer" if action is None else "none", extra=extra)
        missing = [each for each in legal if each not in scores.actions]
        if missing:
            raise ContractError(f"the engine's scores of {position.fen} lack the legal move {missing[0]}")
        best = _best(scores)
        best_win = scores.actions[best].win
        losses = {each: max(0.0, best_win - scores.actions[each].win) for each in legal}
        random_loss = sum(losses.values()) / len(losses)
        extra |= _evaluation("best", scores.actions[best], position.board.turn)
        if action is None:
            return Verdict("no_answer", None, random_loss, best, extra)
        extra |= _evaluation("eval", scores.actions[action], position.board.turn)
        loss = losses[action]
        # Even where every loss counts as wrong, the best move loses nothing.
        is_wrong = loss > 0.0 and loss >= self.wrong_loss
        return Verdict("wrong" if is_wrong else "none", loss, random_loss, best, extra)

    def oracle(self, state: Game, scores: Scores | None = None) -> str | None:
        """Return the move with the best score, or null without scores."""
        return _best(scores) if scores is not None and state.position.legal else None

    def step(self, state: Game, action: str) -> Game:
        """Return the game after a legal move of the side to move."""
        if action not in state.position.legal:
            over = state.position.ending
            why = f"the game is over by {over}" if over else f"it is illegal in {state.position.fen}"
            raise ContractError(f"chess can't play '{action:.40}': {why}")
        after = state.position.after(state.position.moves[action])
        return Game(state.root, (*state.moves, action), state.side, after)

    def is_playable(self, state: Game, action: str) -> bool:
        """Tell whether the move is legal: a wrong one stays on the board."""
        return action in state.position.legal

    def mover(self, state: Game) -> Mover:
        """Tell whose move it is."""
        return "model" if state.position.board.turn == (state.side == "white") else "opponent"

    def done(self, state: Game) -> str | None:
        """Return `won`, `lost` or `draw` from the model's side, or null while the game goes on."""
        ending = state.position.ending
        if ending == "checkmate":
            return "lost" if self.mover(state) == "model" else "won"
        return "draw" if ending else None

    def difficulty(self, state: Game) -> float | None:
        """Return the number of legal moves."""
        return float(len(state.position.legal))

    def engine_position(self, state: Game) -> str | None:
        """Return the FEN while it is the model's move."""
        return state.position.fen if state.position.legal and self.mover(state) == "model" else None

    def dump(self, state: Game) -> str:
        """Return the state as `FEN moves e2e4 e7e5 as white`."""
        return chess_moves.join_state(Line(state.root, state.moves, state.side))

    def load(self, text: str) -> Game:
        """Return the state of a text, played through from its root; cost some 30 microseconds a ply."""
        line = chess_moves.split_state(text)
        game = _begin(line.root, line.side)
        for move in line.moves:
            if game.position.ending:
                raise UsageError(f"the game was over by {game.position.ending} before move {move} of '{text:.120}'")
            chess_moves.checked_move(game.position.board, move)
            game = self.step(game, move)
        return game


def _begin(fen: str, side: Side) -> Game:
    board = chess_moves.board_of(fen)
    return Game(board.fen(), (), side, Position(board))


def _answer(reading: Reading, speaks_of_a_move: bool) -> Answer:
    if reading.status == "legal":
        return Answer(reading.move)
    if reading.status == "illegal":
        return Answer(reading.move, "illegal")
    return Answer(None, "unparsable" if reading.status == "ambiguous" or speaks_of_a_move else "no_answer")


def _best(scores: Scores) -> str:
    """Return the action of the highest win probability; of equal ones the engine's first."""
    return max(scores.actions, key=lambda each: scores.actions[each].win)


def _counted(position: Position) -> dict[str, Json]:
    """Return what tells the phase of the game: the men on the board, and the plies since its first move."""
    return {"men": chess.popcount(position.board.occupied), "ply": position.board.ply()}


def _evaluation(name: str, score: Score, mover: chess.Color) -> dict[str, Json]:
    """Return White's view of the position after a move, in centipawns or moves to mate; nothing after a mate."""
    sign = 1 if mover == chess.WHITE else -1
    if score.centipawns is not None:
        return {f"{name}_cp": sign * score.centipawns}
    if score.mate is None:
        return {}
    # The mover's mate in n counts this move; the mate against him begins after it.
    left = score.mate - 1 if score.mate > 0 else score.mate
    return {f"{name}_mate": sign * left} if left else {}


ENVIRONMENT = Chess
