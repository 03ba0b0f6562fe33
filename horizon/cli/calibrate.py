"""The command `horizon calibrate`: a model and an environment in, the setting that errs at a target rate out.

Heavy imports are inside, as in `cli`.
"""

import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from horizon.core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from horizon.core.parameters import Value
    from horizon.play.calibration import Calibration
    from horizon.play.calibration_plan import CalibrationPlan


def calibrate(
    context: typer.Context,
    model: Annotated[str, typer.Option(help="smollm2, hf:ORG/NAME, openai:NAME, ...")],
    env: Annotated[str, typer.Option(help="environment; parameters given here are kept, as permutation:cups=4")],
    target: Annotated[float, typer.Option(help="error rate wanted on turns without a history")] = 0.1,
    knob: Annotated[
        list[str] | None,
        typer.Option(help="parameter to vary with its values, easiest first: disks=1..8 or words=2,5,10; repeatable"),
    ] = None,
    most_turns: Annotated[int, typer.Option(help="most fresh turns to play")] = 150,
    seed: Annotated[int, typer.Option(help="seed of the instances and of the order of settings")] = 0,
    out: Annotated[Path | None, typer.Option(help="scenario file to write, at the setting found")] = None,
    base_url: Annotated[list[str] | None, typer.Option(help="server of openai: models; repeatable")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="continue after an interruption")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """Find the setting at which a model errs at a target rate.

    From there a rise of its errors can be measured. Plays single turns without a history, each at the most informative
    setting, until the result is clear or --most-turns are played. Varies the environment's own parameters (see
    docs/environments.md), or those of --knob. Prints the settings tried, and the text for --env; --out writes a
    scenario with it.

    Every scenario key about requests to the model is an option, such as --max-tokens 64. A scenario file with
    calibrate = 0.1 is calibrated automatically before it is played.

    Every turn is kept as it comes, in results/calibrate, or beside --out as FILE.calibration.jsonl. After an
    interruption the same command with --resume continues, and finds the setting that it would have found; a larger
    --most-turns asks for more.

    Example: horizon calibrate --model smollm2 --env running_total --target 0.2 --max-tokens 24
    """
    from horizon.cli.continuing import resume_command, telling_how_to_continue
    from horizon.cli.flags import read_flags
    from horizon.core.environment import open_environment
    from horizon.play.calibration import as_kept, keep_calibrating
    from horizon.play.calibration_plan import plan_calibration
    from horizon.play.opening import OpenParts, open_setting
    from horizon.runs.calibration_file import check_startable, holds_calibration
    from horizon.scenarios.compatibility import adapt
    from horizon.scenarios.scenario import Scenario, make

    others = {"expect", "description", "episodes", "turns", "conditions", "opponents", "calibrate"}
    keys = {*Scenario.model_fields} - others
    flags = read_flags(context.args, keys, others=context.params)
    if not 0 < target < 1:
        raise UsageError(f"--target {target:g} is no error rate: give one between 0 and 1, such as 0.1")
    if most_turns < 1:
        raise UsageError(f"--most-turns {most_turns}: give at least 1")
    if out is not None and out.exists() and not resume:
        raise UsageError(f"{out} exists: choose another --out")
    varied = dict(_knob(text) for text in knob or ())
    if len(varied) < len(knob or ()):
        raise UsageError("--knob names a parameter twice: give all its values at once, as disks=1,2,4")
    path = _turns_file(out, f"{env}-{model}-{target:g}-{seed}")
    wanted = make({"model": model, "environment": env, "seed": seed, **flags}, "command line")
    scenario = as_kept(wanted, path)

    def plan_of(scenario: Scenario, task: Any) -> "CalibrationPlan":
        return plan_calibration(adapt(scenario, task), task, target, knobs=varied, most_turns=most_turns)

    def show(so_far: "Calibration") -> None:
        if so_far.turns:
            typer.echo(f"{so_far.turns} turns: {so_far.name} errs at {so_far.percent}", err=True)

    # Refuse a file that can't be used before the model's slow loading.
    task = open_environment(scenario.environment, dict(scenario.parameters))
    check_startable(path, plan_of(scenario, task).as_json(), resume=resume)
    parts = OpenParts(base_urls=tuple(base_url or ()), chooses_engine=True)
    with (
        telling_how_to_continue(lambda: holds_calibration(path), partial(resume_command, None)),
        open_setting(scenario, parts, lambda text: typer.echo(text, err=True)) as setting,
    ):
        plan = plan_of(setting.scenario, setting.task)
        outcome = keep_calibrating(plan, setting.model, path, resume=resume, watch=show)
    if out is not None:
        _write(out, wanted, outcome)
    if as_json:
        typer.echo(json.dumps(outcome.as_json(), indent=1))
        return
    for setting_tried in outcome.tried:
        settings = " ".join(f"{name}={value}" for name, value in setting_tried.parameters.items())
        typer.echo(f"{settings:<32} {setting_tried.errors:>3} wrong of {setting_tried.turns:>3}")
    typer.echo(outcome.sentence)
    typer.echo(f"--env {outcome.name}")


def _knob(text: str) -> "tuple[str, Sequence[Value]]":
    """Return a parameter's name and values, from `disks=1..8` or `words=2,5,10`.

    Raises:
        UsageError: neither of these forms.
    """
    name, equals, values = text.partition("=")
    first, dots, last = values.partition("..")
    wrong = UsageError(f"--knob {text} is not understood: write disks=1..8 or words=2,5,10")
    if not equals or not name or not values:
        raise wrong
    if not dots:
        return name, tuple(filter(None, values.split(",")))
    try:
        low, high = int(first), int(last)
    except ValueError:
        raise wrong from None
    if low == high:
        raise UsageError(f"--knob {text} has one value: there is nothing to vary")
    return name, tuple(range(low, high + 1)) if low < high else tuple(range(low, high - 1, -1))


def _turns_file(out: Path | None, name: str) -> Path:
    """Return where the turns are kept: beside the scenario to write, or below `results/calibrate`."""
    from horizon.cli.continuing import slug_of
    from horizon.runs.calibration_file import NAME

    folder, stem = (Path("results") / "calibrate", slug_of(name)) if out is None else (out.parent, out.stem)
    return folder / f"{stem}.{NAME}"


def _write(path: Path, scenario: Any, outcome: "Calibration") -> None:
    """Write a scenario at the setting found.

    Raises:
        UsageError: another file is there.
    """
    from horizon.runs.replacing import make_folder, replace_text

    lines = [f"# {outcome.sentence}", f"environment = {json.dumps(outcome.environment)}"]
    lines += [f"model = {json.dumps(scenario.model)}", "", "[parameters]"]
    lines += [f"{name} = {json.dumps(value)}" for name, value in outcome.parameters.items()]
    text = "\n".join(lines) + "\n"
    if path.exists() and path.read_bytes() != text.encode():
        raise UsageError(f"{path} exists, and holds something else: choose another --out")
    make_folder(path.parent)
    replace_text(path, text)
