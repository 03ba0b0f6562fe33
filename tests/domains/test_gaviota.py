"""Claims about tablebase files: a whole one is probed, any other is one line that names the file and the fix."""

import shutil
from pathlib import Path

import chess
import pytest

from horizon.core.errors import EngineFailure
from horizon.domains import gaviota

# White mates at once, with Qh8 or Qb7.
POSITION = "k7/7Q/1K6/8/8/8/8/8 w - - 0 1"
TABLES = gaviota.folder()
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:0123\nsize 9443\n"


def copy(folder: Path, change: bytes | None = None, size: int | None = None) -> Path:
    """Return the path of a copied table of king and queen, or of what is written in its place."""
    table = folder / "kqk.gtb.cp4"
    shutil.copy(TABLES / "kqk.gtb.cp4", table)
    data = table.read_bytes() if change is None else change
    table.write_bytes(data[:size] if size is not None else data)
    return table


def probe(folder: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setenv("HORIZON_GAVIOTA", str(folder))
    return gaviota.plies_to_mate(chess.Board(POSITION))


def test_a_whole_table_is_probed_though_it_may_not_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy(tmp_path).chmod(0o444)
    assert probe(tmp_path, monkeypatch) == 1


@pytest.mark.parametrize("size", [0, 1, 39, 40, 59, 60, 61, 300, 5000, 9442])
def test_a_torn_table_is_one_line(size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = copy(tmp_path, size=size)
    with pytest.raises(EngineFailure, match=f"{table} is torn: it has {size} bytes") as caught:
        probe(tmp_path, monkeypatch)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (POINTER, "is a pointer of Git LFS"),
        (b"<!DOCTYPE html><html><body>404 Not Found</body></html>" * 20, "is no table of kqk"),
        (bytes(9443), "is no table of kqk"),
        (b"\xff" * 9443, "is no table of kqk"),
    ],
)
def test_what_is_no_table_is_one_line(
    content: bytes, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy(tmp_path, content)
    with pytest.raises(EngineFailure, match=reason) as caught:
        probe(tmp_path, monkeypatch)
    assert "\n" not in str(caught.value)


def test_a_table_of_other_men_or_with_more_behind_it_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy(tmp_path, (TABLES / "kpk.gtb.cp4").read_bytes())
    with pytest.raises(EngineFailure, match="is no table of kqk"):
        probe(tmp_path, monkeypatch)
    whole = (TABLES / "krk.gtb.cp4").read_bytes()
    copy(tmp_path, whole + b"more")
    with pytest.raises(EngineFailure, match="followed by other data"):
        probe(tmp_path, monkeypatch)


def test_a_damaged_block_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = bytearray((TABLES / "kqk.gtb.cp4").read_bytes())
    data[60:] = bytes(len(data) - 60)
    copy(tmp_path, bytes(data))
    with pytest.raises(EngineFailure, match="can't be used"):
        probe(tmp_path, monkeypatch)


def test_a_missing_table_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(TABLES / "krk.gtb.cp4", tmp_path)
    with pytest.raises(EngineFailure, match="no Gaviota table for"):
        probe(tmp_path, monkeypatch)
