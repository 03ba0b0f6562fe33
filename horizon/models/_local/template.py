"""A chat template as text to tokenize: the form of conversation that it takes is found before play.

A template is foreign code: it may want contents as lists of parts, refuse or drop roles, raise, not compile, or never
end. Whatever it does, the text of every user message must be in the prompt; a template that loses it is refused. The
date that it asks for is always the same, so that a run continues tomorrow with the prompts of today.
"""

import hashlib
import random
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from horizon.core.conversation import NO_REPLY, fill_empty_replies, fold_system
from horizon.core.errors import ModelFailure
from horizon.core.escaping import visible
from horizon.core.records import Json, Message
from horizon.core.tool_calls import TOOL, TOOL_NAME, as_chat, call_text, read_call
from horizon.models._local.template_probe import DATE, Unfit, check_bounds, check_order, fix_date, plain_probe, probe

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
        self._opening = ""
        self._more: dict[str, Any] = {"tools": [TOOL]} if calls_tools else {}
        if not self.is_plain:
            # Another engine's templates run outside of Python, where a copy of this process could not end.
            if hasattr(tokenizer, "get_chat_template"):
                self._fix_date()
                self._check_bounds()
            self._form = self._find_form()
            self._opening = self._find_opening()
            self._check_chance()
        if calls_tools:
            self._check_tools()

    @property
    def is_plain(self) -> bool:
        """Whether the tokenizer has no template."""
        return self._template is None

    def identity(self) -> dict[str, Json]:
        """Return the template's hash and the form of conversations, for the manifest."""
        identity: dict[str, Json] = {
            "chat_template": "plain" if self.is_plain else _sha256(str(self._template)),
            "system_prompt": "before the first user message" if self._form.folds_system else "own message",
        }
        if self._form.has_parts:
            identity["content"] = "list of parts"
        if self._form.fills_empty:
            identity["empty_reply"] = "shown as (no reply)"
        if self._opening:
            identity["generation_prompt"] = "added: the template has none"
        if not self.is_plain and self._changes_white_space():
            identity["white_space"] = "changed"
        if "strftime_now" in str(self._template):
            is_fixed = "strftime_now(" not in str(self._more.get("chat_template", self._template))
            identity["date"] = f"{DATE:%Y-%m-%d}" if is_fixed else "the day's"
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
            return "Horizon thinks." not in self._render(
                [*plain_probe(), thought, Message("user", "next")], self._form
            )
        except Unfit:
            return True

    def text(self, messages: Sequence[Message]) -> str:
        """Return the prompt of a conversation.

        Raises:
            ModelFailure: the template raises, or the text of a user message is not in what it returns.
        """
        if self.is_plain:
            return _plain(messages)
        try:
            return self._render(messages, self._form) + self._opening
        except Unfit as problem:
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
                except Unfit as problem:
                    reasons.append(str(problem))
                    continue
                return self._with_empty_replies(form)
        # What a refused system message raises is no reason: the same is tried without one.
        raise self._failure(reasons[2])

    def _failure(self, reason: str) -> ModelFailure:
        return ModelFailure(f"{self._name}: its chat template {reason}; {_FIX}")

    def _check_bounds(self) -> None:
        try:
            check_bounds(self._find_form)
        except Unfit as problem:
            raise self._failure(str(problem)) from None

    def _check_chance(self) -> None:
        """Refuse a template that makes different prompts of the same conversation by chance.

        Raises:
            ModelFailure: it does.
        """
        state = random.getstate()
        self._render(plain_probe(), self._form)
        if random.getstate() != state:
            random.setstate(state)
            raise self._failure("draws at random, so that no run could be repeated")

    def _find_opening(self) -> str:
        """Return what must follow a prompt so that a reply begins: nothing, where the template has it.

        A template that ignores `add_generation_prompt` ends a prompt with the user's text, which a model would then
        continue. What the template puts before a known reply is put there.
        """
        asked = plain_probe()
        reply = Message("assistant", "Horizon gets answer 1x.")
        try:
            prompt, bare = (self._render(asked, self._form, is_opened=is_opened) for is_opened in (True, False))
            whole = self._render([*asked, reply], self._form, is_opened=False)
        except Unfit:
            return ""
        before, is_there, _ = whole.partition(reply.content)
        is_missing = prompt == bare and is_there and before.startswith(prompt) and before[len(prompt) :].strip()
        return before[len(prompt) :] if is_missing else ""

    def _changes_white_space(self) -> bool:
        text = self._render(probe(1), self._form)
        return any(message.content.strip() not in text for message in probe(1))

    def _fix_date(self) -> None:
        with suppress(ValueError, TypeError):
            self._more["chat_template"] = fix_date(self._tokenizer.get_chat_template(tools=self._more.get("tools")))

    def _with_empty_replies(self, form: _Form) -> _Form:
        try:
            self._render([*plain_probe(), Message("assistant", ""), Message("user", "next")], form)
        except Unfit:
            return _Form(form.has_parts, form.folds_system, fills_empty=True)
        return form

    def _check_tools(self) -> None:
        """Refuse a template that does not show calls as `horizon.core.tool_calls` reads them.

        Raises:
            ModelFailure: it does not.
        """
        first, last = call_text("horizon acts"), "Horizon answers."
        messages = [*plain_probe(), Message("assistant", first), Message("user", last)]
        text = self.text(messages) if not self.is_plain else ""
        _, is_there, rest = text.partition("<tool_call>")
        call = read_call(f"{is_there}{rest.partition('</tool_call>')[0]}</tool_call>")
        if TOOL_NAME not in text.partition("horizon acts")[0] or call.action != "horizon acts" or last not in rest:
            raise ModelFailure(
                f"{self._name}: its chat template shows no tools, or calls in another form than <tool_call>: serve it "
                "(llamacpp:, vllm:), or leave out ask=tools"
            )

    def _check(self, form: _Form, n_turns: int) -> None:
        messages = probe(n_turns)
        text = self._render(messages, form)
        if form.has_parts and ("'type'" in text or '"type"' in text):
            raise Unfit("prints a list of parts as it is")
        check_order(messages, text)

    def _render(self, messages: Sequence[Message], form: _Form, *, is_opened: bool = True) -> str:
        """Return what the template makes of a conversation.

        Raises:
            Unfit: it raises, or leaves out the rules or the text of a user message.
        """
        given = fold_system(messages) if form.folds_system else list(messages)
        given = fill_empty_replies(given) if form.fills_empty else given
        if self._calls_tools:
            contents = as_chat(given, has_json_text=False)
        else:
            contents = [{"role": message.role, "content": message.content} for message in given]
        if form.has_parts:
            contents = [{**part, "content": [{"type": "text", "text": part["content"]}]} for part in contents]
        try:
            text = self._tokenizer.apply_chat_template(
                contents, add_generation_prompt=is_opened, tokenize=False, **self._more
            )
        except MemoryError:
            raise
        except Exception as problem:  # noqa: BLE001 - a template is foreign code
            words = " ".join(str(problem).split())[:200]
            raise Unfit(f"raises {type(problem).__name__}: {visible(words)}") from None
        if not isinstance(text, str):
            raise Unfit(f"returns {type(text).__name__} instead of text")
        if not _is_unicode(text) and all(_is_unicode(message.content) for message in given):
            raise Unfit("returns characters that UTF-8 does not have")
        check_order([message for message in given if message.role != "assistant"], text)
        return text


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


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
