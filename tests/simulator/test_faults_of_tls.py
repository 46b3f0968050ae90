"""Faults of TLS, as a client sees them on the wire."""

import socket
import ssl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from simulator.bench import StandingClock
from simulator.wire import ANYTHING, ask, dial, hear, request

from envoy_simulator import Simulator

pytestmark = pytest.mark.integration


def secured() -> Simulator:
    return Simulator("8.3", tls=True, clock=StandingClock())


def certificate(gateway: Simulator) -> bytes:
    with dial(gateway) as connection:
        assert isinstance(connection, ssl.SSLSocket)
        return connection.getpeercert(binary_form=True) or b""


def verified_by_itself(gateway: Simulator) -> str:
    """What a client says that trusts just the certificate it is shown."""
    context = ssl.create_default_context(cadata=ssl.DER_cert_to_PEM_cert(certificate(gateway)))
    host, _, port = gateway.address.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), timeout=5) as bare:
            context.wrap_socket(bare, server_hostname="envoy.local").close()
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
def test_another_certificate_and_what_is_wrong_with_it(kind: str, verdict: str) -> None:
    with secured() as gateway:
        before = certificate(gateway)
        with gateway.faults.during("certificate", kind=kind):
            during = certificate(gateway)
            assert during == certificate(gateway) != before
            assert verified_by_itself(gateway) == verdict
            assert ask(gateway).status == 200
        assert certificate(gateway) == before


def test_the_certificate_of_another_gateway_has_another_serial() -> None:
    with secured() as gateway:
        names = []
        for kind in ("self-signed", "another-gateway"):
            with gateway.faults.during("certificate", kind=kind):
                (name,) = x509.load_der_x509_certificate(certificate(gateway)).subject
                names.append(name.value)
        assert names == [f"envoy-{gateway.serial}", "envoy-122299999999"]


def test_a_weak_key_has_1024_bits() -> None:
    with secured() as gateway, gateway.faults.during("weak-key"):
        lenient = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        lenient.check_hostname, lenient.verify_mode = False, ssl.CERT_NONE
        lenient.set_ciphers("ALL:@SECLEVEL=0")
        with socket.create_connection(address(gateway), timeout=5) as bare, lenient.wrap_socket(bare) as connection:
            key = x509.load_der_x509_certificate(connection.getpeercert(binary_form=True) or b"").public_key()
            assert isinstance(key, rsa.RSAPublicKey)
            assert key.key_size == 1024


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.parametrize(("version", "spoken"), [("1.0", "TLSv1"), ("1.1", "TLSv1.1")])
def test_old_tls_is_refused_by_a_client_of_today_and_spoken_with_an_old_one(version: str, spoken: str) -> None:
    with secured() as gateway, gateway.faults.during("old-tls", version=version):
        with pytest.raises(ssl.SSLError):
            dial(gateway)
        old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
        old.minimum_version = ssl.TLSVersion.TLSv1
        old.set_ciphers("ALL:@SECLEVEL=0")
        with socket.create_connection(address(gateway), timeout=5) as bare, old.wrap_socket(bare) as connection:
            assert connection.version() == spoken


def test_one_weak_cipher_and_nothing_else() -> None:
    with secured() as gateway, gateway.faults.during("weak-cipher"):
        with pytest.raises(ssl.SSLError):
            dial(gateway)
        lenient = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        lenient.check_hostname, lenient.verify_mode = False, ssl.CERT_NONE
        lenient.set_ciphers("ALL:@SECLEVEL=0")
        with socket.create_connection(address(gateway), timeout=5) as bare, lenient.wrap_socket(bare) as connection:
            assert (connection.cipher() or ())[:2] == ("AES128-SHA", "SSLv3")


def test_a_handshake_is_never_answered() -> None:
    hello = client_hello()
    with secured() as gateway, gateway.faults.during("silent-handshake"):
        connection = socket.create_connection(address(gateway), timeout=5)
        connection.sendall(hello)
        heard = hear(connection)
        connection.close()
        assert (heard.data, heard.end) == (b"", "open")
        assert gateway.received_bytes == hello


def test_a_handshake_drips() -> None:
    with secured() as gateway, gateway.faults.during("drip-handshake", pause=0.02):
        with socket.create_connection(address(gateway), timeout=0.3) as bare, pytest.raises(TimeoutError):
            ANYTHING.wrap_socket(bare, do_handshake_on_connect=True)
        with socket.create_connection(address(gateway), timeout=5) as connection:
            connection.sendall(client_hello())
            pieces = [connection.recv(65536) for _ in range(5)]
            assert all(len(piece) < 4 for piece in pieces)
            assert b"".join(pieces).startswith(b"\x16\x03\x03\x40\x00"[: len(b"".join(pieces))])


def client_hello() -> bytes:
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = ANYTHING.wrap_bio(incoming, outgoing)
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    return outgoing.read()


def test_plain_http_where_tls_should_be() -> None:
    with secured() as gateway, gateway.faults.during("plain"):
        with pytest.raises(ssl.SSLError, match=r"WRONG_VERSION_NUMBER|RECORD_LAYER_FAILURE"):
            dial(gateway)
        with socket.create_connection(address(gateway), timeout=5) as connection:
            connection.sendall(request(gateway))
            heard = hear(connection)
            assert heard.status == 400
            assert heard.body == b"<h1>400 Bad Request</h1>"
            assert f"Content-Length: {len(heard.body)}".encode() in heard.head


def test_a_gateway_in_good_health_bids_farewell() -> None:
    with secured() as gateway:
        heard = ask(gateway)
        assert (heard.status, heard.end) == (200, "close")


@pytest.mark.parametrize(("kind", "end"), [("no-farewell", "UNEXPECTED_EOF_WHILE_READING"), ("alert", "alert")])
def test_tls_ends_in_the_middle_of_a_body(kind: str, end: str) -> None:
    with secured() as gateway:
        whole = ask(gateway, "/ivp/meters")
        with gateway.faults.during("broken-tls", kind=kind):
            heard = ask(gateway, "/ivp/meters")
        assert whole.data.startswith(heard.data)
        assert 0 < len(heard.body) < len(whole.body)
        if kind == "alert":
            assert heard.end not in ("close", "open", "reset", "UNEXPECTED_EOF_WHILE_READING")
        else:
            assert heard.end == end


def address(gateway: Simulator) -> tuple[str, int]:
    host, _, port = gateway.address.rpartition(":")
    return host, int(port)
