"""Every URL by role: a new URL that is not in the table fails, so that no view is open by accident."""

from typing import Any

import pytest
from django.test import Client
from django.urls import get_resolver, reverse
from django.urls.resolvers import URLPattern

from tests.factories import make_cue, make_take, make_version

pytestmark = pytest.mark.django_db

EVERYONE, SIGNED_IN, OWNER = "everyone", "signed in", "owner"

# name: (method, who may call it)
TABLE = {
    "home": ("get", SIGNED_IN),
    "film": ("get", OWNER),
    "new_film": ("get", OWNER),
    "film_settings": ("get", OWNER),
    "film_shots": ("get", OWNER),
    "film_shot": ("get", OWNER),
    "spread_lengths": ("post", OWNER),
    "film_import": ("get", OWNER),
    "film_import_look": ("get", OWNER),
    "film_import_drop": ("post", OWNER),
    "film_plan": ("get", OWNER),
    "add_cue": ("post", OWNER),
    "renumber_plan": ("post", OWNER),
    "stage_briefs": ("get", OWNER),
    "say_stage": ("post", OWNER),
    "cue_plan": ("get", OWNER),
    "move_border": ("post", OWNER),
    "choose_tempo": ("post", OWNER),
    "describe_cue": ("post", OWNER),
    "cue_wishes": ("post", OWNER),
    "add_hit": ("post", OWNER),
    "take_markers": ("post", OWNER),
    "ear_encoder": ("post", OWNER),
    "change_hit": ("post", OWNER),
    "split_cue": ("post", OWNER),
    "merge_cues": ("post", OWNER),
    "remove_cue": ("post", OWNER),
    "bring_back_cue": ("post", OWNER),
    "desk": ("post", OWNER),
    "ear": ("get", OWNER),
    "ear_score": ("post", OWNER),
    "ear_style": ("post", OWNER),
    "desk_live": ("get", OWNER),
    "cancel_takes": ("post", OWNER),
    "cancel_take": ("post", OWNER),
    "write_again": ("post", OWNER),
    "take_state": ("post", OWNER),
    "take_again": ("post", OWNER),
    "edit_take": ("get", OWNER),
    "mend_take": ("get", OWNER),
    "ask_film": ("get", OWNER),
    "forget_preset": ("post", OWNER),
    "pause_writing": ("post", OWNER),
    "put_up": ("get", OWNER),
    "put_up_version": ("post", OWNER),
    "draft": ("post", OWNER),
    "take": ("get", OWNER),
    "film_picture": ("get", OWNER),
    "picture_part": ("post", OWNER),
    "stills": ("post", OWNER),
    "still": ("get", OWNER),
    "cue_picture": ("get", OWNER),
    "themes": ("get", OWNER),
    "change_theme": ("post", OWNER),
    "name_bars": ("post", OWNER),
    "score": ("get", OWNER),
    "score_musicxml": ("get", OWNER),
    "edit_score": ("get", OWNER),
    "compare_scores": ("get", OWNER),
    "bring_back": ("post", OWNER),
    "render_again": ("post", OWNER),
    "sound_mp3": ("get", OWNER),
    "library": ("get", OWNER),
    "twins": ("get", OWNER),
    "decide_twins": ("post", OWNER),
    "take_back_twins": ("post", OWNER),
    "rights": ("get", OWNER),
    "confirm_rights": ("post", OWNER),
    "source": ("get", OWNER),
    "piece_about": ("post", OWNER),
    "keep_view": ("post", OWNER),
    "forget_view": ("post", OWNER),
    "tags": ("get", OWNER),
    "tag_pieces": ("post", OWNER),
    "rename_tag": ("post", OWNER),
    "add_scores": ("post", OWNER),
    "imports": ("get", OWNER),
    "retry_import": ("post", OWNER),
    "forget_import": ("post", OWNER),
    "disk": ("get", OWNER),
    "workers": ("get", OWNER),
    "free_gpu": ("post", OWNER),
    "job_chip": ("get", OWNER),
    "cancel_job": ("post", OWNER),
    "components": ("get", OWNER),
    "sign_in": ("get", EVERYONE),
    "sign_in_link": ("get", EVERYONE),
    "sign_out": ("post", SIGNED_IN),
    "set_language": ("post", EVERYONE),
    "media": ("get", SIGNED_IN),
    "listen": ("get", SIGNED_IN),
    "judge": ("post", SIGNED_IN),
    "undo_judgement": ("post", SIGNED_IN),
    "sound": ("get", SIGNED_IN),
    "film_standings": ("get", OWNER),
    "prepare_pair": ("post", SIGNED_IN),
    "raters": ("get", OWNER),
    "revoke_invitation": ("post", OWNER),
    "close_door": ("post", OWNER),
    "open_door": ("post", OWNER),
    "anonymise_rater": ("get", OWNER),
    "practice": ("get", OWNER),
    "forget_brief": ("post", OWNER),
    "sitting": ("get", SIGNED_IN),
    "warm_up": ("get", SIGNED_IN),
    "trial_pair": ("get", SIGNED_IN),
    "own_answers": ("get", SIGNED_IN),
    "change_answer": ("post", SIGNED_IN),
    "say_reason": ("post", SIGNED_IN),
    "standings": ("get", OWNER),
    "wall": ("get", OWNER),
    "delivery": ("get", OWNER),
    "deliver_cue": ("post", OWNER),
    "deliver_film": ("post", OWNER),
    "delivered_file": ("get", OWNER),
    "delivery_settings": ("post", OWNER),
    "print_film": ("get", OWNER),
    "print_sheet": ("get", OWNER),
    "print_cue": ("get", OWNER),
    "tokens": ("get", OWNER),
    "revoke_token": ("post", OWNER),
    "approve_cue": ("post", OWNER),
    "revoke_approval": ("post", OWNER),
    "training": ("get", OWNER),
    "training_new": ("get", OWNER),
    "training_confirm": ("post", OWNER),
    "training_builds": ("get", OWNER),
    "training_cancel": ("post", OWNER),
    "training_set": ("get", OWNER),
    "training_zip": ("get", OWNER),
    "rounds": ("get", OWNER),
    "machines": ("get", OWNER),
    "new_round": ("get", OWNER),
    "round": ("get", OWNER),
    "stop_round": ("post", OWNER),
    "resume_round": ("post", OWNER),
    "round_gate": ("get", OWNER),
    "measure_round": ("post", OWNER),
    "stop_measuring": ("post", OWNER),
    "match": ("get", OWNER),
    "match_round": ("post", OWNER),
    "end_match": ("post", OWNER),
    "promote_round": ("post", OWNER),
    "roll_back_round": ("post", OWNER),
    "checkpoints": ("get", OWNER),
    "checkpoint": ("get", OWNER),
    "checkpoint_prepare": ("post", OWNER),
    "checkpoint_delete": ("post", OWNER),
    "taste": ("get", OWNER),
    "taste_learn": ("post", OWNER),
    "taste_switch": ("post", OWNER),
    "checkpoint_file": ("get", OWNER),
    "preferences": ("get", OWNER),
    "freeze_preferences": ("post", OWNER),
    "preference_set": ("get", OWNER),
    "preference_file": ("get", OWNER),
}


def all_patterns(patterns=None) -> list[URLPattern]:
    """Every URL of the project but those that want a token (see test_api.py and test_renting.py)."""
    found: list[URLPattern] = []
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        if getattr(pattern, "namespace", "") not in ("api", "pods"):
            found += all_patterns(pattern.url_patterns) if hasattr(pattern, "url_patterns") else [pattern]
    return found


def test_the_table_names_every_url():
    assert sorted(pattern.name for pattern in all_patterns()) == sorted(TABLE)


def call(client: Client, pattern: URLPattern, values: dict[Any, object]) -> int | str:
    """The status of a call with arguments that exist where rows are named; "sign in" when it is sent there."""
    arguments = {name: values.get((pattern.name, name), values.get(name)) for name in pattern.pattern.converters}
    assert None not in arguments.values(), f"give a value for {arguments} of {pattern.name}"
    method, _who = TABLE[str(pattern.name)]
    response = getattr(client, method)(reverse(pattern.name, kwargs=arguments))
    to_sign_in = response.status_code == 302 and "/sign-in/?next=" in response["Location"]
    return "sign in" if to_sign_in else response.status_code


@pytest.mark.parametrize("name", sorted(TABLE))
def test_roles(name, owner_client, rater_client):
    take = make_take(cue=make_cue(), version=make_version())
    values = {
        "slug": take.cue.film.slug,
        "number": take.cue.number,
        "take": take.number,
        "public_id": take.version.piece.public_id,
        "token": "nothing",
        "key": "0" * 64,
        "step": 1,
        "sha256": "0" * 64,
        "theme": 0,
        "candidate": "nothing",
        "first": take.version.piece.public_id,
        "second": take.version.piece.public_id,
        "decision": 0,
        "purpose": "training",
        "source": 0,
        "tag": 1,
        "position": 1,
        "hit": 0,
        "other": take.version.piece.public_id,
        "name": "manifest.json",
        "ending": "pth",
        "code": "S01-001",
    }
    pattern = next(pattern for pattern in all_patterns() if pattern.name == name)
    who = TABLE[name][1]
    anonymous, rater, owner = (call(client, pattern, values) for client in (Client(), rater_client, owner_client))
    assert (anonymous == "sign in") is (who != EVERYONE)
    assert (rater == 403) is (who == OWNER)
    assert owner not in (403, "sign in")
    assert all(status < 500 for status in (anonymous, rater, owner) if status != "sign in")
