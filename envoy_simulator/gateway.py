"""A simulated gateway without sockets: the document of every path of a profile, and its encoding."""

import json
from collections.abc import Callable, Mapping
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
from envoy_simulator.documents.moment import Moment
from envoy_simulator.http_types import Headers, Json, Request, Response, Version
from envoy_simulator.pages import (
    NOTHING_CACHED,
    digest_required,
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

_DOCUMENTS: Mapping[str, tuple[Encoding, Callable[[Moment], Json]]] = {
    "/api/v1/production": (_API, production.v1),
    "/api/v1/production/inverters": (_API, inverters.v1),
    "/ivp/meters": (_NATIVE, meters.meters),
    "/ivp/meters/readings": (_NATIVE, meters.readings),
    "/ivp/pdm/device_data": (_NATIVE, device_data.device_data),
    "/ivp/ensemble/inventory": (_NATIVE, ensemble.inventory),
    "/ivp/ensemble/power": (_NATIVE, ensemble.power),
    "/ivp/ensemble/secctrl": (_NATIVE, ensemble.secctrl),
    "/ivp/ensemble/status": (_NATIVE, ensemble.status),
    "/ivp/ensemble/errors": (_NATIVE, controller.errors),
    "/ivp/ensemble/dry_contacts": (_NATIVE, relays.dry_contacts),
    "/ivp/ensemble/generator": (_NATIVE, relays.generator),
    "/ivp/ss/dry_contact_settings": (_NATIVE, relays.dry_contact_settings),
    "/ivp/ss/gen_config": (_NATIVE, relays.gen_config),
    "/ivp/ss/gen_mode": (_NATIVE, relays.gen_mode),
    "/ivp/ss/gen_schedule": (_NATIVE, relays.gen_schedule),
    "/home": (_PAGES, home.home),
    "/home.json": (_PAGES, home.home),
    "/admin/lib/acb_config": (_PAGES, ac_batteries.config),
    "/admin/lib/tariff": (_PAGES, tariff.tariff),
    "/ivp/ss/pel_settings": (_NATIVE, limits.export_limit),
    "/ivp/sc/pvlimit": (_NATIVE, limits.production_limit),
    "/ivp/ss/dpel": (_NATIVE, limits.dynamic_export_limit),
    "/ivp/firmware_manager/state": (_NATIVE, limits.firmware_manager),
    "/ivp/mod/603980032/mode/power": (_NATIVE, limits.production_switch),
    "/installer/agf/index.json": (_PAGES, limits.grid_profile),
    "/ivp/livedata/status": (_NATIVE, live.status),
    "/ivp/peb/devstatus": (_NATIVE, device_status.devices),
    "/ivp/pdm/energy": (_NATIVE, energy_registers.energy),
}
"""All documents except those that depend on more than the moment: `/info`, the inventory and the site document."""


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
        encoding, document = _DOCUMENTS[path]
        return self._json(encoding, document(moment))

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
