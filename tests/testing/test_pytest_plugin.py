"""Claims about scenarios as tests: three outcomes, pytest's own habits, re-use, and no change for anybody else."""

import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

import horizon.models.openai

# Loaded before pytester takes note of what is: it unloads everything later, and numpy can't be loaded twice.
import horizon.play.gate
import horizon.play.progress  # noqa: F401
from horizon.runs.lock import Lock

pytest_plugins = ["pytester"]

HEADER = """\
environment = "running_total"
model = "synthetic:hazard=0.05"
conditions = ["natural"]
episodes = 24
turns = 6
"""


def scenario(name: str, at_most: float, **more: object) -> str:
    keys = "".join(f"{key} = {json.dumps(value)}\n" for key, value in more.items())
    return f'[[scenario]]\nname = "{name}"\n{keys}[[scenario.expect.error_rate]]\nat_most = {at_most}\n'


EASY, HARD, NEAR = scenario("easy", 0.5), scenario("hard", 0.001), scenario("near", 0.06)


@pytest.fixture
def gates(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A folder with a scenario file in it, and a pytest with this plugin and xdist alone."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p horizon.pytest_plugin -p xdist.plugin")
    write(pytester, EASY + HARD + NEAR)
    return pytester


def write(pytester: pytest.Pytester, text: str, name: str = "gates.toml") -> Path:
    folder = pytester.path / "scenarios"
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(HEADER + text)
    return folder / name


def outcomes(result: pytest.RunResult) -> dict[str, int]:
    return {name: count for name, count in result.parseoutcomes().items() if name not in ("warning", "warnings")}


def test_each_scenario_is_a_test_that_passes_fails_or_is_undecided_by_what_it_expects(gates: pytest.Pytester) -> None:
    result = gates.runpytest("scenarios/gates.toml")
    assert outcomes(result) == {"passed": 1, "failed": 1, "undecided": 1}
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.re_match_lines(
        [
            r"scenarios/gates.toml::easy PASSED error rate at most 0.5: 0.\d\d \[.*\], \d+ episodes, stopped early",
            r"scenarios/gates.toml::near UNDECIDED error rate at most 0.06: .* undecided .*, 24 episodes$",
            r"scenarios/gates.toml::hard FAILED error rate at most 0.001: .* failed, \d+ episodes",
            r"FAILED scenarios/gates.toml::hard - error rate at most 0.001",
        ]
    )


def test_an_undecided_scenario_says_how_many_more_episodes_it_needs_and_strict_mode_fails_it(
    gates: pytest.Pytester,
) -> None:
    # The rate seen is well below the bound, and 8 episodes are too few even without any error.
    write(gates, scenario("few", 0.2, episodes=8))
    plain = gates.runpytest("scenarios/gates.toml")
    assert (outcomes(plain), plain.ret) == ({"undecided": 1}, pytest.ExitCode.OK)
    plain.stdout.re_match_lines([r".*undecided \(about \d+ more episodes\), 8 episodes"])
    strict = gates.runpytest("scenarios/gates.toml", "--horizon-strict")
    assert (outcomes(strict), strict.ret) == ({"failed": 1}, pytest.ExitCode.TESTS_FAILED)


def test_a_failure_tells_what_was_played_where_it_lies_and_how_to_look_at_it_without_a_traceback(
    gates: pytest.Pytester,
) -> None:
    result = gates.runpytest("scenarios/gates.toml", "-k", "hard")
    text = result.stdout.str()
    assert "synthetic:hazard=0.05 on running_total, seed 0" in text
    assert "Traceback" not in text and ".py:" not in text
    folder = next(line.split()[-1] for line in text.splitlines() if line.startswith("look: horizon report"))
    assert folder.startswith("results/play/pytest/")
    assert (gates.path / folder / "turns.parquet").is_file()


def test_the_verbose_line_holds_figure_and_interval_and_then_no_summary_repeats_it(gates: pytest.Pytester) -> None:
    result = gates.runpytest("scenarios/gates.toml", "-v", "-k", "easy")
    result.stdout.re_match_lines([r"scenarios/gates.toml::easy PASSED error rate at most 0.5: 0.\d\d \[.*100%\]"])
    assert result.stdout.str().count("error rate at most 0.5") == 1


def test_model_plays_all_scenarios_of_a_folder_with_another_model(gates: pytest.Pytester) -> None:
    gates.makepyfile(test_plain="def test_one(): pass")
    result = gates.runpytest(".", "--model", "synthetic:hazard=1")
    assert outcomes(result) == {"passed": 1, "failed": 3}
    several = gates.runpytest("scenarios", "--model=synthetic:hazard=1", "--model", "synthetic:hazard=0", "-v")
    assert several.parseoutcomes()["failed"] == 3
    names = [line.split()[0] for line in several.stdout.lines if "::" in line and "%]" in line]
    # One model after the other, so that each is opened once.
    assert [name.partition("hazard=")[2] for name in names] == ["1]"] * 3 + ["0]"] * 3


def test_a_folder_without_being_asked_and_toml_files_of_others_are_left_alone(gates: pytest.Pytester) -> None:
    gates.makepyfile(test_plain="def test_one(): pass")
    for name, text in {
        "pyproject.toml": '[tool.x]\nenvironment = "test"\n',
        "ruff.toml": "line-length = 100\n",
        "pixi.toml": "[environment]\nname = 'x'\n",
        "broken.toml": "this is = = no toml\n",
    }.items():
        (gates.path / name).write_text(text)
    (gates.path / "scenarios" / "gates.toml").unlink()
    plain = gates.runpytest(".")
    assert outcomes(plain) == {"passed": 1}
    asked = gates.runpytest(".", "--horizon")
    assert outcomes(asked) == {"passed": 1}
    write(gates, EASY)
    assert outcomes(gates.runpytest(".")) == {"passed": 1}
    assert "horizon:" not in plain.stdout.str()
    assert outcomes(gates.runpytest(".", "--horizon")) == {"passed": 2}
    (gates.path / "pytest.ini").write_text("[pytest]\nhorizon_scenarios = true\n")
    assert outcomes(gates.runpytest(".")) == {"passed": 2}


def test_a_project_whose_conftest_has_its_own_model_option_keeps_it(gates: pytest.Pytester) -> None:
    gates.makeconftest("def pytest_addoption(parser): parser.addoption('--model', default='theirs')")
    gates.makepyfile(test_plain="def test_one(request): assert request.config.getoption('--model') == 'mine'")
    write(gates, EASY)
    assert outcomes(gates.runpytest(".", "--model", "mine")) == {"passed": 1}
    assert outcomes(gates.runpytest(".", "--model=mine", "--horizon-model", "synthetic:hazard=0")) == {"passed": 2}


def test_k_x_and_last_failed_work_as_with_any_test(gates: pytest.Pytester) -> None:
    assert outcomes(gates.runpytest("scenarios/gates.toml", "-k", "easy or near")) == {
        "passed": 1,
        "undecided": 1,
        "deselected": 1,
    }
    assert outcomes(gates.runpytest("scenarios/gates.toml", "-x")) == {"passed": 1, "failed": 1}
    assert outcomes(gates.runpytest("scenarios/gates.toml", "--lf"))["failed"] == 1
    assert outcomes(gates.runpytest("scenarios/gates.toml::near")) == {"undecided": 1}


def test_outcomes_and_figures_go_through_xdist_and_last_failed_after_it(gates: pytest.Pytester) -> None:
    result = gates.runpytest("scenarios/gates.toml", "-n", "2", "--horizon-out", "runs")
    assert outcomes(result) == {"passed": 1, "failed": 1, "undecided": 1}
    result.stdout.re_match_lines([r"scenarios/gates.toml::easy PASSED error rate at most 0.5: .* episodes"])
    assert len(list((gates.path / "runs").iterdir())) == 3
    last = gates.runpytest("scenarios/gates.toml", "--lf", "--horizon-out", "runs", "--horizon-reuse")
    assert last.parseoutcomes()["failed"] == 1 and "passed" not in last.parseoutcomes()
    last.stdout.re_match_lines([r".*::hard FAILED .*, reused"])


def test_one_worker_plays_all_scenarios_of_a_local_model_and_the_header_says_why(gates: pytest.Pytester) -> None:
    # A model that can't be loaded is as local as one that can.
    result = gates.runpytest("scenarios", "--model", "hf:./nowhere", "-n", "2", "-v")
    assert outcomes(result) == {"errors": 3}
    result.stdout.re_match_lines([r"horizon: processes can't share a loaded model"])
    workers = {line.split("]")[0] for line in result.stdout.lines if line.startswith("[gw") and "ERROR" in line}
    assert len(workers) == 1


def test_junit_xml_holds_figures_as_properties_and_tells_errors_from_failures(gates: pytest.Pytester) -> None:
    write(gates, EASY + HARD + scenario("gone", 0.5, model="openai:none", server_retries=0))
    gates.runpytest("scenarios", "--horizon", "--junit-xml=junit.xml", "--horizon-base-url", "http://127.0.0.1:9/v1")
    cases = {str(case.get("name")): case for case in ElementTree.parse(gates.path / "junit.xml").iter("testcase")}
    found = {str(each.get("name")): str(each.get("value")) for each in cases["hard"].iter("property")}
    assert found["verdict"] == "failed" and found["model"] == "synthetic:hazard=0.05"
    told = json.loads(found["outcomes"])[0]
    assert told["claim"] == "error rate at most 0.001" and 0.001 < told["low"] <= told["estimate"] <= told["high"]
    kinds = {name: [each.tag for each in case if each.tag in ("failure", "error")] for name, case in cases.items()}
    assert kinds == {"easy": [], "hard": ["failure"], "gone": ["error"]}


def test_what_the_infrastructure_breaks_is_an_error_of_one_line_and_no_failure_of_the_model(
    gates: pytest.Pytester,
) -> None:
    write(gates, scenario("gone", 0.5, model="openai:none", server_retries=0))
    result = gates.runpytest("scenarios/gates.toml", "--horizon-base-url", "http://127.0.0.1:9/v1")
    assert outcomes(result) == {"errors": 1}
    result.stdout.re_match_lines([r"scenarios/gates.toml::gone could not be played: .*127.0.0.1"])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("tunrs = 5\n", "scenarios/gates.toml, line 6: .*'tunrs': did you mean 'turns'"),
        (
            "[expect]\nh50_at_leest = 3\n",
            "scenarios/gates.toml, line 7: .*'h50_at_leest': did you mean 'h50_at_least'",
        ),
        ("turns = 7\n", "scenarios/gates.toml.* line 6"),
    ],
)
def test_a_broken_file_is_one_clear_line_that_names_file_line_and_key(
    gates: pytest.Pytester, text: str, said: str
) -> None:
    write(gates, text)
    result = gates.runpytest("scenarios", "--horizon")
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.re_match_lines([rf".*{said}"])
    assert "Traceback" not in result.stdout.str() and "site-packages" not in result.stdout.str()


def test_a_finished_run_is_used_again_until_something_relevant_changes(gates: pytest.Pytester) -> None:
    def verdict(*more: str) -> str:
        result = gates.runpytest("scenarios/gates.toml", "--horizon-reuse", *more)
        return next(line for line in result.stdout.lines if "gates.toml::one" in line and "error rate" in line)

    write(gates, scenario("one", 0.5))
    assert "reused" not in verdict()
    first = verdict()
    assert first.endswith(", reused")
    # What is expected is no part of the run: it is judged anew on the same turns.
    write(gates, scenario("one", 0.6))
    assert "at most 0.6" in verdict() and verdict().endswith(", reused")
    write(gates, scenario("one", 0.5, seed=1))
    assert "reused" not in verdict() and verdict().endswith(", reused")
    assert "reused" not in verdict("--horizon-episodes", "20")


def test_a_run_that_does_not_settle_what_is_expected_now_goes_on_where_it_stopped(gates: pytest.Pytester) -> None:
    write(gates, scenario("one", 0.5))
    gates.runpytest("scenarios/gates.toml")
    write(gates, scenario("one", 0.06))
    result = gates.runpytest("scenarios/gates.toml", "--horizon-reuse")
    result.stdout.re_match_lines([r".*one UNDECIDED .*, 24 episodes$"])
    (folder,) = (gates.path / "results/play/pytest").iterdir()
    assert len(json.loads((folder / "manifest.json").read_text())["resumed"]) == 1


def test_without_reuse_the_run_of_a_scenario_is_played_anew_in_its_place(gates: pytest.Pytester) -> None:
    for _ in range(2):
        result = gates.runpytest("scenarios/gates.toml", "-k", "easy")
        assert outcomes(result) == {"passed": 1, "deselected": 2}
        assert "reused" not in result.stdout.str()
    assert len(list((gates.path / "results/play/pytest").iterdir())) == 1


def test_a_run_that_another_process_is_writing_is_not_thrown_away(gates: pytest.Pytester) -> None:
    gates.runpytest("scenarios/gates.toml", "-k", "easy")
    (folder,) = (gates.path / "results/play/pytest").iterdir()
    with Lock(folder):
        result = gates.runpytest("scenarios/gates.toml", "-k", "easy")
    assert outcomes(result)["errors"] == 1
    result.stdout.re_match_lines([r".*is being written by process"])
    assert (folder / "turns.parquet").is_file()


def test_a_folder_that_holds_something_else_is_never_replaced(gates: pytest.Pytester) -> None:
    gates.runpytest("scenarios/gates.toml", "-k", "easy")
    (folder,) = (gates.path / "results/play/pytest").iterdir()
    (folder / "manifest.json").unlink()
    (folder / "mine.txt").write_text("keep")
    result = gates.runpytest("scenarios/gates.toml", "-k", "easy")
    assert outcomes(result)["errors"] == 1
    assert (folder / "mine.txt").read_text() == "keep"


def test_the_plugin_brings_the_fixtures_for_peoples_own_tests(gates: pytest.Pytester) -> None:
    gates.makepyfile(
        test_mine="""
        def test_one(play_episode, horizon_model):
            played = play_episode("running_total", horizon_model, episodes=2, turns=3)
            assert played.table.n_episodes == 2
        """
    )
    assert outcomes(gates.runpytest("test_mine.py", "--model", "synthetic:hazard=0")) == {"passed": 1}


def test_the_plugin_imports_nothing_heavy_as_every_pytest_loads_it() -> None:
    heavy = ("numpy", "polars", "pydantic", "torch", "scipy", "hypothesis", "chess", "typer")
    code = f"import sys, horizon.pytest_plugin; print([name for name in {heavy} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_a_run_on_a_file_that_holds_something_else_by_now_is_not_used_again(gates: pytest.Pytester) -> None:
    pack = gates.path / "own.epd"
    keys = {"environment": "puzzle", "parameters": {"pack": str(pack)}, "model": "random", "judge_engine": "none"}
    inner = scenario("one", 0.99, episodes=4, turns=1, **{key: keys[key] for key in keys if key != "parameters"})
    text = inner.replace("[[scenario.expect", f"parameters = {{pack = '{pack}'}}\n[[scenario.expect")
    (gates.path / "scenarios" / "gates.toml").write_text(text)
    told = []
    for move in ("Ra8#", "Ra8#", "Kf1"):
        pack.write_text(f'6k1/5ppp/8/8/8/8/5PPP/R5K1 w - - bm {move}; id "one";\n')
        # Each in a process of its own, as a pack is read once a process.
        told.append(gates.runpytest_subprocess("scenarios/gates.toml", "--horizon-reuse").stdout.str())
    assert ["reused" in each for each in told] == [False, True, False], told


@pytest.mark.parametrize("more", [(), ("--horizon-reuse",)])
def test_what_is_left_of_a_run_without_its_manifest_is_never_taken_for_the_new_one(
    gates: pytest.Pytester, more: tuple[str, ...]
) -> None:
    gates.runpytest("scenarios/gates.toml", "-k", "easy")
    (folder,) = (gates.path / "results/play/pytest").iterdir()
    before = (folder / "turns.jsonl").read_bytes()
    (folder / "manifest.json").unlink()
    result = gates.runpytest("scenarios/gates.toml", "-k", "easy", *more)
    assert outcomes(result)["passed"] == 1 and "reused" not in result.stdout.str()
    assert len((folder / "turns.jsonl").read_bytes().splitlines()) == len(before.splitlines())


def test_a_damaged_manifest_is_played_anew_where_runs_are_used_again(gates: pytest.Pytester) -> None:
    gates.runpytest("scenarios/gates.toml", "-k", "easy")
    (folder,) = (gates.path / "results/play/pytest").iterdir()
    (folder / "manifest.json").write_text("{")
    result = gates.runpytest("scenarios/gates.toml", "-k", "easy", "--horizon-reuse")
    assert outcomes(result)["passed"] == 1 and "reused" not in result.stdout.str()
    assert json.loads((folder / "manifest.json").read_text())["plan"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('enviroment = "hanoi"\nmodel = "random"\n', "did you mean 'environment'"),
        ("\x00\x01", "this is no TOML"),
    ],
)
def test_a_file_that_is_named_is_told_what_is_wrong_with_it(gates: pytest.Pytester, text: str, said: str) -> None:
    (gates.path / "typo.toml").write_text(text)
    result = gates.runpytest("typo.toml")
    result.stdout.re_match_lines([rf".*{said}"])
    assert "not found" not in result.stdout.str()


def test_a_byte_order_mark_is_no_mistake(gates: pytest.Pytester) -> None:
    (gates.path / "scenarios" / "gates.toml").write_text("\ufeff" + HEADER + EASY)
    assert outcomes(gates.runpytest("scenarios/gates.toml")) == {"passed": 1}


def test_base_url_is_an_option_beside_model_unless_a_project_has_its_own(gates: pytest.Pytester) -> None:
    gates.makepyfile(test_plain="def test_one(request): assert request.config.option.horizon_base_url == ['http://x']")
    assert outcomes(gates.runpytest("test_plain.py", "--base-url", "http://x")) == {"passed": 1}
    assert outcomes(gates.runpytest("test_plain.py", "--model", "random", "--base-url=http://x")) == {"passed": 1}


def test_without_model_the_header_says_which_models_a_named_file_takes_and_how_much_they_reply(
    gates: pytest.Pytester,
) -> None:
    named = gates.runpytest("scenarios/gates.toml", "--collect-only")
    named.stdout.fnmatch_lines(["horizon: gates.toml plays synthetic:*: at most * replies (--model takes another)"])
    assert "at most" not in gates.runpytest("scenarios/gates.toml", "--model", "random", "--collect-only").stdout.str()
