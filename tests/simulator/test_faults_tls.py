"""Faults of TLS, as a client receives them."""

import socket
import ssl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from simulator.helpers import SettableClock
from simulator.raw_client import UNVERIFIED, dial, fetch, receive, request

from envoy_simulator import Simulator

pytestmark = pytest.mark.integration


def tls_gateway() -> Simulator:
    return Simulator("8.3", tls=True, clock=SettableClock())


def certificate(gateway: Simulator) -> bytes:
    with dial(gateway) as connection:
        assert isinstance(connection, ssl.SSLSocket)
        return connection.getpeercert(binary_form=True) or b""


def verified_by_itself(gateway: Simulator) -> str:
    """The verdict of a client that trusts only the certificate that the gateway sends."""
    context = ssl.create_default_context(cadata=ssl.DER_cert_to_PEM_cert(certificate(gateway)))
    host, _, port = gateway.address.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), timeout=5) as raw_socket:
            context.wrap_socket(raw_socket, server_hostname="envoy.local").close()
    except ssl.SSLCertVerificationError as error:
        return error.verify_message
    return "fine"


@pytest.mark.parametrize(
    ("kind", "verdict"),
    [
        ("self-signed", "fine"),
        ("expired", "certificate has expired"),
        ("not-yet-valid", "certificate is not yet valid"),
    ],
)
def test_certificate_is_new_and_has_the_defect(kind: str, verdict: str) -> None:
    with tls_gateway() as gateway:
        before = certificate(gateway)
        with gateway.faults.during("certificate", kind=kind):
            during = certificate(gateway)
            assert during == certificate(gateway) != before
            assert verified_by_itself(gateway) == verdict
            assert fetch(gateway).status == 200
        assert certificate(gateway) == before


def test_certificate_of_another_gateway_has_its_serial() -> None:
    with tls_gateway() as gateway:
        names = []
        for kind in ("self-signed", "another-gateway"):
            with gateway.faults.during("certificate", kind=kind):
                (name,) = x509.load_der_x509_certificate(certificate(gateway)).subject
                names.append(name.value)
        assert names == [f"envoy-{gateway.serial}", "envoy-122299999999"]


def test_weak_key_has_1024_bits() -> None:
    with tls_gateway() as gateway, gateway.faults.during("weak-key"):
        lenient = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        lenient.check_hostname, lenient.verify_mode = False, ssl.CERT_NONE
        lenient.set_ciphers("ALL:@SECLEVEL=0")
        with (
            socket.create_connection(address(gateway), timeout=5) as raw_socket,
            lenient.wrap_socket(raw_socket) as connection,
        ):
            key = x509.load_der_x509_certificate(connection.getpeercert(binary_form=True) or b"").public_key()
            assert isinstance(key, rsa.RSAPublicKey)
            assert key.key_size == 1024


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.parametrize(("version", "negotiated"), [("1.0", "TLSv1"), ("1.1", "TLSv1.1")])
def test_old_tls_is_accepted_by_an_old_client_only(version: str, negotiated: str) -> None:
    with tls_gateway() as gateway, gateway.faults.during("old-tls", version=version):
        with pytest.raises(ssl.SSLError):
            dial(gateway)
        old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
        old.minimum_version = ssl.TLSVersion.TLSv1
        old.set_ciphers("ALL:@SECLEVEL=0")
        with (
            socket.create_connection(address(gateway), timeout=5) as raw_socket,
            old.wrap_socket(raw_socket) as connection,
        ):
            assert connection.version() == negotiated


def test_weak_cipher_is_the_only_cipher() -> None:
    with tls_gateway() as gateway, gateway.faults.during("weak-cipher"):
        with pytest.raises(ssl.SSLError):
            dial(gateway)
        lenient = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        lenient.check_hostname, lenient.verify_mode = False, ssl.CERT_NONE
        lenient.set_ciphers("ALL:@SECLEVEL=0")
        with (
            socket.create_connection(address(gateway), timeout=5) as raw_socket,
            lenient.wrap_socket(raw_socket) as connection,
        ):
            assert (connection.cipher() or ())[:2] == ("AES128-SHA", "SSLv3")


def test_silent_handshake_never_responds() -> None:
    hello = client_hello()
    with tls_gateway() as gateway, gateway.faults.during("silent-handshake"):
        connection = socket.create_connection(address(gateway), timeout=5)
        connection.sendall(hello)
        received = receive(connection)
        connection.close()
        assert (received.data, received.end) == (b"", "open")
        assert gateway.received_bytes == hello


def test_drip_handshake_sends_byte_by_byte() -> None:
    with tls_gateway() as gateway, gateway.faults.during("drip-handshake", pause=0.02):
        with socket.create_connection(address(gateway), timeout=0.3) as raw_socket, pytest.raises(TimeoutError):
            UNVERIFIED.wrap_socket(raw_socket, do_handshake_on_connect=True)
        with socket.create_connection(address(gateway), timeout=5) as connection:
            connection.sendall(client_hello())
            pieces = [connection.recv(65536) for _ in range(5)]
            assert all(len(piece) < 4 for piece in pieces)
            assert b"".join(pieces).startswith(b"\x16\x03\x03\x40\x00"[: len(b"".join(pieces))])


def client_hello() -> bytes:
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = UNVERIFIED.wrap_bio(incoming, outgoing)
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    return outgoing.read()


def test_plain_serves_http_instead_of_tls() -> None:
    with tls_gateway() as gateway, gateway.faults.during("plain"):
        with pytest.raises(ssl.SSLError, match=r"WRONG_VERSION_NUMBER|RECORD_LAYER_FAILURE"):
            dial(gateway)
        with socket.create_connection(address(gateway), timeout=5) as connection:
            connection.sendall(request(gateway))
            received = receive(connection)
            assert received.status == 400
            assert received.body == b"<h1>400 Bad Request</h1>"
            assert f"Content-Length: {len(received.body)}".encode() in received.head


def test_tls_without_faults_ends_with_close_notify() -> None:
    with tls_gateway() as gateway:
        received = fetch(gateway)
        assert (received.status, received.end) == (200, "close")


@pytest.mark.parametrize(("kind", "end"), [("no-farewell", "UNEXPECTED_EOF_WHILE_READING"), ("alert", "alert")])
def test_broken_tls_ends_in_the_middle_of_a_body(kind: str, end: str) -> None:
    with tls_gateway() as gateway:
        whole = fetch(gateway, "/ivp/meters")
        with gateway.faults.during("broken-tls", kind=kind):
            received = fetch(gateway, "/ivp/meters")
        assert whole.data.startswith(received.data)
        assert 0 < len(received.body) < len(whole.body)
        if kind == "alert":
            assert received.end not in ("close", "open", "reset", "UNEXPECTED_EOF_WHILE_READING")
        else:
            assert received.end == end


def address(gateway: Simulator) -> tuple[str, int]:
    host, _, port = gateway.address.rpartition(":")
    return host, int(port)
