"""An application behind the middleware, served over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn

from edgeward_identity import Keys, RequireIdentity

from .edge import AUDIENCE, ISSUER, Clock, Source


@asynccontextmanager
async def served(app: Any, source: Source, exempt: tuple[str, ...] = ()) -> AsyncIterator[int]:
    """The port of an application, while the keys come from ``source``."""
    clock = Clock()
    keys = Keys("https://edge.example/keys", fetch=source, now=clock)
    gate = RequireIdentity(app, issuer=ISSUER, audience=AUDIENCE, keys=keys, exempt=exempt, now=clock)
    server = uvicorn.Server(uvicorn.Config(gate, port=0, log_level="error"))
    serving = asyncio.create_task(server.serve())
    # uvicorn has no event for it.
    while not server.started and not serving.done():  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await serving
