// Plus and minus keep or discard the take that sounds, or the one that has the focus; M asks for more like it; P plays
// the one that has the focus. With the switch under the wall a take sounds while the pointer rests on it.
const ACTS = { "+": "keep", "-": "discard", "\u2212": "discard", m: "more", M: "more" };

// The switch in the list of keys, see keys.js.
const enabled = () => {
  try {
    return localStorage.getItem("cuewright-keys") !== "off";
  } catch {
    return true;
  }
};

document.addEventListener("keydown", (event) => {
  const play = event.key === "p" || event.key === "P";
  const act = play ? "play" : ACTS[event.key];
  if (!act || event.repeat || event.ctrlKey || event.metaKey || event.altKey || !enabled()) return;
  if (event.target.matches("input, textarea, select") || document.querySelector("dialog[open]")) return;
  const here = event.target.closest(".take");
  const card = play ? here : (document.querySelector(".take.on") ?? here);
  const button = card?.querySelector(play ? "button[data-player-src]" : `button[data-act="${act}"]`);
  if (!button) return;
  event.preventDefault();
  button.click();
});

const hover = document.querySelector("[data-hover]");
const REST = 350; // milliseconds that the pointer rests before the music begins
let resting = 0;

document.addEventListener("pointerover", (event) => {
  if (!hover?.checked || event.pointerType === "touch") return;
  const card = event.target.closest(".take");
  if (!card || card.contains(event.relatedTarget)) return;
  clearTimeout(resting);
  resting = setTimeout(() => {
    const button = card.querySelector("button[data-player-src]:not(.on)");
    if (card.matches(":hover")) button?.click();
  }, REST);
});

document.addEventListener("pointerout", (event) => {
  if (!hover?.checked || event.pointerType === "touch") return;
  const card = event.target.closest(".take");
  if (!card || card.contains(event.relatedTarget)) return;
  clearTimeout(resting);
  card.querySelector("button[data-player-src].on")?.click();
});
