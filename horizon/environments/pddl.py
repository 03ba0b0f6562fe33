"""Any planning problem in PDDL: a domain and a problem file, or the shipped logistics example.

Rules: The preconditions and effects of each action, from the domain file.
Observation: The true facts, and those of the goal.
Action: The name of the action and its objects, as `load parcel van depot1`.
Oracle: Exact, by a table of all reachable states (up to 200,000), for actions with plain facts.
Difficulty: The problem; `start=random` starts in any of its states. The difficulty of a turn is the number of actions
    to the goal.
References: McDermott et al. (1998), PDDL: the planning domain definition language; Valmeekam et al. (2023), PlanBench
    (obfuscated names), NeurIPS; the unified-planning library.
Versions: 2: one reader of replies for all environments. 1: first.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar

from horizon.core.errors import UsageError
from horizon.core.parameters import parameter
from horizon.core.seeds import generator
from horizon.domains.name_matching import parse_names
from horizon.domains.pddl import Operator, Schema, Space, apply_operator, space_of
from horizon.domains.planning import Planning
from horizon.domains.wording_shifts import invent_words, language, read_shift

Words = tuple[str, ...]


@dataclass(frozen=True)
class Pddl(Planning[int]):
    """A problem in PDDL; a position is an integer with one bit per fact."""

    name: ClassVar[str] = "pddl"
    version: ClassVar[int] = 3
    summary: ClassVar[str] = "solve a planning problem given as PDDL files; logistics by default"

    domain: str = parameter("", "domain file; empty: logistics")
    problem: str = parameter("", "problem file; empty: logistics")
    start: str = parameter(
        "random", "textbook: the first state of the file; random: any state by seed", choices=("textbook", "random")
    )

    def __post_init__(self) -> None:
        """Refuse one file without the other, and problems without a turn; read the files."""
        super().__post_init__()
        if bool(self.domain) != bool(self.problem):
            raise UsageError("pddl: domain and problem belong together: give both, or neither for logistics")
        space = space_of(self.domain, self.problem)
        if not any(space.distances.values()):
            raise UsageError(
                f"pddl: {space.name} is solved in every state that it can reach: there is no turn to play; correct "
                "its goal, its first state or its actions"
            )
        if self.start == "textbook" and space.is_goal(space.first):
            raise UsageError(
                f"pddl: {space.name} is solved at its first state: correct its goal, or give start=random to start "
                "from another state"
            )

    @property
    def files(self) -> dict[str, Path]:
        """The two files, if they are given."""
        return {"domain": Path(self.domain), "problem": Path(self.problem)} if self.domain else {}

    @cached_property
    def space(self) -> Space:
        return space_of(self.domain, self.problem)

    @cached_property
    def _operators(self) -> dict[str, Operator]:
        return {" ".join(operator.words): operator for operator in self.space.operators}

    def first_position(self, seed: int) -> int:
        """Return the first state of the file, or any from which the goal can be reached."""
        if self.start == "textbook":
            return self.space.first
        states = [state for state, actions in self.space.distances.items() if actions]
        return generator(seed, "pddl").choice(states)

    def moves(self, position: int) -> tuple[str, ...]:
        return tuple([" ".join(operator.words) for operator in self.space.applicable(position)])

    def after(self, position: int, action: str) -> int:
        return apply_operator(self._operators[action], position)

    def distance(self, position: int) -> int | None:
        """Return the number of actions to the goal."""
        return self.space.distances.get(position)

    def instructions(self) -> str:
        lines = "\n".join(self._describe_schema(schema) for schema in self.space.schemas)
        kinds = ", ".join(f"{self._rename(name)} ({self._rename(kind)})" for name, kind in self.space.objects)
        return self._choose_text(
            v1="Solve a planning problem in as few actions as possible. Facts are true or false. Actions:\n"
            f"{lines}\nObjects: {kinds}.",
            v2="You are solving a planning problem. Facts are true or false, and each move is an action that changes "
            "some of them. You can carry out an action only if its needs are met. Your task is to reach the facts of "
            "the goal in as few moves as possible. These are the actions, where ?1, ?2 and so on stand for objects of "
            f"the types in brackets:\n{lines}\nThese are the objects, with their types in brackets: "
            f"{kinds}.\nWrite a move as the name of the action and then its objects, in the order of ?1, ?2 and so "
            "on.",
            german="Löse eine Planungsaufgabe mit möglichst wenigen Zügen. Fakten sind wahr oder falsch. Züge:\n"
            f"{lines}\nDinge: {kinds}.",
        )

    def answer_example(self) -> str:
        if self._is_renamed:
            return "ACTION OBJECT OBJECT"
        return self._sentence(self.space.operators[0].words)

    def describe(self, seed: int, position: int) -> str:
        space = self.space
        true = [fact for place, fact in enumerate(space.facts) if position >> place & 1]
        wanted = [fact for place, fact in enumerate(space.facts) if space.goal >> place & 1]
        unwanted = [fact for place, fact in enumerate(space.facts) if space.unwanted >> place & 1]
        german = language(self.shift) == "german"
        no = "nicht" if german else "not"
        goal = [*map(self._sentence, wanted), *(f"{no} {self._sentence(fact)}" for fact in unwanted)]
        facts = [self._sentence(fact) for fact in (*space.fixed, *true)]
        if "mirror" in read_shift(self.shift):
            facts.reverse()
        true_facts, goal_facts = ", ".join(facts), ", ".join(goal)
        return self._choose_text(
            v1=f"True facts: {true_facts}.\nGoal: {goal_facts}.",
            v2=f"These facts are true: {true_facts}.\nThe facts of the goal are: {goal_facts}.",
            german=f"Wahr ist: {true_facts}.\nZiel: {goal_facts}.",
        )

    def format_action(self, seed: int, position: int, action: str) -> str:
        return self._sentence(tuple(action.split()))

    def parse_action(self, seed: int, position: int, text: str) -> str | None:
        words = parse_names(text, self._names)
        operators = {schema.name for schema in self.space.schemas}
        return " ".join(words) if words and words[0] in operators else None

    def write(self, position: int) -> str:
        true = [" ".join(fact) for place, fact in enumerate(self.space.facts) if position >> place & 1]
        return ", ".join(true) or "nothing"

    def read(self, text: str) -> int:
        known = {" ".join(fact): 1 << place for place, fact in enumerate(self.space.facts)}
        facts = [] if text == "nothing" else text.split(", ")
        unknown = [fact for fact in facts if fact not in known]
        if unknown:
            raise UsageError(
                f"'{unknown[0]}' is not a fact of {self.space.name} that can change: write facts as at van depot1"
            )
        state = sum(known[fact] for fact in set(facts))
        if state not in self.space.reached:
            raise UsageError(f"'{text}' is not a reachable state of {self.space.name}: give one")
        return state

    @cached_property
    def _names(self) -> dict[str, str]:
        """The shown name of every word: obfuscated under `names`, equal in all instances, since the rules use it."""
        space = self.space
        words = {word for fact in (*space.facts, *space.fixed) for word in fact}
        words |= {word for pair in space.objects for word in pair} | {schema.name for schema in space.schemas}
        words |= {kind for schema in space.schemas for _, kind in schema.parameters}
        ordered = sorted(words)
        if "names" in read_shift(self.shift):
            return dict(zip(ordered, invent_words(0, "pddl", len(ordered)), strict=True))
        if "notation" in read_shift(self.shift):
            return {word: f"n{place + 1}" for place, word in enumerate(ordered)}
        return {word: word for word in ordered}

    def _rename(self, word: str) -> str:
        return self._names.get(word, word)

    def _sentence(self, words: Words) -> str:
        return " ".join(self._rename(word) for word in words)

    def _describe_schema(self, schema: Schema) -> str:
        names = {name: f"?{place + 1}" for place, (name, _) in enumerate(schema.parameters)}
        kinds = ", ".join(f"{names[name]} {self._rename(kind)}" for name, kind in schema.parameters)

        def list_facts(facts: tuple[Words, ...]) -> str:
            return ", ".join(" ".join(names.get(word) or self._rename(word) for word in fact) for fact in facts)

        needs = self._choose_text(v1="needs", v2="needs to be true:", german="braucht")
        no = self._choose_text(v1="not", v2="needs to be false:", german="nicht")
        adds = self._choose_text(v1="makes true", v2="makes true:", german="macht wahr")
        deletes = self._choose_text(v1="makes false", v2="makes false:", german="macht falsch")
        parts = [f"{needs} {list_facts(schema.needs)}"] if schema.needs else []
        parts += [f"{no} {list_facts((fact,))}" for fact in schema.forbids]
        parts += [f"{adds} {list_facts(schema.adds)}"] if schema.adds else []
        parts += [f"{deletes} {list_facts(schema.deletes)}"] if schema.deletes else []
        return f"- {self._rename(schema.name)} {' '.join(names.values())} ({kinds}): {'; '.join(parts)}."


ENVIRONMENT = Pddl
