"""A third-party package with entry points, laid out on the path as pip does, for tests of what plug-ins may do."""

import sys
from pathlib import Path

import pytest


def install(
    folder: Path, monkeypatch: pytest.MonkeyPatch, modules: dict[str, str], points: dict[str, dict[str, str]]
) -> None:
    """Lay a distribution out as pip does, in a folder on the path: its modules and their entry points by group."""
    for name, source in modules.items():
        (folder / f"{name}.py").write_text(source, "utf-8")
        monkeypatch.delitem(sys.modules, name, raising=False)
    info = folder / "example_doors-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: example-doors\nVersion: 1.0\n", "utf-8")
    groups = (f"[{group}]\n" + "".join(f"{k} = {v}\n" for k, v in each.items()) for group, each in points.items())
    (info / "entry_points.txt").write_text("\n".join(groups), "utf-8")
    monkeypatch.syspath_prepend(folder)
