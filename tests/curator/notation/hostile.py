"""Files like those of the reference folder's hostile/, made here: (name, bytes, what must happen).

What must happen is "refused", "taken", or "either" where both are sound and only a crash would not be.
"""

import io
import struct
import zipfile
from collections.abc import Iterator

from tests.curator.notation.scores import note, two_staff

Case = tuple[str, bytes, str]
CONTAINER = b'<container><rootfiles><rootfile full-path="a.xml"/></rootfiles></container>'
DECLARED = b'<?xml version="1.0" encoding="UTF-8"?>\n'


def mxl(files: dict[str, bytes], *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip file of these names and contents."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def _with_type(declaration: str) -> bytes:
    return two_staff().replace(DECLARED, DECLARED + declaration.encode() + b"\n", 1)


def entities() -> Iterator[Case]:
    """Document types that read files, call home or grow."""
    laughs = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 10))
    yield (
        "laughs.xml",
        _with_type(f'<!DOCTYPE score-partwise [<!ENTITY l0 "ha">{laughs}]>').replace(b"Study", b"&l9;"),
        "refused",
    )
    xxe = b"Study", b"&x;"
    for name, system in (("file", "file:///etc/passwd"), ("home", "http://127.0.0.1:9/x"), ("php", "/dev/zero")):
        declaration = f'<!DOCTYPE score-partwise [<!ENTITY x SYSTEM "{system}">]>'
        yield f"xxe_{name}.xml", _with_type(declaration).replace(*xxe), "refused"
    yield (
        "parameter.xml",
        _with_type('<!DOCTYPE score-partwise [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;]>'),
        "refused",
    )
    yield "outer_dtd.xml", _with_type('<!DOCTYPE score-partwise SYSTEM "file:///etc/passwd">'), "taken"
    yield "undeclared.xml", two_staff().replace(b"Study", b"&nbsp;"), "refused"
    include = b'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="/etc/passwd" parse="text"/>'
    yield "xinclude.xml", two_staff().replace(b"Study", include), "refused"


def encodings() -> Iterator[Case]:
    """Bytes and declarations that agree or do not."""
    text = two_staff(title="Étude").decode()
    for codec in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig"):
        yield f"{codec}.xml", text.replace("UTF-8", codec.partition("-sig")[0]).encode(codec), "either"
    yield "latin1.xml", text.replace("UTF-8", "ISO-8859-1").encode("latin-1"), "taken"
    yield "cp1252.xml", text.replace("UTF-8", "windows-1252").encode("cp1252"), "taken"
    yield "latin1_undeclared.xml", text.encode("latin-1"), "refused"
    yield "unknown_encoding.xml", text.replace("UTF-8", "x-klingon").encode(), "refused"
    yield "utf7.xml", text.replace("UTF-8", "UTF-7").encode("utf-7"), "either"
    yield "ebcdic.xml", text.replace("UTF-8", "cp037").encode("cp037"), "refused"
    yield "surrogates.xml", two_staff().replace(b"Study", b"\xed\xa0\x80"), "refused"
    yield "escape.xml", two_staff().replace(b"Study", b"\x1b[31m"), "refused"


def other_things() -> Iterator[Case]:
    """Files that are no scores."""
    yield "picture.xml", b"\x89PNG\r\n\x1a\n" + b"\0" * 500, "refused"
    yield "sound.musicxml", b"MThd\0\0\0\6\0\1\0\1\0\x60MTrk", "refused"
    yield "page.musicxml", b"<!DOCTYPE html><html><body>score</body></html>", "refused"
    yield "svg.xml", b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', "refused"
    yield "opus.xml", b"<opus><score/></opus>", "refused"
    yield "gzip.mxl", b"\x1f\x8b\x08" + b"\0" * 100, "refused"
    yield "rar.mxl", b"Rar!\x1a\x07" + b"\0" * 100, "refused"
    yield "seven.mxl", b"7z\xbc\xaf\x27\x1c" + b"\0" * 100, "refused"
    yield "nul.musicxml", b"\0" * 10_000, "refused"
    yield "blank.musicxml", b" \n" * 10_000, "refused"
    yield "namespace.xml", two_staff().replace(b"<score-partwise", b'<score-partwise xmlns="urn:x"'), "refused"
    yield "half.xml", two_staff()[: len(two_staff()) // 2], "refused"
    yield "twice.xml", two_staff() + two_staff(), "refused"
    yield "no_ending", two_staff(), "refused"
    yield "score.musicxml.exe", two_staff(), "refused"


def zips() -> Iterator[Case]:
    """Packed scores, broken and evil."""
    score = two_staff()
    yield "plain.mxl", mxl({"META-INF/container.xml": CONTAINER, "a.xml": score}), "taken"
    yield "stored.mxl", mxl({"META-INF/container.xml": CONTAINER, "a.xml": score}, method=zipfile.ZIP_STORED), "taken"
    for name in ("../../a.xml", "/etc/a.xml", "..\\a.xml", "C:/a.xml"):
        yield f"path_{len(name)}.mxl", mxl({"META-INF/container.xml": CONTAINER, "a.xml": score, name: b""}), "refused"
    yield "bomb.mxl", mxl({"META-INF/container.xml": CONTAINER, "a.xml": b" " * 60_000_000}), "refused"
    yield (
        "bomb_beside.mxl",
        mxl({"META-INF/container.xml": CONTAINER, "a.xml": score, "b": b" " * 60_000_000}),
        "refused",
    )
    yield "many.mxl", mxl({"META-INF/container.xml": CONTAINER, **{f"{i}.xml": score for i in range(500)}}), "refused"
    yield "inner.mxl", mxl({"a.xml": mxl({"META-INF/container.xml": CONTAINER, "a.xml": score})}), "refused"
    yield "none.mxl", mxl({}), "refused"
    yield "two.mxl", mxl({"a.xml": score, "b.xml": score}), "refused"
    whole = mxl({"META-INF/container.xml": CONTAINER, "a.xml": score})
    yield "cut.mxl", whole[: len(whole) // 2], "refused"
    yield "bad_sum.mxl", whole.replace(whole[60:70], b"\xff" * 10, 1), "refused"
    lie = bytearray(whole)
    at = whole.rfind(b"PK\x01\x02")
    lie[at + 24 : at + 28] = struct.pack("<I", 5)
    yield "lies_about_size.mxl", bytes(lie), "either"
    locked = bytearray(whole)
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = whole.find(mark)
        while place >= 0:
            locked[place + offset] |= 1
            place = whole.find(mark, place + 1)
    yield "encrypted.mxl", bytes(locked), "refused"
    evil = CONTAINER.replace(b"<container>", b'<!DOCTYPE c [<!ENTITY x SYSTEM "/etc/passwd">]><container>&x;')
    yield "container_xxe.mxl", mxl({"META-INF/container.xml": evil, "a.xml": score}), "refused"
    outside = CONTAINER.replace(b"a.xml", b"../../../../etc/passwd")
    yield "container_path.mxl", mxl({"META-INF/container.xml": outside, "a.xml": score}), "refused"
    link = zipfile.ZipInfo("a.xml")
    link.external_attr = 0o120777 << 16
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("META-INF/container.xml", CONTAINER)
        archive.writestr(link, "/etc/passwd")
    yield "link.mxl", buffer.getvalue(), "refused"


def numbers() -> Iterator[Case]:
    """Times and pitches that are no times and pitches."""
    score = two_staff()
    divisions = b"<divisions>2</divisions>"
    for text in ("0", "-1", "NaN", "INF", "1e9", "1e999999999", "0.0000001", "9" * 5000, "", "٢", "0x10"):
        bad = f"<divisions>{text}</divisions>".encode()
        yield f"divisions_{text[:9]}.xml", score.replace(divisions, bad), "refused" if text != "0.0000001" else "either"
    for text in ("0", "-4", "NaN", "1e9", "99999999999999999999", "0.333333333333", "1/2"):
        bad = score.replace(b"<duration>4<", f"<duration>{text}<".encode())
        yield f"duration_{text[:9].replace('/', '_')}.xml", bad, "refused" if text != "0.333333333333" else "either"
    huge = score.replace(divisions, b"<divisions>1000003</divisions>")
    yield "divisions_prime.xml", huge, "either"
    for text in ("NaN", "-5", "0", "1e400", "99999999"):
        sound = f'<sound tempo="{text}"/><note>'.encode()
        yield f"tempo_{text}.xml", score.replace(b"<note>", sound, 1), "either"
        mark = f"<beat-unit>quarter</beat-unit><per-minute>{text}</per-minute>".encode()
        mark = b"<direction><direction-type><metronome>" + mark + b"</metronome></direction-type></direction><note>"
        yield f"metronome_{text}.xml", score.replace(b"<note>", mark, 1), "taken"
    for text in ("1" * 500, "ca. 76", "76-80", "q = 60", "∞"):
        mark = f"<beat-unit>quarter</beat-unit><per-minute>{text}</per-minute>".encode()
        mark = b"<direction><direction-type><metronome>" + mark + b"</metronome></direction-type></direction><note>"
        yield f"metronome_{text[:6]}.xml", score.replace(b"<note>", mark, 1), "taken"
    for beats, kind in (("0", "4"), ("-3", "4"), ("3", "0"), ("3", "7"), ("999999", "4"), ("3+", "4"), ("x", "y")):
        metre = f"<beats>{beats}</beats><beat-type>{kind}</beat-type>".encode()
        yield f"metre_{beats}_{kind}.xml", score.replace(b"<beats>3</beats><beat-type>4</beat-type>", metre), "either"
    for octave in ("-1", "10", "999"):
        yield f"octave_{octave}.xml", score.replace(b"<octave>5<", f"<octave>{octave}<".encode()), "refused"
    yield "octave_9.xml", score.replace(b"<octave>5<", b"<octave>9<"), "taken"
    yield "alter_3.xml", score.replace(b"</step>", b"</step><alter>3</alter>", 1), "refused"
    yield "backup.xml", score.replace(b"<backup><duration>6", b"<backup><duration>60", 1), "refused"
    yield "no_backup.xml", score.replace(b"<backup><duration>6</duration></backup>", b"", 1), "either"


def shapes() -> Iterator[Case]:
    """Scores that are built in a way nobody builds them."""
    score = two_staff()
    deep = b"<notations>" * 3000 + b"</notations>" * 3000
    yield "deep.xml", score.replace(b"</note>", deep + b"</note>", 1), "refused"
    yield "no_parts.xml", score.split(b"<part id")[0] + b"</score-partwise>", "refused"
    empty = b'<part id="P1"></part></score-partwise>'
    yield "empty_part.xml", score.split(b"<part id")[0] + empty, "refused"
    yield (
        "empty_bar.xml",
        score.split(b"<part id")[0] + b'<part id="P1"><measure number="1"/></part></score-partwise>',
        "refused",
    )
    yield "no_part_list.xml", score.replace(score[score.find(b"<part-list>") : score.find(b"<part id")], b""), "refused"
    yield "other_id.xml", score.replace(b'<part id="P1"', b'<part id="P2"'), "refused"
    title = two_staff(title="x" * 1_000_000)
    yield "giant_title.xml", title, "taken"
    yield "script_title.xml", two_staff(title="&lt;script&gt;{{ 7*7 }}'; DROP TABLE x"), "taken"
    attribute = b'<measure number="1" text="' + b"y" * 3_000_000 + b'"'
    yield "giant_attribute.xml", score.replace(b'<measure number="1"', attribute, 1), "either"
    attributes = " ".join(f'a{i}="1"' for i in range(20_000)).encode()
    yield "attributes.xml", score.replace(b"<note>", b"<note " + attributes + b">", 1), "refused"
    voices = "".join(
        f"<backup><duration>6</duration></backup>{note('E', 4, 6, i, 1)}" for i in range(10, 3000)
    ).encode()
    yield "voices.xml", score.replace(b"</measure>", voices + b"</measure>", 1), "refused"
    layers = "".join(f"<backup><duration>6</duration></backup>{note('E', 4, 6, 1, 1)}" for _ in range(1500)).encode()
    yield "layers.xml", score.replace(b"</measure>", layers + b"</measure>", 1), "refused"
    chord = note("E", 4, 6, 1, 1).replace("<note>", "<note><chord/>") * 1500
    yield "chord.xml", score.replace(b"<backup>", chord.encode() + b"<backup>", 1), "refused"
    graces = note("E", 4, 6, 1, 1).replace("<duration>6</duration>", "").replace("<note>", "<note><grace/>") * 1500
    yield "graces.xml", score.replace(b"<note>", graces.encode() + b"<note>", 1), "either"
    tied = note("C", 5, 2, 1, 1).replace("</duration>", '</duration><tie type="stop"/><tie type="start"/>') * 1800
    yield "ties.xml", score.replace(b"<backup><duration>6", tied.encode() + b"<backup><duration>6", 1), "either"
    tags = b"<direction><direction-type><words/></direction-type></direction>" * 310_000
    yield "tags.xml", score.replace(b"<note>", tags + b"<note>", 1), "refused"
    yield "percussion.xml", score.replace(b"<sign>G</sign>", b"<sign>percussion</sign>"), "either"
    unpitched = b"<unpitched><display-step>C</display-step><display-octave>5</display-octave></unpitched>"
    yield "unpitched.xml", score.replace(b"<pitch><step>C</step><octave>5</octave></pitch>", unpitched), "refused"
    yield "tab.xml", score.replace(b"<sign>G</sign><line>2</line>", b"<sign>TAB</sign><line>5</line>"), "either"
    yield (
        "two_parts_of_one_id.xml",
        score.replace(b"</score-partwise>", b'<part id="P1"><measure number="1"/></part></score-partwise>'),
        "either",
    )
    yield "parts.xml", _many_parts(400), "refused"
    yield "third_staff.xml", score.replace(b"<staff>2</staff>", b"<staff>3</staff>", 1), "refused"
    yield "staff_zero.xml", score.replace(b"<staff>2</staff>", b"<staff>0</staff>"), "either"
    yield "no_bars_number.xml", score.replace(b'number="2"', b'number="' + b"9" * 3000 + b'"'), "either"
    volta = b'<barline location="right"><ending number="999999999" type="start"/>'
    volta += b'<repeat direction="backward" times="99999"/></barline></measure>'
    yield "volta.xml", score.replace(b"</measure>", volta, 1), "either"
    tuplet = (
        b"<time-modification><actual-notes>99999999</actual-notes><normal-notes>1</normal-notes></time-modification>"
    )
    yield "tuplet.xml", score.replace(b"<staff>1", tuplet + b"<staff>1", 1), "either"
    yield "tuplet_zero.xml", score.replace(b"<staff>1", tuplet.replace(b"99999999", b"0") + b"<staff>1", 1), "either"
    dots = b"<type>half</type>" + b"<dot/>" * 5000
    yield "dots.xml", score.replace(b"<staff>1", dots + b"<staff>1", 1), "either"
    lyric = b'<lyric number="chorus"><text>la</text></lyric></note>'
    yield "lyric.xml", score.replace(b"</note>", lyric, 1), "taken"
    words = "<direction><direction-type><words>{}</words></direction-type></direction><note>"
    for place, text in enumerate(("%%abc-include /etc/passwd", "| [V:9] | :|", '"' * 300, "\\" * 50, "%" * 99)):
        yield f"words_{place}.xml", score.replace(b"<note>", words.format(text).encode(), 1), "taken"
    for place, text in enumerate(("\n%%abc-include /etc/passwd\n", "I:abc-include /etc/passwd", "K:G", '" %%')):
        named = score.replace(b"<part-name>Piano<", f"<part-name>{text}<".encode())
        yield f"name_{place}.xml", named, "taken"


def abc() -> Iterator[Case]:
    """ABC text that reaches for files or the reader's patience."""
    tune = "X:1\nT:t\nM:3/4\nL:1/8\n%%score { 1 | 2 }\nK:C\nV:1\nV:2 clef=bass\nV:1\nc4 d2 | c6 |]\nV:2\nC,6 | C,6 |]\n"
    yield "tune.abc", tune.encode(), "taken"
    yield "utf16.abc", tune.encode("utf-16"), "refused"
    for place, line in enumerate(
        (
            "%%abc-include /etc/passwd",
            "I:abc-include /etc/passwd",
            "  %%abc-include /etc/passwd",
            "%%ABC-INCLUDE /etc/passwd",
            "I: abc-include /etc/passwd",
        )
    ):
        yield f"include_{place}.abc", tune.replace("K:C", f"{line}\nK:C").encode(), "refused"
    for place, sign in enumerate("\x0b\x0c\x1c\x85\u2028"):
        hidden = tune.replace("T:t", f"T:t{sign}%%abc-include /etc/passwd")
        yield f"hidden_{place}.abc", hidden.encode(), "refused"
    yield "inline.abc", tune.replace("c4 d2", "[I:abc-include /etc/passwd]c4 d2").encode(), "refused"
    yield "score.abc", tune.replace("%%score { 1 | 2 }", "%%score " + "{(" * 400).encode(), "either"
    yield "macro.abc", tune.replace("K:C", "m: ~n = nnnnnn\nU: T = !x!\nK:C").encode(), "either"
    yield "open.abc", tune.replace("c4 d2", "[" * 500).encode(), "refused"
    yield "length.abc", tune.replace("c4", "c99999999999").encode(), "refused"
    yield "zero.abc", tune.replace("c4", "c4/0").encode(), "either"
    yield "words.abc", b"This is a letter to a friend.", "refused"


def _many_parts(count: int) -> bytes:
    listed = "".join(f'<score-part id="P{i}"><part-name>x</part-name></score-part>' for i in range(count))
    music = note("C", 4, 4, 1, 1).replace("<staff>1</staff>", "")
    parts = "".join(
        f'<part id="P{i}"><measure number="1"><attributes><divisions>1</divisions></attributes>{music}</measure></part>'
        for i in range(count)
    )
    return f'<score-partwise version="4.0"><part-list>{listed}</part-list>{parts}</score-partwise>'.encode()


def cases() -> list[Case]:
    """All of them."""
    made = (entities(), encodings(), other_things(), zips(), numbers(), shapes(), abc())
    return [case for group in made for case in group]
