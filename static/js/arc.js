// The arc: zoom that keeps its place, the playhead, listening from where it is clicked, borders of cues moved by mouse,
// finger or keyboard. Everything that moves lies over the drawing in layers of its own: the drawing is never touched.
const NEAR = 6; // pixels within which a border is drawn to a cut
const PAGE = 700; // CSS pixels of a landscape A4 sheet within its margins
const AROUND = 150; // of them for title, legend and lights
const SETTLE = 900; // milliseconds after the last key before a border is moved for good
const words = document.querySelector("[data-arc-words]")?.dataset ?? {};
const audio = document.querySelector("[data-player-audio]");

let moving = false; // whether borders can be moved
let film = null; // what is read from the drawing: see read()
let drag = null;
let playing = null; // { number, start } of the cue that sounds
let frame = 0;
let place = null; // what of the arc is to be seen again after it was drawn anew

const part = (name) => document.querySelector(`[data-arc-${name}]`);
const fill = (text, values) => (text ?? "").replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
const blocks = () => [...document.querySelectorAll("[data-arc] [data-cue]")];

function read() {
  const drawing = document.querySelector("[data-arc]");
  if (!drawing) return null;
  const [numerator, denominator] = drawing.dataset.fps.split("/").map(Number);
  const seconds = Number(drawing.dataset.seconds);
  return {
    drawing,
    seconds,
    fps: numerator / denominator,
    start: Number(drawing.dataset.startFrame),
    drop: drawing.dataset.drop === "1",
    frames: Math.round((seconds * numerator) / denominator),
    cuts: (drawing.dataset.cuts || "").split(" ").filter(Boolean).map(Number),
    wide: part("wide"),
    scroll: part("scroll"),
  };
}

// Labels as curator.film.timecode writes them; drop-frame leaves labels out, never frames.
function timecode(number) {
  const base = Math.round(film.fps);
  let count = number + film.start;
  if (film.drop) {
    const dropped = base === 60 ? 4 : 2;
    const minute = base * 60 - dropped;
    const [tens, rest] = [Math.floor(count / (minute * 10 + dropped)), count % (minute * 10 + dropped)];
    const minutes = rest < base * 60 ? 0 : 1 + Math.floor((rest - base * 60) / minute);
    count += dropped * (tens * 9 + minutes);
  }
  const two = (value) => String(Math.floor(value)).padStart(2, "0");
  const whole = Math.floor(count / base);
  return `${two(whole / 3600)}:${two((whole / 60) % 60)}:${two(whole % 60)}${film.drop ? ";" : ":"}${two(count % base)}`;
}

// ---- borders

function grips() {
  const over = part("over");
  over.replaceChildren();
  over.hidden = !moving;
  document.documentElement.classList.toggle("moving-borders", moving);
  part("move")?.setAttribute("aria-pressed", String(moving));
  if (!moving) return;
  for (const block of blocks()) {
    if (!block.dataset.move) continue;
    for (const edge of ["in", "out"]) over.append(grip(block, edge));
  }
}

function grip(block, edge) {
  const made = document.createElement("div");
  const number = block.dataset.cue;
  made.className = `grip ${edge}`;
  made.tabIndex = 0;
  made.setAttribute("role", "slider");
  made.setAttribute("aria-orientation", "horizontal");
  made.setAttribute("aria-label", fill(edge === "in" ? words.begin : words.end, { cue: number }));
  Object.assign(made.dataset, { grip: edge, of: number });
  made.style.top = `${block.y.baseVal.value}px`;
  made.style.height = `${block.height.baseVal.value}px`;
  const [least, most] = range(block, edge);
  made.setAttribute("aria-valuemin", least);
  made.setAttribute("aria-valuemax", most);
  put(made, Number(block.dataset[edge]));
  return made;
}

function put(made, number) {
  made.style.left = `${(100 * number) / film.fps / film.seconds}%`;
  tell(made, number);
}

function tell(made, number) {
  made.setAttribute("aria-valuenow", number);
  made.setAttribute("aria-valuetext", timecode(number));
}

function range(block, edge) {
  return edge === "in" ? [0, Number(block.dataset.out) - 1] : [Number(block.dataset.in) + 1, film.frames];
}

function begin(made) {
  const block = blocks().find((one) => one.dataset.cue === made.dataset.of);
  const edge = made.dataset.grip;
  const from = Number(block.dataset[edge]);
  const [least, most] = range(block, edge);
  const pixels = film.wide.clientWidth / (film.seconds * film.fps); // a frame
  const other = Number(block.dataset[edge === "in" ? "out" : "in"]);
  drag = { made, block, edge, from, to: from, least, most, pixels, other, url: block.dataset.move };
  const ghost = part("ghost");
  ghost.style.top = made.style.top;
  ghost.style.height = made.style.height;
  ghost.style.width = `${film.wide.clientWidth}px`; // scaled to what it covers: only its transform changes
  ghost.hidden = false;
  part("label").hidden = false;
  part("label").style.top = `${parseFloat(made.style.top) - 34}px`;
}

function move(number) {
  drag.to = Math.max(drag.least, Math.min(drag.most, number));
  if (!frame) frame = requestAnimationFrame(paint);
}

// One write of three transforms a frame; nothing is measured here.
function paint() {
  frame = 0;
  if (!drag) return;
  const { made, from, to, other, pixels } = drag;
  const [left, right] = [Math.min(to, other), Math.max(to, other)];
  made.style.transform = `translateX(${(to - from) * pixels}px)`;
  part("ghost").style.transform = `translateX(${left * pixels}px) scaleX(${(right - left) / (film.seconds * film.fps)})`;
  const label = part("label");
  label.style.transform = `translateX(${to * pixels}px) translateX(-50%)`;
  const length = ((right - left) / film.fps).toFixed(1);
  label.textContent = `${timecode(to)} · ${length} s`;
}

function drawnTo(number) {
  const reach = NEAR / drag.pixels;
  let best = number;
  let least = reach;
  for (const cut of film.cuts) {
    const off = Math.abs(cut - number);
    if (off <= least) [best, least] = [cut, off];
  }
  return best;
}

function rest() {
  clearTimeout(drag?.timer);
  if (drag) drag.made.style.transform = "";
  drag = null;
  part("ghost").hidden = true;
  part("label").hidden = true;
}

function drop() {
  const { made, edge, from, to, url, block } = drag;
  clearTimeout(drag.timer);
  if (to === from) return rest();
  put(made, to);
  rest();
  save(url, edge, to).then(
    () => redraw(() => said(fill(words.moved, { cue: block.dataset.cue, at: timecode(to) }), () => back(url, edge, from))),
    (error) => {
      put(made, from);
      tell(made, from);
      said(error.message || words.trouble);
    },
  );
}

function back(url, edge, number) {
  save(url, edge, number).then(
    () => redraw(() => said(words.back)),
    (error) => said(error.message || words.trouble),
  );
}

async function save(url, edge, number) {
  const body = new FormData();
  body.set("edge", edge);
  body.set("frame", number);
  const token = JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"];
  const answer = await fetch(url, {
    method: "POST",
    body,
    credentials: "same-origin",
    headers: { "X-CSRFToken": token, Accept: "application/json" },
  }).catch(() => {
    throw new Error(words.trouble);
  });
  if (answer.ok) return;
  const told = await answer.json().catch(() => ({}));
  throw new Error(told.error || words.trouble);
}

// What was done, with its undo.
function said(text, undo) {
  document.dispatchEvent(new CustomEvent("toast", { detail: { text, undo, word: words.undo } }));
}

function redraw(then) {
  const focused = document.activeElement?.closest?.("[data-grip]")?.dataset;
  keep(film.scroll.scrollLeft / Math.max(1, film.wide.clientWidth), 0);
  if (focused) place.grip = { of: focused.of, edge: focused.grip };
  window.htmx.ajax("GET", location.href, { target: "#arc", select: "#arc", swap: "outerHTML" }).then(then);
}

// ---- where one is in the arc

function keep(share, offset) {
  place = { share, offset, grip: null };
}

function seen() {
  if (!place || !film) return;
  film.scroll.scrollLeft = place.share * film.wide.clientWidth - place.offset;
  const wanted = place.grip;
  place = null;
  if (!wanted) return;
  [...document.querySelectorAll("[data-grip]")].find((one) => one.dataset.of === wanted.of && one.dataset.grip === wanted.edge)?.focus();
}

// ---- listening

const rowOf = (number) => document.querySelector(`[data-cue-row="${CSS.escape(number)}"] button[data-player-src]`);

function heard(event) {
  const number = event.detail.source?.closest("[data-cue-row]")?.dataset.cueRow;
  const block = number && blocks().find((one) => one.dataset.cue === number);
  playing = block ? { number, start: Number(block.dataset.in) / film.fps } : null;
  head();
}

function head() {
  const shown = Boolean(playing && film && audio && (!audio.paused || audio.currentTime > 0));
  for (const line of document.querySelectorAll("[data-arc-head]")) {
    line.hidden = !shown;
    if (shown) {
      const second = Math.min(playing.start + audio.currentTime, film.seconds);
      line.style.transform = `translateX(${(second / film.seconds) * film.width}px)`;
    }
  }
}

function lit() {
  const on = playing && audio && !audio.paused ? playing.number : "";
  for (const block of blocks()) block.classList.toggle("playing", block.dataset.cue === on);
  for (const row of document.querySelectorAll("[data-cue-row]")) row.classList.toggle("playing", row.dataset.cueRow === on);
}

function run() {
  head();
  if (audio && !audio.paused && playing) requestAnimationFrame(run);
}

function listenAt(event) {
  if (moving || event.target.closest("a, [data-grip]")) return;
  const box = film.wide.getBoundingClientRect();
  const number = ((event.clientX - box.left) / box.width) * film.seconds * film.fps;
  const block = blocks().find((one) => Number(one.dataset.in) <= number && number < Number(one.dataset.out));
  const button = block && rowOf(block.dataset.cue);
  if (!button) return;
  const seconds = (number - Number(block.dataset.in)) / film.fps;
  document.dispatchEvent(new CustomEvent("player:from", { detail: { button, seconds } }));
}

// ---- the page

function open() {
  film = read();
  if (!film) return;
  film.width = film.wide.clientWidth;
  for (const line of document.querySelectorAll("[data-arc-head][data-top]")) line.style.top = `${line.dataset.top}px`;
  for (const button of document.querySelectorAll("[data-arc-move], [data-arc-print]")) {
    button.hidden = button.matches("[data-arc-move]") && !blocks().some((block) => block.dataset.move);
  }
  const whole = film.drawing.height.baseVal.value + AROUND;
  document.documentElement.style.setProperty("--print-zoom", Math.min(1, PAGE / whole).toFixed(3));
  grips();
  seen();
  lit();
  head();
}

if (document.querySelector("[data-arc]")) {
  open();
  new ResizeObserver(() => {
    if (film) film.width = film.wide.clientWidth;
    head();
  }).observe(document.body);

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-arc-move]")) {
      moving = !moving;
      grips();
    } else if (event.target.closest("[data-arc-print]")) window.print();
    else if (event.target.closest("[data-arc-wide]")) listenAt(event);
  });
  // Between these two nothing is painted and no key arrives: every step of the zoom starts from an arc in its place.
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (!film || place || event.detail.target?.id !== "arc") return;
    const middle = film.scroll.clientWidth / 2;
    keep((film.scroll.scrollLeft + middle) / film.wide.clientWidth, middle);
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target?.id !== "arc") return;
    window.htmx.process(document.getElementById("arc")); // htmx would wait; a quick second key would load the whole page
    open();
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    if (!event.detail.successful) place = null;
  });

  document.addEventListener("pointerdown", (event) => {
    const made = event.target.closest("[data-grip]");
    if (!made || event.button > 0) return;
    event.preventDefault();
    if (drag) rest();
    made.focus({ preventScroll: true });
    made.setPointerCapture(event.pointerId);
    begin(made);
    drag.x = event.clientX;
    drag.pointer = event.pointerId;
    paint();
  });
  document.addEventListener("pointermove", (event) => {
    if (drag?.pointer !== event.pointerId || drag.pointer === undefined) return;
    const number = drag.from + Math.round((event.clientX - drag.x) / drag.pixels);
    move(event.altKey ? number : drawnTo(number));
  });
  document.addEventListener("pointerup", (event) => {
    if (drag && drag.pointer === event.pointerId) drop();
  });
  document.addEventListener("pointercancel", () => drag && rest());

  document.addEventListener("keydown", (event) => {
    const made = event.target.closest?.("[data-grip]");
    if (!made || event.ctrlKey || event.metaKey || event.altKey) return;
    const direction = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key];
    const cut = { PageDown: -1, PageUp: 1 }[event.key];
    if (direction || cut) {
      event.preventDefault();
      if (!drag) begin(made);
      const next = direction
        ? drag.to + direction * (event.shiftKey ? Math.round(film.fps) : 1)
        : (cut > 0 ? film.cuts.find((one) => one > drag.to) : film.cuts.findLast((one) => one < drag.to)) ?? drag.to;
      move(next);
      tell(made, drag.to);
      clearTimeout(drag.timer);
      drag.timer = setTimeout(drop, SETTLE);
    } else if (event.key === "Enter" && drag) {
      event.preventDefault();
      drop();
    } else if (event.key === "Escape" && drag) {
      event.preventDefault();
      tell(made, drag.from);
      rest();
    }
  });
  document.addEventListener("focusout", (event) => {
    if (drag && drag.pointer === undefined && event.target === drag.made) drop();
  });

  document.addEventListener(
    "wheel",
    (event) => {
      if (!event.ctrlKey || !event.target.closest("[data-arc-scroll]")) return;
      event.preventDefault();
      if (place) return; // one step is on its way
      const link = document.querySelector(`.zoomer a[href]:${event.deltaY < 0 ? "last" : "first"}-of-type`);
      if (!link) return;
      const offset = event.clientX - film.scroll.getBoundingClientRect().left;
      keep((film.scroll.scrollLeft + offset) / film.wide.clientWidth, offset);
      link.click();
    },
    { passive: false },
  );

  document.addEventListener("player:load", heard);
  audio?.addEventListener("play", () => {
    lit();
    run();
  });
  for (const event of ["pause", "seeked", "ended"]) {
    audio?.addEventListener(event, () => {
      lit();
      head();
    });
  }
}
