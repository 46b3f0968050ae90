"""Inverters of `/ivp/pdm/device_data`, each with its channels: a part of `inverters`.

An inverter with one channel is read from it. One with several is the sum of its channels where a sum has a meaning;
what belongs to a channel has families of its own, and the AC side is read from the first channel. Which channel has
which number is decided in `channel_numbers.py`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from envoy_exporter.documents import DEVICE_DATA
from envoy_exporter.families import counter, gauge, label
from envoy_exporter.fields import LABEL, PHASES, FieldReader

from . import channel_numbers, inverter_source
from .channel_numbers import ChannelNumbers
from .collector import Settings
from .device_reports import mean_watts, report_time
from .document_reader import DocumentReader
from .plausibility import PlausibilityFilter, Register

MAX_VARS = 1000
"""No microinverter's apparent power comes near it."""
_LEGS = {phase: f"{key}AcVoltageInmV" for phase, key in zip(PHASES, ("l1N", "l2N", "l3N"), strict=True)}
_POWER = "power"
_ENERGY = Register(key="lifetime.joulesProduced", power=_POWER, dated="endDate")
_RUNNING = Register(key="lifetime.duration")


@dataclass(frozen=True, slots=True, kw_only=True)
class Inverter:
    serial: str = label()
    reporting: bool | None = gauge(
        "enphase_inverter_reporting",
        "1: its last report is young enough to speak of now.",
        fields=(
            "endDate, lastReportDate, of one in the inventory alone last_rpt_date; inverter_max_age of the config",
        ),
    )
    power: float | None = gauge(
        "enphase_inverter_power_watts",
        "AC power, the mean over its last report's interval.",
        fields=("joulesProduced / duration", "lastReportWatts"),
    )
    max_power: float | None = gauge(
        "enphase_inverter_max_power_watts",
        "The highest power that it ever reported.",
        fields=("watts.max", "maxReportWatts"),
    )
    last_report: float | None = gauge(
        "enphase_inverter_last_report_timestamp_seconds",
        "When it last reported.",
        fields=("endDate, lastReportDate, of one in the inventory alone last_rpt_date",),
    )
    energy: float | None = counter(
        "enphase_inverter_energy_joules_total",
        "Energy since it was installed; the register may wrap at 2^32 J. Absent for an inverter with several channels,"
        " see enphase_inverter_channel_energy_joules_total.",
        fields=("lifetime.joulesProduced",),
    )
    today: float | None = gauge(
        "enphase_inverter_energy_today_joules", "Energy since midnight, as reported.", fields=("wattHours.today",)
    )
    yesterday: float | None = gauge(
        "enphase_inverter_energy_yesterday_joules", "Energy of yesterday, as reported.", fields=("wattHours.yesterday",)
    )
    last_week: float | None = gauge(
        "enphase_inverter_energy_last_week_joules", "Energy of the week, as reported.", fields=("wattHours.week",)
    )
    ac_voltage: float | None = gauge("enphase_inverter_ac_voltage_volts", "AC voltage.", fields=("acVoltageINmV",))
    ac_current: float | None = gauge(
        "enphase_inverter_ac_current_amperes", "AC current; IQ7 inverters report 0.", fields=("acCurrentInmA",)
    )
    ac_frequency: float | None = gauge(
        "enphase_inverter_ac_frequency_hertz", "AC frequency.", fields=("acFrequencyINmHz",)
    )
    dc_voltage: float | None = gauge(
        "enphase_inverter_dc_voltage_volts", "DC voltage of an inverter with one channel.", fields=("dcVoltageINmV",)
    )
    dc_current: float | None = gauge(
        "enphase_inverter_dc_current_amperes", "DC current of an inverter with one channel.", fields=("dcCurrentINmA",)
    )
    temperature: float | None = gauge("enphase_inverter_temperature_celsius", "Temperature.", fields=("channelTemp",))
    reactive_power: float | None = gauge(
        "enphase_inverter_reactive_power_volt_amperes_reactive",
        "Reactive power, + inductive; refused where no current is reported.",
        fields=("laggingVArs - leadingVArs", "acCurrentInmA"),
    )
    report_duration: float | None = gauge(
        "enphase_inverter_report_duration_seconds", "The interval that its last report is about.", fields=("duration",)
    )
    conversion_error: float | None = gauge(
        "enphase_inverter_conversion_error_seconds",
        "How long conversion failed in the last report's interval.",
        fields=("pwrConvErrSecs",),
    )
    rssi: float | None = gauge("enphase_inverter_plc_rssi", "Power-line signal, in an unknown unit.", fields=("rssi",))
    issi: float | None = gauge("enphase_inverter_plc_issi", "Power-line signal, in an unknown unit.", fields=("issi",))
    report_energy: float | None = gauge(
        "enphase_inverter_report_energy_joules",
        "Energy in its last report's interval.",
        fields=("lastReading.joulesProduced",),
    )
    conversion_error_cycles: float | None = gauge(
        "enphase_inverter_conversion_error_cycles",
        "The most cycles in a row in which conversion failed in the last report's interval.",
        fields=("pwrConvMaxErrCycles",),
    )
    running: float | None = counter(
        "enphase_inverter_running_seconds_total",
        "How long it has been reporting for, all in all.",
        fields=("lifetime.duration",),
    )
    flags: float | None = gauge(
        "enphase_inverter_flags",
        "Status bits of its last report as a number; 0 is normal, the others are not documented.",
        fields=("flags",),
    )
    module_present: bool | None = gauge(
        "enphase_inverter_module_present",
        "1: the gateway hears it; 0 by night, when that is no fault.",
        fields=("modGone is false",),
    )
    active: bool | None = gauge(
        "enphase_inverter_active",
        "0: it was removed, though the gateway still lists it.",
        fields=("active; admin_state 3",),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class InverterPhaseVoltage:
    serial: str = label()
    phase: str = label()
    voltage: float | None = gauge(
        "enphase_inverter_phase_voltage_volts",
        "AC voltage by phase, of inverters on several.",
        fields=("l1NAcVoltageInmV", "l2NAcVoltageInmV", "l3NAcVoltageInmV"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class InverterChannel:
    serial: str = label()
    channel: str = label()
    power: float | None = gauge(
        "enphase_inverter_channel_power_watts",
        "AC power of one channel of an inverter with several channels, the mean over its last report's interval.",
        fields=("joulesProduced / duration",),
    )
    energy: float | None = counter(
        "enphase_inverter_channel_energy_joules_total",
        "Lifetime energy of one channel of an inverter with several channels; the register may wrap at 2^32 J.",
        fields=("lifetime.joulesProduced",),
    )
    dc_voltage: float | None = gauge(
        "enphase_inverter_channel_dc_voltage_volts",
        "DC voltage of one channel of an inverter with several channels.",
        fields=("dcVoltageINmV",),
    )
    dc_current: float | None = gauge(
        "enphase_inverter_channel_dc_current_amperes",
        "DC current of one channel of an inverter with several channels.",
        fields=("dcCurrentINmA",),
    )


@dataclass(frozen=True, slots=True)
class _Channel:
    """The accepted fields of one channel. `fresh`: whether its last report is newer than inverter_max_age."""

    fields: FieldReader
    report: FieldReader
    last_report: float | None
    fresh: bool

    @property
    def power(self) -> float | None:
        return self.fields.raw_number(_POWER) if self.fresh else None


@dataclass(frozen=True, slots=True)
class InverterReports:
    """Reads the reports of one document.

    `numbers`: the channels of each inverter that has had several.
    """

    reader: DocumentReader
    settings: Settings
    plausible: PlausibilityFilter
    numbers: Mapping[str, ChannelNumbers]

    def channel_numbers(self) -> dict[str, ChannelNumbers]:
        """`numbers` after this document."""
        document = self.reader.documents.available.get(DEVICE_DATA)
        if document is None:
            return dict(self.numbers)
        after: dict[str, ChannelNumbers | None] = {}
        for serial, device in inverter_source.of_device_data(DocumentReader(self.reader.documents)):
            before = self.numbers.get(serial)
            sent = list(device.objects("channels"))
            several = len(sent) > 1 or _length(device.fields.get("channels")) > 1
            if several or (before is not None and before.known):
                after[serial] = channel_numbers.numbered(before, channel_numbers.ids(sent), document.requested_at)
            else:
                after[serial] = None
        return channel_numbers.remembered(self.numbers, after, document.requested_at)

    def readings(self) -> Iterator[Inverter | InverterPhaseVoltage | InverterChannel]:
        """Every inverter that the document lists; a removed one only as inactive."""
        numbers = self.channel_numbers()
        for serial, device in inverter_source.of_device_data(self.reader):
            if device.flag("active") is False:
                yield Inverter(serial=serial, active=False)
                continue
            gone = device.flag("modGone")
            present = None if gone is None else not gone
            sent = list(device.objects("channels"))
            unreadable = _length(device.fields.get("channels")) - len(sent)
            own = numbers.get(serial)
            if own is not None and (len(own.slots) > 1 or len(sent) + unreadable > 1):
                channels = [*self._identified(serial, sent, own), *[None] * unreadable]
                counted = [channel for place, channel in enumerate(channels) if not own.is_retired(place)]
                yield self._of_several(serial, counted, self._unmatched(sent, own), present=present)
                yield from self._channels(serial, channels)
                yield from self._legs(serial, next(filter(None, channels), None))
            else:
                channel = self._channel((serial,), next(iter(sent), device.of({})))
                yield self._of_one(serial, channel, present=present)
                yield from self._legs(serial, channel)

    def _identified(self, serial: str, sent: Sequence[FieldReader], numbers: ChannelNumbers) -> list[_Channel | None]:
        """The channels in the order of their numbers; None for one that is missing or cannot be identified."""
        listed = dict(zip(channel_numbers.ids(sent), sent, strict=True)) if numbers.listed else {}
        return [self._channel((serial, id_), listed[id_]) if id_ in listed else None for id_ in numbers.slots]

    def _unmatched(self, sent: Sequence[FieldReader], numbers: ChannelNumbers) -> list[_Channel]:
        """Channels that cannot be identified: only when they last reported is taken of them."""
        if numbers.listed:
            return []
        for channel in sent:
            channel.reject(LABEL, "chanEid")
        return [self._reported(channel) for channel in sent]

    def _channel(self, name: tuple[str | int, ...], sent: FieldReader) -> _Channel:
        return self._reported(self.plausible.accepted(name, _flat(sent), (_ENERGY, _RUNNING)))

    def _reported(self, accepted: FieldReader) -> _Channel:
        report = accepted.entry("lastReading")
        documents, maximum_age = self.reader.documents, self.settings.inverter_max_age
        return _Channel(accepted, report, *report_time(report, "endDate", documents, maximum_age))

    def _of_one(self, serial: str, channel: _Channel, *, present: bool | None) -> Inverter:
        fields, report, fresh = channel.fields, channel.report, channel.fresh
        hours = fields.entry("wattHours")
        dc_voltage, dc_current = self._dc(channel)
        ac_current, reactive_power = report.thousandths("acCurrentInmA"), _reactive_power(report)
        ac_voltage, ac_frequency, temperature = self._ac(channel)
        return Inverter(
            serial=serial,
            active=True,
            module_present=present,
            reporting=fresh,
            last_report=channel.last_report,
            max_power=fields.entry("watts").watts("max"),
            energy=fields.number(_ENERGY.key, low=0),
            running=fields.number(_RUNNING.key, low=0),
            today=hours.watt_hours("today"),
            yesterday=hours.watt_hours("yesterday"),
            last_week=hours.watt_hours("week"),
            report_duration=report.number("duration", low=0),
            report_energy=report.joules("joulesProduced"),
            conversion_error=report.number("pwrConvErrSecs", low=0),
            conversion_error_cycles=report.number("pwrConvMaxErrCycles", low=0),
            rssi=report.number("rssi"),
            issi=report.number("issi"),
            flags=report.number("flags", low=0),
            power=channel.power,
            ac_voltage=ac_voltage,
            ac_current=ac_current if fresh else None,
            ac_frequency=ac_frequency,
            dc_voltage=dc_voltage,
            dc_current=dc_current,
            temperature=temperature,
            reactive_power=reactive_power if fresh else None,
        )

    def _of_several(
        self, serial: str, channels: Sequence[_Channel | None], unmatched: Sequence[_Channel], *, present: bool | None
    ) -> Inverter:
        """Sums are absent if a channel is: a sum without it is another number. Any channel's report is the inverter's.

        No sum of lifetimes: each register wraps by itself at 2^32 J, so it would not count up.
        """
        sent = [*filter(None, channels), *unmatched]
        reports = [channel.last_report for channel in sent if channel.last_report]
        first = next((channel for channel in channels if channel is not None), None)
        ac_voltage, ac_frequency, temperature = self._ac(first) if first else (None, None, None)
        return Inverter(
            serial=serial,
            active=True,
            module_present=present,
            reporting=any(channel.fresh for channel in sent),
            last_report=max(reports, default=None),
            power=_sum([channel.power if channel else None for channel in channels]),
            today=_sum([self._watt_hours(channel, "today") for channel in channels]),
            yesterday=_sum([self._watt_hours(channel, "yesterday") for channel in channels]),
            last_week=_sum([self._watt_hours(channel, "week") for channel in channels]),
            ac_voltage=ac_voltage,
            ac_frequency=ac_frequency,
            temperature=temperature,
        )

    def _channels(self, serial: str, channels: Sequence[_Channel | None]) -> Iterator[InverterChannel]:
        """Those that the document lists, under the numbers that they have had since they were first seen."""
        for place, channel in enumerate(channels, 1):
            if channel is not None:
                dc_voltage, dc_current = self._dc(channel)
                yield InverterChannel(
                    serial=serial,
                    channel=str(place),
                    power=channel.power,
                    energy=channel.fields.number(_ENERGY.key, low=0),
                    dc_voltage=dc_voltage,
                    dc_current=dc_current,
                )

    def _legs(self, serial: str, channel: _Channel | None) -> Iterator[InverterPhaseVoltage]:
        for phase, key in _LEGS.items() if channel else ():
            # 0 on a leg that the inverter is not on, and on all of a single-phase one.
            if channel and (volts := channel.report.thousandths(key)) and channel.fresh:
                yield InverterPhaseVoltage(serial=serial, phase=phase, voltage=volts)

    def _ac(self, channel: _Channel) -> tuple[float | None, float | None, float | None]:
        """AC voltage, frequency, and the temperature."""
        voltage = channel.report.thousandths("acVoltageINmV")
        frequency = channel.report.thousandths("acFrequencyINmHz")
        temperature = channel.report.celsius("channelTemp")
        return (voltage, frequency, temperature) if channel.fresh else (None, None, None)

    def _dc(self, channel: _Channel) -> tuple[float | None, float | None]:
        """DC voltage and current."""
        voltage = channel.report.thousandths("dcVoltageINmV")
        current = channel.report.thousandths("dcCurrentINmA")
        return (voltage, current) if channel.fresh else (None, None)

    def _watt_hours(self, channel: _Channel | None, period: str) -> float | None:
        return channel.fields.entry("wattHours").watt_hours(period) if channel else None


def _length(channels: object) -> int:
    return len(channels) if isinstance(channels, list) else 0


def _flat(channel: FieldReader) -> FieldReader:
    """The channel with the values by which its registers are judged."""
    report, lifetime = channel.entry("lastReading"), channel.fields.get("lifetime")
    uncounted = FieldReader(report.fields, report.endpoint)
    power = mean_watts(uncounted.joules("joulesProduced"), report.raw_number("duration"))
    beside = {"endDate": report.fields.get("endDate"), _POWER: power}
    sent = lifetime if isinstance(lifetime, dict) else {}
    registers = {f"lifetime.{key}": sent[key] for key in ("joulesProduced", "duration") if key in sent}
    known = {key: value for key, value in beside.items() if value is not None}
    return channel.of({**channel.fields, **registers, **known})


def _reactive_power(report: FieldReader) -> float | None:
    """None without a current: IQ7 inverters, which report no current, seem to count var-seconds.

    14871 in 924 s, 15138 in 914 s, 112 in 13 s: 16 var and less, what their filters draw (8.3.5169_ACB_inventory).
    No capture has them by day, so they are not divided. IQ8 inverters report 38 var with 1.049 A (8.2.4345).
    """
    most = 0 if report.raw_number("acCurrentInmA") == 0 else MAX_VARS
    lagging, leading = (report.number(key, low=0, high=most) for key in ("laggingVArs", "leadingVArs"))
    return lagging - leading if lagging is not None and leading is not None else None


def _sum(values: Sequence[float | None]) -> float | None:
    """The sum of all, or nothing."""
    known = [value for value in values if value is not None]
    return sum(known) if known and len(known) == len(values) else None
