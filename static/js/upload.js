// A video is sent in parts, so that it may be of any size and goes on where it stopped: after a lost connection by itself,
// after a reload when the same file is chosen again. Without script the form sends it as it is.
const PART = 8 * 1024 * 1024;
const WAIT = 3000;
const form = document.querySelector("form[data-upload]");

const size = (bytes) => {
  const mega = bytes / 1_000_000;
  const format = new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: mega < 10 ? 1 : 0 });
  return mega < 1000 ? `${format.format(mega)} MB` : `${format.format(mega / 1000)} GB`;
};

// Names the upload: the same file gives the same name, here and after a restart.
async function nameOf(file) {
  const text = new TextEncoder().encode(`${file.name} ${file.size} ${file.lastModified}`);
  if (!crypto.subtle) return [...text].slice(-32).map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", text));
  return [...digest.slice(0, 16)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

if (form) {
  const field = form.querySelector("input[type=file]");
  const line = form.querySelector("[data-upload-line]");
  const bar = form.querySelector("[data-upload-bar]");
  const words = form.querySelector("[data-upload-words]");
  const button = form.querySelector("button.primary");
  let running = null;

  const tell = (sent, whole, note = "") => {
    line.hidden = false;
    bar.max = whole;
    bar.value = sent;
    const told = form.dataset.sent.replace("{sent}", size(sent)).replace("{whole}", size(whole));
    words.textContent = note ? `${told}. ${note}` : told;
  };

  const post = async (file, name, offset, part, signal) => {
    const body = new FormData();
    body.set("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
    body.set("upload", name);
    body.set("offset", offset);
    body.set("total", file.size);
    if (part) body.set("part", part, "part");
    const answer = await fetch(form.dataset.upload, { method: "POST", body, credentials: "same-origin", signal });
    const told = await answer.json();
    if (answer.status === 409) return told; // go on from where the server is
    if (!answer.ok) throw Object.assign(new Error(told.error), { told: true });
    return told;
  };

  const send = async (file, signal) => {
    const name = await nameOf(file);
    let { offset } = await post(file, name, 0, null, signal);
    for (;;) {
      tell(offset, file.size);
      try {
        const told = await post(file, name, offset, file.slice(offset, offset + PART), signal);
        offset = told.offset;
        if (told.done) return told.done;
      } catch (error) {
        if (signal.aborted || error.told) throw error;
        tell(offset, file.size, form.dataset.lost);
        await new Promise((resolve) => setTimeout(resolve, WAIT));
      }
    }
  };

  field.addEventListener("change", () => {
    const [file] = field.files;
    line.hidden = !file;
    if (file) {
      tell(0, file.size);
      words.textContent = size(file.size);
    }
  });

  form.addEventListener("submit", async (event) => {
    const [file] = field.files;
    if (!file) return;
    event.preventDefault();
    running?.abort();
    running = new AbortController();
    button.disabled = true;
    try {
      location.assign(await send(file, running.signal));
    } catch (error) {
      button.disabled = false;
      if (!running.signal.aborted) words.textContent = error.told ? error.message : form.dataset.failed;
    }
  });
  form.querySelector("[data-upload-stop]").addEventListener("click", () => {
    running?.abort();
    line.hidden = true;
  });
}

// A picture for one shot goes as soon as it is chosen.
for (const field of document.querySelectorAll("input[data-send-now]")) {
  field.addEventListener("change", () => field.files.length && field.form.requestSubmit());
}
