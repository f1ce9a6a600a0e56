// Keys of the page. An element says its own key: data-key="l" (several: "l enter"); pressing it clicks the first visible
// one, or focuses it when it is a field. J and K walk through [data-row]. The list behind ? is read from the page.
const STORE = "cuewright-keys";
const dialog = document.getElementById("keys-dialog");

const enabled = () => {
  try {
    return localStorage.getItem(STORE) !== "off";
  } catch {
    return true;
  }
};

const visible = (element) => element.checkVisibility() && !element.matches(":disabled, [aria-disabled='true']");

const typing = (target) =>
  target.isContentEditable || target.matches("textarea, select, input:not([type=checkbox], [type=radio], [type=range], [type=button], [type=submit])");

// Space and Enter belong to the control that has the focus.
const pressable = (target) => target.matches("button, summary, a[href], input, [role=button]");

const walk = (step) => {
  const rows = [...document.querySelectorAll("[data-row]")].filter(visible);
  if (!rows.length) return false;
  const here = rows.findIndex((row) => row.contains(document.activeElement));
  const next = rows[Math.max(0, Math.min(rows.length - 1, here < 0 ? 0 : here + step))];
  const target = next.matches("a[href], button") ? next : next.querySelector("a[href], button:not(:disabled)");
  target?.focus();
  return Boolean(target);
};

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing || !enabled()) return;
  if (typing(event.target) || document.querySelector("dialog[open]")) return;
  const key = event.key === " " ? "space" : event.key.toLowerCase();
  if ((key === "space" || key === "enter") && pressable(event.target)) return;
  if (event.target.matches("input[type=range]") && key.startsWith("arrow")) return;
  const own = [...document.querySelectorAll(`[data-key~="${CSS.escape(key)}"]`)].find((element) => element.dataset.key === "?" || visible(element));
  if (own) {
    if (event.repeat) return;
    event.preventDefault();
    if (own.matches("input, textarea, select")) own.focus();
    else own.click();
  } else if ((key === "j" || key === "k") && walk(key === "j" ? 1 : -1)) {
    event.preventDefault();
  }
});

const NAMES = { arrowleft: "\u2190", arrowright: "\u2192", arrowup: "\u2191", arrowdown: "\u2193" };

const words = (element) => element.dataset.keyLabel || element.getAttribute("aria-label") || element.labels?.[0]?.textContent || ownText(element);

function ownText(element) {
  const copy = element.cloneNode(true);
  for (const inner of copy.querySelectorAll("kbd, svg, .vh")) inner.remove();
  return copy.textContent;
}

function row(keys, text) {
  const term = document.createElement("dt");
  for (const key of keys) {
    const cap = document.createElement("kbd");
    cap.textContent = key;
    term.append(cap);
  }
  const meaning = document.createElement("dd");
  meaning.textContent = text.trim();
  return [term, meaning];
}

function list() {
  const place = dialog.querySelector("[data-keys]");
  place.replaceChildren();
  const seen = new Set();
  if (document.querySelector("[data-row]")) place.append(...row(["J", "K"], dialog.dataset.next));
  for (const element of document.querySelectorAll("[data-key]")) {
    // what waits (aria-disabled) is listed all the same: the key is to be known when it may be used
    if (element.dataset.key !== "?" && (!element.checkVisibility() || element.matches(":disabled"))) continue;
    const key = element.dataset.key.split(" ")[0];
    if (seen.has(key)) continue;
    seen.add(key);
    place.append(...row([key === "space" ? dialog.dataset.space : (NAMES[key] ?? key.toUpperCase())], words(element)));
  }
}

if (dialog) {
  for (const button of document.querySelectorAll("[data-opens='keys-dialog']")) {
    button.hidden = false;
    button.addEventListener("click", list);
  }
  const toggle = dialog.querySelector("[data-keys-on]");
  toggle.checked = enabled();
  toggle.addEventListener("change", () => {
    try {
      if (toggle.checked) localStorage.removeItem(STORE);
      else localStorage.setItem(STORE, "off");
    } catch {
      toggle.checked = true;
    }
  });
}
