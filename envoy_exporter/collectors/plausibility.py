"""Rules with a memory: what an object says now is held against what the same object said before.

One rule of time for all of them: what is doubted is refused, and believed once it has lasted for ten minutes, so
that nothing wrong is told and nothing true is kept back for ever. What a document no longer holds is forgotten
after as long. Times are those of asking for the documents, so the same document read twice is judged the same
twice; what is remembered belongs to one gateway, one meter and its set-up, which are parts of the keys. Another
firmware is no new register: an update ends with a start, and just then zeros come.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice

from envoy_exporter import documents
from envoy_exporter import fields as json_fields
from envoy_exporter.documents import Documents, Meter
from envoy_exporter.fields import Fields, Refusals, peek

ZERO_AFTER_VALUE, PHASE_LOST, FROZEN = RULES = ("zero_after_value", "phase_lost", "frozen")

HOLD = 600.0
"""What was doubted for so many seconds is believed, what was missing for so long is forgotten."""
OFTEN = 5
"""And doubted in so many documents: two, with a pause between them, are two starts of the gateway."""
STILL = 1800.0
"""So long may a register stand: `/api/v1/production` of a metered gateway moves every 15 minutes."""
FLOWING = 50.0
"""Watts that must move a register. Inverters at night draw less than ten."""
LIVE = 50.0
"""Volts of a live phase: one that nobody wired shows up to a dozen (7.3.466_with_cts_3phase)."""
MOST = 4 * json_fields.MOST_DEVICES
"""Objects remembered of a subsystem; beyond, new ones are not."""

Key = tuple[str | int, ...]
"""The document, and what names the object in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """A lifetime's energy among an object's fields. `power` moves it, or its negative where it counts what is `out`.

    `derived` are fields that the gateway makes of it. `dated`: the field that says of when it is, in a report that
    is repeated until the next one comes. `step` is its resolution in Wh.
    """

    key: str
    power: str | None = None
    out: bool = False
    derived: tuple[str, ...] = ()
    dated: str | None = None
    step: float = 1.0


METER = (
    Register(key="actEnergyDlvd", power="activePower"),
    Register(key="actEnergyRcvd", power="activePower", out=True),
    Register(key="apparentEnergy"),
    Register(key="reactEnergyLagg"),
    Register(key="reactEnergyLead"),
)
_UNSIGNED = tuple(Register(key=each.key) for each in METER)
SIGNED = ("production", "net-consumption", "total-consumption", "storage")
"""Types of meter of which it is known which register its power moves; of backfeed, load, evse and pv3p it is not."""
CHANNEL = ("voltage", "current", "activePower", "actEnergyDlvd", "actEnergyRcvd")
LINE = ("rmsVoltage", "rmsCurrent", "wNow", "whLifetime")
"""What is zero of a phase that was lost, its voltage first; the frequency is not (8.2.127_with_generator_running)."""


@dataclass(frozen=True, slots=True)
class _Stand:
    """Power flows and the register stands: since when and until when, the power then, the Wh that flowed by then."""

    since: float
    until: float
    watts: float
    watt_hours: float = 0.0
    steady: bool = True


@dataclass(frozen=True, slots=True)
class _Doubt:
    """Since when and until when a thing is doubted, and in how many documents."""

    since: float
    until: float
    often: int = 1

    @property
    def is_over(self) -> bool:
        return self.until - self.since >= HOLD and self.often >= OFTEN


@dataclass(frozen=True, slots=True)
class _Trace:
    """The last value of a register that was believed, that it is 0 instead, and how long it has not moved."""

    value: float
    zero: _Doubt | None = None
    stand: _Stand | None = None


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of one object. `phases`: the places of those that lived; `lost`: one of them does not."""

    registers: Mapping[str, _Trace] = field(default_factory=dict)
    phases: frozenset[int] = frozenset()
    lost: _Doubt | None = None
    missing_since: float | None = None


_NOTHING = _Known()


@dataclass(frozen=True, slots=True)
class Past:
    """What a subsystem remembers of a gateway from one reading to the next."""

    serial: str | None = None
    known: Mapping[Key, _Known] = field(default_factory=dict)


class History:
    """The past, while one set of documents is read. Another gateway has another past."""

    def __init__(self, seen: Documents, past: object, refusals: Refusals) -> None:
        before = past if isinstance(past, Past) else Past()
        serial = documents.device(seen, "sn")
        same = None in (serial, before.serial) or serial == before.serial
        self._serial = serial or before.serial
        self._seen = seen
        self._refusals = refusals
        self._before = before.known if same else {}
        self._now: dict[Key, _Known] = {}

    def believed(self, endpoint: str, name: Key, fields: Fields, registers: Sequence[Register]) -> Fields:
        """The object's fields less those that are refused: readers find them missing.

        If every register of it that ever had a value is zero, the zeros beside them are no measurements either.
        """
        refuse = self._refusals.of(endpoint)
        known = self._known(endpoint, name)
        asked = self._asked(endpoint)
        traces, left_out, fallen = dict(known.registers), set[str](), set[str]()
        for register in registers:
            value = peek(fields, register.key)
            if value is None:
                continue
            trace = traces[register.key] = _traced(known.registers.get(register.key), value, fields, register, asked)
            if trace.zero is not None:
                refuse(ZERO_AFTER_VALUE, register.key)
                fallen.add(register.key)
            elif is_frozen(trace.stand, register.step):
                left_out |= {register.key, *register.derived, *_steady(trace.stand, register)}
        for key in sorted(left_out & fields.keys()):
            refuse(FROZEN, key)
        self._now[endpoint, *name] = replace(known, registers=traces)
        kept = {key: value for key, value in fields.items() if key not in left_out | fallen}
        blank = fallen and all(key in fallen for key, trace in traces.items() if trace.value != 0 and key in fields)
        return _without_zeros(kept) if blank else kept

    def phase_lost(self, endpoint: str, name: Key, phases: object, count: int, keys: Sequence[str]) -> bool:
        """A phase that lived is zero in all its fields while another lives, so the sum of them is wrong too.

        8.3.6086 did so to one half of a split-phase storage CT, for one poll (pyenphase#478). A phase that never
        lived is no loss (8.3.1598_collar's backfeed), and one that stays away is gone.
        """
        known = self._known(endpoint, name)
        asked = self._asked(endpoint)
        said = {n: each for n, each in json_fields.numbered(phases, lambda *_: None) if n < count}
        live = {n for n, each in said.items() if (peek(each, keys[0]) or 0) > LIVE}
        dead = {n for n, each in said.items() if all(peek(each, key) == 0 for key in keys if key in each)}
        dead = {n for n in dead if keys[0] in said[n]}
        lost = known.phases & dead if live else frozenset[int]()
        doubt = _doubted(known.lost, asked) if lost else None
        doubted = doubt is not None and not doubt.is_over
        lived = known.phases - (said.keys() - dead) if doubted or not lost else frozenset[int]()
        self._now[endpoint, *name] = replace(known, phases=lived | live, lost=doubt if doubted else None)
        if doubted:
            self._refusals.of(endpoint)(PHASE_LOST, "channels" if keys is CHANNEL else "lines")
        return doubted

    def meter(self, meter: Meter, fields: Fields) -> Fields | None:
        """What a CT reads, as far as it is believed; nothing at all if it has lost a phase."""
        name = meter_name(meter)
        if self.phase_lost(documents.METER_READINGS, name, fields.get("channels"), meter.phases, CHANNEL):
            return None
        return self.believed(documents.METER_READINGS, name, fields, _registers(meter))

    def channel(self, meter: Meter, phase: str, fields: Fields) -> Fields:
        """The same of one of its phases."""
        return self.believed(documents.METER_READINGS, (*meter_name(meter), phase), fields, _registers(meter))

    def past(self) -> Past:
        """What to remember: what was met, and for ten minutes what its document does not hold any more."""
        missing = ((key, self._missing(key, known)) for key, known in self._before.items() if key not in self._now)
        kept = ((key, known) for key, known in missing if known is not None)
        old = self._now.keys() & self._before.keys()
        first = ((key, self._now[key]) for key in self._now if key in old)
        new = ((key, known) for key, known in self._now.items() if key not in old)
        return Past(self._serial, dict(islice(chain(first, kept, new), MOST)))

    def _missing(self, key: Key, known: _Known) -> _Known | None:
        endpoint = str(key[0])
        if endpoint not in self._seen.at_hand:
            return known  # it did not come: nothing is said of what it holds
        asked = self._asked(endpoint)
        since = _since(known.missing_since, asked)
        return replace(known, missing_since=since) if asked - since < HOLD else None

    def _known(self, endpoint: str, name: Key) -> _Known:
        known = self._now.get((endpoint, *name)) or self._before.get((endpoint, *name), _NOTHING)
        if known.missing_since is None:
            return known
        long_gone = self._asked(endpoint) - known.missing_since >= HOLD
        return _NOTHING if long_gone else replace(known, missing_since=None)

    def _asked(self, endpoint: str) -> float:
        document = self._seen.at_hand.get(endpoint)
        return document.asked if document else 0.0


def _registers(meter: Meter) -> Sequence[Register]:
    return METER if meter.type in SIGNED else _UNSIGNED


def meter_name(meter: Meter) -> Key:
    """A meter that is set up as something else is another one."""
    return (meter.eid, meter.type, meter.phases)


def is_frozen(stand: _Stand | None, step: float) -> bool:
    """Half an hour of power, clearly more than the register's step, and it has not moved."""
    return stand is not None and stand.until - stand.since >= STILL and stand.watt_hours > 2 * step


def _traced(old: _Trace | None, value: float, fields: Fields, register: Register, asked: float) -> _Trace:
    if value == 0 and old is not None and old.value != 0:
        doubt = _doubted(old.zero, asked)
        return _Trace(value) if doubt.is_over else _Trace(old.value, zero=doubt)
    watts = (peek(fields, register.power) or 0.0) * (-1 if register.out else 1) if register.power else 0.0
    at = peek(fields, register.dated) if register.dated else asked
    if watts <= FLOWING or not at:
        return _Trace(value)
    stand = old.stand if old is not None and old.value == value else None
    # After a pause the gateway may have been off; between two reports of a device it was not.
    if stand is None or at < stand.until or (at - stand.until > HOLD and not register.dated):
        return _Trace(value, stand=_Stand(at, at, watts))
    flowed = min(watts, stand.watts) * (at - stand.until) / 3600
    steady = stand.steady and watts == stand.watts
    return _Trace(value, stand=_Stand(stand.since, at, watts, stand.watt_hours + flowed, steady))


def _steady(stand: _Stand | None, register: Register) -> set[str]:
    """The power too, if in all that time it was the same to the last digit."""
    return {register.power} if stand is not None and stand.steady and register.power else set()


def _doubted(doubt: _Doubt | None, asked: float) -> _Doubt:
    """Once more, in a document that was asked for then."""
    if doubt is None or doubt.since > asked:
        return _Doubt(asked, asked)
    return _Doubt(doubt.since, asked, doubt.often + (asked != doubt.until))


def _since(since: float | None, asked: float) -> float:
    """Since when, by a clock that may have been put back."""
    return asked if since is None or since > asked else since


def _without_zeros(fields: Fields) -> dict[str, object]:
    kept = {key: _without_zeros(each) if isinstance(each, dict) else each for key, each in fields.items()}
    return {key: each for key, each in kept.items() if isinstance(each, bool) or each != 0}
