"""Every place of every document is mutated in every way; the scrape loses samples or exposes the mutated value.

`make test` tries a sample of some thousand mutations; `make test-long` tries all.
"""

import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from support.prometheus import program

from envoy_simulator import PROFILES
from fuzz.conftest import SEED
from fuzz.gateways import GatewayBodies, recorded, simulated
from fuzz.invariants import as_if_missing, violations
from fuzz.mutations import Kind, Mutation, mutations_of
from fuzz.scrapes import Exporter, Scrape

pytestmark = pytest.mark.integration

MAX_VIOLATIONS = 30
FULL_PARSE_INTERVAL = 500
"""One of so many scrapes is parsed completely, not only what differs."""


def sample_of(gateway: GatewayBodies, every: int) -> Iterator[Mutation]:
    """One of every so many mutations; the choice depends on the seed."""
    random = Random(f"{SEED} {gateway.name}")
    offset = random.randrange(every)
    yield from (mutation for place, mutation in enumerate(mutations_of(gateway)) if place % every == offset)


def find_violations(exporter: Exporter, mutations: Iterator[Mutation], counted: Counter[str]) -> list[str]:
    """The violations of all mutations, as text."""
    found: list[str] = []
    missing: tuple[tuple[object, ...], Scrape] | None = None
    for mutation in mutations:
        scrape = exporter.scrape({mutation.endpoint: mutation.body})
        counted["mutated scrapes"] += 1
        if counted["mutated scrapes"] % FULL_PARSE_INTERVAL == 0:
            scrape.render()
        found += [f"{mutation}: {violation}" for violation in violations(exporter, mutation, scrape)]
        if mutation.kind is Kind.WRONG:
            place = (mutation.endpoint, mutation.path)
            if missing is None or missing[0] != place:
                missing = place, exporter.scrape({mutation.endpoint: mutation.reference.body})
                counted["mutated scrapes"] += 1
            found += [f"{mutation}: {violation}" for violation in as_if_missing(mutation, scrape, missing[1])]
        if len(found) >= MAX_VIOLATIONS:
            break
    return found


def assert_none(found: list[str]) -> None:
    """Shows all of them; pytest would show the beginning of the first."""
    assert not found, "\n" + "\n".join(found)


@pytest.mark.parametrize("profile", PROFILES)
def test_mutated_value_changes_only_what_depends_on_it(profile: str, counted: Counter[str]) -> None:
    gateway = simulated(profile)
    assert_none(find_violations(Exporter(gateway), sample_of(gateway, every=150), counted))


@pytest.mark.exhaustive
@pytest.mark.parametrize("profile", PROFILES)
def test_every_mutation_changes_only_what_depends_on_it(profile: str, counted: Counter[str]) -> None:
    gateway = simulated(profile)
    assert_none(find_violations(Exporter(gateway), mutations_of(gateway), counted))


@pytest.mark.exhaustive
def test_mutated_recording_changes_only_what_depends_on_it(captures: Path, counted: Counter[str]) -> None:
    found = []
    for folder in sorted(capture for capture in captures.iterdir() if (capture / "info").is_file()):
        gateway = recorded(folder)
        found += find_violations(Exporter(gateway), sample_of(gateway, every=40), counted)
    assert_none(found)


def test_several_mutations_together_give_a_valid_scrape(counted: Counter[str]) -> None:
    assert_valid(300, counted)


@pytest.mark.exhaustive
def test_many_mutations_together_give_a_valid_scrape(counted: Counter[str]) -> None:
    assert_valid(10_000, counted)


def assert_valid(rounds: int, counted: Counter[str]) -> None:
    random = Random(SEED)
    gateways = [simulated(profile) for profile in PROFILES]
    tried = [(Exporter(gateway), list(sample_of(gateway, every=50))) for gateway in gateways]
    for _ in range(rounds):
        exporter, mutations = random.choice(tried)
        chosen = random.sample(mutations, min(len(mutations), random.randrange(2, 9)))
        scrape = exporter.scrape({mutation.endpoint: mutation.body for mutation in chosen})
        counted["mutated scrapes"] += 1
        assert scrape.broken == (), [str(mutation) for mutation in chosen]
        scrape.render(scrape.differing(exporter.baseline))


@pytest.mark.parametrize("profile", ["8.2", "8.3-ac"])
def test_scrape_after_a_mutation_is_undisturbed(profile: str, counted: Counter[str]) -> None:
    assert_no_trace_is_left(profile, 1200, counted)


@pytest.mark.exhaustive
@pytest.mark.parametrize("profile", PROFILES)
def test_scrape_after_a_mutation_of_every_profile_is_undisturbed(profile: str, counted: Counter[str]) -> None:
    assert_no_trace_is_left(profile, 25, counted)


def assert_no_trace_is_left(profile: str, every: int, counted: Counter[str]) -> None:
    """Nothing that was missing or wrong in one scrape is visible in the next one."""
    gateway = simulated(profile)
    exporter = Exporter(gateway)
    undisturbed = exporter.scrape_after({})
    found = []
    for mutation in sample_of(gateway, every):
        if mutation.kind in {Kind.MISSING, Kind.WRONG, Kind.SAME}:
            counted["mutated scrapes"] += 1
            after = exporter.scrape_after({mutation.endpoint: mutation.body})
            differing = [name for name in after.differing(undisturbed) if name != "enphase_data_rejected"]
            if differing:
                found.append(f"{mutation}: {differing[:5]}")
    assert_none(found)


def test_promtool_accepts_mutated_scrapes() -> None:
    assert_promtool_accepts(5)


@pytest.mark.exhaustive
def test_promtool_accepts_many_mutated_scrapes() -> None:
    assert_promtool_accepts(300)


def assert_promtool_accepts(rounds: int) -> None:
    promtool = program("promtool")
    random = Random(SEED)
    gateway = simulated("8.2")
    exporter, mutations = Exporter(gateway), list(sample_of(gateway, every=50))
    for mutation in random.sample(mutations, rounds):
        text = exporter.scrape({mutation.endpoint: mutation.body}).render().encode()
        command = [promtool, "check", "metrics"]
        checked = subprocess.run(command, input=text, capture_output=True, timeout=60, check=False)
        assert (checked.returncode, checked.stdout + checked.stderr) == (0, b""), str(mutation)
