// The editor of a score's text: says in which bar the cursor stands, Ctrl+Enter keeps, a half-written text is not left
// by accident. Without script the form works as it is.
const form = document.querySelector("[data-editor]");
const field = form?.querySelector("textarea");

function barAt(text, place) {
  const lines = text.slice(0, place).split("\n");
  const music = (line) => /^\[[Vr]:/.test(line.trim());
  const here = text.split("\n")[lines.length - 1] ?? "";
  return music(here) ? lines.slice(0, -1).filter(music).length + 1 : 0;
}

if (form) {
  const place = form.querySelector("[data-bar]");
  const words = form.querySelector("[data-bar-words]").dataset.barWords;
  const tell = () => {
    const bar = barAt(field.value, field.selectionStart);
    place.textContent = bar ? `${words.replace("{bar}", bar)} \u00b7` : "";
  };
  for (const event of ["input", "click", "keyup"]) field.addEventListener(event, tell);
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    form.requestSubmit(form.querySelector("[value=save]"));
  });
  // From a trouble to its bar in the text.
  form.addEventListener("click", (event) => {
    const button = event.target.closest("[data-goto]");
    if (!button) return;
    const lines = field.value.split("\n");
    const bars = lines.map((line, index) => [line, index]).filter(([line]) => /^\[[Vr]:/.test(line.trim()));
    const [line, index] = bars[Number(button.dataset.goto) - 1] ?? ["", 0];
    const start = lines.slice(0, index).join("\n").length + (index ? 1 : 0);
    field.focus();
    field.setSelectionRange(start, start + line.length);
    field.scrollTop = Math.max(0, (index - 4) * (field.scrollHeight / lines.length));
    tell();
  });
  let sent = false;
  form.addEventListener("submit", () => (sent = true));
  window.addEventListener("beforeunload", (event) => {
    if (!sent && field.value !== field.defaultValue) event.preventDefault();
  });
  tell();
}
