"""The text of a reply as it is meant: plain characters, without thinking, as far as the model's own turn goes.

The first three stages of reading a reply, each linear in its length: `normalise`, `strip_thinking`, `cut_at_end_mark`.
Knows no answer format and no environment.
"""

import html
import re
import unicodedata

_LINE_ENDS = {ord(mark): "\n" for mark in "\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"}
_CONTROLS: dict[int, str | None] = {
    code: None for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\n\t"
}
_ODD = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\U0010ffff]|&[#a-zA-Z]")
_COLOUR = re.compile(r"\x1b\[[0-9;?]{0,16}[A-Za-z]")
_ENTITY = re.compile(r"&(?:[a-zA-Z]{2,12}|#[0-9]{1,6}|#[xX][0-9a-fA-F]{1,5});")
_MOST_MARKS = 4
"""The number of combining characters in a row that are kept: sorting a longer run costs its square."""

_LONGEST_EXPANSION = 4
"""Ligatures of whole words, up to 18 letters in one character, are no part of an answer."""
_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0\u0305") | {
    chr(code) for code in (*range(0xFE00, 0xFE10), *range(0x0331, 0x0339))
}
"""Marks that are not seen, and lines through, under or over a letter."""
_BEFORE_NFKC = str.maketrans({"\ufe30": ":", "\u2581": " "})
"""A colon that NFKC takes for two dots, and the space of SentencePiece."""
_BYTE_TOKEN = re.compile(r"<0x0[AaDd]>")
_SIGNS = str.maketrans(
    dict.fromkeys("‐‑‒–—―−⁃﹘﹣－", "-")
    | dict.fromkeys("∶ː˸꞉։׃", ":")
    | dict.fromkeys("➔➙➛➜➝➞➡⟶⇒⟹⇨⭢🡒🠒", "→")
    | {"⁄": "/", "∕": "/", "∗": "*", "＃": "#", "ƒ": "f"}
)
# Cyrillic, Greek and Armenian letters that look like Latin ones.
_LOOK_ALIKE = str.maketrans(
    "АВЕЅІЈКМНОРСТУХЬаеѕіјорсухһԁԛԝьΑΒΕΖΗΙΚΜΝΟΡΤΥΧαοιρνՕօո",
    "ABESIJKMHOPCTYXbaesijopcyxhdqwbABEZHIKMNOPTYXaoipvOon",
)
_WORD = re.compile(r"\w+")

_NAMES = (
    r"(?:ant)?think(?:ing)?|thoughts?|reason(?:ing|s)?|reflect(?:ion|ing)?|scratch[_ -]?pad|"
    r"analysis|analy[sz](?:e|ing)|(?:inner|internal)[_ ](?:monologue|thoughts?|reasoning)|monologue|cot|"
    r"chain[_ -]of[_ -]thoughts?|deliberat(?:e|ion|ing)|rationale|ponder(?:ing)?|contemplat(?:e|ion|ing)|musing|"
    r"brainstorm(?:ing)?"
)
THINKING_TAG = re.compile(
    r"[<\[{◁⟨〈‹«【]\s{0,2}\|?\s{0,2}(?P<end>\\?/\s{0,2}|end_?(?:of_)?)?(?:(?:begin|start)_?(?:of_)?|"
    r"/)?(?:[a-z0-9]{1,12}[:_-])?"
    rf"(?:(?:{_NAMES})(?:[_-](?:process|steps?|content|block|text|tokens?))?(?:[_-](?:start|begin|"
    rf"(?P<late_end>end)))?|"
    r"inner[_-](?:prefix|(?P<suffix>suffix)))"
    r"(?:\s[^<>\[\]{}▷⟩〉›»】\n]{0,80})?(?P<empty>/)?\s{0,2}\|?\s{0,2}[>\]}▷⟩〉›»】]",
    re.IGNORECASE,
)
_BARE_TAGS = (
    re.compile(rf"```[ \t]*(?:{_NAMES})[ \t]*\n.*?(?:\n[ \t]*```|\Z)", re.IGNORECASE | re.DOTALL),
    re.compile(r"\A\s*thinking\.\.\.[ \t]*\n.*?(?:\.\.\.[ \t]?done thinking\.?|\Z)", re.IGNORECASE | re.DOTALL),
    re.compile(r"\A\s*here is my thought process:.*?(?:here is my response:|\Z)", re.IGNORECASE | re.DOTALL),
    # Tokens of Gemma's thoughts, and of its channels.
    re.compile(r"<(?:unused|ctrl)94>.*?(?:<(?:unused|ctrl)95>|\Z)", re.DOTALL),
    re.compile(r"<\|channel>\s{0,4}(?:thoughts?|thinking|analysis)\b.*?(?:<channel\|>|\Z)", re.IGNORECASE | re.DOTALL),
    # Harmony's channels, with their marks and without.
    re.compile(r"\A\s*analysis(?=[A-Z<]).*?(?:assistant\s?final(?![a-z])|\Z)", re.DOTALL),
)
_CHANNEL = re.compile(
    r"<\|channel\|>\s{0,4}(?P<name>[a-z]{1,20})[^<>\n]{0,60}(?:<\|constrain\|>[^<>\n]{0,20})?<\|message\|>",
    re.IGNORECASE,
)

_OWN_ROLE = re.compile(
    r"\s*(?:<s>|<bos>|<\|begin_of_text\|>|<\|im_start\|>\s{0,2}assistant|<start_of_turn>\s{0,2}model|<\|assistant\|>|"
    r"<\|start_header_id\|>\s{0,2}assistant\s{0,2}<\|end_header_id\|>|<\|start\|>\s{0,2}assistant|"
    r"#{2,4} ?(?:assistant|response)\b:?|(?:assistant|ai|model|bot) ?:)",
    re.IGNORECASE,
)
_END_MARK = re.compile(
    r"</s>|<\|(?!end_header|end_of_(?:solution|answer|box)\|)(?:end|eo[stm]|im_end|return|stop|call|fim_|file_|"
    r"repo_)[^|<>\n]{0,30}\|>|<end_of_\w{1,12}>|<eo[st]>|</?pad>|"
    r"<\|pad\|>|\[(?:EOS|/INST|end of text)\]|</?(?:assistant|bot)>|<\|(?:im_start|start|start_header_id)\|>|"
    r"<\|(?:user|human|system|begin_of_text)\|>|<start_of_turn>|\[INST\]|<</?SYS>>|</?(?:user|human|system)>|"
    r"(?:^|\n)[ \t>*_#]{0,8}(?:user|human|system)[ \t]?(?:\*\*|__)?[ \t]?:|(?:^|\n)#{2,4} ?(?:user|human|"
    r"instruction|input)\b|"
    r"(?<=[ \t])(?-i:User|USER|Human|HUMAN):",
    re.IGNORECASE,
)


def normalise(text: str) -> str:
    r"""Return the text in plain characters, line ends as `\\n`; its digits, dashes and arrows of one kind each.

    NFKC; letters that look Latin in words without any other foreign letter; HTML entities; without control characters,
    colour codes and marks that are not seen.
    """
    if not _ODD.search(text) and "<0x0" not in text:
        return text
    text = _ENTITY.sub(lambda entity: html.unescape(entity.group()), text) if "&" in text else text
    text = _BYTE_TOKEN.sub("\n", text) if "<0x0" in text else text
    text = _COLOUR.sub("", text.replace("\r\n", "\n")).translate(_LINE_ENDS).translate(_CONTROLS)
    if text.isascii():
        return text
    text = (
        unicodedata.normalize("NFKC", _visible_characters(text.translate(_BEFORE_NFKC)))
        .translate(_SIGNS)
        .translate(_LINE_ENDS)
    )
    return _WORD.sub(lambda word: _latin(word.group()), text)


def _visible_characters(text: str) -> str:
    """Return the characters that are seen, digits as ASCII, with few combining marks in a row."""
    kept: list[str] = []
    n_marks = 0
    for character in text:
        if character >= "\x80":
            category = unicodedata.category(character)
            if category in ("Cf", "Cs", "Co", "Me") or character in _INVISIBLE:
                continue
            n_marks = n_marks + 1 if unicodedata.combining(character) else 0
            if n_marks > _MOST_MARKS or len(unicodedata.normalize("NFKC", character)) > _LONGEST_EXPANSION:
                continue
            if category == "Nd":
                character = str(unicodedata.digit(character))
        else:
            n_marks = 0
        kept.append(character)
    return "".join(kept)


def _latin(word: str) -> str:
    """Return the word in Latin letters if all its foreign letters look like Latin ones, else the word."""
    if word.isascii():
        return word
    latin = word.translate(_LOOK_ALIKE)
    return latin if latin.isascii() else word


def strip_thinking(text: str) -> str:
    """Return the text without what a model thinks before it answers, in any of the usual marks and in any case.

    Some templates open the block themselves, so text before an unmatched end is thinking, too. A block that is never
    closed extends to the end: a model that was cut off while thinking has not answered.
    """
    if channels := list(_CHANNEL.finditer(text)):
        final = [mark for mark in channels if mark.group("name").lower() == "final"]
        return text[final[-1].end() :] if final else text[: channels[0].start()]
    for pattern in _BARE_TAGS:
        text = pattern.sub("", text)
    kept: list[str] = []
    start, is_open = 0, False
    for tag in THINKING_TAG.finditer(text):
        if tag.group("empty"):
            continue
        if tag.group("end") or tag.group("late_end") or tag.group("suffix"):
            if not is_open:
                kept.clear()
            start, is_open = tag.end(), False
        elif not is_open:
            kept.append(text[start : tag.start()])
            is_open = True
    if not is_open:
        kept.append(text[start:])
    return "".join(kept)


def cut_at_end_mark(text: str) -> str:
    """Return the model's own turn: up to the first token that ends it, or a line that opens another role's turn.

    Marks before the first word are left out, as is the name of the model's own role.
    """
    start = 0
    while role := _OWN_ROLE.match(text, start):
        start = role.end()
    for mark in _END_MARK.finditer(text, start):
        if text[start : mark.start()].strip():
            return text[start : mark.start()]
        start = mark.end()
    return text[start:]


_FORMATTING = re.compile(
    r"</?(?P<name>b|i|u|em|strong|code|pre|p|br|div|span|h[1-6]|li|ul|ol|tt|kbd|mark|small|big|center|font|samp|"
    r"var|sub|sup|ins|"
    r"table|tr|td)(?:[ \t][^<>\n]{0,80})?/?>",
    re.IGNORECASE,
)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_STRUCK = re.compile(r"~~[^~\n]{1,200}~~|<(?P<name>s|del|strike)>[^<\n]{0,200}</(?P=name)>", re.IGNORECASE)
_EMPTY_LINES = re.compile(r"\n{3,}")
_CLOSING_TAG = re.compile(r"</([a-z][a-z0-9]{0,9})>", re.IGNORECASE)
_SQUARES = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_BLOCKS = frozenset({"p", "br", "div", "li", "ul", "ol", "pre", "tr", "h1", "h2", "h3", "h4", "h5", "h6"})


def strip_formatting(text: str) -> str:
    """Return the text without HTML tags of its layout, what is struck out, and runs of empty lines."""
    if "<" in text or "~~" in text:
        last = text.rfind("-->") + 3
        text = _STRUCK.sub("", _COMMENT.sub("", text[:last]) + text[last:] if last > 2 else text)
        closed = {name.lower() for name in _CLOSING_TAG.findall(text)}

        def replacement(tag: "re.Match[str]") -> str:
            name = tag.group("name").lower()
            if name in _SQUARES and name not in closed:
                # A square in brackets, and no heading.
                return tag.group()
            return "\n" if name in _BLOCKS else ""

        text = _FORMATTING.sub(replacement, text)
    return _EMPTY_LINES.sub("\n\n", text) if "\n\n\n" in text else text
