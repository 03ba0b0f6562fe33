"""Any PGN file: each game once for every language model in it, whose moves become turns.

Who the model is: `--player`, else every player whose name is no known engine's, both sides if need be. Reads the main
line; what the model wrote and tried is not in a PGN. Where the headers name a known benchmark, its protocol is set.
"""

import re
from collections.abc import Iterator

from horizon.archives.documents import Document, Problem
from horizon.archives.games import ArchivedGame, Found, Harness, Side
from horizon.archives.pgn_text import PgnGame, games_in

TAKES_PLAYER = True
_MOVES_ONLY = "the moves that were played; no reply, no attempt"
_ENGINE = re.compile(
    r"^(?:stockfish|maia|eubos|komodo|dragon|lc0|leela|survival-?bot|random|engine|fairy|gnuchess|crafty|\?$|$)",
    re.IGNORECASE,
)
_UNKNOWN = Harness(
    name="pgn",
    history="natural",
    history_shown="not recorded",
    board=None,
    legal_moves=None,
    attempts=None,
    after_failure="not recorded",
    answer="not recorded",
    records=_MOVES_ONLY,
)
_BENCHMARKS = {
    "LLM Chess Benchmark": Harness(
        name="chess_llm_benchmark",
        history="natural",
        history_shown="move list and the model's own previous thinking",
        board="FEN and diagram",
        legal_moves="none",
        attempts=2,
        after_failure="the first illegal reply of a game is retried once, the second one forfeits",
        answer="UCI",
        records="the moves that were played; the retried reply and the one that forfeits are not",
    )
}
_FORFEITS = ("forfeit", "illegal", "rules infraction")
_LIMITS = ("max_moves", "max moves", "unterminated")


class Pgn:
    """Reads every game of every file by itself."""

    def __init__(self, player: str | None = None) -> None:
        self._player = player

    def recognises(self, document: Document) -> bool:
        """Return whether the file is called .pgn, or begins with a PGN header."""
        begins = document.data[:200].lstrip(b"\xef\xbb\xbf \r\n")
        return document.path.suffix.lower() == ".pgn" or begins.startswith((b"[Event ", b"[White ", b"[Site "))

    def read(self, document: Document) -> Iterator[Found]:
        """Yield each game once for each of its models."""
        games = list(games_in(document.text()))
        if not games:
            yield Problem(document.name, "holds no game")
        for number, game in enumerate(games, 1):
            name = f"pgn/{document.path.stem}" + (f":{number}" if len(games) > 1 else "")
            yield from _views(game, name, self._player)

    def finish(self) -> Iterator[Found]:
        """Yield nothing: every file is read by itself."""
        return iter(())


def _views(game: PgnGame, name: str, player: str | None) -> Iterator[Found]:
    players: dict[Side, str] = {"white": game.headers.get("White", "?"), "black": game.headers.get("Black", "?")}
    if player is not None:
        sides = [side for side in players if player.lower() in players[side].lower()]
        fault = f"is not of {player}: {players['white']} against {players['black']}"
    else:
        sides = [side for side in players if not _ENGINE.match(players[side])]
        fault = f"has no language model: {players['white']} against {players['black']}; name one with --player"
    if not sides:
        yield Problem(name, fault)
    for side in sides:
        yield _view(game, f"{name}/{side}" if len(sides) > 1 else name, side, players)


def _view(game: PgnGame, name: str, side: Side, players: dict[Side, str]) -> Found:
    """Return one side's view of a game; who forfeited is the side that was to move, and lost."""
    headers = game.headers
    ending = headers.get("Termination")
    result = game.result if game.result not in (None, "*") else headers.get("Result", "*")
    if headers.get("Result", result) not in (result, "*", "?"):
        return Problem(name, f"has the result {result} behind its moves and {headers['Result']} in its header")
    outcome = None
    if any(word in (ending or "").lower() for word in _FORFEITS):
        has_lost = result == ("0-1" if side == "white" else "1-0")
        outcome = "forfeited" if has_lost else "won"
    elif any(word in (ending or "").lower() for word in _LIMITS):
        outcome = "turn_limit"
    return ArchivedGame(
        name=name,
        model=players[side],
        opponent=players["black" if side == "white" else "white"],
        side=side,
        harness=_BENCHMARKS.get(headers.get("Event", ""), _UNKNOWN),
        moves=game.moves,
        root=headers.get("FEN"),
        result=result,
        outcome=outcome,
        ending=ending,
    )


IMPORTER = Pgn
