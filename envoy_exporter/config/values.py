"""From the text of one value to what it means. Each raises ValueError, in words that say what to write."""

import re
from pathlib import Path
from zoneinfo import ZoneInfo

from envoy_exporter.secret import Secret, from_environment, from_file

from .places import Raw

LEAST_INTERVAL = 5.0
_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+")
_FINGERPRINT_BYTES = 32
_LONGEST_LABEL = 64
_LEAST_PEAK, _MOST_PEAK = 10.0, 2000.0
"""Watts. No module lies outside; a peak in kilowatts, or of the whole roof, does."""


def text(raw: Raw) -> str:
    if isinstance(raw, str) and raw.strip():
        return raw.strip()
    raise ValueError("is empty" if isinstance(raw, str) else "must be one value, not a list or a map of keys")


def boolean(raw: Raw) -> bool:
    try:
        return {"true": True, "false": False}[text(raw).lower()]
    except KeyError:
        raise ValueError(f"{raw!r} is neither true nor false") from None


def number(raw: Raw) -> float:
    written = text(raw)
    if not re.fullmatch(r"-?\d+(?:\.\d+)?", written):
        raise ValueError(f"{raw!r} is no number")
    return float(written)


def duration(raw: Raw) -> float:
    written = text(raw)
    if re.fullmatch(r"\d+(?:\.\d+)?", written):
        raise ValueError(f"{written} of what? Write {written}s for seconds, or 2m, or 1h")
    if not _DURATION.fullmatch(written):
        raise ValueError(f"{written!r} is no duration; write 15s, 2m or 1h30m")
    return sum(float(each) * _UNITS[unit] for each, unit in re.findall(r"([\d.]+)(ms|s|m|h|d)", written))


def interval(raw: Raw) -> float:
    seconds = duration(raw)
    if seconds < LEAST_INTERVAL:
        raise ValueError(f"{raw} is more than a gateway bears; write {LEAST_INTERVAL:g}s or longer (10s is usual)")
    return seconds


def secret(raw: Raw) -> Secret:
    """As it is, blanks and all, or the variable that `${NAME}` names. Empty is a password, if an odd one."""
    try:
        return Secret(from_environment(raw if raw == "" else text(raw) and str(raw)))
    except KeyError as error:
        raise ValueError(f"the environment has no variable {error.args[0]}") from None


def secret_file(raw: Raw) -> Secret:
    written = text(raw)
    try:
        return Secret(from_file(Path(written)))
    except OSError as error:
        raise ValueError(f"{written} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise ValueError(f"{written} cannot be read: {error}") from None


def path(raw: Raw) -> Path:
    written = text(raw)
    if re.fullmatch(r"eyJ[\w-]+\.[\w.-]+", written):  # not repeated, nor shown on a page
        raise ValueError("is a token itself; write it behind token, or here the name of a file with it")
    return Path(written)


def scheme(raw: Raw) -> str:
    return _one_of(raw, ("auto", "https", "http"))


def keep_alive(raw: Raw) -> bool | None:
    return None if isinstance(raw, str) and raw.strip().lower() == "auto" else boolean(raw)


def serial(raw: Raw) -> str:
    written = text(raw)
    if not re.fullmatch(r"\d{4,32}", written):
        raise ValueError(f"{written!r} is no serial; it has twelve digits, and is on the gateway's label")
    return written


def name(raw: Raw) -> str:
    written = text(raw)
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", written) or written.startswith("__"):
        raise ValueError(f"{written!r} can name no label; labels have letters, digits and _, and do not begin with __")
    if written in {"instance", "job"}:
        raise ValueError(f"{written} is Prometheus's own label; it is the gateway's name, or set in prometheus.yml")
    return written


def zone(raw: Raw) -> str:
    written = text(raw)
    try:
        ZoneInfo(written)
    except (ValueError, OSError, KeyError):
        raise ValueError(f"{written!r} is no time zone; write one such as Europe/Amsterdam") from None
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
        raise ValueError(f"{written!r} is no inverter's serial; it has twelve digits, as `envoy-exporter layout` shows")
    return written


def label_text(raw: Raw) -> str:
    written = text(raw)
    if len(written) > _LONGEST_LABEL or not written.isprintable():
        raise ValueError(f"{written[:80]!r} is no name; write one line of at most {_LONGEST_LABEL} characters")
    return written


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
    if not re.fullmatch(r"\$2[abxy]\$\d\d\$[./A-Za-z0-9]{53}", written):
        raise ValueError("is no bcrypt hash; make one with: htpasswd -nBC 10 USER")
    return written


def client_auth(raw: Raw) -> str:
    return _one_of(raw, ("NoClientCert", "VerifyClientCertIfGiven", "RequireAndVerifyClientCert"))


def tls_version(raw: Raw) -> str:
    return _one_of(raw, ("TLS12", "TLS13"))


def _one_of(raw: Raw, known: tuple[str, ...]) -> str:
    written = text(raw)
    if written not in known:
        raise ValueError(f"{written!r} is none of {', '.join(known)}")
    return written
