"""Claims about scenario files that no person writes: deep, huge, with control characters; each is one line."""

from pathlib import Path

import pytest

from horizon.scenarios.check import check_suite
from horizon.testing.pytest_items import is_scenario_file

HOSTILE = {
    "deep_list": ("a = " + "[" * 5000 + "]" * 5000, "nested too deeply"),
    "deep_list_with_items": ("a = " + "[1," * 500 + "1" + "]" * 500, "nested too deeply"),
    "deep_inline_table": ("a = " + "{b=" * 500 + "1" + "}" * 500, "nested too deeply"),
    "thirty_deep": ("a = " + "[" * 30 + "]" * 30, "nested too deeply"),
    "many_digits": ("episodes = " + "9" * 5000, "too many digits"),
    "long_key": (".".join(["a"] * 8000) + " = 1", "more than 20 parts"),
    "long_quoted_key": (" . ".join(['"a b"'] * 3000) + " = 1", "more than 20 parts"),
    "long_header": ("[" + ".".join(["a"] * 3000) + "]", "more than 20 parts"),
    "long_key_inside": ("a = {" + ".".join(["a"] * 3000) + " = 1}", "more than 20 parts"),
    "pointer": ("version https://git-lfs.github.com/spec/v1\noid sha256:4d\n", "a pointer of Git LFS"),
    "page": ("<!DOCTYPE html><title>404</title>", "a web page (404)"),
    "json": ('{"model": "random"}', "it is JSON"),
    "huge": ("#" * 1_100_000, "larger than 1000 kB"),
    "many_scenarios": ('[[scenario]]\nname = "a"\n' * 1500, "1500 scenarios"),
    "control_characters": ('"\\u001b[31mred\\u001b]0;x\\u0007" = 1', "unknown key"),
    "bidirectional_key": ('"\\u202eabc" = 1', "unknown key"),
    "nul_in_a_value": ('model = "a\\u0000b"', "unknown model"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_one_printable_line(name: str, tmp_path: Path) -> None:
    text, reason = HOSTILE[name]
    path = tmp_path / "hostile.toml"
    path.write_text(text)
    lines = list(check_suite(str(path)).lines())
    assert any(reason in line for line in lines), lines
    assert all(line.isprintable() for line in lines)
    assert not check_suite(str(path)).is_right
    is_scenario_file(path)


def test_a_device_is_no_scenario_file() -> None:
    (line,) = check_suite("/dev/zero").lines()
    assert "it is no file" in line


def test_thousands_of_bounds_take_no_square_of_them(tmp_path: Path) -> None:
    path = tmp_path / "many.toml"
    bounds = "[[expect.error_rate]]\nat_most = 0.5\n" * 2000
    path.write_text(f'environment = "hanoi"\nmodel = "random"\n{bounds}')
    assert check_suite(str(path)).is_right


def test_every_mistake_is_reported_at_once(tmp_path: Path) -> None:
    path = tmp_path / "many.toml"
    path.write_text(
        'environment = "hanoi:disk=3"\nmodel = "rnadom"\nepisodes = "12"\nturms = 3\n[parameters]\nrules = 7\n'
    )
    told = "\n".join(check_suite(str(path)).lines())
    for part in (
        "line 1",
        "'disk'",
        "line 2",
        "did you mean 'random'",
        "line 3",
        "episodes = 12",
        "line 4",
        "'turns'",
    ):
        assert part in told, told


def test_a_number_in_quotes_is_a_mistake_in_a_file_and_none_on_the_command_line(tmp_path: Path) -> None:
    path = tmp_path / "quoted.toml"
    path.write_text('environment = "hanoi"\nmodel = "random"\nepisodes = 3\n')
    assert check_suite(str(path), episodes="12").is_right
    path.write_text('environment = "hanoi"\nmodel = "random"\nepisodes = "3"\n')
    (line,) = check_suite(str(path)).lines()
    assert "write it without quotes, episodes = 3" in line
