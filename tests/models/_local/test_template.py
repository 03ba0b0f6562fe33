"""Claims about chat templates: whatever one does, the user's text is in the prompt, or the model is refused.

The templates are those of public models in essence; their kinds are named beside them.
"""

# ruff: noqa: E501 - a template's line is its own

from pathlib import Path
from typing import Any

import pytest
from small_models import save_tiny, tiny_tokenizer

from horizon.core.errors import ModelFailure
from horizon.core.model import ModelOptions, Request, open_model
from horizon.core.records import Message, Reply
from horizon.models._local.template import ChatTemplate

PLAIN = "{% for m in messages %}<s>{{ m['role'] }} {{ m['content'] }}\n{% endfor %}"
PARTS = (
    "{% for m in messages %}<s>{{ m['role'] }} {% for p in m['content'] %}"
    "{% if p['type'] == 'text' %}{{ p['text'] }}{% endif %}{% endfor %}\n{% endfor %}"
)
ALTERNATES = (
    "{% for m in messages %}{% if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('roles must alternate') }}{% endif %}<s>{{ m['role'] }} {{ m['content'] | trim }}\n{% endfor %}"
)
HISTORY = (
    Message("system", "The rules."),
    Message("user", " First\nquestion? "),
    Message("assistant", "First answer."),
    Message("user", "Second question?"),
)

TAKEN: dict[str, tuple[Any, dict[str, str]]] = {
    "content as text": (PLAIN, {}),
    "content as parts alone, silent": (PARTS, {"content": "list of parts"}),
    "content as parts alone, raising": (
        "{% for m in messages %}{% if m['content'] is string %}{{ raise_exception('parts!') }}{% endif %}{% endfor %}"
        + PARTS,
        {"content": "list of parts"},
    ),
    "content as either": (
        "{% for m in messages %}<s>{{ m['role'] }} {% if m['content'] is string %}{{ m['content'] }}{% else %}"
        "{{ m['content'][0]['text'] }}{% endif %}\n{% endfor %}",
        {},
    ),
    "Gemma": (
        "{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
        + ALTERNATES,
        {"system_prompt": "before the first user message"},
    ),
    "Mistral: rules in the last message": (
        "{% if messages[0]['role'] == 'system' %}{% set s = messages[0]['content'] %}{% set rest = messages[1:] %}"
        "{% else %}{% set s = '' %}{% set rest = messages %}{% endif %}{% for m in rest %}{% if m['role'] == 'user' %}"
        "[INST] {% if loop.last %}{{ s }} {% endif %}{{ m['content'] }}[/INST]{% else %}{{ m['content'] }}{% endif %}"
        "{% endfor %}",
        {},
    ),
    "system dropped in silence": (
        "{% for m in messages if m['role'] != 'system' %}{{ m['content'] }}\n{% endfor %}",
        {"system_prompt": "before the first user message"},
    ),
    "parts, and no system": (
        "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no') }}{% endif %}" + PARTS,
        {"content": "list of parts", "system_prompt": "before the first user message"},
    ),
    "system in short conversations alone": (
        "{% for m in messages %}{% if m['role'] == 'system' and messages | length > 5 %}{{ raise_exception('late') }}"
        "{% endif %}{% endfor %}" + PLAIN,
        {"system_prompt": "before the first user message"},
    ),
    "no empty text": (
        "{% for m in messages %}{% if m['content'] | trim == '' %}{{ raise_exception('empty') }}{% endif %}{% endfor %}"
        + PLAIN,
        {"empty_reply": "shown as (no reply)"},
    ),
    "thoughts cut out of replies": (
        "{% for m in messages %}{{ m['role'] }} {% if m['role'] == 'assistant' %}"
        "{{ m['content'].split('</think>')[-1] }}{% else %}{{ m['content'] }}{% endif %}\n{% endfor %}<think>\n",
        {"earlier_thinking": "left out"},
    ),
    "the date": ("{{ strftime_now('%d %b %Y') }}" + PLAIN, {}),
    "named, with a default": ({"default": PLAIN, "tool_use": "{{ raise_exception('no tools') }}"}, {}),
    "white space inside joined": (
        "{% for m in messages %}{{ m['content'].split() | join(' ') }}\n{% endfor %}",
        {},
    ),
    "no template": (None, {}),
}


@pytest.mark.parametrize("kind", TAKEN)
def test_a_template_is_given_the_form_that_it_takes_and_keeps_every_text(kind: str) -> None:
    source, expected = TAKEN[kind]
    template = ChatTemplate("hf:tiny", tiny_tokenizer(source))
    identity = template.identity()
    assert {key: value for key, value in identity.items() if key != "chat_template"} == {
        "system_prompt": "own message",
        **expected,
    }
    words = template.text(HISTORY).split()
    for text in ("The rules.", "First question?", "First answer.", "Second question?"):
        assert " ".join(text.split()) in " ".join(words)
    template.text((*HISTORY, Message("assistant", ""), Message("user", "Third question?")))


REFUSED: dict[str, tuple[Any, str]] = {
    "raises": ("{{ raise_exception('this template needs tools') }}", "this template needs tools"),
    "raises escapes": ("{{ raise_exception('\x1b[31mno\x1b]0;pwn\x07') }}", r"\\x1b\[31mno"),
    "does not compile": ("{% for m in messages %}{{ m['content'] }}", "TemplateSyntaxError"),
    "unknown filter": ("{% for m in messages %}{{ m['role'] | nosuchfilter }}{% endfor %}", "nosuchfilter"),
    "undefined": ("{{ a.b.c }}", "UndefinedError"),
    "needs tools": ("{% if tools | length > 0 %}x{% endif %}" + PLAIN, "raises TypeError|raises UndefinedError"),
    "named, without default": ({"rag": "x", "tool_use": "y"}, "raises"),
    "drops the user's text": ("<s>assistant ", "leaves the user's text out"),
    "keeps the last message alone": ("{{ messages[-1]['content'] }}", "leaves the user's text out"),
    "drops the replies": (
        "{% for m in messages if m['role'] != 'assistant' %}{{ m['content'] }}\n{% endfor %}",
        "the model's own replies",
    ),
    "cuts long texts": (
        "{% for m in messages %}{{ m['content'][:9] }}\n{% endfor %}",
        "leaves the user's text out",
    ),
    "reaches out": ("{{ ''.__class__.__mro__[1].__subclasses__() }}" + PLAIN, "raises SecurityError"),
    "eats memory": ("{{ 'A' * 10000000000 }}" + PLAIN, "powers or huge products"),
    "never ends": ("{{ 9**9**9 }}" + PLAIN, "powers or huge products"),
    "counts too far": ("{% for i in range(1000000000000) %}{% endfor %}" + PLAIN, "raises OverflowError"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_a_template_that_can_be_used_in_no_form_is_one_line_before_play(kind: str) -> None:
    source, words = REFUSED[kind]
    with pytest.raises(ModelFailure, match=words) as caught:
        ChatTemplate("hf:tiny", tiny_tokenizer(source))
    assert str(caught.value).startswith("hf:tiny: its chat template ")
    assert str(caught.value).isprintable() and "openai:NAME" in str(caught.value)


def test_text_that_is_lost_in_play_alone_fails_its_own_request(tmp_path: Path) -> None:
    save_tiny(tmp_path, PLAIN.replace("{{ m['content'] }}", "{{ m['content'].split('END')[0] }}"))
    model = open_model(f"hf:{tmp_path}", ModelOptions())
    requests = [
        Request((Message("user", text),), 0, text, 1, 0, None, 4)  # type: ignore[arg-type]
        for text in ("all of it", "a part END the rest")
    ]
    whole, lost = model.reply(requests)
    assert isinstance(whole, Reply)
    assert isinstance(lost, ModelFailure) and "leaves the user's text out" in str(lost)


def test_a_model_whose_template_takes_parts_reads_the_whole_prompt(tmp_path: Path) -> None:
    save_tiny(tmp_path, PARTS)
    model = open_model(f"hf:{tmp_path}", ModelOptions())
    messages = (Message("system", "rules"), Message("user", "x" * 400))
    reply = model.reply([Request(messages, 0, "c", 1, 0, None, 4)])[0]  # type: ignore[arg-type]
    assert isinstance(reply, Reply)
    assert (reply.context_tokens or 0) > 400
