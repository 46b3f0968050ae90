"""Are the numbers whole and fresh, and what does asking cost the gateway: failures, durations, login, refusals."""

from grafana_foundation_sdk.builders import common as part
from grafana_foundation_sdk.models import common, units
from grafana_foundation_sdk.models.dashboard import Dashboard, DynamicConfigValue

import palette
from board import board
from charts import BY_STEPS, column, lines, named, number, rows, stacked, states, steps
from layout import Row
from palette import Thing
from queries import Query, metric

NO_GATEWAY = "No gateway is scraped"
GATEWAY = "on (job, instance)"
UP = metric("enphase_up")
AUTHENTICATED = metric("enphase_authenticated")
SUCCESS = metric("enphase_scrape_collector_success")
FAILURES = metric("enphase_gateway_request_failures_total")
REQUESTS = metric("enphase_gateway_requests_total")
REJECTED = metric("enphase_data_rejected_total")
EXPIRY = metric("enphase_token_expiry_timestamp_seconds")
ISSUED = metric("enphase_token_issued_timestamp_seconds")
FAULTS = 'rule!~"range|total_equals_net|day_equals_lifetime|week_equals_lifetime|week_below_day"'
"""What firmware has no habit of (docs/values.md)."""
GOOD_OR_BAD = steps((0, palette.GOOD), (1, palette.BAD))
NONE = Thing("none", palette.GOOD)


def own(name: str, *matchers: str) -> str:
    """The exporter's own series. Their instance is its address, which is not among the gateways to choose from."""
    return name + "{" + ", ".join(('job=~"$job"', *matchers)) + "}"


def of_process(expression: str) -> str:
    """Every program has such series: those of the exporter alone, whatever else is among all jobs."""
    return f"{expression} and {GATEWAY} {own('enphase_exporter_build_info')}"


def counted(counter: str, by: str) -> str:
    """Whole numbers, over the panel's time. A series that began meanwhile began at 0, though nobody saw it."""
    new = f"last_over_time({counter}[$__range]) unless {counter} offset $__range"
    return f"sort_desc(round(sum by ({by}) ({new} or increase({counter}[$__range]))) > 0)"


def by_endpoint(part_of_histogram: str, *matchers: str) -> str:
    name = f"enphase_exporter_gateway_request_duration_seconds_{part_of_histogram}"
    return f"sum by (endpoint) (increase({own(name, *matchers)}[$__range]))"


UP_TO_5_SECONDS = by_endpoint("bucket", 'le="5.0"')
ABOVE_5_SECONDS = f"1 - {UP_TO_5_SECONDS} / ({by_endpoint('count')} > 0)"

NOW = Row(
    "Now",
    (
        number(
            "Gateways that do not answer",
            "Gateways of which nothing can be read: they do not answer, or not as themselves, or tell no production. A "
            "few minutes shortly after 23:00 are usual.",
            [Query(f"count({UP} == 0) or 0 * count({UP})")],
            unit=units.NoUnit,
            size=(6, 4),
            empty=NO_GATEWAY,
        )
        .mappings([named({0: NONE})])
        .color_scheme(BY_STEPS)
        .thresholds(GOOD_OR_BAD),
        number(
            "Collectors that fail",
            "Parts of what gateways tell (meters, inverters, batteries ...) of which a document cannot be read now. "
            "What the hardware does not have is no failure. The table below names them.",
            [Query(f"count({SUCCESS} == 0 and {GATEWAY} {UP} == 1) or 0 * count({UP})")],
            unit=units.NoUnit,
            size=(6, 4),
            empty=NO_GATEWAY,
        )
        .mappings([named({0: NONE})])
        .color_scheme(BY_STEPS)
        .thresholds(GOOD_OR_BAD),
        number(
            "Credentials",
            "Whether every gateway takes the token or the password. Old firmware asks for none, and of a gateway that "
            "does not answer nobody knows.",
            [Query(f"min({AUTHENTICATED})")],
            unit=units.NoUnit,
            size=(6, 4),
            empty="not known",
        )
        .mappings([named({1: Thing("taken", palette.GOOD), 0: Thing("refused", palette.BAD)})])
        .color_scheme(BY_STEPS)
        .thresholds(steps((0, palette.BAD), (1, palette.GOOD))),
        number(
            "Token's life left",
            "What is left of the token that runs out first, as a share of its own life: a year for an owner, 12 hours "
            "for an installer. The exporter renews those that it fetches at 8 %; below 5 % nobody has. Firmware below "
            "7 has no tokens.",
            [Query(f"min(({EXPIRY} - time()) / {GATEWAY} ({EXPIRY} - {GATEWAY} {ISSUED} > 0))")],
            unit=units.PercentUnit,
            size=(6, 4),
            empty="no token",
        )
        .color_scheme(BY_STEPS)
        .thresholds(steps((-1000, palette.BAD), (0.05, palette.WARNING), (0.08, palette.GOOD))),
    ),
)

FAILED = Row(
    "What failed",
    (
        states(
            "When it failed",
            "Whether each gateway answers, and those collectors that failed at any moment of the time at the top of "
            "the page; the others are left out. A gateway that does not answer makes all fail, which is not drawn.",
            [
                Query(UP, "{{instance}} answers"),
                Query(
                    f"{SUCCESS} and on (job, instance, collector) min_over_time(({SUCCESS} and {GATEWAY} {UP} == 1)"
                    "[$__range:1m] @ end()) == 0",
                    "{{instance}} {{collector}}",
                ),
            ],
            values={1: Thing("yes", palette.GOOD), 0: Thing("no", palette.BAD)},
            size=(24, 8),
            empty=NO_GATEWAY,
        ),
        rows(
            "Requests that failed",
            "In the time at the top of the page, the most first: of which endpoint, and why. timeout and deadline: the "
            "gateway is slow or overloaded. connect: it is away. http_401: the credentials, or an endpoint that is not "
            "for this role. not_json and truncated: half answers, often at a restart.",
            [Query(counted(FAILURES, "instance, endpoint, reason"))],
            columns={"endpoint": "Endpoint", "reason": "Why", "Value": "Requests", "instance": "Gateway"},
            unit=units.NoUnit,
            size=(12, 9),
            empty="No request failed",
        ),
        lines(
            "Failures a minute",
            "When requests failed, by reason, all chosen gateways together. Nothing is drawn where none ever failed "
            "since the exporter started.",
            [Query(f"60 * sum by (reason) (rate({FAILURES}[$__rate_interval]))", "{{reason}}")],
            unit=units.RequestsPerMinute,
            size=(12, 9),
            empty="No request failed",
        )
        .interval("5m")
        .min(0),
        rows(
            "Collectors",
            "Each part of what the gateways tell: can all its documents be read, how old is the oldest of them, and "
            "how long did it take to ask for them. Ages of up to an hour are normal for the rare ones.",
            [
                Query(f"sort({SUCCESS})"),
                Query(f"time() - {metric('enphase_scrape_collector_last_success_timestamp_seconds')}"),
                Query(metric("enphase_scrape_collector_duration_seconds")),
            ],
            columns={
                "collector": "Collector",
                "Value #A": "Whole",
                "Value #B": "Age",
                "Value #C": "Took",
                "instance": "Gateway",
            },
            unit=units.Seconds,
            size=(24, 10),
            empty=NO_GATEWAY,
        )
        .override_by_name(
            "Whole", column(units.NoUnit, values={1: Thing("yes", palette.GOOD), 0: Thing("no", palette.BAD)})
        )
        .sort_by([part.TableSortByFieldState().display_name("Whole").desc(desc=False)]),
    ),
)

ASKED = Row(
    "What the gateway is asked",
    (
        stacked(
            "Requests a minute",
            "What each endpoint of the chosen gateways answers, good or bad. A gateway bears some ten a minute for "
            "years; more Prometheus servers do not make it more, as they share.",
            [Query(f"60 * sum by (endpoint) (rate({REQUESTS}[$__rate_interval]))", "{{endpoint}}")],
            unit=units.RequestsPerMinute,
            size=(24, 9),
            empty=NO_GATEWAY,
        ).interval("10m"),
        rows(
            "Slowest endpoints",
            "The mean of the requests in the time at the top of the page, and the share that took more than 5 seconds; "
            "of all gateways of the exporter together. /production.json may take seconds, by a slow process of the "
            "gateway; where the others do too, it is overloaded or its network is bad.",
            [
                Query(f"sort_desc({by_endpoint('sum')} / ({by_endpoint('count')} > 0))"),
                Query(ABOVE_5_SECONDS),
                Query(f"round({by_endpoint('count')}) > 0"),
            ],
            columns={
                "endpoint": "Endpoint",
                "Value #A": "Mean",
                "Value #B": "Above 5 s",
                "Value #C": "Requests",
            },
            unit=units.Seconds,
            size=(12, 9),
            empty="No request in this time",
        )
        .override_by_name("Above 5 s", column(units.PercentUnit))
        .override_by_name("Requests", [*column(units.NoUnit), DynamicConfigValue("decimals", 0)])
        .sort_by([part.TableSortByFieldState().display_name("Mean").desc(desc=True)]),
        lines(
            "How long scrapes take",
            "What Prometheus waits for each gateway. It gives up at its scrape_timeout (10 seconds, if nobody changed "
            "it); the exporter answers half a second before, with what it has by then.",
            [Query(f"{metric('scrape_duration_seconds')} and {GATEWAY} {UP}", "{{instance}}")],
            unit=units.Seconds,
            size=(12, 9),
            empty=NO_GATEWAY,
        ).min(0),
    ),
)

DATA = Row(
    "What was refused",
    (
        rows(
            "Refused values",
            "Values of the gateway that cannot be true, in the time at the top of the page, by the rule that refused "
            "them; they are absent instead. What each rule means and what to do: docs/values.md. Some firmware has the "
            "habit of some of them, with every document.",
            [Query(f"sort_desc(round(sum by (instance, collector, rule) (increase({REJECTED}[$__range]))) > 0)")],
            columns={"collector": "Collector", "rule": "Rule", "Value": "Values", "instance": "Gateway"},
            unit=units.NoUnit,
            size=(12, 8),
            empty="No value was refused",
        ),
        lines(
            "Refused values that mean a fault",
            "How many values a minute are refused by rules that no firmware has the habit of: registers that fall to "
            "zero, lost phases, frozen registers, dates of a wrong clock, types and labels. 0 is normal.",
            [
                Query(
                    f"60 * sum by (rule) (rate({metric('enphase_data_rejected_total', FAULTS)}[$__rate_interval]))",
                    "{{rule}}",
                )
            ],
            unit=units.CountsPerMinute,
            size=(12, 8),
            empty=NO_GATEWAY,
        )
        .interval("5m")
        .min(0),
    ),
)

LOGIN = Row(
    "Logging in",
    (
        rows(
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
                *column(
                    units.PercentUnit,
                    colours=steps(
                        (-1000, palette.BAD), (0.05, palette.WARNING), (0.08, palette.GOOD), below=palette.NOTHING
                    ),
                ),
                DynamicConfigValue("decimals", 0),
            ],
        ),
        rows(
            "Tokens asked for",
            "How often Enlighten was asked for a token in the time at the top of the page, and what came of it. With a "
            "token of your own nobody asks.",
            [Query(counted(metric("enphase_token_renewals_total"), "instance, result"))],
            columns={"result": "Result", "Value": "Times", "instance": "Gateway"},
            unit=units.NoUnit,
            size=(6, 7),
            empty="No token was asked for",
        ),
        rows(
            "Requests to the cloud",
            "Requests to the Enphase cloud in the time at the top of the page, by status code, of all gateways of the "
            "exporter together. It is asked for tokens and for nothing else.",
            [Query(counted(own("enphase_exporter_cloud_requests_total"), "code"))],
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
        rows(
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
        ).override_by_name("Inverter list", [*column(units.PercentUnit), DynamicConfigValue("decimals", 0)]),
        states(
            "Network and cloud",
            "Whether each connection of a gateway has a link, and whether it is connected to the Enphase cloud. "
            "Ethernet and Wi-Fi both up makes some gateways drop connections. The gateway is asked once an hour.",
            [
                Query(metric("enphase_cloud_connected"), "{{instance}} cloud"),
                Query(metric("enphase_network_interface_up"), "{{instance}} {{type}} {{interface}}"),
                Query(metric("enphase_wireless_connected"), "{{instance}} {{type}}"),
            ],
            values={1: Thing("up", palette.GOOD), 0: Thing("down", palette.NEUTRAL)},
            size=(12, 8),
            empty="This gateway does not tell it",
        ),
        lines(
            "Signal",
            "Of each connection that has a link, and of the radio to batteries and controller, as a share of the most "
            "that it can be. A cable has it all or nothing; Wi-Fi below 40 % loses connections.",
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
            "How long ago each gateway reported to Enphase; some 15 minutes are normal, and up to an hour more may "
            "pass until it is asked again. Without internet it rises, and nothing here is wrong for it.",
            [Query(f"time() - {metric('enphase_cloud_last_report_timestamp_seconds')}", "{{instance}}")],
            unit=units.Seconds,
            size=(8, 7),
            empty="This gateway does not tell it",
        ).min(0),
        lines(
            "Gateway's database",
            "How full it is. Gateways tidy up by themselves; one that stays at 100 % may forget its history.",
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
            [Query(own("enphase_exporter_build_info"), "{{version}}")],
            unit=units.NoUnit,
            size=(6, 4),
            empty="not scraped",
        ).text_mode(common.BigValueTextMode.NAME),
        number(
            "Gateways of its config",
            "How many are configured.",
            [Query(own("enphase_exporter_gateways"))],
            unit=units.NoUnit,
            size=(6, 4),
            empty="not scraped",
        ),
        number(
            "Config",
            "Whether the config file was good when it was last read. If not, the one before it is in force, and a "
            "restart would fail: `envoy-exporter --config.check` lists the problems.",
            [Query(f"min({own('enphase_exporter_config_last_reload_successful')})")],
            unit=units.NoUnit,
            size=(6, 4),
            empty="not scraped",
        )
        .mappings([named({1: Thing("good", palette.GOOD), 0: Thing("refused", palette.BAD)})])
        .color_scheme(BY_STEPS)
        .thresholds(steps((0, palette.BAD), (1, palette.GOOD))),
        number(
            "Config in force since",
            "When the config that is in force was read: at the start, or at a reload.",
            [Query(f"1000 * {own('enphase_exporter_config_last_reload_success_timestamp_seconds')}")],
            unit=units.DateTimeFromNow,
            size=(6, 4),
            empty="not scraped",
        ),
        lines(
            "Memory",
            "What the process holds. It grows for the first hours, and then stands.",
            [Query(of_process(own("process_resident_memory_bytes")), "{{instance}}")],
            unit=units.BytesIEC,
            size=(8, 7),
            empty="Not scraped, or not on Linux",
        ).min(0),
        lines(
            "Processor",
            "How much of one core the process uses.",
            [Query(of_process(f"rate({own('process_cpu_seconds_total')}[$__rate_interval])"), "{{instance}}")],
            unit=units.PercentUnit,
            size=(8, 7),
            empty="Not scraped, or not on Linux",
        ).min(0),
        lines(
            "Shared scrapes",
            "Scrapes a minute that came while another one waited for the same gateway, and got its answer: those of "
            "more Prometheus servers, which cost the gateway nothing.",
            [Query(f"60 * rate({own('enphase_exporter_scrapes_shared_total')}[$__rate_interval])", "{{instance}}")],
            unit=units.CountsPerMinute,
            size=(8, 7),
            empty="Not scraped",
        ).min(0),
    ),
)


def dashboard() -> Dashboard:
    return board("Exporter", __doc__ or "", [NOW, FAILED, ASKED, DATA, LOGIN, GATEWAYS, PROCESS])
