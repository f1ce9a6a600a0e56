"""Confirmations on the command line."""

import json

import pytest
from django.core.management import CommandError, call_command

from curator.domain.rights import training_bar
from curator.models.library import Piece
from curator.models.rights import RightsConfirmation
from tests.factories import make_user

pytestmark = pytest.mark.django_db


def test_pieces_are_named_confirmed_and_taken_back(capsys):
    owner = make_user(username="ada")
    piece = Piece.objects.create(title="Nuvole", composer="Einaudi", origin="uploaded")
    call_command("confirm_rights", "--for", "training", "--json")
    waiting = [{"piece": piece.public_id, "title": "Nuvole", "composer": "Einaudi"}]
    assert json.loads(capsys.readouterr().out) == {"in_copyright": 1, "waiting": waiting}
    call_command("confirm_rights", piece.public_id, "--for", "training", "--by", "ada")
    assert capsys.readouterr().out == "0 of 1 pieces in copyright wait.\n"
    row = RightsConfirmation.objects.get()
    assert (row.by, row.channel, training_bar(piece)) == (owner, "command", "")
    call_command("confirm_rights", piece.public_id, "--for", "training", "--by", "ada", "--take-back")
    assert "Nuvole, Einaudi\n1 of 1" in capsys.readouterr().out


def test_what_cannot_be_confirmed_is_said():
    make_user(username="ada")
    free = Piece.objects.create(title="x", composer="Satie", origin="uploaded")
    for arguments, said in (
        ([free.public_id], "--by names"),
        ([free.public_id, "--by", "nobody"], "--by names"),
        (["nothing", "--by", "ada"], "There is no piece nothing"),
        ([free.public_id, "--by", "ada"], "not in copyright"),
    ):
        with pytest.raises(CommandError, match=said):
            call_command("confirm_rights", *arguments, "--for", "leaving")
    assert not RightsConfirmation.objects.exists()
