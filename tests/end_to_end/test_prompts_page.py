"""The page of results/prompts is true: its tables and findings are recomputed from the committed rows."""

import csv
import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "results" / "prompts"
sys.path.insert(0, str(ROOT / "benchmarks"))
import prompts  # noqa: E402

SMOLLM2, GEMMA = prompts.SMOLLM2, prompts.GEMMA
MORE_UNREAD = {
    (SMOLLM2, name) for name in ("running_total", "pddl", "chess", "chess:show=fen", "chess_variant", "endgame")
}
MORE_UNREAD |= {(GEMMA, "permutation")}
MORE_ERRORS = {(SMOLLM2, "endgame"), (GEMMA, "permutation")}
FEWER_UNREAD = {(SMOLLM2, name) for name in ("blocks_world", "river_crossing", "sliding_tiles", "grid_walk")}
FEWER_UNREAD |= {(GEMMA, name) for name in ("hanoi", "blocks_world", "sliding_tiles")}
QUOTED = [
    ("v2", (SMOLLM2, "river_crossing"), 0, "in river_crossing, by 100 points [75, 100]"),
    ("v2", (SMOLLM2, "blocks_world"), 0, "in blocks_world by 68 [48, 84]"),
    ("v2", (SMOLLM2, "sliding_tiles"), 0, "in sliding_tiles by 63 [43, 80]"),
    ("v2", (SMOLLM2, "grid_walk"), 0, "in grid_walk by 30 [11, 47]"),
    ("v2", (GEMMA, "hanoi"), 0, "in hanoi, by 100 points [76, 100]"),
    ("v2", (GEMMA, "blocks_world"), 0, "in blocks_world by 87 [70, 98]"),
    ("v2", (GEMMA, "sliding_tiles"), 0, "in sliding_tiles by 47 [26, 64]"),
    ("v2", (SMOLLM2, "river_crossing"), 1, "errors fall by 31 points [18, 41] in river_crossing"),
    ("v2", (SMOLLM2, "sliding_tiles"), 1, "by 17 [6, 26] in sliding_tiles"),
    ("v2", (SMOLLM2, "chess"), 0, "more replies unread, by 33 points [15, 50]"),
    ("v2", (SMOLLM2, "chess:show=fen"), 0, "by 23 [7, 38] where only the FEN is shown"),
    ("v2", (SMOLLM2, "pddl"), 0, "v2 leaves 20 points more replies unread [4, 35]"),
    ("v2", (SMOLLM2, "chess_variant"), 0, "by 52 [29, 71] in chess_variant"),
    ("v2", (SMOLLM2, "endgame"), 0, "by 58 [37, 75] in endgame"),
    ("v2", (SMOLLM2, "endgame"), 1, "where errors rise by 12 [1, 22]"),
    ("v2", (SMOLLM2, "running_total"), 0, "38 points more replies that can't be read in running_total [14, 60]"),
    ("v2", (GEMMA, "permutation"), 0, "80 points more in permutation [62, 93]"),
    ("v2", (GEMMA, "permutation"), 1, "by 25 points [13, 36]"),
    ("draft", (SMOLLM2, "blocks_world"), 0, "blocks_world by 15 points [1, 28]"),
    ("draft", (SMOLLM2, "pddl"), 0, "pddl by 20 [4, 35]"),
    ("draft", (SMOLLM2, "chess:show=fen"), 0, "chess with the FEN alone by 27 [10, 42]"),
]
"""Changes that the page names: the table, the play, unread (0) or errors (1), and the words."""


def test_the_tables_are_those_of_the_rows() -> None:
    made, draft = tables()
    page = (PAGE / "README.md").read_text(encoding="utf-8")
    assert (PAGE / "table.md").read_text(encoding="utf-8") == f"{made}\n{draft}"
    assert made in page and draft in page


def test_the_findings_are_those_of_the_tables() -> None:
    made, draft = (changes(table) for table in tables())
    page = re.sub(r"\s+", " ", (PAGE / "README.md").read_text(encoding="utf-8"))
    assert {name for name, (unread, _) in made.items() if low(unread) > 0} == MORE_UNREAD
    assert {name for name, (unread, _) in made.items() if high(unread) < 0} == FEWER_UNREAD
    assert {name for name, (_, errors) in made.items() if low(errors) > 0} == MORE_ERRORS
    assert {name[1] for name, (unread, _) in draft.items() if low(unread) > 0} == {
        "blocks_world",
        "pddl",
        "chess:show=fen",
    }
    assert {name[1] for name, (unread, _) in draft.items() if high(unread) < 0} == {"river_crossing", "grid_walk"}
    for table, play, kind, sentence in QUOTED:
        change = re.sub(r"-", "", (made if table == "v2" else draft)[play][kind])
        size, one, other = re.findall(r"\d+", change)
        assert f"{size}" in sentence and sentence in page, (play, change)
        assert f"[{min(one, other, key=int)}, {max(one, other, key=int)}]" in sentence, (play, change)
    assert f"{len(made) * 2} changes in the first table, {len(draft) * 2} in the second" in page


def tables() -> tuple[str, str]:
    """Return the tables that the rows make: of v2, and of its first draft."""
    with (PAGE / "rows.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    return prompts.table(rows), prompts.table(rows, prompts.DRAFT)


def changes(table: str) -> dict[tuple[str, str], tuple[str, str]]:
    """Return the changes of unread replies and of errors by model and environment."""
    cells = [[cell.strip() for cell in row.split("|")] for row in table.splitlines()[2:]]
    return {(cell[1], cell[2]): (cell[5], cell[8]) for cell in cells}


def low(change: str) -> float:
    """Return the lower end of a change with its interval."""
    return float(change.partition("[")[2].partition(",")[0])


def high(change: str) -> float:
    """Return the upper end of a change with its interval."""
    return float(change.partition(", ")[2].partition("]")[0])
