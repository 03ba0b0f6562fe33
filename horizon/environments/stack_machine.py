"""Stack and variable machine: execute instructions; every turn asks for one value.

Rules: A machine has variables and a stack. `push 5` and `push a` put a number or a variable's value on the stack,
    `pop a` moves the top into a variable, `a = 5` sets it, `swap a b` exchanges two.
Observation: All values at the start; then this turn's instructions (see `restate`).
Action: The value, after the instructions, of the variable or the top of the stack that is asked for.
Oracle: Exact execution. A wrong answer changes nothing.
Difficulty: `lines` (instructions per turn), `variables` and `depth`; constant over turns.
References: Weston et al. (2015), Towards AI-complete question answering, arXiv 1502.05698; Zaremba & Sutskever (2014),
    Learning to execute, arXiv 1410.4615.
Versions: 2: one reader of replies for all environments. 1: first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from horizon.core.errors import UsageError
from horizon.core.parameters import Value, parameter
from horizon.domains.bookkeeping import Questions
from horizon.domains.name_matching import parse_integer
from horizon.domains.wording_shifts import display_names, language, read_shift

VARIABLES = ("a", "b", "c", "d", "e", "f", "g", "h")


@dataclass(frozen=True, slots=True)
class Machine:
    """The variables' values in order, and the stack from bottom to top."""

    values: tuple[int, ...]
    stack: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Program:
    """The instructions of a turn as words, and the index of the variable asked for, or -1 for the top of the stack."""

    lines: tuple[tuple[str | int, ...], ...]
    asked: int


@dataclass(frozen=True)
class StackMachine(Questions[Machine, Program]):
    """A machine with a stack and variables; the world is its memory."""

    name: ClassVar[str] = "stack_machine"
    version: ClassVar[int] = 3
    summary: ClassVar[str] = "execute push, pop, assign and swap instructions"
    knobs: ClassVar[Mapping[str, Sequence[Value]]] = {"lines": (1, 2, 3, 4, 6, 8, 12, 16, 20), "variables": (2, 3, 4)}

    variables: int = parameter(2, "number of variables", low=2, high=len(VARIABLES))
    depth: int = parameter(4, "largest height of the stack", low=1, high=100)
    lines: int = parameter(1, "instructions per turn", low=1, high=20)
    largest: int = parameter(9, "largest number", low=1, high=10_000)

    def start(self, seed: int) -> Machine:
        """Return seeded variables and an empty stack."""
        return Machine(tuple(self.draw(seed, 0, "start", n) % (self.largest + 1) for n in range(self.variables)), ())

    def event(self, seed: int, played: int, world: Machine) -> Program:
        """Return this turn's instructions; the stack never overflows or underflows."""
        number = self.draw(seed, played)
        lines: list[tuple[str | int, ...]] = []
        height, n = len(world.stack), self.variables
        for place in range(self.lines):
            if number < 1 << 24:
                number = self.draw(seed, played, place)
            number, kind = divmod(number, 5)
            number, one = divmod(number, n)
            number, other = divmod(number, n - 1)
            number, value = divmod(number, self.largest + 1)
            if (kind < 2 and height >= self.depth) or (kind == 2 and not height):
                kind = 3
            if kind == 0:
                lines.append(("push", value))
            elif kind == 1:
                lines.append(("push", VARIABLES[one]))
            elif kind == 2:
                lines.append(("pop", VARIABLES[one]))
            elif kind == 3:
                lines.append(("set", VARIABLES[one], value))
            else:
                lines.append(("swap", VARIABLES[one], VARIABLES[other + (other >= one)]))
            height += (kind < 2) - (kind == 2)
        asked = number % (n + (height > 0))
        return Program(tuple(lines), asked if asked < n else -1)

    def after(self, world: Machine, event: Program) -> Machine:
        values, stack = list(world.values), list(world.stack)
        for word, *rest in event.lines:
            first = VARIABLES.index(str(rest[0])) if isinstance(rest[0], str) else -1
            if word == "push":
                stack.append(values[first] if first >= 0 else int(rest[0]))
            elif word == "pop":
                values[first] = stack.pop()
            elif word == "set":
                values[first] = int(rest[1])
            else:
                second = VARIABLES.index(str(rest[1]))
                values[first], values[second] = values[second], values[first]
        return Machine(tuple(values), tuple(stack))

    def truth(self, world: Machine, event: Program) -> str:
        return str(world.stack[-1] if event.asked < 0 else world.values[event.asked])

    def answers(self, world: Machine, event: Program) -> tuple[str, ...]:
        """Return the values in the machine before and after, and the true one plus 1."""
        after = self.after(world, event)
        true = self.truth(after, event)
        held = (*after.values, *after.stack[-3:], *world.values, *world.stack[-3:], int(true) + 1)
        return tuple(dict.fromkeys((true, *(str(number) for number in held))))

    def instructions(self) -> str:
        return self._choose_text(
            v1="A machine has variables and a stack. 'push 5' puts a number on the stack, 'push X' the value of "
            "variable X. 'pop X' takes the top number off the stack and stores it in X. 'X = 5' sets X. "
            "'swap X Y' exchanges two values. Carry out the instructions and tell the value that is asked for.",
            v2="You are running a program on a machine that has variables and a stack. 'push 5' puts the number 5 on "
            "top of the stack, and 'push X' puts the value of variable X there. 'pop X' removes the top number from "
            "the stack and stores it in X. 'X = 5' sets X to 5. 'swap X Y' exchanges the values of X and Y. Carry out "
            "the instructions in order, and answer each question with one number.",
            german="Eine Maschine hat Variablen und einen Stapel. 'push 5' legt eine Zahl auf den Stapel, 'push X' "
            "den Wert der Variablen X. 'pop X' nimmt die oberste Zahl vom Stapel und setzt X darauf. "
            "'X = 5' setzt X. 'swap X Y' vertauscht zwei Werte. "
            "Führe die Anweisungen aus und nenne den Wert, nach dem gefragt wird.",
        )

    def answer_example(self) -> str:
        return "7"

    def describe(self, seed: int, world: Machine) -> str:
        names = self._names(seed)
        listed = [f"{names[VARIABLES[n]]} = {world.values[n]}" for n in self._order()]
        is_mirrored = "mirror" in read_shift(self.shift)
        stack = [str(number) for number in (reversed(world.stack) if is_mirrored else world.stack)]
        if language(self.shift) == "german":
            way = "von oben nach unten" if is_mirrored else "von unten nach oben"
            return f"Variablen: {', '.join(listed)}. Stapel {way}: {' '.join(stack) or 'leer'}."
        way = "from top to bottom" if is_mirrored else "from bottom to top"
        return f"Variables: {', '.join(listed)}. Stack {way}: {' '.join(stack) or 'empty'}."

    def describe_event(self, seed: int, event: Program) -> str:
        names = self._names(seed)
        texts = []
        for word, *rest in event.lines:
            words = [names.get(str(operand), str(operand)) for operand in rest]
            texts.append(f"{words[0]} = {words[1]}" if word == "set" else " ".join((str(word), *words)))
        return f"{'Anweisung' if language(self.shift) == 'german' else 'Instruction'}: {', '.join(texts)}."

    def describe_question(self, seed: int, event: Program) -> str:
        german = language(self.shift) == "german"
        if event.asked < 0:
            return "Welche Zahl liegt jetzt oben auf dem Stapel?" if german else "What is on top of the stack now?"
        name = self._names(seed)[VARIABLES[event.asked]]
        return f"Welchen Wert hat {name} jetzt?" if german else f"What is the value of {name} now?"

    def format_answer(self, seed: int, answer: str) -> str:
        return answer

    def parse_answer(self, seed: int, world: Machine, event: Program, text: str) -> str | None:
        return parse_integer(text)

    def write(self, world: Machine) -> str:
        return f"{' '.join(map(str, world.values))} / {' '.join(map(str, world.stack))}"

    def read(self, text: str) -> Machine:
        values, slash, stack = text.partition(" /")
        try:
            machine = Machine(tuple(map(int, values.split())), tuple(map(int, stack.split())))
        except ValueError:
            machine = Machine((), ())
        if not slash or len(machine.values) != self.variables or len(machine.stack) > self.depth:
            raise UsageError(f"'{text}' is not a machine of {self.variables} variables: write it as 1 2 / 3 4")
        return machine

    def _names(self, seed: int) -> dict[str, str]:
        return display_names(self.shift, seed, "variable", VARIABLES[: self.variables])

    def _order(self) -> range:
        n = self.variables
        return range(n - 1, -1, -1) if "mirror" in read_shift(self.shift) else range(n)


ENVIRONMENT = StackMachine
