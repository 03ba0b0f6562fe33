"""A chat template as text to tokenize: the form of conversation that it takes is found before play.

A template is foreign code: it may want contents as lists of parts, refuse or drop roles, raise, or not compile.
Whatever it does, the text of every user message must be in the prompt; a template that loses it is refused.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jinja2
from jinja2 import nodes

from horizon.core.conversation import NO_REPLY, fill_empty_replies, fold_system
from horizon.core.errors import ModelFailure
from horizon.core.escaping import visible
from horizon.core.records import Json, Message
from horizon.core.tool_calls import TOOL, TOOL_NAME, as_chat, call_text, read_call

_MOST_FACTOR = 1_000_000
_FIX = "fix its chat_template, or serve it and use openai:NAME"


@dataclass(frozen=True, slots=True)
class _Form:
    """How a conversation is given to a template."""

    has_parts: bool = False
    folds_system: bool = False
    fills_empty: bool = False


class ChatTemplate:
    """The chat template of a tokenizer, or the plain form of conversations where it has none."""

    def __init__(self, name: str, tokenizer: Any, *, calls_tools: bool = False) -> None:
        """Find the form that the template takes; with `calls_tools` it must show the tool, calls and their results.

        Raises:
            ModelFailure: it takes none without losing the user's text, or shows no tools.
        """
        self._name, self._tokenizer, self._calls_tools = name, tokenizer, calls_tools
        self._template = tokenizer.chat_template
        self._form = _Form()
        if not self.is_plain:
            self._refuse_growth()
            self._form = self._find_form()
        if calls_tools:
            self._check_tools()

    @property
    def is_plain(self) -> bool:
        """Whether the tokenizer has no template."""
        return self._template is None

    def identity(self) -> dict[str, Json]:
        """Return the template's hash and the form of conversations, for the manifest."""
        identity: dict[str, Json] = {
            "chat_template": "plain" if self.is_plain else hashlib.sha256(str(self._template).encode()).hexdigest(),
            "system_prompt": "before the first user message" if self._form.folds_system else "own message",
        }
        if self._form.has_parts:
            identity["content"] = "list of parts"
        if self._form.fills_empty:
            identity["empty_reply"] = "shown as (no reply)"
        if self.drops_thinking:
            identity["earlier_thinking"] = "left out"
        return identity

    @cached_property
    def drops_thinking(self) -> bool:
        """Whether the template leaves the thinking of earlier replies out of the prompt."""
        if self.is_plain:
            return False
        thought = Message("assistant", "<think>\nHorizon thinks.\n</think>\n\nHorizon gets answer 1x.")
        try:
            return "Horizon thinks." not in self._render([*_probe(1), thought, Message("user", "next")], self._form)
        except _Unfit:
            return True

    def text(self, messages: Sequence[Message]) -> str:
        """Return the prompt of a conversation.

        Raises:
            ModelFailure: the template raises, or the text of a user message is not in what it returns.
        """
        if self.is_plain:
            return _plain(messages)
        try:
            return self._render(messages, self._form)
        except _Unfit as problem:
            raise ModelFailure(f"{self._name}: its chat template {problem}; {_FIX}") from None

    def spans(self, messages: Sequence[Message], text: str) -> list[tuple[int, int]]:
        """Return where the content of each message begins and ends in the prompt that `text` made of them.

        The template is rendered once more around marks, so that a text which occurs twice is no doubt.

        Raises:
            ModelFailure: the template does not repeat the messages word for word.
        """
        marks = [f"horizonplace{place}x" for place in range(len(messages))]
        frame = self.text([Message(message.role, mark) for message, mark in zip(messages, marks, strict=True)])
        spans: list[tuple[int, int]] = []
        place = 0
        for message, mark in zip(messages, marks, strict=True):
            before, is_there, frame = frame.partition(mark)
            start = place + len(before)
            after = frame.partition("horizonplace")[0]
            content = next((form for form in _forms(message) if text.startswith(form + after, start)), None)
            if not is_there or content is None or text[place:start] != before:
                raise ModelFailure(
                    f"{self._name}: its chat template rewrites messages, so that none can be hidden or rounded: leave "
                    "out the conditions hide and kv"
                )
            place = start + len(content)
            spans.append((start, place))
        return spans

    def _find_form(self) -> _Form:
        """Return the first form in which short and long conversations keep every text.

        Raises:
            ModelFailure: there is none; the message has the reason of the plainest form.
        """
        reasons: list[str] = []
        for folds_system in (False, True):
            for has_parts in (False, True):
                form = _Form(has_parts, folds_system)
                try:
                    for n_turns in (1, 2, 8):
                        self._check(form, n_turns)
                except _Unfit as problem:
                    reasons.append(str(problem))
                    continue
                return self._with_empty_replies(form)
        # What a refused system message raises is no reason: the same is tried without one.
        raise ModelFailure(f"{self._name}: its chat template {reasons[2]}; {_FIX}")

    def _with_empty_replies(self, form: _Form) -> _Form:
        try:
            self._render([*_probe(1)[:2], Message("assistant", ""), Message("user", "next")], form)
        except _Unfit:
            return _Form(form.has_parts, form.folds_system, fills_empty=True)
        return form

    def _check_tools(self) -> None:
        """Refuse a template that does not show calls as `horizon.core.tool_calls` reads them.

        Raises:
            ModelFailure: it does not.
        """
        first, last = call_text("horizon acts"), "Horizon answers."
        messages = [*_probe(1), Message("assistant", first), Message("user", last)]
        text = self.text(messages) if not self.is_plain else ""
        _, is_there, rest = text.partition("<tool_call>")
        call = read_call(f"{is_there}{rest.partition('</tool_call>')[0]}</tool_call>")
        if TOOL_NAME not in text.partition("horizon acts")[0] or call.action != "horizon acts" or last not in rest:
            raise ModelFailure(
                f"{self._name}: its chat template shows no tools, or calls in another form than <tool_call>: serve it "
                "(llamacpp:, vllm:), or leave out ask=tools"
            )

    def _check(self, form: _Form, n_turns: int) -> None:
        messages = _probe(n_turns)
        text = self._render(messages, form)
        if form.has_parts and ("'type'" in text or '"type"' in text):
            raise _Unfit("prints a list of parts as it is")
        for message in messages:
            if message.content not in text:
                whose = {"system": "the rules", "assistant": "the model's own replies"}.get(message.role, "the user's")
                raise _Unfit(f"leaves {whose} text out of the prompt")

    def _render(self, messages: Sequence[Message], form: _Form) -> str:
        """Return what the template makes of a conversation.

        Raises:
            _Unfit: it raises, or leaves out the text of a user message.
        """
        given = fold_system(messages) if form.folds_system else list(messages)
        given = fill_empty_replies(given) if form.fills_empty else given
        if self._calls_tools:
            contents = as_chat(given, has_json_text=False)
        else:
            contents = [{"role": message.role, "content": message.content} for message in given]
        if form.has_parts:
            contents = [{**part, "content": [{"type": "text", "text": part["content"]}]} for part in contents]
        tools = {"tools": [TOOL]} if self._calls_tools else {}
        try:
            text = self._tokenizer.apply_chat_template(contents, add_generation_prompt=True, tokenize=False, **tools)
        except Exception as problem:  # noqa: BLE001 - a template is foreign code
            words = " ".join(str(problem).split())[:200]
            raise _Unfit(f"raises {type(problem).__name__}: {visible(words)}") from None
        if not isinstance(text, str):
            raise _Unfit(f"returns {type(text).__name__} instead of text")
        place = 0
        for message in given:
            if message.role == "user":
                place = _end_of(message.content, text, place)
        return text

    def _refuse_growth(self) -> None:
        """Refuse a template that computes powers or huge products: they take all time or memory.

        Raises:
            ModelFailure: it does.
        """
        for source in self._sources():
            try:
                tree = jinja2.Environment().parse(source)
            except jinja2.TemplateError:
                # Of tags that only transformers knows; what does not compile is found by rendering.
                continue
            factors = [side for product in tree.find_all(nodes.Mul) for side in (product.left, product.right)]
            is_huge = any(
                isinstance(side, nodes.Const) and isinstance(side.value, int | float) and side.value > _MOST_FACTOR
                for side in factors
            )
            if is_huge or next(tree.find_all(nodes.Pow), None) is not None:
                raise ModelFailure(f"{self._name}: its chat template computes powers or huge products; {_FIX}")

    def _sources(self) -> Iterator[str]:
        named = self._template.values() if isinstance(self._template, dict) else [self._template]
        yield from (source for source in named if isinstance(source, str))


class _Unfit(Exception):
    """A template does not take a conversation in this form; the message ends a sentence that begins with it."""


def _probe(n_turns: int) -> list[Message]:
    """Return a conversation whose every text occurs once."""
    messages = [Message("system", "Horizon asks for rule zero.")]
    for turn in range(1, n_turns + 1):
        messages.append(Message("user", f"Horizon asks question {turn}x."))
        if turn < n_turns:
            messages.append(Message("assistant", f"Horizon gets answer {turn}x."))
    return messages


def _end_of(content: str, text: str, start: int) -> int:
    """Return where a user's text ends in a prompt, at or behind a place; templates may trim it.

    Raises:
        _Unfit: it is not there.
    """
    wanted = content.strip()
    place = text.find(wanted, start)
    if place < 0:
        # Some templates change the white space inside.
        if " ".join(wanted.split()) in " ".join(text[start:].split()):
            return start
        raise _Unfit("leaves the user's text out of the prompt")
    return place + len(wanted)


def _forms(message: Message) -> Iterator[str]:
    """Yield what templates make of a content: as it is, trimmed, without its thinking, or a mark for none."""
    content = message.content
    yield from (content, content.strip(), content.lstrip(), content.rstrip())
    if message.role == "assistant":
        yield content.rpartition("</think>")[2].strip()
        yield NO_REPLY


def _plain(messages: Sequence[Message]) -> str:
    """Return a conversation for models without a chat template: paragraphs with the names of the roles."""
    names = {"system": "Instructions", "user": "User", "assistant": "Assistant"}
    return "\n\n".join([*(f"{names[message.role]}: {message.content}" for message in messages), "Assistant:"])
