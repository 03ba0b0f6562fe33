"""Run folders of a stranger: every column and every key of the manifest altered, then reported, shown and resumed.

Run: python benchmarks/reliability/strangers.py [FOLDER [ENVIRONMENT...]]. Each alteration must end as a result or as
one line (`HorizonError`); anything else is printed with its exception.
"""

import contextlib
import io
import json
import os
import shutil
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

os.environ["HF_HUB_OFFLINE"] = "1"

import polars as pl

import horizon
from horizon.core.errors import HorizonError
from horizon.play import session
from horizon.play.plan import resumed_scenario
from horizon.report.cautions import limits
from horizon.report.chart_builders import charts_of
from horizon.report.episode_viewer import trace
from horizon.report.headline import headline
from horizon.report.made_by import command
from horizon.runs import run_folder
from horizon.scenarios.scenario import make

ENVIRONMENTS = tuple(sys.argv[2:]) or ("running_total", "hanoi:disks=3", "chess", "permutation")
ODD: tuple[Any, ...] = (None, 7, -1, 2**70, 1e308, "x\x1b[31m\u202e", "", [], [1, None], {"a": [1]}, True, "[" * 50)
COLUMNS: dict[str, tuple[Any, ...]] = {
    "String": (
        "",
        "zz | q",
        "[1",
        "{",
        "{}",
        "[]",
        '{"a":1e999}',
        "\x1b]0;x\x07\u202e",
        "x" * 100_000,
        "[" * 60_000,
        None,
    ),
    "Int64": (-1, 0, 2**62, None),
    "Float64": (float("nan"), float("inf"), -5.0, 1e308, None),
    "Boolean": (None,),
}


def alterations(folder: Path) -> Iterator[tuple[str, Callable[[], object]]]:
    """Yield a name and a function that alters the folder, which holds a finished run without its journal."""
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    for key in manifest:
        for value in ODD:
            yield f"manifest {key}={value!r:.20}", partial(path.write_text, json.dumps({**manifest, key: value}))
    for key in manifest["plan"]:
        for value in ODD:
            changed = {**manifest, "plan": {**manifest["plan"], key: value}}
            yield f"plan {key}={value!r:.20}", partial(path.write_text, json.dumps(changed))
    for text in ("", "[]", "null", "[" * 100_000, '{"schema_version":1}', '{"schema_version":1,"plan":[]}', "\0"):
        yield f"manifest {text[:20]!r}", partial(path.write_text, text)
    for name in ("turns.parquet", "episodes.parquet"):
        table, target = pl.read_parquet(folder / name), folder / name
        for column, kind in table.schema.items():
            for value in COLUMNS[str(kind)]:
                series = pl.Series(column, [value, *table[column].to_list()[1:]], dtype=kind)
                yield f"{name} {column}={value!r:.20}", partial(table.with_columns(series).write_parquet, target)
            yield f"{name} {column} dropped", partial(table.drop(column).write_parquet, target)
            listed = table.with_columns(pl.lit([1]).alias(column))
            yield f"{name} {column} retyped", partial(listed.write_parquet, target)


def use(folder: Path) -> Iterator[tuple[str, Callable[[], object]]]:
    """Yield what a person does with a folder."""

    def report() -> None:
        analysis = horizon.load(folder).analyze()
        for describe in (str, headline, limits, charts_of):
            describe(analysis)
        command(analysis.runs)
        json.dumps(trace(analysis.runs))

    def resume() -> None:
        scenario = resumed_scenario(run_folder.read_manifest(folder), {})
        session.run(scenario, folder, session.RunOptions(resume=True))

    yield "report", report
    yield "show", lambda: str(horizon.load(folder).show(0, 1))
    yield "resume", resume


def _place(problem: Exception) -> str:
    frames = [each for each in traceback.extract_tb(problem.__traceback__) if "/horizon/" in each.filename]
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno} {type(problem).__name__}"


def main() -> None:
    """Try everything and print the counts."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(tempfile.mkdtemp())
    outcomes: Counter[str] = Counter()
    for environment in ENVIRONMENTS:
        opponents = ["random"] if environment == "chess" else []
        given = {"environment": environment, "model": "random", "episodes": 2, "turns": 3, "opponents": opponents}
        base, work = folder / "base", folder / "work"
        shutil.rmtree(base, ignore_errors=True)
        session.run(make({**given, "judge_engine": "none"}, "strangers"), base)
        (base / "turns.jsonl").unlink()
        manifest = json.loads((base / "manifest.json").read_text())
        del manifest["written"], manifest["checksum"]
        (base / "manifest.json").write_text(json.dumps(manifest))
        shutil.rmtree(work, ignore_errors=True)
        shutil.copytree(base, work)
        for name, alter in list(alterations(work)):
            alter()
            for action, do in use(work):
                try:
                    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                        do()
                    outcomes["a result"] += 1
                except HorizonError:
                    outcomes["one line"] += 1
                except Exception as problem:  # noqa: BLE001 (what is looked for)
                    outcomes["TRACEBACK"] += 1
                    print(f"{action} at {_place(problem)}: {environment} {name}: {problem!s:.90}", flush=True)
            shutil.rmtree(work)
            shutil.copytree(base, work)
        print(environment, dict(outcomes), flush=True)


if __name__ == "__main__":
    main()
