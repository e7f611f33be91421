// The page's beginning: its three pages, the player, files that are dropped, keys.

import { aboutPage } from "./aboutpage.js";
import { libraryPage } from "./librarypage.js";
import { player } from "./player.js";
import { showBar } from "./playerbar.js";
import { Router } from "./router.js";
import { songPage, take } from "./songpage.js";

showBar(document.getElementById("bar"));
new Router({ song: songPage, library: libraryPage, about: aboutPage }).show();

// Keys mean the player wherever they mean nothing else.
document.addEventListener("keydown", (event) => {
  const { target, key } = event;
  const isElsewhere = target.closest("input, dialog, [role=listbox]");
  const isPressed = key === " " && target.closest("button, a, summary");
  const isScrolled = key.startsWith("Arrow") && target.closest(".wide, .songs, pre");
  if (!isElsewhere && !isPressed && !isScrolled) player.key(event, target.closest("[role=slider]") !== null);
});

let depth = 0; // of elements that files are dragged over
const isFiles = (event) => event.dataTransfer?.types.includes("Files");
const mark = (change) => {
  depth = Math.max(0, depth + change);
  document.body.classList.toggle("is-dropping", depth > 0);
};
window.addEventListener("dragenter", (event) => isFiles(event) && mark(1));
window.addEventListener("dragleave", (event) => isFiles(event) && mark(-1));
window.addEventListener("dragover", (event) => isFiles(event) && event.preventDefault());
window.addEventListener("drop", (event) => {
  if (!isFiles(event)) return;
  event.preventDefault();
  mark(-depth);
  take(event.dataTransfer.files);
});
