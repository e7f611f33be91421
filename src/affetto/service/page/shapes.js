// Shapes that are drawn on the map: what a lasso holds, and where a way leads.

// Say whether a point is inside a polygon of [x, y], by the even-odd rule.
export function isInside(polygon, x, y) {
  let inside = false;
  for (let here = 0, before = polygon.length - 1; here < polygon.length; before = here++) {
    const [x1, y1] = polygon[here];
    const [x2, y2] = polygon[before];
    if (y1 > y !== y2 > y && x < ((x2 - x1) * (y - y1)) / (y2 - y1) + x1) inside = !inside;
  }
  return inside;
}

// Give `count` points at equal distances along a line of [x, y].
export function resampled(line, count) {
  const along = [0];
  for (let number = 1; number < line.length; number++) {
    const [x1, y1] = line[number - 1];
    const [x2, y2] = line[number];
    along.push(along[number - 1] + Math.hypot(x2 - x1, y2 - y1));
  }
  const whole = along[along.length - 1];
  let part = 0;
  return Array.from({ length: count }, (_, number) => {
    const at = count === 1 ? 0 : (whole * number) / (count - 1);
    while (part < line.length - 2 && along[part + 1] < at) part += 1;
    const [x1, y1] = line[part];
    const [x2, y2] = line[Math.min(part + 1, line.length - 1)];
    const step = along[Math.min(part + 1, along.length - 1)] - along[part];
    const share = step > 0 ? (at - along[part]) / step : 0;
    return [x1 + share * (x2 - x1), y1 + share * (y2 - y1)];
  });
}

export function lengthOf(line) {
  let sum = 0;
  for (let number = 1; number < line.length; number++) {
    sum += Math.hypot(line[number][0] - line[number - 1][0], line[number][1] - line[number - 1][1]);
  }
  return sum;
}
