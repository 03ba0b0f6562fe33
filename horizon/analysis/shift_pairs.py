"""Matched pairs: groups of one model in one setting that differ in nothing but a shift, and their turns side by side.

A pair differs in exactly one parameter of AXES, which one of its groups has at the usual value. Turns are paired on
seed and turn where both stand in the same state. Knows the turn table, no estimator.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from horizon.analysis.turn_table import Ints, Sample, TurnTable
from horizon.core.parameters import distinguishing_parameters
from horizon.core.records import Json

AXES: Mapping[str, str] = {"shift": "none", "opening": "book", "notation": "san"}
"""The parameters that shift a task, with the value that leaves it as it usually is."""

_TURNS = 1 << 32
"""More turns than an episode can have."""


@dataclass(frozen=True, slots=True)
class ShiftPair:
    """The original and the shifted part of a table; `at` names model, setting, shift and what it is held against."""

    original: TurnTable
    shifted: TurnTable
    at: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class PairedTurns:
    """Turns of one condition side by side: row i of either sample has the same seed, turn and state.

    `seed` is a code from 0 for each pair, one of `n_seeds`: the clusters. Of both sides' turns of shared seeds
    `n_apart` have no partner, since play went apart.
    """

    seed: Ints
    n_seeds: int
    original: Sample
    shifted: Sample
    n_apart: int


@dataclass(frozen=True, slots=True)
class _Setting:
    """What tells groups of episodes apart; `parameters` hold neither the opponent nor what AXES have as usual."""

    model: str
    environment: str
    opponent: str | None
    parameters: frozenset[tuple[str, str]]

    def value(self, axis: str) -> str:
        return dict(self.parameters).get(axis, AXES[axis])

    def unshifted(self, axis: str) -> "_Setting":
        others = frozenset(each for each in self.parameters if each[0] != axis)
        return _Setting(self.model, self.environment, self.opponent, others)

    def order(self) -> tuple[str, ...]:
        return (self.model, self.environment, self.opponent or "", *map("=".join, sorted(self.parameters)))


def shift_pairs(table: TurnTable) -> Iterator[ShiftPair]:
    """Yield every pair of groups that differ in one axis only, axis by axis and sorted by model, setting and shift."""
    facts = table.episodes
    read = {text: _read(text) for text in set(facts.parameters)}
    each_episode = [
        _Setting(model, environment, opponent, read[text])
        for model, environment, opponent, text in zip(
            facts.model, facts.environment, facts.opponent, facts.parameters, strict=True
        )
    ]
    names = _names(table)
    found = {
        setting: names[setting.environment, text] for setting, text in zip(each_episode, facts.parameters, strict=True)
    }
    for axis, usual in AXES.items():
        for setting in sorted((each for each in found if each.value(axis) != usual), key=_Setting.order):
            original = setting.unshifted(axis)
            if original in found:
                parts = [table.choose(np.array([each == one for each in each_episode])) for one in (original, setting)]
                yield ShiftPair(parts[0], parts[1], _at(setting, axis, found[setting]))


def paired_turns(pair: ShiftPair, condition: str) -> PairedTurns | None:
    """Return the turns of a condition that both sides played in the same state; null where there are none.

    Where a side played a seed twice its first run counts. States are the same when their texts are; a table without
    states is taken at its word.
    """
    one, other = pair.original.sample(condition), pair.shifted.sample(condition)
    if one is None or other is None:
        return None
    seeds = np.intersect1d(pair.original.episodes.seed, pair.shifted.episodes.seed)
    one, one_keys = _keyed(pair.original, one, seeds)
    other, other_keys = _keyed(pair.shifted, other, seeds)
    keys = np.intersect1d(one_keys, other_keys)
    matched = [np.searchsorted(each, keys) for each in (one_keys, other_keys)]
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


def _keyed(table: TurnTable, sample: Sample, seeds: Ints) -> tuple[Sample, Ints]:
    """Return the turns of these seeds, once each, sorted by a key of the seed's place and the turn, and the keys."""
    own = np.array(table.episodes.seed, dtype=np.int64)[sample.cluster]
    sample = sample.take(np.isin(own, seeds))
    own = own[np.isin(own, seeds)]
    keys, first = np.unique(np.searchsorted(seeds, own) * _TURNS + sample.turn, return_index=True)
    return sample.take(first), keys


def _read(text: str | None) -> frozenset[tuple[str, str]]:
    found = json.loads(text) if text else {}
    plain = {name: str(value) for name, value in found.items() if name != "opponent"}
    return frozenset((name, value) for name, value in plain.items() if AXES.get(name) != value)


def _names(table: TurnTable) -> dict[tuple[str, str | None], str]:
    """Return the parameters that tell groups of an environment apart, shifts left out, in words."""
    pairs = set(zip(table.episodes.environment, table.episodes.parameters, strict=True))
    found = {}
    for environment in {each for each, _ in pairs}:
        texts = [text for each, text in pairs if each == environment]
        told = distinguishing_parameters(texts, ("opponent", *AXES))
        found.update({(environment, text): told[text] for text in texts})
    return found


def _at(setting: _Setting, axis: str, words: str) -> dict[str, Json]:
    others = [f"{name}={setting.value(name)}" for name in AXES if name != axis and setting.value(name) != AXES[name]]
    against = f"against {setting.opponent}" if setting.opponent else ""
    named = " ".join(each for each in (setting.environment, against, words, *others) if each)
    told = "" if axis == "shift" else f"{axis}="
    return {
        "model": setting.model,
        "setting": named,
        "shift": f"{told}{setting.value(axis)}",
        "against": f"{told}{AXES[axis]}",
    }
