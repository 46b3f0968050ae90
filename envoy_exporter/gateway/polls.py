"""Which endpoint is requested next, and what a poll, a reload, a token or a scrape changes in the state of a gateway.

Everything here is a function of a state; see `transitions` for what the result of a request changes.
"""

from dataclasses import replace

from envoy_exporter.documents import INFO, METERS
from envoy_exporter.token import Token

from . import login as logins
from .endpoint_state import NEVER
from .endpoints import Endpoint, demands_credentials
from .state import GatewayState, Login, Moment, Step, Unknown
from .transitions import on_unreachable
from .unauthorized import decide_401s, next_probe

# --- a poll


def begin_poll(state: GatewayState, now: float) -> GatewayState:
    state = replace(state, login=logins.begin_poll(state.login))
    if now > state.retry_absent_at:
        state = replace(state, cache=state.cache.retry_absent(), retry_absent_at=float("inf"))
    return state


def before_request(state: GatewayState, moment: Moment) -> Step:
    """Decide what the 401s of this poll mean, unless a probe endpoint must be requested first."""
    login, documents = state.login, state.documents
    no_probe_left = state.is_up and next_probe(state, moment.now) is None
    step: Step = state, ()
    if no_probe_left and demands_credentials(METERS, documents):
        step = decide_401s(state, moment)
    state, events = step
    login = state.login
    return replace(state, cache=replace(state.cache, suspended=logins.suspended(login, documents))), events


def next_request(state: GatewayState, now: float) -> tuple[Endpoint, float] | None:
    """The endpoint to request next, and the seconds to wait before it. Until `/info` came, nothing else."""
    if state.is_up and (probe := next_probe(state, now)) is not None:
        return state.cache.endpoint(probe), 0.0
    chosen = state.cache.next(now)
    return chosen if chosen and (state.is_up or chosen[0].name == INFO) else None


def on_request(state: GatewayState, endpoint: str, now: float) -> GatewayState:
    """A request is on its way."""
    login = state.login
    if endpoint != INFO:
        login = replace(login, tried=login.tried | {endpoint})
    return replace(state, cache=state.cache.requesting(endpoint, now), login=login)


def end_of_poll(state: GatewayState, moment: Moment) -> Step:
    state, events = decide_401s(state, moment)
    cache = replace(state.cache, awaiting_verdict=False)
    return replace(state, cache=cache, failures=0 if state.is_up else state.failures), events


# --- reloads, tokens and scrapes


def on_settings(state: GatewayState, moment: Moment, login: Login | None, *, scheme_known: bool) -> GatewayState:
    """Other settings for the same gateway. `login`: the new one, if they concern the credentials.

    Without the scheme, and under other credentials, `/info` is requested first.
    """
    settings, cache = moment.settings, state.cache
    if login is not None:
        # The old credentials may be the reason for the back-off.
        cache = cache.paused(NEVER).expedited(INFO, moment.now)
    cache = cache.with_settings(settings.collectors, settings.min_interval, settings.maximum_ages)
    if not scheme_known:
        cache = cache.expedited(INFO, moment.now)
        if state.is_up:
            state = replace(state, reachability=Unknown())
    return replace(state, cache=cache, login=logins.begin_poll(login or state.login))


def check_identity(state: GatewayState, moment: Moment) -> Step:
    """After a reload: check whether it is the gateway of the new config."""
    if INFO not in state.documents.available:
        return state, ()
    mismatch = logins.identity_mismatch(state.login, moment.settings, state.documents)
    return (state, ()) if mismatch is None else on_unreachable(state, mismatch, 0.0, moment)


def on_token_file(state: GatewayState, token: Token | None, error: str, moment: Moment) -> Step:
    login, events = logins.on_token_file(state.login, token, error, moment)
    return replace(state, login=login), events


def on_new_token(state: GatewayState, token: Token) -> Step:
    login, events = logins.on_new_token(state.login, token)
    return replace(state, login=login), events


def on_scrape(state: GatewayState, now: float) -> GatewayState:
    return replace(state, cache=state.cache.scraped(now))


def is_pending(state: GatewayState, since: float, now: float) -> bool:
    """Whether a scrape that came at `since` must still wait.

    It waits for a probe of rejected credentials: if they are accepted again, everything else is requested as well.
    """
    return (state.is_up and next_probe(state, now) is not None) or state.cache.pending(since, now)


def has_work(state: GatewayState, now: float) -> bool:
    """Whether an endpoint is due, or credentials are rejected: then the token file is read again."""
    return state.cache.until(now) <= now or state.login.accepted is False
