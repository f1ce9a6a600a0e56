"""The marks that Python writes are the very ones that these templates would draw."""

import pytest
from django.template import Context, Template
from django.utils.translation import override

from curator.film.arc import CueDrawn, HitDrawn, Tick
from curator.film.tiles import Tile, Tiles
from curator.templatetags.arc import cue_blocks, cue_lights, ruler_ticks, still_images, tile_marks
from tests.factories import make_cue

BLOCKS = """{% load l10n %}{% localize off %}{% for drawn, facts, links in cues %}{% with cue=facts.cue %}<svg class="cue s{{ cue.stage.colour|default:0 }} {{ cue.state }}{% if drawn.tight %} tight{% endif %}" x="{{ drawn.x }}%" y="{{ drawn.y }}" width="{{ drawn.width }}%" height="{{ drawn.height }}" overflow="visible" data-cue="{{ cue.number }}" data-in="{{ cue.in_frame }}" data-out="{{ cue.out_frame }}" data-move="{{ links.move_border }}"><title>{{ cue.number }} {{ cue.title }}</title>{% if links.desk %}<a href="{{ links.desk }}" data-row aria-label="{{ cue.number }} {{ cue.title }} {{ drawn.plan }}, {{ links.state }}">{% endif %}<rect class="blk" width="100%" height="100%" rx="6"/><rect class="st-f" x="1" y="8" width="3" height="{{ drawn.edge }}" rx="1.5"/><rect class="foot" x="5" y="{{ drawn.height|add:"-5" }}" height="2.5" rx="1.2"/>{% if drawn.shows_number %}<text class="cno" x="15" y="23">{{ cue.number }} </text>{% endif %}{% if drawn.shows_light %}<svg x="100%" y="9" overflow="visible"><use href="#l-{{ cue.state }}" x="-28" width="18" height="18"/></svg>{% endif %}{% for y, line in drawn.lines %}<text class="cti" x="15" y="{{ y }}">{{ line }} </text>{% endfor %}{% if drawn.plan %}<text class="tx" x="15" y="{{ drawn.plan_y }}">{{ drawn.plan }} </text>{% endif %}{% if links.desk %}</a>{% endif %}</svg>{% for hit in drawn.hits %}<svg x="{{ hit.x }}%" y="{{ hit.y }}" overflow="visible"><path class="hit{% if not hit.hard %} soft{% endif %}" d="M-4.5 0h9L0 7z"><title>{{ hit.label }}</title></path></svg>{% endfor %}{% endwith %}
{% endfor %}{% endlocalize %}"""  # noqa: E501
LIGHTS = """{% load l10n %}{% localize off %}{% for drawn, facts, links in cues %}<svg x="{{ drawn.light_x }}%" y="{{ drawn.light_y }}" overflow="visible" aria-hidden="true"><use href="#l-{{ facts.cue.state }}" x="-14" y="-14" width="28" height="28"/></svg>{% endfor %}{% endlocalize %}"""  # noqa: E501
STILLS = """{% for tile in tiles.tiles %}{% if tile.still %}<image href="{{ stills_url }}{{ tile.still }}.webp" x="{{ tile.x }}" width="{{ tile.width }}" height="58" preserveAspectRatio="xMidYMid slice"/>{% endif %}{% endfor %}"""  # noqa: E501
MARKS = """{% for tile in tiles.tiles %}{% if tile.code and not tile.still %}<svg x="{{ tile.x }}" overflow="visible"><text class="tx" x="8" y="24">{{ tile.code }}</text></svg>{% endif %}<rect class="tile" x="{{ tile.x }}" width="{{ tile.width }}" height="58"><title>{{ tile.label }}</title></rect>{% endfor %}"""  # noqa: E501
TICKS = """{% load l10n look %}{% localize off %}{% for tick in ticks %}{% if tick.seconds is None %}<svg x="{{ tick.x }}%" overflow="visible"><path class="ax2" d="M0 0v4"/></svg>{% else %}<svg x="{{ tick.x }}%" overflow="visible"><path class="ax2" d="M0 0v7"/><text class="tx{% if not forloop.first %} mid{% endif %}" y="23">{{ tick.seconds|clock }}</text></svg>{% endif %}{% endfor %}{% endlocalize %}"""  # noqa: E501

TILES = Tiles(
    tiles=(
        Tile("0.000%", "3.125%", "A&1", '<b>"A"</b>, 0:07', ""),
        Tile("3.125%", "1.500%", "", "A2, 0:03", "f" * 64),
        Tile("4.625%", "9.000%", "A3", "it's 0:21", "e" * 64),
    ),
    lands=(), cuts="", fine=False, spoken=(),
)  # fmt: skip


class Facts:
    """Of a cue, what its block asks for."""

    def __init__(self, cue):
        self.cue = cue


def drawn(**more):
    facts = {
        "key": "1m1", "x": 12.5, "width": 3.0, "y": 264.0, "height": 84.0, "light_x": 14.0, "light_y": 1.0,
        "lines": ((44.0, "<Dust> &"), (62.0, "waltz")), "plan": "0:53.3 · 3/4", "plan_y": 66.0, "shows_light": True,
        "shows_number": True, "tight": False,
        "hits": (HitDrawn(13.0, 258.5, True, 'a "b" <c>'), HitDrawn(14.0, 258.5, False, "")),
    }  # fmt: skip
    return CueDrawn(**(facts | more))


def rendered(template, **context):
    with override("de"):  # numbers of drawings keep their points
        return Template(template).render(Context(context))


@pytest.mark.django_db
def test_blocks_and_lights_of_cues():
    first = make_cue(title="Dust & <ash>", number="1m'1")
    second = make_cue(title="", stage=None)
    links = {"desk": "/films/a/desk/1m'1/?a=1&b=2", "move_border": "/m/", "state": "To rank & more"}
    cues = [
        (drawn(), Facts(first), links),
        (drawn(lines=(), plan="", shows_light=False, shows_number=False, tight=True, hits=()), Facts(second),
         links | {"desk": "", "move_border": ""}),
    ]  # fmt: skip
    assert cue_blocks(cues) == rendered(BLOCKS, cues=cues)
    assert cue_lights(cues) == rendered(LIGHTS, cues=cues)


def test_stills_and_places_of_shots():
    assert still_images(TILES, "/stills/a&b/") == rendered(STILLS, tiles=TILES, stills_url="/stills/a&b/")
    assert tile_marks(TILES) == rendered(MARKS, tiles=TILES)


def test_strokes_of_the_ruler():
    ticks = (Tick(0.0, 0.0), Tick(1.25, None), Tick(2.5, 75.0), Tick(99.999, 3725.0))
    assert ruler_ticks(ticks) == rendered(TICKS, ticks=ticks)
    assert ruler_ticks(()) == ""
