// The size of the score and its print. The size stands in the address; changing it loads nothing anew, so that the music
// goes on. Without script the links load the page in the other size.
const leaf = document.querySelector(".leaf[data-size]");
const printer = document.querySelector("[data-print]");
const SIZES = [50, 65, 80, 100, 125, 150, 200];

function resize(step) {
  const index = SIZES.indexOf(Number(leaf.dataset.size)) + step;
  if (!(index in SIZES)) return;
  const size = SIZES[index];
  leaf.dataset.size = size;
  document.querySelector("[data-size-now]").textContent = `${size}\u202f%`;
  const address = new URL(location.href);
  if (size === 100) address.searchParams.delete("size");
  else address.searchParams.set("size", size);
  history.replaceState(history.state, "", address);
  for (const link of document.querySelectorAll("[data-size-step]")) {
    const there = index + Number(link.dataset.sizeStep) in SIZES;
    if (there) link.removeAttribute("aria-disabled");
    else link.setAttribute("aria-disabled", "true");
    if (!there) link.removeAttribute("href");
    else link.href = "#size"; // never followed: the click is taken here
  }
}

if (leaf) {
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-size-step]");
    if (!link) return;
    event.preventDefault();
    resize(Number(link.dataset.sizeStep));
  });
}
if (printer) {
  printer.hidden = false;
  printer.addEventListener("click", () => window.print());
}

// The bars of the loop are those that become a theme.
const naming = document.querySelector("[data-name-theme]");
document.addEventListener("player:loop", ({ detail }) => {
  if (!naming) return;
  naming.elements.first.value = detail.from;
  naming.elements.last.value = detail.to;
});
