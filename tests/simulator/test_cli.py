"""The command `envoy-simulator`, run as a process."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import yaml
from support.exposition import parsed
from support.served_exporter import ServedExporter

from envoy_simulator import PROFILES, arguments, cli

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]


COMMAND = [sys.executable, "-W", "error", "-m", "envoy_simulator"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}


def program(*arguments: str) -> "subprocess.Popen[str]":
    pipe = subprocess.PIPE
    return subprocess.Popen([*COMMAND, *arguments], stdout=pipe, stderr=pipe, text=True, env=ENVIRONMENT)


def run_to_end(*arguments: str) -> tuple[int, str, str]:
    """Exit code, output and errors. A command that does not end is killed, and TimeoutExpired raised."""
    command = [*COMMAND, *arguments]
    result = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT, timeout=20, check=False)
    return result.returncode, result.stdout, result.stderr


@contextmanager
def serving(*arguments: str, end: signal.Signals = signal.SIGTERM) -> Iterator[str]:
    """The output until the simulator serves; afterwards it must exit with 0 and without errors."""
    with program("--listen-address", "127.0.0.1:0", *arguments) as process:
        assert process.stdout is not None
        lines: list[str] = []
        while not lines or not lines[-1].endswith("Ctrl-C.\n"):
            line = process.stdout.readline()
            assert line, "".join(lines)
            lines.append(line)
        try:
            yield "".join(lines)
        finally:
            process.send_signal(end)
            _, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (0, "")


def gateway_in(printed: str) -> dict[str, object]:
    """The gateway of the exporter.yml in the output."""
    config = printed.partition("exporter.yml:\n")[2].partition("\n\n")[0]
    (gateway,) = yaml.safe_load(config)["gateways"]
    return dict(gateway)


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_cli_prints_credentials_and_stops_on_a_signal(end: signal.Signals) -> None:
    with serving("--profile", "8.2", end=end) as printed:
        gateway = gateway_in(printed)
        assert "scheme" not in gateway
        assert PROFILES["8.2"].serial in printed
        headers = {"authorization": f"Bearer {gateway['token']}"}
        url = f"https://{gateway['host']}/ivp/meters"
        assert len(httpx.get(url, headers=headers, verify=False, trust_env=False).json()) == 3  # noqa: S501  # its own


def test_cli_old_firmware_prints_password_and_plain_scheme() -> None:
    with serving("--profile", "5.0") as printed:
        gateway = gateway_in(printed)
        assert gateway["scheme"] == "http"
        local = gateway["local"]
        assert isinstance(local, dict)
        assert local == {"username": "envoy", "password": PROFILES["5.0"].serial[-6:]}
        url = f"http://{gateway['host']}/api/v1/production/inverters"
        auth = httpx.DigestAuth(local["username"], local["password"])
        assert httpx.get(url, auth=auth, trust_env=False).status_code == 200


def test_cli_no_tls_still_requires_the_token() -> None:
    with serving("--no-tls") as printed:
        gateway = gateway_in(printed)
        assert gateway["scheme"] == "http"
        url = f"http://{gateway['host']}/home"
        assert httpx.get(url, trust_env=False).status_code == 401
        headers = {"authorization": f"Bearer {gateway['token']}"}
        assert httpx.get(url, headers=headers, trust_env=False).status_code == 200


def test_cli_capture_is_replayed(tmp_path: Path) -> None:
    info = "<envoy_info><device><sn>122200000123</sn><software>D5.0.62</software></device></envoy_info>"
    (tmp_path / "info").write_text(info)
    with serving("--capture", str(tmp_path)) as printed:
        assert httpx.get(f"http://{gateway_in(printed)['host']}/info", trust_env=False).text == info


def test_cli_list_has_a_line_for_each_profile() -> None:
    code, output, errors = run_to_end("--list")
    assert (code, errors) == (0, "")
    assert [line.split()[0] for line in output.splitlines()] == list(PROFILES)


@pytest.mark.parametrize(
    ("arguments", "subject", "words"),
    [
        (["--profile", "6.0"], "--profile", "choose from"),
        (["--listen-address", "8080"], "--listen-address", "write it like 127.0.0.1:8080"),
        (["--listen-address", "127.0.0.1:99999"], "--listen-address", "write it like 127.0.0.1:8080"),
        (["--day", "10"], "--day", "write it like 10m or 24h"),
        (["--day", "0s"], "--day", "at least 1m"),
        (["--latency", "-1"], "--latency", "from 0 to 100"),
        (["--latency", "nan"], "--latency", "from 0 to 100"),
        (["--capture", "/nowhere/at/all"], "/nowhere/at/all", "not a capture"),
        (["--capture", ".", "--profile", "8.3"], "--profile", "not allowed with"),
        (["--history", "year"], "--history", "365d"),
        (["--history", "1d", "--every", "0s"], "--every", "60s"),
        (["--history", "1d", "--instance", 'a"b'], "--instance", "invalid label"),
        (["--history", "1d", "--fault", "silent"], "--fault", "cannot be combined"),
        (["--fault", "cut-off,where=foot"], "where=foot", "must be one of"),
    ],
)
def test_cli_invalid_arguments_exit_2_with_one_line(arguments: list[str], subject: str, words: str) -> None:
    code, output, errors = run_to_end(*arguments)
    assert (code, output) == (2, "")
    assert subject in errors.splitlines()[-1]
    assert words in errors.splitlines()[-1]
    assert "Traceback" not in errors


def test_cli_listen_address_in_use_exits_1_with_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"
        code, _, errors = run_to_end("--listen-address", address, "--no-tls")
    assert (code, errors.count("\n")) == (1, 1)
    assert errors.startswith("envoy-simulator: ")
    assert address in errors


def test_cli_tls_without_trustme_names_the_extra(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("envoy_simulator.certificate.find_spec", lambda _: None)
    assert cli.main(["--tls", "--listen-address", "127.0.0.1:0"]) == 2
    assert ".[simulator]" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:8080", ("127.0.0.1", 8080)),
        (":80", ("0.0.0.0", 80)),
        ("[::1]:8080", ("::1", 8080)),
        ("localhost:1", ("localhost", 1)),
    ],
)
def test_listen_address_is_parsed(text: str, address: tuple[str, int]) -> None:
    assert arguments.listen_address(text) == address


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("10m", 600), ("1.5h", 5400), ("1d", 86400)])
def test_day_is_parsed_to_seconds(text: str, seconds: float) -> None:
    assert arguments.day(text) == seconds


def fetch(printed: str, path: str) -> httpx.Response:
    gateway = gateway_in(printed)
    headers = {"authorization": f"Bearer {gateway['token']}"}
    return httpx.get(f"http://{gateway['host']}{path}", headers=headers, trust_env=False)


@pytest.mark.parametrize(("role", "status"), [("owner", 401), ("installer", 200)])
def test_cli_token_has_the_requested_role(role: str, status: int) -> None:
    with serving("--profile", "8.2", "--no-tls", "--role", role) as printed:
        assert fetch(printed, "/ivp/peb/devstatus").status_code == status
        assert fetch(printed, "/ivp/meters").status_code == 200


@pytest.mark.parametrize(
    ("arguments", "stream"),
    [(["8.2"], "enabled"), (["8.2", "--no-stream"], "disabled"), (["8.3", "--stream"], "enabled")],
)
def test_cli_stream_flag_overrides_the_profile(arguments: list[str], stream: str) -> None:
    with serving("--no-tls", "--profile", *arguments) as printed:
        status = fetch(printed, "/ivp/livedata/status").json()
    assert status["connection"]["sc_stream"] == stream


@pytest.mark.parametrize(
    "arguments", [("--profile", "5.0", "--role", "installer"), ("--profile", "5.0", "--stream"), ("--no-stream",)]
)
def test_cli_unsupported_role_or_stream_exits_2(arguments: tuple[str, ...], tmp_path: Path) -> None:
    capture = ("--capture", str(tmp_path)) if len(arguments) == 1 else ()
    code, _, errors = run_to_end(*arguments, *capture)
    assert (code, errors.count("\n")) == (2, 1)
    assert "--stream" in errors


def test_cli_cloud_exporter_logs_in_with_the_printed_config(tmp_path: Path) -> None:
    with serving("--profile", "8.3", "--cloud") as printed:
        path = tmp_path / "exporter.yml"
        path.write_text(printed.partition("exporter.yml:\n")[2].partition("\n\n")[0])
        with ServedExporter(path) as served:
            exposition = parsed(served.get("/metrics").text)
    assert exposition.value("enphase_authenticated") == 1
    assert exposition.value("enphase_token_renewals_total", result="success") == 1


def test_cli_fault_list_has_every_parameter() -> None:
    code, output, errors = run_to_end("--fault", "list")
    assert (code, errors) == (0, "")
    assert output.startswith("closed ")
    assert "where=body|before|status|headers" in output


def test_cli_faults_are_printed_and_applied() -> None:
    with serving("--profile", "5.0", "--fault", "status,endpoint=/home,code=418", "--fault", "bom") as printed:
        status, bom = (line.strip() for line in printed.splitlines() if line.startswith("  fault "))
        assert status.endswith("The response has another status, with a body of the type `page`.")
        assert bom.endswith("The body begins with a byte order mark.")
        url = f"http://{gateway_in(printed)['host']}"
        assert httpx.get(f"{url}/home", trust_env=False).status_code == 418
        assert httpx.get(f"{url}/info", trust_env=False).content.startswith(b"\xef\xbb\xbf<?xml")


def test_cli_history_is_written_and_the_command_exits() -> None:
    code, output, errors = run_to_end("--profile", "7.3", "--history", "10m", "--every", "2m", "--instance", "utrecht")
    assert (code, errors) == (0, "")
    *lines, last = output.splitlines()
    assert last == "# EOF"
    samples = [line for line in lines if line.startswith("enphase_up{")]
    assert len(samples) == 5
    assert all(line.startswith('enphase_up{job="envoy",instance="utrecht"} 1.0 ') for line in samples)
    assert any(line.startswith("enphase_inverter_power") or "inverter_reporting" in line for line in lines)
    _, without, _ = run_to_end("--profile", "7.3", "--history", "10m", "--no-inverters")
    assert "enphase_inverter" not in without


def test_cli_history_reader_may_close_the_pipe() -> None:
    with program("--history", "30d") as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("up{")
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == ""
        assert process.wait(20) == 0
