"""People: an owner who may do everything, raters who listen and judge."""

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _

from curator.models.identity import PublicIdField


class Role(models.TextChoices):
    """What a user may do."""

    OWNER = "owner", _("Owner")
    RATER = "rater", _("Listener")


class User(AbstractUser):
    """One person. There is no password: sign-in links open a session."""

    public_id = PublicIdField()
    role = models.CharField(max_length=8, choices=Role.choices, default=Role.RATER)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="user_role_known"),
        ]

    @property
    def is_owner(self) -> bool:
        """True when this user may change things, not only judge."""
        return self.role == Role.OWNER


class SignInLink(models.Model):
    """A link that signs its user in once. Only the SHA-256 of its token is kept."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="sign_in_links")
    token_sha256 = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"link of {self.user_id} until {self.expires_at:%Y-%m-%d %H:%M}"
