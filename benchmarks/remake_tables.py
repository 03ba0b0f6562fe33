"""Makes the tables of results/ again from the rows that are committed beside them. A minute; plays nothing.

    python benchmarks/remake_tables.py [--results results]

results/study from its runs, results/coverage from its CSV files. The study's README holds a copy of its table between
two marks, which is replaced. What has no committed rows can't be made again, and is named.
"""

import argparse
import csv
from pathlib import Path

import study
from coverage_tables import pivot, process_table

from horizon.analysis.analyze import analyze_runs

BEGIN, END = "<!-- table.md -->", "<!-- end of table.md -->"
WITHOUT_ROWS = {
    "first_curve": "make play",
    "ladder": "python benchmarks/ladder.py --games 60",
    "gates": "python benchmarks/gates.py suite, bounds and sample",
    "ood": "python benchmarks/ood_study.py --puzzles 40 --games 6",
    "public": "python benchmarks/public_games.py --data FOLDER",
    "students": "python benchmarks/students.py",
    "thirteen": "python benchmarks/thirteen.py",
}
"""Folders of results/ whose rows are not committed, with the command that plays them anew."""


def remake_coverage(folder: Path) -> None:
    """Write both tables from the shares that were counted in simulations."""
    (folder / "table.md").write_text(pivot(rows_of(folder / "coverage.csv")))
    (folder / "processes.md").write_text(process_table(rows_of(folder / "processes.csv")))


def remake_study(folder: Path) -> None:
    """Write table, figure and estimates from the runs, and the table into the README."""
    study.write(analyze_runs(sorted((folder / "runs").iterdir())), folder)
    page = (folder / "README.md").read_text()
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    (folder / "README.md").write_text(f"{before}{BEGIN}\n{(folder / 'table.md').read_text()}{END}{after}")


def rows_of(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV file."""
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, default=Path(__file__).parent.parent / "results")
    given = parser.parse_args()
    remake_coverage(given.results / "coverage")
    remake_study(given.results / "study")
    print("made again: coverage, study")
    for name, command in WITHOUT_ROWS.items():
        if (given.results / name).exists():
            print(f"not made again, no rows are committed: {name} ({command})")


if __name__ == "__main__":
    main()
