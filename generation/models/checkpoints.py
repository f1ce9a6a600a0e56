"""Weights of the music model that this installation knows."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from curator.models.identity import PublicIdField


class CheckpointKind(models.TextChoices):
    """Where a checkpoint comes from."""

    DEMO = "demo", _("Demo, trained on études composed by rule")
    IMPORTED = "imported", _("Imported")
    SFT = "sft", _("Fine-tuned on the library")
    DPO = "dpo", _("Fine-tuned on rankings")


class Checkpoint(models.Model):
    """One set of weights, named by its content. The file lies in settings.WEIGHTS as <sha256>.safetensors.

    `sizes`: patch_size, patch_length, hidden_size, patch_layers, char_layers, parameters.
    `header`: style of the prompt lines the model was trained with. `vocabulary`: prompt combinations it knows.
    """

    public_id = PublicIdField()
    name = models.CharField(max_length=80, unique=True)
    kind = models.CharField(max_length=10, choices=CheckpointKind.choices)
    sha256 = models.CharField(max_length=64, unique=True)
    size = models.PositiveBigIntegerField()
    sizes = models.JSONField(default=dict)
    header = models.CharField(max_length=40)
    vocabulary = models.JSONField(default=list, blank=True)
    sampling = models.JSONField(default=dict, blank=True)
    meta = models.JSONField(default=dict, blank=True)
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="children")
    made_by = models.CharField(max_length=40, blank=True, help_text="public id of the round that made it")
    promoted_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=CheckpointKind.values), name="checkpoint_kind_known")
        ]

    def __str__(self) -> str:
        return self.name


class Preset(models.Model):
    """Settings of the draw under a name: top_k, top_p, temperature. Without `checkpoint` it suits all of them."""

    public_id = PublicIdField()
    name = models.CharField(max_length=60)
    checkpoint = models.ForeignKey(Checkpoint, on_delete=models.CASCADE, null=True, blank=True, related_name="presets")
    sampling = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["name", "checkpoint"], name="preset_unique"),
            models.UniqueConstraint(fields=["name"], condition=Q(checkpoint=None), name="preset_for_all_unique"),
        ]

    def __str__(self) -> str:
        return self.name
