"""The page of results/impulses is true: its tables and counts are recomputed from the committed rows."""

import csv
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "results" / "impulses"
BINS = re.compile(r"lags? \d")


def rows(name: str) -> list[dict[str, str]]:
    with (PAGE / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def page() -> str:
    return (PAGE / "README.md").read_text(encoding="utf-8")


def tables(page: str) -> Iterator[list[list[str]]]:
    """Yield the tables of the page as rows of cells, the heading first."""
    for table in re.findall(r"(?:^\|.*\n)+", page, re.MULTILINE):
        lines = [[cell.strip() for cell in line.strip("|\n").split("|")] for line in table.splitlines()]
        yield [line for line in lines if set("".join(line)) - set("-: ")]


def test_the_table_of_coverage_is_that_of_its_rows(page: str) -> None:
    shares: dict[str, dict[str, tuple[float, int]]] = {}
    for row in rows("coverage.csv"):
        share, given = 100 * float(row["share"]), int(row["given"])
        shares.setdefault(row["process"], {})[row["figure"]] = share, given
    table = next(tables(page))[1:]
    assert [line[0] for line in table] == list(shares)
    for name, of_bins, of_bands, shown, half_life in table:
        known = shares[name]
        # Bins that few studies have are the rest of an earlier one, and not in the range of the page.
        bins = [share for figure, (share, given) in known.items() if BINS.match(figure) and given >= 200]
        assert of_bins == f"{min(bins):.1f} to {max(bins):.1f}", name
        assert float(of_bands) == pytest.approx(known["all lags in their bands"][0], abs=0.0501), name
        assert float(shown) == pytest.approx(known["effect shown"][0], abs=0.0501), name
        if half_life:
            assert float(half_life) == pytest.approx(known["half-life, where shown"][0], abs=0.0501), name


def test_the_table_of_planted_causes_is_that_of_its_rows(page: str) -> None:
    table = list(tables(page))[1]
    arms = list(dict.fromkeys(row["arm"] for row in rows("planted.csv")))
    assert len(table[0]) == 1 + len(arms)
    for line in table[1:]:
        known = [row for row in rows("planted.csv") if row["cause"] == line[0]]
        assert line[1:] == [f"**{row['found']}**" if row["is_planted"] == "True" else row["found"] for row in known]


def test_the_false_alarms_that_the_page_counts_are_those_of_the_rows(page: str) -> None:
    others = [row for row in rows("planted.csv") if row["is_planted"] == "False"]
    found, studies = (sum(int(row[name]) for row in others) for name in ("found", "studies"))
    assert f"Of the {studies} intervals and curves without a planted cause {found} exclude 0" in page
    assert f"0: {100 * found / studies:.1f} %, for 5 % at most" in page


def test_the_mitigations_on_a_student_are_those_of_their_rows(page: str) -> None:
    figures = {(row["condition"], row["of"]): row for row in rows("student_mitigations.csv")}
    for name, gain, tokens in list(tables(page))[2][1:]:
        condition = re.match("`(.+?)`", name)
        assert condition
        known = figures[condition[1], "gain"]
        low, high, estimate = (100 * float(known[column]) for column in ("low", "high", "estimate"))
        expected = f"{estimate:+.1f} [{low:+.1f}, {high:+.1f}]"
        assert gain.lstrip("+") == expected.lstrip("+"), condition[1]
        assert float(tokens) == pytest.approx(
            float(figures[condition[1], "tokens added"]["estimate"] or 0), abs=0.5
        ), condition[1]
