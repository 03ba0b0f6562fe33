"""Claims about recipes: lessons are their own, a student can give its replies, and a late kill costs nothing."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from horizon.core.errors import UsageError
from horizon.distil.card import command_of
from horizon.distil.dialogue_lessons import check_spelling, write_dialogues
from horizon.distil.distil import distil
from horizon.distil.lesson_files import load_dialogues, make_lessons
from horizon.distil.network import SIZES, Network
from horizon.distil.recipe import Recipe, keep_recipe
from horizon.distil.tokenizers import word_tokenizer
from horizon.distil.trainer import Training, train


@pytest.mark.parametrize(
    ("environment", "is_spelled"),
    [("permutation", True), ("hanoi", True), ("checker_jumping", False), ("permutation:ask=tools", False)],
)
def test_a_task_whose_replies_no_student_can_spell_is_refused(environment: str, is_spelled: bool) -> None:
    # Two numbers with a space between, and names with underscores, are lost in words and digits.
    tokenizer = word_tokenizer(write_dialogues(environment, 0, range(20), 4))
    if is_spelled:
        check_spelling(environment, 0, range(20), 4, tokenizer)
        return
    with pytest.raises(UsageError, match="can't spell the replies"):
        check_spelling(environment, 0, range(20), 4, tokenizer)


def test_every_dialogue_of_a_puzzle_that_ends_has_a_turn() -> None:
    assert all("<reply>" in text for text in write_dialogues("hanoi:disks=2", 0, range(30), 4))


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"environment": "chess:notation=san"}, "give --env chess"),
        ({"lessons": 1}, "at least 2 games"),
        ({"learning_rate": float("nan")}, "above 0"),
        ({"learning_rate": 0.0}, "above 0"),
        ({"initial_std": 0.0}, "--initial-std 0: give a number above 0"),
    ],
)
def test_a_recipe_that_would_be_followed_otherwise_is_refused(more: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Recipe(**more)


def test_lessons_of_another_recipe_are_refused(tmp_path: Path) -> None:
    first = Recipe("permutation:cups=2", "small", lessons=5, turns=2, steps=1)
    make_lessons(first, tmp_path / "shared", lambda text: None)
    make_lessons(replace(first, size="middle", steps=2), tmp_path / "shared", lambda text: None)
    for change in ({"lessons": 6}, {"seed": 1}, {"turns": 3}, {"environment": "running_total"}):
        with pytest.raises(UsageError, match=f"has lessons with {next(iter(change))}="):
            make_lessons(replace(first, **change), tmp_path / "shared", lambda text: None)  # type: ignore[arg-type]
    (tmp_path / "shared" / "lessons.json").unlink()
    with pytest.raises(UsageError, match="unknown"):
        make_lessons(first, tmp_path / "shared", lambda text: None)


def test_students_of_two_seeds_can_learn_from_the_same_lessons(tmp_path: Path) -> None:
    first = Recipe("permutation:cups=2", "small", lessons=5, turns=2, steps=1, seed=3)
    make_lessons(first, tmp_path, lambda text: None)
    with pytest.raises(UsageError, match=r"seed=3, not 4: .* or learn from these by --lessons-seed 3"):
        make_lessons(replace(first, seed=4), tmp_path, lambda text: None)
    second = replace(first, seed=4, lessons_seed=3)
    make_lessons(second, tmp_path, lambda text: None)
    assert second.of_lessons == first.of_lessons
    assert command_of(second).endswith("--seed 4 --lessons-seed 3 --out FOLDER")


def test_initial_weights_have_the_spread_of_the_recipe() -> None:
    narrow, wide = (Network(SIZES["small"], 500, 1, std) for std in (0.02, 0.1))
    for network, std in ((narrow, 0.02), (wide, 0.1)):
        assert float(network.model.embed_tokens.weight.detach().std()) == pytest.approx(std, rel=0.02)
    # One draw on two scales.
    assert torch.allclose(narrow.model.embed_tokens.weight * 5, wide.model.embed_tokens.weight)


def test_a_student_begun_before_the_spread_was_a_choice_is_resumed(tmp_path: Path) -> None:
    recipe = Recipe("permutation:cups=2", "small", lessons=5, turns=2, steps=1)
    keep_recipe(recipe, tmp_path, resume=False)
    earlier = json.loads((tmp_path / "recipe.json").read_text(encoding="utf-8"))
    (tmp_path / "recipe.json").write_text(
        json.dumps({name: value for name, value in earlier.items() if name not in {"initial_std", "lessons_seed"}})
    )
    keep_recipe(recipe, tmp_path, resume=True)
    with pytest.raises(UsageError, match=r"initial_std=0.02, not 0.1"):
        keep_recipe(replace(recipe, initial_std=0.1), tmp_path, resume=True)


def test_damaged_lessons_are_named(tmp_path: Path) -> None:
    recipe = Recipe("permutation:cups=2", "small", lessons=5, turns=2, steps=1)
    make_lessons(recipe, tmp_path, lambda text: None)
    whole = (tmp_path / "lessons.npz").read_bytes()
    for content in (whole[:-30], b"", whole[:200] + b"xx" + whole[202:]):
        (tmp_path / "lessons.npz").write_bytes(content)
        with pytest.raises(UsageError, match="is damaged"):
            load_dialogues(recipe, tmp_path)


def test_a_student_killed_after_its_last_step_has_the_card_of_all_steps(tmp_path: Path) -> None:
    recipe = Recipe("permutation:cups=2", "small", lessons=20, turns=2, steps=3, batch_tokens=200)
    folder = distil(recipe, tmp_path / "student", device="cpu")
    loss = json.loads((folder / "card.json").read_text(encoding="utf-8"))["loss"]
    weights = (folder / "model.safetensors").read_bytes()
    # As a kill between the last checkpoint and the card leaves it.
    train(load_dialogues(recipe, folder / "lessons"), Training("small", 3, recipe.learning_rate, seed=0), folder)
    (folder / "card.json").unlink()
    distil(recipe, folder, device="cpu", resume=True)
    card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    assert card["loss"] == pytest.approx(loss, abs=1e-3) and card["seconds"] > 0
    assert "| training | 3 steps" in (folder / "README.md").read_text(encoding="utf-8")
    assert (folder / "model.safetensors").read_bytes() == weights
    lines: list[str] = []
    distil(recipe, folder, resume=True, watch=lines.append)
    assert lines == [f"{folder} is finished"]
    with pytest.raises(UsageError, match="--device gpu is unknown"):
        distil(recipe, tmp_path / "new", device="gpu")
    assert not (tmp_path / "new").exists()
