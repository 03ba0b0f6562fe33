"""A seeded set of short book lines, so that games differ: well-known openings of four to eight plies.

Knows python-chess only to turn the lines from SAN into UCI moves. Source of the names and codes: the Encyclopaedia of
Chess Openings; the lines are the usual ones.
"""

from dataclasses import dataclass
from functools import lru_cache

import chess

from horizon.core.seeds import derive


@dataclass(frozen=True, slots=True)
class Opening:
    """One book line from the usual start position: its ECO code, its name, its moves in UCI."""

    eco: str
    name: str
    moves: tuple[str, ...]


_BOOK = """
A00 Hungarian Opening: g3 d5 Bg2 e5 d3 Nf6
A01 Nimzo-Larsen Attack: b3 e5 Bb2 Nc6 e3 d5
A04 Réti Opening, Pirc Invitation: Nf3 d6 d4 Nf6
A06 Zukertort, Nimzo-Larsen Variation: Nf3 d5 b3 Nf6
A08 King's Indian Attack: Nf3 d5 g3 c5 Bg2 Nc6
A09 Réti Opening: Nf3 d5 c4 d4
A13 English, Agincourt Defence: c4 e6 Nf3 d5
A20 English, King's Fianchetto: c4 e5 g3 Nf6 Bg2 d5
A28 English, Four Knights: c4 e5 Nc3 Nf6 Nf3 Nc6
A30 English, Symmetrical Hedgehog: c4 c5 Nf3 Nf6 g3 b6
A36 English, Ultra-Symmetrical: c4 c5 Nc3 Nc6 g3 g6 Bg2 Bg7
A42 Modern Defence, Averbakh System: d4 g6 c4 Bg7 Nc3 d6
A45 Trompowsky Attack: d4 Nf6 Bg5 e6 e4 h6
A46 Torre Attack: d4 Nf6 Nf3 e6 Bg5 c5
A48 London System against King's Indian: d4 Nf6 Nf3 g6 Bf4 Bg7
A52 Budapest Gambit: d4 Nf6 c4 e5 dxe5 Ng4
A57 Benko Gambit: d4 Nf6 c4 c5 d5 b5
A60 Modern Benoni: d4 Nf6 c4 c5 d5 e6
A80 Dutch, Raphael Variation: d4 f5 Nc3 Nf6 Bg5 d5
A81 Dutch, Leningrad Variation: d4 f5 g3 Nf6 Bg2 g6
B01 Scandinavian, Main Line: e4 d5 exd5 Qxd5 Nc3 Qa5
B01 Scandinavian, Modern Variation: e4 d5 exd5 Nf6 d4 Nxd5
B02 Alekhine, Exchange Variation: e4 Nf6 e5 Nd5 d4 d6
B06 Modern Defence, Standard: e4 g6 d4 Bg7 Nc3 d6
B07 Pirc Defence: e4 d6 d4 Nf6 Nc3 g6
B12 Caro-Kann, Advance Variation: e4 c6 d4 d5 e5 Bf5
B13 Caro-Kann, Exchange Variation: e4 c6 d4 d5 exd5 cxd5
B18 Caro-Kann, Classical Variation: e4 c6 d4 d5 Nc3 dxe4 Nxe4 Bf5
B20 Sicilian, Bowdler Attack: e4 c5 Bc4 e6
B22 Sicilian, Alapin Variation: e4 c5 c3 Nf6 e5 Nd5
B23 Sicilian, Closed: e4 c5 Nc3 Nc6 g3 g6
B27 Sicilian, Hyperaccelerated Dragon: e4 c5 Nf3 g6 d4 cxd4
B30 Sicilian, Rossolimo Attack: e4 c5 Nf3 Nc6 Bb5 g6
B33 Sicilian, Open: e4 c5 Nf3 Nc6 d4 cxd4 Nxd4 Nf6
B41 Sicilian, Kan Variation: e4 c5 Nf3 e6 d4 cxd4 Nxd4 a6
B52 Sicilian, Moscow Variation: e4 c5 Nf3 d6 Bb5+ Bd7
B54 Sicilian, Open with d6: e4 c5 Nf3 d6 d4 cxd4 Nxd4 Nf6
C00 French, King's Indian Attack: e4 e6 d3 d5 Nd2 Nf6
C01 French, Exchange Variation: e4 e6 d4 d5 exd5 exd5
C02 French, Advance Variation: e4 e6 d4 d5 e5 c5
C03 French, Tarrasch Variation: e4 e6 d4 d5 Nd2 Nf6
C11 French, Classical Variation: e4 e6 d4 d5 Nc3 Nf6
C18 French, Winawer Variation: e4 e6 d4 d5 Nc3 Bb4
C22 Center Game: e4 e5 d4 exd4 Qxd4 Nc6
C24 Bishop's Opening, Berlin Defence: e4 e5 Bc4 Nf6 d3 c6
C25 Vienna Game: e4 e5 Nc3 Nc6 g3 Bc5
C29 Vienna Gambit: e4 e5 Nc3 Nf6 f4 d5
C33 King's Gambit Accepted, Bishop's Gambit: e4 e5 f4 exf4 Bc4 Nf6
C36 King's Gambit Accepted, Abbazia Defence: e4 e5 f4 exf4 Nf3 d5
C41 Philidor Defence: e4 e5 Nf3 d6 d4 exd4 Nxd4 Nf6
C42 Petrov, Classical Attack: e4 e5 Nf3 Nf6 Nxe5 d6 Nf3 Nxe4
C43 Petrov, Steinitz Attack: e4 e5 Nf3 Nf6 d4 Nxe4
C44 Ponziani Opening: e4 e5 Nf3 Nc6 c3 Nf6
C45 Scotch Game: e4 e5 Nf3 Nc6 d4 exd4 Nxd4 Bc5
C45 Scotch Game, Schmidt Variation: e4 e5 Nf3 Nc6 d4 exd4 Nxd4 Nf6
C47 Four Knights, Scotch: e4 e5 Nf3 Nc6 Nc3 Nf6 d4 exd4
C48 Four Knights, Spanish: e4 e5 Nf3 Nc6 Nc3 Nf6 Bb5 Bb4
C50 Italian Game, Giuoco Pianissimo: e4 e5 Nf3 Nc6 Bc4 Bc5 d3 Nf6
C51 Evans Gambit: e4 e5 Nf3 Nc6 Bc4 Bc5 b4 Bxb4
C53 Italian Game, Classical Variation: e4 e5 Nf3 Nc6 Bc4 Bc5 c3 Nf6
C57 Two Knights, Traxler Variation: e4 e5 Nf3 Nc6 Bc4 Nf6 Ng5 Bc5
C58 Two Knights, Main Line: e4 e5 Nf3 Nc6 Bc4 Nf6 Ng5 d5
C62 Ruy Lopez, Steinitz Defence: e4 e5 Nf3 Nc6 Bb5 d6
C65 Ruy Lopez, Berlin Defence: e4 e5 Nf3 Nc6 Bb5 Nf6 O-O Nxe4
C68 Ruy Lopez, Exchange Variation: e4 e5 Nf3 Nc6 Bb5 a6 Bxc6 dxc6
C70 Ruy Lopez, Morphy Defence: e4 e5 Nf3 Nc6 Bb5 a6 Ba4 Nf6
D00 Queen's Pawn, London System: d4 d5 Bf4 Nf6 e3 c5
D01 Veresov Attack: d4 d5 Nc3 Nf6 Bg5 Nbd7
D05 Colle System: d4 d5 Nf3 Nf6 e3 e6
D07 Chigorin Defence: d4 d5 c4 Nc6 Nf3 Bg4
D08 Albin Countergambit: d4 d5 c4 e5 dxe5 d4
D15 Slav Defence: d4 d5 c4 c6 Nf3 Nf6 Nc3 dxc4
D20 Queen's Gambit Accepted: d4 d5 c4 dxc4 Nf3 Nf6
D31 Queen's Gambit Declined, Charousek Variation: d4 d5 c4 e6 Nc3 Be7
D32 Tarrasch Defence: d4 d5 c4 e6 Nc3 c5
D35 Queen's Gambit Declined, Exchange Variation: d4 d5 c4 e6 Nc3 Nf6 cxd5 exd5
D43 Semi-Slav Defence: d4 d5 c4 e6 Nc3 Nf6 Nf3 c6
D80 Grünfeld, Stockholm Variation: d4 Nf6 c4 g6 Nc3 d5 Bg5 Ne4
D85 Grünfeld, Exchange Variation: d4 Nf6 c4 g6 Nc3 d5 cxd5 Nxd5
E00 Catalan Opening: d4 Nf6 c4 e6 g3 d5
E11 Bogo-Indian Defence: d4 Nf6 c4 e6 Nf3 Bb4+
E12 Queen's Indian, Petrosian Variation: d4 Nf6 c4 e6 Nf3 b6 a3 Bb7
E20 Nimzo-Indian Defence: d4 Nf6 c4 e6 Nc3 Bb4
E32 Nimzo-Indian, Classical Variation: d4 Nf6 c4 e6 Nc3 Bb4 Qc2 O-O
E61 King's Indian Defence: d4 Nf6 c4 g6 Nc3 Bg7
E70 King's Indian, Normal Variation: d4 Nf6 c4 g6 Nc3 Bg7 e4 d6
"""


@lru_cache(maxsize=1)
def book() -> tuple[Opening, ...]:
    """Return all lines, in the order of their codes. Cost: some 10 milliseconds, once."""
    return tuple(_opening(line) for line in _BOOK.strip().splitlines())


def line(seed: int) -> Opening:
    """Return the line of a seed; each is equally likely."""
    lines = book()
    return lines[derive(seed, "opening") % len(lines)]


def name_of(moves: tuple[str, ...]) -> str | None:
    """Return the name of the longest line that these UCI moves start with, or None."""
    lines = [opening for opening in book() if moves[: len(opening.moves)] == opening.moves]
    return max(lines, key=lambda opening: len(opening.moves)).name if lines else None


def _opening(text: str) -> Opening:
    title, _, moves = text.partition(": ")
    eco, _, name = title.partition(" ")
    board = chess.Board()
    return Opening(eco, name, tuple(board.push_san(move).uci() for move in moves.split()))
