"""Tools of MCP servers behind the middleware: the MCP SDK's own, and FastMCP's."""

from __future__ import annotations

from typing import Any

import fastmcp
import httpx
import pytest
from mcp.server.mcpserver import Context, MCPServer

from edgeward_identity import HEADER, caller_of

from .edge import PUBLIC, Source, assertion, jwks
from .serving import served


def _sdk() -> Any:
    server = MCPServer("test")

    @server.tool()
    async def whoami(context: Context) -> str:
        return caller_of(context).subject

    return server.streamable_http_app(stateless_http=True, json_response=True)


def _fastmcp() -> Any:
    server = fastmcp.FastMCP("test")

    @server.tool
    async def whoami(context: fastmcp.Context) -> str:
        return caller_of(context).subject

    return server.http_app(stateless_http=True, json_response=True)


@pytest.mark.parametrize("app", [_sdk, _fastmcp])
async def test_a_tool_knows_who_calls_it(app: Any) -> None:
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "whoami", "arguments": {}}}
    headers = {"accept": "application/json, text/event-stream", "mcp-protocol-version": "2025-11-25"}
    async with served(app(), Source(jwks(PUBLIC))) as port, httpx.AsyncClient() as client:
        for subject in ("user-1", "user-2"):
            url, identity = f"http://127.0.0.1:{port}/mcp", {HEADER: assertion(sub=subject)}
            answer = await client.post(url, json=call, headers={**headers, **identity})
            assert answer.status_code == 200, answer.text
            assert answer.json()["result"]["content"][0]["text"] == subject
        assert (await client.post(url, json=call, headers=headers)).status_code == 401


def test_without_the_middleware_there_is_no_caller() -> None:
    with pytest.raises(LookupError, match="RequireIdentity"):
        caller_of(object())
