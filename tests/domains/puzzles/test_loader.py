"""Claims of the readers: published rows are read as published, bad rows are reported by line, without a traceback."""

import io
import random
from pathlib import Path

import chess
import chess.pgn
import pyarrow
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from horizon.core.errors import UsageError
from horizon.domains.puzzles.formats.lines import LONGEST, number_lines
from horizon.domains.puzzles.loader import locate_pack, open_pack, pack_names, read_puzzles

HEADER = "PuzzleId,FEN,Moves,Rating,RatingDeviation,Popularity,NbPlays,Themes,GameUrl,OpeningTags"
# The example rows of https://database.lichess.org/#puzzles.
LICHESS = """\
00008,r6k/pp2r2p/4Rp1Q/3p4/8/1N1P2R1/PqP2bPP/7K b - - 0 24,f2g3 e6e7 b2b1 b3c1 b1c1 h6c1,1913,75,94,6230,crushing \
hangingPiece long middlegame,https://lichess.org/787zsVup/black#48,
0000D,5rk1/1p3ppp/pq3b2/8/8/1P1Q1N2/P4PPP/3R2K1 w - - 2 27,d3d6 f8d8 d6d8 f6d8,1518,75,96,23535,advantage endgame \
short,https://lichess.org/F8M8OS71#53,
"""
WAC = '2rr3k/pp3pp1/1nnqbN1p/3pN3/2pP4/2P3Q1/PPB4P/R4RK1 w - - bm Qg6; id "WAC.001";'
BRATKO_KOPEC = '1k1r4/pp1b1R2/3q2pp/4p3/2B5/4Q3/PPP2B2/2K5 b - - bm Qd1+; id "BK.01";'
STS = (
    '1kr5/3n4/q3p2p/p2n2p1/PppB1P2/5BP1/1P2Q2P/3R2K1 w - - bm f5; id "Undermine.001"; '
    'c0 "f5=10, Be5+=2, Bf2=3, Bg4=2";'
)
PUZZLE_GAME = """\
[Event "Back rank"]
[SetUp "1"]
[FEN "6k1/5ppp/8/8/8/8/8/R6K w - - 0 1"]

1. Ra8# 1-0
"""
# Morphy against the Duke of Brunswick and Count Isouard, Paris 1858: 17 moves, so that 33 plies are played.
OPERA = """\
[White "Morphy"]

1. e4 e5 2. Nf3 d6 3. d4 Bg4 4. dxe5 Bxf3 5. Qxf3 dxe5 6. Bc4 Nf6 7. Qb3 Qe7 8. Nc3 c6 9. Bg5 {Black is in what's
like a zugzwang position here.} b5 10. Nxb5 cxb5 11. Bxb5+ Nbd7 12. O-O-O Rd8 13. Rxd7 Rxd7 14. Rd1 Qe6 15. Bxd7+
Nxd7 16. Qb8+ Nxb8 17. Rd8# 1-0
"""
PACK = "name,fen,moves,goal,themes,rating,note\n"


def written(folder: Path, name: str, text: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


@pytest.mark.parametrize("start", ["", HEADER + "\n"])
def test_a_lichess_puzzle_begins_after_the_opponents_move(start: str, tmp_path: Path) -> None:
    found = read_puzzles(written(tmp_path, "lichess.csv", start + LICHESS))
    assert found.bad_rows == ()
    first, second = found.puzzles
    assert first.name == "00008"
    assert first.fen.startswith("r6k/pp2r2p/4Rp1Q/3p4/8/1N1P2b1/PqP3PP/7K w")
    assert first.moves == ("e6e7", "b2b1", "b3c1", "b1c1", "h6c1")
    assert (first.goal, first.rating, first.turns) == ("win", 1913.0, 3)
    assert first.themes == ("crushing", "hangingPiece", "long", "middlegame")
    assert second.moves == ("f8d8", "d6d8", "f6d8")


def test_a_lichess_line_that_ends_in_mate_asks_for_mate_and_equality_asks_to_hold(tmp_path: Path) -> None:
    # Black's h6 leaves the back rank shut; the second is the same with a theme that lichess gives to saving moves.
    mate = "m1,6k1/p4ppp/8/8/8/8/8/R6K b - - 0 1,a7a6 a1a6,900,75,90,10,endgame,x,\n"
    ends = "m2,6k1/p4pp1/7p/8/8/8/5PPP/R5K1 b - - 0 1,h6h5 a1a7,900,75,90,10,equality short,x,\n"
    back = "m3,6k1/1p3ppp/8/8/8/8/8/R6K b - - 0 1,b7b6 a1a8,900,75,90,10,mate mateIn1,x,\n"
    goals = [each.goal for each in read_puzzles(written(tmp_path, "l.csv", mate + ends + back)).puzzles]
    assert goals == ["win", "hold", "mate"]


def test_bad_rows_of_a_lichess_file_are_told_by_line_and_the_others_kept(tmp_path: Path) -> None:
    good = LICHESS.splitlines()[0]
    rows = [
        HEADER,
        good,
        good[:40],
        good.replace("e6e7", "e6d5"),
        good.replace(" h6c1", ""),
        good.replace("f2g3 e6e7 b2b1 b3c1 b1c1 h6c1", "f2g3"),
        good.replace(" b - ", " w - "),
        good.replace("7K b", "8 b"),
        good.replace("1913", "high"),
        good.replace("e6e7", "0000"),
        good.replace("r6k", "\udcff").encode("utf-8", "surrogateescape").decode("latin-1"),
        "x" * (LONGEST + 1),
        '00009,"' + good,
        "",
        good.replace("00008", "00010"),
    ]
    path = written(tmp_path, "lichess.csv", "\n".join(rows).encode("latin-1"))
    found = read_puzzles(path)
    assert [each.name for each in found.puzzles] == ["00008", "00010"]
    reasons = {each.line: each.reason for each in found.bad_rows}
    assert sorted(reasons) == list(range(3, 14))
    assert "truncated: 2 of 10" in reasons[3]
    assert "move 1 'e6d5' is not legal" in reasons[4]
    assert "4 moves are left" in reasons[5]
    assert "not 1 moves" in reasons[6]
    assert "no black king" in reasons[8] or "no white king" in reasons[8]
    assert "Rating 'high'" in reasons[9]
    assert "'0000' is not legal" in reasons[10]
    assert "not UTF-8" in reasons[11]
    assert "longer than" in reasons[12]
    assert all("\n" not in each and len(each) <= 200 for each in reasons.values())


def test_a_header_names_the_columns_in_any_order(tmp_path: Path) -> None:
    mixed = "Moves,PuzzleId,Themes,FEN,Rating,RatingDeviation,Popularity,NbPlays,GameUrl,More\n"
    row = "f2g3 e6e7,00008,short,r6k/pp2r2p/4Rp1Q/3p4/8/1N1P2R1/PqP2bPP/7K b - - 0 24,1913,1,2,3,x,y\n"
    assert read_puzzles(written(tmp_path, "l.csv", mixed + row)).puzzles[0].moves == ("e6e7",)


@pytest.mark.parametrize("line", [WAC, BRATKO_KOPEC, STS])
def test_published_suites_are_read_as_python_chess_reads_them(line: str, tmp_path: Path) -> None:
    board = chess.Board()
    told = board.set_epd(line)
    (puzzle,) = read_puzzles(written(tmp_path, "suite.epd", line + "\n")).puzzles
    assert puzzle.name == told["id"]
    assert puzzle.fen == board.fen()
    best = told["bm"]
    assert isinstance(best, list)
    assert [puzzle.moves[0], *puzzle.also] == [move.uci() for move in best]
    assert puzzle.goal == "best" and puzzle.turns == 1


def test_an_sts_line_grades_its_moves_in_tenths(tmp_path: Path) -> None:
    (puzzle,) = read_puzzles(written(tmp_path, "sts.epd", STS)).puzzles
    assert dict(puzzle.points) == {"f4f5": 1.0, "d4f2": 0.3, "d4e5": 0.2, "f3g4": 0.2}


def test_epd_moves_to_avoid_several_best_moves_and_mates_are_read(tmp_path: Path) -> None:
    lines = (
        "8/8/8/8/3k4/3p4/3K4/8 w - - am Kc1 Ke1; hmvc 7; fmvn 60;\n"
        "# a comment\n"
        '6k1/5ppp/8/8/8/8/8/RR5K w - - bm Ra8# Rb8#; c0 "either, of course; mate"; id two;\n'
        "r3k2r/8/8/8/8/8/8/R3K2R w KQkq - 3 12 bm O-O, O-O-O; acd 12;\n"
        '4k3/8/8/8/8/8/4P3/4K3 w - - c0 "e4=10, e3=5";\n'
    )
    avoid, mates, castles, graded = read_puzzles(written(tmp_path, "own.epd", lines)).puzzles
    assert (avoid.name, avoid.moves, avoid.avoid) == ("own-1", (), ("d2c1", "d2e1"))
    assert avoid.fen.endswith(" 7 60")
    assert (mates.name, mates.goal, mates.moves, mates.also) == ("two", "mate", ("a1a8",), ("b1b8",))
    assert (castles.moves, castles.also) == (("e1g1",), ("e1c1",))
    assert castles.fen.endswith(" 3 12")
    assert (graded.moves, graded.points) == (("e2e4",), (("e2e4", 1.0), ("e2e3", 0.5)))


def test_bad_rows_of_an_epd_suite_are_told_by_line(tmp_path: Path) -> None:
    lines = [
        WAC,
        WAC.replace("Qg6", "Qg9"),
        WAC.replace("bm Qg6", "bm"),
        WAC.replace('"WAC.001"', '"WAC.001'),
        WAC.replace("bm Qg6", "bm Qg6; am Qg6"),
        WAC[:30],
        "7k/6Q1/6K1/8/8/8/8/8 b - - bm Kh7;",
        WAC.replace("w - -", "w - - bm Rb1;"),
        "k7/8/8/8/8/8/8/K7 w - - bm Kb1;",
        WAC.replace("Qg6", "--"),
    ]
    found = read_puzzles(written(tmp_path, "wac.epd", "\r\n".join(lines)))
    assert [each.name for each in found.puzzles] == ["WAC.001"]
    reasons = {each.line: each.reason for each in found.bad_rows}
    assert sorted(reasons) == list(range(2, 11))
    assert "Qg9" in reasons[2]
    assert "truncated" in reasons[3]
    assert "not closed" in reasons[4]
    assert "both bm and am" in reasons[5]
    assert "4 to 6 fields" in reasons[6]
    assert "checkmate" in reasons[7]
    assert "twice" in reasons[8]
    assert "insufficient material" in reasons[9]


def test_a_fen_list_gives_positions_to_play_from(tmp_path: Path) -> None:
    text = "\ufeff# openings\n\nrnbqkbnr/pppppppp/8/8/4P3/8/PPPP1PPP/RNBQKBNR b KQkq - 0 1\n8/8 w - - 0 1\n"
    found = read_puzzles(written(tmp_path, "own.fen", text))
    (puzzle,) = found.puzzles
    assert (puzzle.name, puzzle.moves, puzzle.goal, puzzle.turns) == ("own-3", (), "best", 1)
    assert [each.line for each in found.bad_rows] == [4]


def test_what_cannot_be_castled_or_taken_is_left_out_of_the_position(tmp_path: Path) -> None:
    text = "4k3/8/8/8/4P3/8/8/4K3 b KQkq e3 0 1\n"
    assert read_puzzles(written(tmp_path, "own.txt", text)).puzzles[0].fen == "4k3/8/8/8/4P3/8/8/4K3 b - - 0 1"


def test_a_game_with_a_fen_is_a_puzzle_and_one_without_gives_every_eighth_position(tmp_path: Path) -> None:
    found = read_puzzles(written(tmp_path, "both.pgn", f"{PUZZLE_GAME}\n{OPERA}"))
    assert found.bad_rows == ()
    puzzle, *positions = found.puzzles
    assert (puzzle.name, puzzle.moves, puzzle.goal) == ("both-1", ("a1a8",), "mate")
    game = chess.pgn.read_game(io.StringIO(OPERA))
    assert game is not None
    boards = [node.board().fen() for node in game.mainline()]
    assert [each.name for each in positions] == ["both-2-ply16", "both-2-ply24", "both-2-ply32"]
    assert [each.fen for each in positions] == [boards[15], boards[23], boards[31]]
    assert all(each.moves == () for each in positions)


def test_bad_games_are_told_by_their_first_line(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    games = [
        PUZZLE_GAME,
        PUZZLE_GAME.replace("Ra8#", "Ra9"),
        PUZZLE_GAME.replace("Ra8#", "Ra7 h6"),
        PUZZLE_GAME.replace("6k1/", "9/"),
        PUZZLE_GAME.replace('[SetUp "1"]', '[Variant "Atomic"]'),
        PUZZLE_GAME.replace('[SetUp "1"]', '[Variant "Nonsense"]'),
        "1. e4 e5 *\n",
        PUZZLE_GAME.replace("Back rank", "x" * (LONGEST + 1)),
        PUZZLE_GAME.replace("Back rank", "Grünfeld").encode("latin-1").decode("latin-1"),
    ]
    found = read_puzzles(written(tmp_path, "games.pgn", "\n".join(games).encode("latin-1")))
    assert [each.name for each in found.puzzles] == ["games-1", "games-9"]
    assert [each.line for each in found.bad_rows] == [7, 13, 19, 25, 31, 37, 39]
    reasons = [each.reason for each in found.bad_rows]
    assert "no move" in reasons[0]
    assert "2 moves are left" in reasons[1]
    assert "Atomic" in reasons[3]
    assert "2 plies" in reasons[5]
    assert "longer than" in reasons[6]
    assert not caplog.records


def test_a_pack_keeps_goal_themes_and_points_and_skips_other_columns(tmp_path: Path) -> None:
    text = (
        "name,fen,moves,goal,themes,rating,also,avoid,points,note\n"
        "a,6k1/5ppp/8/8/8/8/8/RR5K w - - 0 1,a1a8,mate,backRankMate endgame,5.5,b1b8,a1a7,a1a8=1 h1g1=0.25,hello\n"
        "b,6k1/5ppp/8/8/8/8/8/RR5K w - - 0 1,a1a7,mate,,,,,,\n"
        "c,6k1/5ppp/8/8/8/8/8/RR5K w - - 0 1,a1a8,draw,,,,,,\n"
        "d,6k1/5ppp/8/8/8/8/8/RR5K w - - 0 1,a1a8,win,,nan,,,,\n"
        "e,6k1/5ppp/8/8/8/8/8/RR5K w - - 0 1,a1a8,win,,,,,a1a8=7,\n"
    )
    found = read_puzzles(written(tmp_path, "pack.csv", text))
    (puzzle,) = found.puzzles
    assert (puzzle.goal, puzzle.themes, puzzle.rating) == ("mate", ("backRankMate", "endgame"), 5.5)
    assert (puzzle.also, puzzle.avoid) == (("b1b8",), ("a1a7",))
    assert dict(puzzle.points) == {"a1a8": 1.0, "h1g1": 0.25}
    reasons = [each.reason for each in found.bad_rows]
    assert "does not end in mate" in reasons[0] and "goal 'draw'" in reasons[1]
    assert "rating 'nan'" in reasons[2] and "points" in reasons[3]


def test_a_name_that_comes_again_is_told_apart(tmp_path: Path) -> None:
    text = PACK + "a,6k1/5ppp/8/8/8/8/8/R6K w - - 0 1,a1a8,mate,,,\n" * 3
    assert [each.name for each in read_puzzles(written(tmp_path, "p.csv", text)).puzzles] == ["a", "a#2", "a#3"]


@pytest.mark.parametrize(
    ("name", "text"), [("l.csv", LICHESS), ("w.epd", f"{WAC}\n{STS}\n"), ("g.pgn", f"{PUZZLE_GAME}\n{OPERA}")]
)
def test_packed_files_read_as_plain_ones_even_in_several_frames(name: str, text: str, tmp_path: Path) -> None:
    plain = written(tmp_path, name, text)
    half = len(text) // 2
    frames = b"".join(pyarrow.compress(part.encode(), "zstd", asbytes=True) for part in (text[:half], text[half:]))
    assert read_puzzles(written(tmp_path, f"{name}.zst", frames)) == read_puzzles(plain)


def test_a_packed_file_that_is_cut_short_keeps_what_came_before(tmp_path: Path) -> None:
    # Names that don't repeat, so that the packed file is of many blocks.
    draw = random.Random(0)
    row = LICHESS.splitlines()[0]
    text = "".join(f"{draw.getrandbits(200):050x}{row[5:]}\n" for _ in range(20_000))
    packed = pyarrow.compress(text.encode(), "zstd", asbytes=True)
    found = read_puzzles(written(tmp_path, "l.csv.zst", packed[: len(packed) // 2]))
    assert 1_000 < len(found.puzzles) < 20_000
    assert "damaged" in found.bad_rows[-1].reason


def test_a_limit_reads_no_further_than_it_needs(tmp_path: Path) -> None:
    path = written(tmp_path, "l.csv", LICHESS * 50_000)
    found = read_puzzles(path, limit=3)
    assert [each.name for each in found.puzzles] == ["00008", "0000D", "00008#2"]


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("empty.csv", "", "empty.csv is empty"),
        ("header.csv", HEADER + "\n", "header.csv is empty"),
        ("comments.fen", "# nothing\n", "comments.fen is empty"),
        ("bad.csv", "a,b\nc,d\n", r"bad.csv has nothing but bad rows \(2\); line 1"),
        ("wrong.csv", "name,position\n", "header has no column fen, moves"),
        ("bad.csv.zst", "no zstd at all", "not packed: take .zst off its name"),
        ("puzzles.json", "{}", "'.json' is not a puzzle format"),
        ("puzzles.cvs", "", "did you mean '.csv'"),
        ("puzzles", "", "'' is not a puzzle format"),
    ],
)
def test_a_file_without_a_puzzle_is_an_error_that_names_it(name: str, text: str, told: str, tmp_path: Path) -> None:
    path = written(tmp_path, name, text)
    with pytest.raises(UsageError, match=told) as caught:
        read_puzzles(path)
    assert "\n" not in str(caught.value)


def test_a_missing_file_and_a_folder_are_errors_that_name_the_fix(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none.csv can't be read \(No such file"):
        read_puzzles(tmp_path / "none.csv")
    (tmp_path / "folder.epd").mkdir()
    with pytest.raises(UsageError, match=r"folder.epd can't be read \(Is a directory"):
        read_puzzles(tmp_path / "folder.epd")
    with pytest.raises(UsageError, match="did you mean 'horizon'"):
        open_pack("horizn")
    assert "horizon" in pack_names()
    assert locate_pack("horizon").is_file()


SUFFIXES = (".csv", ".epd", ".pgn", ".fen", ".csv.zst")
PIECES = (
    LICHESS,
    WAC,
    STS,
    PUZZLE_GAME,
    OPERA,
    HEADER + "\n",
    PACK,
    "a,6k1/5ppp/8/8/8/8/8/R6K w - - 0 1,a1a8,mate,,\n",
)


@pytest.mark.parametrize("text", ["1. e4 ) e5 { x }", "1. e4 e5 ) ) ( d5 )", "( e4 ) 1. d4", ") 1. e4 e5"])
def test_a_bracket_that_matches_nothing_is_an_error_of_its_game_alone(tmp_path: Path, text: str) -> None:
    found = read_puzzles(written(tmp_path, "games.pgn", f"{text}\n\n{PUZZLE_GAME}"))
    assert len(found.puzzles) == 1
    assert [each.line for each in found.bad_rows] == [1]


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_no_bytes_give_a_traceback(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    suffix = data.draw(st.sampled_from(SUFFIXES))
    content = bytearray("\n".join(data.draw(st.lists(st.sampled_from(PIECES), max_size=3))).encode())
    for _ in range(data.draw(st.integers(0, 6))):
        at = data.draw(st.integers(0, len(content)))
        cut = data.draw(st.integers(0, 5))
        content[at : at + cut] = data.draw(
            st.binary(max_size=4) | st.sampled_from((b"\n", b" ", b"-", b"/", b"0", b"("))
        )
    path = written(tmp_path_factory.mktemp("fuzz"), f"f{suffix}", bytes(content))
    try:
        found = read_puzzles(path)
    except UsageError as problem:
        assert path.name in str(problem)
        return
    for puzzle in found.puzzles:
        board = chess.Board(puzzle.fen)
        for move in puzzle.moves:
            assert chess.Move.from_uci(move) in board.legal_moves
            board.push_uci(move)
    assert all(each.reason.isprintable() for each in found.bad_rows)


@given(st.lists(st.text(st.characters(exclude_characters="\n\r", exclude_categories=["Cs"]), max_size=30), max_size=8))
@example([""])
def test_lines_come_back_as_they_were_written_with_their_numbers(texts: list[str]) -> None:
    read = list(number_lines(io.BytesIO("".join(f"{each}\r\n" for each in texts).encode())))
    assert [each.number for each in read] == list(range(1, len(texts) + 1))
    expected = [texts[0].removeprefix("\ufeff"), *texts[1:]] if texts else []
    assert [each.text for each in read] == expected
