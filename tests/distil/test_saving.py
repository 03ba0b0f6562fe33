"""Claims about a student's folder: one process writes it, a full disk is one line, and no bar of another library."""

from pathlib import Path

import pytest
import transformers
from full_disk import files_of_at_most
from tokenizers import Tokenizer
from tokenizers.models import WordLevel

from horizon.core.errors import StoreError, UsageError
from horizon.distil.distil import distil
from horizon.distil.network import SIZES, Network, save_network
from horizon.distil.recipe import Recipe
from horizon.distil.saving import saving
from horizon.runs.lock import Lock

RECIPE = Recipe("running_total", "small", lessons=8, turns=2, steps=2, batch_tokens=256)


@pytest.fixture(scope="module")
def network() -> Network:
    return Network(SIZES["small"], 40, 0)


def test_a_student_is_saved_without_a_bar_of_transformers(
    network: Network, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    transformers.utils.logging.enable_progress_bar()  # type: ignore[no-untyped-call]
    with saving(tmp_path):
        save_network(network, tmp_path)
    assert (tmp_path / "model.safetensors").is_file()
    assert capfd.readouterr().err == ""
    assert transformers.utils.logging.is_progress_bar_enabled()


def test_a_full_disk_is_one_line_whatever_library_writes(network: Network, tmp_path: Path) -> None:
    words = Tokenizer(WordLevel({str(number): number for number in range(2000)}, unk_token="0"))
    with files_of_at_most(10_000):
        for write in (
            lambda: save_network(network, tmp_path),
            lambda: words.save(str(tmp_path / "tokenizer.json")),
            lambda: (tmp_path / "loss.json").write_text("0" * 20_000),
        ):
            message = r"can't be written: .*File too large.*; make room, then continue with --resume$"
            with pytest.raises(StoreError, match=message), saving(tmp_path):
                write()


def test_a_checkpoint_on_a_full_disk_leaves_the_folder_to_be_resumed(tmp_path: Path) -> None:
    with files_of_at_most(100_000), pytest.raises(StoreError, match=r"checkpoint.pt can't be written: File too large"):
        distil(RECIPE, tmp_path / "student", device="cpu")
    assert not (tmp_path / "student" / "checkpoint.pt").exists()
    distil(RECIPE, tmp_path / "student", device="cpu", resume=True)
    assert (tmp_path / "student" / "card.json").is_file()


def test_only_one_process_makes_a_student(tmp_path: Path) -> None:
    (tmp_path / "student").mkdir()
    with Lock(tmp_path / "student"), pytest.raises(StoreError, match="is being written by process"):
        distil(RECIPE, tmp_path / "student", device="cpu")
    assert list((tmp_path / "student").iterdir()) == []
    with pytest.raises(UsageError, match="nothing to resume"):
        distil(RECIPE, tmp_path / "student", device="cpu", resume=True)


def test_students_that_share_lessons_do_not_make_them_at_once(tmp_path: Path) -> None:
    (tmp_path / "lessons").mkdir()
    with Lock(tmp_path / "lessons"), pytest.raises(StoreError, match="lessons is being written by process"):
        distil(RECIPE, tmp_path / "student", data=tmp_path / "lessons", device="cpu")
    distil(RECIPE, tmp_path / "student", data=tmp_path / "lessons", device="cpu", resume=True)
    with Lock(tmp_path / "lessons"):
        distil(RECIPE, tmp_path / "other", data=tmp_path / "lessons", device="cpu")


def test_a_damaged_checkpoint_is_named(tmp_path: Path) -> None:
    with files_of_at_most(100_000), pytest.raises(StoreError):
        distil(RECIPE, tmp_path, device="cpu")
    (tmp_path / "checkpoint.pt").write_bytes(b"PK\x03\x04 and no more")
    with pytest.raises(StoreError, match=r"checkpoint.pt is damaged: remove it to train from the first step again"):
        distil(RECIPE, tmp_path, device="cpu", resume=True)
