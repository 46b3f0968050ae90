"""Each recorded gateway is replayed over real sockets, and what is exposed of it is compared with its documents."""

import logging
import math
import re
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
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

from captures import expected
from captures.gateways import GATEWAYS, Gateway
from captures.recording import Recording
from envoy_exporter.app import COLLECTORS
from envoy_exporter.gateway.endpoints import ENDPOINTS
from envoy_simulator import Simulator
from envoy_simulator.http_types import Request

pytestmark = pytest.mark.integration

FOUND_BY_A_PERSON = {
    "enphase_up",
    "enphase_authenticated",
    "enphase_scrape_collector_success",
    "enphase_data_rejected_total",
    "enphase_gateway_clock_offset_seconds",
    "enphase_gateway_utc_offset_seconds",
}
"""Metrics that `Gateway` or a clock decides."""

OF_THE_SCRAPE = {
    "enphase_scrape_collector_duration_seconds": "the duration of this scrape",
    "enphase_scrape_collector_last_success_timestamp_seconds": "the time of this scrape",
    "enphase_gateway_requests_total": "the requests of this scrape",
    "enphase_gateway_request_failures_total": "their failures; a test looks at `internal` ones",
    "enphase_token_expiry_timestamp_seconds": "the token is the replay's, not the gateway's",
    "enphase_token_issued_timestamp_seconds": "the token is the replay's, not the gateway's",
    "enphase_token_info": "the token is the replay's, not the gateway's",
}
"""Metrics that do not depend on the recording, and why."""

IN_NO_RECORDING = {
    "enphase_battery_firmware_update_status",
    "enphase_live_last_update_timestamp_seconds",
    "enphase_live_mqtt_connected",
    "enphase_live_stream_enabled",
}
"""Metrics that only simulated gateways expose, and that the tests of their collectors check."""

WITHOUT_DOCUMENT = [
    ("7.3.466_with_cts_3phase", "ivp_meters"),  # lines[] without a phaseCount, here and in the next
    ("8.3.1598_collar", "ivp_meters"),
    ("8.3.5433_tot_is_net_cons", "ivp_pdm_device_data"),  # then the list of API v1
    ("8.2.4382_ACB", "production.json"),  # then /production
    ("8.2.4382_ACB", "ivp_ensemble_power"),  # no sum of units
    ("8.2.4382_ACB", "ivp_ensemble_secctrl"),
    ("8.1.41", "ivp_ensemble_status"),
    ("7.3.466_metered_disabled_cts", "api_v1_production"),
]
"""Documents to leave out, where others must replace them."""


@dataclass(frozen=True)
class Replay:
    """One scrape of a gateway, and its logs. `gateway` is None if it is not in `GATEWAYS`."""

    name: str
    exposed: Exposition
    recording: Recording
    gateway: Gateway | None
    scraped_at: float
    logs: list[logging.LogRecord]

    @cached_property
    def expected(self) -> Mapping[Key, float]:
        samples = dict(self.gateway.page) if self.gateway else {}
        for number in expected.numbers(self.recording):
            assert samples.setdefault(number.key, number.value) == number.value, f"two checks disagree: {number.key}"
        return samples

    def wrong(self) -> dict[Key, tuple[float | None, float]]:
        """Samples that are missing or have another value: exposed and expected."""
        exposed = self.exposed.samples
        return {
            key: (exposed.get(key), value)
            for key, value in self.expected.items()
            if key not in exposed or not math.isclose(exposed[key], value, rel_tol=1e-9)
        }

    def unexpected(self) -> dict[Key, float]:
        """Samples of a metric that has checks, but not for this sample."""
        samples = self.exposed.samples.items()
        return {key: value for key, value in samples if key[0] in expected.METRICS and key not in self.expected}

    def rejected(self) -> dict[tuple[str, ...], float]:
        return {labels: n for labels, n in self.exposed.of("enphase_data_rejected_total").items() if n}

    def exceptions(self) -> list[str]:
        """Those that were logged or counted."""
        failures = self.exposed.of("enphase_gateway_request_failures_total").items()
        counted = [f"{labels}: {n}" for labels, n in failures if "internal" in labels and n]
        return counted + [record.getMessage() for record in self.logs if record.exc_info]


def replay(folder: Path, gateway: Gateway | None) -> Replay:
    """One scrape with every collector. Without `gateway` the exposed source is taken as correct."""
    with captured_logs() as logs, Simulator.of_capture(folder) as simulator:
        scraped_at = time.time()
        exporter = InProcessExporter(settings(simulator, collectors=frozenset(COLLECTORS) - {"layout"}))
        exposed = exporter.scrape()
    (exposed_source,) = next(iter(exposed.of("enphase_production_power_watts")), ("",))
    recording = Recording(folder, gateway.source if gateway else exposed_source)
    return Replay(folder.name, exposed, recording, gateway, scraped_at, logs)


def uncovered(metrics: Iterable[str]) -> list[str]:
    """What to do about each metric that nothing compares with the documents."""
    covered = expected.METRICS | FOUND_BY_A_PERSON | OF_THE_SCRAPE.keys()
    return [
        f'{metric} is exposed but no check covers it: add check("{metric}", ...) to the module of its document '
        "in tests/captures/expected/"
        for metric in sorted({*metrics} - covered)
    ]


@pytest.fixture(scope="module", params=GATEWAYS, ids=lambda gateway: gateway.name)
def replayed(request: pytest.FixtureRequest, captures: Path) -> Replay:
    return replay(available(captures / request.param.name), request.param)


def test_recorded_gateway_numbers_equal_its_documents(replayed: Replay, checked: Counter[str]) -> None:
    assert replayed.wrong() == {}
    checked[replayed.name] = len(replayed.expected)


def test_recorded_gateway_has_no_unexpected_samples(replayed: Replay) -> None:
    assert replayed.unexpected() == {}


def test_recorded_gateway_exposes_only_metrics_with_a_check(replayed: Replay) -> None:
    missing = uncovered(name for name, _ in replayed.exposed.samples)
    assert not missing, "\n".join(missing)


def test_recorded_gateway_rejects_only_implausible_values(replayed: Replay) -> None:
    assert replayed.gateway
    assert replayed.rejected() == replayed.gateway.rejected


def test_recorded_gateway_is_up_and_collectors_succeed(replayed: Replay) -> None:
    assert replayed.gateway
    login = replayed.gateway.login
    success = replayed.exposed.of("enphase_scrape_collector_success")
    assert replayed.exposed.value("enphase_up") == 1
    assert replayed.exposed.of("enphase_authenticated") == ({} if login is None else {(): float(login)})
    assert success == {(name,): float(name not in replayed.gateway.failing) for (name,) in success}
    assert {("production",), ("meters",), ("inverters",), ("batteries",)} <= success.keys()


def test_recorded_gateway_clock_offsets_are_exposed(replayed: Replay) -> None:
    assert replayed.gateway
    offset = replayed.recording.time - replayed.scraped_at
    assert replayed.exposed.value("enphase_gateway_clock_offset_seconds") == pytest.approx(offset, abs=60)
    zones = [ZoneInfo(replayed.gateway.zone)] if replayed.gateway.zone else []
    local = [datetime.fromtimestamp(replayed.scraped_at, zone).utcoffset() for zone in zones]
    exposed = replayed.exposed.of("enphase_gateway_utc_offset_seconds").values()
    assert list(exposed) == [offset.total_seconds() for offset in local if offset is not None]


def test_recorded_gateway_raises_no_exception(replayed: Replay) -> None:
    assert replayed.exceptions() == []


@pytest.mark.parametrize(("name", "document"), WITHOUT_DOCUMENT)
def test_recorded_gateway_without_a_document_uses_the_others(
    name: str, document: str, captures: Path, tmp_path: Path
) -> None:
    assert_correct(replay(without(available(captures / name), document, tmp_path), None))


def test_captures_outside_the_table_are_read_correctly(captures: Path, checked: Counter[str]) -> None:
    """Everything but what only a person can find: their source, their rejections, and pages without JSON."""
    names = {gateway.name for gateway in GATEWAYS}
    for folder in sorted(captures.iterdir()):
        if (folder / "info").is_file() and folder.name not in names:
            replayed = replay(folder, None)
            assert_correct(replayed)
            checked[folder.name] = len(replayed.expected)


@pytest.mark.parametrize("profile", ["7.6", "8.2-large", "8.3", "8.3-ac"])
def test_simulated_gateway_numbers_equal_its_documents(profile: str, tmp_path: Path) -> None:
    """Checks of what no capture has, such as an IQ Relay, are used at least here."""
    replayed = replay(recorded(profile, tmp_path), None)
    assert_correct(replayed)
    missing = uncovered({name for name, _ in replayed.exposed.samples} - IN_NO_RECORDING)
    assert not missing, "\n".join(missing)


def test_part_without_a_capture_gives_the_reason(captures: Path, tmp_path: Path) -> None:
    folders = {available(captures / gateway.name): gateway for gateway in GATEWAYS}
    variants = [(folders[captures / name], document) for name, document in WITHOUT_DOCUMENT]
    folders |= {without(captures / gateway.name, document, tmp_path): gateway for gateway, document in variants}
    recordings = [Recording(folder, gateway.source) for folder, gateway in folders.items()]
    used = {(number.part, number.check) for recording in recordings for number in expected.numbers(recording)}
    for part in expected.PARTS:
        for check in part.checks:
            if (part, check) not in used:
                assert part.no_capture, f"no capture has {check.metric} of this part: add no_capture=... to the part"
            else:
                assert not part.no_capture, f"a capture has {check.metric}: remove no_capture={part.no_capture!r}"


def test_metric_without_a_check_fails_with_instructions() -> None:
    (message,) = uncovered(["enphase_up", "enphase_brand_new_watts"])
    assert 'add check("enphase_brand_new_watts", ...)' in message


def available(folder: Path) -> Path:
    if not folder.is_dir():
        pytest.skip(f"no capture {folder}")
    return folder


def assert_correct(replayed: Replay) -> None:
    """Checks everything that does not need a `Gateway`."""
    unexpected = {key: value for key, value in replayed.unexpected().items() if ("source", "html") not in key[1]}
    assert replayed.wrong() == {}, replayed.name
    assert unexpected == {}, replayed.name
    assert replayed.exceptions() == [], replayed.name


class Records(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@contextmanager
def captured_logs() -> Iterator[list[logging.LogRecord]]:
    handler = Records()
    logging.getLogger().addHandler(handler)
    try:
        yield handler.records
    finally:
        logging.getLogger().removeHandler(handler)


def recorded(profile: str, folder: Path) -> Path:
    """The responses of a simulated gateway as a capture."""
    now = 1_781_024_400.0
    gateway = Simulator(profile, clock=lambda: now, tls=False)
    for endpoint in ENDPOINTS:
        headers = {"authorization": f"Bearer {gateway.token}"}
        response = gateway.respond(Request("GET", endpoint.target, headers), now)
        if response.status == HTTPStatus.OK:
            (folder / re.sub(r"[/?=&]", "_", endpoint.target.removeprefix("/"))).write_bytes(response.body)
    return folder


def without(folder: Path, document: str, into: Path) -> Path:
    """The same capture without one document; its files are links."""
    made = into / f"{folder.name} without {document}"
    made.mkdir()
    for file in folder.iterdir():
        if file.name not in (document, f"{document}_log.json"):
            (made / file.name).symlink_to(file)
    return made
