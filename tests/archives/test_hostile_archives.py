"""Hostile and torn archives: one line each, nothing outside the run folder is written, the good games go in."""

import gzip
import io
import os
import struct
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from zlib import crc32

import pyarrow as pa
import pytest
from importers.small_archives import gptchess_files, tag, write_tar, write_zip

from horizon.archives.documents import Caps, Document, Problem, read_documents
from horizon.archives.import_run import ImportOptions, import_games
from horizon.core.errors import UsageError
from horizon.runs import run_folder

GAME = '[White "llm"]\n[Black "random"]\n[Result "0-1"]\n\n1. f3 e5 2. g4 Qh4# 0-1\n'


def names_under(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


def test_paths_out_of_the_archive_and_links_are_left_out_and_nothing_is_written_there(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    link = tarfile.TarInfo("link.pgn")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    hard = tarfile.TarInfo("hard.pgn")
    hard.type, hard.linkname = tarfile.LNKTYPE, "../../secret"
    device = tarfile.TarInfo("device.pgn")
    device.type = tarfile.CHRTYPE
    files = {"../../evil.pgn": GAME.encode(), "/tmp/evil.pgn": GAME.encode(), "good.pgn": GAME.encode()}
    archive = write_tar(inside / "a.tar.gz", files, [link, hard, device])
    imported = import_games(ImportOptions((archive,)), inside / "run")
    assert imported.n_episodes == 1
    assert len(imported.problems) == 5
    assert all("\n" not in str(problem) for problem in imported.problems)
    assert names_under(tmp_path) == {
        "inside", "inside/a.tar.gz", "inside/run", "inside/run/manifest.json", "inside/run/turns.jsonl",
        "inside/run/turns.parquet", "inside/run/episodes.parquet",
    }  # fmt: skip


def test_links_in_folders_and_zips_are_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret.pgn"
    secret.write_text(GAME)
    folder = tmp_path / "folder"
    (folder / "sub").mkdir(parents=True)
    (folder / "good.pgn").write_text(GAME)
    os.symlink(secret, folder / "link.pgn")
    os.symlink(tmp_path, folder / "sub" / "up")
    with zipfile.ZipFile(folder / "z.zip", "w") as archive:
        member = zipfile.ZipInfo("zlink.pgn")
        member.external_attr = 0o120777 << 16
        archive.writestr(member, "../secret.pgn")
    found = list(read_documents(folder))
    assert [each.name for each in found if isinstance(each, Document)] == ["folder/good.pgn"]
    assert sum(isinstance(each, Problem) for each in found) == 3


def test_a_bomb_is_one_line_and_the_games_behind_it_go_in(tmp_path: Path) -> None:
    bomb = tarfile.TarInfo("bomb.pgn")
    bomb.size = 8 * 2**20
    path = tmp_path / "b.tar.gz"
    with gzip.open(path, "wb") as stream, tarfile.open(fileobj=stream, mode="w|") as archive:
        archive.addfile(bomb, io.BytesIO(bytes(bomb.size)))
        good = tarfile.TarInfo("good.pgn")
        good.size = len(GAME)
        archive.addfile(good, io.BytesIO(GAME.encode()))
    zipped = write_zip(tmp_path / "b.zip", {"bomb.pgn": bytes(8 * 2**20), "good.pgn": GAME.encode()})
    for archive_path in (path, zipped):
        found = list(read_documents(archive_path, Caps(file_bytes=2**20)))
        assert [each.name.rpartition("/")[2] for each in found if isinstance(each, Document)] == ["good.pgn"]
        assert [str(each).endswith("larger than 1 MiB") for each in found if isinstance(each, Problem)] == [True]


@pytest.mark.long
def test_ten_gigabytes_of_zeros_are_one_line_and_the_game_behind_them_goes_in(tmp_path: Path) -> None:
    # 10 GiB as 160 gzip members of the same 64 MiB: 10 MB on disk. Memory stays below the process's limit, set here.
    path, block = tmp_path / "b.tar.gz", 2**26
    bomb, good = tarfile.TarInfo("bomb.pgn"), tarfile.TarInfo("good.pgn")
    bomb.size, good.size = 160 * block, len(GAME)
    packed = gzip.compress(bytes(block), 9)
    with path.open("wb") as file:
        file.write(gzip.compress(bomb.tobuf()))
        for _ in range(160):
            file.write(packed)
        file.write(gzip.compress(good.tobuf() + GAME.encode().ljust(512, b"\0") + bytes(1024)))
    code = (
        "import resource, sys\nfrom pathlib import Path\nfrom horizon.archives.documents import read_documents\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "for each in read_documents(Path(sys.argv[1])):\n    print(each if not hasattr(each, 'data') else each.name)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000)"
    )
    result = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True)
    assert result.stdout.splitlines() == ["b.tar.gz/bomb.pgn: is larger than 256 MiB", "b.tar.gz/good.pgn", "True"]
    assert names_under(tmp_path) == {"b.tar.gz"}


def test_an_archive_that_unpacks_to_too_much_in_all_is_read_no_further(tmp_path: Path) -> None:
    files = {f"{number}.pgn": GAME.encode() for number in range(9)}
    for path in (write_tar(tmp_path / "t.tar.gz", files), write_zip(tmp_path / "t.zip", files)):
        found = list(read_documents(path, Caps(archive_bytes=3 * len(GAME))))
        assert len(found) <= 5
        assert isinstance(found[-1], Problem)


def test_a_header_that_would_fill_the_memory_ends_the_archive_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "h.tar"
    long = tarfile.TarInfo("././@LongLink")
    long.type, long.size = tarfile.GNUTYPE_LONGNAME, 2**33
    path.write_bytes(long.tobuf(tarfile.GNU_FORMAT) + bytes(1024))
    (problem,) = read_documents(path)
    assert "header" in str(problem)


def test_a_torn_archive_gives_the_games_before_the_tear(tmp_path: Path) -> None:
    games: dict[str, bytes] = {}
    for number in range(1, 8):
        games |= gptchess_files(number, "1. f3 e5 2. g4 Qh4#", [tag("f3"), tag("g4")], result="0-1")
    games["games/noise.bin"] = os.urandom(50_000)
    whole = write_tar(tmp_path / "whole.tar.gz", games)
    torn = tmp_path / "torn.tar.gz"
    torn.write_bytes(whole.read_bytes()[:-25_000])
    imported = import_games(ImportOptions((torn,)), tmp_path / "run")
    assert imported.n_episodes == 7
    assert any("can't be read any further" in str(problem) for problem in imported.problems)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "latin-1"])
def test_odd_encodings_are_read(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "g.pgn"
    path.write_bytes(GAME.replace("llm", "Müller-1B").encode(encoding))
    import_games(ImportOptions((path,)), tmp_path / "run")
    assert run_folder.read_episodes(tmp_path / "run")["model"].to_list() == ["Müller-1B"]


def test_a_pipe_in_a_folder_is_left_out_and_never_waited_for(tmp_path: Path) -> None:
    (tmp_path / "good.pgn").write_text(GAME)
    os.mkfifo(tmp_path / "pipe.pgn")
    found = list(read_documents(tmp_path))
    assert [isinstance(each, Document) for each in found] == [True, False]


@pytest.mark.parametrize("fault", ["checksum", "bomb", "torn"])
def test_a_damaged_zstandard_member_is_one_line_and_the_others_go_in(fault: str, tmp_path: Path) -> None:
    content = bytes(8 * 2**20) if fault == "bomb" else GAME.encode()
    packed = pa.compress(content, codec="zstd", asbytes=True)
    shown = packed[:-9] if fault == "torn" else packed
    path = write_zip(tmp_path / "z.zip", {"bad.pgn": shown, "good.pgn": GAME.encode()}, zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())
    checksum = crc32(content) + (fault == "checksum")
    for mark, method, crc in ((b"PK\x03\x04", 8, 14), (b"PK\x01\x02", 10, 16)):
        place = data.find(mark)
        data[place + method : place + method + 2] = struct.pack("<H", 93)
        data[place + crc : place + crc + 4] = struct.pack("<I", checksum)
    path.write_bytes(data)
    found = list(read_documents(path, Caps(file_bytes=2**20)))
    assert [isinstance(each, Problem) for each in found] == [True, False]
    assert "\n" not in str(found[0])


def test_one_bad_game_in_a_thousand_is_one_line_and_the_others_go_in(tmp_path: Path) -> None:
    games = [GAME] * 999
    games.insert(500, GAME.replace("Qh4#", "Qh5#"))
    (tmp_path / "all.pgn").write_text("\n".join(games))
    imported = import_games(ImportOptions((tmp_path / "all.pgn",)), tmp_path / "run")
    assert imported.n_episodes == 999
    assert [str(each).partition(":")[0] for each in imported.problems] == ["pgn/all"]


def test_control_characters_in_names_never_reach_the_terminal(tmp_path: Path) -> None:
    archive = write_tar(tmp_path / "a.tar.gz", {"../\x1b[2J\n.pgn": GAME.encode(), "good.pgn": GAME.encode()})
    (problem,) = (each for each in read_documents(archive) if isinstance(each, Problem))
    assert str(problem).isprintable()


def test_nothing_to_import_leaves_no_folder_and_names_the_formats(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no games here")
    with pytest.raises(UsageError, match="gptchess"):
        import_games(ImportOptions((tmp_path / "notes.txt",)), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_zst_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "g.pgn.zst"
    with pa.output_stream(str(path), compression="zstd") as stream:
        stream.write(GAME.encode())
    imported = import_games(ImportOptions((path,)), tmp_path / "run")
    assert imported.n_episodes == 1
