"""The turns without a history that a calibration asks of its model; with a file, none is asked twice.

Each batch at one setting is a short run of one turn per episode, known by its seed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from horizon.core.errors import EngineFailure, ModelFailure
from horizon.core.model import Model
from horizon.core.parameters import Value, split_name
from horizon.core.records import Episode, Turn
from horizon.play.loop import play
from horizon.play.opening import OpenParts, open_setting
from horizon.runs.calibration_file import CalibrationFile
from horizon.scenarios.scenario import Scenario, make

_NOT_ASKED = {"environment", "model", "calibrate", "conditions", "expect", "alpha", "description"}
"""Keys of a scenario that do not decide how its model is asked at a setting."""


@dataclass(slots=True)
class FreshTurns:
    """Asks an open model, as a scenario does; `file` keeps each turn as it comes, and has those of an earlier call."""

    scenario: Scenario
    model: Model
    file: CalibrationFile | None = None
    _failed: dict[int, int] = field(default_factory=dict)

    def ask(self, parameters: Mapping[str, Value], seed: int, count: int) -> list[Turn]:
        """Return the turns of a batch; requests that failed are left out.

        Raises
        ------
        EngineFailure, ModelFailure
            None was answered, now or before.
        """
        rows = _BatchRows(seed, self.file, self.file.turns(seed, count) if self.file is not None else [])
        if self.file is not None and len(rows.turns) + self.file.n_failed(seed) >= count:
            return rows.turns
        asked = {name: getattr(self.scenario, name) for name in self.scenario.model_fields_set - _NOT_ASKED}
        keys: dict[str, Any] = {
            **asked,
            "environment": split_name(self.scenario.environment)[0],
            "model": self.model.name,
            "conditions": ("natural",),
            "parameters": dict(parameters),
            "episodes": count,
            "turns": 1,
            "seed": seed,
            "opponents": self.scenario.opponents[:1],
        }
        try:
            with open_setting(make(keys, "calibration"), OpenParts(model=self.model)) as setting:
                play(setting, rows, turns=tuple(rows.turns))
        except (EngineFailure, ModelFailure):
            if not rows.turns:
                raise
        finally:
            self._failed[seed] = count - len(rows.turns)
        return sorted(rows.turns, key=lambda row: row.episode_id)

    def end_round(self) -> None:
        """Keep that requests failed in this round, so that they count as asked; others replied."""
        for seed, count in self._failed.items():
            if count and self.file is not None:
                self.file.append_failed(seed, count)
        self._failed.clear()


@dataclass(slots=True)
class _BatchRows:
    """The journal of one batch: its turns, each kept in the file before the next is asked."""

    seed: int
    file: CalibrationFile | None
    turns: list[Turn]

    def append(self, record: Turn | Episode) -> None:
        if isinstance(record, Turn):
            if self.file is not None:
                self.file.append(self.seed, record)
            self.turns.append(record)
