"""A module has one idea and at most 300 lines, so that it is read in one sitting."""

from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "horizon"
MOST_LINES = 300


def lengths() -> dict[str, int]:
    return {
        path.relative_to(PACKAGE).as_posix(): len(path.read_text(encoding="utf-8").splitlines())
        for path in PACKAGE.rglob("*.py")
    }


def test_no_module_has_more_than_300_lines() -> None:
    too_long = {name: length for name, length in lengths().items() if length > MOST_LINES}
    assert not too_long
