"""Power by the second, and the only consumption that accounts for batteries: `/ivp/livedata/status`.

Disabled by default. The values change only while a client streams them: the Enphase app, or a POST to
`/ivp/livedata/stream`, which this exporter never sends. After about fifteen minutes the gateway stops, and they freeze.
So they are exposed only while the stream runs and the last update is recent.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from envoy_exporter import entries, system
from envoy_exporter.documents import LIVE_DATA, Documents
from envoy_exporter.families import Reading, gauge, label
from envoy_exporter.fields import CLOCK, MAX_NUMBER, PHASES, RANGE, TYPE, FieldReader, Fields

from .collector import Collector, Context, Result
from .device_reports import is_fresh
from .document_reader import DocumentReader

MAX_AGE = 60.0
"""Seconds since the last update for which the values count as present."""
_SPLIT_PHASES = 2
_SOURCES = ("pv", "storage", "grid", "load", "generator")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    enabled: bool | None = gauge(
        "enphase_live_stream_enabled",
        "Whether live data are streamed (1) or not (0); without a stream the other live values are old, so absent.",
        fields=("sc_stream",),
    )
    mqtt_connected: bool | None = gauge(
        "enphase_live_mqtt_connected",
        "Whether the gateway is connected to Enlighten by MQTT, for live data (1), or not (0).",
        fields=("mqtt_state",),
    )
    last_update: float | None = gauge(
        "enphase_live_last_update_timestamp_seconds",
        "Time of the last update of the live data.",
        fields=("meters.last_update",),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    charge: float | None = gauge(
        "enphase_live_charge_ratio", "Live state of charge of all batteries together.", fields=("meters.soc",)
    )
    backup_charge: float | None = gauge(
        "enphase_live_backup_charge_ratio",
        "State of charge that the batteries keep for an outage.",
        fields=("meters.backup_soc",),
    )
    main_relay: float | None = gauge(
        "enphase_live_main_relay_state",
        "Code of the state of the grid relay; 1 if it is closed.",
        fields=("meters.main_relay_state",),
    )
    generator_relay: float | None = gauge(
        "enphase_live_generator_relay_state",
        "Code of the state of the generator relay; 5 if there is no relay.",
        fields=("meters.gen_relay_state",),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LivePower:
    source: str = label()
    power: float | None = gauge(
        "enphase_live_power_watts",
        "Live power, by source: positive for production (pv), discharge (storage), import (grid) and consumption"
        " (load), negative in the other direction.",
        fields=("agg_p_mw",),
    )
    apparent_power: float | None = gauge(
        "enphase_live_apparent_power_volt_amperes",
        "Live apparent power, by source, with the sign that the gateway reports.",
        fields=("agg_s_mva",),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LivePhasePower:
    source: str = label()
    phase: str = label()
    power: float | None = gauge(
        "enphase_live_phase_power_watts",
        "Live power on the phase, by source, with the signs of enphase_live_power_watts.",
        fields=("agg_p_ph_a_mw", "agg_p_ph_b_mw", "agg_p_ph_c_mw"),
    )
    apparent_power: float | None = gauge(
        "enphase_live_phase_apparent_power_volt_amperes",
        "Live apparent power on the phase, by source, with the sign that the gateway reports.",
        fields=("agg_s_ph_a_mva", "agg_s_ph_b_mva", "agg_s_ph_c_mva"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveBattery:
    kind: str = label()
    charge: float | None = gauge(
        "enphase_live_battery_charge_ratio",
        "Live state of charge of all batteries of one kind.",
        fields=("enc_agg_soc", "acb_agg_soc"),
    )
    available: float | None = gauge(
        "enphase_live_battery_available_energy_joules",
        "Live energy stored in all batteries of one kind.",
        fields=("enc_agg_energy", "acb_agg_energy"),
    )


def read(context: Context[None]) -> Result[None]:
    reader = DocumentReader.at(context.documents, context.now)
    content = reader.entry(LIVE_DATA)
    if not content:
        return Result((), (), None)
    connection, meters = content.entry("connection"), content.entry("meters")
    stream = Stream(
        enabled=connection.is_one_of("sc_stream", ("enabled",)),
        mqtt_connected=connection.is_one_of("mqtt_state", ("connected",)),
        last_update=meters.timestamp("last_update"),
    )
    live: tuple[Reading, ...] = ()
    if stream.enabled and is_fresh(stream.last_update, context.documents, MAX_AGE):
        live = tuple(_live(meters, context.documents))
    return Result((stream, *live), tuple(reader.rejections), None)


def _live(meters: FieldReader, documents: Documents) -> Iterator[Reading]:
    """Batteries and a generator only if they are installed: for others the gateway sends zeros."""
    kinds = {"iq": "enc", "ac": "acb"}
    if not system.has_iq_battery(documents):
        del kinds["iq"]
    if entries.ac_batteries(entries.site(documents)) is None:
        del kinds["ac"]
    yield Live(
        charge=meters.ratio("soc") if kinds else None,
        backup_charge=meters.ratio("backup_soc") if kinds else None,
        main_relay=meters.number("main_relay_state"),
        generator_relay=meters.number("gen_relay_state"),
    )
    installed = {"storage": bool(kinds), "generator": system.has_generator(documents)}
    phases = _phases(meters.fields, documents)
    for source in _SOURCES:
        if installed.get(source, True):
            yield from _powers(source, meters.entry(source), phases)
    for kind, prefix in kinds.items():
        available = meters.watt_hours(f"{prefix}_agg_energy")
        yield LiveBattery(kind=kind, charge=meters.ratio(f"{prefix}_agg_soc"), available=available)


def _powers(source: str, fields: FieldReader, phases: int) -> Iterator[Reading]:
    yield LivePower(
        source=source,
        power=fields.thousandths("agg_p_mw", low=-MAX_NUMBER),
        apparent_power=fields.thousandths("agg_s_mva", low=-MAX_NUMBER),
    )
    for phase, letter in list(zip(PHASES, "abc", strict=True))[:phases]:
        yield LivePhasePower(
            source=source,
            phase=phase,
            power=fields.thousandths(f"agg_p_ph_{letter}_mw", low=-MAX_NUMBER),
            apparent_power=fields.thousandths(f"agg_s_ph_{letter}_mva", low=-MAX_NUMBER),
        )


def _phases(meters: Fields, documents: Documents) -> int:
    """The number of connected phases: the gateway always sends three, and may count 0 of them (phase_count)."""
    count = meters.get("phase_count")
    if isinstance(count, int) and not isinstance(count, bool) and 1 <= count <= len(PHASES):
        return count
    if meters.get("is_split_phase") == 1:
        return _SPLIT_PHASES
    return max((meter.phases for meter in entries.meters(documents) if meter.enabled), default=len(PHASES))


COLLECTOR = Collector(
    name="livedata",
    enabled_by_default=False,
    readings=(Stream, Live, LivePower, LivePhasePower, LiveBattery),
    rules=(TYPE, RANGE, CLOCK),
    memory=None,
    read=read,
)
