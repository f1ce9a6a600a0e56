// The blind page: fetches both sounds, plays and switches them, measures what was heard, and sends the answer.
// Without script the same forms work and each side has a plain player.
import { Heard } from "./heard.js";
import { follow } from "./picture.js";
import { fetchSound, keepOnly, soundOf } from "./sounds.js";
import { TwoSounds, confirmTone } from "./two_sounds.js";

const SHARE = 0.4; // of the clip is always enough to hear, however short it is
const MAX_EVENTS = 400;
const BED = 0.5;
const LETTERS = { left: "A", right: "B" };
const RESTART = "cuewright-restart-on-switch";

const context = new AudioContext();
const main = document.getElementById("main");
let page = null;
let busy = false;

class Page {
  constructor(root) {
    this.root = root;
    this.words = root.dataset;
    this.sounds = null;
    this.marks = [null, null];
    this.events = [];
    this.first = "";
    this.began = 0;
    this.last = null;
    this.said = "";
    this.trouble = "";
    this.side = "left";
    this.sides = Object.fromEntries([...root.querySelectorAll("[data-side]")].map((side) => [side.dataset.side, side]));
    this.answers = root.querySelector("[data-answers]");
    for (const plain of root.querySelectorAll("audio")) plain.remove();
    this.timer = setInterval(() => this.tick(), 50);
    this.gate(false);
    this.hint(this.words.wordsLoading);
  }

  find(selector) {
    return this.root.querySelector(selector);
  }

  // Both sounds are there before either can play: loading time must not tell them apart.
  async load() {
    try {
      const [left, right] = await Promise.all(["left", "right"].map((side) => soundOf(context, this.sides[side].dataset)));
      if (page !== this) return;
      this.sounds = new TwoSounds(context, { left, right });
    } catch {
      if (page === this) this.hint(this.words.wordsLost);
      return;
    }
    this.sounds.ended = () => this.show();
    this.need = Math.min(Number(this.words.minListen), SHARE * this.sounds.shorter);
    this.heard = { left: new Heard(this.sounds.duration), right: new Heard(this.sounds.duration) };
    for (const side of Object.values(this.sides)) {
      side.querySelector(".letter").disabled = false;
      side.querySelector(".heard").hidden = false;
    }
    this.find("[data-deck]").hidden = false;
    for (const tick of this.root.querySelectorAll("[data-at]")) {
      const x = this.across(Number(tick.dataset.at));
      tick.setAttribute("d", "long" in tick.dataset ? `M${x} 13V33` : `M${x} 18V28`);
    }
    this.find("[data-from-start]").setAttribute("aria-pressed", String(restarts()));
    this.root.dataset.ready = "";
    this.show();
    this.prepare();
  }

  // The pair that follows is fetched while this one is heard.
  async prepare() {
    keepOnly(Object.values(this.sides).map((side) => side.dataset.src));
    if (!this.words.ahead) return;
    try {
      const body = new FormData();
      body.set("csrfmiddlewaretoken", this.answers.elements.csrfmiddlewaretoken.value);
      const response = await fetch(this.words.ahead, { method: "POST", body, credentials: "same-origin" });
      if (response.status !== 200) return;
      for (const url of (await response.json()).sounds) fetchSound(context, url).catch(() => {});
    } catch {
      // it is fetched when its turn comes
    }
  }

  across(seconds) {
    return Math.round((10000 * seconds) / this.sounds.duration) / 10;
  }

  log(event, side = "") {
    if (this.events.length >= MAX_EVENTS) return;
    const position = this.sounds ? Math.round(100 * this.sounds.position) / 100 : 0;
    this.events.push([this.began ? Math.round(performance.now() - this.began) : 0, event, side, position]);
  }

  async play() {
    if (!this.sounds || this.sounds.playing) return;
    if (context.state !== "running") await context.resume();
    if (page !== this) return;
    if (!this.first) {
      this.first = this.sounds.side;
      this.began = performance.now();
    }
    this.sounds.play();
    this.last = null;
    this.log("play", this.sounds.side);
    this.show();
  }

  pause() {
    if (!this.sounds?.playing) return;
    this.tick();
    this.sounds.pause();
    this.log("pause", this.sounds.side);
    this.show();
  }

  toggle() {
    if (this.sounds?.playing) this.pause();
    else this.play();
  }

  async hear(side) {
    if (!this.sounds) return;
    this.tick();
    if (this.sounds.side !== side) {
      this.sounds.switchTo(side);
      if (restarts() && this.first) this.seek(this.sounds.loop?.[0] ?? 0);
      if (this.sounds.playing) this.log("switch", side);
    }
    await this.play();
    this.show();
  }

  seek(seconds) {
    if (!this.sounds) return;
    this.tick();
    this.sounds.seek(seconds);
    this.last = null;
    this.log("seek", this.sounds.side);
    this.show();
  }

  // I and O set the ends of the loop; the button loops all, or what is between them, and ends the loop again.
  mark(end) {
    if (!this.sounds) return;
    this.marks[end === "in" ? 0 : 1] = this.sounds.position;
    const [from, to] = [this.marks[0] ?? 0, this.marks[1] ?? this.sounds.shorter];
    if (to - from >= 0.5) this.loop([from, to]);
    else this.marks[end === "in" ? 1 : 0] = null;
  }

  loop(span) {
    this.tick();
    this.sounds.setLoop(span);
    this.last = null;
    this.log(span ? "loop" : "loop end", this.sounds.side);
    this.show();
  }

  repeat() {
    if (!this.sounds) return;
    if (!this.sounds.loop) this.loop([this.marks[0] ?? 0, this.marks[1] ?? this.sounds.shorter]);
    else {
      this.marks = [null, null];
      this.loop(null);
    }
  }

  // Positions count as heard while they sound and the page can be seen.
  tick() {
    if (!this.sounds) return;
    const at = this.sounds.position;
    const audible = this.sounds.playing && context.state === "running" && document.visibilityState === "visible";
    if (audible && this.last !== null && at > this.last && at - this.last < 1) this.heard[this.sounds.side].add(this.last, at);
    this.last = audible ? at : null;
    this.show();
  }

  missing(side) {
    return Math.max(0, this.need - this.heard[side].seconds);
  }

  show() {
    const { sounds } = this;
    if (!sounds) {
      if (this.trouble) this.hint(this.trouble);
      return;
    }
    const at = sounds.position;
    for (const [name, side] of Object.entries(this.sides)) {
      const sounding = sounds.playing && sounds.side === name;
      side.classList.toggle("sounding", sounding);
      side.classList.toggle("chosen", sounds.side === name);
      side.querySelector(".letter").setAttribute("aria-pressed", String(sounding));
      const missing = this.missing(name);
      const meter = side.querySelector(".meter");
      meter.setAttribute("d", `M0 4H${Math.round(120 * Math.min(1, 1 - missing / this.need))}`);
      meter.classList.toggle("full", missing <= 0);
      put(side.querySelector(".heard span"), missing > 0 ? this.words.wordsMore.replace("{n}", Math.ceil(missing)) : this.words.wordsEnough);
    }
    const play = this.find("[data-play]");
    play.classList.toggle("on", sounds.playing);
    play.setAttribute("aria-label", sounds.playing ? this.words.wordsPause : this.words.wordsPlay);
    const x = this.across(at);
    this.find("[data-done]").setAttribute("d", `M0 23H${x}`);
    this.find("[data-head]").setAttribute("d", `M${x} 4V42`);
    put(this.find("[data-now]"), clock(at));
    const wash = this.find("rect[data-loop]");
    wash.setAttribute("x", sounds.loop ? this.across(sounds.loop[0]) : 0);
    wash.setAttribute("width", sounds.loop ? this.across(sounds.loop[1] - sounds.loop[0]) : 0);
    this.find("[data-repeat]").setAttribute("aria-pressed", String(Boolean(sounds.loop)));
    const range = this.find("[data-seek]");
    if (document.activeElement !== range || !range.matches(":active")) range.value = String(Math.round(x));
    range.setAttribute("aria-valuetext", clock(at));
    this.picture(at);
    const wanting = ["left", "right"].find((side) => this.missing(side) > 0);
    this.gate(!wanting);
    const text = wanting
      ? this.words.wordsHint.replace("{n}", Math.ceil(this.missing(wanting))).replace("{side}", LETTERS[wanting])
      : this.words.wordsReady;
    this.hint(this.trouble || text);
    this.say(this.trouble || (wanting ? "" : text));
  }

  picture(at) {
    const shots = [...this.root.querySelectorAll("[data-from]")];
    const now = shots.findLast((shot) => Number(shot.dataset.from) <= at + 0.001) ?? shots[0];
    for (const shot of shots) shot.hidden = shot !== now;
    const video = this.find("video");
    if (video) follow(video, Number(video.dataset.start) + at, this.sounds.playing);
  }

  // The film's own sound (dialogue) under the music: always as loud, whichever side is heard.
  bed(button) {
    const video = this.find("video");
    video.muted = !video.muted;
    video.volume = BED;
    button.setAttribute("aria-pressed", String(!video.muted));
    this.log(video.muted ? "bed off" : "bed on", this.sounds?.side ?? "");
  }

  gate(open) {
    for (const button of this.root.querySelectorAll("[data-gated]")) {
      if (open) button.removeAttribute("aria-disabled");
      else button.setAttribute("aria-disabled", "true");
    }
  }

  hint(text) {
    put(this.find("[data-hint]"), text);
  }

  // For screen readers, once a change and not each second.
  say(text) {
    if (text === this.said) return;
    this.said = text;
    put(this.find("[data-say]"), text);
  }

  report() {
    this.tick();
    return JSON.stringify({
      first: this.first,
      left: this.heard?.left.spans ?? [],
      right: this.heard?.right.spans ?? [],
      events: this.events,
      ms: this.began ? Math.round(performance.now() - this.began) : null,
      device: device(),
    });
  }

  close() {
    clearInterval(this.timer);
    this.sounds?.pause();
  }
}

const put = (element, text) => {
  if (element && element.textContent !== text) element.textContent = text;
};

const clock = (seconds) => {
  const tenths = Math.floor(seconds * 10);
  const rest = new Intl.NumberFormat(document.documentElement.lang, { minimumIntegerDigits: 2, minimumFractionDigits: 1 });
  return `${Math.floor(tenths / 600)}:${rest.format((tenths % 600) / 10)}`;
};

const device = () => {
  if (matchMedia("(pointer: fine)").matches) return "desktop";
  return Math.min(screen.width, screen.height) < 600 ? "phone" : "tablet";
};

const restarts = () => {
  try {
    return localStorage.getItem(RESTART) === "on";
  } catch {
    return false;
  }
};

function setRestarts(button) {
  const on = button.getAttribute("aria-pressed") !== "true";
  button.setAttribute("aria-pressed", String(on));
  try {
    if (on) localStorage.setItem(RESTART, "on");
    else localStorage.removeItem(RESTART);
  } catch {
    // nothing is remembered on this device
  }
}

// A reason for the answer before: kept at once, in the background. One goes after the other, or a word that is taken
// back could arrive before the word.
let told = Promise.resolve();

async function why(form, button) {
  const turned = button.getAttribute("aria-pressed") !== "true";
  const body = new FormData(form);
  body.set("tag", button.value);
  const turn = (on) => {
    button.setAttribute("aria-pressed", String(on));
    button.classList.toggle("on", on);
    button.value = (on ? "-" : "") + button.value.replace("-", "");
  };
  turn(turned);
  if (context.state === "running") confirmTone(context);
  page.say(`${button.firstChild.textContent.trim()}${turned ? "" : " \u2212"}`);
  try {
    const said = told.then(() => fetch(form.action, { method: "POST", body, credentials: "same-origin", headers: { Accept: "application/json" } }));
    told = said.catch(() => {});
    const response = await said;
    if (!response.ok) throw new Error(String(response.status));
  } catch {
    turn(!turned);
    page.trouble = page.words.wordsUnsaved;
    page.show();
  }
}

async function send(form, body, after) {
  if (busy) return;
  busy = true;
  page.trouble = "";
  const going = page.sounds?.playing ?? false;
  try {
    const response = await fetch(form.action, { method: "POST", body, credentials: "same-origin" });
    const answered = new DOMParser().parseFromString(await response.text(), "text/html");
    const next = answered.getElementById("main");
    const listening = next?.querySelector("[data-listen]");
    if (!listening && !response.ok) throw new Error(String(response.status));
    if (!listening) {
      location.assign(response.url);
      return;
    }
    page.close();
    main.replaceChildren(...next.childNodes);
    if (response.url !== location.href) history.replaceState(null, "", response.url);
    open();
    page.say(after);
    for (const toast of answered.querySelectorAll("#toasts [data-toast]")) {
      document.dispatchEvent(new CustomEvent("toast", { detail: { text: toast.firstChild.textContent } }));
    }
  } catch {
    page.trouble = page.words.wordsUnsaved;
    page.show();
    return;
  } finally {
    busy = false;
  }
  const fresh = page;
  await fresh.load();
  if (going && page === fresh) await fresh.play();
}

function open() {
  page = new Page(main.querySelector("[data-listen]"));
}

main.addEventListener("click", (event) => {
  const button = event.target.closest?.("button");
  if (!button || !page.root.contains(button)) return;
  if (button.matches(".letter")) page.hear(button.closest("[data-side]").dataset.side);
  else if ("play" in button.dataset) page.toggle();
  else if ("restart" in button.dataset) page.seek(page.sounds?.loop?.[0] ?? 0);
  else if ("repeat" in button.dataset) page.repeat();
  else if ("mark" in button.dataset) page.mark(button.dataset.mark);
  else if ("fromStart" in button.dataset) setRestarts(button);
  else if ("bed" in button.dataset) page.bed(button);
  else if (button.getAttribute("aria-disabled") === "true") event.preventDefault();
});

// On a letter the space bar pauses, as it does everywhere else on this page.
main.addEventListener("keydown", (event) => {
  if (event.key !== " " || !event.target.matches?.(".letter")) return;
  event.preventDefault();
  page.toggle();
});

main.addEventListener("input", (event) => {
  if (event.target.matches("[data-seek]") && page.sounds) page.seek((page.sounds.duration * Number(event.target.value)) / 1000);
});

// Dragged with Shift, the track marks a loop instead.
main.addEventListener("pointerdown", (event) => {
  const track = event.target;
  if (!event.shiftKey || !track.matches?.("[data-seek]") || !page.sounds) return;
  event.preventDefault();
  const box = track.getBoundingClientRect();
  const place = (move) => page.sounds.duration * Math.min(1, Math.max(0, (move.clientX - box.left) / box.width));
  const from = place(event);
  track.setPointerCapture(event.pointerId);
  track.addEventListener(
    "pointerup",
    (up) => {
      const [begin, end] = [from, place(up)].sort((one, other) => one - other);
      if (end - begin >= 0.5) page.loop([begin, Math.min(end, page.sounds.shorter)]);
    },
    { once: true },
  );
});
main.addEventListener("pointerup", (event) => {
  if (event.target.matches("[data-seek]")) event.target.blur(); // the arrow keys answer again
});

main.addEventListener("submit", (event) => {
  const { target, submitter } = event;
  if (target === page.answers) {
    event.preventDefault();
    if (submitter?.getAttribute("aria-disabled") === "true") return;
    const body = new FormData(target);
    body.set("answer", submitter.value);
    body.set("report", page.report());
    if (context.state === "running") confirmTone(context);
    send(target, body, page.words.wordsSaved);
  } else if ("why" in target.dataset) {
    event.preventDefault();
    why(target, submitter);
  } else if ("undo" in target.dataset) {
    event.preventDefault();
    send(target, new FormData(target), "");
  }
});

document.addEventListener("visibilitychange", () => page.tick());

open();
page.load();
