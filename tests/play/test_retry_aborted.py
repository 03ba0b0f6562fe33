"""Claims about aborted episodes: played again on request, to the rows of an untroubled run."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pytest
from scripted_play import Scripted

from horizon.core.errors import ModelFailure, StoreError
from horizon.core.model import Request
from horizon.core.records import Reply
from horizon.play import session
from horizon.play.opening import OpenParts, open_setting
from horizon.runs import run_folder
from horizon.runs.verify import verify
from horizon.scenarios.scenario import make

SCENARIO = make(
    {"environment": "running_total", "model": "random", "episodes": 4, "turns": 5, "conditions": ["natural", "fresh"]},
    "test",
)


class Failing(Scripted):
    """A model whose server is away for some episodes from turn 3 on."""

    def __init__(self, away: Sequence[str]) -> None:
        super().__init__(lambda request: "Answer: 1")
        self.away = away
        self.asked = 0

    def reply(self, requests: Sequence[Request]) -> list[Reply | ModelFailure]:
        replies: list[Reply | ModelFailure] = []
        for request in requests:
            self.asked += 1
            is_away = request.turn >= 3 and any(name in request.conversation for name in self.away)
            replies.append(ModelFailure("the server is away") if is_away else Reply("Answer: 1"))
        return replies


def play(folder: Path, away: Sequence[str] = (), **options: bool) -> tuple[session.FinishedRun, int]:
    model = Failing(away)
    with open_setting(SCENARIO, OpenParts(model=model)) as setting:
        return session.run_opened(setting, folder, session.RunOptions(**options)), model.asked  # type: ignore[arg-type]


def rows(folder: Path) -> list[pl.DataFrame]:
    turns = run_folder.read_turns(folder).drop("latency_ms", "engine_ms")
    return [turns, run_folder.read_episodes(folder)]


def is_same(one: Path, other: Path) -> bool:
    return all(a.equals(b) for a, b in zip(rows(one), rows(other), strict=True))


def test_a_plain_resume_leaves_aborted_episodes_as_they_are(tmp_path: Path) -> None:
    finished, _ = play(tmp_path / "run", ["#00001", "#00002"])
    assert finished.played.episodes_aborted == 2
    resumed, asked = play(tmp_path / "run", resume=True)
    assert (resumed.played.episodes_aborted, asked) == (2, 0)


def test_retried_episodes_continue_where_they_failed_and_give_the_rows_of_an_untroubled_run(tmp_path: Path) -> None:
    play(tmp_path / "whole")
    play(tmp_path / "run", ["#00001", "#00002"])
    retried, asked = play(tmp_path / "run", resume=True, retry_aborted=True)
    assert retried.played.episodes_aborted == 0
    # Two episodes, turns 3 to 5, natural and fresh, and nothing that was played before.
    assert asked <= 2 * (3 * 2 + 2)
    assert is_same(tmp_path / "run", tmp_path / "whole")


def test_episodes_that_fail_again_can_be_retried_again(tmp_path: Path) -> None:
    play(tmp_path / "whole")
    play(tmp_path / "run", ["#00001", "#00002"])
    again, _ = play(tmp_path / "run", ["#00002"], resume=True, retry_aborted=True)
    assert again.played.episodes_aborted == 1
    play(tmp_path / "run", resume=True, retry_aborted=True)
    assert is_same(tmp_path / "run", tmp_path / "whole")


def test_a_run_that_was_aborted_whole_can_be_retried(tmp_path: Path) -> None:
    play(tmp_path / "whole")
    with pytest.raises(ModelFailure, match="away"):
        play(tmp_path / "run", ["#"])
    play(tmp_path / "run", resume=True, retry_aborted=True)
    assert is_same(tmp_path / "run", tmp_path / "whole")


def test_a_run_resumes_with_more_time_and_attempts_but_no_other_setting(tmp_path: Path) -> None:
    keys = {"environment": "running_total", "model": "random", "episodes": 2, "turns": 3, "timeout_s": 60.0}
    session.run(make(keys, "test"), tmp_path / "run")
    before = rows(tmp_path / "run")
    journal = tmp_path / "run" / "turns.jsonl"
    journal.write_bytes(b"".join(journal.read_bytes().splitlines(keepends=True)[:4]))
    for name in ("turns.parquet", "episodes.parquet"):
        (tmp_path / "run" / name).unlink()
    again = session.RunOptions(resume=True)
    session.run(make({**keys, "timeout_s": 300.0, "server_retries": 9}, "test"), tmp_path / "run", again)
    assert all(a.equals(b) for a, b in zip(rows(tmp_path / "run"), before, strict=True))
    assert [check.damage for check in verify(tmp_path / "run")] == [None] * len(verify(tmp_path / "run"))
    manifest = run_folder.read_manifest(tmp_path / "run")
    assert manifest["plan"]["timeout_s"] == 60.0 and manifest["resumed"][0]["timeout_s"] == 300.0  # type: ignore
    with pytest.raises(StoreError, match="max_tokens=256, not 9"):
        session.run(make({**keys, "max_tokens": 9}, "test"), tmp_path / "run", again)
