"""The golden vectors: what a server takes and what it refuses."""

import json
from pathlib import Path
from typing import Any

import jwt
import pytest

from edgeward_identity import AssertionInvalid, Verifier

VECTORS = Path(__file__).parents[3] / "shared/tests/vectors"


def _read(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((VECTORS / name).read_text())
    return document


def _verifier(document: dict[str, Any]) -> tuple[Verifier, dict[str, jwt.PyJWK]]:
    public = {name: value for name, value in document["key"].items() if name != "d"}
    keys = {public["kid"]: jwt.PyJWK.from_dict(public, algorithm="EdDSA")}
    return Verifier(document["issuer"], document["audience"]), keys


ACCEPTED, REFUSED = _read("accepted.json"), _read("refused.json")


@pytest.mark.parametrize("vector", ACCEPTED["vectors"], ids=lambda vector: vector["name"])
def test_what_the_edge_writes_is_accepted_with_all_that_it_says(vector: dict[str, Any]) -> None:
    verifier, keys = _verifier(ACCEPTED)
    caller = verifier.verify(vector["assertion"], keys, vector["now"])
    said = vector["identity"]
    assert (caller.issuer, caller.audience, caller.subject) == (said["iss"], said["aud"], said["sub"])
    assert (caller.client_id, caller.grant_id) == (said["client_id"], said["grant_id"])
    assert caller.scopes == tuple(said["scope"].split())
    assert caller.kind == said.get("kind", "user")
    assert list(caller.groups) == said.get("groups", [])
    for name in ("username", "email", "unverified_email", "auth_time"):
        assert getattr(caller, name) == said.get(name)


@pytest.mark.parametrize("vector", REFUSED["vectors"], ids=lambda vector: vector["name"])
def test_each_fault_is_refused_by_name_and_its_twin_is_accepted(vector: dict[str, Any]) -> None:
    verifier, keys = _verifier(REFUSED)
    with pytest.raises(AssertionInvalid) as refused:
        verifier.verify(vector["assertion"], keys, vector["now"])
    assert f"identity assertion: {refused.value}" == vector["error"]
    verifier.verify(vector["twin"], keys, vector["now"])
