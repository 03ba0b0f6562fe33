"""The page of results/causes is true: its tables and headline figures are recomputed from the committed rows."""

import re
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "results" / "causes"
sys.path.insert(0, str(ROOT / "benchmarks"))
import causes_tables as tables  # noqa: E402
from causes_rows import About, Contrast, contrasts, cost, errors_of, read_about, read_maps, read_rows  # noqa: E402
from csv_files import read_csv  # noqa: E402

REMAKE = "run: python benchmarks/causes.py FOLDER --only tables"


@pytest.fixture(scope="module")
def about() -> About:
    return read_about(PAGE)


@pytest.fixture(scope="module")
def known(about: About) -> dict[tuple[str, str, str], Contrast]:
    known = contrasts(read_rows(PAGE), about)
    return {(one.cell, one.cause.present, one.cause.absent + "@new" * one.cause.is_new): one for one in known}


@pytest.fixture(scope="module")
def page() -> str:
    return re.sub(r"\s+", " ", (PAGE / "README.md").read_text(encoding="utf-8"))


def test_all_tables_are_those_of_the_rows(about: About, known: dict[tuple[str, str, str], Contrast]) -> None:
    made, page = tables.all_tables(PAGE), (PAGE / "README.md").read_text(encoding="utf-8")
    assert (PAGE / "tables.md").read_text(encoding="utf-8") == made, REMAKE
    assert tables.contrasts_table(list(known.values()), about) in page, REMAKE
    assert tables.whose_table(read_rows(PAGE), about) in page, REMAKE
    assert tables.drift_table(PAGE, about) in page, REMAKE


def test_every_contrast_that_the_page_names_has_the_figures_of_the_rows(
    page: str, known: dict[tuple[str, str, str], Contrast]
) -> None:
    """Behind a figure of the text a comment names its cell and contrast, as <!-- student-stack natural-healed -->."""
    named = re.findall(r"([+-]\d+ \[[+-]\d+, [+-]\d+\])(?: points)? ?<!-- (\S+) (\S+?)-(\S.*?) -->", page)
    assert len(named) > 5
    for figure, cell, present, absent in named:
        assert figure == tables.points(known[cell, present, absent].harm), (cell, present, absent)


def test_what_the_page_counts_as_shown_is_shown(page: str, known: dict[tuple[str, str, str], Contrast]) -> None:
    shown = sum(contrast.is_shown for contrast in known.values())
    assert f"{shown} of {len(known)} contrasts are shown" in page


def test_holms_correction_is_that_of_scipys_p_values(known: dict[tuple[str, str, str], Contrast]) -> None:
    ordered = sorted(known.values(), key=lambda one: one.p)
    least = 0.0
    for rank, contrast in enumerate(ordered):
        least = max(least, min(1.0, (len(ordered) - rank) * contrast.p))
        assert contrast.p_holm == pytest.approx(least)


def test_a_cause_that_is_shown_is_found_by_a_plain_t_test_over_episodes(about: About) -> None:
    rows = read_rows(PAGE)
    for contrast in contrasts(rows, about):
        one = about[contrast.cell]
        first, errors = int(one["first_turn"]), errors_of(one)
        pairs = zip(
            rows[contrast.cell, contrast.cause.present], rows[contrast.cell, contrast.cause.absent], strict=True
        )
        means = []
        for games in pairs:
            both = [codes for codes in zip(*(game[first - 1 :] for game in games), strict=False) if "-" not in codes]
            if both:
                means.append(np.mean([float(left in errors) - float(right in errors) for left, right in both]))
        if contrast.is_shown and np.std(means) > 0:
            assert stats.ttest_1samp(means, 0).pvalue < 0.05, contrast


def test_the_cost_of_a_map_is_at_most_three_times_the_turns_it_scores_again(page: str, about: About) -> None:
    maps = [error for cell in about for edit in ("heal", "hide") for error in read_maps(PAGE, cell, edit)]
    costs = [cost([error]) for error in maps if error.rescored_tokens]
    assert max(costs) <= 3
    deep = [error for error in read_maps(PAGE, "student-stack", "hide") if 39 <= error.turn <= 41]
    assert max(len(error.effects) for error in deep) == 40
    least, most = (pick(cost([error]) for error in deep) for pick in (min, max))
    assert f"{len(deep)} errors at turns 39 to 41: {least:.2f} to {most:.2f} times" in page
    (one,) = read_maps(PAGE, "smollm2-deep", "hide")
    assert (one.turn, len(one.effects)) == (40, 39)
    assert f"costs {cost([one]):.2f} times ({one.read_tokens:,} tokens read for {one.rescored_tokens:,})" in page


def test_the_states_that_return_are_counted_on_the_page(
    page: str, known: dict[tuple[str, str, str], Contrast], about: About
) -> None:
    counts = {cell: known[cell, "natural", "healed"] for cell in about}
    named = [cell for cell, contrast in counts.items() if contrast.shows_answers]
    assert named == ["smollm2-hanoi", "smollm2-blocks", "gemma-hanoi", "gemma-blocks"]
    seen = [counts[cell].n_seen for cell in named]
    assert {counts[cell].n_states for cell in named} == {48}
    assert f"{seen[0]} and {seen[1]} of SmolLM2's 48 states, and {seen[2]} and {seen[3]} of Gemma's" in page


def test_recut_histories_have_about_the_length_of_natural_ones(page: str) -> None:
    lengths = {(row["cell"], row["condition"]): int(row["tokens"]) for row in read_csv(PAGE / "lengths.csv")}
    changes = [
        100 * (tokens / lengths[cell, "natural"] - 1)
        for (cell, condition), tokens in lengths.items()
        if condition == "recut:all"
    ]
    assert len(changes) == 10
    assert f"at lengths of {min(changes):.0f} to {max(changes):+.0f} % of the natural ones" in page
