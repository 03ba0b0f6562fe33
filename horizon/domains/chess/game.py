"""A game of chess as an immutable state: where it began, the moves since, the model's side; how it goes on and ends.

Shared by environments of chess and of its variants. Knows positions and the text of a state; no engine, no wording.
"""

from collections.abc import Collection
from dataclasses import dataclass, field

import chess

from horizon.core.errors import ContractError, UsageError
from horizon.core.seeds import derive
from horizon.domains.chess import move_parsing
from horizon.domains.chess.move_parsing import ORTHODOX_KINDS, Line, Side
from horizon.domains.chess.position import Position


@dataclass(frozen=True, slots=True)
class Game:
    """A game so far: the position it began from, the moves in UCI, the model's side; the position only follows."""

    root: str
    moves: tuple[str, ...]
    side: Side
    position: Position = field(compare=False, repr=False)

    @property
    def is_models_move(self) -> bool:
        """Whether the model is to move."""
        return self.position.board.turn == (self.side == "white")

    @property
    def outcome(self) -> str | None:
        """`won`, `lost` or `draw` from the model's side, or null while the game goes on."""
        winner = self.position.winner
        if winner is not None:
            return "won" if (winner == chess.WHITE) == (self.side == "white") else "lost"
        return "draw" if self.position.ending else None


def side_of(color: str, seed: int) -> Side:
    """Return the model's side: `white`, `black`, or either by seed."""
    either: Side = "white" if derive(seed, "color") % 2 else "black"
    return "white" if color == "white" else "black" if color == "black" else either


def begin(root: str, side: Side, variants: Collection[str] = ORTHODOX_KINDS) -> Game:
    """Return the game that begins at a position's text.

    Raises:
        UsageError: no possible position, or one of another variant than these.
    """
    board = move_parsing.board_of(root, variants)
    return Game(move_parsing.text_of(board), (), side, Position(board))


def played(game: Game, action: str, environment: str) -> Game:
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
    """Return the positions before this one, the first one first; cost some 30 microseconds a ply."""
    board = move_parsing.board_of(game.root)
    boards: list[chess.Board] = []
    for move in game.moves:
        boards.append(board.copy(stack=False))
        board.push_uci(move)
    return boards


def dump(game: Game) -> str:
    """Return the state as `FEN moves e2e4 e7e5 as white`; before the FEN stands the variant, as in `atomic:FEN`."""
    return move_parsing.join_state(Line(game.root, game.moves, game.side))


def load(text: str, environment: str, variants: Collection[str] = ORTHODOX_KINDS) -> Game:
    """Return the state of a text, played through from its root; cost some 30 microseconds a ply.

    Raises:
        UsageError: the text is no game, or a move in it is illegal.
    """
    line = move_parsing.split_state(text)
    game = begin(line.root, line.side, variants)
    for move in line.moves:
        if game.position.ending:
            raise UsageError(f"the game was over by {game.position.ending} before move {move} of '{text:.120}'")
        move_parsing.checked_move(game.position.board, move)
        game = played(game, move, environment)
    return game
