import re

import pytest

from curator.rendering.clean import clean, personalise
from curator.rendering.errors import EngravingError

OPEN = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 10 10">'


def test_clean_keeps_shapes_text_and_the_ids_of_notes_glyphs_and_bars():
    svg = (
        f'{OPEN}<defs><g id="E0A4-x"><path transform="scale(1,-1)" d="M0 0L1 1z"/></g></defs>'
        '<g id="m1" class="measure other"><g id="s1" class="staff"><g id="n1" class="note">'
        '<use xlink:href="#E0A4-x" transform="translate(1, 2) scale(0.5, 0.5)"/></g>'
        '<text x="1" y="2" font-size="405px"><tspan class="text" id="t1">mit &lt;Luft&gt;</tspan> sehr</text>'
        "</g></g></svg>"
    )
    assert clean(svg, page=2) == (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10"><defs><g id="E0A4-2">'
        '<path transform="scale(1,-1)" d="M0 0L1 1z"/></g></defs><g class="measure" id="m1"><g class="staff">'
        '<g class="note" id="n1"><use href="#E0A4-2" transform="translate(1, 2) scale(0.5, 0.5)"/></g>'
        '<text x="1" y="2" font-size="405px"><tspan class="text">mit &lt;Luft&gt;</tspan> sehr</text></g></g></svg>'
    )


@pytest.mark.parametrize(
    "evil",
    [
        "<script>alert(1)</script>",
        "<style>path { fill: red }</style>",
        "<title>The name of the piece</title>",
        "<desc>Engraved by</desc>",
        "<metadata/>",
        "<foreignObject><p xmlns='http://www.w3.org/1999/xhtml'>x</p></foreignObject>",
        "<image href='https://example.org/x.png'/>",
        "<a href='javascript:alert(1)'/>",
        "<animate attributeName='href' to='javascript:alert(1)'/>",
        "<!-- a comment -->",
        "<?xml-stylesheet href='x'?>",
        "<p xmlns='http://www.w3.org/1999/xhtml'>x</p>",
    ],
)
def test_clean_drops_elements_that_are_not_on_the_list(evil):
    assert clean(f"{OPEN}{evil}<g/></svg>") == '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10"><g/></svg>'


@pytest.mark.parametrize(
    "attribute",
    [
        'onclick="alert(1)"',
        'style="fill: red"',
        'fill="#ff0000"',
        'fill="url(https://example.org)"',
        'color="red"',
        'data-title="x"',
        'class="player shell"',
        'transform="translate(1) url(x)"',
        'id="body"',
        'font-family="url(x)"',
        'href="#other"',
    ],
)
def test_clean_drops_attributes_and_values_that_are_not_on_the_list(attribute):
    assert clean(f"{OPEN}<g {attribute}/></svg>").endswith("<g/></svg>")


@pytest.mark.parametrize(
    "href", ["https://example.org/x.svg#a", "javascript:alert(1)", "data:image/svg+xml,x", "x.svg#a"]
)
def test_clean_lets_references_stay_within_the_page(href):
    assert clean(f'{OPEN}<use href="{href}"/></svg>').endswith("<use/></svg>")


def test_clean_reads_no_entity():
    text = '<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/hostname">]>' + f"{OPEN}<text>&x;</text></svg>"
    assert clean(text).endswith("<text/></svg>")


@pytest.mark.parametrize("text", ["", "no svg", "<html/>"])
def test_clean_refuses_what_is_no_svg(text):
    with pytest.raises(EngravingError):
        clean(text)


def test_personalise_makes_every_id_and_reference_its_own():
    svg = clean(
        f'{OPEN}<defs><g id="E0A4-x"/></defs><g class="note" id="n1"><use href="#E0A4-x"/>'
        '<text> id="n1" href="#n1"</text></g></svg>'
    )
    own = personalise(svg, "p1", label='Take "one"')
    assert re.findall(r'(?:id|href)="([^"]*)"', own) == ["p1-E0A4-1", "p1-n1", "#p1-E0A4-1", "n1", "#n1"]
    assert own.startswith('<svg class="engraving" role="img" aria-label="Take &quot;one&quot;" ')
    assert personalise(svg, "p1").startswith('<svg class="engraving" aria-hidden="true" ')


@pytest.mark.parametrize("prefix", ["", "1a", 'a"b', "a b", "\u00e4"])
def test_personalise_refuses_a_prefix_that_is_no_id(prefix):
    with pytest.raises(ValueError, match="not usable"):
        personalise("<svg />", prefix)
