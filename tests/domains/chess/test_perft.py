"""Claims about the boards that positions are played on: their counts of legal lines are the published ones.

Counts: python-chess's examples/perft/*.perft (its Chess960 ones are Andy Grant's fischer.epd), and Fairy-Stockfish's
tests/perft.sh for king of the hill, three-check and the endings of racing kings. Fairy-Stockfish's own generator of
moves, which shares no code with python-chess, is asked for the same.
"""

import subprocess

import chess
import pytest

from horizon.engines.engine import Engine, find_engine
from horizon.engines.position_text import CHESS960, ORTHODOX, board_of_position, split_position
from horizon.engines.process import command

KIWIPETE = "r3k2r/p1ppqpb1/bn2pnp1/3PN3/1p2P3/2N2Q1p/PPPBBPPP/R3K2R w KQkq -"
PUBLISHED: dict[str, tuple[int, ...]] = {
    chess.STARTING_FEN: (20, 400, 8902),
    f"{KIWIPETE} 0 1": (48, 2039, 97862),
    "chess960:bqnb1rkr/pp3ppp/3ppn2/2p5/5P2/P2P4/NPP1P1PP/BQ1BNRKR w HFhf - 2 9": (21, 528, 12189),
    "chess960:2nnrbkr/p1qppppp/8/1ppb4/6PP/3PP3/PPP2P2/BQNNRBKR w HEhe - 1 9": (21, 807, 18002),
    "chess960:b1q1rrkb/pppppppp/3nn3/8/P7/1PPP4/4PPPP/BQNNRKRB w GE - 1 9": (20, 479, 10471),
    "chess960:qbbnnrkr/2pp2pp/p7/1p2pp2/8/P3PP2/1PPP1KPP/QBBNNR1R w hf - 0 9": (22, 593, 13440),
    "chess960:nnrkrbbq/pppp2pp/8/4pp2/4P3/P7/1PPPBPPP/NNKRR1BQ w c - 0 9": (25, 792, 19883),
    "atomic:rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1": (20, 400, 8902),
    "atomic:rn2kb1r/1pp1p2p/p2q1pp1/3P4/2P3b1/4PN2/PP3PPP/R2QKB1R b KQkq - 0 1": (40, 1238, 45237),
    "atomic:rn1qkb1r/p5pp/2p5/3p4/N3P3/5P2/PPP4P/R1BQK3 w Qkq - 0 1": (28, 833, 23353),
    "antichess:rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w - - 0 1": (20, 400, 8067),
    "antichess:8/1p6/8/8/8/8/P7/8 w - - 0 1": (2, 4, 4, 3, 1, 0),
    "antichess:8/2p5/8/8/8/8/P7/8 w - - 0 1": (2, 4, 4, 4, 4, 4, 4, 4, 12, 36, 312, 2557),
    "kingofthehill:rnb2b1r/ppp2ppp/3k4/8/1PKp1pn1/3Pq3/PBP1P2P/RN1Q1B1R w - - 4 12": (0, 0, 19003),
    "3check:r3k2r/p1ppqpb1/bn2pnp1/3PN3/1p2P3/2N2Q1p/PPPBBPPP/R3K2R w KQkq - 1+1 0 1": (48, 2039, 97848),
    "3check:r3k2r/8/8/8/8/8/8/R3K2R w KQkq - 1+1 0 1": (26, 562, 13410),
    "3check:7r/1p4p1/pk3p2/RN6/8/P5Pp/3p1P1P/4R1K1 w - - 1+3 1 39": (0, 0, 12407),
    "racingkings:8/8/8/8/8/8/krbnNBRK/qrbnNBRQ w - - 0 1": (21, 421, 11264),
    "racingkings:6r1/2K5/5k2/8/3R4/8/8/8 w - - 0 1": (0, 0, 0, 86041),
    "racingkings:6R1/2k5/5K2/8/3r4/8/8/8 b - - 0 1": (0, 0, 0, 86009),
    "horde:rnbqkbnr/pppppppp/8/1PP2PP1/PPPPPPPP/PPPPPPPP/PPPPPPPP/PPPPPPPP w kq - 0 1": (8, 128, 1274, 23310),
    "horde:4k3/pp4q1/3P2p1/8/P3PP2/PPP2r2/PPP5/PPPP4 b - - 0 1": (30, 241, 6633, 56539),
    "horde:k7/5p2/4p2P/3p2P1/2p2P2/1p2P2P/p2P2P1/2P2P2 w - - 0 1": (13, 172, 2205, 33781),
    "crazyhouse:rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR[] w KQkq - 0 1": (20, 400, 8902),
    "crazyhouse:2k5/8/8/8/8/8/8/4K3[QRBNPqrbnp] w - - 0 1": (301, 75353),
    "crazyhouse:2k5/8/8/8/8/8/8/4K3[Qn] w - - 0 1": (67, 3083, 88634),
    "crazyhouse:r1bqk2r/pppp1ppp/2n1p3/4P3/1b1Pn3/2NB1N2/PPP2PPP/R1BQK2R[] b KQkq - 0 1": (42, 1347, 58057),
    "crazyhouse:4k3/1Q~6/8/8/4b3/8/Kpp5/8[] b - - 0 1": (20, 360, 5445),
}
"""Lines of 1, 2, 3, ... plies from each position; where only the last count is published the others are 0."""


def lines(board: chess.Board, plies: int) -> int:
    """Count the legal lines of so many plies."""
    if plies == 1:
        return board.legal_moves.count()
    found = 0
    for move in board.legal_moves:
        board.push(move)
        found += lines(board, plies - 1)
        board.pop()
    return found


@pytest.mark.parametrize("position", PUBLISHED)
def test_a_board_has_the_published_number_of_lines(position: str) -> None:
    board, published = board_of_position(position), PUBLISHED[position]
    for plies, count in enumerate(published, 1):
        if count or not any(published[plies:]):
            assert lines(board, plies) == count


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["fairy-stockfish", "pyffish"])
@pytest.mark.parametrize("position", PUBLISHED)
def test_fairy_stockfish_counts_the_same(position: str, engine: str) -> None:
    variant, fen = split_position(position)
    plies = len(PUBLISHED[position])
    with Engine(engine) as known:
        if variant not in known.variants:
            assert (engine, variant) == ("fairy-stockfish", "atomic")
            return
    if engine == "fairy-stockfish" and variant == "racingkings" and plies > 3:
        pytest.skip("11.1 counts on after a king has reached the last rank")
    told = [
        f"setoption name UCI_Variant value {ORTHODOX if variant == CHESS960 else variant}",
        f"setoption name UCI_Chess960 value {'true' if variant == CHESS960 else 'false'}",
        f"position fen {fen}",
        f"go perft {plies}",
        "quit",
    ]
    started = command(find_engine(engine))
    said = subprocess.run(started, input="\n".join(told), capture_output=True, text=True, check=True).stdout
    (counted,) = [int(line.split()[-1]) for line in said.splitlines() if line.startswith("Nodes searched")]
    assert counted == PUBLISHED[position][-1]
