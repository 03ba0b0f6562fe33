"""Claims about what is printed and drawn: figures of the table in words, hostile names disarmed, files repeatable."""

import io
from pathlib import Path

from matplotlib.image import imread
from rich.console import Console
from simulated_turns import simulated_episodes, simulated_turns

from horizon.analysis.analysis import Analysis
from horizon.analysis.analyze import analyze_table
from horizon.analysis.turn_table import load_table
from horizon.report.matplotlib_figures import draw_error_by_turn
from horizon.report.terminal_table import print_analysis


def analysis(model: str = "synthetic", **settings: object) -> Analysis:
    turns = simulated_turns(8, 12, model=model, **settings)  # type: ignore[arg-type]
    return analyze_table(load_table(turns, simulated_episodes(turns, opponent="random", aborted=["e0000"])))


def printed(found: Analysis) -> str:
    console = Console(file=io.StringIO(), width=160, force_terminal=True)
    print_analysis(found, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_table_tells_rates_gap_results_and_what_was_left_out() -> None:
    found = analysis(hazard=0.5, seed=4)
    rate = found.groups[0].estimates["error_rate"]
    assert not isinstance(rate, list) and rate.estimate is not None
    text = printed(found)
    assert "running_total against random" in text
    assert f"{100 * rate.estimate:.1f} % [" in text
    assert "focus gap (natural - fresh):" in text
    assert "results: solved 7 (of 7 episodes)" in text
    assert "1 aborted episodes" in text


def test_control_codes_and_markup_in_names_reach_the_terminal_as_text() -> None:
    text = printed(analysis(model="evil\x1b[2J[red]\u202e"))
    assert "\x1b[2J" not in text
    assert "\u202e" not in text
    assert "[red]" in text


def test_no_history_probes_still_print_and_draw(tmp_path: Path) -> None:
    found = analysis(conditions=("natural",))
    assert "fresh was not played" in printed(found)
    assert draw_error_by_turn(found, tmp_path / "a.png")[0].stat().st_size > 5_000


def test_the_figure_is_an_image_and_the_same_run_draws_the_same_bytes(tmp_path: Path) -> None:
    (one,) = draw_error_by_turn(analysis(model="math $ in _ names"), tmp_path / "new" / "a.png")
    (other,) = draw_error_by_turn(analysis(model="math $ in _ names"), tmp_path / "b.png")
    height, width = imread(one).shape[:2]
    assert width > height > 600
    assert one.read_bytes() == other.read_bytes()
