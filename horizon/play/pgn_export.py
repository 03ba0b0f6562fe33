"""The games of a chess run as one PGN file, with judgements that lichess's import understands.

Reads a run folder by the store and writes `games.pgn` into it; knows no engine and no model. What models wrote is
cleaned of everything that could be read as PGN before it becomes part of a comment.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import chess
import chess.pgn

from horizon.core.errors import StoreError
from horizon.core.records import Episode, Turn
from horizon.domains.chess import openings
from horizon.domains.chess.move_parsing import Line, split_state
from horizon.engines.position_text import board_of_position
from horizon.runs import run_folder

GAMES = "games.pgn"
ENVIRONMENTS = ("chess", "chess_variant")
"""Those whose states are games."""

_LONGEST_QUOTE = 60
_LONGEST_TAG = 200
_ERRORS = {
    "no_answer": "reply without a move",
    "unparsable": "unreadable reply",
    "illegal": "illegal reply",
    "truncated": "reply cut off",
}
# Braces end a comment, brackets begin a command such as [%eval], a percent sign at a line's start hides the line.
_UNSAFE = str.maketrans(dict.fromkeys("{}[]%;", " "))


@dataclass(frozen=True, slots=True)
class _Judged:
    """What one natural turn adds to its game, short; moves in UCI."""

    turn: int
    error: str
    said: str
    played: str | None
    best: str | None
    loss: float | None
    centipawns: int | None
    mate: int | None
    is_substituted: bool


@dataclass(slots=True)
class _Collected:
    """The natural turns of one episode so far, by the ply they stand at; `last` is the newest one."""

    last: Turn
    judged: dict[int, _Judged] = field(default_factory=dict)


def write_games(folder: Path) -> Path:
    """Write the natural games of a run into its folder and return the file, replaced whole or not at all.

    Episodes that were aborted or never ended have the result `*`. Memory: one short record an episode, and the turns
    of those that the rows leave open (one at a time once a run is finished).

    Raises:
        StoreError: the folder is no readable run, or the disk refuses.
        UsageError: a row's state is no possible game.
    """
    manifest = run_folder.read_manifest(folder)
    date = str(manifest.get("created", ""))[:10].replace("-", ".") or "????.??.??"
    part = folder / f"{GAMES}.part"
    try:
        with part.open("w", encoding="utf-8", newline="\n") as file:
            for game in _games(folder, date):
                game.accept(chess.pgn.FileExporter(file))
        part.replace(folder / GAMES)
    except OSError as problem:
        raise StoreError(f"{folder / GAMES} can't be written: {problem.strerror}") from None
    return folder / GAMES


def _games(folder: Path, date: str) -> Iterator[chess.pgn.Game]:
    """Yield each game as soon as its last turn was read; those without an end, or without a turn, come last."""
    ended = {each.episode_id: each for each in run_folder.iterate_episodes(folder) if each.environment in ENVIRONMENTS}
    running: dict[str, _Collected] = {}
    for row in run_folder.iterate_turns(folder):
        if row.environment not in ENVIRONMENTS or row.condition != "natural":
            continue
        collected = running.setdefault(row.episode_id, _Collected(row))
        collected.last = row
        collected.judged[len(split_state(row.state).moves)] = _judged(row)
        episode = ended.get(row.episode_id)
        if episode is not None and len(collected.judged) >= episode.turns:
            yield _ended_game(ended.pop(row.episode_id), running.pop(row.episode_id).judged, date)
    for episode_id, collected in running.items():
        episode = ended.pop(episode_id, None)
        if episode is not None:
            yield _ended_game(episode, collected.judged, date)
        else:
            yield _unended_game(collected, date)
    for episode in ended.values():
        yield _ended_game(episode, {}, date)


def _judged(row: Turn) -> _Judged:
    extra: dict[str, Any] = json.loads(row.extra)
    is_playable = row.error in ("none", "wrong")
    return _Judged(
        turn=row.turn,
        error=row.error,
        said=_quoted(row.action or row.reply),
        played=row.action if is_playable else extra.get("played"),
        best=row.optimal_action,
        loss=row.loss,
        # The scores are those of the model's own move, so they say nothing about one that was played for it.
        centipawns=extra.get("eval_cp") if is_playable else None,
        mate=extra.get("eval_mate") if is_playable else None,
        is_substituted=row.substituted,
    )


def _ended_game(episode: Episode, judged: dict[int, _Judged], date: str) -> chess.pgn.Game:
    line = split_state(str(json.loads(episode.extra)["final_state"]))
    won, lost = ("1-0", "0-1") if line.side == "white" else ("0-1", "1-0")
    result = {"won": won, "lost": lost, "draw": "1/2-1/2"}.get(episode.outcome, "*")
    ending = "abandoned" if episode.outcome == "aborted" else "unterminated" if result == "*" else "normal"
    opponent = episode.opponent or "?"
    headers = _headers(episode.run_id, episode.episode_id, date, line, episode.model, opponent, result, ending)
    return _game(line, judged, headers)


def _unended_game(collected: _Collected, date: str) -> chess.pgn.Game:
    """Return the game of an episode that a killed run left open: up to its last turn on disk."""
    row = collected.last
    line = split_state(row.state)
    played = collected.judged[len(line.moves)].played
    line = Line(line.root, (*line.moves, *filter(None, (played,))), line.side)
    opponent = str(json.loads(row.parameters).get("opponent", "?"))
    headers = _headers(row.run_id, row.episode_id, date, line, row.model, opponent, "*", "unterminated")
    return _game(line, collected.judged, headers)


def _headers(
    run_id: str, episode_id: str, date: str, line: Line, model: str, opponent: str, result: str, ending: str
) -> dict[str, str]:
    number = episode_id.rpartition("#")[2]
    white, black = (model, opponent) if line.side == "white" else (opponent, model)
    headers = {
        "Event": f"Horizon run {run_id}",
        "Site": "Horizon",
        "Date": date,
        # The number within the episode's name, which counts from 0, so that games and rows find one another.
        "Round": str(int(number)) if number.isdecimal() else "?",
        "White": white,
        "Black": black,
        "Result": result,
        "Termination": ending,
        "Episode": episode_id,
    }
    opening = openings.name_of(line.moves) if line.root == chess.STARTING_FEN else None
    if opening:
        headers["Opening"] = opening
    return {name: _tag(value) for name, value in headers.items()}


def _game(line: Line, judged: dict[int, _Judged], headers: dict[str, str]) -> chess.pgn.Game:
    """Build the game with its comments; a turn after which nothing was played leaves its comment at the end."""
    game = chess.pgn.Game()
    # Of Chess960 and variants python-chess writes the tags Variant, SetUp and FEN itself.
    board = board_of_position(line.root)
    if line.root != chess.STARTING_FEN:
        game.setup(board)
    game.headers.update(headers)
    node: chess.pgn.GameNode = game
    for ply, uci in enumerate((*line.moves, None)):
        turn = judged.get(ply)
        comment = _comment(turn, board) if turn is not None else ""
        if uci is not None:
            move = board.parse_uci(uci)
            node = node.add_variation(move)
            board.push(move)
        if comment:
            node.comment = " ".join(filter(None, (node.comment, comment)))
    return game


def _comment(turn: _Judged, board: chess.Board) -> str:
    """Return the evaluation as lichess writes it (White's view, in pawns), and a note where the turn was an error."""
    parts: list[str] = []
    if turn.mate is not None:
        parts.append(f"[%eval #{turn.mate}]")
    elif turn.centipawns is not None:
        parts.append(f"[%eval {turn.centipawns / 100:.2f}]")
    if turn.error == "wrong":
        lost = f"turn {turn.turn} wrong: {turn.loss or 0.0:.2f} of win probability lost"
        parts.append(f"{lost}; best was {board.san(board.parse_uci(turn.best))}" if turn.best else lost)
    elif turn.error != "none":
        note = f"turn {turn.turn}, {_ERRORS[turn.error]}: {turn.said or 'empty'}"
        if turn.is_substituted and turn.played:
            note += f"; {board.san(board.parse_uci(turn.played))} was played instead"
        parts.append(note)
    return " ".join(parts)


def _quoted(text: str) -> str:
    """Return the beginning of what a model wrote, on one line and free of anything that means something in PGN."""
    shown = "".join(each if each.isprintable() else " " for each in text[: 4 * _LONGEST_QUOTE]).translate(_UNSAFE)
    words = " ".join(shown.split())
    return words if len(words) <= _LONGEST_QUOTE else words[: _LONGEST_QUOTE - 3] + "..."


def _tag(value: str) -> str:
    """Return a header's value without what would end or escape it."""
    shown = "".join(each if each.isprintable() else " " for each in value[:_LONGEST_TAG])
    return shown.replace("\\", "/").replace('"', "'").strip() or "?"
