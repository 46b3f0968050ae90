"""The lower half of the dashboard Exporter: login, what each gateway is and how it is connected, and the process."""

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
    "Logging in",
    (
        table_panel(
            "Tokens",
            "The token of each gateway from firmware 7 on: the role that it gives, when it was made, when it runs out, "
            "and what is left of its life. Its user is never shown.",
            [
                Query(f"1000 * {ISSUED}"),
                Query(f"1000 * {EXPIRY}"),
                Query(f"({EXPIRY} - time()) / {GATEWAY} ({EXPIRY} - {GATEWAY} {ISSUED} > 0)"),
                Query(metric("enphase_token_info")),
            ],
            columns={
                "instance": "Gateway",
                "user": "Role",
                "Value #C": "Life left",
                "Value #B": "Runs out",
                "Value #A": "Made",
            },
            unit=units.DateTimeFromNow,
            size=(12, 7),
            empty="No gateway has a token",
        ).override_by_name(
            "Life left",
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
            "Tokens asked for",
            "How often Enlighten was asked for a token in the time at the top of the page, and what came of it. With a "
            "token of your own nobody asks.",
            [Query(increases(metric("enphase_token_renewals_total"), "instance, result"))],
            columns={"result": "Result", "Value": "Times", "instance": "Gateway"},
            unit=units.NoUnit,
            size=(6, 7),
            empty="No token was asked for",
        ),
        table_panel(
            "Requests to the cloud",
            "Requests to the Enphase cloud in the time at the top of the page, by status code, of all gateways of the "
            "exporter together. It is asked for tokens and for nothing else.",
            [Query(increases(exporter_metric("enphase_exporter_cloud_requests_total"), "code"))],
            columns={"code": "Status", "Value": "Requests"},
            unit=units.NoUnit,
            size=(6, 7),
            empty="The cloud was not asked",
        ),
    ),
)

GATEWAYS = Row(
    "Gateways",
    (
        table_panel(
            "Gateways",
            "What each is: firmware, when it was built, whether it has hardware to measure with, and how full its list "
            "of inverters is (at its end it leaves some out, and the exporter reads a shorter list).",
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
            empty="No gateway answers",
        ).override_by_name("Inverter list", [*field_unit(units.PercentUnit), DynamicConfigValue("decimals", 0)]),
        states(
            "Network and cloud",
            "Whether each connection of a gateway has a link, and whether it is connected to the Enphase cloud. "
            "Ethernet and Wi-Fi both up makes some gateways drop connections. The gateway is asked once an hour.",
            [
                Query(metric("enphase_cloud_connected"), "{{instance}} cloud"),
                Query(metric("enphase_network_interface_up"), "{{instance}} {{type}} {{interface}}"),
                Query(metric("enphase_wireless_connected"), "{{instance}} {{type}}"),
            ],
            values={1: NameAndColour("up", palette.GOOD), 0: NameAndColour("down", palette.NEUTRAL)},
            size=(12, 8),
            empty="This gateway does not tell it",
        ),
        lines(
            "Signal",
            "Of each connection that has a link, and of the radio to batteries and controller, as a share of the most "
            "that it can be. A cable has it all or nothing; Wi-Fi that is low loses connections.",
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
            empty="This gateway does not tell it",
        )
        .min(0)
        .max(1),
        lines(
            "Gateway's clock",
            "How far it is ahead of the exporter's. Beyond a minute, days end at a wrong moment and reports get wrong "
            "dates: let the gateway reach a time server (NTP).",
            [Query(metric("enphase_gateway_clock_offset_seconds"), "{{instance}}")],
            unit=units.Seconds,
            size=(8, 7),
            empty="No gateway tells its time",
        ),
        lines(
            "Since the last report to the cloud",
            "How long ago each gateway reported to Enphase; some minutes are normal, and up to an hour more may "
            "pass until it is asked again. Without internet it rises, and nothing here is wrong for it.",
            [Query(f"time() - {metric('enphase_cloud_last_report_timestamp_seconds')}", "{{instance}}")],
            unit=units.Seconds,
            size=(8, 7),
            empty="This gateway does not tell it",
        ).min(0),
        lines(
            "Gateway's database",
            "How full it is, as it says. What comes of one that is full is not documented.",
            [Query(metric("enphase_gateway_database_used_ratio"), "{{instance}}")],
            unit=units.PercentUnit,
            size=(8, 7),
            empty="This firmware does not tell it",
        )
        .min(0)
        .max(1),
    ),
)

PROCESS = Row(
    "The exporter",
    (
        number(
            "Version",
            "Of each exporter that is scraped.",
            [Query(exporter_metric("enphase_exporter_build_info"), "{{version}}")],
            unit=units.NoUnit,
            size=(6, 4),
            empty="not scraped",
        ).text_mode(common.BigValueTextMode.NAME),
        number(
            "Gateways of its config",
            "How many are configured.",
            [Query(exporter_metric("enphase_exporter_gateways"))],
            unit=units.NoUnit,
            size=(6, 4),
            empty="not scraped",
        ),
        number(
            "Config",
            "Whether the config file was good when it was last read. If not, the one before it is in force, and a "
            "restart would fail: `envoy-exporter --config.check` lists the problems.",
            [Query(f"min({exporter_metric('enphase_exporter_config_last_reload_successful')})")],
            unit=units.NoUnit,
            size=(6, 4),
            empty="not scraped",
        )
        .mappings([value_mapping({1: NameAndColour("good", palette.GOOD), 0: NameAndColour("refused", palette.BAD)})])
        .color_scheme(COLOUR_BY_STEPS)
        .thresholds(steps((0, palette.BAD), (1, palette.GOOD))),
        number(
            "Config in force since",
            "When the config that is in force was read: at the start, or at a reload.",
            [Query(f"1000 * {exporter_metric('enphase_exporter_config_last_reload_success_timestamp_seconds')}")],
            unit=units.DateTimeFromNow,
            size=(6, 4),
            empty="not scraped",
        ),
        lines(
            "Memory",
            "What the process holds. It grows for the first hours, and then stands.",
            [Query(exporter_process(exporter_metric("process_resident_memory_bytes")), "{{instance}}")],
            unit=units.BytesIEC,
            size=(8, 7),
            empty="Not scraped, or not on Linux",
        ).min(0),
        lines(
            "Processor",
            "How much of one core the process uses.",
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
            "Scrapes a minute that came while another one waited for the same gateway, and got its answer: those of "
            "more Prometheus servers, which cost the gateway nothing.",
            [
                Query(
                    f"60 * rate({exporter_metric('enphase_exporter_scrapes_shared_total')}[$__rate_interval])",
                    "{{instance}}",
                )
            ],
            unit=units.CountsPerMinute,
            size=(8, 7),
            empty="Not scraped",
        ).min(0),
    ),
)
