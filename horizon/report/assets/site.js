"use strict";
(() => {
  const board = document.getElementById("board");
  const choice = document.getElementById("figure");
  const body = board.tBodies[0];
  const heads = [...board.tHead.rows[0].cells];
  let sorted = { column: -1, ascending: true };

  const value = (row, column) => {
    if (!column) return row.cells[0].textContent;
    const cell = [...row.cells[column].children].find((each) => each.dataset.figure === choice.value);
    return cell && cell.dataset.value !== undefined ? Number(cell.dataset.value) : null;
  };

  const sort = (column, ascending) => {
    sorted = { column, ascending };
    const sign = ascending ? 1 : -1;
    const rows = [...body.rows].map((row, place) => ({ row, place, key: value(row, column) }));
    rows.sort((one, other) => {
      // Cells without a figure stay last, whichever way the others are sorted.
      if (one.key === null || other.key === null) {
        return (one.key === null) - (other.key === null) || one.place - other.place;
      }
      const order = column ? one.key - other.key : one.key.localeCompare(other.key);
      return sign * order || one.place - other.place;
    });
    body.append(...rows.map((each) => each.row));
    heads.forEach((head, place) => {
      head.setAttribute("aria-sort", place !== column ? "none" : ascending ? "ascending" : "descending");
    });
  };

  // The first tap puts the best on top, the next one turns the order round.
  const bestFirst = (column) => !column || choice.selectedOptions[0].dataset.more === "0";
  heads.forEach((head, column) => {
    head.firstElementChild.addEventListener("click", () => {
      sort(column, sorted.column === column ? !sorted.ascending : bestFirst(column));
    });
  });
  choice.addEventListener("change", () => {
    for (const figure of board.querySelectorAll(".figure")) figure.hidden = figure.dataset.figure !== choice.value;
    if (sorted.column > 0) sort(sorted.column, bestFirst(sorted.column));
  });
  document.documentElement.dataset.ready = "true";
})();
