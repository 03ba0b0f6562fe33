"""Claims about files as other programs write them: each is read as it is meant, or reported with its line."""

import bz2
import gzip
import io
import lzma
import os
import zipfile
from pathlib import Path

import chess
import pyarrow
import pyarrow.parquet
import pytest

from horizon.core.errors import UsageError
from horizon.domains.puzzles.formats.lines import number_lines
from horizon.domains.puzzles.loader import MOST_BAD_ROWS, PuzzleFile, read_puzzles

# Mate in one by Rd8.
POSITION = "6k1/5ppp/8/8/8/8/5PPP/3R2K1 w - -"
TAGS = f'[Event "x"]\n[White "A"]\n[Black "B"]\n[FEN "{POSITION} 0 1"]\n\n'
MATE = f"{TAGS}1. Rd8# 1-0\n\n"
# A knight and a pawn can go to f3, a bishop can take on d5.
KNIGHT = '[Event "x"]\n[FEN "4k3/8/8/3p4/2B1P3/8/5P2/4K1N1 w - - 0 1"]\n\n'
RUY_LOPEZ = "1. e4 e5 2. Nf3 Nc6 3. Bb5 a6 4. Ba4 Nf6 5. O-O Be7 6. Re1 b5 7. Bb3 d6 8. c3 O-O 9. h3 Nb8 10. d4 Nbd7"
HEADER = "PuzzleId,FEN,Moves,Rating,RatingDeviation,Popularity,NbPlays,Themes,GameUrl,OpeningTags\n"
ROW = "own01,6k1/r4ppp/8/8/8/8/5PPP/3R2K1 b - - 3 30,a7a2 d1d8,1200,80,90,100,endgame,https://x.invalid/1,\n"


def read(folder: Path, name: str, content: str | bytes) -> PuzzleFile:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    try:
        return read_puzzles(path)
    except UsageError as problem:
        assert "\n" not in str(problem)
        raise


def only_move(folder: Path, name: str, content: str | bytes) -> str:
    (puzzle,) = read(folder, name, content).puzzles
    return puzzle.moves[0]


@pytest.mark.parametrize(
    "move",
    # German, French, Spanish, Russian, Dutch, Polish, Czech, Finnish, Icelandic, Greek, Esperanto, Windows-1251.
    ["Sf3", "Cf3", "Кf3", "Kнf3", "Pf3", "Jf3", "Hf3", "Ιf3", "Ĉf3", "Êf3", "Lxd5", "Fxd5", "Axd5", "Gxd5", "Сxd5"],
)
def test_a_piece_letter_of_another_language_is_reported_and_never_a_pawn(move: str, tmp_path: Path) -> None:
    encoding = "latin-1" if move == "Êf3" else "utf-8"
    found = read(tmp_path, "g.pgn", (KNIGHT + f"1. {move} *\n\n" + MATE).encode(encoding))
    assert [(puzzle.name, puzzle.moves) for puzzle in found.puzzles] == [("g-2", ("d1d8",))]
    (bad,) = found.bad_rows
    assert bad.line == 1
    assert "line 4" in bad.reason and move in bad.reason


@pytest.mark.parametrize("text", ["nf3", "n f3", "xf3y", "Nf9", "f3Q", "e4e", "Nf3 Sf6", "|f3", "Qf3/f4"])
def test_what_is_no_move_is_not_searched_for_one(text: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nothing but bad rows"):
        read(tmp_path, "g.pgn", KNIGHT + f"1. {text} *\n")


def test_a_german_promotion_is_reported(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="'e8=D' has a piece letter that is not English"):
        read(tmp_path, "g.pgn", '[FEN "8/4P1k1/8/8/8/8/6K1/8 w - - 0 1"]\n\n1. e8=D *\n')


@pytest.mark.parametrize(
    "move",
    [
        "♘f3",
        "♞f3",
        "♘\ufe0ef3",
        "Nf3",
        "Ng1f3",
        "Ng1-f3",
        "g1f3",
        "N\u200bf3",
        "Ｎｆ３",
        "Nf3!?",
        "Nf3$1",
        "Nf3±",
        "Nf3=",
    ],
)
def test_a_knight_in_any_english_or_figurine_form_is_the_knight(move: str, tmp_path: Path) -> None:
    assert only_move(tmp_path, "g.pgn", KNIGHT + f"1. {move} *\n") == "g1f3"


@pytest.mark.parametrize(
    ("fen", "move", "expected"),
    [
        ("4k3/8/8/3pP3/8/8/8/4K3 w - d6 0 2", "exd6 e.p.", "e5d6"),
        ("4k3/8/8/3pP3/8/8/8/4K3 w - d6 0 2", "e5:d6e.p.", "e5d6"),
        ("8/4P1k1/8/8/8/8/6K1/8 w - - 0 1", "e8♕", "e7e8q"),
        ("8/4P1k1/8/8/8/8/6K1/8 w - - 0 1", "e8(N)+", "e7e8n"),
        ("8/4P1k1/8/8/8/8/6K1/8 w - - 0 1", "e7-e8=Q", "e7e8q"),
        ("8/8/8/8/8/5k2/4P3/K7 w - - 0 1", "♙e4+", None),
        ("r3k2r/8/8/8/8/8/8/R3K2R w KQkq - 0 1", "0-0-0", "e1c1"),
        ("r3k2r/8/8/8/8/8/8/R3K2R w KQkq - 0 1", "О–О", "e1g1"),
    ],
)
def test_special_moves_are_read_in_their_usual_forms(
    fen: str, move: str, expected: str | None, tmp_path: Path
) -> None:
    text = f'[FEN "{fen}"]\n\n1. {move} *\n'
    if expected is None:
        with pytest.raises(UsageError, match="nothing but bad rows"):
            read(tmp_path, "g.pgn", text)
    else:
        assert only_move(tmp_path, "g.pgn", text) == expected


def test_a_letter_of_two_languages_is_refused_where_both_could_move(tmp_path: Path) -> None:
    # In French, R is the king: both the king on e1 and the rook on a2 can go to e2.
    both = '[FEN "4k3/8/8/8/8/8/R7/4K3 w - - 0 1"]\n\n1. Re2 *\n\n'
    only_rook = '[FEN "4k3/8/8/8/8/8/R7/4K3 w - - 0 1"]\n\n1. Ra8 *\n\n'
    assert len(read(tmp_path, "english.pgn", both + only_rook).puzzles) == 2
    found = read(tmp_path, "french.pgn", both + only_rook + KNIGHT + "1. Cf3 *\n")
    assert [puzzle.moves for puzzle in found.puzzles] == [("a2a8",)]
    assert [bad.line for bad in found.bad_rows] == [1, 9]
    assert "may be a king's move" in found.bad_rows[0].reason


def test_a_move_marked_as_check_that_gives_none_is_reported(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="marked as check, but gives none"):
        read(tmp_path, "g.pgn", f"{TAGS}1. Kf1+ *\n")


@pytest.mark.parametrize("null", ["--", "Z0", "0000", "@@@@", "<>", "null"])
def test_a_game_with_a_null_move_is_reported(null: str, tmp_path: Path) -> None:
    found = read(tmp_path, "g.pgn", f'[Event "x"]\n\n{RUY_LOPEZ} 11. {null} Bb7 12. Bc2 Re8 *\n\n{MATE}')
    assert [puzzle.name for puzzle in found.puzzles] == ["g-2"]
    assert "null move" in found.bad_rows[0].reason


@pytest.mark.parametrize("open_comment", ["{open", "( 1. Rd7", "{a} {b", "{two\nlines", "( 1. Rd7 {x"])
def test_what_is_never_closed_costs_its_own_game_alone(open_comment: str, tmp_path: Path) -> None:
    for gap in ("\n\n", "\n"):
        found = read(tmp_path, "g.pgn", f"{TAGS}1. Rd8# {open_comment}{gap}{MATE}{MATE}")
        assert [puzzle.name for puzzle in found.puzzles] == ["g-2", "g-3"]
        (bad,) = found.bad_rows
        assert bad.line == 1 and "never closed" in bad.reason and "line 6" in bad.reason


def test_an_open_comment_at_the_end_and_one_that_meets_another_are_reported(tmp_path: Path) -> None:
    (bad,) = read(tmp_path, "g.pgn", f"{MATE}{TAGS}1. Rd8# {{open\n").bad_rows
    assert bad.line == 8
    (bad,) = read(tmp_path, "g.pgn", f"{MATE}1. e4 {{open\n\n1. d4 {{x}} d5 *\n").bad_rows
    assert "not closed before the next one" in bad.reason
    (bad,) = read(tmp_path, "g.pgn", f"{MATE}{TAGS}1. Rd8# }} *\n").bad_rows
    assert "closing brace" in bad.reason


def test_games_without_a_blank_line_or_tags_between_them_are_apart(tmp_path: Path) -> None:
    found = read(tmp_path, "g.pgn", f'[FEN "{POSITION} 0 1"]\n1. Rd8# *\n[FEN "{POSITION} 0 1"]\n1. Rd8#\n{MATE}')
    assert [puzzle.name for puzzle in found.puzzles] == ["g-1", "g-2", "g-3"]
    found = read(tmp_path, "g.pgn", f"{RUY_LOPEZ} *\n{RUY_LOPEZ}\n\n{RUY_LOPEZ} 1/2-1/2\n")
    assert [puzzle.name for puzzle in found.puzzles] == ["g-1-ply16", "g-2-ply16", "g-3-ply16"]


def test_a_blank_line_and_a_comment_do_not_end_a_game(tmp_path: Path) -> None:
    text = RUY_LOPEZ.replace(" 6. ", "\n\n6. ").replace(" 8. ", " {a\n\nb} 8. ")
    assert [puzzle.name for puzzle in read(tmp_path, "g.pgn", f"{text} *\n").puzzles] == ["g-1-ply16"]
    assert only_move(tmp_path, "b.pgn", f"{TAGS}{{first}} 1. Rd8# ; not (1. Rd7\n1-0\n") == "d1d8"


@pytest.mark.parametrize("tag", ['[FEN "6k1/5ppp/8/8', "[FEN 6k1/5ppp/8]", "[FEN “6k1”]", '[SetUp "1"]'])
def test_a_torn_fen_tag_is_reported_and_never_the_usual_start(tag: str, tmp_path: Path) -> None:
    found = read(tmp_path, "g.pgn", f'{MATE}[Event "x"]\n{tag}\n\n{RUY_LOPEZ} *\n')
    assert len(found.puzzles) == 1
    assert [bad.line for bad in found.bad_rows] == [8]


@pytest.mark.parametrize(
    "encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be", "utf-8-sig"]
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\r\r\n"])
def test_files_in_wide_encodings_and_with_any_line_end_are_read(encoding: str, end: str, tmp_path: Path) -> None:
    files = {
        "g.pgn": MATE + MATE.replace('"A"', '"Эмануил Ласкер"'),
        "e.epd": f'{POSITION} bm Rd8#; id "a";\n{POSITION} bm Rd8#; id "б";\n',
        "c.csv": HEADER + ROW + ROW.replace("own01", "own02"),
    }
    for name, text in files.items():
        found = read(tmp_path, name, text.replace("\n", end).encode(encoding))
        assert [puzzle.moves for puzzle in found.puzzles] == [("d1d8",)] * 2
        assert found.bad_rows == ()


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_every_character_survives_any_chunk_of_a_wide_encoding(encoding: str) -> None:
    class Trickle:
        def __init__(self, data: bytes) -> None:
            self.data = data

        def read(self, size: int, /) -> bytes:
            chunk, self.data = self.data[:97], self.data[97:]
            return chunk

    text = "".join(f"line {number} with ♘ and 𝔸 and é\r\n" for number in range(200))
    lines = list(number_lines(Trickle(text.encode(encoding))))
    assert [line.text for line in lines] == text.split("\r\n")[:-1]
    assert not any(line.problem for line in lines)


def test_damaged_utf_16_is_reported_by_line(tmp_path: Path) -> None:
    lines = [f'{POSITION} bm Rd8#; id "{name}";\n'.encode("utf-16-le") for name in "abc"]
    lines[1] = lines[1][:-20] + b"\x00\xd8" + lines[1][-20:]
    found = read(tmp_path, "e.epd", b"\xff\xfe" + b"".join(lines))
    assert [puzzle.name for puzzle in found.puzzles] == ["a", "c"]
    assert [(bad.line, "damaged UTF-16" in bad.reason) for bad in found.bad_rows] == [(2, True)]


@pytest.mark.parametrize(
    "operations",
    [
        '\tbm\tRd8+;\tid\t"t";',
        ' BM Rd8+; ID "t";',
        ' Bm Rd8#;id "t"',
        '; bm Rd8+; id "t";',
        ';bm Rd8;\u00a0id "t";',
        ' pv Rd8#; id "t";',
        ' pm d1d8; id "t";',
        ' pv 1. Rd8#; ce 30000; id "t";',
        '  bm\u3000♖d8#; id "t";',
        ' bm Rd8; c0 "a; b"; id "t";',
        ' 0 1; bm Rd8#; id "t";',
        ' hmvc 0;FMVN 1;bm Rd8!!;id "t";',
    ],
)
def test_epd_operations_are_read_whatever_their_white_space_and_case(operations: str, tmp_path: Path) -> None:
    (puzzle,) = read(tmp_path, "e.epd", POSITION + operations + "\n").puzzles
    assert (puzzle.name, puzzle.moves, puzzle.goal, puzzle.fen) == ("t", ("d1d8",), "mate", f"{POSITION} 0 1")


@pytest.mark.parametrize(
    "operations", [" dm 1;", " DM\t1;", " bm #1;", " bm Td8#;", " bm Kg1 or Kh1;", " BM Rd8; bm Rd7;"]
)
def test_epd_operations_that_cannot_be_read_are_reported(operations: str, tmp_path: Path) -> None:
    found = read(tmp_path, "e.epd", f"{POSITION} bm Rd8;\n{POSITION}{operations}\n")
    assert len(found.puzzles) == 1
    assert [bad.line for bad in found.bad_rows] == [2]


def test_an_epd_name_in_latin_1_is_read_as_in_pgn(tmp_path: Path) -> None:
    (puzzle,) = read(tmp_path, "e.epd", f'{POSITION} bm Rd8+; id "Réti";\n'.encode("latin-1")).puzzles
    assert puzzle.name == "Réti"


CHESS960 = [
    "4k3/8/8/8/8/8/8/1R2K1R1 w BG - 0 1",
    "4k3/8/8/8/8/8/8/1R2K1R1 w GB - 0 1",
    "4k3/8/8/8/8/8/8/1R2K1R1 w KQ - 0 1",
    "bbqnnrkr/pppppppp/8/8/8/8/PPPPPPPP/BBQNNRKR w HFhf - 0 1",
    "bbqnnrkr/pppppppp/8/8/8/8/PPPPPPPP/BBQNNRKR w KQkq - 0 1",
    "rk5r/8/8/8/8/8/8/RK5R w HAha - 0 1",
]


@pytest.mark.parametrize("fen", CHESS960)
def test_castling_rights_of_chess960_are_refused_in_every_format(fen: str, tmp_path: Path) -> None:
    move = next(iter(chess.Board(fen, chess960=True).legal_moves)).uci()
    files = {
        "e.epd": f"{' '.join(fen.split()[:4])} bm {move};\n{POSITION} bm Rd8;\n",
        "f.fen": f"{fen}\n{POSITION} 0 1\n",
        "g.pgn": f'[FEN "{fen}"]\n\n1. {move} *\n\n{MATE}',
        "c.csv": HEADER + f"a,{fen},{move} {move},1,1,1,1,x,u,\n" + ROW,
        "p.csv": f"name,fen,moves,goal\na,{fen},{move},best\nb,{POSITION} 0 1,d1d8,mate\n",
    }
    for name, text in files.items():
        found = read(tmp_path, name, text)
        assert len(found.puzzles) == 1
        (bad,) = found.bad_rows
        assert "Chess960" in bad.reason


@pytest.mark.parametrize("variant", ["Chess960", "Fischerandom", "chess 960", "Crazyhouse"])
def test_a_variant_tag_is_refused(variant: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=f"variant {variant} is not orthodox chess"):
        read(tmp_path, "g.pgn", f'[Variant "{variant}"]\n{MATE}')


def test_shredder_letters_of_orthodox_rights_are_orthodox_rights(tmp_path: Path) -> None:
    (puzzle,) = read(tmp_path, "e.epd", "r3k2r/8/8/8/8/8/8/R3K2R w HAha - bm O-O;\n").puzzles
    assert (puzzle.fen, puzzle.moves) == ("r3k2r/8/8/8/8/8/8/R3K2R w KQkq - 0 1", ("e1g1",))


@pytest.mark.parametrize(
    "cell",
    [
        "\"['endgame', 'equality']\"",
        '"[""endgame"", ""equality""]"',
        "endgame;equality",
        '"endgame, equality"',
        "endgame equality",
        "{endgame;equality}",
        "endgame|equality",
        "\"('endgame', 'equality')\"",
        "['endgame' 'equality']",
    ],
)
def test_themes_are_read_however_their_list_is_written(cell: str, tmp_path: Path) -> None:
    # The line does not end in mate: h6 opens an escape.
    row = f"own01,6k1/r4pp1/7p/8/8/8/5PPP/3R2K1 b - - 3 30,a7a2 d1d8,1200,80,90,100,{cell},u,\n"
    (puzzle,) = read(tmp_path, "c.csv", HEADER + row).puzzles
    assert (puzzle.themes, puzzle.goal) == (("endgame", "equality"), "hold")


def test_only_the_columns_that_are_needed_are_demanded(tmp_path: Path) -> None:
    fen = "6k1/r4ppp/8/8/8/8/5PPP/3R2K1 b - - 3 30"
    (puzzle,) = read(tmp_path, "c.csv", f"PuzzleId,FEN,Moves,Themes\na,{fen},a7a2 d1d8,short\n").puzzles
    assert (puzzle.moves, puzzle.rating) == (("d1d8",), None)
    (puzzle,) = read(tmp_path, "t.csv", f"puzzleid\tmoves\tfen\tthemes\na\t\"['a7a2', 'd1d8']\"\t{fen}\t[]\n").puzzles
    assert puzzle.moves == ("d1d8",)
    (puzzle,) = read(tmp_path, "p.csv", f"name;fen;moves;goal\na;{POSITION} 0 1;d1d8;mate\n").puzzles
    assert (puzzle.themes, puzzle.rating) == ((), None)
    with pytest.raises(UsageError, match="the header has no column Themes"):
        read(tmp_path, "n.csv", f"PuzzleId,FEN,Moves\na,{fen},a7a2 d1d8\n")
    with pytest.raises(UsageError, match="the column FEN twice"):
        read(tmp_path, "w.csv", f"PuzzleId,FEN,FEN,Moves,Themes\na,{fen},{fen},a7a2 d1d8,x\n")


def pack(text: bytes, packing: str) -> bytes:
    return gzip.compress(text) if packing == "gz" else bytes(pyarrow.compress(text, "zstd", asbytes=True))


@pytest.mark.parametrize("packing", ["zst", "gz"])
@pytest.mark.parametrize("unit", ["\n", "x", "a,b\n", f"{POSITION} bm Rd8#;\n", "{"])
def test_a_file_that_unpacks_to_hundreds_of_times_its_size_is_refused(unit: str, packing: str, tmp_path: Path) -> None:
    path = tmp_path / f"bomb.epd.{packing}"
    path.write_bytes(pack(unit.encode() * ((6 << 20) // len(unit)), packing))
    with pytest.raises(UsageError, match="unpacks to more than 200 times its size"):
        read_puzzles(path)


def test_a_packed_file_of_real_rows_is_read(tmp_path: Path) -> None:
    for packing in ("zst", "gz"):
        found = read(tmp_path, f"c.csv.{packing}", pack((HEADER + ROW * 3).encode(), packing))
        assert len(found.puzzles) == 3


def test_bad_rows_beyond_a_number_are_counted_and_not_kept(tmp_path: Path) -> None:
    found = read(tmp_path, "e.epd", f"{POSITION} bm Rd8;\n" + "nonsense\n" * (MOST_BAD_ROWS + 5))
    assert (len(found.bad_rows), found.n_bad_rows) == (MOST_BAD_ROWS, MOST_BAD_ROWS + 5)


def zipped(name: str, content: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(zipfile.ZipInfo(name), content)
    return buffer.getvalue()


def parquet() -> bytes:
    buffer = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table({"FEN": [POSITION]}), buffer)
    return buffer.getvalue()


# Source: the specification of Git LFS, version 1.
POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 12345\n"
PAGE = "<!DOCTYPE html>\n<html><head><title>404 Not\n Found</title></head></html>\n"


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        *(
            (f"a{ending}", POINTER, "a pointer of Git LFS")
            for ending in (".csv", ".pgn", ".epd", ".csv.zst", ".pgn.gz")
        ),
        ("a.csv", "/annex/objects/MD5E-s12--abc.csv\n", "a pointer of git-annex"),
        *((f"a{ending}", PAGE, r"a web page \(404 Not Found\)") for ending in (".csv", ".pgn", ".fen", ".csv.zst")),
        ("a.csv.gz", gzip.compress(PAGE.encode(), mtime=0), "a web page"),
        ("a.csv", "<?xml version='1.0'?><Error><Message>No such key</Message></Error>", r"\(No such key\)"),
        ("a.csv", '{"message": "Not Found"}', "is JSON"),
        ("a.epd", '[{"fen": "x"}]', "is JSON"),
        ("a.csv", gzip.compress(HEADER.encode(), mtime=0), "packed: give it a name that ends in .csv.gz"),
        ("a.pgn", pyarrow.compress(MATE.encode(), codec="zstd", asbytes=True), "ends in .pgn.zst"),
        ("a.csv.gz", HEADER + ROW, "not packed: take .gz off its name"),
        ("a.csv", zipped("a.csv", HEADER + ROW), "a ZIP archive"),
        ("a.csv.gz", zipped("a.csv", HEADER + ROW), "a ZIP archive"),
        ("a.csv", bz2.compress(ROW.encode()), "packed by bzip2"),
        ("a.csv", lzma.compress(ROW.encode()), "packed by xz"),
        ("a.csv", parquet(), "a Parquet file"),
        ("a.pgn", b"%PDF-1.7\n", "a PDF document"),
        ("a.csv", MATE, "PGN: give it the extension .pgn"),
        ("a.pgn", HEADER + ROW, "CSV: give it the extension .csv"),
        ("a.csv", f"FEN,Moves\n{POSITION} 0 1,d1d8\n", "'FEN,Moves' is no header.*PuzzleId, FEN, Moves, Themes"),
        ("a.csv", f"id,position,solution\n1,{POSITION} 0 1,d1d8\n", "'id,position,solution' is no header"),
        ("a.csv", "404: Not Found", "'404: Not Found' is no header"),
    ],
)
def test_a_file_that_is_something_else_is_named_as_that(
    name: str, content: str | bytes, words: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=words):
        read(tmp_path, name, content)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", "sep=,\n" + HEADER + ROW),
        ("a.csv", "# from lichess\n" + HEADER + ROW),
        ("a.csv", (HEADER + ROW).replace(",", "|")),
        ("a.tsv", (HEADER + ROW).replace(",", "\t")),
        ("a.csv", "PuzzleId,FEN,Moves,Themes\nMZ,6k1/r4ppp/8/8/8/8/5PPP/3R2K1 b - - 3 30,a7a2 d1d8,endgame\n"),
    ],
)
def test_a_table_is_read_in_the_forms_of_spreadsheets(name: str, content: str, tmp_path: Path) -> None:
    assert only_move(tmp_path, name, content) == "d1d8"


def test_rows_below_a_header_without_a_needed_column_are_not_read(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"bad rows \(1\); line 1: the header has no column Themes"):
        read(tmp_path, "a.csv", HEADER.replace("Themes", "Tags") + ROW)


def test_a_comment_that_begins_a_pgn_is_no_json(tmp_path: Path) -> None:
    assert only_move(tmp_path, "a.pgn", '{"a game"}\n' + MATE) == "d1d8"


def test_a_pipe_is_refused_and_never_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(UsageError, match=r"pipe\.csv is no file"):
        read_puzzles(tmp_path / "pipe.csv")
