// Links from a notebook to a chapter, ../book/NAME.md#label, open the page of the built book.
//
// JupyterLab and Notebook load this file as it is: what a bundler would write around it is the
// object at the end, with `init` and `get`.
(() => {
  "use strict";

  const CHAPTER = /\/book\/(\w+)\.md$/;
  const RENDERED = ".jp-RenderedHTMLCommon"; // text and outputs of a notebook

  function baseUrl() {
    const config = document.getElementById("jupyter-config-data");
    return JSON.parse(config.textContent).baseUrl;
  }

  // The link gets its new address as soon as it is pointed at or focused, so that the middle button
  // and "copy link" work too.
  const led = new WeakSet();

  function lead(link) {
    const address = new URL(link.href);
    const chapter = CHAPTER.exec(address.pathname);
    if (address.origin === location.origin && chapter) {
      link.href = `${baseUrl()}course/book/${chapter[1]}.html${address.hash}`;
      link.target = "_blank";
      led.add(link);
    }
  }

  function onEvent(event) {
    const link = event.target.closest?.(`${RENDERED} a[href]`);
    if (!link) return;
    lead(link);
    // JupyterLab must not see the click: it would look for the file of that name below its folder.
    if (event.type === "click" && led.has(link)) event.stopPropagation();
  }

  const plugin = {
    id: "course-lib:book-links",
    description: "Links from a notebook to a chapter open the built book.",
    autoStart: true,
    activate: () => {
      for (const name of ["pointerover", "focusin", "click"]) {
        document.addEventListener(name, onEvent, { capture: true });
      }
    },
  };

  window._JUPYTERLAB = window._JUPYTERLAB || {};
  window._JUPYTERLAB["course-lib"] = {
    init: () => {},
    get: async () => () => plugin,
  };
})();
