"""A large media file seeks in a real browser, and the server does not read it whole."""

import re
from pathlib import Path

import pytest

from tests.e2e.browsing import sign_in

pytestmark = pytest.mark.e2e

MEGABYTE = 1024 * 1024

# 200 MB of 16-bit stereo silence at 48 kHz, written straight into the storage.
SEED = """
import hashlib, struct
from django.conf import settings
from curator.domain.accounts import ensure_owner
from curator.models.library import MediaFile
from curator.views.media import media_url
size = 200 * 1024 * 1024
header = b"RIFF" + struct.pack("<I", size - 8) + b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 2, 48000, 192000, 4, 16)
header += b"data" + struct.pack("<I", size - 44)
media = MediaFile.objects.create(sha256="f" * 64, suffix=".wav", content_type="audio/wav", size=size)
path = settings.MEDIA_ROOT / media.name
path.parent.mkdir(parents=True)
with path.open("wb") as file:
    file.write(header)
    file.truncate(size)
print(media_url(media, ensure_owner()))
"""

SEEK = """async (url) => {
  const sound = new Audio(url);
  const once = (name) => new Promise((done, fail) => {
    sound.addEventListener(name, done, {once: true});
    sound.addEventListener("error", () => fail(sound.error.message), {once: true});
  });
  await once("loadedmetadata");
  sound.currentTime = 1000;
  await once("seeked");
  return [Math.round(sound.duration), sound.currentTime];
}"""

READ = """async (url) => {
  let read = 0;
  for await (const piece of (await fetch(url)).body) read += piece.length;
  return read;
}"""


def peak_memory(pid: int) -> int:
    """The most memory a process has held, bytes (Linux)."""
    [kilobytes] = re.findall(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    return int(kilobytes) * 1024


def test_a_file_of_200_mb_seeks_with_bounded_memory(installation, chromium):
    installation.manage("migrate", "-v0")
    installation.manage("collectstatic", "--noinput", "-v0")
    url = installation.manage("shell", "-v0", "-c", SEED).strip()
    web = installation.start_web()
    page = chromium.new_page()
    sign_in(page, installation)
    before = peak_memory(web.pid)
    assert page.evaluate(SEEK, installation.url + url) == [1092, 1000]
    # Read through once as well: pieces, never the whole.
    assert page.evaluate(READ, installation.url + url) == 200 * MEGABYTE
    assert peak_memory(web.pid) - before < 60 * MEGABYTE
    page.close()
