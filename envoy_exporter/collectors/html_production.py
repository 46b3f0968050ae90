"""The page of firmware below 3.9: three significant digits, so energy comes in steps of up to 1 MWh."""

import re
from dataclasses import dataclass, field
from html import unescape

from envoy_exporter.documents import Json

POWER, TODAY, WEEK, LIFETIME = "Currently", "Today", "Past Week", "Since Installation"
_ROW = re.compile(r"(Currently|Today|Past Week|Since Installation)\s*(?:<[^<>]*>\s*)+([^<>]*)")
_QUANTITY = re.compile(r"(-?) ?(\d[\d.,' ]*?) ?([kMG]?)Wh?")
_PREFIX = {"": 1.0, "k": 1e3, "M": 1e6, "G": 1e9}
_DASHES = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2212"), "-")
_APOSTROPHES = dict.fromkeys(map(ord, "\u2019\u02bc"), "'")
_AMBIGUOUS = re.compile(r"[1-9]\d{0,2},\d{3}")
_PLAIN = re.compile(r"(\d+)(?:[.,](\d+))?")
_GROUPED = re.compile(r"([1-9]\d{0,2}([ ',.])\d{3}(?:\2\d{3})*)(?:(?!\2)[.,](\d+))?")


@dataclass(frozen=True, slots=True)
class Page:
    """The rows of the table in W and Wh, and the rows whose text is not a quantity, or one that has two meanings.

    `lifetime_step` is the value of the lifetime's last digit in Wh.
    """

    rows: dict[str, float] = field(default_factory=dict)
    invalid: tuple[str, ...] = ()
    lifetime_step: float = 1.0


def read(page: Json) -> Page:
    """The rows of the table; none of another page, or of one in another language than English."""
    rows: dict[str, float] = {}
    invalid: list[str] = []
    step = 1.0
    for row, cell in _ROW.findall(page if isinstance(page, str) else ""):
        text = " ".join(unescape(cell).translate(_DASHES | _APOSTROPHES).split())
        quantity = _QUANTITY.fullmatch(text)
        digits = _plain(quantity[2]) if quantity else None
        if quantity is None or digits is None:
            invalid.append(row)
            continue
        rows[row] = float(quantity[1] + digits) * _PREFIX[quantity[3]]
        if row == LIFETIME:
            step = _PREFIX[quantity[3]] / 10 ** len(digits.partition(".")[2])
    return Page(rows, tuple(invalid), step)


def _plain(digits: str) -> str | None:
    """The number without thousands separators and with a decimal point; None if that is not certain.

    A single comma before three digits is either: 1,234 is 1234 to some gateways and 1.234 to others.
    """
    if _AMBIGUOUS.fullmatch(digits):
        return None
    if plain := _PLAIN.fullmatch(digits):
        whole, fraction = plain.groups()
    elif grouped := _GROUPED.fullmatch(digits):
        whole, fraction = grouped[1].replace(grouped[2], ""), grouped[3]
    else:
        return None
    return f"{whole}.{fraction}" if fraction else str(whole)
