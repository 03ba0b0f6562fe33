"""Claims about tables kept on disk: built once, read again, built anew when the file is torn."""

from pathlib import Path

import numpy as np
import pytest

from horizon.domains import table_cache


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HORIZON_CACHE", str(tmp_path))
    table_cache.cached_table.cache_clear()
    return tmp_path


def counted(calls: list[int]) -> table_cache.NDArray[np.int64]:
    calls.append(1)
    return np.arange(5)


def test_a_table_is_built_once_and_then_read_from_disk(folder: Path) -> None:
    calls: list[int] = []
    for _ in range(2):
        found = table_cache.cached_table("five", 1, lambda: counted(calls))
        assert list(found) == [0, 1, 2, 3, 4] and not found.flags.writeable
        table_cache.cached_table.cache_clear()
    assert len(calls) == 1
    assert [path.name for path in (folder / "tables").iterdir()] == ["five-v1.npy"]


def test_a_torn_table_is_built_again(folder: Path) -> None:
    (folder / "tables").mkdir()
    (folder / "tables" / "five-v1.npy").write_bytes(b"\x93NUMPY torn")
    calls: list[int] = []
    assert list(table_cache.cached_table("five", 1, lambda: counted(calls))) == [0, 1, 2, 3, 4]
    assert len(calls) == 1


def test_a_disk_that_cant_be_written_costs_nothing_but_the_build(folder: Path) -> None:
    (folder / "tables").write_text("a file where the folder should be")
    assert list(table_cache.cached_table("five", 1, lambda: counted([]))) == [0, 1, 2, 3, 4]
