"""Claims of the shipped suites as gates: each fails a model that is broken, whichever way it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from horizon.analysis.gates import overall
from horizon.core.errors import ModelFailure
from horizon.core.model import Request
from horizon.core.records import Json, Reply
from horizon.play.opening import OpenParts, open_setting
from horizon.play.session import RunOptions, run_opened
from horizon.play.stopping import judge_run
from horizon.scenarios.scenario import read_suite

SHIPPED = Path(__file__).parent.parent.parent / "scenarios"
SUITES = sorted(path.stem for path in SHIPPED.glob("*.toml") if "expect" in path.read_text())
FIRST = {"chess": "games", "ood": "puzzle", "puzzles": "mate", "focus": "stack_machine", "paper": "running_total"}
"""The scenario that stands for a suite; without one the first."""
EXACT = ("execution", "planning", "tracking")
"""Suites without an engine."""
QUICK = ("execution", "planning")
KEPT_BY_RANDOM_MOVES = {("planning", "checker_jumping")}


@dataclass
class Broken:
    """A model that gives one reply for ever: a text, or the first action of the first state it is asked about."""

    text: str | None = None
    name: str = "broken"
    reads_text: bool = True

    def identity(self) -> Mapping[str, Json]:
        return {}

    def reply(self, requests: Sequence[Request]) -> list[Reply | ModelFailure]:
        if self.text is None:
            posed = requests[0].posed
            self.text = posed.render(posed.actions()[0])
        return [Reply(self.text) for _ in requests]

    def count_tokens(self, text: str) -> int | None:
        return None

    def close(self) -> None:
        pass


def verdict_of(suite: str, name: str, model: Broken | None, folder: Path) -> str:
    """Return a gate's verdict; only natural turns are played, and no engine judges: a legal move passes as correct."""
    variant = next(variant for variant in read_suite(suite, model="random").variants if variant.name.startswith(name))
    opponents = ("random",) if variant.scenario.opponents else ()
    scenario = variant.scenario.model_copy(update={"conditions": ("natural",), "opponents": opponents})
    with open_setting(scenario, OpenParts(model=model, is_judged=False)) as setting:
        run_opened(setting, folder, RunOptions(stop="settled"))
        return overall(judge_run(folder, scenario).outcomes)


@pytest.mark.parametrize(
    "suite", [pytest.param(suite, marks=() if suite in QUICK else pytest.mark.long) for suite in SUITES]
)
def test_every_shipped_suite_fails_a_model_that_answers_nothing(suite: str, tmp_path: Path) -> None:
    name = FIRST.get(suite, read_suite(suite, model="random").variants[0].name)
    assert verdict_of(suite, name, Broken("lorem ipsum"), tmp_path / "run") == "failed"


def test_every_shipped_suite_with_expectations_bounds_an_error_rate() -> None:
    for suite in SUITES:
        claims = [
            claim
            for variant in read_suite(suite, model="random").variants
            for claim in variant.scenario.expect.claims()
        ]
        assert any(claim.figure == "error_rate" and claim.bound < 0.9 for claim in claims), suite


@pytest.mark.long
@pytest.mark.parametrize(
    ("suite", "name"),
    [(suite, variant.name) for suite in EXACT for variant in read_suite(suite, model="random").variants],
)
def test_exact_suites_fail_random_moves_one_reply_for_ever_and_silence(suite: str, name: str, tmp_path: Path) -> None:
    models = {"silent": Broken(""), "same reply": Broken(), "random": None}
    verdicts = {kind: verdict_of(suite, name, model, tmp_path / kind) for kind, model in models.items()}
    expected = dict.fromkeys(models, "failed")
    if (suite, name) in KEPT_BY_RANDOM_MOVES:
        expected["random"] = verdicts["random"]
    assert verdicts == expected
