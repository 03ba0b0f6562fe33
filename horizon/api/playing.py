"""`horizon.play`: a scenario's keys in, a `Run` out, in memory or in a folder.

Opens what is named and closes it again; what is handed over stays open.
"""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from horizon.api.run import Folder, Run, load
from horizon.core.environment import Environment, default_opponent_of, files_of, notes_of, open_environment
from horizon.core.errors import UsageError
from horizon.core.model import Model, ModelOptions, open_model
from horizon.core.parameters import values
from horizon.runs import manifest as manifests
from horizon.runs.run_data import data_of

if TYPE_CHECKING:
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
    **scenario
        Any further key of a scenario, such as `max_tokens=64` or `judge_engine="none"`.

    Returns
    -------
    Run
        The same type for memory and folder.

    Raises
    ------
    UsageError
        An unknown name or key, an impossible value, or a folder that can't be used.
    EngineFailure, ModelFailure
        Something needed is missing, or every episode was aborted.

    Examples
    --------
    >>> import horizon
    >>> run = horizon.play("running_total", model="synthetic:hazard=0.1", episodes=4, turns=6, conditions=["natural"])
    >>> run.turns.height
    24
    """
    from horizon.scenarios.scenario import make

    player = _player(model)
    name = environment if isinstance(environment, str) else environment.name
    given = {
        "environment": name,
        "model": player if isinstance(player, str) else player.name,
        "opponents": _opponents(environment, opponent),
        "episodes": episodes,
        "turns": turns,
        "conditions": tuple(conditions),
        "seed": seed,
        **scenario,
    }
    if not isinstance(environment, str):
        given["parameters"] = values(environment)
    wanted = make(given, "horizon.play")
    servers = tuple(base_urls)
    if out is None:
        return _play_in_memory(wanted, environment, player, servers)
    if not isinstance(environment, str):
        _refuse_unnamed(environment)
    return _play_into(wanted, player, Path(out), servers)


def _opponents(environment: str | Environment[Any], opponent: str | Sequence[str] | None) -> tuple[str, ...]:
    """Return the opponents that are named, else the default one of an environment that has an opponent."""
    if opponent is not None:
        return (opponent,) if isinstance(opponent, str) else tuple(opponent)
    task = open_environment(environment) if isinstance(environment, str) else environment
    default = default_opponent_of(task) if task.has_opponent else None
    return () if default is None else (default,)


def _player(model: str | Model | Chat) -> str | Model:
    from horizon.play.in_memory import model_of

    if isinstance(model, str) or hasattr(model, "reply"):
        return model  # type: ignore[return-value]
    if callable(model):
        return model_of(chat=model)
    raise UsageError(f"model {model!r:.60} is no model: give a name, a Model or a function of the conversation")


def _play_into(scenario: "Scenario", model: str | Model, folder: Path, base_urls: tuple[str, ...]) -> Run:
    from horizon.play import session

    opened = model if not isinstance(model, str) else None
    finished = session.run(scenario, folder, base_urls=base_urls, model=opened)
    return replace(load(folder), warnings=finished.warnings)


def _play_in_memory(
    scenario: "Scenario", environment: str | Environment[Any], model: str | Model, base_urls: tuple[str, ...]
) -> Run:
    from horizon.play import session
    from horizon.play.in_memory import play_episodes
    from horizon.scenarios.compatibility import opponent_model

    task = environment
    if isinstance(task, str):
        task = open_environment(scenario.environment, dict(scenario.parameters))
    with ExitStack() as stack:
        opened: dict[str, Model] = {}

        def open_here(name: str, options: ModelOptions) -> Model:
            opened[name] = open_model(name, options)
            stack.callback(opened[name].close)
            return opened[name]

        session.check_sides(scenario, task)
        judge = session.open_judge(stack, scenario, task)
        player = model if not isinstance(model, str) else open_here(model, session.options_of(scenario, base_urls))
        keys = scenario.model_dump(exclude={"environment", "model"}, exclude_unset=True)
        played = play_episodes(task, player, judge=judge, opening=open_here, **keys)
        manifest = manifests.make(
            session.plan_of(scenario, task),
            files=files_of(task),
            model_identity=dict(player.identity()),
            opponent_identities={name: dict(opened[opponent_model(name)].identity()) for name in scenario.opponents},
            judge_identity=judge.identity() if judge is not None else None,
        )
    data = data_of(manifest, played.turns, played.episodes)
    return Run((data,), None if isinstance(environment, str) else environment, notes_of(task))


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
