"use strict";
document.documentElement.classList.add("scripted");

// Tables: a click on a heading sorts by it, a second click turns the order round.
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const key = (row) => row.cells[column].dataset.value ?? row.cells[column].textContent.trim();
      const rows = [...body.rows].sort((a, b) => {
        const [x, y] = [key(a), key(b)];
        const numbers = x !== "" && y !== "" && !isNaN(x) && !isNaN(y);
        return numbers ? x - y : x.localeCompare(y, undefined, { numeric: true });
      });
      body.append(...(down ? rows.reverse() : rows));
    });
  });
}

// Slides: the slider chooses which one is shown.
for (const box of document.querySelectorAll(".slideshow")) {
  const input = box.querySelector("input");
  const label = box.querySelector("output");
  const slides = [...box.querySelectorAll(".slide")];
  const show = () => {
    slides.forEach((slide, k) => { slide.hidden = k !== Number(input.value) - 1; });
    label.textContent = slides[Number(input.value) - 1].dataset.title;
  };
  input.addEventListener("input", show);
  show();
}
