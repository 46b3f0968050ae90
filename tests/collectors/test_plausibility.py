"""The plausibility filter alone: the accepted values of one object, document by document."""

from collections.abc import Mapping

import pytest

from envoy_exporter.collectors.plausibility import PlausibilityFilter, PlausibilityState, Register, Stall, is_frozen
from envoy_exporter.documents import Document, Documents, Json
from envoy_exporter.fields import FieldReader, Rejection

ENDPOINT = "/ivp/meters/readings"

START = 1_781_000_000.0

ENERGY = Register(key="energy", power="power")

FEED_IN = Register(key="energy", power="power", negated=True)


class Gateway:
    """One object of one document, polled once a minute."""

    def __init__(self, register: Register = ENERGY) -> None:
        self.state = PlausibilityState()
        self.requested_at = START
        self.rejections: list[Rejection] = []
        self._register = register

    def poll(self, sent: Mapping[str, Json] | None, after: float = 60.0) -> Mapping[str, object]:
        """The accepted fields; `sent` is None if the document lacks the object."""
        self.requested_at += after
        documents = Documents({ENDPOINT: Document([], requested_at=self.requested_at)})
        plausibility = PlausibilityFilter(documents, self.state)
        self.rejections = []
        accepted: Mapping[str, object] = {}
        if sent is not None:
            fields = FieldReader(sent, ENDPOINT, self.rejections)
            accepted = plausibility.accepted(("meter",), fields, (self._register,)).fields
        self.state = plausibility.state()
        return accepted

    def rules(self) -> list[str]:
        return [rejection.rule for rejection in self.rejections]


def test_register_at_zero_after_a_poll_without_the_object_is_rejected() -> None:
    gateway = Gateway()
    gateway.poll({"energy": 50.0})
    gateway.poll(None)
    assert gateway.poll({"energy": 0.0}) == {}
    assert gateway.rules() == ["zero_after_value"]


@pytest.mark.parametrize(("polls", "accepted"), [(9, False), (11, True)])
def test_register_at_zero_after_ten_minutes_without_it_is_accepted(polls: int, *, accepted: bool) -> None:
    """An object that was missing from its document for ten minutes is a new object when it returns."""
    gateway = Gateway()
    gateway.poll({"energy": 50.0})
    for _ in range(polls):
        gateway.poll(None)
    assert ("energy" in gateway.poll({"energy": 0.0})) is accepted


def test_register_at_zero_needs_five_documents_to_be_a_reset() -> None:
    """Reading one document again proves nothing: two documents with a pause between them are two restarts."""
    gateway = Gateway()
    gateway.poll({"energy": 50.0})
    gateway.poll({"energy": 0.0})
    for _ in range(5):
        assert gateway.poll({"energy": 0.0}, after=0.0) == {}
    for _ in range(3):
        assert gateway.poll({"energy": 0.0}, after=601.0) == {}
    assert gateway.poll({"energy": 0.0}, after=601.0) == {"energy": 0.0}


def test_register_at_zero_keeps_the_value_before_it() -> None:
    gateway = Gateway()
    gateway.poll({"energy": 50.0})
    gateway.poll({"energy": 0.0})
    assert gateway.state.devices[ENDPOINT, "meter"].registers["energy"].value == 50.0


@pytest.mark.parametrize(("register", "power"), [(ENERGY, 60.0), (FEED_IN, -60.0)], ids=["in", "out"])
def test_stall_counts_the_power_in_the_direction_of_the_register(register: Register, power: float) -> None:
    gateway = Gateway(register)
    for _ in range(3):
        gateway.poll({"energy": 50.0, "power": power})
    stall = gateway.state.devices[ENDPOINT, "meter"].registers["energy"].stall
    assert stall is not None
    assert stall.watt_hours == pytest.approx(2.0)


@pytest.mark.parametrize(("register", "power"), [(ENERGY, -60.0), (FEED_IN, 60.0)], ids=["in", "out"])
def test_stall_does_not_begin_with_power_against_the_register(register: Register, power: float) -> None:
    gateway = Gateway(register)
    for _ in range(3):
        gateway.poll({"energy": 50.0, "power": power})
    assert gateway.state.devices[ENDPOINT, "meter"].registers["energy"].stall is None


@pytest.mark.parametrize(
    ("seconds", "watt_hours", "frozen"),
    [(1800.0, 2.5, True), (1800.0, 2.0, False), (1799.0, 100.0, False), (3600.0, 2.1, True)],
)
def test_register_is_frozen_beyond_half_an_hour_and_two_steps(
    seconds: float, watt_hours: float, *, frozen: bool
) -> None:
    assert is_frozen(Stall(START, START + seconds, 60.0, watt_hours), step=1.0) is frozen


def test_register_without_a_stall_is_not_frozen() -> None:
    assert not is_frozen(None, step=1.0)


@pytest.mark.parametrize(("volts", "lost"), [(0.0, True), (120.0, False)])
def test_lost_phase_ends_once_the_phase_is_live_again(volts: float, *, lost: bool) -> None:
    def sent(second: float) -> dict[str, Json]:
        phases: list[Json] = [{"voltage": voltage, "activePower": voltage} for voltage in (120.0, second)]
        return {"channels": phases}

    state = PlausibilityState()
    for minute, second in enumerate((120.0, 0.0, volts)):
        documents = Documents({ENDPOINT: Document([], requested_at=START + 60 * minute)})
        plausibility = PlausibilityFilter(documents, state)
        rejections: list[Rejection] = []
        suspect = plausibility.phase_lost(("meter",), FieldReader(sent(second), ENDPOINT, rejections), "channels", 2)
        state = plausibility.state()
    assert suspect is lost
    assert [(rejection.endpoint, rejection.rule, rejection.key) for rejection in rejections] == (
        [(ENDPOINT, "phase_lost", "channels")] if lost else []
    )
    assert (state.devices[ENDPOINT, "meter"].lost is not None) is lost
