"""The episodes of runs as plain data for the page's viewer: prompt, reply and verdict, turn by turn.

Of large runs only some whole episodes are kept; no statistic is computed from them. Texts are data, never markup.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from horizon.core.environment import open_environment
from horizon.core.environment_name import EnvironmentName
from horizon.core.errors import HorizonError
from horizon.core.records import Turn
from horizon.core.row_faults import naming
from horizon.core.seeds import generator
from horizon.engines.position_text import split_position
from horizon.report.responsible_turns import effects_of
from horizon.runs.run_data import RunData

MOST_TURNS = 12_000
"""The most rows in the viewer; beyond that, a seeded sample of whole episodes is kept."""
LONGEST_TEXT = 20_000
"""The most characters of a text in the viewer; the run folder has the whole text."""


def trace(runs: Sequence[RunData], most_turns: int = MOST_TURNS) -> dict[str, Any]:
    """Return `{"episodes": [...], "left_out": n, "rules": [...]}`; turns hold a row per condition."""
    rules: list[str] = []
    kept: list[dict[str, Any]] = []
    sizes = {
        (place, name): n
        for place, run in enumerate(runs)
        for name, n in run.turns["episode_id"].value_counts().iter_rows()
    }
    chosen = _chosen(sizes, most_turns)
    for place, run in enumerate(runs):
        task, rule = _task(run.manifest)
        rules.append(rule)
        has_prompts = bool(rule)
        outcomes = dict(run.episodes.select("episode_id", "outcome").iter_rows())
        episodes: dict[str, dict[str, Any]] = {}
        names = [name for index, name in chosen if index == place]
        effects = effects_of(run)
        for columns in run.turns.filter(pl.col("episode_id").is_in(names)).iter_rows(named=True):
            row = Turn(**columns)
            episode = episodes.setdefault(
                row.episode_id,
                {
                    "id": _short(row.episode_id),
                    "model": _short(row.model),
                    "environment": row.environment,
                    "outcome": _short(outcomes.get(row.episode_id, "unfinished")),
                    "run": place,
                    "turns": [],
                },
            )
            shown = _turn(task, row, has_prompts)
            if row.condition == "natural" and (row.episode_id, row.turn) in effects:
                shown["h"] = effects[row.episode_id, row.turn]
            episode["turns"].append(shown)
        for episode in episodes.values():
            episode["turns"].sort(key=lambda turn: (turn["t"], turn["c"] != "natural", turn["c"]))
        kept += episodes.values()
    return {"episodes": kept, "left_out": len(sizes) - len(chosen), "rules": rules}


def _chosen(sizes: dict[tuple[int, str], int], most_turns: int) -> set[tuple[int, str]]:
    """Return the episodes to keep: all, or a seeded sample whose rows fit."""
    if sum(sizes.values()) <= most_turns:
        return set(sizes)
    order = generator(0, "trace").sample(sorted(sizes), len(sizes))
    kept: set[tuple[int, str]] = set()
    held = 0
    for episode in order:
        if held + sizes[episode] <= most_turns:
            kept.add(episode)
            held += sizes[episode]
    # If even the first episode is too long it is kept all the same, so that the viewer is not empty.
    return kept or {order[0]}


def _task(manifest: Mapping[str, Any]) -> tuple[Any, str]:
    """Return the environment of a run and its rules; None and no rules if it is not installed."""
    try:
        plan = manifest["plan"]
        task = open_environment(EnvironmentName.parse(str(plan["environment"])).name, dict(plan["parameters"]))
        # An imported run does not record the prompts of its harness, so Horizon's own must not be shown for it.
        return task, "" if "imported" in manifest else task.rules()
    except (HorizonError, KeyError, TypeError, ValueError):
        return None, ""


def _turn(task: Any, row: Turn, has_prompts: bool) -> dict[str, Any]:
    with naming(row):
        extra = json.loads(row.extra)
    prompt, board, best, answer = "", "", row.optimal_action, row.action
    if task is not None:
        try:
            state = task.load(row.state)
            if has_prompts:
                prompt = task.pose(state) if row.turn == 1 or row.condition == "fresh" else task.observe(state)
            # Only the FEN's placement is drawn: pieces in hand and variants are not part of it.
            board = split_position(task.engine_position(state) or "").fen
            best = _canonical_text(task, state, row.optimal_action)
            answer = _canonical_text(task, state, row.action) if row.error in ("none", "wrong") else row.action
        except Exception:  # noqa: BLE001 (an environment may raise anything on foreign rows)
            # A state of another version or another environment: its text is shown unchanged.
            prompt = ""
    return {
        "t": row.turn,
        "c": row.condition,
        "s": _short(row.state),
        "q": _short(prompt),
        "r": _short(row.reply),
        "a": answer and _short(answer),
        "o": best and _short(best),
        "e": row.error,
        "l": row.loss,
        "rl": row.random_loss,
        "p": row.prior_errors,
        "n": row.context_tokens,
        "b": board,
        "sub": _short(str(extra.get("played", ""))) if row.substituted else "",
    }


def _canonical_text(task: Any, state: Any, action: str | None) -> str | None:
    if action is None:
        return None
    text = str(task.render(state, action))
    return text.partition("Answer: ")[2].strip() or text


def _short(text: str) -> str:
    if len(text) <= LONGEST_TEXT:
        return text
    return f"{text[:LONGEST_TEXT]} [{len(text) - LONGEST_TEXT} more characters in the run folder]"
