"""A chess engine as a player: `uci:stockfish:level=3`; every level is a seeded choice over all scored moves.

Levels are reproducible: fixed nodes, fresh hash, and the request's seed. The engine's own `skill=` and `elo=` are not.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from queue import SimpleQueue

from horizon.core.errors import HorizonError, ModelFailure, UsageError
from horizon.core.model import Capabilities, ModelOptions, Request
from horizon.core.parameters import build, parameter, settings
from horizon.core.records import Json, Reply
from horizon.core.registry import nearest
from horizon.core.seeds import generator
from horizon.engines.engine import Engine, Level, describe_engine, engine_names, find_engine
from horizon.engines.levels import choose_move

CAPABILITIES = Capabilities(holds_weights=False, opens_cheaply=True)

_PROCESSES = 2
_NODES = 40_000


@dataclass(frozen=True, slots=True)
class Strength:
    """The strength of an engine; -1 is not set. At most one of level, nodes, skill and elo may be set."""

    level: int = parameter(-1, "level, 0 (random) to the highest (full strength)", low=-1)
    nodes: int = parameter(-1, "nodes per move for a search of the best move alone", low=-1, high=100_000_000)
    skill: int = parameter(-1, "the engine's own Skill Level, 0 to 20; not reproducible", low=-1, high=20)
    elo: int = parameter(-1, "the engine's own UCI_Elo; not reproducible", low=-1, high=4000)


class UciPlayer:
    """An engine that plays at a strength; engine processes start with the first request."""

    reads_text = False

    def __init__(self, engine: str, strength: Strength, name: str) -> None:
        """Find the engine.

        Raises:
            UsageError: an unknown engine, a level that it lacks, or two strengths at once.
            EngineFailure: the engine is missing.
        """
        self.name = name
        self._known = describe_engine(engine)
        given = [key for key in ("level", "nodes", "skill", "elo") if getattr(strength, key) >= 0]
        if len(given) > 1:
            raise UsageError(f"model uci: {given[0]} and {given[1]} are two strengths at once: keep one of them")
        highest = len(self._known.levels) - 1
        if strength.level > highest:
            raise UsageError(f"model uci: {engine} has the levels 0 to {highest}, not level={strength.level}")
        self._strength = strength
        self._level = self._known.levels[strength.level if strength.level >= 0 else highest]
        if strength.nodes == 0:
            raise UsageError("model uci: nodes=0 searches nothing: give at least 1, or level=0 to move at random")
        if strength.nodes > 0:
            self._level = Level(strength.nodes)
        # Only the best move is needed: nodes that are not spread over all moves search deeper.
        self._lines = 1 if strength.nodes > 0 else None
        self._own: dict[str, int | str] = {}
        if strength.skill >= 0:
            self._own = {"Skill Level": strength.skill}
        if strength.elo >= 0:
            self._own = {"UCI_LimitStrength": "true", "UCI_Elo": strength.elo}
        self._path = find_engine(engine)
        self._free: SimpleQueue[Engine] = SimpleQueue()
        self._all: list[Engine] = []
        self._pool: ThreadPoolExecutor | None = None

    def identity(self) -> Mapping[str, Json]:
        """Return engine, version, options and strength; skill= and elo= are marked as not reproducible."""
        options: dict[str, Json] = {**self._known.options, **self._own}
        identity: dict[str, Json] = {"backend": "uci", "engine": self._known.name, "options": options}
        if self._level.nodes:
            self._start()
            identity["version"] = self._all[0].version
        if self._own:
            why = "the engine weakens itself by a generator that its clock seeds"
            return {**identity, "nodes": _NODES, "reproducible": False, "why": why}
        identity |= {"nodes": self._level.nodes, "temperature": self._level.temperature, "reproducible": True}
        return identity if self._lines is None else {**identity, "lines": self._lines}

    def reply(self, requests: Sequence[Request]) -> list[Reply | ModelFailure]:
        """Return each request's move in the environment's notation."""
        if not self._level.nodes or len(requests) == 1:
            return [self._answer(request) for request in requests]
        self._start()
        assert self._pool is not None  # made by _start
        return list(self._pool.map(self._answer, requests))

    def count_tokens(self, text: str) -> int | None:
        """Return None: an engine reads no text."""
        return None

    def close(self) -> None:
        """End the engines; may be called twice."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None
        for engine in self._all:
            engine.close()
        self._all = []
        self._free = SimpleQueue()

    def _start(self) -> None:
        if self._pool is None:
            self._pool = ThreadPoolExecutor(_PROCESSES, thread_name_prefix="uci")
            for _ in range(_PROCESSES):
                engine = Engine(self._known.name, self._own, path=self._path)
                self._all.append(engine)
                self._free.put(engine)

    def _answer(self, request: Request) -> Reply | ModelFailure:
        posed = request.posed
        actions = posed.actions()
        if not actions:
            return ModelFailure(f"{self.name} has no legal move in {posed.environment} state '{posed.state}'")
        if not self._level.nodes:
            return Reply(posed.render(generator(request.seed, "uci level 0").choice(actions)))
        position = posed.position()
        if position is None:
            return ModelFailure(f"{self.name} plays chess only, not {posed.environment} state '{posed.state}'")
        self._start()
        engine = self._free.get()
        try:
            if self._own:
                return Reply(posed.render(engine.best(position, _NODES)))
            scores = engine.score(position, self._level.nodes, self._lines)
        except HorizonError as failure:
            return ModelFailure(str(failure))
        finally:
            self._free.put(engine)
        try:
            return Reply(posed.render(choose_move(scores, self._level.temperature, request.seed)))
        except HorizonError as problem:
            return ModelFailure(f"{self.name} can't play {posed.environment} state '{posed.state}': {problem}")


def open_model(argument: str, options: ModelOptions) -> UciPlayer:
    """Return the model `uci:ENGINE:SETTING=VALUE`, such as `uci:stockfish:level=3`; options are ignored.

    Raises:
        UsageError: no engine, an unknown one, or a strength that it lacks.
        EngineFailure: the engine is missing.
    """
    engine, _, rest = argument.partition(":")
    if not engine:
        raise UsageError(f"uci: needs an engine, as uci:stockfish:level=3; {nearest('', engine_names())}")
    name = f"uci:{argument}"
    return UciPlayer(engine, build(Strength, settings(rest, name), "model uci"), name)
