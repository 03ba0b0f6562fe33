"""A planning problem in PDDL as a graph of states: read and grounded by unified-planning, searched whole.

Reads the two files; knows no environment. States are whole numbers, a bit a fact.
"""

from collections import deque
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from horizon.core.errors import UsageError
from horizon.core.extras import require
from horizon.core.paths import shipped

MOST_STATES = 200_000
EXAMPLE = shipped("scenarios") / "logistics"


@dataclass(frozen=True, slots=True)
class Operator:
    """A grounded action: its words (`load parcel van depot1`), and the facts it needs, forbids, adds and deletes."""

    words: tuple[str, ...]
    needs: int
    forbids: int
    adds: int
    deletes: int


@dataclass(frozen=True, slots=True)
class Schema:
    """An action as the domain states it: words for what it needs and makes, with parameters such as `?truck`."""

    name: str
    parameters: tuple[tuple[str, str], ...]
    needs: tuple[tuple[str, ...], ...]
    forbids: tuple[tuple[str, ...], ...]
    adds: tuple[tuple[str, ...], ...]
    deletes: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Space:
    """The whole problem. `facts` gives each bit's words; `fixed` are true always; `distances` holds every state from
    which the goal can be reached, with its least number of actions.
    """

    name: str
    schemas: tuple[Schema, ...]
    objects: tuple[tuple[str, str], ...]
    facts: tuple[tuple[str, ...], ...]
    fixed: tuple[tuple[str, ...], ...]
    operators: tuple[Operator, ...]
    first: int
    goal: int
    unwanted: int
    distances: dict[int, int]
    reached: frozenset[int]

    def applicable(self, state: int) -> list[Operator]:
        """Return the operators that can be applied, in a fixed order."""
        return [each for each in self.operators if each.needs & state == each.needs and not each.forbids & state]

    def is_goal(self, state: int) -> bool:
        """Tell whether a state is a goal."""
        return self.goal & state == self.goal and not self.unwanted & state


def applied(operator: Operator, state: int) -> int:
    """Return the state after an operator; what it both deletes and adds is true, as PDDL has it."""
    return state & ~operator.deletes | operator.adds


def space_of(domain: str, problem: str) -> Space:
    """Read, ground and search a problem; empty paths mean the shipped logistics example.

    Raises:
        UsageError: a file is missing or no PDDL, the problem has more than actions, facts and types, it has no
            solution, or more than 200,000 states.
    """
    files = (domain or str(EXAMPLE / "domain.pddl"), problem or str(EXAMPLE / "problem.pddl"))
    try:
        texts = tuple(Path(file).read_text(encoding="utf-8") for file in files)
    except (OSError, UnicodeDecodeError) as reason:
        raise UsageError(f"pddl: no file {domain} or {problem} that can be read ({reason}): give both") from None
    return _space(files, texts)


@lru_cache(maxsize=8)
def _space(files: tuple[str, str], texts: tuple[str, ...]) -> Space:
    """Return the searched problem of two files, kept for as long as their texts stay the same."""
    lifted, grounded, original = _grounded(files)
    schemas = tuple(_schema(action, files[0]) for action in lifted.actions)
    true = {_words(fact) for fact, value in lifted.initial_values.items() if value.is_true()}
    operators: list[tuple[tuple[str, ...], Any]] = []
    changed: set[tuple[str, ...]] = set()
    for action in grounded.actions:
        parts = _parts(action.preconditions, action.effects, files[0])
        operators.append((original(action), parts))
        changed.update(*parts[2:])
    goals, unwanted = _literals(lifted.goals, files[1])
    facts = tuple(sorted(changed | set(goals) | set(unwanted)))
    bits = {fact: 1 << place for place, fact in enumerate(facts)}

    def mask(group: Any) -> int:
        return sum(bits[fact] for fact in set(group) if fact in bits)

    found = []
    for words, (needs, forbids, adds, deletes) in operators:
        # What never changes decides once whether an operator can ever be applied.
        is_possible = all(fact in bits or fact in true for fact in needs)
        if is_possible and not any(fact in true and fact not in bits for fact in forbids):
            found.append(Operator(words, mask(needs), mask(forbids), mask(adds), mask(deletes)))
    ordered = tuple(sorted(found, key=lambda each: each.words))
    first, goal, bad = mask(true), mask(goals), mask(unwanted)
    distances, reached = _searched(ordered, first, goal, bad, files[1])
    return Space(
        lifted.name or "problem",
        schemas,
        tuple((each.name, str(each.type).partition(" - ")[0]) for each in lifted.all_objects),
        facts,
        tuple(sorted(true - set(facts))),
        ordered,
        first,
        goal,
        bad,
        distances,
        reached,
    )


def _grounded(files: tuple[str, str]) -> tuple[Any, Any, Any]:
    """Return the problem, the grounded problem, and a function from a grounded action to its words."""
    require("unified_planning", extra="pddl", purpose="environment 'pddl'")
    from unified_planning.io import PDDLReader
    from unified_planning.plans import ActionInstance
    from unified_planning.shortcuts import CompilationKind, Compiler, get_environment

    get_environment().credits_stream = None
    try:
        lifted = PDDLReader().parse_problem(*files)
        with Compiler(problem_kind=lifted.kind, compilation_kind=CompilationKind.GROUNDING) as compiler:
            result = compiler.compile(lifted, CompilationKind.GROUNDING)
    except Exception as problem:  # noqa: BLE001 - parsers of others raise what they like
        first = str(problem).strip().partition("\n")[0][:200]
        raise UsageError(f"pddl: {files[0]} and {files[1]} can't be read: {type(problem).__name__} {first}") from None

    def words(action: Any) -> tuple[str, ...]:
        instance = result.map_back_action_instance(ActionInstance(action))
        return (instance.action.name, *(str(each) for each in instance.actual_parameters))

    return lifted, result.problem, words


def _schema(action: Any, file: str) -> Schema:
    needs, forbids, adds, deletes = _parts(action.preconditions, action.effects, file)
    parameters = tuple((f"?{each.name}", str(each.type).partition(" - ")[0]) for each in action.parameters)
    return Schema(action.name, parameters, needs, forbids, adds, deletes)


def _parts(conditions: Any, effects: Any, file: str) -> tuple[tuple[tuple[str, ...], ...], ...]:
    """Return what is needed, forbidden, added and deleted."""
    needs, forbids = _literals(conditions, file)
    for each in effects:
        if each.is_conditional() or not each.value.is_bool_constant():
            raise UsageError(f"pddl: {file} has the effect '{each}': only facts made true or false are known")
    adds = tuple(_words(each.fluent) for each in effects if each.value.is_true())
    deletes = tuple(_words(each.fluent) for each in effects if each.value.is_false())
    return needs, forbids, adds, deletes


def _literals(conditions: Any, file: str) -> tuple[tuple[tuple[str, ...], ...], tuple[tuple[str, ...], ...]]:
    """Return the facts that a conjunction wants true, and those it wants false."""
    wanted: list[tuple[str, ...]] = []
    unwanted: list[tuple[str, ...]] = []
    stack = list(reversed(list(conditions)))
    while stack:
        each = stack.pop()
        if each.is_and():
            stack += reversed(each.args)
        elif each.is_fluent_exp():
            wanted.append(_words(each))
        elif each.is_not() and each.args[0].is_fluent_exp():
            unwanted.append(_words(each.args[0]))
        elif not each.is_true():
            raise UsageError(f"pddl: {file} has the condition '{each}': only facts, not and and are known")
    return tuple(wanted), tuple(unwanted)


def _words(fact: Any) -> tuple[str, ...]:
    mark = ["?" if each.is_parameter_exp() else "" for each in fact.args]
    return (fact.fluent().name, *(m + str(each) for m, each in zip(mark, fact.args, strict=True)))


def _searched(
    operators: tuple[Operator, ...], first: int, goal: int, unwanted: int, file: str
) -> tuple[dict[int, int], frozenset[int]]:
    """Return the distances to the goal of all states reached from the first one, and those states."""
    before: dict[int, list[int]] = {first: []}
    queue = deque([first])
    while queue:
        state = queue.popleft()
        for each in operators:
            if each.needs & state == each.needs and not each.forbids & state:
                following = applied(each, state)
                if following not in before:
                    before[following] = []
                    queue.append(following)
                    if len(before) > MOST_STATES:
                        raise UsageError(f"pddl: {file} has more than {MOST_STATES} states: give a smaller problem")
                before[following].append(state)
    distances = {state: 0 for state in before if goal & state == goal and not unwanted & state}
    if not distances:
        raise UsageError(f"pddl: {file} has no solution: correct its goal or its first state")
    queue = deque(distances)
    while queue:
        state = queue.popleft()
        for earlier in before[state]:
            if earlier not in distances:
                distances[earlier] = distances[state] + 1
                queue.append(earlier)
    return distances, frozenset(before)
