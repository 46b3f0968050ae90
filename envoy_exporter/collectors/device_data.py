"""The inverters of `/ivp/pdm/device_data` with their channels: a part of `inverters`.

The values of an inverter with one channel are the channel's. Those of an inverter with several channels are sums where
a sum is meaningful; each channel has families for itself, and the AC side is read from the first channel.
`channel_numbers.py` decides the numbers of the channels.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from envoy_exporter.documents import DEVICE_DATA
from envoy_exporter.fields import LABEL, PHASES, FieldReader

from . import channel_numbers, inverter_source
from .channel_numbers import ChannelNumbers
from .collector import Settings
from .device_reports import complete_sum, mean_watts, report_time
from .document_reader import DocumentReader
from .inverter_reports import Inverter, InverterChannel, InverterPhaseVoltage
from .plausibility import PlausibilityFilter, Register

MAX_VARS = 1000
"""In var; more than the apparent power of any microinverter."""
_PHASE_KEYS = {phase: f"{key}AcVoltageInmV" for phase, key in zip(PHASES, ("l1N", "l2N", "l3N"), strict=True)}
_POWER = "power"
_ENERGY = Register(key="lifetime.joulesProduced", power=_POWER, report_time="endDate")
_RUNNING = Register(key="lifetime.duration")


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
class DeviceDataInverters:
    """Reads the inverters of one document.

    `numbers`: the channel numbers of each inverter that has had several channels, before this document.
    """

    reader: DocumentReader
    settings: Settings
    plausible: PlausibilityFilter
    numbers: Mapping[str, ChannelNumbers]

    def channel_numbers(self) -> dict[str, ChannelNumbers]:
        """The channel numbers after this document."""
        document = self.reader.documents.available.get(DEVICE_DATA)
        if document is None:
            return dict(self.numbers)
        after: dict[str, ChannelNumbers | None] = {}
        for serial, device in inverter_source.of_device_data(DocumentReader(self.reader.documents)):
            before = self.numbers.get(serial)
            listed = list(device.objects("channels"))
            several = len(listed) > 1 or _length(device.fields.get("channels")) > 1
            if several or (before is not None and before.known):
                after[serial] = channel_numbers.next_numbers(before, channel_numbers.ids(listed), document.requested_at)
            else:
                after[serial] = None
        return channel_numbers.remembered(self.numbers, after, document.requested_at)

    def readings(self) -> Iterator[Inverter | InverterPhaseVoltage | InverterChannel]:
        """Every inverter of the document; a removed one has only the reading that it is not active."""
        all_numbers = self.channel_numbers()
        for serial, device in inverter_source.of_device_data(self.reader):
            if device.flag("active") is False:
                yield Inverter(serial=serial, active=False)
                continue
            is_gone = device.flag("modGone")
            present = None if is_gone is None else not is_gone
            listed = list(device.objects("channels"))
            unreadable = _length(device.fields.get("channels")) - len(listed)
            numbers = all_numbers.get(serial)
            if numbers is not None and (len(numbers.slots) > 1 or len(listed) + unreadable > 1):
                channels = [*self._identified(serial, listed, numbers), *[None] * unreadable]
                counted = [channel for place, channel in enumerate(channels) if not numbers.is_retired(place)]
                yield self._of_several(serial, counted, self._unmatched(listed, numbers), present=present)
                yield from self._channels(serial, channels)
                yield from self._phase_voltages(serial, next(filter(None, channels), None))
            else:
                channel = self._channel((serial,), next(iter(listed), device.of({})))
                yield self._of_one(serial, channel, present=present)
                yield from self._phase_voltages(serial, channel)

    def _identified(
        self, serial: str, channels: Sequence[FieldReader], numbers: ChannelNumbers
    ) -> list[_Channel | None]:
        """The channels in the order of their numbers; None for one that is missing or cannot be identified."""
        listed = dict(zip(channel_numbers.ids(channels), channels, strict=True)) if numbers.listed else {}
        return [self._channel((serial, id_), listed[id_]) if id_ in listed else None for id_ in numbers.slots]

    def _unmatched(self, channels: Sequence[FieldReader], numbers: ChannelNumbers) -> list[_Channel]:
        """Channels that cannot be identified: only the times of their reports are used."""
        if numbers.listed:
            return []
        for channel in channels:
            channel.reject(LABEL, "chanEid")
        return [self._reported(channel) for channel in channels]

    def _channel(self, name: tuple[str | int, ...], fields: FieldReader) -> _Channel:
        return self._reported(self.plausible.accepted(name, _flattened(fields), (_ENERGY, _RUNNING)))

    def _reported(self, accepted: FieldReader) -> _Channel:
        report = accepted.entry("lastReading")
        documents, maximum_age = self.reader.documents, self.settings.inverter_max_age
        return _Channel(accepted, report, *report_time(report, "endDate", documents, maximum_age))

    def _of_one(self, serial: str, channel: _Channel, *, present: bool | None) -> Inverter:
        fields, report, fresh = channel.fields, channel.report, channel.fresh
        hours = fields.entry("wattHours")
        ac_current, reactive_power = report.thousandths("acCurrentInmA"), _reactive_power(report)
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
            ac_current=ac_current if fresh else None,
            reactive_power=reactive_power if fresh else None,
            **_ac_values(channel),
            **_dc_values(channel),
        )

    def _of_several(
        self, serial: str, channels: Sequence[_Channel | None], unmatched: Sequence[_Channel], *, present: bool | None
    ) -> Inverter:
        """Sums are absent while a channel is. The latest report of any channel counts for the inverter.

        There is no sum of lifetime energies: each register wraps at 2^32 J, so the sum would not only count up.
        """
        readable = [*filter(None, channels), *unmatched]
        reports = [channel.last_report for channel in readable if channel.last_report]
        first = next((channel for channel in channels if channel is not None), None)
        return Inverter(
            serial=serial,
            active=True,
            module_present=present,
            reporting=any(channel.fresh for channel in readable),
            last_report=max(reports, default=None),
            power=complete_sum([channel.power if channel else None for channel in channels]),
            today=complete_sum([_watt_hours(channel, "today") for channel in channels]),
            yesterday=complete_sum([_watt_hours(channel, "yesterday") for channel in channels]),
            last_week=complete_sum([_watt_hours(channel, "week") for channel in channels]),
            **(_ac_values(first) if first else {}),
        )

    def _channels(self, serial: str, channels: Sequence[_Channel | None]) -> Iterator[InverterChannel]:
        """The channels of the document, under their lasting numbers."""
        for place, channel in enumerate(channels, 1):
            if channel is not None:
                yield InverterChannel(
                    serial=serial,
                    channel=str(place),
                    power=channel.power,
                    energy=channel.fields.number(_ENERGY.key, low=0),
                    **_dc_values(channel),
                )

    def _phase_voltages(self, serial: str, channel: _Channel | None) -> Iterator[InverterPhaseVoltage]:
        for phase, key in _PHASE_KEYS.items() if channel else ():
            # 0 on a phase that the inverter is not connected to, and on each phase of a single-phase inverter
            if channel and (volts := channel.report.thousandths(key)) and channel.fresh:
                yield InverterPhaseVoltage(serial=serial, phase=phase, voltage=volts)


def _ac_values(channel: _Channel) -> dict[str, float | None]:
    """The AC side and the temperature, which are absent from an old report."""
    values = {
        "ac_voltage": channel.report.thousandths("acVoltageINmV"),
        "ac_frequency": channel.report.thousandths("acFrequencyINmHz"),
        "temperature": channel.report.celsius("channelTemp"),
    }
    return values if channel.fresh else {}


def _dc_values(channel: _Channel) -> dict[str, float | None]:
    report = channel.report
    values = {"dc_voltage": report.thousandths("dcVoltageINmV"), "dc_current": report.thousandths("dcCurrentINmA")}
    return values if channel.fresh else {}


def _watt_hours(channel: _Channel | None, period: str) -> float | None:
    return channel.fields.entry("wattHours").watt_hours(period) if channel else None


def _length(channels: object) -> int:
    return len(channels) if isinstance(channels, list) else 0


def _flattened(channel: FieldReader) -> FieldReader:
    """The channel with its registers, the power and the time of the report at the top, as plausibility needs them."""
    report, lifetime = channel.entry("lastReading"), channel.fields.get("lifetime")
    uncounted = FieldReader(report.fields, report.endpoint)
    power = mean_watts(uncounted.joules("joulesProduced"), report.raw_number("duration"))
    beside = {"endDate": report.fields.get("endDate"), _POWER: power}
    lifetimes = lifetime if isinstance(lifetime, dict) else {}
    registers = {f"lifetime.{key}": lifetimes[key] for key in ("joulesProduced", "duration") if key in lifetimes}
    known = {key: value for key, value in beside.items() if value is not None}
    return channel.of({**channel.fields, **registers, **known})


def _reactive_power(report: FieldReader) -> float | None:
    """None without a current: IQ7 inverters report no current, and seem to count var-seconds.

    14871 in 924 s, 15138 in 914 s, 112 in 13 s: at most 16 var, as filters draw (8.3.5169_ACB_inventory). No capture
    shows them by day, so the values are not divided. IQ8 inverters report 38 var with 1.049 A (8.2.4345).
    """
    most = 0 if report.raw_number("acCurrentInmA") == 0 else MAX_VARS
    lagging, leading = (report.number(key, low=0, high=most) for key in ("laggingVArs", "leadingVArs"))
    return lagging - leading if lagging is not None and leading is not None else None
