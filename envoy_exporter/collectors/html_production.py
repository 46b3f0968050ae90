"""Reads the production page of firmware below 3.9: three significant digits, so energy has steps of up to 1 MWh."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape

from envoy_exporter.documents import Json

POWER, TODAY, WEEK, LIFETIME = "Currently", "Today", "Past Week", "Since Installation"
_LABELS = frozenset((POWER, TODAY, WEEK, LIFETIME))
_TOKEN = re.compile(r"<[^<>]*>|[^<>]+")
_NAME = re.compile(r"<\s*/?\s*([A-Za-z0-9]*)")
_ROWS = frozenset(("tr", "table", "thead", "tbody", "tfoot"))
_HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6", "title", "caption"))
_MAX_CELL_LENGTH = 64
_QUANTITY = re.compile(r"(-?) ?(\d[\d.,' ]*?) ?([kMG]?)Wh?(?:[ .,;(].*)?")
_PREFIX = {"": 1.0, "k": 1e3, "M": 1e6, "G": 1e9}
_DASHES = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2212\uff0d"), "-")
_APOSTROPHES = dict.fromkeys(map(ord, "\u2019\u02bc"), "'")
_AMBIGUOUS = re.compile(r"[1-9]\d{0,2},\d{3}")
_PLAIN = re.compile(r"(\d+)(?:[.,](\d+))?")
_GROUPED = re.compile(r"([1-9]\d{0,2}([ ',.])\d{3}(?:\2\d{3})*)(?:(?!\2)[.,](\d+))?")


@dataclass(frozen=True, slots=True)
class Page:
    """The rows of the table in W and Wh, and the labels of rows whose text is not a quantity, or an ambiguous one.

    `lifetime_step`: the value of the last digit of the lifetime energy, in Wh.
    """

    rows: dict[str, float] = field(default_factory=dict)
    invalid: tuple[str, ...] = ()
    lifetime_step: float = 1.0


def read(page: Json) -> Page:
    """The rows of the table; none of another page, or of one in another language than English.

    A cell that is empty, a dash or the label of another row has no value, and is not invalid.
    """
    rows: dict[str, float] = {}
    invalid: list[str] = []
    step = 1.0
    for row, cell in _cells(page if isinstance(page, str) else ""):
        text = _text(cell).translate(_DASHES | _APOSTROPHES)
        if text in {"", "-", *_LABELS}:
            continue
        quantity = _QUANTITY.fullmatch(text) if len(text) <= _MAX_CELL_LENGTH else None
        digits = _plain(quantity[2]) if quantity else None
        if quantity is None or digits is None:
            invalid.append(row)
            continue
        rows[row] = float(quantity[1] + digits) * _PREFIX[quantity[3]]
        if row == LIFETIME:
            step = _PREFIX[quantity[3]] / 10 ** len(digits.partition(".")[2])
    return Page(rows, tuple(invalid), step)


def _cells(page: str) -> Iterator[tuple[str, str]]:
    """Each label with the text of the cell or element that follows it in its row.

    A label is the whole text of a cell or an element that is not a heading.
    """
    label, in_cell, cells, element = "", False, 0, ""
    tokens = ["", *_TOKEN.findall(page), ""]
    for before, token, after in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if token.startswith("<"):
            name = _NAME.match(token)
            element = name[1].lower() if name else ""
            if element in {"td", "th"}:
                in_cell = "/" not in token[:3]
                cells += in_cell
            if element in _ROWS or cells > 1:
                label = ""
        elif not token.isspace():
            if label and (cells or not in_cell):
                yield label, token
            is_whole = before.startswith("<") and after.startswith("<") and element not in _HEADINGS
            text = _text(token) if is_whole else ""
            label, cells = text if text in _LABELS else "", 0


def _text(cell: str) -> str:
    """The text without HTML; unchanged if it is too long for a quantity, as unescaping it would take long."""
    stripped = cell.strip()
    return stripped if len(stripped) > _MAX_CELL_LENGTH else " ".join(unescape(stripped).split())


def _plain(digits: str) -> str | None:
    """The number without thousands separators and with a decimal point; None if it is ambiguous.

    A single comma before three digits can be both: 1,234 is 1234 on some gateways and 1.234 on others.
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
