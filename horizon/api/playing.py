"""`horizon.play`: a scenario's keys in, a `Run` out, in memory or in a folder.

Opens what is named and closes it again; what is handed over stays open.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from horizon.api.run import Folder, Run, load
from horizon.core.environment import Environment, notes_of, open_environment
from horizon.core.errors import UsageError
from horizon.core.model import Model
from horizon.core.parameters import values
from horizon.runs.prices import PriceSource, as_price_list
from horizon.runs.run_data import data_of
from horizon.runs.run_folder import check_new

if TYPE_CHECKING:
    from horizon.play.budget import Meter, Spending
    from horizon.play.opening import OpenParts
    from horizon.scenarios.scenario import Scenario

Chat = Callable[[list[dict[str, str]]], str]
"""A model as a function: the conversation as `[{"role": "user", "content": "..."}, ...]` in, the reply out."""


def play(
    environment: str | Environment[Any] = "chess",
    *,
    model: str | Model | Chat = "smollm2",
    opponent: str | Sequence[str] | None = None,
    episodes: int = 8,
    turns: int = 40,
    conditions: Sequence[str] = ("natural", "fresh"),
    seed: int = 0,
    out: Folder | None = None,
    base_urls: Sequence[str] = (),
    prices: PriceSource | None = None,
    max_cost: float | None = None,
    **scenario: Any,
) -> Run:
    """Play a model through many turns, judge every turn, and return the run.

    Parameters
    ----------
    environment
        A name with its parameters, such as `hanoi:disks=4`, or an `Environment`.
    model
        A name such as `smollm2`, `hf:ORG/NAME` or `random`; a `Model`; or a function of the conversation, which is a
        list of messages `{"role": ..., "content": ...}`, that returns the reply.
    opponent
        One or several opponents of a two-sided environment; by default its own, such as Stockfish level 1 in chess.
    episodes, turns
        Episodes against each opponent, and the most model turns per episode.
    conditions
        How the history is shown: `natural` and probes such as `fresh`, `healed`, `corrupted:0.3`.
    seed
        The seed of everything random.
    out
        The run folder to write; by default the run is kept in memory.
    base_urls
        Servers of `openai:` models.
    prices
        What a million tokens cost: `{"input": 0.15, "output": 0.60}` and perhaps `cached_input`, a mapping of models
        to such prices, or a TOML file of them. Analysis and report then have costs.
    max_cost
        The cost at which playing stops, after the requests under way; needs `prices`. What was played is returned,
        and `warnings` of the run name the stop.
    **scenario
        Any further key of a scenario, such as `max_tokens=64` or `judge_engine="none"`.

    Returns
    -------
    Run
        The same type for memory and folder.

    Raises
    ------
    UsageError
        An unknown name or key, an impossible value, a limit without prices, or a folder that can't be used.
    EngineFailure, ModelFailure
        Something needed is missing, or every episode was aborted.

    Examples
    --------
    >>> import horizon
    >>> run = horizon.play("running_total", model="synthetic:hazard=0.1", episodes=4, turns=6, conditions=["natural"])
    >>> run.turns.height
    24
    """
    from horizon.play.opening import OpenParts
    from horizon.scenarios.scenario import make

    player = _player(model)
    task = None if isinstance(environment, str) else environment
    keys = {
        "environment": environment if task is None else task.name,
        "model": player if isinstance(player, str) else player.name,
        "episodes": episodes,
        "turns": turns,
        "conditions": tuple(conditions),
        "seed": seed,
        **scenario,
    }
    if task is not None:
        keys["parameters"] = values(task)
    if opponent is not None:
        keys["opponents"] = (opponent,) if isinstance(opponent, str) else tuple(opponent)
    wanted = make(keys, "horizon.play")
    opened = None if isinstance(player, str) else player
    parts = OpenParts(environment=task, model=opened, base_urls=tuple(base_urls), chooses_engine=True)
    spending = _spending(prices, max_cost)
    if out is None:
        return _play_in_memory(wanted, parts, spending)
    if task is not None:
        _refuse_unnamed(task)
    return _play_into(wanted, parts, Path(out), spending)


def _spending(prices: PriceSource | None, max_cost: float | None) -> "Spending":
    """Return prices and limit.

    Raises:
        UsageError: a price or the limit is out of range, or there is a limit and no price.
    """
    from horizon.play.budget import Spending

    if max_cost is not None:
        if not isinstance(max_cost, int | float) or not 0 < max_cost < float("inf"):
            raise UsageError(f"max_cost={max_cost!r:.40} is no limit: give an amount above 0")
        if prices is None:
            raise UsageError('max_cost needs prices: give prices={"input": 0.15, "output": 0.60}, per million tokens')
    return Spending(None if prices is None else as_price_list(prices), max_cost)


def _player(model: str | Model | Chat) -> str | Model:
    from horizon.play.in_memory import model_of

    if isinstance(model, str) or hasattr(model, "reply"):
        return model  # type: ignore[return-value]
    if callable(model):
        return model_of(chat=model)
    raise UsageError(f"model {model!r:.60} is no model: give a name, a Model or a function of the conversation")


def _play_into(scenario: "Scenario", parts: "OpenParts", folder: Path, spending: "Spending") -> Run:
    from horizon.play.calibration import open_calibrated
    from horizon.play.session import RunOptions, run_opened

    # Refuse a folder that can't be used before the model's slow loading.
    check_new(folder)
    with open_calibrated(scenario, parts, folder=folder) as setting:
        finished = run_opened(setting, folder, RunOptions(spending=spending))
    again = f"; continue with: horizon play --resume --out {folder} --max-cost AMOUNT"
    stopped = _stop_of(finished.meter, spending, again)
    return replace(load(folder), warnings=(*finished.warnings, *stopped))


def _stop_of(meter: "Meter", spending: "Spending", again: str = "") -> tuple[str, ...]:
    """Return the warning of a run that the cost limit stopped."""
    return (f"stopped at max_cost {spending.max_cost:g}: {meter.reason}{again}",) if meter.has_stopped else ()


def _play_in_memory(scenario: "Scenario", parts: "OpenParts", spending: "Spending") -> Run:
    from horizon.play.calibration import open_calibrated
    from horizon.play.in_memory import play_setting
    from horizon.play.metering import meter_of, with_cost_stop, with_unrecorded
    from horizon.play.session import manifest_of
    from horizon.runs.manifest import CALIBRATION

    with open_calibrated(scenario, parts) as setting:
        started = manifest_of(setting)
        if setting.calibration is not None:
            started[CALIBRATION] = dict(setting.calibration)
        meter, manifest, warnings = meter_of(started, setting, spending)
        played = play_setting(setting, meter)
        planned = scenario.episodes * max(1, len(setting.opponents))
    manifest = with_cost_stop(with_unrecorded(manifest, meter), meter, len(played.episodes), planned)
    notes = (*warnings, *_stop_of(meter, spending), *notes_of(setting.task))
    return Run((data_of(manifest, played.turns, played.episodes),), parts.environment, notes)


def _refuse_unnamed(environment: Environment[Any]) -> None:
    """Refuse an environment whose name does not open it: nobody could resume its run or show a turn of it.

    Raises:
        UsageError: it is not installed, or its name opens another one.
    """
    try:
        is_same = open_environment(environment.name, values(environment)) == environment  # type: ignore[arg-type]
    except UsageError:
        is_same = False
    if not is_same:
        raise UsageError(
            f"environment {environment.name} is not installed, and a run folder needs its name: leave out `out`, or "
            "install it by an entry point"
        )
