"""What whole runs took: requests, tokens and money of each model, with all probes, attempts and aborted episodes.

Exact counts of rows and manifests, and no estimates. Knows prices; no estimator.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from horizon.core.records import Json
from horizon.runs.prices import PriceList, Prices, prices_in, with_prices
from horizon.runs.run_data import RunData
from horizon.runs.usage import UNRECORDED, USAGE, Usage, usage_by_model, usage_in

_WITHOUT_TOKENS = ("uci", "random", "human")
"""Backends of opponents that read no tokens."""


@dataclass(frozen=True, slots=True)
class RunSpending:
    """What one model's requests of one run took, and the prices, where they are known.

    `uncounted` are the opponents that are language models: their tokens are in no count.
    """

    run: str
    model: str
    usage: Usage
    prices: Prices | None
    uncounted: tuple[str, ...] = ()

    @property
    def cost(self) -> float | None:
        """What the whole run cost; None where prices or some counts are unknown."""
        return None if self.prices is None or self.usage.unknown else self.usage.cost(self.prices)

    @property
    def known_cost(self) -> float | None:
        """What the requests with known counts cost; None without prices."""
        return None if self.prices is None else self.usage.cost(self.prices)

    def as_json(self) -> dict[str, Json]:
        """Return the counts as a plain object; `cost` is None where a count is unknown, `known_cost` is not."""
        prices: dict[str, Json] | None = None if self.prices is None else self.prices.as_json()
        names: dict[str, Json] = {"run": self.run, "model": self.model}
        return {
            **names,
            **self.usage.as_json(),
            "cost": self.cost,
            "known_cost": self.known_cost,
            "prices": prices,
        }


def spending_of(runs: Sequence[RunData]) -> list[RunSpending]:
    """Return what each model of each run took, with the requests that are in no row."""
    return [row for run in runs for row in _spending(run)]


def _spending(run: RunData) -> list[RunSpending]:
    manifest: Any = run.manifest
    prices = prices_in(manifest)
    by_model = usage_by_model(run.turns)
    left = usage_in(manifest.get(UNRECORDED)) + usage_in((manifest.get("calibration") or {}).get(USAGE))
    if left.requests:
        model = str(next(iter(by_model), (manifest.get("plan") or {}).get("model")))
        by_model[model] = by_model.get(model, Usage()) + left
    opponents = manifest.get("opponents")
    identities = opponents if isinstance(opponents, dict) else {}
    uncounted = tuple(name for name, own in identities.items() if _has_tokens(own))
    return [RunSpending(run.name, model, usage, prices.of(model), uncounted) for model, usage in by_model.items()]


def _has_tokens(identity: Any) -> bool:
    return isinstance(identity, dict) and identity.get("backend") not in (None, *_WITHOUT_TOKENS)


def set_prices(runs: Sequence[RunData], prices: PriceList) -> tuple[RunData, ...]:
    """Return the same runs with the prices of a list in their manifests; the folders stay as they are."""
    models = [tuple(run.turns["model"].unique().sort().to_list()) for run in runs]
    return tuple(
        replace(run, manifest=with_prices(run.manifest, prices, own)) for run, own in zip(runs, models, strict=True)
    )
