"""The web config file, the same as for other Prometheus exporters: TLS, users and headers of the exporter's port."""

import pathlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from envoy_exporter.pem import Pem
from envoy_exporter.secret import Secret

from .certificates import unusable
from .convert import Problem, config_error, read, structure
from .model import (
    BcryptHash,
    Burst,
    CipherSuites,
    ClientAuth,
    Curves,
    HeaderName,
    HeaderText,
    RateInterval,
    TlsVersion,
)

_NO_CLIENT_CERT = ClientAuth("NoClientCert")
_REQUIRED = ClientAuth("RequireAndVerifyClientCert")
_TLS_1_2 = TlsVersion("TLS12")
_TLS_1_3 = TlsVersion("TLS13")
_NO_INTERVAL, _NO_BURST = RateInterval(0.0), Burst(0)
_SECTION = "tls_server_config"


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsServer:
    """`client_auth_type` is spelled as in Go. `web_from_file` makes the paths absolute.

    `prefer_server_cipher_suites` has no effect, as in Go. `cipher_suites` and `curve_preferences` are always rejected.
    """

    cert_file: pathlib.Path | None = None
    key_file: pathlib.Path | None = None
    cert: Secret | None = None
    key: Secret | None = None
    client_auth_type: ClientAuth = _NO_CLIENT_CERT
    client_ca_file: pathlib.Path | None = None
    client_ca: Secret | None = None
    client_allowed_sans: tuple[str, ...] = ()
    min_version: TlsVersion = _TLS_1_2
    max_version: TlsVersion = _TLS_1_3
    cipher_suites: CipherSuites | None = None
    curve_preferences: Curves | None = None
    prefer_server_cipher_suites: bool = True

    def pem(self, name: str) -> Pem | None:
        """The file or the text of `cert`, `key` or `client_ca`."""
        pem: Pem | None = getattr(self, f"{name}_file") or getattr(self, name)
        return pem


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpServer:
    """`http2` is accepted, because files for other exporters have it, but HTTP/2 is not supported."""

    http2: bool = False
    headers: Mapping[HeaderName, HeaderText] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimit:
    """One request each `interval` seconds on average, and up to `burst` at once. An interval of 0 means no limit."""

    interval: RateInterval = _NO_INTERVAL
    burst: Burst = _NO_BURST


@dataclass(frozen=True, slots=True, kw_only=True)
class WebConfig:
    tls_server_config: TlsServer | None = None
    http_server_config: HttpServer = field(default_factory=HttpServer)
    basic_auth_users: Mapping[str, BcryptHash] = field(default_factory=lambda: MappingProxyType({}))
    rate_limit: RateLimit = field(default_factory=RateLimit)


def web_from_file(path: pathlib.Path) -> WebConfig:
    """The web config. Relative paths in it start at its own directory. Raises ConfigError."""
    text = read(path)
    config, problems = structure(text.raw, WebConfig) if text.is_yaml else (None, [])
    if config is not None:
        problems += _contradictions(config)
    if config is None or problems or text.problems:
        raise config_error(str(path), text, [*text.problems, *problems])
    tls = config.tls_server_config
    if tls is None:
        return config
    cert, key, client_ca = (
        path.parent / file if file else None for file in (tls.cert_file, tls.key_file, tls.client_ca_file)
    )
    return replace(config, tls_server_config=replace(tls, cert_file=cert, key_file=key, client_ca_file=client_ca))


def check_web_files(path: pathlib.Path, config: WebConfig) -> None:
    """Raises ConfigError if a certificate or key of the web config file cannot be used."""
    tls = config.tls_server_config
    if tls is None:
        return
    problems: list[Problem] = []
    for name, message in unusable(tls.pem("cert"), tls.pem("key"), tls.pem("client_ca")).items():
        file = getattr(tls, f"{name}_file")
        problems.append(((_SECTION, f"{name}_file"), f"{file} {message}") if file else ((_SECTION, name), message))
    if problems:
        raise config_error(str(path), read(path), problems)


def _contradictions(config: WebConfig) -> Iterator[Problem]:
    if config.rate_limit.interval and not config.rate_limit.burst:
        yield ("rate_limit", "burst"), "must be at least 1, or the exporter rejects every request"
    tls = config.tls_server_config
    if tls is None:
        return
    for name in ("cert", "key", "client_ca"):
        if getattr(tls, name) is not None and getattr(tls, f"{name}_file") is not None:
            yield (_SECTION, f"{name}_file"), f"conflicts with {name}; set only one of the two"
        elif name != "client_ca" and tls.pem(name) is None:
            yield (_SECTION, f"{name}_file"), f"required key is missing (or {name}, with the PEM text)"
    if (tls.min_version, tls.max_version) == (_TLS_1_3, _TLS_1_2):
        yield (_SECTION, "max_version"), "must not be lower than min_version"
    yield from _client_certificates(tls)


def _client_certificates(tls: TlsServer) -> Iterator[Problem]:
    """A CA for client certificates that are not requested, and client certificates that no CA can verify."""
    client_auth, client_ca = tls.client_auth_type, tls.pem("client_ca")
    if client_ca is not None and client_auth == _NO_CLIENT_CERT:
        message = f"has no effect with client_auth_type {_NO_CLIENT_CERT} (the default), which accepts every client"
        key = "client_ca_file" if tls.client_ca_file else "client_ca"
        yield (_SECTION, key), f"{message}; set client_auth_type: {_REQUIRED}"
    if client_ca is None and client_auth != _NO_CLIENT_CERT:
        message = f"{client_auth} needs client_ca_file: without a CA no client certificate can be verified"
        yield (_SECTION, "client_auth_type"), f"{message}; add client_ca_file, or remove client_auth_type"
    if tls.client_allowed_sans and client_auth != _REQUIRED:
        message = f"has no effect with client_auth_type {client_auth}, which accepts clients without a certificate"
        yield (_SECTION, "client_allowed_sans"), f"{message}; set client_auth_type: {_REQUIRED}"
