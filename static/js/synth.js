// Tones that the browser makes itself, for the volume check and the trial pairs: a soft plucked string, at the
// loudness of all music here (-23 dB, EBU R 128).
const RATE = 48000;
const LEVEL = 10 ** (-23 / 20);

// notes: "seconds pitch seconds, ..." (begin, MIDI number, length). Resolves to an AudioBuffer.
export async function synthesise(text) {
  const notes = text.split(",").map((part) => part.trim().split(" ").map(Number));
  const seconds = Math.max(...notes.map(([begin, , length]) => begin + length)) + 0.4;
  const offline = new OfflineAudioContext(2, Math.ceil(seconds * RATE), RATE);
  for (const [begin, pitch, length] of notes) {
    for (let partial = 1; partial <= 5; partial += 1) {
      const tone = offline.createOscillator();
      tone.frequency.value = partial * 440 * 2 ** ((pitch - 69) / 12);
      const gain = offline.createGain();
      gain.gain.setValueAtTime(0, begin);
      gain.gain.linearRampToValueAtTime(0.2 / partial ** 1.6, begin + 0.008);
      gain.gain.setTargetAtTime(0, begin + 0.01, 1.1 / (partial + 0.5));
      gain.gain.setTargetAtTime(0, begin + length, 0.06);
      tone.connect(gain).connect(offline.destination);
      tone.start(begin);
      tone.stop(begin + length + 0.35);
    }
  }
  const buffer = await offline.startRendering();
  const first = buffer.getChannelData(0);
  const level = Math.sqrt(first.reduce((sum, value) => sum + value * value, 0) / first.length);
  for (let channel = 0; channel < buffer.numberOfChannels; channel += 1) {
    const samples = buffer.getChannelData(channel);
    for (let at = 0; at < samples.length; at += 1) samples[at] *= LEVEL / level;
  }
  return buffer;
}
