"""Plain letters for the signs of European scores, as the reference's preparation writes them (spec notagen d.2).

The model reads ASCII. Accents fall off; what is no letter gets the nearest plain sign; what has none is left out.
The readings agree with those of the package Unidecode for Latin, Greek and Cyrillic letters and the punctuation of
texts (`run.py figures dataset` compares them).
"""

import unicodedata


def _pairs(keys: str, readings: str) -> dict[str, str]:
    return dict(zip(keys.split(), readings.split(), strict=True))


_SIGNS = {
    **_pairs("¡ ¢ £ ¤ ¥ ¦ § © ¬ ® ¯ ° ± ´ µ ¶ · ¸ ¿ × ÷ ¨", "! C/ PS $? Y= | SS (c) ! (r) - deg +- ' u P * , ? x / \""),
    **_pairs("« » “ ” „ ‟ ‘ ’ ‚ ‛ ‹ › † ‡ • ‧ ‰ ‱ ′ ″ ‴ ‾", "<< >> \" \" ,, \" ' ' , ' < > + ++ * . %0 %00 ' '' ''' -"),
    **_pairs(
        "‐ ‑ ‒ – — ― ‖ ‗ ⁃ ⁄ € ♯ ™ № ℃ ℉ ← → ↔ ↑ ↓ ↕", "- - - - -- -- || _ -- / EUR # (tm) No. degC degF - - - | | |"
    ),
    **{"¼": " 1/4", "½": " 1/2", "¾": " 3/4", "⅓": " 1/3 ", "⅔": " 2/3 ", "⅛": " 1/8 ", "⅜": " 3/8 "},
    **{"⅝": " 5/8 ", "⅞": " 7/8 ", "№": "No. ", "\u200b": " ", "\u2028": "\n", "\u2029": "\n\n", "\u0387": ";"},
}
_LATIN = {
    **_pairs(
        "Æ æ Œ œ Ø ø Å å Ð ð Þ þ ß ẞ Đ đ Ħ ħ ı ĸ ŉ Ŋ ŋ", "AE ae OE oe O o A a D d Th th ss SS D d H h i k 'n NG ng"
    ),
    **_pairs("Ł ł Ŧ ŧ Ǣ ǣ Ǽ ǽ Ǿ ǿ Ǥ ǥ Ə ə ƒ Ɨ Ƶ ƶ", "L l T t AE ae AE ae O o G g @ @ f I Z z"),
}
_GREEK = _pairs(
    "Α Β Γ Δ Ε Ζ Η Θ Ι Κ Λ Μ Ν Ξ Ο Π Ρ Σ Τ Υ Φ Χ Ψ Ω α β γ δ ε ζ η θ ι κ λ μ ν ξ ο π ρ ς σ τ υ φ χ ψ ω",
    "A B G D E Z E Th I K L M N Ks O P R S T U Ph Kh Ps O a b g d e z e th i k l m n x o p r s s t u ph kh ps o",
)
_CYRILLIC = _pairs(
    "А Б В Г Д Е Ж З И Й К Л М Н О П Р С Т У Ф Х Ц Ч Ш Щ Ъ Ы Ь Э Ю Я Ё Ђ Ѓ Є Ѕ І Ї Ј Љ Њ Ћ Ќ Ў Џ "
    "а б в г д е ж з и й к л м н о п р с т у ф х ц ч ш щ ъ ы ь э ю я ё ђ ѓ є ѕ і ї ј љ њ ћ ќ ў џ",
    "A B V G D E Zh Z I I K L M N O P R S T U F Kh Ts Ch Sh Shch ' Y ' E Iu Ia "
    "Io Dj Gj Ie Dz I Yi J Lj Nj Tsh Kj U Dzh "
    "a b v g d e zh z i i k l m n o p r s t u f kh ts ch sh shch ' y ' e iu ia "
    "io dj gj ie dz i yi j lj nj tsh kj u dzh",
)
_READINGS = str.maketrans({**_SIGNS, **_LATIN, **_GREEK, **_CYRILLIC})


def plain_letters(text: str) -> str:
    """The text in ASCII."""
    if text.isascii():
        return text
    apart = unicodedata.normalize("NFKD", text.translate(_READINGS))
    # An accent kept a Greek letter from its reading until now.
    return apart.translate(_READINGS).encode("ascii", "ignore").decode("ascii")
