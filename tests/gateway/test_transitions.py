"""How a result changes the state of a gateway: pure functions, without a gateway, a thread or a clock."""

import logging
from dataclasses import replace

import pytest

from envoy_exporter import documents
from envoy_exporter.gateway import polls
from envoy_exporter.gateway.errors import HTTPStatusError, NotAvailable, WrongGateway
from envoy_exporter.gateway.login import initial as initial_login
from envoy_exporter.gateway.settings import Settings
from envoy_exporter.gateway.state import (
    Accepted,
    CountFailure,
    Down,
    Event,
    ForgetConnection,
    GatewayState,
    Log,
    LoginState,
    LogRejection,
    Moment,
    Reachability,
    Rejected,
    ReportToken,
    RequestResult,
    Trying,
    Unknown,
    Up,
    initial,
)
from envoy_exporter.gateway.transitions import SETTLING, on_result
from envoy_exporter.secret import Secret
from envoy_exporter.token import Token
from envoy_exporter.transport.errors import NoResponse, RequestError, Unreachable

SERIAL = "122012345678"
INFO: documents.Json = {"device": {"sn": SERIAL, "software": "D8.3.5169", "pn": "800-00555-r03"}}
METER: documents.Json = {"eid": 1, "state": "enabled", "measurementType": "production", "phaseCount": 1}
OLD, NEW = Token(Secret("old"), serial=SERIAL), Token(Secret("new"), serial=SERIAL)
SETTINGS = Settings(
    name="home", host="192.0.2.1", token=OLD, collectors=frozenset({"identity", "production", "meters", "inverters"})
)
UNAUTHORIZED = HTTPStatusError(401, "HTTP 401")


class Run:
    """A state, and the events of its changes since the last `next_poll`."""

    def __init__(self, settings: Settings = SETTINGS, *, has_source: bool = False) -> None:
        self.now = 1000.0
        self.settings, self.has_source = settings, has_source
        self.state: GatewayState = initial(settings, initial_login(self.moment(), None))
        self.events: list[Event] = []

    def moment(self) -> Moment:
        return Moment(self.now, 1_780_000_000.0 + self.now, 0.0, self.settings, self.has_source)

    def apply(self, step: tuple[GatewayState, tuple[Event, ...]]) -> None:
        self.state, events = step
        self.events += events

    def result(
        self,
        endpoint: str,
        content: documents.Json = None,
        error: RequestError | NotAvailable | None = None,
        *,
        new_token_accepted: bool | None = None,
    ) -> None:
        self.state = polls.on_request(self.state, endpoint, self.now)
        result = RequestResult(endpoint, content, error, self.now, 0.1, new_token_accepted=new_token_accepted)
        self.apply(on_result(self.state, result, self.moment()))

    def chosen(self) -> str | None:
        self.apply(polls.before_request(self.state, self.moment()))
        chosen = polls.next_request(self.state, self.now)
        return chosen[0].name if chosen else None

    def next_poll(self, after: float) -> None:
        self.apply(polls.end_of_poll(self.state, self.moment()))
        self.now += after
        self.state = polls.on_scrape(polls.begin_poll(self.state, self.now), self.now)
        self.events.clear()

    def reachability(self) -> Reachability:
        return self.state.reachability

    def down(self) -> Down:
        assert isinstance(self.state.reachability, Down)
        return self.state.reachability

    def login(self) -> LoginState:
        return self.state.login.state

    def rejected(self) -> Rejected:
        assert isinstance(self.state.login.state, Rejected)
        return self.state.login.state

    def logged(self, level: int) -> list[str]:
        return [event.message for event in self.events if isinstance(event, Log) and event.level >= level]


def up(settings: Settings = SETTINGS, *, has_source: bool = False) -> Run:
    """A gateway whose `/info` and meters are available."""
    run = Run(settings, has_source=has_source)
    run.result(documents.INFO, INFO)
    run.result(documents.METERS, [METER])
    run.events.clear()
    return run


# --- whether it responds


def test_reachability_is_unknown_at_first_and_only_info_is_requested() -> None:
    run = Run()
    assert run.reachability() == Unknown()
    assert run.chosen() == documents.INFO


def test_reachability_is_up_once_info_came() -> None:
    run = Run()
    run.result(documents.INFO, INFO)
    assert run.reachability() == Up()
    assert run.chosen() == documents.METERS
    assert run.logged(logging.INFO) == ["gateway reachable"]


def test_reachability_is_down_after_no_connection_with_growing_back_off() -> None:
    run, waits = Run(), []
    for _ in range(6):
        run.result(documents.INFO, error=Unreachable("connect", "no connection"))
        assert run.chosen() is None
        waits.append(run.down().retry_at - run.now)
        run.now = run.down().retry_at
        run.state = polls.on_scrape(run.state, run.now)
        assert run.chosen() == documents.INFO
    assert waits == [10, 20, 40, 80, 120, 120]
    assert run.logged(logging.ERROR) == ["gateway unreachable"], "once"
    assert run.events.count(ForgetConnection()) == len(waits)


def test_reachability_is_down_if_another_serial_responds() -> None:
    run = Run(replace(SETTINGS, serial="999999999999"))
    run.result(documents.INFO, INFO)
    assert run.down()
    assert isinstance(run.down().error, WrongGateway)
    assert documents.INFO not in run.state.documents.available


def test_down_becomes_up_and_what_was_absent_is_requested_again() -> None:
    run = up()
    run.result(documents.DEVICE_DATA, error=NotAvailable("HTTP 404"))
    run.result(documents.METER_READINGS, error=Unreachable("connect", "no connection"))
    assert run.down()
    run.next_poll(30)
    run.result(documents.INFO, INFO)
    assert run.reachability() == Up()
    assert run.state.cache.states[documents.DEVICE_DATA].due == float("-inf")
    assert run.state.retry_absent_at == run.now + SETTLING


def test_no_response_makes_reachability_unknown_and_info_next() -> None:
    run = up()
    run.now += 10
    run.result(documents.METER_READINGS, error=NoResponse("reset", "connection closed"))
    assert run.reachability() == Unknown()
    assert run.chosen() == documents.INFO
    assert run.events == [
        CountFailure(documents.METER_READINGS, "reset"),
        Log(
            logging.WARNING,
            "endpoint failed",
            documents.METER_READINGS,
            {"endpoint": documents.METER_READINGS, "reason": "reset", "error": "connection closed"},
        ),
    ]


def test_endpoint_known_to_fail_alone_does_not_make_reachability_unknown() -> None:
    run = up()
    run.now += 10
    run.result(documents.METER_READINGS, error=NoResponse("reset", "connection closed"))
    run.result(documents.INFO, INFO)
    run.next_poll(300)
    run.result(documents.METER_READINGS, error=NoResponse("reset", "connection closed"))
    assert run.reachability() == Up()
    assert run.logged(logging.WARNING) == []


def test_failures_are_reset_at_the_end_of_a_poll_that_ends_up() -> None:
    run = Run()
    run.result(documents.INFO, error=Unreachable("connect", "no connection"))
    run.result(documents.INFO, INFO)
    assert run.state.failures == 1
    run.next_poll(0)
    assert run.state.failures == 0


# --- whether it accepts the credentials


def test_login_is_accepted_once_a_document_that_demands_it_came() -> None:
    run = Run()
    run.result(documents.INFO, INFO)
    assert run.login() == Unknown()
    run.result(documents.METERS, [METER])
    assert run.login() == Accepted()


def test_401_after_an_accepted_request_is_about_the_role() -> None:
    run = up()
    run.result(documents.DEVICE_DATA, error=UNAUTHORIZED)
    assert run.login() == Accepted()
    assert documents.DEVICE_DATA in run.state.documents.absent
    assert run.events == []


def test_401_before_any_other_response_waits_for_a_probe() -> None:
    run = Run()
    run.result(documents.INFO, INFO)
    run.result(documents.METERS, error=UNAUTHORIZED)
    assert run.state.cache.awaiting_verdict
    assert run.chosen() == documents.INVERTERS_V1
    run.result(documents.INVERTERS_V1, [])
    assert run.login() == Accepted()
    assert documents.METERS in run.state.documents.absent


def test_login_is_rejected_once_the_probes_responded_401_too() -> None:
    run = Run()
    run.result(documents.INFO, INFO)
    for endpoint in (documents.METERS, documents.INVERTERS_V1, documents.PRODUCTION_V1):
        run.result(endpoint, error=UNAUTHORIZED)
    assert run.chosen() is None
    assert run.rejected().probe == documents.INVERTERS_V1
    assert run.rejected().retry_at == run.now + 10
    assert documents.METER_READINGS in run.state.cache.suspended
    assert LogRejection(run.rejected()) in run.events


def test_rejected_login_is_tried_with_one_request_after_its_back_off() -> None:
    run = rejected()
    run.next_poll(9)
    assert run.chosen() is None
    run.next_poll(1)
    assert run.chosen() == documents.INVERTERS_V1
    run.result(documents.INVERTERS_V1, error=UNAUTHORIZED)
    assert run.chosen() is None
    assert run.rejected().retry_at == run.now + 20
    run.next_poll(20)
    run.result(documents.INVERTERS_V1, [])
    assert run.login() == Accepted()
    assert run.logged(logging.INFO) == ["credentials accepted"]


def test_scrape_waits_while_rejected_credentials_are_tried_again() -> None:
    """Otherwise the scrape that made the exporter try them again reports the gateway as down."""
    run = up()
    run.result(documents.INVERTERS_V1, [])
    run.next_poll(400)
    for endpoint in (documents.METER_READINGS, documents.INVERTERS_V1, documents.PRODUCTION_V1):
        run.result(endpoint, error=UNAUTHORIZED)
    run.next_poll(9)
    assert run.chosen() != documents.INVERTERS_V1
    assert not polls.is_pending(run.state, run.now, run.now)
    run.next_poll(1)
    assert run.chosen() == documents.INVERTERS_V1
    assert polls.is_pending(run.state, run.now, run.now)
    requesting = polls.on_request(run.state, documents.INVERTERS_V1, run.now)
    assert polls.is_pending(requesting, run.now, run.now)
    run.result(documents.INVERTERS_V1, [])
    assert polls.is_pending(run.state, run.now, run.now)


def rejected(*, has_source: bool = False) -> Run:
    run = Run(has_source=has_source)
    run.result(documents.INFO, INFO)
    for endpoint in (documents.METERS, documents.INVERTERS_V1, documents.PRODUCTION_V1):
        run.result(endpoint, error=UNAUTHORIZED)
    run.apply(polls.end_of_poll(run.state, run.moment()))
    return run


# --- new tokens


def test_new_token_is_tried_beside_the_old_one() -> None:
    run = up(has_source=True)
    run.apply(polls.on_new_token(run.state, NEW))
    assert run.login() == Trying(NEW, OLD, accepted=True)
    run.result(documents.METER_READINGS, [], new_token_accepted=True)
    assert run.login() == Accepted()
    assert run.state.login.token == NEW
    assert run.events == [ReportToken(NEW, accepted=True)]


@pytest.mark.parametrize("confirmed", [True, False])
def test_new_token_is_dropped_once_a_probe_confirms_its_rejection(confirmed: bool) -> None:
    run = up(has_source=True)
    run.next_poll(10)
    run.apply(polls.on_new_token(run.state, NEW))
    run.result(documents.METER_READINGS, [], new_token_accepted=False)
    assert run.login() == Trying(NEW, OLD, accepted=True, new_rejected=True)
    assert run.chosen() == documents.INVERTERS_V1
    run.result(documents.INVERTERS_V1, [], new_token_accepted=not confirmed)
    assert run.login() == Accepted()
    assert run.state.login.token == (OLD if confirmed else NEW)
    assert run.events == [ReportToken(NEW, accepted=not confirmed)]


def test_new_token_replaces_a_rejected_one_at_once() -> None:
    run = rejected(has_source=True)
    run.events.clear()
    run.apply(polls.on_new_token(run.state, NEW))
    assert run.state.login.token == NEW
    assert run.events == [ReportToken(OLD, accepted=False)]
    run.next_poll(10)
    assert run.chosen() == documents.INVERTERS_V1
    run.result(documents.INVERTERS_V1, [])
    assert run.login() == Accepted()
    assert ReportToken(NEW, accepted=True) in run.events


def test_both_tokens_rejected_reports_both() -> None:
    run = up(has_source=True)
    run.next_poll(10)
    run.apply(polls.on_new_token(run.state, NEW))
    for endpoint in (documents.METER_READINGS, documents.INVERTERS_V1, documents.PRODUCTION_V1):
        run.result(endpoint, error=UNAUTHORIZED)
    run.apply(polls.end_of_poll(run.state, run.moment()))
    assert run.rejected()
    reports = [event for event in run.events if isinstance(event, ReportToken)]
    assert reports == [ReportToken(OLD, accepted=False), ReportToken(NEW, accepted=False)]


# --- another gateway, other settings


def test_other_firmware_keeps_only_its_info() -> None:
    run = up()
    run.now += 300
    other: documents.Json = {"device": {"sn": SERIAL, "software": "D8.3.5200"}}
    run.result(documents.INFO, other)
    assert set(run.state.documents.available) == {documents.INFO}
    assert run.login() == Unknown()
    assert run.logged(logging.WARNING) == ["gateway firmware changed"]


def test_settings_with_another_serial_make_the_gateway_wrong() -> None:
    run = up()
    run.settings = replace(SETTINGS, serial="999999999999")
    login = initial_login(run.moment(), None)
    run.state = polls.on_settings(run.state, run.moment(), login, scheme_known=True)
    run.apply(polls.check_identity(run.state, run.moment()))
    assert run.down()


def test_settings_without_a_known_scheme_request_info_first() -> None:
    run = up()
    run.now += 10
    run.state = polls.on_settings(run.state, run.moment(), None, scheme_known=False)
    assert run.reachability() == Unknown()
    assert run.chosen() == documents.INFO
