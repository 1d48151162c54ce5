"""The hostile inputs that the verifiers of all languages are held to."""

from __future__ import annotations

import json
from typing import Any

import pytest

from edgeward_identity import HEADER, Keys, RequireIdentity
from edgeward_identity.keys import parse

from .edge import VECTORS, Clock, Source

DOCUMENT = json.loads((VECTORS / "hostile.json").read_text())


def _named(kind: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", DOCUMENT[kind], ids=lambda case: case["name"])


class Server:
    """An application behind the middleware, as ASGI calls it."""

    def __init__(self, source: Source) -> None:
        self.clock = Clock()
        self.source = source
        keys = Keys("https://edge.example/keys", fetch=source, now=self.clock)
        issuer, audience = DOCUMENT["issuer"], DOCUMENT["audience"]
        self._gate = RequireIdentity(self._app, issuer=issuer, audience=audience, keys=keys, now=self.clock)

    async def _app(self, scope: Any, receive: Any, send: Any) -> None:
        assert not any(name == HEADER.encode() for name, _ in scope["headers"])
        assert scope["state"]["caller"].subject
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"{}"})

    async def get(self, values: list[str]) -> tuple[int, Any]:
        sent: list[Any] = []

        async def send(message: Any) -> None:
            sent.append(message)

        headers = [(HEADER.encode(), value.encode("latin-1")) for value in values]
        await self._gate({"type": "http", "path": "/", "headers": headers}, None, send)  # type: ignore[arg-type]
        return sent[0]["status"], json.loads(sent[1]["body"])


@_named("accepted")
async def test_what_is_unusual_and_good_is_accepted(case: Any) -> None:
    assert (await Server(Source(DOCUMENT["jwks"].encode())).get(case["values"]))[0] == 200


@_named("refused")
async def test_what_is_hostile_is_refused(case: Any) -> None:
    status, body = await Server(Source(DOCUMENT["jwks"].encode())).get(case["values"])
    assert status == 401 and body["error"] in case["errors"], body


@_named("key_sets")
def test_sets_of_keys_are_read_as_the_edge_writes_them(case: Any) -> None:
    if case["key_ids"] is not None:
        assert list(parse(case["document"].encode())) == case["key_ids"]
        return
    with pytest.raises(Exception, match=""):
        parse(case["document"].encode())


@_named("sequences")
async def test_keys_are_fetched_when_they_must_be(case: Any) -> None:
    server = Server(Source(OSError("down")))
    for step in case["steps"]:
        if "source" in step:
            server.source.answers = [OSError("down") if step["source"] == "down" else step["source"].encode()]
        server.clock.now = DOCUMENT["now"] + step["at"]
        for _ in range(step["times"]):
            assert (await server.get([step["assertion"]]))[0] == step["status"], step["at"]
        assert server.source.asked == step["fetches"], step["at"]
