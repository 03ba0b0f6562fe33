"""A planning problem in PDDL as a graph of states: parsed and grounded by unified-planning, searched exhaustively.

Reads the two files; knows no environment. States are integers with one bit per fact.
"""

import codecs
from collections import deque
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from horizon.core.errors import UsageError
from horizon.core.extras import require
from horizon.core.paths import shipped_folder

MOST_STATES = 200_000
MOST_BYTES = 1 << 22
_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
EXAMPLE = shipped_folder("scenarios") / "logistics"


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
    """An action of the domain: its preconditions and effects as words, with parameters such as `?truck`."""

    name: str
    parameters: tuple[tuple[str, str], ...]
    needs: tuple[tuple[str, ...], ...]
    forbids: tuple[tuple[str, ...], ...]
    adds: tuple[tuple[str, ...], ...]
    deletes: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Space:
    """The whole problem. `facts` gives the words of each bit; the facts of `fixed` are always true; `distances` gives
    the least number of actions to the goal for every state from which it can be reached.
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
        """Return the applicable operators, in a fixed order."""
        return [
            operator
            for operator in self.operators
            if operator.needs & state == operator.needs and not operator.forbids & state
        ]

    def is_goal(self, state: int) -> bool:
        """Return whether a state satisfies the goal."""
        return self.goal & state == self.goal and not self.unwanted & state


def apply_operator(operator: Operator, state: int) -> int:
    """Return the state after an operator; a fact that it both deletes and adds is true, as in PDDL."""
    return state & ~operator.deletes | operator.adds


def space_of(domain: str, problem: str) -> Space:
    """Parse, ground and search a problem; empty paths mean the shipped logistics example.

    Raises:
        UsageError: a file is missing or not PDDL, the problem uses more than actions, facts and types, it has no
            solution, or more than 200,000 states.
    """
    files = (domain or str(EXAMPLE / "domain.pddl"), problem or str(EXAMPLE / "problem.pddl"))
    return _space(files, (_read(files[0]), _read(files[1])))


def _read(file: str) -> str:
    """Return the text of a file in UTF-8, in UTF-16 by its mark, or else in Latin-1, which only comments need."""
    try:
        if Path(file).exists() and not Path(file).is_file():
            raise UsageError(f"pddl: {file} is no file: give two existing files")
        data = Path(file).read_bytes()
    except OSError as problem:
        raise UsageError(f"pddl: {file} can't be read ({problem.strerror}): give two existing files") from None
    if len(data) > MOST_BYTES:
        raise UsageError(f"pddl: {file} has {len(data)} bytes, more than {MOST_BYTES}: give a smaller problem")
    for encoding in ("utf-16",) if data.startswith(_UTF16_MARKS) else ("utf-8-sig", "latin-1"):
        try:
            return data.decode(encoding).replace("\r\n", "\n").replace("\r", "\n")
        except UnicodeDecodeError:
            continue
    raise UsageError(f"pddl: {file} is damaged UTF-16: save it as UTF-8")


@lru_cache(maxsize=8)
def _space(files: tuple[str, str], texts: tuple[str, str]) -> Space:
    """Return the searched problem of two files; cached by their texts."""
    lifted, grounded, original = _ground(files, texts)
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

    possible = []
    for words, (needs, forbids, adds, deletes) in operators:
        # Facts that never change decide whether an operator can ever be applied.
        is_possible = all(fact in bits or fact in true for fact in needs)
        if is_possible and not any(fact in true and fact not in bits for fact in forbids):
            possible.append(Operator(words, mask(needs), mask(forbids), mask(adds), mask(deletes)))
    ordered = tuple(sorted(possible, key=lambda operator: operator.words))
    first, goal, bad = mask(true), mask(goals), mask(unwanted)
    distances, reached = _search(ordered, first, goal, bad, files[1])
    return Space(
        lifted.name or "problem",
        schemas,
        tuple((item.name, str(item.type).partition(" - ")[0]) for item in lifted.all_objects),
        facts,
        tuple(sorted(true - set(facts))),
        ordered,
        first,
        goal,
        bad,
        distances,
        reached,
    )


def _ground(files: tuple[str, str], texts: tuple[str, str]) -> tuple[Any, Any, Any]:
    """Return the problem, the grounded problem, and a function from a grounded action to its words."""
    require("unified_planning", extra="pddl", purpose="environment 'pddl'")
    from unified_planning.io import PDDLReader
    from unified_planning.plans import ActionInstance
    from unified_planning.shortcuts import CompilationKind, Compiler, get_environment

    get_environment().credits_stream = None
    try:
        lifted = PDDLReader().parse_problem_string(*texts)
        with Compiler(problem_kind=lifted.kind, compilation_kind=CompilationKind.GROUNDING) as compiler:
            result = compiler.compile(lifted, CompilationKind.GROUNDING)
    except Exception as problem:  # noqa: BLE001 - the library raises errors of any type
        first = str(problem).strip().partition("\n")[0][:200]
        raise UsageError(f"pddl: {files[0]} and {files[1]} can't be read: {type(problem).__name__} {first}") from None

    def words(action: Any) -> tuple[str, ...]:
        instance = result.map_back_action_instance(ActionInstance(action))
        return (instance.action.name, *(str(parameter) for parameter in instance.actual_parameters))

    return lifted, result.problem, words


def _schema(action: Any, file: str) -> Schema:
    needs, forbids, adds, deletes = _parts(action.preconditions, action.effects, file)
    parameters = tuple(
        (f"?{parameter.name}", str(parameter.type).partition(" - ")[0]) for parameter in action.parameters
    )
    return Schema(action.name, parameters, needs, forbids, adds, deletes)


def _parts(conditions: Any, effects: Any, file: str) -> tuple[tuple[tuple[str, ...], ...], ...]:
    """Return the facts that are needed, forbidden, added and deleted."""
    needs, forbids = _literals(conditions, file)
    for effect in effects:
        if effect.is_conditional() or not effect.value.is_bool_constant():
            raise UsageError(
                f"pddl: {file} has the effect '{effect}': only facts that become true or false are supported"
            )
    adds = tuple(_words(effect.fluent) for effect in effects if effect.value.is_true())
    deletes = tuple(_words(effect.fluent) for effect in effects if effect.value.is_false())
    return needs, forbids, adds, deletes


def _literals(conditions: Any, file: str) -> tuple[tuple[tuple[str, ...], ...], tuple[tuple[str, ...], ...]]:
    """Return the facts that a conjunction requires to be true, and those to be false."""
    wanted: list[tuple[str, ...]] = []
    unwanted: list[tuple[str, ...]] = []
    stack = list(reversed(list(conditions)))
    while stack:
        condition = stack.pop()
        if condition.is_and():
            stack += reversed(condition.args)
        elif condition.is_fluent_exp():
            wanted.append(_words(condition))
        elif condition.is_not() and condition.args[0].is_fluent_exp():
            unwanted.append(_words(condition.args[0]))
        elif not condition.is_true():
            raise UsageError(f"pddl: {file} has the condition '{condition}': only facts, not and and are supported")
    return tuple(wanted), tuple(unwanted)


def _words(fact: Any) -> tuple[str, ...]:
    mark = ["?" if argument.is_parameter_exp() else "" for argument in fact.args]
    return (fact.fluent().name, *(m + str(argument) for m, argument in zip(mark, fact.args, strict=True)))


def _search(
    operators: tuple[Operator, ...], first: int, goal: int, unwanted: int, file: str
) -> tuple[dict[int, int], frozenset[int]]:
    """Return the distances to the goal, and the set of all states reachable from the first one."""
    before: dict[int, list[int]] = {first: []}
    queue = deque([first])
    while queue:
        state = queue.popleft()
        for operator in operators:
            if operator.needs & state == operator.needs and not operator.forbids & state:
                following = apply_operator(operator, state)
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
