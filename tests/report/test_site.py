"""Claims about the site of many runs: what shares a cell, what is left out, and that it works on a telephone."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from command_line import horizon as command

import horizon
from horizon.core.errors import UsageError
from horizon.report.site import LISTED, write_site
from horizon.runs.prices import PriceList, Prices

CHROMIUM = shutil.which("chromium")
HOSTILE = "<script>document.title='owned'</script>\u202e\x1b[31m"
needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed: apt-get install chromium")


def play(folder: Path, hazard: float = 0.3, task: str = "running_total", **keys: object) -> Path:
    given = {"episodes": 4, "turns": 4, "conditions": ["natural"], "out": folder, **keys}
    horizon.play(task, model=f"synthetic:hazard={hazard},tokens=0.001", **given)  # type: ignore[arg-type]
    return folder


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two models, one empty cell, an unlike protocol, another seed, a damaged run and a copy."""
    folder = tmp_path_factory.mktemp("site") / "all"
    play(folder / "a", 0.3)
    play(folder / "a-seed", 0.3, seed=1)
    play(folder / "a-long", 0.3, turns=6)
    play(folder / "b", 0.8)
    play(folder / "b-perm", 0.8, "permutation")
    shutil.copytree(folder / "a", folder / "broken")
    (folder / "broken" / "turns.parquet").write_bytes(b"no parquet")
    (folder / "broken" / "turns.jsonl").write_bytes(b"no journal\n" * 3)
    shutil.copytree(folder / "b", folder / "b-copy")
    return folder


@pytest.fixture(scope="module")
def site(runs: Path) -> Path:
    prices = PriceList({}, Prices(1.0, 2.0), "flags")
    written = write_site([runs], runs.parent / "site", prices)
    assert [line.partition(":")[0] for line in written.left_out] == [str(runs / "b-copy"), str(runs / "broken")]
    assert all("\n" not in line for line in written.left_out)
    return written.index.parent


def cells_of(page: str) -> list[tuple[str, list[str | None]]]:
    """Return each model with the address in each of its cells."""
    rows = re.findall(r"<tr><th scope=\"row\"[^>]*>(.*?)</th>(.*?)</tr>", page)
    link = re.compile(r'href="([^"]+)"')
    return [
        (model, [match[1] if (match := link.search(cell)) else None for cell in re.findall(r"<td>(.*?)</td>", rest)])
        for model, rest in rows
    ]


def test_cells_are_models_by_tasks_and_protocols_and_each_links_to_a_page_that_is_there(site: Path) -> None:
    page = (site / "index.html").read_text(encoding="utf-8")
    titles = re.findall(r"<button type=\"button\">(.*?)</button>", page)
    assert titles == ["model", "permutation", "running_total, turns=4", "running_total, turns=6"]
    (_, a), (_, b) = cells_of(page)
    assert [bool(cell) for cell in a] == [False, True, True] and [bool(cell) for cell in b] == [True, True, False]
    assert all((site / cell).is_file() for cell in (*a, *b) if cell)
    assert len(set(filter(None, (*a, *b)))) == 4


def test_runs_of_one_protocol_and_another_seed_are_one_sample_with_one_page_and_its_figure(
    runs: Path, site: Path
) -> None:
    page = (site / "index.html").read_text(encoding="utf-8")
    (_, (_, cell, _)), _ = cells_of(page)
    assert cell is not None
    found = re.search(rf'href="{cell}" data-value="([0-9.]+)"', page)
    rate = horizon.load([runs / "a", runs / "a-seed"]).analyze().error_rate
    assert found and rate is not None and float(found[1]) == rate.estimate
    assert str(runs / "a-seed") in (site / cell).read_text(encoding="utf-8")


def test_a_site_written_again_loses_the_pages_of_runs_that_are_gone_and_no_other_file(
    runs: Path, tmp_path: Path
) -> None:
    write_site([runs / "a", runs / "b"], tmp_path / "site")
    (tmp_path / "site" / "CNAME").write_text("example.org")
    (tmp_path / "site" / "runs" / "mine.html").write_text("mine")
    listed = json.loads((tmp_path / "site" / LISTED).read_text())
    assert len(listed["pages"]) == 2
    (tmp_path / "site" / LISTED).write_text(json.dumps({"pages": [*listed["pages"], "../../precious.html", 7]}))
    (tmp_path / "precious.html").write_text("precious")
    write_site([runs / "a"], tmp_path / "site")
    pages = json.loads((tmp_path / "site" / LISTED).read_text())["pages"]
    names = {path.name for path in (tmp_path / "site" / "runs").iterdir()}
    assert len(pages) == 1 and names == {*pages, "mine.html"}
    assert (tmp_path / "site" / "CNAME").exists() and (tmp_path / "precious.html").exists()


def test_a_site_takes_nobody_else_s_place(runs: Path, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<h1>my home page</h1>")
    (tmp_path / "odd" / "index.html").mkdir(parents=True)
    for folder, reason in (
        (tmp_path, "that Horizon did not write"),
        (tmp_path / "odd", "that Horizon did not write"),
        (runs / "a", "is a run folder"),
        (tmp_path / "index.html", "no folder"),
    ):
        with pytest.raises(UsageError, match=reason):
            write_site([runs / "a"], folder)
    with pytest.raises(UsageError, match=r"no run is left for the site: .*broken"):
        write_site([runs / "broken", tmp_path / "none"], tmp_path / "site")
    assert not (tmp_path / "site").exists()


def test_the_command_names_what_it_left_out_and_writes_no_report_into_the_runs(runs: Path, tmp_path: Path) -> None:
    done = command("report", "--site", str(tmp_path / "site"), str(runs / "a"), str(runs / "broken"))
    assert done.returncode == 0 and done.stdout.endswith("index.html (1 page of runs)\n")
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"horizon: left out: {runs / 'broken'}: ")
    assert not (runs / "a" / "report.html").exists()
    refused = command("report", "--site", str(tmp_path / "site"), "--out", "x", str(runs / "a"))
    assert refused.returncode == 2 and "leave out --out" in refused.stderr


def browsed(folder: Path, script: str, width: int = 390) -> object:
    """Return what a script pushes onto `seen` in the site's table, in a frame as wide as a telephone."""
    page = (folder / "index.html").read_text(encoding="utf-8")
    harness = f"""<script>(async () => {{
      while (document.documentElement.dataset.ready !== "true") await new Promise(done => setTimeout(done, 20));
      const seen = [];
      const rows = () => [...document.querySelectorAll("#board tbody th")];
      const models = () => rows().map(each => each.textContent.slice(17, 20));
      const tap = column => document.querySelectorAll("#board thead button")[column].click();
      try {{ {script} }} catch (error) {{ seen.push(String(error)); }}
      parent.postMessage(JSON.stringify(seen), "*");
    }})();</script></body>"""
    (folder / "tried.html").write_text(page.replace("</body>", harness), encoding="utf-8")
    (folder / "frame.html").write_text(
        f'<iframe src="tried.html" style="width:{width}px;height:800px;border:0"></iframe><script>'
        "onmessage = event => document.documentElement.dataset.seen = event.data</script>"
    )
    assert CHROMIUM is not None
    shell = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=20000", "--dump-dom"]
    shell += ["--window-size=1000,900", "--host-resolver-rules=MAP * ~NOTFOUND"]
    shell += [f"--user-data-dir={folder / 'profile'}", (folder / "frame.html").as_uri()]
    dom = subprocess.run(shell, capture_output=True, text=True, timeout=120, check=True).stdout
    seen = re.search(r'data-seen="([^"]*)"', dom)
    assert seen, "the page never got ready"
    return json.loads(seen[1].replace("&quot;", '"'))


@needs_browser
@pytest.mark.slow
def test_on_a_telephone_the_page_does_not_scroll_sideways_and_a_tap_sorts(site: Path, tmp_path: Path) -> None:
    shutil.copytree(site, tmp_path / "site")
    seen = browsed(
        tmp_path / "site",
        """seen.push(innerWidth, document.documentElement.scrollWidth <= innerWidth);
        seen.push(models().join(), (tap(2), models().join()), (tap(2), models().join()));
        // The second model has no cell in the last column: it stays last in both directions.
        seen.push((tap(3), models().join()), (tap(3), models().join()));
        seen.push(document.querySelectorAll("#board thead th")[3].getAttribute("aria-sort"));
        const choice = document.getElementById("figure");
        const shown = () => [...document.querySelectorAll("#board .figure")].filter(each => each.offsetParent).length;
        seen.push(shown());
        choice.value = "h50"; choice.dispatchEvent(new Event("change")); seen.push(shown());
        choice.value = "cost_per_turn"; choice.dispatchEvent(new Event("change"));
        seen.push(shown(), document.documentElement.scrollWidth <= innerWidth);""",
    )
    assert seen == [390, True, "0.3,0.8", "0.3,0.8", "0.8,0.3", "0.3,0.8", "0.3,0.8", "descending", 4, 4, 4, True]


@needs_browser
@pytest.mark.slow
def test_hostile_names_are_text(tmp_path: Path) -> None:
    def answer(messages: list[dict[str, str]]) -> str:
        return "Answer: 1"

    answer.__name__ = HOSTILE
    folder = tmp_path / "<img src=x onerror=alert(1)>"
    horizon.play("running_total", model=answer, episodes=4, turns=2, conditions=["natural"], out=folder)
    site = write_site([folder], tmp_path / "site")
    page = site.index.read_text(encoding="utf-8")
    assert "<script>document.title" not in page and "\u202e" not in page and "\x1b" not in page
    assert re.fullmatch(r"[A-Za-z0-9.=-]+\.html", site.pages[0].name)
    seen = browsed(
        tmp_path / "site", """seen.push(document.title, document.querySelectorAll("img, #board script").length);"""
    )
    assert seen == ["Horizon: models by tasks", 0]
