"""`envoy-exporter login` with and without a terminal, against the simulated Enlighten."""

import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.enlighten import trusted_ca_file

from envoy_exporter.cli import main
from envoy_exporter.token import parse
from envoy_simulator.cloud import Cloud

pytestmark = pytest.mark.integration

SERIAL = "122333444555"
OTHER_SERIAL = "122333444777"
USERNAME = "owner@example.com"
PASSWORD = "sun-and-wind"


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    with Cloud(SERIAL, OTHER_SERIAL, username=USERNAME, password=PASSWORD) as listening:
        yield listening


def arguments(cloud: Cloud, folder: Path) -> list[str]:
    urls = [f"--login-url={cloud.login_url}", f"--token-url={cloud.token_url}"]
    return ["login", *urls, f"--ca-file={trusted_ca_file(cloud, folder)}"]


@dataclass(frozen=True)
class Result:
    code: int
    output: str
    errors: str


class LoginCommand:
    """The command in this process, in an empty folder and without a terminal."""

    def __init__(self, cloud: Cloud, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self._cloud = cloud
        self._folder = folder
        self._capsys = capsys
        (folder / "password").write_text(PASSWORD + "\n")

    def __call__(self, *more: str) -> Result:
        code = main([*arguments(self._cloud, self._folder), *more])
        captured = self._capsys.readouterr()
        return Result(code, captured.out, captured.err)


@pytest.fixture
def run(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> LoginCommand:
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("ENVOY_")]:
        monkeypatch.delenv(name)
    return LoginCommand(cloud, tmp_path, capsys)


FLAGS = (f"--username={USERNAME}", f"--serial={SERIAL}", "--password-file=password")


def test_login_writes_a_token_and_prints_the_lines_for_the_config(run: LoginCommand, tmp_path: Path) -> None:
    result = run(*FLAGS)
    path = tmp_path / f"{SERIAL}.token"
    token = path.read_text()
    assert (result.code, result.output) == (0, "")
    assert parse(token).serial == SERIAL
    assert path.stat().st_mode & 0o777 == 0o600
    assert f"token_file: {path}" in result.errors
    assert f'serial: "{SERIAL}"' in result.errors
    assert token.strip() not in result.errors
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"{SERIAL}.token", "cloud.pem", "password"]
    assert PASSWORD not in token + result.errors


def test_login_print_writes_the_token_to_standard_output_only(run: LoginCommand, tmp_path: Path) -> None:
    result = run(*FLAGS, "--print")
    assert result.code == 0
    assert parse(result.output).serial == SERIAL
    assert not (tmp_path / f"{SERIAL}.token").exists()


def test_login_environment_replaces_flags(run: LoginCommand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environment = {"ENVOY_USERNAME": USERNAME, "ENVOY_PASSWORD": PASSWORD, "ENVOY_SERIAL": SERIAL}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert run("--output=here").code == 0
    assert parse((tmp_path / "here").read_text()).serial == SERIAL


def test_login_output_file_is_replaced_only_if_it_is_a_token(run: LoginCommand, cloud: Cloud, tmp_path: Path) -> None:
    assert run(*FLAGS, "--output=here").code == 0
    first = (tmp_path / "here").read_text()
    assert run(*FLAGS, "--output=here").code == 0
    assert (tmp_path / "here").read_text() != first
    logins = cloud.logins
    config = tmp_path / "exporter.yml"
    config.write_text("gateways: []\n")
    result = run(*FLAGS, "--output=exporter.yml")
    assert result.code == 2
    assert "contains no token" in result.errors
    assert config.read_text() == "gateways: []\n"
    assert cloud.logins == logins


def test_login_username_flag_with_password_of_the_environment_logs_in(
    run: LoginCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENVOY_PASSWORD", PASSWORD)
    assert run(f"--username={USERNAME}", f"--serial={SERIAL}").code == 0
    monkeypatch.setenv("ENVOY_USERNAME", "installer")
    result = run(f"--username={USERNAME}", f"--serial={SERIAL}")
    assert result.code == 2, "it is the password of a user of the gateway"
    assert "no terminal" in result.errors


ACCOUNT = (f"--username={USERNAME}", "--password-file=password")
CONFIG = f"""
gateways:
- {{host: a, serial: "{SERIAL}"}}
- {{host: b, serial: "122333444999"}}
- {{host: c, serial: "{OTHER_SERIAL}", token_file: own.token}}
defaults: {{token_file: "{{serial}}.jwt"}}
"""


def test_login_without_serial_serves_every_gateway_of_the_config(run: LoginCommand, tmp_path: Path) -> None:
    (tmp_path / "exporter.yml").write_text(CONFIG)
    result = run(*ACCOUNT)
    assert result.code == 1
    assert parse((tmp_path / f"{SERIAL}.jwt").read_text()).serial == SERIAL
    assert parse((tmp_path / "own.token").read_text()).serial == OTHER_SERIAL
    assert "gateway 122333444999 (HTTP 403)" in result.errors
    assert not (tmp_path / "122333444999.jwt").exists()


def test_login_config_file_with_one_gateway_may_be_printed(run: LoginCommand, tmp_path: Path) -> None:
    (tmp_path / "other.yml").write_text(f"gateways: [{{host: a, serial: '{SERIAL}'}}, {{host: nameless}}]")
    result = run(*ACCOUNT, "--config.file=other.yml", "--print")
    assert (result.code, parse(result.output).serial) == (0, SERIAL)
    assert "nameless: no token without its serial" in result.errors


def test_login_one_output_for_several_gateways_is_an_error(run: LoginCommand, cloud: Cloud, tmp_path: Path) -> None:
    (tmp_path / "exporter.yml").write_text(CONFIG)
    for flag in ("--print", "--output=here"):
        result = run(*ACCOUNT, flag)
        assert (result.code, result.output) == (2, "")
        assert "a, b, c" in result.errors
    assert cloud.requests == []


def test_login_invalid_config_exits_2(run: LoginCommand, tmp_path: Path) -> None:
    (tmp_path / "exporter.yml").write_text("gateways: [{hots: a}]")
    result = run(*ACCOUNT)
    assert result.code == 2
    assert "gateways[0].hots" in result.errors


@pytest.mark.parametrize(("response", "word"), [("mfa", "factor"), ("login_401", "password"), ("token_403", "serial")])
def test_login_rejected_by_enlighten_exits_1_and_leaves_no_file(
    response: str, word: str, run: LoginCommand, cloud: Cloud, tmp_path: Path
) -> None:
    cloud.response = response
    result = run(*FLAGS)
    assert result.code == 1
    assert word in result.errors
    assert not (tmp_path / f"{SERIAL}.token").exists()


@pytest.mark.parametrize(
    ("more", "word"),
    [
        (("--username=owner", f"--serial={SERIAL}", "--password-file=password"), "e-mail address"),
        (("--username=a@b", "--serial=12x", "--password-file=password"), "invalid serial number"),
        (("--username=a@b", f"--serial={SERIAL}"), "no terminal"),
        ((*FLAGS, "--login-url=http://127.0.0.1/"), "https"),
        ((*FLAGS, "--output=nowhere/token"), "not a directory"),
    ],
)
def test_login_invalid_input_exits_2_before_any_request(
    more: tuple[str, ...], word: str, run: LoginCommand, cloud: Cloud
) -> None:
    result = run(*more)
    assert result.code == 2
    assert word in result.errors
    assert cloud.requests == []


def test_login_untrusted_certificate_receives_no_password(run: LoginCommand) -> None:
    with Cloud(SERIAL) as another:
        result = run(*FLAGS, f"--login-url={another.login_url}", f"--token-url={another.token_url}")
        assert result.code == 1
        assert "certificate" in result.errors
        assert another.requests == []


def test_login_terminal_prompts_and_does_not_show_the_password(cloud: Cloud, tmp_path: Path) -> None:
    master, slave = pty.openpty()
    clean = {name: value for name, value in os.environ.items() if not name.startswith("ENVOY_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "envoy_exporter", *arguments(cloud, tmp_path)],
        cwd=tmp_path,
        env=clean,
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
    )
    os.close(slave)
    output = ""
    try:
        for question, answer in (
            ("account: ", USERNAME),
            ("gateway: ", SERIAL),
            ("stored): ", PASSWORD),
        ):
            while question not in output:
                output += os.read(master, 1024).decode()
            os.write(master, f"{answer}\n".encode())
        while True:
            try:
                output += os.read(master, 1024).decode()
            except OSError:
                break
    finally:
        os.close(master)
        code = process.wait(30)
    assert code == 0, output
    assert PASSWORD not in output
    assert parse((tmp_path / f"{SERIAL}.token").read_text()).serial == SERIAL
