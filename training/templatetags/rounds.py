"""What the pages of rounds need."""

from django import template

from curator.templatetags.look import number
from training.domain.endings import say_ending

register = template.Library()

MOST_DECIMALS = 4


@register.filter
def figure(value: float, decimals: int) -> str:
    """A number with so many decimals, from the fifth on in powers of ten where it is tiny: 0.51, −2.3, 5e−5."""
    if decimals > MOST_DECIMALS and 10.0**-decimals <= abs(value) < 5 * 10.0**-MOST_DECIMALS:
        digits, _e, power = f"{value:.0e}".partition("e")
        return f"{digits}e{int(power)}".replace("-", "\u2212")
    return number(value, min(decimals, MOST_DECIMALS))


register.filter("ending", say_ending)
