"""The metrics about a gateway itself: its state, its requests and its token, and the success of each collector."""

from dataclasses import dataclass

from .families import Reading, counter, gauge, info, label


@dataclass(frozen=True, slots=True, kw_only=True)
class Scrape:
    up: bool = gauge(
        "enphase_up",
        "Whether the gateway responds with the expected serial number, and /info and a production or meter document"
        " are available (1), or not (0).",
    )
    authenticated: bool | None = gauge(
        "enphase_authenticated",
        "Whether the gateway accepts the credentials (1) or rejects them (0); absent while unknown.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectorStatus:
    collector: str = label()
    success: bool = gauge(
        "enphase_scrape_collector_success",
        "Whether all documents of the collector are readable (1) or not (0); also 0 if one has lacked required content"
        " for ten minutes. A document that the gateway does not have is not a failure.",
    )
    duration: float | None = gauge(
        "enphase_scrape_collector_duration_seconds", "Duration of the collector's most recent gateway requests."
    )
    last_success: float | None = gauge(
        "enphase_scrape_collector_last_success_timestamp_seconds",
        "Time of the request for the oldest readable document of the collector.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Requests:
    endpoint: str = label()
    code: str = label()
    requests: int = counter(
        "enphase_gateway_requests_total", "Gateway requests that got a response, by endpoint and status code."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestFailures:
    endpoint: str = label()
    reason: str = label()
    failures: int = counter(
        "enphase_gateway_request_failures_total", "Failed gateway requests, by endpoint and reason."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedValues:
    collector: str = label()
    rule: str = label()
    rejected: int = counter(
        "enphase_data_rejected_total",
        "Values of the gateway that data validation rejected, by collector and rule; each is counted once per"
        " document.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenTimes:
    expiry: float | None = gauge(
        "enphase_token_expiry_timestamp_seconds", "Time at which the token expires.", fields=("exp",)
    )
    issued: float | None = gauge(
        "enphase_token_issued_timestamp_seconds", "Time at which the token was issued.", fields=("iat",)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenInfo:
    user: str = label()
    known: bool = info("enphase_token_info", "Role that the token grants: owner or installer.", fields=("enphaseUser",))


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRenewals:
    result: str = label()
    renewals: int = counter(
        "enphase_token_renewals_total",
        "Requests to Enlighten for a token, by result: success, or the reason why there is no token that the"
        " gateway accepts.",
    )


READINGS: tuple[type[Reading], ...] = (
    Scrape,
    CollectorStatus,
    Requests,
    RequestFailures,
    RejectedValues,
    TokenTimes,
    TokenInfo,
    TokenRenewals,
)
