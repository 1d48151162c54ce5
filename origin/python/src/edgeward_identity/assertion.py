"""The identity assertion: a compact JWS that lives for a minute at most."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import jwt
from jwt.algorithms import OKPAlgorithm

from .caller import Caller

HEADER = "x-edgeward-identity"
"""The request header with the assertion, in lower case."""

TYPE = "edgeward-identity+jwt"
MAX_BYTES = 8 * 1024
MAX_LIFETIME = 60
"""No assertion lives longer than this many seconds."""
MAX_SKEW = 5
"""The edge's clock may be this many seconds ahead."""

PublicKeys = Mapping[str, jwt.PyJWK]
"""Ed25519 keys by their ids."""


class AssertionInvalid(Exception):
    """An assertion failed a check. The reason is for the log; the sender is told ``code``."""

    def __init__(self, reason: str, code: str = "identity_invalid") -> None:
        super().__init__(reason)
        self.code = code


class UnknownKey(AssertionInvalid):
    """No key has the assertion's ``kid``: the edge may have a new one."""

    def __init__(self, key_id: str) -> None:
        super().__init__(f'unknown `kid` "{key_id[:64]}"')


@dataclass(frozen=True, slots=True)
class Verifier:
    """Verifies assertions of one edge for one server."""

    issuer: str
    """The edge's public URL."""
    audience: str
    """What the edge calls this server: by default its URL, as the edge's settings name it."""

    def verify(self, assertion: str, keys: PublicKeys, now: int) -> Caller:
        """The caller that the header's value names.

        Raises ``AssertionInvalid`` for the first check that fails. ``now`` is in seconds since the epoch.
        """
        claims = _Claims(_signed(assertion, keys))
        caller = claims.caller()
        issued_at, expires_at = claims.time("iat"), claims.time("exp")
        if issued_at is None:
            raise AssertionInvalid("no claim `iat`")
        if expires_at is None:
            raise AssertionInvalid("no claim `exp`")
        if caller.issuer != self.issuer:
            raise AssertionInvalid("wrong issuer")
        if caller.audience != self.audience:
            raise AssertionInvalid("wrong audience")
        if issued_at > now + MAX_SKEW:
            raise AssertionInvalid("issued in the future", "identity_expired")
        if expires_at - issued_at > MAX_LIFETIME:
            raise AssertionInvalid(f"lifetime over {MAX_LIFETIME} s")
        if expires_at <= now:
            raise AssertionInvalid("expired", "identity_expired")
        # Two users without a name would be one user.
        if not caller.subject:
            raise AssertionInvalid("no subject")
        return caller


def _signed(token: str, keys: PublicKeys) -> bytes:
    """The claims of a token of this kind that is signed with one of ``keys``."""
    if len(token.encode()) > MAX_BYTES:
        raise AssertionInvalid(f"longer than {MAX_BYTES} bytes")
    parts = token.split(".")
    if len(parts) != 3:
        raise AssertionInvalid("not a compact JWS")
    header_bytes, claims, signature = (_decode(part) for part in parts)
    header = _members(header_bytes)
    alg, typ, key_id = (_header_text(header, name) for name in ("alg", "typ", "kid"))
    if alg is None:
        raise AssertionInvalid("not a compact JWS")
    if any(name == "crit" for name, _ in header):
        raise AssertionInvalid("critical header extension")
    if typ != TYPE:
        raise AssertionInvalid("wrong `typ`")
    if alg != "EdDSA":
        raise AssertionInvalid("wrong `alg`")
    if key_id is None:
        raise AssertionInvalid("no `kid`")
    key = keys.get(key_id)
    if key is None:
        raise UnknownKey(key_id)
    message = token.rpartition(".")[0].encode()
    if not OKPAlgorithm().verify(message, key.key, signature):
        raise AssertionInvalid("bad signature")
    return claims


def _decode(part: str) -> bytes:
    """Base64url without padding, in its one canonical form."""
    try:
        decoded = base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise AssertionInvalid("not a compact JWS") from error
    if base64.urlsafe_b64encode(decoded).rstrip(b"=") != part.encode():
        raise AssertionInvalid("not a compact JWS")
    return decoded


_Members = list[tuple[str, Any]]


class _Object(list[tuple[str, Any]]):
    """An object with all its members, also those that are there twice."""


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _parse(text: bytes) -> Any:
    return json.loads(text.decode(), object_pairs_hook=_Object, parse_constant=_no_constant)


def _members(text: bytes) -> _Members:
    try:
        value = _parse(text)
    except (ValueError, RecursionError) as error:
        raise AssertionInvalid("not a compact JWS") from error
    if not isinstance(value, _Object):
        raise AssertionInvalid("not a compact JWS")
    return value


def _header_text(header: _Members, name: str) -> str | None:
    values = [value for other, value in header if other == name]
    if len(values) > 1 or not (values == [] or values[0] is None or (isinstance(values[0], str) and _is_well_formed(values[0]))):
        raise AssertionInvalid("not a compact JWS")
    return values[0] if values else None


_ABSENT = object()


class _Claims:
    """Claims that are read one by one. Two readers could take different ones of a claim that is there twice."""

    def __init__(self, text: bytes) -> None:
        try:
            value = _parse(text)
        except (ValueError, RecursionError) as error:
            raise _malformed() from error
        if not isinstance(value, _Object):
            raise _malformed()
        self._members = value

    def caller(self) -> Caller:
        kind = self._value("kind")
        if kind is not _ABSENT and kind not in ("user", "machine"):
            raise _malformed()
        # Both are read before anything is judged.
        self.time("iat"), self.time("exp")
        return Caller(
            issuer=self._text("iss"),
            audience=self._text("aud"),
            subject=self._text("sub"),
            client_id=self._text("client_id"),
            scopes=tuple(scope for scope in self._text("scope").split(" ") if scope),
            grant_id=self._text("grant_id"),
            kind="machine" if kind == "machine" else "user",
            username=self._optional_text("username"),
            email=self._optional_text("email"),
            unverified_email=self._optional_text("unverified_email"),
            groups=self._texts("groups"),
            auth_time=self.time("auth_time"),
        )

    def time(self, name: str) -> int | None:
        """Whole seconds since the epoch; ``null`` counts as absent."""
        value = self._value(name)
        if value is _ABSENT or value is None:
            return None
        if type(value) is not int or not 0 <= value < 2**64:
            raise _malformed()
        return value

    def _text(self, name: str) -> str:
        value = self._value(name)
        if not isinstance(value, str) or not _is_well_formed(value):
            raise _malformed()
        return value

    def _optional_text(self, name: str) -> str | None:
        value = self._value(name)
        return None if value is _ABSENT or value is None else self._text(name)

    def _texts(self, name: str) -> tuple[str, ...]:
        value = self._value(name)
        if value is _ABSENT:
            return ()
        if (
            not isinstance(value, list)
            or isinstance(value, _Object)
            or not all(isinstance(one, str) and _is_well_formed(one) for one in value)
        ):
            raise _malformed()
        return tuple(cast("list[str]", value))

    def _value(self, name: str) -> Any:
        values = [value for other, value in self._members if other == name]
        if len(values) > 1:
            raise _malformed()
        return values[0] if values else _ABSENT


def _is_well_formed(text: str) -> bool:
    """Whether it has no half of a surrogate pair, which JSON can write and UTF-8 cannot."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _malformed() -> AssertionInvalid:
    return AssertionInvalid("malformed claims")
