// Files and folders dropped anywhere on a page with a form[data-drop] go into its file field; the chosen names are
// listed. Of folders the scores and zip files are taken, however deep they lie. Without script the fields work as they are.
const form = document.querySelector("form[data-drop]");

const MOST = 1000; // files in one request, as the server takes them
const MOST_SHOWN = 40;
const SCORE = /\.(?:mxl|musicxml|xml|abc|zip)$/i;

const fileOf = (entry) => new Promise((resolve) => entry.file(resolve, () => resolve(null)));

// A reader gives a folder in portions, until one is empty.
async function entriesOf(folder) {
  const reader = folder.createReader();
  const found = [];
  for (;;) {
    const portion = await new Promise((resolve) => reader.readEntries(resolve, () => resolve([])));
    if (!portion.length) return found;
    found.push(...portion);
  }
}

// Scores in the order of their names; one more than may be sent, so that too many can be told.
async function scoresIn(folder) {
  const found = [];
  const waiting = [folder];
  while (waiting.length && found.length <= MOST) {
    const entries = (await entriesOf(waiting.shift())).sort((a, b) => a.name.localeCompare(b.name));
    waiting.unshift(...entries.filter((entry) => entry.isDirectory));
    for (const entry of entries) {
      if (entry.isFile && !entry.name.startsWith(".") && SCORE.test(entry.name)) found.push(await fileOf(entry));
    }
  }
  return found.filter(Boolean);
}

if (form) {
  const [field, folder] = form.querySelectorAll("input[type=file]");
  const zone = form.querySelector("[data-drop-zone]");
  const list = form.querySelector("[data-drop-list]");

  const say = (...lines) =>
    list.replaceChildren(...lines.map((line) => Object.assign(document.createElement("li"), { textContent: line })));

  const show = () => {
    const inside = [...(folder?.files ?? [])].filter((file) => SCORE.test(file.name));
    const names = [...field.files, ...inside].map((file) => file.name);
    if (names.length < 2 && !inside.length) return say();
    const more = names.length - MOST_SHOWN;
    say(...names.slice(0, MOST_SHOWN), ...(more > 0 ? [list.dataset.more.replace("{n}", more)] : []));
  };

  const carriesFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");

  const take = async (transfer) => {
    // Entries must be asked for before the event ends; reading folders goes on after it.
    const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.());
    if (!entries.some((entry) => entry?.isDirectory)) {
      field.files = transfer.files;
      return show();
    }
    const files = [];
    for (const entry of entries.filter(Boolean)) {
      files.push(...(entry.isDirectory ? await scoresIn(entry) : [await fileOf(entry)].filter(Boolean)));
    }
    const chosen = new DataTransfer();
    files.slice(0, MOST).forEach((file) => chosen.items.add(file));
    field.files = chosen.files;
    show();
    if (!files.length) say(list.dataset.none);
    if (files.length > MOST) list.prepend(Object.assign(document.createElement("li"), { textContent: list.dataset.most.replace("{n}", MOST) }));
  };

  document.addEventListener("dragover", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    zone.classList.add("over");
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) zone.classList.remove("over");
  });
  document.addEventListener("drop", async (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    zone.classList.remove("over");
    await take(event.dataTransfer);
    form.querySelector("[type=submit]").focus();
  });
  for (const input of [field, folder]) input?.addEventListener("change", show);
  show();
}
