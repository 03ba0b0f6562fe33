"""Lessons of other tasks: dialogues of few turns whose every reply is the environment's exact oracle's.

A dialogue may start at any state, posed as a fresh one, and is then continued from its history. Knows environments by
their contract and the tokenizer; no network.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from horizon.core.environment import open_environment
from horizon.core.errors import UsageError
from horizon.core.seeds import derive, generator
from horizon.distil.batches import ASKED_ID, END_ID, REPLY_ID, AimTable, Batch, Dialogue, pad

_CURRICULUM = 0.6
LATEST_START = 60
"""A dialogue starts at turn 1 in half of the cases, otherwise at a turn up to this one."""


def write_dialogues(environment: str, seed: int, numbers: Iterable[int], turns: int) -> list[str]:
    """Return dialogues as texts: `<asked>` before each message, `<reply>` before each reply, without the rules.

    Raises:
        UsageError: no such environment, or one without an exact oracle.
    """
    task = _taught(environment)
    return [
        "".join(f"<asked>{asked}<reply>{reply}" for asked, reply, _, _ in _dialogue(task, seed, number, turns))
        for number in numbers
    ]


def check_spelling(environment: str, seed: int, numbers: Iterable[int], turns: int, tokenizer: Tokenizer) -> None:
    """Check that the oracle's replies, spelled by a student's tokens, are still its actions to the environment.

    Raises:
        UsageError: a reply is not, so that no student could ever give it.
    """
    task = _taught(environment)
    for number in numbers:
        for _, reply, state, best in _dialogue(task, seed, number, turns):
            written = tokenizer.decode(tokenizer.encode(f"<reply>{reply}", add_special_tokens=False).ids[1:])
            if task.parse(state, written).action != best:
                raise UsageError(
                    f"a student's words can't spell the replies of {environment} ('{reply}' becomes "
                    f"'{written.strip()}'): choose another task"
                )


def _taught(environment: str) -> Any:
    task: Any = open_environment(environment)
    if task.oracle_kind != "exact":
        raise UsageError(f"{task.name} has no exact oracle to learn from: only chess is taught by an engine")
    return task


def _dialogue(task: Any, seed: int, number: int, turns: int) -> Iterator[tuple[str, str, Any, Any]]:
    """Yield what is asked, the reply, the state and its best action, turn by turn."""
    draw = generator(seed, "dialogue", number)
    state = task.reset(draw.getrandbits(60))
    for _ in range(draw.randrange(LATEST_START) if draw.random() < 0.5 else 0):
        later = task.step(state, task.oracle(state))
        if task.done(later) is not None:
            # A solved puzzle leaves nothing to ask.
            break
        state = later
    for turn in range(turns):
        if task.done(state) is not None:
            break
        best = task.oracle(state)
        yield (task.observe(state) if turn else task.pose(state)), task.render(state, best), state, best
        state = task.step(state, best)


@dataclass(frozen=True, slots=True)
class DialogueLessons:
    """Dialogues as token numbers, one after the other; `starts` has the first token of each and the end.

    `turns` is the number of turns of the longest.
    """

    words: int
    starts: NDArray[np.int64]
    tokens: NDArray[np.uint16]
    turns: int
    batch_tokens: int = 4096

    def save(self, file: BinaryIO) -> None:
        """Write the arrays to a file."""
        np.savez_compressed(file, words=self.words, starts=self.starts, tokens=self.tokens, turns=self.turns)

    def table(self) -> AimTable:
        """Return one row per token of the vocabulary: that token alone."""
        return AimTable(np.arange(self.words, dtype=np.int32)[:, None], np.ones((self.words, 1), dtype=np.float16))

    def batches(self, seed: int, step: int, done: float) -> list[Batch]:
        """Return one batch of about `batch_tokens`; dialogues are cut to one turn at first, and whole from 60 % on."""
        draw = Random(derive(seed, "dialogue lessons", step))
        most_turns = 1 + int(done / _CURRICULUM * self.turns) if done < _CURRICULUM else self.turns
        dialogues: list[Dialogue] = []
        n_tokens = 0
        while n_tokens < self.batch_tokens:
            dialogues.append(self._dialogue(draw.randrange(len(self.starts) - 1), most_turns))
            n_tokens += len(dialogues[-1].tokens)
        return [pad(dialogues)]

    def _dialogue(self, number: int, most_turns: int) -> Dialogue:
        """Return a dialogue with every token of a reply as an aim, and the end after it, which is not shown."""
        dialogue, is_reply, n_turns = Dialogue(), False, 0
        for token in self.tokens[int(self.starts[number]) : int(self.starts[number + 1])].tolist():
            if is_reply:
                dialogue.aim(END_ID if token == ASKED_ID else token)
            if token == ASKED_ID:
                n_turns += 1
                if n_turns > most_turns:
                    return dialogue
            is_reply = token == REPLY_ID or (is_reply and token != ASKED_ID)
            dialogue.tokens.append(token)
        if is_reply:
            dialogue.aim(END_ID)
        return dialogue


def dialogue_lessons_of(texts: Sequence[str], tokenizer: Tokenizer) -> DialogueLessons:
    """Return dialogues as one array of tokens and the starts of each."""
    encoded = [encoding.ids for encoding in tokenizer.encode_batch(list(texts), add_special_tokens=False)]
    return DialogueLessons(
        words=tokenizer.get_vocab_size(),
        starts=np.concatenate(([0], np.cumsum([len(ids) for ids in encoded]))).astype(np.int64),
        tokens=np.concatenate([np.array(ids, dtype=np.uint16) for ids in encoded]),
        turns=max(ids.count(ASKED_ID) for ids in encoded),
    )


def load_dialogue_lessons(path: Path, batch_tokens: int) -> DialogueLessons:
    """Return the lessons of a file that `save` wrote."""
    with np.load(path) as arrays:
        return DialogueLessons(
            int(arrays["words"]), arrays["starts"], arrays["tokens"], int(arrays["turns"]), batch_tokens
        )
