"use strict";
// Tables are sorted by the column whose head is clicked: first up, then down; unknown values stay last.
document.querySelectorAll("table.results").forEach(function (table) {
  const heads = [...table.tHead.rows[0].cells], body = table.tBodies[0];
  function key(row, column) {
    const cell = row.cells[column];
    return cell.dataset.v === undefined ? cell.textContent.trim() : Number(cell.dataset.v);
  }
  heads.forEach(function (head, column) {
    head.tabIndex = 0;
    function sort() {
      const down = head.getAttribute("aria-sort") === "ascending";
      heads.forEach(function (each) { each.removeAttribute("aria-sort"); });
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const rows = [...body.rows];
      rows.sort(function (a, b) {
        const x = key(a, column), y = key(b, column);
        if (typeof x === "string" || typeof y === "string") { return (down ? -1 : 1) * String(x).localeCompare(String(y)); }
        if (Number.isNaN(x) || Number.isNaN(y)) { return Number.isNaN(x) - Number.isNaN(y); }
        return down ? y - x : x - y;
      });
      body.append(...rows);
    }
    head.addEventListener("click", sort);
    head.addEventListener("keydown", function (e) { if (e.key === "Enter" || e.key === " ") { e.preventDefault(); sort(); } });
  });
});
