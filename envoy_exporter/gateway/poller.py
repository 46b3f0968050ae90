"""Carry out what the transitions decide: read the token file, send requests, log, count, and report tokens.

Only `send()` takes time, and only it may run without the gateway's lock. The decisions are in `polls` and
`transitions`.
"""

import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

import httpx

from envoy_exporter.clock import Clock
from envoy_exporter.documents import INFO, Documents, Json
from envoy_exporter.secret import Secret
from envoy_exporter.token import Token
from envoy_exporter.transport.errors import RequestError, bare
from envoy_exporter.transport.timeouts import Timeouts

from . import login as logins
from . import polls, transitions
from . import state as states
from .authentication import Authentication
from .client import GatewayClient
from .endpoints import Endpoint
from .errors import NotAvailable
from .log_throttle import LogThrottle
from .settings import Settings
from .state import (
    CountFailure,
    Event,
    ForgetChallenge,
    ForgetConnection,
    Log,
    LogRejection,
    Moment,
    ReportToken,
    RequestResult,
    Step,
)
from .token_file import TokenFile
from .token_source import TokenSource
from .token_trial import TokenTrial

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PendingRequest:
    """One request before it is sent. `seconds`: how long it may take."""

    client: GatewayClient
    endpoint: Endpoint
    auth: httpx.Auth | None
    documents: Documents
    time: float
    began: float
    seconds: float


class Poller:
    """The state of one gateway, and its effects. `state` is immutable: each change publishes a new value."""

    def __init__(
        self,
        settings: Settings,
        client: GatewayClient,
        *,
        clock: Clock,
        random: Random,
        register_secret: Callable[[Secret], None],
        timeouts: Timeouts,
        source: TokenSource | None = None,
    ) -> None:
        self.client = client
        self.requests: Counter[tuple[str, int]] = Counter()
        self.failures: Counter[tuple[str, str]] = Counter()
        self._settings = settings
        self._clock = clock
        self._random = random
        self._register_secret = register_secret
        self._timeouts = timeouts
        self._source = source
        self._throttle = LogThrottle(settings.name, clock)
        self._begin_login()
        self.state = states.initial(settings, logins.initial(self._moment(), self._stored()))

    def change(self, settings: Settings, client: GatewayClient, source: TokenSource | None = None) -> None:
        """Use other settings, and the client for them. This alone causes no request."""
        before, same_login = self.client, source is self._source and settings.credentials == self._settings.credentials
        self.client, self._settings, self._source = client, settings, source
        self._throttle = LogThrottle(settings.name, self._clock)
        login = None
        if not same_login:
            self._begin_login()
            login = logins.initial(self._moment(), self._stored())
        if not self.state.cache.in_flight:
            before.close()
        scheme_known = client.follow(before)
        self.state = polls.on_settings(self.state, self._moment(), login, scheme_known=scheme_known)
        self._read_token_file()
        self._apply(polls.check_identity(self.state, self._moment()))

    def _begin_login(self) -> None:
        self._authentication = Authentication(self._settings.local)
        self._file = TokenFile(self._settings.token_file) if self._settings.token_file else None

    def _stored(self) -> Token | None:
        stored = self._source.stored() if self._source else None
        if stored is not None:
            self._register_secret(stored.secret)
        return stored

    def _moment(self) -> Moment:
        return Moment(
            now=self._clock.monotonic(),
            time=self._clock.time(),
            random_fraction=self._random.random(),
            settings=self._settings,
            has_source=self._source is not None,
        )

    # --- a poll

    def begin_poll(self) -> None:
        self._throttle.log_summary()
        self._read_token_file()
        self.state = polls.begin_poll(self.state, self._clock.monotonic())

    def next_request(self) -> tuple[Endpoint, float] | None:
        """The next endpoint, and the seconds to wait before it."""
        self._apply(polls.before_request(self.state, self._moment()))
        return polls.next_request(self.state, self._clock.monotonic())

    def begin(self, endpoint: Endpoint) -> PendingRequest:
        now, state = self._clock.monotonic(), self.state
        self.state = polls.on_request(state, endpoint.name, now)
        auth = None if endpoint.name == INFO else self._authentication.of(state.login, state.documents)
        seconds = self._timeouts.request
        if not state.is_up:
            seconds = min(self._timeouts.first_request * 2.0 ** min(state.failures, 9), seconds)
        return PendingRequest(self.client, endpoint, auth, state.documents, self._clock.time(), now, seconds)

    def send(self, request: PendingRequest) -> RequestResult:
        """Send it, and wait for the response."""
        content: Json = None
        error: RequestError | NotAvailable | None = None
        try:
            content = request.client.request(request.endpoint, request.auth, request.documents, request.seconds)
        except (RequestError, NotAvailable) as failure:
            error = bare(failure)
        except Exception as bug:  # of the exporter or of a library: it must affect this endpoint only
            level = logging.DEBUG if request.endpoint.name in self.state.failing else logging.ERROR
            extra = {"gateway": self._settings.name, "endpoint": request.endpoint.name}
            log.log(level, "unhandled exception; please report this bug", extra=extra, exc_info=True)
            error = RequestError("internal", f"unhandled exception: {type(bug).__name__}; please report this bug")
        began = request.client.began
        return RequestResult(
            endpoint=request.endpoint.name,
            content=content,
            error=error,
            requested_at=request.time + began - request.began,
            duration=self._clock.monotonic() - began,
            challenged=self._authentication.challenged(request.endpoint.name),
            new_token_accepted=request.auth.passed if isinstance(request.auth, TokenTrial) else None,
        )

    def conclude(self, request: PendingRequest, result: RequestResult) -> None:
        """Apply the result, unless the settings have changed since the request began."""
        if request.client is self.client:
            self._apply(transitions.on_result(self.state, result, self._moment()))
        else:
            request.client.close()
            self.state = replace(self.state, cache=self.state.cache.discarded())

    def end_poll(self) -> None:
        self._apply(polls.end_of_poll(self.state, self._moment()))

    # --- scrapes

    def is_pending(self, since: float, now: float) -> bool:
        """Whether a scrape that came at `since` must still wait."""
        return polls.is_pending(self.state, since, now)

    def has_work(self) -> bool:
        return polls.has_work(self.state, self._clock.monotonic())

    def scraped(self) -> bool:
        """A scrape came. True: documents expire sooner than before."""
        before = self.state.cache.least_grace
        self.state = polls.on_scrape(self.state, self._clock.monotonic())
        return self.state.cache.least_grace < before

    def retry_absent(self) -> None:
        """Request again what is not available."""
        self.state = replace(self.state, cache=self.state.cache.retry_absent())

    # --- tokens

    def _read_token_file(self) -> None:
        """Use the token of the token file, if it has changed."""
        if self._file is None:
            return
        token, error = None, ""
        try:
            token = self._file.token()
        except ValueError as problem:
            error = str(problem)
        if token is not None and token != self.state.login.configured:
            self._register_secret(token.secret)
        self._apply(polls.on_token_file(self.state, token, error, self._moment()))

    def token_need(self, *, idle: bool) -> tuple[bool, bool]:
        """Whether to fetch a token, and whether that is urgent: there is no usable token."""
        state, moment = self.state, self._moment()
        urgent = state.is_up and logins.needs_token(state.login, state.documents, moment)
        renew = urgent or (idle and state.is_up and logins.may_renew(state.login, state.documents, moment))
        return renew, urgent

    def offer(self, token: Token) -> None:
        """The token source has a new token."""
        self._register_secret(token.secret)
        self._apply(polls.on_new_token(self.state, token))

    @property
    def error(self) -> str | None:
        """The error of the gateway or of the credentials; None if there is no error."""
        reachability = self.state.reachability
        if isinstance(reachability, states.Down):
            return str(reachability.error)
        return logins.error(self.state.login, self._source_error())

    def _source_error(self) -> str:
        return self._source.status.error if self._source else ""

    # --- effects

    def _apply(self, step: Step) -> None:
        self.state, events = step
        for event in events:
            self._carry_out(event)

    def _carry_out(self, event: Event) -> None:
        match event:
            case Log():
                self._throttle.changed(event)
            case LogRejection(rejected):
                fields = {"reason": "http_401", "error": logins.rejection(rejected, self._source_error())}
                self._throttle.changed(Log(logging.ERROR, "credentials rejected", logins.CREDENTIALS, fields))
            case CountFailure(endpoint, reason):
                self.failures[endpoint, reason] += 1
            case ReportToken(token, accepted):
                if self._source is not None:
                    self._source.report(token, accepted=accepted)
            case ForgetConnection():
                self.client.forget()
            case ForgetChallenge():
                self._authentication.forget()
