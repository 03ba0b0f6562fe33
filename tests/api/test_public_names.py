"""Claims about `import horizon`: few names, imported when used, documented by examples that run."""

import doctest
import importlib
import inspect
import subprocess
import sys

import pytest

import horizon

HEAVY = ("numpy", "polars", "pydantic", "torch", "transformers", "chess", "pytest", "rich", "matplotlib")


def run_python(code: str) -> str:
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return result.stdout.strip()


def test_importing_horizon_imports_nothing_heavy() -> None:
    assert run_python(f"import sys, horizon; print(sorted(set({HEAVY}) & set(sys.modules)))") == "[]"


def test_every_public_name_exists_and_there_are_at_most_twenty() -> None:
    assert len(horizon.__all__) <= 20
    assert all(getattr(horizon, name) is not None for name in horizon.__all__)
    assert dir(horizon) == sorted(horizon.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'ply'"):
        horizon.ply  # type: ignore[attr-defined]  # noqa: B018


@pytest.mark.parametrize(
    "first", ["import horizon.play.session", "import horizon.environments.hanoi", "from horizon.models import random"]
)
def test_functions_that_share_their_name_with_a_room_work_whatever_was_imported_first(first: str) -> None:
    code = f"import horizon; {first}; print('hanoi' in horizon.environments(), 'random' in horizon.models())"
    assert run_python(code) == "True True"
    assert run_python(f"{first}; import horizon; print(callable(horizon.play))") == "True"


def test_the_signature_of_a_room_that_is_called_is_that_of_its_function() -> None:
    from horizon.api.playing import play

    assert inspect.signature(horizon.play) == inspect.signature(play)


@pytest.mark.parametrize(
    "module",
    ["api.run", "api.playing", "api.frames", "api.comparing", "api.catalog", "core.estimator", "analysis.analysis"],
)
def test_the_examples_of_the_docstrings_run(module: str) -> None:
    results = doctest.testmod(importlib.import_module(f"horizon.{module}"))
    assert results.attempted > 0
    assert results.failed == 0
