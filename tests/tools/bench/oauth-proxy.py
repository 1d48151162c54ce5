"""FastMCP's OAuth proxy with a JWT verifier in front of an origin: oauth-proxy.py SETTINGS-AS-JSON"""

import json
import sys

from fastmcp.server import create_proxy
from fastmcp.server.auth import OAuthProxy
from fastmcp.server.auth.providers.jwt import JWTVerifier
from key_value.aio.stores.memory import MemoryStore

settings = json.loads(sys.argv[1])
auth = OAuthProxy(
    upstream_authorization_endpoint=settings["authorization_endpoint"],
    upstream_token_endpoint=settings["token_endpoint"],
    upstream_client_id=settings["client_id"],
    upstream_client_secret=settings["client_secret"],
    token_verifier=JWTVerifier(jwks_uri=settings["jwks_uri"], issuer=settings["issuer"]),
    base_url=settings["base_url"],
    redirect_path="/callback",
    valid_scopes=["openid", "mcp"],
    forward_resource=False,
    client_storage=MemoryStore(),
    jwt_signing_key="a key that signs nothing but the bench's tokens",
)
server = create_proxy(settings["origin"] + "/mcp", name="bench", auth=auth)
server.run(
    transport="http",
    host="127.0.0.1",
    port=settings["port"],
    path="/mcp",
    stateless_http=True,
    show_banner=False,
    log_level="error",
    uvicorn_config={"access_log": False},
)
