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
    "the date": ("{{ strftime_now('%d %b %Y') }}" + PLAIN, {"date": "2024-07-26"}),
    "the date, by Llama 3": (
        '{% if not date_string is defined %}{% if strftime_now is defined %}{% set date_string = strftime_now("%d %b %Y") '
        "%}{% else %}{% set date_string = '26 Jul 2024' %}{% endif %}{% endif %}{{ date_string }}" + PLAIN,
        {"date": "2024-07-26"},
    ),
    "rules cut, so that they are moved": (
        "{% for m in messages %}{% if m.role == 'system' %}{{ m.content[:99] }}{% else %}{{ m.content }}{% endif %}\n{% endfor %}",
        {"system_prompt": "before the first user message"},
    ),
    "letter by letter": (
        "{% for m in messages %}{% for c in m.content %}{{ c }}{% endfor %}\n{% endfor %}",
        {},
    ),
    "lines indented": (
        "{% for m in messages %}{{ m.content | indent(4) }}\n{% endfor %}",
        {"white_space": "changed"},
    ),
    "an own greeting first": ("<s>assistant Hello!\n" + PLAIN, {}),
    "Llama 2": (
        "{% set rest = messages[1:] if messages[0].role == 'system' else messages %}{% for m in rest %}"
        "{% if m.role == 'user' %}{{ bos_token + '[INST] ' }}{% if loop.first and messages[0].role == 'system' %}"
        "{{ '<<SYS>>\n' + messages[0].content + '\n<</SYS>>\n\n' }}{% endif %}{{ m.content.strip() + ' [/INST]' }}"
        "{% else %}{{ ' ' + m.content.strip() + ' ' + eos_token }}{% endif %}{% endfor %}",
        {},
    ),
    "a list of one named template": ([{"name": "default", "template": PLAIN}], {}),
    "named, with a default": ({"default": PLAIN, "tool_use": "{{ raise_exception('no tools') }}"}, {}),
    "white space inside joined": (
        "{% for m in messages %}{{ m['content'].split() | join(' ') }}\n{% endfor %}",
        {"white_space": "changed"},
    ),
    "no template": (None, {}),
}


@pytest.mark.parametrize("kind", TAKEN)
def test_a_template_is_given_the_form_that_it_takes_and_keeps_every_text(kind: str) -> None:
    source, expected = TAKEN[kind]
    template = ChatTemplate("hf:tiny", tiny_tokenizer(source))
    identity = template.identity()
    assert {key: value for key, value in identity.items() if key not in ("chat_template", "generation_prompt")} == {
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
    "escapes for the web": (
        PLAIN.replace("m['content']", "m['content'] | e"),
        "the user's text out of the prompt, or changes words",
    ),
    "writes JSON": (PLAIN.replace("m['content']", "m['content'] | tojson"), "changes words"),
    "cuts at 2000 letters": (PLAIN.replace("m['content']", "m['content'][:2000]"), "the user's text out"),
    "shortens": (PLAIN.replace("m['content']", "m['content'] | truncate(500)"), "the user's text out"),
    "keeps the last line": (PLAIN.replace("m['content']", "m['content'].split('\n')[-1]"), "the user's text out"),
    "keeps the first paragraph": (
        PLAIN.replace("m['content']", "m['content'].split('\n\n')[0]"),
        "the user's text out",
    ),
    "keeps the last ten messages": (PLAIN.replace("in messages", "in messages[-10:]"), "the user's text out"),
    "capital letters": (PLAIN.replace("m['content']", "m['content'] | upper"), "the user's text out"),
    "sorts by role": (
        PLAIN.replace("in messages", "in messages | sort(attribute='role')"),
        "the model's own replies out",
    ),
    "latest first": (PLAIN.replace("in messages", "in messages | reverse"), "out of the prompt"),
    "repeated texts once": (
        "{% for c in messages | map(attribute='content') | unique %}{{ c }}\n{% endfor %}",
        "own replies out",
    ),
    "draws at random": ("{{ ['be brief', 'be kind'] | random }}" + PLAIN, "draws at random"),
    "an empty file": ("", "the user's text out"),
    "a pointer of Git LFS": (
        "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12\n",
        "the user's text out",
    ),
    "one question alone": (
        "{% if messages | length > 2 %}{{ raise_exception('one') }}{% endif %}" + PLAIN,
        "raises TemplateError: one",
    ),
    "a surrogate": ("\ud800" + PLAIN, "UTF-8"),
    "a number": (5, "raises TypeError"),
    "nested too deep": ("{{ " + "(" * 3000 + "1" + ")" * 3000 + " }}" + PLAIN, "RecursionError"),
    "calls itself": ("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}" + PLAIN, "RecursionError"),
    "doubles a text": (
        "{% set n = namespace(s='aa') %}{% for i in range(60) %}{% set n.s = n.s ~ n.s %}{% endfor %}" + PLAIN,
        "1 GiB of memory",
    ),
    "pads a text": ("{{ '%2000000000d' % 1 }}" + PLAIN, "1 GiB of memory"),
    "loops in loops": (
        "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}" + PLAIN,
        "3 s of computing",
    ),
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
    "eats memory": ("{{ 'A' * 10000000000 }}" + PLAIN, "1 GiB of memory"),
    "never ends": ("{{ 9**(9**9) }}" + PLAIN, "3 s of computing"),
    "counts too far": ("{% for i in range(1000000000000) %}{% endfor %}" + PLAIN, "raises OverflowError"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_a_template_that_can_be_used_in_no_form_is_one_line_before_play(kind: str) -> None:
    source, words = REFUSED[kind]
    with pytest.raises(ModelFailure, match=words) as caught:
        ChatTemplate("hf:tiny", tiny_tokenizer(source))
    assert str(caught.value).startswith("hf:tiny: its chat template ")
    assert str(caught.value).isprintable() and "openai:NAME" in str(caught.value)


@pytest.mark.parametrize(
    ("source", "opening"),
    [
        # ChatML without the condition for it, as in early conversions
        (
            "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}",
            "<|im_start|>assistant\n",
        ),
        ("{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}", "assistant: "),
        # Mistral: a user's text ends in the mark after which the model replies
        (
            "{% for m in messages %}{% if m.role == 'assistant' %} {{ m.content }}</s>{% else %}[INST] {{ m.content }}[/INST]{% endif %}{% endfor %}",
            "",
        ),
        # Qwen 3: an empty block of thoughts in the history is none of the opening
        (
            "{% for m in messages %}<|im_start|>{{ m.role }}\n{% if m.role == 'assistant' %}<think>\n\n</think>\n\n{% endif %}{{ m.content }}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}",
            "",
        ),
    ],
)
def test_a_prompt_ends_where_the_model_replies_even_if_the_template_leaves_that_out(source: str, opening: str) -> None:
    template = ChatTemplate("hf:tiny", tiny_tokenizer(source))
    bare = tiny_tokenizer(source).apply_chat_template(
        [{"role": message.role, "content": message.content} for message in HISTORY],
        tokenize=False,
        add_generation_prompt=True,
    )
    assert template.text(HISTORY) == f"{bare}{opening}"
    assert ("generation_prompt" in template.identity()) == bool(opening)


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
