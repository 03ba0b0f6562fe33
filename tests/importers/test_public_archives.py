"""The counts that public archives give, from our own reader; runs where HORIZON_PUBLIC_GAMES names their folder.

They are those of results/public: acherm/gptchess d2e78f5, adamkarvonen/chess_gpt_eval 648124a, 24 games of
maxim-saplin/llm_chess, lightnesscaster/Chess-LLM-Benchmark 4b072f3. About 75 seconds of CPU time.
"""

import json
import os
from collections import Counter
from pathlib import Path

import polars as pl
import pytest

from horizon.archives.import_run import Imported, ImportOptions, import_games
from horizon.runs import run_folder

FOLDER = os.environ.get("HORIZON_PUBLIC_GAMES")
pytestmark = [pytest.mark.long, pytest.mark.skipif(FOLDER is None, reason="HORIZON_PUBLIC_GAMES names no folder")]

INSTRUCT = {"none": 29957, "illegal": 8, "no_answer": 62, "truncated": 24, "unparsable": 3}
Archive = tuple[Imported, pl.DataFrame, pl.DataFrame]


@pytest.fixture(scope="module")
def gptchess(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    return read("gptchess", tmp_path_factory.mktemp("gptchess"))


def read(name: str, scratch: Path) -> Archive:
    imported = import_games(ImportOptions((Path(str(FOLDER)) / name,)), scratch / "run")
    return imported, run_folder.read_turns(scratch / "run"), run_folder.read_episodes(scratch / "run")


@pytest.mark.parametrize(
    ("model", "games", "kinds"),
    [
        ("deepseek-reasoner", 58, {"none": 482, "illegal": 54, "unparsable": 3}),
        ("o3", 32, {"none": 521, "illegal": 26, "unparsable": 2, "no_answer": 2}),
        # 30,799 legal moves are in its PGN, 842 of them from the prompts; 62 + 24 + 3 are its 89 unreadable endings.
        (
            "gpt-3.5-turbo-instruct",
            654,
            {"none": 29957, "illegal": 8, "no_answer": 62, "truncated": 24, "unparsable": 3},
        ),
    ],
)
def test_gptchess_has_these_games_and_replies(
    gptchess: Archive, model: str, games: int, kinds: dict[str, int]
) -> None:
    _, turns, episodes = gptchess
    assert episodes.filter(pl.col("model") == model).height == games
    assert dict(Counter(turns.filter(pl.col("model") == model)["error"].to_list())) == kinds


def test_the_prompts_of_gptchess_gave_842_moves(gptchess: Archive) -> None:
    given = [json.loads(text)["given_plies"] for text in gptchess[2]["extra"]]
    assert sum((plies + 1) // 2 for plies in given) == 30799 - 29957


def test_r1_errs_more_by_turn(gptchess: Archive) -> None:
    r1 = gptchess[1].filter(pl.col("model") == "deepseek-reasoner")
    counted = []
    for low, high in ((1, 5), (6, 10), (11, 15)):
        part = r1.filter(pl.col("turn").is_between(low, high))
        counted.append(((part["error"] == "illegal").sum(), part.height))
    assert counted == [(10, 280), (26, 175), (14, 67)]


def test_chess_gpt_eval_has_310_games_307_of_language_models(tmp_path: Path) -> None:
    imported, _, episodes = read("chess_gpt_eval", tmp_path)
    lines = {name.rpartition("/")[0] for name in episodes["episode_id"]}
    assert (len(lines), len(imported.problems)) == (307, 3)


def test_llm_chess_has_24_games(tmp_path: Path) -> None:
    imported, turns, _ = read("llm_chess", tmp_path)
    assert (imported.n_episodes, len(imported.problems), turns["condition"].unique().to_list()) == (24, 0, ["fresh"])


def test_the_pgn_benchmark_has_5575_games_4943_of_them_forfeited(tmp_path: Path) -> None:
    imported, turns, episodes = read("chess_llm_benchmark", tmp_path)
    games = {name.removesuffix("/white").removesuffix("/black") for name in episodes["episode_id"]}
    assert len(games) + len(imported.problems) == 5575
    # Three more were forfeited by engines; on which move is in none, so that no turn is an error.
    assert (episodes["outcome"] == "forfeited").sum() == 4943 - 3
    assert set(turns["error"]) == {"none"}
