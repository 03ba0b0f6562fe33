"""A game of chess as an immutable state: its first position, the moves since, the model's side, and its transitions.

Shared by environments of chess and of its variants. Knows positions and the text of a state; no engine, no wording.
"""

from collections.abc import Collection
from dataclasses import dataclass, field

import chess

from horizon.core.errors import ContractError, UsageError
from horizon.core.seeds import derive
from horizon.domains.chess import game_text
from horizon.domains.chess.game_text import ORTHODOX_KINDS, ChessSide, GameText
from horizon.domains.chess.position import Position

_LAST_LOADED: dict[tuple[str, tuple[str, ...]], "Game"] = {}
"""The last state that was loaded, by its root as it was written and the variants it could be of."""


@dataclass(frozen=True, slots=True)
class Game:
    """A game so far: its first position, the moves in UCI, the model's side; `position` is derived from them."""

    root: str
    moves: tuple[str, ...]
    side: ChessSide
    position: Position = field(compare=False, repr=False)

    @property
    def is_models_move(self) -> bool:
        """Whether the model is to move."""
        return self.position.board.turn == (self.side == "white")

    @property
    def outcome(self) -> str | None:
        """`won`, `lost` or `draw` from the model's side, or None while the game is in progress."""
        winner = self.position.winner
        if winner is not None:
            return "won" if (winner == chess.WHITE) == (self.side == "white") else "lost"
        return "draw" if self.position.ending else None


def side_of(color: str, seed: int) -> ChessSide:
    """Return the model's side: `white`, `black`, or one chosen by seed."""
    either: ChessSide = "white" if derive(seed, "color") % 2 else "black"
    return "white" if color == "white" else "black" if color == "black" else either


def begin(root: str, side: ChessSide, variants: Collection[str] = ORTHODOX_KINDS) -> Game:
    """Return the game that starts at a position's text.

    Raises:
        UsageError: the position is impossible, or of another variant than these.
    """
    board = game_text.board_of(root, variants)
    return Game(game_text.text_of(board), (), side, Position(board))


def play_move(game: Game, action: str, environment: str) -> Game:
    """Return the game after a legal move of the side to move.

    Raises:
        ContractError: the move is not legal here; the message names the environment.
    """
    if action not in game.position.legal:
        over = game.position.ending
        why = f"the game is over by {over}" if over else f"it is illegal in {game.position.fen}"
        raise ContractError(f"{environment} can't play '{action:.40}': {why}")
    after = game.position.after(game.position.moves[action])
    return Game(game.root, (*game.moves, action), game.side, after)


def boards_before(game: Game) -> list[chess.Board]:
    """Return the positions before this one, in order. Cost: some 30 microseconds per ply."""
    board = game_text.board_of(game.root)
    boards: list[chess.Board] = []
    for move in game.moves:
        boards.append(board.copy(stack=False))
        board.push_uci(move)
    return boards


def dump(game: Game) -> str:
    """Return the state as `FEN moves e2e4 e7e5 as white`; a variant prefixes the FEN, as in `atomic:FEN`."""
    return game_text.join_state(GameText(game.root, game.moves, game.side))


def load(text: str, environment: str, variants: Collection[str] = ORTHODOX_KINDS) -> Game:
    """Return the state of a text by replaying its moves.

    Cost: some 70 microseconds per ply; of a game whose earlier state was the last one loaded, only the plies since.

    Raises:
        UsageError: the text is not a game, or contains an illegal move.
    """
    line = game_text.split_state(text)
    key = line.root, tuple(variants)
    last = _LAST_LOADED.get(key)
    if last is None or last.moves != line.moves[: len(last.moves)]:
        last = begin(line.root, line.side, variants)
    position = last.position
    for uci in line.moves[len(last.moves) :]:
        if position.ending:
            raise UsageError(f"the game was over by {position.ending} before move {uci} of '{text:.120}'")
        position = position.after(game_text.parse_uci_move(position.board, uci))
    game = Game(last.root, line.moves, line.side, position)
    # One game alone: whoever reads a run's rows in order loads each state from the one before it.
    _LAST_LOADED.clear()
    _LAST_LOADED[key] = game
    return game
