"""`/ivp/meters` and `/ivp/meters/readings`: which current transformers there are, and what they see."""

from dataclasses import replace

from envoy_exporter.simulator.answering import Entry, Json
from envoy_exporter.simulator.answers.moment import Moment
from envoy_exporter.simulator.answers.quantities import NOTHING, Quantities, by_phase, together
from envoy_exporter.simulator.chance import Purpose, drift
from envoy_exporter.simulator.profiles import NET, PRODUCTION, STORAGE

EIDS = {PRODUCTION: 704643328, NET: 704643584, STORAGE: 704643840}
CHANNEL_EIDS = {PRODUCTION: 1778385169, NET: 1778385425, STORAGE: 1778385681}
CHANNELS = 3
_UNLISTED, _UNLISTED_CHANNELS = 1023410688, 2097152513


def meters(moment: Moment) -> list[Json]:
    """One entry a meter; an empty list on standard gateways (5.0.62)."""
    return [
        {
            "eid": EIDS[meter],
            "state": "enabled",
            "measurementType": meter,
            "phaseMode": moment.profile.design.phase_mode,
            "phaseCount": moment.profile.design.phases,
            "meteringStatus": "normal",
            "statusFlags": [],
        }
        for meter in moment.profile.meters
    ]


def readings(moment: Moment) -> list[Json]:
    """One entry a meter, always with three channels."""
    found: list[Json] = [_meter(moment, meter) for meter in moment.profile.meters]
    if moment.profile.firmware >= (8, 3):
        found.append(_unlisted(moment))
    return found


def _meter(moment: Moment, meter: str) -> Entry:
    phases = by_phase(moment, meter, moment.state)
    whole = together(phases)
    factor = whole.power_factor
    if moment.profile.firmware >= (8, 3) and moment.profile.design.phase_mode == "split":
        # 8.3.1598_collar and 8.3.5433 add up the power factors of the legs.
        factor = sum(phase.power_factor for phase in phases)
    channels: list[Json] = []
    for index, channel in enumerate([*phases, *_unused(moment, meter, len(phases))]):
        channels.append(_entry(CHANNEL_EIDS[meter] + index, int(moment.time), channel, channel.power_factor))
    return {**_entry(EIDS[meter], int(moment.time), whole, factor), "channels": channels}


def _unused(moment: Moment, meter: str, phases: int) -> list[Quantities]:
    """The channels without a conductor: another meter's, nothing, or the noise of an open input."""
    if phases == CHANNELS:
        return []
    hertz = moment.mains.frequency(moment.time)
    if moment.profile.design.phase_mode == "split":
        if meter == NET and STORAGE in moment.profile.meters:
            # 8.2.127_with_3cts_and_battery_split: the net CT's third channel carries the storage CT's second.
            return [by_phase(moment, STORAGE, moment.state)[1]]
        return [replace(NOTHING, hertz=0.0 if meter == STORAGE else hertz)]
    # 7.6.175_with_cts: some volts of hum, and what it has wrongly counted.
    return [
        replace(
            NOTHING,
            received=5370.79 * (1 + index),
            volts=6.0 * (1 + index) + drift(moment.time / 7, moment.plant.seed, Purpose.VOLTAGE, 10 + index),
            hertz=hertz,
        )
        for index in range(CHANNELS - phases)
    ]


def _unlisted(moment: Moment) -> Entry:
    """The entry of every 8.3 that `/ivp/meters` does not know; floats for timestamps of channels (8.3.1598_collar)."""
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
