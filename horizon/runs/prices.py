"""What tokens cost: prices per million tokens for each model, from flags, a TOML file or a run's manifest.

A price belongs to no plan: it changes no row, and may be given again later. No currency is assumed.
"""

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from horizon.core.errors import UsageError
from horizon.core.records import Json
from horizon.core.registry import nearest
from horizon.runs.replacing import reason_of

PRICES = "prices"
"""The manifest's key for the prices of the run's models."""

MOST = 1e6
"""The highest price per million tokens that is taken for one: a whole unit of money for every token."""

_KEYS = ("input", "output", "cached_input")


@dataclass(frozen=True, slots=True)
class Prices:
    """One model's prices per million tokens; `cached_input` is that of input which the server had in its cache.

    Without a `cached_input` such tokens cost what other input does.
    """

    input: float
    output: float
    cached_input: float | None = None

    def cost(self, input_tokens: float, cached_tokens: float, output_tokens: float) -> float:
        """Return what these tokens cost; `cached_tokens` are part of `input_tokens`."""
        cached_price = self.input if self.cached_input is None else self.cached_input
        new_tokens = max(0.0, input_tokens - cached_tokens)
        cached_tokens = min(cached_tokens, input_tokens)
        return (new_tokens * self.input + cached_tokens * cached_price + output_tokens * self.output) / 1e6

    def as_json(self) -> dict[str, Json]:
        """Return the prices as the manifest keeps them."""
        known: dict[str, Json] = {"input": self.input, "output": self.output}
        return known if self.cached_input is None else {**known, "cached_input": self.cached_input}


@dataclass(frozen=True, slots=True)
class PriceList:
    """The prices of models by name; `every` holds for all models that the list does not name.

    Examples
    --------
    >>> PriceList({"openai:small": Prices(0.15, 0.60)}).of("openai:small").cost(1000, 0, 100)
    0.00021
    """

    models: Mapping[str, Prices]
    every: Prices | None = None
    source: str = "the price list"

    def of(self, *names: str) -> Prices | None:
        """Return the prices of a model, which may have several names; None where it has none."""
        return next((self.models[name] for name in names if name in self.models), self.every)

    def lacks(self, model: str) -> str:
        """Return the sentence about a model that the list has no price for."""
        return f"{self.source} has no prices for '{model}': {nearest(model, self.models)}"


def price_list(file: Path | None, price_in: str | None, price_out: str | None, cached: str | None) -> PriceList | None:
    """Return the prices that flags or a file give; None where neither does.

    Raises:
        UsageError: both are given, one of two prices is missing, or a price is out of range.
    """
    given = {"--price-in": price_in, "--price-out": price_out, "--price-cached": cached}
    flags = [flag for flag, value in given.items() if value is not None]
    if file is not None:
        if flags:
            raise UsageError(f"{flags[0]} and --prices are both given: keep one of them")
        return read_prices(file)
    if not flags:
        return None
    for flag in ("--price-in", "--price-out"):
        if given[flag] is None:
            raise UsageError(f"{flags[0]} needs {flag} too: give the prices of input and output per million tokens")
    price, output = (_price(given[flag], flag) for flag in ("--price-in", "--price-out"))
    return PriceList({}, Prices(price, output, None if cached is None else _price(cached, "--price-cached")), "flags")


def read_prices(path: Path) -> PriceList:
    """Return the prices in a TOML file: a table for each model, with `input`, `output` and perhaps `cached_input`.

    Raises:
        UsageError: the file can't be read, is no such TOML, or holds a price out of range.
    """
    try:
        content = tomllib.loads(path.read_bytes().decode("utf-8"))
    except OSError as problem:
        raise UsageError(f"the price list {path} can't be read: {reason_of(problem)}") from None
    except (ValueError, RecursionError) as problem:
        raise UsageError(f"the price list {path} is no TOML: {problem}") from None
    if not content:
        raise UsageError(
            f'the price list {path} names no model: write a table as ["openai:NAME"] with input and output'
        )
    models = {name: _table(value, f"{path}: ['{name}']") for name, value in content.items()}
    return PriceList(models, source=str(path))


PriceSource = str | Path | PriceList | Mapping[str, Mapping[str, float]] | Mapping[str, float]
"""A TOML file, a list that is read, models with their `input`, `output` and perhaps `cached_input`, or those alone."""


def as_price_list(prices: PriceSource) -> PriceList:
    """Return prices as a list, from any form of them.

    Raises:
        UsageError: the file can't be read, or a price is out of range.
    """
    if isinstance(prices, str | Path):
        return read_prices(Path(prices))
    if isinstance(prices, PriceList):
        return prices
    if prices and set(prices) <= set(_KEYS):
        return PriceList({}, _table(prices, "prices"), "prices")
    return prices_in({PRICES: prices})


def prices_in(manifest: Mapping[str, Any]) -> PriceList:
    """Return the prices that a run's manifest keeps; an empty list where it keeps none.

    Raises:
        UsageError: they are damaged.
    """
    stored = manifest.get(PRICES) or {}
    return PriceList({name: _table(value, f"manifest: prices of '{name}'") for name, value in stored.items()})


def with_prices(manifest: Mapping[str, Any], prices: PriceList, models: tuple[str, ...]) -> dict[str, Any]:
    """Return a manifest with the prices of these models; the manifest's own remain where the list has none."""
    known = {model: own.as_json() for model in models if (own := prices.of(model)) is not None}
    return {**manifest, PRICES: {**(manifest.get(PRICES) or {}), **known}} if known else dict(manifest)


def _table(value: object, where: str) -> Prices:
    if not isinstance(value, Mapping):
        raise UsageError(f"{where} is {value!r:.60}: write a table with input and output, prices per million tokens")
    for key in value:
        if key not in _KEYS:
            raise UsageError(f"{where} has an unknown key '{key}': {nearest(str(key), _KEYS)}")
    for key in _KEYS[:2]:
        if key not in value:
            raise UsageError(f"{where} has no {key}: give the price per million {key} tokens")
    known = {key: _price(price, f"{where}: {key}") for key, price in value.items()}
    return Prices(known["input"], known["output"], known.get("cached_input"))


def _price(value: object, where: str) -> float:
    """Return a price.

    Raises:
        UsageError: it is no number from 0 to `MOST`.
    """
    is_number = isinstance(value, int | float | str) and not isinstance(value, bool)
    try:
        price = float(str(value)) if is_number else math.nan
    except ValueError:
        price = math.nan
    if not 0 <= price <= MOST:
        raise UsageError(f"{where} {value!r:.40} is no price: give a number per million tokens, 0 to {MOST:,.0f}")
    return price + 0.0


def write_cost(amount: float, decimals: int = 2) -> str:
    """Write an amount with at least three digits, `decimals` of them after the point from 100 on; no exponents."""
    if amount >= 100:
        return f"{amount:,.{decimals}f}"
    n_decimals = 2
    while n_decimals < 12 and 0 < amount < 10 ** (2 - n_decimals):
        n_decimals += 1
    return f"{amount:.{n_decimals}f}"
