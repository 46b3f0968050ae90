"""Reads single values. Each function raises ValueError, with what is invalid and what is expected."""

import re
import ssl
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from envoy_exporter import token_text
from envoy_exporter.secret import (
    SHOWN,
    Secret,
    from_environment,
    from_file,
    has_token,
    has_user,
    printable_path,
    with_environment,
)

from .model import CaFile
from .yaml_source import Raw, invalid

_MIN_INTERVAL = 5.0
_MIN_TIMEOUT, _MAX_TIMEOUT = 1.0, 3600.0
_MAX_DURATION = 366 * 86400.0
_HEADERS = (
    "Strict-Transport-Security",
    "X-Content-Type-Options",
    "X-Frame-Options",
    "X-XSS-Protection",
    "Content-Security-Policy",
)
"""Those that the web config file of Prometheus allows; another header could break a response."""
_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+")
_FINGERPRINT_BYTES = 32
_MAX_LABEL_LENGTH = 64
_MIN_PEAK, _MAX_PEAK = 10.0, 2000.0
"""Watts of one module. A value in kilowatts, or for the whole array, is outside of this range."""


def text(raw: Raw) -> str:
    """One line without a secret: values of other keys than the secret ones appear on `/config` and in errors."""
    written = _one_value(raw).strip()
    if not written:
        raise ValueError("is empty")
    if not written.isprintable():
        raise ValueError("contains a line break or another invisible character; use one line of visible characters")
    if has_token(written):
        raise ValueError("contains a token; set it with the key token instead")
    if has_user(written):
        raise ValueError("contains a URL with a user name; remove the part before the @, and use the keys for accounts")
    return written


def _one_value(raw: Raw) -> str:
    if isinstance(raw, str):
        return raw
    raise ValueError("must be a single value, not a list or a mapping; quote a value that contains brackets or braces")


def boolean(raw: Raw) -> bool:
    try:
        return {"true": True, "false": False}[text(raw).lower()]
    except KeyError:
        raise ValueError(f"{invalid('value', raw)}; use true or false") from None


def number(raw: Raw) -> float:
    written = text(raw)
    if not re.fullmatch(r"-?\d+(?:\.\d+)?", written):
        raise ValueError(f"{invalid('number', raw)}; use digits without a unit, such as 370 or 22.5")
    return float(written)


def duration(raw: Raw) -> float:
    written = text(raw)
    if re.fullmatch(r"\d+(?:\.\d+)?", written):
        raise ValueError(f"missing unit: use {written}s, 2m or 1h")
    if not _DURATION.fullmatch(written):
        raise ValueError(f"{invalid('duration', written)}; use 15s, 2m or 1h30m")
    seconds = sum(float(number) * _UNITS[unit] for number, unit in re.findall(r"([\d.]+)(ms|s|m|h|d)", written))
    if not 0 < seconds <= _MAX_DURATION:
        raise ValueError("duration is out of range; use more than 0s and at most 366d")
    return seconds


def interval(raw: Raw) -> float:
    seconds = duration(raw)
    if seconds < _MIN_INTERVAL:
        raise ValueError(f"{raw} is too short; the minimum is {_MIN_INTERVAL:g}s")
    return seconds


def timeout(raw: Raw) -> float:
    seconds = duration(raw)
    if not _MIN_TIMEOUT <= seconds <= _MAX_TIMEOUT:
        raise ValueError(f"{raw} is out of range; use 1s to 1h (the default is 9.5s)")
    return seconds


def secret(raw: Raw) -> Secret:
    """The unchanged text, spaces included, or the value of the variable in `${NAME}`. An empty password is valid."""
    written = _one_value(raw)
    if written and not written.strip():
        raise ValueError("is empty")
    value = _with_variables(from_environment, written)
    if value != value.encode("utf-8", "ignore").decode():
        raise ValueError("invalid text; it must be UTF-8")
    return Secret(value)


def token(raw: Raw) -> Secret:
    """Also from Enlighten's JSON response, which YAML reads as a mapping."""
    if isinstance(raw, dict) and "token" in raw:
        raw = raw["token"]
    return Secret(token_text.token(secret(raw).reveal()))


def secret_file(raw: Raw) -> Secret:
    file = path(raw)
    try:
        return Secret(from_file(file))
    except (OSError, ValueError) as error:
        message = error.strerror if isinstance(error, OSError) else error
        advice = (
            "; use a file name here, and the key password for the password itself"
            if printable_path(file) == SHOWN
            else ""
        )
        raise ValueError(f"{printable_path(file)} cannot be read: {message}{advice}") from None


def path(raw: Raw) -> Path:
    """The file or folder. `~` at its beginning is the home of the user, and `${NAME}` a variable of the environment."""
    written = text(_with_variables(with_environment, text(raw)))
    try:
        return Path(written).expanduser()
    except RuntimeError:
        raise ValueError("~ has no home directory here; use an absolute path") from None


def _with_variables(read: Callable[[str], str], written: str) -> str:
    try:
        return read(written)
    except KeyError as error:
        name = str(error.args[0])
        which = f"{name} " if name.isupper() else ""  # another name may be a password
        raise ValueError(f"environment variable {which}is not set") from None


def ca_file(raw: Raw) -> CaFile:
    file = path(raw)
    try:
        certificates = file.read_bytes().decode("ascii", "ignore")  # comments may be in any encoding
    except OSError as error:
        raise ValueError(f"{file} cannot be read: {error.strerror}") from None
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=certificates)
    except (ssl.SSLError, ValueError):
        raise ValueError(f"{file} contains no certificate; use a PEM file (-----BEGIN CERTIFICATE-----)") from None
    return CaFile(file, certificates)


def url(raw: Raw) -> str:
    """A URL of Enlighten: https, without anything that could be a secret."""
    written = text(raw)
    try:
        parts = urlsplit(written)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or parts.scheme != "https" or "@" in written or "?" in written or "#" in written or " " in written:
        raise ValueError("invalid URL; use https://HOST/PATH without user name, query and fragment")
    return written


def username(raw: Raw) -> str:
    """A local user of a gateway. HTTP Digest puts the name between quotes, and before a colon in what it hashes."""
    written = text(raw)
    if any(character in '"\\:' for character in written):
        raise ValueError("invalid user name; it must not contain a quote, a backslash or a colon")
    return written


def scheme(raw: Raw) -> str:
    return _one_of(raw, ("auto", "https", "http"))


def keep_alive(raw: Raw) -> bool | None:
    return None if isinstance(raw, str) and raw.strip().lower() == "auto" else boolean(raw)


def serial(raw: Raw) -> str:
    written = text(raw)
    if not re.fullmatch(r"\d{4,32}", written):
        raise ValueError(f"{invalid('serial number', written)}; use the 12 digits on the gateway's label")
    return written


def name(raw: Raw) -> str:
    written = text(raw)
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", written) or written.startswith("__"):
        raise ValueError(
            f"{invalid('label name', written)}; use letters, digits and _, not starting with a digit or __"
        )
    if written in {"instance", "job"}:
        raise ValueError(
            f"reserved label {written}: Prometheus sets it; use the key name of the gateway, or prometheus.yml"
        )
    return written


def zone(raw: Raw) -> str:
    written = text(raw)
    try:
        ZoneInfo(written)
    except (ValueError, OSError, KeyError):
        raise ValueError(f"{invalid('time zone', written)}; use a name such as Europe/Amsterdam") from None
    return written


def fingerprint(raw: Raw) -> bytes:
    """The SHA-256 fingerprint of a certificate, as openssl and browsers print it."""
    written = re.sub(r"[:\s]", "", text(raw).rpartition("=")[2])  # openssl writes "sha256 Fingerprint=" before it
    if not re.fullmatch(r"[0-9A-Fa-f]+", written) or len(written) != 2 * _FINGERPRINT_BYTES:
        raise ValueError("invalid SHA-256 fingerprint; use 32 pairs of hexadecimal digits, such as AB:CD:...")
    return bytes.fromhex(written)


def is_inverter_serial(written: str) -> bool:
    return re.fullmatch(r"[0-9]{4,32}", written) is not None


def inverter_serial(raw: Raw) -> str:
    written = text(raw)
    if not is_inverter_serial(written):
        raise ValueError(f"{invalid('serial number', written)}; use the 12 digits that `envoy-exporter layout` prints")
    return written


def label_text(raw: Raw) -> str:
    written = _one_value(raw).strip()
    if len(written) > _MAX_LABEL_LENGTH or not written.isprintable():
        raise ValueError(f"invalid name; use one line of at most {_MAX_LABEL_LENGTH} characters")
    return text(raw)


def position(raw: Raw) -> str:
    written = label_text(raw)
    if re.fullmatch(r"-?\d*\.\d+", written):
        raise ValueError(f"{invalid('position', written)}; use an integer or a name")
    return written


def peak_watts(raw: Raw) -> float:
    watts = number(raw)
    if not _MIN_PEAK <= watts <= _MAX_PEAK:
        raise ValueError(
            f"{raw} is out of range; use the watts (Wp) of one module, {_MIN_PEAK:g} to {_MAX_PEAK:g}, such as 370"
        )
    return watts


def azimuth(raw: Raw) -> float:
    return _degrees(raw, 360, "clockwise from north: 90 is east, 180 south, 270 west")


def tilt(raw: Raw) -> float:
    return _degrees(raw, 90, "0 is flat, 90 is vertical")


def _degrees(raw: Raw, maximum: float, meaning: str) -> float:
    degrees = number(raw)
    if not 0 <= degrees <= maximum:
        raise ValueError(f"{raw} is out of range; use 0 to {maximum:g} degrees ({meaning})")
    return degrees + 0.0  # not -0.0


def bcrypt_hash(raw: Raw) -> str:
    written = text(raw)
    if not re.fullmatch(r"\$2[abxy]\$(?:0[4-9]|1\d|2\d|3[01])\$[./A-Za-z0-9]{53}", written):
        raise ValueError("invalid bcrypt hash; create one with: htpasswd -nBC 10 USER")
    return written


def header_name(raw: Raw) -> str:
    return _one_of(raw, _HEADERS)


def header_text(raw: Raw) -> str:
    written = text(raw)
    if not written.isascii():
        raise ValueError("invalid header value; use ASCII characters")
    return written


def client_auth(raw: Raw) -> str:
    written = text(raw)
    if written in {"RequestClientCert", "RequireAnyClientCert", "RequireClientCert"}:
        raise ValueError(f"{written} is unsupported: it does not verify certificates; use RequireAndVerifyClientCert")
    return _one_of(raw, ("NoClientCert", "VerifyClientCertIfGiven", "RequireAndVerifyClientCert"))


def cipher_suites(_: Raw) -> str:
    raise ValueError("unsupported: Python's defaults are used; remove the key, or set min_version: TLS13")


def curves(_: Raw) -> str:
    raise ValueError("unsupported: OpenSSL's defaults are used; remove the key")


def rate_interval(raw: Raw) -> float:
    return 0.0 if text(raw) in {"0", "0s"} else duration(raw)


def burst(raw: Raw) -> int:
    written = text(raw)
    if not re.fullmatch(r"[0-9]{1,9}", written):
        raise ValueError(f"{invalid('number', raw)}; use an integer from 0 to 999999999")
    return int(written)


def tls_version(raw: Raw) -> str:
    return _one_of(raw, ("TLS12", "TLS13"))


def _one_of(raw: Raw, known: tuple[str, ...]) -> str:
    written = text(raw)
    if written not in known:
        raise ValueError(f"{invalid('value', written)}; use one of {', '.join(known)}")
    return written
