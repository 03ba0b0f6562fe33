"""Claims about files of several scenarios: names, precedence, lines, the schema, and what is shipped."""

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from horizon.core.environment import open_environment
from horizon.core.errors import UsageError
from horizon.play.plan import plan_of
from horizon.runs.manifest import run_id_of
from horizon.scenarios.check import check_suite
from horizon.scenarios.files import FOLDER, names
from horizon.scenarios.json_schema import file_schema
from horizon.scenarios.scenario import Suite, make, read, read_suite
from horizon.scenarios.toml_lines import KeyPath, key_lines

RESULTS = Path(__file__).parents[2] / "results"


def suite(tmp_path: Path, text: str, **more: Any) -> Suite:
    path = tmp_path / "chess.toml"
    path.write_text(text)
    return read_suite(str(path), **more)


def named(found: Suite) -> list[str]:
    return [each.name for each in found.variants]


@pytest.mark.parametrize("name", names())
def test_every_shipped_file_passes_its_check(name: str) -> None:
    assert [str(each) for each in check_suite(name).problems] == []


@pytest.mark.parametrize("name", names())
def test_every_shipped_file_names_the_schema_and_keeps_it(name: str) -> None:
    text = (FOLDER / f"{name}.toml").read_text(encoding="utf-8")
    assert text.startswith("#:schema schema.json\n")
    jsonschema.validate(tomllib.loads(text), file_schema())


def test_the_shipped_schema_is_what_the_models_say() -> None:
    shipped_folder = json.loads((FOLDER / "schema.json").read_text(encoding="utf-8"))
    assert shipped_folder == file_schema(), "run: horizon check --schema > scenarios/schema.json"
    jsonschema.Draft202012Validator.check_schema(shipped_folder)


@pytest.mark.parametrize(
    "text",
    [
        "turms = 3",
        "turns = 0",
        "[expect]\nh50 = 3",
        "[[expect.error_rate]]\nat_most = 2",
        "[grid]\nturns = 3",
        "[grid.parameters]\ndisks = 3",
        "[[scenario]]\nturns = 3",
        "models = []",
    ],
)
def test_the_schema_refuses_what_reading_refuses(tmp_path: Path, text: str) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(tomllib.loads(text), file_schema())
    with pytest.raises(UsageError):
        suite(tmp_path, text)


def test_variants_are_named_by_what_varies_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = 'models = ["smollm2", "random"]\n[grid]\nfeedback = [true, false]\n[grid.parameters]\nopening = ["book"]'
    assert named(suite(tmp_path, text)) == [
        "chess[model=smollm2,feedback=true,opening=book]",
        "chess[model=smollm2,feedback=false,opening=book]",
        "chess[model=random,feedback=true,opening=book]",
        "chess[model=random,feedback=false,opening=book]",
    ]


def test_a_value_on_the_command_line_replaces_the_list_that_it_varies_over(tmp_path: Path) -> None:
    found = suite(tmp_path, 'models = ["smollm2", "random"]\n[grid]\nturns = [3, 4]', model="human")
    assert named(found) == ["chess[turns=3]", "chess[turns=4]"]
    assert {each.scenario.model for each in found.variants} == {"human"}


def test_scenarios_share_the_top_and_keep_what_is_their_own(tmp_path: Path) -> None:
    text = (
        "turns = 5\n[parameters]\nrounds = 0\n[expect]\nh50_at_least = 2\n"
        '[[scenario]]\nname = "a"\nenvironment = "hanoi"\n[scenario.parameters]\ndisks = 4\n'
        '[[scenario]]\nname = "b"\nturns = 6\n[scenario.expect]\nskill_at_least = 0.1\n'
    )
    first, second = (each.scenario for each in suite(tmp_path, text).variants)
    assert (first.turns, first.parameters, first.expect.h50_at_least) == (5, {"rounds": 0, "disks": 4}, 2)
    assert (second.turns, second.parameters) == (6, {"rounds": 0})
    assert (second.expect.h50_at_least, second.expect.skill_at_least) == (2, 0.1)


def test_an_extended_file_yields_to_the_one_that_extends_it(tmp_path: Path) -> None:
    (tmp_path / "base.toml").write_text(
        'models = ["random", "human"]\nturns = 3\n[grid]\nepisodes = [1, 2]\n[[scenario]]\nname = "a"\nseed = 7\n'
    )
    text = (
        'extends = "base.toml"\nmodel = "random"\nepisodes = 9\n[[scenario]]\nname = "a"\n[[scenario]]\nname = "b"\n'
    )
    found = suite(tmp_path, text)
    assert [(each.name, each.scenario.seed, each.scenario.episodes) for each in found.variants] == [
        ("a", 7, 9),
        ("b", 0, 9),
    ]
    assert {(each.scenario.model, each.scenario.turns) for each in found.variants} == {("random", 3)}


def test_another_environment_begins_without_the_parameters_of_the_first(tmp_path: Path) -> None:
    (tmp_path / "base.toml").write_text(
        'environment = "chess"\n[parameters]\nshow = "fen"\n[grid.parameters]\na = [1]'
    )
    assert suite(tmp_path, 'extends = "base.toml"\nenvironment = "hanoi"').variants[0].scenario.parameters == {}
    kept = suite(tmp_path, 'extends = "base.toml"\nenvironment = "chess:color=white"').variants[0].scenario.parameters
    assert kept == {"show": "fen", "a": 1}


def test_one_scenario_is_asked_of_a_file_of_several_in_vain(tmp_path: Path) -> None:
    path = tmp_path / "many.toml"
    path.write_text("[grid]\nturns = [3, 4]")
    with pytest.raises(UsageError, match="holds 2 scenarios") as caught:
        read(str(path))
    assert "many[turns=3]" in str(caught.value)


def test_folders_of_names_that_look_alike_differ(tmp_path: Path) -> None:
    found = suite(tmp_path, f'models = ["hf:a/b", "hf:a_b", "hf:a:b", "{"x" * 300}", "{"x" * 301}"]')
    folders = [each.folder for each in found.variants]
    assert len(set(folders)) == 5
    assert all(re.fullmatch(r"[A-Za-z0-9.,=+_-]{1,100}", each) for each in folders)


@pytest.mark.parametrize("name", ["study_hanoi", "study_list", "study_stack", "study_total"])
def test_runs_played_before_expectations_existed_keep_their_plan_and_name(name: str) -> None:
    stored = json.loads((RESULTS / "study" / "runs" / name / "manifest.json").read_text(encoding="utf-8"))["plan"]
    scenario = read(name)
    today = plan_of(scenario, open_environment(scenario.environment, dict(scenario.parameters)))
    # Versions of environments count up with their prompts and readers; that is why they are in the plan.
    assert str(today["environment"]).rpartition("-v")[0] == str(stored["environment"]).rpartition("-v")[0]
    today["environment"] = stored["environment"]
    # Compared as the store does: the same text means the same run.
    assert run_id_of({key: today[key] for key in stored}) == run_id_of(stored)
    assert not set(today) - set(stored) & {"expect", "description", "alpha"}


def test_what_is_expected_is_no_part_of_the_plan() -> None:
    plain = {"environment": "hanoi", "model": "random"}
    claims = {"expect": {"h50_at_least": 3}, "description": "a claim", "alpha": 0.01}
    task = open_environment("hanoi")
    assert plan_of(make(plain, "test"), task) == plan_of(make({**plain, **claims}, "test"), task)


def test_the_paper_suite_holds_the_published_sizes_that_can_be_solved() -> None:
    by_name = {each.name: each.scenario for each in read_suite("paper").variants}
    # The jealous husbands: three couples in a boat for two, five in a boat for three (Pressman & Singmaster 1989).
    rivers = [each for name, each in by_name.items() if name.startswith("river")]
    assert {(each.environment[-1], each.parameters["pairs"]) for each in rivers} == {
        ("2", 2),
        ("2", 3),
        ("3", 4),
        ("3", 5),
    }
    for boat, pairs in ((2, 4), (3, 6)):
        with pytest.raises(UsageError, match="can't cross"):
            open_environment(f"river_crossing:kind=couples,boat={boat},pairs={pairs}")
    for name, scenario in by_name.items():
        task = open_environment(scenario.environment, dict(scenario.parameters))
        moves = task.difficulty(task.reset(0))
        size = int(name.rpartition("=")[2].rstrip("]"))
        if name.startswith("hanoi"):
            assert moves == 2**size - 1
        if name.startswith("checker"):
            assert moves == (size + 1) ** 2 - 1


def paths(given: Any, path: KeyPath = ()) -> Iterator[KeyPath]:
    """Yield the path of every key and list item that tomllib finds."""
    pairs = given.items() if isinstance(given, dict) else enumerate(given) if isinstance(given, list) else ()
    for key, value in pairs:
        yield (*path, key)
        yield from paths(value, (*path, key))


HARD = '''
a.b = 1 # a comment = no key
"c.d" = "# no comment [x]"
'e"f' = {"g" = [1, {h = 2}], i = 'no } end'}
j = """
k = "no key"
l = ""two quotes"" and the end"""""
m = \'\'\'n = 'x' \'\'\'
[ o . "p" ]
q = [ # first
  1,
  [2, 3,], # [no]
  ]
[[r]]
[[r.s]]
t = 1979-05-27T07:32:00Z
[[r.s]]
[r.u]
v = true
[[r]]
  w = -1_000.5e3
'''


@pytest.mark.parametrize("text", [HARD, *((FOLDER / f"{name}.toml").read_text() for name in names())])
def test_every_key_that_tomllib_knows_has_the_line_it_stands_on(text: str) -> None:
    lines = key_lines(text)
    written = text.splitlines()
    found = list(paths(tomllib.loads(text)))
    assert set(found) == set(lines)
    for path in found:
        if isinstance(path[-1], str):
            assert path[-1].replace('"', "") in written[lines[path] - 1].replace('"', "")
    in_order = [lines[path] for path in found if path in lines and len(path) == 1]
    assert in_order == sorted(in_order)


def test_lines_of_a_hard_text_are_those_that_one_counts() -> None:
    lines = key_lines(HARD)
    assert lines["a", "b"] == 2
    assert lines['e"f', "g", 1, "h"] == 4
    assert lines["m",] == 8
    assert lines["o", "p", "q", 1, 1] == 12
    assert lines["r", 0, "s", 0, "t"] == 16
    assert lines["r", 0, "s", 1] == 17
    assert lines["r", 0, "u", "v"] == 19
    assert lines["r", 1, "w"] == 21
