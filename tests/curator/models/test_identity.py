"""Public ids."""

from curator.models.identity import new_public_id


def test_public_ids_can_stand_on_a_command_line_and_in_an_address():
    made = {new_public_id() for _ in range(2000)}
    assert len(made) == 2000
    assert all(len(one) == 12 and one.isascii() and one.isalnum() for one in made)
