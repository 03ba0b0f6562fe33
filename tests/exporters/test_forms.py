"""Exported files hold the rows of the run, read back by the libraries that people read them with."""

import csv
import json
from pathlib import Path

import datasets
import pandas
import polars as pl
import pytest
from huggingface_hub import DatasetCard

import horizon
from horizon.core.environment import open_environment
from horizon.core.errors import UsageError
from horizon.core.records import Episode, Turn
from horizon.core.registry import names
from horizon.runs.columns import columns_of
from horizon.runs.tables import arrow_schema


@pytest.fixture(scope="module")
def run() -> horizon.Run:
    return horizon.play("hanoi:disks=3", model="synthetic:hazard=0.4", episodes=3, turns=5, seed=1)


def test_the_rows_come_back_from_parquet_in_the_columns_of_the_run(run: horizon.Run, tmp_path: Path) -> None:
    run.export("parquet", tmp_path / "out")
    assert pl.read_parquet(tmp_path / "out/turns.parquet").equals(run.turns)
    assert pl.read_parquet(tmp_path / "out/episodes.parquet").equals(run.episodes)


def test_the_rows_come_back_from_csv_with_python_and_pandas(run: horizon.Run, tmp_path: Path) -> None:
    turns, episodes = run.export("csv", tmp_path / "out")
    with turns.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["reply"] for row in rows] == run.turns["reply"].to_list()
    assert [row["extra"] for row in rows] == run.turns["extra"].to_list()
    frame = pandas.read_csv(episodes)
    assert frame["seed"].tolist() == run.episodes["seed"].to_list()
    assert frame["failure"].isna().all()


def test_the_rows_come_back_from_json_lines_with_nested_objects(run: horizon.Run, tmp_path: Path) -> None:
    turns, _ = run.export("jsonl", tmp_path / "out")
    rows = [json.loads(line) for line in turns.read_text("utf-8").splitlines()]
    assert [row["parameters"]["disks"] for row in rows] == [3] * run.turns.height
    stored = [{**row, **{key: json.dumps(row[key]) for key in ("parameters", "extra")}} for row in rows]
    plain = ["parameters", "extra"]
    assert pl.DataFrame(stored, schema=run.turns.schema).drop(plain).equals(run.turns.drop(plain))
    assert [row["extra"] for row in rows] == [json.loads(text) for text in run.turns["extra"]]


def test_the_dataset_folder_loads_with_datasets_and_its_card_is_valid(run: horizon.Run, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run.export("hf", out)
    for name, frame in (("turns", run.turns), ("episodes", run.episodes)):
        loaded = datasets.load_dataset(str(out), name, split="train", cache_dir=str(tmp_path / "cache"))
        assert loaded.to_polars().equals(frame)
    card = DatasetCard.load(out / "README.md")
    assert [config["config_name"] for config in card.data.configs] == ["turns", "episodes"]
    assert all(f"| `{column}` |" in card.text for column in run.turns.columns)


def test_several_runs_are_one_table(run: horizon.Run, tmp_path: Path) -> None:
    horizon.Run(run.parts * 2).export("parquet", tmp_path / "out")
    assert pl.read_parquet(tmp_path / "out/turns.parquet").height == 2 * run.turns.height


def test_an_oracle_chat_of_hanoi_solves_it_in_the_fewest_moves(run: horizon.Run, tmp_path: Path) -> None:
    fast = horizon.play(
        "hanoi:disks=3,start=tower", model="random", conditions=["natural"], episodes=2, turns=20, seed=1
    )
    fast.export("sft", tmp_path / "out")
    chats = pl.read_parquet(tmp_path / "out/train.parquet").filter(pl.col("kind") == "oracle")
    task = open_environment("hanoi:disks=3,start=tower")
    for chat in chats.iter_rows(named=True):
        state = task.reset(chat["seed"])
        replies = [message["content"] for message in chat["messages"] if message["role"] == "assistant"]
        for reply in replies:
            state = task.step(state, str(task.parse(state, reply).action))
        assert task.done(state) == "solved"
        assert len(replies) == 7  # 2 ** 3 - 1, the least of three disks


def test_a_replayed_chat_is_what_the_model_was_shown_and_replied(run: horizon.Run, tmp_path: Path) -> None:
    run.export("sft", tmp_path / "out")
    lines = (tmp_path / "out/train.jsonl").read_text("utf-8").splitlines()
    chats = [chat for chat in map(json.loads, lines) if chat["kind"] == "replayed"]
    natural = run.turns.filter(pl.col("condition") == "natural")
    assert len(chats) == 3
    for chat in chats:
        rows = natural.filter(pl.col("episode_id") == chat["episode_id"]).sort("turn")
        replies = [message["content"] for message in chat["messages"] if message["role"] == "assistant"]
        assert replies == rows["reply"].to_list()
        assert chat["correct"] == rows["correct"].to_list()
        shown = run.show(chat["episode_id"], chat["turn"])
        assert [message["content"] for message in chat["messages"][:-1]] == [m.content for m in shown.messages]
    assert lines == [json.dumps(chat, ensure_ascii=False, separators=(",", ":")) for chat in map(json.loads, lines)]
    assert pl.read_parquet(tmp_path / "out/train.parquet").height == len(lines)


def test_a_game_without_an_exact_oracle_gives_one_chat_per_known_best_move(tmp_path: Path) -> None:
    game = horizon.play(
        "chess", model="random", opponent="random", judge_nodes=200, conditions=["natural"], episodes=1, turns=3
    )
    game.export("sft", tmp_path / "out")
    chats = pl.read_parquet(tmp_path / "out/train.parquet")
    best = game.turns["optimal_action"].drop_nulls().to_list()
    task = open_environment("chess")
    replies = [chat[-1]["content"] for chat in chats.filter(pl.col("kind") == "oracle_turn")["messages"].to_list()]
    states = [task.load(text) for text in game.turns["state"]]
    assert [task.parse(state, reply).action for state, reply in zip(states, replies, strict=True)] == best


def test_every_column_has_its_meaning_and_the_type_that_is_stored() -> None:
    for kind in (Turn, Episode):
        schema = arrow_schema(kind)
        columns = [(field.name, str(field.type).replace("double", "float64"), field.nullable) for field in schema]
        assert [(column.name, column.type, column.is_nullable) for column in columns_of(kind)] == columns
        assert all(len(column.meaning) > 10 for column in columns_of(kind))


def test_a_folder_with_content_and_an_unknown_form_are_refused(run: horizon.Run, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    for name in names("exporters"):
        with pytest.raises(UsageError, match="holds something already: an export needs a new folder"):
            run.export(name, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]
    with pytest.raises(UsageError, match="unknown export form 'csvv': did you mean 'csv'"):
        run.export("csvv", tmp_path / "out")
