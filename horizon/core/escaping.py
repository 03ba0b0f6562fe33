"""Escape control, bidirectional and zero-width characters, so that untrusted text is safe to print.

Standard library only.
"""


def visible(text: str) -> str:
    """Return the text with every unprintable character but line ends replaced by its Python escape.

    Bidirectional marks and zero-width characters count as unprintable. Time is linear in the text.
    """
    if text.isprintable():
        return text
    return "".join(letter if letter == "\n" or letter.isprintable() else ascii(letter)[1:-1] for letter in text)


def replace_unprintable(text: str, by: str = "\N{REPLACEMENT CHARACTER}") -> str:
    """Return the text with every unprintable character, line ends included, replaced by `by`."""
    return text if text.isprintable() else "".join(letter if letter.isprintable() else by for letter in text)
