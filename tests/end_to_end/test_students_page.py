"""The page of results/students is true: its tables and headline figures are recomputed from the committed rows."""

import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "results" / "students"
sys.path.insert(0, str(ROOT / "benchmarks"))
import students_tables as tables  # noqa: E402
import students_trends as trends  # noqa: E402
from students_tables import ANY, UNPLAYABLE  # noqa: E402


@pytest.fixture(scope="module")
def rows() -> tables.Rows:
    return tables.read_rows(PAGE / "rows.csv")


@pytest.fixture(scope="module")
def cards() -> list[tables.Card]:
    return tables.read_cards(PAGE / "cards.csv")


@pytest.fixture(scope="module")
def page() -> str:
    return (PAGE / "README.md").read_text(encoding="utf-8")


def test_all_tables_are_those_of_the_rows(rows: tables.Rows, cards: list[tables.Card], page: str) -> None:
    made = trends.all_tables(rows, cards)
    remake = "run: python benchmarks/students.py FOLDER --only tables"
    assert (PAGE / "tables.md").read_text(encoding="utf-8") == made, remake
    for part in (tables.students_table, trends.comparisons, tables.parts_table):
        assert part(rows, cards) in page, remake
    for card in cards:
        if not card.is_chess or card.student == tables.SHIPPED:
            assert tables.by_turn(rows, card, UNPLAYABLE if card.is_chess else ANY) in page, remake


def test_the_shipped_student_starts_right_and_loses_the_board(rows: tables.Rows, page: str) -> None:
    own, fresh = rows[tables.SHIPPED, "natural"], rows[tables.SHIPPED, "fresh"]
    early, late = tables.rate(own, UNPLAYABLE, 1, 5), tables.rate(own, UNPLAYABLE, 31, 40)
    assert early.estimate <= 0.05 and late.estimate - early.estimate >= 0.25 and early.high < late.low
    assert tables.rate(fresh, UNPLAYABLE, 31, 40).estimate <= late.estimate / 2
    assert f"in {tables.percent(early)} % of turns 1 to 5 and {tables.percent(late)} % of turns 31 to 40" in flat(page)
    readme = flat((ROOT / "README.md").read_text(encoding="utf-8"))
    own_share, late_share, fresh_share = (
        f"{100 * part.estimate:.0f} %" for part in (early, late, tables.rate(fresh, UNPLAYABLE, 31, 40))
    )
    assert f"{own_share} of its moves can't be played in turns 1 to 5 and {late_share} in turns 31 to 40" in readme
    assert f"positions without their history, {fresh_share} can't" in readme


def test_h50_rises_with_size(rows: tables.Rows, cards: list[tables.Card], page: str) -> None:
    sizes = tables.ladder(cards)
    lengths = [tables.h50(rows[card.student, "natural"], UNPLAYABLE) for card in sizes]
    assert [card.size for card in sizes] == ["small", "middle", "large"]
    assert [length.estimate for length in lengths] == sorted(length.estimate or 0.0 for length in lengths)
    slope, _ = trends.trend(rows, sizes, UNPLAYABLE)
    assert slope[0] > 0
    small, middle, large = map(tables.turns_text, lengths)
    assert f"unplayable reply by turn {small}, {middle} and {large}" in flat(page)


def test_h50_rises_with_size_over_students_trained_again(
    rows: tables.Rows, cards: list[tables.Card], page: str
) -> None:
    students = tables.replicates(cards)
    assert {card.size: sum(other.size == card.size for other in students) for card in students} == {
        "small": 2,
        "middle": 2,
        "large": 2,
    }
    slope, _ = trends.over_students(rows, students, UNPLAYABLE)
    assert slope[0] > 0
    low, middle, high = 2**slope
    assert (
        f"(6, least squares, Student's t with 4 degrees of freedom) H50 is {middle:.2f} [{low:.2f}, {high:.2f}]"
        in (flat(page))
    )


def test_the_interval_over_students_is_that_of_least_squares() -> None:
    # Six games each, whose first unplayable turn is the same: log2 of H50 is 1, 2, 2, 3 at 0, 1, 1, 2 doublings.
    firsts, doublings = (2, 4, 4, 8), (0, 1, 1, 2)
    cards = [
        tables.Card(str(place), "chess", "small", "soft", 1000 * 2**doubling, 1, 1, 1, 0.0, "cpu", 0.0)
        for place, doubling in enumerate(doublings)
    ]
    rows = {
        (card.student, "natural"): ["." * (first - 1) + "x" + "." * (16 - first)] * 6
        for card, first in zip(cards, firsts, strict=True)
    }
    slope, _ = trends.over_students(rows, cards, UNPLAYABLE)
    # The points lie on a line of slope 1, so that the interval has no width.
    assert slope == pytest.approx([1.0, 1.0, 1.0])


def test_bookkeeping_students_err_late_and_not_in_the_turns_they_were_taught(
    rows: tables.Rows, cards: list[tables.Card], page: str
) -> None:
    for card in cards:
        if card.is_chess:
            continue
        own = rows[card.student, "natural"]
        taught, late = tables.rate(own, ANY, 1, 10), tables.rate(own, ANY, 41, 60)
        if card.student in UNLEARNED:
            assert taught.estimate > 0.05
            continue
        assert taught.estimate <= 0.05 and late.low > taught.high
        assert f"{card.student} {tables.percent(taught)}" in flat(page)


def flat(page: str) -> str:
    """Return a page with its line breaks as spaces, so that sentences can be found."""
    return re.sub(r"\s+", " ", page)


UNLEARNED = ("permutation-unlearned",)
"""Students that the page names as not having learned their task."""
