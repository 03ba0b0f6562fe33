"""Writes the pages that are made from the code: architecture, commands, conditions, environments, models, schema,
the tutorial.

CI checks that they are up to date.
"""

import ast
import base64
import inspect
import json
import os
import re
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
ROOT = FOLDER.parent


def commands() -> str:
    """Return the page of every command's help, in the order of the command line."""
    os.environ |= {"COLUMNS": "100", "TERMINAL_WIDTH": "100", "NO_COLOR": "1"}
    import typer
    from typer.testing import CliRunner

    from horizon.cli.app import app

    names = ["", *_names(typer.main.get_command(app))]
    parts = ["# The command line\n\nMade by `make docs` from the help itself.\n"]
    for name in names:
        shown = CliRunner().invoke(app, [*name.split(), "--help"], prog_name="horizon", terminal_width=100)
        text = "\n".join(line.rstrip() for line in shown.stdout.strip().splitlines())
        parts.append(f"## horizon {name}".rstrip() + f"\n\n```\n{text}\n```\n")
    return "\n".join(parts)


def _names(group: Any) -> list[str]:
    """Return the names of a group's commands, and after that of a group the names of its own, as `puzzles make`."""
    found: list[str] = []
    for name, command in group.commands.items():
        found += [name, *(f"{name} {each}" for each in _names(command))] if hasattr(command, "commands") else [name]
    return found


def environments() -> str:
    """Return the page of every environment: its docstring, parameters, ranges and prompt."""
    from horizon.cli.listing import listing
    from horizon.core.registry import load

    made = (
        "Made by `make docs` from the docstrings and prompts. Parameters are set as `hanoi:disks=4`.\n\n"
        "`prompt` chooses the wording, as in `hanoi:prompt=v2`: of rules, messages and answer formats in planning,\n"
        "of the rules in bookkeeping, of rules, question and answer format in chess. States, judging and reading of\n"
        "replies are the same; German (`shift=german`) has one wording. reasoning_gym has its own questions, and\n"
        "`chess:ask=completion` shows the game as PGN: neither has a `prompt`. How two small models read both\n"
        "is in results/prompts."
    )
    parts = [f"# Environments\n\n{made}\n"]
    for row in listing("environments"):
        module = load("environments", row["name"])
        text = next(t for t in (module.__doc__, module.ENVIRONMENT.__doc__) if t and "Oracle:" in t)
        parts.append(f"## {row['name']}\n\n```\n{inspect.cleandoc(text)}\n```\n")
        parts.append("| parameter | default | what it is |\n| --- | --- | --- |")
        for each in row["parameters"]:
            told = f"{each['help']} {each['range']}".strip().replace("|", " or ")
            parts.append(f"| {each['name']} | {each['default']} | {told} |")
        knobs = getattr(module.ENVIRONMENT, "knobs", {})
        if knobs:
            varied = "; ".join(f"`{name}` {', '.join(map(str, values))}" for name, values in knobs.items())
            parts.append(f"\n`horizon calibrate` varies {varied}.")
        has_wordings = any(each["name"] == "prompt" for each in row["parameters"])
        prompts = (row["name"], f"{row['name']}:prompt=v2") if has_wordings else (row["name"],)
        parts += [*(_first_prompt(name) for name in prompts), ""]
    return "\n".join(parts)


def _first_prompt(name: str) -> str:
    """Return the rules and the first message of an environment; empty where a parameter must be given."""
    from horizon.core.environment import open_environment
    from horizon.core.errors import UsageError

    try:
        task = open_environment(name)
        prompt = f"{task.rules()}\n\n{task.pose(task.reset(0))}"
    except UsageError:
        return ""
    return f"\nRules and first message of `{name}`, seed 0:\n\n```text\n{prompt}\n```"


def replies() -> str:
    """Return the page of reading replies: the stages, and every form of the tests' corpus with what comes of it."""
    sys.path.insert(0, str(ROOT / "tests"))
    from reply_forms import FORMS

    parts = [_REPLIES]
    for stage in dict.fromkeys(form.stage for form in FORMS):
        forms = [form for form in FORMS if form.stage == stage]
        parts.append(f"## {stage.capitalize()}\n\n{_STAGES[stage]}\n")
        for verdict in dict.fromkeys(form.verdict for form in forms):
            texts = [json.dumps(form.text, ensure_ascii=False)[1:-1] for form in forms if form.verdict == verdict]
            parts.append(f"{_VERDICTS[verdict]} ({len(texts)} forms):\n")
            parts.append("```text\n" + "\n".join(texts) + "\n```\n")
    return "\n".join(parts)


_REPLIES = """# Reading replies

Made by `make docs` from the corpus of the tests (tests/reply_forms.py), which every environment passes: chess,
planning and bookkeeping read a reply in the same way, so that error rates do not differ by format.

A reply goes through these stages, each in time linear in its length (`horizon.core.reply_text`,
`horizon.core.answers`, `horizon.core.answer_start`); what remains is parsed by the environment. The reply itself is
stored as it came.

The error kinds: `no_answer` marks no answer and is none; `unparsable` marks an answer that names no action, or
several; `illegal` names an action that can't be played here; `truncated` was cut off by the token limit (or its
conversation did not fit) before its answer was complete: a closed line, tag, box or value, or an answer that further
words follow; `malformed_call` is, under `ask=tools` alone, no well-formed call ([Tool calls](how-to/tool-calls.md)).

Below, `{answer}` is an answer in the environment's own words, `{other}` another one, `{prompt}` the environment's
message, `\\n` a line end.

Chess moves may be in SAN, UCI, long algebraic notation or words, whatever the notation asked for: `1... e5`, `...e5`,
`e2 to e4`, `e2→e4`, `knight to f3`, `bishop takes d5`, `castle kingside`, `e8 promoting to a queen`, `e8[Q]`, `NF3`,
`B:d5`, `N(b1)d2`, `Springer f3`, `e1h1` for castling, and described: `castle`, `bishop takes pawn`, `take en passant`,
`promote to a queen`; as far as exactly one legal move fits (tests/domains/chess/test_move_words.py,
test_described_moves.py). In a line of play (`1. e4 e5 2. Nf3`) the move of the side to move counts; without a mark the
last move in the text, if it is not one of several in a row, not in brackets beside others, not the other side's
("Black played e5") and not rejected ("Nf3 is a blunder").

## What this changed for SmolLM2

Its recorded replies of results/study, read before (environments at version 1) and by this reader (version 3;
`python benchmarks/reread_study.py`; turns of all conditions). `legal` are legal chess moves that were not read before,
and that no engine has judged:

| run | turns | correct | wrong | legal | illegal | unparsable | no_answer | truncated |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
| chess | 1175 | 307 → 155 | 387 → 127 | 0 → 7 | 166 → 117 | 191 → 298 | 67 → 42 | 57 → 429 |
| list_editing | 1728 | 289 → 289 | 570 → 737 | 0 → 0 | 0 → 0 | 465 → 471 | 381 → 213 | 23 → 18 |
| stack_machine | 1728 | 684 → 682 | 848 → 848 | 0 → 0 | 0 → 0 | 2 → 2 | 136 → 133 | 58 → 63 |
| hanoi | 1728 | 595 → 595 | 1133 → 1133 | 0 → 0 | 0 → 0 | 0 → 0 | 0 → 0 | 0 → 0 |
| running_total | 1728 | 204 → 204 | 1524 → 1524 | 0 → 0 | 0 → 0 | 0 → 0 | 0 → 0 | 0 → 0 |

Half of its correct chess moves were the last move of a copied list of the legal moves, or of a sentence that the token
limit cut: its error rate there is 87 % and not 74 %. In list editing it answers in sentences that were not read.
"""
_STAGES = {
    "normalise": "NFKC; look-alike letters, full width, marks that are not seen, control characters, HTML, "
    "struck-out text.",
    "strip thinking": "Any of the usual tags, in any case: closed, never closed (all the rest is thinking), or "
    "with a lone end.",
    "cut at the end of the turn": "A token that ends the turn; a line that opens another role's turn; after an "
    "answer, a line "
    "that the environment or the other side would write. Local decoding stops at the same places.",
    "find the answer and unwrap it": "A mark in a form that is asked for (answer line, tag, box, JSON) before a "
    "sentence, the "
    "last one before earlier ones, placeholders left out; without a mark a reply that plainly is an answer.",
    "read its start": "What an answer starts with counts, an explanation after it does not. Alternatives are "
    "`unparsable`.",
    "no answer": "Replies that give no answer.",
}
_VERDICTS = {"read": "Read as `{answer}`", "refused": "An error", "no_answer": "`no_answer`"}


def models() -> str:
    """Return the page of every backend: its module's docstring and how its name is opened."""
    from horizon.cli.listing import listing
    from horizon.core.registry import load

    parts = [
        "# Models\n\nMade by `make docs` from the docstrings. A model is named `backend:argument`, as in "
        "`hf:ORG/NAME` or `uci:stockfish:level=3`.\n"
    ]
    for row in listing("models"):
        module = load("models", row["name"])
        opening = inspect.cleandoc(module.open_model.__doc__ or "")
        parts.append(f"## {row['name']}\n\n```\n{inspect.cleandoc(module.__doc__ or '')}\n\n{opening}\n```\n")
    return "\n".join(parts)


def conditions() -> str:
    """Return the page of every condition: what the model sees, what its contrast estimates, and when."""
    from horizon.scenarios.conditions import describe_conditions

    parts = [_CONDITIONS]
    for row in describe_conditions():
        parts.append(f"## {row['name']}\n")
        parts.append(f"The model sees: {row['summary']}.\n\nEstimates {row['estimand']}.\n")
        parts.append(f"Assumes: {row['assumes']}.\n")
        if "carried" in row:
            parts.append(f"Where replies carry the state: {row['carried']}.\n")
    return "\n".join(parts)


_CONDITIONS = """# Conditions

Made by `make docs` from `horizon/scenarios/conditions.py`; `horizon list conditions` prints the same.

A condition is what the model is shown of its history at a turn. `natural` is always played; every other condition is
a probe that poses the states of the natural turns again and never changes these. `horizon analyze` compares two
conditions on the states that both posed (`contrasts`); above 0 the first one errs more.

## Where replies carry the state

In some settings the state follows from the model's earlier replies and no later message restates it: chess with
`later=last_move` (blindfold), planning with `restate=event` or `nothing`. A history with other replies than were
played would contradict the state that is judged there, and whatever the model then does wrong would be the fault of
the history. No condition shows one: `healed` and `corrupted:p` show only what was played, and unplayable replies with
the note on what was played in their place, as below. The plan in the manifest then has `"histories": "as played"`;
reports warn of runs without it, which were played before. Where the question restates the state (`later=fen+...`,
`restate=state`), or replies change no state (bookkeeping, puzzles), all errors are replaced.

An environment's member `replies_carry_state` is true in such a setting. Without it, it is one where, in
its first instances, actions lead to different states and `observe` does not contain the text of `pose`.

## Earlier thinking

`thinking` (a scenario's key, `drop` by default) sets what all histories show of the thinking before earlier replies;
the conditions `think:...` show the natural history under one of its values. A local model's thinking is in its reply,
between marks; a server's comes apart from it and is shown between `<think>` and `</think>`. Chat templates may leave
thinking out of earlier replies. A local one that does is named in the manifest (`earlier_thinking`) and refused with
everything but `drop`; what a server's template does is not known.

## Hidden and rounded memory, exactly

`hide:own`, `hide:other` and `kv:bits` need a model whose memory is in this process (`hf:`, `gguf:`, `smollm2`), and a
chat template that repeats messages word for word. The prompt has the tokens of `natural`, at the same positions.

- What is hidden is hidden from everything that comes after. A token of a hidden message is attended to by the tokens
  of its own message only, so that later messages, computed without it, carry nothing of it either. Replacing a hidden
  text by another one of as many tokens changes no logit of the reply. The template's marks around a message (its
  role, its end) stay.
- What is rounded are the keys and values of the history, from the end of the rules to the end of the last reply, as
  they are cached (keys after their rotation). With b bits each head of each token has the steps -(2^(b-1) - 1) to
  2^(b-1) - 1, its largest number being the last one, so that no number moves by more than max|x| / (2^b - 2). The
  history is read exactly and rounded once; the rules, the last message and the reply are exact. kv:32 rounds nothing.

## Impulses

A turn s is drawn for each episode from the first half of the turn limit, by the episode's seed and so the same for all
kinds: `impulse:reminder`, `impulse:right`, `impulse:error`, `impulse:blank`. At the states of later turns the model is
shown the natural history with one change at s; turns up to s are not posed. The row keeps s (`impulse_turn`) and
whether anything differs from natural (`impulse_changed`; a correct reply in place of a correct one does not).
`impulse_response` has the difference of error rates by lag, the turns since s, with bands for all lags together, and
`impulse_half_life` after how many turns the effect has halved.

What it estimates is the direct effect through the history, at the same states. Later replies stay as they were
played: an effect that works through them (a reminder that prevents an error, which then is not in the history) is not
in it. For that, compare runs that were played with and without.

## Second calls

`retry` and `selfcheck` show the natural reply of the same turn and are posed after it. Where no second call is made
(`retry` after a playable reply) the natural reply counts, at any temperature. `second_call` in the row is 1 or 0.
`mitigations` has for `window:k`, `recap`, `remind:k`, `retry` and `selfcheck` the gain, the tokens per turn that they
add (both calls counted), and points per 1,000 tokens. Episodes continue with the natural reply, so that the gain is
that of a turn; fewer errors in later histories come on top.

"""


def architecture() -> str:
    """Return the page of the rooms: the layers of the import contract, and every module with its first sentence."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = project["tool"]["importlinter"]["contracts"]
    layers = {c["containers"][0]: c["layers"] for c in contracts if c["type"] == "layers"}
    rooms = [room for layer in reversed(layers["horizon"]) for room in layer.split(" | ")]
    parts = [
        "# Architecture\n\nMade by `make docs` from the import contract in `pyproject.toml` and the first sentence of "
        "every module; CI checks both.\n\n"
        "A room imports from the rooms below it and from no other (`lint-imports`). A plural room is a registry: its "
        "listing is what there is, listing imports nothing, and looking a name up imports that one module. To add an "
        "environment, a backend or an estimator, add one file and its test.\n",
        "## Rooms\n",
        *_layer_table(layers["horizon"], "horizon"),
        "The root holds `horizon/__init__.py` (the Python API, imported by use) and re-exports of old places for "
        "plug-ins, kept for one release.\n",
        "Independent of each other, so that one new file and its test is enough: "
        + ", ".join(f"`{c['modules'][0]}`" for c in contracts if c["type"] == "independence")
        + ".\n",
    ]
    for room in rooms:
        path = ROOT / "horizon" / room
        if not path.is_dir():
            continue
        parts.append(f"## {room}\n\n{_first_sentence(path / '__init__.py')}\n")
        inside = layers.get(f"horizon.{room}")
        if inside:
            parts.append("Layers, the uppermost first: " + "; ".join(f"`{layer}`" for layer in inside) + ".\n")
        parts += _modules(path)
    parts += ["## Beside the package\n", *(f"- `{name}`: {text}" for name, text in _BESIDE.items()), ""]
    return "\n".join(parts)


_BESIDE = {
    "scenarios/": "one TOML file per suite, and packs of puzzles",
    "engines/": "one TOML file per engine, with its levels, and the script that installs engines",
    "benchmarks/": "one script per published figure, beside its peer; `LOG.md` lists experiments that were left out",
    "tests/": "mirrors the rooms; what crosses rooms is in `tests/end_to_end` and `tests/claims`",
    "results/": "reference runs: figures, tables and the command that makes each",
    "docs/": "these pages; `generate.py` writes those that are made from the code",
}


def _layer_table(layers: list[str], package: str) -> list[str]:
    """Return a table of layers, the uppermost first, with what each room is."""
    rows = ["| layer | room | what it is |", "| ---: | --- | --- |"]
    for number, layer in zip(range(len(layers), 0, -1), layers, strict=True):
        for name in layer.split(" | "):
            path = ROOT / package / name
            path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
            if path.exists():
                rows.append(f"| {number} | `{name}` | {_first_sentence(path)} |")
    return [*rows, ""]


def _modules(folder: Path) -> list[str]:
    """Return a list of a folder's modules and, below them, of its packages."""
    files = sorted(path for path in folder.glob("*.py") if path.name != "__init__.py")
    lines = [f"- `{path.name}`: {_first_sentence(path)}" for path in files]
    for package in sorted(path.parent for path in folder.glob("*/__init__.py")):
        lines.append(f"\n**`{package.relative_to(ROOT / 'horizon')}/`**: {_first_sentence(package / '__init__.py')}\n")
        lines += _modules(package)
    return [*lines, ""] if lines and lines[-1] else lines


def _first_sentence(path: Path) -> str:
    """Return the first sentence of a module's docstring, as one line."""
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    paragraph = " ".join(text.partition("\n\n")[0].split())
    return re.split(r"(?<=\.) (?=[A-Z])", paragraph)[0].rstrip(".:") + "."


def schema() -> str:
    """Return the page of a run's tables, column by column, between its text and its examples."""
    from horizon.core.records import Episode, Turn
    from horizon.runs.columns import EXTRA, markdown_table
    from horizon.runs.row_format import SCHEMA_VERSION

    extra = "\n".join(f"| `{name}` | {meaning} |" for name, meaning in EXTRA.items())
    return _SCHEMA.format(
        version=SCHEMA_VERSION,
        turns=markdown_table(Turn),
        episodes=markdown_table(Episode),
        extra=f"| key | what it holds |\n| --- | --- |\n{extra}\n",
    )


_SCHEMA = """# The tables of a run

Made by `make docs` from the records. Every run folder, played or imported, has two tables of schema version {version};
`horizon export` writes them as CSV, JSON Lines, Parquet and a Hugging Face dataset.

## turns

One row per request to the model that counts, with its verdict, sorted by `episode_id`, `turn` and `condition`.

{turns}
Keys of `extra`, each only where it applies:

{extra}
## episodes

One row per episode.

{episodes}
## Read them

With polars: the share of errors by turn, natural turns only.

```python
import horizon
import polars as pl

horizon.play("hanoi:disks=3", model="synthetic:hazard=0.2", episodes=4, turns=6, out="run")
turns = pl.read_parquet("run/turns.parquet").filter(pl.col("condition") == "natural")
print(turns.group_by("turn").agg(pl.len(), (~pl.col("correct")).mean().alias("errors")).sort("turn"))
```

With pandas: the focus gap, from the states that both conditions posed.

```python
import horizon
import pandas as pd

run = horizon.play("hanoi:disks=3", model="synthetic:hazard=0.2", episodes=4, turns=6)
run.export("parquet", "tables")
turns = pd.read_parquet("tables/turns.parquet")
pairs = turns.pivot(index=["episode_id", "turn"], columns="condition", values="correct").dropna()
print((pairs["fresh"].astype(float) - pairs["natural"].astype(float)).groupby("turn").mean())
```
"""


def tutorial() -> str:
    """Return the notebook as a page: its text, its code and the outputs that are stored in it."""
    parts = ["<!-- Made by `make docs` from tutorial.ipynb. -->\n"]
    for number, cell in enumerate(_cells()):
        text = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            parts.append(f"{text}\n")
            continue
        parts.append(f"```python\n{text}\n```\n")
        printed = "".join(printed_text(cell))
        if printed:
            parts.append(f"```text\n{printed.rstrip()}\n```\n")
        if _image(cell):
            parts.append(f"![the figure that this cell draws](images/tutorial-{number}.png)\n")
    return "\n".join(parts)


def printed_text(cell: dict[str, Any]) -> list[str]:
    """Return what a notebook's cell printed, or its value as text; a figure's is left out."""
    lines: list[str] = []
    for output in cell.get("outputs", ()):
        data = output.get("data", {})
        if "image/png" not in data:
            lines += output.get("text") or data.get("text/plain", ())
    return lines


def _cells() -> list[dict[str, Any]]:
    cells: list[dict[str, Any]] = json.loads((FOLDER / "tutorial.ipynb").read_text(encoding="utf-8"))["cells"]
    return cells


def _image(cell: dict[str, Any]) -> str | None:
    images = [
        output["data"]["image/png"] for output in cell.get("outputs", ()) if "image/png" in output.get("data", {})
    ]
    return "".join(images[0]) if images else None


def _write_images() -> None:
    """Write the figures of the notebook beside its page."""
    (FOLDER / "images").mkdir(exist_ok=True)
    for number, cell in enumerate(_cells()):
        if image := _image(cell):
            (FOLDER / "images" / f"tutorial-{number}.png").write_bytes(base64.b64decode(image))


PAGES: dict[str, Callable[[], str]] = {
    "architecture.md": architecture,
    "commands.md": commands,
    "environments.md": environments,
    "models.md": models,
    "conditions.md": conditions,
    "schema.md": schema,
    "replies.md": replies,
    "tutorial.md": tutorial,
}

if __name__ == "__main__":
    for name, page in PAGES.items():
        (FOLDER / name).write_text(page(), encoding="utf-8")
        print(FOLDER / name, file=sys.stderr)
    _write_images()
