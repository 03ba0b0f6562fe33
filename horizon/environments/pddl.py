"""Any planning problem in PDDL: a domain and a problem file, or the shipped logistics example.

Rules: Told from the domain file: what each action needs and makes.
Observation: The facts that are true, and those that the goal wants.
Action: The action's name and its objects, as `load parcel van depot1`.
Oracle: Exact, by a table of all states that can be reached (up to 200,000), for actions with plain facts.
Difficulty: The problem; `start=random` begins anywhere on it. A turn's difficulty is the number of actions to the
    goal.
References: McDermott et al. (1998), PDDL: the planning domain definition language; Valmeekam et al. (2023), PlanBench
    (obfuscated names), NeurIPS; the unified-planning library.
Versions: 1.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar

from horizon.core.errors import UsageError
from horizon.core.parameters import parameter
from horizon.core.seeds import generator
from horizon.domains.name_matching import heard_names
from horizon.domains.pddl import Operator, Schema, Space, applied, space_of
from horizon.domains.planning import Planning
from horizon.domains.wording_shifts import invented_words, language, read_shift

Words = tuple[str, ...]


@dataclass(frozen=True)
class Pddl(Planning[int]):
    """A problem in PDDL; a position is a number with a bit for every fact."""

    name: ClassVar[str] = "pddl"
    version: ClassVar[int] = 1
    summary: ClassVar[str] = "solve a planning problem given as PDDL files; logistics by default"

    domain: str = parameter("", "domain file; empty: logistics")
    problem: str = parameter("", "problem file; empty: logistics")
    start: str = parameter("random", "the file's own first state, or any by seed", choices=("textbook", "random"))

    def __post_init__(self) -> None:
        """Refuse half a problem; read the files."""
        super().__post_init__()
        if bool(self.domain) != bool(self.problem):
            raise UsageError("pddl: domain and problem belong together: give both, or neither for logistics")
        space_of(self.domain, self.problem)

    @property
    def files(self) -> dict[str, Path]:
        """The two files, where they are given."""
        return {"domain": Path(self.domain), "problem": Path(self.problem)} if self.domain else {}

    @cached_property
    def space(self) -> Space:
        """The searched problem."""
        return space_of(self.domain, self.problem)

    @cached_property
    def _operators(self) -> dict[str, Operator]:
        return {" ".join(each.words): each for each in self.space.operators}

    def first_position(self, seed: int) -> int:
        """Return the file's first state, or any from which the goal can be reached."""
        if self.start == "textbook":
            return self.space.first
        states = [state for state, actions in self.space.distances.items() if actions]
        return generator(seed, "pddl").choice(states)

    def moves(self, position: int) -> tuple[str, ...]:
        """Return the applicable actions."""
        return tuple([" ".join(each.words) for each in self.space.applicable(position)])

    def after(self, position: int, action: str) -> int:
        """Apply an action."""
        return applied(self._operators[action], position)

    def distance(self, position: int) -> int | None:
        """Return the number of actions left."""
        return self.space.distances.get(position)

    def instructions(self) -> str:
        """Return what each action needs and makes."""
        german = language(self.shift) == "german"
        lines = [self._told_schema(each, german) for each in self.space.schemas]
        if german:
            head = "Löse eine Planungsaufgabe mit möglichst wenigen Zügen. Fakten sind wahr oder falsch. Züge:"
        else:
            head = "Solve a planning problem in as few actions as possible. Facts are true or false. Actions:"
        kinds = ", ".join(f"{self._named(name)} ({self._named(kind)})" for name, kind in self.space.objects)
        return "\n".join([head, *lines, f"{'Dinge' if german else 'Objects'}: {kinds}."])

    def answer_example(self) -> str:
        """Return an action."""
        if read_shift(self.shift) & {"names", "notation"}:
            return "ACTION OBJECT OBJECT"
        return self._sentence(self.space.operators[0].words)

    def told(self, seed: int, position: int) -> str:
        """Return the true facts and the goal's."""
        space = self.space
        true = [fact for place, fact in enumerate(space.facts) if position >> place & 1]
        wanted = [fact for place, fact in enumerate(space.facts) if space.goal >> place & 1]
        unwanted = [fact for place, fact in enumerate(space.facts) if space.unwanted >> place & 1]
        german = language(self.shift) == "german"
        no = "nicht" if german else "not"
        goal = [*map(self._sentence, wanted), *(f"{no} {self._sentence(each)}" for each in unwanted)]
        facts = [self._sentence(each) for each in (*space.fixed, *true)]
        if "mirror" in read_shift(self.shift):
            facts.reverse()
        if german:
            return f"Wahr ist: {', '.join(facts)}.\nZiel: {', '.join(goal)}."
        return f"True facts: {', '.join(facts)}.\nGoal: {', '.join(goal)}."

    def said(self, seed: int, position: int, action: str) -> str:
        """Return the action as its words are called."""
        return self._sentence(tuple(action.split()))

    def heard(self, seed: int, position: int, text: str) -> str | None:
        """Read an action's name and its objects."""
        found = heard_names(text, self._names)
        operators = {each.name for each in self.space.schemas}
        return " ".join(found) if found and found[0] in operators else None

    def write(self, position: int) -> str:
        """Return the true facts that can change."""
        true = [" ".join(fact) for place, fact in enumerate(self.space.facts) if position >> place & 1]
        return ", ".join(true) or "nothing"

    def read(self, text: str) -> int:
        """Return the state of a text."""
        known = {" ".join(fact): 1 << place for place, fact in enumerate(self.space.facts)}
        facts = [] if text == "nothing" else text.split(", ")
        unknown = [fact for fact in facts if fact not in known]
        if unknown:
            raise UsageError(f"'{unknown[0]}' is no fact of {self.space.name} that can change")
        state = sum(known[fact] for fact in set(facts))
        if state not in self.space.reached:
            raise UsageError(f"'{text}' is no state that {self.space.name} can reach")
        return state

    @cached_property
    def _names(self) -> dict[str, str]:
        """What everything is called: obfuscated under `names`, the same in all instances, since the rules tell it."""
        space = self.space
        words = {word for fact in (*space.facts, *space.fixed) for word in fact}
        words |= {word for pair in space.objects for word in pair} | {each.name for each in space.schemas}
        words |= {kind for each in space.schemas for _, kind in each.parameters}
        ordered = sorted(words)
        if "names" in read_shift(self.shift):
            return dict(zip(ordered, invented_words(0, "pddl", len(ordered)), strict=True))
        if "notation" in read_shift(self.shift):
            return {word: f"n{place + 1}" for place, word in enumerate(ordered)}
        return {word: word for word in ordered}

    def _named(self, word: str) -> str:
        return self._names.get(word, word)

    def _sentence(self, words: Words) -> str:
        return " ".join(self._named(each) for each in words)

    def _told_schema(self, schema: Schema, german: bool) -> str:
        names = {name: f"?{place + 1}" for place, (name, _) in enumerate(schema.parameters)}
        kinds = ", ".join(f"{names[name]} {self._named(kind)}" for name, kind in schema.parameters)

        def listed(facts: tuple[Words, ...]) -> str:
            return ", ".join(" ".join(names.get(word) or self._named(word) for word in fact) for fact in facts)

        words = (
            ("braucht", "nicht", "macht wahr", "macht falsch")
            if german
            else ("needs", "not", "makes true", "makes false")
        )
        parts = [f"{words[0]} {listed(schema.needs)}"] if schema.needs else []
        parts += [f"{words[1]} {listed((each,))}" for each in schema.forbids]
        parts += [f"{words[2]} {listed(schema.adds)}"] if schema.adds else []
        parts += [f"{words[3]} {listed(schema.deletes)}"] if schema.deletes else []
        return f"- {self._named(schema.name)} {' '.join(names.values())} ({kinds}): {'; '.join(parts)}."


ENVIRONMENT = Pddl
