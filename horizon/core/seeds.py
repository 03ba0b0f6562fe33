"""Seeds of all random draws in Horizon, derived by hashing a path of labels.

With `seed + i`, neighbouring seeds would share their instances; a hash makes all label paths independent.
"""

import hashlib
import random


def derive(seed: int, *labels: str | int) -> int:
    """Return a 63-bit seed for this path of labels; equal arguments give an equal seed on every machine.

    Cost: about 1 microsecond.
    """
    hashed = hashlib.blake2b(digest_size=8)
    hashed.update(str(int(seed)).encode())
    for label in labels:
        # Type and length go in too, so that ("ab", "c") and ("a", "bc"), or 1 and "1", differ.
        text = str(label).encode()
        hashed.update(f"|{'i' if isinstance(label, int) else 's'}{len(text)}:".encode())
        hashed.update(text)
    return int.from_bytes(hashed.digest(), "big") >> 1


def generator(seed: int, *labels: str | int) -> random.Random:
    """Return a new random generator for this path of labels."""
    return random.Random(derive(seed, *labels))
