// Ask for the server's token, where it has one.

import { h } from "./dom.js";

let asked = null;

export function askToken(isWrong) {
  asked ??= new Promise((resolve) => {
    const input = h("input", { type: "password", id: "token", autocomplete: "off", required: true });
    const form = h(
      "form",
      { method: "dialog" },
      h("h2", {}, "This server asks for its token"),
      h(
        "label",
        { for: "token" },
        isWrong ? "That was another one. " : "",
        "affetto serve has printed it when it started.",
      ),
      input,
      h("button", { class: "main" }, "Go on"),
    );
    const dialog = h("dialog", { "aria-label": "Token" }, form);
    dialog.addEventListener("cancel", (event) => event.preventDefault());
    dialog.addEventListener("close", () => {
      dialog.remove();
      asked = null;
      resolve(input.value.trim());
    });
    document.body.append(dialog);
    dialog.showModal();
  });
  return asked;
}
