"""What holds of every mutated scrape, whatever was mutated.

`breaches()` says what does not. A claim of one kind of mutation stands at its name; all lean on one table, `hangs`, of
the places on which more hangs than the families that name them in their HELP.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache

from support.exposition import Key

from envoy_exporter import documents
from envoy_exporter.collectors import COLLECTORS
from envoy_exporter.families import Family, describe
from envoy_exporter.gateway.endpoints import ENDPOINTS
from fuzz import hangs
from fuzz.mutations import POSITIONAL, Kind, Mutation, at, places
from fuzz.scrapes import Exporter, Scrape

_SCRAPE = "enphase_scrape_collector"
_WHILE_DOWN = ("enphase_up", "enphase_authenticated", "enphase_scrape_", "enphase_data_", "enphase_gateway")
_IDENTITIES = ("serial_num", "sn", "serialNumber", "eid")
_READERS = {endpoint.name: endpoint.readers for endpoint in ENDPOINTS}


def breaches(exporter: Exporter, mutation: Mutation, scrape: Scrape) -> Iterator[str]:
    """What is wrong with the scrape that a mutation brought."""
    if scrape.broken:
        yield f"raised: {scrape.broken}"
    usual = exporter.usual
    differing = scrape.differing(usual)
    try:
        scrape.render(differing)
    except (AssertionError, ValueError) as problem:
        yield f"not valid: {problem}"
        return
    if not scrape.up:
        yield from (f"is not up, but shows {name}" for name in scrape.families if not name.startswith(_WHILE_DOWN))
        return
    yield from _stays_with_its_readers(mutation, differing)
    if mutation.kind is Kind.ANY or not differing:
        return
    lost, new = _lost_and_new(usual, scrape)
    yield from _stays_with_its_device(mutation, lost | new)
    yield from _stays_with_its_field(mutation, lost | new)
    if mutation.kind is Kind.SAME and (new or any(name not in hangs.SUMS for name, _ in lost)):
        yield f"says something else: {_shown(lost)} is {_shown(new)}"
    elif mutation.kind is Kind.MISSING:
        yield from _says_less(mutation, usual, new)
    elif mutation.kind is Kind.NUMBER:
        yield from _says_the_number(mutation, lost, new)


def as_if_missing(mutation: Mutation, scrape: Scrape, missing: Scrape) -> Iterator[str]:
    """A value that cannot be meant is as if nothing stood there, but for the counters of what was refused."""
    if hangs.is_not_as_if_missing(mutation):
        return
    differing = [name for name in scrape.differing(missing) if not name.startswith("enphase_data_rejected")]
    if differing:
        lost, new = _lost_and_new(missing, scrape)
        yield f"not as if it were missing: {_shown(lost)} is {_shown(new)}"


def _lost_and_new(usual: Scrape, scrape: Scrape) -> tuple[dict[Key, float], dict[Key, float]]:
    before, after = usual.samples, scrape.samples
    lost = {key: value for key, value in before.items() if after.get(key) != value}
    new = {key: value for key, value in after.items() if before.get(key) != value}
    return lost, new


@cache
def declared() -> Mapping[str, tuple[str, Family]]:
    """The collector and the declaration of each family, by the name of its samples."""
    return {family.name: (each.name, family) for each in COLLECTORS for family in describe(each.readings)}


@cache
def _by_metric() -> Mapping[str, str]:
    return {family.metric().name: name for name, (_, family) in declared().items()}


def _stays_with_its_readers(mutation: Mutation, differing: list[str]) -> Iterator[str]:
    """A collector that does not read the document says what it said."""
    for metric in differing:
        if metric in _by_metric():
            collector = declared()[_by_metric()[metric]][0]
            if collector not in _READERS[mutation.endpoint] | hangs.LOOKS.get(mutation.endpoint, frozenset()):
                yield f"changed {metric} of {collector}, which does not read it"


def _stays_with_its_device(mutation: Mutation, changed: Mapping[Key, float]) -> Iterator[str]:
    """What is wrong with one device, one meter or one phase is not to be seen in another's samples."""
    content = mutation.plant.content(mutation.endpoint)
    for step in range(len(mutation.path)):
        element = at(content, mutation.path[:step])
        name = next((str(element[key]) for key in _IDENTITIES if isinstance(element, dict) and key in element), None)
        if name is None or (step and mutation.path[step] in _IDENTITIES):
            continue
        for family, labels in changed:
            of = dict(labels)
            device = of.get("serial") or _eid(mutation, of.get("meter"))
            if device not in (None, name) and not hangs.something_else_speaks(mutation, family):
                yield f"changed {family} of {device}, and not only of {name}"
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
                yield f"changed {family} of {other}, and not only of {phase}"


def _eid(mutation: Mutation, meter: str | None) -> str | None:
    listed = mutation.plant.content(documents.METERS)
    if meter is None or not isinstance(listed, list):
        return None
    eids = [str(each["eid"]) for each in listed if isinstance(each, dict) and each.get("measurementType") == meter]
    return min(eids, key=int) if eids else meter.partition("#")[2]


def _stays_with_its_field(mutation: Mutation, changed: Mapping[Key, float]) -> Iterator[str]:
    """What changes names the field in its HELP, or one of those below it."""
    if hangs.more_hangs_on(mutation):
        return
    fields = names(mutation)
    for family in sorted({family for family, _ in changed}):
        if family.startswith(_SCRAPE):
            continue
        help = declared()[family][1].help  # noqa: A001
        origin = help[help.rfind(" (") :] if "(" in help else help
        if not fields & set(re.findall(r"\w+", help if "(" not in help else origin + help)):
            yield f"changed {family}, which does not come of it"


def names(mutation: Mutation) -> set[str]:
    """The name of the field itself, and those of all below it."""
    own = next((step for step in reversed(mutation.path) if isinstance(step, str)), "")
    return {own, *(step for path, _ in places(mutation.before) for step in path if isinstance(step, str))}


def _says_less(mutation: Mutation, usual: Scrape, new: Mapping[Key, float]) -> Iterator[str]:
    """Without it there is less than before, and nothing else: but for labels that are told no more."""
    for (family, labels), value in new.items():
        if hangs.something_else_speaks(mutation, family) or family.startswith(_SCRAPE):
            continue
        before = [own for (name, own), was in usual.samples.items() if name == family and was == value]
        if not (hangs.is_labelled(family) and any({o for o in labels if o[1]} <= own for own in before)):
            yield f"there is something new: {family}{dict(labels)} {value}"


def _says_the_number(mutation: Mutation, lost: Mapping[Key, float], new: Mapping[Key, float]) -> Iterator[str]:
    """What is said instead is the number, in the unit in which the other was said."""
    if hangs.more_hangs_on(mutation) or isinstance(mutation.before, bool):
        return
    number, before = mutation.value, mutation.before
    assert isinstance(number, int | float)
    assert isinstance(before, int | float)
    for key, value in new.items():
        if key[0] in hangs.RECKONED or hangs.something_else_speaks(mutation, key[0]):
            continue
        units = {lost[key] / before} if key in lost and before else hangs.UNITS
        if not any(abs(value - number * unit) <= 1e-9 * abs(value) for unit in units):
            yield f"{key[0]} {dict(key[1])} is {value}, which nobody said"


def _shown(samples: Mapping[Key, float]) -> str:
    return (
        ", ".join(f"{name}{dict(labels)} {value}" for (name, labels), value in list(samples.items())[:3]) or "nothing"
    )
