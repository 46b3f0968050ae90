"""Authentication over real sockets with a real client: digest before firmware 7, a token from 7 on."""

import base64
import json

import httpx
import pytest
from simulator.helpers import NOON_IN_JUNE, SettableClock, digest_authorization

from envoy_simulator import PROFILES, Simulator

pytestmark = pytest.mark.integration

YEAR = 365 * 86400
INVERTERS = "/api/v1/production/inverters"
OLD = ("3.9", "4.10", "5.0")
NEW = ("7.3", "7.6", "8.2", "8.3", "8.3-collar")


def get(gateway: Simulator, path: str, auth: httpx.Auth | None = None, token: str | None = None) -> httpx.Response:
    headers = {} if token is None else {"authorization": f"Bearer {token}"}
    return httpx.get(f"{gateway.scheme}://{gateway.address}{path}", auth=auth, headers=headers, trust_env=False)


@pytest.mark.parametrize("name", OLD)
def test_digest_accepts_the_last_six_digits_of_the_serial(name: str) -> None:
    with Simulator(name, clock=SettableClock()) as gateway:
        assert (gateway.username, gateway.password) == ("envoy", gateway.serial[-6:])
        response = get(gateway, INVERTERS, httpx.DigestAuth("envoy", gateway.serial[-6:]))
        assert response.status_code == 200
        assert len(response.json()) == len(PROFILES[name].design.inverters)


@pytest.mark.parametrize("name", OLD)
@pytest.mark.parametrize(("username", "password"), [("envoy", "nothing"), ("envoy", ""), ("installer", None)])
def test_digest_wrong_user_or_password_is_401(name: str, username: str, password: str | None) -> None:
    with Simulator(name, clock=SettableClock()) as gateway:
        given = gateway.password if password is None else password
        response = get(gateway, INVERTERS, httpx.DigestAuth(username, given))
        assert response.status_code == 401
        assert response.json() == {"status": 401, "error": "", "info": "Authentication required", "moreInfo": ""}


def test_digest_empty_password_is_accepted_if_configured() -> None:
    with Simulator("5.0", username="installer", password="") as gateway:
        assert get(gateway, INVERTERS, httpx.DigestAuth("installer", "")).status_code == 200
        assert get(gateway, INVERTERS, httpx.DigestAuth("installer", gateway.serial[-6:])).status_code == 401


def test_digest_for_another_path_or_nonce_is_401() -> None:
    """A digest for another path or for an unknown nonce, and Basic authentication, are rejected."""
    with Simulator("4.10") as gateway:
        auth = httpx.DigestAuth(gateway.username, gateway.password)
        valid = get(gateway, INVERTERS, auth).request.headers["authorization"]
        url = f"http://{gateway.address}"
        for path, header in [
            ("/production", valid),
            (f"{INVERTERS}?locale=en", valid),
            (INVERTERS, digest_authorization(gateway, INVERTERS, "unknown")),
            (INVERTERS, valid.replace("qop=auth", "qop=none")),
            (INVERTERS, "Basic " + base64.b64encode(b"envoy:" + gateway.password.encode()).decode()),
            (INVERTERS, "Digest"),
            (INVERTERS, "\u00d8"),
        ]:
            response = httpx.get(url + path, headers={b"authorization": header.encode("latin-1")}, trust_env=False)
            assert response.status_code == 401, header


@pytest.mark.parametrize(
    ("name", "locked"),
    [
        ("3.7", {"/admin/lib/tariff": 200, "/production": 200}),
        ("3.9", {INVERTERS: 401, "/admin/lib/tariff": 401, "/production": 200}),
        ("4.10", {INVERTERS: 401, "/production": 401}),
        ("5.0", {INVERTERS: 401, "/production": 401}),
    ],
)
def test_old_firmware_requires_digest_on_some_paths_only(name: str, locked: dict[str, int]) -> None:
    with Simulator(name) as gateway:
        paths = {"/info": 200, "/production.json": 200, "/api/v1/production": 404 if name == "3.7" else 200, **locked}
        for path, status in paths.items():
            assert get(gateway, path).status_code == status, path


def test_open_path_ignores_wrong_credentials() -> None:
    with Simulator("5.0") as gateway:
        for auth in (httpx.DigestAuth("guest", "wrong"), httpx.BasicAuth("guest", "wrong")):
            assert get(gateway, "/api/v1/production", auth).status_code == 200
        assert get(gateway, "/production.json", token="nonsense").status_code == 200


@pytest.mark.parametrize(("name", "dated"), [("3.9", True), ("4.10", False), ("5.0", False)])
def test_digest_challenge_matches_the_firmware(name: str, dated: bool) -> None:
    with Simulator(name, clock=SettableClock()) as gateway:
        challenge = get(gateway, INVERTERS).headers["www-authenticate"]
        assert challenge.startswith('Digest qop="auth", realm="enphaseenergy.com", nonce="')
        assert "algorithm" not in challenge
        assert (f'nonce="{int(NOON_IN_JUNE)}"' in challenge) == dated


@pytest.mark.parametrize("name", NEW)
def test_token_opens_the_paths_of_its_role(name: str) -> None:
    for_installers = {
        "/ivp/peb/devstatus",
        "/ivp/ss/dpel",
        "/ivp/mod/603980032/mode/power",
        "/installer/agf/index.json",
    }
    if not name.startswith("8.3"):
        for_installers.add("/ivp/pdm/energy")
    with Simulator(name, tls=False) as gateway:
        installers = gateway.make_token(enphaseUser="installer")
        for path in PROFILES[name].paths:
            open_to_all = path in ("/info", "/info.xml")
            assert get(gateway, path).status_code == (200 if open_to_all else 401)
            assert get(gateway, path, token=gateway.token).status_code == (401 if path in for_installers else 200)
            assert get(gateway, path, token=installers).status_code == 200


def test_no_token_is_401_page_on_every_path(gateway: Simulator) -> None:
    for path in ("/api/v1/production", "/production.json", "/ivp/meters", "/nowhere"):
        response = get(gateway, path)
        assert response.status_code == 401
        assert "401 Authorization Required" in response.text
        assert "<script>" in response.text
        assert "www-authenticate" not in response.headers
    assert get(gateway, "/nowhere", token=gateway.token).status_code == 404


def test_token_has_the_form_and_claims_of_a_real_one(gateway: Simulator) -> None:
    header, payload, signature = (base64.urlsafe_b64decode(part + "==") for part in gateway.token.split("."))
    assert json.loads(header)["alg"] == "ES256"
    claims = json.loads(payload)
    assert claims["aud"] == gateway.serial
    assert claims["iss"] == "Entrez"
    assert claims["enphaseUser"] == "owner"
    assert claims["username"]
    assert claims["jti"]
    assert (claims["iat"], claims["exp"]) == (NOON_IN_JUNE, NOON_IN_JUNE + YEAR)
    assert len(signature) == 64


def test_invalid_token_is_401(gateway: Simulator) -> None:
    good = gateway.make_token(username="another@example.com")
    assert good != gateway.token
    assert get(gateway, INVERTERS, token=good).status_code == 200
    for bad in (
        gateway.make_token(exp=int(NOON_IN_JUNE) - 1),
        gateway.make_token(exp=None),
        gateway.make_token(exp="later"),
        gateway.make_token(aud="121212121212"),
        gateway.token[:-2] + "AA",
        gateway.token.rpartition(".")[0],
        "nonsense",
        ".",
    ):
        assert get(gateway, INVERTERS, token=bad).status_code == 401, bad


def test_token_expires_by_the_clock(gateway: Simulator, clock: SettableClock) -> None:
    installers = gateway.make_token(enphaseUser="installer")
    clock.now += 43_199
    assert get(gateway, INVERTERS, token=installers).status_code == 200
    clock.now += 2
    assert get(gateway, INVERTERS, token=installers).status_code == 401
    assert get(gateway, INVERTERS, token=gateway.token).status_code == 200
    clock.now += YEAR
    assert get(gateway, INVERTERS, token=gateway.token).status_code == 401


def test_restarted_gateway_accepts_the_old_token(gateway: Simulator) -> None:
    with Simulator("8.3", clock=SettableClock(), tls=False) as again:
        assert again.token != gateway.token
        assert get(again, INVERTERS, token=gateway.token).status_code == 200
        again.revoke()
        assert get(again, INVERTERS, token=gateway.token).status_code == 401


def test_revoked_token_is_401_until_restored_and_a_new_one_is_valid(gateway: Simulator) -> None:
    gateway.revoke()
    assert get(gateway, INVERTERS, token=gateway.token).status_code == 401
    assert get(gateway, "/info", token=gateway.token).status_code == 200
    assert get(gateway, INVERTERS, token=gateway.make_token()).status_code == 200
    gateway.restore()
    assert get(gateway, INVERTERS, token=gateway.token).status_code == 200


def test_revoked_password_is_401_until_restored() -> None:
    with Simulator("4.10") as gateway:
        auth = httpx.DigestAuth(gateway.username, gateway.password)
        gateway.revoke()
        assert get(gateway, INVERTERS, auth).status_code == 401
        assert get(gateway, "/api/v1/production", auth).status_code == 200
        gateway.restore()
        assert get(gateway, INVERTERS, auth).status_code == 200
