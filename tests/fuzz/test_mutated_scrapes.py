"""Every place of every document is mutated in every way, and the scrape says less, or the mutated value, and no more.

In `make test` some thousand of them, another few of each place; in `make test-long` all.
"""

import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from support.prometheus import program

from envoy_simulator import PROFILES
from fuzz.claims import as_if_missing, breaches
from fuzz.conftest import SEED
from fuzz.mutations import Kind, Mutation, of
from fuzz.plants import Plant, recorded, simulated
from fuzz.scrapes import Exporter, Scrape

pytestmark = pytest.mark.integration

SHOWN = 30
WHOLE = 500
"""One of so many scrapes is parsed as a whole, not only what differs."""


def some(plant: Plant, every: int) -> Iterator[Mutation]:
    """One of so many mutations, the same for a seed."""
    random = Random(f"{SEED} {plant.name}")
    offset = random.randrange(every)
    yield from (each for place, each in enumerate(of(plant)) if place % every == offset)


def judge(exporter: Exporter, mutations: Iterator[Mutation], counted: Counter[str]) -> list[str]:
    """The claims that do not hold, in words."""
    found: list[str] = []
    missing: tuple[tuple[object, ...], Scrape] | None = None
    for mutation in mutations:
        scrape = exporter.scrape({mutation.endpoint: mutation.body})
        counted["mutated scrapes"] += 1
        if counted["mutated scrapes"] % WHOLE == 0:
            scrape.render()
        found += [f"{mutation}: {breach}" for breach in breaches(exporter, mutation, scrape)]
        if mutation.kind is Kind.WRONG:
            place = (mutation.endpoint, mutation.path)
            if missing is None or missing[0] != place:
                missing = place, exporter.scrape({mutation.endpoint: mutation.reference.body})
                counted["mutated scrapes"] += 1
            found += [f"{mutation}: {breach}" for breach in as_if_missing(mutation, scrape, missing[1])]
        if len(found) >= SHOWN:
            break
    return found


def assert_holds(found: list[str]) -> None:
    """Whole, where pytest would show the beginning of the first."""
    assert not found, "\n" + "\n".join(found)


@pytest.mark.parametrize("profile", PROFILES)
def test_a_mutated_value_costs_what_hangs_on_it_and_is_never_another_number(
    profile: str, counted: Counter[str]
) -> None:
    plant = simulated(profile)
    assert_holds(judge(Exporter(plant), some(plant, every=150), counted))


@pytest.mark.exhaustive
@pytest.mark.parametrize("profile", PROFILES)
def test_every_value_of_every_document_mutated_in_every_way_costs_only_what_hangs_on_it(
    profile: str, counted: Counter[str]
) -> None:
    plant = simulated(profile)
    assert_holds(judge(Exporter(plant), of(plant), counted))


@pytest.mark.exhaustive
def test_a_mutated_value_of_a_real_gateway_costs_only_what_hangs_on_it(captures: Path, counted: Counter[str]) -> None:
    found = []
    for folder in sorted(each for each in captures.iterdir() if (each / "info").is_file()):
        plant = recorded(folder)
        found += judge(Exporter(plant), some(plant, every=40), counted)
    assert_holds(found)


def test_many_mutations_at_once_bring_a_valid_scrape(counted: Counter[str]) -> None:
    assert_valid(300, counted)


@pytest.mark.exhaustive
def test_very_many_mutations_at_once_bring_a_valid_scrape(counted: Counter[str]) -> None:
    assert_valid(10_000, counted)


def assert_valid(rounds: int, counted: Counter[str]) -> None:
    random = Random(SEED)
    plants = [simulated(profile) for profile in PROFILES]
    tried = [(Exporter(plant), list(some(plant, every=50))) for plant in plants]
    for _ in range(rounds):
        exporter, mutations = random.choice(tried)
        chosen = random.sample(mutations, min(len(mutations), random.randrange(2, 9)))
        scrape = exporter.scrape({each.endpoint: each.body for each in chosen})
        counted["mutated scrapes"] += 1
        assert scrape.broken == (), [str(each) for each in chosen]
        scrape.render(scrape.differing(exporter.usual))


@pytest.mark.parametrize("profile", ["8.2", "8.3-ac"])
def test_a_gateway_that_is_well_again_says_what_it_always_said(profile: str, counted: Counter[str]) -> None:
    assert_forgotten(profile, 1200, counted)


@pytest.mark.exhaustive
@pytest.mark.parametrize("profile", PROFILES)
def test_every_gateway_that_is_well_again_says_what_it_always_said(profile: str, counted: Counter[str]) -> None:
    assert_forgotten(profile, 25, counted)


def assert_forgotten(profile: str, every: int, counted: Counter[str]) -> None:
    """What was missing or wrong in one scrape is not to be seen in the next."""
    plant = simulated(profile)
    exporter = Exporter(plant)
    well = exporter.after({})
    found = []
    for mutation in some(plant, every):
        if mutation.kind in {Kind.MISSING, Kind.WRONG, Kind.SAME}:
            counted["mutated scrapes"] += 1
            after = exporter.after({mutation.endpoint: mutation.body})
            differing = [name for name in after.differing(well) if name != "enphase_data_rejected"]
            if differing:
                found.append(f"{mutation}: {differing[:5]}")
    assert_holds(found)


def test_promtool_finds_nothing_in_mutated_scrapes() -> None:
    assert_promtool_is_content(5)


@pytest.mark.exhaustive
def test_promtool_finds_nothing_in_many_mutated_scrapes() -> None:
    assert_promtool_is_content(300)


def assert_promtool_is_content(rounds: int) -> None:
    promtool = program("promtool")
    random = Random(SEED)
    plant = simulated("8.2")
    exporter, mutations = Exporter(plant), list(some(plant, every=50))
    for mutation in random.sample(mutations, rounds):
        text = exporter.scrape({mutation.endpoint: mutation.body}).render().encode()
        command = [promtool, "check", "metrics"]
        checked = subprocess.run(command, input=text, capture_output=True, timeout=60, check=False)
        assert (checked.returncode, checked.stdout + checked.stderr) == (0, b""), str(mutation)
