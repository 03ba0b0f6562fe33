"""Claims of reading replies: one grammar for every environment, the same verdict whoever serves the model, linear
time."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reply_forms import FORMS, Form, fill

from horizon.core.environment import open_environment
from horizon.core.registry import names

# Any text is an answer to reasoning_gym's questions, so that a reply without a mark has none.
EVERY = [name for name in names("environments") if name != "reasoning_gym"]


def pose(text: str, seed: int) -> tuple[Any, Any, str, str]:
    """Return an environment, a state of it with several answers, and two of them that are not alike."""
    task = open_environment(text)
    for instance in range(seed, seed + 200):
        state = task.reset(instance)
        while task.mover(state) != "model":
            state = task.step(state, task.actions(state)[0])
        best = task.oracle(state) or task.actions(state)[-1]
        others = [action for action in task.actions(state) if action != best]
        if others:
            return task, state, best, others[0]
    raise AssertionError(f"{text} has no state with two answers")


def misreadings(text: str, seed: int, forms: "list[Form] | tuple[Form, ...]") -> list[str]:
    """Return what is read otherwise than it should be."""
    task, state, best, other = pose(text, seed)
    answer, different = (task.render(state, action).partition(": ")[2] for action in (best, other))
    wrong = []
    for form in forms:
        reply = fill(form, answer, different, task.pose(state))
        reading = task.parse(state, reply)
        is_right = {
            "read": (reading.action, reading.error) == (best, "none"),
            "refused": reading.error in ("unparsable", "no_answer", "illegal"),
            "no_answer": reading.error == "no_answer",
        }[form.verdict]
        if not is_right:
            wrong.append(
                f"{form.stage}: {reply!r} as {reading}, not {best if form.verdict == 'read' else form.verdict}"
            )
    return wrong


def test_the_corpus_has_some_five_hundred_forms_of_every_stage() -> None:
    assert 500 <= len(FORMS) <= 600
    assert len({form.text for form in FORMS}) == len(FORMS)


@pytest.mark.parametrize("name", [*EVERY, *(f"{name}:prompt=v2" for name in EVERY)])
def test_every_environment_reads_every_form_of_the_corpus(name: str) -> None:
    assert misreadings(name, 3, FORMS) == []


MORE = [
    "chess:notation=uci",
    "chess:shift=descriptive",
    "chess_variant:variant=crazyhouse",
    "hanoi:shift=names",
    "grid_walk:shift=german",
    "river_crossing:kind=couples,pairs=2",
    "blocks_world:blocks=5",
    "list_editing:shift=names",
    "board_tracking:question=turn",
    "running_total:negative=true,largest=5000",
]


@given(
    st.sampled_from([*EVERY, *MORE]), st.integers(0, 2**31), st.lists(st.sampled_from(FORMS), min_size=8, max_size=8)
)
@settings(max_examples=25, deadline=None)
def test_settings_and_instances_change_nothing_about_the_reading(text: str, seed: int, forms: list[Form]) -> None:
    assert misreadings(text, seed, forms) == []
