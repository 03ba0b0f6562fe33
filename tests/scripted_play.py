"""What tests of the turn loop play with: a journal in memory, a scripted model, and a run of `doors`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from doors import Doors

from horizon.core.errors import ModelFailure
from horizon.core.model import Request
from horizon.core.records import Episode, Json, Reply, Turn
from horizon.core.seeds import generator
from horizon.play.loop import Played, play
from horizon.play.setting import Setting
from horizon.scenarios.scenario import Scenario, make


@dataclass
class Listed:
    """A journal in memory that can stop the program after some records, as a kill would."""

    records: list[Turn | Episode] = field(default_factory=list)
    most: int | None = None

    def append(self, record: Turn | Episode) -> None:
        if self.most is not None and len(self.records) >= self.most:
            raise KeyboardInterrupt
        self.records.append(record)

    @property
    def turns(self) -> list[Turn]:
        return [each for each in self.records if isinstance(each, Turn)]

    @property
    def episodes(self) -> list[Episode]:
        return [each for each in self.records if isinstance(each, Episode)]


@dataclass
class Scripted:
    """A model that replies by a function of the request."""

    script: Callable[[Request], Reply | ModelFailure]
    name: str = "scripted"
    reads_text: bool = True
    requests: list[Request] = field(default_factory=list)

    def identity(self) -> Mapping[str, Json]:
        return {}

    def reply(self, requests: Sequence[Request]) -> list[Reply | ModelFailure]:
        self.requests += requests
        return [self.script(each) for each in requests]

    def count_tokens(self, text: str) -> int | None:
        return len(text)

    def close(self) -> None:
        pass


def seeded(request: Request) -> Reply:
    """One of the doors, a locked one, or no answer; decided by the request's own seed."""
    return Reply(generator(request.seed).choice(["Answer: a", "Answer: b", "Answer: c", "Answer: d", "hm"]))


def played(
    script: Callable[[Request], Reply | ModelFailure], journal: Listed | None = None, **keys: object
) -> tuple[Listed, Played, Scripted]:
    journal = journal if journal is not None else Listed()
    before = Listed(list(journal.records))
    given = {"environment": "doors", "episodes": 3, "turns": 5, "live_episodes": 2, **keys}
    scenario: Scenario = make(given, "test")
    model = Scripted(script)
    result = play(
        Setting(scenario, Doors(), model, run_id="run"), journal, turns=before.turns, episodes=before.episodes
    )
    return journal, result, model


def ordered(turns: Sequence[Turn]) -> list[Turn]:
    return sorted(turns, key=lambda row: (row.episode_id, row.turn, row.condition))
