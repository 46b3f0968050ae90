"""`/ivp/meters` and `/ivp/meters/readings`: the current transformers and their measurements."""

from dataclasses import replace

from envoy_simulator.documents.moment import Documents, Moment
from envoy_simulator.documents.quantities import NOTHING, Quantities, by_phase, total_of
from envoy_simulator.http_types import Entry, Json
from envoy_simulator.prng import Purpose, drift
from envoy_simulator.profiles import BACKFEED, EVSE, LOAD, NET, PRODUCTION, PV3P, STORAGE, TOTAL

EIDS = {
    PRODUCTION: 704643328,
    NET: 704643584,
    TOTAL: 704643584,
    STORAGE: 704643840,
    BACKFEED: 704644352,
    LOAD: 704644608,
    EVSE: 704644864,
    PV3P: 704645120,
}
CHANNEL_EIDS = {
    PRODUCTION: 1778385169,
    NET: 1778385425,
    TOTAL: 1778385425,
    STORAGE: 1778385681,
    BACKFEED: 1778386193,
    LOAD: 1778386449,
    EVSE: 1778386705,
    PV3P: 1778386961,
}
CHANNELS = 3
_UNLISTED, _UNLISTED_CHANNELS = 1023410688, 2097152513


def meters(moment: Moment) -> list[Json]:
    """One entry for each meter; an empty list on standard gateways (5.0.62)."""
    return [
        {
            "eid": EIDS[meter],
            "state": "enabled" if meter in moment.profile.meters else "disabled",
            "measurementType": meter,
            "phaseMode": moment.profile.design.phase_mode,
            "phaseCount": moment.profile.design.phases,
            "meteringStatus": "normal",
            "statusFlags": [],
        }
        for meter in (*moment.profile.meters, *moment.profile.disabled_meters)
    ]


def readings(moment: Moment) -> list[Json]:
    """One entry for each meter, always with three channels."""
    entries: list[Json] = [
        _backfeed(moment) if meter == BACKFEED else _meter(moment, meter) for meter in moment.profile.meters
    ]
    entries += [_disabled(moment, meter) for meter in moment.profile.disabled_meters]
    if moment.profile.firmware >= (8, 3):
        entries.append(_unlisted(moment))
    return entries


def _meter(moment: Moment, meter: str) -> Entry:
    phases = by_phase(moment, meter, moment.state)
    whole = total_of(phases)
    factor = whole.power_factor
    if moment.profile.firmware >= (8, 3) and moment.profile.design.phase_mode == "split":
        # 8.3.1598_collar and 8.3.5433 add up the power factors of the legs.
        factor = sum(phase.power_factor for phase in phases)
    channels: list[Json] = []
    for index, channel in enumerate([*phases, *_unused(moment, meter, len(phases))]):
        channels.append(_entry(CHANNEL_EIDS[meter] + index, int(moment.time), channel, channel.power_factor))
    return {**_entry(EIDS[meter], int(moment.time), whole, factor), "channels": channels}


def _unused(moment: Moment, meter: str, phases: int) -> list[Quantities]:
    """The channels without a conductor: a copy of another channel, zeros, or the noise of an open input."""
    if phases == CHANNELS:
        return []
    hertz = moment.grid.frequency(moment.time)
    if moment.profile.firmware >= (8, 3) and moment.profile.design.phase_mode == "split":
        return [replace(NOTHING, hertz=hertz)]
    if moment.profile.design.phase_mode == "split":
        if meter == NET and STORAGE in moment.profile.meters:
            # 8.2.127_with_3cts_and_battery_split: the net CT's third channel carries the storage CT's second.
            return [by_phase(moment, STORAGE, moment.state)[1]]
        return [replace(NOTHING, hertz=0.0 if meter == STORAGE else hertz)]
    # 7.6.175_with_cts: some volts of noise, and registers with small wrong values.
    return [
        replace(
            NOTHING,
            received=5370.79 * (1 + index),
            volts=6.0 * (1 + index) + drift(moment.time / 7, moment.system.seed, Purpose.VOLTAGE, 10 + index),
            hertz=hertz,
        )
        for index in range(CHANNELS - phases)
    ]


def _backfeed(moment: Moment) -> Entry:
    """The backfeed meter: one leg without frequency, and on the other leg only a current (8.3.1598_collar)."""
    first, *_ = by_phase(moment, BACKFEED, moment.state)
    first = replace(first, hertz=0.0)
    other = replace(NOTHING, amperes=first.amperes)
    channels: list[Json] = [
        _entry(CHANNEL_EIDS[BACKFEED] + index, int(moment.time), channel, channel.power_factor)
        for index, channel in enumerate((first, other, NOTHING))
    ]
    whole = first.plus(other)
    return {**_entry(EIDS[BACKFEED], int(moment.time), whole, first.power_factor), "channels": channels}


_DISABLED = {
    LOAD: replace(NOTHING, delivered=10.778, received=2.454, watts=0.046, apparent=0.278, volts=120.6, amperes=0.002),
    # A register that only counts up is negative.
    EVSE: replace(NOTHING, delivered=118.204, received=-17.325, watts=-11.62, apparent=11.7),
}
"""The values that remain in disabled meters: old noise, or zeros."""


def _disabled(moment: Moment, meter: str) -> Entry:
    """The reading of a disabled meter. PV3P was never read: its timestamp is 0."""
    seconds = int(moment.time) if meter in _DISABLED else 0
    remaining = _DISABLED.get(meter, NOTHING)
    channels: list[Json] = [
        _entry(CHANNEL_EIDS[meter] + index, seconds, channel, 0.0)
        for index, channel in enumerate((remaining, NOTHING, NOTHING))
    ]
    return {**_entry(EIDS[meter], seconds, remaining, 0.0), "channels": channels}


def _unlisted(moment: Moment) -> Entry:
    """The entry of 8.3 that `/ivp/meters` does not list; timestamps of its channels are floats (8.3.1598_collar)."""
    seconds = int(moment.time) - 6
    channels: list[Json] = [
        _entry(_UNLISTED_CHANNELS + index, float(seconds), NOTHING, 0.0) for index in range(CHANNELS)
    ]
    return {**_entry(_UNLISTED, seconds, NOTHING, 0.0), "channels": channels}


def _entry(eid: int, timestamp: float, quantities: Quantities, power_factor: float) -> Entry:
    return {
        "eid": eid,
        "timestamp": timestamp,
        "actEnergyDlvd": round(float(quantities.delivered), 3),
        "actEnergyRcvd": round(float(quantities.received), 3),
        "apparentEnergy": round(float(quantities.apparent_energy), 3),
        "reactEnergyLagg": round(float(quantities.lagging), 3),
        "reactEnergyLead": round(float(quantities.leading), 3),
        "instantaneousDemand": round(float(quantities.watts), 3),
        "activePower": round(float(quantities.watts), 3),
        "apparentPower": round(float(quantities.apparent), 3),
        "reactivePower": round(float(quantities.reactive), 3),
        "pwrFactor": round(float(power_factor), 3),
        "voltage": round(float(quantities.volts), 3),
        "current": round(float(quantities.amperes), 3),
        "freq": round(float(quantities.hertz), 3),
    }


DOCUMENTS: Documents = {
    "/ivp/meters": meters,
    "/ivp/meters/readings": readings,
}
