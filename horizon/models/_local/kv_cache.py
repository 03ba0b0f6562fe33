"""The keys and values of one conversation, and the view of several through which a packed forward pass writes.

A packed pass holds new tokens of several conversations one after the other, without padding. Knows tensors only.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from transformers import Cache

from horizon.models._local.recall import Rounding, round_numbers

_SPARE_TOKENS = 64
_GROWTH = 1.15


@dataclass(slots=True, eq=False, weakref_slot=True)
class ConversationCache:
    """The cache of one conversation: its tokens, and for each layer keys and values of shape (heads, room, width).

    Only the first `len(tokens)` entries of the room are filled; `room_wanted` is allocated with the first tokens. All
    layers share one block of memory: hundreds of separate, slowly growing tensors would fragment the memory. `seals`
    are those of the prompt (`TokenRecall`); the first `exact_tokens` (None: all) have never been rounded.
    """

    tokens: list[int] = field(default_factory=list)
    room_wanted: int = _SPARE_TOKENS
    keys: list[Tensor] = field(default_factory=list)
    values: list[Tensor] = field(default_factory=list)
    seals: tuple[int, ...] = ()
    exact_tokens: int | None = None

    @property
    def room(self) -> int:
        """The number of tokens that fit without growing."""
        return int(self.keys[0].shape[1]) if self.keys else 0

    @property
    def bytes(self) -> int:
        """The memory of keys and values, in bytes."""
        return sum(tensor.numel() * tensor.element_size() for tensor in (*self.keys, *self.values))

    def crop(self, length: int) -> None:
        """Remove all tokens after the first `length`."""
        del self.tokens[length:]

    def reserve(self, length: int) -> None:
        """Make room for `length` tokens."""
        self.room_wanted = max(self.room_wanted, length)
        if length <= self.room or not self.keys:
            return
        # Growth by a factor: a long conversation is copied only a few times.
        room = max(length, int(self.room * _GROWTH)) + _SPARE_TOKENS
        self.keys, self.values = self._copy(len(self.tokens), room)

    def shrink(self) -> None:
        """Move to memory of its own, without spare room."""
        self.keys, self.values = self._copy(len(self.tokens), len(self.tokens))

    def fork(self, length: int, room: int) -> "ConversationCache":
        """Return a copy of the first `length` tokens with room for more."""
        keys, values = self._copy(length, max(room, length))
        return ConversationCache(self.tokens[:length], room, keys, values)

    def round(self, rounding: Rounding) -> None:
        """Round keys and values of some tokens in place; whatever is read after them rests on rounded ones."""
        some = slice(rounding.start, rounding.end)
        for tensor in (*self.keys, *self.values):
            tensor[:, some] = round_numbers(tensor[:, some], rounding.bits)
        self.exact_tokens = rounding.start

    def _copy(self, length: int, room: int) -> tuple[list[Tensor], list[Tensor]]:
        """Return keys and values with another room, in one block; the first `length` entries are filled."""
        olds = [*self.keys, *self.values]
        sizes = [tensor.shape[0] * room * tensor.shape[2] for tensor in olds]
        block = olds[0].new_empty(sum(sizes)) if olds else None
        tensors: list[Tensor] = []
        for old, piece in zip(olds, torch.split(block, sizes) if block is not None else (), strict=True):
            new = piece.view(old.shape[0], room, old.shape[2])
            new[:, :length] = old[:, :length]
            tensors.append(new)
        return tensors[: len(self.keys)], tensors[len(self.keys) :]


@dataclass(frozen=True, slots=True)
class Part:
    """The tokens of one conversation in a packed pass: `start` to `end`, after `past` cached tokens."""

    reading: ConversationCache
    start: int
    end: int
    past: int


class PackedCache(Cache):
    """Distributes the new keys and values of a packed pass to the caches of their conversations.

    `update` returns the new keys and values with this cache as their attribute `horizon_pass`, from which the
    attention reads the caches.
    """

    def __init__(self, parts: Sequence[Part]) -> None:
        """Create the cache of a packed pass with these parts."""
        super().__init__(layers=[])
        self.parts = parts
        self._scratch: list[Tensor] = []

    def scratch(self, place: int, shape: tuple[int, ...], like: Tensor) -> Tensor:
        """Return uninitialised memory for one intermediate result, shared by all layers.

        The page faults of newly allocated megabytes cost more than the computation.
        """
        size = math.prod(shape)
        while len(self._scratch) <= place:
            self._scratch.append(like.new_empty(0))
        if self._scratch[place].numel() < size:
            self._scratch[place] = like.new_empty(size)
        return self._scratch[place][:size].view(shape)

    def update(
        self, key_states: Tensor, value_states: Tensor, layer_idx: int, *_: Any, **__: Any
    ) -> tuple[Tensor, Tensor]:
        """Write new keys and values of shape (1, heads, tokens, width) to their conversations."""
        for part in self.parts:
            reading = part.reading
            length = part.past + part.end - part.start
            if len(reading.keys) <= layer_idx:
                room = max(length, reading.room_wanted)
                for new, tensors in ((key_states, reading.keys), (value_states, reading.values)):
                    tensors.append(new.new_empty((new.shape[1], room, new.shape[3])))
            reading.keys[layer_idx][:, part.past : length] = key_states[0, :, part.start : part.end]
            reading.values[layer_idx][:, part.past : length] = value_states[0, :, part.start : part.end]
        vars(key_states)["horizon_pass"] = self
        return key_states, value_states

    def get_seq_length(self, *_: Any, **__: Any) -> int:
        """Return 0: positions are given explicitly, a packed pass has no single length."""
        return 0


def memory_left(device: torch.device) -> int:
    """Return the free memory of a device, in bytes."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            amounts = {line.split(":")[0]: int(line.split()[1]) * 1024 for line in file}
        return amounts["MemAvailable"]
    except (OSError, KeyError, ValueError, IndexError):
        return 4 << 30
