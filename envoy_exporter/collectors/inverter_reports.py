"""Inverters of `/ivp/pdm/device_data`, each with its channels: a part of `inverters`.

An inverter with one channel is read from it. One with several is the sum of its channels where a sum has a meaning;
what belongs to a channel has families of its own, and the AC side is read from the first channel. Which channel has
which number is decided in `channel_numbers.py`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from envoy_exporter import documents
from envoy_exporter import fields as json_fields
from envoy_exporter.documents import Documents
from envoy_exporter.fields import WATT_HOUR, Fields, Reject, instant, number, pass_over, peek, scaled

from . import channel_numbers, inverter_source, sanity_checks
from .channel_numbers import ChannelNumbers
from .collector import Settings
from .device_reports import celsius, is_fresh, joules, mean_watts, thousandth, watts
from .inverter_readings import Inverter, InverterChannel, InverterLeg
from .plausibility import PlausibilityFilter, Register

MOST_VARS = 1000
"""No microinverter's apparent power comes near it."""
_LEGS = {phase: f"{key}AcVoltageInmV" for phase, key in zip(json_fields.PHASES, ("l1N", "l2N", "l3N"), strict=True)}
_POWER = "power"
_ENERGY = Register(key="lifetime.joulesProduced", power=_POWER, dated="endDate")
_RUNNING = Register(key="lifetime.duration")


@dataclass(frozen=True, slots=True)
class _Channel:
    """One channel as far as it is accepted. `fresh`: whether its last report is younger than inverter_max_age."""

    fields: Fields
    report: Fields
    last_report: float | None
    fresh: bool

    @property
    def power(self) -> float | None:
        return peek(self.fields, _POWER) if self.fresh else None


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads the reports of one document.

    `numbers`: the channels of each inverter that has had several. `latest` is the latest time that a date in the
    document can have.
    """

    seen: Documents
    settings: Settings
    plausible: PlausibilityFilter
    numbers: Mapping[str, ChannelNumbers]
    latest: float
    reject: Reject

    def channel_numbers(self) -> dict[str, ChannelNumbers]:
        """`numbers` after this document."""
        document = self.seen.at_hand.get(documents.DEVICE_DATA)
        if document is None:
            return dict(self.numbers)
        after: dict[str, ChannelNumbers | None] = {}
        for serial, device in inverter_source.of_device_data(self.seen, pass_over):
            before = self.numbers.get(serial)
            sent = list(json_fields.items(device.get("channels"), pass_over))
            several = len(sent) > 1 or _length(device.get("channels")) > 1
            if several or (before is not None and before.known):
                after[serial] = channel_numbers.numbered(before, channel_numbers.ids(sent), document.asked)
            else:
                after[serial] = None
        return channel_numbers.remembered(self.numbers, after, document.asked)

    def readings(self) -> Iterator[Inverter | InverterLeg | InverterChannel]:
        """Every inverter that the document lists; a removed one only as inactive."""
        numbers = self.channel_numbers()
        for serial, device in inverter_source.of_device_data(self.seen, self.reject):
            if json_fields.flag(device, "active", self.reject) is False:
                yield Inverter(serial=serial, active=False)
                continue
            gone = json_fields.flag(device, "modGone", self.reject)
            present = None if gone is None else not gone
            sent = list(json_fields.items(device.get("channels"), self.reject))
            unreadable = _length(device.get("channels")) - len(sent)
            own = numbers.get(serial)
            if own is not None and (len(own.slots) > 1 or len(sent) + unreadable > 1):
                channels = [*self._identified(serial, sent, own), *[None] * unreadable]
                yield self._of_several(serial, channels, self._unmatched(sent, own), present=present)
                yield from self._channels(serial, channels)
                yield from self._legs(serial, next(filter(None, channels), None))
            else:
                channel = self._channel((serial,), next(iter(sent), {}))
                yield self._of_one(serial, channel, present=present)
                yield from self._legs(serial, channel)

    def _identified(self, serial: str, sent: Sequence[Fields], numbers: ChannelNumbers) -> list[_Channel | None]:
        """The channels in the order of their numbers; None for one that is missing or cannot be identified."""
        listed = dict(zip(channel_numbers.ids(sent), sent, strict=True)) if numbers.listed else {}
        return [self._channel((serial, id_), listed[id_]) if id_ in listed else None for id_ in numbers.slots]

    def _unmatched(self, sent: Sequence[Fields], numbers: ChannelNumbers) -> list[_Channel]:
        """Channels that cannot be identified: only when they last reported is taken of them."""
        if numbers.listed:
            return []
        for _ in sent:
            self.reject(json_fields.LABEL, "chanEid")
        return [self._reported(fields) for fields in sent]

    def _channel(self, name: tuple[str | int, ...], fields: Fields) -> _Channel:
        return self._reported(self.plausible.accepted(documents.DEVICE_DATA, name, _flat(fields), (_ENERGY, _RUNNING)))

    def _reported(self, accepted: Fields) -> _Channel:
        report = documents.entry(accepted.get("lastReading"))
        last_report = instant(report, "endDate", self.reject)
        fresh = is_fresh(last_report, self.seen, self.settings.inverter_max_age)
        return _Channel(
            accepted, report, sanity_checks.not_ahead(last_report, "endDate", self.latest, self.reject), fresh
        )

    def _of_one(self, serial: str, channel: _Channel, *, present: bool | None) -> Inverter:
        fields, report, reject, fresh = channel.fields, channel.report, self.reject, channel.fresh
        hours = documents.entry(fields.get("wattHours"))
        dc_voltage, dc_current = self._dc(channel)
        ac_current, reactive_power = thousandth(report, "acCurrentInmA", reject), _reactive_power(report, reject)
        ac_voltage, ac_frequency, temperature = self._ac(channel)
        return Inverter(
            serial=serial,
            active=True,
            module_present=present,
            reporting=fresh,
            last_report=channel.last_report,
            max_power=watts(documents.entry(fields.get("watts")), "max", reject),
            energy=number(fields, _ENERGY.key, reject, low=0),
            running=number(fields, _RUNNING.key, reject, low=0),
            today=scaled(number(hours, "today", reject, low=0), WATT_HOUR),
            yesterday=scaled(number(hours, "yesterday", reject, low=0), WATT_HOUR),
            last_week=scaled(number(hours, "week", reject, low=0), WATT_HOUR),
            report_duration=number(report, "duration", reject, low=0),
            report_energy=joules(report, "joulesProduced", reject),
            conversion_error=number(report, "pwrConvErrSecs", reject, low=0),
            conversion_error_cycles=number(report, "pwrConvMaxErrCycles", reject, low=0),
            rssi=number(report, "rssi", reject),
            issi=number(report, "issi", reject),
            flags=number(report, "flags", reject, low=0),
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
                    energy=number(channel.fields, _ENERGY.key, self.reject, low=0),
                    dc_voltage=dc_voltage,
                    dc_current=dc_current,
                )

    def _legs(self, serial: str, channel: _Channel | None) -> Iterator[InverterLeg]:
        for phase, key in _LEGS.items() if channel else ():
            # 0 on a leg that the inverter is not on, and on all of a single-phase one.
            if channel and (volts := thousandth(channel.report, key, self.reject)) and channel.fresh:
                yield InverterLeg(serial=serial, phase=phase, voltage=volts)

    def _ac(self, channel: _Channel) -> tuple[float | None, float | None, float | None]:
        """AC voltage, frequency, and the temperature."""
        voltage = thousandth(channel.report, "acVoltageINmV", self.reject)
        frequency = thousandth(channel.report, "acFrequencyINmHz", self.reject)
        temperature = celsius(channel.report, "channelTemp", self.reject)
        return (voltage, frequency, temperature) if channel.fresh else (None, None, None)

    def _dc(self, channel: _Channel) -> tuple[float | None, float | None]:
        """DC voltage and current."""
        voltage = thousandth(channel.report, "dcVoltageINmV", self.reject)
        current = thousandth(channel.report, "dcCurrentINmA", self.reject)
        return (voltage, current) if channel.fresh else (None, None)

    def _watt_hours(self, channel: _Channel | None, period: str) -> float | None:
        if channel is None:
            return None
        hours = documents.entry(channel.fields.get("wattHours"))
        return scaled(number(hours, period, self.reject, low=0), WATT_HOUR)


def _length(channels: object) -> int:
    return len(channels) if isinstance(channels, list) else 0


def _flat(channel: Fields) -> dict[str, object]:
    """The channel, and in it what its register is judged by."""
    report, lifetime = documents.entry(channel.get("lastReading")), documents.entry(channel.get("lifetime"))
    power = mean_watts(joules(report, "joulesProduced", lambda *_: None), report)
    beside = {"endDate": report.get("endDate"), _POWER: power}
    registers = {f"lifetime.{key}": lifetime[key] for key in ("joulesProduced", "duration") if key in lifetime}
    return {**channel, **registers, **{key: value for key, value in beside.items() if value is not None}}


def _reactive_power(report: Fields, reject: Reject) -> float | None:
    """Without a current there is none: IQ7 inverters, which report no current, count var-seconds, as it seems.

    14871 in 924 s, 15138 in 914 s, 112 in 13 s: 16 var and less, what their filters draw (8.3.5169_ACB_inventory).
    No recording shows them by day, so they are not divided. IQ8 inverters say 38 var beside 1.049 A (8.2.4345).
    """
    most = 0 if peek(report, "acCurrentInmA") == 0 else MOST_VARS
    lagging, leading = (number(report, key, reject, low=0, high=most) for key in ("laggingVArs", "leadingVArs"))
    return lagging - leading if lagging is not None and leading is not None else None


def _sum(values: Sequence[float | None]) -> float | None:
    """The sum of all, or nothing."""
    known = [value for value in values if value is not None]
    return sum(known) if known and len(known) == len(values) else None
