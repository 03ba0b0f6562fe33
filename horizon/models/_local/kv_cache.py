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

_SPARE_TOKENS = 64
_GROWTH = 1.15


@dataclass(slots=True, eq=False)
class Reading:
    """What was read of one conversation: its tokens, and for each layer keys and values of shape (heads, room, width).

    Only the first `len(tokens)` places of the room are filled; `room_wanted` is made when the first ones are read. All
    layers stand in one block of memory: the system takes it back whole, where hundreds of pieces that grow a little
    each time would leave holes that none of them fits into again.
    """

    tokens: list[int] = field(default_factory=list)
    room_wanted: int = _SPARE_TOKENS
    keys: list[Tensor] = field(default_factory=list)
    values: list[Tensor] = field(default_factory=list)

    @property
    def room(self) -> int:
        """How many tokens fit without growing."""
        return int(self.keys[0].shape[1]) if self.keys else 0

    @property
    def bytes(self) -> int:
        """Memory held."""
        return sum(each.numel() * each.element_size() for each in (*self.keys, *self.values))

    def crop(self, length: int) -> None:
        """Forget all tokens after the first `length`."""
        del self.tokens[length:]

    def reserve(self, length: int) -> None:
        """Make room for `length` tokens."""
        if length <= self.room or not self.keys:
            return
        # Grown by a share, so that a long conversation is copied a few times only, whatever its length.
        room = max(length, int(self.room * _GROWTH)) + _SPARE_TOKENS
        self.keys, self.values = self._copied(len(self.tokens), room)

    def fork(self, length: int, room: int) -> "Reading":
        """Return a copy of the first `length` tokens with room for more."""
        keys, values = self._copied(length, max(room, length))
        return Reading(self.tokens[:length], room, keys, values)

    def _copied(self, length: int, room: int) -> tuple[list[Tensor], list[Tensor]]:
        """Return keys and values with another room, in one block; the first `length` places are filled."""
        olds = [*self.keys, *self.values]
        sizes = [each.shape[0] * room * each.shape[2] for each in olds]
        block = olds[0].new_empty(sum(sizes)) if olds else None
        found: list[Tensor] = []
        for old, piece in zip(olds, torch.split(block, sizes) if block is not None else (), strict=True):
            new = piece.view(old.shape[0], room, old.shape[2])
            new[:, :length] = old[:, :length]
            found.append(new)
        return found[: len(self.keys)], found[len(self.keys) :]


@dataclass(frozen=True, slots=True)
class Part:
    """Where one conversation's tokens stand in a packed pass: `start` to `end`; `past` tokens stand before them."""

    reading: Reading
    start: int
    end: int
    past: int


class PackedCache(Cache):
    """Takes a packed pass's new keys and values, and hands each conversation's own to the attention.

    What `update` returns are the new ones again, with this cache as `horizon_pass` on them: the attention finds its
    layer there.
    """

    def __init__(self, parts: Sequence[Part]) -> None:
        """Write for these parts."""
        super().__init__(layers=[])
        self.parts = parts
        self._scratch: list[Tensor] = []

    def scratch(self, place: int, shape: tuple[int, ...], like: Tensor) -> Tensor:
        """Return memory for one intermediate result, used again by every layer; its content is left over.

        Fresh memory of some megabytes costs more in page faults than what is computed into it.
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
    """Return the free bytes of a device's memory."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            found = {line.split(":")[0]: int(line.split()[1]) * 1024 for line in file}
        return found["MemAvailable"]
    except (OSError, KeyError, ValueError, IndexError):
        return 4 << 30
