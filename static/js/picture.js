// The picture follows the sound: the sound's clock is the master, whichever side is heard.
const CLOSE = 0.02; // seconds: half a frame at 24 a second
const FAR = 0.25;

// Bring a video to `there` seconds, running at `rate` or still.
export function follow(video, there, running, rate = 1) {
  const late = there - video.currentTime;
  if (!running) {
    if (!video.paused) video.pause();
    if (Math.abs(late) > CLOSE && !video.seeking) video.currentTime = there;
    return;
  }
  if (video.paused && there < (video.duration || Infinity)) video.play().catch(() => {});
  if (video.seeking) return;
  // a small error is run off, which nobody sees; a large one is jumped over
  if (Math.abs(late) > FAR) video.currentTime = there;
  else video.playbackRate = rate * (Math.abs(late) > CLOSE ? 1 + Math.max(-0.1, Math.min(0.1, late)) : 1);
}
