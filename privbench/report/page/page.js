"use strict";
// Sorts tables, names the points of plots, and opens what is folded before the page is printed.

for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, place) => {
    head.querySelector("button").addEventListener("click", () => {
      const order = head.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending";
      heads.forEach((other) => other.setAttribute("aria-sort", other === head ? order : "none"));
      for (const body of table.tBodies) {
        // Groups stay apart: what is not proven never rises above what is.
        const rows = [...body.rows].filter((row) => !row.classList.contains("group"));
        rows.sort((one, other) => compare(one.cells[place], other.cells[place], order === "ascending" ? 1 : -1));
        body.append(...rows);
      }
      document.getElementById("announcer").textContent = `Sorted by ${head.textContent}, ${order}.`;
    });
  });
}

function compare(one, other, sign) {
  const [a, b] = [one, other].map((cell) => cell.dataset.sort ?? cell.textContent.trim());
  const empty = (text) => text === "" || text === "–";
  if (empty(a) || empty(b)) return empty(a) - empty(b); // last in either order
  const [x, y] = [Number(a), Number(b)];
  if (!Number.isNaN(x) && !Number.isNaN(y)) return sign * (x - y);
  return sign * a.localeCompare(b, "en", { numeric: true });
}

for (const drawing of document.querySelectorAll(".drawing")) {
  const marks = [...drawing.querySelectorAll(".mark")];
  if (!marks.length) continue;
  const tip = document.createElement("div");
  tip.className = "tip";
  tip.hidden = true;
  tip.setAttribute("aria-hidden", "true"); // the mark itself says the same to those who hear it
  drawing.append(tip);
  const reach = 24; // CSS pixels around a point in which it is meant

  const hide = () => {
    tip.hidden = true;
    drawing.classList.remove("naming");
    marks.forEach((mark) => mark.classList.remove("named"));
  };
  const show = (mark) => {
    drawing.classList.add("naming");
    marks.forEach((other) => other.classList.toggle("named", other === mark));
    const name = document.createElement("strong");
    name.textContent = mark.dataset.name;
    const lines = mark.dataset.figures.split("; ").map((figures) => {
      const line = document.createElement("div");
      line.textContent = figures;
      return line;
    });
    tip.replaceChildren(name, ...lines);
    tip.hidden = false;
    const frame = drawing.getBoundingClientRect();
    const [x, y] = centre(mark);
    const left = Math.min(Math.max(0, x - frame.left - tip.offsetWidth / 2), frame.width - tip.offsetWidth);
    const above = y - frame.top - tip.offsetHeight - 12;
    tip.style.left = `${Math.max(0, left)}px`;
    tip.style.top = `${above < 0 ? y - frame.top + 12 : above}px`;
  };
  const nearest = (event) => {
    const far = marks.map((mark) => {
      const [x, y] = centre(mark);
      return Math.hypot(x - event.clientX, y - event.clientY);
    });
    const least = Math.min(...far);
    return least <= reach ? marks[far.indexOf(least)] : null;
  };

  drawing.addEventListener("pointermove", (event) => {
    if (tip.contains(event.target)) return;
    const mark = nearest(event);
    if (mark) show(mark);
    else if (!drawing.contains(document.activeElement)) hide();
  });
  drawing.addEventListener("pointerleave", () => {
    if (marks.includes(document.activeElement)) show(document.activeElement);
    else hide();
  });
  marks.forEach((mark) => {
    mark.addEventListener("focus", () => show(mark));
    mark.addEventListener("blur", hide);
  });
  drawing.addEventListener("keydown", (event) => {
    if (event.key === "Escape") hide();
  });
}

function centre(mark) {
  const box = mark.getBoundingClientRect();
  return [box.left + box.width / 2, box.top + box.height / 2];
}

// Only what scrolls needs to be reached by the keyboard.
const scrolling = new ResizeObserver((entries) => {
  for (const { target } of entries) target.tabIndex = target.scrollWidth > target.clientWidth ? 0 : -1;
});
document.querySelectorAll(".scroll").forEach((part) => scrolling.observe(part));

let opened = [];
window.addEventListener("beforeprint", () => {
  opened = [...document.querySelectorAll("details:not([open])")];
  opened.forEach((details) => (details.open = true));
});
window.addEventListener("afterprint", () => opened.forEach((details) => (details.open = false)));

// A link into something folded opens it.
const reveal = () => {
  const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  for (let element = target; element; element = element.parentElement) if (element.tagName === "DETAILS") element.open = true;
};
window.addEventListener("hashchange", reveal);
reveal();
