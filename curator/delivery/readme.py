"""README.txt of a package, German and English: what the client needs to be told (contract item 12)."""

from collections.abc import Sequence

_TEXT = """\
{title}
{rule}

DEUTSCH

Dieses Paket enthält je Cue einen Ordner mit drei Dateien desselben Namens:
- .musicxml: die Noten (MusicXML 4.0, zwei Systeme Klavier), für Digital Director, MuseScore und Dorico
- .mid:      dieselben Noten als MIDI (Typ 1, 480 PPQ) mit Tempo, Takt, Markern und Pedal (CC64), für Cubase
- .abc:      der Text, wie er freigegeben wurde
Daneben liegen cuesheet.csv und cuesheet.html (Musikliste, zum Drucken), markers.csv (Hits und Tempowechsel mit
Timecode) und manifest.json (Bildrate, Takte, Hits, Herkunft bis zu den Hörurteilen, Prüfsumme jeder Datei).

{cues}

In Digital Director:
- Für Klavier "Keyswitches ... (OT Miroire)" abwählen: sonst klingt zu jeder Note ein tiefer Zusatzton.
- "CC1" abwählen: fürs Klavier ohne Nutzen.
- Wenn Töne genau auf das Bild fallen sollen: "Minimalistisch" und "subtil ±5 %" wählen. Die Voreinstellung
  verschiebt Melodietöne um bis zu 0,1 Sekunden.
- Das Ergebnis liegt in results/results/NAME_conducted.mid (aus .mid in results/NAME_conducted.mid).
- Das Pedal geht auf dem Weg über .musicxml verloren; die .mid behält Pedal, Tempo und Marker.
- Akzente setzt Digital Director immer auf ein 4/4-Raster, auch in anderen Taktarten.
- Nötig sind music21 kleiner als Version 10 (pip install "music21<10") und MuseScore.

In Cubase (Einstellungen > MIDI > MIDI-Datei):
- "Marker importieren" einschalten.
- "Master-Track-Events beim Zusammenführen ignorieren" ausschalten, sonst geht das Tempo verloren.

Wiederholungen sind ausgeschrieben, Vorschläge stehen als kurze Noten, jeder Takt ist gefüllt: Taktzahlen gleich
Zeitachse. Takt 1 beginnt mit dem Bild, das im Manifest als timecode_in steht.

ENGLISH

This package holds one folder per cue with three files of one name:
- .musicxml: the score (MusicXML 4.0, piano on two staves), for Digital Director, MuseScore and Dorico
- .mid:      the same notes as MIDI (type 1, 480 PPQ) with tempo, metre, markers and pedal (CC64), for Cubase
- .abc:      the text as it was approved
Beside them lie cuesheet.csv and cuesheet.html (cue sheet, to print), markers.csv (hits and tempo changes with
timecode) and manifest.json (frame rate, bars, hits, origin down to the judgements, checksum of each file).

{cues}

In Digital Director:
- Untick "Keyswitches ... (OT Miroire)" for piano: otherwise a low extra note sounds with every note.
- Untick "CC1": of no use for a piano.
- When notes must meet the picture, choose "Minimalistisch" and "subtil ±5 %". The default moves melody notes by
  up to 0.1 seconds.
- The result lies in results/results/NAME_conducted.mid (from .mid in results/NAME_conducted.mid).
- The pedal is lost on the way from .musicxml; the .mid keeps pedal, tempo and markers.
- Digital Director always puts accents on a 4/4 grid, in other metres too.
- It needs music21 below version 10 (pip install "music21<10") and MuseScore.

In Cubase (Preferences > MIDI > MIDI File):
- Switch "Import Markers" on.
- Switch "Ignore Master Track Events on Merge" off, or the tempo is lost.

Repeats are written out, grace notes stand as short notes, every bar is full: bar numbers are the time line. Bar 1
begins with the frame that the manifest calls timecode_in.
"""


def readme(film: str, stems: Sequence[str]) -> str:
    """The text for a film's title and the folders of its cues; ends with a line break."""
    title = " ".join(film.split()) or "Cuewright"
    cues = "\n".join(f"  {stem}/" for stem in stems)
    return _TEXT.format(title=title, rule="=" * len(title), cues=cues)
