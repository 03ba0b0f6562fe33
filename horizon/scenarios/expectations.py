"""What a scenario expects: the `[expect]` table, checked; every bound is one claim about the run.

A claim is judged by `gates` on the bound of its interval: passed when the whole interval keeps it, failed when the
whole interval breaks it, undecided otherwise. Knows no run and no estimate.

    [expect]
    aborted_at_most = 0              # episodes lost to the infrastructure; exact, no interval
    h50_at_least = 10                # turns
    focus_gap_at_most = 0.10         # natural - fresh
    skill_at_least = 0.2             # 1 - loss / random_loss, natural turns

    [[expect.error_rate]]            # any number of these
    at_most = 0.3                    # at_most or at_least
    turns = "1-10"                   # a turn, a range, or left out for all
    condition = "natural"
"""

import re
from collections.abc import Iterator

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from horizon.analysis.claims import Claim

BOUNDS = (
    "error_rate_at_most",
    "error_rate_at_least",
    "focus_gap_at_most",
    "h50_at_least",
    "skill_at_least",
    "aborted_at_most",
)
"""What `Run.check` takes: the keys of a scenario's `[expect]` table."""


class ErrorRate(BaseModel):
    """A bound on the error rate of some turns under a condition."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    at_most: float | None = Field(None, ge=0, le=1, description="the error rate must not be above this share")
    at_least: float | None = Field(None, ge=0, le=1, description="the error rate must not be below this share")
    turns: str = Field("", description="a turn such as 20, a range such as 1-10 or 20-, or all turns when left out")
    condition: str = Field("natural", description="the condition whose turns are meant")

    @field_validator("turns", mode="before")
    @classmethod
    def _turns(cls, given: object) -> object:
        text = str(given)
        if text and not re.fullmatch(r"[1-9]\d{0,6}(-([1-9]\d{0,6})?)?", text):
            raise ValueError(f"turns '{text}' is no turn or range: write it as 20, 1-10 or 20-")
        first, dash, last = text.partition("-")
        if dash and last and int(last) < int(first):
            raise ValueError(f"turns '{text}' end before they begin: write the smaller one first")
        return text

    @model_validator(mode="after")
    def _one_bound(self) -> "ErrorRate":
        if (self.at_most is None) == (self.at_least is None):
            raise ValueError("give exactly one of at_most and at_least")
        return self

    def claim(self) -> Claim:
        """Return the claim that this bound makes."""
        first, dash, last = self.turns.partition("-")
        begin = int(first or 1)
        end = int(last) if last else None if dash or not first else begin
        if self.at_most is not None:
            return Claim("error_rate", "at_most", self.at_most, self.condition, begin, end)
        return Claim("error_rate", "at_least", self.at_least or 0.0, self.condition, begin, end)


class Expectations(BaseModel):
    """The `[expect]` table; empty expects nothing."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    error_rate: tuple[ErrorRate, ...] = Field((), description="bounds on error rates")
    h50_at_least: float | None = Field(None, gt=0, description="turns after which half the episodes are free of error")
    focus_gap_at_most: float | None = Field(None, ge=-1, le=1, description="natural - fresh error rate")
    skill_at_least: float | None = Field(None, le=1, description="1 - loss / random loss of the natural turns")
    aborted_at_most: int = Field(0, ge=0, description="episodes that the infrastructure may end")

    def claims(self) -> Iterator[Claim]:
        """Yield every claim in the order of the table; `aborted` last, whether written or not."""
        for bound in self.error_rate:
            yield bound.claim()
        if self.h50_at_least is not None:
            yield Claim("h50", "at_least", self.h50_at_least)
        if self.focus_gap_at_most is not None:
            yield Claim("focus_gap", "at_most", self.focus_gap_at_most)
        if self.skill_at_least is not None:
            yield Claim("skill", "at_least", self.skill_at_least)
        yield Claim("aborted", "at_most", float(self.aborted_at_most))
