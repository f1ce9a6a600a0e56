// The page's player: one sound at a time, sounding notes and their bar lit in the score, a click on a note plays from
// there. Play buttons are any [data-player-src]; their score is wherever ids begin with one of data-player-notes.
import { Lights } from "./lights.js";

const bar = document.querySelector("[data-player]");
const part = (name) => bar.querySelector(`[data-player-${name}]`);
const audio = bar?.querySelector("audio");
const words = bar?.dataset;
const lights = new Lights();
const others = "BroadcastChannel" in window ? new BroadcastChannel("cuewright-player") : null;
const SPEEDS = [0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.1, 1.25, 1.5];

let current = null; // the data attributes of what is loaded
let frame = 0;
let wanted = null; // a place to go to as soon as the sound's length is known
let fallback = false; // the MP3 is loaded instead

const clock = (seconds) => {
  const whole = Math.max(0, Math.floor(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (number) => String(number).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
};
const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
const length = () => (Number.isFinite(audio.duration) && audio.duration) || Number(current?.playerSeconds) || 1;

function load(data) {
  current = { ...data };
  fallback = !audio.canPlayType("audio/ogg; codecs=opus");
  audio.src = fallback ? current.playerMp3 : current.playerSrc;
  wanted = null;
  bar.hidden = false;
  part("trouble").textContent = "";
  if (current.playerName !== undefined) {
    part("title").textContent = current.playerName;
    part("sub").textContent = current.playerOf ?? "";
    if (current.playerUrl) part("title").href = current.playerUrl;
    else part("title").removeAttribute("href");
  }
  const mine = current.playerKey;
  lights.open(current.timemap, (current.playerNotes ?? "").split(" ").filter(Boolean)).then(
    () => {
      if (current.playerKey !== mine) return;
      part("ticks").setAttribute("d", ticks());
      draw();
    },
    () => {}, // without a time map the sound plays all the same
  );
  draw();
}

function ticks() {
  const place = (seconds) => ((1000 * seconds) / length()).toFixed(1);
  return lights.barTimes.map((seconds, index) => `M${place(seconds)} ${index % 4 ? "13V21" : "10V24"}`).join("");
}

function play() {
  audio.playbackRate = Number(bar.dataset.rate ?? 1);
  audio.preservesPitch = true;
  audio.play().catch((error) => {
    // AbortError: another sound was loaded meanwhile. The rest comes as an error event.
    if (error.name === "NotAllowedError") mark();
  });
}

function toggle(data) {
  if (data.playerKey !== current?.playerKey) {
    load(data);
    play();
  } else if (audio.paused) play();
  else audio.pause();
}

function go(seconds) {
  const place = Math.min(Math.max(0, seconds), length());
  if (audio.readyState > 0) audio.currentTime = place;
  else wanted = place;
  draw(place);
}

function step(bars) {
  const times = lights.barTimes;
  const now = audio.currentTime;
  // Back within the first half second of a bar means the bar before.
  const next = bars > 0 ? times.find((time) => time > now + 0.05) : times.findLast((time) => time < now - 0.5);
  if (next !== undefined || bars < 0) go(next ?? 0);
}

function speed(direction) {
  const now = Number(bar.dataset.rate ?? 1);
  const next = direction > 0 ? SPEEDS.find((rate) => rate > now) : SPEEDS.findLast((rate) => rate < now);
  if (!next) return;
  bar.dataset.rate = next;
  audio.playbackRate = next;
  part("speed").textContent = `${Math.round(100 * next)}\u2009%`;
}

function draw(place = wanted ?? audio.currentTime) {
  const all = length();
  const x = ((1000 * Math.min(place, all)) / all).toFixed(1);
  part("played").setAttribute("d", `M0 17H${x}`);
  part("head").setAttribute("d", `M${x} 5V29`);
  part("time").textContent = clock(place);
  part("length").textContent = clock(all);
  const range = part("range");
  range.max = all;
  range.value = place;
  const sounding = audio.paused && place === 0 ? null : lights.at(place, !audio.paused);
  const values = { time: clock(place), length: clock(all), bar: sounding?.bar ?? 1, bars: lights.bars };
  part("bar").textContent = lights.bars ? fill(words.wordsBar, values) : "";
  range.setAttribute("aria-valuetext", lights.bars ? fill(words.wordsPlace, values) : clock(place));
}

function run() {
  draw();
  frame = audio.paused ? 0 : requestAnimationFrame(run);
}

// Buttons, cards and the bar's own button say what sounds; also those that htmx brought in later.
function mark() {
  const sounding = !audio.paused && !audio.ended;
  const buttons = [part("toggle"), ...document.querySelectorAll("button[data-player-src]")];
  for (const button of buttons) {
    const own = button === part("toggle");
    const on = sounding && (own || button.dataset.playerKey === current?.playerKey);
    button.classList.toggle("on", on);
    button.querySelector("use")?.setAttribute("href", on ? "#i-pause" : "#i-play");
    button.querySelector("svg")?.classList.toggle("fill", !on); // the pause sign is two strokes
    if (own) button.setAttribute("aria-label", on ? words.wordsPause : words.wordsPlay);
    else button.setAttribute("aria-pressed", String(on));
    button.closest(".scard")?.classList.toggle("on", on);
  }
}

function fail() {
  if (!current || !audio.error) return;
  if (!fallback && current.playerMp3) {
    const [place, asked] = [audio.currentTime, !audio.paused];
    fallback = true;
    audio.src = current.playerMp3;
    wanted = place || null;
    if (asked) play(); // a page that only opened its sound stays silent
  } else {
    part("trouble").textContent = words.wordsTrouble;
    mark();
  }
}

function showNarrow() {
  const narrow = matchMedia("(max-width: 40rem)");
  const bring = () => {
    if (!narrow.matches) return;
    for (const template of document.querySelectorAll("template[data-narrow]")) {
      template.replaceWith(template.content.cloneNode(true));
      lights.forget();
    }
  };
  narrow.addEventListener("change", bring);
  bring();
}

if (bar) {
  audio.addEventListener("play", () => {
    others?.postMessage("play");
    mark();
    cancelAnimationFrame(frame);
    run();
  });
  for (const event of ["pause", "ended"]) audio.addEventListener(event, mark);
  audio.addEventListener("ended", () => lights.clear());
  for (const event of ["seeked", "timeupdate"]) audio.addEventListener(event, () => draw());
  audio.addEventListener("loadedmetadata", () => {
    if (wanted !== null) audio.currentTime = wanted;
    wanted = null;
    part("ticks").setAttribute("d", ticks());
    draw();
  });
  audio.addEventListener("error", fail);
  others?.addEventListener("message", () => audio.pause());

  part("toggle").addEventListener("click", () => current && toggle(current));
  part("back").addEventListener("click", () => step(-1));
  part("on").addEventListener("click", () => step(1));
  part("slower").addEventListener("click", () => speed(-1));
  part("faster").addEventListener("click", () => speed(1));
  part("range").addEventListener("input", (event) => go(Number(event.target.value)));
  part("range").addEventListener("keydown", (event) => {
    const bars = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key];
    if (!bars || !lights.bars) return;
    event.preventDefault();
    step(bars);
  });

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-player-src]");
    if (button) {
      toggle(button.dataset);
      return;
    }
    const score = event.target.closest("[data-score]");
    if (!score || score.dataset.score !== current?.playerKey) return;
    const place = lights.timeOf(event.target, audio.currentTime);
    if (place === null) return;
    go(place);
    play();
  });
  document.addEventListener("htmx:afterSettle", () => {
    lights.forget();
    mark();
  });

  showNarrow();
  if (bar.dataset.playerSrc) load(bar.dataset);
}
