"""The games of acherm/gptchess: one folder per game, with game.pgn, metainformation.txt and session.txt.

The model sees the whole game as PGN text in one prompt, no board, one attempt; the first reply that the harness can't
play ends the game. Other files of those folders are copies or logs and are passed over.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import blake2b

from horizon.archives.documents import Document, Problem
from horizon.archives.games import ArchivedGame, Found, Harness, Said
from horizon.archives.pgn_text import games_in

_FILES = ("game.pgn", "metainformation.txt", "session.txt")
_PASSED_OVER = ("log.txt", "annotated_game.pgn", "merge_pgn_logs.py")
_FOLDER = re.compile(r"game[0-9a-f]{8}-[0-9a-f-]{27}")
_KEY = re.compile(r"^([a-z_]+(?: [a-z]+)?): ?", re.MULTILINE)
_KEYS = {
    "model_gpt", "skill level", "skill_level", "random_engine", "white_piece", "engine_depth", "engine_time",
    "base_pgn", "nmove", "engine_parameters", "temperature", "max_tokens", "chat_gpt", "system_role_message",
    "use_deepseek", "base_url", "reasoning_effort",
}  # fmt: skip
_EXCHANGE = re.compile(r"^PROMPT: (.*?)\nRESPONSE: ?(.*?)(?=\n\nPROMPT: |\Z)", re.DOTALL | re.MULTILINE)
_GIVEN_MOVES = re.compile(r"(?:^|\s)1\.")
_TAGGED = re.compile(r"<played_move>(.*?)</played_move>", re.DOTALL)
_NUMBER = re.compile(r"^\s*\d{1,3}\s?(?:\.{1,3}|…)?\s*(?=[^\W\d_]|[+{])")


@dataclass(slots=True)
class _Folder:
    files: dict[str, Document] = field(default_factory=dict)


class GptChess:
    """Gathers the files of each folder and hands the game over as soon as it is whole."""

    def __init__(self) -> None:
        self._folders: dict[str, _Folder] = {}
        self._done: set[str] = set()

    def recognises(self, document: Document) -> bool:
        """Return whether the file is one of a game's folder, or a copy beside them."""
        name, folder = document.path.name, document.path.parent.name
        return (bool(_FOLDER.fullmatch(folder)) and name in (*_FILES, *_PASSED_OVER)) or (
            name.startswith("integrated_games_") or name == "metainformation.txt"
        )

    def read(self, document: Document) -> Iterator[Found]:
        """Yield the game whose last file this is."""
        if document.path.name not in _FILES:
            return
        place = str(document.path.parent)
        folder = self._folders.setdefault(place, _Folder())
        folder.files[document.path.name] = document
        if len(folder.files) == len(_FILES) and place not in self._done:
            self._done.add(place)
            yield _game(place, self._folders.pop(place).files)

    def finish(self) -> Iterator[Found]:
        """Yield a line for each folder that lacks a file."""
        for place, folder in sorted(self._folders.items()):
            missing = [name for name in _FILES if name not in folder.files]
            yield Problem(place, f"has no {' and no '.join(missing)}: nothing was played there")


def _game(place: str, files: dict[str, Document]) -> Found:
    facts = _facts(files["metainformation.txt"].text())
    games = list(games_in(files["game.pgn"].text()))
    if len(games) != 1 or "model_gpt" not in facts or facts.get("white_piece") not in ("True", "False"):
        return Problem(place, "is not whole: it needs one game, and its model and colour in metainformation.txt")
    game = games[0]
    side = "white" if facts["white_piece"] == "True" else "black"
    own = [ply for ply, _ in enumerate(game.moves) if (ply % 2 == 0) == (side == "white")]
    is_tagged = "<played_move>" in facts.get("system_role_message", "")
    exchanges = _EXCHANGE.findall(files["session.txt"].text())
    limit = _number(facts.get("max_tokens"))
    replies = tuple(_take_move(reply, is_tagged, limit) for _, reply in exchanges)
    failed = "UnknownSAN" in game.headers or (len(replies) > len(own) and game.headers.get("Result") == "*")
    n_given = len(own) + failed - len(replies)
    if n_given < 0:
        return Problem(place, f"holds {len(replies)} replies for {len(own)} moves of the model")
    given = own[n_given] if n_given < len(own) else len(game.moves)
    return ArchivedGame(
        name=f"gptchess/{place.rpartition('/')[2]}",
        model=facts["model_gpt"],
        opponent=_opponent(facts),
        side="white" if side == "white" else "black",
        harness=_harness(facts, is_tagged, limit),
        moves=game.moves,
        given=given if n_given else 0,
        replies=replies,
        result=game.headers.get("Result"),
    )


def _facts(text: str) -> dict[str, str]:
    """Return the settings by name; a value may go over several lines."""
    marks = [mark for mark in _KEY.finditer(text) if mark.group(1) in _KEYS]
    ends = [mark.start() for mark in marks[1:]] + [len(text)]
    return {mark.group(1): text[mark.end() : end].strip() for mark, end in zip(marks, ends, strict=True)}


def _harness(facts: dict[str, str], is_tagged: bool, limit: float | None) -> Harness:
    is_chat = facts.get("chat_gpt") == "True"
    temperature = _number(facts.get("temperature"))
    # The moves that a prompt gave are the game's own and no difference of protocol.
    opening = _GIVEN_MOVES.split(facts.get("base_pgn", ""))[0].strip()
    texts = f"{facts.get('system_role_message', '')}\n{opening}"
    return Harness(
        name="gptchess",
        history="natural",
        history_shown="the whole game as messages" if is_chat and not is_tagged else "the whole game as text",
        board="none",
        legal_moves="none",
        attempts=1,
        after_failure="the game ends",
        answer="SAN in <played_move> tags" if is_tagged else "SAN, the first word of the completion",
        temperature=temperature,
        max_tokens=int(limit) if limit is not None else None,
        reasoning=facts.get("reasoning_effort"),
        prompt=blake2b(texts.encode(), digest_size=4).hexdigest(),
    )


def _opponent(facts: dict[str, str]) -> str:
    level = facts.get("skill level", facts.get("skill_level", "?"))
    return "random" if facts.get("random_engine") == "True" else f"stockfish:skill={level}"


def _take_move(reply: str, is_tagged: bool, limit: float | None) -> Said:
    """Return a reply with what the harness takes for its move: the tagged text, or the first word after a number."""
    text = reply.strip("\n")
    if is_tagged:
        tagged = _TAGGED.findall(text)
        return Said(text, _NUMBER.sub("", tagged[-1]).strip() if tagged else None)
    words = _NUMBER.sub("", text).split()
    move = words[0] if words else None
    # A handful of tokens end in the middle of a promotion, or before a comment's end.
    is_cut = bool(limit and move) and (text.rstrip().endswith("=") or "{" in text)
    return Said(text, move, is_cut)


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text is not None else None
    except ValueError:
        return None


IMPORTER = GptChess
