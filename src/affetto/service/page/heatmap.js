// Tags over time: a row a tag, in its quadrant's color, the stronger the more of it.

import { describe } from "./moods.js";

const whole = (x) => Math.round(x); // no seams between cells

export function drawHeatmap(context, box, { windows, order, titles, xOf, rowHeight }, colors) {
  const most = Math.max(0.4, ...order.map((tag) => Math.max(...windows.tags[tag])));
  context.textBaseline = "middle";
  context.font = `${rowHeight < 18 ? 11 : 12.5}px ${colors.font}`;
  order.forEach((tag, row) => {
    const { title, quadrant } = describe(titles, tag);
    const top = box.top + row * rowHeight;
    context.globalAlpha = 1;
    context.fillStyle = colors.sunk;
    context.fillRect(box.left, top, box.width, rowHeight - 2);
    context.fillStyle = colors.of(quadrant);
    for (let number = 0; number < windows.n; number++) {
      if (windows.weight[number] === 0) continue; // silence: its scores mean nothing
      const left = whole(xOf(windows.edgeS(number)));
      const right = whole(xOf(windows.edgeS(number + 1)));
      context.globalAlpha = Math.min(1, windows.tags[tag][number] / most) ** 1.4;
      context.fillRect(left, top, Math.max(0.5, right - left), rowHeight - 2);
    }
    context.globalAlpha = 1;
    context.fillStyle = colors.ink;
    context.textAlign = "right";
    context.fillText(title, box.left - 10, top + (rowHeight - 2) / 2, box.left - 12);
  });
}
