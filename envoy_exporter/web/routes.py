"""The HTTP routes: their responses and errors."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from envoy_exporter.telemetry import Telemetry

from . import discovery, pages
from .exposition import END, Exposition, Format, accepts_gzip, compress, negotiate, scrape_timeout, select
from .location import Location

_MAX_QUOTED = 60


@dataclass(frozen=True, slots=True)
class ServedConfig:
    """The content of one config: gateways and labels by name of the gateway, and the page `/config`."""

    gateways: Mapping[str, Exposition]
    labels: Mapping[str, Mapping[str, str]]
    config: str


@dataclass(slots=True)
class Exporter:
    """The state that outlasts a reload. `reload` replaces `served`, or returns the problems of the new config."""

    served: ServedConfig
    telemetry: Telemetry
    reload: Callable[[], Sequence[str]]
    version: str
    metrics_path: str = "/metrics"
    location: Location = field(default_factory=Location)
    reloading: asyncio.Lock = field(default_factory=asyncio.Lock)


def create(exporter: Exporter) -> Starlette:
    """The application, without access rules."""
    location = exporter.location

    async def metrics(request: Request) -> Response:
        gateways = exporter.served.gateways
        single = next(iter(gateways.values())) if len(gateways) == 1 else None
        return await _exposition(request, exporter.telemetry, single, _comment(len(gateways), location))

    async def probe(request: Request) -> Response:
        return await _exposition(request, None, _target(request, exporter.served))

    async def telemetry(request: Request) -> Response:
        return await _exposition(request, exporter.telemetry, None)

    async def targets(request: Request) -> Response:
        return JSONResponse(discovery.targets(request, exporter.served.labels, location))

    async def config(_: Request) -> Response:
        return PlainTextResponse(exporter.served.config)

    async def landing(_: Request) -> Response:
        page = await asyncio.to_thread(pages.landing, exporter.served.gateways, exporter.version, exporter.metrics_path)
        return HTMLResponse(page, headers={"Content-Security-Policy": pages.POLICY})

    async def healthy(_: Request) -> Response:
        return PlainTextResponse("OK\n")

    async def reload(request: Request) -> Response:
        _reject_browsers(request)
        async with exporter.reloading:
            problems = exporter.reload()
        if problems:
            return PlainTextResponse("\n".join(("invalid config, the current one stays in force:", *problems, "")), 500)
        return PlainTextResponse("OK\n")

    prefix = location.prefix
    routes = [
        Route(prefix + exporter.metrics_path, metrics),
        Route(f"{prefix}/probe", probe),
        Route(f"{prefix}/telemetry", telemetry),
        Route(f"{prefix}/sd", targets),
        Route(f"{prefix}/config", config),
        Route(f"{prefix}/-/healthy", healthy),
        Route(f"{prefix}/-/ready", healthy),
        Route(f"{prefix}/-/reload", reload, methods=["POST", "PUT"]),
        Route(f"{prefix}/", landing),
    ]
    application = Starlette(
        routes=[*routes, *_redirects(location)], exception_handlers={HTTPException: _error_response}
    )
    application.router.redirect_slashes = False
    return application


def _comment(gateways: int, location: Location) -> bytes:
    """Where the metrics of several gateways are."""
    if gateways == 1:
        return b""
    prefix = location.public_prefix
    places = f"their metrics are at {prefix}/probe?target=NAME, and {prefix}/sd lists them for http_sd_configs"
    return f"# {gateways} gateways are configured; {places}.\n".encode()


def _redirects(location: Location) -> list[Route]:
    """The links of the landing page are relative, so its own path must end with a slash."""
    if not location.prefix:
        return []
    return [_redirect("/", f"{location.prefix}/"), _redirect(location.prefix, f"{location.public_prefix}/")]


def _redirect(path: str, target: str) -> Route:
    async def redirect(_: Request) -> Response:
        return RedirectResponse(target, 302)

    return Route(path, redirect)


def _reject_browsers(request: Request) -> None:
    """A browser sends Origin with every POST, also for a foreign page that is open in it; no page may reload."""
    if "origin" in request.headers:
        raise HTTPException(403, "requests from web pages are not allowed; use a command line, or send SIGHUP")


async def _error_response(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  # registered for this class only
    return PlainTextResponse(f"{error.detail}\n", error.status_code, headers=error.headers)


async def _exposition(
    request: Request, telemetry: Telemetry | None, gateway: Exposition | None, comment: bytes = b""
) -> Response:
    """The metrics of the exporter, of a gateway, or of both. OpenMetrics has no comments, so it is without one."""
    output_format = negotiate(request.headers.get("accept", ""))
    compressed = accepts_gzip(request.headers.get("accept-encoding", ""))
    names = frozenset(request.query_params.getlist("name[]"))
    body = b""
    if gateway is not None:
        only = _selected_collectors(request, gateway)
        seconds = scrape_timeout(request.headers.get("x-prometheus-scrape-timeout-seconds"), gateway.timeout)
        seconds = max(seconds - getattr(request.state, "waited", 0.0), 0.0)
        if names or only is not None:
            body = await gateway.scrape_part(output_format, seconds, only, names)
        else:
            rendered = await gateway.scrape(output_format, seconds)
            if telemetry is None:
                return _response(
                    rendered.compressed if compressed else rendered.body, output_format, compressed=compressed
                )
            body = rendered.body
    if telemetry is not None:
        own = list(telemetry.registry.collect())
        rendered_own = output_format.render(select(own, names) if names else own)
        body = rendered_own.removesuffix(END) + body if body else rendered_own
        if output_format is Format.TEXT:
            body = comment + body
    return _response(compress(body) if compressed else body, output_format, compressed=compressed)


def _response(body: bytes, output_format: Format, *, compressed: bool) -> Response:
    headers = {"Content-Type": output_format.value, "Vary": "Accept, Accept-Encoding"}
    if compressed:
        headers["Content-Encoding"] = "gzip"
    return Response(body, headers=headers)


def _target(request: Request, served: ServedConfig) -> Exposition:
    """The gateway with this name in the config. A host is never accepted: its owner would receive the token."""
    targets = request.query_params.getlist("target")
    names = ", ".join(served.gateways)
    if len(targets) != 1:
        raise HTTPException(400, f"missing target; use /probe?target=NAME with one of {names}")
    gateway = served.gateways.get(targets[0])
    if gateway is None:
        raise HTTPException(400, f"unknown target {_quoted(targets[0])}; use one of {names}")
    return gateway


def _selected_collectors(request: Request, gateway: Exposition) -> Collection[str] | None:
    """The collectors that `collect[]` names, or all without those that `exclude[]` names; None without either."""
    only, excluded = (request.query_params.getlist(name) for name in ("collect[]", "exclude[]"))
    if only and excluded:
        raise HTTPException(400, "collect[] and exclude[] cannot be combined; use one of the two")
    enabled = gateway.collector.names
    _check_collectors(only, enabled)
    _check_collectors(excluded, (*enabled, *gateway.collector.disabled))
    if excluded:
        return [name for name in enabled if name not in excluded]
    return only or None


def _check_collectors(requested: Sequence[str], known: Sequence[str]) -> None:
    for name in requested:
        if name not in known:
            raise HTTPException(400, f"unknown collector {_quoted(name)}; use one of {', '.join(known)}")


def _quoted(text: str) -> str:
    return repr("".join(character for character in text[:_MAX_QUOTED] if character.isprintable()))
