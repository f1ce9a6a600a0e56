// Plus and minus keep or discard the take that sounds, or the one that has the focus.
const ACTS = { "+": "keep", "-": "discard", "\u2212": "discard" };

// The switch in the list of keys, see keys.js.
const enabled = () => {
  try {
    return localStorage.getItem("cuewright-keys") !== "off";
  } catch {
    return true;
  }
};

document.addEventListener("keydown", (event) => {
  const act = ACTS[event.key];
  if (!act || event.repeat || event.ctrlKey || event.metaKey || event.altKey || !enabled()) return;
  if (event.target.matches("input, textarea, select") || document.querySelector("dialog[open]")) return;
  const card = document.querySelector(".take.on") ?? event.target.closest(".take");
  const button = card?.querySelector(`button[data-act="${act}"]`);
  if (!button) return;
  event.preventDefault();
  button.click();
});
