"""The command as a separate process: start, errors, exit codes, signals."""

import json
import os
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
from envoy_exporter.cli import main
from envoy_exporter.collectors import COLLECTORS
from envoy_exporter.collectors.summaries import SUMMARIES
from envoy_simulator import Simulator

pytestmark = pytest.mark.integration


def test_cli_sigterm_exits_0_within_two_seconds(tmp_path: Path) -> None:
    with Simulator("8.3") as gateway, Command(f"--config.file={write_config(gateway, folder=tmp_path)}") as command:
        assert parsed(command.get("/metrics").text).value("enphase_up") == 1
        command.process.send_signal(signal.SIGTERM)
        assert command.wait(timeout=2) == 0
    assert "Traceback" not in command.output
    assert re.search(r"level=info .*signal=SIGTERM", command.output), "a stop is logged"
    assert gateway.token not in command.output


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_cli_signal_during_a_scrape_finishes_it_and_exits_0(tmp_path: Path, number: signal.Signals) -> None:
    with RawGateway(lambda connection, _: connection.recv(100) and gateway.ended.wait(60)) as gateway:
        config = tmp_path / "exporter.yml"
        config.write_text(f"gateways: [{{host: '{gateway.host}:{gateway.port}', scheme: http}}]")
        with Command(f"--config.file={config}") as command:
            url = command.url
            with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2]))) as client:
                client.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
                _until(lambda: gateway.connections)
                command.process.send_signal(number)
                assert command.wait(timeout=2) == 0
                assert client.recv(15) == b"HTTP/1.1 200 OK", "the scrape still gets its response"
    assert "Traceback" not in command.output


def test_cli_gateway_refusing_connections_is_down_within_two_seconds(tmp_path: Path) -> None:
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


def test_cli_gateway_silent_from_the_start_is_down_within_the_deadline(tmp_path: Path) -> None:
    with RawGateway(lambda connection, _: connection.recv(100) and gateway.ended.wait(60)) as gateway:
        config = tmp_path / "exporter.yml"
        config.write_text(f"gateways: [{{host: '{gateway.host}:{gateway.port}'}}]")
        with Command(f"--config.file={config}") as command:
            exposition = parsed(command.get("/metrics", timeout=12).text)
            assert exposition.value("enphase_up") == 0
            assert sum(exposition.of("enphase_gateway_request_failures_total").values()) == 1
            assert command.process.poll() is None


def test_cli_gateway_started_later_is_up_after_the_back_off(tmp_path: Path) -> None:
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


def test_cli_invalid_config_prints_every_problem_and_exits_2(tmp_path: Path) -> None:
    config = tmp_path / "exporter.yml"
    config.write_text("gateways:\n- host: http://a/\n  min_intervall: 10s\n  token: eyJhbGciOiJub25lIn0.hunter2\n")
    for arguments in ((), ("--config.check",)):
        with Command(f"--config.file={config}", *arguments) as command:
            assert command.wait() == 2
        assert f"{config}:2: gateways[0].host" in command.output
        assert f'{config}:3: gateways[0].min_intervall: unknown key "min_intervall"' in command.output
        assert '(did you mean "min_interval"?)' in command.output
        assert "hunter2" not in command.output
        assert "Traceback" not in command.output


def test_cli_invalid_config_and_web_config_are_reported_together(tmp_path: Path) -> None:
    config, web = tmp_path / "exporter.yml", tmp_path / "web.yml"
    config.write_text("gateways: [{host: a, timeout: 0s}]")
    web.write_text("basic_auth_users: {prometheus: hunter2}")
    for arguments in ((), ("--config.check",)):
        with Command(f"--config.file={config}", f"--web.config.file={web}", *arguments) as command:
            assert command.wait() == 2
        assert f"{config}:1: gateways[0].timeout" in command.output
        assert f"{web}:1: basic_auth_users" in command.output
        assert "hunter2" not in command.output
        assert "prometheus:" not in command.output


def test_cli_config_check_checks_the_web_config_file_too(tmp_path: Path) -> None:
    config, web = tmp_path / "exporter.yml", tmp_path / "web.yml"
    config.write_text("gateways: [{host: a}]")
    web.write_text("tls_server_config: {cert_file: none, key_file: none}")
    with Command(f"--config.file={config}", f"--web.config.file={web}", "--config.check") as command:
        assert command.wait() == 2
    for line, key in ((1, "cert_file"), (1, "key_file")):
        assert f"{web}:{line}: tls_server_config.{key}: {tmp_path}/none " in command.output


def test_cli_config_check_valid_config_exits_0(tmp_path: Path) -> None:
    config = tmp_path / "exporter.yml"
    config.write_text("gateways: [{host: a}]")
    with Command(f"--config.file={config}", "--config.check") as command:
        assert command.wait() == 0
    assert command.output == "the config is valid\n"


@pytest.mark.parametrize("check", [True, False])
def test_cli_likely_mistakes_are_warnings_of_the_check_and_of_the_start(tmp_path: Path, *, check: bool) -> None:
    config, expired = tmp_path / "exporter.yml", tmp_path / "expired"
    expired.write_text(jwt.encode({"exp": 1_600_000_000}, "k" * 32))
    config.write_text(
        f"gateways: [{{host: a, token_file: {tmp_path}/none}}, {{host: b, token_file: {expired}}},"
        " {host: c, serial: '122012345678'}]\n"
        f"enlighten: {{username: me@example.com, password: x}}\nstate_directory: {expired}/state\n"
    )
    with Command(f"--config.file={config}", *(["--config.check"] if check else [])) as command:
        if check:
            assert command.wait() == 0
        else:
            command.get("/-/healthy")
    for warning in (
        f"a: token file {tmp_path}/none cannot be used",
        "b: the token expired on 2020-09-13",
        f"state_directory: {expired} is not a directory",
    ):
        assert command.output.count(warning) == 1
    assert command.output.count('level=warn msg="config warning"') == (0 if check else 3)


def test_cli_invalid_token_exits_2_without_showing_it(tmp_path: Path) -> None:
    config = tmp_path / "exporter.yml"
    config.write_text("gateways: [{host: a, token: 'hunter2 hunter2'}]")
    with Command(f"--config.file={config}") as command:
        assert command.wait() == 2
    assert f"{config}:1: gateways[0].token: " in command.output
    assert "hunter2" not in command.output


def test_cli_without_config_exits_2(tmp_path: Path) -> None:
    with Command(cwd=str(tmp_path), environment={"PYTHONPATH": str(Path.cwd())}) as command:
        assert command.wait() == 2
    assert "configuration not found" in command.output


def test_cli_environment_without_file_is_served(tmp_path: Path) -> None:
    with Simulator("8.3") as gateway:
        environment = {"ENVOY_HOST": gateway.address, "ENVOY_TOKEN": gateway.token, "PYTHONPATH": str(Path.cwd())}
        with Command(environment=environment, cwd=str(tmp_path)) as command:
            assert parsed(command.get("/metrics").text).value("enphase_up") == 1
    assert gateway.token not in command.output


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("--no-such-flag",), "unknown flag"),
        (("--web.max-requests=-1",), "must be an integer >= 0"),
        (("--web.external-url=example.org/solar",), "--web.external-url: invalid URL"),
        (("--web.route-prefix=/a b",), "--web.route-prefix: invalid path"),
        (("--web.telemetry-path=metrics",), "invalid path"),
        (("--web.telemetry-path=/probe",), "invalid path"),
        (("--log.level=loud",), "invalid choice"),
        (("--no-collector.kettle",), "unknown flag"),
        (("--demo", "--web.listen-address=no.invalid:9433"), "cannot listen on no.invalid:9433"),
        (("--demo", "--web.listen-address=nonsense"), "invalid address"),
        (("--demo", "--web.config.file=/nowhere"), "/nowhere: cannot be read"),
        (("--demo", "--web.systemd-socket"), "LISTEN_FDS"),
    ],
)
def test_cli_invalid_flag_exits_2(arguments: tuple[str, ...], word: str) -> None:
    with Command(*arguments) as command:
        assert command.wait() == 2
    assert word in command.output
    assert "Traceback" not in command.output


@pytest.mark.parametrize(
    ("arguments", "suggestion"),
    [
        (["--config=hunter2"], "--config.file"),
        (["--web.listen-adress=hunter2"], "--web.listen-address"),
        (["--colector.meters"], "--collector.meters"),
        (["logn"], "login"),
        (["--config.check", "login"], "first argument"),
        (["login", "--user=hunter2"], "--username"),
        (["login", "hunter2"], "unexpected argument"),
        (["hunter2", "--demo"], "login, layout"),
    ],
)
def test_cli_unknown_argument_is_one_line_with_the_closest_valid_one(
    arguments: list[str], suggestion: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main(arguments)
    (line,) = capsys.readouterr().err.splitlines()
    assert end.value.code == 2
    assert suggestion in line
    assert "hunter2" not in line


def test_cli_help_has_a_line_for_each_command_and_collector(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["--help"], ["help"]):
        with pytest.raises(SystemExit) as end:
            main(arguments)
        text = " ".join(capsys.readouterr().out.split())
        assert end.value.code == 0
        assert "layout Print the layout as a section for exporter.yml" in text
        for collector in COLLECTORS:
            default = "on" if collector.enabled_by_default else "off"
            assert f"the {collector.name} collector (default: {default};" in text
            assert SUMMARIES[collector.name] in text


def test_cli_help_and_version_commands_do_what_the_flags_do(capsys: pytest.CaptureFixture[str]) -> None:
    outputs = []
    for arguments in (["help", "login"], ["login", "--help"], ["version"], ["--version"]):
        with pytest.raises(SystemExit) as end:
            main(arguments)
        outputs.append(capsys.readouterr().out)
        assert end.value.code == 0
    assert outputs[0] == outputs[1]
    assert "--username" in outputs[0]
    assert outputs[2] == outputs[3]
    assert __version__ in outputs[2]


def test_cli_address_in_use_exits_1_with_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        with Command("--demo", f"--web.listen-address={address}") as command:
            assert command.wait() == 1
    assert f"cannot listen on {address}" in command.output
    assert "Address already in use" in command.output
    assert "--web.listen-address" in command.output
    assert command.output.count("\n") == 1
    assert "Traceback" not in command.output


def test_cli_unix_socket_of_systemd_is_served(tmp_path: Path) -> None:
    path, port = str(tmp_path / "exporter.sock"), 3
    shell = (
        f'exec {sys.executable} -c \'import os; os.dup2(int(os.environ.pop("PASSED")), {port}); '
        'os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid())); '
        'from envoy_exporter.cli import main; main(["--demo", "--web.systemd-socket"])\''
    )
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        passed = {"pass_fds": (listener.fileno(),), "env": {**os.environ, "PASSED": str(listener.fileno())}}
        process = subprocess.Popen(["/bin/sh", "-c", shell], stderr=subprocess.PIPE, text=True, **passed)  # type: ignore[call-overload]
        try:
            with httpx.Client(transport=httpx.HTTPTransport(uds=path), timeout=30) as client:
                assert client.get("http://localhost/-/healthy").text == "OK\n"
                assert client.get("http://exporter.lan/sd").json()[0]["targets"] == ["exporter.lan"]
                assert client.get("http://localhost/sd", headers={"Host": "a b"}).status_code == 200
        finally:
            process.terminate()
            _, log = process.communicate(timeout=30)
    assert f"address={path}" in log
    assert "Traceback" not in log


def test_cli_external_url_path_is_the_prefix_of_all_paths() -> None:
    with Command("--demo", "--web.external-url=https://example.org/solar/", "--web.telemetry-path=/m") as command:
        assert command.get("/solar/m").status_code == 200
        assert command.get("/m").status_code == 404
        assert command.get("/solar/sd").json()[0]["targets"] == ["example.org"]
        assert "/solar/m\n" in command.output


def test_cli_flags_override_the_config(tmp_path: Path) -> None:
    with Simulator("8.3") as gateway:
        path = write_config(gateway, folder=tmp_path, more="    collectors: {meters: false}")
        flags = ("--collector.meters", "--no-collector.batteries", "--web.telemetry-path=/m")
        with Command(f"--config.file={path}", *flags) as command:
            exposition = parsed(command.get("/m").text)
            assert command.get("/metrics").status_code == 404
            assert "batteries:\n      enabled: false" in command.get("/config").text
    assert "enphase_meter_power_watts" in exposition
    assert "enphase_battery_charge_ratio" not in exposition


def test_cli_several_addresses_are_served() -> None:
    with Command("--demo", "--web.listen-address=[::1]:0") as command:
        assert command.get("/-/healthy").status_code == 200
        _until(lambda: len(re.findall("listening", command.output)) == 2)
        port = re.findall(r"address=::1 port=(\d+)", command.output)[0]
        assert httpx.get(f"http://[::1]:{port}/-/healthy", trust_env=False).status_code == 200


def test_cli_sighup_invalid_config_keeps_the_current_one(tmp_path: Path) -> None:
    with Simulator("8.3") as gateway:
        path = write_config(gateway, folder=tmp_path)
        with Command(f"--config.file={path}") as command:
            assert parsed(command.get("/metrics").text).value("enphase_up") == 1
            valid = path.read_text()
            path.write_text("gateways: [{hots: a}]")
            command.process.send_signal(signal.SIGHUP)
            _until(lambda: "config is invalid" in command.output)
            exposition = parsed(command.get("/metrics").text)
            assert exposition.value("enphase_exporter_config_last_reload_successful") == 0
            assert exposition.value("enphase_up") == 1
            path.write_text(valid)
            command.process.send_signal(signal.SIGHUP)
            _until(lambda: "config reloaded" in command.output)
            exposition = parsed(command.get("/metrics").text)
            assert exposition.value("enphase_exporter_config_last_reload_successful") == 1


def test_cli_json_log_lines_are_json() -> None:
    with Command("--demo", "--log.format=json") as command:
        _until(lambda: "listening" in command.output)
        line = next(line for line in command.output.splitlines() if "listening" in line)
    assert (json.loads(line)["level"], json.loads(line)["address"]) == ("info", "127.0.0.1")


def test_cli_version_is_printed() -> None:
    with Command("--version") as command:
        assert command.wait() == 0
    assert command.output.startswith(f"envoy_exporter {__version__} (Python 3.")


def test_cli_simulate_is_an_error_that_names_envoy_simulator() -> None:
    command = [sys.executable, "-m", "envoy_exporter"]
    result = subprocess.run([*command, "simulate", "--list"], capture_output=True, text=True, timeout=30, check=False)
    assert (result.returncode, result.stdout) == (2, "")
    assert "envoy-simulator" in result.stderr
    help_text = subprocess.run([*command, "--help"], capture_output=True, text=True, timeout=30, check=True).stdout
    assert "simulate," not in help_text
    assert "login" in help_text


def test_cli_pages_and_debug_log_contain_no_secret_or_account(tmp_path: Path) -> None:
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
            _until(lambda: "config is invalid" in command.output)
            assert reload.status_code == 500
            assert command.output.count("HTTP 401") == 2
    for source, text in {**pages, "reload": reload.text, "log": command.output}.items():
        for secret in (token[:12], token[-12:], "battery-staple", "hunter2", "homeowner", "example.com"):
            assert secret not in text, source


def _until(true: object, seconds: float = 10.0) -> None:
    ends = time.monotonic() + seconds
    while not true():  # type: ignore[operator]
        assert time.monotonic() < ends, "condition not met in time"
        time.sleep(0.05)
