"""The page of results/study/models is true: its tables and headline figures are recomputed from the committed rows."""

import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "results" / "study" / "models"
sys.path.insert(0, str(ROOT / "benchmarks"))
import model_study_tables as tables  # noqa: E402
from model_study_tables import Case  # noqa: E402
from students_tables import percent  # noqa: E402


@pytest.fixture(scope="module")
def rows() -> tables.Rows:
    return tables.read_rows(PAGE / "rows.csv")


@pytest.fixture(scope="module")
def cases() -> list[Case]:
    return tables.read_cases(PAGE / "cases.csv")


@pytest.fixture(scope="module")
def page() -> str:
    return re.sub(r"\s+", " ", (PAGE / "README.md").read_text(encoding="utf-8"))


def case_of(cases: list[Case], model: str, task: str) -> Case:
    return next(case for case in cases if (case.model, case.task) == (model, task))


def test_all_tables_are_those_of_the_rows() -> None:
    remake = "run: python benchmarks/model_study.py --only tables"
    made = tables.all_tables(PAGE)
    assert (PAGE / "tables.md").read_text(encoding="utf-8") == "\n".join(made), remake
    for table in made:
        assert table in (PAGE / "README.md").read_text(encoding="utf-8"), remake


def test_every_case_has_all_its_episodes_and_probes_on_natural_turns(rows: tables.Rows, cases: list[Case]) -> None:
    for case in cases:
        natural = tables.episodes(rows, case, "natural")
        assert len(natural) == len(rows[tables.RANDOM, case.environment, "natural"]) == 12
        # A game as PGN has no replies to heal or to replace.
        conditions = ("fresh",) if case.environment == "chess:ask=completion" else tables.CONDITIONS[1:]
        for condition in conditions:
            probes = tables.episodes(rows, case, condition)
            assert len(probes) == 12
            assert all(len(probe) <= len(own) for probe, own in zip(probes, natural, strict=True))


def test_corrected_p_values_agree_with_statsmodels(rows: tables.Rows, cases: list[Case]) -> None:
    multitest = pytest.importorskip("statsmodels.stats.multitest")
    gaps = tables.corrected(rows, cases, [tables.GAP])
    alone = [tables.corrected(rows, [case], [tables.GAP])[0].p_holm for case in cases]
    assert [gap.p_holm for gap in gaps] == pytest.approx(list(multitest.multipletests(alone, method="holm")[1]))


@pytest.mark.parametrize("task", ["hanoi", "running_total"])
@pytest.mark.parametrize("model", ["SmolLM2", "Gemma 3 270M"])
def test_both_models_are_at_the_ceiling_and_correct_replies_in_view_help_them(
    rows: tables.Rows, cases: list[Case], page: str, task: str, model: str
) -> None:
    case = case_of(cases, model, task)
    assert case.verdict == "too hard" and tables.mark(rows, case) == "ceiling"
    healed, foreign = (tables.overall(rows, case, condition) for condition in ("healed", "foreign"))
    assert max(healed.high, foreign.high) < tables.overall(rows, case, "natural").low
    assert f"{percent(healed).replace(' [', ' % [')} and {percent(foreign).replace(' [', ' % [')}" in page


@pytest.mark.parametrize("task", ["hanoi", "running_total"])
def test_the_harm_of_smollm2s_own_errors_is_that_of_the_rows(
    rows: tables.Rows, cases: list[Case], page: str, task: str
) -> None:
    gap = tables.contrast(rows, case_of(cases, "SmolLM2", task), "natural", "healed")
    assert f"(+{100 * gap.estimate:.0f} points [+{100 * gap.low:.0f}, +{100 * gap.high:.0f}])" in page


@pytest.mark.parametrize("model", ["SmolLM2", "Gemma 3 270M"])
def test_what_calibration_found_is_on_the_page(cases: list[Case], page: str, model: str) -> None:
    for task in ("hanoi", "list_editing", "running_total", "stack_machine"):
        case = case_of(cases, model, task)
        assert f"{100 * case.rate:.0f} % [{100 * case.low:.0f}, {100 * case.high:.0f}]" in page


def test_the_student_of_running_total_has_a_focus_gap(rows: tables.Rows, cases: list[Case], page: str) -> None:
    gap = next(
        gap
        for gap in tables.corrected(rows, cases, [tables.GAP])
        if (gap.case.model, gap.case.task) == ("student", "running_total")
    )
    assert gap.p_holm < 0.05
    assert f"{_points(gap)}, p = {gap.p_holm:.2g}" in page


@pytest.mark.parametrize("task", ["running_total", "stack_machine"])
def test_students_err_more_often_at_the_end(rows: tables.Rows, cases: list[Case], page: str, task: str) -> None:
    rise = next(item for item in tables.rises(rows, cases) if item.case == case_of(cases, "student", task))
    assert rise.p_holm < 0.05
    assert _points(rise) in page


def _points(item: tables.Contrast) -> str:
    low, middle, high = (100 * value for value in (item.interval.low, item.interval.estimate, item.interval.high))
    return f"+{middle:.0f} points [+{low:.0f}, +{high:.0f}]"
