"""The documentation is true: pages made from the code are up to date, links lead somewhere, flags exist."""

import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(path for path in DOCS.rglob("*.md"))
SHELL = re.compile(r"^ *```\n(.*?)^ *```", re.MULTILINE | re.DOTALL)


def page(name: str) -> str:
    """Return a page as `docs/generate.py` makes it now."""
    code = f"import sys; sys.path.insert(0, 'docs'); import generate; print(generate.{name}(), end='')"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True).stdout


@pytest.mark.parametrize("name", ["architecture"])
def test_the_generated_pages_are_up_to_date(name: str) -> None:
    assert page(name) == (DOCS / f"{name}.md").read_text(encoding="utf-8"), "run: python docs/generate.py"


def test_the_architecture_has_every_room_of_the_import_contract_and_every_module() -> None:
    text = (DOCS / "architecture.md").read_text(encoding="utf-8")
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    (rooms,) = (c["layers"] for c in contracts if c["type"] == "layers" and c["containers"] == ["horizon"])
    places = [text.index(f"| `{layer.split(' | ')[0]}` |") for layer in rooms]
    assert places == sorted(places)
    modules = [path.name for path in (ROOT / "horizon").glob("*/**/*.py") if path.name != "__init__.py"]
    assert all(f"- `{name}`: " in text for name in modules)


@pytest.mark.parametrize("path", [*PAGES, ROOT / "CONTRIBUTING.md"], ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")):
        assert target.startswith("https://") or (path.parent / target).exists(), target


def test_the_python_of_contributing_runs() -> None:
    (program,) = re.findall(
        r"^ *```python\n(.*?)^ *```", (ROOT / "CONTRIBUTING.md").read_text(), re.MULTILINE | re.DOTALL
    )
    lines = "\n".join(line.strip() for line in program.splitlines())
    subprocess.run([sys.executable, "-c", lines], check=True, cwd=ROOT)


@pytest.mark.parametrize("path", sorted((DOCS / "how-to").glob("*.md")), ids=lambda path: path.stem)
def test_every_command_and_flag_of_a_guide_exists(path: Path) -> None:
    help_text = (DOCS / "commands.md").read_text(encoding="utf-8")
    sections = dict(re.findall(r"^## horizon ([a-z ]+)\n(.*?)(?=^## |\Z)", help_text, re.MULTILINE | re.DOTALL))
    keys = json.loads((ROOT / "scenarios" / "schema.json").read_text(encoding="utf-8"))
    known = set(re.findall(r'"([a-z_]+)"', json.dumps(keys)))
    for block in SHELL.findall(path.read_text(encoding="utf-8")):
        for line in filter(lambda text: text.strip().startswith("horizon "), block.splitlines()):
            _, command, *words = shlex.split(line, comments=True)
            assert command in sections, line
            for flag in (word for word in words if word.startswith("--")):
                is_key = command == "play" and flag[2:].replace("-", "_") in known
                assert f"{flag} " in sections[command] or is_key, line


def test_the_site_builds_strictly_without_a_network(tmp_path: Path) -> None:
    site = tmp_path / "site"
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(site)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        # mkdocs-material advertises its successor otherwise.
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        check=False,
    )
    assert built.returncode == 0, built.stderr
    pages = {path.relative_to(site): path.read_text(encoding="utf-8") for path in site.rglob("*.html")}
    assert not [name for name, text in pages.items() if re.search(r'(src|rel="stylesheet" href)="https?:', text)]
    assert 'id="horizon.testing.assertions.assert_error_rate_below"' in pages[Path("reference/testing.html")]
