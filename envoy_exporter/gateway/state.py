"""The state of one gateway: immutable values, replaced by the functions of `transitions` and `login`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from envoy_exporter.documents import Documents, Json
from envoy_exporter.token import Token
from envoy_exporter.transport.errors import RequestError

from .endpoint_cache import EndpointCache
from .errors import NotAvailable
from .settings import Settings

# --- whether the gateway responds


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nothing is known. A gateway must identify itself with `/info` before anything else is requested."""


@dataclass(frozen=True, slots=True)
class Up:
    """It responds, and it is the configured gateway."""


@dataclass(frozen=True, slots=True)
class Down:
    """It does not respond, or it is another gateway. Only `/info` is requested, at `retry_at`."""

    retry_at: float
    error: RequestError


Reachability: TypeAlias = Unknown | Up | Down

# --- whether it accepts the credentials


@dataclass(frozen=True, slots=True)
class Accepted:
    """The gateway accepts the credentials."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """The gateway rejects the credentials: one request of `probe` tries them again after `retry_at`.

    `endpoints` responded with 401. `problem` and `advice` are parts of the message; without advice, the token source
    fetches a new token.
    """

    retry_at: float
    probe: str
    endpoints: frozenset[str]
    problem: str
    advice: str | None


@dataclass(frozen=True, slots=True)
class Trying:
    """A new token is tried beside the old one, which is `accepted` or not known to be.

    `new_rejected`: the latest request was accepted with the old token only. A probe endpoint must confirm that.
    """

    new: Token
    old: Token
    accepted: bool
    new_rejected: bool = False


LoginState: TypeAlias = Unknown | Accepted | Rejected | Trying


@dataclass(frozen=True, slots=True)
class Login:
    """The credentials and their state. The last three fields are about the current poll.

    `configured`: the newest token of the config or its token file. `untested`: the token comes from the token source
    and was neither accepted nor rejected yet. `rejections` in a row decide the back-off.
    """

    state: LoginState = field(default_factory=Unknown)
    token: Token | None = None
    configured: Token | None = None
    untested: bool = False
    rejections: int = 0
    file_error: str = ""

    accepted_by: frozenset[str] = frozenset()
    tried: frozenset[str] = frozenset()
    unexplained_401s: tuple[str, ...] = ()

    @property
    def accepted(self) -> bool | None:
        """Whether the gateway accepts the credentials; None while it is not known."""
        match self.state:
            case Accepted() | Trying(accepted=True):
                return True
            case Rejected():
                return False
            case _:
                return None


# --- all of it


@dataclass(frozen=True, slots=True)
class GatewayState:
    """`failures` in a row without contact decide the back-off. `failing` endpoints have been logged as such.

    `without_response`: the endpoints that got no response since the last response, and whether they were failing
    before. At `retry_absent_at`, what is not available is requested again: a gateway that starts may not have it yet.
    """

    cache: EndpointCache
    login: Login
    reachability: Reachability = field(default_factory=Unknown)
    failures: int = 0
    was_up: bool = False
    retry_absent_at: float = float("inf")
    without_response: Mapping[str, bool] = field(default_factory=dict)
    failing: frozenset[str] = frozenset()

    @property
    def is_up(self) -> bool:
        return isinstance(self.reachability, Up)

    @property
    def documents(self) -> Documents:
        """All that the gateway ever sent, to decide what is installed."""
        return self.cache.documents


def initial(settings: Settings, login: Login) -> GatewayState:
    """The state of a gateway that was never requested."""
    return GatewayState(EndpointCache.empty(settings.collectors, settings.min_interval, settings.maximum_ages), login)


# --- the input of a change


@dataclass(frozen=True, slots=True)
class Moment:
    """When a change happens, and under which settings.

    `now` is of the monotonic clock, `time` in seconds since 1970; `random_fraction`, from 0 to 1, spreads later
    requests.
    """

    now: float
    time: float
    random_fraction: float
    settings: Settings
    has_source: bool = False

    @property
    def jitter(self) -> float:
        """A factor of pauses, so that exporters which lost their gateways together do not request them together."""
        return 1.0 + 0.2 * self.random_fraction


@dataclass(frozen=True, slots=True)
class RequestResult:
    """The result of one request: the content, or the error. `requested_at` in seconds since 1970.

    `challenged`: the gateway demands a password for this endpoint. `new_token_accepted`: True, the gateway accepts the
    new token; False, it accepts only the old one; None, no new token was tried, or the request did not show it.
    """

    endpoint: str
    content: Json = None
    error: RequestError | NotAvailable | None = None
    requested_at: float = 0.0
    duration: float = 0.0
    challenged: bool = False
    new_token_accepted: bool | None = None


# --- events: the effects of a change outside of the state


@dataclass(frozen=True, slots=True)
class Log:
    """A log line: a constant message and its fields. Lines about the same `subject` are throttled together."""

    level: int
    message: str
    subject: str
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LogRejection:
    """A log line about rejected credentials. The poller adds the error of the token source."""

    rejected: Rejected


@dataclass(frozen=True, slots=True)
class CountFailure:
    """A failed request for the counter."""

    endpoint: str
    reason: str


@dataclass(frozen=True, slots=True)
class ReportToken:
    """Report to the token source whether the gateway accepts a token."""

    token: Token
    accepted: bool


@dataclass(frozen=True, slots=True)
class ForgetConnection:
    """Scheme and certificate must be found again: another firmware, or another device, may have the address."""


@dataclass(frozen=True, slots=True)
class ForgetChallenge:
    """The challenge of the digest authentication was another gateway's, or of another firmware."""


Event: TypeAlias = Log | LogRejection | CountFailure | ReportToken | ForgetConnection | ForgetChallenge
Events: TypeAlias = tuple[Event, ...]
Step: TypeAlias = tuple[GatewayState, Events]
