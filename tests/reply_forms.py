"""The corpus of replies: some 570 ways to give, wrap, surround or refuse an answer, by the stage that reads them.

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
    "<|channel|>commentary<|message|>{other}<|end|><|start|>assistant<|channel|>final <|constrain|>json<|message|>"
    '{"answer": "{answer}"}',
    "<mm:think>Answer: {other}</mm:think>Answer: {answer}",
    "<|startthink|>Answer: {other}<|endthink|>Answer: {answer}",
    "<|think_start|>Answer: {other}<|think_end|>Answer: {answer}",
    "<longcat_think>Answer: {other}</longcat_think>Answer: {answer}",
    "<antThinking>Answer: {other}</antThinking>Answer: {answer}",
    "<reasoning_content>Answer: {other}</reasoning_content>Answer: {answer}",
    "<|inner_prefix|>Answer: {other}<|inner_suffix|>Answer: {answer}",
    "<unused94>thought\nAnswer: {other}<unused95>Answer: {answer}",
    "<|channel>thought\nAnswer: {other}<channel|>Answer: {answer}",
    "<think>Answer: {other}<\\/think>Answer: {answer}",
    "<details><summary>Thoughts</summary>Answer: {other}</details>Answer: {answer}",
)
_ONLY_THOUGHTS = (
    *(f"<{tag}>Answer: {{answer}}" for tag in THINKING),
    *(f"<{tag}>Answer: {{answer}}</{tag}>" for tag in THINKING[:4]),
    "◁think▷Answer: {answer}",
    "[THINK]Answer: {answer}",
    "Answer: {answer}</think>",
    "<|channel|>analysis<|message|>Answer: {answer}",
    "<|startthink|>Answer: {answer}",
    "<unused94>thought\nAnswer: {answer}",
    "<|channel>thought\nAnswer: {answer}",
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
    "<|fim_middle|>",
    "<0x0A>",
    "</answer>",
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
    "Answer: {answer} oder {other}",
    "Answer: {answer} ou {other}",
    "Answer: {answer} или {other}",
    "Answer: {answer} 或者 {other}",
    "Answer: {answer} [or {other}]",
    "\\boxed{{answer}} or \\boxed{{other}}",
    "<answer>{answer}</answer> or <answer>{other}</answer>",
    '["{answer}", "{other}"]',
    "Answer: anything except {answer}",
    "The answer isn't {answer}.",
    "| Move |\n|---|\n| {answer} |\n| {other} |",
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
    "Answer︰ {answer}",
    "Answer։ {answer}",
    "A\u0332n\u0332s\u0332w\u0332e\u0332r\u0332: {answer}",
    "Answer:▁{answer}",
    "Answer: {answer}<!-- Answer: {other} -->",
    "<blockquote>Answer: {answer}</blockquote>",
    "Answer: {answer}\\n\\nExplanation: it is the best",
    "Answer: `{answer}` ✅",
)
OTHER_LANGUAGES = (
    "Antwort: {answer}",
    "Finale Antwort: {answer}",
    "Réponse finale : **{answer}**",
    "Respuesta: {answer}",
    "La respuesta es {answer}.",
    "Risposta: {answer}",
    "Resposta: {answer}",
    "Ответ: {answer}",
    "答案：{answer}",
    "最终答案：{answer}",
    "答案是 {answer}",
    "答え：{answer}",
    "정답: {answer}",
    "الجواب: {answer}",
    "उत्तर: {answer}",
)
TABLES = (
    "| Answer |\n|:---:|\n| {answer} |",
    "| Move | Reason |\n|---|---|\n| {answer} | it is the best |",
    "| Field | Value |\n|---|---|\n| Answer | {answer} |",
)
LATEX = (
    "\\boxed{\\boxed{{answer}}}",
    "\\boxed{\\large{{answer}}}",
    "\\boxed{\\color{red}{{answer}}}",
    "\\boxed{\\text{Answer: {answer}}}",
    "\\[ \\boxed{\\text{{answer}}} \\]",
)
CALLS = (
    "{“answer”: “{answer}”}",
    '{"answer": {"move": "{answer}"}}',
    '{"reasoning": "Answer: {other} is bad", "answer": "{answer}"}',
    "final_answer('{answer}')",
    'submit("{answer}")',
    '<tool_call>\n{"name": "play", "arguments": {"move": "{answer}"}}\n</tool_call>',
    "<tool_call>\n<function=play>\n<parameter=move>\n{answer}\n</parameter>\n</function>\n</tool_call>",
    '<invoke name="play"><parameter name="move">{answer}</parameter></invoke>',
    "<tool_call>play\n<arg_key>move</arg_key>\n<arg_value>{answer}</arg_value>\n</tool_call>",
    '<answer value="{answer}"/>',
    "<final-answer>{answer}</final-answer>",
    "<|begin_of_solution|>{answer}<|end_of_solution|>",
    "<|begin_of_box|>{answer}<|end_of_box|>",
    "<Answer>Answer: {answer}</Answer>",
    "<answer>{answer}<answer>",
    "<ans>{answer}</ans>",
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
    "A: {answer}",
    "Ans. {answer}",
    "Answer:: {answer}",
    "Answer: ==> {answer}",
    "Answer: =={answer}==",
    "Answer: <<{answer}>>",
    "I am confident that the answer is {answer}.",
    "I will respond with: {answer}",
    "Sure! {answer}",
    "Certainly! The answer is:\n\n{answer}",
    "Updated answer: {answer}",
    "Answer: {answer}Answer: {answer}",
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
    "Answer: {other}\nCorrection: Answer: {answer}",
    "Answer: {other}\n\nOops.\n\nCorrected answer: {answer}",
    "Well. Answer: {other}. No. Answer: {answer}",
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
    *(
        Form("find the answer and unwrap it", text)
        for text in (*BARE, *LAST, *OTHER_LANGUAGES, *TABLES, *LATEX, *CALLS)
    ),
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
