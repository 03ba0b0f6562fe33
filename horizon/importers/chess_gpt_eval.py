"""The games.csv of adamkarvonen/chess_gpt_eval: one game per line, with counts of illegal moves per game.

The model sees the whole game as PGN text, no board, and has five attempts at every move; then the game is lost.
Replies and the turns of the illegal attempts are not in the file, so a game lost so ends as `forfeited`, not as an
error.
"""

import csv
import io
from collections.abc import Iterator

from horizon.archives.documents import Document, Problem
from horizon.archives.games import ArchivedGame, Found, Harness, Side
from horizon.archives.pgn_text import games_in

_COLUMNS = ("game_id", "transcript", "result", "player_one", "player_two", "player_one_illegal_moves")
_HARNESS = Harness(
    name="chess_gpt_eval",
    history="natural",
    history_shown="the whole game as text",
    board="none",
    legal_moves="none",
    attempts=5,
    after_failure="the game is lost after 5 attempts at one move",
    answer="SAN, the first words of the completion",
    records="the moves that were played, and how many attempts of the game were illegal; no reply",
)


class ChessGptEval:
    """Reads each line by itself; White is the first player."""

    def recognises(self, document: Document) -> bool:
        """Return whether the first line names the columns."""
        head = document.data[:2000].partition(b"\n")[0].decode("utf-8", "replace")
        return all(name in head for name in _COLUMNS)

    def read(self, document: Document) -> Iterator[Found]:
        """Yield each game once for each of its models."""
        csv.field_size_limit(2**24)
        for number, row in enumerate(csv.DictReader(io.StringIO(document.text())), 2):
            if any(row.get(name) is None for name in _COLUMNS):
                yield Problem(f"{document.name}:{number}", "lacks columns")
                continue
            players: dict[Side, str] = {"white": _name(row["player_one"]), "black": _name(row["player_two"])}
            sides = [side for side in players if not players[side].startswith("stockfish")]
            if not sides:
                yield Problem(f"{document.name}:{number}", f"has no language model: {row['player_one']} plays itself")
            for side in sides:
                yield _view(row, side, players, number)

    def finish(self) -> Iterator[Found]:
        """Yield nothing: every line is read by itself."""
        return iter(())


def _view(row: dict[str, str], side: Side, players: dict[Side, str], number: int) -> Found:
    own, other = ("one", "two") if side == "white" else ("two", "one")
    games = list(games_in(_movetext(row["transcript"])))
    moves = games[0].moves if games else ()
    outcome = ending = None
    if row.get(f"player_{own}_failed_to_find_legal_move") == "True":
        outcome, ending = "forfeited", "no legal move in 5 attempts"
    elif row.get(f"player_{own}_resignation") == "True":
        outcome, ending = "lost", "resigned"
    elif row.get(f"player_{other}_failed_to_find_legal_move") == "True":
        outcome, ending = "won", "the opponent found no legal move in 5 attempts"
    elif row.get(f"player_{other}_resignation") == "True":
        outcome, ending = "won", "the opponent resigned"
    return ArchivedGame(
        name=f"chess_gpt_eval/{row['game_id']}@{number}/{side}",
        model=players[side],
        opponent=players["black" if side == "white" else "white"],
        side=side,
        harness=_HARNESS,
        moves=moves,
        result=row["result"],
        outcome=outcome,
        ending=ending,
        facts={"illegal_attempts": int(row[f"player_{own}_illegal_moves"])},
    )


def _movetext(transcript: str) -> str:
    """Return the moves behind the made-up headers, whose brackets and quotes are not all closed."""
    place = transcript.rfind("\n1.")
    return transcript[place + 1 :] if place >= 0 else transcript


def _name(player: str) -> str:
    """Return a player's name; of a Replicate model the name without owner and version."""
    if player.lower().startswith("stockfish"):
        return f"stockfish:skill={player.rpartition(' ')[2]}"
    return player.partition(":")[0].rpartition("/")[2] if player.startswith("replicate/") else player


IMPORTER = ChessGptEval
