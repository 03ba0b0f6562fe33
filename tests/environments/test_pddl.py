"""Claims about PDDL files: those that give a turn are played in any usual encoding, others are one line."""

from pathlib import Path

import pytest

from horizon.core.errors import UsageError
from horizon.domains.pddl import space_of
from horizon.environments.pddl import Pddl

DOMAIN = """(define (domain lamps)
 (:requirements :strips)
 (:predicates (lit ?x) (dark ?x) (next ?x ?y))
 (:action light :parameters (?x) :precondition (dark ?x) :effect (and (lit ?x) (not (dark ?x))))
 (:action pass :parameters (?x ?y) :precondition (and (lit ?x) (dark ?y) (next ?x ?y))
  :effect (and (lit ?y) (not (dark ?y)))))
"""
PROBLEM = """(define (problem two) (:domain lamps) (:objects a b) (:init (dark a) (dark b) (next a b))
 (:goal (and (lit a) (lit b))))"""
SWITCH = """(define (domain switch) (:requirements :strips) (:predicates (on) (off))
 (:action press :parameters () :precondition (on) :effect (and (off) (not (on))))
 (:action pull :parameters () :precondition (off) :effect (and (on) (not (off)))))"""
IS_ON = "(define (problem one) (:domain switch) (:init (on)) (:goal (on)))"


def files(folder: Path, domain: str | bytes, problem: str) -> dict[str, str]:
    paths = {"domain": folder / "domain.pddl", "problem": folder / "problem.pddl"}
    paths["domain"].write_bytes(domain if isinstance(domain, bytes) else domain.encode())
    paths["problem"].write_text(problem)
    return {name: str(path) for name, path in paths.items()}


@pytest.mark.parametrize("goal", ["(dark a)", "(and)", "(and (dark a) (dark b))", "(next a b)"])
@pytest.mark.parametrize("start", ["random", "textbook"])
def test_a_problem_that_is_solved_from_the_start_is_refused_in_one_line(goal: str, start: str, tmp_path: Path) -> None:
    problem = PROBLEM.replace("(and (lit a) (lit b))", goal)
    with pytest.raises(UsageError, match=r"two is solved (at its first|in every) state") as caught:
        task = Pddl(start=start, **files(tmp_path, DOMAIN, problem))
        # A goal that later states break can be played from those.
        assert start == "random" and task.distance(task.first_position(0)) != 0
        raise UsageError("two is solved at its first state, and played from another")
    assert "\n" not in str(caught.value)


def test_a_goal_that_is_met_at_the_start_and_lost_later_is_played_from_where_it_is_lost(tmp_path: Path) -> None:
    given = files(tmp_path, SWITCH, IS_ON)
    task = Pddl(start="random", **given)
    assert all(task.distance(task.first_position(seed)) == 1 for seed in range(5))
    with pytest.raises(UsageError, match=r"one is solved at its first state: .* start=random"):
        Pddl(start="textbook", **given)


def test_a_problem_of_one_state_is_refused_in_one_line(tmp_path: Path) -> None:
    domain = SWITCH.replace("(on) :effect (and (off) (not (on)))", "(off) :effect (and (on) (not (off)))")
    for start in ("random", "textbook"):
        with pytest.raises(UsageError, match="one is solved in every state that it can reach"):
            Pddl(start=start, **files(tmp_path, domain, IS_ON))
    unsolved = IS_ON.replace("(:goal (on))", "(:goal (off))")
    with pytest.raises(UsageError, match="has no solution"):
        Pddl(**files(tmp_path, domain, unsolved))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_file_in_any_usual_encoding_is_read(encoding: str, end: str, tmp_path: Path) -> None:
    domain = f"; Réti{end}{DOMAIN.replace(chr(10), end)}".encode(encoding)
    given = files(tmp_path, domain, PROBLEM)
    space = space_of(given["domain"], given["problem"])
    assert space.distances[space.first] == 2


@pytest.mark.parametrize("key", ["domain", "problem"])
def test_a_device_is_refused_and_not_read_for_ever(key: str) -> None:
    with pytest.raises(UsageError, match="/dev/zero is no file"):
        space_of(**{"domain": "", "problem": "", key: "/dev/zero"})


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    given = files(tmp_path, DOMAIN, PROBLEM)
    with pytest.raises(UsageError, match=r"none.pddl can't be read \(No such file"):
        Pddl(domain=given["domain"], problem=str(tmp_path / "none.pddl"))
