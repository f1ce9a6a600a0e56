"""The look holds by rule: raw values in one file, no inline style or script, the engraver's names are not ours."""

import re

import pytest
from django.conf import settings

STYLES = sorted((settings.ROOT / "static" / "css").glob("*.css"))
TEMPLATES = sorted((settings.ROOT / "templates").rglob("*.html"))
COMPONENTS = [path for path in TEMPLATES if path.parent.name == "components"]

# Class names that Verovio gives to what it draws. A rule of ours for one of them would reach into the music.
VEROVIO = set(
    """
    accid artic barLine beam beatRpt bracketSpan breath btrem cpMark chord clef dir dots dynam ending fb fermata figure
    fing flag ftrem gliss grace graceGrp grpSym hairpin halfmRpt harm keyAccid keySig label ledgerLines lv layer mNum
    mRest mRpt mRpt2 mSpace measure meterSig mordent multiRest multiRpt note notehead octave ornam page-margin
    pageMilestone pb pedal pgFoot pgHead phrase reh repeatMark rest sb score section slur space staff stem syl syllable
    system systemMilestone tempo tie trill tuplet tupletBracket tupletNum turn verse voice
    """.split()  # noqa: SIM905 (one name a line would hide the list)
)


# Rules inside these reach music on purpose, or hold none.
SCOPES = {"engraving", "leaf", "player"}


def without_comments(text: str) -> str:
    return re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)


def selectors(text: str) -> list[str]:
    heads = re.findall(r"([^{};]+)\{", without_comments(text))
    return [
        part.strip() for head in heads if not head.strip().startswith("@") for part in re.split(r",(?![^(]*\))", head)
    ]


@pytest.mark.parametrize("path", STYLES, ids=lambda path: path.name)
def test_raw_colours_stand_only_among_the_tokens(path):
    if path.name != "tokens.css":
        found = re.findall(
            r"#[0-9a-fA-F]{3,8}\b(?=[^{}]*[;}])|\brgba?\(|\bhsla?\(", without_comments(path.read_text("utf-8"))
        )
        assert [value for value in found if value != "#000"] == []  # masks are black by definition


@pytest.mark.parametrize("path", STYLES, ids=lambda path: path.name)
def test_the_engravers_class_names_are_scoped(path):
    for selector in selectors(path.read_text("utf-8")):
        names = set(re.findall(r"\.([A-Za-z][\w-]*)", selector))
        assert not names & VEROVIO or names & SCOPES, selector


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_templates_hold_no_inline_style_or_script(path):
    text = path.read_text("utf-8")
    assert not re.search(r"\sstyle=|<style|\son[a-z]+=\"|javascript:|<script(?![^>]*\ssrc=)", text)


@pytest.mark.parametrize("path", COMPONENTS, ids=lambda path: path.name)
def test_components_say_what_they_take(path):
    text = path.read_text("utf-8")
    assert "{% comment %}" in re.sub(r"\{% load [^%]*%\}|\{% get_[^%]*%\}", "", text)[:40]


# Classes put together from a value: the stage's colour, the arc's width, the colours shown on the page of parts.
COMPOSED = re.compile(r"s[0-6]|z[0-9]+|c-[a-z0-9-]+")


def test_every_class_and_every_icon_is_used():
    code = [path for app in ("curator", "generation", "training") for path in (settings.ROOT / app).rglob("*.py")]
    sprite = next(path for path in TEMPLATES if path.name == "sprite.html")
    sources = {*TEMPLATES, *(settings.ROOT / "static").rglob("*.js"), *code} - {sprite}
    text, drawn = "\n".join(path.read_text("utf-8") for path in sources), sprite.read_text("utf-8")
    styled = {
        name
        for path in STYLES
        for selector in selectors(path.read_text("utf-8"))
        for name in re.findall(r"\.([A-Za-z][\w-]*)", selector)
    }
    words = set(re.findall(r"[A-Za-z][\w-]*", text + drawn))
    assert [name for name in sorted(styled - words - VEROVIO) if not COMPOSED.fullmatch(name)] == []
    icons = set(re.findall(r'<symbol id="i-([\w-]+)"', drawn))
    asked_for = set(re.findall(r"""["']([a-z][\w-]*)["']|#i-([\w-]+)""", text))
    assert icons
    assert sorted(icons - {name for pair in asked_for for name in pair}) == []
