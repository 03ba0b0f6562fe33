"""Claims about damaged files beside a run: they are named and left out, and the report is made."""

from pathlib import Path

import pytest
from command_line import horizon

from horizon import play
from horizon.report.damaged_files import damage_notes
from horizon.runs.attribution_file import AttributionFile, ErrorMap, TurnEffect
from horizon.runs.drift_file import DriftFile, ScoredTurn
from horizon.runs.run_data import read_run
from horizon.runs.sealed_lines import SealedLines

FILES = ("attribution-heal.jsonl", "attribution-hide.jsonl", "drift.jsonl")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A finished run with maps and scored turns beside it."""
    keys = {"model": "synthetic:hazard=0.3", "episodes": 4, "turns": 6, "conditions": ("natural", "fresh")}
    play("running_total", out=tmp_path / "run", **keys)  # type: ignore[arg-type]
    for edit in ("heal", "hide"):
        maps = AttributionFile(tmp_path / "run", edit, "m")
        maps.append(ErrorMap("e", 3, -0.5, (TurnEffect(1, True, 0.25), TurnEffect(2, False, 0.0)), 30, 20))
        maps.close()
    scored = DriftFile(tmp_path / "run", "m")
    for turn in (2, 3):
        scored.append(ScoredTurn("e", 7, turn, -0.125, -0.0625, 4, erred_before=False, is_correct=True))
    scored.close()
    return tmp_path / "run"


def test_whole_files_are_named_nowhere(folder: Path) -> None:
    assert list(damage_notes([read_run(folder)])) == []


@pytest.mark.parametrize("name", FILES)
def test_a_report_is_made_without_a_damaged_file_and_names_it(folder: Path, name: str) -> None:
    content = bytearray((folder / name).read_bytes())
    content[40] ^= 1
    (folder / name).write_bytes(bytes(content))
    made = horizon("report", str(folder))
    assert made.returncode == 0
    [line] = [line for line in made.stderr.splitlines() if name in line]
    assert line.startswith(f"horizon: left out of the report: {folder / name} is damaged at line 1")
    assert "; remove it to " in line
    assert "is damaged at line 1" in (folder / "report.html").read_text(encoding="utf-8")


def test_a_whole_line_of_another_version_is_named_too(folder: Path) -> None:
    (folder / "drift.jsonl").unlink()
    file = SealedLines(folder / "drift.jsonl", "drift.jsonl", "m", "score the turns again")
    file.append({"episode": "e", "turn": 2})
    file.close()
    made = horizon("report", str(folder))
    assert made.returncode == 0 and "drift.jsonl is of another version at line 1 (KeyError: 'seed')" in made.stderr
