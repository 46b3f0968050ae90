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

    `endpoints` responded with 401. `problem` and `advice` are for people; without advice, the token source is at work.
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
    """What is known of the credentials. The lower half is about the current poll.

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
        """None while it is not known."""
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

    `unanswered`: the endpoints that got no response since the last response, and whether they were failing before.
    At `second_look_at`, what is not available is requested again: a gateway that starts may not have it yet.
    """

    cache: EndpointCache
    login: Login
    reachability: Reachability = field(default_factory=Unknown)
    failures: int = 0
    answered_once: bool = False
    second_look_at: float = float("inf")
    unanswered: Mapping[str, bool] = field(default_factory=dict)
    failing: frozenset[str] = frozenset()

    @property
    def is_up(self) -> bool:
        return isinstance(self.reachability, Up)

    @property
    def documents(self) -> Documents:
        """All that the gateway ever sent, to judge what is installed."""
        return self.cache.documents


def initial(settings: Settings, login: Login) -> GatewayState:
    """The state of a gateway that was never requested."""
    return GatewayState(EndpointCache.empty(settings.collectors, settings.min_interval, settings.maximum_ages), login)


# --- what changes it


@dataclass(frozen=True, slots=True)
class Moment:
    """When a change happens, and under which settings.

    `now` is of the monotonic clock, `time` in seconds since 1970, `chance` from 0 to 1 spreads what is done later.
    """

    now: float
    time: float
    chance: float
    settings: Settings
    has_source: bool = False

    @property
    def jitter(self) -> float:
        """A factor of pauses: exporters that lost their gateways in one moment do not come back in one."""
        return 1.0 + 0.2 * self.chance


@dataclass(frozen=True, slots=True)
class RequestResult:
    """What came of one request: the content, or the error. `requested_at` in seconds since 1970.

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


# --- what a change causes outside of the state


@dataclass(frozen=True, slots=True)
class Log:
    """A line for the log. Lines about a `subject` are throttled; without one they are not."""

    level: int
    message: str
    subject: str = ""


@dataclass(frozen=True, slots=True)
class LogRejection:
    """A line for the log about credentials that are rejected now, with what the token source does about it."""

    rejected: Rejected


@dataclass(frozen=True, slots=True)
class CountFailure:
    """A failed request for the counter."""

    endpoint: str
    reason: str


@dataclass(frozen=True, slots=True)
class ReportToken:
    """The token source must know whether the gateway accepts a token."""

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
