#!/usr/bin/env python3
"""Writes hostile.json. See README.md beside this file."""

import hashlib
import hmac
import json
import pathlib

from generate import AUDIENCE, D, FOREIGN_D, HEADER, ISSUER, KID, MINIMAL, NOW, X, b64, encode, signer, unb64

# The order of the group (RFC 8032 section 5.1).
ORDER = 2**252 + 27742317777372353535851937790883648493
CLAIMS = {**MINIMAL, "username": "demo", "iat": NOW, "exp": NOW + 60}
JWK = {"kty": "OKP", "crv": "Ed25519", "kid": KID, "use": "sig", "alg": "EdDSA", "x": X}
MISSING, REPEATED, INVALID, EXPIRED = (f"identity_{word}" for word in ("missing", "repeated", "invalid", "expired"))


def signed(header, claims, sign=signer(D)):
    """`header` and `claims` are objects, or JSON as it is to be written."""
    parts = [b64(part if isinstance(part, bytes) else part.encode()) if isinstance(part, (bytes, str)) else encode(part)
             for part in (header, claims)]
    message = ".".join(parts)
    return f"{message}.{b64(sign(message.encode()))}"


def header(**changes):
    return signed({**HEADER, **changes}, CLAIMS)


def claims(**changes):
    return signed(HEADER, {**CLAIMS, **changes})


def without(name):
    return signed(HEADER, {key: value for key, value in CLAIMS.items() if key != name})


def raw_claims(member, also=None):
    """Claims with `member` as it is to be written, in place of the claim `also`."""
    rest = json.dumps({key: value for key, value in CLAIMS.items() if key != also}, separators=(",", ":"))
    return signed(HEADER, f"{rest[:-1]},{member}}}")


def raw_header(member, also=None):
    rest = json.dumps({key: value for key, value in HEADER.items() if key != also}, separators=(",", ":"))
    return signed(f"{rest[:-1]},{member}}}", CLAIMS)


def with_signature(change):
    message, _, signature = GOOD.rpartition(".")
    return f"{message}.{b64(change(unb64(signature)))}"


def malleable(signature):
    s = int.from_bytes(signature[32:], "little") + ORDER
    return signature[:32] + s.to_bytes(32, "little")


def mac(key):
    return lambda message: hmac.new(key, message, hashlib.sha256).digest()


def cut(part):
    return part[:len(part) - (len(part) - 1) % 4]


GOOD = signed(HEADER, CLAIMS)
PARTS = GOOD.split(".")
SURROGATE = r'"\ud800"'

REFUSED = [
    ("no header", [], MISSING),
    ("an empty header", [""], INVALID),
    ("the same assertion twice", [GOOD, GOOD], REPEATED),
    ("a good one and nonsense", [GOOD, "nonsense"], REPEATED),
    ("nonsense and a good one", ["nonsense", GOOD], REPEATED),
    # Where a framework joins repeated headers, this is how they look.
    ("two joined by a comma", [f"{GOOD}, {GOOD}"], [INVALID, REPEATED]),
    ("a scheme before it", [f"Bearer {GOOD}"], INVALID),
    ("a space inside", [GOOD[:40] + " " + GOOD[40:]], INVALID),
    ("a tab inside", [GOOD[:40] + "\t" + GOOD[40:]], INVALID),
    ("a huge header", ["x" * 9000], INVALID),
    ("a huge one that is signed", [claims(filler="x" * 8192)], INVALID),
    ("a part too many", [GOOD + ".x"], INVALID),
    ("a dot at the end", [GOOD + "."], INVALID),
    ("a dot at the beginning", ["." + GOOD], INVALID),
    ("dots alone", [".."], INVALID),
    ("single letters", ["a.b.c"], INVALID),
    # No bytes are encoded in a length of 1 modulo 4.
    *((f"{name} of an impossible length", [".".join([*PARTS[:place], cut(PARTS[place]), *PARTS[place + 1:]])], INVALID)
      for place, name in enumerate(["a header", "claims", "a signature"])),
    ("no signature", [f"{PARTS[0]}.{PARTS[1]}."], INVALID),
    ("padding", [GOOD + "=="], INVALID),
    ("the alphabet of base64", [".".join([*PARTS[:2], PARTS[2][:-2] + "+/"])], INVALID),
    ("percent encoding", [GOOD.replace(".", "%2E")], INVALID),
    *((f"the algorithm {alg!r}", [header(alg=alg)], INVALID) for alg in
      ["eddsa", "EDDSA", "EdDSA ", "none", "None", "NONE", "", "ES256", "RS256", "Ed25519", "Ed448"]),
    ("no signature and no algorithm", [f"{encode({**HEADER, 'alg': 'none'})}.{PARTS[1]}."], INVALID),
    ("HMAC with the public key", [signed({**HEADER, "alg": "HS256"}, CLAIMS, mac(unb64(X)))], INVALID),
    ("HMAC with the key's text", [signed({**HEADER, "alg": "HS256"}, CLAIMS, mac(X.encode()))], INVALID),
    ("the algorithm as a list", [header(alg=["EdDSA"])], INVALID),
    ("the algorithm twice", [raw_header('"alg":"EdDSA"')], INVALID),
    ("the type twice", [raw_header('"typ":"edgeward-identity+jwt"')], INVALID),
    ("the key id twice", [raw_header(f'"kid":"{KID}"')], INVALID),
    ("the type in capitals", [header(typ="EDGEWARD-IDENTITY+JWT")], INVALID),
    ("the type with its prefix", [header(typ="application/edgeward-identity+jwt")], INVALID),
    ("the type as a number", [header(typ=1)], INVALID),
    ("a key id that is a number", [header(kid=1)], INVALID),
    ("a key id that is null", [header(kid=None)], INVALID),
    ("a key id that is empty", [header(kid="")], INVALID),
    ("a key id that is a path", [header(kid="../../dev/null")], INVALID),
    ("a key id that is a long text", [header(kid="k" * 2000)], INVALID),
    ("a key of its own", [signed({**HEADER, "kid": "own", "jwk": JWK}, CLAIMS, signer(FOREIGN_D))], INVALID),
    ("a key of its own under a good id", [signed({**HEADER, "jwk": JWK}, CLAIMS, signer(FOREIGN_D))], INVALID),
    ("a URL of keys", [signed({**HEADER, "kid": "own", "jku": "https://evil.example/jwks.json"}, CLAIMS)], INVALID),
    ("a critical extension", [header(crit=["exp"])], INVALID),
    ("critical extensions that are null", [header(crit=None)], INVALID),
    ("a payload that is not encoded", [header(b64=False, crit=["b64"])], INVALID),
    ("a header that is a list", [signed([HEADER], CLAIMS)], INVALID),
    ("a header that is null", [signed("null", CLAIMS)], INVALID),
    ("a header with something behind it", [signed(json.dumps(HEADER) + "{}", CLAIMS)], INVALID),
    ("claims that are a list", [signed(HEADER, [CLAIMS])], INVALID),
    ("claims that are a text", [signed(HEADER, '"claims"')], INVALID),
    ("claims that are null", [signed(HEADER, "null")], INVALID),
    ("claims with something behind them", [signed(HEADER, json.dumps(CLAIMS) + "{}")], INVALID),
    ("claims with a byte order mark", [signed(HEADER, b"\xef\xbb\xbf" + json.dumps(CLAIMS).encode())], INVALID),
    ("claims that are not UTF-8", [signed(HEADER, json.dumps(CLAIMS).encode().replace(b"demo", b"d\xffmo"))], INVALID),
    ("a control character in a text", [signed(HEADER, json.dumps(CLAIMS).replace("demo", "de\x01mo"))], INVALID),
    ("half of a surrogate pair", [raw_claims(f'"username":{SURROGATE}', "username")], INVALID),
    ("a comma too many", [signed(HEADER, json.dumps(CLAIMS)[:-1] + ",}")], INVALID),
    *((f"the claim {name} twice", [raw_claims(f'"{name}":{json.dumps(CLAIMS[name])}')], INVALID) for name in
      ["iss", "aud", "sub", "exp", "iat", "scope", "username"]),
    *((f"no {name}", [without(name)], INVALID) for name in
      ["iss", "aud", "sub", "client_id", "scope", "grant_id", "iat", "exp"]),
    *((f"{name} as null", [claims(**{name: None})], INVALID) for name in ["iss", "aud", "sub", "scope", "iat", "exp", "groups", "kind"]),
    *((f"an expiry written as {text}", [raw_claims(f'"exp":{text}', "exp")], INVALID) for text in
      ["NaN", "Infinity", "-Infinity", "1790000060.0", "1.79000006e9", "1e400", "-1", '"1790000060"', "true",
       "18446744073709551616", "[1790000060]"]),
    ("an expiry in the last second of all", [raw_claims('"exp":18446744073709551615', "exp")], INVALID),
    ("a subject that is empty", [claims(sub="")], INVALID),
    ("a subject that is a number", [claims(sub=1)], INVALID),
    ("a list of audiences", [claims(aud=[AUDIENCE])], INVALID),
    ("an audience with a slash more", [claims(aud=AUDIENCE + "/")], INVALID),
    ("an audience in capitals", [claims(aud=AUDIENCE.upper())], INVALID),
    ("an issuer with a slash more", [claims(iss=ISSUER + "/")], INVALID),
    ("an issuer with a look-alike letter", [claims(iss=ISSUER.replace("e", "\u0435"))], INVALID),
    ("a list of scopes", [claims(scope=["mcp"])], INVALID),
    ("groups that are a text", [claims(groups="staff")], INVALID),
    ("groups that are an object", [claims(groups={"staff": True})], INVALID),
    ("a group that is a number", [claims(groups=["staff", 1])], INVALID),
    ("an e-mail address that is a list", [claims(email=["demo@example.com"])], INVALID),
    ("a time of sign-in that is a text", [claims(auth_time="1790000000")], INVALID),
    ("a kind that nobody knows", [claims(kind="administrator")], INVALID),
    ("a kind in capitals", [claims(kind="User")], INVALID),
    ("a signature of half the length", [with_signature(lambda signature: signature[:32])], INVALID),
    ("a signature with a byte more", [with_signature(lambda signature: signature + b"\0")], INVALID),
    ("a signature of zeros", [with_signature(lambda signature: bytes(64))], INVALID),
    ("a signature of another form", [with_signature(malleable)], INVALID),
    ("expired this second", [claims(iat=NOW - 60, exp=NOW)], EXPIRED),
    ("expired long ago", [claims(iat=0, exp=60)], EXPIRED),
    ("6 seconds in the future", [claims(iat=NOW + 6, exp=NOW + 66)], EXPIRED),
    ("61 seconds to live", [claims(exp=NOW + 61)], INVALID),
]

ACCEPTED = [
    ("what is usual", GOOD),
    ("a claim that is not known", claims(tenant="a")),
    ("a claim that is not known, twice", raw_claims('"tenant":"a","tenant":"b"')),
    ("spaces in the JSON", signed(json.dumps(HEADER, indent=2), json.dumps(CLAIMS, indent=2))),
    ("a member of the header that is not known", header(cty="x")),
    ("claims that may be absent, as null", claims(email=None, auth_time=None)),
    ("5 seconds in the future", claims(iat=NOW + 5, exp=NOW + 65)),
    ("the last second", claims(iat=NOW - 59, exp=NOW + 1)),
    ("an expiry before its beginning, and not yet", claims(iat=NOW + 5, exp=NOW + 1)),
    ("a name of letters that are no ASCII", claims(username="größe 😀")),
    ("a pair of surrogates", raw_claims(r'"username":"\ud83d\ude00"', "username")),
]

KEY_SETS = [
    ("one key", {"keys": [JWK]}, [KID]),
    ("without use and algorithm", {"keys": [{name: JWK[name] for name in ("kty", "crv", "kid", "x")}]}, [KID]),
    ("with keys of other kinds", {"keys": [{"kty": "RSA", "kid": "rsa", "n": "AQAB", "e": "AQAB"}, JWK, {"kty": "oct"}]}, [KID]),
    ("for encryption", {"keys": [{**JWK, "use": "enc"}]}, None),
    ("for another algorithm", {"keys": [{**JWK, "alg": "ES256"}]}, None),
    ("on another curve", {"keys": [{**JWK, "crv": "X25519"}]}, None),
    ("no keys", {"keys": []}, None),
    ("no list", {"keys": JWK}, None),
    ("no object", [JWK], None),
    ("null", None, None),
    ("two with one id", {"keys": [JWK, JWK]}, None),
    ("an id that is no text", {"keys": [{**JWK, "kid": 1}]}, None),
    ("an id with a space", {"keys": [{**JWK, "kid": "a b"}]}, None),
    ("an id of 65 characters", {"keys": [{**JWK, "kid": "k" * 65}]}, None),
    ("no id", {"keys": [{name: value for name, value in JWK.items() if name != "kid"}]}, None),
    ("a key that is too short", {"keys": [{**JWK, "x": X[:-4]}]}, None),
    ("a key that is no text", {"keys": [{**JWK, "x": 1}]}, None),
]

NEW = {**JWK, "kid": "new"}


def step(at, status, fetches, kid=KID, source=None, times=1):
    """At `at` seconds, `times` requests with an assertion of this moment; `source` is what the edge publishes from now on."""
    now = NOW + at
    assertion = signed({**HEADER, "kid": kid}, {**CLAIMS, "iat": now, "exp": now + 60})
    found = {"at": at, "assertion": assertion, "times": times, "status": status, "fetches": fetches}
    return found if source is None else {**found, "source": source}


def published(*keys):
    return json.dumps({"keys": keys}, separators=(",", ":"))


SEQUENCES = [
    ("keys are fetched once", [step(0, 200, 1, source=published(JWK)), step(1, 200, 1, times=50), step(599, 200, 1)]),
    ("before the first keys there is an attempt a second", [
        step(0, 503, 1, source="down", times=20), step(0, 503, 1), step(1, 503, 2, times=20), step(2, 200, 3, source=published(JWK))]),
    ("ids that nobody knows cause a fetch every 10 seconds at most", [
        step(0, 200, 1, source=published(JWK)), step(1, 401, 1, kid="a", times=50), step(9, 401, 1, kid="b", times=50),
        step(10, 401, 2, kid="c", times=50), step(19, 401, 2, kid="d", times=50), step(20, 401, 3, kid="e")]),
    ("a new key is good at its first use", [
        step(0, 200, 1, source=published(JWK)), step(10, 200, 2, kid="new", source=published(JWK, NEW)), step(11, 200, 2)]),
    ("a fetch that fails keeps the keys", [
        step(0, 200, 1, source=published(JWK)), step(10, 503, 2, kid="new", source="down"), step(11, 200, 2),
        step(20, 503, 3, kid="new"), step(21, 200, 3)]),
    ("garbage keeps the keys", [
        step(0, 200, 1, source=published(JWK)), step(10, 503, 2, kid="new", source="{}"), step(11, 200, 2),
        step(20, 503, 3, kid="new", source=published()), step(21, 200, 3)]),
    ("keys that are too old are fetched before they are used", [
        step(0, 200, 1, source=published(JWK)), step(600, 200, 1), step(601, 401, 2, source=published(NEW)), step(602, 200, 2, kid="new")]),
    ("old keys are used while there are no newer ones", [
        step(0, 200, 1, source=published(JWK)), step(601, 200, 2, source="down", times=5), step(611, 200, 3)]),
]


def errors(error):
    return error if isinstance(error, list) else [error]


DOCUMENT = {
    "issuer": ISSUER,
    "audience": AUDIENCE,
    "now": NOW,
    "jwks": published(JWK),
    "accepted": [{"name": name, "values": [assertion]} for name, assertion in ACCEPTED],
    "refused": [{"name": name, "values": values, "errors": errors(error)} for name, values, error in REFUSED],
    "key_sets": [{"name": name, "document": json.dumps(document, separators=(",", ":")), "key_ids": ids} for name, document, ids in KEY_SETS],
    "sequences": [{"name": name, "steps": steps} for name, steps in SEQUENCES],
}

for kind in ("accepted", "refused", "key_sets", "sequences"):
    names = [entry["name"] for entry in DOCUMENT[kind]]
    assert len(names) == len(set(names)), kind

path = pathlib.Path(__file__).with_name("hostile.json")
path.write_text(json.dumps(DOCUMENT, indent=1, ensure_ascii=False) + "\n")
print(path.name, {kind: len(DOCUMENT[kind]) for kind in ("accepted", "refused", "key_sets", "sequences")})
