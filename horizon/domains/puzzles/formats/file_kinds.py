"""What a file is that its name does not promise: a pointer, a web page, an archive, another format.

Downloads end in such files more often than in damaged ones. Judges by the first bytes alone; reads no file.
"""

import html
import re

_PACKED = {b"\x1f\x8b": ".gz", b"\x28\xb5\x2f\xfd": ".zst"}
_SIGNATURES = {
    b"PK\x03\x04": "a ZIP archive (or a spreadsheet): unpack it, or save the table as CSV",
    b"BZh": "packed by bzip2: unpack it",
    b"\xfd7zXZ\x00": "packed by xz: unpack it",
    b"7z\xbc\xaf": "a 7z archive: unpack it",
    b"Rar!": "a RAR archive: unpack it",
    b"PAR1": "a Parquet file: save the table as CSV",
    b"ARROW1": "an Arrow file: save the table as CSV",
    b"SQLite format 3": "an SQLite database: save the table as CSV",
    b"%PDF": "a PDF document",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"MZ": "a program",
    b"\x7fELF": "a program",
}
_PAGE = re.compile(r"<(!doctype|html|head|body|\?xml|script|error\b|meta\b)", re.IGNORECASE)
_TITLE = re.compile(r"<(title|message)[^>]*>(.{1,80}?)</", re.IGNORECASE | re.DOTALL)
_JSON = re.compile(r"\[?\s*\{\s*\"[^\"]*\"\s*:")
_PGN = re.compile(r"\[[A-Z]\w* \"[^\"\n]*\"\]")
_ANNEX = re.compile(r"\S*annex/objects/\S+\s*\Z")


def name_kind(start: bytes, suffix: str) -> str | None:
    """Return what a file is and what to do about it, None if it may be what its name promises.

    `start` are its first bytes, `suffix` is the extension of its format.
    """
    expected = next((extension for mark, extension in _PACKED.items() if start.startswith(mark)), None)
    if expected is not None:
        return f"packed: give it a name that ends in {suffix}{expected}"
    for mark, kind in _SIGNATURES.items():
        if start.startswith(mark) and not (mark == b"MZ" and start[2:].isascii() and b"\0" not in start):
            return kind
    text = start.decode("utf-8", "replace").removeprefix("\ufeff").lstrip()
    return _name_text(text, suffix)


def name_unpacked(start: bytes, suffix: str, packing: str) -> str | None:
    """Return what a file is whose name promises a packing that its first bytes do not show, None if they do."""
    if not start or any(start.startswith(mark) for mark, extension in _PACKED.items() if extension == packing):
        return None
    other = name_kind(start, suffix)
    return other or f"not packed: take {packing} off its name"


def _name_text(text: str, suffix: str) -> str | None:
    if text.startswith("version https://git-lfs"):
        return "a pointer of Git LFS and not the file itself: run git lfs pull where it came from"
    if _ANNEX.match(text):
        return "a pointer of git-annex and not the file itself: run git annex get where it came from"
    if _PAGE.match(text):
        title = _TITLE.search(text)
        words = f" ({' '.join(html.unescape(title[2]).split())})" if title else ""
        return f"a web page{words} and not the file itself: download it again"
    if _JSON.match(text):
        return "JSON: " + ("save its table as CSV" if suffix != ".toml" else "write it as TOML")
    if suffix != ".pgn" and _PGN.match(text):
        return "PGN: give it the extension .pgn"
    if suffix not in (".csv", ".tsv") and re.match(r"\"?(PuzzleId|name)\"?[,;\t]", text):
        return "CSV: give it the extension .csv"
    return None
