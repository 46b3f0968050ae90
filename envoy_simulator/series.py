"""What an exporter says of a system at an instant: the series that are there for years, each as a column of its own.

Registers, powers, batteries, inverters, and who the gateway is: what recording rules and alerts go by. The simulator
knows nothing of the exporter, so its names stand here a second time; tests/simulator/test_history.py holds each number
against what the exporter says of the same system.
"""

from collections.abc import Iterator
from functools import partial, reduce
from operator import add
from typing import NamedTuple

from envoy_simulator import device_series
from envoy_simulator.columns import WATT_HOUR, Column, Instant, always, column
from envoy_simulator.documents.meters import EIDS
from envoy_simulator.documents.production import in_three_digits
from envoy_simulator.documents.quantities import circuit_of
from envoy_simulator.profiles import BACKFEED, NET, PRODUCTION, STORAGE, TOTAL, Profile
from envoy_simulator.reports import heard
from envoy_simulator.state import MICROJOULES_PER_WATT_HOUR, Circuit


def columns(profile: Profile, *, inverters: bool = True) -> tuple[Column, ...]:
    """All of a gateway's, or all but those of its single inverters."""
    found = [*_gateway(profile), *_production(profile), *_meters(profile), *device_series.batteries(profile)]
    return (*found, *(device_series.inverters(profile) if inverters else ()))


def _gateway(profile: Profile) -> Iterator[Column]:
    yield column("up", always(1))
    yield column(
        "gateway_info",
        always(1),
        serial=profile.serial,
        part_number=profile.part_number,
        firmware=profile.software,
        metered=profile.metered,
    )
    if profile.paths & {"/home", "/home.json"}:
        yield column("gateway_utc_offset_seconds", lambda now: now.utc_offset)
    if "/admin/lib/tariff" in profile.paths:
        single = {"currency": profile.tariff.currency, "season": "", "day": "", "period": "", "tier": ""}
        prices = {"import": profile.tariff.rate, "export": profile.tariff.sell if profile.firmware >= (5,) else 0.0}
        for direction, price in prices.items():
            if price:
                yield column("tariff_price_per_kilowatt_hour", always(price), direction=direction, **single)


# --- the site


class _Sum(NamedTuple):
    """A meter's phases together, in the gateway's units and decimals."""

    profile: Profile
    meter: str

    def circuits(self, now: Instant) -> list[Circuit]:
        return [circuit_of(self.meter, now.site, phase) for phase in range(self.profile.design.phases)]

    def phase_watts(self, phase: int, now: Instant) -> float:
        return round(circuit_of(self.meter, now.site, phase).watts, 3)

    def watts(self, now: Instant) -> float:
        return round(reduce(add, [circuit.watts for circuit in self.circuits(now)]), 3)

    def delivered(self, now: Instant) -> float:
        return _joules(reduce(add, [circuit.delivered.watt_hours for circuit in self.circuits(now)]))

    def received(self, now: Instant) -> float:
        return _joules(reduce(add, [circuit.received.watt_hours for circuit in self.circuits(now)]))


def _joules(watt_hours: float) -> float:
    return round(watt_hours, 3) * WATT_HOUR


def _production(profile: Profile) -> Iterator[Column]:
    if PRODUCTION in profile.meters:
        produced = _Sum(profile, PRODUCTION)
        yield column("production_power_watts", produced.watts, source="eim")
        yield column("production_energy_joules_total", produced.delivered, source="eim")
    elif profile.firmware < (3, 9):
        yield column("production_power_watts", lambda now: _as_printed(_reported_watts(now), "W"), source="html")
        yield column(
            "production_energy_lifetime_joules",
            lambda now: _as_printed(_reported_energy(now), "Wh") * WATT_HOUR,
            source="html",
        )
    else:
        yield column("production_power_watts", lambda now: round(_reported_watts(now)), source="v1")
        yield column(
            "production_energy_lifetime_joules",
            lambda now: int(_reported_energy(now)) * WATT_HOUR,
            source="v1",
        )


def _reported_watts(now: Instant) -> float:
    return sum(report.watts for report in now.reports if report and heard(report, now.site.time))


def _reported_energy(now: Instant) -> float:
    """Watt-hours of all inverters, each as of its last report."""
    return sum(report.lifetime for report in now.reports if report) / MICROJOULES_PER_WATT_HOUR


def _as_printed(value: float, unit: str) -> float:
    digits, prefix = in_three_digits(value, unit).split()
    return float(digits) * {"": 1, "k": 1e3, "M": 1e6}[prefix.removesuffix(unit)]


def _meters(profile: Profile) -> Iterator[Column]:
    enabled = profile.meters
    listed = (*enabled, *profile.disabled_meters) if "/ivp/meters" in profile.paths else ()
    for meter in listed:
        kind = {"phase_mode": profile.design.phase_mode, "phases": str(profile.design.phases)}
        yield column("meter_info", always(1), meter=meter, eid=str(EIDS[meter]), **kind)
        yield column("meter_enabled", always(meter in enabled), meter=meter)
    for meter in (meter for meter in enabled if meter != BACKFEED):
        seen = _Sum(profile, meter)
        yield column("meter_power_watts", seen.watts, meter=meter)
        yield column("meter_energy_delivered_joules_total", seen.delivered, meter=meter)
        yield column("meter_energy_received_joules_total", seen.received, meter=meter)
        for phase in range(profile.design.phases):
            yield column(
                "meter_phase_power_watts", partial(seen.phase_watts, phase), meter=meter, phase=f"L{phase + 1}"
            )
    if NET in enabled:
        net = _Sum(profile, NET)
        yield column("grid_power_watts", net.watts)
        yield column("grid_import_energy_joules_total", net.delivered)
        yield column("grid_export_energy_joules_total", net.received)
        yield column("consumption_power_watts", _consumed_watts)
        yield column("consumption_energy_lifetime_joules", _consumed_energy)
        yield column("net_consumption_power_watts", net.watts)
        balance = _balance if profile.wants_token else net.delivered
        yield column("net_consumption_energy_balance_joules", balance)
    if STORAGE in enabled:
        stored = _Sum(profile, STORAGE)
        yield column("storage_power_watts", stored.watts, source="ct")
        yield column("storage_discharged_energy_joules_total", stored.delivered)
        yield column("storage_charged_energy_joules_total", stored.received)
    if TOTAL in enabled:
        # 8.3.5433 says the same of the consumption, which the exporter refuses.
        yield column("net_consumption_power_watts", _left_watts)
        yield column("net_consumption_energy_balance_joules", _left_energy)


def _consumed_watts(now: Instant) -> float:
    """Production plus net, phase by phase, as production.json adds them up."""
    return round(reduce(add, [phase.production.watts + phase.net.watts for phase in now.site.phases]), 3)


def _consumed_energy(now: Instant) -> float:
    return _joules(
        reduce(
            add,
            [
                phase.production.delivered.watt_hours + (phase.net.delivered.watt_hours - phase.net.received.watt_hours)
                for phase in now.site.phases
            ],
        )
    )


def _balance(now: Instant) -> float:
    delivered = reduce(add, [phase.net.delivered.watt_hours for phase in now.site.phases])
    return _joules(delivered - reduce(add, [phase.net.received.watt_hours for phase in now.site.phases]))


def _left_watts(now: Instant) -> float:
    return round(reduce(add, [phase.load.watts - phase.production.watts for phase in now.site.phases]), 3)


def _left_energy(now: Instant) -> float:
    return _joules(
        reduce(
            add,
            [
                phase.load.watt_hours - (phase.production.delivered.watt_hours - phase.production.received.watt_hours)
                for phase in now.site.phases
            ],
        )
    )
