// Which positions of one side were heard. Only distinct seconds count: the same bar twice is heard once.
const GRAIN = 0.05;

export class Heard {
  constructor(seconds) {
    this.cells = new Uint8Array(Math.max(1, Math.ceil(seconds / GRAIN)));
    this.count = 0;
  }

  // Marks the stretch from..to (seconds) as heard.
  add(from, to) {
    const last = Math.min(this.cells.length, Math.ceil(to / GRAIN));
    for (let cell = Math.max(0, Math.floor(from / GRAIN)); cell < last; cell += 1) {
      this.count += 1 - this.cells[cell];
      this.cells[cell] = 1;
    }
  }

  get seconds() {
    return this.count * GRAIN;
  }

  // [[from, to], ...] in seconds.
  get spans() {
    const spans = [];
    for (let cell = 0; cell < this.cells.length; cell += 1) {
      if (!this.cells[cell]) continue;
      const from = cell;
      while (cell < this.cells.length && this.cells[cell]) cell += 1;
      spans.push([round(from * GRAIN), round(cell * GRAIN)]);
    }
    return spans;
  }
}

const round = (value) => Math.round(value * 100) / 100;
