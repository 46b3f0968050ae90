"""The pages and errors of a gateway, by firmware, and the paths that gateways have."""

from envoy_simulator.http_types import TOKENS_SINCE, Headers, Response, Version

OTHER_PATHS = frozenset(
    """
    / /inventory /inv /auth/check_jwt /datatab/event_dt.rb /ivp/meters/reports /ivp/meters/reports/consumption
    /ivp/meters/reports/production /ivp/meters/pvReading /ivp/meters/gridReading /ivp/meters/cts
    /ivp/meters/ctreversal /ivp/meters/storage_setting /ivp/ensemble/relay /ivp/ensemble/comm_check
    /ivp/ensemble/sleep /ivp/ensemble/submod /ivp/ensemble/device_list /ivp/ensemble/device_status
    /ivp/ensemble/profile_status /ivp/ss/pcs_settings /ivp/ss/der_settings /ivp/ss/enc_settings /ivp/sc/status
    /ivp/sc/sched /ivp/peb/reportsettings /ivp/zb/status /ivp/zb/pairing_status /ivp/cellular /ivp/eh/devs
    /ivp/firmware_manager/config /admin/lib/network_display.json /admin/lib/wireless_display.json
    /admin/lib/admin_dcc_display.json /admin/lib/admin_pmu_display.json /admin/lib/date_time_display.json
    /installer/agf/inverters_status.json
    """.split()  # noqa: SIM905  # a list of some forty strings reads worse
)
"""Paths that some firmware has, but no profile, and that are harmless to read: no streams, no scans, no line checks."""

NOTHING_CACHED: Headers = (("Pragma", "no-cache"), ("Expires", "1"), ("Cache-Control", "no-cache"))
HARDENED: Headers = (
    ("Strict-Transport-Security", "max-age=63072000; includeSubdomains"),
    ("X-Frame-Options", "DENY"),
    ("X-Content-Type-Options", "nosniff"),
)
_HTML: Headers = (("Content-Type", "text/html"),)
_JSON: Headers = (("Content-Type", "application/json"),)
_TEXT: Headers = (("Content-Type", "text/plain"),)


def is_slow(path: str) -> bool:
    """Whether the single UI process of the gateway responds, and not a native process."""
    return path in ("/home", "/home.json") or path.startswith(
        ("/production", "/inv", "/admin/", "/datatab/", "/installer/")
    )


def server_headers(firmware: Version) -> Headers:
    """The headers of every response; firmware older than 7 has none that identify the server."""
    return (("Server", "openresty/1.17.8.1"), *HARDENED) if firmware >= TOKENS_SINCE else ()


def not_found(path: str, firmware: Version) -> Response:
    """The response to a path that the gateway does not have: JSON in two forms; on 3.x, for pages, a page with 200."""
    if firmware < (4,) and is_slow(path):
        return Response(200, (*NOTHING_CACHED, *_HTML), _page("error", _NO_SUCH_PAGE), chunked=True)
    # 5.0.62 has `error` where no daemon serves the path, and `err` without a Content-Type where a daemon rejects it.
    if firmware >= TOKENS_SINCE or (firmware >= (5,) and path.startswith(("/ivp/ss/", "/ivp/sc/"))):
        return Response(404, server_headers(firmware), b' { "err": "404 - Not Found" }')
    plain_type = (("Content-Type", "application/json; charset=ISO-8859-4"),)
    return Response(404, plain_type, b'{ "error" : "404 - Not Found" }')


def not_allowed(firmware: Version) -> Response:
    body = b"<html><body><h2>405 Method Not Allowed</h2></body></html>"
    return Response(405, (*server_headers(firmware), *_HTML, ("Allow", "GET")), body)


def token_required(firmware: Version) -> Response:
    """The page since firmware 7: its script sends a browser to the login page, and is not what a client expects."""
    body = (
        b"<html><head><title>401 Authorization Required</title>\n"
        b'<script>window.location.replace("/login.html?to=" + window.location.pathname);</script></head>\n'
        b"<body><center><h1>401 Authorization Required</h1></center><hr><center>openresty</center></body></html>\n"
    )
    return Response(401, (*server_headers(firmware), *_HTML), body)


def digest_required(path: str) -> Response:
    """The three 401 responses of firmware older than 7: JSON, HTML and plain text (3.9.36_bad_auth, 4.10.35)."""
    if path.startswith("/api/"):
        body = b'{\n  "status": 401,\n  "error": "",\n  "info": "Authentication required",\n  "moreInfo": ""\n}\n'
        return Response(401, _JSON, body)
    if path.startswith("/production"):
        return Response(401, _HTML, b"<html><body><h2>401 Unauthorized</h2></body></html>")
    return Response(401, _TEXT, b"Error: 401")


_NO_SUCH_PAGE = "<h2>Page Not Found</h2>\n<p>There is no such page. Back to the <a href='/'>home</a> page.</p>\n"


def production_page(rows: str, live_since: str) -> bytes:
    """The page of 3.x with its table. Clients look for the rows and cells only; the rest of the page is simplified."""
    return _page(
        "production",
        "<h1>System Energy Production</h1>\n<table>\n"
        f"<tr><td colspan='3'>System has been live since <div class=good>{live_since}</div></td></tr>\n"
        f"{rows}\n</table>\n",
    )


def _page(title: str, content: str) -> bytes:
    return (
        f"<html>\n<head><title>{title}</title></head>\n<body>\n"
        f"<div class='nav'><a href='/home?locale=en'>Home</a> <a href='/production?locale=en'>Production</a></div>\n"
        f"{content}</body>\n</html>\n"
    ).encode()
