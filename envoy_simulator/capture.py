"""A replay of a real gateway: a folder of its responses, served as they were recorded.

`/ivp/meters/readings` is in `ivp_meters_readings`, `/production.json?details=1` in `production.json_details_1`,
and `NAME_log.json` beside a file holds `{"code": ..., "headers": {...}}`.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from envoy_simulator.dates import shift_dates
from envoy_simulator.http_types import TOKENS_SINCE, Headers, Request, Response, Version, version
from envoy_simulator.pages import digest_required, not_found, server_headers, token_required

_INVERTERS = "/api/v1/production/inverters"
_LOG = "_log.json"
_CONNECTION_HEADERS = frozenset({"content-length", "transfer-encoding", "connection"})
"""Headers that are not replayed: they belong to the recorded connection, and the server writes its own."""


class CaptureError(ValueError):
    """A folder that is not a capture."""


@dataclass(frozen=True, slots=True)
class Capture:
    """A folder of recorded responses. `recorded`: the gateway's clock at that time, seconds since 1970.

    `at_present`: moves all dates in the bodies, so that they are as long ago as when they were recorded.
    """

    folder: Path
    serial: str
    firmware: Version
    recorded: int
    at_present: bool = False
    timezone: str = "UTC"

    @classmethod
    def read(cls, folder: Path, *, at_present: bool = False) -> "Capture":
        try:
            info = (folder / "info").read_bytes()
        except OSError as error:
            raise CaptureError(f"{folder} is not a capture of a gateway: the file `info` is missing") from error
        serial, software = _element(info, b"sn"), _element(info, b"software")
        if not serial or not version(software):
            raise CaptureError(f"{folder / 'info'} is invalid: the serial (sn) or the firmware (software) is missing")
        clock = _element(info, b"time")
        return cls(folder, serial, version(software), int(clock) if clock.isdigit() else 0, at_present)

    def denial(self, path: str) -> Response | None:
        """The response without credentials; None for a path recorded as a 401, which is the response to any request."""
        if self.firmware >= TOKENS_SINCE:
            return None if path in ("/info", "/info.xml") else token_required(self.firmware)
        if path != _INVERTERS:
            return None
        recorded = self._recorded(path)
        return digest_required(path) if recorded is not None and recorded.status == 200 else None  # noqa: PLR2004

    def is_for_installers(self, path: str) -> bool:  # noqa: ARG002
        """False: the recorded requests were accepted."""
        return False

    def document(self, request: Request, time: float) -> Response:
        response = self._recorded(request.target) or self._recorded(request.path)
        if response is None:
            return not_found(request.path, self.firmware)
        if not self.at_present:
            return response
        return Response(
            response.status, response.headers, shift_dates(response.body, int(time) - self.recorded), response.chunked
        )

    def _recorded(self, target: str) -> Response | None:
        name = re.sub(r"[/?=&]", "_", target.removeprefix("/"))
        file = self.folder / name
        if not name or name.endswith(_LOG) or not file.is_file():
            return None
        status, headers, chunked = self._log(name)
        return Response(status, headers, file.read_bytes(), chunked)

    def _log(self, name: str) -> tuple[int, Headers, bool]:
        """Status, headers, and whether the body was chunked; the usual ones for a file without a log."""
        try:
            log = json.loads((self.folder / f"{name}{_LOG}").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return 200, server_headers(self.firmware), False
        recorded: Mapping[str, str] = log["headers"]
        headers = tuple(
            (header, _one_line(str(value)))
            for header, value in recorded.items()
            if header.lower() not in _CONNECTION_HEADERS
        )
        return int(log["code"]), headers, "transfer-encoding" in recorded


def _element(info: bytes, name: bytes) -> str:
    match = re.search(rb"<%s>\s*([^<]*?)\s*</%s>" % (name, name), info)
    return match[1].decode("ascii", errors="replace") if match else ""


def _one_line(value: str) -> str:
    """The value without line breaks, which would otherwise add other headers."""
    return re.sub(r"[\r\n]", " ", value)
