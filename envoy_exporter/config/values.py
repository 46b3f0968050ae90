"""From the text of one value to what it means. Each raises ValueError, in words that say what to write."""

import re
import ssl
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from envoy_exporter import token_text
from envoy_exporter.secret import SHOWN, Secret, from_environment, from_file, has_token, has_user, printable_path

from .model import CaFile
from .yaml_source import Raw, quoted

LEAST_INTERVAL = 5.0
_LEAST_TIMEOUT, _MOST_TIMEOUT = 1.0, 3600.0
_LONGEST = 366 * 86400.0
_HEADERS = (
    "Strict-Transport-Security",
    "X-Content-Type-Options",
    "X-Frame-Options",
    "X-XSS-Protection",
    "Content-Security-Policy",
)
"""Those that exporters let be set; another could break the answer that it is put on."""
_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+")
_FINGERPRINT_BYTES = 32
_LONGEST_LABEL = 64
_LEAST_PEAK, _MOST_PEAK = 10.0, 2000.0
"""Watts. No module lies outside; a peak in kilowatts, or of the whole roof, does."""


def text(raw: Raw) -> str:
    """One line. What is secret has keys of its own: anything else is shown on a page, and by the next problem."""
    written = _one_value(raw).strip()
    if not written:
        raise ValueError("is empty")
    if not written.isprintable():
        raise ValueError("has a line end or another character that cannot be seen; write it in one line, without")
    if has_token(written):
        raise ValueError("is a token itself; write it behind token, and here what belongs here")
    if has_user(written):
        raise ValueError("is a URL with a user in it; leave out what stands before the @, it has keys of its own")
    return written


def _one_value(raw: Raw) -> str:
    if isinstance(raw, str):
        return raw
    raise ValueError(
        "must be one value, not a list or a map of keys; put a value that contains brackets or braces in quotes"
    )


def boolean(raw: Raw) -> bool:
    try:
        return {"true": True, "false": False}[text(raw).lower()]
    except KeyError:
        raise ValueError(f"{quoted(raw)} is neither true nor false") from None


def number(raw: Raw) -> float:
    written = text(raw)
    if not re.fullmatch(r"-?\d+(?:\.\d+)?", written):
        raise ValueError(f"{quoted(raw)} is no number")
    return float(written)


def duration(raw: Raw) -> float:
    written = text(raw)
    if re.fullmatch(r"\d+(?:\.\d+)?", written):
        raise ValueError(f"{written} of what? Write {written}s for seconds, or 2m, or 1h")
    if not _DURATION.fullmatch(written):
        raise ValueError(f"{quoted(written)} is no duration; write 15s, 2m or 1h30m")
    seconds = sum(float(each) * _UNITS[unit] for each, unit in re.findall(r"([\d.]+)(ms|s|m|h|d)", written))
    if not 0 < seconds <= _LONGEST:
        raise ValueError(f"{quoted(written)} is no time that can be waited for; write 15s, 2m or 1h30m")
    return seconds


def interval(raw: Raw) -> float:
    seconds = duration(raw)
    if seconds < LEAST_INTERVAL:
        raise ValueError(f"{raw} is more than a gateway bears; write {LEAST_INTERVAL:g}s or longer (10s is usual)")
    return seconds


def timeout(raw: Raw) -> float:
    seconds = duration(raw)
    if not _LEAST_TIMEOUT <= seconds <= _MOST_TIMEOUT:
        raise ValueError(f"{raw} is no time for a scrape; write 1s to 1h (9.5s is usual)")
    return seconds


def secret(raw: Raw) -> Secret:
    """As it is, blanks and all, or the variable that `${NAME}` names. Empty is a password, if an odd one."""
    written = _one_value(raw)
    if written and not written.strip():
        raise ValueError("is empty")
    try:
        value = from_environment(written)
    except KeyError as error:
        name = str(error.args[0])
        which = f"variable {name}" if name.isupper() else "such variable"  # else it may be an odd password
        raise ValueError(f"the environment has no {which}") from None
    if value != value.encode("utf-8", "ignore").decode():
        raise ValueError("is not UTF-8 text")
    return Secret(value)


def token(raw: Raw) -> Secret:
    """Enlighten's JSON too: to YAML that is a map."""
    if isinstance(raw, dict) and "token" in raw:
        raw = raw["token"]
    return Secret(token_text.token(secret(raw).reveal()))


def secret_file(raw: Raw) -> Secret:
    file = Path(text(raw))
    try:
        return Secret(from_file(file))
    except (OSError, ValueError) as error:
        words = error.strerror if isinstance(error, OSError) else error
        advice = (
            "; name a file here, and write the password itself behind password" if printable_path(file) == SHOWN else ""
        )
        raise ValueError(f"{printable_path(file)} cannot be read: {words}{advice}") from None


def path(raw: Raw) -> Path:
    return Path(text(raw))


def ca_file(raw: Raw) -> CaFile:
    file = path(raw)
    try:
        certificates = file.read_bytes().decode("ascii", "ignore")  # comments may be in any encoding
    except OSError as error:
        raise ValueError(f"{file} cannot be read: {error.strerror}") from None
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=certificates)
    except (ssl.SSLError, ValueError):
        raise ValueError(
            f"{file} has no certificate in it; it must be in PEM form (-----BEGIN CERTIFICATE-----)"
        ) from None
    return CaFile(file, certificates)


def url(raw: Raw) -> str:
    """Of the cloud: always https, and nothing secret in it."""
    written = text(raw)
    try:
        parts = urlsplit(written)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or parts.scheme != "https" or "@" in written or "?" in written or "#" in written or " " in written:
        raise ValueError("is no URL of the cloud; write https://HOST/PATH, without a user and without a query")
    return written


def username(raw: Raw) -> str:
    """Of a gateway: it stands in quotes in the header of a digest, and before a colon in what is counted."""
    written = text(raw)
    if any(each in '"\\:' for each in written):
        raise ValueError("can be no user of a gateway: it has a quote, a backslash or a colon in it")
    return written


def scheme(raw: Raw) -> str:
    return _one_of(raw, ("auto", "https", "http"))


def keep_alive(raw: Raw) -> bool | None:
    return None if isinstance(raw, str) and raw.strip().lower() == "auto" else boolean(raw)


def serial(raw: Raw) -> str:
    written = text(raw)
    if not re.fullmatch(r"\d{4,32}", written):
        raise ValueError(f"{quoted(written)} is no serial; it has twelve digits, and is on the gateway's label")
    return written


def name(raw: Raw) -> str:
    written = text(raw)
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", written) or written.startswith("__"):
        raise ValueError(
            f"{quoted(written)} can name no label; labels have letters, digits and _, and do not begin with __"
        )
    if written in {"instance", "job"}:
        raise ValueError(f"{written} is Prometheus's own label; it is the gateway's name, or set in prometheus.yml")
    return written


def zone(raw: Raw) -> str:
    written = text(raw)
    try:
        ZoneInfo(written)
    except (ValueError, OSError, KeyError):
        raise ValueError(f"{quoted(written)} is no time zone; write one such as Europe/Amsterdam") from None
    return written


def fingerprint(raw: Raw) -> bytes:
    """The SHA-256 of a certificate, as openssl and browsers show it."""
    written = re.sub(r"[:\s]", "", text(raw).rpartition("=")[2])  # openssl writes "sha256 Fingerprint=" before it
    if not re.fullmatch(r"[0-9A-Fa-f]+", written) or len(written) != 2 * _FINGERPRINT_BYTES:
        raise ValueError("is no SHA-256 fingerprint; it has 32 pairs of hexadecimal digits, such as AB:CD:...")
    return bytes.fromhex(written)


def is_inverter_serial(written: str) -> bool:
    return re.fullmatch(r"[0-9]{4,32}", written) is not None


def inverter_serial(raw: Raw) -> str:
    written = text(raw)
    if not is_inverter_serial(written):
        raise ValueError(
            f"{quoted(written)} is no inverter's serial; it has twelve digits, as `envoy-exporter layout` shows"
        )
    return written


def label_text(raw: Raw) -> str:
    written = _one_value(raw).strip()
    if len(written) > _LONGEST_LABEL or not written.isprintable():
        raise ValueError(f"this is no name; write one line of at most {_LONGEST_LABEL} characters")
    return text(raw)


def position(raw: Raw) -> str:
    written = label_text(raw)
    if re.fullmatch(r"-?\d*\.\d+", written):
        raise ValueError(f"{written} is neither a whole number nor a name")
    return written


def peak_watts(raw: Raw) -> float:
    watts = number(raw)
    if not _LEAST_PEAK <= watts <= _MOST_PEAK:
        raise ValueError(f"{raw} is no module's peak power; write its watts (Wp), such as 370")
    return watts


def azimuth(raw: Raw) -> float:
    return _degrees(raw, 360, "clockwise from north: 90 is east, 180 south, 270 west")


def tilt(raw: Raw) -> float:
    return _degrees(raw, 90, "0 lies flat, 90 stands upright")


def _degrees(raw: Raw, most: float, meaning: str) -> float:
    degrees = number(raw)
    if not 0 <= degrees <= most:
        raise ValueError(f"{raw} is not within 0 to {most:g} degrees ({meaning})")
    return degrees + 0.0


def bcrypt_hash(raw: Raw) -> str:
    written = text(raw)
    if not re.fullmatch(r"\$2[abxy]\$(?:0[4-9]|1\d|2\d|3[01])\$[./A-Za-z0-9]{53}", written):
        raise ValueError("is no bcrypt hash; make one with: htpasswd -nBC 10 USER")
    return written


def header_name(raw: Raw) -> str:
    return _one_of(raw, _HEADERS)


def header_text(raw: Raw) -> str:
    written = text(raw)
    if not written.isascii():
        raise ValueError("has letters that no header can have; write plain ASCII")
    return written


def client_auth(raw: Raw) -> str:
    return _one_of(raw, ("NoClientCert", "VerifyClientCertIfGiven", "RequireAndVerifyClientCert"))


def tls_version(raw: Raw) -> str:
    return _one_of(raw, ("TLS12", "TLS13"))


def _one_of(raw: Raw, known: tuple[str, ...]) -> str:
    written = text(raw)
    if written not in known:
        raise ValueError(f"{quoted(written)} is none of {', '.join(known)}")
    return written
