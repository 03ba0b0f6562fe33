"""Claims about `horizon doctor RUN`: a whole run is whole, and every kind of damage is found with its place."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from horizon.core.errors import StoreError
from horizon.play import session
from horizon.runs import manifest as manifests
from horizon.runs import run_folder
from horizon.runs.verify import verify
from horizon.scenarios.scenario import make

SCENARIO = make({"environment": "running_total", "model": "random", "episodes": 2, "turns": 4}, "test")


@pytest.fixture
def run(tmp_path: Path) -> Path:
    session.run(SCENARIO, tmp_path / "run")
    return tmp_path / "run"


def damages(folder: Path) -> list[str]:
    return [check.damage for check in verify(folder) if check.damage is not None]


def change_table(folder: Path) -> None:
    path = folder / "turns.parquet"
    table = pl.read_parquet(path)
    table.with_columns(correct=pl.col("turn") == 2).write_parquet(path)


def change_manifest(folder: Path) -> None:
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    path.write_text(json.dumps({**manifest, "plan": {**manifest["plan"], "seed": 9}}))


def change_line(folder: Path) -> None:
    path = folder / "turns.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"turn":3,', b'"turn":4,', 1))


def tear(folder: Path) -> None:
    path = folder / "turns.jsonl"
    path.write_bytes(path.read_bytes() + b'{"turn":{"run')


def test_a_run_as_it_was_written_is_whole(run: Path) -> None:
    assert damages(run) == []
    assert {check.what for check in verify(run)} == {
        "manifest.json", "turns.jsonl", "counts", "turns.parquet", "episodes.parquet"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (change_table, r"differs from the journal in turn \d of episode 'running_total#0000\d'"),
        (change_manifest, "it was changed after it was written"),
        (change_manifest, "the plan of the manifest makes run"),
        (change_line, r"damaged at line \d+: its checksum does not fit"),
        (tear, "its last 13 bytes are an incomplete line"),
        (lambda folder: (folder / "episodes.parquet").unlink(), r"episodes\.parquet is damaged \(it is gone\)"),
        (lambda folder: (folder / "turns.jsonl").unlink(), "it is gone; the tables have all rows"),
        (lambda folder: (folder / "turns.jsonl").write_bytes(b""), "has lost"),
        (lambda folder: (folder / "turns.parquet").write_bytes(b"PAR1"), r"turns\.parquet is damaged"),
        (lambda folder: (folder / "manifest.json").write_text("{"), "is damaged"),
    ],
)
def test_damage_is_found_and_named(damage: Callable[[Path], None], reason: str, run: Path) -> None:
    damage(run)
    assert any(re.search(reason, each) for each in damages(run)), damages(run)


def test_verifying_changes_nothing(run: Path) -> None:
    tear(run)
    before = {path.name: path.read_bytes() for path in run.iterdir()}
    verify(run)
    assert {path.name: path.read_bytes() for path in run.iterdir()} == before


def test_a_run_that_is_not_finished_is_verified_as_far_as_it_was_played(run: Path) -> None:
    for name in ("turns.parquet", "episodes.parquet"):
        (run / name).unlink()
    manifest = run_folder.read_manifest(run)
    manifests.write(run, {key: value for key, value in manifest.items() if key != "written"})
    assert damages(run) == []


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no run folder"):
        verify(tmp_path)
