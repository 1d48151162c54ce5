"""Which requests reach a Starlette application, over HTTP as it was sent."""

from __future__ import annotations

import asyncio
import json

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from edgeward_identity import HEADER, Caller, Keys

from .edge import JWK, PUBLIC, Clock, Source, assertion, jwks
from .serving import served


async def _hello(request: Request) -> JSONResponse:
    caller: Caller = request.state.caller
    return JSONResponse({"subject": caller.subject, "write": caller.has_scope("write"), "header": HEADER in request.headers})


async def _health(_: Request) -> JSONResponse:
    return JSONResponse({"ok": True})


def _app() -> Starlette:
    return Starlette(routes=[Route("/hello", _hello), Route("/healthz", _health)])


async def _get(port: int, *fields: str, path: str = "/hello") -> tuple[int, dict[str, str], bytes]:
    """As the bytes are, so that a header can be there twice."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    lines = [f"GET {path} HTTP/1.1", "Host: origin.example", "Connection: close", *fields, "", ""]
    writer.write("\r\n".join(lines).encode())
    answer = await reader.read()
    writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    status, *headers = head.decode().split("\r\n")
    named = (header.partition(": ") for header in headers)
    return int(status.split()[1]), {name.lower(): value for name, _, value in named}, body


async def test_a_good_assertion_names_the_caller_and_the_header_is_gone() -> None:
    async with served(_app(), Source(jwks(PUBLIC)), ("/healthz",)) as port:
        status, _, body = await _get(port, f"X-Edgeward-Identity: {assertion()}")
        assert (status, json.loads(body)) == (200, {"subject": "user-1", "write": True, "header": False})


async def test_all_others_are_refused_with_one_word() -> None:
    good = assertion()
    cases = [
        ([], "identity_missing"),
        ([f"{HEADER}: {good}", f"X-EDGEWARD-IDENTITY: {good}"], "identity_repeated"),
        ([f"{HEADER}: "], "identity_invalid"),
        ([f"{HEADER}: {good}é"], "identity_invalid"),
        ([f"{HEADER}: {good}, {good}"], "identity_invalid"),
        ([f"{HEADER}: {'x' * 9000}"], "identity_invalid"),
        ([f"{HEADER}: {assertion(aud='https://another.example')}"], "identity_invalid"),
        ([f"{HEADER}: {assertion(exp=0, iat=0)}"], "identity_expired"),
        ([f"{HEADER}: {assertion(kid='unknown')}"], "identity_invalid"),
    ]
    async with served(_app(), Source(jwks(PUBLIC)), ("/healthz",)) as port:
        for fields, code in cases:
            status, headers, body = await _get(port, *fields)
            assert (status, json.loads(body)) == (401, {"error": code}), fields
            assert (headers["www-authenticate"], headers["cache-control"]) == ("Edgeward", "no-store")


async def test_without_keys_it_is_a_503_that_says_when_to_come_back() -> None:
    async with served(_app(), Source(OSError("down")), ("/healthz",)) as port:
        status, headers, body = await _get(port, f"{HEADER}: {assertion()}")
        assert (status, json.loads(body)) == (503, {"error": "identity_keys_unavailable"})
        assert headers["retry-after"] == "1"


async def test_a_new_key_is_fetched_at_its_first_use() -> None:
    source = Source(jwks({**PUBLIC, "kid": "old"}))
    async with served(_app(), source, ("/healthz",)) as port:
        assert (await _get(port, f"{HEADER}: {assertion()}"))[0] == 401
    source = Source(jwks({**PUBLIC, "kid": "old"}), jwks(PUBLIC))
    keys = Keys("https://edge.example/keys", fetch=source, now=(clock := Clock()))
    first = await keys.current()
    clock.now += 10
    newer = await keys.newer_than(first)
    assert newer is not None and set(newer) == {JWK["kid"]}


async def test_exempt_paths_need_no_identity() -> None:
    async with served(_app(), Source(OSError("down")), ("/healthz",)) as port:
        assert (await _get(port, path="/healthz"))[0] == 200
        assert (await _get(port, path="/healthz/../hello"))[0] in (401, 404, 503)
