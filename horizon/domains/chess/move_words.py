"""Chess moves in words, rewritten as algebraic notation: "bishop takes d5" as `Bxd5`, "e2 to e4" as `e2-e4`.

A text in, the same text with its worded moves rewritten out, in time linear in its length; whether a move is legal is
not asked. Knows no board: squares, men and the usual verbs only.
"""

import re

_NAMES = {
    "N": "knight horse springer cavalier caballo cavallo cavalo paard конь коня",
    "B": "bishop läufer laeufer fou alfil alfiere bispo loper слон слона",
    "R": "rook turm tour torre toren ладья ладью",
    "Q": "queen dame dama reina donna regina rainha ферзь ферзя",
    "K": "king könig koenig roi rey koning король короля",
    "P": "pawn bauer pion peón peon pedone peão пешка пешку",
}
"""The names of the men, in the languages that models mix in."""
_LETTERS = {name: letter for letter, names in _NAMES.items() for name in names.split()}
_MAN = "|".join(_LETTERS)
_SQUARE = "[a-h][1-8]"
_TAKES = r"takes|captures|x|takes on|captures on|taking|capturing"
_GOES = (
    r"to|on to|onto|towards|into|goes to|moves to|moved to|moving to|jumps to|advances to|pushes to|slides to|"
    r"steps to|lands on|nach|auf|a|en|à|na|naar|op|на"
)
_ARROW = r"(?:[-=~]{0,3}>{1,2}|→|»)"
_WHOSE = r"(?:the |my |a |our |his |white'?s? |black'?s? ){0,2}"

_WORDED = re.compile(
    rf"\b(?:(?:move|moving|play|playing|push|pushing|advance) )?{_WHOSE}(?:(?P<file>[a-h])[- ])?(?P<man>{_MAN})s?"
    rf"(?:,? (?:from |on |at )?(?P<origin>{_SQUARE}))?"
    rf"(?:(?: moves| goes| jumps| is moved| advances)?(?: (?:from |on |at )?(?P<later>{_SQUARE}))? ?"
    rf"(?:(?P<takes>\b(?:{_TAKES})\b)|\b(?:{_GOES})\b|{_ARROW}|-))"
    rf" ?{_WHOSE}(?:(?:{_MAN}) )?(?:on |at )?(?P<to>{_SQUARE})\b",
    re.IGNORECASE,
)
_PLACED = re.compile(rf"{_WHOSE}\b(?P<man>{_MAN})[- ](?P<to>{_SQUARE})\b", re.IGNORECASE)
_FROM_BEFORE = re.compile(
    rf"(?<![\w/])(?P<origin>{_SQUARE})[- ](?P<man>{_MAN}) ?(?:{_GOES}|{_ARROW}|-) ?(?P<to>{_SQUARE})\b", re.IGNORECASE
)
_LETTER_FROM = re.compile(
    rf"(?<![\w/])(?P<man>[KQRBN])(?P<origin>{_SQUARE}|[a-h]|[1-8]) ?(?:(?P<takes>\b(?:{_TAKES})\b)|"
    rf"\b(?:{_GOES})\b|{_ARROW}) ?"
    rf"(?P<to>{_SQUARE})(?![\w/])"
)
_MAN_OF_FILE = re.compile(
    rf"\b(?P<man>{_MAN}) (?:from )?(?P<file>[a-h])(?: file)? (?:{_GOES}) (?P<to>{_SQUARE})\b", re.IGNORECASE
)
_PAIR = re.compile(
    rf"(?<![\w/])(?:from:? )?(?P<origin>{_SQUARE})(?:(?:[,;]|\s)\s?to:\s?| ?(?:(?P<takes>\b(?:{_TAKES})\b)|"
    rf"\b(?:{_GOES})\b|{_ARROW})) ?"
    rf"{_WHOSE}(?:(?:{_MAN}) )?(?:on |at )?(?P<to>{_SQUARE})(?![\w/])",
    re.IGNORECASE,
)
_LETTER = re.compile(
    rf"(?<![\w.'])(?P<man>[KQRBN]|[a-h]) (?:(?P<takes>(?:{_TAKES}))|(?:{_GOES})) ?(?:the )?(?P<to>{_SQUARE})(?![\w/])"
)
_ON = re.compile(rf"(?<![\w'])(?:takes|captures) (?:on )?(?P<to>{_SQUARE})\b", re.IGNORECASE)
_WITH = re.compile(
    rf"\b(?:takes?|captures?|taking|capturing) (?:on )?{_WHOSE}(?:(?:{_MAN}) )?(?:on |at )?(?P<to>{_SQUARE}) "
    rf"with {_WHOSE}(?P<man>{_MAN})\b",
    re.IGNORECASE,
)
_SIDES = {"king": "O-O", "short": "O-O", "k": "O-O", "queen": "O-O-O", "long": "O-O-O", "q": "O-O-O"}
_SHORT_CASTLING = (
    r"kurze rochade|rochade kurz|petit roque|enroque corto|arrocco corto|roque pequeno|"
    r"короткая рокировка|рокировка в короткую"
)
_LONG_CASTLING = (
    r"lange rochade|rochade lang|grand roque|enroque largo|arrocco lungo|grande roque|"
    r"длинная рокировка|рокировка в длинную"
)
_FOREIGN_CASTLING = re.compile(rf"\b(?:(?P<short>{_SHORT_CASTLING})|(?P<long>{_LONG_CASTLING}))\b", re.IGNORECASE)
_CASTLES = re.compile(
    r"\b(?:castl(?:e|es|ing|ed)[ -]\(?(?:(?:on|to|towards) )?(?:the )?"
    r"(?:(?P<side>king|queen)(?:'?s)?[ -]?(?:side|wing)?|(?P<letter>[kq])-?side|(?P<way>short|long))\b\)?"
    r"|(?P<first>king|queen)(?:'?s)?[ -]?side[ -]castl(?:e|es|ing)\b|(?P<kind>short|long)[ -]castl(?:e|es|ing)\b)",
    re.IGNORECASE,
)
_PROMOTED = {
    **{name: letter for name, letter in _LETTERS.items() if letter in "NBRQ"},
    **dict(zip("♕♖♗♘♛♜♝♞", "QRBNQRBN", strict=True)),
}
_BECOMES = (
    r"[\s,=/:>*^~_+→(\[{\"'“‘-]{1,6}(?:(?:and |then )?(?:promot\w{0,4}|becom\w{0,3}|turn\w{0,3}|mak\w{0,3}|"
    r"gett?\w{0,3}|"
    r"choos\w{0,3}|with promotion|for|to|into|as|equals)\s(?:it |the pawn )?(?:to |into |as )?"
    r"(?:an? |the |new ){0,2})?"
)
_PAWN_MOVE = r"(?<![\w-])(?P<move>[Pp]?(?:[a-h][1-8]?\s?[x:-]?\s?)?[a-h][18])"
_PROMOTION = re.compile(
    rf"{_PAWN_MOVE}(?:(?:{_BECOMES})?(?P<name>queen|rook|bishop|knight|horse|[♕♖♗♘♛♜♝♞])(?!\w)"
    r"|\s?[=/:>*^~_→([{\"'“‘-]{1,4}\s?(?P<letter>[QRBNqrbn])(?![\w-])"
    r"|\s(?P<capital>[QRBN])(?![\w-]))(?:\s?promot(?:ion|ed))?[)\]}]{0,3}",
    re.IGNORECASE,
)
_PROMOTING = re.compile(
    r"\b(?:under-?)?promot(?:e|es|ing)(?: (?:the|my|a))?(?: pawn)?(?: to| into)?(?: an?| the)? "
    r"(?P<name>queen|rook|bishop|knight) (?:on|at) (?P<to>[a-h][18])\b",
    re.IGNORECASE,
)


def as_algebraic(text: str, *, with_promotions: bool) -> str:
    """Return the text with its worded moves in algebraic notation; promotions only where a pawn can promote.

    A square after a man's name alone ("knight f3") is no move here, as "the knight f3 defends" is none:
    `as_one_move` takes it.
    """
    if len(text) < 6 and text.isalnum():
        return text
    if with_promotions:
        text = _PROMOTING.sub(lambda match: f"{match['to']}={_LETTERS[match['name'].lower()]}", text)
        text = _PROMOTION.sub(_promotion, text)
    text = _CASTLES.sub(_castling, text)
    text = _FOREIGN_CASTLING.sub(lambda match: "O-O" if match["short"] else "O-O-O", text)
    text = _WITH.sub(lambda match: f"{_letter(match['man'])}x{match['to'].lower()}", text)
    text = _FROM_BEFORE.sub(
        lambda match: f"{_piece(match['man'])}{match['origin'].lower()}-{match['to'].lower()}", text
    )
    text = _MAN_OF_FILE.sub(_of_file, text)
    text = _LETTER_FROM.sub(
        lambda match: f"{match['man']}{match['origin']}{'x' if match['takes'] else ''}{match['to']}", text
    )
    text = _WORDED.sub(_write_word, text)
    text = _ON.sub(lambda match: f"x{match['to'].lower()}", _LETTER.sub(_write_letter, text))
    return _PAIR.sub(
        lambda match: f"{match['origin'].lower()}{'x' if match['takes'] else '-'}{match['to'].lower()}", text
    )


def as_one_move(text: str) -> str:
    """Return a text that should be one move with "knight f3" as `Nf3`."""
    return _PLACED.sub(lambda match: f"{_letter(match['man'])}{match['to'].lower()}", text)


def _letter(man: str) -> str:
    return _LETTERS[man.lower()]


def _piece(man: str) -> str:
    """Return the letter of a man as it is written: none for a pawn."""
    return _letter(man).replace("P", "")


def _of_file(match: "re.Match[str]") -> str:
    return (
        match.group()
        if _letter(match["man"]) == "P"
        else f"{_letter(match['man'])}{match['file'].lower()}{match['to'].lower()}"
    )


def _write_word(match: "re.Match[str]") -> str:
    origin = (match["origin"] or match["later"] or match["file"] or "").lower()
    takes = "x" if match["takes"] else "-" if len(origin) == 2 else ""
    letter = _letter(match["man"])
    if letter == "P" and len(origin) == 1:
        # A pawn that moves straight is named by its file alone: "e-pawn to e4" is e4.
        origin = "" if not match["takes"] else origin
    return f"{letter}{origin}{takes}{match['to'].lower()}"


def _write_letter(match: "re.Match[str]") -> str:
    if match["man"].islower() and not match["takes"]:
        return match.group()
    return f"{match['man']}{'x' if match['takes'] else ''}{match['to']}"


def _castling(match: "re.Match[str]") -> str:
    return _SIDES[next(word for word in match.groups() if word).lower()]


def _promotion(match: "re.Match[str]") -> str:
    letter = match["letter"] or match["capital"]
    if match["capital"] and not match["capital"].isupper():
        return match.group()
    promoted = letter.upper() if letter else _PROMOTED[match["name"].lower()]
    return f"{re.sub(r'[ :]', '', match['move']).lower()}={promoted}"
