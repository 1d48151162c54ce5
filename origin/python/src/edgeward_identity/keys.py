"""The edge's public keys: fetched when they are first needed, once for all who wait, and again when they are too old."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import time
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import jwt

from .assertion import PublicKeys

REFRESH_FLOOR = 10
"""Seconds between attempts, so that unknown ids of keys cause no storm."""
FIRST_FETCH_FLOOR = 1
"""Seconds between attempts while keys have never been had: the edge may just be starting."""
MAX_AGE = 600
"""Keys older than this many seconds are fetched again before they are used: one that was withdrawn may have leaked."""

_DEADLINE = 5.0
_PATIENCE = 1.0
"""Longest that a request waits for others in place of keys that are too old."""
_MAX_BYTES = 64 * 1024

_log = logging.getLogger("edgeward_identity")


class KeysUnavailable(Exception):
    """There are no keys that could decide."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("the edge's keys could not be fetched")
        self.retry_after = retry_after


class KeysError(Exception):
    """Keys could not be read."""


Fetch = Callable[[], Awaitable[bytes]]


class Keys:
    """The keys at a URL. A fetch that fails changes nothing: the keys had before stay good."""

    def __init__(self, url: str, *, fetch: Fetch | None = None, now: Callable[[], int] | None = None) -> None:
        self._url = url
        self._fetch = fetch or self._get
        self._now = now or (lambda: int(time.time()))
        self._keys: PublicKeys | None = None
        self._fetched_at = 0
        self._last_attempt: int | None = None
        self._last_failed = False
        self._flight: asyncio.Task[None] | None = None

    @classmethod
    def of_edge(cls, issuer: str) -> Keys:
        """The keys that the edge with this public URL publishes."""
        return cls(f"{issuer}/.well-known/jwks.json")

    async def current(self) -> PublicKeys:
        """The keys known now; waits for the first fetch if there are none."""
        now = self._now()
        if self._keys is not None and now - self._fetched_at <= MAX_AGE:
            return self._keys
        flight = self._take_off(now)
        if flight is not None:
            # The flight goes on; whoever comes meanwhile has the keys that there are.
            await asyncio.wait([flight], timeout=_PATIENCE if self._keys is not None else _DEADLINE)
        if self._keys is None:
            raise KeysUnavailable(self._wait(now))
        return self._keys

    async def newer_than(self, seen: PublicKeys) -> PublicKeys | None:
        """Keys newer than ``seen``, which lack an id; ``None`` if there are none to be had now."""
        if self._keys is not seen:
            return self._keys
        now = self._now()
        flight = self._take_off(now)
        if flight is not None:
            await asyncio.wait([flight])
        if self._keys is not seen:
            return self._keys
        # The id may belong to a key that is there already and could not be fetched.
        if self._last_failed:
            raise KeysUnavailable(self._wait(now))
        return None

    def _wait(self, now: int) -> int:
        """Seconds until the next attempt may start."""
        floor = FIRST_FETCH_FLOOR if self._keys is None else REFRESH_FLOOR
        # A clock that was set back must not stop refreshing until it has caught up.
        if self._last_attempt is None or self._last_attempt > now:
            return 0
        return max(0, self._last_attempt + floor - now)

    def _take_off(self, now: int) -> asyncio.Task[None] | None:
        """Starts a fetch, or joins the one under way; ``None`` when the last attempt is too recent."""
        if self._flight is not None and not self._flight.done():
            return self._flight
        if self._wait(now) > 0:
            return None
        self._last_attempt = now
        # A task of its own, so that the fetch outlives the request that caused it.
        self._flight = asyncio.create_task(self._read(now))
        return self._flight

    async def _read(self, now: int) -> None:
        try:
            keys = parse(await asyncio.wait_for(self._fetch(), _DEADLINE))
        except Exception as error:
            self._last_failed = True
            _log.warning("the edge's keys could not be fetched from %s: %r", self._url, error)
            return
        self._keys, self._fetched_at, self._last_failed = keys, now, False
        _log.info("the edge's keys were fetched from %s", self._url)

    async def _get(self) -> bytes:
        async with httpx.AsyncClient(follow_redirects=False, timeout=_DEADLINE) as client:
            async with client.stream("GET", self._url, headers={"accept": "application/json"}) as response:
                if response.status_code != 200:
                    raise KeysError(f"status {response.status_code}")
                body = b""
                async for chunk in response.aiter_bytes():
                    body += chunk
                    if len(body) > _MAX_BYTES:
                        raise KeysError(f"more than {_MAX_BYTES} bytes")
                return body


_KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)


def parse(document: bytes) -> PublicKeys:
    """The Ed25519 signature keys of a JWKS. Keys of other kinds are passed over."""
    jwks = json.loads(document)
    if not isinstance(jwks, dict) or not isinstance(jwks.get("keys"), list):
        raise KeysError("not a JWKS")
    found: dict[str, jwt.PyJWK] = {}
    for jwk in jwks["keys"]:
        if not _is_for_signatures(jwk):
            continue
        key_id = jwk.get("kid")
        if not isinstance(key_id, str) or not _KEY_ID.fullmatch(key_id):
            raise KeysError("a key without a usable `kid`")
        if key_id in found:
            raise KeysError(f"two keys with the `kid` {key_id}")
        public = {name: value for name, value in jwk.items() if name in ("kty", "crv", "x", "kid")}
        found[key_id] = jwt.PyJWK.from_dict(public, algorithm="EdDSA")
    if not found:
        raise KeysError("no Ed25519 signature key")
    return found


def _is_for_signatures(jwk: Any) -> bool:
    if not isinstance(jwk, dict) or (jwk.get("kty"), jwk.get("crv")) != ("OKP", "Ed25519"):
        return False
    return jwk.get("use", "sig") == "sig" and jwk.get("alg", "EdDSA") in ("EdDSA", "Ed25519")
