"""Verifies the identity that an Edgeward edge sends along to an MCP server.

The edge puts a signed assertion into the header ``x-edgeward-identity`` of each request that it forwards. ``RequireIdentity``
lets a request through only with a valid one, and tells handlers and tools who is calling.
"""

from .assertion import HEADER, AssertionInvalid, Verifier
from .caller import Caller
from .keys import Keys, KeysUnavailable
from .mcp import caller_of
from .middleware import RequireIdentity

__all__ = [
    "HEADER",
    "AssertionInvalid",
    "Caller",
    "Keys",
    "KeysUnavailable",
    "RequireIdentity",
    "Verifier",
    "caller_of",
]
