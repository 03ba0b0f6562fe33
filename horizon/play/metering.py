"""A run's meter opened from its folder and written back: what was spent before counts, and a stop is recorded.

Where prices, the manifest and the meter meet; plays nothing.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from horizon.core.errors import UsageError
from horizon.core.records import Turn
from horizon.play.budget import Meter, Spending
from horizon.play.setting import Setting
from horizon.runs import manifest as manifests
from horizon.runs import run_folder
from horizon.runs.manifest import CALIBRATION, COST_STOP
from horizon.runs.prices import PriceList, prices_in, with_prices
from horizon.runs.usage import UNRECORDED, USAGE, Usage, usage_in, usage_of_rows


def open_meter(folder: Path, setting: Setting, spending: Spending, turns: Sequence[Turn]) -> tuple[Meter, list[str]]:
    """Return the meter of a run that is started or resumed in a folder, and warnings on its prices.

    `turns` are in the journal already. New prices go into the manifest, and hold for the whole run.

    Raises:
        UsageError: there is a limit, and no price of the model.
    """
    stored: Any = run_folder.read_manifest(folder)
    meter, priced, warnings = meter_of(stored, setting, spending, turns)
    if priced != stored:
        manifests.write(folder, priced)
    return meter, warnings


def meter_of(
    stored: Any, setting: Setting, spending: Spending, turns: Sequence[Turn] = ()
) -> tuple[Meter, dict[str, Any], list[str]]:
    """Return the meter of a run with this manifest, the manifest with its prices, and warnings on those.

    Raises:
        UsageError: there is a limit, and no price of the model.
    """
    model = setting.model.name
    before, given = prices_in(stored).of(model), spending.prices
    now = given.of(model, setting.scenario.model) if given is not None else None
    warnings = []
    if given is not None and now is None:
        warnings.append(f"{given.lacks(model)}: this run has no cost")
    if now is not None and before not in (None, now):
        warnings.append("the prices are not those of the start: the whole run is costed at the new ones")
    priced = stored if now in (None, before) else with_prices(stored, PriceList({model: now}), (model,))
    prices = now or before
    if prices is None and spending.max_cost is not None:
        reason = given.lacks(model) if given is not None else "give --price-in and --price-out, or --prices FILE"
        raise UsageError(f"--max-cost needs the prices of {model}: {reason}")
    recorded = usage_of_rows(turns)
    spent = recorded + unrecorded_in(stored)
    limit = None if spending.max_cost is None else spending.max_cost - spending.spent_before
    return Meter(prices, limit, spent, recorded), priced, warnings


def unrecorded_in(manifest: Any) -> Usage:
    """Return what a manifest keeps of requests that are in no row: cut-off turns, and the calibration's."""
    calibration = manifest.get(CALIBRATION) or {}
    return usage_in(manifest.get(UNRECORDED)) + usage_in(calibration.get(USAGE))


def store_unrecorded(folder: Path, meter: Meter) -> None:
    """Write into the manifest what was spent on replies that are in no row; the calibration's are there already."""
    stored: Any = run_folder.read_manifest(folder)
    noted = with_unrecorded(stored, meter)
    if noted != stored:
        manifests.write(folder, noted)


def with_unrecorded(stored: Any, meter: Meter) -> dict[str, Any]:
    """Return a manifest with what was spent on replies that are in no row."""
    left = meter.left_out - usage_in((stored.get(CALIBRATION) or {}).get(USAGE))
    return {**stored, UNRECORDED: left.as_json()} if left.requests else stored


def mark_cost_stop(folder: Path, meter: Meter, episodes: int, planned: int) -> None:
    """Write into the manifest whether the cost limit stopped the run, why, and after how many ended episodes."""
    stored = run_folder.read_manifest(folder)
    marked = with_cost_stop(stored, meter, episodes, planned)
    if marked != stored:
        manifests.write(folder, marked)


def with_cost_stop(stored: Any, meter: Meter, episodes: int, planned: int) -> dict[str, Any]:
    """Return a manifest that has the cost limit's stop, if it stopped the run."""
    others = {key: value for key, value in stored.items() if key != COST_STOP}
    return (
        {**others, COST_STOP: {**meter.as_json(), "episodes": episodes, "of": planned}}
        if meter.has_stopped
        else others
    )


def cost_of(folder: Path) -> float:
    """Return what the run in a folder has cost, as far as prices and counts are known."""
    stored: Any = run_folder.read_manifest(folder)
    prices = prices_in(stored)
    models = [prices.of(str((stored.get("plan") or {}).get("model"))), *prices.models.values()]
    own = next((known for known in models if known is not None), None)
    usage = usage_of_rows(run_folder.iterate_turns(folder)) + unrecorded_in(stored)
    return usage.cost(own) if own is not None else 0.0
