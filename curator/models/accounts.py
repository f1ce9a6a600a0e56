"""People: an owner who may do everything, raters who listen and judge."""

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _

from curator.models.identity import PublicIdField


class Role(models.TextChoices):
    """What a user may do."""

    OWNER = "owner", _("Owner")
    RATER = "rater", _("Listener")


class HeardOn(models.TextChoices):
    """What somebody listens on, as he said at the volume check."""

    HEADPHONES = "headphones", _("Headphones")
    SPEAKERS = "speakers", _("Loudspeakers")


class User(AbstractUser):
    """One person. There is no password: sign-in links open a session.

    An anonymised listener has no name, no session and no link any more; what he judged stays.
    """

    public_id = PublicIdField()
    role = models.CharField(max_length=8, choices=Role.choices, default=Role.RATER)
    warmed_up_at = models.DateTimeField(null=True, blank=True, help_text="when the first listening was gone through")
    heard_on = models.CharField(max_length=10, choices=HeardOn.choices, blank=True)
    anonymised_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="user_role_known"),
            models.CheckConstraint(condition=models.Q(heard_on__in=["", *HeardOn.values]), name="user_heard_on_known"),
        ]

    @property
    def is_owner(self) -> bool:
        """True when this user may change things, not only judge."""
        return self.role == Role.OWNER


class SignInLink(models.Model):
    """A link that signs its user in once, unless it was revoked before. Only the SHA-256 of its token is kept."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="sign_in_links")
    token_sha256 = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"link of {self.user_id} until {self.expires_at:%Y-%m-%d %H:%M}"
