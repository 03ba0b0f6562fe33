"""Claims about the files of maps: what was appended is read back, a torn line is dropped, damage is named."""

from pathlib import Path

import pytest

from horizon.core.errors import StoreError, UsageError
from horizon.runs.attribution_file import AttributionFile, ErrorMap, TurnEffect, read_attribution

MAPS = tuple(
    ErrorMap("e", turn, -0.5, (TurnEffect(1, True, 0.25), TurnEffect(2, False, 0.0)), 30, 20) for turn in (3, 7)
)


def written(folder: Path) -> Path:
    file = AttributionFile(folder, "heal", "m")
    for found in MAPS:
        file.append(found)
    file.close()
    return file.path


def test_maps_come_back_as_they_were_written(tmp_path: Path) -> None:
    written(tmp_path)
    found = read_attribution(tmp_path, "heal")
    assert found is not None
    assert (found.model, found.maps) == ("m", MAPS)
    assert read_attribution(tmp_path, "hide") is None


def test_a_torn_last_line_is_dropped_and_written_again(tmp_path: Path) -> None:
    path = written(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-9])
    file = AttributionFile(tmp_path, "heal", "m")
    assert file.maps == [MAPS[0]]
    file.append(MAPS[1])
    file.close()
    assert path.read_bytes() == whole


@pytest.mark.parametrize("place", [20, 60, 150])
def test_a_changed_byte_is_refused_with_its_line(tmp_path: Path, place: int) -> None:
    path = written(tmp_path)
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(StoreError, match="damaged at line 1: its checksum"):
        read_attribution(tmp_path, "heal")


def test_a_lost_line_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path)
    path.write_bytes(path.read_bytes().splitlines(keepends=True)[1])
    with pytest.raises(StoreError, match="line 1 is missing"):
        read_attribution(tmp_path, "heal")


def test_another_model_is_not_mixed_in(tmp_path: Path) -> None:
    written(tmp_path)
    with pytest.raises(UsageError, match="holds lines by m: remove it"):
        AttributionFile(tmp_path, "heal", "other")
