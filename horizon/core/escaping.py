"""Hostile text made harmless to look at: nothing that moves a cursor, reorders a line or hides is let through.

Standard library only.
"""


def visible(text: str) -> str:
    """Return the text with all but printable characters and line ends shown as escapes, as Python writes them.

    Bidirectional marks and zero-width characters count as unprintable. Time is linear in the text.
    """
    if text.isprintable():
        return text
    return "".join(each if each == "\n" or each.isprintable() else ascii(each)[1:-1] for each in text)
