"""The targets for http_sd_configs of Prometheus."""

from collections.abc import Mapping

from starlette.requests import Request

from .location import HOST, Location


def targets(request: Request, gateways: Mapping[str, Mapping[str, str]], location: Location) -> list[dict[str, object]]:
    """Each gateway with its labels, and the exporter, at the external URL or else at the address of this request."""
    address = location.address or _requested_address(request)
    scheme = {"__scheme__": location.scheme or request.scope["scheme"]}
    found: list[dict[str, object]] = []
    for name, own in gateways.items():
        path = {"__metrics_path__": f"{location.public_prefix}/probe", "__param_target": name}
        found.append({"targets": [address], "labels": {**own, "instance": name, **path, **scheme}})
    path = {"__metrics_path__": f"{location.public_prefix}/telemetry"}
    found.append({"targets": [address], "labels": {**path, **scheme}})
    return found


def _requested_address(request: Request) -> str:
    """The Host header, or the address of the socket if that is invalid."""
    address = request.headers.get("host", "")
    if HOST.fullmatch(address):
        return address
    host, port = request.scope.get("server") or ("localhost", 80)
    return f"[{host}]:{port}" if ":" in str(host) else f"{host}:{port}"
