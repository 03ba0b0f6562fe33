"""Stack and variable machine: carry out one instruction after the other, tell one value a turn.

Rules: A machine has variables and a stack. `push 5` and `push a` put a number or a variable's value on the stack,
    `pop a` takes the top into a variable, `a = 5` sets it, `swap a b` exchanges two.
Observation: All values at the start; then this turn's instructions (see `restate`).
Action: The value of the variable, or of the top of the stack, that is asked for after the instructions.
Oracle: Exact execution. A wrong answer changes nothing.
Difficulty: `instructions_a_turn`, `variables` and `depth`; constant over turns.
References: Weston et al. (2015), Towards AI-complete question answering, arXiv 1502.05698; Zaremba & Sutskever (2014),
    Learning to execute, arXiv 1410.4615.
Versions: 1.
"""

from dataclasses import dataclass
from typing import ClassVar

from horizon.core.errors import UsageError
from horizon.core.parameters import parameter
from horizon.domains.bookkeeping import Questions
from horizon.domains.name_matching import heard_integer
from horizon.domains.wording_shifts import language, read_shift, shown_names

VARIABLES = ("a", "b", "c", "d", "e", "f", "g", "h")
TOP = "top"


@dataclass(frozen=True, slots=True)
class Machine:
    """The variables' values in order, and the stack from bottom to top."""

    values: tuple[int, ...]
    stack: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Program:
    """The instructions of a turn as words, and the index of the variable asked for, or -1 for the stack's top."""

    lines: tuple[tuple[str | int, ...], ...]
    asked: int


@dataclass(frozen=True)
class StackMachine(Questions[Machine, Program]):
    """A stack and variables."""

    name: ClassVar[str] = "stack_machine"
    version: ClassVar[int] = 1
    summary: ClassVar[str] = "carry out push, pop, assign and swap, tell a value"

    variables: int = parameter(2, "how many variables", low=2, high=len(VARIABLES))
    depth: int = parameter(4, "highest stack", low=1, high=100)
    lines: int = parameter(1, "instructions a turn", low=1, high=20)
    largest: int = parameter(9, "largest number", low=1, high=10_000)

    def start(self, seed: int) -> Machine:
        """Return variables with numbers and an empty stack."""
        return Machine(tuple(self.draw(seed, 0, "start", n) % (self.largest + 1) for n in range(self.variables)), ())

    def event(self, seed: int, played: int, world: Machine) -> Program:
        """Return this turn's instructions; the stack never runs over or dry."""
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
        """Carry the instructions out."""
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
        """Return the value asked for."""
        return str(world.stack[-1] if event.asked < 0 else world.values[event.asked])

    def answers(self, world: Machine, event: Program) -> tuple[str, ...]:
        """Return every value that the machine holds before or after, and one more than the true one."""
        after = self.after(world, event)
        true = self.truth(after, event)
        held = (*after.values, *after.stack[-3:], *world.values, *world.stack[-3:], int(true) + 1)
        return tuple(dict.fromkeys((true, *(str(each) for each in held))))

    def instructions(self) -> str:
        """Return the rules."""
        if language(self.shift) == "german":
            return (
                "Eine Maschine hat Variablen und einen Stapel. 'push 5' legt eine Zahl auf den Stapel, 'push X' den "
                "Wert der Variablen X. 'pop X' nimmt die oberste Zahl vom Stapel und setzt X darauf. "
                "'X = 5' setzt X. 'swap X Y' vertauscht zwei Werte. "
                "Führe die Anweisungen aus und nenne den Wert, nach dem gefragt wird."
            )
        return (
            "A machine has variables and a stack. 'push 5' puts a number on the stack, 'push X' the value of variable "
            "X. 'pop X' takes the top number off the stack and stores it in X. 'X = 5' sets X. 'swap X Y' exchanges "
            "two values. Carry out the instructions and tell the value that is asked for."
        )

    def answer_example(self) -> str:
        """Return a number."""
        return "7"

    def told(self, seed: int, world: Machine) -> str:
        """Return all values."""
        names = self._names(seed)
        listed = [f"{names[VARIABLES[n]]} = {world.values[n]}" for n in self._order()]
        is_mirrored = "mirror" in read_shift(self.shift)
        stack = [str(each) for each in (reversed(world.stack) if is_mirrored else world.stack)]
        if language(self.shift) == "german":
            way = "von oben nach unten" if is_mirrored else "von unten nach oben"
            return f"Variablen: {', '.join(listed)}. Stapel {way}: {' '.join(stack) or 'leer'}."
        way = "from top to bottom" if is_mirrored else "from bottom to top"
        return f"Variables: {', '.join(listed)}. Stack {way}: {' '.join(stack) or 'empty'}."

    def announced(self, seed: int, event: Program) -> str:
        """Return the instructions, in the machine's language."""
        names = self._names(seed)
        told = []
        for word, *rest in event.lines:
            spoken = [names.get(str(each), str(each)) for each in rest]
            told.append(f"{spoken[0]} = {spoken[1]}" if word == "set" else " ".join((str(word), *spoken)))
        return f"{'Anweisung' if language(self.shift) == 'german' else 'Instruction'}: {', '.join(told)}."

    def asked(self, seed: int, event: Program) -> str:
        """Return the question."""
        german = language(self.shift) == "german"
        if event.asked < 0:
            return "Welche Zahl liegt jetzt oben auf dem Stapel?" if german else "What is on top of the stack now?"
        name = self._names(seed)[VARIABLES[event.asked]]
        return f"Welchen Wert hat {name} jetzt?" if german else f"What is the value of {name} now?"

    def said(self, seed: int, answer: str) -> str:
        """Return the number."""
        return answer

    def heard(self, seed: int, world: Machine, event: Program, text: str) -> str | None:
        """Read one whole number."""
        return heard_integer(text)

    def write(self, world: Machine) -> str:
        """Return `values / stack`."""
        return f"{' '.join(map(str, world.values))} / {' '.join(map(str, world.stack))}"

    def read(self, text: str) -> Machine:
        """Return the machine of a text."""
        values, slash, stack = text.partition(" /")
        try:
            found = Machine(tuple(map(int, values.split())), tuple(map(int, stack.split())))
        except ValueError:
            found = Machine((), ())
        if not slash or len(found.values) != self.variables or len(found.stack) > self.depth:
            raise UsageError(f"'{text}' is no machine of {self.variables} variables: write it as 1 2 / 3 4")
        return found

    def _names(self, seed: int) -> dict[str, str]:
        return shown_names(self.shift, seed, "variable", VARIABLES[: self.variables])

    def _order(self) -> range:
        n = self.variables
        return range(n - 1, -1, -1) if "mirror" in read_shift(self.shift) else range(n)


ENVIRONMENT = StackMachine
