"""Real scores of the reference folder: everything that is a piano solo can be delivered."""

import pytest

from curator.delivery.musicxml import export_with_account
from tests.curator.delivery.scores import SHEET
from tests.shared import SATIE

pytestmark = pytest.mark.skipif(
    not SATIE.exists(), reason="needs the reference folder ../shared beside the checkout (scores/satie)"
)

# Written bars, bars with repeats taken, notes of the source, of these grace notes, notes delivered.
PIECES = {
    "mutopia_chapitres_1_celle_qui_parle_trop": (53, 449, 0, 447),
    "mutopia_croquis_1_tyrolienne_turque": (61, 664, 0, 652),
    "mutopia_enfantillages_1_prelude": (52, 184, 0, 184),
    "mutopia_gnossienne_2": (34, 372, 0, 372),
    "mutopia_gymnopedie_1": (78, 282, 0, 455),
    "mutopia_gymnopedie_3": (60, 326, 0, 326),
    "mutopia_trois_valses_2_son_binocle": (35, 167, 0, 167),
}


@pytest.mark.parametrize("name", PIECES)
def test_a_real_piece_is_delivered_with_every_note_accounted_for(name):
    exported = export_with_account((SATIE / f"{name}.musicxml").read_bytes(), SHEET)
    account = exported.account
    assert (exported.bars, account.written, account.graces, account.delivered) == PIECES[name]
