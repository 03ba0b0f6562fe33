"""The caches of many conversations as rows of one block, so that a pass on a GPU is a few large operations.

A packed pass runs some operations for each conversation and layer; on a GPU, starting them costs more than computing
them. Here conversations of unequal length are padded to one room, and a mask hides what is not theirs. The pass that
writes one token to each row has fixed shapes, so that it is captured once as a CUDA graph and replayed.
"""

import statistics
import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from transformers import Cache

from horizon.models._local.kv_cache import ConversationCache

MOST_PASS_TOKENS = 8192
"""The new tokens of one pass, with padding."""
_GROWTH = 1.25
_SPARE_TOKENS = 128
_ROOM_STEP = 64
"""Fused attention wants rooms of whole steps."""


class BatchCache(Cache):
    """Keys and values of rows, (rows, heads, room, width) for each layer; a pass appends tokens to all rows.

    `places`, (rows, new tokens), are the positions of a pass in its rows. What lies beyond a row's tokens is never
    attended to, and overwritten before it could be.
    """

    def __init__(self, sequences: Sequence[ConversationCache], room: int) -> None:
        """Create the block, and move the conversations into its rows."""
        super().__init__(layers=[])
        first, n_rows = sequences[0], len(sequences)
        self.room = room
        # Zeros: a masked weight of 0 times an undefined value would be undefined.
        self.keys = [old.new_zeros((n_rows, old.shape[0], room, old.shape[2])) for old in first.keys]
        self.values = [old.new_zeros((n_rows, old.shape[0], room, old.shape[2])) for old in first.values]
        device = first.keys[0].device
        self.rows = torch.arange(n_rows, device=device)[:, None]
        self.places = torch.zeros((n_rows, 1), dtype=torch.long, device=device)
        self._masks: dict[int | None, Tensor] = {}
        for row, sequence in enumerate(sequences):
            filled = len(sequence.tokens)
            for olds, news in ((sequence.keys, self.keys), (sequence.values, self.values)):
                for layer, old in enumerate(olds):
                    news[layer][row, :, :filled] = old[:, :filled]
                    olds[layer] = news[layer][row]
        self._members = [weakref.ref(sequence) for sequence in sequences]

    def find_rows(self, sequences: Sequence[ConversationCache]) -> list[int] | None:
        """Return the rows that are the caches of these conversations; None if one has its cache elsewhere."""
        first = self.keys[0]
        start, step = first.data_ptr(), first.stride(0) * first.element_size()
        rows = [(sequence.keys[0].data_ptr() - start) / step for sequence in sequences]
        return [int(row) for row in rows] if all(row in range(len(self.rows)) for row in rows) else None

    def release(self, sequences: Sequence[ConversationCache]) -> None:
        """Give every row but those of these conversations memory of its own, so that the block can be freed."""
        staying = set(map(id, sequences))
        others = [member for reference in self._members if (member := reference()) and id(member) not in staying]
        for member in others:
            if self.find_rows([member]):
                member.shrink()

    def start_pass(self, places: Tensor) -> None:
        """Set the positions of the next pass."""
        self.places = places
        self._masks.clear()

    def mask(self, window: int | None) -> Tensor:
        """Return the keys that each new token attends to, as booleans of shape (rows, 1, new tokens, room)."""
        if window not in self._masks:
            keys = torch.arange(self.room, device=self.places.device)
            seen = keys <= self.places[:, :, None]
            seen = seen & (keys > self.places[:, :, None] - window) if window else seen
            self._masks[window] = seen[:, None]
        return self._masks[window]

    def update(
        self, key_states: Tensor, value_states: Tensor, layer_idx: int, *_: Any, **__: Any
    ) -> tuple[Tensor, Tensor]:
        """Write new keys and values of shape (rows, heads, new tokens, width) to their places."""
        self.keys[layer_idx][self.rows, :, self.places] = key_states.transpose(1, 2)
        self.values[layer_idx][self.rows, :, self.places] = value_states.transpose(1, 2)
        vars(key_states)["horizon_pass"] = self
        return key_states, value_states

    def get_seq_length(self, *_: Any, **__: Any) -> int:
        """Return 0: positions are given explicitly, rows have no single length."""
        return 0


@dataclass(frozen=True, slots=True)
class CapturedPass:
    """A recorded pass: what it reads, (rows, 1), and the logits that it writes, (rows, words), at each replay."""

    graph: torch.cuda.CUDAGraph
    tokens: Tensor
    places: Tensor
    logits: Tensor


@dataclass(slots=True, eq=False)
class BatchedPasses:
    """Passes over conversations that are rows of one block; the single-token pass is captured where `is_captured`."""

    model: Any
    is_captured: bool
    _cache: BatchCache | None = None
    _captured: CapturedPass | None = None

    @staticmethod
    def choose_pieces(pieces: Sequence[tuple[ConversationCache, list[int]]]) -> list[int]:
        """Return which pieces of a pass belong into one block: little is lost by padding, and the mask is causal."""
        places = [place for place, (sequence, _) in enumerate(pieces) if sequence.keys and not sequence.seals]
        if not places:
            return []
        middle = statistics.median(len(pieces[place][1]) for place in places)
        places = [place for place in places if len(pieces[place][1]) <= 2 * middle]
        padded = len(places) * max(len(pieces[place][1]) for place in places)
        return places if len(places) > 1 and padded <= MOST_PASS_TOKENS else []

    def forward(self, pieces: Sequence[tuple[ConversationCache, list[int]]]) -> Tensor:
        """Read new tokens of several conversations; return the logits after each one's last, (conversations, words).

        Every conversation has a cache that is filled with its tokens, and at least one new token.
        """
        sequences = [sequence for sequence, _ in pieces]
        needed = max(len(sequence.tokens) + len(piece) for sequence, piece in pieces)
        cache, rows = self._hold(sequences, needed)
        longest = max(len(piece) for _, piece in pieces)
        # Rows that are not asked read a token at the end of their room, where nothing is.
        tokens = torch.zeros((len(cache.rows), longest), dtype=torch.long)
        places = torch.full((len(cache.rows), longest), cache.room - 1)
        for row, (sequence, piece) in zip(rows, pieces, strict=True):
            # Shorter pieces begin with their first token several times, each time at its own place.
            n_more, past = longest - len(piece), len(sequence.tokens)
            tokens[row] = torch.tensor([piece[0]] * n_more + piece)
            places[row] = torch.arange(past - n_more, past + len(piece)).clamp(min=past)
            sequence.tokens += piece
        if longest == 1 and self.is_captured:
            logits = self._replay(cache, tokens, places)
        else:
            logits = self._pass(cache, tokens.to(self.model.device), places.to(self.model.device))
        return logits[rows]

    def forget(self) -> None:
        """Free the block, if no conversation uses it, and the graph."""
        self._cache = self._captured = None

    def _hold(self, sequences: Sequence[ConversationCache], needed: int) -> tuple[BatchCache, list[int]]:
        """Return a block that holds these conversations, at least as half of its rows, and their rows."""
        cache = self._cache
        if cache is not None and cache.room > needed and 2 * len(sequences) >= len(cache.rows):
            rows = cache.find_rows(sequences)
            if rows is not None:
                return cache, rows
        if cache is not None:
            cache.release(sequences)
        self.forget()
        most = int(max(needed, *(sequence.room_wanted for sequence in sequences)) * _GROWTH) + _SPARE_TOKENS
        self._cache = BatchCache(sequences, -(-most // _ROOM_STEP) * _ROOM_STEP)
        return self._cache, list(range(len(sequences)))

    def _pass(self, cache: BatchCache, tokens: Tensor, places: Tensor) -> Tensor:
        cache.start_pass(places)
        output = self.model(
            input_ids=tokens, position_ids=places, past_key_values=cache, use_cache=True, logits_to_keep=1
        )
        logits: Tensor = output.logits[:, 0].float()
        return logits

    def _replay(self, cache: BatchCache, tokens: Tensor, places: Tensor) -> Tensor:
        """Read one token of each row by the captured pass; capture it for a new block."""
        if self._captured is None:
            self._captured = self._capture(cache, tokens, places)
        self._captured.tokens.copy_(tokens)
        self._captured.places.copy_(places)
        self._captured.graph.replay()
        return self._captured.logits.clone()

    def _capture(self, cache: BatchCache, tokens: Tensor, places: Tensor) -> CapturedPass:
        """Record the single-token pass as a CUDA graph; the pass before it initialises libraries and their memory."""
        tokens, places = tokens.to(self.model.device), places.to(self.model.device)
        stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            self._pass(cache, tokens, places)
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            logits = self._pass(cache, tokens, places)
        return CapturedPass(graph, tokens, places, logits)
