"""The caller for tools of MCP servers in Python."""

from __future__ import annotations

from typing import Any

from .caller import Caller
from .middleware import STATE


def caller_of(context: Any) -> Caller:
    """Who calls a tool, by the ``Context`` that the MCP SDK or FastMCP gives it.

    Each request of a session has its own caller. Raises ``LookupError`` if the server does not stand behind
    ``RequireIdentity``.
    """
    request = getattr(getattr(context, "request_context", None), "request", None)
    caller = getattr(getattr(request, "state", None), STATE, None)
    if not isinstance(caller, Caller):
        raise LookupError("no verified caller: wrap the server's application in edgeward_identity.RequireIdentity")
    return caller
