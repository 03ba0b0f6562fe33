"""GGUF files by their header: what they declare, how their weights are packed, and the same file with float16 weights.

Reads the header in a tenth of a second, where the package gguf takes seconds; unpacking weights is left to it.
Source: the format, version 2 and 3, github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

import math
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from horizon.core.errors import ModelFailure

_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_TEXT, _LIST = 8, 9
_FLOAT32, _FLOAT16 = 0, 1
_ALIGNMENT = 32
_FILE_TYPE = "general.file_type"
_MOSTLY_FLOAT16 = 1


@dataclass(frozen=True, slots=True)
class PackedTensor:
    """One tensor: its shape, innermost first, its ggml type, and where in the data it begins."""

    name: str
    shape: tuple[int, ...]
    kind: int
    offset: int


@dataclass(frozen=True, slots=True)
class GgufHeader:
    """What a file declares before its data. `values` has no lists; the metadata end at byte `metadata_end`."""

    values: dict[str, Any]
    places: dict[str, int]
    metadata_end: int
    n_values: int
    tensors: tuple[PackedTensor, ...]
    data_start: int

    @property
    def context_tokens(self) -> int | None:
        """The longest conversation that the model was made for."""
        value = self.values.get(f"{self.values.get('general.architecture')}.context_length")
        return value if isinstance(value, int) else None

    @property
    def matrix_kinds(self) -> frozenset[int]:
        """The ggml types of its matrices."""
        return frozenset(tensor.kind for tensor in self.tensors if len(tensor.shape) > 1)


def read_header(file: Path) -> GgufHeader:
    """Return a file's header.

    Raises:
        ModelFailure: it is no GGUF file of a known version, or ends early.
        OSError: it can't be read.
    """
    with file.open("rb") as source:
        try:
            header = _read(source)
            if header.data_start + max(map(_end_of, header.tensors), default=0) <= file.stat().st_size:
                return header
        except (struct.error, UnicodeDecodeError, KeyError, ValueError, MemoryError, OverflowError):
            pass
    raise ModelFailure(f"{file} is no whole GGUF file: download it again")


def write_float16(file: Path, header: GgufHeader, target: Path) -> None:
    """Write the same model with unpacked matrices, rounded to float16; whatever is declared stays.

    Cost: some seconds per hundred million weights.
    """
    import gguf
    import numpy as np

    kinds = [_FLOAT32 if len(tensor.shape) == 1 else _FLOAT16 for tensor in header.tensors]
    table, offset = b"", 0
    for tensor, kind in zip(header.tensors, kinds, strict=True):
        name = tensor.name.encode()
        table += struct.pack("<Q", len(name)) + name + struct.pack("<I", len(tensor.shape))
        table += struct.pack(f"<{len(tensor.shape)}Q", *tensor.shape) + struct.pack("<IQ", kind, offset)
        offset += _pad(math.prod(tensor.shape) * (4 if kind == _FLOAT32 else 2))
    with file.open("rb") as source, target.open("wb") as written:
        metadata = bytearray(source.read(header.metadata_end))
        if _FILE_TYPE in header.places:
            struct.pack_into("<I", metadata, header.places[_FILE_TYPE], _MOSTLY_FLOAT16)
        written.write(metadata + table)
        written.write(b"\0" * (_pad(written.tell()) - written.tell()))
        for tensor, kind in zip(header.tensors, kinds, strict=True):
            packing = gguf.GGMLQuantizationType(tensor.kind)
            per_block, block_bytes = gguf.GGML_QUANT_SIZES[packing]
            rows = (*reversed(tensor.shape[1:]), tensor.shape[0] // per_block * block_bytes)
            source.seek(header.data_start + tensor.offset)
            packed = np.frombuffer(source.read(math.prod(rows)), dtype=np.uint8).reshape(rows)
            weights = gguf.dequantize(packed, packing).astype(np.float32 if kind == _FLOAT32 else np.float16)
            written.write(weights.tobytes())
            written.write(b"\0" * (_pad(weights.nbytes) - weights.nbytes))


def _read(source: BinaryIO) -> GgufHeader:
    magic, version, n_tensors, n_values = struct.unpack("<4sIQQ", source.read(24))
    if magic != b"GGUF" or version not in (2, 3):
        raise KeyError
    values: dict[str, Any] = {}
    places: dict[str, int] = {}
    for _ in range(n_values):
        key, kind = _text(source), _number(source, "I")
        if kind == _LIST:
            _skip_list(source)
            continue
        places[key] = source.tell()
        values[key] = _text(source) if kind == _TEXT else _number(source, _SCALARS[kind])
    metadata_end = source.tell()
    tensors = []
    for _ in range(n_tensors):
        name, n_axes = _text(source), _number(source, "I")
        shape = struct.unpack(f"<{n_axes}Q", source.read(8 * n_axes))
        tensors.append(PackedTensor(name, shape, _number(source, "I"), _number(source, "Q")))
    alignment = values.get("general.alignment", _ALIGNMENT)
    start = -(-source.tell() // alignment) * alignment
    return GgufHeader(values, places, metadata_end, n_values, tuple(tensors), start)


def _end_of(tensor: PackedTensor) -> int:
    """Return where a tensor's data end, counted from the start of all data."""
    import gguf

    per_block, block_bytes = gguf.GGML_QUANT_SIZES[gguf.GGMLQuantizationType(tensor.kind)]
    return tensor.offset + math.prod(tensor.shape) // per_block * block_bytes


def _skip_list(source: BinaryIO) -> None:
    kind, length = _number(source, "I"), _number(source, "Q")
    if kind != _TEXT:
        source.seek(length * struct.calcsize(f"<{_SCALARS[kind]}"), 1)
        return
    for _ in range(length):
        source.seek(_number(source, "Q"), 1)


def _text(source: BinaryIO) -> str:
    return source.read(_number(source, "Q")).decode()


def _number(source: BinaryIO, form: str) -> Any:
    return struct.unpack(f"<{form}", source.read(struct.calcsize(f"<{form}")))[0]


def _pad(n_bytes: int) -> int:
    return -(-n_bytes // _ALIGNMENT) * _ALIGNMENT
