"""Planning environments held against published figures and against plain breadth-first search."""

from collections import Counter, deque
from fractions import Fraction
from itertools import permutations, product
from typing import Any

import chess
import pytest

from horizon.core.errors import UsageError
from horizon.core.seeds import derive
from horizon.domains.gaviota import plies_to_mate
from horizon.environments import sliding_tiles
from horizon.environments.blocks_world import BlocksWorld, Table
from horizon.environments.checker_jumping import CheckerJumping
from horizon.environments.endgame import Endgame
from horizon.environments.grid_walk import GridWalk
from horizon.environments.hanoi import Hanoi, Pegs, distance
from horizon.environments.pddl import Pddl
from horizon.environments.river_crossing import RiverCrossing
from horizon.environments.sliding_tiles import SlidingTiles


def searched(task: Any, goal: Any) -> dict[Any, int]:
    """Return the distances to a goal from everything, by breadth-first search; moves must be undoable."""
    known = {goal: 0}
    queue = deque([goal])
    while queue:
        position = queue.popleft()
        for action in task.moves(position):
            following = task.after(position, action)
            if following not in known:
                known[following] = known[position] + 1
                queue.append(following)
    return known


@pytest.mark.parametrize("disks", range(1, 13))
def test_a_tower_takes_two_to_the_n_minus_one_moves(disks: int) -> None:
    assert distance("A" * disks, "C" * disks) == 2**disks - 1


def test_hanoi_distances_between_any_two_arrangements_are_those_of_a_search() -> None:
    task = Hanoi(disks=4)
    for goal in map("".join, product("ABC", repeat=4)):
        known = searched(task, Pegs(goal, goal))
        assert len(known) == 81
        assert all(distance(position.now, goal) == steps for position, steps in known.items())


@pytest.mark.parametrize("disks", range(1, 7))
def test_random_arrangements_are_on_average_as_far_from_a_tower_as_published(disks: int) -> None:
    # Hinz, Klavžar & Petr, chapter 2: the mean distance of a regular state to a perfect one is 2/3 (2^n - 1).
    total = sum(distance("".join(pegs), "C" * disks) for pegs in product("ABC", repeat=disks))
    assert Fraction(total, 3**disks) == Fraction(2, 3) * (2**disks - 1)


@pytest.mark.parametrize("disks", range(1, 6))
def test_two_random_arrangements_are_on_average_as_far_apart_as_published(disks: int) -> None:
    # Hinz (1989), The Tower of Hanoi, Enseign. Math. 35, and Chan (1989): exact, 466/885 of 2^n for many disks.
    root = 17**0.5
    published = 466 / 885 * 2**disks - 1 / 3 - 3 / 5 * 3**-disks
    published += (12 / 59 + 18 / 1003 * root) * ((5 + root) / 18) ** disks
    published += (12 / 59 - 18 / 1003 * root) * ((5 - root) / 18) ** disks
    arrangements = ["".join(pegs) for pegs in product("ABC", repeat=disks)]
    total = sum(distance(one, other) for one in arrangements for other in arrangements)
    assert total / 9**disks == pytest.approx(published, abs=1e-12)


@pytest.mark.parametrize("n", range(1, 9))
def test_frogs_and_toads_take_n_times_n_plus_2_moves(n: int) -> None:
    task = CheckerJumping(checkers=n, start="textbook")
    assert task.distance(task.first_position(0)) == n * (n + 2)


def test_checker_distances_are_those_of_a_search_over_all_rows() -> None:
    task = CheckerJumping(checkers=3)
    known: dict[str, int | None] = {}

    def brute(position: str) -> int | None:
        if position not in known:
            if position == "BBB_RRR":
                known[position] = 0
            else:
                rest = [brute(task.after(position, action)) for action in task.moves(position)]
                known[position] = 1 + min((each for each in rest if each is not None), default=10**6)
                if known[position] > 10**5:  # type: ignore[operator]
                    known[position] = None
        return known[position]

    for row in set(map("".join, permutations("RRR_BBB"))):
        assert task.distance(row) == brute(row)


def test_three_missionaries_and_cannibals_cross_in_eleven() -> None:
    task = RiverCrossing(pairs=3, boat=2, start="textbook")
    assert task.distance(task.first_position(0)) == 11


@pytest.mark.parametrize(("boat", "most"), [(2, 3), (3, 5)])
def test_jealous_couples_cross_up_to_a_number_and_no_further(boat: int, most: int) -> None:
    for pairs in range(2, most + 1):
        assert RiverCrossing(kind="couples", pairs=pairs, boat=boat, start="textbook").distance
    with pytest.raises(UsageError, match="larger boat or fewer pairs"):
        RiverCrossing(kind="couples", pairs=most + 1, boat=boat)


def test_couples_cross_in_the_published_numbers_of_trips() -> None:
    # Pressman & Singmaster (1989): boat of two: 2 couples in 5, 3 in 11; of three: 3 in 5, 4 in 9, 5 in 11.
    for pairs, boat, trips in ((2, 2, 5), (3, 2, 11), (3, 3, 5), (4, 3, 9), (5, 3, 11)):
        task = RiverCrossing(kind="couples", pairs=pairs, boat=boat, start="textbook")
        assert task.distance(task.first_position(0)) == trips


def test_the_eight_puzzle_has_reinefelds_histogram_and_diameter_31() -> None:
    _, distances = sliding_tiles._table(3)
    # Reinefeld (1993), table 1; OEIS A089473.
    published = [1, 2, 4, 8, 16, 20, 39, 62, 116, 152, 286, 396, 748, 1024, 1893, 2512, 4485, 5638, 9529, 10878, 16993]
    published += [17110, 23952, 20224, 24047, 15578, 14560, 6274, 3910, 760, 221, 2]
    assert [Counter(distances.tolist())[moves] for moves in range(32)] == published


def test_the_fifteen_puzzle_begins_as_published_and_its_search_meets_the_table() -> None:
    _, distances = sliding_tiles._table(4)
    # OEIS A089484.
    published = [1, 2, 4, 10, 24, 54, 107, 212, 446, 946, 1948, 3938, 7808, 15544, 30821, 60842, 119000, 231844]
    assert [Counter(distances.tolist())[moves] for moves in range(18)] == published
    task = SlidingTiles(size=4, scramble=22)
    position = task.first_position(0)
    # Korf's parity: distances of neighbours differ by exactly one.
    assert {abs(22 - (task.distance(task.after(position, each)) or 0)) for each in task.moves(position)} == {1}


def test_what_is_too_far_for_the_search_says_so() -> None:
    task = SlidingTiles(size=4)
    far = (0, 12, 9, 13, 15, 11, 10, 14, 3, 7, 2, 5, 4, 8, 6, 1)
    # 80 moves from the goal: Brüngger et al. (1999), The parallel search bench ZRAM.
    assert task.distance(far) == 36
    assert "at least" in str(task.extra(36)["bound_kind"])


@pytest.mark.parametrize("blocks", [3, 4])
def test_blocks_world_distances_are_those_of_a_search(blocks: int) -> None:
    task = BlocksWorld(blocks=blocks)
    for seed in range(10):
        goal = task.first_position(derive(seed, "blocks")).goal
        known = searched(task, Table(goal, "", goal))
        assert all(task.distance(position) == steps for position, steps in known.items())


def test_a_bound_for_many_blocks_never_exceeds_the_distance_and_says_what_it_is() -> None:
    from horizon.environments.blocks_world import _distance

    task = BlocksWorld(blocks=8)
    for seed in range(50):
        position = task.first_position(derive(seed, "many"))
        assert _distance(position, False) <= _distance(position, True)
    assert "at least" in str(BlocksWorld(blocks=15).extra(4)["bound_kind"])


@pytest.mark.parametrize("keys", [0, 2])
def test_mazes_lead_to_the_exit_by_the_steps_of_a_search_forwards(keys: int) -> None:
    task = GridWalk(size=6, keys=keys)
    n_doors = 0
    for seed in range(30):
        position = task.first_position(derive(seed, "maze"))
        n_doors += len(task._maze(position).doors)
        known, queue = {position: 0}, deque([position])
        while queue:
            here = queue.popleft()
            if task.is_goal(here):
                assert known[here] == task.distance(position)
                break
            for action in task.moves(here):
                following = task.after(here, action)
                if following not in known:
                    known[following] = known[here] + 1
                    queue.append(following)
        else:
            raise AssertionError("the exit is never reached")
    assert n_doors >= keys * 20


def test_the_logistics_example_takes_as_many_actions_as_an_optimal_planner_says() -> None:
    import unified_planning as up
    from unified_planning.io import PDDLReader
    from unified_planning.shortcuts import OneshotPlanner

    from horizon.domains.pddl import EXAMPLE

    up.shortcuts.get_environment().credits_stream = None
    problem = PDDLReader().parse_problem(str(EXAMPLE / "domain.pddl"), str(EXAMPLE / "problem.pddl"))
    with OneshotPlanner(name="pyperplan-opt") as planner:
        plan = planner.solve(problem).plan
    task = Pddl(start="textbook")
    assert task.distance(task.first_position(0)) == len(plan.actions)


def test_own_pddl_files_are_read_and_bad_ones_refused(tmp_path: Any) -> None:
    domain, problem = tmp_path / "d.pddl", tmp_path / "p.pddl"
    domain.write_text(
        "(define (domain lamp) (:requirements :strips :negative-preconditions) (:predicates (lit) (paid))"
        "(:action pay :parameters () :precondition (not (paid)) :effect (paid))"
        "(:action press :parameters () :precondition (and (paid) (not (lit))) :effect (and (lit) (not (paid)))))"
    )
    problem.write_text("(define (problem l) (:domain lamp) (:init) (:goal (and (lit) (paid))))")
    task = Pddl(domain=str(domain), problem=str(problem), start="textbook")
    assert task.distance(task.first_position(0)) == 3
    assert task.write(task.first_position(0)) == "nothing"
    problem.write_text("(define (problem l) (:domain lamp) (:init (lit)) (:goal (bright)))")
    with pytest.raises(UsageError, match="can't be read"):
        Pddl(domain=str(domain), problem=str(problem), start="random")
    with pytest.raises(UsageError, match="can't be read"):
        Pddl(domain="none.pddl", problem="none.pddl")
    with pytest.raises(UsageError, match="give both"):
        Pddl(domain=str(domain))


@pytest.mark.slow
@pytest.mark.parametrize(("piece", "longest"), [(chess.QUEEN, 10), (chess.ROOK, 16), (chess.PAWN, 28)])
def test_the_longest_mates_are_the_known_ones(piece: int, longest: int) -> None:
    # By symmetry the black king's file goes from a to d.
    most = 0
    for black in (square for square in range(64) if chess.square_file(square) < 4):
        for white, other in permutations(range(64), 2):
            if black in (white, other) or chess.square_distance(black, white) < 2:
                continue
            if piece == chess.PAWN and chess.square_rank(other) in (0, 7):
                continue
            board = chess.Board(None)
            board.set_piece_at(white, chess.Piece(chess.KING, True))
            board.set_piece_at(other, chess.Piece(piece, True))
            board.set_piece_at(black, chess.Piece(chess.KING, False))
            if not board.was_into_check():
                most = max(most, plies_to_mate(board))
    assert (most + 1) // 2 == longest


def test_the_defender_takes_a_draw_where_there_is_one_and_the_round_is_lost() -> None:
    task = Endgame(material="KQK")
    # Qb6 stalemates the king on a8.
    assert task.distance("k7/8/2K5/8/8/8/8/1Q6 w - - 0 1") is not None
    after = task.after("k7/8/2K5/8/8/8/8/1Q6 w - - 0 1", "b1b6")
    assert task.distance(after) is None and task.is_dead(after)
    verdict = task.judge(task.load("1 | 1 | 0 | k7/8/2K5/8/8/8/8/1Q6 w - - 0 1 | -"), "b1b6")
    assert (verdict.error, verdict.loss) == ("wrong", 1.0)


def test_the_defence_is_the_longest_by_the_table() -> None:
    task = Endgame(material="KRK", most_moves=16)
    for seed in range(20):
        position = task.first_position(seed)
        best = min(task.moves(position), key=lambda move: task.distance(task.after(position, move)) or 99)
        assert task.distance(task.after(position, best)) == (task.distance(position) or 0) - 1


@pytest.mark.parametrize("material", ["KQK", "KRK", "KPK"])
def test_the_table_after_a_move_agrees_with_playing_the_longest_defence(material: str) -> None:
    task = Endgame(material=material, most_moves=28)
    for seed in range(15):
        position = task.first_position(seed)
        for move in task.moves(position):
            assert task.distance_after(position, move) == task.distance(task.after(position, move))
