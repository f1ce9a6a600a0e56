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
let loop = null; // bars and seconds that are played again and again
let before = 0; // the place of the last look, to see a loop's end being crossed
let stretch = null; // seconds of the only bars that are played, where a button asks for some

const clock = (seconds) => {
  const whole = Math.max(0, Math.floor(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (number) => String(number).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
};
const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
const length = () => (Number.isFinite(audio.duration) && audio.duration) || Number(current?.playerSeconds) || 1;

// Two buttons of one sound may play different bars of it.
const same = (one, two) => one?.playerKey === two?.playerKey && one?.playerSpan === two?.playerSpan;

// Tells the page (js/companion.js, js/arc.js) what is loaded and which button asked for it; resolves when bars are known.
function load(data, source = null) {
  current = { ...data };
  stretch = null;
  fallback = !audio.canPlayType("audio/ogg; codecs=opus");
  audio.src = fallback ? current.playerMp3 : current.playerSrc;
  wanted = null;
  clearLoop();
  bar.hidden = false;
  part("trouble").textContent = "";
  if (current.playerName !== undefined) {
    part("title").textContent = current.playerName;
    part("sub").textContent = current.playerOf ?? "";
    if (current.playerUrl) part("title").href = current.playerUrl;
    else part("title").removeAttribute("href");
  }
  const mine = current;
  bar.dataset.nowPicture = current.playerPicture ?? "";
  const first = Number((current.playerSpan ?? "1").split(" ")[0]); // cards of themes draw only the bars they play
  const ready = lights.open(current.timemap, (current.playerNotes ?? "").split(" ").filter(Boolean), first).then(
    () => {
      if (current !== mine) return;
      part("ticks").setAttribute("d", ticks());
      if (current.playerSpan) {
        stretch = lights.span(...current.playerSpan.split(" ").map(Number), 0);
        if (stretch) go(stretch.start);
      }
      draw();
    },
    () => {}, // without a time map the sound plays all the same
  );
  draw();
  document.dispatchEvent(new CustomEvent("player:load", { detail: { source } }));
  return ready;
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

function toggle(data, source) {
  if (!same(data, current)) {
    const ready = load(data, source);
    const asked = current;
    if (data.playerSpan) ready.then(() => current === asked && play());
    else play();
  } else if (audio.paused) play();
  else audio.pause();
}

function go(seconds) {
  const place = Math.min(Math.max(0, seconds), length());
  before = place;
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
  if (next) setSpeed(next);
}

function setSpeed(rate) {
  bar.dataset.rate = rate;
  audio.playbackRate = rate;
  for (const place of document.querySelectorAll("[data-player-speed]")) place.textContent = `${Math.round(100 * rate)}\u202f%`;
  const slider = document.querySelector("[data-player-rate]");
  if (slider) slider.value = Math.round(100 * rate);
}

// A loop from the start of one bar to the end of another; where repeats play them several times, the pass nearest to
// where the music is.
function setLoop(from, to) {
  const span = lights.span(Math.min(from, to), Math.max(from, to), audio.currentTime);
  if (!span) return;
  loop = { from: Math.min(from, to), to: Math.max(from, to), start: span.start, end: Math.min(span.end, length()) };
  const place = (seconds) => ((1000 * seconds) / length()).toFixed(1);
  part("loop").setAttribute("d", `M${place(loop.start)} 7H${place(loop.end)}V27H${place(loop.start)}Z`);
  lights.frame(loop.from, loop.to);
  showLoop();
  if (audio.currentTime < loop.start || audio.currentTime >= loop.end) go(loop.start);
}

function clearLoop() {
  loop = null;
  part("loop").setAttribute("d", "");
  lights.frame(0, 0);
  showLoop();
}

function showLoop() {
  const field = (name) => document.querySelector(`[data-loop-${name}]`);
  if (!field("from")) return;
  field("from").value = loop?.from ?? "";
  field("to").value = loop?.to ?? "";
  field("none").hidden = !loop;
  if (loop) document.dispatchEvent(new CustomEvent("player:loop", { detail: { from: loop.from, to: loop.to } }));
}

function loopFields() {
  const [from, to] = ["from", "to"].map((name) => Number(document.querySelector(`[data-loop-${name}]`).value));
  if (from && to) setLoop(from, to);
  else if (!from && !to) clearLoop();
}

// Back to the loop's start when its end is crossed; a listener who goes beyond it on purpose stays there.
function turn() {
  const now = audio.currentTime;
  if (stretch && !audio.paused && now >= stretch.end) {
    audio.pause();
    go(stretch.start);
    lights.clear();
    return;
  }
  if (loop && !audio.paused && before < loop.end && now >= loop.end - 0.02) audio.currentTime = loop.start;
  before = audio.currentTime;
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
  turn();
  draw();
  frame = audio.paused ? 0 : requestAnimationFrame(run);
}

// Buttons, cards and the bar's own button say what sounds; also those that htmx brought in later.
function mark() {
  const sounding = !audio.paused && !audio.ended;
  const buttons = [part("toggle"), ...document.querySelectorAll("button[data-player-src]")];
  for (const button of buttons) {
    const own = button === part("toggle");
    const on = sounding && (own || same(button.dataset, current));
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
  audio.addEventListener("ended", () => {
    lights.clear();
    if (!loop || loop.end < length() - 0.1) return;
    go(loop.start);
    play();
  });
  audio.addEventListener("timeupdate", turn); // a page in the background draws no frames
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
  const control = (name) => document.querySelector(`[data-${name}]`);
  control("player-rate")?.addEventListener("input", (event) => setSpeed(Number(event.target.value) / 100));
  for (const name of ["loop-from", "loop-to"]) control(name)?.addEventListener("change", loopFields);
  control("loop-none")?.addEventListener("click", clearLoop);
  control("loop-begin")?.addEventListener("click", () => lights.bar && setLoop(lights.bar, Math.max(loop?.to ?? lights.bar, lights.bar)));
  control("loop-end")?.addEventListener("click", () => lights.bar && setLoop(Math.min(loop?.from ?? lights.bar, lights.bar), lights.bar));
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
      toggle(button.dataset, button);
      return;
    }
    const score = event.target.closest("[data-score]");
    if (!score || score.dataset.score !== current?.playerKey) return;
    const place = lights.timeOf(event.target, audio.currentTime);
    if (place === null) return;
    go(place);
    play();
  });
  // The arc plays a cue from where it was clicked.
  document.addEventListener("player:from", (event) => {
    const { button, seconds } = event.detail;
    if (!same(button.dataset, current)) load(button.dataset, button);
    go(seconds);
    play();
  });
  document.addEventListener("htmx:afterSettle", () => {
    lights.forget();
    mark();
  });

  showNarrow();
  if (bar.dataset.playerSrc) load(bar.dataset);
}
