"""The pages and errors that a gateway answers with, by firmware, and which paths any gateway has."""

from envoy_simulator.http_types import TOKENS_SINCE, Headers, Response, Version

KNOWN_PATHS = frozenset(
    """
    / /info /info.xml /home /home.json /production /production.json /inventory /inventory.json /inv
    /api/v1/production /api/v1/production/inverters /auth/check_jwt /datatab/event_dt.rb
    /ivp/meters /ivp/meters/readings /ivp/meters/reports /ivp/meters/reports/consumption
    /ivp/meters/reports/production /ivp/meters/pvReading /ivp/meters/gridReading /ivp/meters/cts
    /ivp/meters/ctreversal /ivp/meters/storage_setting /ivp/pdm/device_data /ivp/pdm/energy /ivp/livedata/status
    /ivp/ensemble/inventory /ivp/ensemble/status /ivp/ensemble/secctrl /ivp/ensemble/power /ivp/ensemble/relay
    /ivp/ensemble/dry_contacts /ivp/ensemble/generator /ivp/ensemble/comm_check /ivp/ensemble/errors
    /ivp/ensemble/sleep /ivp/ensemble/submod /ivp/ensemble/device_list /ivp/ensemble/device_status
    /ivp/ensemble/profile_status /ivp/ss/dry_contact_settings /ivp/ss/gen_config /ivp/ss/gen_mode
    /ivp/ss/gen_schedule /ivp/ss/pel_settings /ivp/ss/pcs_settings /ivp/ss/der_settings /ivp/ss/enc_settings
    /ivp/ss/dpel /ivp/sc/pvlimit /ivp/sc/status /ivp/sc/sched /ivp/peb/devstatus /ivp/peb/reportsettings
    /ivp/mod/603980032/mode/power /ivp/zb/status /ivp/zb/pairing_status /ivp/cellular /ivp/eh/devs
    /ivp/firmware_manager/state /ivp/firmware_manager/config /admin/lib/tariff /admin/lib/acb_config
    /admin/lib/network_display.json /admin/lib/wireless_display.json /admin/lib/admin_dcc_display.json
    /admin/lib/admin_pmu_display.json /admin/lib/date_time_display.json /installer/agf/index.json
    /installer/agf/inverters_status.json
    """.split()  # noqa: SIM905  # a list of some sixty strings reads worse
)
"""Every path that some firmware has and that is harmless to read: no streams, no scans, no line checks."""

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
    """Does the gateway's one UI process answer it, rather than a native one."""
    return path in ("/home", "/home.json") or path.startswith(
        ("/production", "/inv", "/admin/", "/datatab/", "/installer/")
    )


def server_headers(firmware: Version) -> Headers:
    """Nothing says who answers below 7."""
    return (("Server", "openresty/1.17.8.1"), *HARDENED) if firmware >= TOKENS_SINCE else ()


def not_found(path: str, firmware: Version) -> Response:
    """A path that this gateway has not: JSON of one kind or another, and on 3.x a page, with status 200, for a page."""
    if firmware < (4,) and is_slow(path):
        return Response(200, (*NOTHING_CACHED, *_HTML), _page("error", _NO_SUCH_PAGE), chunked=True)
    # 5.0.62 says `error` where no daemon is behind the path, and `err`, with no type, where one does not know it.
    if firmware >= TOKENS_SINCE or (firmware >= (5,) and path.startswith(("/ivp/ss/", "/ivp/sc/"))):
        return Response(404, server_headers(firmware), b' { "err": "404 - Not Found" }')
    plain_type = (("Content-Type", "application/json; charset=ISO-8859-4"),)
    return Response(404, plain_type, b'{ "error" : "404 - Not Found" }')


def not_allowed(firmware: Version) -> Response:
    body = b"<html><body><h2>405 Method Not Allowed</h2></body></html>"
    return Response(405, (*server_headers(firmware), *_HTML, ("Allow", "GET")), body)


def token_demanded(firmware: Version) -> Response:
    """The page of firmware 7 on: its script is what sends a browser to log in, and what a client trips over."""
    body = (
        b"<html><head><title>401 Authorization Required</title>\n"
        b'<script>window.location.replace("/login.html?to=" + window.location.pathname);</script></head>\n'
        b"<body><center><h1>401 Authorization Required</h1></center><hr><center>openresty</center></body></html>\n"
    )
    return Response(401, (*server_headers(firmware), *_HTML), body)


def digest_demanded(path: str) -> Response:
    """The three kinds of refusal below 7: the API's, a page's and a plain one (3.9.36_bad_auth, 4.10.35)."""
    if path.startswith("/api/"):
        body = b'{\n  "status": 401,\n  "error": "",\n  "info": "Authentication required",\n  "moreInfo": ""\n}\n'
        return Response(401, _JSON, body)
    if path.startswith("/production"):
        return Response(401, _HTML, b"<html><body><h2>401 Unauthorized</h2></body></html>")
    return Response(401, _TEXT, b"Error: 401")


_NO_SUCH_PAGE = "<h2>Page Not Found</h2>\n<p>There is no such page. Back to the <a href='/'>home</a> page.</p>\n"


def production_page(rows: str, live_since: str) -> bytes:
    """The table of 3.x. Its rows and cells are what clients look for; the page around them is of no use to any."""
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
