// What scrolls must be reachable by keyboard. The theme looks at the page when it loads and when the
// window changes; here each box is looked at when it changes, such as code that has been unfolded.
const SCROLLING =
  "pre, .nboutput > .output_area, .cell_output > .output, .jp-RenderedHTMLCommon, .pst-scrollable-table-container";

function setTabStop(box) {
  const scrolls = box.scrollWidth > box.clientWidth || box.scrollHeight > box.clientHeight;
  box.tabIndex = scrolls ? 0 : -1;
}

document.addEventListener("DOMContentLoaded", () => {
  const boxes = [...document.querySelectorAll(SCROLLING)];
  const observer = new ResizeObserver((entries) =>
    entries.forEach((entry) => setTabStop(entry.target.closest(SCROLLING)))
  );
  boxes.forEach((box) => observer.observe(box));
  // A table may become wider than its box, whose size stays.
  document.querySelectorAll(".pst-scrollable-table-container > table").forEach((table) => observer.observe(table));
  document.fonts.ready.then(() => boxes.forEach(setTabStop)); // other letters, in a box of the same size
});
