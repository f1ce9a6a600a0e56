"""What the pages of rounds need."""

from django import template
from django.utils.formats import number_format

from training.domain.endings import say_ending

register = template.Library()


@register.filter
def figure(value: float, decimals: int) -> str:
    """A number with so many decimals and a true minus, in powers of ten where it is tiny: 0.51, −2.3, 5e−5."""
    if value and abs(value) < 0.0005:
        digits, _e, power = f"{value:.0e}".partition("e")
        return f"{digits}e{int(power)}".replace("-", "\u2212")
    return number_format(value, min(int(decimals), 4)).replace("-", "\u2212")


register.filter("ending", say_ending)
