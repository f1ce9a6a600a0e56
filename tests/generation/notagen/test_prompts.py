from collections import Counter

import pytest

from generation.notagen.prompts import Prompt, published, read_prompt, search, unseen

SATIE = Prompt("Romantic", "Satie, Erik", "Keyboard")


def test_the_published_prompts_are_those_of_the_reference():
    prompts = published()
    assert len(set(prompts)) == 112
    assert Counter(prompt.period for prompt in prompts) == {"Baroque": 15, "Classical": 17, "Romantic": 80}
    assert Counter(prompt.instrumentation for prompt in prompts) == {
        "Art Song": 37, "Keyboard": 29, "Chamber": 18, "Orchestral": 13, "Choral": 10, "Vocal-Orchestral": 5,
    }  # fmt: skip
    assert len({prompt.composer for prompt in prompts}) == 62
    assert SATIE in prompts
    assert not {"Modern"} & {prompt.period for prompt in prompts}
    assert not any("Einaudi" in prompt.composer for prompt in prompts)


@pytest.mark.parametrize(
    ("words", "first", "count"),
    [
        ("satie", Prompt("Romantic", "Satie, Erik", "Art Song"), 2),
        ("SATIE keyboard", SATIE, 1),
        ("Fauré key", Prompt("Romantic", "Faure, Gabriel", "Keyboard"), 1),
        ("romantic_satie, erik_keyboard", SATIE, 1),
        ("Romantic / Satie, Erik / Keyboard", SATIE, 1),
        ("einaudi", None, 0),
    ],
)
def test_search_finds_by_all_words(words, first, count):
    found = search(words)
    assert len(found) == count
    assert next(iter(found), None) == first


def test_search_without_words_gives_all_and_names_that_begin_so_come_first():
    assert search("") == published()
    own = (Prompt("Modern", "Valera, Maria", "Piano"), Prompt("Modern", "Allegri", "Ale"))
    assert search("al", own) == (own[1], own[0])


def test_published_prompts_are_known_and_read_back():
    for prompt in published():
        assert unseen(prompt, published()) is None
        assert read_prompt(str(prompt)) == prompt
        assert read_prompt(f"{prompt.period}_{prompt.composer}_{prompt.instrumentation}") == prompt


def test_what_was_never_seen_is_named_with_the_nearest():
    found = unseen(Prompt("Modern", "Einaudi, Ludovico", "Piano"), published())
    assert found.words == ("Modern", "Einaudi, Ludovico", "Piano")
    found = unseen(Prompt("Baroque", "Satie, Erik", "Keyboard"), published())
    assert found.words == ()
    assert SATIE in found.nearest
    assert unseen(SATIE, ()).words == ("Romantic", "Satie, Erik", "Keyboard")


@pytest.mark.parametrize("text", ["", "Romantic", "Romantic / Satie, Erik", "Romantic / Faur\u00e9 / Keyboard", "a//c"])
def test_what_is_no_prompt_is_refused(text):
    with pytest.raises(ValueError, match="A prompt is written like"):
        read_prompt(text)
