"""Claims about colours: a condition has one colour in every chart and on the page, and no other shares it."""

from itertools import pairwise

import polars as pl
from matplotlib.colors import to_rgb
from simulated_turns import simulated_turns

from horizon.analysis.analyze import analyze_table
from horizon.analysis.turn_table import load_table
from horizon.report.chart_builders import charts_of
from horizon.report.palette import style_of
from horizon.report.plotly_figures import draw
from horizon.scenarios.conditions import CONDITIONS

ARMS = ("natural", "fresh", "healed", "padded", "foreign", "corrupted:0.5")


def test_a_condition_keeps_its_colour_whatever_its_place_and_what_else_was_played() -> None:
    lines = []
    for arms in (ARMS, ("natural", "healed"), ("natural", "padded", "healed", "fresh")):
        turns = pl.concat([simulated_turns(8, 12, hazard=0.3, conditions=arms)])
        for chart in charts_of(analyze_table(load_table(turns))):
            if chart.form in ("line", "step"):
                lines += [trace for trace in draw(chart).data if trace.name in CONDITIONS]
    assert {line.name for line in lines} >= {"natural", "fresh", "healed"}
    assert len({(line.name, line.line.color) for line in lines}) == len({line.name for line in lines})


def test_no_two_conditions_share_a_colour() -> None:
    names = (*ARMS, "recap", "window:4", "corrupted:0.25", "corrupted:0.75", "window:8", "repeat:1")
    assert len({style_of(name, 0).colour for name in names}) == len(names)


def test_a_greater_dose_is_darker() -> None:
    doses = [sum(to_rgb(style_of(f"corrupted:{dose}", 0).colour)) for dose in ("0", "0.25", "0.75", "1")]
    assert all(lighter > darker for lighter, darker in pairwise(doses))


def test_every_condition_has_a_colour_and_fewer_bits_are_darker() -> None:
    numbers = {"": "", "k": ":4", "p": ":0.5", "bits": ":8", "RUN": ":results/play/run"}
    names = [name + numbers[condition.takes] for name, condition in CONDITIONS.items()]
    assert all(style_of(name, 3).colour.startswith("#") for name in names)
    assert sum(to_rgb(style_of("kv:4", 3).colour)) < sum(to_rgb(style_of("kv:8", 3).colour))


def test_names_that_are_no_condition_have_colours_by_place() -> None:
    assert len({style_of(name, place).colour for place, name in enumerate(("corrupted:much", "wrong", "a:b"))}) == 3
