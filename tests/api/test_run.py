"""Claims about `Run`: one type for memory and folder, with the same rows, estimates, texts and verdicts."""

from pathlib import Path

import polars as pl
import pytest

import horizon
from horizon.core.errors import UsageError
from horizon.core.records import TIME_COLUMNS

KEYS = {"model": "synthetic:hazard=0.3", "episodes": 6, "turns": 5, "seed": 3}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs") / "hanoi"


@pytest.fixture(scope="module")
def stored(folder: Path) -> horizon.Run:
    return horizon.play("hanoi:disks=3,rounds=0", out=folder, **KEYS)


@pytest.fixture(scope="module")
def in_memory() -> horizon.Run:
    return horizon.play("hanoi:disks=3,rounds=0", **KEYS)


def test_a_run_in_memory_has_the_rows_and_the_plan_of_the_run_in_a_folder(
    stored: horizon.Run, in_memory: horizon.Run
) -> None:
    assert in_memory.turns.drop(TIME_COLUMNS).equals(stored.turns.drop(TIME_COLUMNS))
    assert in_memory.episodes.equals(stored.episodes)
    assert in_memory.turns.schema == stored.turns.schema
    for key in ("plan", "model", "opponents", "judge"):
        assert in_memory.manifest[key] == stored.manifest[key]


def test_loading_the_folder_gives_the_parquet_files(stored: horizon.Run, folder: Path) -> None:
    loaded = horizon.load(folder)
    assert loaded.turns.equals(pl.read_parquet(folder / "turns.parquet"))
    assert loaded.analyze().to_dict() == stored.analyze().to_dict()


def test_both_show_the_same_messages_and_verdict(stored: horizon.Run, in_memory: horizon.Run) -> None:
    one, other = (run.show(episode=1, turn=3, condition="fresh") for run in (stored, in_memory))
    assert one.messages == other.messages and len(one.messages) == 2
    assert str(one).splitlines()[0] == "## system" and "## verdict" in str(one)


def test_a_function_of_the_conversation_is_a_model() -> None:
    lengths = []

    def reply(messages: list[dict[str, str]]) -> str:
        lengths.append(len(messages))
        return "Answer: A C"

    run = horizon.play("hanoi:disks=3", model=reply, episodes=1, turns=2, conditions=["natural"])
    # The rules and the first state; then with the first turn's reply and the second state.
    assert lengths == [2, 4]
    assert run.turns["model"].unique().to_list() == ["reply"]


def test_a_model_that_is_handed_over_stays_open_and_plays_into_a_folder(tmp_path: Path) -> None:
    model = horizon.load_model("synthetic:hazard=0.3")
    run = horizon.play("hanoi:disks=3,rounds=0", out=tmp_path / "run", **{**KEYS, "model": model})
    assert run.turns.height == horizon.play("hanoi:disks=3,rounds=0", **KEYS).turns.height


def test_an_environment_object_plays_as_its_name_does(in_memory: horizon.Run) -> None:
    task = horizon.make_environment("hanoi", disks=3, rounds=0)
    run = horizon.play(task, **KEYS)
    assert run.turns.drop(TIME_COLUMNS).equals(in_memory.turns.drop(TIME_COLUMNS))


def test_a_run_in_memory_needs_a_folder_for_its_report(in_memory: horizon.Run, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="give one"):
        in_memory.report()
    page = in_memory.report(tmp_path / "report")
    assert page.name == "report.html" and (tmp_path / "report" / "tables" / "estimates.json").is_file()
    assert "6 episodes" in page.read_text(encoding="utf-8")


def test_a_check_is_decided_by_the_whole_interval() -> None:
    sure = horizon.play("running_total", model="synthetic:hazard=0.05", conditions=["natural"], episodes=60, turns=6)
    assert sure.check(error_rate_at_most=0.3, turns="1-5").verdict == "passed"
    assert sure.check(error_rate_at_least=0.3).verdict == "failed"
    few = horizon.play("running_total", model="synthetic:hazard=0.05", conditions=["natural"], episodes=1, turns=2)
    assert few.check(error_rate_at_most=0.3).verdict == "undecided"


@pytest.mark.parametrize(
    ("bounds", "reason"),
    [
        ({}, "takes one bound, and 0 are given"),
        ({"error_rate_at_most": 0.1, "skill_at_least": 0.1}, "and 2 are given"),
        ({"error_rate_atmost": 0.1}, "did you mean 'error_rate_at_most'"),
        ({"error_rate_at_most": 1.5}, "1.5"),
        ({"skill_at_least": 0.1, "turns": "1-3"}, "skill_at_least takes none"),
    ],
)
def test_a_check_that_cannot_be_made_says_why(in_memory: horizon.Run, bounds: dict[str, float], reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        in_memory.check(**bounds)


def test_several_runs_are_one_run_of_all_their_rows(stored: horizon.Run, folder: Path, tmp_path: Path) -> None:
    horizon.play("hanoi:disks=3,rounds=0", out=tmp_path / "other", **{**KEYS, "seed": 4})
    both = horizon.load([folder, tmp_path / "other"])
    assert both.episodes.height == 12 and both.analyze().error_rate is not None
    with pytest.raises(UsageError, match="2 runs are loaded"):
        both.show()


def test_a_run_prints_what_it_is_and_draws_itself_in_a_notebook(in_memory: horizon.Run) -> None:
    counts = f"6 episodes, {in_memory.turns.height} turns"
    assert repr(in_memory) == f"Run(hanoi-v3, synthetic:hazard=0.3, {counts}, in memory)"
    page = in_memory._repr_html_()
    assert "<table>" in page and "data:image/png;base64," in page


def test_an_unknown_key_or_name_is_one_line_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="did you mean 'max_tokens'"):
        horizon.play("hanoi", model="random", max_token=3)
    with pytest.raises(UsageError, match="did you mean 'hanoi'"):
        horizon.play("hanio", model="random")
    with pytest.raises(UsageError, match="is no model"):
        horizon.play("hanoi", model=3)  # type: ignore[arg-type]
