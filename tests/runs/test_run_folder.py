"""Claims about run folders: nothing played is lost, whatever byte the process died at, and tables hold it all."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from horizon.core.errors import HorizonError, StoreError, UsageError
from horizon.core.records import Episode, Turn
from horizon.runs import run_folder
from horizon.runs.journal import JOURNAL

PLAN = {"plan": {"environment": "doors-v1", "seed": 0, "turns": 3}, "schema_version": 1}


def turn(number: int = 1, episode: str = "0000/doors", condition: str = "natural", **changes: object) -> Turn:
    row = Turn(
        run_id="r",
        episode_id=episode,
        environment="doors",
        parameters="{}",
        seed=5,
        model="m",
        condition=condition,
        turn=number,
        state="s",
        prompt_tokens=None,
        context_tokens=12,
        completion_tokens=3,
        reply="Answer: a",
        action="a",
        error="none",
        correct=True,
        loss=0.0,
        random_loss=0.5,
        optimal_action="a",
        attempts=1,
        substituted=False,
        prior_errors=0,
        latency_ms=1.5,
        engine_ms=None,
        finish_reason="stop",
        extra="{}",
    )
    return replace(row, **changes)  # type: ignore[arg-type]


def episode(name: str = "0000/doors") -> Episode:
    return Episode("r", name, "doors", "{}", 5, "m", None, 2, "solved", None, "{}")


def played(folder: Path, rows: list[Turn | Episode]) -> Path:
    with run_folder.create(folder, PLAN) as journal:
        for row in rows:
            journal.append(row)
    return folder


ROWS: list[Turn | Episode] = [turn(1), turn(2), turn(1, condition="fresh"), turn(1, "0001/doors"), episode()]


def test_tables_are_sorted_by_episode_turn_and_condition_whatever_the_order_of_play(tmp_path: Path) -> None:
    one, other = played(tmp_path / "one", ROWS), played(tmp_path / "other", ROWS[::-1])
    for folder in (one, other):
        run_folder.finish(folder)
    table = run_folder.read_turns(one)
    keys = table.select("episode_id", "turn", "condition").rows()
    assert keys == sorted(keys)
    assert table.equals(run_folder.read_turns(other))
    assert run_folder.read_episodes(one).equals(run_folder.read_episodes(other))


def test_the_table_has_the_designs_columns_in_their_order(tmp_path: Path) -> None:
    folder = played(tmp_path / "run", ROWS)
    run_folder.finish(folder)
    columns = (
        "run_id episode_id environment parameters seed model condition turn state prompt_tokens context_tokens "
        "completion_tokens reply action error correct loss random_loss optimal_action attempts substituted "
        "prior_errors latency_ms engine_ms finish_reason extra"
    )
    assert pl.read_parquet(folder / "turns.parquet").columns == columns.split()


@pytest.mark.parametrize("cut", range(1, 400, 7))
def test_a_journal_cut_at_any_byte_resumes_with_all_its_whole_lines(cut: int, tmp_path: Path) -> None:
    folder = played(tmp_path / "run", ROWS)
    whole = (folder / JOURNAL).read_bytes()
    (folder / JOURNAL).write_bytes(whole[:-cut])
    journal, turns, episodes, warnings = run_folder.resume(folder, PLAN)
    lines = whole[:-cut].count(b"\n")
    assert len(turns) + len(episodes) == lines
    assert bool(warnings) == (not whole[:-cut].endswith(b"\n"))
    with journal:
        for row in ROWS[lines:]:
            journal.append(row)
    assert (folder / JOURNAL).read_bytes() == whole


def test_a_second_process_on_the_same_folder_is_refused_while_the_first_writes(tmp_path: Path) -> None:
    resume = f"run_folder.resume(Path({str(tmp_path / 'run')!r}), {PLAN!r})"
    code = f"from pathlib import Path; from horizon.runs import run_folder; {resume}"
    with run_folder.create(tmp_path / "run", PLAN):
        second = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "is being written by process" in second.stderr
    assert str(os.getpid()) in second.stderr
    third = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert third.returncode == 0, third.stderr


def test_another_plan_is_refused_with_the_key_that_differs(tmp_path: Path) -> None:
    folder = played(tmp_path / "run", ROWS)
    with pytest.raises(StoreError, match="turns=3, not 4"):
        run_folder.resume(folder, {**PLAN, "plan": {**PLAN["plan"], "turns": 4}})  # type: ignore[dict-item]


def test_a_damaged_middle_line_is_named_and_never_skipped(tmp_path: Path) -> None:
    folder = played(tmp_path / "run", ROWS)
    lines = (folder / JOURNAL).read_bytes().splitlines(keepends=True)
    (folder / JOURNAL).write_bytes(lines[0] + b"{torn\n" + b"".join(lines[2:]))
    with pytest.raises(StoreError, match="line 2"):
        run_folder.resume(folder, PLAN)


@pytest.mark.parametrize("what", ["a file", "a run", "a run without its manifest", "something else"])
def test_a_folder_that_is_in_use_is_refused_and_left_as_it_was(what: str, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    if what == "a file":
        folder.write_text("x")
    elif what.startswith("a run"):
        played(folder, ROWS)
        if what != "a run":
            (folder / "manifest.json").unlink()
    else:
        folder.mkdir()
        (folder / "thesis.txt").write_text("x")
    with pytest.raises(UsageError, match="--out"):
        run_folder.create(folder, PLAN)


def test_an_unfinished_run_can_be_read_as_far_as_it_was_played(tmp_path: Path) -> None:
    folder = played(tmp_path / "run", ROWS)
    assert not run_folder.is_finished(folder)
    assert run_folder.read_turns(folder, ["turn"]).height == 4
    assert [each.turn for each in run_folder.iterate_turns(folder)] == [1, 2, 1, 1]


def test_tables_that_lag_behind_their_journal_are_not_read(tmp_path: Path) -> None:
    folder = played(tmp_path / "run", ROWS[:2])
    run_folder.finish(folder)
    journal, *_ = run_folder.resume(folder, PLAN)
    with journal:
        journal.append(ROWS[2])
    assert run_folder.read_turns(folder).height == 3


def test_a_journal_that_was_torn_after_its_tables_were_written_hides_nothing(tmp_path: Path) -> None:
    folder = played(tmp_path / "run", ROWS)
    run_folder.finish(folder)
    for size in (300, 0):
        os.truncate(folder / "turns.jsonl", size)
        assert run_folder.read_turns(folder).height == 4 and run_folder.read_episodes(folder).height == 1


def test_a_manifest_without_its_environment_is_refused_by_name(tmp_path: Path) -> None:
    folder = played(tmp_path / "run", ROWS)
    path = folder / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "plan": {}}))
    with pytest.raises(StoreError, match=r"plan\.environment"):
        run_folder.read_turns(folder)


def test_a_folder_that_is_no_run_is_refused_by_every_reader(tmp_path: Path) -> None:
    for read in (run_folder.read_manifest, run_folder.read_turns, run_folder.read_episodes):
        with pytest.raises(HorizonError, match="no run folder"):
            read(tmp_path)


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(exclude_categories=[])), st.floats(0, 1), st.integers(-(2**63), 2**63 - 1))
def test_any_reply_comes_back_from_journal_and_table_but_for_lone_surrogates(
    tmp_path_factory: pytest.TempPathFactory, reply: str, loss: float, seed: int
) -> None:
    folder = tmp_path_factory.mktemp("run") / "r"
    played(folder, [turn(reply=reply, loss=loss, seed=seed)])
    before = next(run_folder.iterate_turns(folder))
    run_folder.finish(folder)
    after = next(run_folder.iterate_turns(folder))
    assert before == after
    assert (after.loss, after.seed) == (loss, seed)
    assert after.reply == "".join("\ufffd" if "\ud800" <= each <= "\udfff" else each for each in reply)


def test_the_manifest_of_a_resumed_run_tells_of_both_sessions(tmp_path: Path) -> None:
    folder = played(tmp_path / "run", ROWS)
    journal, *_ = run_folder.resume(folder, {**PLAN, "created": "later"})
    journal.close()
    manifest = json.loads((folder / "manifest.json").read_text())
    assert [each["created"] for each in manifest["resumed"]] == ["later"]
