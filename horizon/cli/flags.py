"""Every scenario key as a flag: `--max-tokens 64` for `--set max_tokens=64`, so that help stays short."""

from collections.abc import Collection, Iterator, Sequence

from horizon.core.errors import UsageError
from horizon.core.registry import nearest


def read_flags(words: Sequence[str], known: Collection[str], others: Collection[str] = ()) -> dict[str, str]:
    """Return the values of flags written `--key value` or `--key=value`; dashes in keys mean underscores.

    `others` are flags that are read elsewhere: named where one of them may be meant.

    Raises:
        UsageError: a word that is no flag, an unknown one (with the nearest), one twice, or one without a value.
    """
    flags: dict[str, str] = {}
    left = iter(words)
    for word in left:
        if not word.startswith("--") or word == "--":
            raise UsageError(f"'{word}' has no flag: write settings as --key value")
        name, equals, value = word[2:].partition("=")
        key = name.replace("-", "_")
        if key not in known:
            raise UsageError(f"unknown option '--{name}': {_nearest(key, {*known, *others})}")
        if key in flags:
            raise UsageError(f"--{name} is given twice: keep one of them")
        flags[key] = value if equals else _next(left, name)
    return flags


def _nearest(key: str, known: Collection[str]) -> str:
    return nearest(key, sorted(known)).replace("_", "-")


def _next(left: Iterator[str], name: str) -> str:
    value = next(left, None)
    if value is None or value.startswith("--"):
        raise UsageError(f"--{name} needs a value: write --{name} VALUE")
    return value
