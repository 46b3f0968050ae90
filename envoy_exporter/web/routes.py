"""The routes: who asks for what, what is refused, and what goes out."""

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from envoy_exporter.telemetry import Telemetry

from . import pages
from .exposition import END, Exposition, Format, negotiate, pack, seconds_to_answer, select, wants_gzip

_HOST = re.compile(r"[0-9A-Za-z._-]+(:\d+)?|\[[0-9A-Fa-f:.]+\](:\d+)?")
_LONGEST_SHOWN = 60


@dataclass(frozen=True, slots=True)
class ServedConfig:
    """What is served: one config's worth. `labels` by gateway, for `/sd`; `config` is the page of that name."""

    gateways: Mapping[str, Exposition]
    labels: Mapping[str, Mapping[str, str]]
    config: str


@dataclass(slots=True)
class Exporter:
    """What stays while configs come and go. `reload` puts another config in place, or gives the problems."""

    served: ServedConfig
    telemetry: Telemetry
    reload: Callable[[], Sequence[str]]
    version: str
    metrics_path: str = "/metrics"
    reloading: asyncio.Lock = field(default_factory=asyncio.Lock)


def create(exporter: Exporter) -> Starlette:
    """The application, without access rules."""

    async def metrics(request: Request) -> Response:
        gateways = exporter.served.gateways
        single = next(iter(gateways.values())) if len(gateways) == 1 else None
        return await _exposed(request, exporter.telemetry, single)

    async def probe(request: Request) -> Response:
        return await _exposed(request, None, _target(request, exporter.served))

    async def telemetry(request: Request) -> Response:
        return await _exposed(request, exporter.telemetry, None)

    async def discovery(request: Request) -> Response:
        return JSONResponse(_targets(request, exporter.served))

    async def config(_: Request) -> Response:
        return PlainTextResponse(exporter.served.config)

    async def landing(_: Request) -> Response:
        page = await asyncio.to_thread(pages.landing, exporter.served.gateways, exporter.version, exporter.metrics_path)
        return HTMLResponse(page, headers={"Content-Security-Policy": pages.POLICY})

    async def fine(_: Request) -> Response:
        return PlainTextResponse("OK\n")

    async def reload(request: Request) -> Response:
        _check_asker(request)
        async with exporter.reloading:
            problems = exporter.reload()
        if problems:
            return PlainTextResponse("\n".join(("the config stays as it was:", *problems, "")), 500)
        return PlainTextResponse("OK\n")

    routes = [
        Route(exporter.metrics_path, metrics),
        Route("/probe", probe),
        Route("/telemetry", telemetry),
        Route("/sd", discovery),
        Route("/config", config),
        Route("/-/healthy", fine),
        Route("/-/ready", fine),
        Route("/-/reload", reload, methods=["POST", "PUT"]),
        Route("/", landing),
    ]
    application = Starlette(routes=routes, exception_handlers={HTTPException: _refusal})
    application.router.redirect_slashes = False
    return application


def _check_asker(request: Request) -> None:
    """A browser says Origin with every POST, on behalf of whatever page it has open: none may reload."""
    if "origin" in request.headers:
        raise HTTPException(403, "a web page asked for it: ask from a command line, or send SIGHUP")


async def _refusal(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  # it is registered for nothing else
    return PlainTextResponse(f"{error.detail}\n", error.status_code, headers=error.headers)


async def _exposed(request: Request, telemetry: Telemetry | None, gateway: Exposition | None) -> Response:
    """The exporter's own metrics, a gateway's, or first the one and then the other."""
    wanted = negotiate(request.headers.get("accept", ""))
    packed = wants_gzip(request.headers.get("accept-encoding", ""))
    names = frozenset(request.query_params.getlist("name[]"))
    only = request.query_params.getlist("collect[]")
    body = b""
    if gateway is not None:
        _check_collectors(only, gateway)
        seconds = seconds_to_answer(request.headers.get("x-prometheus-scrape-timeout-seconds"), gateway.timeout)
        seconds = max(seconds - getattr(request.state, "waited", 0.0), 0.0)
        if names or only:
            body = await gateway.part(wanted, seconds, only, names)
        else:
            ready = await gateway.scrape(wanted, seconds)
            if telemetry is None:
                return _answer(ready.packed if packed else ready.body, wanted, packed=packed)
            body = ready.body
    if telemetry is not None:
        own = list(telemetry.registry.collect())
        body = wanted.render(select(own, names) if names else own).removesuffix(END) + (body or _nothing(wanted))
    return _answer(pack(body) if packed else body, wanted, packed=packed)


def _nothing(wanted: Format) -> bytes:
    return END if wanted is Format.OPENMETRICS else b""


def _answer(body: bytes, wanted: Format, *, packed: bool) -> Response:
    headers = {"Content-Type": wanted.value, "Vary": "Accept, Accept-Encoding"}
    if packed:
        headers["Content-Encoding"] = "gzip"
    return Response(body, headers=headers)


def _target(request: Request, served: ServedConfig) -> Exposition:
    """A name from the config and never a host: an open target would give the gateway's token to whoever asks."""
    targets = request.query_params.getlist("target")
    names = ", ".join(served.gateways)
    if len(targets) != 1:
        raise HTTPException(400, f"name one target: /probe?target=NAME, with one of {names}")
    gateway = served.gateways.get(targets[0])
    if gateway is None:
        raise HTTPException(400, f"{_shown(targets[0])} is no gateway of the config; there are {names}")
    return gateway


def _check_collectors(only: Sequence[str], gateway: Exposition) -> None:
    known = gateway.collector.names
    for name in only:
        if name not in known:
            raise HTTPException(400, f"{_shown(name)} is no collector; there are {', '.join(known)}")


def _shown(text: str) -> str:
    return repr("".join(each for each in text[:_LONGEST_SHOWN] if each.isprintable()))


def _targets(request: Request, served: ServedConfig) -> list[dict[str, object]]:
    """For Prometheus's http_sd_configs: each gateway, and the exporter, at the address that was asked."""
    address = request.headers.get("host", "")
    if not _HOST.fullmatch(address):
        server = request.scope.get("server") or ("localhost", 80)
        host = f"[{server[0]}]" if ":" in str(server[0]) else server[0]
        address = f"{host}:{server[1]}"
    scheme = {"__scheme__": request.scope["scheme"]}
    found: list[dict[str, object]] = []
    for name in served.gateways:
        labels = {**served.labels.get(name, {}), "instance": name, "__metrics_path__": "/probe", "__param_target": name}
        found.append({"targets": [address], "labels": {**labels, **scheme}})
    found.append({"targets": [address], "labels": {"__metrics_path__": "/telemetry", **scheme}})
    return found
