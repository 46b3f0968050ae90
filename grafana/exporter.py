"""Whether the data are complete and current; requests, failures, authentication and rejected values."""

from grafana_foundation_sdk.builders import common as part
from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.dashboard import Dashboard, DynamicConfigValue

import palette
from charts import lines, number, stacked, states
from dashboard import new_dashboard
from field_options import COLOUR_BY_STEPS, field_unit, steps, value_mapping
from gateways import GATEWAYS, LOGIN, PROCESS
from palette import NameAndColour
from placement import Row
from queries import Query, metric
from scrapes import (
    ABOVE_5_SECONDS,
    AUTHENTICATED,
    EXPIRY,
    FAILURES,
    FAULTS,
    GATEWAY,
    GOOD_OR_BAD,
    ISSUED,
    NO_GATEWAY,
    NONE,
    REJECTED,
    REQUESTS,
    SUCCESS,
    UP,
    by_endpoint,
    increases,
)
from table_panels import table_panel

NOW = Row(
    "Now",
    (
        number(
            "Unreachable gateways",
            "Gateways that cannot be read: they do not respond, respond with another serial number, or report no "
            "production. A few minutes shortly after 23:00 are usual.",
            [Query(f"count({UP} == 0) or 0 * count({UP})")],
            unit=units.NoUnit,
            size=(6, 4),
            empty=NO_GATEWAY,
        )
        .mappings([value_mapping({0: NONE})])
        .color_scheme(COLOUR_BY_STEPS)
        .thresholds(GOOD_OR_BAD),
        number(
            "Failing collectors",
            "Collectors (meters, inverters, batteries ...) of which a document cannot be read now, or has lacked "
            "required content for ten minutes. Documents that the hardware does not have are not failures. The table "
            "below names them.",
            [Query(f"count({SUCCESS} == 0 and {GATEWAY} {UP} == 1) or 0 * count({UP})")],
            unit=units.NoUnit,
            size=(6, 4),
            empty=NO_GATEWAY,
        )
        .mappings([value_mapping({0: NONE})])
        .color_scheme(COLOUR_BY_STEPS)
        .thresholds(GOOD_OR_BAD),
        number(
            "Credentials",
            "Whether all gateways accept the token or the password. Old firmware needs none; for a gateway that does "
            "not respond it is unknown.",
            [Query(f"min({AUTHENTICATED})")],
            unit=units.NoUnit,
            size=(6, 4),
            empty="Unknown",
        )
        .mappings(
            [value_mapping({1: NameAndColour("accepted", palette.GOOD), 0: NameAndColour("rejected", palette.BAD)})]
        )
        .color_scheme(COLOUR_BY_STEPS)
        .thresholds(steps((0, palette.BAD), (1, palette.GOOD))),
        number(
            "Token lifetime left",
            "Share of its lifetime that is left, for the token that expires first. The lifetime is a year for an "
            "owner, 12 hours for an installer. The exporter renews tokens that it fetches at 8 %; below 5 % the "
            "renewal has failed. Firmware below 7 has no tokens.",
            [Query(f"min(({EXPIRY} - time()) / {GATEWAY} ({EXPIRY} - {GATEWAY} {ISSUED} > 0))")],
            unit=units.PercentUnit,
            size=(6, 4),
            empty="No token",
        )
        .color_scheme(COLOUR_BY_STEPS)
        .thresholds(steps((-1000, palette.BAD), (0.05, palette.WARNING), (0.08, palette.GOOD))),
    ),
)

FAILURE_DETAILS = Row(
    "Failures",
    (
        states(
            "Failures over time",
            "Whether each gateway responds, and the collectors that failed at any moment of the selected time range; "
            "the others are not shown. While a gateway does not respond, all collectors fail, which is not shown.",
            [
                Query(UP, "{{instance}} answers"),
                Query(
                    f"{SUCCESS} and on (job, instance, collector) min_over_time(({SUCCESS} and {GATEWAY} {UP} == 1)"
                    "[$__range:1m] @ end()) == 0",
                    "{{instance}} {{collector}}",
                ),
            ],
            values={1: NameAndColour("yes", palette.GOOD), 0: NameAndColour("no", palette.BAD)},
            size=(24, 8),
            empty=NO_GATEWAY,
        ),
        table_panel(
            "Failed requests",
            "In the selected time range, the most frequent first, by endpoint and reason. timeout and deadline: the "
            "gateway is slow or overloaded. connect: it is unreachable. http_401: the credentials, or an endpoint "
            "that is not allowed for this role. not_json and truncated: incomplete responses, often at a restart.",
            [Query(increases(FAILURES, "instance, endpoint, reason"))],
            columns={"endpoint": "Endpoint", "reason": "Reason", "Value": "Requests", "instance": "Gateway"},
            unit=units.NoUnit,
            size=(12, 9),
            empty="No request failed",
        ),
        lines(
            "Failures per minute",
            "Failed requests by reason, of all selected gateways together. Empty if no request has failed since the "
            "exporter started.",
            [Query(f"60 * sum by (reason) (rate({FAILURES}[$__rate_interval]))", "{{reason}}")],
            unit=units.RequestsPerMinute,
            size=(12, 9),
            empty="No request failed",
        )
        .interval("5m")
        .min(0),
        table_panel(
            "Collectors",
            "Each collector: whether all its documents can be read, the age of the oldest, and how long the requests "
            "took. Ages of up to an hour are normal for documents that rarely change.",
            [
                Query(f"sort({SUCCESS})"),
                Query(f"time() - {metric('enphase_scrape_collector_last_success_timestamp_seconds')}"),
                Query(metric("enphase_scrape_collector_duration_seconds")),
            ],
            columns={
                "collector": "Collector",
                "Value #A": "Successful",
                "Value #B": "Age",
                "Value #C": "Duration",
                "instance": "Gateway",
            },
            unit=units.Seconds,
            size=(24, 10),
            empty=NO_GATEWAY,
        )
        .override_by_name(
            "Successful",
            field_unit(
                units.NoUnit, values={1: NameAndColour("yes", palette.GOOD), 0: NameAndColour("no", palette.BAD)}
            ),
        )
        .sort_by([part.TableSortByFieldState().display_name("Successful").desc(desc=False)]),
    ),
)

POLLING = Row(
    "Requests to the gateways",
    (
        stacked(
            "Requests per minute",
            "Requests by endpoint of the selected gateways, successful or not. docs/polling.md lists how often each "
            "endpoint is requested; more Prometheus servers do not increase it, because they share the result.",
            [Query(f"60 * sum by (endpoint) (rate({REQUESTS}[$__rate_interval]))", "{{endpoint}}")],
            unit=units.RequestsPerMinute,
            size=(24, 9),
            empty=NO_GATEWAY,
        ).interval("10m"),
        table_panel(
            "Slowest endpoints",
            "Mean duration in the selected time range, and the share that took more than 5 seconds; of all gateways "
            "of the exporter together. /production.json may take seconds because of a slow process in the gateway; if "
            "other endpoints do too, the gateway is overloaded or its network is bad.",
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
            empty="No requests",
        )
        .override_by_name("Above 5 s", field_unit(units.PercentUnit))
        .override_by_name("Requests", [*field_unit(units.NoUnit), DynamicConfigValue("decimals", 0)])
        .sort_by([part.TableSortByFieldState().display_name("Mean").desc(desc=True)]),
        lines(
            "Scrape duration",
            "How long Prometheus waits for each gateway. It stops at its scrape_timeout (10 seconds by default); the "
            "exporter responds half a second before, with the data that it has by then.",
            [Query(f"{metric('scrape_duration_seconds')} and {GATEWAY} {UP}", "{{instance}}")],
            unit=units.Seconds,
            size=(12, 9),
            empty=NO_GATEWAY,
        ).min(0),
    ),
)

REJECTIONS = Row(
    "Rejected values",
    (
        table_panel(
            "Rejected values",
            "Values of the gateway that are implausible, in the selected time range, by the rule that rejected them; "
            "they are absent. docs/data-validation.md lists each rule and what to do. Some firmware always has some "
            "of them.",
            [Query(f"sort_desc(round(sum by (instance, collector, rule) (increase({REJECTED}[$__range]))) > 0)")],
            columns={"collector": "Collector", "rule": "Rule", "Value": "Values", "instance": "Gateway"},
            unit=units.NoUnit,
            size=(12, 8),
            empty="No value was rejected",
        ),
        lines(
            "Rejected values that indicate a fault",
            "Values per minute that are rejected by rules that no firmware always triggers: registers that fall to "
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


def dashboard() -> Dashboard:
    return new_dashboard(
        "Exporter", __doc__ or "", [NOW, FAILURE_DETAILS, POLLING, REJECTIONS, LOGIN, GATEWAYS, PROCESS]
    )
