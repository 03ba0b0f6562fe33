"""Claims about a report's files: whole or not at all, never through a link, and no cell of a CSV is a formula."""

import csv
import os
from dataclasses import replace
from pathlib import Path

import pytest

from horizon.analysis.analysis import Analysis
from horizon.analysis.analyze import analyze_runs
from horizon.core.errors import StoreError
from horizon.play import session
from horizon.report.csv_tables import write_csv
from horizon.report.html_page import write_page
from horizon.report.matplotlib_figures import draw_error_by_turn
from horizon.report.write import write_analysis
from horizon.runs.replacing import replacing
from horizon.scenarios.scenario import make


@pytest.fixture(scope="module")
def analysis(tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    folder = tmp_path_factory.mktemp("run") / "r"
    given = {"environment": "running_total", "model": "random", "episodes": 2, "turns": 3}
    session.run(make(given, "test"), folder)
    return analyze_runs([folder])


def test_a_cell_that_begins_like_a_formula_is_escaped_and_numbers_stay_numbers(
    analysis: Analysis, tmp_path: Path
) -> None:
    names = ["=cmd|'/c calc'!A0", "+1+1", "-2+3", "@SUM(1)", "\t=1", " =1", "plain-name"]
    for name in names:
        groups = (replace(analysis.groups[0], model=name),)
        for path in write_csv(replace(analysis, groups=groups), tmp_path):
            with path.open(newline="", encoding="utf-8") as file:
                for row in csv.DictReader(file):
                    assert row.get("model", "") in ("", name if name == "plain-name" else f"'{name}")
                    for column in ("estimate", "low", "high"):
                        assert row[column] == "" or isinstance(float(row[column]), float)


def test_links_in_the_folder_are_replaced_or_refused_and_never_followed(analysis: Analysis, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    target = outside / "precious.txt"
    target.write_text("mine")
    folder = tmp_path / "out"
    (folder / "tables").mkdir(parents=True)
    for name in ("report.html", "error_by_turn.png", "tables/error_by_turn.csv"):
        (folder / name).symlink_to(target)
    write_csv(analysis, folder / "tables")
    draw_error_by_turn(analysis, folder / "error_by_turn.png")
    write_page(analysis, folder / "report.html")
    assert target.read_text() == "mine" and not (folder / "report.html").is_symlink()
    for name in ("figures", "tables"):
        linked = tmp_path / f"linked-{name}"
        linked.mkdir()
        (linked / name).symlink_to(outside)
        with pytest.raises(StoreError, match=f"{name} is a link"):
            write_analysis(analysis, linked)
    assert [path.name for path in outside.iterdir()] == ["precious.txt"]


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text("old")
    with pytest.raises(StoreError, match=r"report\.html can't be written: No space left"), replacing(path) as file:
        file.write(b"half")
        raise OSError(28, "No space left on device")
    assert path.read_text() == "old" and os.listdir(tmp_path) == ["report.html"]


def test_what_killed_writers_left_is_removed_and_what_living_ones_write_is_not(tmp_path: Path) -> None:
    dead, alive = tmp_path / ".x.csv.4194305.part", tmp_path / f".x.csv.{os.getppid()}.part"
    dead.touch()
    alive.touch()
    with replacing(tmp_path / "x.csv") as file:
        file.write(b"whole")
    assert {path.name for path in tmp_path.iterdir()} == {"x.csv", alive.name}


def test_a_folder_that_can_not_be_written_is_one_line(analysis: Analysis, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match=r"can't be made: (Not a directory|File exists)"):
        write_analysis(analysis, tmp_path / "file" / "out")
