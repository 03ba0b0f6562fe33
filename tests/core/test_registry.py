"""Names of modules: Horizon's own, those of installed packages, and packages that are broken."""

from pathlib import Path

import pytest
from installed_package import install

from horizon.core import registry
from horizon.core.errors import PluginError, UsageError


@pytest.mark.parametrize(
    ("kind", "group"),
    [
        ("environments", "horizon.environments"),
        ("models", "horizon.models"),
        ("estimators", "horizon.estimators"),
        ("estimators", "horizon.analysis"),
        ("importers", "horizon.importers"),
        ("exporters", "horizon.exporters"),
    ],
)
def test_a_module_of_another_package_is_listed_and_loaded_by_its_entry_point(
    kind: registry.Kind, group: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch, {"example_parlour": "WALLS = 4\n"}, {group: {"parlour": "example_parlour"}})
    assert "parlour" in registry.names(kind)
    assert registry.load(kind, "parlour").WALLS == 4


def test_horizons_own_modules_are_listed_beside_those_of_packages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch, {"example_parlour": ""}, {"horizon.models": {"parlour": "example_parlour"}})
    assert {"hf", "parlour", "random"} <= set(registry.names("models"))


def test_an_unknown_name_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(UsageError, match="unknown environment 'hanio': did you mean 'hanoi'"):
        registry.load("environments", "hanio")


@pytest.mark.parametrize(
    ("source", "cause", "line"),
    [
        ("import a_package_that_nobody_has\n", "ModuleNotFoundError", "import a_package_that_nobody_has"),
        ("WALLS = 1 / 0\n", "ZeroDivisionError", "WALLS = 1 / 0"),
        ("def walls(:\n", "SyntaxError", "def walls(:"),
    ],
)
def test_a_package_that_fails_when_imported_is_reported_with_its_own_traceback(
    source: str, cause: str, line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch, {"example_broken": source}, {"horizon.models": {"broken": "example_broken"}})
    assert "broken" in registry.names("models")
    with pytest.raises(
        PluginError, match=f"horizon.models:broken .example_broken. can't be loaded: {cause}"
    ) as caught:
        registry.load("models", "broken")
    assert line in caught.value.trace
    assert "registry.py" not in caught.value.trace and "importlib" not in caught.value.trace


def test_an_entry_point_to_a_missing_module_is_reported_as_the_packages_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch, {}, {"horizon.models": {"absent": "example_absent"}})
    with pytest.raises(PluginError, match="No module named 'example_absent'"):
        registry.load("models", "absent")


def test_an_entry_point_to_a_function_is_refused_with_the_module_to_name_instead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(
        tmp_path, monkeypatch, {"example_hall": "def hall(): ..."}, {"horizon.models": {"hall": "example_hall:hall"}}
    )
    with pytest.raises(UsageError, match="is not a module: point it at one, as example_hall"):
        registry.load("models", "hall")


def test_an_exception_inside_a_package_is_its_fault_and_horizons_frames_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = (
        "from horizon.core.parameters import settings\n\n"
        "def count(text):\n    return settings(text.walls)\n\n"
        "def wrapped(text):\n    try:\n        return count(text)\n"
        "    except AttributeError as problem:\n        raise KeyError('walls') from problem\n"
    )
    install(tmp_path, monkeypatch, {"example_hall": source}, {"horizon.models": {"hall": "example_hall"}})
    hall = registry.load("models", "hall")
    with pytest.raises(KeyError) as caught:
        hall.wrapped("text")
    fault = registry.plugin_fault(caught.value)
    assert fault is not None and str(fault) == "plug-in example-doors failed: KeyError: 'walls'"
    assert "return settings(text.walls)" in fault.trace and "raise KeyError('walls') from problem" in fault.trace
    assert "test_registry.py" not in fault.trace


def test_an_exception_of_horizons_own_is_no_packages_fault() -> None:
    with pytest.raises(UsageError) as caught:
        registry.load("models", "nothing-of-the-kind")
    assert registry.plugin_fault(caught.value) is None
