"""Blind is blind: what a browser gets before the answer does not change when the takes change places."""

import re
from typing import Any

import pytest
from django.db.models import F
from django.urls import reverse

from curator.domain.rendering import add_mp3
from curator.domain.standings import record_standing
from curator.models.film import Cue
from curator.models.library import Rendering, RenderingFile
from curator.models.ranking import Judgement, Pair, Take
from generation.models.checkpoints import Checkpoint
from generation.models.requests import Candidate, CueRequest
from tests.listening import cue_with_takes, give_opus, hand, judge

pytestmark = pytest.mark.django_db

LONG: dict[str, Any] = {"seconds": 1.3, "hertz": 440, "lufs": -23.0}
SHORT: dict[str, Any] = {"seconds": 0.7, "hertz": 180, "lufs": -26.5}


def candidate(take: Take, *, checkpoint: str, seed: int) -> Candidate:
    made = Checkpoint.objects.create(name=checkpoint, kind="sft", sha256=checkpoint[0] * 64, size=seed, header="plain")
    asked = CueRequest.objects.create(cue=take.cue, checkpoint=made, count=1, seed=seed)
    take.version.piece.making = {"checkpoint": checkpoint, "seed": seed, "text": "x" * seed}
    take.version.piece.title = f"{take.cue.number} · {checkpoint}"
    take.version.piece.save()
    return Candidate.objects.create(
        request=asked, index=0, number=take.number, seed=seed, take=take, checkpoint_sha256=made.sha256
    )


@pytest.fixture
def cue(owner) -> Cue:
    """Two takes that differ in everything: checkpoint, seed, strength, cohort, length, loudness, size of the file."""
    cue = cue_with_takes(2)
    strong, weak = cue.takes.order_by("number")
    give_opus(strong, **LONG)
    give_opus(weak, **SHORT)
    candidate(strong, checkpoint="lantern", seed=7)
    candidate(weak, checkpoint="demo", seed=70_001)
    Take.objects.filter(pk=strong.pk).update(cohort="round 2", prior_mean=0.8, prior_source="reward")
    judge(cue, owner, 3)
    return cue


def make_mp3s() -> None:
    """As they are and turned down by the 3.5 dB between the two, whichever side is the louder one."""
    for rendering in Rendering.objects.all():
        for quieter in (0, 7):
            add_mp3(sound_id=rendering.pk, quieter=quieter)


def swap(model, one, other, *names: str) -> None:
    """Exchange the values of two rows, past every rule that would notice it on the way."""
    first, second = (dict(model.objects.filter(pk=row.pk).values(*names).get()) for row in (one, other))
    model.objects.filter(pk=one.pk).update(**second)
    model.objects.filter(pk=other.pk).update(**first)


def exchange(cue: Cue, what: str) -> None:
    """Let the two takes of the cue change places in one respect."""
    one, other = cue.takes.order_by("number")
    if what == "checkpoint":
        first, second = (Candidate.objects.get(take=take) for take in (one, other))
        swap(Candidate, first, second, "checkpoint_sha256")
        swap(CueRequest, first.request, second.request, "checkpoint")
    elif what == "seed":
        first, second = (Candidate.objects.get(take=take) for take in (one, other))
        swap(Candidate, first, second, "seed")
        swap(type(one.version.piece), one.version.piece, other.version.piece, "making", "title")
    elif what == "strength":
        swap(Take, one, other, "prior_mean", "prior_source", "cohort")
        # the weak one has won what the strong one won; what the listener said stays what he said
        Judgement.objects.filter(cue=cue).update(left=F("right"), right=F("left"))
        record_standing(cue=cue)
    elif what == "order":
        Pair.objects.filter(cue=cue, closed_at__isnull=True).update(
            left=F("right"), right=F("left"), left_rendering=F("right_rendering"), right_rendering=F("left_rendering")
        )
    elif what == "sound":
        here, there = (Rendering.objects.get(version=take.version) for take in (one, other))
        swap(Rendering, here, there, "seconds", "facts")
        moved = [*here.files.all()], [*there.files.all()]
        for files, rendering in ((moved[0], there), (moved[1], here)):
            for file in files:
                RenderingFile.objects.filter(pk=file.pk).update(number=file.number + 100, rendering=rendering)
        RenderingFile.objects.update(number=F("number") - 100)


def heads(response) -> dict[str, str]:
    return {name: value for name, value in response.items() if name not in ("Expires", "Date")}


def answers(client, cue: Cue) -> list[tuple[int, dict[str, str], bytes]]:
    """Everything a browser asks for before the answer: status, headers, content; of sounds the number of bytes."""
    args = [cue.film.slug, cue.number]
    page = client.get(reverse("listen", args=args))
    seen = [(page.status_code, heads(page), page.content)]
    # where the page says that a sound is, in the order of the page
    for address in re.findall(r'data-src="([^"]+)"', page.content.decode()):
        for query in ("", "?as=mp3"):
            for asked in ({}, {"range": "bytes=-50"}, {"range": "bytes=900000-"}):
                sound = client.get(address + query, headers=asked)
                seen.append((sound.status_code, heads(sound), b"%d" % len(sound.content)))
            head = client.head(address + query)
            seen.append((head.status_code, heads(head), head.content))
            known = client.get(address + query, headers={"if-none-match": head.get("ETag", "")})
            seen.append((known.status_code, heads(known), known.content))
    ahead = client.post(reverse("prepare_pair", args=args))
    seen.append((ahead.status_code, heads(ahead), ahead.content))
    return seen


def without_tokens(seen, pair: Pair):
    """The same with random tokens blanked out; each must be as long as every other of its kind."""
    text = repr(seen)
    text = re.sub(r'(name="csrfmiddlewaretoken" value=")[A-Za-z0-9]{64}"', r'\1"', text)
    text = re.sub(r"(X-CSRFToken[^A-Za-z0-9]+)[A-Za-z0-9]{64}", r"\1", text)
    for token in (pair.public_id, pair.left_token, pair.right_token):
        assert len(token) == 12
        text = text.replace(token, "")
    return text


@pytest.mark.parametrize("made", ["opus only", "both mp3"])
@pytest.mark.parametrize("what", ["checkpoint", "seed", "strength", "order", "sound"])
def test_every_answer_before_the_vote_is_the_same(owner_client, owner, rater_client, rater, cue, what, made):
    user, client = (owner, owner_client) if made == "opus only" else (rater, rater_client)
    pair = hand(cue, user, audible=True)
    if made == "both mp3":
        make_mp3s()
    else:
        answers(client, cue)  # the first time sends work to the workers, which the owner's page counts
    before = without_tokens(answers(client, cue), pair)
    exchange(cue, what)
    after = without_tokens(answers(client, cue), pair)
    assert hand(cue, user, audible=True) == pair
    assert before == after


def test_the_sides_of_a_pair_answer_alike(rater_client, rater, cue):
    pair = hand(cue, rater, audible=True)
    make_mp3s()
    for query in ("", "?as=mp3"):
        left, right = (
            rater_client.get(reverse("sound", args=[token]) + query) for token in (pair.left_token, pair.right_token)
        )
        assert left.content != right.content
        assert len(left.content) == len(right.content)
        told = heads(left)
        assert told.pop("ETag") == f'"{pair.left_token}"'
        assert told | {"ETag": f'"{pair.right_token}"'} == heads(right)
