"""Claims about prices and the cost limit on the command line: what it refuses, prints and continues."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from command_line import horizon

from horizon.play import session
from horizon.play.plan import scenario_of
from horizon.runs import run_folder
from horizon.runs.manifest import COST_STOP
from horizon.scenarios.scenario import make

MODEL = "synthetic:hazard=0.3,tokens=0.001"
PLAY = ["play", "--env", "running_total", "--model", MODEL, "--episodes", "4", "--turns", "3", "--live-episodes", "2"]
PLAY += ["--condition", "natural"]
PRICED = ["--price-in", "1000", "--price-out=2000"]


def play(tmp_path: Path, *more: str) -> tuple[int, str, str]:
    done = horizon(*PLAY, "--out", "run", *more, cwd=tmp_path)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--price-in", "-1", "--price-out", "2"), "--price-in '-1' is no price: give a number"),
        (("--price-in", "nan", "--price-out", "2"), "--price-in 'nan' is no price"),
        (("--price-in", "1e300", "--price-out", "2"), "0 to 1,000,000"),
        (("--price-in", "free", "--price-out", "2"), "--price-in 'free' is no price"),
        (("--price-in", "1"), "--price-in needs --price-out too"),
        (("--price-cached", "1"), "--price-cached needs --price-in too"),
        (("--max-cost", "0", *PRICED), "--max-cost 0 is no limit: give an amount above 0"),
        (("--max-cost", "nan", *PRICED), "--max-cost nan is no limit"),
        (("--max-cost", "cheap", *PRICED), "--max-cost cheap is no limit"),
        (("--max-cost", "1"), "--max-cost needs the prices of synthetic"),
        (("--max-cost", "1", "--executor", "ray", *PRICED), "--max-cost is for one process"),
        (("--prices", "none.toml"), "the price list none.toml can't be read: No such file"),
        (("--prices", "x.toml", *PRICED), "--price-in and --prices are both given"),
    ],
)
def test_what_can_t_be_kept_is_refused_in_one_line(flags: tuple[str, ...], message: str, tmp_path: Path) -> None:
    code, _, err = play(tmp_path, *flags)
    lines = [line for line in err.splitlines() if line.startswith("horizon:")]
    assert code == 2 and len(lines) == 1 and message in lines[0], err


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("input = 1", "is 1: write a table with input and output"),
        ("['a']\ninput = 1", "['a'] has no output"),
        ("['a']\ninput = true\noutput = 1", "['a']: input True is no price"),
        ("['a']\ninput = 1\noutput = 1\ncache = 1", "['a'] has an unknown key 'cache': did you mean 'cached_input'"),
        ("['a']\ninput = inf\noutput = 1", "['a']: input inf is no price"),
        ("", "names no model"),
        ("[", "is no TOML"),
        ("\udcff", "is no TOML"),
    ],
)
def test_a_damaged_price_list_is_one_line(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "prices.toml").write_bytes(text.encode("utf-8", "surrogateescape"))
    code, _, err = play(tmp_path, "--prices", "prices.toml")
    assert code == 2 and message in err and "Traceback" not in err


@pytest.mark.slow
def test_the_command_that_a_stopped_run_prints_continues_it_to_the_rows_of_one_played_at_once(tmp_path: Path) -> None:
    code, out, err = play(tmp_path, *PRICED, "--max-cost", "0.9")
    assert code == 0 and "per judged turn" in out
    (command,) = re.findall(r"stopped at --max-cost 0.9 .* spent; .* such as: horizon (.*)$", err, re.MULTILINE)
    assert COST_STOP in run_folder.read_manifest(tmp_path / "run")
    done = horizon(*shlex.split(command), cwd=tmp_path)
    assert done.returncode == 0 and "stopped" not in done.stderr
    stored: Any = run_folder.read_manifest(tmp_path / "run")
    assert COST_STOP not in stored
    session.run(make(scenario_of(stored), "test"), tmp_path / "whole")
    columns = ("episode_id", "turn", "condition", "reply", "error")
    rows = [run_folder.read_turns(tmp_path / name, columns).rows() for name in ("run", "whole")]
    assert rows[0] == rows[1] and len(rows[0]) == 12
    check_figures(tmp_path)


def check_figures(tmp_path: Path) -> None:
    """Prices given afterwards cost the run in JSON, in the table and on the page; other ones than it was played at."""
    (tmp_path / "prices.toml").write_text(f'["{MODEL}"]\ninput = 10\noutput = 2000\n')
    priced = json.loads(horizon("analyze", "run", "--json", "--prices", "prices.toml", cwd=tmp_path).stdout)
    (total,) = priced["spending"]
    natural = run_folder.read_turns(tmp_path / "run")
    cost = (natural["context_tokens"] * 10 + natural["completion_tokens"] * 2000).sum() / 1e6
    assert total["cost"] == pytest.approx(cost)
    assert priced["cost_per_turn"]["estimate"] == pytest.approx(cost / 12)
    assert priced["cost_per_turn"]["low"] < priced["cost_per_turn"]["estimate"] < priced["cost_per_turn"]["high"]
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert "<h2>Cost</h2>" in page and "cost per turn" in page


@pytest.mark.slow
def test_a_model_without_token_counts_can_t_be_held_to_a_limit_and_goes_on_without_one(tmp_path: Path) -> None:
    flags = ["--env", "running_total", "--model", "random", "--episodes", "2", "--turns", "3", "--live-episodes", "1"]
    flags += ["--condition", "natural"]
    done = horizon("play", *flags, *PRICED, "--max-cost", "5", "--out", "run", cwd=tmp_path)
    (command,) = re.findall(
        r"unknown \(no token counts\).* Continue without a limit with: horizon (.*)$", done.stderr, re.MULTILINE
    )
    assert done.returncode == 0 and "--max-cost" not in command and "--resume" in command
