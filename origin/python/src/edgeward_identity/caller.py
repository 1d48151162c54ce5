"""Who is calling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Caller:
    """A verified caller, as the edge vouches for it."""

    issuer: str
    audience: str
    subject: str
    """The user, as the identity provider names them; the client, if a machine calls."""
    client_id: str
    """The OAuth client that acts for the user."""
    scopes: tuple[str, ...]
    """What the user allowed the client."""
    grant_id: str
    """One sign-in of one user for one client, the same after each refresh."""
    kind: Literal["user", "machine"] = "user"
    username: str | None = None
    email: str | None = None
    """The user's e-mail address, if it is verified."""
    unverified_email: str | None = None
    """An address that anybody may have written there: show it, and never look anything up by it."""
    groups: tuple[str, ...] = ()
    auth_time: int | None = None
    """When the user last proved who they are, in seconds since the epoch."""

    def has_scope(self, scope: str) -> bool:
        """Whether the user allowed ``scope``."""
        return scope in self.scopes
