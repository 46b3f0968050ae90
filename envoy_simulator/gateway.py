"""A simulated gateway without sockets: the document of every path of a profile, and its encoding."""

import json
from dataclasses import dataclass
from typing import NamedTuple

from envoy_simulator.documents import (
    ac_batteries,
    controller,
    device_data,
    device_status,
    energy_registers,
    ensemble,
    home,
    info,
    inventory,
    inverters,
    limits,
    live,
    meters,
    production,
    relays,
    site,
    tariff,
)
from envoy_simulator.documents.moment import Documents, Moment
from envoy_simulator.http_types import Headers, Json, Request, Response, Version
from envoy_simulator.pages import (
    NOTHING_CACHED,
    digest_required,
    is_slow,
    not_found,
    server_headers,
    token_required,
)
from envoy_simulator.profiles import Profile
from envoy_simulator.system_model import SystemModel


class Encoding(NamedTuple):
    """How one kind of process on the gateway sends its documents."""

    headers: Headers = ()
    indent: int | None = None
    chunked: bool = False


_NATIVE = Encoding(indent=4)
_API = Encoding((("Content-Type", "application/json"),), indent=2)
_PAGES = Encoding((*NOTHING_CACHED, ("Content-Type", "application/json")), chunked=True)

_MODULES = (
    ac_batteries,
    controller,
    device_data,
    device_status,
    energy_registers,
    ensemble,
    home,
    inverters,
    limits,
    live,
    meters,
    production,
    relays,
    tariff,
)
_DOCUMENTS: Documents = {path: document for module in _MODULES for path, document in module.DOCUMENTS.items()}
"""All documents except those that depend on more than the moment: `/info`, the inventory and the site document."""


def _encoding(path: str) -> Encoding:
    """How the process that serves this path sends its documents."""
    if path.startswith("/api/"):
        return _API
    return _PAGES if is_slow(path) else _NATIVE


@dataclass(frozen=True, slots=True)
class SimulatedGateway:
    """A profile and its system, which responds to requests."""

    profile: Profile
    system: SystemModel
    report_interval: int

    @property
    def serial(self) -> str:
        return self.profile.serial

    @property
    def firmware(self) -> Version:
        return self.profile.firmware

    @property
    def timezone(self) -> str:
        return self.profile.timezone

    def denial(self, path: str) -> Response | None:
        if self.profile.requires_token:
            return None if path in ("/info", "/info.xml") else token_required(self.firmware)
        locked = any(
            path == prefix or (prefix.endswith("/") and path.startswith(prefix)) for prefix in self.profile.locked
        )
        return digest_required(path) if locked else None

    def is_for_installers(self, path: str) -> bool:
        return self.profile.requires_token and path in self.profile.for_installers

    def document(self, request: Request, time: float) -> Response:
        return self.document_of(self.moment(time), request)

    def moment(self, time: float) -> Moment:
        return Moment(self.profile, self.system, self.report_interval, time)

    def document_of(self, moment: Moment, request: Request) -> Response:
        """`document` for a given moment. A caller that needs many documents passes the same moment, to compute once."""
        path = request.path
        if path not in self.profile.paths:
            return not_found(path, self.firmware)
        if path in ("/info", "/info.xml"):
            return self._info(moment)
        if path in ("/production", "/production.json"):
            return self._site(moment, request)
        if path == "/inventory.json":
            deleted = "deleted=1" in request.query.split("&")
            return self._json(_PAGES, inventory.inventory(moment, deleted=deleted))
        return self._json(_encoding(path), _DOCUMENTS[path](moment))

    def _info(self, moment: Moment) -> Response:
        """`/info`: its Content-Type is JSON on 3.17, and missing on 8.3."""
        kind: Headers = (("Content-Type", "text/xml"),)
        if self.firmware < (3, 9):
            kind = (("Content-Type", "application/json"),)
        elif self.firmware >= (8, 3):
            kind = ()
        return Response(200, (*server_headers(self.firmware), *NOTHING_CACHED, *kind), info.info(moment))

    def _site(self, moment: Moment, request: Request) -> Response:
        """JSON, by phase with details=1. On 3.x `/production` is an HTML page and `/production.json` does not exist."""
        if self.firmware < (4,):
            headers = (*NOTHING_CACHED, ("Content-Type", "text/html"))
            return Response(200, headers, production.page(moment), chunked=True)
        details = request.path == "/production.json" and "details=1" in request.query.split("&")
        return self._json(_PAGES, site.site(moment, details=details))

    def _json(self, encoding: Encoding, document: Json) -> Response:
        separators = (",", ":") if encoding.indent is None else (",", ": ")
        body = json.dumps(document, indent=encoding.indent, separators=separators).encode()
        return Response(200, (*server_headers(self.firmware), *encoding.headers), body, encoding.chunked)
