// Draws a figure's lines where its handles say, and says so in words.
(figure, formula, places, data, alt) => {
  const inputs = [...figure.querySelectorAll("input")];
  const picture = figure.querySelector("svg");
  const told = figure.querySelector(".told");

  const y = (place, value) =>
    place.offset + place.scale * (place.log ? Math.log10(Math.max(value, 1e-300)) : value);

  function draw(name, values) {
    const place = places[name];
    const line = picture.querySelector(`[id$="-${name}"]`);
    const points = values.map((value, i) => [place.x[i], y(place, value).toFixed(2)]);
    line.querySelector(":scope > path")?.setAttribute("d", `M${points.map((p) => p.join(" ")).join("L")}`);
    const marks = [...line.querySelectorAll("use")];
    const marked = points.filter((_, i) => i % place.every === 0);
    while (marks.length && marks.length < marked.length) {
      marks.push(marks[0].parentNode.appendChild(marks[0].cloneNode()));
    }
    marks.forEach((mark, i) => {
      mark.setAttribute("x", marked[i][0]);
      mark.setAttribute("y", marked[i][1]);
    });
  }

  function redraw() {
    const drawn = formula(inputs.map((input) => Number(input.value)), data);
    for (const name in places) draw(name, drawn.lines[name]);
    told.textContent = drawn.told;
    picture.setAttribute("aria-label", `${alt} ${drawn.told}`);
    for (const input of inputs) {
      const value = Number(input.value).toFixed(Number(input.dataset.digits));
      input.closest("div").querySelector("output").textContent = value;
      input.setAttribute("aria-valuetext", `${value}. ${drawn.told}`);
    }
  }

  for (const input of inputs) input.addEventListener("input", redraw);
  figure.at = (...values) => formula(values, data); // what a test compares with Python's numbers
}
