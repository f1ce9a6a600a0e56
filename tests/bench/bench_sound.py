"""How long a minute of music takes from MusicXML to files. Prints one JSON line: python tests/bench/bench_sound.py"""

import json
import time
from pathlib import Path
from typing import Any

from lxml import etree

from curator.rendering.encode import encode_mp3, encode_opus
from curator.rendering.engrave import engrave
from curator.rendering.loudness import to_loudness
from curator.rendering.sampler import render

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "node_modules" / "@audio-samples" / "piano-velocity8"


def a_minute_of_waltz() -> bytes:
    """The test waltz three times over: 24 bars, 60 s."""
    root = etree.parse(ROOT / "tests" / "golden" / "scores" / "waltz.musicxml").getroot()
    part = root.find("part")
    assert part is not None
    bars = [etree.tostring(bar) for bar in part.iterfind("measure")]
    for bar in bars * 2:
        part.append(etree.fromstring(bar))
    return etree.tostring(root)


def measure() -> dict[str, Any]:
    """Seconds of each step; `render_cold` includes the decoding of the piano samples."""
    seconds: dict[str, float] = {}

    def timed(name: str, step: Any) -> Any:
        begin = time.perf_counter()
        result = step()
        seconds[name] = round(time.perf_counter() - begin, 3)
        return result

    score = a_minute_of_waltz()
    engraving = timed("engrave", lambda: engrave(score))
    timed("render_cold", lambda: render(engraving.midi, SAMPLES))
    pcm = timed("render_warm", lambda: render(engraving.midi, SAMPLES))
    loud = timed("loudness", lambda: to_loudness(pcm))
    opus = timed("opus", lambda: encode_opus(loud.pcm))
    mp3 = timed("mp3", lambda: encode_mp3(loud.pcm))
    sizes = {"svg": sum(map(len, engraving.pages)), "opus": len(opus), "mp3": len(mp3)}
    return {"bench": "sound", "music_seconds": engraving.seconds, "seconds": seconds, "bytes": sizes}


if __name__ == "__main__":
    print(json.dumps(measure()))
