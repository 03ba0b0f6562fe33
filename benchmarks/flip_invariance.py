"""Does the judge give a move the same loss when colours are exchanged? Stockfish at fixed nodes, asked about both.

    python benchmarks/flip_invariance.py [--positions 100] [--nodes 20000]

Half of the positions come from random play, half from book lines and seeded engine play after them. Each is scored as
it stands, scored again (the control: no difference), and scored with colours exchanged, at these nodes and at depth
1, where the search has hardly begun: what differs there is the evaluation, what differs only later is the search.
Then the environment `puzzle` is asked what its judge is asked about, without and with `shift=flip`.
"""

import argparse
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

import chess

from horizon.core.environment import open_environment
from horizon.core.records import Score, Scores
from horizon.core.seeds import derive
from horizon.domains.chess import start_positions
from horizon.domains.chess.game_text import board_of
from horizon.domains.chess.position import Position
from horizon.domains.chess.shifts import ChessShift, read_shift
from horizon.domains.chess.verdict import losses
from horizon.engines.engine import Engine, find_engine
from horizon.engines.levels import choose_move

FLIP = read_shift("flip")
WRONG_LOSS = 0.10


@dataclass(slots=True)
class Compared:
    """What two lists of scores of the same moves have in common, added up over positions."""

    positions: int = 0
    equal_positions: int = 0
    equal_best: int = 0
    moves: int = 0
    equal_moves: int = 0
    total: float = 0.0
    largest: float = 0.0
    other_verdict: int = 0

    def add(self, position: Position, one: Scores, other: Scores) -> None:
        first, second = losses(position, one), losses(position, other)
        differences = [abs(first[move] - second[move]) for move in position.legal]
        self.positions += 1
        self.equal_positions += max(differences) == 0
        self.equal_best += next(iter(one.actions)) == next(iter(other.actions))
        self.moves += len(differences)
        self.equal_moves += sum(each == 0 for each in differences)
        self.total += sum(differences)
        self.largest = max(self.largest, *differences)
        wrong = ((first[move] >= WRONG_LOSS) != (second[move] >= WRONG_LOSS) for move in position.legal)
        self.other_verdict += sum(wrong)

    def line(self, name: str) -> str:
        return (
            f"{name:24} {self.equal_positions / self.positions:9.1%} {self.equal_moves / self.moves:9.1%} "
            f"{self.total / self.moves:9.5f} {self.largest:9.4f} {self.equal_best / self.positions:9.1%} "
            f"{self.other_verdict / self.moves:9.2%}"
        )


def positions(engine: Engine, n_positions: int) -> Iterator[chess.Board]:
    """Yield as many boards from random play as from sensible play, 6 to 60 plies from the start."""
    for index in range(n_positions):
        plies = 6 + derive(0, "plies", index) % 55
        if index % 2:
            yield board_of(start_positions.start_of("random", derive(0, "flip", index), plies).root)
            continue
        board = chess.Board()
        for move in start_positions.start_of("book", derive(0, "flip", index), 0).moves:
            board.push_uci(move)
        while len(board.move_stack) < plies and not board.is_game_over():
            seed = derive(index, "flip play", len(board.move_stack))
            board.push_uci(choose_move(engine.score(board.fen(), 300), 0.03, seed))
        if not board.is_game_over(claim_draw=True):
            yield board


def exchanged(scores: Scores, shift: ChessShift) -> Scores:
    """Return the scores of the original moves from those of the shown ones."""
    back: dict[str, Score] = {
        shift.move(chess.Move.from_uci(move)).uci(): score for move, score in scores.actions.items()
    }
    return Scores(back)


def static(fens: list[str]) -> list[str | None]:
    """Return Stockfish's evaluation of each position without any search, White's view; null for a side in check."""
    asked = "".join(f"position fen {fen}\neval\n" for fen in fens) + "quit\n"
    said = subprocess.run(
        [str(find_engine("stockfish"))], input=asked, capture_output=True, text=True, check=True
    ).stdout
    found = re.findall(r"^Final evaluation:? +(\S+)", said, re.MULTILINE)
    return [None if each == "none" else each for each in found]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--positions", type=int, default=100)
    parser.add_argument("--nodes", type=int, default=20_000)
    asked = parser.parse_args()
    kinds = {"again": Compared(), "depth 1": Compared(), f"{asked.nodes} nodes": Compared()}
    with Engine("stockfish") as engine:
        boards = list(positions(engine, asked.positions))
        for board in boards:
            position = Position(board.copy(stack=False))
            flipped = FLIP.board(board).fen()
            scores = engine.score(board.fen(), asked.nodes)
            other = exchanged(engine.score(flipped, asked.nodes), FLIP)
            kinds["again"].add(position, scores, engine.score(board.fen(), asked.nodes))
            kinds[f"{asked.nodes} nodes"].add(position, scores, other)
            shallow = engine.score(board.fen(), 1), exchanged(engine.score(flipped, 1), FLIP)
            kinds["depth 1"].add(position, *shallow)
        print(f"{engine.version}, {kinds['again'].positions} positions, {kinds['again'].moves} moves")
    print(f"{'':24} {'positions':>9} {'moves':>9} {'mean':>9} {'largest':>9} {'same best':>9} {'verdicts':>9}")
    print(f"{'':24} {'equal':>9} {'equal':>9} {'diff.':>9} {'diff.':>9} {'move':>9} {'differ':>9}")
    for name, compared in kinds.items():
        print(compared.line(name))
    views = zip(
        static([each.fen() for each in boards]), static([FLIP.board(each).fen() for each in boards]), strict=True
    )
    evaluated = [(float(one), float(other)) for one, other in views if one is not None and other is not None]
    equal = sum(one == -other for one, other in evaluated)
    print(f"evaluation without search: equal in {equal} of {len(evaluated)} positions where nobody is in check")
    plain, shifted = (open_environment("puzzle:rounds=0", {"shift": shift}) for shift in ("none", "flip"))
    state, same, turns = plain.reset(0), 0, 200
    for _ in range(turns):
        same += plain.engine_position(state) == shifted.engine_position(state)
        state = plain.step(state, plain.actions(state)[0])
    print(f"puzzle: under shift=flip the judge is asked the same in {same} of {turns} turns, so that losses are equal")


if __name__ == "__main__":
    main()
