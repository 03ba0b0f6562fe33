"""Episodes in memory, for tests: any environment and any model, a plain function too, played without a folder.

The same turn loop as `horizon play`, so that the turns are those of a run. Opens what is named, closes what it opened.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from horizon.core.environment import Environment
from horizon.core.errors import ContractError, ModelFailure
from horizon.core.model import Model, Request
from horizon.core.records import Episode, Json, Reply, Turn

if TYPE_CHECKING:
    # Slow to import, and only needed once something is played or asserted.
    from horizon.analysis.turn_table import TurnTable
    from horizon.play.budget import Meter
    from horizon.play.opening import OpenModel
    from horizon.play.setting import ScoreSource, Setting
    from horizon.scenarios.scenario import Scenario


@dataclass(frozen=True)
class PlayedEpisodes:
    """What was played: the rows that a run folder would hold."""

    scenario: "Scenario"
    # Left out of what a failing test prints.
    turns: tuple[Turn, ...] = field(repr=False)
    episodes: tuple[Episode, ...] = field(repr=False)

    @property
    def episode(self) -> Episode:
        """The episode where there is one.

        Raises:
            ContractError: there are several.
        """
        if len(self.episodes) != 1:
            raise ContractError(f"{len(self.episodes)} episodes were played: look at .episodes")
        return self.episodes[0]

    def under(self, condition: str) -> tuple[Turn, ...]:
        """Return the turns under a condition, in order of episode and turn."""
        return tuple(turn for turn in self.turns if turn.condition == condition)

    @cached_property
    def table(self) -> "TurnTable":
        """The table that estimators and assertions read."""
        import polars as pl

        from horizon.analysis.turn_table import load_table
        from horizon.runs.tables import arrow_schema

        frames = []
        for kind, rows in ((Turn, self.turns), (Episode, self.episodes)):
            empty = pl.from_arrow(arrow_schema(kind).empty_table())
            assert isinstance(empty, pl.DataFrame)  # a table's type by construction, not a user's input
            frames.append(pl.DataFrame([asdict(row) for row in rows], schema=empty.schema))
        return load_table(*frames)


def play_episodes(
    environment: str | Environment[Any],
    model: str | Model = "random",
    *,
    judge: "ScoreSource | None" = None,
    opening: "OpenModel | None" = None,
    **settings: Any,
) -> PlayedEpisodes:
    """Play episodes into memory; `settings` are a scenario's keys, such as `episodes=8, turns=20, seed=1`.

    Without them one episode is played, under `natural` alone. An environment or a model may be given by name or as
    an object, which stays open. `judge` scores positions in place of the engine that chess would open; `opening`
    opens models by name and keeps them.

    Raises:
        UsageError: an unknown name or setting, or sides that the environment can't have.
        EngineFailure, ModelFailure: something needed is missing or every episode was aborted.
    """
    from horizon.play.opening import OpenParts, open_setting
    from horizon.scenarios.scenario import make

    name = environment if isinstance(environment, str) else environment.name
    keys = {"episodes": 1, "conditions": ("natural",), "environment": name, **settings}
    scenario = make({**keys, "model": model if isinstance(model, str) else model.name}, "play_episodes")
    parts = OpenParts(
        environment=None if isinstance(environment, str) else environment,
        model=None if isinstance(model, str) else model,
        judge=judge,
        open_model=opening,
    )
    with open_setting(scenario, parts) as setting:
        return play_setting(setting)


def play_setting(setting: "Setting", meter: "Meter | None" = None) -> PlayedEpisodes:
    """Play an open setting into memory; it stays open. `meter` counts what that costs, and may stop it.

    Raises:
        EngineFailure, ModelFailure: every episode was aborted.
    """
    from horizon.play.loop import play

    rows = _Rows()
    play(setting, rows, meter=meter)
    turns = sorted(rows.turns, key=lambda row: (row.episode_id, row.turn, row.condition))
    return PlayedEpisodes(setting.scenario, tuple(turns), tuple(sorted(rows.episodes, key=lambda row: row.episode_id)))


@dataclass(slots=True)
class _Rows:
    """A journal that forgets when the test ends."""

    turns: list[Turn] = field(default_factory=list)
    episodes: list[Episode] = field(default_factory=list)

    def append(self, record: Turn | Episode) -> None:
        if isinstance(record, Turn):
            self.turns.append(record)
        else:
            self.episodes.append(record)


@dataclass(frozen=True, slots=True)
class FunctionModel:
    """A model that is a function of the conversation; what it raises goes through to the test."""

    name: str
    function: Callable[[list[dict[str, str]]], str]
    reads_text: bool = True

    def identity(self) -> Mapping[str, Json]:
        """Return the function's name: nothing else is known of it."""
        return {
            "backend": "function",
            "function": self.name,
            "reproducible": False,
            "why": "a function may do anything",
        }

    def reply(self, requests: Sequence[Request]) -> list[Reply | ModelFailure]:
        """Answer every request, one after the other."""
        return [self._answer(request) for request in requests]

    def count_tokens(self, text: str) -> int | None:
        """Return None, as there is no tokenizer."""
        return None

    def close(self) -> None:
        """Free nothing, as nothing is held."""

    def _answer(self, request: Request) -> Reply:
        text = self.function([{"role": message.role, "content": message.content} for message in request.messages])
        if not isinstance(text, str):
            raise ContractError(f"{self.name} returned {text!r:.80}: a reply is a text")
        return Reply(text)


def model_of(
    reply: Callable[[str], str] | None = None, *, chat: Callable[[list[dict[str, str]]], str] | None = None
) -> FunctionModel:
    """Return the model of a function: `reply` is given the text of this turn alone, `chat` the whole conversation.

    A conversation is the list of messages that chat servers take: `[{"role": "user", "content": "..."}, ...]`. Only
    a `chat` function can lose focus over its history, or learn from it.

    Raises:
        ContractError: neither function was given, or both.
    """
    if chat is not None and reply is None:
        return FunctionModel(getattr(chat, "__name__", "chat"), chat)
    if reply is not None and chat is None:
        return FunctionModel(getattr(reply, "__name__", "reply"), lambda messages: reply(messages[-1]["content"]))
    raise ContractError("model_of takes one function: of a text, or chat= of a list of messages")
