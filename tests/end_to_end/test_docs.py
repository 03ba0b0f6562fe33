"""The documentation is true: pages made from the code are up to date, the tutorial runs, links and flags exist."""

import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

import horizon

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(path for path in DOCS.rglob("*.md"))
SHELL = re.compile(r"^ *```\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
PYTHON = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def page(name: str) -> str:
    """Return a page as `docs/generate.py` makes it now."""
    code = f"import sys; sys.path.insert(0, 'docs'); import generate; print(generate.{name}(), end='')"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True).stdout


@pytest.mark.parametrize("name", ["architecture", "schema", "tutorial"])
def test_the_generated_pages_are_up_to_date(name: str) -> None:
    assert page(name) == (DOCS / f"{name}.md").read_text(encoding="utf-8"), "run: python docs/generate.py"


def test_the_architecture_has_every_room_of_the_import_contract_and_every_module() -> None:
    text = (DOCS / "architecture.md").read_text(encoding="utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = project["tool"]["importlinter"]["contracts"]
    (rooms,) = (c["layers"] for c in contracts if c["type"] == "layers" and c["containers"] == ["horizon"])
    places = [text.index(f"| `{layer.split(' | ')[0]}` |") for layer in rooms]
    assert places == sorted(places)
    modules = [path.name for path in (ROOT / "horizon").glob("*/**/*.py") if path.name != "__init__.py"]
    assert all(f"- `{name}`: " in text for name in modules)


def test_the_tutorial_has_ten_cells_and_prints_what_is_stored_in_it(tmp_path: Path) -> None:
    stored = nbformat.read(DOCS / "tutorial.ipynb", as_version=4)  # type: ignore[no-untyped-call]
    assert sum(cell.cell_type == "code" for cell in stored.cells) == 10
    played = nbformat.read(DOCS / "tutorial.ipynb", as_version=4)  # type: ignore[no-untyped-call]
    NotebookClient(played, timeout=600, resources={"metadata": {"path": str(tmp_path)}}).execute()
    for before, after in zip(stored.cells, played.cells, strict=True):
        assert printed(before) == printed(after), before.source


def printed(cell: Any) -> str:
    """Return the text that a cell printed; figures are left out."""
    outputs = json.loads(json.dumps(cell.get("outputs", [])))
    return "".join(output.get("text", "") for output in outputs)


@pytest.mark.parametrize("path", [*PAGES, ROOT / "CONTRIBUTING.md"], ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(path: Path) -> None:
    prose = re.sub(r"```.*?```|`[^`\n]*`", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", prose):
        assert target.startswith("https://") or (path.parent / target).exists(), target


@pytest.mark.parametrize(
    "name",
    [
        "index.md",
        "schema.md",
        "how-to/use-your-own-rows.md",
        "how-to/export-a-run.md",
        "how-to/gymnasium.md",
        "how-to/tool-calls.md",
        "how-to/reasoning-gym.md",
        "how-to/count-the-cost.md",
        "how-to/publish-a-leaderboard.md",
    ],
)
def test_the_python_of_a_page_runs(name: str, tmp_path: Path) -> None:
    programs = PYTHON.findall((DOCS / name).read_text(encoding="utf-8"))
    assert programs
    for program in programs:
        result = subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            check=False,
        )
        assert result.returncode == 0, result.stderr


def test_the_python_of_contributing_runs() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    (program,) = re.findall(r"^ *```python\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL)
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


def test_the_site_builds_strictly_without_a_network_and_documents_every_public_name(tmp_path: Path) -> None:
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
    reference = pages[Path("reference/api.html")] + pages[Path("reference/testing.html")]
    public = [name for name in horizon.__all__ if not name.startswith("_")]
    assert len(public) > 15
    assert [name for name in public if not re.search(rf'id="horizon[a-z_.]*[.]{name}"', reference)] == []
