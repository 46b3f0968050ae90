"""The web config file, the same as for other Prometheus exporters: TLS, users and headers of the exporter's port."""

import pathlib
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from .convert import Problem, config_error, read, structure
from .model import BcryptHash, ClientAuth, HeaderName, HeaderText, TlsVersion

_NO_CLIENT_CERT = ClientAuth("NoClientCert")
_TLS_1_2 = TlsVersion("TLS12")


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsServer:
    """`client_auth_type` is spelled as in Go. `web_from_file` makes the paths absolute."""

    cert_file: pathlib.Path
    key_file: pathlib.Path
    client_auth_type: ClientAuth = _NO_CLIENT_CERT
    client_ca_file: pathlib.Path | None = None
    min_version: TlsVersion = _TLS_1_2


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpServer:
    """`http2` is accepted, because files for other exporters have it, but HTTP/2 is not supported."""

    http2: bool = False
    headers: Mapping[HeaderName, HeaderText] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class WebConfig:
    tls_server_config: TlsServer | None = None
    http_server_config: HttpServer = field(default_factory=HttpServer)
    basic_auth_users: Mapping[str, BcryptHash] = field(default_factory=lambda: MappingProxyType({}))


def web_from_file(path: pathlib.Path) -> WebConfig:
    """The web config. Relative paths in it start at its own directory. Raises ConfigError."""
    text = read(path)
    config, problems = structure(text.raw, WebConfig) if text.is_yaml else (None, [])
    if config is not None and config.tls_server_config is not None:
        problems += _client_certificates(config.tls_server_config)
    if config is None or problems or text.problems:
        raise config_error(str(path), text, [*text.problems, *problems])
    tls = config.tls_server_config
    if tls is None:
        return config
    beside = path.parent
    client_ca = beside / tls.client_ca_file if tls.client_ca_file else None
    tls = replace(tls, cert_file=beside / tls.cert_file, key_file=beside / tls.key_file, client_ca_file=client_ca)
    return replace(config, tls_server_config=tls)


def check_web_files(path: pathlib.Path, config: WebConfig) -> None:
    """Raises ConfigError if a file that the web config file names cannot be used."""
    problems = list(_unusable_files(config.tls_server_config)) if config.tls_server_config else []
    if problems:
        raise config_error(str(path), read(path), problems)


def _client_certificates(tls: TlsServer) -> Iterator[Problem]:
    """A CA for client certificates that are not requested, and client certificates that no CA can verify."""
    section, client_auth = "tls_server_config", tls.client_auth_type
    if tls.client_ca_file is not None and client_auth == _NO_CLIENT_CERT:
        words = f"has no effect with client_auth_type {_NO_CLIENT_CERT} (the default), which accepts every client"
        yield (section, "client_ca_file"), f"{words}; set client_auth_type: RequireAndVerifyClientCert"
    if tls.client_ca_file is None and client_auth != _NO_CLIENT_CERT:
        words = f"{client_auth} needs client_ca_file: without a CA no client certificate can be verified"
        yield (section, "client_auth_type"), f"{words}; add client_ca_file, or remove client_auth_type"


def _unusable_files(tls: TlsServer) -> Iterator[Problem]:
    """Files that cannot be read, lack a certificate or private key, or do not match each other."""
    certificate = _not_certificates(tls.cert_file)
    client_ca = tls.client_ca_file and _not_certificates(tls.client_ca_file)
    key = _not_private_key(tls.key_file)
    if not certificate and not key:
        key = _not_key_of(tls.cert_file, tls.key_file)
    errors = {"cert_file": certificate, "key_file": key, "client_ca_file": client_ca}
    for name, words in errors.items():
        if words:
            yield ("tls_server_config", name), f"{getattr(tls, name)} {words}"


def _not_certificates(file: pathlib.Path) -> str | None:
    """The error if the file contains no certificate."""
    try:
        file.open("rb").close()  # the library's own error does not name the cause
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_verify_locations(file)
    except ssl.SSLError:
        return "contains no certificate; use a PEM file"
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    return None


def _not_private_key(file: pathlib.Path) -> str | None:
    try:
        content = file.read_bytes()
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    return None if b"PRIVATE KEY-----" in content else "contains no private key; use a PEM file"


def _not_key_of(certificate: pathlib.Path, key: pathlib.Path) -> str | None:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password="")
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            return f"does not match the certificate in {certificate}"
        return "is invalid, or encrypted with a password, which is unsupported"
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    return None
