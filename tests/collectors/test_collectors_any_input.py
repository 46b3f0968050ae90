"""Any input is read without an exception, into finite numbers that an exposition can contain."""

import copy
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.documents import NOW, check, read_documents
from support.exposition import parsed, parsed_openmetrics

from envoy_exporter.collectors import COLLECTORS
from envoy_exporter.collectors.collector import PlacedInverter, Settings
from envoy_exporter.documents import INFO, Document, Documents, Json
from envoy_exporter.families import collect
from envoy_exporter.gateway import responses
from envoy_exporter.gateway.endpoints import ENDPOINTS
from envoy_exporter.gateway.errors import NotAvailable
from envoy_exporter.transport.client import Response
from envoy_exporter.transport.errors import RequestError
from envoy_exporter.web.exposition import Format
from envoy_simulator import PROFILES, Simulator
from envoy_simulator.http_types import Request

pytestmark = pytest.mark.integration

HUGE = st.sampled_from([10**400, -(10**400), 1e308, -1e308, 2**63, 4294967292, -0.0])

SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text() | HUGE
)

KEYS = st.sampled_from(
    (
        *("device", "sn", "software", "time", "timezone", "type", "state", "devices", "devices:", "channels"),
        *("production", "consumption", "eim", "inverters", "activeCount", "measurementType", "lines", "wNow"),
        *("whLifetime", "whToday", "eid", "statusFlags", "phaseCount", "serialNumber", "devName", "pcu", "sn"),
        *("dry_contacts", "id", "status", "relay", "ENPOWER", "COLLAR", "exercise_config", "mains_oper_state"),
        *("lastReading", "duration", "endDate", "deviceCount", "serial_num", "soc", "storage", "acb", "percentFull"),
        *("admin_state", "device_status", "ACB", "NSRB", "acb_sleep", "deviceDataLimit", "active", "modGone", "nsrb"),
        *("tariff", "seasons", "days", "periods", "id", "rate", "network", "interfaces", "comm", "encharge", "num"),
        *("connection", "meters", "sc_stream", "is_split_phase", "phase_count", "counters", "fields", "values"),
    )
)

ANYTHING: st.SearchStrategy[Json] = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS | st.text(max_size=5), inner, max_size=6),
    max_leaves=25,
)

SETTINGS = Settings(inverters=(PlacedInverter(serial="122000000001", array="south", peak_power=370),))


def read_all(documents: Documents, memories: dict[str, object]) -> None:
    """Each collector reads the documents twice, as in two scrapes; the exposition is valid in both formats."""
    for collector in COLLECTORS:
        for _ in range(2):
            result = read_documents(collector, documents, SETTINGS, memories.get(collector.name))
            check(result)
            assert {rejection.rule for rejection in result.rejections} <= set(collector.rules)
            memories[collector.name] = result.memory
        metrics, _ = collect(collector.readings, result.readings)
        parsed(Format.TEXT.render(metrics).decode())
        parsed_openmetrics(Format.OPENMETRICS.render(metrics).decode())


def check_required(documents: Documents) -> None:
    """Every endpoint can decide by these documents whether it is required."""
    for endpoint in ENDPOINTS:
        assert endpoint.is_required(documents) in {True, False}


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.dictionaries(st.sampled_from([endpoint.name for endpoint in ENDPOINTS]), ANYTHING, max_size=8))
def test_collectors_read_any_json(contents: Mapping[str, Json]) -> None:
    documents = Documents({name: Document(content, requested_at=NOW) for name, content in contents.items()})
    read_all(documents, {})
    check_required(documents)


def documents_of(simulator: Simulator) -> Documents:
    """All documents of a gateway, read as the exporter reads its responses."""
    available: dict[str, Document] = {}
    for endpoint in ENDPOINTS:
        response = simulator.site.document(Request("GET", endpoint.target), NOW)
        received = Response(response.status, {name.lower(): value for name, value in response.headers}, response.body)
        try:
            available[endpoint.name] = Document(
                responses.content(endpoint.name, received, Documents(available), NOW), requested_at=NOW
            )
        except (RequestError, NotAvailable):
            continue
    return Documents(available)


def paths(content: Json, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    yield path
    children = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    for step, child in children:
        yield from paths(child, (*path, step))


def mutated(content: Json, path: tuple[str | int, ...], value: object) -> Json:
    """A copy with another value at the path; `...` removes it."""
    root: list[Json] = [copy.deepcopy(content)]
    parent: object = root
    steps: tuple[str | int, ...] = (0, *path)
    for step in steps[:-1]:
        parent = parent[step]  # type: ignore[index]
    if value is ...:
        del parent[steps[-1]]  # type: ignore[attr-defined]
    else:
        parent[steps[-1]] = value  # type: ignore[index]
    return root[0] if root else None


REPLACEMENTS: list[object] = [
    ...,
    None,
    "",
    "text",
    "1",
    True,
    [],
    {},
    [None],
    {"": None},
    -1,
    0,
    10**400,
    1e308,
    0.5,
    "\ud800\x00",
]


def mutate_everything(documents: Documents, every: int) -> int:
    """Replaces one node at a time, in one of `every` cases; returns the number of cases that were read."""
    count = 0
    for name, document in documents.available.items():
        for path in paths(document.content):
            for replacement in REPLACEMENTS:
                count += 1
                if count % every != 1 or (replacement is ... and not path):
                    continue
                content = mutated(document.content, path, replacement)
                changed = Documents({**documents.available, name: Document(content, requested_at=NOW)})
                read_all(changed, {})
                check_required(changed)
    return -(-count // every)


@pytest.mark.parametrize("profile", PROFILES)
def test_collectors_read_mutated_documents_of_simulated_gateways(profile: str) -> None:
    with Simulator(profile, clock=lambda: NOW) as gateway:
        documents = documents_of(gateway)
    assert mutate_everything(documents, every=997) > 0


def test_collectors_read_mutated_documents_of_captures(captures: Path) -> None:
    folders = sorted(folder for folder in captures.iterdir() if folder.is_dir())
    assert folders
    for folder in folders:
        with Simulator.of_capture(folder, clock=lambda: NOW) as gateway:
            documents = documents_of(gateway)
        assert INFO in documents.available
        assert mutate_everything(documents, every=997) > 0
