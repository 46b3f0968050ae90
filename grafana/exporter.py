"""Are the numbers whole and fresh, and what does asking cost the gateway: failures, durations, login, refusals."""

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
            "Gateways that do not answer",
            "Gateways of which nothing can be read: they do not answer, or not as themselves, or tell no production. A "
            "few minutes shortly after 23:00 are usual.",
            [Query(f"count({UP} == 0) or 0 * count({UP})")],
            unit=units.NoUnit,
            size=(6, 4),
            empty=NO_GATEWAY,
        )
        .mappings([value_mapping({0: NONE})])
        .color_scheme(COLOUR_BY_STEPS)
        .thresholds(GOOD_OR_BAD),
        number(
            "Collectors that fail",
            "Parts of what gateways tell (meters, inverters, batteries ...) of which a document cannot be read now, "
            "or has lacked required content for ten minutes. "
            "What the hardware does not have is no failure. The table below names them.",
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
            "Whether every gateway takes the token or the password. Old firmware asks for none, and of a gateway that "
            "does not answer nobody knows.",
            [Query(f"min({AUTHENTICATED})")],
            unit=units.NoUnit,
            size=(6, 4),
            empty="not known",
        )
        .mappings([value_mapping({1: NameAndColour("taken", palette.GOOD), 0: NameAndColour("refused", palette.BAD)})])
        .color_scheme(COLOUR_BY_STEPS)
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
        .color_scheme(COLOUR_BY_STEPS)
        .thresholds(steps((-1000, palette.BAD), (0.05, palette.WARNING), (0.08, palette.GOOD))),
    ),
)

FAILURE_DETAILS = Row(
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
            values={1: NameAndColour("yes", palette.GOOD), 0: NameAndColour("no", palette.BAD)},
            size=(24, 8),
            empty=NO_GATEWAY,
        ),
        table_panel(
            "Requests that failed",
            "In the time at the top of the page, the most first: of which endpoint, and why. timeout and deadline: the "
            "gateway is slow or overloaded. connect: it is away. http_401: the credentials, or an endpoint that is not "
            "for this role. not_json and truncated: half answers, often at a restart.",
            [Query(increases(FAILURES, "instance, endpoint, reason"))],
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
        table_panel(
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
            "Whole",
            field_unit(
                units.NoUnit, values={1: NameAndColour("yes", palette.GOOD), 0: NameAndColour("no", palette.BAD)}
            ),
        )
        .sort_by([part.TableSortByFieldState().display_name("Whole").desc(desc=False)]),
    ),
)

POLLING = Row(
    "What the gateway is asked",
    (
        stacked(
            "Requests a minute",
            "What each endpoint of the chosen gateways answers, good or bad. How often each is asked stands in "
            "docs/polling.md; more Prometheus servers do not make it more, as they share.",
            [Query(f"60 * sum by (endpoint) (rate({REQUESTS}[$__rate_interval]))", "{{endpoint}}")],
            unit=units.RequestsPerMinute,
            size=(24, 9),
            empty=NO_GATEWAY,
        ).interval("10m"),
        table_panel(
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
        .override_by_name("Above 5 s", field_unit(units.PercentUnit))
        .override_by_name("Requests", [*field_unit(units.NoUnit), DynamicConfigValue("decimals", 0)])
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

REJECTIONS = Row(
    "What was refused",
    (
        table_panel(
            "Refused values",
            "Values of the gateway that cannot be true, in the time at the top of the page, by the rule that refused "
            "them; they are absent instead. What each rule means and what to do: docs/data-validation.md. Some "
            "firmware has the habit of some of them, with every document.",
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


def dashboard() -> Dashboard:
    return new_dashboard(
        "Exporter", __doc__ or "", [NOW, FAILURE_DETAILS, POLLING, REJECTIONS, LOGIN, GATEWAYS, PROCESS]
    )
