"""The command: how it starts, what it says when it cannot, and how it ends."""

import json
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import jwt
import pytest
from support.exposition import parsed
from support.process import Command
from support.raw_gateway import RawGateway, closed_port
from support.served_exporter import write_config

from envoy_exporter import __version__
from envoy_simulator import Simulator

pytestmark = pytest.mark.integration


def test_it_serves_and_ends_with_0_within_two_seconds_of_sigterm(tmp_path: Path) -> None:
    with Simulator("8.3") as gateway, Command(f"--config.file={write_config(gateway, folder=tmp_path)}") as command:
        assert parsed(command.get("/metrics").text).value("enphase_up") == 1
        command.process.send_signal(signal.SIGTERM)
        assert command.end(timeout=2) == 0
    assert "Traceback" not in command.said
    assert gateway.token not in command.said


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_within_two_seconds_while_a_scrape_waits_for_a_silent_gateway(
    tmp_path: Path, end: signal.Signals
) -> None:
    with RawGateway(lambda connection, _: connection.recv(100) and gateway.ended.wait(60)) as gateway:
        config = tmp_path / "exporter.yml"
        config.write_text(f"gateways: [{{host: '{gateway.host}:{gateway.port}', scheme: http}}]")
        with Command(f"--config.file={config}") as command:
            url = command.url
            with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2]))) as client:
                client.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
                _until(lambda: gateway.connections)
                command.process.send_signal(end)
                assert command.end(timeout=2) == 0
                assert client.recv(15) == b"HTTP/1.1 200 OK", "the scrape was answered all the same"
    assert "Traceback" not in command.said


def test_a_gateway_that_refuses_connections_at_the_start_is_answered_for_within_two_seconds(tmp_path: Path) -> None:
    config = tmp_path / "exporter.yml"
    with closed_port() as port:
        config.write_text(f"gateways: [{{host: '127.0.0.1:{port}', min_interval: 5s}}]")
        with Command(f"--config.file={config}") as command:
            url = command.url
            began = time.monotonic()
            exposition = parsed(httpx.get(f"{url}/metrics", timeout=2, trust_env=False).text)
            assert time.monotonic() - began < 2
            assert exposition.value("enphase_up") == 0
            assert exposition.value("enphase_gateway_request_failures_total", endpoint="/info", reason="connect") == 1
            assert command.process.poll() is None


def test_a_gateway_that_is_silent_from_the_start_is_told_within_the_deadline(tmp_path: Path) -> None:
    with RawGateway(lambda connection, _: connection.recv(100) and gateway.ended.wait(60)) as gateway:
        config = tmp_path / "exporter.yml"
        config.write_text(f"gateways: [{{host: '{gateway.host}:{gateway.port}'}}]")
        with Command(f"--config.file={config}") as command:
            exposition = parsed(command.get("/metrics", timeout=12).text)
            assert exposition.value("enphase_up") == 0
            assert sum(exposition.of("enphase_gateway_request_failures_total").values()) == 1
            assert command.process.poll() is None


def test_a_gateway_that_comes_on_later_has_data_within_the_back_off_and_two_scrapes(tmp_path: Path) -> None:
    with Simulator("8.3") as gateway:
        address = gateway.address
        config = write_config(gateway, folder=tmp_path, more="defaults: {min_interval: 5s}")
        gateway.close()
        with Command(f"--config.file={config}") as command:
            assert parsed(command.get("/metrics").text).value("enphase_up") == 0
            with Simulator("8.3", port=int(address.rpartition(":")[2])) as again:
                config.write_text(config.read_text().replace(gateway.token, again.token))
                assert httpx.post(f"{command.url}/-/reload", trust_env=False).status_code == 200
                _until(lambda: parsed(command.get("/metrics").text).value("enphase_up") == 1, seconds=20)
                exposition = parsed(command.get("/metrics").text)
            assert all(exposition.of("enphase_scrape_collector_success").values())


def test_a_wrong_config_prints_every_problem_with_its_place_and_exits_2(tmp_path: Path) -> None:
    config = tmp_path / "exporter.yml"
    config.write_text("gateways:\n- host: http://a/\n  min_intervall: 10s\n  token: eyJhbGciOiJub25lIn0.hunter2\n")
    for words in ((), ("--config.check",)):
        with Command(f"--config.file={config}", *words) as command:
            assert command.end() == 2
        assert f"{config}:2: gateways[0].host" in command.said
        assert f"{config}:3: gateways[0].min_intervall: unknown key " in command.said
        assert "hunter2" not in command.said
        assert "Traceback" not in command.said


def test_what_is_wrong_in_either_file_is_told_together(tmp_path: Path) -> None:
    config, web = tmp_path / "exporter.yml", tmp_path / "web.yml"
    config.write_text("gateways: [{host: a, timeout: 0s}]")
    web.write_text("basic_auth_users: {prometheus: hunter2}")
    for words in ((), ("--config.check",)):
        with Command(f"--config.file={config}", f"--web.config.file={web}", *words) as command:
            assert command.end() == 2
        assert f"{config}:1: gateways[0].timeout" in command.said
        assert f"{web}:1: basic_auth_users" in command.said
        assert "hunter2" not in command.said
        assert "prometheus:" not in command.said


def test_a_wrong_web_config_file_is_told_by_the_check_alone_too(tmp_path: Path) -> None:
    config, web = tmp_path / "exporter.yml", tmp_path / "web.yml"
    config.write_text("gateways: [{host: a}]")
    web.write_text("tls_server_config: {cert_file: none, key_file: none}")
    with Command(f"--config.file={config}", f"--web.config.file={web}", "--config.check") as command:
        assert command.end() == 2
    for line, key in ((1, "cert_file"), (1, "key_file")):
        assert f"{web}:{line}: tls_server_config.{key}: {tmp_path}/none " in command.said


def test_a_good_config_is_fine(tmp_path: Path) -> None:
    config = tmp_path / "exporter.yml"
    config.write_text("gateways: [{host: a}]")
    with Command(f"--config.file={config}", "--config.check") as command:
        assert command.end() == 0
    assert "the config is fine" in command.said


def test_a_token_file_that_is_missing_or_over_is_said_by_the_check_and_is_no_problem(tmp_path: Path) -> None:
    config, over = tmp_path / "exporter.yml", tmp_path / "over"
    over.write_text(jwt.encode({"exp": 1_600_000_000}, "k" * 32))
    config.write_text(f"gateways: [{{host: a, token_file: {tmp_path}/none}}, {{host: b, token_file: {over}}}]")
    with Command(f"--config.file={config}", "--config.check") as command:
        assert command.end() == 0
    assert f"a: the token file {tmp_path}/none cannot be used: No such file or directory" in command.said
    assert "b: the token ran out on 2020-09-13" in command.said


def test_a_token_that_can_be_none_is_a_problem_of_the_config(tmp_path: Path) -> None:
    config = tmp_path / "exporter.yml"
    config.write_text("gateways: [{host: a, token: 'hunter2 hunter2'}]")
    with Command(f"--config.file={config}") as command:
        assert command.end() == 2
    assert f"{config}:1: gateways[0].token: the token has blanks" in command.said
    assert "hunter2" not in command.said


def test_without_any_config_it_says_what_to_write(tmp_path: Path) -> None:
    with Command(cwd=str(tmp_path), environment={"PYTHONPATH": str(Path.cwd())}) as command:
        assert command.end() == 2
    assert "exporter.yml: file not found" in command.said


def test_the_environment_is_enough(tmp_path: Path) -> None:
    with Simulator("8.3") as gateway:
        environment = {"ENVOY_HOST": gateway.address, "ENVOY_TOKEN": gateway.token, "PYTHONPATH": str(Path.cwd())}
        with Command(environment=environment, cwd=str(tmp_path)) as command:
            assert parsed(command.get("/metrics").text).value("enphase_up") == 1
    assert gateway.token not in command.said


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--no-such-flag",), "unrecognized arguments"),
        (("--web.max-requests=-1",), "no whole number"),
        (("--web.telemetry-path=metrics",), "is no path for metrics"),
        (("--web.telemetry-path=/probe",), "is no path for metrics"),
        (("--log.level=loud",), "invalid choice"),
        (("--no-collector.kettle",), "unrecognized arguments"),
        (("--demo", "--web.listen-address=no.invalid:9433"), "cannot listen on no.invalid:9433: "),
        (("--demo", "--web.listen-address=nonsense"), "is no address to listen on"),
        (("--demo", "--web.config.file=/nowhere"), "/nowhere: cannot be read"),
        (("--demo", "--web.systemd-socket"), "systemd passed no socket"),
    ],
)
def test_a_wrong_flag_is_told_and_exits_2(words: tuple[str, ...], told: str) -> None:
    with Command(*words) as command:
        assert command.end() == 2
    assert told in command.said
    assert "Traceback" not in command.said


def test_an_address_that_is_taken_is_one_line_and_exits_1() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with Command("--demo", f"--web.listen-address={address}") as command:
            assert command.end() == 1
    assert f"cannot listen on {address}: Address already in use" in command.said
    assert "Traceback" not in command.said


def test_flags_win_over_the_file(tmp_path: Path) -> None:
    with Simulator("8.3") as gateway:
        path = write_config(gateway, folder=tmp_path, more="    collectors: {meters: false}")
        words = (f"--config.file={path}", "--collector.meters", "--no-collector.batteries", "--web.telemetry-path=/m")
        with Command(*words) as command:
            exposition = parsed(command.get("/m").text)
            assert command.get("/metrics").status_code == 404
            assert "batteries:\n      enabled: false" in command.get("/config").text
    assert "enphase_meter_power_watts" in exposition
    assert "enphase_battery_charge_ratio" not in exposition


def test_several_addresses_one_of_them_ipv6() -> None:
    with Command("--demo", "--web.listen-address=[::1]:0") as command:
        assert command.get("/-/healthy").status_code == 200
        _until(lambda: len(re.findall("listening on", command.said)) == 2)
        port = re.findall(r"listening on ::1, port (\d+)", command.said)[0]
        assert httpx.get(f"http://[::1]:{port}/-/healthy", trust_env=False).status_code == 200


def test_sighup_reloads_and_keeps_the_old_config_before_a_bad_one(tmp_path: Path) -> None:
    with Simulator("8.3") as gateway:
        path = write_config(gateway, folder=tmp_path)
        with Command(f"--config.file={path}") as command:
            assert parsed(command.get("/metrics").text).value("enphase_up") == 1
            good = path.read_text()
            path.write_text("gateways: [{hots: a}]")
            command.process.send_signal(signal.SIGHUP)
            _until(lambda: "the config stays as it was" in command.said)
            exposition = parsed(command.get("/metrics").text)
            assert exposition.value("enphase_exporter_config_last_reload_successful") == 0
            assert exposition.value("enphase_up") == 1
            path.write_text(good)
            command.process.send_signal(signal.SIGHUP)
            _until(lambda: "the config was loaded anew" in command.said)
            exposition = parsed(command.get("/metrics").text)
            assert exposition.value("enphase_exporter_config_last_reload_successful") == 1


def test_json_logs() -> None:
    with Command("--demo", "--log.format=json") as command:
        _until(lambda: "listening" in command.said)
        line = next(line for line in command.said.splitlines() if "listening" in line)
    assert json.loads(line)["level"] == "info"


def test_the_version() -> None:
    with Command("--version") as command:
        assert command.end() == 0
    assert command.said.startswith(f"envoy_exporter {__version__} (Python 3.")


def test_simulate_is_an_error_that_names_envoy_simulator() -> None:
    command = [sys.executable, "-m", "envoy_exporter"]
    ended = subprocess.run([*command, "simulate", "--list"], capture_output=True, text=True, timeout=30, check=False)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "envoy-simulator" in ended.stderr
    helped = subprocess.run([*command, "--help"], capture_output=True, text=True, timeout=30, check=True)
    assert "simulate," not in helped.stdout
    assert "login" in helped.stdout


def test_no_page_and_no_line_at_any_level_holds_a_secret_or_an_account(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("battery-staple-1\n")
    with Simulator("8.3") as new, Simulator("5.0") as old:
        token = new.make_token(exp=1_600_000_000)
        config = tmp_path / "exporter.yml"
        config.write_text(
            f"gateways:\n- {{host: '{new.address}', name: new, token: 'Bearer {token}'}}\n"
            f"- {{host: '{old.address}', name: old, token_file: hunter2-file,"
            f" local: {{username: homeowner, password_file: {tmp_path}/password}}}}\n"
            "enlighten: {username: me@example.com, password: battery-staple-2}\n"
        )
        with Command(f"--config.file={config}", "--log.level=debug") as command:
            paths = ("/probe?target=new", "/probe?target=old", "/metrics", "/telemetry", "/sd", "/config", "/")
            pages = {path: command.get(path).text for path in paths}
            config.write_text(config.read_text() + "state_directory: https://me:battery-staple-3@x/\n")
            reload = httpx.post(f"{command.url}/-/reload", trust_env=False)
            _until(lambda: "the config stays as it was" in command.said)
            assert reload.status_code == 500
            assert command.said.count("refuses the credentials") == 2
    for where, told in {**pages, "reload": reload.text, "log": command.said}.items():
        for secret in (token[:12], token[-12:], "battery-staple", "hunter2", "homeowner", "example.com"):
            assert secret not in told, where


def _until(true: object, seconds: float = 10.0) -> None:
    ends = time.monotonic() + seconds
    while not true():  # type: ignore[operator]
        assert time.monotonic() < ends, "it did not come about"
        time.sleep(0.05)
