"""Claims about playing all scenarios of a file: folders, resuming, expectations, and weights that are kept."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import polars
import pytest
from command_line import horizon

from horizon.analysis.analyze import load_runs
from horizon.core.errors import StoreError, UsageError
from horizon.core.weight_cache import keeping_weights, weights
from horizon.play.budget import Spending
from horizon.play.loop import Played
from horizon.play.session import RunOptions
from horizon.play.suite import play_all, select
from horizon.runs.prices import PriceList, Prices
from horizon.runs.run_list import distinct_runs, runs_in
from horizon.scenarios.scenario import Scenario, read_suite

SUITE = """
environment = "hanoi"
model = "random"
episodes = 2
turns = 4
conditions = ["natural"]
[grid.parameters]
disks = [2, 3]
[[scenario]]
name = "plain"
[[scenario]]
name = "mirrored"
[scenario.parameters]
shift = "mirror"
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "suite.toml"
    path.write_text(SUITE)
    return path


@contextmanager
def quiet(scenario: Scenario) -> Iterator[tuple[Callable[[Played], None], Callable[[str], None]]]:
    yield (lambda played: None), (lambda text: None)


def played(path: Path, out: Path, *, resume: bool = False, **more: object) -> list[str]:
    found = play_all(read_suite(str(path), **more).variants, out, quiet, RunOptions(resume=resume))
    return [run.folder.name for run in found]


def times(out: Path) -> dict[str, int]:
    return {each.parent.name: each.stat().st_mtime_ns for each in out.glob("*/turns.parquet")}


def test_each_scenario_is_played_into_a_folder_of_its_own(path: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert played(path, out) == ["plain_disks=2", "plain_disks=3", "mirrored_disks=2", "mirrored_disks=3"]
    told = json.loads((out / "mirrored_disks=3" / "manifest.json").read_text())["plan"]["parameters"]
    assert (told["disks"], told["shift"]) == (3, "mirror")


def test_a_suite_goes_on_where_it_stopped_and_leaves_finished_runs_alone(path: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    playing = play_all(read_suite(str(path)).variants, out, quiet)
    next(playing)
    next(playing)
    playing.close()  # type: ignore[attr-defined]
    before = times(out)
    assert set(before) == {"plain_disks=2", "plain_disks=3"}
    with pytest.raises(UsageError, match="holds a run already"):
        played(path, out)
    assert len(played(path, out, resume=True)) == 4
    after = times(out)
    assert len(after) == 4
    assert {name: after[name] for name in before} == before


def test_a_suite_played_in_two_goes_holds_the_rows_of_one(path: Path, tmp_path: Path) -> None:
    played(path, tmp_path / "one")
    playing = play_all(read_suite(str(path)).variants, tmp_path / "two", quiet)
    next(playing)
    playing.close()  # type: ignore[attr-defined]
    played(path, tmp_path / "two", resume=True)
    columns = ["run_id", "episode_id", "turn", "state", "action", "error"]
    for name in times(tmp_path / "one"):
        one, two = (polars.read_parquet(tmp_path / each / name / "turns.parquet") for each in ("one", "two"))
        assert one.select(columns).equals(two.select(columns))


def test_a_suite_that_has_changed_is_not_gone_on_with(path: Path, tmp_path: Path) -> None:
    played(path, tmp_path / "out")
    with pytest.raises(StoreError, match="was started with turns=4, not 5"):
        played(path, tmp_path / "out", resume=True, turns=5)


def test_scenarios_that_differ_only_in_what_they_expect_play_and_are_reported_as_one_run(tmp_path: Path) -> None:
    strict = "[[scenario.expect.error_rate]]\nat_most = 0.01\n"
    lenient = "[[scenario.expect.error_rate]]\nat_most = 0.99\n"
    path, out = tmp_path / "suite.toml", tmp_path / "out"
    top = SUITE.partition("[grid")[0].replace("hanoi", "running_total")
    path.write_text(f"{top}[[scenario]]\nname = 'strict'\n{strict}[[scenario]]\nname = 'lenient'\n{lenient}")
    folders = [out / name for name in played(path, out)]
    assert [folder.name for folder in folders] == ["strict", "lenient"]
    assert distinct_runs(folders) == folders[:1] and runs_in(out) == [out / "lenient"]
    assert load_runs(runs_in(out)).n_episodes == 2


def test_scenarios_are_chosen_by_a_part_of_their_names(path: Path) -> None:
    suite = read_suite(str(path))
    assert [each.name for each in select(suite, "plain[disks=3")] == ["plain[disks=3]"]
    with pytest.raises(UsageError, match=r"did you mean 'plain\[disks"):
        select(suite, "plain[disk=2]")


def test_weights_are_loaded_once_while_they_are_kept_and_freed_for_others() -> None:
    loads: list[str] = []

    def load(name: str) -> object:
        return weights(name, lambda: loads.append(name) or object())  # type: ignore[func-returns-value]

    assert load("a") is not load("a")
    with keeping_weights():
        with keeping_weights():
            kept = load("a")
        assert load("a") is kept
        load("b")
        assert load("a") is not kept
    load("a")
    assert loads == ["a", "a", "a", "b", "a", "a"]


# SmolLM2 is not needed: the error rate of `synthetic:` is what its name says.
GATED = """
environment = "stack_machine"
episodes = 24
turns = 10
conditions = ["natural"]
[[expect.error_rate]]
at_most = 0.3
[[scenario]]
name = "one"
[[scenario]]
name = "two"
seed = 1
"""


@pytest.mark.parametrize(("hazard", "verdict", "code"), [("0.05", "passed", 0), ("0.8", "failed", 1)])
def test_play_prints_how_expectations_are_kept_and_exits_by_them(
    tmp_path: Path, hazard: str, verdict: str, code: int
) -> None:
    path, out = tmp_path / "gated.toml", tmp_path / "out"
    path.write_text(GATED)
    command = ("play", "--scenario", str(path), "--model", f"synthetic:hazard={hazard}", "--out", str(out))
    result = horizon(*command)
    assert result.returncode == code, result.stderr
    assert f"one: error rate at most 0.3: {verdict}" in result.stdout
    assert f"two: error rate at most 0.3: {verdict}" in result.stdout
    assert (out / "report.html").is_file()
    if verdict == "failed":
        assert horizon(*command, "--resume").returncode == code


def test_check_prints_every_mistake_and_exits_with_2(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('environment = "hani"\nmodel = "randon"\n')
    result = horizon("check", str(path), "smoke")
    assert result.returncode == 2
    assert [line.partition(":")[0] for line in result.stdout.splitlines()[:2]] == [
        f"{path}, line 1",
        f"{path}, line 2",
    ]
    assert "smoke.toml: ok, 3 scenarios" in result.stdout
    told = json.loads(horizon("check", str(path), "--json").stdout)
    assert [(each["line"], each["key"]) for each in told[0]["problems"]] == [(1, "environment"), (2, "model")]
    assert not told[0]["ok"]
    assert horizon("check", "smoke").returncode == 0
    assert "no file to check" in horizon("check").stderr


def test_scenarios_are_listed_with_their_descriptions() -> None:
    listed = json.loads(horizon("list", "scenarios", "--json").stdout)
    by_name = {each["name"]: each for each in listed}
    assert "river_crossing_3[pairs=5]" in by_name["paper"]["scenarios"]
    assert all(each["summary"] for each in listed)


def test_a_cost_limit_holds_for_all_runs_of_a_suite_together(tmp_path: Path) -> None:
    models = [f"synthetic:hazard={hazard},tokens=0.001" for hazard in (0.1, 0.2, 0.3)]
    (tmp_path / "suite.toml").write_text(
        f'environment = "running_total"\nepisodes = 2\nturns = 3\nconditions = ["natural"]\n[grid]\nmodel = {models}\n'
    )
    variants = read_suite(str(tmp_path / "suite.toml")).variants
    prices = PriceList({}, Prices(1e6, 1e6), "flags")

    def costs(limit: float | None, out: str, *, resume: bool = False) -> list[float | None]:
        options = RunOptions(resume=resume, spending=Spending(prices, limit))
        return [run.meter.cost for run in play_all(variants, tmp_path / out, quiet, options)]

    one, two, three = costs(None, "whole")
    assert one and two and three
    assert costs(one + 1, "runs")[0] == one and len(times(tmp_path / "runs")) == 2
    assert len(costs(one, "exact")) == 1
    assert len(costs(one + two + 1, "runs", resume=True)) == 3
    assert costs(1e9, "runs", resume=True)[2] == three
    for name in times(tmp_path / "whole"):
        rows = [polars.read_parquet(tmp_path / each / name / "turns.parquet")["reply"] for each in ("whole", "runs")]
        assert rows[0].to_list() == rows[1].to_list()
