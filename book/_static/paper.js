// Paper is white: a page that is dark on the screen is printed as a light one.
const root = document.documentElement.dataset;
let onScreen;

window.addEventListener("beforeprint", () => {
  onScreen = root.theme;
  root.theme = "light";
});
window.addEventListener("afterprint", () => {
  root.theme = onScreen;
});
