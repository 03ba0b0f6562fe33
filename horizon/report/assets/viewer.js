// The page's behaviour: unpacks figures and episodes, draws them, steps through turns. All text from models and users
// enters the document as text (textContent), never as markup.
"use strict";
(async function () {
  async function unpack(id) {
    const bytes = Uint8Array.from(atob(document.getElementById(id).textContent.trim()), c => c.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return await new Response(stream).text();
  }
  const make = (tag, attributes, text) => {
    const node = document.createElement(tag);
    for (const [key, value] of Object.entries(attributes || {})) node.setAttribute(key, value);
    if (text !== undefined) node.textContent = text;
    return node;
  };

  // Episode viewer -------------------------------------------------------------------------------------------
  const data = JSON.parse(await unpack("trace"));
  const pieces = JSON.parse(document.getElementById("pieces").textContent);
  const colours = JSON.parse(document.getElementById("colours").textContent);
  const chooser = document.getElementById("episode"), strip = document.getElementById("strip");
  const conditions = document.getElementById("condition"), detail = document.getElementById("detail");
  let rows = [], at = 0;
  data.episodes.forEach((each, place) => chooser.append(
    make("option", { value: place }, `${each.model}: ${each.id} (${each.outcome})`)));

  function shown() { return data.episodes[chooser.value]; }
  function chooseEpisode() {
    const names = [...new Set(shown().turns.map(turn => turn.c))];
    const before = conditions.value;
    conditions.replaceChildren(...names.map(name => make("option", { value: name }, name)));
    conditions.value = names.includes(before) ? before : names[0];
    chooseCondition(0);
  }
  function chooseCondition(turn) {
    document.getElementById("viewer").style.setProperty("--condition", colours[conditions.value] || "var(--line)");
    rows = shown().turns.filter(each => each.c === conditions.value);
    at = Math.max(0, Math.min(turn, rows.length - 1));
    strip.replaceChildren(...rows.map((row, place) => {
      const ok = row.e === "none";
      const cell = make("button", { class: "cell " + (ok ? "ok" : "error"), type: "button",
        "aria-label": `turn ${row.t}: ${ok ? "right" : row.e}`, title: `turn ${row.t}: ${row.e}` }, ok ? "" : "×");
      cell.addEventListener("click", () => { at = place; draw(); });
      return cell;
    }));
    draw();
  }
  function part(title, text) {
    const found = [make("h3", {}, title), make("pre", { dir: "auto" }, visible(text))];
    return found;
  }
  // Marks that turn text round and other invisible characters are shown as codes.
  function visible(text) {
    return String(text).replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g,
      c => "\\u" + c.charCodeAt(0).toString(16).padStart(4, "0"));
  }
  function draw() {
    [...strip.children].forEach((cell, place) => cell.setAttribute("aria-current", place === at));
    if (!rows.length) return;
    const row = rows[at], ok = row.e === "none";
    const left = make("div"), right = make("div");
    if (row.b) left.append(board(row.b));
    left.append(...part("State", row.s));
    const facts = [`turn ${row.t}`, `errors before: ${row.p}`];
    if (row.n !== null) facts.push(`${row.n} tokens read`);
    right.append(make("p", { class: "note" }, facts.join(", ")));
    if (row.q) right.append(...part("Asked", row.q));
    right.append(...part("Replied", row.r));
    const loss = row.l === null ? "" : `, loss ${row.l.toFixed(3)} (random ${row.rl === null ? "?" : row.rl.toFixed(3)})`;
    right.append(make("p", { class: "verdict " + (ok ? "ok" : "error"), id: "verdict" },
      `${ok ? "right" : row.e.replace("_", " ")}${loss}`));
    right.append(make("p", {}, `read as: ${visible(row.a === null ? "nothing" : row.a)}; oracle: ${visible(row.o === null ? "unknown" : row.o)}`
      + (row.sub ? `; played in its place: ${visible(row.sub)}` : "")));
    const columns = make("div", { class: "columns" });
    columns.append(left, right);
    detail.replaceChildren(columns);
    drawHeat(row);
    document.getElementById("where").textContent = `turn ${row.t} of ${rows[rows.length - 1].t}`;
  }
  // Which earlier turns made this one err: a cell under each turn, red where it did harm, blue where it helped.
  function drawHeat(row) {
    const nodes = [];
    for (const map of row.h || []) {
      const effects = new Map(map.cells);
      const most = Math.max(...map.cells.map(cell => Math.abs(cell[1])), 1e-9);
      nodes.push(make("p", { class: "note" }, `Gain in log-likelihood of the right reply to turn ${row.t}, each earlier `
        + `turn ${map.edit} alone (nats): red did harm, blue helped; darkest ${most.toFixed(2)}.`));
      const line = make("div", { class: "strip heat", role: "group", "aria-label": `Effect of each earlier turn, ${map.edit}` });
      rows.filter(each => each.t < row.t).forEach((each, place) => {
        const effect = effects.get(each.t);
        const text = effect === undefined ? "unchanged" : (effect > 0 ? "+" : "") + effect.toFixed(2);
        const cell = make("button", { class: "cell", type: "button", title: `turn ${each.t}: ${text}`,
          "aria-label": `turn ${each.t}: ${text}` });
        if (effect)
          cell.style.background = `rgba(${effect > 0 ? "200,30,30" : "30,80,200"},${(0.1 + 0.9 * Math.abs(effect) / most).toFixed(2)})`;
        cell.addEventListener("click", () => { at = place; draw(); });
        line.append(cell);
      });
      nodes.push(line);
    }
    document.getElementById("heat").replaceChildren(...nodes);
  }
  function board(fen) {
    const ns = "http://www.w3.org/2000/svg";
    const svg = document.createElementNS(ns, "svg");
    svg.setAttribute("viewBox", "0 0 360 360");
    svg.setAttribute("class", "board");
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", "Chess position " + fen);
    const put = (tag, attributes) => {
      const node = document.createElementNS(ns, tag);
      for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
      svg.append(node);
      return node;
    };
    fen.split(" ")[0].split("[")[0].split("/").forEach((rank, y) => {
      let x = 0;
      for (const each of rank) {
        if (/[1-8]/.test(each)) { for (let n = 0; n < Number(each); n++) square(x++, y, ""); }
        else if (pieces[each]) square(x++, y, each);
      }
    });
    function square(x, y, piece) {
      put("rect", { x: 45 * x, y: 45 * y, width: 45, height: 45, class: (x + y) % 2 ? "dark" : "light" });
      if (piece) put("use", { href: "#piece-" + piece.charCodeAt(0), x: 45 * x, y: 45 * y });
    }
    return svg;
  }
  const step = by => { at = Math.max(0, Math.min(rows.length - 1, at + by)); draw(); };
  const nextError = by => {
    for (let place = at + by; place >= 0 && place < rows.length; place += by)
      if (rows[place].e !== "none") { at = place; draw(); return; }
  };
  const episodeBy = by => {
    const place = Number(chooser.value) + by;
    if (place >= 0 && place < data.episodes.length) { chooser.value = place; chooseEpisode(); }
  };
  const keys = { ArrowRight: () => step(1), ArrowLeft: () => step(-1), n: () => nextError(1), p: () => nextError(-1),
    j: () => episodeBy(1), k: () => episodeBy(-1), Home: () => { at = 0; draw(); }, End: () => { at = rows.length - 1; draw(); } };
  document.getElementById("viewer").addEventListener("keydown", event => {
    if (event.target.tagName === "SELECT" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (keys[event.key]) { keys[event.key](); event.preventDefault(); }
  });
  for (const [id, act] of [["back", () => step(-1)], ["on", () => step(1)], ["error", () => nextError(1)]])
    document.getElementById(id).addEventListener("click", act);
  chooser.addEventListener("change", chooseEpisode);
  conditions.addEventListener("change", () => chooseCondition(at));
  if (data.episodes.length) { chooser.value = 0; chooseEpisode(); }

  // Figures --------------------------------------------------------------------------------------------------
  const script = document.createElement("script");
  script.textContent = await unpack("plotly");
  document.head.append(script);
  const figures = JSON.parse(await unpack("figures-data"));
  const dark = matchMedia("(prefers-color-scheme: dark)");
  function drawFigures() {
    const ink = getComputedStyle(document.body).color;
    figures.forEach((each, place) => {
      const layout = { ...each.layout, font: { ...each.layout.font, color: ink } };
      Plotly.react(document.getElementById("figure-" + place), each.data, layout,
        { responsive: true, displaylogo: false, modeBarButtonsToRemove: ["lasso2d", "select2d"] });
    });
  }
  drawFigures();
  dark.addEventListener("change", drawFigures);
  document.documentElement.dataset.ready = "true";
})();
