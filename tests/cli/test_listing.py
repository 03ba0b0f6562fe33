"""What `horizon list` says of plug-ins: their summaries, and the error of one that is broken beside all the others."""

from pathlib import Path

import pytest
from installed_package import install

from horizon.cli.listing import listing
from horizon.core.registry import Kind, names

CONTENT = '"""A hall of four doors.\n\nMore of it.\n"""\n'


@pytest.mark.parametrize("kind", ["models", "estimators", "importers", "exporters"])
def test_a_plug_in_is_listed_with_the_first_line_of_its_docstring(
    kind: Kind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch, {"example_hall": CONTENT}, {f"horizon.{kind}": {"hall": "example_hall"}})
    assert {"name": "hall", "summary": "A hall of four doors."} in listing(kind)


@pytest.mark.parametrize("kind", ["environments", "models", "estimators", "importers", "exporters"])
@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("import a_package_that_nobody_has", "can't be loaded: ModuleNotFoundError: No module named 'a_package_that"),
        ("raise RuntimeError('the doors are shut')", "can't be loaded: RuntimeError: the doors are shut"),
    ],
)
def test_a_broken_plug_in_is_listed_with_its_error_and_hides_no_other(
    kind: Kind, source: str, error: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch, {"example_hall": source}, {f"horizon.{kind}": {"hall": "example_hall"}})
    rows = {row["name"]: row for row in listing(kind)}
    assert set(rows) == set(names(kind))
    assert error in rows["hall"]["error"] and rows["hall"]["summary"].startswith("broken: ")
    assert [name for name, row in rows.items() if "error" in row] == ["hall"]


def test_an_environment_without_its_class_is_listed_with_what_it_lacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch, {"example_hall": ""}, {"horizon.environments": {"hall": "example_hall"}})
    rows = {row["name"]: row for row in listing("environments")}
    assert rows["hall"]["error"] == "environment hall: example_hall has no class ENVIRONMENT"
