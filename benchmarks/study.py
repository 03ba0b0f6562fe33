"""The focus study of SmolLM2: five environments, all conditions, one table. About 40 minutes on two cores.

    python benchmarks/study.py [--out results/study]

Plays each `study_*` scenario into results/play (going on with what is there), then writes the report of all of them
and keeps their rows: horizon report results/study/runs/* draws it again.
"""

import argparse
import shutil
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from horizon.analysis.analysis import Group
from horizon.analysis.analyze import analyze_runs
from horizon.core.estimator import Estimate
from horizon.play import session
from horizon.report.palette import style_of
from horizon.report.terminal_table import points
from horizon.report.write import write_analysis
from horizon.runs import run_folder
from horizon.scenarios import scenario as scenarios

NAMES = ("study_chess", "study_stack", "study_list", "study_total", "study_hanoi")
CONDITIONS = ("natural", "fresh", "healed", "foreign", "padded", "corrupted:0.75", "window:4", "recap")


def played(name: str) -> Path:
    """Return the finished run folder of a scenario."""
    folder = Path("results/play") / name
    if not (folder / "manifest.json").exists() or not run_folder.is_finished(folder):
        session.run(
            scenarios.read(name), folder, session.RunOptions(resume=(folder / "manifest.json").exists()), say=print
        )
    return folder


def table(groups: tuple[Group, ...]) -> str:
    """Return the figures in Markdown: a column an environment."""
    lines = ["| | " + " | ".join(group.environment for group in groups) + " |", "| --- |" + " ---: |" * len(groups)]
    for condition in CONDITIONS:
        lines.append(f"| {condition} | " + " | ".join(_rate(group, condition) for group in groups) + " |")
    for key, name in (
        ("focus_gap", "focus gap (natural - fresh)"),
        ("practice", "practice (foreign - fresh)"),
        ("focus_loss", "loss of focus (natural - foreign)"),
    ):
        lines.append(f"| {name} | " + " | ".join(points(_single(group, key)) for group in groups) + " |")
    ratios = [_single(group, "self_conditioning") for group in groups]
    told = [f"{each.estimate:.2f} ({each.low:.2f} to {each.high:.2f})" for each in ratios]
    return "\n".join([*lines, "| odds of an error, per error shown | " + " | ".join(told) + " |"]) + "\n"


def draw(groups: tuple[Group, ...], path: Path) -> None:
    """Draw the error rate under four conditions, an environment beside the other."""
    figure = Figure(figsize=(9, 4.2), layout="constrained", dpi=130)
    axes = figure.subplots()
    for index, condition in enumerate(("natural", "fresh", "foreign", "healed")):
        for place, group in enumerate(groups):
            found = group.estimates["error_rate_by_condition"]
            each = next(e for e in found if isinstance(e, Estimate) and e.at["condition"] == condition)
            rate, low, high = each.estimate or 0.0, each.low or 0.0, each.high or 1.0
            axes.errorbar(
                place + 0.14 * (index - 1.5),
                rate,
                yerr=[[rate - low], [high - rate]],
                fmt=style_of(condition, index).marker,
                color=style_of(condition, index).colour,
                capsize=3,
                label=condition if not place else None,
            )
    axes.set_xticks(range(len(groups)), [group.environment.replace("_", " ") for group in groups])
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.set_ylim(0, 1.02)
    axes.set_ylabel("share of turns with an error, 95 % interval")
    axes.set_title("SmolLM2-135M: the same model, five tasks, four histories", loc="left", fontweight="bold")
    axes.grid(axis="y", color="#E3E3E3")
    axes.legend(frameon=False, ncols=4, loc="lower left")
    figure.savefig(path, metadata={"Software": "horizon"})


def _rate(group: Group, condition: str) -> str:
    found = group.estimates["error_rate_by_condition"]
    for each in found if isinstance(found, list) else ():
        if each.at["condition"] == condition and each.estimate is not None:
            return f"{100 * each.estimate:.0f} [{100 * (each.low or 0):.0f}, {100 * (each.high or 1):.0f}]"
    return ""


def _single(group: Group, key: str) -> Estimate:
    found = group.estimates[key]
    if isinstance(found, list):
        raise TypeError(f"{key} is a list of estimates")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("results/study"))
    given = parser.parse_args()
    folders = [played(name) for name in NAMES]
    analysis = analyze_runs(folders)
    write_analysis(analysis, Path("results/play/study"))
    (given.out / "runs").mkdir(parents=True, exist_ok=True)
    shutil.copy("results/play/study/tables/estimates.csv", given.out / "estimates.csv")
    draw(analysis.groups, given.out / "study.png")
    (given.out / "table.md").write_text(table(analysis.groups))
    for folder in folders:
        kept = given.out / "runs" / folder.name
        kept.mkdir(parents=True, exist_ok=True)
        for name in ("manifest.json", "turns.parquet", "episodes.parquet"):
            shutil.copy(folder / name, kept / name)
    print((given.out / "table.md").read_text())


if __name__ == "__main__":
    main()
