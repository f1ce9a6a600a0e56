// Two sounds that run together, sample by sample; one of them is heard. Switching is a short cross-fade at the same place.
const FADE = 0.015;
const SIDES = ["left", "right"];

export class TwoSounds {
  // buffers: {left, right}, AudioBuffers. The shorter one goes on in silence, so that both end together.
  constructor(context, buffers) {
    this.context = context;
    this.shorter = Math.min(buffers.left.duration, buffers.right.duration);
    this.duration = Math.max(buffers.left.duration, buffers.right.duration);
    this.buffers = Object.fromEntries(SIDES.map((side) => [side, padded(context, buffers[side], this.duration)]));
    this.side = "left";
    this.playing = false;
    this.offset = 0;
    this.loop = null; // [from, to] in seconds
    this.running = null;
    this.ended = () => {};
  }

  get position() {
    if (!this.playing) return this.offset;
    const at = this.offset + Math.max(0, this.context.currentTime - this.started);
    if (!this.loop) return Math.min(at, this.duration);
    const [from, to] = this.loop;
    return at < to ? at : from + ((at - from) % (to - from));
  }

  play() {
    if (this.playing) return;
    if (this.loop && (this.offset < this.loop[0] || this.offset >= this.loop[1])) this.offset = this.loop[0];
    if (this.offset >= this.duration - 0.01) this.offset = 0;
    this.started = this.context.currentTime + 0.005;
    const gains = {};
    const sources = SIDES.map((side) => {
      const source = this.context.createBufferSource();
      source.buffer = this.buffers[side];
      if (this.loop) {
        source.loop = true;
        [source.loopStart, source.loopEnd] = this.loop;
      }
      const gain = this.context.createGain();
      gain.gain.value = 0;
      if (side === this.side) gain.gain.setTargetAtTime(1, this.started, FADE / 4);
      source.connect(gain).connect(this.context.destination);
      source.start(this.started, this.offset);
      gains[side] = gain;
      return source;
    });
    const running = { sources, gains };
    sources[0].onended = () => {
      if (this.running !== running) return;
      this.running = null;
      this.playing = false;
      this.offset = 0;
      this.ended();
    };
    this.running = running;
    this.playing = true;
  }

  pause() {
    if (!this.playing) return;
    this.offset = this.position;
    this.playing = false;
    const { sources, gains } = this.running;
    this.running = null;
    const now = this.context.currentTime;
    for (const gain of Object.values(gains)) fade(gain.gain, now, 0);
    for (const source of sources) source.stop(now + FADE + 0.005);
  }

  switchTo(side) {
    if (side === this.side) return;
    this.side = side;
    if (!this.running) return;
    const now = this.context.currentTime;
    for (const each of SIDES) fade(this.running.gains[each].gain, now, each === side ? 1 : 0);
  }

  seek(position) {
    const going = this.playing;
    if (going) this.pause();
    this.offset = Math.max(0, Math.min(position, this.duration));
    if (going) this.play();
  }

  // null, or [from, to] in seconds.
  setLoop(loop) {
    const going = this.playing;
    if (going) this.pause();
    this.loop = loop;
    if (going) this.play();
  }
}

function fade(parameter, now, target) {
  parameter.cancelScheduledValues(now);
  parameter.setValueAtTime(parameter.value, now);
  parameter.linearRampToValueAtTime(target, now + FADE);
}

function padded(context, buffer, seconds) {
  const length = Math.round(seconds * buffer.sampleRate);
  if (buffer.length >= length) return buffer;
  const longer = context.createBuffer(buffer.numberOfChannels, length, buffer.sampleRate);
  for (let channel = 0; channel < buffer.numberOfChannels; channel += 1) longer.copyToChannel(buffer.getChannelData(channel), channel);
  return longer;
}

// A soft tone for ears: an answer was taken. The same for every answer.
export function confirmTone(context) {
  const now = context.currentTime;
  const gain = context.createGain();
  gain.gain.setValueAtTime(0, now);
  gain.gain.linearRampToValueAtTime(0.05, now + 0.02);
  gain.gain.exponentialRampToValueAtTime(0.0005, now + 0.35);
  gain.connect(context.destination);
  for (const [hertz, from] of [[523.25, 0], [783.99, 0.09]]) {
    const tone = context.createOscillator();
    tone.frequency.value = hertz;
    tone.connect(gain);
    tone.start(now + from);
    tone.stop(now + 0.36);
  }
}
