"""Certificates of the exporter's port that certbot, Kubernetes, cert-manager or scp replace while it runs."""

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
import trustme
from support.certificates import write_certificate
from support.served_exporter import Served, write_config

from envoy_simulator import Simulator

pytestmark = pytest.mark.integration

HEALTHY = "/-/healthy"


@pytest.fixture(scope="module")
def gateway() -> Iterator[Simulator]:
    with Simulator("8.3") as gateway:
        yield gateway


def serve(gateway: Simulator, folder: Path, certificate: str, key: str, more: str = "") -> Served:
    web = folder / "web.yml"
    web.write_text(f"tls_server_config:\n  cert_file: {certificate}\n  key_file: {key}\n{more}")
    return Served(write_config(gateway, folder=folder), web_config=web)


def trusts(served: Served, folder: Path, client: trustme.LeafCert | None = None) -> bool:
    """Whether a new client that verifies the authority of this folder gets a response."""
    context = ssl.create_default_context(cafile=str(folder / "authority.pem"))
    if client is not None:
        client.configure_cert(context)
    try:
        return httpx.get(f"{served.url}{HEALTHY}", verify=context, trust_env=False, timeout=30).status_code == 200
    except (httpx.ConnectError, httpx.ReadError, httpx.RemoteProtocolError):
        return False


def issued(folder: Path, name: str, until: datetime | None = None) -> Path:
    """A folder with cert.pem and key.pem of a new authority, which is authority.pem."""
    created = folder / name
    created.mkdir()
    write_certificate(created, name, until)
    return created


def link(path: Path, target: Path) -> None:
    """Point a symbolic link elsewhere in one step, as certbot and the kubelet do."""
    new = path.with_name(f"{path.name}.new")
    new.symlink_to(target)
    new.replace(path)


CERTBOT = ("cert.pem", "key.pem")


@pytest.mark.parametrize("order", [CERTBOT, CERTBOT[::-1]], ids=["certificate first", "key first"])
def test_certbot_links_replaced_one_by_one_serve_on(
    order: tuple[str, str], gateway: Simulator, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Between the two, certificate and key do not match: the old pair stays in force."""
    old, new = issued(tmp_path, "archive1"), issued(tmp_path, "archive2")
    live = tmp_path / "live"
    live.mkdir()
    for name in CERTBOT:
        link(live / name, old / name)
    with serve(gateway, tmp_path, "live/cert.pem", "live/key.pem") as served:
        assert trusts(served, old)
        link(live / order[0], new / order[0])
        assert [trusts(served, old) for _ in range(2)] == [True, True]
        assert served.get(HEALTHY).status_code == 200
        link(live / order[1], new / order[1])
        assert trusts(served, new)
        assert not trusts(served, old)
    assert sum("web config file" in record.getMessage() for record in caplog.records) == 1


def test_kubernetes_secret_symlink_swap_takes_effect(gateway: Simulator, tmp_path: Path) -> None:
    """The files are links into `..data`, itself a link, which the kubelet swaps once for all of them."""
    old, new = issued(tmp_path, "..1"), issued(tmp_path, "..2")
    link(tmp_path / "..data", old)
    for name in CERTBOT:
        link(tmp_path / name, Path("..data") / name)
    with serve(gateway, tmp_path, "cert.pem", "key.pem") as served:
        assert trusts(served, old)
        link(tmp_path / "..data", new)
        assert trusts(served, new)
        assert not trusts(served, old)


def test_cert_manager_renewed_client_ca_replaces_old_one(gateway: Simulator, tmp_path: Path) -> None:
    """Its secret has ca.crt beside tls.crt and tls.key; clients of the removed CA are rejected."""
    authorities = {"..1": trustme.CA(), "..2": trustme.CA()}
    clients = {name: authority.issue_cert("prometheus.lan") for name, authority in authorities.items()}
    for name, authority in authorities.items():
        authority.cert_pem.write_to_path(issued(tmp_path, name) / "ca.crt")
    link(tmp_path / "..data", tmp_path / "..1")
    for name in (*CERTBOT, "ca.crt"):
        link(tmp_path / name, Path("..data") / name)
    more = "  client_ca_file: ca.crt\n  client_auth_type: RequireAndVerifyClientCert\n"
    with serve(gateway, tmp_path, "cert.pem", "key.pem", more) as served:
        assert trusts(served, tmp_path / "..1", clients["..1"])
        assert not trusts(served, tmp_path / "..1", clients["..2"])
        assert not trusts(served, tmp_path / "..1"), "without a certificate"
        link(tmp_path / "..data", tmp_path / "..2")
        assert trusts(served, tmp_path / "..2", clients["..2"])
        assert not trusts(served, tmp_path / "..2", clients["..1"])
        assert not trusts(served, tmp_path / "..2"), "without a certificate"


def test_files_rewritten_in_place_and_in_halves_serve_on(gateway: Simulator, tmp_path: Path) -> None:
    """As scp and acme.sh do: each is truncated, then written."""
    old, new = issued(tmp_path, "old"), issued(tmp_path, "new")
    for name in CERTBOT:
        (tmp_path / name).write_bytes((old / name).read_bytes())
    with serve(gateway, tmp_path, "cert.pem", "key.pem") as served:
        for name in CERTBOT:
            whole = (new / name).read_bytes()
            for part in (b"", whole[: len(whole) // 2], whole):
                assert trusts(served, old)
                (tmp_path / name).write_bytes(part)
        assert trusts(served, new)


def test_expired_certificate_is_replaced_for_verifying_clients(gateway: Simulator, tmp_path: Path) -> None:
    """No handshake succeeds before, so the exporter must check its files without a request."""
    expired, new = issued(tmp_path, "expired", datetime(2020, 1, 1, tzinfo=UTC)), issued(tmp_path, "new")
    for name in CERTBOT:
        (tmp_path / name).write_bytes((expired / name).read_bytes())
    with serve(gateway, tmp_path, "cert.pem", "key.pem") as served:
        assert not trusts(served, expired)
        for name in CERTBOT:
            (tmp_path / name).write_bytes((new / name).read_bytes())
        assert trusts(served, new)
