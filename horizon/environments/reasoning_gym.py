"""Questions of reasoning-gym, one per turn and each on its own, scored by its own scorer: `reasoning_gym:NAME`.

Rules: Each turn asks one question of the data set; questions do not depend on one another.
Observation: The question, in full at every turn.
Action: The text between the last <answer> and </answer>, or behind another mark of an answer. A reply without a mark
    holds no answer, since any text may be one.
Oracle: Exact: the score that the data set gives the answer; anything below its full mark is wrong, and `loss` is 1
    less the score. Data sets whose scorer runs an answer as code are refused.
Difficulty: `level` of the data set's curriculum, if it has one. The difficulty of a turn is unknown.
References: Stojanovski et al. (2025), Reasoning Gym, arXiv:2505.24760.
Versions: 1: first.
"""

from contextlib import redirect_stdout
from dataclasses import dataclass
from functools import lru_cache
from io import StringIO
from math import isfinite
from typing import Any, ClassVar

from horizon.core.answers import answer_line
from horizon.core.environment import Mover
from horizon.core.errors import ContractError, UsageError
from horizon.core.extras import require
from horizon.core.parameters import parameter
from horizon.core.records import Answer, Scores, Verdict
from horizon.core.registry import nearest
from horizon.core.reply_text import strip_thinking
from horizon.core.seeds import derive

RUNS_ANSWERS = frozenset(
    {"binary_matrix", "countdown", "intermediate_integration", "n_queens", "polynomial_multiplication", "puzzle24"}
    | {"simple_integration", "spiral_matrix", "string_insertion"}
)
"""Data sets of version 0.1.25 whose scorers pass a model's answer to `eval` or to sympy's parser, which calls it."""
UNREPRODUCIBLE = frozenset({"isomorphic_strings", "knight_swap", "list_functions", "ransom_note", "word_ladder"})
"""Data sets of version 0.1.25 whose questions depend on the order of sets, which differs between processes."""
_START, _END = "<answer>", "</answer>"
_N_OTHERS = 3
_FULL_MARK = 1.0 - 1e-9


@dataclass(frozen=True, slots=True)
class Asked:
    """A state: the seed of the instance, and the turn from 0."""

    seed: int
    played: int


@dataclass(frozen=True)
class ReasoningGym:
    """Questions of one data set; an action is an answer, and every text is one."""

    name: ClassVar[str] = "reasoning_gym"
    version: ClassVar[int] = 1
    summary: ClassVar[str] = "answer questions of a data set of reasoning-gym, as reasoning_gym:leg_counting"
    oracle_kind: ClassVar[str] = "exact"
    has_opponent: ClassVar[bool] = False
    main_parameter: ClassVar[str] = "task"

    task: str = parameter("chain_sum", "the data set's name in reasoning-gym")
    level: int = parameter(0, "level of the data set's curriculum; 0: its defaults", low=0, high=20)

    def __post_init__(self) -> None:
        """Refuse an unknown data set, and those that can't be scored here."""
        require("reasoning_gym", extra="reasoning-gym", purpose="environment reasoning_gym")
        from reasoning_gym.factory import DATASETS, has_curriculum

        if self.task not in DATASETS:
            raise UsageError(f"reasoning_gym: unknown task '{self.task}': {nearest(self.task, DATASETS)}")
        if reason := self._refusal(has_curriculum(self.task)):
            raise UsageError(f"reasoning_gym: {reason}: choose another task")

    def _refusal(self, has_levels: bool) -> str | None:
        """Return why the data set can't be played; None if it can."""
        if self.task in RUNS_ANSWERS:
            return f"the scorer of {self.task} runs answers as code, and a model writes them"
        if self.task in UNREPRODUCIBLE:
            return f"{self.task} asks other questions in every process, whatever the seed"
        if self.task == "composite":
            return "composite mixes data sets"
        if self.level and not has_levels:
            return f"{self.task} has no levels, and level={self.level} is asked for"
        question = question_of(self.task, self.level, 1)
        if not question.answer or question.score(question.answer) < _FULL_MARK:
            return f"the scorer of {self.task} gives its own answer no full mark"
        return None

    def reset(self, seed: int) -> Asked:
        return Asked(seed, 0)

    def rules(self) -> str:
        """Return the answer format; where a question shows another one, its answer goes between the marks."""
        return (
            f"Answer the question of each turn. Write your final answer between {_START} and {_END}, and nothing else "
            "there."
        )

    def pose(self, state: Asked) -> str:
        return str(self._question(state).entry["question"])

    def observe(self, state: Asked) -> str:
        return self.pose(state)

    def parse(self, state: Asked, reply: str) -> Answer:
        """Return the text of the last marked answer."""
        text = strip_thinking(reply)
        before, is_closed, _ = text.rpartition(_END)
        _, is_open, inside = before.rpartition(_START)
        if is_closed and is_open:
            answer = inside.strip()
            return Answer(answer) if answer else Answer(None, "no_answer")
        line = answer_line(text)
        if line is None:
            return Answer(None, "no_answer")
        # Between the marks any text is meant; behind another mark signs alone are none.
        return Answer(line) if any(character.isalnum() for character in line) else Answer(None, "unparsable")

    def actions(self, state: Asked) -> tuple[str, ...]:
        """Return the true answer and those of a few other questions, sorted."""
        return self._question(state).plausible

    def render(self, state: Asked, action: str) -> str:
        return f"{_START}{action}{_END}"

    def judge(self, state: Asked, action: str | None, scores: Scores | None = None) -> Verdict:
        """Return the data set's own score of the answer."""
        question = self._question(state)
        if action is None:
            return Verdict("no_answer", None, None, question.answer)
        score = question.score(action)
        return Verdict("none" if score >= _FULL_MARK else "wrong", 1 - score, None, question.answer, {"score": score})

    def oracle(self, state: Asked, scores: Scores | None = None) -> str | None:
        return self._question(state).answer

    def step(self, state: Asked, action: str) -> Asked:
        """Ask the next question, whatever the answer.

        Raises:
            ContractError: the answer is empty.
        """
        if not self.is_playable(state, action):
            raise ContractError(f"{self.name}: '{action}' is not an answer: give a non-empty text")
        return Asked(state.seed, state.played + 1)

    def is_playable(self, state: Asked, action: str) -> bool:
        """Return whether the answer is not empty: wrong answers are playable, too."""
        return bool(action)

    def mover(self, state: Asked) -> Mover:
        return "model"

    def done(self, state: Asked) -> str | None:
        """Return None: only the turn limit ends an episode."""
        return None

    def difficulty(self, state: Asked) -> float | None:
        """Return None: data sets have no measure of how hard a question is."""
        return None

    def engine_position(self, state: Asked) -> str | None:
        return None

    def dump(self, state: Asked) -> str:
        """Write the seed and the number of questions played."""
        return f"{state.seed} | {state.played}"

    def load(self, text: str) -> Asked:
        """Return the state of a line that `dump` wrote.

        Raises:
            UsageError: the line is malformed.
        """
        parts = text.split(" | ")
        if len(parts) != 2 or not all(part.isdecimal() for part in parts):
            raise UsageError(f"'{text}' is no {self.name} state: write it as seed | turn")
        return Asked(int(parts[0]), int(parts[1]))

    def _question(self, state: Asked) -> "Question":
        return question_of(self.task, self.level, derive(state.seed, "question", state.played) % 2**32)


@dataclass(frozen=True, slots=True)
class Question:
    """One item of a data set with what scores it. `answer` is the data set's own; `seed` made both."""

    dataset: Any
    entry: Any
    task: str
    level: int
    seed: int

    @property
    def answer(self) -> str:
        """The data set's own answer."""
        return str(self.entry["answer"]).strip()

    @property
    def plausible(self) -> tuple[str, ...]:
        """The answer and those of a few other questions, sorted."""
        others = (derive(self.seed, "elsewhere", number) % 2**32 for number in range(_N_OTHERS))
        return tuple(
            sorted({self.answer, *(question_of(self.task, self.level, seed).answer for seed in others)} - {""})
        )

    def score(self, answer: str) -> float:
        """Return the data set's score of an answer, in 0..1; what its scorer can't read gets 0."""
        try:
            score = float(self.dataset.score_answer(answer, self.entry))
        except Exception:  # noqa: BLE001 - a hundred scorers, some of which raise at what they can't parse
            return 0.0
        return min(1.0, max(0.0, score)) if isfinite(score) else 0.0


@lru_cache(maxsize=4096)
def question_of(task: str, level: int, seed: int) -> Question:
    """Return the question of a data set that belongs to a seed; questions are made one by one."""
    from reasoning_gym.factory import create_curriculum, create_dataset

    settings: dict[str, Any] = {"seed": seed, "size": 1}
    if level:
        curriculum = create_curriculum(task)
        curriculum.set_global_level(level)
        configured = curriculum.generate_configuration(settings)
        settings = {name: getattr(configured, name) for name in configured.__dataclass_fields__}
    # One of them prints while it makes a question.
    with redirect_stdout(StringIO()):
        dataset = create_dataset(task, **settings)
        return Question(dataset, dataset[0], task, level, seed)


ENVIRONMENT = ReasoningGym
