"""Claims about kept conversions: the same model bit for bit, made once, made anew where damaged, never required."""

import os
import resource
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
import transformers
from small_gguf import write_small_gguf

from horizon.cli.doctor import examine
from horizon.core.hashing import file_sha256
from horizon.core.model import ModelOptions, open_model
from horizon.models._local.converted import converted_folder
from horizon.models._local.kept_folder import CONVERTED, NotKept, refuse_narrow


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small_gguf(tmp_path_factory.mktemp("gguf") / "small.gguf")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HORIZON_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture()
def small_files_only() -> Iterator[None]:
    """The disk as it is when full: no file of this process grows beyond 20,000 bytes."""
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, old[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, old)


def logits_of(place: Path, dtype: torch.dtype, **more: str) -> torch.Tensor:
    model = transformers.AutoModelForCausalLM.from_pretrained(str(place), dtype=dtype, **more)
    with torch.inference_mode():
        return model(torch.arange(2, 40)[None]).logits


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_conversion_gives_the_logits_of_the_file_bit_for_bit(file: Path, dtype: torch.dtype) -> None:
    folder = converted_folder(file, file_sha256(file))
    assert folder is not None
    of_the_file = logits_of(file.parent, dtype, gguf_file=file.name)
    assert torch.equal(logits_of(folder, dtype), of_the_file)
    assert of_the_file.std() > 0.1


def test_a_conversion_tokenizes_as_the_file_does(file: Path) -> None:
    folder = converted_folder(file, file_sha256(file))
    kept = transformers.AutoTokenizer.from_pretrained(str(folder))
    own = transformers.AutoTokenizer.from_pretrained(str(file.parent), gguf_file=file.name)
    assert kept.backend_tokenizer.to_str() == own.backend_tokenizer.to_str()
    assert (kept.chat_template, kept.eos_token_id) == (own.chat_template, own.eos_token_id)


def test_it_is_made_once_and_its_size_is_printed(file: Path, cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = converted_folder(file, file_sha256(file))
    made = (first / "model.safetensors").stat()
    assert "small.gguf was converted once; 0.00 GB are kept in" in capsys.readouterr().err
    assert converted_folder(file, file_sha256(file)) == first
    assert (first / "model.safetensors").stat() == made
    assert capsys.readouterr().err == ""
    line = next(finding for finding in examine() if finding.name == "cache").detail
    assert line.startswith(f"{cache}: 0.00 GB of converted models; rm -r {cache / CONVERTED} empties it")


def test_another_file_of_the_same_name_is_another_conversion(file: Path, tmp_path: Path) -> None:
    other = write_small_gguf(tmp_path / "small.gguf", seed=1)
    assert converted_folder(other, file_sha256(other)) != converted_folder(file, file_sha256(file))


def flip_a_bit(folder: Path) -> None:
    weights = folder / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)


def cut(folder: Path) -> None:
    os.truncate(folder / "model.safetensors", 1000)


def lose_the_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()


def lose_the_seal(folder: Path) -> None:
    (folder / "seal.json").write_text("{}")


@pytest.mark.parametrize("damage", [flip_a_bit, cut, lose_the_tokenizer, lose_the_seal])
def test_a_damaged_conversion_is_made_anew(file: Path, damage) -> None:  # type: ignore[no-untyped-def]
    folder = converted_folder(file, file_sha256(file))
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    damage(folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} != before
    assert converted_folder(file, file_sha256(file)) == folder
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


def test_many_at_once_make_one_conversion_and_sweep_what_a_killed_one_left(
    file: Path, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    left = cache / CONVERTED / "abc.part-killed"
    left.mkdir(parents=True)
    (left / "model.safetensors").write_bytes(b"half")
    sha256 = file_sha256(file)
    with ThreadPoolExecutor(4) as pool:
        folders = set(pool.map(lambda _: converted_folder(file, sha256), range(4)))
    assert len(folders) == 1
    assert list((cache / CONVERTED).iterdir()) == list(folders)
    assert capsys.readouterr().err.count("was converted once") == 1


def test_a_cache_that_can_not_be_written_costs_a_warning_and_no_reply(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "taken").write_text("a file where the cache's folder would be")
    monkeypatch.setenv("HORIZON_CACHE", str(tmp_path / "taken"))
    model = open_model(f"gguf:{file}", ModelOptions())
    assert model.count_tokens("the an") == 3
    printed = capsys.readouterr().err
    assert "can't be kept: Not a directory; set HORIZON_CACHE" in printed and printed.count("horizon:") == 1


@pytest.mark.usefixtures("small_files_only")
def test_a_disk_that_fills_up_leaves_nothing_behind(
    file: Path, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert converted_folder(file, file_sha256(file)) is None
    assert list((cache / CONVERTED).iterdir()) == []
    assert "small.gguf is converted again at each start" in capsys.readouterr().err


def test_a_disk_is_never_filled_beyond_half_of_what_it_has_left(tmp_path: Path) -> None:
    with pytest.raises(NotKept, match="GB are needed"):
        refuse_narrow(tmp_path, 1 << 60)
    refuse_narrow(tmp_path, 1)
