"""Claims about grading a run again: a kill at any moment loses no graded row, and only the engine's part changes."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import chess
import polars as pl
import pytest
from importers.small_archives import gptchess_files, tag, write_tar

import horizon
from horizon.archives.import_run import ImportOptions, import_games
from horizon.core.errors import UsageError
from horizon.engines.win_probability import make_score
from horizon.play.progress import counting
from horizon.play.regrade import SecondJudgement, grade
from horizon.play.replay import replay
from horizon.runs import manifest as manifests
from horizon.runs import run_folder
from horizon.runs.building import part_of

NODES = 200
HEAD = '[White "llm-{number}"]\n[Black "random"]\n[Result "*"]\n[Termination "max_moves"]\n\n'
UNTIMED = pl.exclude("engine_ms", "run_id")


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give each test an empty cache of scores, so that only what a run folder holds is not searched again."""
    monkeypatch.setenv("HORIZON_CACHE", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a run of four games of 12 plies, White's moves drawn at random, imported from a PGN written here."""
    folder = tmp_path_factory.mktemp("archive")
    games = []
    for number in range(4):
        draw, board, text = random.Random(number), chess.Board(), HEAD.format(number=number)
        for ply in range(12):
            move = draw.choice(sorted(board.legal_moves, key=chess.Move.uci))
            text += (f"{ply // 2 + 1}. " if ply % 2 == 0 else "") + board.san_and_push(move) + " "
        games.append(text + "*\n")
    (folder / "games.pgn").write_text("\n".join(games))
    import_games(ImportOptions((folder / "games.pgn",)), folder / "run")
    return folder / "run"


def grade_and_die_after(rows: int, run: Path, out: Path) -> None:
    """Grade in a process of its own, which kills itself with SIGKILL once so many rows are done."""
    code = (
        "import os, signal, sys\nfrom pathlib import Path\nfrom horizon.play.regrade import grade\n"
        "def watch(done):\n    if done == int(sys.argv[3]):\n        os.kill(os.getpid(), signal.SIGKILL)\n"
        f"grade(Path(sys.argv[1]), Path(sys.argv[2]), {NODES}, watch)"
    )
    process = subprocess.run([sys.executable, "-c", code, run, out, str(rows)], check=False)
    assert process.returncode == -signal.SIGKILL


def test_a_killed_grading_keeps_its_rows_byte_for_byte_and_ends_as_one_call(archive: Path, tmp_path: Path) -> None:
    out, whole = tmp_path / "graded", tmp_path / "whole"
    for rows in (7, 24):
        grade_and_die_after(rows, archive, out)
        assert not out.exists()
        shutil.rmtree(tmp_path / "cache")
    journal = part_of(out) / "turns.jsonl"
    before = journal.read_bytes()
    assert before.count(b"\n") == 24
    with journal.open("ab") as file:
        file.write(b'{"turn":{"run_id":"torn')  # what a kill in the middle of a line leaves
    grade(archive, out, NODES)
    assert (out / "turns.jsonl").read_bytes().startswith(before)
    assert not part_of(out).exists()
    grade(archive, whole, NODES)
    tables = [run_folder.read_turns(folder).select(UNTIMED) for folder in (whole, out)]
    assert tables[0].equals(tables[1])
    assert run_folder.read_episodes(whole).equals(run_folder.read_episodes(out))


def test_ctrl_c_says_that_the_same_command_continues(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyboardInterrupt), counting("graded", 5):
        raise KeyboardInterrupt
    assert "what is graded is kept, and the same command continues" in " ".join(capsys.readouterr().err.split())


def test_a_check_of_a_share_holds_the_verdicts_of_a_grading_at_its_nodes(archive: Path, tmp_path: Path) -> None:
    checked = run_folder.read_turns(grade(archive, tmp_path / "checked", NODES, check=SecondJudgement(3 * NODES, 0.5)))
    plain = run_folder.read_turns(grade(archive, tmp_path / "plain", NODES))
    expensive = run_folder.read_turns(grade(archive, tmp_path / "expensive", 3 * NODES))
    assert checked["error"].equals(plain["error"]) and checked["loss"].equals(plain["loss"])
    extras = [json.loads(text) for text in checked["extra"]]
    places = [place for place, extra in enumerate(extras) if "checked_loss" in extra]
    assert 0.2 * len(extras) < len(places) < 0.8 * len(extras)
    for place in places:
        assert extras[place]["checked_loss"] == expensive["loss"][place]
        assert extras[place]["checked_is_error"] == int(expensive["error"][place] != "none")


@pytest.mark.parametrize("share", [0.0, 1.5, -1.0])
def test_a_share_that_is_none_is_refused_with_its_range(share: float) -> None:
    with pytest.raises(UsageError, match=r"check-share=.* is out of range: above 0 and at most 1"):
        SecondJudgement(1000, share)


def test_what_was_graded_at_other_nodes_is_not_continued(archive: Path, tmp_path: Path) -> None:
    grade_and_die_after(10, archive, tmp_path / "graded")
    grade(archive, tmp_path / "graded", 2 * NODES)
    grade(archive, tmp_path / "straight", 2 * NODES)
    tables = [run_folder.read_turns(tmp_path / name).select(UNTIMED) for name in ("graded", "straight")]
    assert tables[0].equals(tables[1])


def test_a_graded_row_has_the_loss_of_its_move_and_counts_earlier_errors(archive: Path, tmp_path: Path) -> None:
    turns = run_folder.read_turns(grade(archive, tmp_path / "graded", NODES))
    assert turns["loss"].is_between(0, 1).all()
    # Drawn at random, a fifth of the moves at the least give away a tenth of the game.
    assert (turns["error"] == "wrong").mean() > 0.2
    assert turns.filter(pl.col("error") == "wrong")["loss"].min() >= 0.1  # type: ignore[operator]
    for (_,), part in turns.group_by("episode_id", maintain_order=True):
        wrong = (part["error"] == "wrong").cast(pl.Int64)
        assert part["prior_errors"].to_list() == (wrong.cum_sum() - wrong).to_list()


def test_a_move_into_mate_in_one_is_wrong_and_loses_all_that_the_best_move_held(tmp_path: Path) -> None:
    (tmp_path / "one.pgn").write_text(HEAD.format(number=0) + "1. f3 e5 2. g4 *\n")  # 2... Qh4 mates
    import_games(ImportOptions((tmp_path / "one.pgn",)), tmp_path / "run")
    first, blunder = run_folder.read_turns(grade(tmp_path / "run", tmp_path / "graded", 5000)).rows(named=True)
    assert (first["error"], blunder["error"]) == ("none", "wrong")
    best = json.loads(blunder["extra"])["best_cp"]
    assert blunder["loss"] == pytest.approx(make_score(best).win - make_score(mate=-1).win)


def test_illegal_replies_keep_their_kind_and_cause(tmp_path: Path) -> None:
    files = gptchess_files(1, "1. e4 e5", [tag("1. e4"), tag("2. Nd5")], unknown="Nd5")
    import_games(ImportOptions((write_tar(tmp_path / "g.tar.gz", files),)), tmp_path / "run")
    before = run_folder.read_turns(tmp_path / "run")
    after = run_folder.read_turns(grade(tmp_path / "run", tmp_path / "graded", NODES))
    assert after["error"].to_list() == before["error"].to_list() == ["none", "illegal"]
    assert after["loss"][1] is None
    assert '"illegal_cause": "cannot_move_so"' in after["extra"][1]


def test_a_run_that_its_rules_judge_needs_no_grading(tmp_path: Path) -> None:
    horizon.play("hanoi:disks=3", model="random", episodes=1, turns=2, out=tmp_path / "run")
    with pytest.raises(UsageError, match="needs no grading"):
        grade(tmp_path / "run", tmp_path / "graded", NODES)
    assert sorted(os.listdir(tmp_path)) == ["run"]


def test_a_graded_copy_shows_what_was_sent(tmp_path: Path) -> None:
    keys = {"model": "uci:stockfish:level=3", "opponent": "random", "episodes": 1, "turns": 12, "judge_nodes": 100}
    conditions = ("natural", "healed", "corrupted:0.5", "selfcheck")
    horizon.play("chess:wrong_loss=0.05", out=tmp_path / "run", conditions=conditions, **keys)  # type: ignore[arg-type]
    graded = grade(grade(tmp_path / "run", tmp_path / "once", 200), tmp_path / "twice", 5000)
    before, now = (run_folder.read_turns(folder).filter(condition="natural") for folder in (tmp_path / "run", graded))
    assert not before["correct"].equals(now["correct"])
    for row in run_folder.iterate_turns(graded):
        shown = replay(graded, row.episode_id, row.turn, row.condition)
        assert shown.messages == replay(tmp_path / "run", row.episode_id, row.turn, row.condition).messages
        assert (shown.row, shown.doubt) == (row, "")
    manifest = run_folder.read_manifest(graded)
    older = {key: value for key, value in dict(manifest["graded"]).items() if key != "as_sent"}  # type: ignore
    manifests.write(graded, {**manifest, "graded": older})
    assert replay(graded, "0", 3).doubt == ""
    doubted = str(replay(graded, "0", 3, "healed"))
    assert doubted.startswith("## note\nhealed replaced replies by the verdicts before this copy was graded")
    assert f"horizon show {tmp_path / 'once'}" in doubted.splitlines()[1]
