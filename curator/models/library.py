"""Pieces of music: where they came from, their immutable texts, and what was rendered from these."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from curator.models.identity import PublicIdField


class Rights(models.TextChoices):
    """What may be done with a source."""

    PUBLIC_DOMAIN = "public_domain", _("Public domain")
    CREATIVE_COMMONS = "creative_commons", _("Creative Commons")
    OWN_COPY = "own_copy", _("In copyright, own copy")
    OWN_WORK = "own_work", _("Own work")
    UNKNOWN = "unknown", _("Not known")


class Source(models.Model):
    """Where a piece came from and under which terms."""

    name = models.CharField(max_length=200)
    url = models.URLField(max_length=500, blank=True)
    licence = models.CharField(max_length=120, blank=True)
    rights = models.CharField(max_length=20, choices=Rights.choices, default=Rights.UNKNOWN)
    attribution = models.TextField(blank=True)
    note = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["name", "url"], name="source_unique"),
            models.CheckConstraint(condition=Q(rights__in=Rights.values), name="source_rights_known"),
        ]

    def __str__(self) -> str:
        return self.name


class Tag(models.Model):
    """A word that the owner puts on pieces. `kind` groups them (mood, texture, use, ...)."""

    name = models.CharField(max_length=60)
    kind = models.CharField(max_length=30, blank=True)

    class Meta:
        ordering = ["kind", "name"]
        constraints = [models.UniqueConstraint(fields=["kind", "name"], name="tag_unique")]

    def __str__(self) -> str:
        return self.name


class Origin(models.TextChoices):
    """Where a piece's notes come from."""

    CORPUS = "corpus", _("Corpus")
    GENERATED = "generated", _("Generated")
    UPLOADED = "uploaded", _("Uploaded")


def _shelf(name: str, *fields: str) -> models.Index:
    """An index over the pieces that the library shows."""
    return models.Index(fields=fields, condition=Q(archived_at__isnull=True), name=f"piece_shelf_{name}")


class Piece(models.Model):
    """The identity of a piece. `making` says how a generated one was made (checkpoint, seed, settings).

    One that was merged into another (curator.domain.twins) is archived and points to it.
    From `words` on the fields repeat what stands elsewhere, so that thousands of pieces are searched, narrowed and
    sorted fast: facts of the newest version, and all names in folded letters. Only curator.domain.shelving writes them.
    """

    public_id = PublicIdField()
    title = models.CharField(max_length=200)
    composer = models.CharField(max_length=200, blank=True)
    period = models.CharField(max_length=60, blank=True)
    instrumentation = models.CharField(max_length=60, blank=True)
    origin = models.CharField(max_length=10, choices=Origin.choices)
    source = models.ForeignKey(Source, on_delete=models.PROTECT, null=True, blank=True, related_name="pieces")
    making = models.JSONField(default=dict, blank=True)
    tags = models.ManyToManyField(Tag, blank=True, related_name="pieces")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="pieces"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    archived_at = models.DateTimeField(null=True, blank=True)
    merged_into = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="merged")
    words = models.TextField(default="", blank=True, editable=False)
    key = models.CharField(max_length=40, default="", blank=True, editable=False)
    metre = models.CharField(max_length=20, default="", blank=True, editable=False)
    bars = models.PositiveIntegerField(null=True, blank=True, editable=False)
    tempo = models.FloatField(null=True, blank=True, editable=False)
    seconds = models.FloatField(null=True, blank=True, editable=False)
    per_second = models.FloatField(null=True, blank=True, editable=False)
    register = models.FloatField(null=True, blank=True, editable=False)
    major = models.FloatField(null=True, blank=True, editable=False)
    repetition = models.FloatField(null=True, blank=True, editable=False)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(origin__in=Origin.values), name="piece_origin_known")]
        indexes = [
            _shelf("new", "-created_at", "-id"),
            _shelf("title", "title"),
            _shelf("composer", "composer", "title"),
            _shelf("key", "key"),
            _shelf("metre", "metre"),
            _shelf("origin", "origin"),
            _shelf("source", "source"),
            _shelf("tempo", "tempo"),
            _shelf("seconds", "seconds"),
            _shelf("per_second", "per_second"),
        ]

    def __str__(self) -> str:
        return self.title


class SavedView(models.Model):
    """What somebody looks for in the library again and again: the address it is found at, under a name."""

    public_id = PublicIdField()
    name = models.CharField(max_length=80)
    address = models.CharField(max_length=2000, blank=True, help_text="query of the library's address, without ?")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_views")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["created_by", "name"], name="saved_view_name_unique")]

    def __str__(self) -> str:
        return self.name


class PieceVersion(models.Model):
    """One immutable text of a piece: interleaved ABC and the MusicXML that belongs to it.

    `sha256` is that of `abc`; `fingerprint` tells equal music from equal text. `original_*` keep what came in.
    """

    public_id = PublicIdField()
    piece = models.ForeignKey(Piece, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField(default=1)
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="children")
    abc = models.TextField()
    musicxml = models.TextField(blank=True)
    sha256 = models.CharField(max_length=64)
    fingerprint = models.CharField(max_length=64, blank=True, db_index=True)
    original_name = models.CharField(max_length=255, blank=True)
    original_sha256 = models.CharField(max_length=64, blank=True)
    converter = models.CharField(max_length=80, blank=True)
    warnings = models.JSONField(default=list, blank=True)
    facts = models.JSONField(default=dict, blank=True, help_text="metre, key, tempo, bars, notes, ambitus ...")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["piece_id", "number"]
        constraints = [models.UniqueConstraint(fields=["piece", "number"], name="version_number_unique")]

    def __str__(self) -> str:
        return f"{self.piece_id} v{self.number}"


class MediaFile(models.Model):
    """A file of the storage, named by its content: <first two of sha256>/<sha256><suffix>. Never overwritten.

    One that nothing refers to and that was last stored a while ago goes (curator.domain.housekeeping).
    """

    sha256 = models.CharField(max_length=64, unique=True)
    suffix = models.CharField(max_length=12)
    content_type = models.CharField(max_length=60)
    size = models.PositiveBigIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)
    stored_at = models.DateTimeField(default=timezone.now, db_index=True)

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """Name within the storage."""
        return f"{self.sha256[:2]}/{self.sha256}{self.suffix}"


class RenderingState(models.TextChoices):
    """PENDING -> READY | FAILED, written by curator.domain.rendering."""

    PENDING = "pending", _("Being engraved")
    READY = "ready", _("Ready")
    FAILED = "failed", _("Failed")


class Rendering(models.Model):
    """What one renderer version made of one piece version for one target ("engraving", "sound").

    `key` is the SHA-256 over version, tempo map, renderer and target. A new renderer makes a new row.
    """

    key = models.CharField(max_length=64, unique=True)
    version = models.ForeignKey(PieceVersion, on_delete=models.CASCADE, related_name="renderings")
    target = models.CharField(max_length=20)
    tempo_map = models.JSONField(default=list, blank=True)
    renderer = models.CharField(max_length=80)
    state = models.CharField(max_length=8, choices=RenderingState.choices, default=RenderingState.PENDING)
    error = models.TextField(blank=True)
    seconds = models.FloatField(null=True, blank=True)
    facts = models.JSONField(default=dict, blank=True, help_text="pages, bars, loudness, gain, peak")
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=RenderingState.values), name="rendering_state_known")
        ]

    def __str__(self) -> str:
        return f"{self.target} of {self.version_id}: {self.state}"


class RenderingFile(models.Model):
    """A file of a rendering. Roles: page (numbered), incipit, timemap, midi, opus, mp3."""

    rendering = models.ForeignKey(Rendering, on_delete=models.CASCADE, related_name="files")
    role = models.CharField(max_length=10)
    number = models.PositiveSmallIntegerField(default=1)
    media = models.ForeignKey(MediaFile, on_delete=models.PROTECT, related_name="rendering_files")

    class Meta:
        ordering = ["role", "number"]
        constraints = [models.UniqueConstraint(fields=["rendering", "role", "number"], name="rendering_file_unique")]

    def __str__(self) -> str:
        return f"{self.role} {self.number}"
