// What is seen while a cue is heard: the picture in step with the sound, or the still and the words of its shots.
// The player says what is loaded; the page of the cue's picture is fetched once and kept while that cue plays.
import { follow } from "./picture.js";

const aside = document.querySelector("[data-companion]");
const place = aside?.querySelector("[data-companion-place]");
const player = document.querySelector("[data-player]");
const audio = player?.querySelector("audio");

let shown = ""; // the address of what is in place
let start = 0; // of the cue within the video, seconds
let frame = 0;

async function bring() {
  const wanted = player.dataset.nowPicture || aside.dataset.url || "";
  if (!wanted) {
    shown = "";
    aside.hidden = true;
    place.replaceChildren();
    return;
  }
  if (wanted !== shown) {
    shown = wanted;
    try {
      const answer = await fetch(wanted, { credentials: "same-origin" });
      if (!answer.ok) throw new Error(String(answer.status));
      const part = document.createRange().createContextualFragment(await answer.text());
      if (shown !== wanted) return;
      place.replaceChildren(part);
    } catch {
      if (shown === wanted) shown = ""; // the sound plays all the same
      return;
    }
    start = Number(place.querySelector("[data-cue-start]")?.dataset.cueStart ?? 0);
  }
  aside.hidden = false;
  show();
}

function show() {
  if (aside.hidden) return;
  const now = audio.currentTime;
  const shots = [...place.querySelectorAll("[data-from]")];
  // before the first shot begins it is the first, after the last one ends the last
  const current = shots.find((shot) => now < Number(shot.dataset.to)) ?? shots.at(-1);
  for (const shot of shots) if (shot.hidden === (shot === current)) shot.hidden = shot !== current;
  const video = place.querySelector("video");
  if (video) follow(video, start + now, !audio.paused, audio.playbackRate);
}

function run() {
  show();
  frame = audio.paused ? 0 : requestAnimationFrame(run);
}

if (aside && audio) {
  document.addEventListener("player:load", bring);
  audio.addEventListener("play", () => {
    cancelAnimationFrame(frame);
    run();
  });
  for (const event of ["pause", "seeked", "timeupdate"]) audio.addEventListener(event, show);
  aside.querySelector("[data-companion-close]").addEventListener("click", () => {
    aside.hidden = true;
    place.querySelector("video")?.pause();
  });
  if (audio.src) bring();
}
