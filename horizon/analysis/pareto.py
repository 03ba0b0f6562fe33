"""The trade-off between what a turn takes and how well it is played: cost, seconds and tokens against error and H50.

One figure for each pair and each task that several models, or several ways of asking one, have played. Makes charts
from estimates and compares nothing but point estimates; runs of other plans are points of their own.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from horizon.analysis.analysis import Group
from horizon.analysis.chart import RATE, Chart, Series, single_of
from horizon.core.estimator import Estimate

FRONTIER = "not dominated in point estimates"
_LONGEST = 48
"""Characters of a point's name."""
_JOINT = (
    "Bars are the 95 % intervals of each axis by itself, and no joint region. The dotted line joins the points that "
    "no other one beats in both point estimates; where bars overlap, the order is open."
)


@dataclass(frozen=True, slots=True)
class _Axis:
    """A figure of each group: its key, the axis title, a word for the title and slug, and what it assumes."""

    key: str
    title: str
    word: str
    assumption: str
    more_is_better: bool = False


_TAKES = (
    _Axis(
        "cost_per_turn",
        "cost per judged turn",
        "cost",
        "Costs are tokens at the prices given, of natural turns with their attempts and without probes.",
    ),
    _Axis(
        "seconds_per_turn",
        "seconds per judged turn",
        "latency",
        "Seconds are those of the machine and batch size of each run: unlike ones don't compare.",
    ),
    _Axis(
        "tokens_per_turn",
        "input and output tokens per judged turn",
        "tokens",
        "Tokens are each model's own: tokenizers cut the same text into unlike numbers of them.",
    ),
)
_GIVES = (
    _Axis("error_rate", RATE, "error rate", "The error rate is over all turns played; longer runs have later turns."),
    _Axis(
        "h50",
        "H50 in turns",
        "H50",
        "H50 is the turn by which half of the episodes have erred, and needs runs that are long enough to see it.",
        more_is_better=True,
    ),
)


def pareto_charts(groups: Sequence[Group]) -> list[Chart]:
    """Return the figures of every task that at least two groups with the figures have played."""
    tasks: dict[tuple[str, str | None, str | None], list[Group]] = {}
    for group in groups:
        tasks.setdefault((group.environment, group.parameters, group.opponent), []).append(group)
    shared = [rivals for rivals in tasks.values() if len(rivals) > 1]
    return [chart for number, rivals in enumerate(shared, 1) for chart in _charts(rivals, number, len(shared))]


def find_frontier(points: Sequence[tuple[float, float]], *, more_is_better: bool) -> list[int]:
    """Return which points no other one beats: as little of the first value and as good a second, one of them better.

    Examples
    --------
    >>> find_frontier([(1.0, 0.3), (2.0, 0.1), (3.0, 0.2)], more_is_better=False)
    [0, 1]
    """
    sign = -1 if more_is_better else 1
    signed = [(takes, sign * gives) for takes, gives in points]
    return [
        place
        for place, (takes, gives) in enumerate(signed)
        if not any(other[0] <= takes and other[1] <= gives and other != (takes, gives) for other in signed)
    ]


def _charts(groups: Sequence[Group], number: int, n_tasks: int) -> Iterator[Chart]:
    task = _task_of(groups[0])
    suffix = f"-{number}" if n_tasks > 1 else ""
    names = _names_of(groups)
    for takes in _TAKES:
        for gives in _GIVES:
            known: list[tuple[str, Estimate, Estimate]] = []
            missing = []
            for name, group in zip(names, groups, strict=True):
                x, y = single_of(group.estimates, takes.key), single_of(group.estimates, gives.key)
                if x is not None and y is not None:
                    known.append((name, x, y))
                else:
                    missing.append(name)
            if len(known) < 2:
                continue
            notes = [takes.assumption, gives.assumption, _JOINT]
            if missing:
                reason = "Not drawn, as one of the figures is unknown or beyond the longest episode"
                notes.append(f"{reason}: {'; '.join(missing)}.")
            if unbounded := [name for name, _, y in known if y.high is None]:
                notes.append(f"Without an upper end of its interval, so that none is drawn: {'; '.join(unbounded)}.")
            yield Chart(
                f"pareto-{takes.word}-{gives.word.replace(' ', '-').lower()}{suffix}",
                f"{takes.word.capitalize()} against {gives.word}: {task}",
                f"{gives.word} of {len(known)} models or settings against {takes.title}, in {task}.",
                takes.title,
                gives.title,
                "scatter",
                (*(_point(*point) for point in known), _frontier(known, gives)),
                notes=tuple(notes),
                y_unit="number" if gives.more_is_better else "share",
            )


def _point(name: str, x: Estimate, y: Estimate) -> Series:
    return Series(name, (x.estimate or 0.0,), (y,), (x,))


def _frontier(known: Sequence[tuple[str, Estimate, Estimate]], gives: _Axis) -> Series:
    pairs = [(x.estimate or 0.0, y.estimate or 0.0) for _, x, y in known]
    best = sorted(find_frontier(pairs, more_is_better=gives.more_is_better), key=pairs.__getitem__)
    return Series(FRONTIER, tuple(pairs[place][0] for place in best), tuple(known[place][2] for place in best))


def _task_of(group: Group) -> str:
    against = f" against {group.opponent}" if group.opponent else ""
    return ", ".join(part for part in (f"{group.environment}{against}", group.distinction) if part)


def _names_of(groups: Sequence[Group]) -> list[str]:
    """Return a short name for each group, unique among them: its model, and what its plan has differently."""
    names: list[str] = []
    for group in groups:
        whole = ", ".join(part for part in (group.model, group.differs_in) if part)
        name = whole if len(whole) <= _LONGEST else f"{whole[: _LONGEST - 1]}…"
        again = sum(1 for other in names if other.startswith(name))
        names.append(f"{name} ({again + 1})" if again and name in names else name)
    return names
