"""The web config file: TLS and users of the exporter's port, which change without a restart."""

import re
import ssl
from collections.abc import Iterator
from pathlib import Path

import bcrypt
import httpx
import pytest
from support.certificates import write_certificate
from support.served_exporter import Served, write_config

from envoy_exporter.app import WebConfigFile
from envoy_exporter.config import ConfigError
from envoy_simulator import Simulator

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def gateway() -> Iterator[Simulator]:
    with Simulator("8.3") as gateway:
        yield gateway


_TLS = "tls_server_config: {cert_file: cert.pem, key_file: key.pem}\n"


def hashed(password: str) -> str:
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)).decode()


def test_access_users_in_the_file_require_their_password(gateway: Simulator, tmp_path: Path) -> None:
    web = tmp_path / "web.yml"
    web.write_text("{}")
    with Served(write_config(gateway, folder=tmp_path), web_config=web) as served:
        assert served.get("/metrics").status_code == 200
        web.write_text(f"basic_auth_users:\n  alice: {hashed('secret')}\n")
        rejected = served.get("/metrics")
        assert rejected.status_code == 401
        assert rejected.headers["www-authenticate"].startswith("Basic ")
        for user, password, status in (
            ("alice", "secret", 200),
            ("alice", "secret", 200),
            ("alice", "Secret", 401),
            ("bob", "secret", 401),
            ("alice", "", 401),
        ):
            response = httpx.get(served.url + "/metrics", auth=(user, password), trust_env=False, timeout=30)
            assert response.status_code == status, (user, password)
        for header in ("Basic", "Basic !!!", "Basic 4pyT", "Bearer eyJ", "basic"):
            assert served.get("/metrics", authorization=header).status_code == 401


def test_access_headers_of_the_file_are_in_the_response(gateway: Simulator, tmp_path: Path) -> None:
    web = tmp_path / "web.yml"
    web.write_text("http_server_config: {headers: {X-Frame-Options: deny}}")
    with Served(write_config(gateway, folder=tmp_path), web_config=web) as served:
        assert served.get("/-/healthy").headers["x-frame-options"] == "deny"


def test_access_certificate_replaced_is_used_without_restart(gateway: Simulator, tmp_path: Path) -> None:
    write_certificate(tmp_path, "first")
    web = tmp_path / "web.yml"
    web.write_text("tls_server_config: {cert_file: cert.pem, key_file: key.pem}")
    with Served(write_config(gateway, folder=tmp_path), web_config=web) as served:
        assert served.url.startswith("https")
        verified = ssl.create_default_context(cafile=str(tmp_path / "authority.pem"))
        assert httpx.get(f"{served.url}/-/healthy", verify=verified, trust_env=False).status_code == 200
        write_certificate(tmp_path, "second")
        served.get("/-/healthy")
        verified = ssl.create_default_context(cafile=str(tmp_path / "authority.pem"))
        assert httpx.get(f"{served.url}/-/healthy", verify=verified, trust_env=False).status_code == 200


def test_access_silent_tls_client_does_not_delay_others(gateway: Simulator, tmp_path: Path) -> None:
    write_certificate(tmp_path, "first")
    web = tmp_path / "web.yml"
    web.write_text("tls_server_config: {cert_file: cert.pem, key_file: key.pem}")
    with (
        Served(write_config(gateway, folder=tmp_path), web_config=web) as served,
        served.connect(),
        served.connect(),
    ):
        assert served.get("/-/healthy", timeout=5).status_code == 200


def test_web_config_file_invalid_keeps_the_last_valid_one(
    gateway: Simulator, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    web = tmp_path / "web.yml"
    web.write_text(f"basic_auth_users:\n  alice: {hashed('secret')}\n")
    with Served(write_config(gateway, folder=tmp_path), web_config=web) as served:
        web.write_text("basic_auth_users: {alice: plain}")
        assert [served.get("/metrics").status_code for _ in range(3)] == [401] * 3
    assert sum("web config file" in record.getMessage() for record in caplog.records) == 1


def test_web_config_file_missing_certificate_waits_for_it(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Until then, the users of the new file are not in force either."""
    write_certificate(tmp_path)
    web, late = tmp_path / "web.yml", tmp_path / "late"
    web.write_text(f"{_TLS}basic_auth_users:\n  alice: {hashed('secret')}\n")
    file = WebConfigFile(web)
    before = file.current()
    web.write_text("tls_server_config: {cert_file: late/cert.pem, key_file: late/key.pem}")
    assert [file.current() for _ in range(3)] == [before] * 3
    assert sum("web config file" in record.getMessage() for record in caplog.records) == 1
    late.mkdir()
    write_certificate(late)
    assert file.current().users == {}
    assert file.current().context not in {None, before.context}


@pytest.mark.parametrize(("before", "after"), [(True, False), (False, True)], ids=["TLS removed", "TLS added"])
def test_web_config_file_that_switches_tls_needs_a_restart(
    before: bool,
    after: bool,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """If client certificates replace users, the open plain connections would have neither."""
    write_certificate(tmp_path)
    web = tmp_path / "web.yml"
    users = f"basic_auth_users:\n  alice: {hashed('secret')}\n"
    web.write_text(users + _TLS * before)
    file = WebConfigFile(web)
    first = file.current()
    web.write_text(_TLS * after)
    assert [file.current() for _ in range(3)] == [first] * 3
    (problem,) = [vars(record)["problem"] for record in caplog.records if record.levelname == "WARNING"]
    assert "restart" in problem
    web.write_text(_TLS * before)
    assert file.current().users == {}


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("tls_server_config: {cert_file: nothing.pem, key_file: nothing.pem}", "tls_server_config"),
        ("basic_auth_users: {alice: plain}", "bcrypt"),
        ("basic_auth_user: {}", "basic_auth_users"),
        ("tls_server_config: {cert_file: a, key_file: b, min_version: SSL3}", "TLS12, TLS13"),
    ],
)
def test_web_config_file_invalid_at_the_start_is_an_error(tmp_path: Path, text: str, word: str) -> None:
    web = tmp_path / "web.yml"
    web.write_text(text)
    with pytest.raises(ConfigError) as error:
        WebConfigFile(web)
    assert word in str(error.value)


_CLIENTS = """tls_server_config:
  cert_file: cert.pem
  key_file: key.pem
  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: authority.pem
"""


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"cert.pem": "key.pem", "key.pem": "cert.pem"}, ["cert_file", "key_file"]),
        ({"key.pem": "other.pem"}, ["key_file"]),
        ({"authority.pem": "key.pem"}, ["client_ca_file"]),
        ({"cert.pem": "none", "authority.pem": "none"}, ["cert_file", "client_ca_file"]),
        ({"authority.pem": "none", "key.pem": "other.pem"}, ["client_ca_file", "key_file"]),
        ({"key.pem": "authority.pem"}, ["key_file"]),
    ],
)
def test_web_config_file_unusable_files_are_all_reported(
    changes: dict[str, str], expected: list[str], tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    write_certificate(other)
    write_certificate(tmp_path)
    (other / "key.pem").rename(tmp_path / "other.pem")
    web = tmp_path / "web.yml"
    web.write_text(re.sub(r"\w+\.pem", lambda name: changes.get(name[0], name[0]), _CLIENTS))
    if not expected:
        assert WebConfigFile(web).current().context is not None
        return
    with pytest.raises(ConfigError) as error:
        WebConfigFile(web)
    found = [re.search(r"^.*web\.yml:\d: tls_server_config\.(\w+): ", problem) for problem in error.value.problems]
    assert sorted(match[1] for match in found if match) == expected


def test_web_config_file_valid_again_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    write_certificate(tmp_path)
    web = tmp_path / "web.yml"
    web.write_text(_TLS)
    file = WebConfigFile(web)
    certificate = (tmp_path / "cert.pem").read_bytes()
    (tmp_path / "cert.pem").unlink()
    file.current()
    (tmp_path / "cert.pem").write_bytes(certificate)
    for _ in range(3):
        file.current()
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
