"""Chess lessons: a teacher's games as arrays, and the conversations that are made of them at each training step.

Two fifths of the tokens are whole games played from the history, as in blindfold chess; the rest are positions posed
by their FEN, with a few turns after them. Knows games, spelling and batches; no tokenizer library, no network.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import BinaryIO, Literal

import chess
import numpy as np
from numpy.typing import NDArray

from horizon.core.seeds import derive
from horizon.distil.batches import END_ID, NOTE_ID, AimTable, Batch, Dialogue, pad_alike
from horizon.distil.move_spelling import spell_position
from horizon.distil.teacher_games import TeacherGame

Targets = Literal["soft", "hard"]
MOST_TURNS = 70
"""The most turns of a whole game in training: 60 and some to spare."""
_TEMPERATURE = 0.02
"""A soft target is a softmax of the win probabilities at this temperature ..."""
_EVEN_SHARE = 0.5
"""... and this share of it is spread evenly over the legal moves."""
_BOOK_SHARE = 0.5
"""The share of whole games that start after the book line."""
_POSED_SHARE = 0.6
"""The share of the tokens that are positions posed by their FEN, with at most so many turns after them:"""
_POSED_TURNS = 12
_END_WEIGHT = 0.6
_PRACTICE = 0.85
"""The share of training in which the opponent's moves are learned, too."""
_FOREIGN_SHARE = 0.15
_LAST_MOVE_SHARE = 0.2
_NOTE_SHARES = (0.0, 0.0, 0.02, 0.1, 0.3)
"""The share of a conversation's turns that show an unplayable reply and what was played for it, drawn per game."""


def _plies(games: Iterable[TeacherGame]) -> Iterator[tuple[chess.Board, list[str], str, Sequence[int]]]:
    """Yield board, legal moves by UCI, move played and win percentages of each ply, in order.

    What the players did not choose has no scores: a move of a book line counts as the only good one, and after moves
    drawn at random every legal move counts the same.
    """
    for game in games:
        board = chess.Board()
        for ply, move in enumerate(game.moves):
            legal = sorted(legal.uci() for legal in board.legal_moves)
            if ply >= game.n_given:
                wins: Sequence[int] = game.wins[ply - game.n_given]
            else:
                wins = [100 * (ply >= game.n_line or text == move) for text in legal]
            yield board, legal, move, wins
            board.push_uci(move)


@dataclass(frozen=True, slots=True)
class ChessLessons:
    """Games as arrays of token numbers; `starts` has the first ply of each game, and the number of plies at its end.

    `given` has the plies of each game before the players chose. `legal` and `wins` (percent) of ply p are those from
    `legal_starts[p]` to `legal_starts[p + 1]`; `positions` of width 35 end in padding.
    """

    words: int
    starts: NDArray[np.int64]
    given: NDArray[np.int64]
    positions: NDArray[np.uint16]
    moves: NDArray[np.uint16]
    legal_starts: NDArray[np.int64]
    legal: NDArray[np.uint16]
    wins: NDArray[np.uint8]
    targets: Targets = "soft"
    batch_tokens: int = 4096

    def save(self, file: BinaryIO) -> None:
        """Write the arrays to a file."""
        np.savez_compressed(
            file,
            words=self.words,
            starts=self.starts,
            given=self.given,
            positions=self.positions,
            moves=self.moves,
            legal_starts=self.legal_starts,
            legal=self.legal,
            wins=self.wins,
        )

    def table(self) -> AimTable:
        """Return the shares of the legal moves of every ply; the last row is the end of a reply.

        `soft` shares fall with the loss of win probability, and half of their sum is spread evenly over the legal
        moves, so that every lesson shows all of them; `hard` ones are the best move's alone.
        """
        counts = np.diff(self.legal_starts)
        inside = np.arange(int(counts.max())) < counts[:, None]  # (plies, choices)
        tokens = np.zeros((len(counts) + 1, inside.shape[1]), dtype=np.int32)
        shares = np.zeros(tokens.shape, dtype=np.float32)
        wins = np.full(inside.shape, -np.inf, dtype=np.float32)
        tokens[:-1][inside], wins[inside] = self.legal, self.wins / 100
        tokens[-1, 0], shares[-1, 0] = END_ID, 1.0
        best = wins.max(axis=1, keepdims=True)
        if self.targets == "hard":
            shares[:-1] = (np.cumsum(wins == best, axis=1) == 1) & (wins == best)
        else:
            likely = np.exp((wins - best) / _TEMPERATURE)
            likely /= likely.sum(axis=1, keepdims=True)
            shares[:-1] = (1 - _EVEN_SHARE) * likely + _EVEN_SHARE * inside / counts[:, None]
        return AimTable(tokens, shares.astype(np.float16))

    def batches(self, seed: int, step: int, done: float) -> list[Batch]:
        """Return batches of whole games and batches of posed positions, of about `batch_tokens` together."""
        draw = Random(derive(seed, "chess lessons", step))
        batches: list[Batch] = []
        for kind, share in ((self._whole_game, 1 - _POSED_SHARE), (self._posed_position, _POSED_SHARE)):
            dialogues: list[Dialogue] = []
            n_tokens = 0
            while n_tokens < share * self.batch_tokens:
                dialogues.append(kind(draw, done < _PRACTICE))
                n_tokens += len(dialogues[-1].tokens)
            batches += pad_alike(dialogues)
        return batches

    def _whole_game(self, draw: Random, is_practice: bool) -> Dialogue:
        """Return a game as one player sees it, half of them from the book on, half from the usual start.

        Some are cut, and another game's position is posed after them.
        """
        dialogue, game = Dialogue(), self._game(draw)
        is_foreign = draw.random() < _FOREIGN_SHARE
        n_turns = draw.randrange(1, 40) if is_foreign else MOST_TURNS
        first = int(self.given[game]) if draw.random() < _BOOK_SHARE else 0
        self._turns(dialogue, draw, _Part(game, first + draw.randrange(2), n_turns, is_practice))
        if is_foreign:
            other = self._game(draw)
            part = _Part(other, draw.randrange(self._length(other)), draw.randrange(1, 4), is_practice)
            self._turns(dialogue, draw, part)
        return dialogue

    def _posed_position(self, draw: Random, is_practice: bool) -> Dialogue:
        """Return a position of a game as its FEN, and some turns from there."""
        dialogue, game = Dialogue(), self._game(draw)
        n_turns = draw.randrange(1, _POSED_TURNS + 1)
        self._turns(dialogue, draw, _Part(game, draw.randrange(self._length(game)), n_turns, is_practice))
        return dialogue

    def _turns(self, dialogue: Dialogue, draw: Random, part: "_Part") -> None:
        """Add a position of a game and the turns from there to a dialogue."""
        start, end = int(self.starts[part.game]), int(self.starts[part.game + 1])
        place = min(start + part.ply, end - 1)
        moves, end_aim = self.moves, len(self.moves)
        if place > start and draw.random() < _LAST_MOVE_SHARE:
            dialogue.tokens.append(int(moves[place - 1]))
        dialogue.tokens += [token for token in self.positions[place].tolist() if token]
        share = draw.choice(_NOTE_SHARES) if part.n_turns > 1 else 0.0
        for _ in range(part.n_turns):
            dialogue.aim(place)
            played = int(moves[place])
            wrong = self._unplayable(draw, start, end, place) if share and draw.random() < share else None
            dialogue.tokens.append(played if wrong is None else wrong)
            if place + 2 >= end:
                dialogue.aim(end_aim)
                return
            if part.is_practice:
                # The opponent's move is learned, too, but never likelier than the end of the reply.
                dialogue.aim(end_aim, _END_WEIGHT)
                if wrong is None:
                    dialogue.aim(place + 1, 1 - _END_WEIGHT)
            else:
                dialogue.aim(end_aim)
            if wrong is not None:
                dialogue.tokens += [NOTE_ID, played]
            dialogue.tokens.append(int(moves[place + 1]))
            place += 2

    def _unplayable(self, draw: Random, start: int, end: int, place: int) -> int | None:
        """Return a move of the same game that is illegal at this ply: what a player who lost track would name."""
        legal = set(self.legal[int(self.legal_starts[place]) : int(self.legal_starts[place + 1])].tolist())
        for _ in range(8):
            near = min(max(start, place + 2 * draw.randrange(-8, 9)), end - 1)
            if int(self.moves[near]) not in legal:
                return int(self.moves[near])
        return None

    def _game(self, draw: Random) -> int:
        while True:
            game = draw.randrange(len(self.starts) - 1)
            if self._length(game):
                return game

    def _length(self, game: int) -> int:
        return int(self.starts[game + 1] - self.starts[game])


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of a game: from a ply on, as many turns of the player to move there."""

    game: int
    ply: int
    n_turns: int
    is_practice: bool


def lessons_of(games: Sequence[TeacherGame], numbers: Mapping[str, int]) -> ChessLessons:
    """Return games as arrays; `numbers` is the tokenizer's vocabulary. Cost: some 200 microseconds per ply."""
    lengths = [len(game.moves) for game in games]
    positions = np.zeros((sum(lengths), 35), dtype=np.uint16)
    moves = np.zeros(sum(lengths), dtype=np.uint16)
    legal: list[NDArray[np.uint16]] = []
    wins: list[NDArray[np.uint8]] = []
    for place, (board, texts, move, chances) in enumerate(_plies(games)):
        words = spell_position(board)
        positions[place, : len(words)] = [numbers[word] for word in words]
        moves[place] = numbers[move]
        legal.append(np.array([numbers[text] for text in texts], dtype=np.uint16))
        wins.append(np.array(chances, dtype=np.uint8))
    return ChessLessons(
        words=len(numbers),
        starts=_starts(lengths),
        given=np.array([game.n_given for game in games], dtype=np.int64),
        positions=positions,
        moves=moves,
        legal_starts=_starts([len(ids) for ids in legal]),
        legal=np.concatenate(legal),
        wins=np.concatenate(wins),
    )


def join_lessons(parts: Sequence[ChessLessons]) -> ChessLessons:
    """Return lessons of the same vocabulary as one."""
    return ChessLessons(
        words=parts[0].words,
        starts=_starts([int(length) for part in parts for length in np.diff(part.starts)]),
        given=np.concatenate([part.given for part in parts]),
        positions=np.concatenate([part.positions for part in parts]),
        moves=np.concatenate([part.moves for part in parts]),
        legal_starts=_starts([int(length) for part in parts for length in np.diff(part.legal_starts)]),
        legal=np.concatenate([part.legal for part in parts]),
        wins=np.concatenate([part.wins for part in parts]),
    )


def _starts(lengths: Sequence[int]) -> NDArray[np.int64]:
    return np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)


def load_lessons(path: Path, targets: Targets, batch_tokens: int) -> ChessLessons:
    """Return the lessons of a file that `save` wrote."""
    with np.load(path) as arrays:
        parts = {name: arrays[name] for name in arrays.files if name != "words"}
        return ChessLessons(int(arrays["words"]), **parts, targets=targets, batch_tokens=batch_tokens)
