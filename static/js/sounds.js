// Sounds of pairs: fetched once, decoded once. Addresses never repeat, so what was decoded is known by its content.
import { synthesise } from "./synth.js";

const KEPT = 6; // decoded clips; one often comes again in the next pair
const kept = new Map();
const coming = new Map();

// The decoded sound of one side: a file, or notes that the browser plays itself.
export function soundOf(context, { src, notes }) {
  return notes ? synthesise(notes) : fetchSound(context, src);
}

// The promise of a decoded sound; asked for twice, it is fetched once.
export function fetchSound(context, url) {
  if (!coming.has(url)) {
    const sound = load(context, url);
    coming.set(url, sound);
    sound.catch(() => coming.delete(url));
  }
  return coming.get(url);
}

// Forgets what belongs to pairs that are over.
export function keepOnly(urls) {
  for (const url of coming.keys()) if (!urls.includes(url)) coming.delete(url);
}

async function load(context, url) {
  const get = async (address) => {
    let response = await fetch(address, { credentials: "same-origin" });
    for (let again = 0; response.status === 503 && again < 30; again += 1) {
      await wait(Number(response.headers.get("Retry-After")) || 1);
      response = await fetch(address, { credentials: "same-origin" });
    }
    if (!response.ok) throw new Error(String(response.status));
    return decoded(context, await response.arrayBuffer());
  };
  try {
    return await get(url);
  } catch {
    return get(`${url}?as=mp3`); // a browser without Opus
  }
}

async function decoded(context, bytes) {
  if (!crypto.subtle) return context.decodeAudioData(bytes); // not on a secure address
  const key = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).join();
  const buffer = kept.get(key) ?? (await context.decodeAudioData(bytes));
  kept.delete(key);
  kept.set(key, buffer);
  if (kept.size > KEPT) kept.delete(kept.keys().next().value);
  return buffer;
}

const wait = (seconds) => new Promise((done) => setTimeout(done, 1000 * seconds));
