"""Themes of a puzzle's solution, by exact tests on the board: fork, pin, back-rank mate, sacrifice and others.

The names are those of lichess, the definitions those of each test; a line may show a theme that no test detects.
Knows python-chess only.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import chess

_WORTH = {chess.PAWN: 1, chess.KNIGHT: 3, chess.BISHOP: 3, chess.ROOK: 5, chess.QUEEN: 9, chess.KING: 100}
_SLIDERS = (chess.BISHOP, chess.ROOK, chess.QUEEN)


@dataclass(frozen=True, slots=True)
class Step:
    """One move of the solver: the boards before and after it, and the solver's next move where there is one."""

    before: chess.Board
    move: chess.Move
    after: chess.Board
    following: chess.Move | None


def themes(fen: str, moves: Sequence[str]) -> tuple[str, ...]:
    """Return the themes of a solution: threats, forms, mates, then length and phase. Pure. Cost: a millisecond."""
    steps = _steps(fen, moves)
    first, last = steps[0], steps[-1]
    quiet = [step for step in steps if not step.after.is_checkmate()]
    names = [name for name, test in THREATS.items() if any(test(step) for step in quiet)]
    names += [name for name, test in FORMS.items() if any(test(step) for step in steps)]
    if captures_unguarded(first) and first in quiet:
        names.append("hangingPiece")
    if gives_up_material(steps):
        names.append("sacrifice")
    if last.after.is_checkmate():
        names += ["mate", f"mateIn{len(steps)}"]
        names += [name for name, test in MATES.items() if test(last.after)]
    names.append(("oneMove", "short", "long", "veryLong")[min(len(steps), 4) - 1])
    names.append(phase(first.before))
    return tuple(names)


def phase(board: chess.Board) -> str:
    """Return endgame (at most six pieces besides kings and pawns), opening (up to move 10), or middlegame."""
    pieces = chess.popcount(board.occupied & ~board.pawns & ~board.kings)
    return "endgame" if pieces <= 6 else "opening" if board.fullmove_number <= 10 else "middlegame"


def material(board: chess.Board) -> str:
    """Return both sides' men, the side to move first, as `KRPP-KRP`."""
    return "-".join(
        "".join(chess.piece_symbol(kind).upper() * len(board.pieces(kind, side)) for kind in range(6, 0, -1))
        for side in (board.turn, not board.turn)
    )


def forks(step: Step) -> bool:
    """Return whether the moved man safely attacks two men: king, more valuable men, or unguarded pieces."""
    side, square, board = step.before.turn, step.move.to_square, step.after
    kind = board.piece_type_at(square)
    if kind is None or kind == chess.KING or _is_loose(board, square):
        return False
    targets = 0
    for target in board.attacks(square) & board.occupied_co[not side]:
        victim = board.piece_type_at(target)
        if victim is None or victim == chess.PAWN:
            continue
        targets += victim == chess.KING or _WORTH[victim] > _WORTH[kind] or not board.attackers(not side, target)
    return targets >= 2


def pins(step: Step) -> bool:
    """Return whether the moved piece pins another, not a pawn, to its king, which was not pinned before."""
    side, board = step.before.turn, step.after
    if board.piece_type_at(step.move.to_square) not in _SLIDERS:
        return False
    return any(
        step.move.to_square in board.pin(not side, square) and not step.before.is_pinned(not side, square)
        for square in chess.SquareSet(board.occupied_co[not side] & ~board.kings & ~board.pawns)
        if board.is_pinned(not side, square)
    )


def skewers(step: Step) -> bool:
    """Return whether a line piece attacks the king or a more valuable piece, and next takes the one behind."""
    square, following, board = step.move.to_square, step.following, step.after
    kind = board.piece_type_at(square)
    if kind not in _SLIDERS or following is None or following.from_square != square:
        return False
    behind = board.piece_at(following.to_square)
    if behind is None or behind.color == step.before.turn or behind.piece_type == chess.PAWN:
        return False
    between = chess.SquareSet.between(square, following.to_square) & board.occupied
    if len(between) != 1:
        return False
    front = board.piece_at(between.pop())
    if front is None or front.color == step.before.turn:
        return False
    return _WORTH[front.piece_type] > _WORTH[behind.piece_type]


def discovers_attack(step: Step) -> bool:
    """Return whether the move opens a line on which another own piece now attacks the king or a queen, rook or piece.

    A piece counts if it is worth more than its attacker, or unguarded.
    """
    side, board = step.before.turn, step.after
    for square in chess.SquareSet(board.occupied_co[side] & (board.bishops | board.rooks | board.queens)):
        if square == step.move.to_square or step.before.piece_at(square) != board.piece_at(square):
            continue
        opened = board.attacks(square) & ~step.before.attacks(square) & board.occupied_co[not side]
        for target in opened:
            victim, kind = board.piece_type_at(target), board.piece_type_at(square)
            if victim is None or kind is None or victim == chess.PAWN:
                continue
            if victim == chess.KING or _WORTH[victim] > _WORTH[kind] or not board.attackers(not side, target):
                return True
    return False


def is_back_rank_mate(mated: chess.Board) -> bool:
    """Return whether a rook or queen mates along the king's first rank, its own men on all squares before it."""
    side = mated.turn
    king = mated.king(side)
    home, forward = (0, 1) if side == chess.WHITE else (7, -1)
    if king is None or chess.square_rank(king) != home:
        return False
    files = [file for file in range(chess.square_file(king) - 1, chess.square_file(king) + 2) if 0 <= file < 8]
    is_shut = all(mated.color_at(chess.square(file, home + forward)) == side for file in files)
    return is_shut and all(
        chess.square_rank(square) == home and mated.piece_type_at(square) in (chess.ROOK, chess.QUEEN)
        for square in mated.checkers()
    )


def is_smothered_mate(mated: chess.Board) -> bool:
    """Return whether a knight alone mates a king whose neighbouring squares all hold its own men."""
    king = mated.king(mated.turn)
    if king is None or any(mated.piece_type_at(square) != chess.KNIGHT for square in mated.checkers()):
        return False
    return all(mated.color_at(square) == mated.turn for square in chess.SquareSet(chess.BB_KING_ATTACKS[king]))


def captures_unguarded(step: Step) -> bool:
    """Return whether the move takes a piece, not a pawn, and nothing can take back."""
    taken = step.before.piece_type_at(step.move.to_square)
    if taken in (None, chess.PAWN) or step.before.color_at(step.move.to_square) == step.before.turn:
        return False
    return not any(reply.to_square == step.move.to_square for reply in step.after.legal_moves)


def gives_up_material(steps: Sequence[Step]) -> bool:
    """Return whether the solver is down by two pawns or more against the start after some reply (1, 3, 3, 5, 9)."""
    side = steps[0].before.turn
    start = _balance(steps[0].before, side)
    return any(_balance(step.before, side) <= start - 2 for step in steps[1:])


THREATS: dict[str, Callable[[Step], bool]] = {
    "fork": forks,
    "pin": pins,
    "skewer": skewers,
    "discoveredAttack": discovers_attack,
}
"""Themes of a line in which a move of the solver that does not mate passes the test."""

FORMS: dict[str, Callable[[Step], bool]] = {
    "doubleCheck": lambda step: len(step.after.checkers()) == 2,
    "promotion": lambda step: step.move.promotion is not None,
    "underPromotion": lambda step: step.move.promotion not in (None, chess.QUEEN),
    "enPassant": lambda step: step.before.is_en_passant(step.move),
    "castling": lambda step: step.before.is_castling(step.move),
}
"""Themes of a line in which any move of the solver passes the test."""

MATES: dict[str, Callable[[chess.Board], bool]] = {
    "backRankMate": is_back_rank_mate,
    "smotheredMate": is_smothered_mate,
}


def _steps(fen: str, moves: Sequence[str]) -> list[Step]:
    board, steps = chess.Board(fen), []
    for ply, text in enumerate(moves):
        move = board.parse_uci(text)
        before = board.copy(stack=False)
        board.push(move)
        if ply % 2 == 0:
            following = chess.Move.from_uci(moves[ply + 2]) if ply + 2 < len(moves) else None
            steps.append(Step(before, move, board.copy(stack=False), following))
    return steps


def _is_loose(board: chess.Board, square: chess.Square) -> bool:
    """Return whether a man that just moved can be captured for free, or by a less valuable man."""
    kind = board.piece_type_at(square) or chess.PAWN
    attackers = [move.from_square for move in board.legal_moves if move.to_square == square]
    if not attackers:
        return False
    is_guarded = bool(board.attackers(not board.turn, square))
    return not is_guarded or any(
        _WORTH[board.piece_type_at(attacker) or chess.KING] < _WORTH[kind] for attacker in attackers
    )


def _balance(board: chess.Board, side: chess.Color) -> int:
    return sum(
        _WORTH[kind] * (len(board.pieces(kind, side)) - len(board.pieces(kind, not side)))
        for kind in (chess.PAWN, chess.KNIGHT, chess.BISHOP, chess.ROOK, chess.QUEEN)
    )
