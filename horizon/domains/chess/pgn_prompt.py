"""A game as PGN whose next word is the move to be played: the prompt of `ask=completion`, for base models.

Nothing in it is false: the players have no names and the result is open. Knows python-chess and games; no model.
"""

import chess

from horizon.domains.chess.game import Game
from horizon.engines.position_text import board_of_position


def pgn_prompt(game: Game, *, is_whole: bool) -> str:
    """Return tags and moves up to the number of the next move, without white space at the end.

    With `is_whole` all moves from the game's first position are shown; else the position as a FEN tag, without moves.
    """
    root = board_of_position(game.root) if is_whole else game.position.board.copy(stack=False)
    tags = {"Event": "Game of chess", "White": "?", "Black": "?", "Result": "*"}
    if root.chess960:
        tags["Variant"] = "Chess960"
    if root.fen() != chess.STARTING_FEN:
        tags |= {"SetUp": "1", "FEN": root.fen()}
    header = "\n".join(f'[{name} "{value}"]' for name, value in tags.items())
    moves = [chess.Move.from_uci(move) for move in game.moves] if is_whole else []
    played = root.variation_san(moves) if moves else ""
    board = game.position.board
    number = f"{board.fullmove_number}." if board.turn else "" if played else f"{board.fullmove_number}..."
    return f"{header}\n\n{' '.join(part for part in (played, number) if part)}"
