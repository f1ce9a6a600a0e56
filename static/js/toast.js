// Toasts say what was done. One without an undo leaves by itself; one with an undo stays until it is closed.
// Other modules: document.dispatchEvent(new CustomEvent("toast", { detail: { text } })); the server: HX-Trigger {"toast": {"text": ...}}.
const STAY = 8000;
const place = document.getElementById("toasts");
const form = document.getElementById("toast-form");

function settle(toast) {
  const close = toast.querySelector("[data-toast-close]");
  if (close) {
    close.hidden = false;
    close.addEventListener("click", () => toast.remove());
  }
  if (toast.querySelector("form")) return;
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

if (place && form) {
  for (const toast of place.querySelectorAll("[data-toast]")) settle(toast);
  document.addEventListener("toast", (event) => {
    const text = event.detail?.text;
    if (!text) return;
    const toast = form.content.querySelector("[data-toast]").cloneNode(true);
    toast.prepend(text);
    place.append(toast);
    settle(toast);
  });
}
