"""Certificates for the simulated gateway. Only this module needs more than the standard library.

It needs trustme, and cryptography, on which trustme depends.
"""

import ssl
from datetime import UTC, datetime
from importlib.util import find_spec
from ipaddress import ip_address
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal, TypeAlias

Key: TypeAlias = Literal["elliptic", "rsa", "weak"]


class CertificateError(RuntimeError):
    """TLS is required and trustme is not installed."""


def can_certify() -> bool:
    return find_spec("trustme") is not None


def server_context(serial: str, host: str) -> tuple[ssl.SSLContext, bytes]:
    """A TLS context for a server, and the CA certificate (PEM) that signed its own; both new at every call."""
    if not can_certify():
        raise CertificateError("TLS needs trustme: pip install '.[simulator]'")
    import trustme  # noqa: PLC0415  # an extra, imported only for TLS

    authority = trustme.CA(organization_name="simulated gateway")
    certificate = authority.issue_cert(host, "localhost", "envoy.local", common_name=f"envoy-{serial}")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context, authority.cert_pem.bytes()


def self_signed(
    serial: str, host: str, *, years: tuple[int, int] = (2020, 2060), key: Key = "elliptic"
) -> ssl.SSLContext:
    """A TLS context with a self-signed certificate, valid from the first of these years until the second begins.

    It allows all ciphers and keys, however weak; the caller can restrict them.
    """
    from cryptography import x509  # noqa: PLC0415  # as above
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec, rsa  # noqa: PLC0415

    secret = (
        ec.generate_private_key(ec.SECP256R1())
        if key == "elliptic"
        else rsa.generate_private_key(65537, 1024 if key == "weak" else 2048)
    )
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, f"envoy-{serial}")])
    names = [x509.DNSName("localhost"), x509.DNSName("envoy.local"), x509.IPAddress(ip_address(host))]
    since, until = (datetime(year, 1, 1, tzinfo=UTC) for year in years)
    certificate = (
        x509.CertificateBuilder(name, name, secret.public_key(), x509.random_serial_number(), since, until)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(secret, hashes.SHA256())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("ALL:@SECLEVEL=0")
    pem = serialization.Encoding.PEM
    with TemporaryDirectory() as folder:
        file = Path(folder) / "gateway.pem"
        file.write_bytes(
            secret.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
            + certificate.public_bytes(pem)
        )
        context.load_cert_chain(file)
    return context
