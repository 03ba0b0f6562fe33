"""Writes small UCI engines that misbehave or write oddly, as programs of their own."""

import stat
import sys
from pathlib import Path

_PROGRAM = """#!{python}
import sys, time, pathlib
import chess
counter = pathlib.Path({counter!r})
fen, lines = chess.STARTING_FEN, 1
for line in sys.stdin:
    words = line.split()
    if words[:1] == ["uci"]:
        print("id name Fake 1\\nuciok", flush=True)
    elif words[:1] == ["isready"]:
        print("readyok", flush=True)
    elif words[:1] == ["setoption"]:
        with pathlib.Path({options!r}).open("a") as file:
            file.write(line)
    elif words[:2] == ["position", "fen"]:
        fen = " ".join(words[2:8])
    elif words[:1] == ["go"]:
        searches = int(counter.read_text()) + 1 if counter.exists() else 1
        counter.write_text(str(searches))
        way = {ways!r}
        way = way[min(searches, len(way)) - 1]
        if way == "crash":
            sys.exit(3)
        if way == "hang":
            sys.stdin.read()
        if way == "nonsense":
            print("info depth 1 multipv one score cp x pv e2e4\\nbestmove e2e4", flush=True)
            continue
        if way == "other rules":
            print("info depth 1 multipv 1 score cp 0 nodes 1 time 1 pv e7e5\\nbestmove e7e5", flush=True)
            continue
        for place, move in enumerate(chess.Board(fen).legal_moves):
            if way == "half" and place > 2:
                break
            print(f"info depth 1 multipv {{place + 1}} score cp {{-place}} nodes 1 time 1 pv {{move.uci()}}")
        print("bestmove e2e4", flush=True)
"""


def fake_engine(folder: Path, *ways: str) -> Path:
    """Return a program that behaves at its n-th search (over all its processes) as the n-th word says, then the last.

    The words: ok, crash, hang, nonsense, half, other rules. What options it was sent is in the file `options`.
    """
    path = folder / "engine"
    path.write_text(
        _PROGRAM.format(
            python=sys.executable, counter=str(folder / "searches"), options=str(folder / "options"), ways=list(ways)
        )
    )
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


_WRITER = """#!{python}
import sys
import chess
board, lines = chess.Board(), 1
for line in sys.stdin:
    words = line.split()
    if words[:1] == ["uci"]:
        sys.stdout.write({hello!r})
    elif words[:1] == ["isready"]:
        sys.stdout.write("readyok\\n")
    elif words[:3] == ["setoption", "name", "MultiPV"]:
        lines = int(words[-1])
    elif words[:2] == ["position", "fen"]:
        board = chess.Board(" ".join(words[2:8]))
    elif words[:1] == ["go"]:
        moves = [move.uci() for move in board.legal_moves][:lines]
        for place, move in enumerate(moves, 1):
            sys.stdout.write({line!r}.format(place=place, score=-place, move=move))
        sys.stdout.write({best!r}.format(move=moves[0]))
    sys.stdout.flush()
"""
LINE = "info depth 1 multipv {place} score cp {score} nodes 1 time 1 pv {move}\n"


def writing_engine(
    folder: Path, line: str = LINE, best: str = "bestmove {move}\n", hello: str = "id name F\nuciok\n"
) -> Path:
    """Return a program that writes these texts, with `{place}`, `{score}` and `{move}` filled in."""
    path = folder / "engine"
    path.write_text(_WRITER.format(python=sys.executable, hello=hello, line=line, best=best))
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path
