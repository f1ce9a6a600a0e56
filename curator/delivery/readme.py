"""README.txt of a package, German and English: what the client needs to be told (contract item 12)."""

from collections.abc import Sequence

_TEXT = """\
{title}
{rule}

DEUTSCH

Dieses Paket enthält je Cue einen Ordner mit einer Datei .musicxml (MusicXML 4.0, zwei Systeme Klavier).
manifest.json nennt zu jedem Cue Takte, Länge, Tempo, Herkunft und die Prüfsumme jeder Datei.

{cues}

In Digital Director:
- Für Klavier "Keyswitches ... (OT Miroire)" abwählen: sonst klingt zu jeder Note ein tiefer Zusatzton.
- "CC1" abwählen: fürs Klavier ohne Nutzen.
- Wenn Töne genau auf das Bild fallen sollen: "Minimalistisch" und "subtil ±5 %" wählen. Die Voreinstellung
  verschiebt Melodietöne um bis zu 0,1 Sekunden.
- Das Ergebnis liegt in results/results/NAME_conducted.mid.
- Akzente setzt Digital Director immer auf ein 4/4-Raster, auch in anderen Taktarten.
- Nötig sind music21 kleiner als Version 10 (pip install "music21<10") und MuseScore.

In Cubase (Einstellungen > MIDI > MIDI-Datei):
- "Marker importieren" einschalten.
- "Master-Track-Events beim Zusammenführen ignorieren" ausschalten, sonst geht das Tempo verloren.

Wiederholungen sind ausgeschrieben, Vorschläge stehen als kurze Noten, jeder Takt ist gefüllt: Taktzahlen gleich
Zeitachse.

ENGLISH

This package holds one folder per cue with one .musicxml file (MusicXML 4.0, piano on two staves).
manifest.json gives the bars, length, tempo and origin of each cue and the checksum of each file.

{cues}

In Digital Director:
- Untick "Keyswitches ... (OT Miroire)" for piano: otherwise a low extra note sounds with every note.
- Untick "CC1": of no use for a piano.
- When notes must meet the picture, choose "Minimalistisch" and "subtil ±5 %". The default moves melody notes by
  up to 0.1 seconds.
- The result lies in results/results/NAME_conducted.mid.
- Digital Director always puts accents on a 4/4 grid, in other metres too.
- It needs music21 below version 10 (pip install "music21<10") and MuseScore.

In Cubase (Preferences > MIDI > MIDI File):
- Switch "Import Markers" on.
- Switch "Ignore Master Track Events on Merge" off, or the tempo is lost.

Repeats are written out, grace notes stand as short notes, every bar is full: bar numbers are the time line.
"""


def readme(film: str, stems: Sequence[str]) -> str:
    """The text for a film's title and the folders of its cues; ends with a line break."""
    title = " ".join(film.split()) or "Cuewright"
    cues = "\n".join(f"  {stem}/{stem}.musicxml" for stem in stems)
    return _TEXT.format(title=title, rule="=" * len(title), cues=cues)
