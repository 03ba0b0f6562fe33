"""What results/public states is in the tables beside it, and its means over models are those of the committed rows.

The games are other people's and are not committed: tests/importers/test_public_archives.py counts them where they are.
"""

import csv
import re
import sys
from pathlib import Path

import chess
import polars as pl
import pytest
from polars.testing import assert_frame_equal

ROOT = Path(__file__).parents[2]
PUBLIC = ROOT / "results" / "public"
PAGE = (PUBLIC / "README.md").read_text(encoding="utf-8")
SENTENCES = re.sub(r"\s+", " ", PAGE)
sys.path.insert(0, str(ROOT / "benchmarks"))
import public_pooled  # noqa: E402
import public_stale  # noqa: E402

NAMES = {"DeepSeek-R1": "deepseek-reasoner"}
Row = dict[str, str]


def rows(name: str, **chosen: str) -> list[Row]:
    with (PUBLIC / name).open(newline="") as file:
        return [row for row in csv.DictReader(file) if all(row[key] == value for key, value in chosen.items())]


def only(name: str, **chosen: str) -> Row:
    (row,) = rows(name, **chosen)
    return row


def cells(header: str) -> list[list[str]]:
    """Return the cells of the page's table with this first line, without that line and the rule below it."""
    lines = PAGE[PAGE.index(f"| {header}") :].partition("\n\n")[0].splitlines()
    return [line.strip("| ").split(" | ") for line in lines[2:]]


def numbers(text: str) -> list[str]:
    return re.findall(r"\d[\d,]*(?:\.\d+)?", text)


def is_rounded(shown: str, exact: str | float) -> bool:
    """Return whether a number of the page is a table's number, rounded to the digits that are shown."""
    digits = len(shown.partition(".")[2])
    return abs(float(shown.replace(",", "")) - float(exact)) <= 0.5001 * 10**-digits


def has_interval(shown: str, row: Row) -> bool:
    return all(
        is_rounded(number, row[key]) for number, key in zip(numbers(shown), ("estimate", "low", "high"), strict=True)
    )


def odds(model: str, error: str, held: str, archive: str = "gptchess") -> Row:
    model = NAMES.get(model, model)
    return only("odds_ratios.csv", archive=archive, model=model, error=error, **{"difficulty held": held})


def test_the_table_of_illegal_moves_is_that_of_the_regressions() -> None:
    table = cells("a reply that is no legal move")
    assert len(table) == 6
    for model, games, errors, alone, held in table:
        before, after = (odds(model, "no legal move", when) for when in ("before", "after"))
        assert (games, errors) == (before["games"], before["errors"])
        assert has_interval(alone, before), model
        assert has_interval(held, after) if numbers(held) else after["estimate"] == "", model


def test_the_table_of_horizons_is_that_of_its_csv() -> None:
    table = cells("model | H50")
    assert len(table) == 6
    for model, *values in table:
        for value, figure in zip(values, ("H50", "H80", "logistic 50 %", "logistic 80 %"), strict=True):
            chosen = {"model": NAMES.get(model, model), "error": "no legal move", "figure": figure}
            row = only("horizons.csv", archive="gptchess", **chosen)
            if value.startswith("not reached"):
                assert row["estimate"] == "" and numbers(value)[0] in row["note"], (model, figure, row)
            elif "open" in value:
                low = {**row, "high": "0"}
                assert row["high"] == "" and has_interval(value.replace("open", "0"), low), (model, figure)
            else:
                assert has_interval(value, row), (model, figure)


def test_the_hazards_of_the_sentences_are_those_of_the_csv() -> None:
    chosen = {"archive": "gptchess", "error": "no legal move", "event": "any error"}
    hazards = {(row["model"], row["first_turn"], row["last_turn"]): row for row in rows("hazards.csv", **chosen)}
    first, late = (hazards["deepseek-reasoner", *turns] for turns in (("1", "2"), ("9", "10")))
    shown = numbers("2 21 10 40")
    exact = [first["estimate"], late["estimate"], late["band_low"], late["band_high"]]
    assert all(is_rounded(number, 100 * float(value)) for number, value in zip(shown, exact, strict=True))
    assert (
        "R1's hazard is 2 % per turn at turns 1 and 2 and 21 % at turns 9 and 10 (simultaneous band 10 to 40 %)"
        in (SENTENCES)
    )
    early = [row for (model, _, last), row in hazards.items() if model == "o3" and int(last) <= 6]
    assert sum(int(row["turns"]) for row in early) == 144
    assert all(float(row["estimate"]) == 0 for row in early)
    assert is_rounded("18", 100 * float(hazards["o3", "13", "14"]["estimate"]))
    assert "o3's is 0 of 144 turns up to turn 6 and 18 % at turns 13 and 14" in SENTENCES


def test_the_counts_of_blunders_that_rise_are_those_of_the_regressions() -> None:
    rises = {}
    for held in ("before", "after"):
        chosen = {"error": "blunder", "difficulty held": held}
        known = [row for row in rows("odds_ratios.csv", **chosen) if row["archive"] != "pgn" and row["estimate"]]
        rises[held] = (sum(float(row["low"]) > 1 for row in known), len(known))
    assert rises == {"before": (12, 14), "after": (2, 13)}
    assert "rise with the turn in 12 of the 14 samples" in SENTENCES
    assert "with difficulty held in two of 13" in SENTENCES


@pytest.mark.parametrize(
    ("model", "archive", "held", "shown"),
    [
        ("deepseek-r1-distill-qwen-32b", "pgn", "before", "3.1 [1.5, 6.7] alone"),
        ("deepseek-r1-distill-qwen-32b", "pgn", "after", "7.2 [0.9, 58] with difficulty held"),
        ("gpt-3.5-turbo", "gptchess", "after", "3.0 [1.2, 7.2]"),
        ("gpt-3.5-turbo-instruct", "chess_gpt_eval", "after", "1.65 [1.2, 2.3]"),
        ("gpt-3.5-turbo-instruct", "gptchess", "after", "0.99 [0.75, 1.29]"),
        ("deepseek-r1-0528", "llm_chess", "before", "0.53 [0.46, 0.62]"),
        ("deepseek-r1-0528", "llm_chess", "after", "0.85 [0.39, 1.9]"),
        ("claude-3.7-sonnet (no thinking)", "pgn", "after", "3.9 [2.2, 6.8]"),
        ("kimi-k2", "pgn", "after", "0.22 [0.12, 0.40]"),
        ("glm-4.6 (thinking)", "pgn", "after", "0.23 [0.10, 0.53]"),
    ],
)
def test_the_odds_of_the_sentences_are_those_of_the_regressions(
    model: str, archive: str, held: str, shown: str
) -> None:
    assert shown in SENTENCES
    assert has_interval(shown, odds(model, "blunder", held, archive))


def test_the_means_over_models_are_those_of_the_committed_rows() -> None:
    made = public_pooled.pooled(public_pooled.read_odds(PUBLIC))
    assert_frame_equal(pl.read_csv(PUBLIC / "pooled.csv"), made, abs_tol=5.1e-5, rel_tol=0)


def test_the_table_of_many_models_is_that_of_the_means() -> None:
    table = cells("odds ratio of a blunder per doubling of the turn")
    for group, (_, n, games, alone, held, spread) in zip(("all", "reasoning", "others"), table, strict=True):
        before, after = (only("pooled.csv", models=group, **{"difficulty held": when}) for when in ("before", "after"))
        assert (n, games.replace(",", "")) == (before["n"], before["games"])
        assert has_interval(alone, before) and has_interval(held, after)
        assert is_rounded(spread, after["spread of log odds"])
    counts = [only("pooled.csv", models="all", **{"difficulty held": when}) for when in ("before", "after")]
    assert [(row["above 1"], row["below 1"]) for row in counts] == [("38", "2"), ("2", "6")]
    assert "38 of 52 models blunder more often the later the turn, 2 less often" in SENTENCES
    assert "Of 52 intervals 2 are then above 1 and 6 below" in SENTENCES


def test_the_table_of_stale_moves_is_that_of_its_csv() -> None:
    for model, illegal, stale, by_chance, p in cells("illegal moves | all"):
        row = only("stale.csv", model=NAMES.get(model, model))
        assert (illegal, stale) == (row["illegal"], row["stale"])
        assert is_rounded(by_chance, row["by chance"]) and is_rounded(p, row["p"])


def test_the_chance_of_a_stale_move_is_that_counted_by_hand() -> None:
    # The king has moved and is back: short castling was legal before, long castling never (the bishop on c1).
    board = chess.Board("rnbqkbnr/pppppppp/8/8/8/5NP1/PPPPPPBP/RNBQK2R w KQkq - 0 1")
    earlier = []
    for move in ("e1f1", "a7a6", "f1e1", "a6a5"):
        earlier.append(board.copy(stack=False))
        board.push_uci(move)
    assert public_stale.chance_of_stale(board, "O-O", earlier) == (True, 0.5)
    assert public_stale.chance_of_stale(board, "O-O-O", earlier) == (False, 0.5)
    # Kings can't go so to 57 of 64 squares: f1 is legal, d1, d2, e2 and f2 are occupied, c1 and g1 mean castling. Of
    # the 57 only e1 was legal before, from f1.
    assert public_stale.chance_of_stale(board, "Ke5", earlier) == (False, 1 / 57)
    assert public_stale.row("any", [(True, 0.5), (True, 0.5)])["p"] == 0.25
