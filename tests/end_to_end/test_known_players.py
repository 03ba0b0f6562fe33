"""The judge, the estimators and the whole road tested on players whose truth is known."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from horizon.analysis.analyze import analyze_runs
from horizon.core.model import ModelOptions, Request, fastest_name, open_model
from horizon.core.records import Message, Reply
from horizon.core.weight_cache import keeping_weights
from horizon.play import session
from horizon.runs import run_folder
from horizon.scenarios.scenario import make, read_suite


@pytest.fixture(scope="module", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Any:
    before = os.environ.get("HORIZON_CACHE")
    os.environ["HORIZON_CACHE"] = str(tmp_path_factory.mktemp("cache"))
    yield
    if before is None:
        del os.environ["HORIZON_CACHE"]
    else:
        os.environ["HORIZON_CACHE"] = before


def played(folder: Path, **given: Any) -> pl.DataFrame:
    session.run(make(given, "test"), folder)
    return run_folder.read_turns(folder)


@pytest.mark.slow
def test_full_strength_stockfish_loses_next_to_nothing_against_level_1(tmp_path: Path) -> None:
    turns = played(
        tmp_path / "run",
        model="uci:stockfish:level=10",
        opponents=["stockfish:level=1"],
        conditions=["natural"],
        episodes=2,
        turns=15,
        judge_nodes=5000,
    )
    assert turns["loss"].null_count() == 0
    assert turns["loss"].mean() < 0.02
    assert turns["correct"].mean() > 0.95


@pytest.mark.slow
def test_a_random_mover_has_a_skill_of_0_within_its_interval(tmp_path: Path) -> None:
    played(
        tmp_path / "run",
        model="random",
        opponents=["random"],
        conditions=["natural"],
        episodes=10,
        turns=30,
        judge_nodes=2000,
    )
    skill = analyze_runs([tmp_path / "run"]).to_dict()["skill"]
    assert skill["low"] < 0 < skill["high"]
    assert skill["high"] - skill["low"] < 0.5


@pytest.mark.parametrize("hazard", [0.05, 0.3])
def test_a_synthetic_hazard_is_recovered_within_the_interval(hazard: float, tmp_path: Path) -> None:
    played(
        tmp_path / "run",
        environment="hanoi",
        parameters={"disks": 3, "rounds": 0},
        model=f"synthetic:hazard={hazard}",
        episodes=60,
        turns=20,
    )
    found = analyze_runs([tmp_path / "run"]).to_dict()
    rate = found["error_rate"]
    assert rate["low"] <= hazard <= rate["high"]
    assert rate["n_turns"] == 60 * 20
    assert rate["high"] - rate["low"] < 0.1
    gap = found["focus_gap"]
    assert gap["low"] <= 0 <= gap["high"], "a constant hazard has no focus gap"


def test_a_hazard_that_drifts_with_the_turn_shows_as_a_focus_gap(tmp_path: Path) -> None:
    played(
        tmp_path / "run",
        environment="hanoi",
        parameters={"disks": 3, "rounds": 0},
        model="synthetic:hazard=0.05,drift=0.15",
        episodes=60,
        turns=20,
    )
    found = analyze_runs([tmp_path / "run"]).to_dict()
    assert found["focus_gap"]["low"] > 0
    natural = [each for each in found["error_by_turn"] if each["condition"] == "natural"]
    assert natural[-1]["low"] > natural[0]["high"]


@pytest.fixture(scope="module")
def _smollm2_loaded_once() -> Iterator[None]:
    """Keep the weights of SmolLM2 for both tests that need them: reading its file takes half a minute."""
    with keeping_weights():
        yield


@pytest.mark.slow
@pytest.mark.usefixtures("_smollm2_loaded_once")
def test_smollm2_is_real_and_knows_the_capital_of_france() -> None:
    model = open_model("smollm2", ModelOptions(dtype="auto"))
    messages = (Message("system", "Say."), Message("user", "What is the capital of France? One word."))
    reply = model.reply([Request(messages, 0, "c", 1, 0, None, 16)])[0]
    assert isinstance(reply, Reply)
    assert "Paris" in reply.text
    assert len(str(model.identity()["sha256"])) == 64
    model.close()


@pytest.mark.slow
@pytest.mark.usefixtures("_smollm2_loaded_once")
def test_the_first_curve_is_played_on_real_parts(tmp_path: Path) -> None:
    suite = read_suite("first_curve", episodes=1, turns=2)
    assert [variant.scenario.model for variant in suite.variants] == ["student", "smollm2"]
    for variant, weights in zip(suite.variants, ("student", "SmolLM2-135M-Instruct"), strict=True):
        folder = tmp_path / variant.scenario.model
        session.run(variant.scenario, folder)
        turns = run_folder.read_turns(folder)
        assert turns.filter(turns["condition"] == "natural").height == 2
        assert turns["random_loss"].null_count() == 0
        assert turns["completion_tokens"].max() <= 12
        made = (folder / "manifest.json").read_text(encoding="utf-8")
        assert weights in made and "Stockfish" in made
        assert (folder / "games.pgn").read_text(encoding="utf-8").count("[Event ") == 1
        # The plan names the engine; the bare name resumes the run on that engine, and plays nothing twice.
        options = ModelOptions(dtype=variant.scenario.dtype)
        assert json.loads(made)["plan"]["model"] == fastest_name(variant.scenario.model, options)
        again = session.run(variant.scenario, folder, session.RunOptions(resume=True))
        assert again.played.turns == 0
