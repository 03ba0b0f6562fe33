"""Claims about mistakes in scenario files: each is one line with file, line, key and what was meant."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from horizon.core.errors import UsageError
from horizon.scenarios.check import SuiteCheck, check_suite
from horizon.scenarios.files import FILE_KEYS
from horizon.scenarios.scenario import Scenario, read_suite

HANOI = 'environment = "hanoi"\nmodel = "random"\n'
CHESS = 'model = "random"\nopponents = ["random"]\njudge_nodes = 1000\n'

# Of each file: its text, the line and the key of the mistake, and what must be said of it.
READING = {
    "no_toml": ("turns = =", 1, "", "this is no TOML"),
    "key_twice": ("turns = 3\nturns = 4", 2, "", "Cannot overwrite a value"),
    "unknown_key": ("\nturms = 3", 2, "turms", "did you mean 'turns'"),
    "unknown_file_key": ('extend = "chess"', 1, "extend", "did you mean 'extends'"),
    "unknown_table": ("[paramters]\ndisks = 3", 1, "paramters", "did you mean 'parameters'"),
    "unknown_expectation": ("[expect]\nh50_at_lest = 3", 2, "expect.h50_at_lest", "did you mean 'h50_at_least'"),
    "unknown_bound": ("[[expect.error_rate]]\nat_mots = 1", 2, "expect.error_rate[0].at_mots", "'at_most'"),
    "wrong_type": ("turns = 'many'", 1, "turns='many'", "must be a valid integer"),
    "share_of_text": ("top_p = 'all'", 1, "top_p='all'", "must be a valid number"),
    "below_range": ("turns = -3", 1, "turns=-3", "must be greater than or equal to 1"),
    "above_range": ("temperature = 11", 1, "temperature=11", "must be less than or equal to 10"),
    "alpha_of_a_coin": ("alpha = 0.5", 1, "alpha=0.5", "must be less than 0.5"),
    "parameter_of_a_list": ("[parameters]\ndisks = [3]", 2, "parameters.disks=[3]", "must be"),
    "unknown_condition": ("conditions = ['natural', 'frehs']", 1, "conditions", "did you mean 'fresh'"),
    "condition_without_number": ("conditions = ['window']", 1, "conditions", "write it as window:k"),
    "condition_twice": ("conditions = ['fresh', 'fresh']", 1, "conditions", "named twice"),
    "one_condition_as_text": ("conditions = 'fresh'", 1, "conditions='fresh'", "must be a valid tuple"),
    "on_error": ("on_error = 'retry'", 1, "on_error", "none of substitute, stop, retry:n"),
    "substitute": ("substitute = 'orcle'", 1, "substitute", "did you mean 'oracle'"),
    "unknown_answer": ("answer = 'scores'", 1, "answer", "must be 'generate' or 'score'"),
    "both_bounds": ("[[expect.error_rate]]\nat_most = 1\nat_least = 0", 1, "expect.error_rate[0]", "exactly one of"),
    "no_bound": ("[[expect.error_rate]]\nturns = 3", 1, "expect.error_rate[0]", "exactly one of"),
    "turns_backwards": ("[[expect.error_rate]]\nat_most = 1\nturns = '9-3'", 3, "turns='9-3'", "smaller one first"),
    "no_turns": ("[[expect.error_rate]]\nat_most = 1\nturns = 'all'", 3, "turns='all'", "write it as 20, 1-10 or 20-"),
    "second_bound": (
        "[[expect.error_rate]]\nat_most = 0.1\n\n[[expect.error_rate]]\nat_most = 2",
        5,
        "expect.error_rate[1].at_most=2",
        "must be less than or equal to 1",
    ),
    "error_rate_as_number": ("[expect]\nerror_rate = 0.3", 2, "expect.error_rate=0.3", "[[expect.error_rate]]"),
    "empty_grid": ("[grid]\nturns = []", 2, "grid.turns", "empty list"),
    "grid_of_one_value": ("[grid]\nturns = 3", 2, "grid.turns", "write it as [3, ...]"),
    "grid_no_table": ("grid = [1, 2]", 1, "grid", "write the grid as a table"),
    "unknown_grid_key": ("[grid]\nturms = [3]", 2, "grid.turms", "did you mean 'turns'"),
    "grid_value": ("[grid]\nturns = [\n  3,\n  0,\n]", 4, "grid.turns[1]=0", "must be greater than or equal to 1"),
    "grid_value_twice": ("[grid]\nturns = [3, 3]", 2, "grid.turns", "a value twice"),
    "grid_and_value": ("turns = 3\n[grid]\nturns = [3, 4]", 3, "grid.turns", "keep the grid or the value"),
    "grid_of_expectations": ("[grid.expect]\nh50_at_least = [3]", 2, "grid.expect.h50_at_least", "can't be in a grid"),
    "grid_too_large": (f"[grid]\nseed = {list(range(1001))}", 1, "grid", "1001 points"),
    "model_and_models": ("models = ['random']\nmodel = 'random'", 2, "model", "keep one of them"),
    "models_and_grid": ("models = ['random']\n[grid]\nmodel = ['a']", 3, "grid.model", "keep one of them"),
    "no_models": ("models = []", 1, "models", "empty list"),
    "model_as_number": ("models = ['random', 3]", 1, "models[1]=3", "must be a valid string"),
    "base_missing": ("extends = 'smok'", 1, "extends", "did you mean 'smoke'"),
    "base_file_missing": ("extends = 'other.toml'", 1, "extends", "there is no 'other.toml'"),
    "base_as_number": ("extends = 3", 1, "extends", "is no text"),
    "circle": ("extends = 'mine.toml'", 1, "extends", "goes round in a circle: mine.toml -> mine.toml"),
    "scenario_no_array": ("[scenario]\nname = 'a'", 1, "scenario", "[[scenario]]"),
    "scenario_without_name": ("[[scenario]]\nturns = 3", 1, "scenario[0]", "needs a name"),
    "scenario_name": ("[[scenario]]\nname = 'a b'", 2, "scenario[0].name", "is no name"),
    "scenario_twice": ("[[scenario]]\nname = 'a'\n[[scenario]]\nname = 'a'", 4, "scenario[1].name", "two scenarios"),
    "scenario_extends": ("[[scenario]]\nname = 'a'\nextends = 'b'", 3, "scenario[0].extends", "top of a file"),
    "scenario_key": ("[[scenario]]\nname = 'a'\nturms = 1", 3, "scenario[0].turms", "did you mean 'turns'"),
    "scenario_grid": (
        "[[scenario]]\nname = 'a'\n[scenario.grid.parameters]\ndisks = 3",
        4,
        "scenario[0].grid.parameters.disks",
        "is no list",
    ),
}
CHECKING = {
    "environment": ('environment = "hani"\nmodel = "random"', 1, "environment", "did you mean 'hanoi'"),
    "parameter": (HANOI + "[parameters]\ndisk = 3", 4, "parameters.disk", "did you mean 'disks'"),
    "parameter_range": (HANOI + "[parameters]\ndisks = 65", 4, "parameters.disks", "out of range: 1 to 64"),
    "parameter_type": (HANOI + "[parameters]\ndisks = 'three'", 4, "parameters.disks", "not a whole number"),
    "parameter_choice": (HANOI + "[parameters]\nask = 'plans'", 4, "parameters.ask", "did you mean 'plan'"),
    "parameter_inside": ('environment = "hanoi:disk=3"\nmodel = "random"', 1, "environment", "did you mean 'disks'"),
    "parameter_twice": (
        'environment = "hanoi:disks=3"\nmodel = "random"\n[parameters]\ndisks = 4',
        3,
        "parameters",
        "set twice",
    ),
    "parameters_together": (
        'environment = "river_crossing"\nmodel = "random"\n[parameters]\nkind = "couples"\npairs = 6\nboat = 3',
        3,
        "parameters",
        "can't cross with boat=3",
    ),
    "parameter_of_grid": (HANOI + "[grid.parameters]\ndisks = [3, 70]", 4, "grid.parameters.disks[1]", "out of range"),
    "model": ('environment = "hanoi"\nmodel = "randon"', 2, "model", "did you mean 'random'"),
    "one_of_models": ('environment = "hanoi"\nmodels = ["random",\n"hff:x"]', 3, "models[1]", "did you mean 'hf'"),
    "model_setting": ('environment = "hanoi"\nmodel = "synthetic:hazrd=1"', 2, "model", "did you mean 'hazard'"),
    "model_without_name": ('environment = "hanoi"\nmodel = "hf:"', 2, "model", "names no model"),
    "opponent": ('model = "random"\nopponents = ["stockfsh"]', 2, "opponents[0]", "did you mean 'stockfish'"),
    "opponent_level": (
        'model = "random"\nopponents = ["stockfish:level=99"]',
        2,
        "opponents[0]",
        "has the levels 0 to",
    ),
    "opponent_too_many": (HANOI + 'opponents = ["random"]', 3, "opponents", "has no opponent"),
    "judge": (CHESS + 'judge_engine = "stokfish"', 4, "judge_engine", "did you mean 'stockfish'"),
    "condition_without_judge": (
        CHESS + 'judge_engine = "none"\nconditions = ["healed"]',
        5,
        "conditions",
        "shows correct replies",
    ),
    "answer": (HANOI + 'answer = "score"', 3, "answer", "needs a local model"),
    "bound_condition": (
        HANOI + "[[expect.error_rate]]\nat_most = 0.5\ncondition = 'recap'",
        5,
        "expect.error_rate[0].condition",
        "is not played: add it to conditions",
    ),
    "bound_unknown_condition": (
        HANOI + "[[expect.error_rate]]\nat_most = 0.5\ncondition = 'recapp'",
        5,
        "expect.error_rate[0].condition",
        "did you mean 'recap'",
    ),
    "bound_turns": (
        HANOI + "turns = 10\n[[expect.error_rate]]\nat_most = 0.5\nturns = '5-11'",
        6,
        "expect.error_rate[0].turns",
        "go beyond the last turn, 10",
    ),
    "bound_not_probed": (
        HANOI + "probe_every = 4\n[[expect.error_rate]]\nat_most = 0.5\ncondition = 'fresh'\nturns = 3",
        7,
        "expect.error_rate[0].turns",
        "probes from turn 1 on",
    ),
    "bounds_against_each_other": (
        HANOI + "[[expect.error_rate]]\nat_most = 0.2\n[[expect.error_rate]]\nat_least = 0.3",
        5,
        "expect.error_rate[1]",
        "at_least is above at_most",
    ),
    "h50": (HANOI + "turns = 10\n[expect]\nh50_at_least = 30", 5, "expect.h50_at_least", "end after 10 turns"),
    "focus_gap": (
        HANOI + "conditions = ['natural']\n[expect]\nfocus_gap_at_most = 0.1",
        5,
        "expect.focus_gap_at_most",
        "fresh is not played",
    ),
    "skill_of_plans": (
        HANOI + "[parameters]\nask = 'plan'\n[expect]\nskill_at_least = 0.1",
        6,
        "expect.skill_at_least",
        "leave it out",
    ),
    "skill_without_judge": (
        CHESS + 'judge_engine = "none"\n[expect]\nskill_at_least = 0.1',
        6,
        "expect.skill_at_least",
        "without a judge",
    ),
}
WARNINGS = {
    "too_few": (
        HANOI + "episodes = 4\n[[expect.error_rate]]\nat_most = 0.01",
        5,
        "expect.error_rate[0].at_most",
        "4 episodes can't show it",
    ),
    "too_few_for_h50": (
        HANOI + "episodes = 3\n[expect]\nh50_at_least = 4",
        5,
        "expect.h50_at_least",
        "3 episodes can't show it",
    ),
    "no_episodes_would_do": (
        HANOI + "[[expect.error_rate]]\nat_most = 0",
        4,
        "expect.error_rate[0].at_most",
        "no number",
    ),
    "kept_by_all": (HANOI + "[[expect.error_rate]]\nat_most = 1", 4, "expect.error_rate[0].at_most", "never fails"),
    "aborted": (HANOI + "[expect]\naborted_at_most = 8", 4, "expect.aborted_at_most", "never fails"),
    "file": ('environment = "hanoi"\nmodel = "gguf:./no.gguf"', 2, "model", "there is no file ./no.gguf"),
}


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    return path


def check(tmp_path: Path, text: str) -> SuiteCheck:
    return check_suite(str(written(tmp_path, text)))


@pytest.mark.parametrize("name", READING)
def test_a_mistake_in_reading_names_file_line_key_and_fix(tmp_path: Path, name: str) -> None:
    text, line, key, said = READING[name]
    path = written(tmp_path, text)
    with pytest.raises(UsageError) as caught:
        read_suite(str(path))
    told = str(caught.value)
    assert told.startswith(f"{path}, line {line}: ")
    assert key in told
    assert said in told
    assert "\n" not in told
    # And the same first line from `horizon check`.
    assert told.startswith(str(check_suite(str(path)).problems[0]))


@pytest.mark.parametrize("name", CHECKING)
def test_a_mistake_in_names_or_expectations_is_found_by_check_alone(tmp_path: Path, name: str) -> None:
    text, line, key, said = CHECKING[name]
    found = check(tmp_path, text)
    wrong = [each for each in found.problems if not each.is_warning]
    assert [(each.line, each.key) for each in wrong] == [(line, key)]
    assert said in str(wrong[0])
    assert not found.is_right


@pytest.mark.parametrize("name", WARNINGS)
def test_what_may_be_meant_is_a_warning(tmp_path: Path, name: str) -> None:
    text, line, key, said = WARNINGS[name]
    found = check(tmp_path, text)
    assert [(each.line, each.key, each.is_warning) for each in found.problems] == [(line, key, True)]
    assert said in str(found.problems[0])
    assert found.is_right


def test_all_mistakes_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    found = check(tmp_path, 'environment = "hani"\nmodel = "randon"\njudge_engine = "x"\n[expect]\nh50_at_least = 99')
    assert [each.line for each in found.problems] == [1, 2, 3, 5]


def test_a_mistake_that_all_points_of_a_grid_share_is_told_once(tmp_path: Path) -> None:
    found = check(tmp_path, HANOI + "[grid]\nseed = [1, 2, 3]\n[expect]\nh50_at_least = 99")
    assert len(found.problems) == 1


def test_a_mistake_in_the_file_that_is_extended_names_that_file(tmp_path: Path) -> None:
    (tmp_path / "base.toml").write_text(HANOI + "turns = 0")
    found = check(tmp_path, 'extends = "base.toml"')
    assert [(each.where, each.line) for each in found.problems] == [(str(tmp_path / "base.toml"), 3)]


def test_files_that_extend_one_another_for_ever_are_stopped(tmp_path: Path) -> None:
    for number in range(9):
        (tmp_path / f"{number}.toml").write_text(f'extends = "{number + 1}.toml"\n')
    (tmp_path / "9.toml").write_text(HANOI)
    with pytest.raises(UsageError, match="more than 8 files deep"):
        read_suite(str(tmp_path / "0.toml"))
    assert read_suite(str(tmp_path / "2.toml")).variants[0].scenario.environment == "hanoi"


def test_the_error_of_a_file_with_several_mistakes_says_how_to_see_them_all(tmp_path: Path) -> None:
    path = written(tmp_path, "turns = 0\nepisodes = 0")
    with pytest.raises(UsageError, match=r"1 more: run horizon check"):
        read_suite(str(path))


def test_a_mistake_on_the_command_line_is_told_as_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="command line: turns=0: must be greater"):
        read_suite(str(written(tmp_path, HANOI)), turns=0)


def test_no_mistake_passes_with_its_counts(tmp_path: Path) -> None:
    found = check(tmp_path, HANOI + "turns = 10\nepisodes = 3\nprobe_every = 3\n[grid.parameters]\ndisks = [3, 4]")
    # Two scenarios of 3 episodes; of 10 turns the 1st, 4th, 7th and 10th are posed afresh too.
    assert (found.n_scenarios, found.n_episodes, found.n_requests) == (2, 6, 6 * 14)
    assert list(found.lines()) == [f"{tmp_path / 'mine.toml'}: ok, 2 scenarios, 6 episodes, about 84 turns"]


KEYS = (*Scenario.model_fields, *FILE_KEYS, "name", "turms")
VALUES = (
    *(
        "3",
        "-1",
        "0.5",
        "nan",
        "inf",
        "99999999999999999999",
        "true",
        "1979-05-27",
        "''",
        "'a'",
        "'hanoi'",
        "'random'",
    ),
    *(
        "'hanoi:disks=3'",
        "[]",
        "[1, 'a']",
        "['random']",
        "['fresh']",
        "{}",
        "{a = 1}",
        "{a = [1, 2]}",
        "{turns = [2, 3]}",
    ),
    *(
        "{parameters = {disks = [3, 99]}}",
        "[{name = 'q'}]",
        "[{name = 'q', turns = [1]}, {name = 'r', grid = {seed = 3}}]",
    ),
    *("{error_rate = [{at_most = 0.5}]}", "{error_rate = [{at_most = 'x', turns = 3, q = 1}], h50_at_least = 99}"),
)


@given(st.dictionaries(st.sampled_from(KEYS), st.sampled_from(VALUES), max_size=6))
def test_whatever_a_file_holds_it_is_checked_to_the_end(
    tmp_path_factory: pytest.TempPathFactory, keys: dict[str, str]
) -> None:
    path = tmp_path_factory.mktemp("any") / "mine.toml"
    lines = {"environment": "'hanoi'", "model": "'random'", **keys}
    path.write_text("".join(f"{key} = {value}\n" for key, value in lines.items()))
    found = check_suite(str(path))
    assert all("\n" not in str(each) for each in found.problems)
    if found.is_right:
        assert len(read_suite(str(path)).variants) == found.n_scenarios
