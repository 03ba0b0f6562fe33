"""What a run has spent so far, and whether its cost limit is reached.

Every reply counts when it arrives: natural turns, attempts, probes, and those that no row comes of. Knows replies,
rows and prices; no file.
"""

from dataclasses import dataclass, field

from horizon.core.errors import UsageError
from horizon.core.records import Json, Reply, Turn
from horizon.runs.prices import PriceList, Prices, write_cost
from horizon.runs.usage import Usage, usage_of, usage_of_row


@dataclass(frozen=True, slots=True)
class Spending:
    """Prices, and the cost at which playing stops; `spent_before` is what earlier runs of the same command cost."""

    prices: PriceList | None = None
    max_cost: float | None = None
    spent_before: float = 0.0

    def __post_init__(self) -> None:
        """Refuse a limit that can't be kept.

        Raises:
            UsageError: it is no amount above 0.
        """
        if self.max_cost is not None and not 0 < self.max_cost < float("inf"):
            raise UsageError(f"--max-cost {self.max_cost:g} is no limit: give an amount above 0")


@dataclass(slots=True)
class Meter:
    """The usage of one run: `spent` by all replies so far, `recorded` by those that are in the journal.

    `has_stopped` is set by who stops at the limit with something left to play.
    """

    prices: Prices | None = None
    max_cost: float | None = None
    spent: Usage = field(default_factory=Usage)
    recorded: Usage = field(default_factory=Usage)
    has_stopped: bool = False

    def count(self, reply: Reply) -> None:
        """Count a reply that a model gave."""
        self.spent += usage_of(reply)

    def record(self, row: Turn) -> None:
        """Count a row that is in the journal."""
        self.recorded += usage_of_row(row)

    @property
    def left_out(self) -> Usage:
        """The usage of replies that are in no row."""
        return self.spent - self.recorded

    @property
    def cost(self) -> float | None:
        """What was spent so far; None where a count or the prices are unknown."""
        return None if self.prices is None or self.spent.unknown else self.spent.cost(self.prices)

    @property
    def is_exhausted(self) -> bool:
        """Whether playing has to stop: the limit is reached, or nobody can know whether it is."""
        if self.max_cost is None:
            return False
        cost = self.cost
        return cost is None or cost >= self.max_cost

    @property
    def reason(self) -> str:
        """Why playing stopped, in words."""
        cost = self.cost
        if cost is None:
            return f"the cost of {self.spent.unknown} of {self.spent.requests} requests is unknown (no token counts)"
        return f"{write_cost(cost)} spent"

    def as_json(self) -> dict[str, Json]:
        """Return the state at a stop, for the manifest."""
        return {"reason": self.reason, "spent": self.cost, "max_cost": self.max_cost}
