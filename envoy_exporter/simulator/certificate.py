"""A certificate for the simulated gateway. The one module that needs more than the standard library: trustme."""

import ssl
from importlib.util import find_spec


class CertificateError(RuntimeError):
    """TLS is wanted, and trustme is not there."""


def can_certify() -> bool:
    return find_spec("trustme") is not None


def server_context(serial: str, host: str) -> tuple[ssl.SSLContext, bytes]:
    """TLS for a server, and the authority (PEM) that vouches for its certificate; both new each time."""
    if not can_certify():
        raise CertificateError("TLS needs trustme: install envoy-exporter[simulator], or ask for plain HTTP")
    import trustme  # noqa: PLC0415  # an extra, loaded only where TLS is wanted

    authority = trustme.CA(organization_name="simulated gateway")
    certificate = authority.issue_cert(host, "localhost", "envoy.local", common_name=f"envoy-{serial}")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context, authority.cert_pem.bytes()
