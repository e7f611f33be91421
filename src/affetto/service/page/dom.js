// Elements. Text is only ever set as text: what a file calls itself is never markup.

export function h(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (key === "class") element.className = value;
    else element.setAttribute(key, value === true ? "" : String(value));
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

export function icon(path) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const shape = document.createElementNS("http://www.w3.org/2000/svg", "path");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  shape.setAttribute("d", path);
  svg.append(shape);
  return svg;
}

// Tell people who do not see the page.
export function announce(text) {
  document.getElementById("status").textContent = text;
}

// Let the browser keep a file.
export function save(blob, name) {
  const url = URL.createObjectURL(blob);
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

// A problem as one sentence, what to do, and where in a search it is.
export function problemBox(problem) {
  return h(
    "div",
    { class: "problem", role: "alert" },
    h("span", {}, sentence(problem.message)),
    problem.hint ? h("span", { class: "faint" }, ` ${sentence(problem.hint)}`) : null,
    problem.excerpt ? h("pre", {}, problem.excerpt) : null,
  );
}

// Give a text as a sentence; one that begins with a file's name keeps it as it is.
export function sentence(text) {
  const trimmed = text.trim();
  const begun = trimmed.includes(": ") ? trimmed : trimmed.charAt(0).toUpperCase() + trimmed.slice(1);
  return /[.!?:]$/.test(begun) ? begun : `${begun}.`;
}
