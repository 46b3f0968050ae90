"""The page of firmware below 3.9: three significant digits, so energy comes in steps of up to 1 MWh."""

import re
from dataclasses import dataclass, field

from envoy_exporter.documents import Json

POWER, TODAY, WEEK, LIFETIME = "Currently", "Today", "Past Week", "Since Installation"
_ROW = re.compile(
    r"(Currently|Today|Past Week|Since Installation)\s*(?:<[^<>]*>\s*)+([-\u2212]?\d[\d.,' ]*?)\s*([kMG]?)Wh?\b"
)
_PREFIX = {"": 1.0, "k": 1e3, "M": 1e6, "G": 1e9}
_NO_BREAK_SPACE = re.compile("&nbsp;|&#160;|&#x0*[aA]0;|[\u00a0\u2009\u202f]")
_AMBIGUOUS = re.compile(r"[1-9]\d{0,2},\d{3}")
_PLAIN = re.compile(r"(\d+)(?:[.,](\d+))?")
_GROUPED = re.compile(r"([1-9]\d{0,2}([ ',.])\d{3}(?:\2\d{3})*)(?:(?!\2)[.,](\d+))?")


@dataclass(frozen=True, slots=True)
class Page:
    """The rows of the table in W and Wh, and the rows whose number can be read in two ways.

    `lifetime_step` is the value of the lifetime's last digit in Wh.
    """

    rows: dict[str, float] = field(default_factory=dict)
    ambiguous: tuple[str, ...] = ()
    lifetime_step: float = 1.0


def read(page: Json) -> Page:
    """The rows of the table; none of another page, or of one in another language than English."""
    rows: dict[str, float] = {}
    ambiguous: list[str] = []
    step = 1.0
    for row, text, prefix in _ROW.findall(_NO_BREAK_SPACE.sub(" ", page) if isinstance(page, str) else ""):
        digits = _plain(text.replace("\u2212", "-"))
        if digits is None:
            ambiguous.append(row)
            continue
        rows[row] = float(digits) * _PREFIX[prefix]
        if row == LIFETIME:
            step = _PREFIX[prefix] / 10 ** len(digits.partition(".")[2])
    return Page(rows, tuple(ambiguous), step)


def _plain(number: str) -> str | None:
    """The number without thousands separators and with a decimal point; None if that is not certain.

    A single comma before three digits is either: 1,234 is 1234 to some gateways and 1.234 to others.
    """
    sign, digits = ("-", number[1:]) if number.startswith("-") else ("", number)
    if _AMBIGUOUS.fullmatch(digits):
        return None
    if plain := _PLAIN.fullmatch(digits):
        whole, fraction = plain.groups()
    elif grouped := _GROUPED.fullmatch(digits):
        whole, fraction = grouped[1].replace(grouped[2], ""), grouped[3]
    else:
        return None
    return f"{sign}{whole}.{fraction}" if fraction else sign + whole
