// Sorts the tables of a report. Everything else is in the page already; without this script it says the same.
"use strict";

// What the header of a column says.
const named = (header) => header.textContent.trim();

// What a cell is sorted by: the number that it stands for, or its text.
const keyOf = (cell, isNumber) => {
  if (cell.dataset.key !== undefined) {
    return Number(cell.dataset.key);
  }
  const text = cell.textContent.trim();
  return cell.querySelector(".none") ? null : isNumber ? Number(text) : text;
};

const letters = new Intl.Collator("en", { numeric: true });

const compared = (one, two) =>
  typeof one === "number" && typeof two === "number" ? one - two : letters.compare(String(one), String(two));

// Sorts the rows by a column; those without a value come last either way, and equal ones keep their order.
const sort = (table, place, isNumber, isDescending) => {
  const body = table.tBodies[0];
  const rows = Array.from(body.rows, (row) => ({ row, key: keyOf(row.cells[place], isNumber) }));
  rows.sort((one, two) => {
    if (one.key === null || two.key === null) {
      return Number(one.key === null) - Number(two.key === null);
    }
    return isDescending ? compared(two.key, one.key) : compared(one.key, two.key);
  });
  body.append(...rows.map(({ row }) => row));
};

const told = document.getElementById("told");

for (const table of document.querySelectorAll("table.sorts")) {
  const headers = Array.from(table.tHead.rows[0].cells);
  headers.forEach((header, place) => {
    header.querySelector("button").addEventListener("click", () => {
      const before = header.getAttribute("aria-sort");
      // Numbers begin with the greatest, which is looked for more often.
      const isNumber = header.classList.contains("number");
      const isDescending = before ? before === "ascending" : isNumber;
      headers.forEach((each) => each.removeAttribute("aria-sort"));
      header.setAttribute("aria-sort", isDescending ? "descending" : "ascending");
      sort(table, place, isNumber, isDescending);
      told.textContent = `sorted by ${named(header)}, ${isDescending ? "descending" : "ascending"}`;
    });
  });
}

// On paper nothing is folded away.
window.addEventListener("beforeprint", () => {
  document.querySelectorAll("details").forEach((details) => {
    details.open = true;
  });
});
