"""SmolLM2 off the beaten path: the shipped puzzles told otherwise, and games from unusual starts; paired tables.

    python benchmarks/ood_study.py [--seconds 220] [--puzzles 60] [--games 8] [--out results/ood]

Plays into results/play/ood what is not there yet, until the seconds are over (the same command goes on), then writes
tables and figures. Some 10 minutes on two cores in all. Puzzles are those where nobody may castle, so that every shift
has the same originals; only the natural condition is played.
"""

import argparse
import csv
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from horizon.analysis.analysis import Analysis, Group
from horizon.analysis.analyze import analyze_runs
from horizon.core.estimator import Estimate
from horizon.play import session
from horizon.report.chart_builders import charts_of
from horizon.report.matplotlib_figures import draw_chart
from horizon.runs import run_folder
from horizon.scenarios.scenario import Scenario

SHIFTS = ("none", "flip", "mirror", "uci", "descriptive", "ascii", "pieces", "renamed")
OPENINGS = ("book", "chess960", "counterfactual", "random", "atypical", "unbooked")
PLAYED = Path("results/play/ood")
COMMON: dict[str, Any] = {"conditions": ("natural",), "dtype": "auto", "max_tokens": 12}


def scenarios(puzzles: int, games: int) -> dict[str, Scenario]:
    """Return what is played, by folder: a run a shift, one of a random mover to compare with, a run an opening."""
    found = {}
    for opening in OPENINGS:
        found[f"chess_{opening}"] = Scenario(
            environment="chess",
            parameters={"opening": opening, "show": "fen+legal_moves", "later": "last_move+legal_moves"},
            opponents=("stockfish:level=1",),
            episodes=games,
            turns=12,
            **COMMON,
        )
    for shift in SHIFTS:
        parameters = {"castling": "gone", "shift": shift}
        for model in ("smollm2", "random") if shift == "none" else ("smollm2",):
            found[f"puzzle_{model}_{shift}"] = Scenario(
                environment="puzzle", parameters=parameters, model=model, episodes=puzzles, turns=8, **COMMON
            )
    return found


def play(wanted: dict[str, Scenario], seconds: float) -> list[str]:
    """Play what is not finished until the seconds are over; return the names of what is left."""
    deadline = time.monotonic() + seconds
    for name, scenario in wanted.items():
        folder = PLAYED / name
        begun = (folder / "manifest.json").exists()
        if begun and run_folder.is_finished(folder):
            continue
        if time.monotonic() > deadline:
            break
        started = time.monotonic()
        session.run(scenario, folder, session.RunOptions(resume=begun))
        print(f"{name}: {time.monotonic() - started:.0f} s", flush=True)
    return [name for name in wanted if not (PLAYED / name / "turns.parquet").exists()]


def puzzle_table(analysis: Analysis, chance: Analysis) -> Iterable[str]:
    """Yield the paired table of the puzzles in Markdown, a row a shift; `chance` is the random mover's."""
    groups = {_shift_of(group): group for group in analysis.groups}
    none = groups["none"]
    yield f"SmolLM2 without a shift: {_accuracy(none)} right, {_named(none)} of its replies name a legal move."
    yield f"A random mover on the same puzzles: {_accuracy(chance.groups[0])} right."
    yield ""
    yield "| shift | pairs | right, original | right, shifted | lost, points | only original / only shifted right |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: |"
    rows = {str(each.at["shift"]): each for each in analysis.between()["shift"] if each.at["figure"] == "accuracy"}
    for shift, each in rows.items():
        sides = f"{_percent(each.at['original'])} | {_percent(each.at['shifted'])}"
        yield (
            f"| {shift} | {each.n_turns} | {sides} | {_points(each)} | "
            f"{each.at['only_original']} / {each.at['only_shifted']} |"
        )
    yield ""
    yield "| shift | McNemar's p | p by seeds | Holm's p | legal replies | same action | same, where both answered |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: | ---: |"
    alike = {(each.at["shift"], each.at["among"]): each for each in analysis.between()["consistency"]}
    for shift, each in rows.items():
        p_values = " | ".join(f"{float(str(each.at[name])):.2g}" for name in ("p_mcnemar", "p", "p_holm"))
        same = [_interval(alike.get((shift, among))) for among in ("all", "both answered")]
        yield f"| {shift} | {p_values} | {_named(groups[shift])} | {same[0]} | {same[1]} |"


def chess_table(analysis: Analysis) -> Iterable[str]:
    """Yield the table of the openings in Markdown: both sides' figures and what the start costs."""
    yield "| opening | turns, with those of book | figure | book | opening | cost | p | Holm's p |"
    yield "| --- | ---: | --- | ---: | ---: | ---: | ---: | ---: |"
    for each in analysis.between()["shift"]:
        figure = str(each.at["figure"])
        sides = [f"{float(str(each.at[name])):.2f}" for name in ("original", "shifted")]
        cost = "-" if each.low is None else f"{each.estimate:+.2f} ({each.low:+.2f} to {each.high:+.2f})"
        p_values = " | ".join(f"{float(str(each.at[name])):.2g}" for name in ("p", "p_holm"))
        opening = str(each.at["shift"]).partition("=")[2]
        yield f"| {opening} | {each.n_turns} | {figure} | {sides[0]} | {sides[1]} | {cost} | {p_values} |"


def curves(analysis: Analysis, key: str, axis: str) -> Iterable[str]:
    """Yield the error rate along an axis, over all groups, in Markdown."""
    yield f"| {axis} | turns | error rate |"
    yield "| --- | ---: | ---: |"
    found = analysis.whole[key]
    for each in found if isinstance(found, list) else []:
        place = f"{float(str(each.at[f'first_{axis}'])):.2g} to {float(str(each.at[f'last_{axis}'])):.2g}"
        yield f"| {place} | {each.n_turns} | {_interval(each)} |"


def write(out: Path, puzzles: Analysis, chance: Analysis, chess: Analysis) -> None:
    """Write table.md, estimates.csv and the figures."""
    out.mkdir(parents=True, exist_ok=True)
    parts = [
        ("Puzzles under shifts", puzzle_table(puzzles, chance)),
        ("Puzzles by novelty, all shifts", curves(puzzles, "error_by_novelty", "novelty")),
        ("Puzzles by depth, all shifts", curves(puzzles, "error_by_depth", "depth")),
        ("Games from unusual starts", chess_table(chess)),
        ("Games by novelty, all starts", curves(chess, "error_by_novelty", "novelty")),
    ]
    text = "\n".join(line for title, lines in parts for line in (f"## {title}", *lines, ""))
    (out / "table.md").write_text(text, encoding="utf-8")
    rows = [
        {"of": name, "estimator": key, **each.as_json()}
        for name, analysis in (("puzzle", puzzles), ("chess", chess))
        for key, listed in analysis.between().items()
        for each in listed
        if key in ("shift", "consistency")
    ]
    columns = list(dict.fromkeys(key for row in rows for key in row))
    with (out / "estimates.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
    for name, analysis in (("puzzle", puzzles), ("chess", chess)):
        for chart in charts_of(analysis):
            if chart.slug in ("shift", "consistency"):
                draw_chart(chart, out / f"{name}_{chart.slug}.png")


def _shift_of(group: Group) -> str:
    return group.distinction.partition("shift=")[2] or "none"


def _accuracy(group: Group) -> str:
    rate = group.estimates["error_rate"]
    assert isinstance(rate, Estimate)
    right = Estimate(1 - (rate.estimate or 0), 1 - (rate.high or 0), 1 - (rate.low or 0), 0, rate.n_turns, "")
    return f"{_interval(right)} of {rate.n_turns} turns"


def _named(group: Group) -> str:
    """Return the share of replies that name a legal move, right or wrong."""
    kinds = group.estimates["error_kinds"]
    assert isinstance(kinds, list)
    lost = sum(each.estimate or 0 for each in kinds if each.at["kind"] not in ("none", "wrong"))
    return f"{100 * (1 - lost):.0f} %"


def _interval(each: Estimate | None) -> str:
    if each is None or each.estimate is None:
        return "-"
    return f"{100 * each.estimate:.0f} % [{100 * (each.low or 0):.0f}, {100 * (each.high or 0):.0f}]"


def _points(each: Estimate) -> str:
    return f"{100 * (each.estimate or 0):+.1f} [{100 * (each.low or 0):+.1f}, {100 * (each.high or 0):+.1f}]"


def _percent(value: object) -> str:
    return f"{100 * float(str(value)):.1f} %"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=220.0)
    parser.add_argument("--puzzles", type=int, default=60)
    parser.add_argument("--games", type=int, default=8)
    parser.add_argument("--out", type=Path, default=Path("results/ood"))
    given = parser.parse_args()
    wanted = scenarios(given.puzzles, given.games)
    left = play(wanted, given.seconds)
    if left:
        print(f"left: {' '.join(left)}; give the same command again")
        return
    analyses = [
        analyze_runs([PLAYED / name for name in wanted if name.startswith(kind)])
        for kind in ("puzzle_smollm2", "puzzle_random", "chess")
    ]
    write(given.out, *analyses)
    print((given.out / "table.md").read_text())


if __name__ == "__main__":
    main()
