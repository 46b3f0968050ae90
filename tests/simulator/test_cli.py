"""The command `envoy-simulator`, run as a process."""

import os
import re
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
from support.served_exporter import Served

from envoy_simulator import PROFILES, arguments, cli

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]


def program(*arguments: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-W", "error", "-m", "envoy_simulator", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def ended(*arguments: str) -> tuple[int, str, str]:
    with program(*arguments) as process:
        output, errors = process.communicate(timeout=20)
    return process.returncode, output, errors


@contextmanager
def serving(*arguments: str, end: signal.Signals = signal.SIGTERM) -> Iterator[str]:
    """What it prints until it serves; afterwards it must end well, and in silence."""
    with program("--listen-address", "127.0.0.1:0", *arguments) as process:
        assert process.stdout is not None
        lines: list[str] = []
        while not lines or not lines[-1].startswith("Ctrl-C"):
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
    """The gateway of the exporter.yml that it prints."""
    config = printed.partition("exporter.yml:\n")[2].partition("\n\n")[0]
    (gateway,) = yaml.safe_load(config)["gateways"]
    return dict(gateway)


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_it_prints_how_to_get_in_serves_and_ends_when_told(end: signal.Signals) -> None:
    with serving("--profile", "8.2", end=end) as printed:
        gateway = gateway_in(printed)
        assert "scheme" not in gateway
        assert PROFILES["8.2"].serial in printed
        headers = {"authorization": f"Bearer {gateway['token']}"}
        url = f"https://{gateway['host']}/ivp/meters"
        assert len(httpx.get(url, headers=headers, verify=False, trust_env=False).json()) == 3  # noqa: S501  # its own


def test_below_7_it_prints_user_and_password_and_the_plain_scheme() -> None:
    with serving("--profile", "5.0") as printed:
        gateway = gateway_in(printed)
        assert gateway["scheme"] == "http"
        local = gateway["local"]
        assert isinstance(local, dict)
        assert local == {"username": "envoy", "password": PROFILES["5.0"].serial[-6:]}
        url = f"http://{gateway['host']}/api/v1/production/inverters"
        auth = httpx.DigestAuth(local["username"], local["password"])
        assert httpx.get(url, auth=auth, trust_env=False).status_code == 200


def test_without_tls_the_token_is_checked_all_the_same() -> None:
    with serving("--no-tls") as printed:
        gateway = gateway_in(printed)
        assert gateway["scheme"] == "http"
        url = f"http://{gateway['host']}/home"
        assert httpx.get(url, trust_env=False).status_code == 401
        headers = {"authorization": f"Bearer {gateway['token']}"}
        assert httpx.get(url, headers=headers, trust_env=False).status_code == 200


def test_it_replays_a_capture(tmp_path: Path) -> None:
    info = "<envoy_info><device><sn>122200000123</sn><software>D5.0.62</software></device></envoy_info>"
    (tmp_path / "info").write_text(info)
    with serving("--capture", str(tmp_path)) as printed:
        assert httpx.get(f"http://{gateway_in(printed)['host']}/info", trust_env=False).text == info


def test_the_list_has_a_line_for_each_profile() -> None:
    code, output, errors = ended("--list")
    assert (code, errors) == (0, "")
    assert [line.split()[0] for line in output.splitlines()] == list(PROFILES)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--profile", "6.0"], "choose from"),
        (["--listen-address", "8080"], "write it like 127.0.0.1:8080"),
        (["--listen-address", "127.0.0.1:99999"], "write it like 127.0.0.1:8080"),
        (["--day", "10"], "write it like 10m or 24h"),
        (["--day", "0s"], "at least 1m"),
        (["--latency", "-1"], "write a number from 0 to 100"),
        (["--latency", "nan"], "write a number from 0 to 100"),
        (["--capture", "/nowhere/at/all"], "no capture"),
        (["--capture", ".", "--profile", "8.3"], "not allowed with"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(arguments: list[str], says: str) -> None:
    code, output, errors = ended(*arguments)
    assert (code, output) == (2, "")
    assert says in errors.splitlines()[-1]
    assert "Traceback" not in errors


def test_an_address_in_use_is_said_in_a_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        code, _, errors = ended("--listen-address", f"127.0.0.1:{taken.getsockname()[1]}", "--no-tls")
    assert code == 1
    assert re.fullmatch(r"envoy-simulator: cannot listen on 127\.0\.0\.1:\d+: .*\n", errors)


def test_without_trustme_it_says_so_and_tls_cannot_be_had(
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
def test_an_address_to_listen_on(text: str, address: tuple[str, int]) -> None:
    assert arguments.listen_address(text) == address


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("10m", 600), ("1.5h", 5400), ("1d", 86400)])
def test_the_length_of_a_day(text: str, seconds: float) -> None:
    assert arguments.day(text) == seconds


def asked(printed: str, path: str) -> httpx.Response:
    gateway = gateway_in(printed)
    headers = {"authorization": f"Bearer {gateway['token']}"}
    return httpx.get(f"http://{gateway['host']}{path}", headers=headers, trust_env=False)


@pytest.mark.parametrize(("role", "status"), [("owner", 401), ("installer", 200)])
def test_the_token_that_it_prints_is_of_the_role(role: str, status: int) -> None:
    with serving("--profile", "8.2", "--no-tls", "--role", role) as printed:
        assert asked(printed, "/ivp/peb/devstatus").status_code == status
        assert asked(printed, "/ivp/meters").status_code == 200


@pytest.mark.parametrize(
    ("arguments", "stream"),
    [(["8.2"], "enabled"), (["8.2", "--no-stream"], "disabled"), (["8.3", "--stream"], "enabled")],
)
def test_live_data_stand_still_where_nobody_streams_them(arguments: list[str], stream: str) -> None:
    with serving("--no-tls", "--profile", *arguments) as printed:
        told = asked(printed, "/ivp/livedata/status").json()
    assert told["connection"]["sc_stream"] == stream


@pytest.mark.parametrize(
    "arguments", [("--profile", "5.0", "--role", "installer"), ("--profile", "5.0", "--stream"), ("--no-stream",)]
)
def test_a_switch_that_the_gateway_does_not_have_is_told(arguments: tuple[str, ...], tmp_path: Path) -> None:
    capture = ("--capture", str(tmp_path)) if len(arguments) == 1 else ()
    code, _, errors = ended(*arguments, *capture)
    assert (code, errors.count("\n")) == (2, 1)
    assert "--stream" in errors


def test_with_a_cloud_beside_it_what_it_prints_logs_in(tmp_path: Path) -> None:
    with serving("--profile", "8.3", "--cloud") as printed:
        path = tmp_path / "exporter.yml"
        path.write_text(printed.partition("exporter.yml:\n")[2].partition("\n\n")[0])
        with Served(path) as served:
            exposition = parsed(served.get("/metrics").text)
    assert exposition.value("enphase_authenticated") == 1
    assert exposition.value("enphase_token_renewals_total", result="success") == 1


def test_faults_are_listed_and_what_makes_no_sense_is_said_in_a_line() -> None:
    code, output, errors = ended("--fault", "list")
    assert (code, errors) == (0, "")
    assert output.startswith("closed ")
    assert "where=body|before|status|headers" in output
    code, output, errors = ended("--fault", "cut-off,where=foot")
    assert (code, output) == (2, "")
    assert "where=foot: write one of before, status, headers, body" in errors


def test_a_fault_can_be_seen() -> None:
    with serving("--profile", "5.0", "--fault", "status,endpoint=/home,code=418", "--fault", "bom") as printed:
        assert "another status" in printed
        assert "byte order mark" in printed
        url = f"http://{gateway_in(printed)['host']}"
        assert httpx.get(f"{url}/home", trust_env=False).status_code == 418
        assert httpx.get(f"{url}/info", trust_env=False).content.startswith(b"\xef\xbb\xbf<?xml")


def test_a_history_is_written_and_the_command_ends() -> None:
    code, output, errors = ended("--profile", "7.3", "--history", "10m", "--every", "2m", "--instance", "utrecht")
    assert (code, errors) == (0, "")
    *lines, last = output.splitlines()
    assert last == "# EOF"
    ups = [line for line in lines if line.startswith("enphase_up{")]
    assert len(ups) == 5
    assert all(line.startswith('enphase_up{job="envoy",instance="utrecht"} 1.0 ') for line in ups)
    assert any(line.startswith("enphase_inverter_power") or "inverter_reporting" in line for line in lines)
    _, without, _ = ended("--profile", "7.3", "--history", "10m", "--no-inverters")
    assert "enphase_inverter" not in without


def test_who_has_read_enough_of_a_history_may_go() -> None:
    with program("--history", "30d") as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("up{")
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == ""
        assert process.wait(20) == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--history", "year"), "365d"),
        (("--history", "1d", "--every", "0s"), "60s"),
        (("--history", "1d", "--instance", 'a"b'), "is no label"),
        (("--history", "1d", "--fault", "silent"), "neither --capture nor --fault"),
    ],
)
def test_a_history_that_cannot_be_is_refused(words: tuple[str, ...], said: str) -> None:
    code, output, errors = ended(*words)
    assert (code, output) == (2, "")
    assert said in errors
