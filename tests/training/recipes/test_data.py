import json
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from curator.notation.errors import NotationError
from curator.notation.prepare import prepare, standard_of
from curator.notation.transpose import KEYS
from tests.factories import ABC
from training.recipes.data import (
    Entry,
    SetHash,
    Transposition,
    file_name,
    held_out_works,
    index_files,
    key_weights,
    measure,
    piece_files,
    readme,
    write_piece,
)

GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "notagen" / "preprocess"
PROMPT = ("%Romantic", "%Satie, Erik", "%Keyboard")


def script_draw(key: str, draw: Random) -> str:
    """How NotaGen's fine-tuning script draws a folder (spec notagen e.3), written anew for this comparison."""
    classes = {"C": 0, "G": 7, "Eb": 3, "B": 11, "Gb": 6, "A": 9}
    offset = draw.choices([-3, -2, -1, 0, 1, 2, 3], [1, 2, 3, 4, 3, 2, 1])[0]
    place = (classes[key] + offset) % 12
    if place == 1:
        return "Db" if draw.random() < 0.8 else "C#"
    if place == 11:
        return "B" if draw.random() < 0.8 else "Cb"
    if place == 6:
        return draw.choice(["F#", "Gb"])
    return {0: "C", 2: "D", 3: "Eb", 4: "E", 5: "F", 7: "G", 8: "Ab", 9: "A", 10: "Bb"}[place]


@pytest.mark.parametrize("key", ["C", "G", "Eb", "B", "Gb", "A"])
def test_near_keys_are_weighted_as_the_script_draws_them(key):
    draw = Random(0)
    drawn = Counter(script_draw(key, draw) for _ in range(20_000))
    weights = key_weights(key, Transposition.NEAR)
    assert set(drawn) == set(weights)
    assert {name: count / 20_000 for name, count in drawn.items()} == pytest.approx(weights, abs=0.012)


def test_weights_of_the_other_ways():
    assert key_weights("Amin", Transposition.NONE) == {"C": 1.0}
    assert key_weights("Amin", Transposition.ALL) == dict.fromkeys(KEYS, 1 / 15)
    assert sum(key_weights("F#min", Transposition.NEAR).values()) == pytest.approx(1)


def test_a_piece_in_all_keys_holds_what_the_reference_writes():
    """From the interleaved golden on; the prompt stands on top in every key."""
    interleaved = (GOLDEN / "interleaved" / "p3_tuplets_grace.abc").read_text()
    written = write_piece(interleaved, prompt=PROMPT, transposition=Transposition.ALL)
    expected = json.loads((GOLDEN / "augmented_p3_tuplets_grace.json").read_text())
    top = "".join(f"{line}\n" for line in PROMPT)
    assert written.texts == {key: top + text for key, text in expected.items()}
    assert written.interleaved == top + interleaved


def test_without_transposition_every_folder_the_script_may_draw_from_holds_the_own_key():
    written = write_piece(ABC, prompt=PROMPT, transposition=Transposition.NONE)
    assert set(written.texts) == set(key_weights("C", Transposition.NEAR))
    assert set(written.texts.values()) == {
        prepare(standard_of(ABC)).in_key("C").join(["%Romantic\n%Satie, Erik\n%Keyboard\n", ""])
    }
    assert written.weights == {"C": 1.0}


def test_the_prompt_of_a_generated_piece_gives_way():
    written = write_piece("%Minimal\n%Etude, Waltz\n" + ABC, prompt=PROMPT, transposition=Transposition.NEAR)
    assert written == write_piece(ABC, prompt=PROMPT, transposition=Transposition.NEAR)


def test_files_lie_where_the_script_looks_for_them():
    written = write_piece(ABC, prompt=PROMPT, transposition=Transposition.ALL)
    files = dict(piece_files("waltz", written))
    entries = [Entry("waltz", written.key, False), Entry("song", "Amin", True)]
    files |= dict(index_files(entries))
    assert len(files) == 1 + 15 + 3
    line = json.loads(files["augmented_train.jsonl"])
    assert line == {"path": "augmented/waltz", "key": "C"}
    folder, name = line["path"].rsplit("/", 1)
    assert all(f"{folder}/{key}/{name}_{key}.abc" in files for key in KEYS)
    assert files["augmented_eval.jsonl"] == '{"path": "augmented/song", "key": "Amin"}\n'
    assert files["augmented.jsonl"] == files["augmented_train.jsonl"] + files["augmented_eval.jsonl"]
    assert json.loads(dict(index_files(entries, root="/sets/one"))["augmented_eval.jsonl"])["path"] == (
        "/sets/one/augmented/song"
    )


def test_music_that_the_reference_would_lose_is_refused():
    with pytest.raises(NotationError, match="Two barlines follow"):
        write_piece(ABC.replace("2|", "2:| |:"), prompt=(), transposition=Transposition.NEAR)


def test_a_measure_counts_or_gives_the_reason():
    assert (measure(ABC).key, measure(ABC).bars) == ("C", 2)
    whole = write_piece(ABC, prompt=(), transposition=Transposition.NONE)
    assert measure(ABC).patches == whole.patches
    assert str(measure(ABC.replace("K:C", "K:Cmaj")).reason).startswith("The key Cmaj")


def test_eval_is_never_empty_never_everything_and_stays():
    works = [f"work {number}" for number in range(30)]
    assert len(held_out_works(works, share=0.1, seed=0)) == 3
    assert len(held_out_works(works[:2], share=0.01, seed=0)) == 1
    assert len(held_out_works(works[:2], share=0.9, seed=0)) == 1
    assert held_out_works(works, share=0.1, seed=0) == held_out_works(reversed(works), share=0.1, seed=0)
    assert held_out_works(works, share=0.1, seed=0) != held_out_works(works, share=0.1, seed=1)
    assert held_out_works([*works, "new"], share=0.1, seed=0) - {"new"} <= held_out_works(works, share=0.1, seed=0)
    with pytest.raises(ValueError, match="two works"):
        held_out_works(["one", "one"], share=0.5, seed=0)


def test_names_are_plain_and_say_which_text():
    assert file_name("Gymnopédie № 1", "abcdef0123") == "gymnopedie-no-1-abcdef01"
    assert file_name("音", "abcdef0123") == "abcdef01"


def test_the_hash_knows_files_not_their_order():
    one, other = SetHash(), SetHash()
    for path in ("a", "b"):
        one.add(path, path.encode())
    for path in ("b", "a"):
        other.add(path, path.encode())
    assert one.value == other.value
    other.add("c", b"")
    assert one.value != other.value


def test_the_readme_says_where_paths_begin():
    assert "under /sets/one." in readme(Transposition.NONE, root="/sets/one")
    assert "relative to this folder" in readme(Transposition.ALL)
