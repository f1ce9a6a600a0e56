"""Scores in templates."""

from django.template import engines

SVG = '<svg xmlns="http://www.w3.org/2000/svg"/>'


def test_a_title_is_escaped_once():
    template = engines["django"].from_string(
        "{% load i18n score %}{% blocktranslate asvar label with title=t %}{{ title }}, page 1{% endblocktranslate %}"
        '{% engraving svg "w" label %}{% engraving svg "w" t %}'
    )
    page = template.render({"t": '<b>Tom & "Jerry"', "svg": SVG})
    title = "&lt;b&gt;Tom &amp; &quot;Jerry&quot;"
    assert [part.partition('"')[0] for part in page.split('aria-label="')[1:]] == [f"{title}, page 1", title]
