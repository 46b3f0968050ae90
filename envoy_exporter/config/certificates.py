"""Checks the certificates and keys of the web config file."""

import ssl
from pathlib import Path

from envoy_exporter.pem import Pem, opened

_TOO_WEAK = ("TOO_SMALL", "TOO_WEAK")


def unusable(cert: Pem | None, key: Pem | None, client_ca: Pem | None) -> dict[str, str]:
    """The errors by `cert`, `key` and `client_ca`: what cannot be read, is not PEM, or does not match the other."""
    found = {"cert": _not_certificates(cert), "key": _not_private_key(key), "client_ca": _not_certificates(client_ca)}
    if cert and key and not found["cert"] and not found["key"]:
        found |= _not_a_pair(cert, key)
    return {name: message for name, message in found.items() if message}


def _not_certificates(pem: Pem | None) -> str | None:
    """The error if it contains no certificate."""
    if pem is None:
        return None
    try:
        with opened(pem) as file:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_verify_locations(file)
    except ssl.SSLError:
        return "contains no certificate; use a certificate in PEM"
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    return None


def _not_private_key(pem: Pem | None) -> str | None:
    if pem is None:
        return None
    try:
        with opened(pem) as file:
            content = file.read_bytes()
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    return None if b"PRIVATE KEY-----" in content else "contains no private key; use a private key in PEM"


def _not_a_pair(cert: Pem, key: Pem) -> dict[str, str]:
    try:
        with opened(cert) as cert_file, opened(key) as key_file:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert_file, key_file, password="")
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            place = cert if isinstance(cert, Path) else "cert"
            return {"key": f"does not match the certificate in {place}"}
        if (error.reason or "").endswith(_TOO_WEAK):
            return {"cert": f"is too weak for TLS ({error.reason}); issue one with a longer key or a newer hash"}
        return {"key": "is invalid, or encrypted with a password, which is unsupported"}
    except OSError as error:
        return {"key": f"cannot be read: {error.strerror}"}
    return {}
