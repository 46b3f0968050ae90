"""Every recorded gateway is replayed over real sockets, and its exposition held against the recording."""

import logging
import re
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from http import HTTPStatus
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from support.exposition import Exposition, Key
from support.gateways import settings
from support.in_process_exporter import InProcessExporter

from captures.by_hand import IN_NO_CAPTURE, OF_A_GATEWAY, OF_THE_SCRAPE, PAGES, Line, lines
from captures.oracle import Recording, equal
from captures.table import Table
from envoy_exporter.app import COLLECTORS
from envoy_exporter.gateway.endpoints import ENDPOINTS
from envoy_simulator import Simulator
from envoy_simulator.http_types import Request

pytestmark = pytest.mark.integration

HERE = Path(__file__).parent
TABLE = Table.read(HERE / "numbers.table")
GATEWAYS = lines(HERE / "gateways.table")
COVERED = {row.family for row in TABLE.rows}

UNANSWERED = [
    ("7.3.466_with_cts_3phase", "ivp_meters"),  # lines[] without a phaseCount, here and in the next
    ("8.3.1598_collar", "ivp_meters"),
    ("8.3.5433_tot_is_net_cons", "ivp_pdm_device_data"),  # then the list of API v1
    ("8.2.4382_ACB", "production.json"),  # then /production
    ("8.2.4382_ACB", "ivp_ensemble_power"),  # no sum of units
    ("8.2.4382_ACB", "ivp_ensemble_secctrl"),
    ("8.1.41", "ivp_ensemble_status"),
    ("7.3.466_metered_disabled_cts", "api_v1_production"),
]
"""Documents to leave out, where others have to do."""


class Log(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@dataclass(frozen=True)
class Asked:
    """A gateway after one scrape: what was exposed of it, what it had said, and what a person found in that."""

    name: str
    exposed: Exposition
    recording: Recording
    line: Line | None
    asked_at: float
    log: Log

    @cached_property
    def demanded(self) -> Mapping[Key, float]:
        """By the rows, and by hand where there is only a page."""
        numbers = dict(PAGES.get(self.name, {}))
        for row, identity, number in self.recording.demands():
            assert numbers.setdefault(identity, number) == number, f"two rows disagree: {row}"
        return numbers

    def wrong(self) -> dict[Key, tuple[float | None, float]]:
        """What is demanded and is not exposed, or is something else: exposed and demanded."""
        exposed = self.exposed.samples
        return {
            identity: (exposed.get(identity), number)
            for identity, number in self.demanded.items()
            if identity not in exposed or not equal(exposed[identity], number)
        }

    def too_much(self) -> dict[Key, float]:
        """What is exposed of the table's families, and no row demands."""
        samples = self.exposed.samples.items()
        return {identity: n for identity, n in samples if identity[0] in COVERED and identity not in self.demanded}

    def refused(self) -> dict[tuple[str, ...], float]:
        return {labels: n for labels, n in self.exposed.of("enphase_data_rejected_total").items() if n}

    def stumbled(self) -> list[str]:
        """Exceptions that were logged, or swallowed."""
        failures = self.exposed.of("enphase_gateway_request_failures_total").items()
        internal = [f"{labels}: {n}" for labels, n in failures if "internal" in labels and n]
        return internal + [record.getMessage() for record in self.log.records if record.exc_info]


def ask(folder: Path, line: Line | None) -> Asked:
    """One scrape of a replay with every collector, parsed in both formats; without a line its source is believed."""
    log = Log()
    logging.getLogger().addHandler(log)
    try:
        with Simulator.of_capture(folder) as gateway:
            asked_at = time.time()
            exposed = InProcessExporter(settings(gateway, collectors=frozenset(COLLECTORS) - {"layout"})).scrape()
    finally:
        logging.getLogger().removeHandler(log)
    (believed,) = next(iter(exposed.of("enphase_production_power_watts")), ("",))
    source = line.source if line else believed
    return Asked(folder.name, exposed, Recording(folder, TABLE, {"source": source}), line, asked_at, log)


@pytest.fixture(scope="module", params=GATEWAYS)
def gateway(request: pytest.FixtureRequest, captures: Path) -> Asked:
    return ask(present(captures / request.param), GATEWAYS[request.param])


def test_every_number_of_a_real_gateway_is_what_it_said(gateway: Asked, checked: Counter[str]) -> None:
    assert gateway.wrong() == {}
    checked[gateway.name] = len(gateway.demanded)


def test_nothing_is_exposed_that_a_real_gateway_did_not_say(gateway: Asked) -> None:
    assert gateway.too_much() == {}


def test_every_exposed_family_is_held_against_something(gateway: Asked) -> None:
    assert {name for name, _ in gateway.exposed.samples} <= COVERED | OF_A_GATEWAY | OF_THE_SCRAPE.keys()


def test_what_is_refused_is_what_a_person_finds_nonsense(gateway: Asked) -> None:
    assert gateway.line
    assert gateway.refused() == gateway.line.refused


def test_a_real_gateway_is_up_and_its_documents_are_read(gateway: Asked) -> None:
    assert gateway.line
    login = {(): {"yes": 1.0, "no": 0.0}[gateway.line.login]} if gateway.line.login != "-" else {}
    success = gateway.exposed.of("enphase_scrape_collector_success")
    assert gateway.exposed.value("enphase_up") == 1
    assert gateway.exposed.of("enphase_authenticated") == login
    assert success == {(name,): float(name not in gateway.line.fails) for (name,) in success}
    assert {("production",), ("meters",), ("inverters",), ("batteries",)} <= success.keys()


def test_a_real_gateways_clock_is_its_own(gateway: Asked) -> None:
    assert gateway.line
    (its_clock,) = gateway.recording.each("clock", "time")
    offset = float(its_clock) - gateway.asked_at
    assert gateway.exposed.value("enphase_gateway_clock_offset_seconds") == pytest.approx(offset, abs=60)
    zones = [ZoneInfo(gateway.line.zone)] if gateway.line.zone else []
    local = [datetime.fromtimestamp(gateway.asked_at, zone).utcoffset() for zone in zones]
    exposed = gateway.exposed.of("enphase_gateway_utc_offset_seconds").values()
    assert list(exposed) == [offset.total_seconds() for offset in local if offset is not None]


def test_no_real_gateway_makes_the_exporter_stumble(gateway: Asked) -> None:
    assert gateway.stumbled() == []


@pytest.mark.parametrize(("name", "document"), UNANSWERED)
def test_without_one_of_its_documents_a_gateway_says_what_the_others_say(
    name: str, document: str, captures: Path, tmp_path: Path
) -> None:
    assert_true(ask(without(present(captures / name), document, tmp_path), None))


def test_a_gateway_that_nobody_has_looked_at_says_the_truth_too(captures: Path, checked: Counter[str]) -> None:
    """Captures without a line in gateways.table: all but their source, their refusals and pages without JSON."""
    for folder in sorted(captures.iterdir()):
        if (folder / "info").is_file() and folder.name not in GATEWAYS:
            asked = ask(folder, None)
            assert_true(asked)
            checked[folder.name] = len(asked.demanded)


@pytest.mark.parametrize("profile", ["7.6", "8.2-large", "8.3", "8.3-ac"])
def test_a_simulated_gateway_is_held_against_the_same_table(profile: str, tmp_path: Path) -> None:
    """What no capture has, such as an IQ Relay, at least some gateway says."""
    assert_true(ask(recorded(profile, tmp_path), None))


def test_no_row_of_the_table_is_idle(captures: Path, tmp_path: Path) -> None:
    folders = {present(captures / name): line for name, line in GATEWAYS.items()}
    folders |= {without(captures / name, document, tmp_path): GATEWAYS[name] for name, document in UNANSWERED}
    recordings = [Recording(folder, TABLE, {"source": line.source}) for folder, line in folders.items()]
    busy = {row for recording in recordings for row, _, _ in recording.demands()}
    idle = {(row.family, row.field) for row in TABLE.rows if row not in busy}
    assert idle == IN_NO_CAPTURE.keys()


def present(folder: Path) -> Path:
    if not folder.is_dir():
        pytest.skip(f"no capture {folder}")
    return folder


def assert_true(asked: Asked) -> None:
    """As far as it can be said without a line in gateways.table."""
    too_much = {identity: n for identity, n in asked.too_much().items() if ("source", "html") not in identity[1]}
    assert asked.wrong() == {}, asked.name
    assert too_much == {}, asked.name
    assert asked.stumbled() == [], asked.name


def recorded(profile: str, into: Path) -> Path:
    """A simulated gateway's answers as a capture."""
    now = 1_781_024_400.0
    gateway = Simulator(profile, clock=lambda: now, tls=False)
    for endpoint in ENDPOINTS:
        headers = {"authorization": f"Bearer {gateway.token}"}
        response = gateway.respond(Request("GET", endpoint.target, headers), now)
        if response.status == HTTPStatus.OK:
            (into / re.sub(r"[/?=&]", "_", endpoint.target.removeprefix("/"))).write_bytes(response.body)
    return into


def without(folder: Path, document: str, into: Path) -> Path:
    """The same capture without one document, without a copy of it."""
    made = into / f"{folder.name} without {document}"
    made.mkdir()
    for file in folder.iterdir():
        if file.name not in (document, f"{document}_log.json"):
            (made / file.name).symlink_to(file)
    return made
