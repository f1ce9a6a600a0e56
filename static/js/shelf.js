// Choosing pieces in the library: X chooses the one that has the focus, T goes to the field for tags, the bar over the
// shelf says how many are chosen. Without script the boxes, the field and its buttons work as they are.
const boxes = () => [...document.querySelectorAll("input[name=piece][form=bulk]")];
const bulk = () => document.getElementById("bulk");

function tell() {
  const bar = bulk();
  if (!bar) return;
  const chosen = boxes().filter((box) => box.checked).length;
  const all = bar.querySelector("[name=all]").checked;
  bar.hidden = !chosen && !all;
  bar.querySelector("[data-chosen]").textContent = all ? bar.dataset.wordsAll : bar.dataset.words.replace("{n}", chosen);
}

function boxAtFocus() {
  return document.activeElement?.closest("[data-row]")?.querySelector("input[name=piece]");
}

// After a comma the next word is suggested too: each suggestion begins with what is there already.
function suggest(field) {
  const list = document.getElementById("tag-names");
  const done = field.value.slice(0, field.value.lastIndexOf(",") + 1);
  if (list.dataset.done === done) return;
  list.dataset.done = done;
  for (const option of list.options) {
    option.dataset.word ??= option.value;
    option.value = done ? `${done} ${option.dataset.word}` : option.dataset.word;
  }
}

document.addEventListener("change", (event) => {
  if (event.target.matches("input[name=piece], #bulk [name=all]")) tell();
});
document.addEventListener("input", (event) => {
  if (event.target.matches("#bulk [name=words]")) suggest(event.target);
});
document.addEventListener("click", (event) => {
  const doing = event.target.closest("[data-shelf]")?.dataset.shelf;
  if (doing === "choose") {
    const box = boxAtFocus();
    if (box) box.checked = !box.checked;
  } else if (doing === "tag") {
    const box = boxAtFocus();
    if (box && !boxes().some((one) => one.checked)) box.checked = true;
  } else if (doing === "none") {
    for (const box of boxes()) box.checked = false;
    bulk().querySelector("[name=all]").checked = false;
  } else return;
  tell();
  if (doing === "tag" && !bulk().hidden) bulk().querySelector("[name=words]").focus();
});
// What was chosen stays chosen while the shelf asks for itself again.
let kept = [];
document.addEventListener("htmx:beforeSwap", () => (kept = boxes().filter((box) => box.checked).map((box) => box.value)));
document.addEventListener("htmx:afterSettle", () => {
  for (const box of boxes()) box.checked ||= kept.includes(box.value);
  tell();
});
tell();
