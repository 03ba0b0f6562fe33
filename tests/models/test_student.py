"""Claims about the shipped student: small, quick to open, and losing track of the board as its history grows."""

from pathlib import Path

import chess
import pytest

from horizon.core.errors import UsageError
from horizon.core.model import ModelOptions, open_model
from horizon.models.student import FOLDER
from horizon.play import session
from horizon.runs import run_folder
from horizon.scenarios.scenario import make


def test_it_is_at_most_six_megabytes() -> None:
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 6_000_000


def test_it_takes_no_settings() -> None:
    with pytest.raises(UsageError, match="takes no settings"):
        open_model("student:large", ModelOptions())


@pytest.mark.slow
def test_its_moves_are_legal_at_first_and_its_replies_are_moves(tmp_path: Path) -> None:
    given = {
        "model": "student",
        "environment": "chess:show=fen,later=last_move,notation=uci",
        "opponents": ("random",),
    }
    given |= {"episodes": 8, "turns": 5, "judge_engine": "none", "max_tokens": 8}
    session.run(make(given, "test"), tmp_path / "run")
    turns = run_folder.read_turns(tmp_path / "run")
    natural = turns.filter(turns["condition"] == "natural")
    assert (natural["error"] == "none").mean() > 0.85
    assert all(text is None or chess.Move.from_uci(text) for text in natural["action"])
