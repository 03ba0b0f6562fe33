"""Claims about files of sealed lines: what the disk refuses leaves no torn line behind, and the rest can follow."""

from pathlib import Path

import pytest
from full_disk import files_of_at_most

from horizon.core.errors import StoreError
from horizon.runs.sealed_lines import SealedLines, read_lines


def test_a_line_that_the_disk_cuts_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    file = SealedLines(path, "chain", "m", "write them again")
    file.append({"number": 1})
    size = path.stat().st_size
    with files_of_at_most(size + 20), pytest.raises(StoreError, match="File too large; what it holds is safe"):
        file.append({"number": 2})
    assert path.stat().st_size == size
    file.append({"number": 3})
    file.close()
    held = read_lines(path, "chain", "write them again")
    assert held is not None
    assert [entry["number"] for entry in held.entries] == [1, 3]
