"""The lower half of the dashboard Exporter: authentication, gateways and their connections, and the process."""

from grafana_foundation_sdk.models import common, units
from grafana_foundation_sdk.models.dashboard import DynamicConfigValue

import palette
from charts import lines, number, states
from field_options import COLOUR_BY_STEPS, field_unit, steps, value_mapping
from palette import NameAndColour
from placement import Row
from queries import Query, metric
from scrapes import EXPIRY, GATEWAY, ISSUED, exporter_metric, exporter_process, increases
from table_panels import table_panel

LOGIN = Row(
    "Authentication",
    (
        table_panel(
            "Tokens",
            "The token of each gateway with firmware 7 or later: its role, its issue and expiry date, and the share "
            "of its lifetime that is left. Its user name is never shown.",
            [
                Query(f"1000 * {ISSUED}"),
                Query(f"1000 * {EXPIRY}"),
                Query(f"({EXPIRY} - time()) / {GATEWAY} ({EXPIRY} - {GATEWAY} {ISSUED} > 0)"),
                Query(metric("enphase_token_info")),
            ],
            columns={
                "instance": "Gateway",
                "user": "Role",
                "Value #C": "Lifetime left",
                "Value #B": "Expires",
                "Value #A": "Issued",
            },
            unit=units.DateTimeFromNow,
            size=(12, 7),
            empty="No gateway has a token",
        ).override_by_name(
            "Lifetime left",
            [
                *field_unit(
                    units.PercentUnit,
                    colours=steps(
                        (-1000, palette.BAD), (0.05, palette.WARNING), (0.08, palette.GOOD), below=palette.NOTHING
                    ),
                ),
                DynamicConfigValue("decimals", 0),
            ],
        ),
        table_panel(
            "Token renewals",
            "How often a token was requested from Enlighten in the selected time range, by result. With a token of "
            "your own there are no requests.",
            [Query(increases(metric("enphase_token_renewals_total"), "instance, result"))],
            columns={"result": "Result", "Value": "Times", "instance": "Gateway"},
            unit=units.NoUnit,
            size=(6, 7),
            empty="No token was requested",
        ),
        table_panel(
            "Enlighten requests",
            "Requests to Enlighten, the Enphase cloud, in the selected time range, by status code, for all gateways "
            "of the exporter together. They are for tokens only.",
            [Query(increases(exporter_metric("enphase_exporter_cloud_requests_total"), "code"))],
            columns={"code": "Status", "Value": "Requests"},
            unit=units.NoUnit,
            size=(6, 7),
            empty="No requests",
        ),
    ),
)

GATEWAYS = Row(
    "Gateways",
    (
        table_panel(
            "Gateways",
            "Each gateway: firmware and its build date, whether it has CTs, and how full its list of inverters is "
            "(when it is full, it omits some, and the exporter reads a shorter list).",
            [
                Query(f"topk by (job, instance) (1, {metric('enphase_gateway_info')})"),
                Query(f"1000 * {metric('enphase_gateway_firmware_build_timestamp_seconds')}"),
                Query(f"{metric('enphase_device_data_devices')} / {GATEWAY} {metric('enphase_device_data_limit')}"),
            ],
            columns={
                "instance": "Gateway",
                "firmware": "Firmware",
                "Value #B": "Built",
                "metered": "Metered",
                "Value #C": "Inverter list",
                "part_number": "Part",
                "serial": "Serial",
            },
            unit=units.DateTimeFromNow,
            size=(24, 6),
            empty="No gateway responds",
        ).override_by_name("Inverter list", [*field_unit(units.PercentUnit), DynamicConfigValue("decimals", 0)]),
        states(
            "Network and Enlighten",
            "Whether each network interface of a gateway has a link, and whether the gateway is connected to "
            "Enlighten. With Ethernet and Wi-Fi both up, some gateways drop connections. The document is requested "
            "once an hour.",
            [
                Query(metric("enphase_cloud_connected"), "{{instance}} Enlighten"),
                Query(metric("enphase_network_interface_up"), "{{instance}} {{type}} {{interface}}"),
                Query(metric("enphase_wireless_connected"), "{{instance}} {{type}}"),
            ],
            values={1: NameAndColour("up", palette.GOOD), 0: NameAndColour("down", palette.NEUTRAL)},
            size=(12, 8),
            empty="Not reported by this gateway",
        ),
        lines(
            "Signal strength",
            "Signal of each interface that has a link, and of the radio to batteries and controller, as a share of its "
            "maximum. A cable has 0 or all of it; a low Wi-Fi signal loses connections.",
            [
                Query(
                    f"{metric('enphase_network_interface_signal_level')}"
                    f" / ({metric('enphase_network_interface_signal_level_max')} > 0)"
                    f" and {metric('enphase_network_interface_up')} == 1",
                    "{{instance}} {{type}} {{interface}}",
                ),
                Query(
                    f"{metric('enphase_wireless_signal_level')} / ({metric('enphase_wireless_signal_level_max')} > 0)",
                    "{{instance}} {{type}}",
                ),
            ],
            unit=units.PercentUnit,
            size=(12, 8),
            empty="Not reported by this gateway",
        )
        .min(0)
        .max(1),
        lines(
            "Gateway clock offset",
            "How far the gateway's clock is ahead of the exporter's. Beyond a minute, days end at a wrong moment and "
            "reports get wrong dates: let the gateway reach a time server (NTP).",
            [Query(metric("enphase_gateway_clock_offset_seconds"), "{{instance}}")],
            unit=units.Seconds,
            size=(8, 7),
            empty="No gateway reports its time",
        ),
        lines(
            "Time since last Enlighten report",
            "Time since each gateway's last report to Enlighten; some minutes are normal, and it is requested only "
            "once an hour. Without internet it increases, without an effect on this data.",
            [Query(f"time() - {metric('enphase_cloud_last_report_timestamp_seconds')}", "{{instance}}")],
            unit=units.Seconds,
            size=(8, 7),
            empty="Not reported by this gateway",
        ).min(0),
        lines(
            "Gateway database",
            "Used share of the gateway's database. The effect of a full database is not documented.",
            [Query(metric("enphase_gateway_database_used_ratio"), "{{instance}}")],
            unit=units.PercentUnit,
            size=(8, 7),
            empty="Not reported by this firmware",
        )
        .min(0)
        .max(1),
    ),
)

PROCESS = Row(
    "Exporter",
    (
        number(
            "Version",
            "Version of each exporter that is scraped.",
            [Query(exporter_metric("enphase_exporter_build_info"), "{{version}}")],
            unit=units.NoUnit,
            size=(6, 4),
            empty="Exporter is not scraped",
        ).text_mode(common.BigValueTextMode.NAME),
        number(
            "Configured gateways",
            "Number of gateways in the config.",
            [Query(exporter_metric("enphase_exporter_gateways"))],
            unit=units.NoUnit,
            size=(6, 4),
            empty="Exporter is not scraped",
        ),
        number(
            "Config",
            "Whether the last load of the config file succeeded. If not, the previous config is in force, and a "
            "restart would fail: `envoy-exporter --config.check` prints the errors.",
            [Query(f"min({exporter_metric('enphase_exporter_config_last_reload_successful')})")],
            unit=units.NoUnit,
            size=(6, 4),
            empty="Exporter is not scraped",
        )
        .mappings([value_mapping({1: NameAndColour("good", palette.GOOD), 0: NameAndColour("rejected", palette.BAD)})])
        .color_scheme(COLOUR_BY_STEPS)
        .thresholds(steps((0, palette.BAD), (1, palette.GOOD))),
        number(
            "Config loaded",
            "When the config that is in force was loaded: at the start, or at a reload.",
            [Query(f"1000 * {exporter_metric('enphase_exporter_config_last_reload_success_timestamp_seconds')}")],
            unit=units.DateTimeFromNow,
            size=(6, 4),
            empty="Exporter is not scraped",
        ),
        lines(
            "Memory",
            "Memory of the process. It grows in the first hours, and then stays constant.",
            [Query(exporter_process(exporter_metric("process_resident_memory_bytes")), "{{instance}}")],
            unit=units.BytesIEC,
            size=(8, 7),
            empty="Not scraped, or not on Linux",
        ).min(0),
        lines(
            "CPU",
            "Share of one core that the process uses.",
            [
                Query(
                    exporter_process(f"rate({exporter_metric('process_cpu_seconds_total')}[$__rate_interval])"),
                    "{{instance}}",
                )
            ],
            unit=units.PercentUnit,
            size=(8, 7),
            empty="Not scraped, or not on Linux",
        ).min(0),
        lines(
            "Shared scrapes",
            "Scrapes a minute that waited for another scrape of the same gateway and shared its result: scrapes of "
            "additional Prometheus servers, which cause no requests to the gateway.",
            [
                Query(
                    f"60 * rate({exporter_metric('enphase_exporter_scrapes_shared_total')}[$__rate_interval])",
                    "{{instance}}",
                )
            ],
            unit=units.CountsPerMinute,
            size=(8, 7),
            empty="Exporter is not scraped",
        ).min(0),
    ),
)
