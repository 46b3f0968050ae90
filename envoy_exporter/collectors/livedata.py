"""Power by the second, and the only load of a house with batteries that the gateway reckons: `/ivp/livedata/status`.

Off by default. The values move only while somebody streams them (the Enphase app, or a POST to
`/ivp/livedata/stream`, which this exporter never sends); after about fifteen minutes the gateway stops, and they
freeze. So they are there only while the stream runs and the last update is young.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from envoy_exporter import documents, entries
from envoy_exporter import fields as json_fields
from envoy_exporter.documents import Documents
from envoy_exporter.families import Reading, gauge, label
from envoy_exporter.fields import PHASES, WATT_HOUR, Fields, Reject, Rejections, number, percent, says, scaled

from . import sanity_checks
from .collector import Collector, Context, Result
from .device_reports import is_fresh

YOUNG = 60.0
"""Seconds since the last update for which its values say something of now."""
_SPLIT = 2
_SOURCES = ("pv", "storage", "grid", "load", "generator")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    enabled: bool | None = gauge(
        "enphase_live_stream_enabled",
        "1: live data are streamed; else they are old, and left out.",
        fields=("sc_stream",),
    )
    mqtt_connected: bool | None = gauge(
        "enphase_live_mqtt_connected", "1: the gateway has its line for live data to the cloud.", fields=("mqtt_state",)
    )
    last_update: float | None = gauge(
        "enphase_live_last_update_timestamp_seconds", "When live data last moved.", fields=("meters.last_update",)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    charge: float | None = gauge(
        "enphase_live_charge_ratio", "Charge of all batteries together.", fields=("meters.soc",)
    )
    backup_charge: float | None = gauge(
        "enphase_live_backup_charge_ratio", "Charge that is kept for an outage.", fields=("meters.backup_soc",)
    )
    main_relay: float | None = gauge(
        "enphase_live_main_relay_state",
        "The grid's relay, as the gateway's code; 1: closed.",
        fields=("meters.main_relay_state",),
    )
    generator_relay: float | None = gauge(
        "enphase_live_generator_relay_state",
        "The generator's relay, as the gateway's code; 5: there is none.",
        fields=("meters.gen_relay_state",),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LivePower:
    source: str = label()
    power: float | None = gauge(
        "enphase_live_power_watts",
        "Power now: pv produced, storage out of the batteries, grid from it, load used; negative the other way.",
        fields=("agg_p_mw",),
    )
    apparent_power: float | None = gauge(
        "enphase_live_apparent_power_volt_amperes",
        "Apparent power now, signed as the gateway sends it.",
        fields=("agg_s_mva",),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LivePhasePower:
    source: str = label()
    phase: str = label()
    power: float | None = gauge(
        "enphase_live_phase_power_watts",
        "Power now by phase, signed as the whole is.",
        fields=("agg_p_ph_a_mw, _b_, _c_",),
    )
    apparent_power: float | None = gauge(
        "enphase_live_phase_apparent_power_volt_amperes",
        "Apparent power now by phase.",
        fields=("agg_s_ph_a_mva, _b_, _c_",),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveBattery:
    kind: str = label()
    charge: float | None = gauge(
        "enphase_live_battery_charge_ratio", "Charge of a kind of battery.", fields=("enc_agg_soc", "acb_agg_soc")
    )
    available: float | None = gauge(
        "enphase_live_battery_available_energy_joules",
        "Energy in a kind of battery.",
        fields=("enc_agg_energy", "acb_agg_energy"),
    )


def read(context: Context[None]) -> Result[None]:
    seen, now = context.documents, context.now
    rejections = Rejections()
    reject = rejections.of(documents.LIVE_DATA)
    content = entries.entry(seen.content(documents.LIVE_DATA))
    if not content:
        return Result((), (), None)
    connection, meters = entries.entry(content.get("connection")), entries.entry(content.get("meters"))
    stream = Stream(
        enabled=says(connection, "sc_stream", ("enabled",), reject),
        mqtt_connected=says(connection, "mqtt_state", ("connected",), reject),
        last_update=sanity_checks.moment(meters, "last_update", sanity_checks.latest(seen, now), reject),
    )
    live: tuple[Reading, ...] = ()
    if stream.enabled and is_fresh(stream.last_update, seen, YOUNG):
        live = tuple(_live(meters, seen, reject))
    return Result((stream, *live), tuple(rejections.met), None)


def _live(meters: Fields, seen: Documents, reject: Reject) -> Iterator[Reading]:
    """Of batteries and a generator that there are: for others the gateway sends zeros."""
    kinds = {"iq": "enc", "ac": "acb"}
    if not entries.ensemble(seen, "ENCHARGE"):
        del kinds["iq"]
    if entries.ac_batteries(entries.site(seen)) is None:
        del kinds["ac"]
    yield Live(
        charge=percent(meters, "soc", reject) if kinds else None,
        backup_charge=percent(meters, "backup_soc", reject) if kinds else None,
        main_relay=number(meters, "main_relay_state", reject),
        generator_relay=number(meters, "gen_relay_state", reject),
    )
    there = {"storage": bool(kinds), "generator": bool(entries.generator(seen))}
    phases = _phases(meters, seen)
    for source in _SOURCES:
        if there.get(source, True):
            yield from _powers(source, entries.entry(meters.get(source)), phases, reject)
    for kind, prefix in kinds.items():
        energy = number(meters, f"{prefix}_agg_energy", reject, low=0)
        yield LiveBattery(
            kind=kind, charge=percent(meters, f"{prefix}_agg_soc", reject), available=scaled(energy, WATT_HOUR)
        )


def _powers(source: str, fields: Fields, phases: int, reject: Reject) -> Iterator[Reading]:
    power, apparent = _thousandth(fields, "agg_p_mw", reject), _thousandth(fields, "agg_s_mva", reject)
    yield LivePower(source=source, power=power, apparent_power=apparent)
    for phase, letter in list(zip(PHASES, "abc", strict=True))[:phases]:
        yield LivePhasePower(
            source=source,
            phase=phase,
            power=_thousandth(fields, f"agg_p_ph_{letter}_mw", reject),
            apparent_power=_thousandth(fields, f"agg_s_ph_{letter}_mva", reject),
        )


def _phases(meters: Fields, seen: Documents) -> int:
    """How many are wired: the gateway sends three. It may count 0 of them, so a split phase and the CTs say it too."""
    count = meters.get("phase_count")
    if isinstance(count, int) and not isinstance(count, bool) and 1 <= count <= len(PHASES):
        return count
    if meters.get("is_split_phase") == 1:
        return _SPLIT
    return max((meter.phases for meter in entries.meters(seen) if meter.enabled), default=len(PHASES))


def _thousandth(fields: Fields, key: str, reject: Reject) -> float | None:
    return scaled(number(fields, key, reject), divided=1000)


COLLECTOR = Collector(
    name="livedata",
    enabled_by_default=False,
    readings=(Stream, Live, LivePower, LivePhasePower, LiveBattery),
    rules=(json_fields.TYPE, json_fields.RANGE, json_fields.CLOCK),
    memory=None,
    read=read,
)
