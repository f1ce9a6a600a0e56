// Forms whose answer is a file: the file is saved, then the page shows what that changed.
// Without this module the browser saves the file by itself and the page stays as it is.

const filename = (answer) => /filename="([^"]+)"/.exec(answer.headers.get("Content-Disposition") ?? "")?.[1];

async function save(form, button) {
  const body = new FormData(form, button);
  button.disabled = true;
  const answer = await fetch(form.action, { method: "POST", body, redirect: "manual" });
  const name = answer.ok ? filename(answer) : undefined;
  if (name) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(await answer.blob());
    link.download = name;
    link.click();
  }
  // A refusal is a redirect to this page, where its message waits; a file needs a moment to be taken over.
  setTimeout(() => window.location.reload(), name ? 500 : 0);
}

for (const form of document.querySelectorAll("form[data-download]")) {
  form.addEventListener("submit", (event) => {
    const button = event.submitter ?? form.querySelector("button");
    event.preventDefault();
    save(form, button).catch(() => {
      button.disabled = false;
      form.submit();
    });
  });
}
