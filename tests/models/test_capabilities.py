"""What backends declare of themselves, and the defaults of those in other packages that declare nothing."""

from pathlib import Path

import pytest
from installed_package import install

from horizon.core import registry
from horizon.core.environment import open_environment
from horizon.core.errors import ContractError, UsageError
from horizon.core.model import Capabilities, backends_that, capabilities_of, holds_weights, open_model
from horizon.scenarios.check import check_suite
from horizon.scenarios.compatibility import misfits
from horizon.scenarios.scenario import make

PARLOUR = '''"""A model that needs a name."""
from horizon.core.model import Capabilities

CAPABILITIES = Capabilities(ranks_replies={ranks}, holds_weights=False, argument="name")
'''


def test_every_shipped_backend_declares_its_capabilities() -> None:
    modules = {name: registry.load("models", name) for name in registry.names("models")}
    assert {name for name, module in modules.items() if "CAPABILITIES" not in vars(module)} == set()


def test_local_models_alone_rank_replies() -> None:
    assert backends_that("ranks_replies") == ("gguf", "hf", "smollm2", "student")


@pytest.mark.parametrize("condition", ["hide:own", "hide:other", "kv:8"])
def test_models_whose_memory_is_elsewhere_are_refused_in_one_line(condition: str) -> None:
    assert backends_that("controls_recall") == ("gguf", "hf", "smollm2", "student", "synthetic")
    for model in ("openai:gpt", "random", "vllm:a"):
        scenario = make({"environment": "hanoi", "model": model, "conditions": ["natural", condition]}, "a test")
        ((key, reason),) = misfits(scenario, open_environment("hanoi"))
        assert key == ("conditions",)
        assert reason.startswith(f"condition {condition} needs a model whose memory can be changed here (gguf, hf,")
        assert reason.endswith(f"{model} is none")


def test_backends_that_open_cheaply_open_without_weights_network_or_settings() -> None:
    cheap = [name for name in registry.names("models") if capabilities_of(name).opens_cheaply]
    assert {"human", "random", "synthetic"} <= set(cheap)
    for name in set(cheap) - {"uci"}:
        open_model(name).close()


def test_models_of_one_process_are_those_with_weights_in_it() -> None:
    assert [holds_weights(name) for name in ("smollm2", "hf:ORG/NAME", "gguf:./a.gguf")] == [True] * 3
    assert [holds_weights(name) for name in ("openai:gpt", "random", "uci:stockfish:level=1")] == [False] * 3
    assert holds_weights("nobody-knows:this")


def test_a_backend_that_declares_nothing_has_the_documented_defaults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch, {"example_hall": ""}, {"horizon.models": {"hall": "example_hall"}})
    assert capabilities_of("hall") == Capabilities(False, True, False, False, "optional")


@pytest.mark.parametrize("ranks", [True, False])
def test_a_backend_of_another_package_may_score_replies_when_it_declares_that_it_can(
    ranks: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = PARLOUR.format(ranks=ranks)
    install(tmp_path, monkeypatch, {"example_hall": source}, {"horizon.models": {"hall": "example_hall"}})
    scenario = make({"environment": "hanoi", "model": "hall:x", "answer": "score"}, "a test")
    assert [key for key, _ in misfits(scenario, open_environment("hanoi"))] == ([] if ranks else [("answer",)])


def test_horizon_check_reads_what_a_backend_declares_of_its_argument(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = PARLOUR.format(ranks=False)
    install(tmp_path, monkeypatch, {"example_hall": source}, {"horizon.models": {"hall": "example_hall"}})
    file = tmp_path / "scenario.toml"
    file.write_text('environment = "hanoi"\nmodel = "hall:"\n', "utf-8")
    assert [(each.line, str(each)) for each in check_suite(str(file)).problems] == [
        (2, f"{file}, line 2: model: 'hall:' names no model: write it as hall:NAME")
    ]


def test_a_declaration_of_another_type_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = "CAPABILITIES = {'ranks_replies': True}\n"
    install(tmp_path, monkeypatch, {"example_hall": source}, {"horizon.models": {"hall": "example_hall"}})
    with pytest.raises(ContractError, match=r"model backend hall: CAPABILITIES is .*: make it a Capabilities"):
        capabilities_of("hall")


def test_a_backend_without_open_model_is_refused_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, monkeypatch, {"example_hall": ""}, {"horizon.models": {"hall": "example_hall"}})
    with pytest.raises(ContractError, match="example_hall has no function open_model"):
        open_model("hall")


def test_an_unknown_backend_is_refused_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="unknown model 'opnai': did you mean 'openai'"):
        capabilities_of("opnai")
