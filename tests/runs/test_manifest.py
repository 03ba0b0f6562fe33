"""Claims about the manifest: it records what must be known, and refuses to resume another plan."""

import json
from pathlib import Path

import pytest

from horizon.core.errors import StoreError, UsageError
from horizon.runs import manifest, run_folder

PLAN = {"environment": "hanoi-v1", "seed": 3, "turns": 10}


def made(**plan: object) -> dict[str, object]:
    return manifest.make(
        {**PLAN, **plan},  # type: ignore[dict-item]
        model_identity={"backend": "random"},
        opponent_identities={},
        judge_identity={"engine": "stockfish", "version": "Stockfish 15.1", "nodes": 20000},
    )


def test_it_holds_plan_model_judge_versions_git_and_machine() -> None:
    found = made()
    assert found["plan"] == PLAN
    assert found["model"] == {"backend": "random"}
    assert found["judge"]["nodes"] == 20000  # type: ignore[index,call-overload]
    packages = found["packages"]
    assert isinstance(packages, dict) and {"chess", "torch", "transformers"} <= set(packages)
    assert {"git", "machine", "python", "created", "horizon"} <= set(found)


def test_another_plan_is_not_gone_on_with(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    run_folder.create(folder, made()).__exit__(None, None, None)  # type: ignore[arg-type]
    with pytest.raises((StoreError, UsageError), match="turns"):
        run_folder.resume(folder, made(turns=20))  # type: ignore[arg-type]
    journal, turns, episodes, _ = run_folder.resume(folder, made())  # type: ignore[arg-type]
    with journal:
        assert (turns, episodes) == ([], [])


@pytest.mark.parametrize("key", ["parameters", "opponents", "conditions"])
@pytest.mark.parametrize("value", [None, 7, "x", [None], {"a": {}}])
def test_a_plan_of_a_stranger_with_other_types_is_refused_with_its_key(
    key: str, value: object, tmp_path: Path
) -> None:
    path = tmp_path / manifest.MANIFEST
    path.write_text(json.dumps({**made(), "plan": {**PLAN, key: value}}))
    with pytest.raises(StoreError, match=f"'plan.{key}' is"):
        manifest.read(tmp_path)
