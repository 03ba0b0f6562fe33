"""Chess as a student reads it: moves in UCI, and a position as one token per man with its square.

The student's tokenizer makes the same of the environment's text, so that lessons can be written without it. Knows
python-chess only.
"""

import chess

MEN = "pnbrqkPNBRQK"
CASTLING = tuple(
    "".join(letter for letter, bit in zip("KQkq", f"{rights:04b}", strict=True) if bit == "1") or "-"
    for rights in range(16)
)
"""All castling fields of a FEN of orthodox chess."""
_PROMOTED = "nbrq"


def all_moves() -> list[str]:
    """Return every move that some position of orthodox chess allows, in UCI: 1,792 and 176 promotions."""
    moves = []
    for origin in chess.SQUARES:
        reached = chess.BB_KNIGHT_ATTACKS[origin]
        for lines in (chess.BB_RANK_ATTACKS, chess.BB_FILE_ATTACKS, chess.BB_DIAG_ATTACKS):
            reached |= lines[origin][0]
        for target in chess.scan_forward(reached):
            move = chess.SQUARE_NAMES[origin] + chess.SQUARE_NAMES[target]
            moves.append(move)
            ranks = chess.square_rank(origin), chess.square_rank(target)
            if ranks in ((6, 7), (1, 0)) and abs(chess.square_file(origin) - chess.square_file(target)) <= 1:
                moves += [move + letter for letter in _PROMOTED]
    return moves


def spell_position(board: chess.Board) -> list[str]:
    """Return a position's tokens: the men from a8 to h1, the side to move, castling, en passant; at most 35."""
    men = sorted(board.piece_map().items(), key=lambda man: man[0] ^ 56)
    tokens = [f"{piece.symbol()}@{chess.SQUARE_NAMES[square]}" for square, piece in men]
    rights = board.clean_castling_rights()
    corners = (chess.BB_H1, chess.BB_A1, chess.BB_H8, chess.BB_A8)
    castling = "".join(letter for letter, corner in zip("KQkq", corners, strict=True) if rights & corner) or "-"
    tokens += ["w" if board.turn else "b", castling]
    if board.ep_square is not None and board.has_legal_en_passant():
        tokens.append(chess.SQUARE_NAMES[board.ep_square])
    return tokens
