"""What a person found in the recording of each gateway, where it does not follow from one of its documents."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from support.exposition import Key, key

WATT_HOUR = 3600
"""Joules."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """A recorded gateway.

    `source`: whose register the site's production is. `eim`: production.json has one with activeCount above 0. `v1`: it
    has none. `inverters`: metered, but without an enabled production meter. `html`: only a page.
    `login`: whether a document that needs credentials was available; None if none was requested.
    `zone`: the timezone of /home.
    `failing`: the collectors that cannot read their documents.
    `rejected`: how many values are implausible, by collector and rule.
    `page`: the numbers on the page of a gateway that has no documents.
    """

    name: str
    source: str
    login: bool | None
    zone: str = ""
    failing: frozenset[str] = frozenset()
    rejected: Mapping[tuple[str, str], float] = field(default_factory=dict)
    page: Mapping[Key, float] = field(default_factory=dict)


GATEWAYS = (
    Gateway(
        name="3.7.0",
        source="html",
        login=None,
        # Currently 6.63 kW, Today 53.6 kWh, Past Week 405 kWh, Since Installation 133 MWh.
        page={
            key("enphase_production_power_watts", source="html"): 6_630,
            key("enphase_production_energy_today_joules", source="html"): 53_600 * WATT_HOUR,
            key("enphase_production_energy_last_week_joules", source="html"): 405_000 * WATT_HOUR,
            key("enphase_production_energy_lifetime_joules", source="html"): 133_000_000 * WATT_HOUR,
        },
    ),
    Gateway(name="3.8.10", source="v1", login=True),
    Gateway(name="3.9.36", source="v1", login=True),
    Gateway(name="3.9.36_bad_auth", source="v1", login=False, failing=frozenset({"inverters"})),
    Gateway(name="4.2.27", source="v1", login=None),
    Gateway(name="4.10.35", source="eim", login=True),
    Gateway(name="5.0.62", source="v1", login=True),
    Gateway(name="7.3.130", source="eim", login=True),
    Gateway(name="7.3.466_metered_disabled_cts", source="inverters", login=True),
    Gateway(name="7.3.466_with_cts_3phase", source="eim", login=True),
    Gateway(name="7.3.517", source="eim", login=True, rejected={("production", "week_below_day"): 1}),
    Gateway(
        name="7.3.517_legacy_savings_mode",
        source="eim",
        login=True,
        rejected={("production", "week_below_day"): 1},
    ),
    Gateway(name="7.6.114_without_cts", source="v1", login=True),
    Gateway(name="7.6.175", source="v1", login=True, zone="Europe/Amsterdam"),
    Gateway(name="7.6.175_standard", source="v1", login=True),
    Gateway(name="7.6.175_with_cts", source="eim", login=True, rejected={("production", "week_below_day"): 1}),
    Gateway(
        name="7.6.185_with_cts_and_battery_3t",
        source="eim",
        login=True,
        rejected={("production", "week_below_day"): 1},
    ),
    Gateway(name="8.1.41", source="eim", login=True, rejected={("production", "week_equals_lifetime"): 1}),
    Gateway(
        name="8.2.127_with_3cts_and_battery_split",
        source="eim",
        login=True,
        rejected={("production", "week_equals_lifetime"): 1, ("production", "week_below_day"): 1},
    ),
    Gateway(
        name="8.2.127_with_generator_running",
        source="eim",
        login=True,
        rejected={("production", "week_below_day"): 1},
    ),
    Gateway(name="8.2.4264_metered_noct", source="inverters", login=True),
    Gateway(name="8.2.4345_with_device_data", source="eim", login=True),
    Gateway(name="8.2.4382_ACB", source="eim", login=True, rejected={("production", "week_below_day"): 2}),
    Gateway(
        name="8.3.1598_collar",
        source="eim",
        login=True,
        zone="US/Eastern",
        rejected={
            ("production", "day_equals_lifetime"): 6,
            ("production", "week_equals_lifetime"): 6,
            ("meters", "range"): 2,
        },
    ),
    Gateway(
        name="8.3.5169_ACB_inventory",
        source="eim",
        login=True,
        zone="Europe/London",
        rejected={
            ("production", "week_below_day"): 2,
            ("inverters", "range"): 3,
            ("inverters", "duplicate"): 1,
            ("installer", "week_below_day"): 1,
        },
    ),
    Gateway(
        name="8.3.5433_tot_is_net_cons",
        source="eim",
        login=True,
        rejected={
            ("production", "day_equals_lifetime"): 3,
            ("production", "week_equals_lifetime"): 3,
            ("production", "total_equals_net"): 1,
            ("meters", "range"): 2,
        },
    ),
)
