// Files dropped anywhere on a page with a form[data-drop] go into its file field; the chosen names are listed. Without
// script the field works as it is.
const form = document.querySelector("form[data-drop]");

if (form) {
  const field = form.querySelector("input[type=file]");
  const zone = form.querySelector("[data-drop-zone]");
  const list = form.querySelector("[data-drop-list]");

  const show = () => {
    const names = field.files.length > 1 ? [...field.files].map((file) => file.name) : [];
    list.replaceChildren(...names.map((name) => Object.assign(document.createElement("li"), { textContent: name })));
  };

  const carriesFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");

  document.addEventListener("dragover", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    zone.classList.add("over");
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) zone.classList.remove("over");
  });
  document.addEventListener("drop", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    zone.classList.remove("over");
    field.files = event.dataTransfer.files;
    show();
    form.querySelector("[type=submit]").focus();
  });
  field.addEventListener("change", show);
  show();
}
