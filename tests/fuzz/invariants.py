"""Invariants of every mutated scrape, and those of each kind of mutation.

`violations()` returns what is wrong. A change may affect the families that name the field in their HELP, and what
`side_effects` lists for the place.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache

from support.exposition import Key

from envoy_exporter import documents
from envoy_exporter.collectors import COLLECTORS
from envoy_exporter.families import Family, describe
from envoy_exporter.gateway.endpoints import ENDPOINTS
from fuzz import side_effects
from fuzz.mutations import POSITIONAL, Kind, Mutation, at, places
from fuzz.scrapes import Exporter, Scrape

_SCRAPE = "enphase_scrape_collector"
_EXPOSED_WHILE_DOWN = ("enphase_up", "enphase_authenticated", "enphase_scrape_", "enphase_data_", "enphase_gateway")
_IDENTITIES = ("serial_num", "sn", "serialNumber", "eid")
_READERS = {endpoint.name: endpoint.readers for endpoint in ENDPOINTS}


def violations(exporter: Exporter, mutation: Mutation, scrape: Scrape) -> Iterator[str]:
    """What is wrong with the scrape after a mutation."""
    if scrape.broken:
        yield f"raised: {scrape.broken}"
    baseline = exporter.baseline
    differing = scrape.differing(baseline)
    try:
        scrape.render(differing)
    except (AssertionError, ValueError) as problem:
        yield f"not valid: {problem}"
        return
    if not scrape.up:
        yield from (
            f"is not up, but exposes {name}" for name in scrape.families if not name.startswith(_EXPOSED_WHILE_DOWN)
        )
        return
    yield from _changes_only_its_readers(mutation, differing)
    if mutation.kind is Kind.ANY or not differing:
        return
    lost, new = _lost_and_new(baseline, scrape)
    yield from _changes_only_its_device(mutation, lost | new)
    yield from _changes_only_its_field(mutation, lost | new)
    if mutation.kind is Kind.SAME and (new or any(name not in side_effects.SUMS for name, _ in lost)):
        yield f"something else changed: {_described(lost)} is {_described(new)}"
    elif mutation.kind is Kind.MISSING:
        yield from _only_removes(mutation, baseline, new)
    elif mutation.kind is Kind.NUMBER:
        yield from _exposes_the_number(mutation, lost, new)


def as_if_missing(mutation: Mutation, scrape: Scrape, missing: Scrape) -> Iterator[str]:
    """An invalid value has the effect of a missing one, except for the counters of rejected values."""
    if side_effects.is_not_as_if_missing(mutation):
        return
    differing = [name for name in scrape.differing(missing) if not name.startswith("enphase_data_rejected")]
    if differing:
        lost, new = _lost_and_new(missing, scrape)
        yield f"not as if it were missing: {_described(lost)} is {_described(new)}"


def _lost_and_new(baseline: Scrape, scrape: Scrape) -> tuple[dict[Key, float], dict[Key, float]]:
    before, after = baseline.samples, scrape.samples
    lost = {key: value for key, value in before.items() if after.get(key) != value}
    new = {key: value for key, value in after.items() if before.get(key) != value}
    return lost, new


@cache
def declared() -> Mapping[str, tuple[str, Family]]:
    """The collector and the declaration of each family, by the name of its samples."""
    return {
        family.name: (collector.name, family) for collector in COLLECTORS for family in describe(collector.readings)
    }


@cache
def _by_metric() -> Mapping[str, str]:
    return {family.metric().name: name for name, (_, family) in declared().items()}


def _changes_only_its_readers(mutation: Mutation, differing: list[str]) -> Iterator[str]:
    """A collector that does not read the document exposes the same as before."""
    for metric in differing:
        if metric in _by_metric():
            collector = declared()[_by_metric()[metric]][0]
            if collector not in _READERS[mutation.endpoint] | side_effects.EXTRA_READERS.get(
                mutation.endpoint, frozenset()
            ):
                yield f"changed {metric} of {collector}, which does not read it"


def _changes_only_its_device(mutation: Mutation, changed: Mapping[Key, float]) -> Iterator[str]:
    """An error of one device, meter or phase does not change the samples of another one."""
    content = mutation.gateway.content(mutation.endpoint)
    for step in range(len(mutation.path)):
        element = at(content, mutation.path[:step])
        name = next((str(element[key]) for key in _IDENTITIES if isinstance(element, dict) and key in element), None)
        if name is None or (step and mutation.path[step] in _IDENTITIES):
            continue
        for family, labels in changed:
            values = dict(labels)
            device = values.get("serial") or _eid(mutation, values.get("meter"))
            if device not in (None, name) and not side_effects.has_fallback(mutation, family):
                yield f"changed {family} of {device}, not only of {name}"
        break
    phase = next(
        (
            f"L{place + 1}"
            for parent, place in zip(mutation.path, mutation.path[1:], strict=False)
            if parent in POSITIONAL and isinstance(place, int)
        ),
        None,
    )
    if phase:
        for family, labels in changed:
            other = dict(labels).get("phase", phase)
            if other != phase and _READERS[mutation.endpoint] & {"meters"}:
                yield f"changed {family} of {other}, not only of {phase}"


def _eid(mutation: Mutation, meter: str | None) -> str | None:
    listed = mutation.gateway.content(documents.METERS)
    if meter is None or not isinstance(listed, list):
        return None
    eids = [str(item["eid"]) for item in listed if isinstance(item, dict) and item.get("measurementType") == meter]
    return min(eids, key=int) if eids else meter.partition("#")[2]


def _changes_only_its_field(mutation: Mutation, changed: Mapping[Key, float]) -> Iterator[str]:
    """A family that changes has the field, or one below it, in its HELP."""
    if side_effects.has_side_effects(mutation):
        return
    fields = names(mutation)
    for family in sorted({family for family, _ in changed}):
        if family.startswith(_SCRAPE):
            continue
        help = declared()[family][1].help  # noqa: A001
        origin = help[help.rfind(" (") :] if "(" in help else help
        if not fields & set(re.findall(r"\w+", help if "(" not in help else origin + help)):
            yield f"changed {family}, which does not depend on it"


def names(mutation: Mutation) -> set[str]:
    """The name of the field and of all fields below it."""
    own = next((step for step in reversed(mutation.path) if isinstance(step, str)), "")
    return {own, *(step for path, _ in places(mutation.before) for step in path if isinstance(step, str))}


def _only_removes(mutation: Mutation, baseline: Scrape, new: Mapping[Key, float]) -> Iterator[str]:
    """Without the field samples disappear and nothing new is exposed, except samples with an empty label."""
    for (family, labels), value in new.items():
        if side_effects.has_fallback(mutation, family) or family.startswith(_SCRAPE):
            continue
        before = [own for (name, own), was in baseline.samples.items() if name == family and was == value]
        if not (
            side_effects.has_describing_labels(family) and any({o for o in labels if o[1]} <= own for own in before)
        ):
            yield f"something new: {family}{dict(labels)} {value}"


def _exposes_the_number(mutation: Mutation, lost: Mapping[Key, float], new: Mapping[Key, float]) -> Iterator[str]:
    """The exposed value is the number, in the unit of the value before."""
    if side_effects.has_side_effects(mutation) or isinstance(mutation.before, bool):
        return
    number, before = mutation.value, mutation.before
    assert isinstance(number, int | float)
    assert isinstance(before, int | float)
    for key, value in new.items():
        if key[0] in side_effects.COMPUTED or side_effects.has_fallback(mutation, key[0]):
            continue
        units = {lost[key] / before} if key in lost and before else side_effects.UNITS
        if not any(abs(value - number * unit) <= 1e-9 * abs(value) for unit in units):
            yield f"{key[0]} {dict(key[1])} is {value}, which is not in the document"


def _described(samples: Mapping[Key, float]) -> str:
    return (
        ", ".join(f"{name}{dict(labels)} {value}" for (name, labels), value in list(samples.items())[:3]) or "nothing"
    )
