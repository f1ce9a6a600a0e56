"""MuseScore of Debian as a second reader: what it makes of a score, as MIDI."""

import os
import shutil
import subprocess
from pathlib import Path

from lxml import etree

PROGRAM = shutil.which("musescore3") or shutil.which("mscore3")
MISSING = "needs MuseScore (apt-get install --no-install-recommends musescore3); .ci/run installs it"
SECONDS = 120


def to_midi(musicxml: bytes, folder: Path, *, name: str = "score") -> bytes:
    """The MIDI that MuseScore writes of a score. Raises AssertionError where it does not.

    Ornaments, tremolos and arpeggios, which it plays out in notes of its own, are taken off before.
    """
    source, target = folder / f"{name}.musicxml", folder / f"{name}.mid"
    source.write_bytes(_plain(musicxml))
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "XDG_RUNTIME_DIR": str(folder), "HOME": str(folder)}
    done = subprocess.run(
        [str(PROGRAM), "-o", str(target), str(source)],
        capture_output=True,
        env=environment,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-2000:]
    return target.read_bytes()


def _plain(musicxml: bytes) -> bytes:
    root = etree.fromstring(musicxml)
    for sign in [*root.iter("ornaments"), *root.iter("arpeggiate")]:
        parent = sign.getparent()
        if parent is not None:
            parent.remove(sign)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")
