"""Formats numbers like Grafana."""

from datetime import UTC, datetime
from math import isnan
from typing import Any

THOUSAND = 1000
PREFIXES = ("", "k", "M", "G", "T")
SCALED = {
    "watt": "W",
    "kwatth": "kWh",
    "voltamp": "VA",
    "voltampreact": "VAr",
    "amp": "A",
    "volt": "V",
    "kwattm": "kW/min",
}
PLAIN = {
    "percentunit": (100.0, "%"),
    "percent": (1.0, "%"),
    "celsius": (1.0, "°C"),
    "hertz": (1.0, "Hz"),
    "degree": (1.0, "°"),
    "none": (1.0, ""),
    "short": (1.0, ""),
    "reqps": (1.0, "req/s"),
    "reqpm": (1.0, "req/min"),
    "bytes": (1 / 2**20, "MiB"),
    "decbytes": (1e-6, "MB"),
}
"""The factor of a value, and the symbol after it."""
TIMES = ((365.25 * 86400, "years"), (7 * 86400, "weeks"), (86400, "days"), (3600, "hours"), (60, "min"), (1, "s"))


def written(value: Any, field: dict[str, Any], now: float) -> str:
    """Format a value by the unit, decimals and mappings of its field."""
    for mapping in field.get("mappings", ()):
        found = mapping["options"].get(f"{value:g}" if isinstance(value, float) else value, {})
        if mapping["type"] == "value" and found.get("text"):
            return str(found["text"])
    if not isinstance(value, float):
        return str(value)
    if isnan(value):
        return ""
    return _number(value, field.get("unit", "none"), field.get("decimals"), now)


def _number(value: float, unit: str, decimals: int | None, now: float) -> str:
    if unit == "dateTimeFromNow":
        return f"{_span(now - value / 1000)} ago" if value / 1000 <= now else f"in {_span(value / 1000 - now)}"
    if unit.startswith("dateTime"):
        return datetime.fromtimestamp(value / 1000, UTC).strftime("%Y-%m-%d %H:%M")
    if unit == "s":
        return _span(value) if abs(value) >= 1 else f"{1000 * value:.3g} ms"
    if unit.startswith("currency"):
        return f"{unit.removeprefix('currency:').removeprefix('currency')} {_rounded(value, decimals)}"
    if unit in SCALED:
        return _scaled(value, SCALED[unit], decimals)
    scale, symbol = PLAIN.get(unit, (1.0, unit.removeprefix("suffix:")))
    return f"{_rounded(scale * value, decimals)} {symbol}".rstrip()


def _scaled(value: float, symbol: str, decimals: int | None) -> str:
    """1234 W are 1.23 kW, and 1234 kWh 1.23 MWh."""
    prefixes = PREFIXES[PREFIXES.index("k") :] if symbol.startswith("k") else PREFIXES
    power = 0
    while abs(value) >= THOUSAND and power < len(prefixes) - 1:
        value, power = value / THOUSAND, power + 1
    return f"{_rounded(value, decimals)} {prefixes[power]}{symbol.removeprefix('k')}"


def _rounded(value: float, decimals: int | None) -> str:
    if decimals is not None:
        return f"{value:.{decimals}f}"
    for digits, limit in ((2, 10), (1, 100)):
        if abs(value) < limit:
            return f"{value:.{digits}f}".rstrip("0").rstrip(".") or "0"
    return f"{value:.0f}"


def _span(seconds: float) -> str:
    length, name = next((unit for unit in TIMES if abs(seconds) >= unit[0]), TIMES[-1])
    return f"{seconds / length:.3g} {name}"
