import io
import json
import zipfile

import mido
import pytest
from django.utils import timezone

from curator.delivery.contract import inspect
from curator.domain.approvals import approve_cue, revoke_approval
from curator.domain.deliveries import read_film_delivery
from curator.domain.delivery import deliver_cue, deliver_film
from curator.domain.errors import DomainError
from curator.domain.media import read_media
from curator.domain.preparing import prepare_film
from curator.domain.rights import confirm_rights
from curator.models.delivery import DeliveredCue, Delivery
from curator.models.film import Cue, CueState
from curator.models.library import Origin, Piece, Rights, Source
from curator.models.measures import TakeMeasure
from curator.models.ranking import Answer, Judgement
from curator.models.rights import Purpose
from curator.notation.runs import COPIED
from tests.curator.delivery_scene import ANCESTOR, lantern, lit_cue, overfull, scored_cue
from tests.factories import make_take, make_version

pytestmark = pytest.mark.django_db


def test_deliver_cue_writes_the_contracts_file_and_lights_the_tick(owner):
    cue = lit_cue(lantern(composer_line="Team Laterne"), owner)
    handed = deliver_cue(cue=cue, by=owner)
    assert handed.delivery.filename == "1m1_dachboden_v1.musicxml"
    assert [check for check in inspect(handed.data, stem="1m1_dachboden_v1") if not check.ok] == []
    text = handed.data.decode()
    for words in (
        "<work-title>1m1 Dachboden</work-title>",
        '<creator type="composer">Team Laterne</creator>',
        f'<miscellaneous-field name="checkpoint">demo {"4f1c" * 16}</miscellaneous-field>',
        '<miscellaneous-field name="seed">7</miscellaneous-field>',
        '<sound tempo="66.5"/>',
    ):
        assert words in text
    delivered = DeliveredCue.objects.get()
    assert (delivered.cue, delivered.take, delivered.approval, delivered.notes, delivered.sha256) == (
        cue,
        cue.takes.get(),
        cue.approvals.get(),
        7,
        handed.delivery.sha256,
    )
    assert read_media(handed.delivery.media) == handed.data
    assert Cue.objects.get(pk=cue.pk).state == CueState.DELIVERED


def test_deliver_cue_twice_is_one_delivery(owner):
    cue = lit_cue(lantern(), owner)
    first, again = deliver_cue(cue=cue, by=owner), deliver_cue(cue=cue, by=owner, channel="command")
    assert (first.delivery, first.data) == (again.delivery, again.data)
    assert (Delivery.objects.count(), DeliveredCue.objects.count()) == (1, 1)


def test_a_newly_approved_take_is_a_new_version(owner):
    cue = lit_cue(lantern(), owner)
    first = deliver_cue(cue=cue, by=owner)
    old = cue.takes.get().version
    other = make_take(cue=cue, version=make_version(abc="other", musicxml=old.musicxml))
    approve_cue(cue=cue, take=other, by=owner)
    assert Cue.objects.get(pk=cue.pk).state == CueState.APPROVED
    second = deliver_cue(cue=cue, by=owner)
    assert [first.delivery.filename, second.delivery.filename] == [
        "1m1_dachboden_v1.musicxml",
        "1m1_dachboden_v2.musicxml",
    ]


def test_deliver_cue_refuses_what_is_not_approved(owner):
    cue, take = scored_cue(lantern())
    with pytest.raises(DomainError, match="No take of 1m1 is approved yet"):
        deliver_cue(cue=cue, by=owner)
    approve_cue(cue=cue, take=take, by=owner)
    revoke_approval(cue=cue, by=owner)
    with pytest.raises(DomainError, match="No take of 1m1 is approved yet"):
        deliver_cue(cue=cue, by=owner)
    assert not Delivery.objects.exists()


def test_deliver_cue_says_in_the_readers_language_why_it_cannot(owner):
    cue = lit_cue(lantern(), owner, musicxml=overfull())
    with pytest.raises(DomainError, match="Bar 1 holds 4 quarter notes in voice 1, but 3/4 has room for 3"):
        deliver_cue(cue=cue, by=owner)


def test_deliver_cue_converts_a_version_that_has_only_abc(owner):
    cue, take = scored_cue(lantern(), metre="3/4")
    take.version.musicxml = ""
    take.version.save()
    approve_cue(cue=cue, take=take, by=owner)
    assert inspect(deliver_cue(cue=cue, by=owner).data)[0].ok


def test_deliver_film_packs_approved_cues_and_names_problems(owner):
    film = lantern()
    lit_cue(film, owner)
    lit_cue(film, owner, title="Über dem Meer", musicxml=overfull())
    scored_cue(film)
    lit_cue(film, owner, title="Heimweg")
    handed = deliver_film(film=film, by=owner)
    assert [(problem.cue.number, problem.about) for problem in handed.problems] == [("1m2", "bars")]
    with zipfile.ZipFile(io.BytesIO(handed.data)) as archive:
        assert archive.namelist() == [
            *(f"1m1_dachboden_v1/1m1_dachboden_v1.{suffix}" for suffix in ("abc", "mid", "musicxml")),
            *(f"1m4_heimweg_v1/1m4_heimweg_v1.{suffix}" for suffix in ("abc", "mid", "musicxml")),
            *("README.txt", "cuesheet.csv", "cuesheet.html", "manifest.json", "markers.csv"),
        ]
        manifest = json.loads(archive.read("manifest.json"))
    assert [cue["number"] for cue in manifest["cues"]] == ["1m1", "1m4"]
    first = manifest["cues"][0]
    assert first["music"]["metres"] == [{"bar": 1, "metre": "4/4"}]
    assert (first["music"]["bars"], first["music"]["notes"]["delivered"]) == (2, 7)
    assert (first["lineage"]["take"], first["lineage"]["making"]["seed"]) == (1, 7)
    times = first["times"]
    assert (times["timecode_in"], times["timecode_out"], times["music_seconds"]) == (
        "00:00:00:00",
        "00:00:07:05",
        7.218,
    )
    assert times["ends_after_ms"] == 9.7
    assert handed.delivery.manifest == manifest
    assert {cue.number: cue.state for cue in film.cues.all()} == {
        "1m1": "delivered",
        "1m2": "approved",
        "1m3": "to_rank",
        "1m4": "delivered",
    }
    assert handed.delivery.filename.startswith("die-kleine-laterne_20")
    assert deliver_film(film=film, by=owner).delivery == handed.delivery


def test_deliver_film_refuses_an_empty_package(owner):
    film = lantern()
    with pytest.raises(DomainError, match="No cue is approved, so there is nothing to pack"):
        deliver_film(film=film, by=owner)
    lit_cue(film, owner, musicxml=overfull())
    with pytest.raises(DomainError, match="Bar 1 holds"):
        deliver_film(film=film, by=owner)


def test_practice_cues_stay_at_home(owner):
    film = lantern()
    lit_cue(film, owner, practice=True)
    assert prepare_film(film=film) == ((), ())


def test_read_film_delivery_tells_what_fits_and_what_went_out(owner):
    film = lantern()
    fits = lit_cue(film, owner)
    long = lit_cue(film, owner, out_frame=1200)
    broken = lit_cue(film, owner, musicxml=overfull())
    waits, _take = scored_cue(film)
    deliver_cue(cue=fits, by=owner)
    changed = lit_cue(film, owner)
    deliver_cue(cue=changed, by=owner)
    revoke_approval(cue=changed, by=owner)
    now = read_film_delivery(film=film, cues=[fits, long, broken, waits, changed])
    good = (True,) * 7
    assert [line.checks for line in now.lines] == [
        good,
        (False, *good[1:]),
        (None, False, None, None, None, None, None),
        (),
        (),
    ]
    assert [line.trouble for line in now.lines] == [
        "",
        "The music ends 42.78 seconds before the cue; at a tempo of 9.60 it would end with it.",
        "Bar 1 holds 4 quarter notes in voice 1, but 3/4 has room for 3.",
        "",
        "",
    ]
    assert [bool(line.since) for line in now.lines] == [True, False, False, False, False]
    assert [line.withdrawn and line.withdrawn.filename for line in now.lines] == [
        None,
        None,
        None,
        None,
        "1m5_dachboden_v1.musicxml",
    ]
    assert (now.ready, len(now.files), len(now.history)) == (2, 11, 2)


def test_read_film_delivery_asks_the_database_as_often_for_six_cues_as_for_one(owner, django_assert_num_queries):
    film = lantern()
    cues = [lit_cue(film, owner)]
    deliver_cue(cue=cues[0], by=owner)
    with django_assert_num_queries(16):
        read_film_delivery(film=film, cues=cues)
    for _ in range(5):
        cues.append(lit_cue(film, owner))
        deliver_cue(cue=cues[-1], by=owner)
    with django_assert_num_queries(16):
        read_film_delivery(film=film, cues=cues)


def test_what_is_in_copyright_stays_at_home_until_someone_confirms_it_by_name(owner):
    film = lantern()
    cue = lit_cue(film, owner)
    lit_cue(film, owner, title="Heimweg")
    piece = cue.takes.get().version.piece
    piece.source = Source.objects.create(name="Edition", rights=Rights.OWN_COPY)
    piece.save()
    said = f"{piece.title} is in copyright, and nobody has confirmed that it may leave this machine."
    with pytest.raises(DomainError, match=said):
        deliver_cue(cue=cue, by=owner)
    handed = deliver_film(film=film, by=owner)
    assert [(problem.cue, problem.sentence) for problem in handed.problems] == [(cue, said)]
    confirm_rights(pieces=[piece], purpose=Purpose.LEAVING, by=owner)
    assert deliver_film(film=film, by=owner).problems == ()
    assert deliver_cue(cue=cue, by=owner).cues[0].cue == cue


def test_a_cue_can_be_followed_back_to_the_judgements_and_the_checkpoints_behind_it(owner, rater):
    film = lantern()
    cue, take = scored_cue(film)
    other = make_take(cue=cue, version=make_version(abc="other", musicxml=take.version.musicxml))
    votes = [
        Judgement.objects.create(cue=cue, rater=rater, pair=f"p{n}", left=take, right=other, answer=answer)
        for n, answer in enumerate((Answer.LEFT, Answer.TIE))
    ]
    Judgement.objects.create(
        cue=cue, rater=rater, pair="p0", left=take, right=other, answer=Answer.RIGHT, supersedes=votes[0]
    )
    approval = approve_cue(cue=cue, take=take, by=owner, why="It waits.")
    Judgement.objects.create(cue=cue, rater=rater, pair="late", left=take, right=other, answer=Answer.RIGHT)
    lineage = deliver_film(film=film, by=owner).delivery.manifest["cues"][0]["lineage"]
    assert [(told["left"], told["right"], told["answer"]) for told in lineage["judgements"]] == [
        (1, 2, "tie"),
        (1, 2, "right"),
    ]
    assert {told["listener"] for told in lineage["judgements"]} == {rater.public_id}
    assert rater.username not in str(lineage)
    assert lineage["making"]["ancestors"] == [ANCESTOR]
    assert (lineage["takes"], lineage["approval"]["id"], lineage["approval"]["why"]) == (
        2,
        approval.public_id,
        "It waits.",
    )


def test_a_near_copy_is_named(owner):
    film = lantern()
    cue = lit_cue(film, owner)
    take = cue.takes.get()
    assert _copy(film, owner)["verdict"] == "not compared"
    measure = TakeMeasure.objects.create(take=take, plan="p", facts={"bars": 2})
    assert _copy(film, owner)["verdict"] == "clear"
    piece = Piece.objects.create(title="Gymnopédie 1", composer="Satie", origin=Origin.CORPUS)
    measure.run_with = make_version(piece=piece, abc="satie")
    measure.run = {"kinds": COPIED, "mine": [1, 2], "theirs": [5, 6], "strokes": 40, "notes": 60, "piece_bars": 78}
    measure.save()
    assert _copy(film, owner) == {
        "verdict": "near copy",
        "piece": "Gymnopédie 1",
        "composer": "Satie",
        "how": "run",
        "share": 1.0,
        "bars": [1, 2],
        "their_bars": [5, 6],
    }
    [line] = read_film_delivery(film=film, cues=[cue]).lines
    assert line.copy.piece == "Gymnopédie 1"


def _copy(film, owner) -> dict[str, object]:
    told: dict[str, object] = deliver_film(film=film, by=owner).delivery.manifest["cues"][0]["copy_check"]
    return told


def test_hits_and_a_named_tail_are_told_in_manifest_and_midi(owner):
    film = lantern(start_frame=86400)
    cue = lit_cue(film, owner, in_frame=24, out_frame=149, tail="rings out", tail_frame=197)
    cue.hits.create(frame=96, label="Door", hard=True)
    handed = deliver_film(film=film, by=owner)
    told = handed.delivery.manifest["cues"][0]
    times = told["times"]
    assert (times["timecode_in"], times["timecode_out"], times["timecode_end"]) == (
        "01:00:01:00",
        "01:00:06:05",
        "01:00:08:05",
    )
    assert (times["tail"], times["ends_after_ms"], times["place_out"]) == ("rings out", 9.7, "2.2.773")
    [hit] = told["hits"]
    assert (hit["timecode"], hit["bar"], hit["beat"], hit["place"], hit["miss_ms"]) == (
        "01:00:04:00",
        1,
        4.325,
        "1.4",
        -293.2,
    )
    midi = mido.MidiFile(file=io.BytesIO(handed.cues[0].files[".mid"]))
    assert [event.text for event in midi.tracks[0] if event.type == "marker"] == [
        *("1m1 Dachboden", "HIT Door", "1m1 out", "1m1 rings out")
    ]
    assert all(line.checks[0] for line in read_film_delivery(film=film, cues=[cue]).lines)


def test_a_cue_that_was_set_aside_stays_at_home(owner):
    film = lantern()
    cue = lit_cue(film, owner)
    Cue.objects.filter(pk=cue.pk).update(set_aside_at=timezone.now())
    assert prepare_film(film=film) == ((), ())
