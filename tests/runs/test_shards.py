"""Claims about shards: together they are the whole run, row for row, and nothing else is joined."""

import json
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from horizon.core.errors import StoreError, UsageError
from horizon.play import session
from horizon.runs import run_folder
from horizon.runs.shards import Shard, merge, shard_of
from horizon.scenarios.scenario import Scenario, make

TABLES = ("turns.parquet", "episodes.parquet")
GIVEN = {
    "environment": "hanoi",
    "parameters": {"disks": 3},
    "model": "synthetic:hazard=0.2,conditioning=0.3",
    "conditions": ["natural", "fresh", "healed"],
    "episodes": 7,
    "turns": 6,
}


def scenario(**more: object) -> Scenario:
    return make({**GIVEN, **more}, "test")


def rows(folder: Path) -> pl.DataFrame:
    return run_folder.read_turns(folder).drop("latency_ms", "engine_ms")


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Three shards of a run."""
    base = tmp_path_factory.mktemp("shards")
    for number in (1, 2, 3):
        session.run(scenario(), base / f"part-{number}", session.RunOptions(shard=Shard(number, 3)))
    return [base / f"part-{number}" for number in (1, 2, 3)]


def test_shards_join_to_the_rows_of_the_run_played_whole(folders: list[Path], tmp_path: Path) -> None:
    session.run(scenario(), tmp_path / "whole")
    merge(list(reversed(folders)), tmp_path / "joined")
    assert rows(tmp_path / "joined").equals(rows(tmp_path / "whole"))
    assert run_folder.read_episodes(tmp_path / "joined").equals(run_folder.read_episodes(tmp_path / "whole"))
    assert run_folder.is_finished(tmp_path / "joined")


def test_every_instance_is_in_one_shard() -> None:
    for of in (1, 2, 5):
        for index in range(20):
            assert sum(Shard(number, of).holds(index) for number in range(1, of + 1)) == 1


def test_a_missing_or_doubled_shard_is_named(folders: list[Path], tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="shard 3 of 3 is missing"):
        merge(folders[:2], tmp_path / "joined")
    with pytest.raises(StoreError, match="are both shard 1"):
        merge([folders[0], folders[0], folders[1]], tmp_path / "joined")
    with pytest.raises(UsageError, match="folders of all shards"):
        merge(folders[:1], tmp_path / "joined")
    assert not (tmp_path / "joined").exists()


def test_shards_of_other_settings_or_models_are_refused_by_what_differs(folders: list[Path], tmp_path: Path) -> None:
    session.run(scenario(seed=5), tmp_path / "seed", session.RunOptions(shard=Shard(2, 3)))
    with pytest.raises(StoreError, match=r"plan.seed is 0 and 5"):
        merge([folders[0], tmp_path / "seed"], tmp_path / "joined")
    session.run(scenario(), tmp_path / "split", session.RunOptions(shard=Shard(2, 4)))
    with pytest.raises(StoreError, match="shard 2 of 4"):
        merge([folders[0], tmp_path / "split"], tmp_path / "joined")
    session.run(scenario(), tmp_path / "whole")
    with pytest.raises(StoreError, match="shard 1 of 1"):
        merge([folders[0], tmp_path / "whole"], tmp_path / "joined")


def test_a_shard_that_was_cut_off_goes_on_as_the_same_shard(folders: list[Path], tmp_path: Path) -> None:
    folder = tmp_path / "part"
    session.run(scenario(), folder, session.RunOptions(shard=Shard(2, 3)))
    journal = folder / "turns.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(lines[: len(lines) // 2]))
    # A run that is cut off has no tables yet; where they stand they hold what the journal has lost.
    for table in folder.glob("*.parquet"):
        table.unlink()
    with pytest.raises(StoreError, match="unfinished"):
        merge([folders[0], folder, folders[2]], tmp_path / "joined")
    session.run(scenario(), folder, session.RunOptions(resume=True))
    assert rows(folder).equals(rows(folders[1]))
    with pytest.raises(UsageError, match="is shard 2 of 3"):
        session.run(scenario(), folder, session.RunOptions(resume=True, shard=Shard(1, 3)))


@pytest.mark.parametrize(("number", "of"), [(0, 3), (4, 3), (1, 0)])
def test_a_shard_that_does_not_exist_is_refused(number: int, of: int) -> None:
    with pytest.raises(UsageError, match="does not exist"):
        shard_of(number, of)


@pytest.mark.parametrize("stage", ["manifest.json", "turns.jsonl", ".turns.parquet"])
def test_a_killed_merge_leaves_nothing_and_is_simply_run_again(
    stage: str, folders: list[Path], tmp_path: Path
) -> None:
    out = tmp_path / "joined"
    code = (
        "import sys; from pathlib import Path; from horizon.runs.shards import merge; "
        "merge([Path(each) for each in sys.argv[2:]], Path(sys.argv[1]))"
    )
    child = subprocess.Popen([sys.executable, "-c", code, str(out), *map(str, folders)])
    while child.poll() is None:
        if any(tmp_path.glob(f".joined.building/{stage}*")):
            child.kill()
    child.wait()
    if child.returncode:
        assert not out.exists()
        merge(folders, out)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["joined"]
    assert {path.name for path in out.iterdir()} == {
        "manifest.json",
        "turns.jsonl",
        "turns.parquet",
        "episodes.parquet",
    }
    assert rows(out).height == sum(rows(folder).height for folder in folders)


def test_what_a_killed_merge_of_an_older_version_left_is_replaced(folders: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "joined"
    merge(folders, out)
    whole = rows(out)
    for name in ("turns.parquet", "episodes.parquet"):
        (out / name).unlink()
    journal = (out / "turns.jsonl").read_bytes()
    (out / "turns.jsonl").write_bytes(journal[: len(journal) // 2])
    merge(folders, out)
    assert rows(out).equals(whole) and run_folder.is_finished(out)
    with pytest.raises(UsageError, match="holds a run already"):
        merge(folders, out)
    assert json.loads((out / "manifest.json").read_text())["merged"]
