"""Claims about early stopping: reported, repeatable, unharmed by interruption, and no play beyond an analysis."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from horizon.core.errors import ModelFailure, UsageError
from horizon.core.model import Model, Request, open_model
from horizon.core.records import Reply
from horizon.models.synthetic import SyntheticModel
from horizon.play import session
from horizon.play.loop import Played
from horizon.play.opening import OpenParts, open_setting
from horizon.play.stopping import STOPPED, judge_run
from horizon.runs import run_folder
from horizon.runs.shards import Shard
from horizon.scenarios.scenario import Scenario, make


def scenario(hazard: float = 0.05, at_most: float = 0.5, **more: object) -> Scenario:
    given: dict[str, Any] = {
        "environment": "running_total",
        "model": f"synthetic:hazard={hazard}",
        "episodes": 40,
        "turns": 6,
        "conditions": ["natural"],
        "expect": {"error_rate": [{"at_most": at_most}]},
        **more,
    }
    return make(given, "test")


def rows(folder: Path) -> list[tuple[object, ...]]:
    return run_folder.read_turns(folder, ("episode_id", "turn", "reply")).rows()


def test_a_run_stops_at_a_look_once_its_claims_are_settled_and_its_manifest_says_so(tmp_path: Path) -> None:
    finished = session.run(scenario(), tmp_path / "run", session.RunOptions(stop="settled"))
    judged = judge_run(tmp_path / "run", scenario())
    assert judged.stopped_after in (4, 8, 12, 16)
    assert [outcome.verdict for outcome in judged.outcomes] == ["passed", "passed"]
    assert finished.played.episodes_done == judged.stopped_after
    told: Any = run_folder.read_manifest(tmp_path / "run")[STOPPED]
    assert (told["episodes"], told["of"], told["verdict"]) == (judged.stopped_after, 40, "passed")
    assert run_folder.is_finished(tmp_path / "run")


def test_what_is_played_until_then_is_the_beginning_of_the_whole_run_and_the_same_each_time(tmp_path: Path) -> None:
    for name in ("one", "two"):
        session.run(scenario(), tmp_path / name, session.RunOptions(stop="settled"))
    session.run(scenario(), tmp_path / "whole")
    early, whole = rows(tmp_path / "one"), rows(tmp_path / "whole")
    assert early == rows(tmp_path / "two") == whole[: len(early)]
    assert len(early) < len(whole) == 240


def test_an_unsettled_run_plays_all_its_episodes_and_is_not_marked(tmp_path: Path) -> None:
    wanted = scenario(hazard=0.3, at_most=0.3, episodes=10)
    finished = session.run(wanted, tmp_path / "run", session.RunOptions(stop="settled"))
    assert finished.played.episodes_done == 10
    assert STOPPED not in run_folder.read_manifest(tmp_path / "run")
    assert judge_run(tmp_path / "run", wanted).outcomes[0].verdict == "undecided"


def test_a_scenario_that_expects_no_figure_plays_all_its_episodes(tmp_path: Path) -> None:
    finished = session.run(scenario(expect={}, episodes=9), tmp_path / "run", session.RunOptions(stop="settled"))
    assert finished.played.episodes_done == 9


@pytest.mark.parametrize("turns_played", [1, 20, 26, 40])
def test_an_interrupted_run_resumes_to_the_same_rows_and_the_same_stop(tmp_path: Path, turns_played: int) -> None:
    def interrupt(played: Played) -> None:
        if played.turns >= turns_played:
            raise KeyboardInterrupt

    wanted = scenario(hazard=0.2, at_most=0.45, live_episodes=3)
    with pytest.raises(KeyboardInterrupt):
        session.run(wanted, tmp_path / "cut", session.RunOptions(stop="settled"), watch=interrupt)
    session.run(wanted, tmp_path / "cut", session.RunOptions(resume=True, stop="settled"))
    session.run(wanted, tmp_path / "whole", session.RunOptions(stop="settled"))
    assert rows(tmp_path / "cut") == rows(tmp_path / "whole")
    assert judge_run(tmp_path / "cut", wanted) == judge_run(tmp_path / "whole", wanted)


def test_episodes_beyond_a_look_are_no_evidence_at_it(tmp_path: Path) -> None:
    # A run of all episodes, then stopped by other claims: the stop is where the first look would have been.
    session.run(scenario(expect={}), tmp_path / "run")
    session.run(scenario(), tmp_path / "early", session.RunOptions(stop="settled"))
    session.run(scenario(), tmp_path / "run", session.RunOptions(resume=True, stop="settled"))
    assert judge_run(tmp_path / "run", scenario()) == judge_run(tmp_path / "early", scenario())


def test_a_run_that_stopped_early_is_complete_until_one_says_that_it_should_go_on(tmp_path: Path) -> None:
    session.run(scenario(), tmp_path / "run", session.RunOptions(stop="settled"))
    with pytest.raises(UsageError, match=r"stopped early, after .* of 40 episodes.*--stop never"):
        session.run(scenario(), tmp_path / "run", session.RunOptions(resume=True))
    session.run(scenario(), tmp_path / "run", session.RunOptions(resume=True, stop="never"))
    assert STOPPED not in run_folder.read_manifest(tmp_path / "run")
    session.run(scenario(), tmp_path / "whole")
    assert rows(tmp_path / "run") == rows(tmp_path / "whole")


def test_counts_grow_through_all_looks(tmp_path: Path) -> None:
    seen: list[Played] = []
    wanted = scenario(hazard=0.2, at_most=0.4)
    finished = session.run(wanted, tmp_path / "run", session.RunOptions(stop="settled"), watch=seen.append)
    turns = [played.turns for played in seen]
    assert turns == sorted(turns) and turns[-1] == finished.played.turns == len(rows(tmp_path / "run"))
    assert finished.played.episodes_done > 4


def test_opponents_are_played_on_the_same_instances_up_to_each_look(tmp_path: Path) -> None:
    wanted = scenario(
        environment="chess", opponents=["random", "synthetic:hazard=0.5"], judge_engine="none", model="random", turns=2
    )
    finished = session.run(wanted, tmp_path / "run", session.RunOptions(stop="settled"))
    judged = judge_run(tmp_path / "run", wanted)
    assert judged.stopped_after is not None
    assert finished.played.episodes_done == 2 * judged.stopped_after


def test_a_shard_cannot_stop_by_itself(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="shard"):
        session.run(scenario(), tmp_path / "run", session.RunOptions(stop="settled", shard=Shard(1, 2)))


class Counted:
    """A model that is handed in: tells whether it was closed, and can break down."""

    def __init__(self, inner: SyntheticModel, fails_from: int = 1_000_000) -> None:
        self.inner, self.closed, self.replies, self.fails_from = inner, 0, 0, fails_from
        self.name, self.reads_text, self.identity = inner.name, inner.reads_text, inner.identity
        self.count_tokens = inner.count_tokens

    def reply(self, requests: Sequence[Request]) -> list[Reply | ModelFailure]:
        self.replies += len(requests)
        if self.replies >= self.fails_from:
            return [ModelFailure("the server is down") for _ in requests]
        return self.inner.reply(requests)

    def close(self) -> None:
        self.closed += 1


def run_model(wanted: Scenario, folder: Path, model: Model) -> None:
    with open_setting(wanted, OpenParts(model=model)) as setting:
        session.run_opened(setting, folder, session.RunOptions(stop="settled"))


def test_a_model_that_is_handed_in_stays_open_and_makes_the_same_run(tmp_path: Path) -> None:
    opened = open_model(scenario().model)
    assert isinstance(opened, SyntheticModel)
    model = Counted(opened)
    for name in ("one", "two"):
        run_model(scenario(), tmp_path / name, model)
    session.run(scenario(), tmp_path / "own", session.RunOptions(stop="settled"))
    assert model.closed == 0
    assert rows(tmp_path / "one") == rows(tmp_path / "two") == rows(tmp_path / "own")


def test_an_aborted_episode_too_many_settles_the_run_at_the_next_look(tmp_path: Path) -> None:
    opened = open_model("synthetic:hazard=0.3", None)
    assert isinstance(opened, SyntheticModel)
    wanted = scenario(hazard=0.3, at_most=0.3)
    run_model(wanted, tmp_path / "run", Counted(opened, fails_from=30))
    judged = judge_run(tmp_path / "run", wanted)
    assert judged.stopped_after == 8
    assert judged.outcomes[-1].verdict == "failed"
