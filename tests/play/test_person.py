"""Claims about a person who plays: one game at a time, no probes, nothing lost by leaving."""

import io
import json
from pathlib import Path

import pytest

from horizon.core.records import Turn
from horizon.models.human import HumanModel
from horizon.play import session
from horizon.play.opening import OpenParts, open_setting
from horizon.play.progress import watching
from horizon.runs import run_folder
from horizon.runs.manifest import MANIFEST
from horizon.scenarios.scenario import Scenario, make


def scenario(**keys: object) -> Scenario:
    given = {"environment": "running_total", "model": "human", "episodes": 2, "turns": 3, **keys}
    return make(given, "test")


def play(folder: Path, typed: str, *, resume: bool = False, **keys: object) -> tuple[str, list[str]]:
    """Return what was printed for the person, and the lines on what was opened."""
    output, lines = io.StringIO(), list[str]()
    with open_setting(
        scenario(**keys), OpenParts(model=HumanModel(io.StringIO(typed), output)), lines.append
    ) as setting:
        session.run_opened(setting, folder, session.RunOptions(resume=resume))
    return output.getvalue(), lines


def rows(folder: Path) -> list[Turn]:
    return list(run_folder.iterate_turns(folder))


def test_episodes_are_played_one_after_the_other_and_no_state_twice(tmp_path: Path) -> None:
    output, lines = play(tmp_path / "run", "Answer: 1\n" * 6, conditions=["natural", "fresh", "healed"])
    assert lines == ["a person gets no probes: fresh, healed not played"]
    assert [(row.episode_id[-1], row.turn, row.condition) for row in rows(tmp_path / "run")] == [
        (episode, turn, "natural") for episode in "01" for turn in (1, 2, 3)
    ]
    assert output.count("=== conversation") == 2
    assert json.loads((tmp_path / "run" / MANIFEST).read_text())["plan"]["conditions"] == ["natural"]


@pytest.mark.parametrize("leave", ["quit\n", ""])
def test_leaving_ends_the_run_at_once_without_an_error_and_it_can_be_resumed(tmp_path: Path, leave: str) -> None:
    folder = tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        play(folder, "Answer: 1\nAnswer: 2\n" + leave)
    assert [row.reply for row in rows(folder)] == ["Answer: 1", "Answer: 2"]
    assert list(run_folder.iterate_episodes(folder)) == []
    play(folder, "Answer: 3\n" * 4, resume=True)
    assert [row.reply for row in rows(folder)] == ["Answer: 1", "Answer: 2"] + ["Answer: 3"] * 4
    assert {episode.outcome for episode in run_folder.iterate_episodes(folder)} == {"turn_limit"}


def test_no_progress_is_drawn_over_the_line_on_which_a_person_types(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    monkeypatch.setenv("TERM", "xterm")
    with watching(scenario()):
        pass
    silent = capsys.readouterr().err
    with watching(scenario(model="random")):
        pass
    assert silent == "" and capsys.readouterr().err != ""
