"""Claims about maps of responsible turns: the planted cause, transformers' own likelihood, the cost."""

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import transformers
from command_line import horizon
from scored_runs import CHAT, played
from small_models import save_tiny

from horizon.core.errors import UsageError
from horizon.models.synthetic import Process, error_probability
from horizon.play.attribution import AttributionOptions, map_errors, sample_errors
from horizon.play.drift import DriftOptions, sample_turns, score_turns
from horizon.play.replay import replay_turn
from horizon.play.scoring import UnscoredConversation
from horizon.runs.attribution_file import read_attribution
from horizon.runs.run_folder import read_manifest


@pytest.mark.parametrize("edit", ["heal", "hide"])
def test_an_error_shown_is_found_and_only_by_its_own_turn(tmp_path: Path, edit: str) -> None:
    run = played(tmp_path / "run", "synthetic:hazard=0.2,conditioning=0.7")
    process = Process(hazard=0.2, conditioning=0.7)
    errors = {
        (row.episode_id, row.turn): row.prior_errors
        for e in run.turns["episode_id"].unique()
        for row in run.turns_of(e)
    }
    maps = list(map_errors(run, AttributionOptions(edit, errors=1000)))
    assert len(maps) > 10
    for found in maps:
        before = errors[found.episode_id, found.turn]
        now, without = (error_probability(process, prior_errors=count) for count in (before, before - 1))
        gain = math.log1p(-without) - math.log1p(-now)
        wrong = [each.effect for each in found.effects if each.erred]
        assert wrong == pytest.approx([gain] * before)
        assert all(each.effect == 0 for each in found.effects if not each.erred)
        assert len(found.effects) == (before if edit == "heal" else found.turn - 1)


def test_a_cause_that_is_no_turn_is_found_in_none(tmp_path: Path) -> None:
    run = played(tmp_path / "run", "synthetic:hazard=0.2,drift=0.2")
    effects = [each.effect for found in map_errors(run, AttributionOptions("hide")) for each in found.effects]
    assert len(effects) > 20
    assert set(effects) == {0.0}


@pytest.mark.parametrize(("restate", "is_mapped"), [("state", True), ("event", False)])
def test_a_wrong_action_that_was_played_is_healed_only_where_the_state_is_restated(
    tmp_path: Path, restate: str, is_mapped: bool
) -> None:
    environment = f"hanoi:restate={restate},rounds=0"
    run = played(tmp_path / "run", "synthetic:hazard=0.3", environment=environment)
    assert not run.turns["substituted"].any()
    maps = list(map_errors(run, AttributionOptions("heal", errors=8)))
    assert len(maps) == 8
    assert any(found.effects for found in maps) == is_mapped


def test_a_tiny_models_map_holds_what_transformers_computes_from_the_edited_text(tmp_path: Path) -> None:
    save_tiny(tmp_path / "tiny", CHAT)
    run = played(tmp_path / "run", f"hf:{tmp_path / 'tiny'}", turns=5, episodes=1, max_tokens=6)
    (found,) = (each for each in map_errors(run, AttributionOptions(errors=100)) if each.turn == 5)
    assert [each.turn for each in found.effects] == [1, 2, 3, 4]

    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path / "tiny")
    model = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "tiny").eval()
    (name,) = run.turns["episode_id"].unique()
    rows = {row.turn: row for row in run.turns_of(name)}
    messages = [{"role": each.role, "content": each.content} for each in replay_turn(run, name, 5).messages]

    def likelihood(shown: list[dict[str, str]]) -> float:
        prompt = tokenizer.apply_chat_template(shown, add_generation_prompt=True, tokenize=False)
        before = tokenizer(prompt, add_special_tokens=False).input_ids
        reply = tokenizer(f"Answer: {rows[5].optimal_action}", add_special_tokens=False).input_ids
        tokens = [*before, *reply, tokenizer.eos_token_id]
        with torch.inference_mode():
            chances = torch.log_softmax(model(torch.tensor([tokens])).logits[0].double(), dim=-1)
        return sum(float(chances[place - 1, tokens[place]]) for place in range(len(before), len(tokens)))

    assert found.log_likelihood == pytest.approx(likelihood(messages), abs=1e-4)
    healed = [dict(each) for each in messages]
    healed[4]["content"] = f"Answer: {rows[2].optimal_action}"
    healed[5]["content"] = healed[5]["content"].partition("\n")[2]
    assert messages[5]["content"].startswith("Your last reply could not be played")
    assert found.effects[1].effect == pytest.approx(likelihood(healed) - likelihood(messages), abs=1e-4)


def test_a_map_reads_at_most_three_times_the_tokens_of_the_turns_it_scores_again(tmp_path: Path) -> None:
    save_tiny(tmp_path / "tiny", CHAT)
    run = played(tmp_path / "run", f"hf:{tmp_path / 'tiny'}", turns=16, episodes=1, max_tokens=4)
    (name,) = run.turns["episode_id"].unique()
    earlier = [place for place in sample_errors(run, AttributionOptions(errors=100)) if place != (name, 16)]
    (found,) = map_errors(run, AttributionOptions("hide", errors=100), done=earlier)
    assert (found.turn, len(found.effects)) == (16, 15)
    assert 0 < found.read_tokens <= 3 * found.rescored_tokens


def test_the_command_continues_where_it_was_killed_and_the_page_has_the_strip(tmp_path: Path) -> None:
    run = played(tmp_path / "run", "synthetic:hazard=0.3,conditioning=0.5")
    assert horizon("attribute", str(run.folder), "--errors", "3").returncode == 0
    more = horizon("attribute", str(run.folder), "--errors", "8")
    assert more.returncode == 0, more.stderr
    found = read_attribution(tmp_path / "run", "heal")
    assert found is not None
    assert {(each.episode_id, each.turn) for each in found.maps} >= set(
        sample_errors(run, AttributionOptions(errors=8))
    )
    assert len({(each.episode_id, each.turn) for each in found.maps}) == len(found.maps)
    assert horizon("report", str(run.folder)).returncode == 0
    assert (tmp_path / "run/figures/memory_of_harm.png").exists()


def test_what_did_not_fit_into_the_context_is_left_out_of_maps_and_scores(tmp_path: Path) -> None:
    save_tiny(tmp_path / "tiny", CHAT)
    model = f"hf:{tmp_path / 'tiny'}"
    run = played(tmp_path / "run", model, turns=9, episodes=2, max_tokens=6, context_tokens=800)
    reasons = {
        (row.turn, row.finish_reason) for name in run.turns["episode_id"].unique() for row in run.turns_of(name)
    }
    read = {turn for turn, reason in reasons if reason != "overflow"}
    assert max(read) < 9
    assert {turn for _, turn in sample_errors(run, AttributionOptions(errors=100))} == read - {1}
    assert {turn for _, turn in sample_turns(run, DriftOptions())} == read - {1}
    # The reference answer of the last turn that was read may be longer than the reply that fitted.
    for command in ("attribute", "drift"):
        again = horizon(command, str(run.folder))
        assert again.returncode == 0, again.stderr


def test_a_conversation_without_room_for_the_right_reply_is_counted_and_the_others_are_scored(tmp_path: Path) -> None:
    save_tiny(tmp_path / "tiny", CHAT)
    run = played(tmp_path / "run", f"hf:{tmp_path / 'tiny'}", turns=6, episodes=1, max_tokens=6)
    lengths = {
        row.turn: row.context_tokens or 0 for name in run.turns["episode_id"].unique() for row in run.turns_of(name)
    }
    # As if the context ended within turn 4: the run's own rows fitted.
    manifest = read_manifest(tmp_path / "run")
    plan = {**manifest["plan"], "context_tokens": lengths[4]}
    run = replace(run, manifest={**manifest, "plan": plan})
    failures: list[UnscoredConversation] = []
    scored = list(score_turns(run, DriftOptions(), leave_out=failures.append))
    assert [turn.turn for turn in scored] == [2, 3]
    assert len(failures) == 3
    assert "leave no room for the reply" in str(failures[0])


def test_what_can_not_be_mapped_is_one_line(tmp_path: Path) -> None:
    right = played(tmp_path / "right", "synthetic:hazard=0")
    with pytest.raises(UsageError, match="no natural error after turn 1"):
        sample_errors(right, AttributionOptions())
    wrong = played(tmp_path / "wrong", "synthetic:hazard=1", turns=2)
    for options, words in (
        (AttributionOptions("mend"), "edit=mend is unknown"),
        (AttributionOptions(errors=0), "errors=0 is out of range"),
        (AttributionOptions(model="random"), "random can't score given replies"),
    ):
        with pytest.raises(UsageError, match=words):
            list(map_errors(wrong, options))
