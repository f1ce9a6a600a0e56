// What htmx keeps to itself: the server does not answer, or answers with an error. One line under the top bar says so
// and goes away with the next good answer. A part that comes back as the sign-in page means that the session is over.
const place = document.getElementById("away");

const say = (text) => {
  if (place.textContent !== text) place.textContent = text;
};

if (place) {
  for (const name of ["htmx:sendError", "htmx:timeout"]) document.addEventListener(name, () => say(place.dataset.wordsAway));
  document.addEventListener("htmx:responseError", () => say(place.dataset.wordsTrouble));
  document.addEventListener("htmx:afterOnLoad", () => say(""));
  document.addEventListener("htmx:beforeSwap", (event) => {
    const address = event.detail.xhr.responseURL;
    if (!address || new URL(address).pathname !== place.dataset.signIn) return;
    event.detail.shouldSwap = false;
    location.reload();
  });
}
