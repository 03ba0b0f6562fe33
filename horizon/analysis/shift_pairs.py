"""Matched pairs: groups of one model in one setting that differ only in a shift, and their turns side by side.

A pair differs in exactly one parameter of AXES, for which one of its groups has the usual value. Turns are paired by
seed and turn if both are in the same state. Knows the turn table, no estimator.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from horizon.analysis.turn_table import Ints, Sample, TurnTable
from horizon.core.parameters import distinguishing_parameters
from horizon.core.records import Json

AXES: Mapping[str, str] = {"shift": "none", "opening": "book", "notation": "san"}
"""The parameters that shift a task, with their usual values."""

_TURNS = 1 << 32
"""More turns than an episode can have."""


@dataclass(frozen=True, slots=True)
class ShiftPair:
    """The original and the shifted part of a table; `at` names model, setting, shift and the usual value."""

    original: TurnTable
    shifted: TurnTable
    at: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class PairedTurns:
    """Turns of one condition side by side: row i of either sample has the same seed, turn and state.

    `seed` is a code from 0 to `n_seeds` - 1 for each pair: the clusters. `n_apart` of both sides' turns of shared
    seeds have no partner, since play diverged.
    """

    seed: Ints
    n_seeds: int
    original: Sample
    shifted: Sample
    n_apart: int


@dataclass(frozen=True, slots=True)
class _Setting:
    """The labels of a group of episodes; `parameters` omit the opponent and those of AXES at their usual value."""

    model: str
    environment: str
    opponent: str | None
    parameters: frozenset[tuple[str, str]]

    def value(self, axis: str) -> str:
        return dict(self.parameters).get(axis, AXES[axis])

    def without_shift(self, axis: str) -> "_Setting":
        others = frozenset(parameter for parameter in self.parameters if parameter[0] != axis)
        return _Setting(self.model, self.environment, self.opponent, others)

    def order(self) -> tuple[str, ...]:
        return (self.model, self.environment, self.opponent or "", *map("=".join, sorted(self.parameters)))


def shift_pairs(table: TurnTable) -> Iterator[ShiftPair]:
    """Yield every pair of groups that differ in one axis only, axis by axis and sorted by model, setting and shift."""
    facts = table.episodes
    read = {text: _read(text) for text in set(facts.parameters)}
    by_episode = [
        _Setting(model, environment, opponent, read[text])
        for model, environment, opponent, text in zip(
            facts.model, facts.environment, facts.opponent, facts.parameters, strict=True
        )
    ]
    names = _names(table)
    settings = {
        setting: names[setting.environment, text] for setting, text in zip(by_episode, facts.parameters, strict=True)
    }
    for axis, usual in AXES.items():
        for setting in sorted((one for one in settings if one.value(axis) != usual), key=_Setting.order):
            original = setting.without_shift(axis)
            if original in settings:
                parts = [table.choose(np.array([own == side for own in by_episode])) for side in (original, setting)]
                yield ShiftPair(parts[0], parts[1], _at(setting, axis, settings[setting]))


def paired_turns(pair: ShiftPair, condition: str) -> PairedTurns | None:
    """Return the turns of a condition that both sides played in the same state; None if there are none.

    If a side played a seed twice, its first run counts. States are compared as texts; in a table without states all
    turns of a seed count as the same state.
    """
    one, other = pair.original.sample(condition), pair.shifted.sample(condition)
    if one is None or other is None:
        return None
    seeds = np.intersect1d(pair.original.episodes.seed, pair.shifted.episodes.seed)
    one, one_keys = _sort_by_key(pair.original, one, seeds)
    other, other_keys = _sort_by_key(pair.shifted, other, seeds)
    keys = np.intersect1d(one_keys, other_keys)
    matched = [np.searchsorted(own_keys, keys) for own_keys in (one_keys, other_keys)]
    same = one.state_code[matched[0]] == other.state_code[matched[1]]
    if not same.any():
        return None
    played, code = np.unique(keys[same] // _TURNS, return_inverse=True)
    return PairedTurns(
        seed=code.astype(np.int64),
        n_seeds=len(played),
        original=one.take(matched[0][same]),
        shifted=other.take(matched[1][same]),
        n_apart=len(one_keys) + len(other_keys) - 2 * int(same.sum()),
    )


def _sort_by_key(table: TurnTable, sample: Sample, seeds: Ints) -> tuple[Sample, Ints]:
    """Return the turns of these seeds, once each, sorted by a key of the seed's index and the turn; and the keys."""
    own = np.array(table.episodes.seed, dtype=np.int64)[sample.cluster]
    sample = sample.take(np.isin(own, seeds))
    own = own[np.isin(own, seeds)]
    keys, first = np.unique(np.searchsorted(seeds, own) * _TURNS + sample.turn, return_index=True)
    return sample.take(first), keys


def _read(text: str | None) -> frozenset[tuple[str, str]]:
    parameters = json.loads(text) if text else {}
    plain = {name: str(value) for name, value in parameters.items() if name != "opponent"}
    return frozenset((name, value) for name, value in plain.items() if AXES.get(name) != value)


def _names(table: TurnTable) -> dict[tuple[str, str | None], str]:
    """Return in words the parameters that distinguish groups of an environment, without the shifts."""
    pairs = set(zip(table.episodes.environment, table.episodes.parameters, strict=True))
    names = {}
    for environment in {name for name, _ in pairs}:
        texts = [text for name, text in pairs if name == environment]
        distinctions = distinguishing_parameters(texts, ("opponent", *AXES))
        names.update({(environment, text): distinctions[text] for text in texts})
    return names


def _at(setting: _Setting, axis: str, words: str) -> dict[str, Json]:
    others = [f"{name}={setting.value(name)}" for name in AXES if name != axis and setting.value(name) != AXES[name]]
    against = f"against {setting.opponent}" if setting.opponent else ""
    named = " ".join(part for part in (setting.environment, against, words, *others) if part)
    prefix = "" if axis == "shift" else f"{axis}="
    return {
        "model": setting.model,
        "setting": named,
        "shift": f"{prefix}{setting.value(axis)}",
        "against": f"{prefix}{AXES[axis]}",
    }
