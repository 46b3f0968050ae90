"""PromQL of the exporter's own metrics and of its requests."""

import palette
from field_options import steps
from palette import NameAndColour
from queries import metric

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
"""Rules that no firmware triggers permanently (docs/data-validation.md)."""
GOOD_OR_BAD = steps((0, palette.GOOD), (1, palette.BAD))
NONE = NameAndColour("none", palette.GOOD)


def exporter_metric(name: str, *matchers: str) -> str:
    """The exporter's own series. Their instance is its address, which is not among the gateways to select."""
    return name + "{" + ", ".join(('job=~"$job"', *matchers)) + "}"


def exporter_process(expression: str) -> str:
    """Restricts to the exporter's process: every program has such series, and all jobs may be selected."""
    return f"{expression} and {GATEWAY} {exporter_metric('enphase_exporter_build_info')}"


def increases(counter: str, by: str) -> str:
    """Whole numbers, over the panel's time range. A series that began meanwhile began at an unscraped 0."""
    new = f"last_over_time({counter}[$__range]) unless {counter} offset $__range"
    return f"sort_desc(round(sum by ({by}) ({new} or increase({counter}[$__range]))) > 0)"


def by_endpoint(part_of_histogram: str, *matchers: str) -> str:
    name = f"enphase_exporter_gateway_request_duration_seconds_{part_of_histogram}"
    return f"sum by (endpoint) (increase({exporter_metric(name, *matchers)}[$__range]))"


UP_TO_5_SECONDS = by_endpoint("bucket", 'le="5.0"')
ABOVE_5_SECONDS = f"1 - {UP_TO_5_SECONDS} / ({by_endpoint('count')} > 0)"
