"""ASGI middleware for Starlette, FastAPI, and MCP servers that are Starlette applications."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from .assertion import HEADER, AssertionInvalid, PublicKeys, UnknownKey, Verifier
from .caller import Caller
from .keys import Keys, KeysUnavailable

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

STATE = "caller"
"""The name in ``request.state`` under which handlers find the caller."""

_HEADER = HEADER.encode()
_log = logging.getLogger("edgeward_identity")


class RequireIdentity:
    """Lets a request through only with exactly one valid identity assertion.

    Handlers find the ``Caller`` as ``request.state.caller``, and the header is gone. Any other request gets a 401, or a 503 while
    the edge's keys are not known. ``exempt`` names paths that need no identity, such as a health check.
    """

    def __init__(
        self,
        app: App,
        *,
        issuer: str,
        audience: str,
        keys: Keys | None = None,
        exempt: tuple[str, ...] = (),
        now: Callable[[], int] | None = None,
    ) -> None:
        self._app = app
        self._verifier = Verifier(issuer, audience)
        self._keys = keys or Keys.of_edge(issuer)
        self._exempt = frozenset(exempt)
        self._now = now or (lambda: int(time.time()))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or (scope["type"] == "http" and scope["path"] in self._exempt):
            await self._app(scope, receive, send)
            return
        try:
            caller = await self._admit(scope["headers"])
        except AssertionInvalid as refused:
            _log.warning("a request was refused: identity assertion: %s", refused)
            await _refuse(scope, send, 401, refused.code)
        except KeysUnavailable as unavailable:
            _log.warning("a request was refused: %s", unavailable)
            await _refuse(scope, send, 503, "identity_keys_unavailable", unavailable.retry_after)
        else:
            headers = [(name, value) for name, value in scope["headers"] if name.lower() != _HEADER]
            state = {**scope.get("state", {}), STATE: caller}
            await self._app({**scope, "headers": headers, "state": state}, receive, send)

    async def _admit(self, headers: list[tuple[bytes, bytes]]) -> Caller:
        values = [value for name, value in headers if name.lower() == _HEADER]
        if not values:
            raise AssertionInvalid("there is none", "identity_missing")
        if len(values) > 1:
            raise AssertionInvalid("there is more than one", "identity_repeated")
        if not all(0x20 <= byte < 0x7F or byte == 0x09 for byte in values[0]):
            raise AssertionInvalid("not text")
        assertion = values[0].decode("ascii")
        keys = await self._keys.current()
        try:
            return self._verify(assertion, keys)
        except UnknownKey:
            # The edge may have a new one.
            newer = await self._keys.newer_than(keys)
            if newer is None:
                raise
            return self._verify(assertion, newer)

    def _verify(self, assertion: str, keys: PublicKeys) -> Caller:
        return self._verifier.verify(assertion, keys, self._now())


async def _refuse(scope: Scope, send: Send, status: int, code: str, retry_after: int | None = None) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
    if retry_after is None:
        # RFC 9110 §15.5.2: a 401 has a challenge. Not `Bearer`, or a client would fetch a token for this server.
        headers.append((b"www-authenticate", b"Edgeward"))
    else:
        headers.append((b"retry-after", str(max(1, retry_after)).encode()))
    body = json.dumps({"error": code}, separators=(",", ":")).encode()
    headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
