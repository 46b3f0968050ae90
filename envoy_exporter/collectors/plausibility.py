"""Rules with a memory: each value is compared with earlier values of the same object.

A suspect value is rejected, and accepted once it has lasted for ten minutes. So a wrong value is not exposed, and a
correct one is not rejected indefinitely. An object that is missing from its document for ten minutes is forgotten.
Times are those of the requests, so a document that is read twice has the same result twice. The memory belongs to one
gateway; a meter and its configuration are part of the key. A firmware update does not make new registers: it ends with
a restart, which is when the wrong zeros appear.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice

from envoy_exporter import entries
from envoy_exporter.documents import Documents
from envoy_exporter.entries import Meter
from envoy_exporter.fields import MAX_DEVICES, FieldReader, Fields

ZERO_AFTER_VALUE, PHASE_LOST, FROZEN = RULES = ("zero_after_value", "phase_lost", "frozen")

CONFIRMATION_TIME = 600.0
"""Seconds after which a suspect value is accepted, and a missing object forgotten."""
MINIMUM_DOCUMENTS = 5
"""The suspect value must be in at least as many documents: two with a pause may be two restarts of the gateway."""
STALL_TOLERANCE = 1800.0
"""Seconds for which a register may not change: `/api/v1/production` of a metered gateway changes every 15 minutes."""
MOVING_WATTS = 50.0
"""Watts from which a register must change. Inverters at night draw less than ten."""
LIVE_VOLTS = 50.0
"""Volts of a live phase: a phase that is not connected has up to twelve (7.3.466_with_cts_3phase)."""
MAX_REMEMBERED = 4 * MAX_DEVICES
"""Maximum number of objects that are remembered for a collector."""

Key = tuple[str | int, ...]
"""The endpoint, and the name of the object in its document."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """A lifetime energy register among the fields of an object.

    `power`: the field with the power that the register counts; if `negated`, the register counts the negative of that
    power. `derived`: fields that the gateway computes from the register. `report_time`: the field with the time of a
    report, which is repeated until the next report. `step`: the resolution in Wh.
    """

    key: str
    power: str | None = None
    negated: bool = False
    derived: tuple[str, ...] = ()
    report_time: str | None = None
    step: float = 1.0


METER_REGISTERS = (
    Register(key="actEnergyDlvd", power="activePower"),
    Register(key="actEnergyRcvd", power="activePower", negated=True),
    Register(key="apparentEnergy"),
    Register(key="reactEnergyLagg"),
    Register(key="reactEnergyLead"),
)
_UNSIGNED = tuple(Register(key=register.key) for register in METER_REGISTERS)
SIGNED = ("production", "net-consumption", "total-consumption", "storage")
"""Types of meters for which it is known which register counts which power; not known for backfeed, load, evse, pv3p."""
_PHASE_KEYS = {
    "channels": ("voltage", "current", "activePower", "actEnergyDlvd", "actEnergyRcvd"),
    "lines": ("rmsVoltage", "rmsCurrent", "wNow", "whLifetime"),
}
"""The fields that are zero in a lost phase, voltage first; the frequency is not (8.2.127_with_generator_running)."""


@dataclass(frozen=True, slots=True)
class Stall:
    """A register that does not change while power flows.

    `since` and `until`: the first and the last time. `watts`: the power at the end. `watt_hours`: the energy that
    flowed meanwhile. `steady`: whether the power did not change either.
    """

    since: float
    until: float
    watts: float
    watt_hours: float = 0.0
    steady: bool = True


@dataclass(frozen=True, slots=True)
class Suspicion:
    """The first and the last time at which a value was suspect, and the number of documents."""

    since: float
    until: float
    documents: int = 1

    @property
    def has_lasted(self) -> bool:
        return self.until - self.since >= CONFIRMATION_TIME and self.documents >= MINIMUM_DOCUMENTS


@dataclass(frozen=True, slots=True)
class RegisterState:
    """The last accepted value of a register; a suspicion while it reports 0; a stall while it does not change."""

    value: float
    zero: Suspicion | None = None
    stall: Stall | None = None


@dataclass(frozen=True, slots=True)
class DeviceState:
    """The memory of one object. `phases`: the places of live phases; `lost`: a suspicion while one of them is lost."""

    registers: Mapping[str, RegisterState] = field(default_factory=dict)
    phases: frozenset[int] = frozenset()
    lost: Suspicion | None = None
    missing_since: float | None = None


_NEW = DeviceState()


@dataclass(frozen=True, slots=True)
class PlausibilityState:
    """The memory of a collector for one gateway, from one reading to the next."""

    serial: str | None = None
    devices: Mapping[Key, DeviceState] = field(default_factory=dict)


class PlausibilityFilter:
    """Compares the objects of documents with the state before them. Another gateway starts without a state."""

    def __init__(self, documents: Documents, before: PlausibilityState) -> None:
        serial = entries.device(documents, "sn")
        same = None in (serial, before.serial) or serial == before.serial
        self._serial = serial or before.serial
        self._documents = documents
        self._before = before.devices if same else {}
        self._after: dict[Key, DeviceState] = {}

    def accepted(self, name: Key, fields: FieldReader, registers: Sequence[Register]) -> FieldReader:
        """The fields of an object without rejected ones.

        If all registers of the object that ever had a value are zero, the other zeros of the object are left out too.
        """
        device = self._device(fields.endpoint, name)
        requested_at = self._requested_at(fields.endpoint)
        states, frozen, zero = dict(device.registers), set[str](), set[str]()
        for register in registers:
            value = fields.raw_number(register.key)
            if value is None:
                continue
            before = device.registers.get(register.key)
            state = states[register.key] = _next_state(before, value, fields, register, requested_at)
            if state.zero is not None:
                fields.reject(ZERO_AFTER_VALUE, register.key)
                zero.add(register.key)
            elif is_frozen(state.stall, register.step):
                frozen |= {register.key, *register.derived, *_steady(state.stall, register)}
        for key in sorted(frozen & fields.fields.keys()):
            fields.reject(FROZEN, key)
        self._after[fields.endpoint, *name] = replace(device, registers=states)
        kept = {key: value for key, value in fields.fields.items() if key not in frozen | zero}
        restarted = zero and all(key in zero for key, state in states.items() if state.value != 0 and key in fields)
        return fields.of(_without_zeros(kept) if restarted else kept)

    def phase_lost(self, name: Key, fields: FieldReader, phases: str, count: int) -> bool:
        """Whether a phase that was live is zero in all fields while another is live, so that the total is wrong too.

        8.3.6086 reported this for one half of a split-phase storage CT, in one poll (pyenphase#478). A phase that was
        never live is not lost (backfeed in 8.3.1598_collar), and a loss that lasts is accepted. `phases`: the key of
        the list of phases, "channels" of a meter or "lines" of the site.
        """
        keys = _PHASE_KEYS[phases]
        device = self._device(fields.endpoint, name)
        requested_at = self._requested_at(fields.endpoint)
        uncounted = FieldReader(fields.fields, fields.endpoint)
        by_place = {place: phase for place, phase in uncounted.numbered(fields.fields.get(phases)) if place < count}
        live = {place for place, phase in by_place.items() if (phase.raw_number(keys[0]) or 0) > LIVE_VOLTS}
        dead = {place for place, phase in by_place.items() if keys[0] in phase and _is_zero(phase, keys)}
        lost = device.phases & dead if live else frozenset[int]()
        suspicion = _suspected(device.lost, requested_at) if lost else None
        suspect = suspicion is not None and not suspicion.has_lasted
        known = device.phases - (by_place.keys() - dead) if suspect or not lost else frozenset[int]()
        self._after[fields.endpoint, *name] = replace(device, phases=known | live, lost=suspicion if suspect else None)
        if suspect:
            fields.reject(PHASE_LOST, phases)
        return suspect

    def meter(self, meter: Meter, fields: FieldReader) -> FieldReader | None:
        """The accepted fields of a CT's reading; None if it has lost a phase."""
        name = meter_name(meter)
        if self.phase_lost(name, fields, "channels", meter.phases):
            return None
        return self.accepted(name, fields, _registers(meter))

    def channel(self, meter: Meter, phase: str, fields: FieldReader) -> FieldReader:
        """The accepted fields of one phase of a CT's reading."""
        return self.accepted((*meter_name(meter), phase), fields, _registers(meter))

    def state(self) -> PlausibilityState:
        """The state after these documents: their objects, and for ten minutes those that a document lacks."""
        missing = ((key, self._missing(key, device)) for key, device in self._before.items() if key not in self._after)
        kept = ((key, device) for key, device in missing if device is not None)
        old = self._after.keys() & self._before.keys()
        first = ((key, self._after[key]) for key in self._after if key in old)
        new = ((key, device) for key, device in self._after.items() if key not in old)
        return PlausibilityState(self._serial, dict(islice(chain(first, kept, new), MAX_REMEMBERED)))

    def _missing(self, key: Key, device: DeviceState) -> DeviceState | None:
        endpoint = str(key[0])
        if endpoint not in self._documents.available:
            return device  # without the document, it is not known whether the object is missing
        requested_at = self._requested_at(endpoint)
        since = _since(device.missing_since, requested_at)
        return replace(device, missing_since=since) if requested_at - since < CONFIRMATION_TIME else None

    def _device(self, endpoint: str, name: Key) -> DeviceState:
        device = self._after.get((endpoint, *name)) or self._before.get((endpoint, *name), _NEW)
        if device.missing_since is None:
            return device
        long_gone = self._requested_at(endpoint) - device.missing_since >= CONFIRMATION_TIME
        return _NEW if long_gone else replace(device, missing_since=None)

    def _requested_at(self, endpoint: str) -> float:
        document = self._documents.available.get(endpoint)
        return document.requested_at if document else 0.0


def _registers(meter: Meter) -> Sequence[Register]:
    return METER_REGISTERS if meter.type in SIGNED else _UNSIGNED


def meter_name(meter: Meter) -> Key:
    """The key of a meter: with another type or number of phases, it is another meter."""
    return (meter.eid, meter.type, meter.phases)


def is_frozen(stall: Stall | None, step: float) -> bool:
    """Whether a register did not change in half an hour in which more than twice its resolution flowed."""
    return stall is not None and stall.until - stall.since >= STALL_TOLERANCE and stall.watt_hours > 2 * step


def _next_state(
    before: RegisterState | None, value: float, fields: FieldReader, register: Register, requested_at: float
) -> RegisterState:
    if value == 0 and before is not None and before.value != 0:
        suspicion = _suspected(before.zero, requested_at)
        return RegisterState(value) if suspicion.has_lasted else RegisterState(before.value, zero=suspicion)
    watts = (fields.raw_number(register.power) or 0.0) * (-1 if register.negated else 1) if register.power else 0.0
    at = fields.raw_number(register.report_time) if register.report_time else requested_at
    if watts <= MOVING_WATTS or not at:
        return RegisterState(value)
    stall = before.stall if before is not None and before.value == value else None
    # In a pause between documents the gateway may have been off, but not between two reports of a device.
    if stall is None or at < stall.until or (at - stall.until > CONFIRMATION_TIME and not register.report_time):
        return RegisterState(value, stall=Stall(at, at, watts))
    flowed = min(watts, stall.watts) * (at - stall.until) / 3600
    steady = stall.steady and watts == stall.watts
    return RegisterState(value, stall=Stall(stall.since, at, watts, stall.watt_hours + flowed, steady))


def _steady(stall: Stall | None, register: Register) -> set[str]:
    """The field of the power, if the power stayed the same to the last digit, too."""
    return {register.power} if stall is not None and stall.steady and register.power else set()


def _suspected(before: Suspicion | None, requested_at: float) -> Suspicion:
    """The suspicion after one more document."""
    if before is None or before.since > requested_at:
        return Suspicion(requested_at, requested_at)
    return Suspicion(before.since, requested_at, before.documents + (requested_at != before.until))


def _is_zero(phase: FieldReader, keys: Sequence[str]) -> bool:
    return all(phase.raw_number(key) == 0 for key in keys if key in phase)


def _since(since: float | None, requested_at: float) -> float:
    """The earlier time, unless the clock has been set back."""
    return requested_at if since is None or since > requested_at else since


def _without_zeros(fields: Fields) -> dict[str, object]:
    kept = {key: _without_zeros(value) if isinstance(value, dict) else value for key, value in fields.items()}
    return {key: value for key, value in kept.items() if isinstance(value, bool) or value != 0}
