"""The games of a chess run as PGN text, with judgements that lichess's import understands.

The export of the chess environments: rows in, text out; knows no file, engine or model. What models wrote is cleaned
of everything that could be read as PGN before it becomes part of a comment.
"""

import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import chess
import chess.pgn

from horizon.core.escaping import replace_unprintable
from horizon.core.records import Episode, Turn
from horizon.domains.chess import openings
from horizon.domains.chess.game_text import GameText, split_state
from horizon.engines.position_text import board_of_position

GAMES = "games.pgn"

_LONGEST_QUOTE = 60
_LONGEST_TAG = 200
_ERRORS = {
    "no_answer": "reply without a move",
    "unparsable": "unreadable reply",
    "illegal": "illegal reply",
    "truncated": "reply cut off",
    "refusal": "refusal",
}
# Braces end a comment, brackets begin a command such as [%eval], a percent sign at a line's start hides the line.
_UNSAFE = str.maketrans(dict.fromkeys("{}[]%;", " "))


@dataclass(frozen=True, slots=True)
class _Annotation:
    """What one natural turn adds to its game, short; moves in UCI."""

    turn: int
    error: str
    quote: str
    played: str | None
    best: str | None
    loss: float | None
    centipawns: int | None
    mate: int | None
    is_substituted: bool


@dataclass(slots=True)
class _OpenGame:
    """The natural turns of one episode so far, by their ply; `last` is the newest one.

    The states of an imported game can begin anew within it: `begun` is the ply at which the newest one does.
    """

    last: Turn
    begun: int = 0
    annotations: dict[int, _Annotation] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _GameHeader:
    """What the headers of a game are made of."""

    run_id: str
    episode_id: str
    date: str
    model: str
    opponent: str
    result: str = "*"
    termination: str = "unterminated"


def games_as_pgn(turns: Iterable[Turn], episodes: Iterable[Episode], created: str) -> Iterator[str]:
    """Yield the natural games of a run, each as soon as its last turn was read; those without an end come last.

    `created` is the manifest's time. Episodes that were aborted or never ended have the result `*`. Memory: one short
    record per episode, and the turns of those that the rows leave open (one at a time once a run is finished).

    Raises:
        UsageError: a row's state is not a possible game.
    """
    date = created[:10].replace("-", ".") or "????.??.??"
    ended = {episode.episode_id: episode for episode in episodes}
    open_games: dict[str, _OpenGame] = {}
    for row in turns:
        if row.condition != "natural":
            continue
        game = open_games.setdefault(row.episode_id, _OpenGame(row))
        game.last, game.begun = row, int(json.loads(row.extra).get("begun_at_ply", 0))
        game.annotations[game.begun + len(split_state(row.state).moves)] = _annotation(row)
        episode = ended.get(row.episode_id)
        if episode is not None and len(game.annotations) >= episode.turns:
            yield _ended_game(ended.pop(row.episode_id), open_games.pop(row.episode_id).annotations, date)
    for episode_id, game in open_games.items():
        episode = ended.pop(episode_id, None)
        if episode is not None:
            yield _ended_game(episode, game.annotations, date)
        else:
            yield _unended_game(game, date)
    for episode in ended.values():
        yield _ended_game(episode, {}, date)


def _annotation(row: Turn) -> _Annotation:
    extra: dict[str, Any] = json.loads(row.extra)
    is_playable = row.error in ("none", "wrong")
    return _Annotation(
        turn=row.turn,
        error=row.error,
        quote=_quote(row.action or row.reply),
        played=row.action if is_playable else extra.get("played"),
        best=row.optimal_action,
        loss=row.loss,
        # The scores are those of the model's own move, so they do not apply to one that was played for it.
        centipawns=extra.get("eval_cp") if is_playable else None,
        mate=extra.get("eval_mate") if is_playable else None,
        is_substituted=row.substituted,
    )


def _ended_game(episode: Episode, annotations: dict[int, _Annotation], date: str) -> str:
    line = split_state(str(json.loads(episode.extra)["final_state"]))
    won, lost = ("1-0", "0-1") if line.side == "white" else ("0-1", "1-0")
    result = {"won": won, "lost": lost, "draw": "1/2-1/2"}.get(episode.outcome, "*")
    ending = "abandoned" if episode.outcome == "aborted" else "unterminated" if result == "*" else "normal"
    opponent = episode.opponent or "?"
    header = _GameHeader(episode.run_id, episode.episode_id, date, episode.model, opponent, result, ending)
    return _game(line, annotations, header)


def _unended_game(game: _OpenGame, date: str) -> str:
    """Return the game of an episode that a killed run left open: up to its last turn on disk.

    Where its states began anew, the game begins there.
    """
    row = game.last
    line = split_state(row.state)
    annotations = {ply - game.begun: turn for ply, turn in game.annotations.items() if ply >= game.begun}
    played = annotations[len(line.moves)].played
    line = GameText(line.root, (*line.moves, *filter(None, (played,))), line.side)
    opponent = str(json.loads(row.parameters).get("opponent", "?"))
    return _game(line, annotations, _GameHeader(row.run_id, row.episode_id, date, row.model, opponent))


def _headers(header: _GameHeader, line: GameText) -> dict[str, str]:
    number = header.episode_id.rpartition("#")[2]
    players = (header.model, header.opponent)
    white, black = players if line.side == "white" else players[::-1]
    headers = {
        "Event": f"Horizon run {header.run_id}",
        "Site": "Horizon",
        "Date": header.date,
        # The number within the episode's name, which counts from 0, so that games and rows match.
        "Round": str(int(number)) if number.isdecimal() else "?",
        "White": white,
        "Black": black,
        "Result": header.result,
        "Termination": header.termination,
        "Episode": header.episode_id,
    }
    opening = openings.name_of(line.moves) if line.root == chess.STARTING_FEN else None
    if opening:
        headers["Opening"] = opening
    return {name: _tag(value) for name, value in headers.items()}


def _game(line: GameText, annotations: dict[int, _Annotation], header: _GameHeader) -> str:
    """Return the game with its comments; a turn after which nothing was played leaves its comment at the end."""
    game = chess.pgn.Game()
    # Of Chess960 and variants python-chess writes the tags Variant, SetUp and FEN itself.
    board = board_of_position(line.root)
    if line.root != chess.STARTING_FEN:
        game.setup(board)
    game.headers.update(_headers(header, line))
    node: chess.pgn.GameNode = game
    for ply, uci in enumerate((*line.moves, None)):
        turn = annotations.get(ply)
        comment = _comment(turn, board) if turn is not None else ""
        if uci is not None:
            move = board.parse_uci(uci)
            node = node.add_variation(move)
            board.push(move)
        if comment:
            node.comment = " ".join(filter(None, (node.comment, comment)))
    text = io.StringIO()
    game.accept(chess.pgn.FileExporter(text))
    return text.getvalue()


def _comment(turn: _Annotation, board: chess.Board) -> str:
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
        note = f"turn {turn.turn}, {_ERRORS[turn.error]}: {turn.quote or 'empty'}"
        if turn.is_substituted and turn.played:
            note += f"; {board.san(board.parse_uci(turn.played))} was played instead"
        parts.append(note)
    return " ".join(parts)


def _quote(text: str) -> str:
    """Return the beginning of what a model wrote, on one line and free of anything that means something in PGN."""
    shown = replace_unprintable(text[: 4 * _LONGEST_QUOTE], " ").translate(_UNSAFE)
    words = " ".join(shown.split())
    return words if len(words) <= _LONGEST_QUOTE else words[: _LONGEST_QUOTE - 3] + "..."


def _tag(value: str) -> str:
    """Return a header's value without what would end or escape it."""
    shown = replace_unprintable(value[:_LONGEST_TAG], " ")
    return shown.replace("\\", "/").replace('"', "'").strip() or "?"
