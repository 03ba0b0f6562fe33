"""Claims about the file of scored turns: what was appended is read back, a torn line is dropped, damage is named."""

import math
from pathlib import Path

import pytest

from horizon.core.errors import StoreError, UsageError
from horizon.runs.drift_file import DriftFile, ScoredTurn, read_drift

TURNS = (
    ScoredTurn("e", 7, 2, -0.125, -0.0625, 4, erred_before=False, is_correct=True),
    ScoredTurn("e", 7, 9, -math.inf, -0.5, 4, erred_before=True, is_correct=False),
)


def written(folder: Path) -> Path:
    file = DriftFile(folder, "m")
    for scored in TURNS:
        file.append(scored)
    file.close()
    return file.path


def test_turns_come_back_as_they_were_written(tmp_path: Path) -> None:
    assert read_drift(tmp_path) is None
    written(tmp_path)
    drift = read_drift(tmp_path)
    assert drift is not None
    assert (drift.model, drift.turns) == ("m", TURNS)


def test_a_torn_last_line_is_dropped_and_written_again(tmp_path: Path) -> None:
    path = written(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-9])
    file = DriftFile(tmp_path, "m")
    assert file.turns == [TURNS[0]]
    file.append(TURNS[1])
    file.close()
    assert path.read_bytes() == whole


def test_a_changed_byte_is_refused_with_its_line(tmp_path: Path) -> None:
    path = written(tmp_path)
    content = bytearray(path.read_bytes())
    content[40] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(StoreError, match="damaged at line 1: its checksum"):
        read_drift(tmp_path)


def test_another_model_is_not_mixed_in(tmp_path: Path) -> None:
    written(tmp_path)
    with pytest.raises(UsageError, match="holds lines by m: remove it"):
        DriftFile(tmp_path, "other")


def test_a_file_that_another_process_extends_is_refused_before_a_line_is_lost(tmp_path: Path) -> None:
    first = DriftFile(tmp_path, "m")
    with pytest.raises(StoreError, match="another process extends it"):
        DriftFile(tmp_path, "m")
    for scored in TURNS:
        first.append(scored)
    first.close()
    second = DriftFile(tmp_path, "m")
    second.close()
    assert second.turns == list(TURNS)
