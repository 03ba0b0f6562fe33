"""Claims about transplanted transcripts: the other run's messages and replies before the same state, or a refusal."""

import shutil
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

import horizon
from horizon.analysis.analyze import load_runs
from horizon.analysis.chart import points_of
from horizon.analysis.compare_runs import compare
from horizon.analysis.estimators import contrasts
from horizon.analysis.whose_history import whose_history
from horizon.core.errors import StoreError, UsageError
from horizon.play.replay import replay
from horizon.play.session import RunOptions, run
from horizon.report.whose_history import whose_history_charts
from horizon.runs.run_data import read_run
from horizon.runs.shards import Shard, merge
from horizon.scenarios.scenario import make

KEYS = {"episodes": 12, "turns": 5, "seed": 3, "conditions": ["natural"]}


def played(env: str, out: Path, hazard: float, conditions: list[str], **more: object) -> Path:
    horizon.play(env, model=f"synthetic:hazard={hazard}", out=out, **{**KEYS, "conditions": conditions, **more})
    return out


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two runs of one environment; each shows the other's transcripts, the first by a run with natural turns only."""
    folder = tmp_path_factory.mktemp("runs")
    good = played("running_total", folder / "good", 0.2, ["natural"])
    bad = played("running_total", folder / "bad", 0.7, ["natural", f"transplant:{good}"])
    return good, bad


def test_the_transcript_is_the_other_runs_before_the_same_state(pair: tuple[Path, Path]) -> None:
    good, bad = pair
    condition = f"transplant:{good}"
    for episode in ("0", "5"):
        for turn in range(1, 6):
            own, other = replay(bad, episode, turn, condition), replay(good, episode, turn)
            assert own.messages == other.messages
            assert own.row.state == other.row.state
            assert own.row.prior_errors == other.row.prior_errors
    figures = points_of(contrasts.estimates(load_runs([bad])), "contrasts")
    named = {str(figure.at["name"]): figure for figure in figures}
    assert named[f"natural-{condition}"].n_turns == 12 * 5


def test_states_that_the_other_run_did_not_come_to_are_not_posed(tmp_path: Path) -> None:
    other = played("hanoi:disks=3", tmp_path / "other", 0.6, ["natural"])
    own = played("hanoi:disks=3", tmp_path / "own", 0.1, ["natural", f"transplant:{other}"])
    turns = horizon.load(own).turns
    states = {
        (row["episode_id"], row["turn"]): row["state"]
        for row in horizon.load(other).turns.filter(condition="natural").iter_rows(named=True)
    }
    natural = [row for row in turns.iter_rows(named=True) if row["condition"] == "natural"]
    shared = {
        (row["episode_id"], row["turn"])
        for row in natural
        if states.get((row["episode_id"], row["turn"])) == row["state"]
    }
    posed = {(row["episode_id"], row["turn"]) for row in turns.iter_rows(named=True) if row["condition"] != "natural"}
    assert posed == shared
    assert 0 < len(posed) < len(natural)


@pytest.mark.parametrize(
    ("env", "keys", "reason"),
    [
        ("hanoi:disks=3", {}, "environment"),
        ("running_total:restate=state", {}, "parameters"),
        ("running_total", {"seed": 4}, "seed 3 and this run 4"),
    ],
)
def test_a_run_that_does_not_match_is_refused_in_one_line(
    env: str, keys: dict[str, object], reason: str, pair: tuple[Path, Path], tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=reason) as problem:
        played(env, tmp_path / "run", 0.1, ["natural", f"transplant:{pair[0]}"], **keys)
    assert "\n" not in str(problem.value)
    assert not (tmp_path / "run").exists()


def test_the_table_of_both_runs_counts_every_cell_on_the_same_states(pair: tuple[Path, Path]) -> None:
    good, bad = pair
    cells = {(cell.at["answers"], cell.at["history"]): cell for cell in compare(good, bad).whose_history}
    names = "synthetic:hazard=0.2", "synthetic:hazard=0.7"
    assert set(cells) == {(names[0], names[0]), (names[1], names[1]), (names[1], names[0])}
    rows = horizon.load(bad).turns.filter(condition=f"transplant:{good}")
    later = [row["correct"] for row in rows.iter_rows(named=True) if row["turn"] > 1]
    cell = cells[names[1], names[0]]
    assert cell.n_turns == len(later) == 12 * 4
    assert cell.estimate == pytest.approx(1 - sum(later) / len(later))
    assert cell.low is not None and cell.high is not None and cell.low < 0.7 < cell.high


def test_the_report_of_both_runs_draws_each_model_after_each_transcript(pair: tuple[Path, Path]) -> None:
    (chart,) = whose_history_charts([read_run(folder) for folder in pair])
    drawn = {(series.name, place) for series in chart.series for place in series.places}
    good, bad = "synthetic:hazard=0.2", "synthetic:hazard=0.7"
    assert drawn == {
        (f"{good} answers", f"after {good}"),
        (f"{bad} answers", f"after {good}"),
        (f"{bad} answers", f"after {bad}"),
    }
    assert whose_history_charts([read_run(pair[0])]) == []


@pytest.mark.parametrize(
    ("more", "marks"),
    [({"temperature": 0.7}, ("temperature=0.0", "temperature=0.7")), ({}, ("first", "second"))],
)
def test_two_models_of_one_name_are_distinguished(
    more: dict[str, object], marks: tuple[str, str], tmp_path: Path
) -> None:
    first = played("running_total", tmp_path / "first", 0.3, ["natural"])
    second = played("running_total", tmp_path / "second", 0.3, ["natural", f"transplant:{first}"], **more)
    rates = whose_history([read_run(first), read_run(second)])
    labels = {(str(rate.at["answers"]), str(rate.at["history"])) for rate in rates}
    assert len(labels) == len(rates) == 3
    for mark in marks:
        assert any(answers.startswith("synthetic:hazard=0.3 (") and mark in answers for answers, _ in labels)


def test_models_of_one_name_are_distinguished_by_their_engines(pair: tuple[Path, Path]) -> None:
    runs = [read_run(folder) for folder in pair]
    named = [
        replace(
            run,
            manifest={**run.manifest, "plan": {}, "model": {"backend": backend, "torch": "2"}},
            turns=run.turns.with_columns(model=pl.lit("smollm2").cast(run.turns["model"].dtype)),
        )
        for run, backend in zip(runs, ("transformers", "openvino"), strict=True)
    ]
    answers = {str(rate.at["answers"]) for rate in whose_history(named)}
    assert answers == {'smollm2 (backend="transformers")', 'smollm2 (backend="openvino")'}


def test_a_donor_that_changed_since_is_neither_resumed_nor_merged(tmp_path: Path) -> None:
    condition = f"transplant:{tmp_path / 'donor'}"
    keys = {"environment": "running_total", "model": "synthetic:hazard=0.3", "episodes": 4, "turns": 4}
    scenario = make({**keys, "conditions": ["natural", condition]}, "t")
    parts = [tmp_path / "1", tmp_path / "2"]
    for number, hazard in ((1, 0.3), (2, 1.0)):
        # The second donor poses the states of the first and gets other replies.
        shutil.rmtree(tmp_path / "donor", ignore_errors=True)
        other = {**keys, "model": f"synthetic:hazard={hazard}", "conditions": ["natural"]}
        run(make(other, "t"), tmp_path / "donor")
        run(scenario, parts[number - 1], RunOptions(shard=Shard(number, 2)))
    with pytest.raises(StoreError, match="showed other transcripts"):
        merge(parts, tmp_path / "whole")
    with pytest.raises(StoreError, match="showed other transcripts"):
        run(scenario, parts[0], RunOptions(resume=True))
    run(scenario, parts[1], RunOptions(resume=True))


def test_an_unfinished_donor_is_refused_in_one_line(tmp_path: Path) -> None:
    donor = played("running_total", tmp_path / "donor", 0.2, ["natural"])
    for table in donor.glob("*.parquet"):
        table.unlink()
    with pytest.raises(UsageError, match=r"is unfinished.*--resume"):
        played("running_total", tmp_path / "run", 0.1, ["natural", f"transplant:{donor}"])
