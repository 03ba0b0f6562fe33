"""An `.eval` log of Inspect AI for each run: a sample per episode, its conversation, and the verdict of every turn.

`inspect view` opens it, and `horizon import` makes the run's rows of it again. The score of an episode is named after
its condition, and its metadata keeps the rows. Needs the extra `inspect`.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from horizon.core.errors import StoreError
from horizon.core.extras import require
from horizon.core.records import Episode, Message, Turn
from horizon.play.replay import replay_turn
from horizon.runs.row_format import SCHEMA_VERSION
from horizon.runs.run_data import RunData

RECORD = "horizon"
"""The key of the rows in a score's metadata."""
SCORER = "horizon/verdicts"
SOLVER = "horizon/play_turns"


def export(runs: Sequence[RunData], out: Path) -> list[Path]:
    """Write a log for each run and return the files.

    Raises:
        UsageError: Inspect is not installed, or a run was imported: what its model was shown is not in it.
        StoreError: the disk refuses.
    """
    require("inspect_ai", extra="inspect", purpose="exporting to inspect")
    from inspect_ai.log import write_eval_log

    files = []
    for number, run in enumerate(runs):
        log = _log(run)
        moment = log.eval.created.replace(":", "-")
        # The name that Inspect gives its own logs, which its viewer parses.
        files.append(out / f"{moment}_{log.eval.task.replace('_', '-')}_{log.eval.run_id}-{number}.eval")
        try:
            write_eval_log(log, str(files[-1]), format="eval")
        except OSError as problem:
            raise StoreError(f"{files[-1]} can't be written: {problem}") from problem
    return files


def score_of(plan: Mapping[str, Any], turns: Sequence[Mapping[str, Any]], episode: Mapping[str, Any]) -> Any:
    """Return the score of an episode under one condition, an `inspect_ai.scorer.Score`.

    Its value is the share of correct turns, not a number where there is none; its metadata has the error of every
    turn, and the rows as they were judged.
    """
    from inspect_ai.scorer import Score

    errors = [turn["error"] for turn in turns]
    record = {"schema_version": SCHEMA_VERSION, "plan": plan, "turns": turns, "episode": episode}
    listed = ", ".join(f"{turn['turn']}: {turn['error']}" for turn in turns)
    return Score(
        value=errors.count("none") / len(errors) if errors else float("nan"),
        answer=str(turns[-1]["reply"]) if turns else None,
        explanation=f"errors by turn: {listed}" if turns else "no turn was played",
        metadata={"error_by_turn": errors, RECORD: json.loads(json.dumps(record))},
    )


def chat_message(message: Message, metadata: dict[str, Any] | None = None) -> Any:
    """Return a message of a conversation as Inspect has it, an `inspect_ai.model.ChatMessage`."""
    from inspect_ai.model import ChatMessageAssistant, ChatMessageSystem, ChatMessageUser

    kinds = {"system": ChatMessageSystem, "user": ChatMessageUser, "assistant": ChatMessageAssistant}
    return kinds[message.role](content=message.content, metadata=metadata)


def _log(run: RunData) -> Any:
    from inspect_ai import log as logs
    from inspect_ai.model import GenerateConfig

    plan = dict(run.manifest["plan"])
    run_id = str(next(iter(run.turns["run_id"]), "")) or str(next(iter(run.episodes["run_id"]), "no-turn"))
    created = str(run.manifest.get("created") or datetime.fromtimestamp(0, UTC).isoformat())
    samples = [_sample(run, plan, Episode(**row)) for row in run.episodes.iter_rows(named=True)]
    config = GenerateConfig(temperature=plan.get("temperature"), max_tokens=plan.get("max_tokens"))
    ids = [sample.id for sample in samples]
    return logs.EvalLog(
        # Episodes that are still under way are no samples, as in a log that Inspect was stopped in.
        status="success" if len(samples) >= _n_planned(plan) else "cancelled",
        eval=logs.EvalSpec(
            run_id=run_id,
            eval_id=run_id,
            task_id=run_id,
            created=created,
            task=str(plan["environment"]),
            task_args={**plan.get("parameters", {}), "conditions": plan.get("conditions", [])},
            dataset=logs.EvalDataset(name=str(plan["environment"]), samples=len(samples), sample_ids=ids),
            model=str(plan["model"]),
            model_generate_config=config,
            config=logs.EvalConfig(epochs=1),
            packages={"horizon-testbed": str(run.manifest.get("horizon", ""))},
            metadata={"plan": plan, "model": run.manifest.get("model")},
        ),
        plan=logs.EvalPlan(name=SOLVER, steps=[logs.EvalPlanStep(solver=SOLVER, params={})], config=config),
        results=logs.EvalResults(
            total_samples=_n_planned(plan),
            completed_samples=sum(sample.error is None for sample in samples),
            scores=list(_results(samples, plan.get("conditions", ["natural"]))),
        ),
        stats=logs.EvalStats(started_at=created, completed_at=created),
        samples=samples,
    )


def _n_planned(plan: Mapping[str, Any]) -> int:
    return int(plan.get("episodes", 0)) * max(1, len(plan.get("opponents", ())))


def _sample(run: RunData, plan: dict[str, Any], episode: Episode) -> Any:
    from inspect_ai.log import EvalError, EvalSample
    from inspect_ai.model import ModelOutput

    rows = sorted(run.turns_of(episode.episode_id), key=lambda row: (row.condition, row.turn))
    by_condition = {condition: list(group) for condition, group in groupby(rows, key=lambda row: row.condition)}
    natural = by_condition.get("natural", [])
    messages = _conversation(run, natural) if natural else []
    known = [condition for condition in plan.get("conditions", ["natural"]) if condition in by_condition] or [
        "natural"
    ]
    scores = {
        condition: score_of(plan, [asdict(row) for row in by_condition.get(condition, ())], asdict(episode))
        for condition in known
    }
    return EvalSample(
        id=episode.episode_id,
        epoch=1,
        input=next((message.text for message in messages if message.role == "user"), ""),
        target="",
        messages=messages,
        output=ModelOutput.from_content(episode.model, natural[-1].reply) if natural else ModelOutput(),
        scores=scores,
        metadata={
            "seed": episode.seed,
            "instance": str(episode.seed),
            "environment": episode.environment,
            "parameters": json.loads(episode.parameters),
            "model": episode.model,
            "opponent": episode.opponent,
            "conditions": known,
            "turns": episode.turns,
            "outcome": episode.outcome,
        },
        model_usage=_usage(episode.model, rows),
        error=EvalError(message=episode.failure, traceback="", traceback_ansi="") if episode.failure else None,
    )


def _conversation(run: RunData, natural: Sequence[Turn]) -> list[Any]:
    """Return the natural conversation; a reply's metadata is its verdict."""
    last = natural[-1]
    shown = (*replay_turn(run, last.episode_id, last.turn).messages, Message("assistant", last.reply))
    verdicts = [verdict for row in natural for verdict in _verdicts(row)]
    places = [place for place, message in enumerate(shown) if message.role == "assistant"]
    # A model that continues one text, or reads a part of the history, has fewer replies in its last conversation.
    judged = dict(zip(reversed(places), reversed(verdicts), strict=False))
    return [chat_message(message, judged.get(place)) for place, message in enumerate(shown)]


def _verdicts(row: Turn) -> Iterator[dict[str, Any]]:
    """Yield the verdicts of a turn's failed attempts and of its last one."""
    for attempt in json.loads(row.extra).get("attempts", ()):
        yield {"turn": row.turn, "error": attempt["error"]}
    columns = ("turn", "error", "action", "optimal_action", "loss", "substituted")
    yield {column: getattr(row, column) for column in columns}


def _usage(model: str, rows: Sequence[Turn]) -> dict[str, Any]:
    from inspect_ai.model import ModelUsage

    if not rows or any(row.context_tokens is None or row.completion_tokens is None for row in rows):
        return {}
    n_in = sum(row.context_tokens or 0 for row in rows)
    n_out = sum(row.completion_tokens or 0 for row in rows)
    return {model: ModelUsage(input_tokens=n_in, output_tokens=n_out, total_tokens=n_in + n_out)}


def _results(samples: Sequence[Any], conditions: Sequence[str]) -> Iterator[Any]:
    """Yield each condition's metrics as Inspect computes them, over the samples that have a turn of it."""
    from inspect_ai.log import EvalMetric, EvalScore
    from inspect_ai.scorer import SampleScore, mean, stderr

    for condition in conditions:
        scored = [
            SampleScore(score=sample.scores[condition], sample_id=sample.id, sample_metadata=sample.metadata)
            for sample in samples
            if condition in sample.scores and sample.scores[condition].metadata["error_by_turn"]
        ]
        if not scored:
            continue
        errors = [error for one in scored for error in (one.score.metadata or {})["error_by_turn"]]
        values: dict[str, Any] = {"mean": mean()(scored), "stderr": stderr(cluster="instance")(scored)}
        values["turn_error_rate"] = 1 - errors.count("none") / len(errors)
        yield EvalScore(
            name=condition,
            scorer=SCORER,
            scored_samples=len(scored),
            unscored_samples=len(samples) - len(scored),
            metrics={name: EvalMetric(name=name, value=value) for name, value in values.items()},
        )


EXPORTER = export
