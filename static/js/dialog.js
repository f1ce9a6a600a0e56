// <button data-opens="ID"> opens the dialog of that id. Esc, "Not now" and a click on the veil close it.
document.addEventListener("click", (event) => {
  const opener = event.target.closest?.("[data-opens]");
  if (opener) {
    opener.closest("[popover]")?.hidePopover();
    const target = document.getElementById(opener.dataset.opens);
    if (target && !target.open) target.showModal();
    return;
  }
  const dialog = event.target.closest?.("dialog[open]");
  if (dialog && event.target === dialog) {
    const box = dialog.getBoundingClientRect();
    const inside = event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
    if (!inside) dialog.close();
  }
});
