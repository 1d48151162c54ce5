#!/usr/bin/env python3
"""Writes accepted.json and refused.json. See README.md beside this file."""

import base64
import hashlib
import hmac
import json
import pathlib

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

# RFC 8037 appendix A.1; RFC 8032 section 7.1, TEST 1024, for the key that nobody trusts.
D = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"
X = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
FOREIGN_D = "9eV2fPFTMZUXYw8iaHa4bIFgzFg7wBN0TGvyVfXMDuU"
KID = "rfc8037-a1"
NOW = 1_790_000_000
ISSUER = "https://edge.example"
AUDIENCE = "https://origin.example"


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def encode(value):
    return b64(json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode())


def signer(d):
    return Ed25519PrivateKey.from_private_bytes(unb64(d)).sign


assert b64(Ed25519PrivateKey.from_private_bytes(unb64(D)).public_key().public_bytes_raw()) == X

HEADER = {"alg": "EdDSA", "kid": KID, "typ": "edgeward-identity+jwt"}
IDENTITY = {
    "iss": ISSUER,
    "aud": AUDIENCE,
    "sub": "7d8ca528-4931-4254-9273-ea5ee853f271",
    "client_id": "https://client.example/metadata.json",
    "scope": "mcp weather:read",
    "username": "demo",
    "email": "demo@example.com",
    "groups": ["staff", "größe"],
    "auth_time": NOW - 3600,
    "grant_id": "0YdS2vTqQwG9b1mZ4nXk7A",
}
# `kind` stands behind `sub`; people have none.
MACHINE = {"iss": ISSUER, "aud": AUDIENCE, "sub": "1example23456789", "kind": "machine",
           "client_id": "1example23456789", "scope": "mcp", "grant_id": "1example23456789"}
# The other address stands in the place of the verified one.
UNVERIFIED = {("unverified_email" if name == "email" else name): value for name, value in IDENTITY.items()}
MINIMAL = {name: IDENTITY[name] for name in ["iss", "aud", "sub", "client_id", "scope", "grant_id"]}


def claims(identity, iat=NOW, lifetime=60):
    return {"exp": iat + lifetime, "iat": iat, **identity}


def token(header=HEADER, payload=None, sign=signer(D)):
    payload = claims(IDENTITY) if payload is None else payload
    signed = f"{encode(header)}.{payload if isinstance(payload, str) else encode(payload)}"
    return f"{signed}.{b64(sign(signed.encode()))}"


def without(mapping, *names):
    return {name: value for name, value in mapping.items() if name not in names}


def with_claim(**changes):
    return {**claims(IDENTITY), **changes}


accepted = [
    {"name": name, "now": now, "minted_at": iat, "lifetime": lifetime, "identity": identity,
     "assertion": token(payload=claims(identity, iat, lifetime))}
    for name, now, iat, lifetime, identity in [
        ("every claim", NOW, NOW, 60, IDENTITY),
        ("only what is required", NOW, NOW, 60, MINIMAL),
        ("no scope", NOW, NOW, 60, {**MINIMAL, "scope": ""}),
        ("a machine", NOW, NOW, 60, MACHINE),
        ("an e-mail address that nobody has verified", NOW, NOW, 60, UNVERIFIED),
        ("the last second", NOW + 59, NOW, 60, IDENTITY),
        ("a short life", NOW, NOW, 1, IDENTITY),
        ("an edge whose clock is 5 seconds ahead", NOW, NOW + 5, 60, IDENTITY),
    ]
]

VALID = token()
head, body, signature = VALID.split(".")
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
# 64 bytes leave four bits of the last character unused; they must be zero, or a token has many spellings.
loose = signature[:-1] + ALPHABET[ALPHABET.index(signature[-1]) ^ 1]
longest = b64(b" " * 8192)


def hs256(message):
    return hmac.digest(unb64(X), message, hashlib.sha256)


refused = [
    {"name": name, "error": f"identity assertion: {error}", "now": NOW, "assertion": assertion, "twin": twin}
    for name, error, assertion, twin in [
        ("empty", "not a compact JWS", "", VALID),
        ("two parts", "not a compact JWS", f"{head}.{body}", VALID),
        ("four parts", "not a compact JWS", f"{VALID}.", VALID),
        ("padding", "not a compact JWS", f"{head}.{body}.{signature}==", VALID),
        ("unused bits", "not a compact JWS", f"{head}.{body}.{loose}", VALID),
        ("a header that is no JSON", "not a compact JWS", f"{b64(b'EdDSA')}.{body}.{signature}", VALID),
        ("too long", "longer than 8192 bytes", f"{head}.{longest}.{signature}", VALID),
        ("a critical extension", "critical header extension", token({**HEADER, "crit": ["b64"]}), VALID),
        ("an empty list of critical extensions", "critical header extension", token({**HEADER, "crit": []}), VALID),
        ("no type", "wrong `typ`", token(without(HEADER, "typ")), VALID),
        ("an access token's type", "wrong `typ`", token({**HEADER, "typ": "at+jwt"}), VALID),
        ("a general type", "wrong `typ`", token({**HEADER, "typ": "JWT"}), VALID),
        ("no algorithm", "wrong `alg`", token({**HEADER, "alg": "none"}, sign=lambda _: b""), VALID),
        ("HMAC with the public key", "wrong `alg`", token({**HEADER, "alg": "HS256"}, sign=hs256), VALID),
        ("the algorithm's other name", "wrong `alg`", token({**HEADER, "alg": "Ed25519"}), VALID),
        ("no key id", "no `kid`", token(without(HEADER, "kid")), VALID),
        ("an unknown key id", 'unknown `kid` "another"', token({**HEADER, "kid": "another"}), VALID),
        ("somebody else's signature", "bad signature", token(sign=signer(FOREIGN_D)), VALID),
        ("another token's signature", "bad signature",
         f"{head}.{encode(with_claim(sub='somebody-else'))}.{signature}", token(payload=with_claim(sub="somebody-else"))),
        ("a signature of zeros", "bad signature", token(sign=lambda _: bytes(64)), VALID),
        ("a short signature", "bad signature", token(sign=lambda message: signer(D)(message)[:63]), VALID),
        ("claims that are no JSON", "malformed claims", token(payload=b64(b"claims")), VALID),
        ("no subject", "malformed claims", token(payload=without(claims(IDENTITY), "sub")), VALID),
        ("a list of scopes", "malformed claims", token(payload=with_claim(scope=["mcp"])), VALID),
        ("a kind that nobody knows", "malformed claims", token(payload=with_claim(kind="robot")),
         token(payload=with_claim(kind="user"))),
        ("a list of audiences", "malformed claims", token(payload=with_claim(aud=[AUDIENCE])), VALID),
        ("no issue time", "no claim `iat`", token(payload=without(claims(IDENTITY), "iat")), VALID),
        ("no expiry", "no claim `exp`", token(payload=without(claims(IDENTITY), "exp")), VALID),
        ("another issuer", "wrong issuer", token(payload=with_claim(iss=f"{ISSUER}/")), VALID),
        ("another audience", "wrong audience", token(payload=with_claim(aud=f"{AUDIENCE}:443")), VALID),
        ("6 seconds in the future", "issued in the future", token(payload=claims(IDENTITY, NOW + 6)),
         token(payload=claims(IDENTITY, NOW + 5))),
        ("61 seconds to live", "lifetime over 60 s", token(payload=claims(IDENTITY, NOW, 61)), VALID),
        ("expired this second", "expired", token(payload=claims(IDENTITY, NOW - 60)),
         token(payload=claims(IDENTITY, NOW - 59))),
    ]
]

common = {
    "key": {"kty": "OKP", "crv": "Ed25519", "kid": KID, "d": D, "x": X},
    "issuer": ISSUER,
    "audience": AUDIENCE,
}
for name, vectors in [("accepted", accepted), ("refused", refused)]:
    document = json.dumps({**common, "vectors": vectors}, indent=2, ensure_ascii=False)
    pathlib.Path(__file__).with_name(f"{name}.json").write_text(document + "\n")
