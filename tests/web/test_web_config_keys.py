"""Keys of the web config file on real connections: inline certificates, client names, TLS versions, rate limit."""

import ssl
from collections.abc import Iterator
from pathlib import Path

import bcrypt
import httpx
import pytest
import trustme
from support.certificates import write_certificate
from support.served_exporter import ServedExporter, write_config

from envoy_simulator import Simulator

pytestmark = pytest.mark.integration

TLS = "tls_server_config:\n  cert_file: cert.pem\n  key_file: key.pem\n"


@pytest.fixture(scope="module")
def gateway() -> Iterator[Simulator]:
    with Simulator("8.3") as gateway:
        yield gateway


def serve(gateway: Simulator, folder: Path, text: str) -> ServedExporter:
    web = folder / "web.yml"
    web.write_text(text)
    return ServedExporter(write_config(gateway, folder=folder), web_config=web)


def status(served: ServedExporter, context: ssl.SSLContext) -> int | None:
    """The status of a request on a new connection; None if the exporter closes it."""
    try:
        return httpx.get(f"{served.url}/-/healthy", verify=context, trust_env=False, timeout=30).status_code
    except httpx.TransportError:
        return None


def trusting(folder: Path, client: trustme.LeafCert | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(folder / "authority.pem"))
    if client is not None:
        client.configure_cert(context)
    return context


def test_inline_certificates_serve_tls_and_verify_clients(gateway: Simulator, tmp_path: Path) -> None:
    write_certificate(tmp_path)
    clients = trustme.CA()
    texts = {
        "cert": (tmp_path / "cert.pem").read_text(),
        "key": (tmp_path / "key.pem").read_text(),
        "client_ca": clients.cert_pem.bytes().decode(),
    }
    lines = ["tls_server_config:", "  client_auth_type: RequireAndVerifyClientCert"]
    for name, text in texts.items():
        lines += [f"  {name}: |", *(f"    {line}" for line in text.splitlines())]
    with serve(gateway, tmp_path, "\n".join([*lines, ""])) as served:
        (tmp_path / "cert.pem").unlink()
        (tmp_path / "key.pem").unlink()
        assert status(served, trusting(tmp_path, clients.issue_cert("prometheus.lan"))) == 200
        assert status(served, trusting(tmp_path)) is None
        assert status(served, trusting(tmp_path, trustme.CA().issue_cert("prometheus.lan"))) is None


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_client_allowed_sans_other_names_are_disconnected(
    version: ssl.TLSVersion, gateway: Simulator, tmp_path: Path
) -> None:
    write_certificate(tmp_path)
    clients = trustme.CA()
    clients.cert_pem.write_to_path(tmp_path / "clients.pem")
    text = (
        f"{TLS}  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: clients.pem\n"
        "  client_allowed_sans: [prometheus.lan, '2001:db8::1', me@example.org, 192.0.2.1]\n"
    )
    accepted = ("prometheus.lan", "2001:db8::1", "me@example.org", "192.0.2.1")
    with serve(gateway, tmp_path, text) as served:
        for name in (*accepted, "other.lan", "2001:db8::2", "sub.prometheus.lan"):
            context = trusting(tmp_path, clients.issue_cert(name))
            context.minimum_version = context.maximum_version = version
            expected = 200 if name in accepted else None
            assert [status(served, context) for _ in range(2)] == [expected] * 2, name
        assert status(served, trusting(tmp_path)) is None, "without a certificate"


def test_max_version_rejects_newer_clients(gateway: Simulator, tmp_path: Path) -> None:
    write_certificate(tmp_path)
    with serve(gateway, tmp_path, f"{TLS}  max_version: TLS12\n") as served:
        context = trusting(tmp_path)
        assert status(served, context) == 200
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        assert status(served, context) is None


def test_rate_limit_more_requests_get_429(gateway: Simulator, tmp_path: Path) -> None:
    with serve(gateway, tmp_path, "rate_limit: {interval: 1h, burst: 2}") as served:
        assert [served.get("/-/healthy").status_code for _ in range(4)] == [200, 200, 429, 429]
        (tmp_path / "web.yml").write_text("rate_limit: {interval: 0, burst: 2}")
        assert [served.get("/-/healthy").status_code for _ in range(4)] == [200] * 4


def test_rate_limit_counts_requests_without_a_password(gateway: Simulator, tmp_path: Path) -> None:
    """It limits guesses, as in the exporter-toolkit."""
    users = f"basic_auth_users:\n  alice: {bcrypt.hashpw(b'secret', bcrypt.gensalt(4)).decode()}\n"
    with serve(gateway, tmp_path, f"{users}rate_limit: {{interval: 1h, burst: 1}}\n") as served:
        assert [served.get("/metrics").status_code for _ in range(2)] == [401, 429]
