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
    changes = {row.split("|")[1].strip(): row.split("|")[4].strip() for row in made.splitlines()[2:]}
    shown = {name for name, change in changes.items() if float(re.search(r"\[(.*),", change)[1]) > 0}  # type: ignore[index]
    assert shown == {"running_total"} and changes["running_total"].partition(" ")[0] == "38"
    assert "38 points more replies can't be read [14, 60]" in re.sub(r"\s+", " ", page)
