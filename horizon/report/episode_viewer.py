"""The episodes of runs as plain data for the page's viewer: what was asked, replied, judged, turn by turn.

Large runs are thinned, whole episodes at a time; statistics never come from here. Texts are data and never markup.
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
"""Rows that the viewer holds; beyond, whole episodes are left out by seed."""
LONGEST_TEXT = 20_000
"""Characters of a text that the viewer holds; the run folder keeps all."""


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
        is_asked = bool(rule)
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
            shown = _turn(task, row, is_asked)
            if row.condition == "natural" and (row.episode_id, row.turn) in effects:
                shown["h"] = effects[row.episode_id, row.turn]
            episode["turns"].append(shown)
        for episode in episodes.values():
            episode["turns"].sort(key=lambda each: (each["t"], each["c"] != "natural", each["c"]))
        kept += episodes.values()
    return {"episodes": kept, "left_out": len(sizes) - len(chosen), "rules": rules}


def _chosen(sizes: dict[tuple[int, str], int], most_turns: int) -> set[tuple[int, str]]:
    """Return the episodes to keep: all, or a seeded sample whose rows fit."""
    if sum(sizes.values()) <= most_turns:
        return set(sizes)
    order = generator(0, "trace").sample(sorted(sizes), len(sizes))
    found: set[tuple[int, str]] = set()
    held = 0
    for each in order:
        if held + sizes[each] <= most_turns:
            found.add(each)
            held += sizes[each]
    # One episode alone may be too long for the page: better its beginning than nothing, cut in `trace`.
    return found or {order[0]}


def _task(manifest: Mapping[str, Any]) -> tuple[Any, str]:
    """Return the environment that a run was played in and its rules; nulls where it is not installed here."""
    try:
        plan = manifest["plan"]
        task = open_environment(EnvironmentName.parse(str(plan["environment"])).name, dict(plan["parameters"]))
        # What another harness asked is not in an imported run, so none of our own wording may be shown for it.
        return task, "" if "imported" in manifest else task.rules()
    except (HorizonError, KeyError, TypeError, ValueError):
        return None, ""


def _turn(task: Any, row: Turn, is_asked: bool) -> dict[str, Any]:
    with naming(row):
        extra = json.loads(row.extra)
    asked, board, best, said = "", "", row.optimal_action, row.action
    if task is not None:
        try:
            state = task.load(row.state)
            if is_asked:
                asked = task.pose(state) if row.turn == 1 or row.condition == "fresh" else task.observe(state)
            # The FEN's placement alone is drawn: men in hand and variants are no part of it.
            board = split_position(task.engine_position(state) or "").fen
            best = _spoken(task, state, row.optimal_action)
            said = _spoken(task, state, row.action) if row.error in ("none", "wrong") else row.action
        except Exception:  # noqa: BLE001 (whatever an environment raises of a stranger's row)
            # A state of another version of the environment, or none of it: its text is shown as it is.
            asked = ""
    return {
        "t": row.turn,
        "c": row.condition,
        "s": _short(row.state),
        "q": _short(asked),
        "r": _short(row.reply),
        "a": said and _short(said),
        "o": best and _short(best),
        "e": row.error,
        "l": row.loss,
        "rl": row.random_loss,
        "p": row.prior_errors,
        "n": row.context_tokens,
        "b": board,
        "sub": _short(str(extra.get("played", ""))) if row.substituted else "",
    }


def _spoken(task: Any, state: Any, action: str | None) -> str | None:
    if action is None:
        return None
    said = str(task.render(state, action))
    return said.partition("Answer: ")[2].strip() or said


def _short(text: str) -> str:
    if len(text) <= LONGEST_TEXT:
        return text
    return f"{text[:LONGEST_TEXT]} [{len(text) - LONGEST_TEXT} more characters in the run folder]"
