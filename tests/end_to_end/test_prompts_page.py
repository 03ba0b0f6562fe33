"""The page of results/prompts is true: its table and its finding are recomputed from the committed rows."""

import csv
import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "results" / "prompts"
sys.path.insert(0, str(ROOT / "benchmarks"))
import prompts  # noqa: E402


def test_the_table_is_that_of_the_rows() -> None:
    with (PAGE / "rows.csv").open(newline="") as file:
        made = prompts.table(list(csv.DictReader(file)))
    page = (PAGE / "README.md").read_text(encoding="utf-8")
    assert (PAGE / "table.md").read_text() == made and made in page
    cells = [[cell.strip() for cell in row.split("|")] for row in made.splitlines()[2:]]
    changes = {(cell[1], cell[2]): (cell[5], cell[8]) for cell in cells}
    more_unread = {name for name, (unread, _) in changes.items() if low(unread) > 0}
    assert more_unread == {("SmolLM2", "running_total"), ("Gemma 3 270M", "permutation")}
    assert {name for name, (_, errors) in changes.items() if low(errors) > 0} == {("Gemma 3 270M", "permutation")}
    sentences = re.sub(r"\s+", " ", page)
    assert changes["SmolLM2", "running_total"][0] == "38 [14, 60]" and "in running_total [14, 60]" in sentences
    assert changes["Gemma 3 270M", "permutation"] == ("80 [62, 93]", "25 [13, 36]")
    assert "80 points more in permutation [62, 93]" in sentences and "by 25 points [13, 36]" in sentences


def low(change: str) -> float:
    """Return the lower end of a change with its interval."""
    return float(change.partition("[")[2].partition(",")[0])
