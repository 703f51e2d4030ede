// The map of a class: drawn from the data in this page, sorted and filtered here.
// What students wrote is only ever set as text (textContent), never as HTML.
"use strict";

const data = JSON.parse(document.getElementById("class").textContent);
const at = (id) => document.getElementById(id);
const PASSED = 0, NOT_WRITTEN = 2, MISSING = data.outcomes.length - 1;
const SYMBOLS = ["✓", "✗", "○"];
const ROW = 26; // px, as in the style sheet
const AROUND = 15; // rows that are drawn above and below those in sight
const MOST_PRINTED = 1000; // rows
const ACROSS = 40, DOWN = 20; // exercises and students on a sheet of paper

function element(tag, content = {}, ...children) {
  const { text, data: dataset, ...attributes } = content;
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  Object.assign(made.dataset, dataset);
  made.append(...children);
  return made;
}

// A sentence in which what stands between `backticks` is code.
function withCode(text) {
  return text.split(/`([^`\n]+)`/).map((part, i) => (i % 2 ? element("code", { text: part }) : part));
}

const inPoints = (value) => Math.round(value * 100) / 100;

// The data: cells that stood before come as numbers.
const known = [];
const students = data.students.map((student, number) => {
  const cells = student.cells.map((cell) => {
    if (typeof cell === "number") return known[cell];
    known.push(cell);
    return cell;
  });
  const isOpen = (cell) => ![PASSED, NOT_WRITTEN, MISSING].includes(cell.outcome) && !cell.mark;
  return {
    ...student, cells, number,
    stuck: cells.findIndex(isOpen), // the first exercise that was tried and isn't right
    open: cells.filter(isOpen).length,
    reached: cells.findLastIndex((cell) => cell.outcome === PASSED),
  };
});
const exercises = data.exercises;
const chapters = [...new Set(exercises.map((one) => one.chapter))];
const plural = (count, one) => `${count.toLocaleString("en")} ${one}${count === 1 ? "" : "s"}`;

// Hidden names: numbers in an order that says nothing of who they are.
const aliases = students.map((_, number) => number);
for (let i = aliases.length - 1; i > 0; i -= 1) {
  const j = Math.floor(Math.random() * (i + 1));
  [aliases[i], aliases[j]] = [aliases[j], aliases[i]];
}
let hidden = false;
const nameOf = (student) => (hidden ? `Student ${aliases[student.number] + 1}` : student.name);

// What is shown.
const all = { find: "", chapter: "", exercise: "", outcome: "", mistake: "", sort: "name" };
let wanted = { ...all };
let rows = students;
let columns = [];

const collator = new Intl.Collator(undefined, { numeric: true });
students.slice().sort((a, b) => collator.compare(a.name, b.name)).forEach((one, rank) => { one.rank = rank; });
const byName = (a, b) => (hidden ? aliases[a.number] - aliases[b.number] : a.rank - b.rank);
const ORDERS = {
  name: ["name", byName],
  most: ["most points", (a, b) => b.points - a.points],
  least: ["fewest points", (a, b) => a.points - b.points],
  stuck: ["most that isn't right", (a, b) => b.open - a.open || a.reached - b.reached],
  behind: ["least far", (a, b) => a.reached - b.reached || a.points - b.points],
};

function order() {
  if (ORDERS[wanted.sort]) return ORDERS[wanted.sort][1];
  const column = Number(wanted.sort); // of an exercise: what isn't right comes first
  const rank = (student) => [NOT_WRITTEN, MISSING, PASSED].indexOf(student.cells[column].outcome);
  return (a, b) => rank(a) - rank(b);
}

function matches(student) {
  if (!nameOf(student).toLocaleLowerCase().includes(wanted.find.toLocaleLowerCase())) return false;
  const outcome = (cell) => wanted.outcome === "" || cell.outcome === Number(wanted.outcome);
  if (wanted.exercise !== "") {
    const cell = student.cells[Number(wanted.exercise)];
    return outcome(cell) && (!wanted.mistake || cell.mistake === wanted.mistake);
  }
  return wanted.outcome === "" || columns.some((column) => outcome(student.cells[column]));
}

// Without a choice, only chapters that somebody has begun are shown.
const begun = chapters.filter((chapter) =>
  exercises.some((one, column) => one.chapter === chapter &&
    students.some((student) => ![NOT_WRITTEN, MISSING].includes(student.cells[column].outcome))));

function chosenColumns() {
  const shown = wanted.chapter === "all" || !begun.length ? chapters
    : wanted.chapter === "" ? begun : [wanted.chapter];
  return exercises.map((_, column) => column).filter((column) => shown.includes(exercises[column].chapter));
}

// The table. Its body holds the rows in sight, between two empty ones as high as all the others.
const body = element("tbody");
const table = element("table", { "aria-labelledby": "map-title" });

function head(columns) {
  const above = element("tr", {}, element("td", { class: "who" }), element("td"), element("td"));
  for (const chapter of chapters) {
    const wide = columns.filter((column) => exercises[column].chapter === chapter).length;
    if (wide) above.append(element("th", { text: chapter, class: "chapter", colspan: wide, scope: "colgroup", title: chapter }));
  }
  const names = element("tr");
  for (const [text, key, kind] of [["student", "name", "who"], ["points", "least", ""], ["stuck at", "stuck", ""]]) {
    names.append(heading(text, key, kind));
  }
  const bars = element("tr", { class: "class" }, element("th", { text: "class", class: "who", scope: "row" }), element("td"), element("td"));
  for (const column of columns) {
    names.append(heading(exercises[column].id, String(column), "turned"));
    bars.append(element("td", {}, classBar(column)));
  }
  return element("thead", {}, above, names, bars);
}

function heading(text, key, kind) {
  const button = element("button", { text, type: "button", title: `Sort by ${text}`, data: { sort: key } });
  const cell = element("th", { class: kind, scope: "col" }, button);
  if (wanted.sort === key) cell.setAttribute("aria-sort", "ascending");
  return cell;
}

// How the rows that are chosen share out over the outcomes, for one exercise.
function classBar(column) {
  const counts = data.outcomes.map(() => 0);
  for (const student of rows) counts[student.cells[column].outcome] += 1;
  const space = "http://www.w3.org/2000/svg";
  const bar = document.createElementNS(space, "svg");
  bar.setAttribute("viewBox", "0 0 22 40");
  bar.setAttribute("role", "img");
  const said = counts.map((count, outcome) => (count ? `${count} ${data.outcomes[outcome]}` : "")).filter(Boolean);
  bar.setAttribute("aria-label", `${exercises[column].id}: ${said.join(", ") || "nobody"}`);
  let below = 40;
  counts.forEach((count, outcome) => {
    const tall = rows.length ? (40 * count) / rows.length : 0;
    if (!tall) return;
    const part = document.createElementNS(space, "rect");
    below -= tall;
    for (const [name, value] of Object.entries({ x: 0, y: below, width: 22, height: tall, class: `o${outcome}` })) part.setAttribute(name, value);
    bar.append(part);
  });
  return bar;
}

function symbol(cell) {
  if (cell.mark) return String(cell.mark);
  return SYMBOLS[cell.outcome] ?? (cell.outcome === MISSING ? "·" : "!");
}

function drawRow(student, index, columns) {
  const name = element("button", { type: "button", class: "name", text: nameOf(student), data: { student: student.number } });
  const line = element("tr", { "aria-rowindex": index + 4 },
    element("th", { class: "who", scope: "row" }, name),
    element("td", { class: "number", text: String(inPoints(student.points)) }),
    element("td", { text: student.stuck < 0 ? "" : exercises[student.stuck].id }));
  for (const column of columns) {
    const cell = student.cells[column];
    const outcome = data.outcomes[cell.outcome];
    const says = `${exercises[column].id}: ${outcome}${cell.mark === undefined ? "" : `, mark ${cell.mark}`}`;
    line.append(element("td", { class: `cell o${cell.outcome}`, text: symbol(cell), title: says, "aria-label": says }));
  }
  return line;
}

function gap(count) {
  const line = element("tr", { "aria-hidden": "true" }, element("td"));
  line.firstChild.style.height = `${count * ROW}px`;
  line.firstChild.style.padding = "0";
  return line;
}

let drawn = "";
function drawRows() {
  const room = at("map");
  const sight = Math.ceil(room.clientHeight / ROW);
  const first = Math.max(0, Math.min(rows.length, Math.floor(room.scrollTop / ROW)) - AROUND);
  const last = Math.min(rows.length, first + sight + 2 * AROUND);
  if (drawn === `${first} ${last}`) return;
  drawn = `${first} ${last}`;
  const focused = document.activeElement?.dataset?.student;
  const lines = rows.slice(first, last).map((student, i) => drawRow(student, first + i, columns));
  if (first) lines.unshift(gap(first));
  if (last < rows.length) lines.push(gap(rows.length - last));
  body.replaceChildren(...lines);
  if (focused !== undefined && room.contains(body)) body.querySelector(`[data-student="${focused}"]`)?.focus({ preventScroll: true });
}

function draw() {
  columns = chosenColumns();
  const compare = order();
  rows = students.filter(matches).sort((a, b) => compare(a, b) || byName(a, b));
  const focused = at("map").contains(document.activeElement) ? document.activeElement.dataset.sort : undefined;
  table.replaceChildren(head(columns), body);
  at("map").replaceChildren(table); // instead of those that were printed
  table.setAttribute("aria-rowcount", rows.length + 3);
  at("map").scrollTop = 0;
  drawn = "";
  drawRows();
  if (focused !== undefined) table.querySelector(`[data-sort="${focused}"]`)?.focus();
  const which = wanted.mistake ? `, ${exercises[wanted.exercise].id}: “${wanted.mistake}”` : "";
  at("count").textContent = `${plural(rows.length, "student")} of ${students.length.toLocaleString("en")}${which}`;
}

function choose(change) {
  wanted = { ...wanted, ...change };
  for (const name of ["find", "chapter", "exercise", "outcome"]) at(name).value = wanted[name];
  at("sort").value = wanted.sort;
  draw();
}

// One student.
let opened = null;
function openStudent(number) {
  const student = students[number];
  const dialog = at("student");
  opened = document.activeElement;
  const of = exercises.reduce((sum, one) => sum + one.of, 0);
  const close = element("button", { text: "Close", type: "button", class: "top" });
  close.addEventListener("click", () => dialog.close());
  const points = `${inPoints(student.points)} of ${inPoints(of)} points`;
  dialog.replaceChildren(close, element("h2", { text: nameOf(student), id: "who" }), element("p", { text: points }));
  if (!hidden) {
    const page = element("a", { text: "The page for this student", href: `students/${encodeURIComponent(student.page)}.html` });
    dialog.append(element("p", {}, page));
    if (student.remarks.length) dialog.append(element("ul", {}, ...student.remarks.map((text) => element("li", {}, ...withCode(text)))));
  }
  for (const chapter of chapters) {
    const list = element("ul");
    student.cells.forEach((cell, column) => {
      if (exercises[column].chapter === chapter && cell.outcome !== MISSING) list.append(about(cell, column));
    });
    if (list.children.length) dialog.append(element("h3", { text: chapter }), list);
  }
  const missing = exercises.filter((_, column) => student.cells[column].outcome === MISSING).map((one) => one.id);
  if (missing.length) dialog.append(element("h3", { text: "Missing" }), element("p", { text: missing.join(", ") }));
  dialog.showModal();
  dialog.scrollTop = 0;
}

function about(cell, column) {
  const one = exercises[column];
  const item = element("li", {}, element("strong", { text: `${symbol(cell)} ${one.id}` }),
    `: ${data.outcomes[cell.outcome]}, ${inPoints(cell.points ?? 0)} of ${inPoints(one.of)}.`);
  const add = (text) => item.append(element("br"), ...withCode(text));
  if (cell.sentence) add(cell.sentence);
  if (cell.failed) add(`First check that does not hold: ${cell.failed}.`);
  if (cell.code) item.append(element("pre", {}, element("code", { text: cell.code.join("\n") })));
  if (!hidden) {
    if (cell.printed) { add("It printed "); item.append(element("code", { text: cell.printed })); }
    for (const remark of cell.remarks ?? []) add(remark);
  }
  return item;
}

function hideNames(yes) {
  hidden = yes;
  for (const one of document.querySelectorAll("button.name")) one.textContent = nameOf(students[one.dataset.student]);
  for (const one of document.querySelectorAll(".named")) one.hidden = yes;
  choose({ find: "" });
}

// The controls.
const option = (value, text) => element("option", { value, text });
at("chapter").append(option("", "those begun"), option("all", "all"), ...chapters.map((one) => option(one, one)));
at("exercise").append(option("", "any"), ...exercises.map((one, column) => option(column, one.id)));
at("outcome").append(option("", "any"), ...data.outcomes.map((one, number) => option(number, one)));
at("sort").append(...Object.entries(ORDERS).map(([key, [text]]) => option(key, text)), ...exercises.map((one, column) => option(column, one.id)));
at("legend").append(...data.outcomes.flatMap((one, number) => [element("span", {},
  element("span", { text: symbol({ outcome: number }), class: `o${number}`, "aria-hidden": "true" }), one), " "]));
for (const id of ["controls", "map", "legend"]) at(id).hidden = false;

let typed = 0;
at("find").addEventListener("input", (event) => {
  clearTimeout(typed);
  typed = setTimeout(() => { wanted.find = event.target.value; draw(); }, 120);
});
for (const id of ["chapter", "outcome", "sort"]) at(id).addEventListener("change", (event) => choose({ [id]: event.target.value }));
at("exercise").addEventListener("change", (event) => choose({ exercise: event.target.value, mistake: "" }));
at("reset").addEventListener("click", () => choose(all));
at("hide").addEventListener("change", (event) => hideNames(event.target.checked));

let waiting = false;
at("map").addEventListener("scroll", () => {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => { waiting = false; drawRows(); });
});
addEventListener("resize", () => drawRows());

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  const { student, sort, exercise, mistake = "", outcome = "" } = button.dataset;
  if (student !== undefined) openStudent(Number(student));
  if (sort !== undefined) choose({ sort: sort === "least" && wanted.sort === "least" ? "most" : sort });
  if (exercise !== undefined) {
    const column = exercises.findIndex((one) => one.id === exercise);
    choose({ ...all, sort: wanted.sort, chapter: exercises[column].chapter, exercise: String(column), mistake, outcome });
    at("map").scrollIntoView();
    at("map").focus();
  }
});
at("student").addEventListener("close", () => opened?.focus());

// On paper there is nothing to scroll: the rows that are chosen, up to a thousand. Each sheet is a table with a
// head of its own, and takes as many chapters as fit. (Browsers repeat no head that is as high as this one.)
addEventListener("beforeprint", () => {
  const sheets = [];
  for (const chapter of chapters) {
    const own = columns.filter((column) => exercises[column].chapter === chapter);
    if (!own.length) continue;
    if (!sheets.length || sheets.at(-1).length + own.length > ACROSS) sheets.push([]);
    sheets.at(-1).push(...own);
  }
  const last = Math.min(rows.length, MOST_PRINTED);
  at("map").replaceChildren();
  for (let first = 0; first < last; first += DOWN) {
    const some = rows.slice(first, Math.min(last, first + DOWN));
    for (const sheet of sheets) {
      at("map").append(element("table", { "aria-labelledby": "map-title" }, head(sheet),
        element("tbody", {}, ...some.map((student, i) => drawRow(student, first + i, sheet)))));
    }
  }
  if (rows.length > last) at("count").textContent += `; the first ${last.toLocaleString("en")} are printed`;
});
addEventListener("afterprint", draw);

draw();
