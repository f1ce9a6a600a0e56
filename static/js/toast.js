// Toasts say what was done. One without an undo leaves by itself; one with an undo stays until it is closed.
// Other modules: document.dispatchEvent(new CustomEvent("toast", { detail: { text } })), with `undo`, a function, and
// `word` for its button; the server: HX-Trigger {"toast": {"text": ...}}.
const STAY = 8000;
const place = document.getElementById("toasts");
const form = document.getElementById("toast-form");

function settle(toast) {
  const close = toast.querySelector("[data-toast-close]");
  if (close) {
    close.hidden = false;
    close.addEventListener("click", () => toast.remove());
  }
  if (toast.querySelector("form, [data-toast-undo]")) return;
  let timer = 0;
  const wait = () => {
    clearTimeout(timer);
    timer = setTimeout(() => toast.remove(), STAY);
  };
  const hold = () => clearTimeout(timer);
  toast.addEventListener("mouseenter", hold);
  toast.addEventListener("focusin", hold);
  toast.addEventListener("mouseleave", wait);
  toast.addEventListener("focusout", wait);
  wait();
}

// The button that takes it back, on U; an older one gives its key away.
function taking({ undo, word }, toast) {
  for (const old of place.querySelectorAll("[data-toast-undo]")) old.closest("[data-toast]").remove();
  const button = Object.assign(document.createElement("button"), { type: "button", textContent: word });
  Object.assign(button.dataset, { toastUndo: "", key: "u" });
  button.addEventListener("click", () => {
    toast.remove();
    undo();
  });
  return [button, Object.assign(document.createElement("kbd"), { textContent: "U" })];
}

if (place && form) {
  for (const toast of place.querySelectorAll("[data-toast]")) settle(toast);
  document.addEventListener("toast", (event) => {
    const text = event.detail?.text;
    if (!text) return;
    const toast = form.content.querySelector("[data-toast]").cloneNode(true);
    toast.prepend(text);
    if (event.detail.undo) toast.querySelector("[data-toast-close]").before(...taking(event.detail, toast));
    place.append(toast);
    settle(toast);
  });
}
