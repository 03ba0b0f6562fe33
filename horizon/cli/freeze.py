"""The command `horizon freeze`: a scenario file in, its plan with claims and analysis version out, under one hash."""

import json
from pathlib import Path
from typing import Annotated

import typer

from horizon.core.errors import UsageError


def freeze(
    scenario: Annotated[str, typer.Argument(help="name of a shipped scenario, or a TOML file")],
    out: Annotated[Path, typer.Option(help="file to write, such as plan.frozen.json")],
) -> None:
    """Write a study's plan and its hash, before it is played.

    The plan has every run with its seeds, the claims, and the version of the analysis.

    After playing, horizon report RUN --frozen FILE shows whether the plan was kept, and names every deviation: another
    setting, missing or aborted episodes, changed claims, other code, runs that were not planned.

    Example: horizon freeze scenarios/focus.toml --out focus.frozen.json
    """
    from horizon.core.environment import open_environment
    from horizon.core.registry import names
    from horizon.play.plan import expectations_json, plan_of
    from horizon.runs.registration import register
    from horizon.runs.replacing import make_folder, replace_text
    from horizon.scenarios.compatibility import with_opponent
    from horizon.scenarios.scenario import read_suite

    if out.exists():
        raise UsageError(f"{out} exists: a frozen plan is not overwritten; choose another --out")
    suite, planned = read_suite(scenario), []
    for variant in suite.variants:
        task = open_environment(variant.scenario.environment, dict(variant.scenario.parameters))
        wanted = with_opponent(variant.scenario, task)
        planned.append({"name": variant.name, "plan": plan_of(wanted, task), **expectations_json(wanted)})
    registration = register(suite.name, planned, names("estimators"))
    make_folder(out.parent)
    replace_text(out, json.dumps(registration, indent=1, sort_keys=True) + "\n")
    typer.echo(f"{out}: {len(planned)} runs, hash {registration['hash']}")
