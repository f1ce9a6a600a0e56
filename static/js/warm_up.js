// The volume check: one phrase, over and over, until it is stopped.
import { synthesise } from "./synth.js";

const PHRASE = "0 48 2,0 64 0.5,0.5 67 0.5,1 72 1,2 53 2,2 69 0.5,2.5 65 0.5,3 60 1,4 55 2,4 62 0.5,4.5 67 0.5,5 71 1,6 48 2,6 72 2,6 64 2,6 67 2";
const place = document.querySelector("[data-reference]");
const button = place.querySelector("button");
const words = button.querySelector("[data-words-stop]");
const play = words.textContent;
let context = null;
let source = null;

button.addEventListener("click", async () => {
  if (source) {
    source.stop();
    source = null;
    words.textContent = play;
    return;
  }
  context ??= new AudioContext();
  await context.resume();
  const buffer = await synthesise(PHRASE);
  source = context.createBufferSource();
  source.buffer = buffer;
  source.loop = true;
  source.connect(context.destination);
  source.start();
  words.textContent = words.dataset.wordsStop;
});
place.hidden = false;
