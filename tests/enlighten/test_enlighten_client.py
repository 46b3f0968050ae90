"""The responses of Enlighten, and the token or error for each. respx responds in place of the connection pool."""

import json
from collections.abc import Iterator

import httpx
import pytest
import respx
from support.clock import ManualClock
from support.enlighten import enlighten

from envoy_exporter.enlighten.client import LOGIN_URL, TOKEN_URL, AccountSettings, EnlightenError, Unavailable
from envoy_exporter.secret import Secret
from envoy_simulator.cloud import LOGIN, RESPONSES, Reply
from envoy_simulator.credentials import TokenVerifier

SERIAL = "122333444555"
USERNAME, PASSWORD, SESSION = "owner@example.com", "sun-and-wind", "session-0"
CREDENTIALS = AccountSettings(username=USERNAME, password=Secret(PASSWORD))
NOW = ManualClock().time()

RESULTS = {
    "mfa": "mfa",
    "blocked": "password",
    "login_list": "unavailable",
    "login_html": "unavailable",
    "login_empty": "unavailable",
    "login_401": "password",
    "login_403": "changed",
    "login_405": "changed",
    "login_429": "unavailable",
    "login_500": "unavailable",
    "login_503": "unavailable",
    "login_redirect": "changed",
    "token_error_text": "unusable",
    "token_sign_in": "unusable",
    "token_html": "unusable",
    "token_empty": "unusable",
    "token_dots": "unusable",
    "token_not_ascii": "unusable",
    "token_huge": "unusable",
    "token_401": "serial",
    "token_403": "serial",
    "token_429": "unavailable",
    "token_500": "unavailable",
    "token_503": "unavailable",
}
ADVICE = {
    "mfa": "MFA",
    "password": "username|blocked",
    "serial": "check the serial",
    "changed": "newer version",
    "unavailable": "temporarily unavailable|under maintenance",
    "unusable": "not a token|larger than",
}


@pytest.fixture
def router() -> Iterator[respx.MockRouter]:
    """Responds to the requests of `httpcore`; a request without a route raises an AssertionError."""
    with respx.mock(using="httpcore") as router:
        yield router


def add_login(router: respx.MockRouter) -> respx.Route:
    return router.post(LOGIN_URL).respond(json={"message": "success", "session_id": SESSION})


def add_reply(router: respx.MockRouter, reply: Reply) -> None:
    """The reply to the request that it is for; the login before a request for a token succeeds."""
    if reply.path != LOGIN:
        add_login(router)
    route = router.post(LOGIN_URL if reply.path == LOGIN else TOKEN_URL)
    route.respond(reply.status, content=reply.body, headers=dict(reply.headers or {}))


def enlighten_error() -> EnlightenError:
    with pytest.raises(EnlightenError) as error:
        enlighten(CREDENTIALS).token(SERIAL)
    return error.value


def test_token_request_contains_session_serial_and_username(router: respx.MockRouter) -> None:
    login = add_login(router)
    issued = TokenVerifier(SERIAL, ManualClock().time).make()
    tokens = router.post(TOKEN_URL).respond(text=issued)
    codes: list[int] = []
    token = enlighten(CREDENTIALS, codes=codes).token(SERIAL)
    assert (token.serial, token.secret.reveal()) == (SERIAL, issued)
    assert codes == [200, 200]
    assert login.calls.last.request.content == b"user%5Bemail%5D=owner%40example.com&user%5Bpassword%5D=sun-and-wind"
    content = json.loads(tokens.calls.last.request.content)
    assert content == {"session_id": SESSION, "serial_num": SERIAL, "username": USERNAME}
    headers = tokens.calls.last.request.headers
    assert (headers["user-agent"], headers["content-type"]) == ("test", "application/json")


@pytest.mark.parametrize(("name", "result"), RESULTS.items(), ids=list(RESULTS))
def test_faulty_response_has_a_result_and_advice(name: str, result: str, router: respx.MockRouter) -> None:
    add_reply(router, RESPONSES[name])
    with pytest.raises(EnlightenError, match=ADVICE[result]) as error:
        enlighten(CREDENTIALS).token(SERIAL)
    assert error.value.result == result
    for secret in (USERNAME, PASSWORD, "session-"):
        assert secret not in str(error.value)


def test_every_simulated_response_with_a_status_is_tested() -> None:
    assert RESULTS.keys() == {name for name, reply in RESPONSES.items() if reply.status}


@pytest.mark.parametrize(
    ("statuses", "result"),
    [
        ([401], "password"),
        ([201, 204, 301, 302, 307, 400, 403, 404, 405, 410, 418], "changed"),
        ([408, 425, 429, 500, 502, 503, 504, 599], "unavailable"),
    ],
    ids=["password", "changed", "unavailable"],
)
def test_login_status_has_a_result(statuses: list[int], result: str, router: respx.MockRouter) -> None:
    login = router.post(LOGIN_URL)
    for status in statuses:
        login.respond(status, json={"session_id": SESSION}, headers={"Location": "/elsewhere"})
        assert (status, enlighten_error().result) == (status, result)


@pytest.mark.parametrize(
    ("statuses", "result"),
    [
        ([401, 403, 404], "serial"),
        ([201, 204, 301, 302, 307, 400, 405, 410, 418], "changed"),
        ([408, 425, 429, 500, 502, 503, 504, 599], "unavailable"),
    ],
    ids=["serial", "changed", "unavailable"],
)
def test_token_status_has_a_result(statuses: list[int], result: str, router: respx.MockRouter) -> None:
    add_login(router)
    tokens = router.post(TOKEN_URL)
    for status in statuses:
        tokens.respond(
            status, text=TokenVerifier(SERIAL, ManualClock().time).make(), headers={"Location": "/elsewhere"}
        )
        assert (status, enlighten_error().result) == (status, result)


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": None},
        {"exp": "1812536000"},
        {"exp": True},
        {"exp": 1e30},
        {"exp": int(NOW) - 1},
        {"aud": None},
        {"aud": "999999999999"},
        {"aud": [SERIAL]},
    ],
)
def test_token_without_expiry_or_for_another_serial_is_unusable(
    claims: dict[str, object], router: respx.MockRouter
) -> None:
    add_login(router)
    router.post(TOKEN_URL).respond(text=TokenVerifier(SERIAL, ManualClock().time).make(**claims))  # type: ignore[arg-type]
    error = enlighten_error()
    assert error.result == "unusable"
    assert "eyJ" not in str(error)


def test_response_that_is_too_large_is_not_read_to_its_end(router: respx.MockRouter) -> None:
    parts: list[bytes] = []

    def body() -> Iterator[bytes]:
        for _ in range(100):
            parts.append(b"e" * 65536)
            yield parts[-1]

    add_login(router)
    router.post(TOKEN_URL).mock(side_effect=lambda _: httpx.Response(200, content=body()))
    assert enlighten_error().result == "unusable"
    assert len(parts) == 5


@pytest.mark.parametrize("status", [408, 429, 503])
@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("1800", 1800.0),
        ("0", 0.0),
        ("999999999", 86400.0),
        ("-5", None),
        ("soon", None),
        ("", None),
        ("Tue, 09 Jun 2026 10:30:00 GMT", 1000.0),
        ("Mon, 01 Jun 2020 00:00:00 GMT", 0.0),
    ],
)
def test_retry_after_is_a_number_or_a_date(
    header: str, seconds: float | None, status: int, router: respx.MockRouter
) -> None:
    router.post(LOGIN_URL).respond(status, headers={"Retry-After": header})
    error = enlighten_error()
    assert isinstance(error, Unavailable)
    assert error.retry_after == seconds


def test_response_without_retry_after_has_no_delay(router: respx.MockRouter) -> None:
    add_login(router)
    router.post(TOKEN_URL).respond(503)
    error = enlighten_error()
    assert isinstance(error, Unavailable)
    assert error.retry_after is None


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/login", "enlighten.example.com/login", "https:///login"])
@pytest.mark.parametrize("key", ["login_url", "token_url"])
def test_url_without_tls_is_rejected(key: str, url: str) -> None:
    urls = {"login_url": LOGIN_URL, "token_url": TOKEN_URL, key: url}
    with pytest.raises(ValueError, match="https"):
        enlighten(AccountSettings(username=USERNAME, password=Secret(PASSWORD), **urls))
