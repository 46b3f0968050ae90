"""The exporter behind a reverse proxy: --web.external-url and --web.route-prefix."""

import asyncio
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
from starlette.types import Receive, Scope, Send
from support.served_exporter import ServedExporter, write_config

from envoy_exporter.web.access import ConcurrencyLimit
from envoy_exporter.web.location import Location, external_url, location, route_prefix
from envoy_simulator import Simulator

pytestmark = pytest.mark.integration

SOLAR = external_url("https://example.org/solar/")
PATHS = ("/metrics", "/probe?target=home", "/telemetry", "/sd", "/config", "/-/healthy", "/-/ready", "/")


@pytest.fixture(scope="module")
def gateway() -> Iterator[Simulator]:
    with Simulator("8.3") as gateway:
        yield gateway


@pytest.fixture(scope="module")
def solar(gateway: Simulator, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedExporter]:
    """Behind a proxy that keeps the path."""
    path = write_config(gateway, folder=tmp_path_factory.mktemp("solar"))
    with ServedExporter(path, location=location(SOLAR, None)) as served:
        yield served


@pytest.mark.parametrize(
    ("url", "prefix", "expected"),
    [
        (None, None, Location()),
        (None, "/solar", Location("/solar", "/solar")),
        ("https://example.org/solar/", None, Location("/solar", "/solar", "https", "example.org")),
        ("https://example.org/solar/", "/", Location("", "/solar", "https", "example.org")),
        ("http://[::1]:8080", None, Location("", "", "http", "[::1]:8080")),
        ("http://a/b/c", "d/", Location("/d", "/b/c", "http", "a")),
    ],
)
def test_location_route_prefix_defaults_to_the_external_path(
    url: str | None, prefix: str | None, expected: Location
) -> None:
    flags = url and external_url(url), prefix and route_prefix(prefix)
    assert location(flags[0] or None, flags[1]) == expected


@pytest.mark.parametrize(
    "text",
    ["example.org", "ftp://a/", "https:///x", "https://me:hunter2@a/", "https://a/?b", "https://a/#b", "https://a:x/"],
)
def test_external_url_invalid_is_an_error_without_its_text(text: str) -> None:
    with pytest.raises(ValueError, match="invalid URL") as error:
        external_url(text)
    assert "hunter2" not in str(error.value)


@pytest.mark.parametrize("text", ["/a b", "/{a}", "/a?b", "/a#b", "/a//b"])
def test_route_prefix_invalid_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="invalid path"):
        route_prefix(text)


@pytest.mark.parametrize("path", PATHS)
def test_route_prefix_every_path_is_served_below_it_only(solar: ServedExporter, path: str) -> None:
    assert solar.get(f"/solar{path}").status_code == 200
    assert solar.get(path).status_code == (302 if path == "/" else 404)


def test_route_prefix_reload_is_served_below_it(solar: ServedExporter) -> None:
    assert solar.get("/solar/-/reload", method="POST").status_code == 200


@pytest.mark.parametrize("path", ["/", "/solar"])
def test_route_prefix_missing_or_without_slash_redirects(solar: ServedExporter, path: str) -> None:
    response = solar.get(path)
    assert (response.status_code, response.headers["location"]) == (302, "/solar/")


def test_route_prefix_links_of_the_landing_page_are_served(solar: ServedExporter) -> None:
    links: list[str] = []

    class Links(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            links.extend(value for name, value in attrs if tag == "a" and name == "href" and value)

    Links().feed(solar.get("/solar/").text)
    assert len(links) == 5
    for link in links:
        url = urlsplit(urljoin("https://example.org/solar/", link))
        assert url.netloc == "example.org"
        assert solar.get(f"{url.path}?{url.query}").status_code == 200


def test_route_prefix_health_path_has_no_limit() -> None:
    served: list[str] = []
    finish = asyncio.Event()

    async def application(scope: Scope, _: Receive, __: Send) -> None:
        served.append(scope["path"])
        if "healthy" not in scope["path"]:
            await finish.wait()

    async def requests() -> None:
        limit = ConcurrencyLimit(application, 1, "/solar")
        none = lambda *_: asyncio.sleep(0)  # noqa: E731
        metrics, config, health = (
            asyncio.create_task(limit({"type": "http", "path": f"/solar{path}"}, none, none))  # type: ignore[arg-type]
            for path in ("/metrics", "/config", "/-/healthy")
        )
        await asyncio.wait_for(health, 5)
        assert served == ["/solar/metrics", "/solar/-/healthy"]
        finish.set()
        await asyncio.gather(metrics, config)

    asyncio.run(requests())


def test_sd_external_url_is_the_address_of_all_targets(solar: ServedExporter) -> None:
    common = {"__scheme__": "https"}
    assert solar.get("/solar/sd", host="127.0.0.1:9433").json() == [
        {
            "targets": ["example.org"],
            "labels": {
                "instance": "home",
                "__metrics_path__": "/solar/probe",
                "__param_target": "home",
                **common,
            },
        },
        {"targets": ["example.org"], "labels": {"__metrics_path__": "/solar/telemetry", **common}},
    ]


def test_sd_proxy_that_strips_the_path_gets_public_paths(gateway: Simulator, tmp_path: Path) -> None:
    """`--web.route-prefix=/` with a path in the external URL, as for Prometheus itself."""
    with ServedExporter(write_config(gateway, folder=tmp_path), location=location(SOLAR, "")) as served:
        (home, own) = served.get("/sd").json()
    assert home["labels"]["__metrics_path__"] == "/solar/probe"
    assert own["labels"]["__metrics_path__"] == "/solar/telemetry"


def test_sd_route_prefix_alone_uses_the_address_of_the_request(gateway: Simulator, tmp_path: Path) -> None:
    with ServedExporter(write_config(gateway, folder=tmp_path), location=location(None, "/solar")) as served:
        (home, _) = served.get("/solar/sd", host="exporter.lan:9433").json()
    assert home["targets"] == ["exporter.lan:9433"]
    assert home["labels"]["__metrics_path__"] == "/solar/probe"
    assert home["labels"]["__scheme__"] == "http"
