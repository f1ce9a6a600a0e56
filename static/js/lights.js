// What sounds when, from a time map, and its light in the engraved score: notes get the class "sounding" and a glow,
// their bar a wash. Ids in the page are "<prefix>-<id of the time map>".
const SVG = "http://www.w3.org/2000/svg";
const FOLLOW_AGAIN = 4000; // milliseconds after the reader has scrolled

export class Lights {
  constructor() {
    this.close();
    for (const event of ["wheel", "touchmove"]) {
      window.addEventListener(event, () => (this.scrolled = performance.now()), { passive: true });
    }
  }

  close() {
    this.clear?.();
    this.bars = 0;
    this.skipped = 0; // written bars before the first that is drawn
    this.barTimes = [];
    this.moments = [];
    this.times = [];
    this.prefixes = [];
    this.index = -1;
    this.bar = 0;
    this.lit = new Map(); // id -> drawn glows
    this.wash = [];
    this.measures = null;
    this.passes = [];
    this.framed = [];
    this.frames = [0, 0];
    this.scrolled = -FOLLOW_AGAIN;
  }

  // Read the time map at `url`; rejects when it cannot be read. `first`: the written bar with which the drawing begins.
  async open(url, prefixes, first = 1) {
    this.close();
    this.skipped = first - 1;
    if (!url) return;
    this.url = url;
    const answer = await fetch(url, { credentials: "same-origin" });
    if (!answer.ok) throw new Error(`time map: ${answer.status}`);
    const map = await answer.json();
    if (this.url !== url) return;
    this.prefixes = prefixes;
    this.bars = map.bars;
    this.moments = map.moments;
    this.times = map.moments.map(([seconds]) => seconds);
    this.barTimes = map.moments.filter(([, bar], i) => i === 0 || bar !== map.moments[i - 1][1]).map(([seconds]) => seconds);
    // Each time that a bar is played through, in playing order.
    map.moments.forEach(([seconds, bar], i) => {
      if (i > 0 && bar === map.moments[i - 1][1]) return;
      if (this.passes.length) this.passes.at(-1).end = seconds;
      this.passes.push({ bar, start: seconds, end: Infinity });
    });
    this.places = new Map(); // id -> indices of the moments in which it begins
    map.moments.forEach(([, , on], i) => on.forEach((id) => (this.places.get(id) ?? this.places.set(id, []).get(id)).push(i)));
  }

  // Light what sounds at `seconds`; with `follow`, bring its bar into view. Returns {bar}.
  at(seconds, follow) {
    if (!this.moments.length) return null;
    const index = last(this.times, seconds + 0.005);
    if (index < 0) return null;
    if (index !== this.index) {
      const from = index > this.index ? this.index + 1 : 0;
      const sounding = index > this.index ? new Set(this.lit.keys()) : new Set();
      const begun = new Set();
      for (const [, , on, off] of this.moments.slice(from, index + 1)) {
        for (const id of off) sounding.delete(id), begun.delete(id);
        for (const id of on) sounding.add(id), begun.add(id);
      }
      // A note struck again goes out and lights up anew.
      for (const id of [...this.lit.keys()]) if (!sounding.has(id) || begun.has(id)) this.out(id);
      for (const id of sounding) if (!this.lit.has(id)) this.light(id);
      this.index = index;
    }
    const bar = this.moments[index][1];
    if (bar !== this.bar) this.enter(bar, follow);
    return { bar };
  }

  // The time at which the clicked note or bar sounds; of several the one nearest to `now`. Null beside the notes.
  timeOf(target, now) {
    const nearest = (times) => times.reduce((best, time) => (Math.abs(time - now) < Math.abs(best - now) ? time : best));
    const note = target.closest("g.note");
    const prefix = this.prefixes.find((start) => note?.id.startsWith(`${start}-`));
    const places = prefix && this.places.get(note.id.slice(prefix.length + 1));
    if (places) return nearest(places.map((i) => this.times[i]));
    const measure = target.closest("g.measure");
    const bar = measure && this.measuresOf().findIndex((list) => list?.includes(measure)) + 1;
    const starts = bar ? this.moments.filter(([, of], i) => of === bar && this.moments[i - 1]?.[1] !== bar) : [];
    return starts.length ? nearest(starts.map(([seconds]) => seconds)) : null;
  }

  // From the start of bar `from` to the end of bar `to`, in the pass nearest to `now`. Null where that is never played.
  span(from, to, now) {
    const begins = this.passes.filter((pass) => pass.bar === from);
    begins.sort((a, b) => Math.abs(a.start - now) - Math.abs(b.start - now));
    for (const begin of begins) {
      const end = this.passes.find((pass) => pass.bar === to && pass.start >= begin.start);
      if (end) return { start: begin.start, end: end.end };
    }
    return null;
  }

  // Mark the bars of a loop in the score; 0, 0 takes the mark away.
  frame(from, to) {
    for (const rect of this.framed) rect.remove();
    this.framed = [];
    this.frames = [from, to];
    for (const measures of this.measuresOf().slice(Math.max(0, from - 1), to)) {
      for (const measure of measures ?? []) {
        const box = measure.checkVisibility() && staves(measure);
        if (!box) continue;
        const rect = document.createElementNS(SVG, "rect");
        rect.setAttribute("class", "loopglow");
        for (const [name, value] of Object.entries(box)) rect.setAttribute(name, value);
        measure.prepend(rect);
        this.framed.push(rect);
      }
    }
  }

  // All out, as before the first note.
  clear() {
    for (const id of [...(this.lit?.keys() ?? [])]) this.out(id);
    for (const rect of this.wash ?? []) rect.remove();
    this.wash = [];
    this.index = -1;
    this.bar = 0;
  }

  // The page has changed: look for the notes anew.
  forget() {
    this.clear();
    this.measures = null;
    this.frame(...this.frames);
  }

  elements(id) {
    return this.prefixes.map((prefix) => document.getElementById(`${prefix}-${id}`)).filter(Boolean);
  }

  light(id) {
    const glows = [];
    for (const note of this.elements(id)) {
      note.classList.add("sounding");
      const head = note.querySelector(".notehead");
      if (!head || !note.checkVisibility()) continue;
      const box = head.getBBox();
      const glow = document.createElementNS(SVG, "circle");
      glow.setAttribute("class", "noteglow");
      glow.setAttribute("cx", box.x + box.width / 2);
      glow.setAttribute("cy", box.y + box.height / 2);
      glow.setAttribute("r", 2.4 * box.height);
      glow.setAttribute("fill", "url(#glow)");
      note.prepend(glow);
      glows.push(glow);
    }
    this.lit.set(id, glows);
  }

  out(id) {
    for (const note of this.elements(id)) note.classList.remove("sounding");
    for (const glow of this.lit.get(id)) glow.remove();
    this.lit.delete(id);
  }

  // Per bar (from index 0) its drawings in all layouts of the page.
  measuresOf() {
    if (!this.measures) {
      this.measures = [];
      for (const prefix of this.prefixes) {
        const drawn = [...document.querySelectorAll(`g.measure[id^="${CSS.escape(prefix)}-"]`)];
        drawn.forEach((measure, i) => (this.measures[i + this.skipped] ??= []).push(measure));
      }
    }
    return this.measures;
  }

  enter(bar, follow) {
    for (const rect of this.wash) rect.remove();
    this.wash = [];
    this.bar = bar;
    for (const measure of this.measuresOf()[bar - 1] ?? []) {
      if (!measure.checkVisibility()) continue;
      const box = staves(measure);
      if (!box) continue;
      const rect = document.createElementNS(SVG, "rect");
      rect.setAttribute("class", "barglow");
      for (const [name, value] of Object.entries(box)) rect.setAttribute(name, value);
      measure.prepend(rect);
      this.wash.push(rect);
      if (follow) this.follow(rect);
    }
  }

  follow(rect) {
    if (performance.now() - this.scrolled < FOLLOW_AGAIN || !rect.closest("[data-score]")) return;
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const box = rect.getBoundingClientRect();
    const strip = rect.closest("[data-strip]");
    if (strip) {
      const around = strip.getBoundingClientRect();
      if (box.left > around.left + 24 && box.right < around.right - 24) return;
      strip.scrollBy({ left: box.left - around.left - 0.15 * around.width, behavior: calm ? "auto" : "smooth" });
      return;
    }
    const foot = document.querySelector("[data-player]").getBoundingClientRect().top;
    if (box.top > 72 && box.bottom < foot - 8) return;
    window.scrollBy({ top: box.top - 0.3 * window.innerHeight, behavior: calm ? "auto" : "smooth" });
  }
}

// Index of the last of the rising `times` that is not after `seconds`; -1 where all are.
function last(times, seconds) {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle] <= seconds) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

// From the top line of the first staff to the bottom line of the last one, with a little air.
function staves(measure) {
  const lines = [...measure.querySelectorAll(":scope > .staff > path")].map((line) => line.getBBox());
  if (!lines.length) return null;
  const x = Math.min(...lines.map((box) => box.x));
  const y = Math.min(...lines.map((box) => box.y));
  const right = Math.max(...lines.map((box) => box.x + box.width));
  const bottom = Math.max(...lines.map((box) => box.y + box.height));
  const air = (bottom - y) * 0.06;
  return { x, y: y - air, width: right - x, height: bottom - y + 2 * air };
}
