"""Each format reads what it should from an archive written here: kinds, outcomes, protocols, conditions."""

import json
import zipfile
from pathlib import Path

import chess
import polars as pl
import pytest
from importers.small_archives import (
    CSV_COLUMNS,
    csv_line,
    gptchess_files,
    inspect_log,
    llm_chess_game,
    tag,
    write_tar,
)

from horizon.archives.import_run import Imported, ImportOptions, import_games
from horizon.cli.imports import summary as summary_lines
from horizon.core.environment import open_environment
from horizon.core.errors import UsageError
from horizon.report.episode_viewer import trace
from horizon.runs import run_folder
from horizon.runs.run_data import read_run

MATE = "1. f3 e5 2. g4 Qh4#"


def imported(tmp_path: Path, *paths: Path, **options: str) -> tuple[Imported, Path]:
    out = tmp_path / "run"
    return import_games(ImportOptions(paths, **options), out), out


def kinds(out: Path) -> list[str]:
    return run_folder.read_turns(out).sort("episode_id", "turn")["error"].to_list()


def test_gptchess_counts_the_kind_of_each_last_reply_from_the_reply_itself(tmp_path: Path) -> None:
    games = [
        gptchess_files(1, "1. e4 e5", [tag("1. e4"), tag("2. Nd5")], unknown="Nd5"),
        gptchess_files(2, "1. e4 e5", [tag("1. e4"), tag("2. Nf3 Nc6")], unknown="Nf3 Nc6"),
        gptchess_files(3, "1. e4 e5", [tag("1. e4"), "I resign."]),
        gptchess_files(4, "1. e4 e5", [tag("1. e4"), tag("2. Nf3 e.p.")], unknown="Nf3 e.p."),
        gptchess_files(5, "1. e4 e5", [" e4 e5 2", " 1-0"], unknown="1-0", limit=5, tagged=False),
    ]
    archive = write_tar(tmp_path / "games.tar.gz", {name: data for game in games for name, data in game.items()})
    summary, out = imported(tmp_path, archive)
    assert dict(summary.formats) == {"gptchess": 5}
    assert kinds(out) == [
        "none",
        "illegal",
        "none",
        "unparsable",
        "none",
        "no_answer",
        "none",
        "none",
        "none",
        "no_answer",
    ]
    ends = dict(run_folder.read_episodes(out).select("episode_id", "outcome").iter_rows())
    assert list(ends.values()).count("forfeited") == 1, (
        "a legal move that the harness refused is its own rule's forfeit"
    )


def test_a_promotion_that_the_token_limit_cut_is_truncated_and_not_illegal(tmp_path: Path) -> None:
    moves = "1. a4 b5 2. axb5 a6 3. bxa6 Bb7 4. axb7 h6"
    replies = [" a4", " axb5", " bxa6", " axb7", " bxa8="]
    archive = write_tar(
        tmp_path / "g.tar.gz", gptchess_files(1, moves, replies, unknown="bxa8=", limit=5, tagged=False)
    )
    _, out = imported(tmp_path, archive)
    assert kinds(out) == ["none"] * 4 + ["truncated"]


def test_moves_that_the_prompt_gave_are_no_turns_of_the_model(tmp_path: Path) -> None:
    files = gptchess_files(1, "1. e4 e5 2. Nf3 Nc6 3. Bb5 a6", [" Nf3", " Bb5"], limit=5, tagged=False)
    _, out = imported(tmp_path, write_tar(tmp_path / "g.tar.gz", files))
    turns = run_folder.read_turns(out)
    assert turns["action"].to_list() == ["g1f3", "f1b5"]
    assert turns["turn"].to_list() == [1, 2]
    assert json.loads(run_folder.read_episodes(out)["extra"][0])["given_plies"] == 2


@pytest.mark.parametrize("move", ["Sf3", "Cf3", "Кf3", "Dh5", "e8=D"])
def test_a_piece_letter_of_another_language_is_unparsable_and_never_called_illegal(move: str, tmp_path: Path) -> None:
    files = gptchess_files(1, "1. e4 e5", [tag("1. e4"), tag(f"2. {move}")], unknown=move)
    (tmp_path / "german.pgn").write_text(f'[White "llm"]\n[Black "random"]\n\n1. e4 e5 2. {move} *\n')
    _, out = imported(tmp_path, write_tar(tmp_path / "g.tar.gz", files))
    assert kinds(out) == ["none", "unparsable"]
    with pytest.raises(UsageError, match=f"'{move}' has a piece letter that is not English"):
        import_games(ImportOptions((tmp_path / "german.pgn",)), tmp_path / "german")


def test_a_game_whose_replies_disagree_with_its_moves_is_left_out(tmp_path: Path) -> None:
    good = gptchess_files(1, MATE, [tag("f3"), tag("g4")], result="0-1")
    bad = gptchess_files(2, MATE, [tag("f3"), tag("h4")], result="0-1")
    summary, out = imported(tmp_path, write_tar(tmp_path / "g.tar.gz", {**bad, **good}))
    assert summary.n_episodes == 1
    assert "its reply is" in str(summary.problems[0])
    assert run_folder.read_episodes(out)["outcome"].to_list() == ["lost"]


def test_chess_gpt_eval_takes_engines_for_opponents_and_never_guesses_a_forfeits_turn(tmp_path: Path) -> None:
    lines = [
        CSV_COLUMNS,
        csv_line("1", "1. f3 e5\n2. g4 Qh4#", "0-1", "tiny-chess", "Stockfish 3"),
        csv_line("2", "1. e4 e5\n2.", "0-1", "replicate/meta/llama-2-7b:abc", "Stockfish 0", 7, (True, False)),
        csv_line("3", "1. f3 e5\n2. g4 Qh4#", "0-1", "Stockfish 20", "Stockfish 20"),
        csv_line("4", "1. f3 e5\n2. g4 Qh4#", "1-0", "tiny-chess", "Stockfish 3"),
    ]
    path = tmp_path / "games.csv"
    path.write_text("\n".join(lines))
    summary, out = imported(tmp_path, path)
    episodes = run_folder.read_episodes(out)
    assert episodes["model"].to_list() == ["tiny-chess", "llama-2-7b"]
    assert episodes["outcome"].to_list() == ["lost", "forfeited"]
    assert episodes["opponent"].to_list() == ["stockfish:skill=3", "stockfish:skill=0"]
    assert set(kinds(out)) == {"none"}
    assert json.loads(episodes["extra"][1])["illegal_attempts"] == 7
    assert [("no language model" in str(each), "recorded as 1-0" in str(each)) for each in summary.problems] == [
        (True, False),
        (False, True),
    ]


@pytest.mark.parametrize("pgn", ["1. f3 e5 2. g4 Qh4# 0-1", "1. f2f3 e7e5 2. g2g4 d8h4 0-1"])
def test_llm_chess_reads_san_and_uci_and_its_rows_are_fresh(tmp_path: Path, pgn: str) -> None:
    path = tmp_path / "game.json"
    path.write_bytes(llm_chess_game(pgn, "Checkmate"))
    _, out = imported(tmp_path, path)
    turns = run_folder.read_turns(out)
    assert turns["condition"].unique().to_list() == ["fresh"]
    assert turns["action"].to_list() == ["e7e5", "d8h4"]
    assert run_folder.read_episodes(out)["outcome"].to_list() == ["won"]
    assert run_folder.read_manifest(out)["plan"]["protocol"]["history"] == "fresh"  # type: ignore[index,call-overload]


def test_llm_chess_tells_the_harness_breakdown_from_its_rules_and_its_limit(tmp_path: Path) -> None:
    reasons = ("ERROR OCCURED", "Too many wrong actions", "Max moves reached", "Max turns in single dialog")
    path = tmp_path / "games.jsonl"
    path.write_bytes(b"\n".join(llm_chess_game("1. e4 e5 2. d4 d5 1-0", reason) for reason in reasons))
    _, out = imported(tmp_path, path)
    outcomes = run_folder.read_episodes(out)["outcome"].to_list()
    assert outcomes == ["aborted", "forfeited", "turn_limit", "forfeited"]


PGN = '[Event "x"]\n[White "{white}"]\n[Black "{black}"]\n[Result "{result}"]\n'
PGN += '[Termination "{end}"]\n\n{moves} {result}\n'


def test_pgn_gives_each_language_model_its_own_episode_of_a_game(tmp_path: Path) -> None:
    games = [
        PGN.format(white="llm-a", black="llm-b", result="0-1", end="checkmate", moves=MATE),
        PGN.format(white="llm-a", black="random-bot", result="0-1", end="forfeit_illegal_move", moves="1. e4 e5"),
        PGN.format(white="stockfish", black="random-bot", result="0-1", end="checkmate", moves=MATE),
    ]
    (tmp_path / "all.pgn").write_text("\n".join(games))
    summary, out = imported(tmp_path, tmp_path / "all.pgn")
    episodes = run_folder.read_episodes(out)
    assert sorted(episodes.select("model", "outcome").rows()) == [
        ("llm-a", "forfeited"),
        ("llm-a", "lost"),
        ("llm-b", "won"),
    ]
    assert len(summary.problems) == 1


def test_player_chooses_the_model_of_a_pgn_by_a_part_of_its_name(tmp_path: Path) -> None:
    game = PGN.format(white="Ann", black="Tiny-Chess 7B", result="0-1", end="normal", moves=MATE)
    (tmp_path / "one.pgn").write_text(game)
    _, out = imported(tmp_path, tmp_path / "one.pgn", player="tiny")
    assert run_folder.read_episodes(out)["model"].to_list() == ["Tiny-Chess 7B"]


def test_inspect_rows_are_the_turns_that_the_log_scored(tmp_path: Path) -> None:
    chat = [
        {"role": "user", "content": "1+1?"},
        {"role": "assistant", "content": "2"},
        {"role": "user", "content": "2+2?"},
        {"role": "assistant", "content": [{"type": "text", "text": "5"}]},
    ]
    events = [
        {"event": "model"},
        {"event": "score", "intermediate": True, "score": {"value": "C"}},
        {"event": "model"},
    ]
    samples: list[dict[str, object]] = [
        {"id": "a", "messages": chat, "scores": {"match": {"value": "I"}}, "events": events},
        {"id": "b", "messages": chat, "scores": {"match": {"value": 1}}},
        {"id": "c", "messages": chat, "error": {"message": "server gone"}},
    ]
    _, out = imported(tmp_path, inspect_log(tmp_path / "log.eval", samples))
    rows = run_folder.read_turns(out).sort("episode_id", "turn").select("turn", "error", "reply", "state").rows()
    assert rows == [(1, "none", "2", "1+1?"), (2, "wrong", "5", "2+2?"), (2, "none", "5", "2+2?")]
    assert run_folder.read_episodes(out)["outcome"].to_list() == ["failed", "solved", "aborted"]


def test_every_imported_state_reloads_and_its_board_is_the_replays(tmp_path: Path) -> None:
    shuffle = " ".join(f"{n}. Nf3 Nf6 {n + 1}. Ng1 Ng8" for n in range(1, 13, 2))
    games = [PGN.format(white="llm-a", black="random-bot", result="1/2-1/2", end="fivefold", moves=shuffle)]
    (tmp_path / "all.pgn").write_text("\n".join(games).replace("fivefold", "max_moves"))
    _, out = imported(tmp_path, tmp_path / "all.pgn")
    task = open_environment("chess")
    turns = run_folder.read_turns(out)
    board = chess.Board()
    for row in turns.iter_rows(named=True):
        assert task.load(row["state"]).position.board.board_fen() == board.board_fen()
        board.push_uci(row["action"])
        board.push_uci({"g1f3": "g8f6", "f3g1": "f6g8"}[row["action"]])
    assert turns.height == 12


def test_unlike_protocols_share_no_group(tmp_path: Path) -> None:
    cold = gptchess_files(1, MATE, [tag("f3"), tag("g4")], result="0-1")
    warm = {name: data.replace(b"temperature: 0.5", b"temperature: 1.0") for name, data in cold.items()}
    warm = {name.replace("0/", "9/").replace("01/", "09/"): data for name, data in warm.items()}
    _, out = imported(tmp_path, write_tar(tmp_path / "g.tar.gz", {**cold, **warm}))
    parameters = run_folder.read_episodes(out)["parameters"].unique().to_list()
    assert len(parameters) == 2
    plan = run_folder.read_manifest(out)["plan"]
    assert plan["protocol"]["temperature"] == "varies"  # type: ignore[index,call-overload]
    assert [each["temperature"] for each in plan["protocols"]] == [0.5, 1.0]  # type: ignore[index,call-overload,union-attr]


def test_rows_carry_the_covariates_of_their_position(tmp_path: Path) -> None:
    (tmp_path / "one.pgn").write_text(
        PGN.format(white="llm", black="random-bot", result="0-1", end="normal", moves=MATE)
    )
    _, out = imported(tmp_path, tmp_path / "one.pgn")
    extra = [json.loads(text) for text in run_folder.read_turns(out).sort("turn")["extra"]]
    assert [each["difficulty"] for each in extra] == [20.0, 19.0]  # perft(1) of the start is 20
    assert {name: extra[0][name] for name in ("men", "pieces", "ply", "material", "check")} == {
        "men": 32, "pieces": 14, "ply": 0, "material": 0, "check": 0,
    }  # fmt: skip
    assert pl.Series([each["novelty"] for each in extra]).is_between(0, 1).all()


def test_a_log_that_inspect_ai_itself_wrote_is_read_with_its_zstandard_members(tmp_path: Path) -> None:
    # Written for this test by inspect_ai 0.3.285: two chats of two turns with scorer `match`, replies 2, 4 and 3, 7.
    log = Path(__file__).with_name("doubling.eval")
    assert {member.compress_type for member in zipfile.ZipFile(log).filelist} == {93}
    summary, out = imported(tmp_path, log)
    assert not summary.problems
    rows = run_folder.read_turns(out).sort("episode_id").select("model", "turn", "state", "reply", "error").rows()
    assert rows == [
        ("listed/tiny", 2, "And twice that?", "4", "none"),
        ("listed/tiny", 2, "And twice that?", "7", "wrong"),
    ]
    assert run_folder.read_episodes(out).sort("episode_id")["outcome"].to_list() == ["solved", "failed"]
    assert run_folder.read_manifest(out)["plan"]["protocol"]["temperature"] == 0.3  # type: ignore[index,call-overload]


def test_the_summary_has_the_kinds_and_the_causes_of_failures(tmp_path: Path) -> None:
    games = [
        gptchess_files(1, "1. e4 e5", [tag("1. e4"), tag("2. Nd5")], unknown="Nd5"),
        gptchess_files(2, "1. e4 e5", [tag("1. e4"), tag("2. Ra3")], unknown="Ra3"),
        gptchess_files(3, "1. e4 e5", [tag("1. e4"), "I resign."]),
    ]
    archive = write_tar(tmp_path / "g.tar.gz", {name: data for game in games for name, data in game.items()})
    lines = summary_lines(imported(tmp_path, archive)[0])
    assert "turns: 6 (none 3, illegal 2, no_answer 1)" in lines
    assert "why illegal: cannot move so 1, path blocked 1" in lines


def test_the_episode_viewer_names_why_a_move_was_illegal(tmp_path: Path) -> None:
    game = gptchess_files(1, "1. e4 e5", [tag("1. e4"), tag("2. Nd5")], unknown="Nd5")
    _, out = imported(tmp_path, write_tar(tmp_path / "games.tar.gz", game))
    (episode,) = trace([read_run(out)])["episodes"]
    # The nearest knight, on b1, reaches a3, c3 and d2 only.
    assert [turn["w"] for turn in episode["turns"]] == ["", "cannot move so"]
