"""An MCP server behind an Edgeward edge: it knows who is calling, and lets only editors publish."""

import os
import sys

import uvicorn
from edgeward_identity import RequireIdentity, caller_of
from fastmcp import Context, FastMCP
from fastmcp.exceptions import ToolError

server = FastMCP("notes")


@server.tool
async def whoami(context: Context) -> dict[str, object]:
    """Says who is calling."""
    caller = caller_of(context)
    return {
        "username": caller.username,
        "email": caller.email,
        "groups": caller.groups,
        "scopes": caller.scopes,
        "client_id": caller.client_id,
    }


@server.tool
async def publish(title: str, context: Context) -> str:
    """Publishes a note. Only editors may do this."""
    caller = caller_of(context)
    if "editors" not in caller.groups:
        raise ToolError("only members of the group editors may publish")
    return f"{caller.username} published {title!r}"


def setting(name: str, meaning: str) -> str:
    value = os.environ.get(name)
    if not value:
        print(f"set {name} to {meaning}", file=sys.stderr)
        sys.exit(2)
    return value


if __name__ == "__main__":
    app = RequireIdentity(
        server.http_app(),
        issuer=setting("EDGEWARD_ISSUER", "the edge's public URL, such as https://mcp.example.com"),
        audience=setting("EDGEWARD_AUDIENCE", "the origin-url of edgeward.toml: this server as the edge reaches it"),
    )
    uvicorn.run(app, port=int(os.environ.get("PORT", "8080")), log_level="warning")
