"""Claims about showing a turn of a run again: as the model saw it, and nothing in it reaches the terminal."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from all_conditions import ALL
from hypothesis import given
from hypothesis import strategies as st

from horizon.core.environment import open_environment
from horizon.core.errors import UsageError
from horizon.core.escaping import visible
from horizon.core.model import Request
from horizon.core.records import Reply
from horizon.play.loop import play
from horizon.play.plan import plan_of
from horizon.play.replay import replay
from horizon.play.setting import Setting
from horizon.runs import manifest, run_folder
from horizon.scenarios.scenario import make


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Request]]:
    """A run of a model that errs and reads text, and what it was asked, by conversation."""
    from horizon.models import synthetic

    asked: dict[str, Request] = {}

    class Listening(synthetic.SyntheticModel):
        reads_text = True  # type: ignore[assignment]

        def reply(self, requests: Sequence[Request]) -> list[Reply]:  # type: ignore[override]
            for each in requests:
                asked[f"{each.conversation}@{each.turn}" if "/" not in each.conversation else each.conversation] = each
            return super().reply(requests)  # type: ignore[return-value]

    given = {
        "environment": "hanoi",
        "parameters": {"disks": 3, "rounds": 0},
        "conditions": ALL,
        "episodes": 2,
        "turns": 6,
        "model": "synthetic:hazard=0.4",
        # Greedy replies of equal conversations are asked for once; here every conversation is heard.
        "temperature": 1.0,
    }
    folder = tmp_path_factory.mktemp("runs") / "run"
    scenario = make(given, "test")
    task = open_environment(scenario.environment, dict(scenario.parameters))
    model = Listening("synthetic", synthetic.Process(hazard=0.4))
    plan = plan_of(scenario, task)
    made = manifest.make(plan, model_identity={}, opponent_identities={}, judge_identity=None)
    with run_folder.create(folder, made) as journal:
        play(Setting(scenario, task, model), journal)
    run_folder.finish(folder)
    return folder, asked


@pytest.mark.parametrize("condition", ALL)
def test_what_is_shown_is_what_the_model_was_shown(condition: str, run: tuple[Path, dict[str, Request]]) -> None:
    folder, asked = run
    for row in run_folder.iterate_turns(folder):
        if row.condition != condition:
            continue
        key = f"{row.episode_id}@{row.turn}"
        # Where the natural reply counts nothing was asked.
        if condition != "natural" and json.loads(row.extra).get("second_call") != 0:
            key = f"{row.episode_id}/{condition}/{row.turn}"
        found = replay(folder, row.episode_id, row.turn, condition)
        assert found.messages == asked[key].messages
        assert found.row == row


def test_a_turn_that_is_not_there_is_refused_with_those_that_are(run: tuple[Path, dict[str, Request]]) -> None:
    folder, _ = run
    for arguments, said in [
        (("0", 7, "natural"), "turns 1 to 6"),
        (("9", 1, "natural"), "2 episodes"),
        (("0", 1, "frsh"), "fresh"),
    ]:
        with pytest.raises(UsageError, match=said):
            replay(folder, *arguments)


def test_padding_is_told_in_the_row(run: tuple[Path, dict[str, Request]]) -> None:
    rows = [row for row in run_folder.iterate_turns(run[0]) if row.condition == "padded" and row.turn > 1]
    assert all(json.loads(row.extra)["padding_words"] > 0 for row in rows)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_nothing_that_moves_the_cursor_or_turns_the_text_round_is_printed(text: str) -> None:
    assert all(each == "\n" or each.isprintable() for each in visible(text))


def test_escape_codes_and_bidi_marks_are_made_visible() -> None:
    assert visible("\x1b[31m\u202eabc\r") == "\\x1b[31m\\u202eabc\\r"
