"""The focus study of SmolLM2: five environments, all conditions, one table. About 40 minutes on two cores.

    python benchmarks/study.py [--out results/study]

Plays each `study_*` scenario into results/play (going on with what is there), then writes the report of all of them
and keeps their rows: horizon report results/study/runs/* draws it again.
"""

import argparse
import shutil
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from horizon.analysis.analysis import Analysis, Group
from horizon.analysis.analyze import analyze_runs
from horizon.analysis.chart import points_of
from horizon.core.estimator import Estimate
from horizon.play import session
from horizon.report.csv_tables import write_csv
from horizon.report.headline import write_p
from horizon.report.palette import style_of
from horizon.report.terminal_table import points
from horizon.report.write import write_analysis
from horizon.runs import run_folder
from horizon.scenarios import scenario as scenarios

NAMES = ("study_chess", "study_stack", "study_list", "study_total", "study_hanoi")
CONTRASTS = ("natural-healed", "healed-padded", "padded-fresh", "corrupted:0.75-healed")
FADING = ("longer context", "turns as such")
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
    """Return the figures in Markdown: a column per environment."""
    lines = ["| | " + " | ".join(group.environment for group in groups) + " |", "| --- |" + " ---: |" * len(groups)]
    for condition in CONDITIONS:
        name = condition if condition != "natural" else "natural, all turns"
        lines.append(_row(name, groups, lambda group, name=condition: _rate(group, "error_rate_by_condition", name)))
        if condition == "natural":
            probed = "natural, turns with a probe"
            lines.append(_row(probed, groups, lambda group: _rate(group, "natural_on_probed_states", "healed")))
    lines.append(_row("focus gap (natural - fresh)", groups, lambda group: _contrast(group, "natural-fresh")))
    for key, name in (("practice", "practice (foreign - fresh)"), ("focus_loss", "loss of focus (natural - foreign)")):
        lines.append(_row(name, groups, lambda group, key=key: points(_single(group, key))))
    for name in CONTRASTS:
        lines.append(_row(name.replace("-", " - "), groups, lambda group, name=name: _contrast(group, name)))
    lines.append(_row("odds of an error, per error shown (pairs of one state)", groups, _odds))
    for cause in FADING:
        lines.append(_row(f"{cause} below 5 points", groups, lambda group, cause=cause: _fading(group, cause)))
    return "\n".join(lines) + "\n"


def write(analysis: Analysis, out: Path) -> None:
    """Write table, figure and estimates of the study's runs."""
    out.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as folder:
        write_csv(analysis, Path(folder))
        shutil.copy(Path(folder) / "estimates.csv", out / "estimates.csv")
    draw(analysis.groups, out / "study.png")
    (out / "table.md").write_text(table(analysis.groups))


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


def _row(name: str, groups: tuple[Group, ...], cell: Callable[[Group], str]) -> str:
    return f"| {name} | " + " | ".join(cell(group) for group in groups) + " |"


def _rate(group: Group, key: str, condition: str) -> str:
    for rate in points_of(group.estimates, key):
        if rate.at["condition"] == condition:
            return f"{100 * (rate.estimate or 0):.0f} [{100 * (rate.low or 0):.0f}, {100 * (rate.high or 1):.0f}]"
    return ""


def _contrast(group: Group, name: str) -> str:
    (contrast,) = [point for point in points_of(group.estimates, "contrasts") if point.at["name"] == name]
    return f"{points(contrast)}, {write_p(float(str(contrast.at['p_holm'])))}"


def _odds(group: Group) -> str:
    ratio = _single(group, "self_conditioning")
    return f"{ratio.estimate:.2f} ({ratio.low:.2f} to {ratio.high:.2f})"


def _fading(group: Group, cause: str) -> str:
    (test,) = [point for point in points_of(group.estimates, "no_fading") if point.at["cause"] == cause]
    verdict = "shown" if test.at["is_equivalent"] else "not shown"
    return f"{verdict} ({100 * (test.low or 0):+.0f} to {100 * (test.high or 0):+.0f})"


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
    write(analysis, given.out)
    for folder in folders:
        kept = given.out / "runs" / folder.name
        kept.mkdir(parents=True, exist_ok=True)
        for name in ("manifest.json", "turns.parquet", "episodes.parquet"):
            shutil.copy(folder / name, kept / name)
    print((given.out / "table.md").read_text())


if __name__ == "__main__":
    main()
