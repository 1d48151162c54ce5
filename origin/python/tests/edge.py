"""An edge's key and what it signs, for tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jwt

VECTORS = Path(__file__).parents[3] / "shared/tests/vectors"
ISSUER, AUDIENCE, NOW = "https://edge.example", "https://origin.example", 1_790_000_000
JWK: dict[str, Any] = json.loads((VECTORS / "accepted.json").read_text())["key"]
PUBLIC = {name: value for name, value in JWK.items() if name != "d"}


def jwks(*keys: dict[str, Any]) -> bytes:
    return json.dumps({"keys": list(keys)}).encode()


def assertion(**changes: Any) -> str:
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "iat": NOW,
        "exp": NOW + 60,
        "sub": "user-1",
        "client_id": "client-1",
        "scope": "read write",
        "username": "demo",
        "grant_id": "grant-1",
    }
    header = {"typ": "edgeward-identity+jwt", "kid": JWK["kid"]}
    kid = changes.pop("kid", None)
    if kid is not None:
        header["kid"] = kid
    return jwt.encode({**claims, **changes}, jwt.PyJWK.from_dict(JWK).key, algorithm="EdDSA", headers=header)


class Source:
    """Where keys are fetched: what it answers, and how often it was asked."""

    def __init__(self, *answers: bytes | Exception) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def __call__(self) -> bytes:
        self.asked += 1
        answer = self.answers[0] if len(self.answers) == 1 else self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> int:
        return self.now
