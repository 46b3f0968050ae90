"""`python -m envoy_exporter.healthcheck`: the health check of the container image.

It reads the flags of the running exporter, process 1, and requests `/-/healthy` where that listens. Any response below
500 is healthy: 401 if users are configured, 404 with a route prefix. It imports little, because it runs every minute.
"""

import argparse
import http.client
import ssl
import sys
from collections.abc import Sequence
from pathlib import Path

TIMEOUT = 4.0
_LOOPBACK = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # compared, not bound
_SERVER_ERROR = 500


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser("python -m envoy_exporter.healthcheck", description="Check a running exporter.")
    parser.add_argument("--pid", type=int, default=1, help="Check the exporter with this process ID (default: 1).")
    pid = parser.parse_args(arguments).pid
    try:
        flags = flags_of(Path(f"/proc/{pid}/cmdline").read_bytes())
        host, port = address(flags)
        check(host, port, tls=flags.web_config_file is not None)
    except (OSError, ValueError, http.client.HTTPException) as error:
        sys.stderr.write(f"unhealthy: {error or type(error).__name__}\n")
        return 1
    return 0


def flags_of(command_line: bytes) -> argparse.Namespace:
    """The flags that decide where and how the exporter listens. An init process may be in front of the command."""
    parser = argparse.ArgumentParser(allow_abbrev=False, exit_on_error=False, add_help=False)
    parser.add_argument("--web.listen-address", dest="web_listen_address", action="append")
    parser.add_argument("--web.config.file", dest="web_config_file")
    words = [word for word in command_line.decode(errors="replace").split("\0") if word not in {"", "--"}]
    return parser.parse_known_args(words)[0]


def address(flags: argparse.Namespace) -> tuple[str, int]:
    """Where to connect: the first address on which the exporter listens. Raises ValueError for an invalid one."""
    host, _, port = (flags.web_listen_address or [":9433"])[0].rpartition(":")
    host = host.strip("[]")
    return _LOOPBACK.get(host, host), int(port)


def check(host: str, port: int, *, tls: bool) -> None:
    """Raises OSError, ValueError or HTTPException if the exporter is not healthy.

    A web config file may or may not have TLS settings, so both are tried. The certificate is not verified.
    """
    if tls:
        try:
            _request(http.client.HTTPSConnection(host, port, timeout=TIMEOUT, context=_unverified()))
        except http.client.RemoteDisconnected:  # TLS 1.3: it requires a client certificate, so it runs
            return
        except ssl.SSLError as error:
            if "ALERT" in (error.reason or ""):  # the same
                return
        else:
            return
    _request(http.client.HTTPConnection(host, port, timeout=TIMEOUT))


def _request(connection: http.client.HTTPConnection) -> None:
    try:
        connection.request("GET", "/-/healthy")
        status = connection.getresponse().status
    finally:
        connection.close()
    if status >= _SERVER_ERROR:
        raise ValueError(f"/-/healthy returned {status}")


def _unverified() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


if __name__ == "__main__":
    sys.exit(main())
