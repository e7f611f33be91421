// Which page is shown, by the part of the address after #.

import { announce } from "./dom.js";

const TITLES = { song: "Song", library: "Library", about: "About" };

export class Router {
  #pages;
  #content = document.getElementById("content");
  #shown = null;

  // `pages` are functions of the rest of the address; each gives an element and may clean up.
  constructor(pages) {
    this.#pages = pages;
    window.addEventListener("hashchange", () => this.show(true));
  }

  show(isMoved = false) {
    if (window.location.hash === "#content") {
      this.#content.focus();
      return;
    }
    const [, name = "", rest = ""] = window.location.hash.match(/^#\/(\w+)\/?(.*)$/) ?? [];
    const page = Object.hasOwn(this.#pages, name) ? name : "song";
    this.#shown?.close?.();
    this.#shown = this.#pages[page](rest);
    this.#content.replaceChildren(this.#shown.element);
    this.#shown.opened?.();
    document.title = page === "song" ? "affetto" : `${TITLES[page]} · affetto`;
    for (const link of document.querySelectorAll("nav a")) {
      if (link.getAttribute("href") === `#/${page}`) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    if (isMoved) {
      window.scrollTo(0, 0);
      this.#content.focus({ preventScroll: true });
      announce(`${TITLES[page]} page`);
    }
  }
}
