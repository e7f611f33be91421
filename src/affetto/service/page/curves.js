// Valence and arousal over time.

export function drawCurves(context, box, { windows, xOf }, colors) {
  const yOf = (value) => box.top + (1 - (value + 1) / 2) * box.height;
  context.textBaseline = "middle";
  context.textAlign = "right";
  context.font = `12.5px ${colors.font}`;
  context.strokeStyle = colors.rule;
  context.lineWidth = 1;
  for (const value of [-1, 0, 1]) {
    context.beginPath();
    context.moveTo(box.left, Math.round(yOf(value)) + 0.5);
    context.lineTo(box.left + box.width, Math.round(yOf(value)) + 0.5);
    context.stroke();
  }
  const lines = [
    { name: "Valence", values: windows.valence, color: colors.valence, dash: [], place: 0.3 },
    { name: "Arousal", values: windows.arousal, color: colors.arousal, dash: [5, 3], place: 0.7 },
  ];
  for (const { name, values, color, dash, place } of lines) {
    context.strokeStyle = color;
    context.fillStyle = colors.ink;
    context.lineWidth = 2;
    context.lineJoin = "round";
    context.setLineDash(dash);
    const middle = box.top + place * box.height;
    const nameWidth = context.measureText(name).width;
    context.fillText(name, box.left - 10, middle);
    context.beginPath();
    context.moveTo(box.left - 34 - nameWidth, middle);
    context.lineTo(box.left - 16 - nameWidth, middle);
    context.stroke();
    context.beginPath();
    values.forEach((value, number) => {
      const x = xOf(windows.centersS[number]);
      if (number === 0) context.moveTo(xOf(0), yOf(value));
      context.lineTo(x, yOf(value));
      if (number === values.length - 1) context.lineTo(xOf(windows.durationS), yOf(value));
    });
    context.stroke();
    context.setLineDash([]);
  }
}
