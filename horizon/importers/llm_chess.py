"""The per-game JSON of maxim-saplin/llm_chess, one object per file or line; `pgn` holds SAN or, in some games, UCI.

Every move is a new dialogue in which the model may ask for the board and the legal moves, with three attempts; so its
rows have the condition `fresh`. Wrong moves and actions are counted a game; at which turn is not in the file.
"""

import json
from collections.abc import Iterator
from typing import Any

from horizon.archives.documents import Document, Problem
from horizon.archives.games import ArchivedGame, Found, Harness, Side
from horizon.archives.pgn_text import games_in

_HARNESS = Harness(
    name="llm_chess",
    history="fresh",
    history_shown="nothing: a new dialogue for every move",
    board="on request",
    legal_moves="on request",
    attempts=3,
    after_failure="the game is lost after 3 wrong actions or 10 exchanges at one move",
    answer="UCI in an action",
    records="the moves that were played, and how many moves and actions of the game were wrong; no reply",
)
_LIMITS = ("max moves",)
_FORFEITS = ("too many wrong actions", "max turns in single dialog")
_BROKEN = ("error",)
_COUNTS = ("wrong_moves", "wrong_actions", "number_of_moves", "make_move_count", "completion_tokens")


class LlmChess:
    """Reads each file or line by itself."""

    def recognises(self, document: Document) -> bool:
        """Return whether the file begins as JSON and has the keys of a game."""
        head = document.data[:20_000].lstrip()
        return head.startswith(b"{") and b'"number_of_moves"' in head and b'"reason"' in head

    def read(self, document: Document) -> Iterator[Found]:
        """Yield the game of the file, or of each of its lines."""
        text = document.text()
        try:
            games = [(document.name, json.loads(text))]
        except ValueError:
            games = []
        for number, line in enumerate(text.splitlines() if not games else (), 1):
            where = f"{document.name}:{number}"
            if not line.strip():
                continue
            try:
                games.append((where, json.loads(line)))
            except (ValueError, RecursionError) as problem:
                yield Problem(where, f"is no JSON: {problem}")
        for where, game in games:
            yield _game(game, where) if isinstance(game, dict) else Problem(where, "is no JSON object")

    def finish(self) -> Iterator[Found]:
        """Yield nothing: every game is read by itself."""
        return iter(())


def _game(game: dict[str, Any], where: str) -> Found:
    text = game.get("pgn")
    if not isinstance(text, str):
        return Problem(where, "has no pgn: its moves are only in the log of the dialogue, which is not read")
    played = next(iter(games_in(text)), None)
    side, model, opponent = _players(game)
    if played is None or not played.moves or model is None:
        return Problem(where, "names no model, or holds no moves")
    reason = str(game.get("reason", ""))
    outcome = None
    for ends, words in (("turn_limit", _LIMITS), ("forfeited", _FORFEITS), ("aborted", _BROKEN)):
        if any(word in reason.lower() for word in words):
            outcome = ends
    return ArchivedGame(
        name=f"llm_chess/{game.get('path', where)}",
        model=model,
        opponent=opponent,
        side=side,
        harness=_HARNESS,
        moves=played.moves,
        result=played.result,
        outcome=outcome,
        ending=reason or None,
        facts={name: game[name] for name in _COUNTS if isinstance(game.get(name), int)},
    )


def _players(game: dict[str, Any]) -> tuple[Side, str | None, str]:
    """Return the model's side, the model and the opponent, as copied fields or as the project's own file has them."""
    if isinstance(game.get("model"), str):
        side: Side = "white" if game.get("model_side") == "white" else "black"
        return side, game["model"], str(game.get("opponent", "?"))
    white, black = game.get("player_white"), game.get("player_black")
    if isinstance(black, dict) and isinstance(black.get("model"), str) and black["model"] != "N/A":
        return "black", black["model"], str(white.get("name", "?")) if isinstance(white, dict) else "?"
    if isinstance(white, dict) and isinstance(white.get("model"), str) and white["model"] != "N/A":
        return "white", white["model"], str(black.get("name", "?")) if isinstance(black, dict) else "?"
    return "black", None, "?"


IMPORTER = LlmChess
