"""Whole answers that are cut, flipped, doubled, deep or not JSON at all."""

from collections import Counter
from collections.abc import Iterator
from random import Random

import pytest

from envoy_exporter import documents
from envoy_exporter.fields import MAX_DEVICES
from envoy_simulator import PROFILES
from fuzz import bodies
from fuzz.conftest import SEED
from fuzz.mutations import dumped, mutated, places
from fuzz.plants import Plant, simulated
from fuzz.scrapes import REFUSALS, Exporter, Scrape

pytestmark = pytest.mark.integration

_OTHERS = 10
"""Devices that another list has besides."""
RICH = ("3.7", "4.10", "8.2", "8.3-ac")
"""Which have every document between them."""


def differing(scrape: Scrape, other: Scrape) -> list[str]:
    return [name for name in scrape.differing(other) if name != REFUSALS]


def json_bodies(plant: Plant) -> Iterator[tuple[str, bytes]]:
    yield from ((name, body) for name, body in plant.bodies.items() if plant.content(name) is not None)


@pytest.mark.parametrize("profile", RICH)
def test_an_answer_that_is_none_is_as_if_the_endpoint_had_failed(profile: str, counted: Counter[str]) -> None:
    plant = simulated(profile)
    exporter = Exporter(plant)
    for endpoint, body in json_bodies(plant):
        failed = exporter.scrape({endpoint: b""})
        assert endpoint not in failed.available
        for name, wrong in bodies.unreadable(body):
            assert endpoint not in exporter.documents({endpoint: wrong}).available, (endpoint, name)
            counted["unreadable answers"] += 1
        failed.render(failed.differing(exporter.usual))
        assert failed.broken == ()


@pytest.mark.parametrize("profile", RICH)
def test_the_same_answer_written_in_another_way_says_the_same(profile: str, counted: Counter[str]) -> None:
    plant = simulated(profile)
    exporter = Exporter(plant)
    for endpoint, body in json_bodies(plant):
        for name, written in bodies.same(body):
            counted["mutated scrapes"] += 1
            assert exporter.scrape({endpoint: written}).differing(exporter.usual) == [], (endpoint, name)


def test_an_answer_cut_anywhere_is_none(counted: Counter[str]) -> None:
    assert_cut("8.2", 47, counted)
    assert_cut("3.7", 97, counted)


@pytest.mark.exhaustive
@pytest.mark.parametrize("profile", PROFILES)
def test_an_answer_cut_at_any_byte_is_none(profile: str, counted: Counter[str]) -> None:
    assert_cut(profile, 1, counted)


def assert_cut(profile: str, every: int, counted: Counter[str]) -> None:
    plant = simulated(profile)
    exporter = Exporter(plant)
    for endpoint, body in plant.bodies.items():
        for cut in bodies.cuts(body, every):
            seen = exporter.documents({endpoint: cut})
            counted["unreadable answers"] += 1
            if isinstance(exporter.plant.content(endpoint), dict | list) or endpoint == documents.INFO:
                assert endpoint not in seen.available, (endpoint, len(cut))
                continue
            scrape = exporter.scrape({endpoint: cut})  # a page is read as far as it came
            counted["mutated scrapes"] += 1
            assert scrape.broken == ()
            assert scrape.samples.items() <= exporter.usual.samples.items() or not cut, (endpoint, len(cut))


def test_flipped_bytes_bring_a_valid_scrape(counted: Counter[str]) -> None:
    assert_flipped(300, counted)


@pytest.mark.exhaustive
def test_very_many_flipped_bytes_bring_a_valid_scrape(counted: Counter[str]) -> None:
    assert_flipped(10_000, counted)


def assert_flipped(rounds: int, counted: Counter[str]) -> None:
    random = Random(SEED)
    exporters = [Exporter(simulated(profile)) for profile in PROFILES]
    while rounds:
        exporter = random.choice(exporters)
        endpoint = random.choice(list(exporter.plant.bodies))
        noise = random.randrange(20) == 0
        body = random.randbytes(99) if noise else bodies.flipped(exporter.plant.bodies[endpoint], random)
        if endpoint not in exporter.documents({endpoint: body}).available:
            counted["unreadable answers"] += 1
            continue
        rounds -= 1
        counted["mutated scrapes"] += 1
        scrape = exporter.scrape({endpoint: body})
        assert scrape.broken == (), (endpoint, body)
        scrape.render(scrape.differing(exporter.usual))


@pytest.mark.parametrize("name", bodies.INFOS)
def test_an_odd_info_brings_a_valid_scrape(name: str, counted: Counter[str]) -> None:
    for profile in ("3.7", "8.2"):
        exporter = Exporter(simulated(profile))
        scrape = exporter.scrape({documents.INFO: bodies.INFOS[name]})
        counted["mutated scrapes"] += 1
        assert scrape.broken == ()
        scrape.render()
        assert documents.INFO in scrape.available or scrape.samples["enphase_up", frozenset()] == 0


@pytest.mark.parametrize("name", ["a DOCTYPE", "billions of laughs", "another root", "ten megabytes"])
def test_an_info_that_no_gateway_sends_is_not_read(name: str) -> None:
    exporter = Exporter(simulated("8.2"))
    assert documents.INFO not in exporter.documents({documents.INFO: bodies.INFOS[name]}).available


def test_a_text_of_a_megabyte_is_cut_wherever_it_stands(counted: Counter[str]) -> None:
    plant = simulated("8.2")
    exporter = Exporter(plant)
    for endpoint, _ in json_bodies(plant):
        content = plant.content(endpoint)
        texts = [path for path, each in places(content) if isinstance(each, str) and path]
        changed: object = content
        for path in texts[:: max(len(texts) // 5, 1)]:
            changed = mutated(changed, path, "x" * 1_000_000)  # type: ignore[arg-type]
        scrape = exporter.scrape({endpoint: dumped(changed)})
        counted["mutated scrapes"] += 1
        assert scrape.broken == ()
        assert len(scrape.render()) < 200_000


@pytest.mark.parametrize("profile", ["8.2", "8.3-ac"])
def test_ten_thousand_of_a_kind_are_no_more_than_a_thousand(profile: str, counted: Counter[str]) -> None:
    """Rule 7: at most 1000 devices a gateway."""
    plant = simulated(profile)
    exporter = Exporter(plant)
    for endpoint, _ in json_bodies(plant):
        content = plant.content(endpoint)
        for path, each in places(content):
            if isinstance(each, list) and each and isinstance(each[0], dict):
                crowd = bodies.crowded(each)
                scrape = exporter.scrape({endpoint: dumped(mutated(content, path, crowd))})
                counted["mutated scrapes"] += 1
                assert scrape.broken == ()
                assert crowds(scrape) == {}, (endpoint, path)


def crowds(scrape: Scrape) -> dict[tuple[str, str], int]:
    """By family and label, how many values there are, where it is too many."""
    values: dict[tuple[str, str], set[str]] = {}
    for family, labels in scrape.samples:
        for label, value in labels:
            values.setdefault((family, label), set()).add(value)
    return {place: len(found) for place, found in values.items() if len(found) > MAX_DEVICES + _OTHERS}
