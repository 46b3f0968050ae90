"""Bodies that are truncated, flipped, duplicated, deeply nested or not JSON."""

from collections import Counter
from collections.abc import Iterator
from random import Random

import pytest

from envoy_exporter import documents
from envoy_exporter.fields import MAX_DEVICES
from envoy_simulator import PROFILES
from fuzz import bodies
from fuzz.conftest import SEED
from fuzz.gateways import GatewayBodies, simulated
from fuzz.mutations import dumped, mutated, places
from fuzz.scrapes import REJECTIONS, Exporter, Scrape

pytestmark = pytest.mark.integration

_OTHER_DEVICES = 10
"""Devices that another list has in addition."""
COMPLETE = ("3.7", "4.10", "8.2", "8.3-ac")
"""Profiles that have every document between them."""


def differing(scrape: Scrape, other: Scrape) -> list[str]:
    return [name for name in scrape.differing(other) if name != REJECTIONS]


def json_bodies(gateway: GatewayBodies) -> Iterator[tuple[str, bytes]]:
    yield from ((name, body) for name, body in gateway.bodies.items() if gateway.content(name) is not None)


@pytest.mark.parametrize("profile", COMPLETE)
def test_unreadable_body_is_handled_as_a_failed_request(profile: str, counted: Counter[str]) -> None:
    gateway = simulated(profile)
    exporter = Exporter(gateway)
    for endpoint, body in json_bodies(gateway):
        failed = exporter.scrape({endpoint: b""})
        assert endpoint not in failed.available
        for name, wrong in bodies.unreadable(body):
            assert endpoint not in exporter.documents({endpoint: wrong}).available, (endpoint, name)
            counted["unreadable bodies"] += 1
        failed.render(failed.differing(exporter.baseline))
        assert failed.broken == ()


@pytest.mark.parametrize("profile", COMPLETE)
def test_other_encoding_of_a_body_gives_the_same_scrape(profile: str, counted: Counter[str]) -> None:
    gateway = simulated(profile)
    exporter = Exporter(gateway)
    for endpoint, body in json_bodies(gateway):
        for name, written in bodies.same(body):
            counted["mutated scrapes"] += 1
            assert exporter.scrape({endpoint: written}).differing(exporter.baseline) == [], (endpoint, name)


def test_truncated_body_is_rejected(counted: Counter[str]) -> None:
    assert_cut("8.2", 47, counted)
    assert_cut("3.7", 97, counted)


@pytest.mark.exhaustive
@pytest.mark.parametrize("profile", PROFILES)
def test_body_truncated_at_any_byte_is_rejected(profile: str, counted: Counter[str]) -> None:
    assert_cut(profile, 1, counted)


def assert_cut(profile: str, every: int, counted: Counter[str]) -> None:
    gateway = simulated(profile)
    exporter = Exporter(gateway)
    for endpoint, body in gateway.bodies.items():
        for cut in bodies.cuts(body, every):
            current = exporter.documents({endpoint: cut})
            counted["unreadable bodies"] += 1
            if isinstance(exporter.gateway.content(endpoint), dict | list) or endpoint == documents.INFO:
                assert endpoint not in current.available, (endpoint, len(cut))
                continue
            scrape = exporter.scrape({endpoint: cut})  # a page is read up to where it ends
            counted["mutated scrapes"] += 1
            assert scrape.broken == ()
            assert scrape.samples.items() <= exporter.baseline.samples.items() or not cut, (endpoint, len(cut))


def test_flipped_bytes_give_a_valid_scrape(counted: Counter[str]) -> None:
    assert_flipped(300, counted)


@pytest.mark.exhaustive
def test_many_flipped_bytes_give_a_valid_scrape(counted: Counter[str]) -> None:
    assert_flipped(10_000, counted)


def assert_flipped(rounds: int, counted: Counter[str]) -> None:
    random = Random(SEED)
    exporters = [Exporter(simulated(profile)) for profile in PROFILES]
    while rounds:
        exporter = random.choice(exporters)
        endpoint = random.choice(list(exporter.gateway.bodies))
        noise = random.randrange(20) == 0
        body = random.randbytes(99) if noise else bodies.flipped(exporter.gateway.bodies[endpoint], random)
        if endpoint not in exporter.documents({endpoint: body}).available:
            counted["unreadable bodies"] += 1
            continue
        rounds -= 1
        counted["mutated scrapes"] += 1
        scrape = exporter.scrape({endpoint: body})
        assert scrape.broken == (), (endpoint, body)
        scrape.render(scrape.differing(exporter.baseline))


@pytest.mark.parametrize("name", bodies.INFOS)
def test_unusual_info_gives_a_valid_scrape(name: str, counted: Counter[str]) -> None:
    for profile in ("3.7", "8.2"):
        exporter = Exporter(simulated(profile))
        scrape = exporter.scrape({documents.INFO: bodies.INFOS[name]})
        counted["mutated scrapes"] += 1
        assert scrape.broken == ()
        scrape.render()
        assert documents.INFO in scrape.available or scrape.samples["enphase_up", frozenset()] == 0


@pytest.mark.parametrize("name", ["a DOCTYPE", "billions of laughs", "another root", "ten megabytes"])
def test_implausible_info_is_rejected(name: str) -> None:
    exporter = Exporter(simulated("8.2"))
    assert documents.INFO not in exporter.documents({documents.INFO: bodies.INFOS[name]}).available


def test_text_of_a_megabyte_is_shortened_everywhere(counted: Counter[str]) -> None:
    gateway = simulated("8.2")
    exporter = Exporter(gateway)
    for endpoint, _ in json_bodies(gateway):
        content = gateway.content(endpoint)
        texts = [path for path, item in places(content) if isinstance(item, str) and path]
        changed: object = content
        for path in texts[:: max(len(texts) // 5, 1)]:
            changed = mutated(changed, path, "x" * 1_000_000)  # type: ignore[arg-type]
        scrape = exporter.scrape({endpoint: dumped(changed)})
        counted["mutated scrapes"] += 1
        assert scrape.broken == ()
        assert len(scrape.render()) < 200_000


@pytest.mark.parametrize("profile", ["8.2", "8.3-ac"])
def test_ten_thousand_devices_are_limited_to_a_thousand(profile: str, counted: Counter[str]) -> None:
    """At most 1000 devices a gateway are read."""
    gateway = simulated(profile)
    exporter = Exporter(gateway)
    for endpoint, _ in json_bodies(gateway):
        content = gateway.content(endpoint)
        for path, item in places(content):
            if isinstance(item, list) and item and isinstance(item[0], dict):
                crowd = bodies.crowded(item)
                scrape = exporter.scrape({endpoint: dumped(mutated(content, path, crowd))})
                counted["mutated scrapes"] += 1
                assert scrape.broken == ()
                assert crowds(scrape) == {}, (endpoint, path)


def crowds(scrape: Scrape) -> dict[tuple[str, str], int]:
    """The number of values by family and label, where it exceeds the limit."""
    values: dict[tuple[str, str], set[str]] = {}
    for family, labels in scrape.samples:
        for label, value in labels:
            values.setdefault((family, label), set()).add(value)
    return {place: len(found) for place, found in values.items() if len(found) > MAX_DEVICES + _OTHER_DEVICES}
