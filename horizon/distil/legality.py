"""How often a chess student names an illegal move in games that it was not trained on, by turn; for its card.

Teacher-forced: the history is the teacher's game, not the student's own. Knows lessons and a network.
"""

from dataclasses import dataclass

import torch

from horizon.distil.batches import Dialogue, pad
from horizon.distil.chess_lessons import ChessLessons
from horizon.distil.network import Network

BIN = 5
"""Turns per bin."""


@dataclass(frozen=True, slots=True)
class Legality:
    """Counts by bin of 5 turns: positions, and illegal moves named from the history and from the FEN alone."""

    positions: list[int]
    illegal_natural: list[int]
    illegal_fresh: list[int]


def illegal_shares(network: Network, lessons: ChessLessons, games: range, most_turns: int = 60) -> Legality:
    """Return the counts of these games."""
    device = next(network.parameters()).device
    n_bins = -(-most_turns // BIN)
    result = Legality([0] * n_bins, [0] * n_bins, [0] * n_bins)
    for game in games:
        start, end = int(lessons.starts[game]), int(lessons.starts[game + 1])
        plies = range(start + int(lessons.given[game]), end, 2)[:most_turns]
        if not plies:
            continue
        whole = Dialogue()
        whole.tokens += [token for token in lessons.positions[plies[0]].tolist() if token]
        fresh: list[Dialogue] = []
        for ply in plies:
            whole.aim(0)
            whole.tokens += [int(move) for move in lessons.moves[ply : ply + 2]]
            posed = Dialogue([token for token in lessons.positions[ply].tolist() if token])
            posed.aim(0)
            fresh.append(posed)
        for named, counts in (
            (_likeliest_moves(network, [whole], device), result.illegal_natural),
            (_likeliest_moves(network, fresh, device), result.illegal_fresh),
        ):
            for turn, (ply, move) in enumerate(zip(plies, named, strict=True)):
                legal = lessons.legal[int(lessons.legal_starts[ply]) : int(lessons.legal_starts[ply + 1])]
                counts[turn // BIN] += move not in legal
        for turn in range(len(plies)):
            result.positions[turn // BIN] += 1
    return result


@torch.no_grad()
def _likeliest_moves(network: Network, dialogues: list[Dialogue], device: torch.device) -> list[int]:
    """Return the likeliest token at every aim, in order."""
    batch = pad(dialogues)
    rows, columns = (torch.from_numpy(places).long().to(device) for places in (batch.rows, batch.columns))
    logits = network(torch.from_numpy(batch.tokens).long().to(device), rows, columns)
    named: list[int] = logits.argmax(dim=-1).tolist()
    return named
