"""When the edge's keys are fetched, and what happens when that fails."""

import asyncio

import pytest

from edgeward_identity import Keys, KeysUnavailable
from edgeward_identity.keys import FIRST_FETCH_FLOOR, MAX_AGE, REFRESH_FLOOR, KeysError, parse

from .edge import JWK, PUBLIC, Clock, Source, jwks

NEW = {**PUBLIC, "kid": "new"}


def keys(source: Source, clock: Clock) -> Keys:
    return Keys("https://edge.example/keys", fetch=source, now=clock)


async def test_keys_are_fetched_once_for_all_who_wait() -> None:
    source, clock = Source(jwks(PUBLIC)), Clock()
    fetched = keys(source, clock)
    both = await asyncio.gather(*(fetched.current() for _ in range(20)))
    assert source.asked == 1 and all(set(found) == {PUBLIC["kid"]} for found in both)


async def test_without_keys_there_is_an_attempt_each_second() -> None:
    source, clock = Source(OSError("down"), jwks(PUBLIC)), Clock()
    fetched = keys(source, clock)
    for _ in range(3):
        with pytest.raises(KeysUnavailable) as unavailable:
            await fetched.current()
        assert unavailable.value.retry_after == FIRST_FETCH_FLOOR
    assert source.asked == 1
    clock.now += FIRST_FETCH_FLOOR
    assert await fetched.current()


async def test_unknown_ids_cause_a_fetch_every_ten_seconds_at_most() -> None:
    source, clock = Source(jwks(PUBLIC)), Clock()
    fetched = keys(source, clock)
    first = await fetched.current()
    for _ in range(50):
        assert await fetched.newer_than(first) is None
    assert source.asked == 1
    clock.now += REFRESH_FLOOR
    source.answers = [jwks(PUBLIC, NEW)]
    newer = await fetched.newer_than(first)
    assert newer is not None and "new" in newer and source.asked == 2


async def test_a_fetch_that_fails_leaves_the_keys_and_says_when_to_come_back() -> None:
    source, clock = Source(jwks(PUBLIC)), Clock()
    fetched = keys(source, clock)
    first = await fetched.current()
    source.answers = [OSError("down")]
    clock.now += REFRESH_FLOOR
    with pytest.raises(KeysUnavailable) as unavailable:
        await fetched.newer_than(first)
    assert unavailable.value.retry_after == REFRESH_FLOOR
    assert await fetched.current() is first


async def test_keys_that_are_too_old_are_fetched_before_they_are_used() -> None:
    source, clock = Source(jwks(PUBLIC)), Clock()
    fetched = keys(source, clock)
    await fetched.current()
    clock.now += MAX_AGE + 1
    source.answers = [jwks(NEW)]
    assert set(await fetched.current()) == {"new"}
    clock.now += MAX_AGE + 1
    source.answers = [jwks()]
    assert set(await fetched.current()) == {"new"}, "an empty set withdraws nothing"


@pytest.mark.parametrize(
    "document",
    [b"", b"[]", b'{"keys": 1}', jwks(), jwks({"kty": "RSA"}), jwks(PUBLIC, PUBLIC), jwks({**PUBLIC, "kid": "a b"})],
)
def test_what_is_no_set_of_keys_is_refused(document: bytes) -> None:
    with pytest.raises((KeysError, ValueError)):
        parse(document)


def test_keys_of_other_kinds_are_passed_over() -> None:
    others = [{"kty": "RSA", "kid": "rsa"}, {**NEW, "use": "enc"}, {**NEW, "alg": "ES256"}, {**NEW, "crv": "X25519"}]
    assert set(parse(jwks(*others, PUBLIC))) == {JWK["kid"]}
