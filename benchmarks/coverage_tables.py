"""The tables of results/coverage in Markdown, from the rows of its CSV files; simulates nothing."""

from collections.abc import Mapping, Sequence

Row = Mapping[str, object]


def pivot(rows: Sequence[Row]) -> str:
    """Return coverage in % as a table: a row per figure and a column per process."""
    processes = list(dict.fromkeys(str(row["process"]) for row in rows))
    cells = {(str(row["figure"]), str(row["process"])): 100 * float(str(row["coverage"])) for row in rows}
    lines = ["| figure | " + " | ".join(processes) + " |", "| --- |" + " ---: |" * len(processes)]
    for figure in dict.fromkeys(figure for figure, _ in cells):
        shares = [f"{cells[figure, name]:.1f}" if (figure, name) in cells else "" for name in processes]
        lines.append(f"| {figure} | {' | '.join(shares)} |")
    return "\n".join(lines) + "\n"


def process_table(rows: Sequence[Row]) -> str:
    """Return coverage and false alarms as a table: a row per process and figure."""
    head = "| process | figure | truth | coverage % | above % | below % | studies |\n"
    lines = [
        f"| {row['process']} | {row['figure']} | {float(str(row['truth'])):.3g} | "
        f"{' | '.join(percents(row).split())} | {row['given']} |"
        for row in rows
    ]
    return f"{head}|---|---|---:|---:|---:|---:|---:|\n" + "\n".join(lines) + "\n"


def percents(row: Row) -> str:
    """Return coverage and the shares of intervals above and below the truth, in %."""
    return " ".join(f"{100 * float(str(row[key])):5.1f}" for key in ("coverage", "above", "below"))
