"""Claims about the page in a real browser: no network, keys and clicks work, hostile text stays text."""

import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pytest

from horizon.analysis.analyze import analyze_runs
from horizon.core.environment import open_environment
from horizon.core.model import Request
from horizon.core.records import Reply
from horizon.models import synthetic
from horizon.play.loop import play
from horizon.play.plan import plan_of
from horizon.play.setting import Setting
from horizon.report.html_page import write_page
from horizon.report.write import write_analysis
from horizon.runs import manifest, run_folder
from horizon.runs.attribution_file import AttributionFile, ErrorMap, TurnEffect
from horizon.runs.run_data import read_run
from horizon.scenarios.scenario import make

CHROMIUM = shutil.which("chromium")
HOSTILE = (
    "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">\x1b[31m\u202eevil</script>"
)
needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed: apt-get install chromium")


class Hostile(synthetic.SyntheticModel):
    """Says hostile things first, once a megabyte of them, and then answers."""

    def reply(self, requests: Sequence[Request]) -> list[Reply]:  # type: ignore[override]
        said = []
        for request, reply in zip(requests, super().reply(requests), strict=True):
            assert isinstance(reply, Reply)
            long = "A" * 1_000_000 if request.turn == 2 and request.conversation.startswith("hanoi#00000") else ""
            said.append(Reply(f"{HOSTILE}{long}\n{reply.text}"))
        return said


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    given = {
        "environment": "hanoi",
        "parameters": {"disks": 3, "rounds": 0},
        "conditions": ["natural", "fresh", "healed", "padded", "corrupted:0.3"],
        "episodes": 6,
        "turns": 9,
        "model": "synthetic:hazard=0.3",
    }
    scenario = make(given, "test")
    task = open_environment(scenario.environment, dict(scenario.parameters))
    found = tmp_path_factory.mktemp("runs") / "run"
    plan = plan_of(scenario, task)
    made = manifest.make(plan, model_identity={}, opponent_identities={}, judge_identity=None)
    with run_folder.create(found, made) as journal:
        play(Setting(scenario, task, Hostile("</title><b>m", synthetic.Process(hazard=0.3))), journal)
        run_folder.finish(found)
    write_analysis(analyze_runs([found]), found)
    return found


def browsed(folder: Path, script: str, width: int = 1100) -> str:
    """Return the page's text after a script has run in it, through headless Chromium; the page itself is untouched."""
    page = (folder / "report.html").read_text(encoding="utf-8")
    tried = folder / "tried.html"
    harness = f"""<script>(async () => {{
      while (document.documentElement.dataset.ready !== "true") await new Promise(done => setTimeout(done, 20));
      const key = name => document.getElementById("viewer").dispatchEvent(new KeyboardEvent("keydown", {{key: name}}));
      const told = [];
      try {{ {script} }} catch (error) {{ told.push(String(error)); }}
      document.documentElement.dataset.told = JSON.stringify(told);
    }})();</script></body>"""
    tried.write_text(page.replace("</body>", harness), encoding="utf-8")
    assert CHROMIUM is not None
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=20000", "--dump-dom"]
    command += [f"--window-size={width},900"]
    command += ["--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={folder / 'profile'}", tried.as_uri()]
    dom = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    found = re.search(r'data-told="([^"]*)"', dom)
    assert found, "the page never got ready"
    return found[1].replace("&quot;", '"')


def test_the_page_is_small_and_asks_the_network_for_nothing(folder: Path) -> None:
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert len(page) < 5_000_000
    assert not re.search(r'(?:src|href)="https?:', page)
    assert "default-src 'none'" in page
    assert "<b>m" not in page and "\x1b" not in page and "\u202e" not in page


@needs_browser
@pytest.mark.slow
def test_keys_and_clicks_step_through_turns_errors_and_episodes(folder: Path) -> None:
    told = browsed(
        folder,
        """const where = () => told.push(document.getElementById("where").textContent);
        where(); key("ArrowRight"); where(); key("End"); where(); key("ArrowRight"); where(); key("Home"); where();
        document.getElementById("on").click(); where(); document.getElementById("back").click(); where();
        const before = document.getElementById("episode").value; key("j");
        told.push(before + document.getElementById("episode").value);
        document.getElementById("error").click(); told.push(document.getElementById("verdict").className);""",
    )
    one, two, nine = (f'"turn {turn} of 9"' for turn in (1, 2, 9))
    assert told == f'[{one},{two},{nine},{nine},{one},{two},{one},"01","verdict error"]'


@needs_browser
@pytest.mark.slow
def test_hostile_replies_neither_run_nor_break_the_page(folder: Path) -> None:
    told = browsed(
        folder,
        """key("ArrowRight");
        told.push(document.title.startsWith("Horizon"), document.querySelectorAll("#detail script,img").length,
                  document.getElementById("detail").textContent.includes("<script>"),
                  /[\\u202e\\u001b]/.test(document.body.textContent), document.body.scrollWidth <= innerWidth + 1);""",
    )
    assert told == "[true,0,true,false,true]"


@needs_browser
@pytest.mark.slow
def test_every_figure_is_drawn_with_a_sentence_for_those_who_cant_see_it(folder: Path) -> None:
    told = browsed(
        folder,
        """const figures = [...document.querySelectorAll("figure > div")];
        told.push(figures.length);
        told.push(figures.every(each => each.querySelector("svg") && each.getAttribute("aria-label")));""",
    )
    assert told == "[18,true]"


@needs_browser
@pytest.mark.slow
def test_contents_lead_to_every_part_and_results_are_above_the_figures(folder: Path) -> None:
    told = browsed(
        folder,
        """const links = [...document.querySelectorAll("nav a")];
        const top = name => document.getElementById(name).getBoundingClientRect().top;
        told.push(links.every(link => document.querySelector(link.getAttribute("href"))));
        told.push(["results", "tests", "figures", "episodes", "tables"].every(
          (name, place, all) => !place || top(all[place - 1]) < top(name)));
        told.push(document.querySelectorAll("#results tbody tr").length);
        const count = name => document.querySelectorAll(name).length;
        told.push(count("nav details a") === count("figure"));""",
    )
    assert told == "[true,true,1,true]"


@needs_browser
@pytest.mark.slow
def test_a_condition_has_one_colour_in_figures_key_and_viewer(folder: Path) -> None:
    told = browsed(
        folder,
        """const colours = JSON.parse(document.getElementById("colours").textContent);
        const rgb = text => Object.assign(document.createElement("i"), { style: `color: ${text}` }).style.color;
        const lines = [...document.querySelectorAll("figure > div")].flatMap(each => each.data)
          .filter(trace => trace.line && trace.name in colours);
        told.push(lines.length > 10, lines.every(trace => trace.line.color === colours[trace.name]));
        const items = [...document.querySelectorAll(".key li")];
        const named = item => item.textContent.match(/^[a-z]+(:[.0-9]+)?/)[0];
        told.push(items.length === Object.keys(colours).length,
          items.every(item => item.firstChild.style.backgroundColor === rgb(colours[named(item)])));
        const chosen = document.getElementById("condition").value;
        told.push(document.getElementById("viewer").style.getPropertyValue("--condition") === colours[chosen]);""",
    )
    assert told == "[true,true,true,true,true]"


@needs_browser
@pytest.mark.slow
def test_the_earlier_turns_that_made_an_error_are_a_strip_that_leads_to_them(folder: Path, tmp_path: Path) -> None:
    mapped = tmp_path / "run"
    shutil.copytree(folder, mapped, ignore=shutil.ignore_patterns("profile"))
    run = read_run(mapped)
    wrong = run.turns.filter(~pl.col("correct") & (pl.col("turn") > 2), condition="natural").sort("episode_id", "turn")
    episode, turn = wrong.select("episode_id", "turn").row(0)
    file = AttributionFile(mapped, "heal", "m")
    file.append(ErrorMap(episode, turn, -1.0, (TurnEffect(2, True, 0.75),), 9, 9))
    file.close()
    write_page(analyze_runs([mapped]), mapped / "report.html")
    place = sorted(run.turns["episode_id"].unique()).index(episode)
    told = browsed(
        mapped,
        f"""for (let i = 0; i < {place}; i++) key("j");
        for (let i = 1; i < {turn}; i++) key("ArrowRight");
        const cells = [...document.querySelectorAll("#heat .cell")];
        told.push(cells.map(cell => cell.title).join("; "));
        cells[1].click();
        told.push(document.getElementById("where").textContent);""",
    )
    titles = [f"turn {each}: {'+0.75' if each == 2 else 'unchanged'}" for each in range(1, turn)]
    assert told == f'["{"; ".join(titles)}","turn 2 of 9"]'


@needs_browser
@pytest.mark.slow
def test_on_a_phone_nothing_but_tables_scrolls_sideways(folder: Path) -> None:
    told = browsed(
        folder,
        """const all = [...document.querySelectorAll("body *")];
        const wide = all.filter(each => !each.closest(".scroll, svg, pre, .strip")
          && each.getBoundingClientRect().right > innerWidth + 1);
        told.push(innerWidth < 600, wide.length, document.body.scrollWidth <= innerWidth + 1);""",
        width=500,
    )
    assert told == "[true,0,true]"


@needs_browser
@pytest.mark.slow
def test_a_screen_reader_finds_names_for_all_that_can_be_used(folder: Path) -> None:
    told = browsed(
        folder,
        """const named = each => each.getAttribute("aria-label") || each.textContent.trim() || each.closest("label");
        told.push([...document.querySelectorAll("button, select")].every(named), document.documentElement.lang,
                  [...document.querySelectorAll("th")].every(each => each.scope),
                  document.querySelectorAll("h1").length, !!document.querySelector("main"));""",
    )
    assert told == '[true,"en",true,1,true]'


@needs_browser
@pytest.mark.slow
def test_printed_it_is_some_pages_of_figures_and_not_hundreds_of_tables(folder: Path, tmp_path: Path) -> None:
    assert CHROMIUM is not None
    printed = tmp_path / "page.pdf"
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=20000"]
    command += [f"--print-to-pdf={printed}", f"--user-data-dir={tmp_path / 'profile'}"]
    subprocess.run([*command, (folder / "report.html").as_uri()], capture_output=True, timeout=120, check=True)
    pages = len(re.findall(rb"/Type\s*/Page[^s]", printed.read_bytes()))
    assert 2 <= pages <= 20
