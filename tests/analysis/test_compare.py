"""Claims about comparing two runs: the paired t test where they coincide, few false alarms, refusals that say why."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from command_line import horizon
from scipy import stats
from simulated_turns import simulated_turns

from horizon.analysis.compare import FIGURES, Line, differences, judge, keeps
from horizon.analysis.compare_runs import compare
from horizon.analysis.turn_table import load_table
from horizon.core.errors import StoreError, UsageError
from horizon.play import session
from horizon.runs import run_list
from horizon.scenarios.scenario import make


def lines(
    base: pl.DataFrame, new: pl.DataFrame, margin: float = 0.0, figures: tuple[str, ...] = FIGURES
) -> list[Line]:
    return judge(list(differences("s", load_table(base), load_table(new), margin)), figures)


def by_seed(turns: pl.DataFrame, value: pl.Expr) -> Any:
    return turns.filter(condition="natural").group_by("seed").agg(value.mean().alias("v")).sort("seed")["v"]


def test_error_rate_and_loss_are_compared_as_the_paired_t_test_does() -> None:
    base, new = simulated_turns(hazard=0.1, seed=1), simulated_turns(hazard=0.3, seed=2)
    found = {line.figure: line for line in lines(base, new)}
    for figure, value in (("error rate", ~pl.col("correct")), ("mean loss", pl.col("loss"))):
        one, other = by_seed(base, value), by_seed(new, value)
        peer = stats.ttest_rel(other, one)
        line = found[figure]
        assert (line.base, line.new) == pytest.approx((one.mean(), other.mean()))
        assert line.difference == pytest.approx((other - one).mean())
        # Losses are the t test itself; error rates have a pair of turns won and one lost more, of 602.
        near = 1e-9 if figure == "mean loss" else 0.002
        assert (line.low_95, line.high_95) == pytest.approx(tuple(peer.confidence_interval()), abs=near)
        assert (line.low, line.high) == pytest.approx(tuple(peer.confidence_interval(line.level)), abs=2 * near)
        assert line.n_pairs == 30


def test_half_of_the_error_goes_to_the_error_rate_and_the_rest_is_shared() -> None:
    found = lines(simulated_turns(seed=1), simulated_turns(hazard=0.14, seed=2), 0.01)
    assert len(found) == 8
    levels = {line.figure: line.level for line in found}
    assert levels.pop("error rate") == pytest.approx(1 - 0.05 / 2)
    assert list(levels.values()) == pytest.approx([1 - 0.05 / (2 * 7)] * 7)


@pytest.mark.parametrize("seed", range(6))
def test_a_figure_has_one_verdict_and_one_interval_whichever_lines_are_asked_for(seed: int) -> None:
    base, new = simulated_turns(12, 10, seed=seed), simulated_turns(12, 10, hazard=0.19, seed=100 + seed)
    assert lines(base, new, figures=("error_rate",)) == lines(base, new)[:1]


@pytest.mark.parametrize("seed", range(6))
def test_a_verdict_is_what_its_own_line_shows(seed: int) -> None:
    base, new = simulated_turns(80, 10, seed=seed), simulated_turns(80, 10, hazard=0.05 * seed + 0.02, seed=50 + seed)
    for line in lines(base, new, 0.05):
        low, high = (line.low, line.high) if line.family != "skill" else (-line.high, -line.low)  # type: ignore[operator]
        assert low is not None and high is not None
        is_proven_no_worse = high <= 0.05 and line.level == 0.95
        shown = "worse" if low > 0.05 else "no worse" if is_proven_no_worse else "better" if high < 0 else "unproven"
        assert line.verdict == shown, line


def worse_by_whole_episodes(n: int, n_turns: int, share: float, seed: int, base_rate: float = 0.0) -> list[Line]:
    generator = np.random.default_rng([n, seed])
    fails = np.repeat(generator.random(n) < share, n_turns)
    sides = [generator.random(n * n_turns) < base_rate, fails | (generator.random(n * n_turns) < base_rate)]
    tables = [simulated_turns(n, n_turns, conditions=("natural",)).sort("seed", "turn") for _ in sides]
    base, new = (
        table.with_columns(error=pl.Series(np.where(wrong, "wrong", "none")), correct=pl.Series(~wrong))
        for table, wrong in zip(tables, sides, strict=True)
    )
    return lines(base, new, 0.05, ("error_rate",))


@pytest.mark.long
@pytest.mark.parametrize(
    ("n", "n_turns", "share", "base_rate"),
    [
        (3, 10, 0.1, 0.0),
        (8, 10, 0.1, 0.0),
        (16, 10, 0.1, 0.0),
        (24, 10, 0.1, 0.0),
        (32, 10, 0.06, 0.0),
        (16, 10, 0.1, 0.05),
    ],
)
def test_a_model_that_is_worse_in_whole_episodes_is_not_called_no_worse(
    n: int, n_turns: int, share: float, base_rate: float
) -> None:
    verdicts = [worse_by_whole_episodes(n, n_turns, share, seed, base_rate)[0].verdict for seed in range(100)]
    # 2.5 % of 100 with its upper 99 % bound.
    assert verdicts.count("no worse") <= stats.binom.ppf(0.99, 100, 0.025)


def test_two_runs_without_an_error_are_no_proof_with_3_episodes_and_one_with_80() -> None:
    few, many = (worse_by_whole_episodes(n, 5, 0.0, 0)[0] for n in (3, 80))
    assert few.verdict == "unproven" and few.high is not None and few.high > 0.5
    assert few.because == "72 pairs are needed for no worse"
    # 0.95 ** 72 is 2.5 %.
    assert (many.verdict, many.pairs_needed) == ("no worse", 72)


def test_a_bin_of_turns_counts_those_turns_alone() -> None:
    base, new = simulated_turns(seed=1), simulated_turns(hazard=0.3, seed=2)
    found = {line.figure: line for line in lines(base, new)}
    late = new.filter((pl.col("turn") > 15) & (pl.col("condition") == "natural"))
    assert found["error rate, turns 16-20"].new == pytest.approx(1 - late["correct"].mean())
    assert [line for line in found if line.startswith("error rate, turns")] == [
        f"error rate, turns {first}-{first + 4}" for first in (1, 6, 11, 16)
    ]


def test_skill_falls_where_the_loss_grows_and_is_worse_when_lower() -> None:
    base, new = simulated_turns(hazard=0.05, seed=1), simulated_turns(hazard=0.5, seed=2)
    found = {line.figure: line for line in lines(base, new)}
    natural = new.filter(condition="natural")
    assert found["skill"].new == pytest.approx(1 - natural["loss"].sum() / natural["random_loss"].sum())
    assert found["skill"].n_turns == found["error rate"].n_turns == 2 * 30 * 20
    assert found["skill"].difference < 0 and found["skill"].verdict == "worse"
    reverse = {line.figure: line for line in lines(new, base)}
    assert reverse["skill"].verdict == reverse["error rate"].verdict == "better"
    assert reverse["skill"].low == pytest.approx(-found["skill"].high)


@pytest.mark.long
def test_runs_of_one_process_are_called_worse_in_at_most_5_percent_of_comparisons() -> None:
    alarms = [
        not keeps(lines(simulated_turns(16, 12, seed=2 * i), simulated_turns(16, 12, seed=2 * i + 1)), "worse")
        for i in range(200)
    ]
    # Eight lines, 5 % in two tails for all of them; 2.5 % of 200 are worse, here up to 5 % with its upper 99 % bound.
    assert sum(alarms) <= stats.binom.ppf(0.99, 200, 0.05)


def test_a_planted_regression_is_found() -> None:
    found = lines(simulated_turns(60, hazard=0.1, seed=1), simulated_turns(60, hazard=0.25, seed=2))
    assert not keeps(found, "worse")
    assert {line.figure: line.verdict for line in found}["error rate"] == "worse"


def test_the_margin_is_what_is_put_up_with() -> None:
    base, new = simulated_turns(200, hazard=0.10, seed=1), simulated_turns(200, hazard=0.14, seed=2)
    verdicts = [lines(base, new, margin, ("error_rate",))[0].verdict for margin in (0.0, 0.04, 0.10)]
    assert verdicts == ["worse", "unproven", "no worse"]


def test_the_strict_gate_wants_proof_that_nothing_is_worse() -> None:
    unsure = lines(simulated_turns(5, 5, seed=1), simulated_turns(5, 5, seed=2), 0.01, ("error_rate",))
    assert keeps(unsure, "worse") and not keeps(unsure, "unproven")
    same = simulated_turns(80, seed=1)
    found = lines(same, same, 0.05, ("error_rate", "loss"))
    assert keeps(found, "unproven")
    assert {line.verdict for line in found} == {"no worse"}
    assert {line.verdict for line in lines(same, same)} == {"unproven"}


def test_rows_of_a_new_dialogue_for_every_move_are_compared_as_others_are() -> None:
    as_fresh = pl.col("condition").replace("natural", "fresh")
    sides = [
        simulated_turns(hazard=hazard, seed=seed).filter(condition="natural") for hazard, seed in ((0.1, 1), (0.3, 2))
    ]
    natural = lines(*sides)
    fresh = lines(*(side.with_columns(as_fresh) for side in sides))
    assert [line.figure for line in fresh] == [
        line.figure.replace(word, f"{word} (fresh)")
        for line in natural
        for word in ("error rate", "mean loss", "skill")
        if line.figure.startswith(word)
    ]
    assert [(line.difference, line.low, line.verdict) for line in fresh] == [
        (line.difference, line.low, line.verdict) for line in natural
    ]


def test_a_figure_that_one_side_lacks_gives_no_line() -> None:
    base, new = simulated_turns(seed=1), simulated_turns(seed=2, conditions=["natural"])
    assert "focus gap" not in {line.figure for line in lines(base, new)}


@pytest.mark.parametrize("margin", [-0.1, 1.5, float("nan")])
def test_an_impossible_margin_is_refused(margin: float) -> None:
    with pytest.raises(UsageError, match="out of range"):
        lines(simulated_turns(seed=1), simulated_turns(seed=2), margin)


def played(folder: Path, **keys: Any) -> Path:
    everyday = {"environment": "hanoi:disks=3,rounds=0", "model": "synthetic:hazard=0.1", "episodes": 8, "turns": 6}
    session.run(make({**everyday, **keys}, "test"), folder)
    return folder


def test_a_change_of_prompt_is_paired_on_the_same_instances(tmp_path: Path) -> None:
    base = played(tmp_path / "base")
    new = played(tmp_path / "new", environment="hanoi:disks=3,rounds=0,restate=event")
    found = compare(base, new)
    assert {line.setting for line in found.lines} == {"hanoi: synthetic:hazard=0.1"}
    assert found.lines[0].n_pairs == 8
    assert found.notes == ("changed: parameters.restate state -> event",)


def test_a_longer_run_of_the_same_model_is_not_worse_for_its_late_turns(tmp_path: Path) -> None:
    model = "synthetic:hazard=0.05,drift=0.4"
    short = played(tmp_path / "short", model=model, environment="running_total", turns=5)
    long = played(tmp_path / "long", model=model, environment="running_total", turns=15)
    found = compare(short, long)
    assert {line.difference for line in found.lines} == {0.0}
    assert any("only turns 1 to 5 are compared" in note for note in found.notes)


def test_runs_that_go_on_otherwise_after_an_error_are_not_compared(tmp_path: Path) -> None:
    one = played(tmp_path / "one", environment="running_total")
    other = played(tmp_path / "other", environment="running_total", on_error="stop")
    with pytest.raises(UsageError, match="on_error=substitute and NEW stop"):
        compare(one, other)


def test_settings_are_matched_in_folders_of_runs(tmp_path: Path) -> None:
    for side, hazard in (("base", 0.1), ("new", 0.2)):
        for disks in (3, 4):
            environment = f"hanoi:disks={disks},rounds=0"
            played(tmp_path / side / f"{disks}", environment=environment, model=f"synthetic:hazard={hazard}")
    played(tmp_path / "new" / "more", environment="running_total")
    assert len(run_list.runs_in(tmp_path / "new")) == 3
    found = compare(tmp_path / "base", tmp_path / "new", ("error_rate",))
    models = "synthetic:hazard=0.1 -> synthetic:hazard=0.2"
    assert [line.setting for line in found.lines] == [f"hanoi disks=3: {models}", f"hanoi disks=4: {models}"]
    assert found.notes == ("only in NEW: running_total: synthetic:hazard=0.1",)


def test_what_changes_the_task_itself_is_refused(tmp_path: Path) -> None:
    base = played(tmp_path / "base")
    new = played(tmp_path / "new", environment="hanoi:disks=4,rounds=0")
    with pytest.raises(UsageError, match="the tasks themselves differ"):
        compare(base, new)


def test_other_seeds_environments_and_versions_are_refused(tmp_path: Path) -> None:
    base = played(tmp_path / "base")
    with pytest.raises(UsageError, match=r"share 0 instances.*same seed"):
        compare(base, played(tmp_path / "seed", seed=1))
    with pytest.raises(UsageError, match="share no setting: only in BASE: hanoi"):
        compare(base, played(tmp_path / "total", environment="running_total"))
    other = played(tmp_path / "version")
    manifest = json.loads((other / "manifest.json").read_text())
    manifest["plan"]["environment"] = "hanoi-v99"
    (other / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(UsageError, match="hanoi is hanoi-v3 in BASE and hanoi-v99 in NEW"):
        compare(base, other)
    (tmp_path / "empty").mkdir()
    with pytest.raises(StoreError, match="no run folder"):
        compare(base, tmp_path / "empty")


def test_other_judges_are_refused(tmp_path: Path) -> None:
    base, new = played(tmp_path / "base"), played(tmp_path / "new")
    for folder, nodes in ((base, 5000), (new, 20000)):
        manifest = json.loads((folder / "manifest.json").read_text())
        manifest["judge"] = {"engine": "stockfish", "version": "15.1", "nodes": nodes}
        (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(UsageError, match=r"at 5000 nodes in BASE .* at 20000 nodes in NEW: .* horizon grade"):
        compare(base, new)


def test_runs_that_ended_once_settled_are_pointed_out(tmp_path: Path) -> None:
    base = played(tmp_path / "base")
    keys = {"expect": {"error_rate": [{"at_most": 0.9}]}, "episodes": 40}
    session.run(
        make({"environment": "hanoi:disks=3,rounds=0", "model": "random", "turns": 6, **keys}, "t"),
        tmp_path / "new",
        session.RunOptions(stop="settled"),
    )
    assert any("NEW has runs that stopped once settled" in note for note in compare(base, tmp_path / "new").notes)


def test_rows_of_one_side_in_any_order_give_the_same_lines() -> None:
    base, new = simulated_turns(seed=1), simulated_turns(seed=2)
    shuffled = new.sample(fraction=1.0, shuffle=True, seed=4)
    assert np.all([one == other for one, other in zip(lines(base, new), lines(base, shuffled), strict=True)])


def test_the_exit_code_is_the_gates(tmp_path: Path) -> None:
    base = played(tmp_path / "base", episodes=16)
    new = played(tmp_path / "new", episodes=16, model="synthetic:hazard=0.6")
    codes = {}
    for name, arguments in {
        "worse": [str(base), str(new)],
        "better": [str(new), str(base), "--fail-on", "unproven", "--figure", "error_rate"],
        "refused": [str(base), str(tmp_path / "nowhere")],
    }.items():
        result = horizon("compare", *arguments)
        codes[name] = result.returncode
        assert len(result.stderr.splitlines()) == (name == "refused"), result.stderr
    assert codes == {"worse": 1, "better": 0, "refused": 2}
