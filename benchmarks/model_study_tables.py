"""The tables and the figure of results/study/models, recomputed from the rows and cases that are committed there.

A row is one episode under one condition; a character per turn says how it went: "." right, "w" readable but wrong,
"x" illegal or unreadable, "-" not asked. A case is one model on one task, at one setting of it.
"""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter
from students_tables import difference, percent, rate

from horizon.analysis.multiplicity import p_value
from horizon.analysis.stats.intervals import Interval, holm, mean_of_signs
from horizon.report.headline import write_p
from horizon.report.palette import style_of

CONDITIONS = ("natural", "fresh", "healed", "foreign")
UNPLAYABLE, ANY, NOT_ASKED = "x", "xw", "-"
RANDOM = "random"
GAP = ("natural", "fresh")
OTHERS = (("natural", "healed"), ("natural", "foreign"), ("foreign", "fresh"))
"""What is tested beside the focus gap: own errors, the own history against a correct one, and any history at all."""
BEGIN, END = "<!-- tables.md -->", "<!-- end of tables.md -->"
_RARE = 0.05


@dataclass(frozen=True, slots=True)
class Case:
    """One model on one task: the setting it is played at, and what its calibration found there.

    `rate`, `low` and `high` are the error rate on `calibration_turns` turns without a history.
    """

    model: str
    task: str
    environment: str
    answer: str
    verdict: str
    rate: float
    low: float
    high: float
    calibration_turns: int
    tried: str


@dataclass(frozen=True, slots=True)
class Contrast:
    """A difference between two conditions of a case on the same states, with its p value corrected by Holm."""

    case: Case
    name: str
    interval: Interval
    p_holm: float

    @property
    def text(self) -> str:
        """Points, interval and p."""
        low, middle, high = (
            f"{100 * value:+.0f}" for value in (self.interval.low, self.interval.estimate, self.interval.high)
        )
        return f"{middle} [{low}, {high}], {write_p(self.p_holm)}"


Rows = Mapping[tuple[str, str, str], Sequence[str]]


def read_cases(path: Path) -> list[Case]:
    """Return the cases of a file, by task and model."""
    kinds = {"rate": float, "low": float, "high": float, "calibration_turns": int}
    with path.open(newline="", encoding="utf-8") as file:
        return [
            Case(**{name: kinds.get(name, str)(value) for name, value in row.items()}) for row in csv.DictReader(file)
        ]


def read_rows(path: Path) -> Rows:
    """Return the turns of every episode by model, environment and condition."""
    rows: dict[tuple[str, str, str], list[str]] = {}
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            rows.setdefault((row["model"], row["environment"], row["condition"]), []).append(row["turns"])
    return rows


def read_repeated(path: Path) -> dict[tuple[str, str], int]:
    """Return how many natural replies repeat an earlier one of their episode, by model and environment."""
    counts: dict[tuple[str, str], int] = {}
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["repeated"]:
                key = row["model"], row["environment"]
                counts[key] = counts.get(key, 0) + int(row["repeated"])
    return counts


def episodes(rows: Rows, case: Case, condition: str) -> Sequence[str]:
    """Return the turns of a case under a condition."""
    return rows[case.model, case.environment, condition]


def is_posed(rows: Rows, case: Case, *conditions: str) -> bool:
    """Return whether a case was played under all of these conditions: a game as PGN has no replies to heal."""
    return all((case.model, case.environment, condition) in rows for condition in conditions)


def overall(rows: Rows, case: Case, condition: str, errors: str = ANY) -> Interval:
    """Return the error rate of a case under a condition."""
    return rate(episodes(rows, case, condition), errors, 1, _longest(episodes(rows, case, condition)))


def random_rate(rows: Rows, case: Case) -> float:
    """Return the error rate of a player who chooses at random among the legal answers, at the same setting."""
    games = rows[RANDOM, case.environment, "natural"]
    return rate(games, ANY, 1, _longest(games)).estimate


def contrast(rows: Rows, case: Case, first: str, second: str) -> Interval:
    """Return how much more often a case errs under the first condition, on the states that both posed."""
    games = episodes(rows, case, first), episodes(rows, case, second)
    return difference(*games, ANY, 1, max(map(_longest, games)))


def rise(rows: Rows, case: Case) -> Interval:
    """Return how much more often the natural games err in their last quarter than in their first."""
    games = episodes(rows, case, "natural")
    quarter = max(_longest(games) // 4, 1)
    sums = [float(_errors(game[-quarter:]) - _errors(game[:quarter])) for game in games if len(game) >= 2 * quarter]
    return mean_of_signs(np.array(sums), np.full(len(sums), float(quarter)))


def corrected(rows: Rows, cases: Sequence[Case], pairs: Sequence[tuple[str, str]]) -> list[Contrast]:
    """Return the contrasts of all cases as one family."""
    named = [
        (case, f"{first} - {second}", contrast(rows, case, first, second))
        for case in cases
        for first, second in pairs
        if is_posed(rows, case, first, second)
    ]
    return _corrected(rows, named)


def rises(rows: Rows, cases: Sequence[Case]) -> list[Contrast]:
    """Return the rises of all cases as one family."""
    return _corrected(rows, [(case, "last quarter - first", rise(rows, case)) for case in cases])


def _corrected(rows: Rows, named: Sequence[tuple[Case, str, Interval]]) -> list[Contrast]:
    values = []
    for case, _, interval in named:
        figure = interval.as_estimate(len(episodes(rows, case, "natural")), 0, "")
        value = p_value(figure)
        values.append(1.0 if value is None else value)
    return [Contrast(*parts, p) for parts, p in zip(named, holm(values), strict=True)]


def mark(rows: Rows, case: Case) -> str:
    """Return what can't be seen at a case's setting: `ceiling` or `floor`, else an empty text.

    At the ceiling it errs without a history as often as a random player, or in every turn, so that errors can hardly
    become more; at the floor it errs rarely throughout.
    """
    fresh, natural = overall(rows, case, "fresh"), overall(rows, case, "natural")
    if fresh.high >= min(random_rate(rows, case), 1.0):
        return "ceiling"
    return "floor" if natural.high < _RARE else ""


def settings_table(rows: Rows, cases: Sequence[Case]) -> str:
    """Return what calibration chose for every case."""
    lines = [
        "| task | model | setting | calibration | random player | mark |",
        "| --- | --- | --- | --- | ---: | --- |",
    ]
    for case in cases:
        outcome = case.verdict
        if case.calibration_turns:
            part = f"{100 * case.rate:.0f} % [{100 * case.low:.0f}, {100 * case.high:.0f}]"
            outcome = f"{case.verdict}: errs at {part} ({case.calibration_turns} turns)"
        cells = (case.task, case.model, f"`{case.environment}`", outcome, f"{100 * random_rate(rows, case):.0f}")
        lines.append(f"| {' | '.join(cells)} | {mark(rows, case)} |")
    return "\n".join(lines) + "\n"


def rates_table(rows: Rows, cases: Sequence[Case], repeated: Mapping[tuple[str, str], int]) -> str:
    """Return the error rates of every case under every condition, the unplayable part, and repeated replies."""
    head = ("task", "model", *CONDITIONS, "natural, unplayable", "natural, repeated")
    lines = [f"| {' | '.join(head)} |", "| --- | --- |" + " ---: |" * (len(head) - 2)]
    for case in cases:
        cells = [
            percent(overall(rows, case, condition)) if is_posed(rows, case, condition) else ""
            for condition in CONDITIONS
        ]
        cells.append(percent(overall(rows, case, "natural", UNPLAYABLE)))
        n_turns = sum(map(len, episodes(rows, case, "natural")))
        cells.append(f"{100 * repeated[case.model, case.environment] / n_turns:.0f}")
        lines.append(f"| {case.task} | {_marked(rows, case)} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def contrasts_table(rows: Rows, cases: Sequence[Case]) -> str:
    """Return the focus gaps, the other contrasts and the rises of every case, in points."""
    families = [corrected(rows, cases, [GAP]), corrected(rows, cases, OTHERS), rises(rows, cases)]
    names = [" - ".join(pair) for pair in (GAP, *OTHERS)] + ["last quarter - first"]
    lines = [f"| task | model | {' | '.join(names)} |", "| --- | --- |" + " ---: |" * len(names)]
    for case in cases:
        known = {item.name: item.text for family in families for item in family if item.case == case}
        cells = [known.get(name, "") for name in names]
        lines.append(f"| {case.task} | {_marked(rows, case)} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def all_tables(out: Path) -> tuple[str, str, str]:
    """Return the tables of the committed files: settings, rates, contrasts."""
    rows, cases = read_rows(out / "rows.csv"), read_cases(out / "cases.csv")
    repeated = read_repeated(out / "rows.csv")
    return settings_table(rows, cases), rates_table(rows, cases, repeated), contrasts_table(rows, cases)


def write_all(out: Path) -> None:
    """Write tables and figure, and the tables into the page, between its two marks."""
    made = "\n".join(all_tables(out))
    (out / "tables.md").write_text(made, encoding="utf-8")
    page = out / "README.md"
    if page.is_file():
        before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
        page.write_text(f"{before}{BEGIN}\n{made}{END}{rest.partition(END)[2]}", encoding="utf-8")
    draw(read_rows(out / "rows.csv"), read_cases(out / "cases.csv"), out / "models.png")


def draw(rows: Rows, cases: Sequence[Case], path: Path) -> None:
    """Draw the error rates of every case under four conditions, one panel per task."""
    tasks = list(dict.fromkeys(case.task for case in cases))
    figure = Figure(figsize=(12.5, 4.4), layout="constrained", dpi=130)
    for place, (task, axes) in enumerate(zip(tasks, figure.subplots(1, len(tasks), sharey=True), strict=True)):
        own = [case for case in cases if case.task == task]
        for index, condition in enumerate(CONDITIONS):
            style = style_of(condition, index)
            for at, case in enumerate(own):
                if not is_posed(rows, case, condition):
                    continue
                share = overall(rows, case, condition)
                axes.errorbar(
                    at + 0.16 * (index - 1.5),
                    share.estimate,
                    yerr=[[max(0.0, share.estimate - share.low)], [max(0.0, share.high - share.estimate)]],
                    fmt=style.marker,
                    color=style.colour,
                    capsize=2,
                    markersize=4,
                    label=condition,
                )
        for at, case in enumerate(own):
            axes.plot((at - 0.4, at + 0.4), [random_rate(rows, case)] * 2, color="#999999", linestyle=":", linewidth=1)
        axes.set_xticks(range(len(own)), [_short(case.model) for case in own], fontsize="x-small")
        axes.set_title(task.replace("_", " "), fontsize="small")
        axes.set_ylim(0, 1.02)
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        axes.grid(axis="y", color="#E3E3E3")
        if not place:
            axes.set_ylabel("share of turns with an error, 95 % interval")
    handles = {
        label: handle for axes in figure.axes for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)
    }
    figure.legend(list(handles.values()), list(handles), frameon=False, ncols=4, loc="outside lower center")
    figure.savefig(path, metadata={"Software": "horizon"})


def _short(model: str) -> str:
    """Return a model's name, without its version and size, on as many lines as it has words."""
    return "\n".join(word for word in model.split() if not word[0].isdigit())


def _longest(games: Sequence[str]) -> int:
    return max(map(len, games))


def _errors(turns: str) -> int:
    return sum(code in ANY for code in turns)


def _marked(rows: Rows, case: Case) -> str:
    note = mark(rows, case)
    return f"{case.model} ({note})" if note else case.model
