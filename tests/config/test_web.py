"""The keys of the web config file: those of the exporter-toolkit, supported or rejected."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from support.certificates import write_certificate

from envoy_exporter import config
from envoy_exporter.app import WebConfigFile
from envoy_exporter.config import ConfigError
from envoy_exporter.web.rate_limit import RateLimit, TokenBucket

HASH = "$2y$10$" + "abcdefgh" * 6 + "abcde"
TLS = "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n"
EVERY_SUPPORTED_KEY = f"""{TLS}  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: ca.pem
  client_allowed_sans: [prometheus.lan, 192.0.2.1]
  min_version: TLS12
  max_version: TLS13
  prefer_server_cipher_suites: true
http_server_config:
  http2: true
  headers: {{X-Frame-Options: deny}}
basic_auth_users:
  alice: {HASH}
rate_limit:
  interval: "1s" # time
  burst: 20
"""


def web_config(text: str, folder: Path) -> config.WebConfig:
    path = folder / "web.yml"
    path.write_text(text)
    return config.web_from_file(path)


def problem(text: str, folder: Path) -> str:
    with pytest.raises(ConfigError) as error:
        web_config(text, folder)
    (found,) = error.value.problems
    return found.removeprefix(f"{folder}/web.yml:")


def test_web_config_keys_of_the_exporter_toolkit_are_valid(tmp_path: Path) -> None:
    read = web_config(EVERY_SUPPORTED_KEY, tmp_path)
    assert read.tls_server_config is not None
    assert read.tls_server_config.client_allowed_sans == ("prometheus.lan", "192.0.2.1")
    assert (read.rate_limit.interval, read.rate_limit.burst) == (1.0, 20)
    assert read.basic_auth_users == {"alice": HASH}


@pytest.mark.parametrize(
    ("text", "place", "word"),
    [
        (f"{TLS}  cipher_suites: [TLS_AES_128_GCM_SHA256]", "4: tls_server_config.cipher_suites", "unsupported"),
        (f"{TLS}  curve_preferences: [X25519]", "4: tls_server_config.curve_preferences", "unsupported"),
        (f"{TLS}  client_auth_type: RequireAnyClientCert", "4: tls_server_config.client_auth_type", "unsupported"),
        (f"{TLS}  client_auth_type: RequestClientCert", "4: tls_server_config.client_auth_type", "unsupported"),
        (f"{TLS}  client_allowed_sans: [a]", "4: tls_server_config.client_allowed_sans", "RequireAndVerify"),
        (
            f"{TLS}  client_ca_file: c\n  client_auth_type: VerifyClientCertIfGiven\n  client_allowed_sans: [a]",
            "6: tls_server_config.client_allowed_sans",
            "RequireAndVerify",
        ),
        (f"{TLS}  cert: x", "2: tls_server_config.cert_file", "conflicts"),
        (f"{TLS}  key: hunter2", "3: tls_server_config.key_file", "conflicts"),
        (f"{TLS}  client_ca: x", "4: tls_server_config.client_ca", "client_auth_type"),
        (f"{TLS}  min_version: TLS13\n  max_version: TLS12", "5: tls_server_config.max_version", "min_version"),
        (f"{TLS}  max_version: TLS11", "4: tls_server_config.max_version", "TLS12, TLS13"),
        ("tls_server_config: {cert_file: a}", "1: tls_server_config.key_file", "missing"),
        ("rate_limit: {interval: 1s}", "1: rate_limit.burst", "at least 1"),
        ("rate_limit: {interval: 1}", "1: rate_limit.interval", "missing unit"),
        ("rate_limit: {interval: 1s, burst: -1}", "1: rate_limit.burst", "integer"),
        ("rate_limits: {}", "1: rate_limits", "rate_limit"),
    ],
)
def test_web_config_key_not_supported_is_an_error(text: str, place: str, word: str, tmp_path: Path) -> None:
    found = problem(text, tmp_path)
    assert found.startswith(f"{place}: ")
    assert word in found
    assert "hunter2" not in found


@pytest.mark.parametrize("interval", ["0", "0s"])
def test_web_config_rate_limit_of_zero_disables_the_limit(interval: str, tmp_path: Path) -> None:
    path = tmp_path / "web.yml"
    path.write_text(f"rate_limit: {{interval: {interval}, burst: 5}}")
    assert WebConfigFile(path).current().rate_limit is None


@pytest.mark.parametrize(("broken", "key"), [("cert.pem", "cert_file"), ("key.pem", "key_file")])
def test_web_config_invalid_certificate_error_names_the_file(broken: str, key: str, tmp_path: Path) -> None:
    write_certificate(tmp_path)
    (tmp_path / broken).write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    path = tmp_path / "web.yml"
    path.write_text("tls_server_config: {cert_file: cert.pem, key_file: key.pem}")
    with pytest.raises(ConfigError) as error:
        WebConfigFile(path)
    (found,) = error.value.problems
    assert found.startswith(f"{path}:1: tls_server_config.{key}: {tmp_path}/{broken} ")


def test_web_config_inline_key_of_another_certificate_is_an_error(tmp_path: Path) -> None:
    write_certificate(tmp_path)
    certificate = (tmp_path / "cert.pem").read_text()
    write_certificate(tmp_path)
    key = (tmp_path / "key.pem").read_text()
    path = tmp_path / "web.yml"
    path.write_text(inline(cert=certificate, key=key))
    with pytest.raises(ConfigError) as error:
        WebConfigFile(path)
    (found,) = error.value.problems
    assert ": tls_server_config.key: does not match" in found
    assert key.splitlines()[1] not in found


def test_web_config_certificate_too_weak_names_its_file(tmp_path: Path) -> None:
    """The library reports it when it loads the pair, and does not name the file."""
    key = rsa.generate_private_key(65537, 1024)  # noqa: S505  # weak on purpose
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "exporter")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
    (tmp_path / "cert.pem").write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))
    (tmp_path / "key.pem").write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    )
    path = tmp_path / "web.yml"
    path.write_text("tls_server_config: {cert_file: cert.pem, key_file: key.pem}")
    with pytest.raises(ConfigError) as error:
        WebConfigFile(path)
    (found,) = error.value.problems
    assert found.startswith(f"{path}:1: tls_server_config.cert_file: {tmp_path}/cert.pem ")
    assert "weak" in found


def inline(**texts: str) -> str:
    """tls_server_config with these PEM texts as block scalars."""
    lines = ["tls_server_config:"]
    for name, text in texts.items():
        lines += [f"  {name}: |", *(f"    {line}" for line in text.splitlines())]
    return "\n".join([*lines, ""])


def test_token_bucket_burst_then_one_an_interval() -> None:
    bucket, limit = TokenBucket(), RateLimit(interval=2.0, burst=3)
    assert [bucket.take(limit, 100.0) for _ in range(4)] == [True, True, True, False]
    assert [bucket.take(limit, now) for now in (101.9, 102.0, 102.1, 104.0)] == [False, True, False, True]
    assert [bucket.take(limit, 1000.0) for _ in range(4)] == [True, True, True, False]
    assert bucket.take(RateLimit(interval=2.0, burst=1), 1000.0), "another limit starts with a full bucket"
    assert bucket.take(None, 1000.0)
