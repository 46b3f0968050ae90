"""`/ivp/pdm/device_data`: AC and DC values of every inverter, and the meters' last quarter of an hour (8.2.4345 on)."""

from envoy_simulator.documents import ac_batteries
from envoy_simulator.documents.meters import CHANNEL_EIDS, EIDS
from envoy_simulator.documents.moment import QUARTER, Documents, Moment
from envoy_simulator.documents.quantities import by_phase, circuit_of
from envoy_simulator.grid import electrics
from envoy_simulator.http_types import Entry, Json
from envoy_simulator.profiles import NET, PRODUCTION, TOTAL
from envoy_simulator.reports import Report, is_current
from envoy_simulator.state import MICROJOULES_PER_WATT_HOUR

FIRST_CHANNEL, EID_STEP = 1627390225, 256
RELAY_CHANNEL = 1811939601
_FIRST_DEVICE, _RELAY = 553648384, 738197760
DEVICE_LIMIT = 50
_EIM_CHANNELS = 4


def device_data(moment: Moment) -> Entry:
    """One key for each device, its eid. At the limit the list ends, and deviceCount is the limit (pyenphase#305)."""
    removed = moment.system.design.removed
    devices: Entry = {
        str(_FIRST_DEVICE + EID_STEP * number): _removed(serial, FIRST_CHANNEL + EID_STEP * number)
        for number, serial in enumerate(removed)
    }
    for number, report in enumerate(moment.reports):
        devices[str(_FIRST_DEVICE + EID_STEP * (number + len(removed)))] = _inverter(moment, number, report)
    consumption = TOTAL if TOTAL in moment.profile.meters else NET
    for number, meter in enumerate((PRODUCTION, consumption), start=1):
        devices[str(EIDS[meter])] = _eim(moment, number, meter)
    devices |= ac_batteries.device_data(moment)
    if relay := moment.system.design.relay:
        devices[str(_RELAY)] = _nsrb(moment, relay)
    listed = dict(list(devices.items())[:DEVICE_LIMIT])
    return {**listed, "deviceCount": len(listed), "deviceDataLimit": DEVICE_LIMIT}


def _removed(serial: str, channel: int) -> Entry:
    """An inverter that was removed (8.3.5433_tot_is_net_cons)."""
    return {"devName": "pcu", "sn": serial, "active": False, "modGone": True, "channels": [_unused_channel(channel)]}


_INDUCED = 2_400
"""Millivolts that a relay measures on a phase that it is not connected to."""


def _nsrb(moment: Moment, serial: str) -> Entry:
    """The IQ Relay at the end of the last quarter of an hour. It is connected to the phases of the home."""
    end = int(moment.quarter)
    volts = [round(1000 * moment.grid.voltage(leg, end)) for leg in range(moment.system.design.phases)]
    report: Entry = {
        "eid": RELAY_CHANNEL,
        "interval_type": 0,
        "endDate": end,
        "duration": QUARTER,
        "flags": 0,
        "flags_hex": "0x0000000000000000",
        "temperature": 31,
        "freqInmHz": round(1000 * moment.grid.frequency(end)),
        "acCurrOffset": 2,
        "stateChngCnt": 6,
        **{f"VrmsL{leg + 1}N": volts[leg] if leg < len(volts) else _INDUCED for leg in range(3)},
        "vrmsB1L12_or_L12": 0,
        "vrmsB2L12_or_L23": 0,
        "vrmsL31": 0,
    }
    channel: Entry = {**_unused_channel(RELAY_CHANNEL), "created": end, "lastReading": report}
    return {"devName": "nsrb", "sn": serial, "active": True, "modGone": False, "channels": [channel]}


def _inverter(moment: Moment, number: int, report: Report | None) -> Entry:
    inverter = moment.system.design.inverters[number]
    channel: Entry = {
        "chanEid": _channel(moment, number),
        "created": report.end if report else 0,
        "wattHours": _inverter_days(moment, number, report),
        "watts": {"now": int(report.watts) if report else 0, "nowUsed": 0, "max": int(inverter.limit_watts)},
        "lastReading": _last_reading(moment, number, report) if report else {},
        "lifetime": _lifetime(moment, report) if report else {},
    }
    # modGone is not an alarm: every inverter is gone at night (8.3.5169_ACB_inventory).
    gone = not is_current(report, moment.time)
    return {"devName": "pcu", "sn": inverter.serial, "active": True, "modGone": gone, "channels": [channel]}


def _channel(moment: Moment, number: int) -> int:
    return FIRST_CHANNEL + EID_STEP * (number + len(moment.system.design.removed))


def _inverter_days(moment: Moment, number: int, report: Report | None) -> Entry:
    """Wh today, yesterday and in the seven days before today, up to the last report."""
    midnight, yesterday, week = (
        moment.system.inverter_at(number, moment.midnight(moment.time, days)) for days in (0, 1, 7)
    )
    today = max(0, report.lifetime - midnight) if report else 0
    hours = (today, midnight - yesterday, midnight - week)
    return {
        name: joules // MICROJOULES_PER_WATT_HOUR
        for name, joules in zip(("today", "yesterday", "week"), hours, strict=True)
    }


def _last_reading(moment: Moment, number: int, report: Report) -> Entry:
    measured = electrics(moment.grid, moment.system.design.inverters[number], number, report)
    return {
        "eid": _channel(moment, number),
        "interval_type": 0,
        "endDate": report.end,
        "duration": report.duration,
        "flags": 0,
        "flags_hex": "0x0000000000000000",
        "joulesProduced": report.produced // 1_000_000,
        "acVoltageINmV": round(1000 * measured.ac_volts),
        "acFrequencyINmHz": round(1000 * measured.ac_hertz),
        "dcVoltageINmV": round(1000 * measured.dc_volts),
        "dcCurrentINmA": round(1000 * measured.dc_amperes),
        "channelTemp": round(measured.celsius),
        "pwrConvErrSecs": 0,
        "pwrConvMaxErrCycles": 0,
        "joulesUsed": 0,
        "leadingVArs": measured.leading_vars,
        "laggingVArs": measured.lagging_vars,
        "acCurrentInmA": round(1000 * measured.ac_amperes),
        "l1NAcVoltageInmV": 0,
        "l2NAcVoltageInmV": 0,
        "l3NAcVoltageInmV": 0,
        "rssi": 110,
        "issi": 66 + 2 * (number % 6),
    }


def _lifetime(moment: Moment, report: Report) -> Entry:
    """The lifetime registers. `duration` is the time that the inverter was running: half of its age, by daylight."""
    installed = int(moment.system.start) - moment.system.design.age
    return {
        "createdTime": installed,
        "duration": (report.end - installed) // 2,
        "joulesProduced": report.lifetime // 1_000_000,
    }


def _eim(moment: Moment, number: int, meter: str) -> Entry:
    """The quarter of an hour of a CT, by channel. Unused channels are empty; modGone is true and has no meaning."""
    phases = moment.profile.design.phases
    channels: list[Json] = [_eim_channel(moment, meter, phase) for phase in range(phases)]
    channels += [_unused_channel(CHANNEL_EIDS[meter] + index) for index in range(phases, _EIM_CHANNELS)]
    serial = f"{moment.profile.serial}EIM{number}"
    return {"devName": "eim", "sn": serial, "active": True, "modGone": True, "channels": channels}


def _unused_channel(eid: int) -> Entry:
    return {
        "chanEid": eid,
        "created": 0,
        "wattHours": {"today": 0, "yesterday": 0, "week": 0},
        "watts": {"now": 0, "nowUsed": 0, "max": 0},
        "lastReading": {},
        "lifetime": {},
    }


def _eim_channel(moment: Moment, meter: str, phase: int) -> Entry:
    """A channel of a CT: production for the first CT, and for the second the consumption, with import and export."""
    quarter = moment.quarter
    measured = by_phase(moment, meter, moment.system.at(quarter))[phase]
    joules = _signed(moment, meter, phase, quarter) - _signed(moment, meter, phase, quarter - QUARTER)
    watts = round(joules / 1_000_000 / QUARTER)
    total = _total(moment, meter, phase, quarter)
    midnight, yesterday, week = (_total(moment, meter, phase, moment.midnight(quarter, days)) for days in (0, 1, 7))
    installed = int(moment.system.start) - moment.system.design.age
    registers: Entry = {
        "wh_dlvd_cum": total,
        "varh_lead_cum": int(measured.leading),
        "varh_lag_cum": int(measured.lagging),
        "vah_cum": int(measured.apparent_energy),
    }
    return {
        "chanEid": CHANNEL_EIDS[meter] + phase,
        "created": int(quarter),
        "wattHours": {"today": total - midnight, "yesterday": midnight - yesterday, "week": midnight - week},
        # An unsigned number: -4 W at night is 4294967292 (8.3.5169_ACB_inventory).
        "watts": {"now": watts % 2**32, "nowUsed": 0, "max": 9000},
        "lastReading": {
            "eid": CHANNEL_EIDS[meter] + phase,
            "interval_type": 0,
            "endDate": int(quarter),
            "duration": QUARTER,
            "curr_w": watts,
            **registers,
            "rms_mvolt": round(1000 * measured.volts),
            "rms_mamp": round(1000 * measured.amperes),
            "freq_mhz": round(1000 * measured.hertz),
            "wh_pos": int(measured.delivered),
            "wh_neg": int(measured.received),
        },
        "lifetime": {"createdTime": installed, "duration": int(quarter) - installed, **registers},
    }


def _total(moment: Moment, meter: str, phase: int, time: float) -> int:
    """Wh of production; for the net CT plus the balance with the grid, which the gateway reports as consumption."""
    state = moment.system.at(time)
    register = circuit_of(PRODUCTION, state, phase).delivered
    if meter == NET:
        register = register.plus(circuit_of(NET, state, phase).balance)
    return register.total // MICROJOULES_PER_WATT_HOUR


def _signed(moment: Moment, meter: str, phase: int, time: float) -> int:
    """The same in microjoules, minus the energy that the inverters use at night."""
    state = moment.system.at(time)
    register = circuit_of(PRODUCTION, state, phase).balance
    if meter == NET:
        register = register.plus(circuit_of(NET, state, phase).balance)
    return register.total


DOCUMENTS: Documents = {
    "/ivp/pdm/device_data": device_data,
}
