"""What results/causes plays: a model on a task, at a length and difficulty at which it errs in some turns.

The settings of students are those of results/students, shorter; those of SmolLM2 are of results/study, but for the
blocks world: in running_total it errs in 97 to 100 % at the easiest setting, written or scored. Gemma 3
270M has the tasks and settings of SmolLM2; a base model without a chat template, it reads the dialogue as plain text,
and its replies are the likeliest answers.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

ARMS = ("natural", "fresh", "healed", "hide:own", "hide:other", "kv:8", "kv:4", "recut:all")


@dataclass(frozen=True, slots=True)
class Cell:
    """A model on a task.

    `donor` plays the transcripts of `transplant`, with about as many errors at a turn as the model has; it may be the
    name of another cell, whose transcripts are shown then. Contrasts count turns from `first_turn`: for students of
    bookkeeping those beyond the 10 that they were taught. `scored` turns are scored, and `healed` and `hidden` errors
    are mapped.
    """

    name: str
    title: str
    model: str
    environment: str
    episodes: int
    turns: int
    probe_every: int
    conditions: tuple[str, ...] = ARMS
    donor: str = ""
    first_turn: int = 2
    scored: int = 0
    healed: int = 0
    hidden: int = 0
    more: Mapping[str, Any] = field(default_factory=dict)

    def keys(self) -> dict[str, Any]:
        """Return the scenario, without its model and conditions."""
        return {
            "environment": self.environment,
            "episodes": self.episodes,
            "turns": self.turns,
            "probe_every": self.probe_every,
            "seed": 2000,
            **self.more,
        }

    def about(self) -> dict[str, Any]:
        """Return the columns of about.csv."""
        return {
            "title": self.title, "environment": self.environment, "episodes": self.episodes, "turns": self.turns,
            "probe_every": self.probe_every, "first_turn": self.first_turn, "donor": self.donor,
        }  # fmt: skip


STUDENT = {"max_tokens": 8}
SMOLLM2 = {"dtype": "float32", "max_tokens": 16}
CELLS = (
    Cell(
        "student-chess",
        "student\nchess",
        "student",
        "chess:show=fen,later=last_move,notation=uci",
        24,
        37,
        6,
        (*ARMS, "road:own", "road:other"),
        scored=288,
        healed=40,
        hidden=24,
        more=STUDENT | {"opponents": ("stockfish:level=1",), "judge_nodes": 1000},
    ),
    Cell(
        "student-stack",
        "student\nstack machine",
        "hf:STUDENTS/stack_machine",
        "stack_machine",
        24,
        41,
        5,
        donor="synthetic:hazard=0.02,drift=0.12",
        first_turn=11,
        scored=288,
        healed=40,
        hidden=24,
        more=STUDENT,
    ),
    Cell(
        "student-total",
        "student\nrunning total",
        "hf:STUDENTS/running_total",
        "running_total",
        24,
        19,
        3,
        donor="synthetic:hazard=0.0002,drift=0.7",
        first_turn=11,
        scored=288,
        healed=40,
        hidden=24,
        more=STUDENT,
    ),
    Cell(
        "student-board",
        "student\nboard tracking",
        "hf:STUDENTS/board_tracking",
        "board_tracking",
        24,
        41,
        5,
        donor="synthetic:hazard=0.02,drift=0.12",
        first_turn=11,
        scored=288,
        healed=40,
        hidden=24,
        more=STUDENT,
    ),
    Cell(
        "smollm2-stack",
        "SmolLM2\nstack machine",
        "smollm2:engine=torch",
        "stack_machine:restate=state",
        24,
        9,
        4,
        donor="synthetic:hazard=0.6",
        scored=48,
        healed=16,
        more=SMOLLM2,
    ),
    Cell(
        "smollm2-hanoi",
        "SmolLM2\nTower of Hanoi",
        "smollm2:engine=torch",
        "hanoi:disks=3,rounds=0",
        24,
        9,
        4,
        scored=48,
        healed=16,
        more=SMOLLM2 | {"answer": "score"},
    ),
    Cell(
        "smollm2-blocks",
        "SmolLM2\nblocks world",
        "smollm2:engine=torch",
        "blocks_world:blocks=3,rounds=0",
        24,
        9,
        4,
        scored=48,
        healed=16,
        more=SMOLLM2 | {"answer": "score"},
    ),
    *(
        Cell(
            f"gemma-{name}",
            f"Gemma\n{title}",
            "gguf:GEMMA",
            environment,
            24,
            9,
            4,
            donor="smollm2-stack" if name == "stack" else "",
            scored=48,
            healed=16,
            more=SMOLLM2 | {"answer": "score"},
        )
        for name, title, environment in (
            ("stack", "stack machine", "stack_machine:restate=state"),
            ("hanoi", "Tower of Hanoi", "hanoi:disks=3,rounds=0"),
            ("blocks", "blocks world", "blocks_world:blocks=3,rounds=0"),
        )
    ),
)
SWAPPED = ("smollm2-stack", "gemma-stack")
"""Two cells whose first model answers the second one's transcripts, too; the second's donor is the first."""
DEEP = "smollm2-deep"
DEEP_KEYS: dict[str, Any] = {
    "model": "smollm2:engine=torch",
    "environment": "stack_machine:restate=state",
    "episodes": 2,
    "turns": 40,
    "seed": 2000,
    **SMOLLM2,
}
"""The run whose error at turn 40 is mapped, for what such a map costs."""
