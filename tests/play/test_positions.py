"""Claims about posing a run's positions to another model: the same states, no history, resumable, nothing lost."""

from pathlib import Path

import polars as pl
import pytest

import horizon
from horizon.core.errors import UsageError
from horizon.play.positions import Source, pose_positions
from horizon.play.session import RunOptions
from horizon.runs import run_folder


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("positions") / "source"
    horizon.play(
        "hanoi:disks=4", model="synthetic:hazard=0.2", episodes=3, turns=8, conditions=["natural"], out=folder
    )
    return folder


def places(turns: pl.DataFrame) -> list[tuple[str, int, str]]:
    return sorted(turns.select("episode_id", "turn", "state").rows())


def test_every_position_of_the_source_is_posed_once_without_a_history(source: Path, tmp_path: Path) -> None:
    pose_positions(Source(source), {"model": "random"}, tmp_path / "posed")
    posed, original = horizon.load(tmp_path / "posed").turns, horizon.load(source).turns
    assert places(posed) == places(original)
    assert set(posed["condition"]) == {"fresh"} and set(posed["model"]) == {"random"}
    assert posed["prior_errors"].sum() == 0


def test_a_perfect_model_errs_at_no_position_of_another_model(source: Path, tmp_path: Path) -> None:
    pose_positions(Source(source), {"model": "synthetic:hazard=0"}, tmp_path / "posed")
    rate = horizon.load(tmp_path / "posed").analyze()["error_rate"]
    assert rate.estimate == 0 and rate.at["condition"] == "fresh"


def test_the_first_episodes_and_turns_alone_can_be_posed(source: Path, tmp_path: Path) -> None:
    pose_positions(Source(source, episodes=2, turns=3), {"model": "random"}, tmp_path / "posed")
    posed = horizon.load(tmp_path / "posed").turns
    assert posed["episode_id"].n_unique() == 2 and posed["turn"].max() == 3


def test_a_run_that_was_cut_off_is_resumed_with_the_same_rows(source: Path, tmp_path: Path) -> None:
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    for folder in (whole, cut):
        pose_positions(Source(source), {"model": "random"}, folder)
    journal = cut / run_folder.JOURNAL
    journal.write_bytes(b"".join(journal.read_bytes().splitlines(keepends=True)[:5]))
    for table in (run_folder.TURNS, run_folder.EPISODES):
        (cut / table).unlink()
    pose_positions(Source(source), {"model": "random"}, cut, RunOptions(resume=True))
    names = [name for name in horizon.load(whole).turns.columns if not name.endswith("_ms")]
    assert horizon.load(cut).turns.select(names).equals(horizon.load(whole).turns.select(names))


def test_what_the_source_decides_is_refused(source: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="environment can't be chosen with --positions"):
        pose_positions(Source(source), {"model": "random", "environment": "chess"}, tmp_path / "posed")
