// A long list of which only the rows in sight are there.

import { h } from "./dom.js";

const ROW_PX = 52;
const BESIDE = 6;
const MAX_PX = 15_000_000; // browsers lay out no more

export class VirtualList {
  #fill;
  #open;
  #n = 0;
  #active = 0;
  #space;
  #rows = new Map();
  #observer;

  // `fill(row, number)` writes a row's content, `open(number)` is what a click or Enter does.
  constructor(label, { fill, open }) {
    this.#fill = fill;
    this.#open = open;
    this.#space = h("div", { class: "space", role: "presentation" });
    this.element = h(
      "div",
      {
        class: "rows", role: "listbox", tabindex: 0, "aria-label": label,
        onscroll: () => this.#render(),
        onkeydown: (event) => this.#key(event),
      },
      this.#space,
    );
    this.#observer = new ResizeObserver(() => this.#render());
    this.#observer.observe(this.element);
  }

  show(n) {
    this.#n = n;
    this.#active = 0;
    this.#space.style.height = `${Math.min(MAX_PX, n * ROW_PX)}px`;
    this.element.scrollTop = 0;
    this.refresh();
  }

  // Write the rows in sight anew.
  refresh() {
    for (const row of this.#rows.values()) row.remove();
    this.#rows.clear();
    this.#render();
  }

  close() {
    this.#observer.disconnect();
  }

  #render() {
    const { scrollTop, clientHeight } = this.element;
    const first = Math.max(0, Math.floor(scrollTop / ROW_PX) - BESIDE);
    const end = Math.min(this.#n, Math.ceil((scrollTop + clientHeight) / ROW_PX) + BESIDE);
    for (const [number, row] of this.#rows) {
      if (number >= first && number < end) continue;
      row.remove();
      this.#rows.delete(number);
    }
    for (let number = first; number < end; number++) {
      if (this.#rows.has(number)) continue;
      const row = h("div", {
        class: "row", role: "option", id: `row-${number}`,
        "aria-posinset": number + 1, "aria-setsize": this.#n,
        onclick: () => {
          this.#move(number);
          this.#open(number);
        },
      });
      row.style.top = `${number * ROW_PX}px`;
      this.#fill(row, number);
      this.#rows.set(number, row);
      this.#space.append(row);
    }
    this.#mark();
  }

  #mark() {
    for (const [number, row] of this.#rows) {
      row.classList.toggle("is-active", number === this.#active);
      row.setAttribute("aria-selected", number === this.#active);
    }
    if (this.#rows.has(this.#active)) this.element.setAttribute("aria-activedescendant", `row-${this.#active}`);
    else this.element.removeAttribute("aria-activedescendant");
  }

  #move(number) {
    this.#active = Math.min(this.#n - 1, Math.max(0, number));
    const top = this.#active * ROW_PX;
    const { scrollTop, clientHeight } = this.element;
    if (top < scrollTop) this.element.scrollTop = top;
    else if (top + ROW_PX > scrollTop + clientHeight) this.element.scrollTop = top + ROW_PX - clientHeight;
    this.#render();
  }

  #key(event) {
    const page = Math.max(1, Math.floor(this.element.clientHeight / ROW_PX) - 1);
    const places = {
      ArrowDown: this.#active + 1, ArrowUp: this.#active - 1, Home: 0, End: this.#n - 1,
      PageDown: this.#active + page, PageUp: this.#active - page,
    };
    if (this.#n === 0) return;
    if (event.key in places) this.#move(places[event.key]);
    else if (event.key === "Enter") this.#open(this.#active);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}
