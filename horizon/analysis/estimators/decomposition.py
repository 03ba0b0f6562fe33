"""Decomposition: how much more a model errs late with its history than early without one, split into causes.

natural late - fresh early = (fresh late - fresh early) + (padded - fresh) + (healed - padded) + (natural - healed),
the last three on the same late states. They sum exactly, and an effect that starts at turn 3 counts in full. The
assumptions are tested where possible: help from correct answers by `foreign`, order by `window:k`, noise at turn 1.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from horizon.analysis.chart import Chart, named_series, points_of
from horizon.analysis.condition_contrast import contrast
from horizon.analysis.equivalence_test import equivalence
from horizon.analysis.stats.intervals import Floats, Floor, Interval, jackknife, mean_of_signs, missing, ratio
from horizon.analysis.turn_bins import estimate_mean
from horizon.analysis.turn_table import Flags, Sample, TurnTable, error_differences, same_states
from horizon.core.estimator import Estimate, Estimates
from horizon.core.records import Json

METHOD = (
    "late third of turns minus early third, on the states that all conditions of the split posed, jackknife over "
    "instances, Student's t"
)
LATE_METHOD = (
    "paired difference of error rates in the late third of turns, on the states that all conditions of the split "
    "posed, jackknife over instances, Student's t"
)
ORDER_METHOD = f"{LATE_METHOD}; cells: fresh, window:k (errors, no length), healed (length, no errors), natural (both)"
CONTROL_METHOD = (
    "paired difference of error rates at turn 1, where both conditions have one prompt: must be 0, anything else is "
    "noise of the instrument or of sampling"
)
CHECK_METHOD = (
    f"foreign - padded: correct answers of another episode against neutral text of equal length; {LATE_METHOD}"
)
CAUSES: tuple[tuple[str, str, str], ...] = (
    ("longer context", "padded", "fresh"),
    ("turns as such", "healed", "padded"),
    ("own errors", "natural", "healed"),
)
FADING = ("longer context", "turns as such")
"""The causes that are an effect of length itself, whatever the replies were."""
_HEALING = "replacing an error changes nothing else, and correct answers in the history do not help"
ASSUMES = {
    "whole rise": "episodes that last to the late third are like the others",
    "harder states": "a state is equally hard without its history; late states come from similar episodes",
    "longer context": "neutral text of equal length has the same effect as the history's length",
    "turns as such": f"neutral text has the effect of length; {_HEALING}; causes add up (no interaction)",
    "own errors": f"{_HEALING}; errors are counted last, after length and turns (causes add up)",
}
WINDOW_ASSUMES = "the last k turns bring nothing but their errors"
_SPLIT = ("natural", "fresh", "padded", "healed")
_SAME_AT_TURN_1 = ("fresh", "padded", "healed", "foreign")
_RATES = Floor(-1.0, 1.0, ((1.0, 1.0, 0.0, 0.0), (0.0, 1.0, 0.0, 0.0), (0.0, 0.0, 1.0, 1.0), (0.0, 0.0, 0.0, 1.0)))
"""For the rise of a rate: one incorrect and one correct turn in each third, Agresti & Caffo (2000)."""
_TWO_PAIRS = Floor(-2.0, 2.0, ((1.0, 1.0), (-1.0, 1.0)))
"""For the difference of two paired differences."""
NO_EFFECT: Mapping[str, float] = dict.fromkeys(
    ("decomposition", "decomposition_orders", "decomposition_checks", "negative_control", "no_fading"), 0.0
)


def estimates(table: TurnTable) -> dict[str, Estimate | list[Estimate]]:
    """Return `decomposition`, one estimate per cause in points of error rate (-1..1), with its assumption.

    Also `decomposition_orders` (own errors counted first, last, and Shapley's mean, with the interaction of errors and
    length; if `window:k` was played), `decomposition_checks` (whether correct answers in the history help),
    `negative_control` (differences at turn 1, which must be 0) and `no_fading`, the test that longer context and turns
    as such each cost less than a margin.

    Source: Shapley (1953), A value for n-person games, for the mean over orders.
    """
    check = _right_answers(table)
    parts = [*_rises(table), *(_cause(table, cause, check) for cause in CAUSES)]
    return {
        "decomposition": parts,
        "no_fading": [equivalence(part, str(part.at["cause"])) for part in parts if _is_fading(part)],
        "decomposition_orders": _orders(table),
        "decomposition_checks": [check],
        "negative_control": _controls(table),
    }


def charts(estimates: Estimates) -> list[Chart]:
    """Return the rise split into its causes, with the assumptions beneath; and own errors in both orders."""
    points = points_of(estimates, "decomposition")
    series = named_series(points, [str(point.at["cause"]) for point in points])
    axis = "points of error rate, late with history minus early without"
    notes = [f"{point.at['cause']}: assumes that {point.at['assumes']}" for point in points]
    notes += [f"{point.at['cause']}: {point.note}" for point in points if point.note]
    checks = estimates.get("decomposition_checks")
    notes += [str(check.note) for check in (checks if isinstance(checks, list) else ()) if check.note]
    alt_text = "late error rate with the history minus early rate without, split into its causes."
    orders = points_of(estimates, "decomposition_orders")
    ordered = named_series(orders, [f"{point.at['cause']}, {point.at['order']}" for point in orders])
    return [
        Chart(
            "decomposition",
            "Where the rise comes from",
            alt_text,
            "",
            axis,
            "bar",
            series,
            rank=90,
            notes=tuple(notes),
        ),
        Chart(
            "decomposition_orders",
            "Own errors, counted first and last",
            "own errors before and after length, Shapley's mean, and the interaction.",
            "",
            "points of error rate",
            "dot",
            ordered,
            rank=92,
            notes=(f"assumes that {WINDOW_ASSUMES}",) if orders else (),
        ),
    ]


def _is_fading(part: Estimate) -> bool:
    return part.at["cause"] in FADING and part.estimate is not None


def _split(table: TurnTable, *wanted: str) -> dict[str, Sample] | str:
    """Return the samples of all played conditions of the split, cut to their shared states, or why there are none."""
    for absent in wanted:
        if absent not in table.samples:
            return f"condition {absent} was not played: add --condition {absent}"
    names = [name for name in _SPLIT if name in table.samples]
    samples = dict(zip(names, same_states([table.samples[name] for name in names]), strict=True))
    one = samples[wanted[0]]
    if not one.n_turns:
        return "the conditions share no state"
    early, late = _thirds(one)
    if int(one.turn.max()) < 3 or not early.any() or not late.any():
        return "fewer than 3 turns: no early and late third"
    return samples


def _thirds(sample: Sample) -> tuple[Flags, Flags]:
    last = int(sample.turn.max())
    return sample.turn <= last / 3, sample.turn > last - last / 3


def _rises(table: TurnTable) -> list[Estimate]:
    """Return the whole rise (natural late - fresh early) and that of harder states (fresh late - fresh early)."""
    rises = []
    for cause, later in (("whole rise", "natural"), ("harder states", "fresh")):
        at: dict[str, Json] = {"cause": cause, "assumes": ASSUMES[cause]}
        samples = _split(table, later, "fresh")
        if isinstance(samples, str):
            rises.append(missing(samples, METHOD, at))
            continue
        early, late = _thirds(samples["fresh"])
        before, after = samples["fresh"].take(early), samples[later].take(late)
        sums = [
            table.instance_sums(part.cluster, values)
            for part in (before, after)
            for values in (part.is_error.astype(float), np.ones(part.n_turns))
        ]
        # Episodes that end early have no late third, so fewer of them are informative.
        n_informative = min(before.n_episodes, after.n_episodes)
        rise = jackknife(np.column_stack(sums), _rise, n_informative=n_informative, floor=_RATES)
        n_turns = before.n_turns + after.n_turns
        rises.append(rise.as_estimate(samples["fresh"].n_episodes, n_turns, METHOD, at=at))
    return rises


def _cause(table: TurnTable, named: tuple[str, str, str], check: Estimate) -> Estimate:
    """Return a paired difference in the late third, with a note if it contradicts the one over all turns."""
    cause, minuend, subtrahend = named
    at: dict[str, Json] = {"cause": cause, "contrast": f"{minuend} - {subtrahend}", "assumes": ASSUMES[cause]}
    samples = _split(table, minuend, subtrahend)
    if isinstance(samples, str):
        return missing(samples, LATE_METHOD, at)
    one, values = error_differences(samples[minuend], samples[subtrahend])
    _, late = _thirds(one)
    part = estimate_mean(table, one.take(late), values[late], mean_of_signs, LATE_METHOD, at)
    notes = [part.note, _contradiction(part, contrast(table, minuend, subtrahend))]
    if cause != "longer context" and check.high is not None and check.high < 0:
        notes.append(f"correct answers in the history help ({_points(check)}): this part includes that")
    return replace(part, note="; ".join(note for note in notes if note) or None)


def _contradiction(part: Estimate, whole: Estimate) -> str | None:
    """Return a note if a part disagrees with the contrast over all turns, else None."""
    if part.low is None or part.high is None or whole.low is None or whole.high is None:
        return None
    if whole.low <= 0 <= whole.high or (part.low <= whole.high and whole.low <= part.high):
        return None
    return f"contradicts {whole.at['contrast']} over all turns ({_points(whole)}): the effect is not one of late turns"


def _right_answers(table: TurnTable) -> Estimate:
    """Return foreign - padded in the late third: below 0 if correct answers in the history help."""
    at: dict[str, Json] = {"check": "correct answers in the history do not help", "contrast": "foreign - padded"}
    for name in ("foreign", "padded"):
        if name not in table.samples:
            why = f"not tested whether correct answers in the history help: add --condition {name}"
            return missing(why, CHECK_METHOD, at)
    one, values = error_differences(table.samples["foreign"], table.samples["padded"])
    if not one.n_turns:
        return missing("foreign and padded share no state", CHECK_METHOD, at)
    _, late = _thirds(one)
    figure = estimate_mean(table, one.take(late), values[late], mean_of_signs, CHECK_METHOD, at)
    if figure.low is None or figure.high is None:
        return figure
    if figure.high < 0:
        words = f"correct answers in the history do help ({_points(figure)})"
    elif figure.low > 0:
        words = f"another episode's correct answers harm ({_points(figure)}): neutral text is not a fair reference"
    else:
        words = f"correct answers in the history: no help shown, up to {-100 * figure.low:.0f} points not excluded"
    return replace(figure, note="; ".join(note for note in (words, figure.note) if note))


def _orders(table: TurnTable) -> list[Estimate]:
    """Return own errors counted last and first, Shapley's mean, their interaction with length, and length's mean."""
    windows = sorted(
        (name for name in table.samples if name.startswith("window:")), key=lambda name: (len(name), name)
    )
    if not windows or any(name not in table.samples for name in ("natural", "fresh", "healed")):
        return []
    window = windows[0]
    names = ("natural", "fresh", "healed", window)
    samples = dict(zip(names, same_states([table.samples[name] for name in names]), strict=True))
    one = samples["natural"]
    if not one.n_turns:
        return []
    _, late = _thirds(one)
    cut = late & (one.turn - 1 > int(window.partition(":")[2]))
    if not cut.any():
        return []
    wrong = {name: sample.is_error[cut].astype(float) for name, sample in samples.items()}
    last, first = wrong["natural"] - wrong["healed"], wrong[window] - wrong["fresh"]
    length, after_errors = wrong["healed"] - wrong["fresh"], wrong["natural"] - wrong[window]
    rows: Sequence[tuple[str, str, Floats]] = (
        ("own errors", "after length", last),
        ("own errors", "before length", first),
        ("own errors", "mean of both orders", (last + first) / 2),
        ("length and turns", "mean of both orders", (length + after_errors) / 2),
        ("errors x length", "interaction", last - first),
    )
    part = one.take(cut)
    return [
        estimate_mean(
            table,
            part,
            values,
            _twice_signs if order == "interaction" else mean_of_signs,
            ORDER_METHOD,
            {"cause": cause, "order": order, "window": window, "assumes": WINDOW_ASSUMES},
        )
        for cause, order, values in rows
    ]


def _controls(table: TurnTable) -> list[Estimate]:
    """Return natural minus each condition that has the same prompt at turn 1; the effect must be 0."""
    natural = table.sample("natural")
    names = [
        name for name in table.conditions if name in _SAME_AT_TURN_1 or name.startswith(("corrupted:", "window:"))
    ]
    controls = []
    for name in names if natural is not None else ():
        assert natural is not None  # without natural there are no names
        one, values = error_differences(natural, table.samples[name])
        first = one.turn == 1
        if first.any():
            at: dict[str, Json] = {
                "contrast": f"natural - {name}",
                "turn": 1,
                "n_differ": int(np.abs(values[first]).sum()),
            }
            controls.append(estimate_mean(table, one.take(first), values[first], mean_of_signs, CONTROL_METHOD, at))
    return controls


def _twice_signs(differences: Floats, turns: Floats) -> Interval:
    return ratio(differences, turns, floor=_TWO_PAIRS)


def _points(figure: Estimate) -> str:
    assert figure.estimate is not None and figure.low is not None and figure.high is not None  # checked by callers
    return f"{100 * figure.estimate:+.0f} points, {100 * figure.low:.0f} to {100 * figure.high:.0f}"


def _rise(totals: Floats) -> Floats:
    return np.asarray(totals[:, 2] / totals[:, 3] - totals[:, 0] / totals[:, 1])
