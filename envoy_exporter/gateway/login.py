"""Which credentials a gateway gets, whether it accepts them, and what a single 401 means.

A 401 of one endpoint does not prove that a token is bad: early 7 and 3.18 respond so to owners often. It means "not for
this role" if another endpoint that demands credentials accepts them in the same poll. If none does, the credentials are
rejected. To know at once, a probe endpoint is requested, which every owner may read.

Rejected tokens are first handled here, before Enlighten is involved: the token file is read again with each poll, and
the same token is tried once more, because a gateway that starts rejects for a while what it accepts later.

Everything here is a function of a `Login`; the events are effects outside of it.
"""

import logging
from dataclasses import replace
from typing import TypeAlias

from envoy_exporter import entries, system
from envoy_exporter.clock import utc_date
from envoy_exporter.documents import Documents
from envoy_exporter.token import Token, has_expired

from .endpoint_state import NEVER, back_off
from .endpoints import ENDPOINTS, PROBE_ENDPOINTS, TOKENS_FROM, demands_credentials
from .errors import WrongGateway
from .settings import Settings
from .state import (
    Accepted,
    Event,
    Events,
    ForgetChallenge,
    Log,
    Login,
    LogRejection,
    Moment,
    Rejected,
    ReportToken,
    RequestResult,
    Trying,
    Unknown,
)

LoginStep: TypeAlias = tuple[Login, Events]

CREDENTIALS = "credentials"
"""The subject of log lines about them."""

_MANUAL = (
    "run `envoy-exporter login`, or create a token for this gateway at https://entrez.enphaseenergy.com,"
    " and set token_file or token"
)


def initial(moment: Moment, stored: Token | None) -> Login:
    """The login at the start, or with other credentials. `stored`: the token that an earlier run has stored."""
    token = moment.settings.token
    if stored is not None and (token is None or _is_spent(token, moment)):
        return Login(token=stored, configured=token)
    return Login(token=token, configured=token)


# --- the token


def on_token_file(login: Login, token: Token | None, error: str, moment: Moment) -> LoginStep:
    """The token file was read: its token, or why it cannot be used."""
    if error:
        new = error != login.file_error
        events = (Log(logging.ERROR, "token file cannot be used", "token file", {"error": error}),) if new else ()
        return replace(login, file_error=error), events
    login = replace(login, file_error="")
    if token is None or token == login.configured:
        return login, ()
    login = replace(login, configured=token)
    if login.token is None or login.accepted is False or not _is_spent(token, moment):
        login = _use(login, token)
    return login, ()


def on_new_token(login: Login, token: Token) -> LoginStep:
    """The token source has a new token. The old one stays until a request has shown that the new one is accepted."""
    if login.token is None or login.accepted is False:
        events = () if login.token is None else (ReportToken(login.token, accepted=False),)
        return replace(_use(login, token), untested=True), events
    return replace(login, state=Trying(token, login.token, accepted=login.accepted is True)), ()


def _use(login: Login, token: Token) -> Login:
    """Use this token from now on, without a trial."""
    state = login.state
    if isinstance(state, Trying):
        state = Accepted() if state.accepted else Unknown()
    if token != login.token:
        if isinstance(state, Rejected):
            state = replace(state, retry_at=NEVER)
        login = replace(login, token=token, rejections=0)
    return replace(login, state=state, untested=False)


def _is_spent(token: Token, moment: Moment) -> bool:
    """Whether the token has expired, and a token source can replace it."""
    return moment.has_source and has_expired(token, moment.time)


def needs_token(login: Login, documents: Documents, moment: Moment) -> bool:
    """Whether there is no usable token. A rejected one is tried once more before it is replaced."""
    if not moment.has_source or system.firmware_below(documents, TOKENS_FROM):
        return False
    if login.token is None or (login.accepted is False and login.rejections > 1):
        return True
    return not isinstance(login.state, Trying) and _is_spent(login.token, moment)


def may_renew(login: Login, documents: Documents, moment: Moment) -> bool:
    """Whether a token that is due for renewal may be replaced: not while another new one is tried."""
    return (
        moment.has_source and not isinstance(login.state, Trying) and not system.firmware_below(documents, TOKENS_FROM)
    )


# --- what may be requested


def identity_mismatch(login: Login, settings: Settings, documents: Documents) -> WrongGateway | None:
    """The error if it is not the gateway of the config or of the token. It gets no credentials then."""
    serial = entries.device(documents, "sn")
    actual = f"the gateway has the serial {serial}" if serial else "the gateway reports no serial"
    expected = settings.serial
    if expected and serial != expected:
        return WrongGateway("wrong_gateway", f"wrong gateway: {actual}, the config has {expected}")
    bound = login.token.serial if login.token and not system.firmware_below(documents, TOKENS_FROM) else None
    if bound and serial != bound:
        advice = f"correct the host, or run `envoy-exporter login --serial={serial}`" if serial else "correct the host"
        return WrongGateway("wrong_gateway", f"wrong gateway: {actual}, the token was issued for {bound}; {advice}")
    return None


def probe_endpoint(login: Login, documents: Documents) -> str | None:
    """The endpoint to request out of turn: it decides what a 401 means, or whether credentials are accepted again."""
    state = login.state
    if isinstance(state, Rejected):
        return state.probe if state.probe not in login.tried else None
    new_rejected = isinstance(state, Trying) and state.new_rejected
    if not new_rejected and (not login.unexplained_401s or login.accepted_by):
        return None
    untried = (name for name in PROBE_ENDPOINTS if name not in login.tried)
    return next((name for name in untried if demands_credentials(name, documents)), None)


def may_try(login: Login, now: float) -> bool:
    """Whether the credentials may be sent now."""
    return not isinstance(login.state, Rejected) or now >= login.state.retry_at


def suspended(login: Login, documents: Documents) -> frozenset[str]:
    """The endpoints that are not requested while the credentials are rejected: they demand or have rejected them."""
    if not isinstance(login.state, Rejected):
        return frozenset()
    demanding = (endpoint.name for endpoint in ENDPOINTS if demands_credentials(endpoint.name, documents))
    return login.state.endpoints.union(demanding)


# --- the results of requests


def begin_poll(login: Login) -> Login:
    return replace(login, accepted_by=frozenset(), tried=frozenset(), unexplained_401s=())


def on_result(login: Login, result: RequestResult) -> Login:
    """A request with credentials is over, with any result."""
    if isinstance(login.state, Trying):
        login = replace(login, state=replace(login.state, new_rejected=result.new_token_accepted is False))
    return login


def on_response(login: Login, result: RequestResult, documents: Documents) -> LoginStep:
    """The endpoint sent its document. It proves nothing if it needs no credentials."""
    if not (result.challenged or demands_credentials(result.endpoint, documents)):
        return login, ()
    events: list[Event] = []
    if login.accepted is False:
        events.append(Log(logging.INFO, "credentials accepted", CREDENTIALS))
    state = replace(login.state, accepted=True) if isinstance(login.state, Trying) else Accepted()
    login = replace(login, state=state, rejections=0, accepted_by=login.accepted_by | {result.endpoint})
    if login.untested and login.token is not None:
        events.append(ReportToken(login.token, accepted=True))
        login = replace(login, untested=False)
    elif isinstance(state, Trying) and result.new_token_accepted:
        events.append(ReportToken(state.new, accepted=True))
        login = replace(login, state=Accepted(), token=state.new)
    elif isinstance(state, Trying) and state.new_rejected and result.endpoint in PROBE_ENDPOINTS:
        events.append(ReportToken(state.new, accepted=False))
        login = replace(login, state=Accepted())
    return login, tuple(events)


def on_unauthorized(login: Login, endpoint: str) -> Login:
    """The endpoint responded with 401. Its meaning is decided when the responses of other endpoints are known."""
    return replace(login, unexplained_401s=(*login.unexplained_401s, endpoint))


def on_absent(login: Login, endpoint: str) -> Login:
    """The endpoint is not available any more, so it can prove nothing."""
    if isinstance(login.state, Rejected) and endpoint == login.state.probe:
        return replace(login, state=Unknown())
    return login


def on_other_gateway(login: Login) -> LoginStep:
    """The gateway or its firmware has changed: what the old one accepted or demanded does not count."""
    state = replace(login.state, accepted=False) if isinstance(login.state, Trying) else Unknown()
    return replace(login, state=state, rejections=0, unexplained_401s=()), (ForgetChallenge(),)


def on_rejected(login: Login, documents: Documents, moment: Moment) -> LoginStep:
    """No endpoint accepted the credentials: one request tries them again after each back-off."""
    events: list[Event] = []
    before = login.state
    if login.token is not None and (login.untested or isinstance(before, Trying)):
        events.append(ReportToken(login.token, accepted=False))
        if isinstance(before, Trying):
            events.append(ReportToken(before.new, accepted=False))
    rejecting = login.unexplained_401s
    if isinstance(before, Rejected):
        probe, endpoints = before.probe, before.endpoints
    else:
        probe = next((name for name in PROBE_ENDPOINTS if name in rejecting), rejecting[0])
        endpoints = frozenset(rejecting)
    wait = back_off(login.rejections, moment.settings.min_interval) * moment.jitter
    problem, advice = _problem(login, documents, moment)
    rejected = Rejected(moment.now + wait, probe, endpoints, problem, advice)
    if not isinstance(before, Rejected):
        events.append(LogRejection(rejected))
    return replace(login, state=rejected, untested=False, rejections=login.rejections + 1), tuple(events)


# --- messages


def _problem(login: Login, documents: Documents, moment: Moment) -> tuple[str, str | None]:
    """Why the credentials are rejected, and what the user can do; None if the token source fetches a new token."""
    if system.firmware_below(documents, TOKENS_FROM):
        advice = (
            "set local.username and local.password (factory settings: envoy, and the last six digits of the serial)"
        )
        return "wrong username or password", advice
    manual = None if moment.has_source else _MANUAL
    token = login.token
    if token is None:
        return "this firmware requires a token", manual
    if token.expires is None:
        return "the gateway does not accept this token", manual
    if token.expires < moment.time:
        return f"the token expired on {utc_date(token.expires)}", manual
    return f"the token is valid until {utc_date(token.expires)}, but may have been revoked", manual


def rejection(rejected: Rejected, source_error: str) -> str:
    """The problem and the advice. `source_error`: why the token source has no new token, "" if it may have one."""
    advice = rejected.advice or source_error or "a new token will be fetched from Enlighten"
    return f"credentials rejected (HTTP 401): {rejected.problem}; {advice}"


def error(login: Login, source_error: str) -> str | None:
    """The error about the credentials, without secrets; None if there is no error."""
    if login.token is None and login.file_error:
        return login.file_error  # a missing token is only the consequence
    rejected = rejection(login.state, source_error) if isinstance(login.state, Rejected) else ""
    return rejected or login.file_error or source_error or None
