// The Markdown of a bundle's card as elements: headings, lists, tables, paragraphs, and in them
// bold words and code. Text is set as text, so a card cannot bring markup with it.

import { h } from "./dom.js";

export function markdown(text) {
  const lines = text.replaceAll("\r", "").split("\n");
  const found = [];
  let at = 0;
  while (at < lines.length) {
    const line = lines[at];
    if (line.trim() === "") at += 1;
    else if (/^#{1,6} /.test(line)) {
      const level = line.indexOf(" ");
      found.push(h(`h${Math.max(2, level)}`, {}, ...inline(line.slice(level + 1))));
      at += 1;
    } else if (line.startsWith("|")) {
      const end = endOf(lines, at, (each) => each.startsWith("|"));
      found.push(table(lines.slice(at, end)));
      at = end;
    } else if (/^[-*] /.test(line)) {
      const end = endOf(lines, at, (each) => /^([-*] |\s+\S)/.test(each));
      const items = joined(lines.slice(at, end), /^[-*] /);
      found.push(h("ul", {}, ...items.map((item) => h("li", {}, ...inline(item)))));
      at = end;
    } else {
      const end = endOf(lines, at, (each) => each.trim() !== "" && !/^(#{1,6} |\||[-*] )/.test(each));
      found.push(h("p", {}, ...inline(lines.slice(at, end).join(" "))));
      at = end;
    }
  }
  return found;
}

function endOf(lines, first, belongs) {
  let end = first + 1;
  while (end < lines.length && belongs(lines[end])) end += 1;
  return end;
}

function joined(lines, start) {
  const items = [];
  for (const line of lines) {
    if (start.test(line)) items.push(line.replace(start, ""));
    else items[items.length - 1] += ` ${line.trim()}`;
  }
  return items;
}

function table(lines) {
  const cells = (line) => line.replace(/^\||\|\s*$/g, "").split("|").map((cell) => cell.trim());
  const [head, rule = "", ...body] = lines;
  const right = cells(rule).map((cell) => cell.endsWith(":"));
  const row = (line, name) =>
    h("tr", {}, ...cells(line).map((cell, column) => h(name, { class: right[column] ? "right" : null, scope: name === "th" ? "col" : null }, ...inline(cell))));
  return h(
    "div",
    { class: "wide", tabindex: 0, role: "group", "aria-label": "Table" },
    h("table", {}, h("thead", {}, row(head, "th")), h("tbody", {}, ...body.map((line) => row(line, "td")))),
  );
}

function inline(text) {
  return text
    .split(/(\*\*[^*]+\*\*|`[^`]+`)/)
    .filter((part) => part !== "")
    .map((part) => {
      if (part.startsWith("**") && part.length > 4) return h("strong", {}, part.slice(2, -2));
      if (part.startsWith("`") && part.length > 2) return h("code", {}, part.slice(1, -1));
      return part;
    });
}
