// A canvas as sharp as the screen, drawn anew when its size or the colors change.

import { h } from "./dom.js";
import { colors, whenColorsChange } from "./theme.js";

export class Canvas {
  #draw;
  #observer;
  #ended = new AbortController();
  #frame = 0;

  // `draw(context, {width, height, colors})` paints in CSS pixels; `height` follows from a width.
  constructor(draw, { height = null, attributes = { "aria-hidden": "true" } } = {}) {
    this.#draw = draw;
    this.element = h("canvas", attributes);
    this.heightOf = height;
    this.#observer = new ResizeObserver(() => this.redraw());
    this.#observer.observe(this.element);
    whenColorsChange(() => this.redraw(), this.#ended.signal);
  }

  // Draw before the next picture; several calls draw once.
  redraw() {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#paint();
    });
  }

  close() {
    cancelAnimationFrame(this.#frame);
    this.#observer.disconnect();
    this.#ended.abort();
  }

  #paint() {
    const { element } = this;
    const width = element.clientWidth;
    if (width === 0) return;
    if (this.heightOf) element.style.height = `${this.heightOf(width)}px`;
    const height = element.clientHeight;
    const scale = window.devicePixelRatio || 1;
    const [across, down] = [Math.round(width * scale), Math.round(height * scale)];
    if (element.width !== across || element.height !== down) {
      element.width = across;
      element.height = down;
    }
    const context = element.getContext("2d");
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, width, height);
    this.#draw(context, { width, height, colors: colors() });
  }
}
