"""The corpus of replies: some 300 ways to give, wrap, surround or refuse an answer, by the stage that reads them.

`{answer}` stands for an answer in the environment's own words, `{other}` for another one. Tests put every form to
every environment, and docs/generate.py prints them as a table.
"""

from dataclasses import dataclass
from itertools import product
from typing import Literal

Verdict = Literal["read", "refused", "no_answer"]
"""`read` is the answer itself, `refused` any error, `no_answer` that error and no other."""


@dataclass(frozen=True, slots=True)
class Form:
    """One form: the stage that it exercises, its text, and what must come of it."""

    stage: str
    text: str
    verdict: Verdict = "read"


MARKS = (
    "Answer: {}",
    "**Answer:** {}",
    "**Final Answer:** {}",
    "Final answer: {}",
    "ANSWER: {}",
    "The answer is {}",
    "The final answer is: {}",
    "So the best move is {}",
    "So my answer: {}",
    "I thought about it. Answer: {}",
    "### Answer\n\n{}",
    "Answer:\n{}",
    "<answer>{}</answer>",
    "<ANSWER> {} </ANSWER>",
    "[answer]{}[/answer]",
    "<move>{}</move>",
    "\\boxed{{{}}}",
    "The final answer is $\\boxed{{{}}}$.",
    '{{"answer": "{}"}}',
    '```json\n{{\n  "reason": "It is short.",\n  "move": "{}"\n}}\n```',
    "{{'action': '{}'}}",
    "#### {}",
)
WRAPPINGS = (
    "{}",
    "**{}**",
    "`{}`",
    "“{}”",
    "«{}»",
    "({})",
    "[{}]",
    "${}$",
    "\\text{{{}}}",
    "$\\mathrm{{{}}}$",
    " {} ",
    "{}.",
)
_QUOTING = (
    '{{"answer": "{}"}}',
    '```json\n{{\n  "reason": "It is short.",\n  "move": "{}"\n}}\n```',
    "{{'action': '{}'}}",
)
_ESCAPED = ("\\text{{{}}}", "$\\mathrm{{{}}}$")
"""A backslash is no backslash inside JSON."""

THINKING = (
    "think",
    "thinking",
    "THINK",
    "thought",
    "Thoughts",
    "reasoning",
    "reason",
    "reflection",
    "scratchpad",
    "analysis",
    "inner_monologue",
    "seed:think",
    "brainstorming",
)
_THOUGHTS = (
    *(f"<{tag}>Answer: {{other}}, or not?</{tag}>\nAnswer: {{answer}}" for tag in THINKING),
    "Maybe {other}.\nAnswer: {other}</think>\nAnswer: {answer}",
    "<think>a</think>Answer: {other}<think>No.</think>\nAnswer: {answer}",
    "◁think▷{other}◁/think▷Answer: {answer}",
    "[THINK]Answer: {other}[/THINK]Answer: {answer}",
    "<|think|>Answer: {other}<|/think|>Answer: {answer}",
    "<|begin_of_thought|>Answer: {other}<|end_of_thought|>Answer: {answer}",
    "<|START_THINKING|>Answer: {other}<|END_THINKING|>Answer: {answer}",
    "<thinking effort='high'>Answer: {other}</thinking>Answer: {answer}",
    "＜think＞Answer: {other}＜/think＞Answer: {answer}",
    "```thinking\nAnswer: {other}\n```\nAnswer: {answer}",
    "Thinking...\nAnswer: {other}\n...done thinking.\n\nAnswer: {answer}",
    "<|channel|>analysis<|message|>Answer: {other}<|end|><|start|>assistant<|channel|>final<|message|>Answer: "
    "{answer}",
    "analysisAnswer: {other}.assistantfinalAnswer: {answer}",
)
_ONLY_THOUGHTS = (
    *(f"<{tag}>Answer: {{answer}}" for tag in THINKING),
    *(f"<{tag}>Answer: {{answer}}</{tag}>" for tag in THINKING[:4]),
    "◁think▷Answer: {answer}",
    "[THINK]Answer: {answer}",
    "Answer: {answer}</think>",
    "<|channel|>analysis<|message|>Answer: {answer}",
)
END_MARKS = (
    "</s>",
    "<|im_end|>",
    "<|eot_id|>",
    "<|endoftext|>",
    "<|end|>",
    "<|end_of_text|>",
    "<end_of_turn>",
    "<eos>",
    "<|return|>",
    "<｜end▁of▁sentence｜>",
    "<|END_OF_TURN_TOKEN|>",
    "[/INST]",
    "[EOS]",
)
NEXT_TURNS = (
    "\nUser: And now?\nAssistant: Answer: {other}",
    "\nHuman: next\nAnswer: {other}",
    "\n\n### User\nAnswer: {other}",
    "\n<|im_start|>user\nAnswer: {other}",
    "\n[INST] next [/INST] Answer: {other}",
    "\nYour opponent plays.\nAnswer: {other}",
    "\n\nTurn 2\nAnswer: {other}",
    "\nNow it is your turn again.\nAnswer: {other}",
    "\nAssistant: Answer: {other}",
    "\n{prompt}\nAnswer: {other}",
)
EXPLANATIONS = (
    " because it is the shortest way",
    ", because it is the shortest way",
    ". This is the best.",
    " (it is the best)",
    " - it is the best",
    " — it is the best",
    ", which is the best",
    " since nothing else is left",
    " as it leads on",
    "! It is the best.",
    " instead of {other}",
    " rather than {other}",
    ", not {other}",
    "\nThis is the best.",
    "\n\nExplanation: it is the best.",
    ". I also thought of {other}.",
    ": it is the best",
)
ALTERNATIVES = (
    "Answer: {answer} or {other}",
    "Answer: {answer}, {other}",
    "Answer: {answer} / {other}",
    "Answer: either {answer} or {other}",
    "Answer: {answer} or maybe {other}",
    "Answer: {answer}; {other}",
    "Answer: {answer} | {other}",
    "Answer: **{answer}** or **{other}**",
    "Answer: {answer} (or {other})",
    "The answer is {answer} or {other}.",
    "<answer>{answer} or {other}</answer>",
    "\\boxed{{answer} \\text{ or } {other}}",
    '{"answer": "{answer} or {other}"}',
    "Answer: not {answer}",
    "Answer: {list}",
    "{answer}\n{other}",
)
NOTHING = (
    "",
    " ",
    "I am a language model.",
    "I'm sorry, I can't help with that.",
    "Let me think about it.",
    "<think></think>",
    "</s>",
    "\u200b\u200b",
)
PLACEHOLDERS = (
    "Answer:",
    "Answer: MOVE",
    "Answer: <your answer>",
    "Answer: ...",
    "Answer: [answer]",
    "<answer></answer>",
)
CHARACTERS = (
    "Answer：{answer}",
    "Ａｎｓｗｅｒ： {answer}",
    "Answer: \u200b{answer}",
    "\ufeffAnswer: {answer}",
    "Answer:\u00a0{answer}",
    "Answer:\u2003{answer}\u2003",
    "Answer: {answer}\r\n",
    "Some words.\rAnswer: {answer}\r",
    "Words.\u2028Answer: {answer}",
    "Answer: {answer}\x00",
    "Answer:\x07 {answer}",
    "\x1b[1mAnswer: {answer}\x1b[0m",
    "Аnswer: {answer}",
    "Answer:&nbsp;{answer}",
    "<b>Answer:</b> <code>{answer}</code>",
    "<p>Answer: {answer}</p>",
    "Answer: ~~{other}~~ {answer}",
    "𝐀𝐧𝐬𝐰𝐞𝐫: {answer}",
    "Answer: {wide}",
    "Answer: {invisible}",
)
BARE = (
    "{answer}",
    "**{answer}**",
    "`{answer}`",
    "```\n{answer}\n```",
    "- {answer}",
    "I choose {answer}.",
    "I'll go with {answer}.",
    "Move: {answer}",
    "Action: {answer}",
    "My choice: {answer}",
    "Answer {answer}",
    "Answer - {answer}",
    "Answer -> {answer}",
    "Answer: ➡️ {answer}",
    "<final>{answer}</final>",
    "Therefore: {answer}",
    "=> {answer}",
    "| Answer | {answer} |",
    "1. Answer: {answer}",
    "> Answer: {answer}",
    "✅ Answer: {answer}",
    "Answer (final): {answer}",
    "Answer: my answer is {answer}",
    "Answer: I choose {answer}",
    "Let me see.\n{answer}",
    "Thought: it is short.\nAction: {answer}",
)
LAST = (
    "Answer: {other}\nAnswer: {answer}",
    "Answer: {other}\nNo, wait.\nAnswer: {answer}",
    "Answer: {other}\n\nLet me check that again.\n\nFinal answer: {answer}",
    "Answer: {answer}\nAnswer:",
    "The answer is {other}.\nAnswer: {answer}",
    "Answer: {answer}\nThe answer is {other}.",
    "Reply as `Answer: MOVE`.\nAnswer: {answer}",
    "Answer: MOVE\nAnswer: {answer}",
    "Answer: {answer}\n\n(Format: Answer: MOVE)",
)

FORMS: tuple[Form, ...] = (
    *(Form("normalise", text) for text in CHARACTERS),
    *(Form("strip thinking", text) for text in _THOUGHTS),
    *(Form("strip thinking", text, "no_answer") for text in _ONLY_THOUGHTS),
    *(Form("cut at the end of the turn", f"Answer: {{answer}}{mark}") for mark in END_MARKS),
    *(Form("cut at the end of the turn", f"{{answer}}{mark}\nAnswer: {{other}}") for mark in END_MARKS[:4]),
    *(Form("cut at the end of the turn", f"Answer: {{answer}}{turn}") for turn in NEXT_TURNS),
    *(
        Form("find the answer and unwrap it", mark.format(wrapping.format("{answer}")))
        for mark, wrapping in product(MARKS, WRAPPINGS)
        if not (mark in _QUOTING and (wrapping in _ESCAPED or wrapping in ("“{}”", "`{}`")))
        and not (mark.endswith("}}}}$.") and "$" in wrapping)
    ),
    *(Form("find the answer and unwrap it", text) for text in (*BARE, *LAST)),
    *(Form("read its start", f"Answer: {{answer}}{text}") for text in EXPLANATIONS),
    *(Form("read its start", text, "refused") for text in (*ALTERNATIVES, *PLACEHOLDERS)),
    *(Form("no answer", text, "no_answer") for text in NOTHING),
)
"""Every form, by stage."""

_WIDE = str.maketrans({chr(code): chr(code + 0xFEE0) for code in range(0x21, 0x7F)})


def fill(form: Form, answer: str, other: str, prompt: str) -> str:
    """Return a form's text for an environment's answer, another of its answers, and its message."""
    text = form.text
    parts = {
        "{wide}": answer.translate(_WIDE),
        "{invisible}": "\u200b".join(answer),
        "{list}": ", ".join((answer, other, answer, other)),
        "{prompt}": prompt,
        "{answer}": answer,
        "{other}": other,
    }
    for name, part in parts.items():
        text = text.replace(name, part)
    return text
