"""Words on pieces, one piece or many at a stroke, and the stages of the arc that a piece was meant for."""

from collections.abc import Iterable, Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from curator.domain.errors import DomainError
from curator.models.library import Piece, Tag

STAGE = "stage"
"""The kind of tag that says which stage of the arc a piece fits."""

STAGES = ("Forgotten", "Chosen", "Humiliation", "Transformation", "Salvation", "Peace")
"""The words of the arc as the prompts write them (generation.etudes.stages)."""

_LONGEST = 60


def tag_pieces(*, pieces: Iterable[Piece], add: Sequence[str] = (), remove: Sequence[str] = (), kind: str = "") -> int:
    """Put words on pieces and take words off them; returns how many pieces were named.

    `kind="stage"` puts and takes stages of the arc (STAGES, in any case). A word that is both added and removed
    stays. Words differ by their case only where the library already holds both. Raises DomainError for an empty
    or too long word and for a stage that does not exist.
    """
    rows = list(pieces)
    wanted = [_word(name, kind) for name in add]
    unwanted = [name for name in (_word(name, kind) for name in remove) if name not in wanted]
    link = Piece.tags.through
    with transaction.atomic():
        tags = [_tag(name, kind) for name in dict.fromkeys(wanted)]
        there = set(
            link.objects.filter(piece__in=rows, tag__in=tags).values_list("piece_id", "tag_id"),
        )
        link.objects.bulk_create(
            [
                link(piece_id=piece.pk, tag_id=tag.pk)
                for piece in rows
                for tag in tags
                if (piece.pk, tag.pk) not in there
            ],
            ignore_conflicts=True,
        )
        gone = Tag.objects.filter(kind=kind, name__in=unwanted)
        link.objects.filter(piece__in=rows, tag__in=gone).delete()
        _forget_unused(gone.values_list("pk", flat=True))
    return len(rows)


def set_tags(*, piece: Piece, words: Sequence[str], kind: str = "") -> None:
    """Let a piece have exactly these words of one kind."""
    before = list(piece.tags.filter(kind=kind).values_list("name", flat=True))
    tag_pieces(pieces=[piece], add=words, remove=before, kind=kind)


def rename_tag(*, tag: Tag, name: str) -> Tag:
    """Write a word another way wherever it stands; where the new word is there already, the two become one.

    Raises DomainError for what is no word, and for stages of the arc, whose words the prompts know.
    """
    if tag.kind == STAGE:
        raise DomainError(_("The stages of the arc keep their names: the prompts know them."))
    word = _word(name, tag.kind)
    link = Piece.tags.through
    with transaction.atomic():
        same = Tag.objects.filter(kind=tag.kind, name__iexact=word).exclude(pk=tag.pk).order_by("pk").first()
        if same is None:
            tag.name = word
            tag.save(update_fields=["name"])
            return tag
        there = link.objects.filter(tag=same).values("piece_id")
        link.objects.filter(tag=tag).exclude(piece_id__in=there).update(tag=same)
        tag.delete()
    return same


def _word(name: str, kind: str) -> str:
    word = " ".join(name.split())
    if kind == STAGE:
        stage = next((stage for stage in STAGES if stage.casefold() == word.casefold()), None)
        if stage is None:
            raise DomainError(_("%(word)s is no stage of the arc.") % {"word": word or "\u201c\u201d"})
        return stage
    if not word or not word.isprintable():
        raise DomainError(_("A tag is a word that can be read."))
    if len(word) > _LONGEST:
        raise DomainError(_("A tag has at most %(most)d signs.") % {"most": _LONGEST})
    return word


def _tag(name: str, kind: str) -> Tag:
    """The tag as the library writes it, else a new one."""
    same = Tag.objects.filter(kind=kind, name__iexact=name).order_by("pk")
    exact = next((tag for tag in same if tag.name == name), None)
    return exact or same.first() or Tag.objects.create(kind=kind, name=name)


def _forget_unused(tags: Iterable[int]) -> None:
    """A word that is on no piece any more is not offered again."""
    Tag.objects.filter(pk__in=list(tags), pieces__isnull=True).delete()
