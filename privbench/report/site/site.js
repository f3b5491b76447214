// Filters the tables of the front page, and the points of their plots with them.

const filters = document.querySelector(".filters");
if (filters) {
  filters.hidden = false;
  const [wanted, table, certified, count] = ["text", "table", "certified", "count"].map((name) =>
    document.getElementById(`filter-${name}`),
  );
  const boards = [...document.querySelectorAll("section.board")].map((board) => ({
    board,
    bodies: [...board.querySelectorAll("table.leaderboard tbody")].map((body) => ({
      body,
      // Entries that are not certified stand in groups of their own, which have titles.
      certified: !body.querySelector("tr.group"),
      rows: [...body.querySelectorAll("tr:not(.group)")],
    })),
    marks: [...board.querySelectorAll(".mark")],
  }));

  const apply = () => {
    const text = wanted.value.trim().toLowerCase();
    let shown = 0;
    let all = 0;
    for (const { board, bodies, marks } of boards) {
      board.hidden = table.value !== "" && table.value !== board.id;
      for (const { body, certified: proven, rows } of bodies) {
        let left = 0;
        for (const row of rows) {
          row.hidden = !row.cells[0].textContent.toLowerCase().includes(text) || (certified.checked && !proven);
          left += !row.hidden;
        }
        body.hidden = left === 0;
        all += rows.length;
        shown += board.hidden ? 0 : left;
      }
      for (const mark of marks) {
        // The figures begin with the run, and may name others, by which it is beaten.
        const [run] = mark.dataset.figures.split(";");
        const name = `${mark.dataset.name} ${run}`.toLowerCase();
        const unproven = mark.dataset.certified !== "true";
        mark.classList.toggle("out", !name.includes(text) || (certified.checked && unproven));
      }
    }
    count.textContent = `${shown} of ${all} shown`;
  };
  for (const kind of ["input", "change"]) filters.addEventListener(kind, apply);
  filters.addEventListener("submit", (event) => event.preventDefault());
  apply();
}
