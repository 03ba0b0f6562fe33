"""Claims about flags for scenario keys: read either way, and never guessed."""

import command_line
import pytest

from horizon.cli.flags import read_flags
from horizon.core.errors import UsageError

KNOWN = ("max_tokens", "dtype")


def test_both_ways_of_writing_a_flag_are_read() -> None:
    assert read_flags(["--max-tokens", "64", "--dtype=auto"], KNOWN) == {"max_tokens": "64", "dtype": "auto"}
    assert read_flags(["--dtype="], KNOWN) == {"dtype": ""}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--max-tokns", "3"], "unknown option '--max-tokns': did you mean 'max-tokens'"),
        (["--envv", "chess"], "did you mean 'env'"),
        (["--dtype"], "--dtype needs a value"),
        (["--dtype", "--max-tokens", "3"], "--dtype needs a value"),
        (["chess"], "'chess' has no flag"),
        (["--dtype", "a", "--dtype", "b"], "--dtype is given twice"),
    ],
)
def test_what_cant_be_read_says_what_to_write(words: list[str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        read_flags(words, KNOWN, others=("env",))


@pytest.mark.parametrize(("word", "meant"), [("--opponents", "opponent"), ("--conditions", "condition")])
def test_a_list_in_the_plural_names_the_flag_that_is_given_for_each(word: str, meant: str) -> None:
    ran = command_line.horizon("play", "--model", "random", word, "natural")
    assert ran.returncode == 2
    assert ran.stderr.startswith(f"horizon: unknown option '{word}': did you mean '{meant}'")
