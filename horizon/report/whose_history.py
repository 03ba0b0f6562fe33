"""Whose history, in the report: the error rate of each model after its own transcript and after another's.

Draws what `analysis.whose_history` estimates from runs with the condition `transplant:RUN`.
"""

from collections.abc import Sequence

from horizon.analysis.chart import RATE, Chart, Series
from horizon.analysis.whose_history import whose_history
from horizon.core.estimator import Estimate
from horizon.runs.run_data import RunData

_NOTE = "Every rate rests on the same states, from turn 2: those that all of its runs posed."


def whose_history_charts(runs: Sequence[RunData]) -> list[Chart]:
    """Return the figure of error rates by answering model and by model of the transcript; none without transplants."""
    by_model: dict[str, list[Estimate]] = {}
    for rate in whose_history(runs):
        if rate.estimate is not None:
            by_model.setdefault(str(rate.at["answers"]), []).append(rate)
    series = tuple(
        Series(f"{model} answers", tuple(f"after {rate.at['history']}" for rate in rates), tuple(rates))
        for model, rates in by_model.items()
    )
    alt_text = "Error rate of each model after its own transcript and after that of another model."
    chart = Chart("whose_history", "Whose history", alt_text, "", RATE, "dot", series, rank=78, notes=(_NOTE,))
    return [chart] if series else []
