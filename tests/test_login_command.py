"""`envoy-exporter login` as a user runs it, with and without a terminal, against the simulated cloud."""

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
PASSWORD = "sun-and-wind"


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    with Cloud(SERIAL, password=PASSWORD) as listening:
        yield listening


def words(cloud: Cloud, folder: Path) -> list[str]:
    urls = [f"--login-url={cloud.login_url}", f"--token-url={cloud.token_url}"]
    return ["login", *urls, f"--ca-file={trusted_ca_file(cloud, folder)}"]


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    said: str


class Verb:
    """The command in this process, in a folder of its own, and nobody at its terminal."""

    def __init__(self, cloud: Cloud, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self._cloud = cloud
        self._folder = folder
        self._capsys = capsys
        (folder / "password").write_text(PASSWORD + "\n")

    def __call__(self, *more: str) -> Done:
        code = main([*words(self._cloud, self._folder), *more])
        told = self._capsys.readouterr()
        return Done(code, told.out, told.err)


@pytest.fixture
def run(cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Verb:
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("ENVOY_")]:
        monkeypatch.delenv(name)
    return Verb(cloud, tmp_path, capsys)


FLAGS = ("--username=somebody@example.com", f"--serial={SERIAL}", "--password-file=password")


def test_it_writes_a_token_and_says_what_to_put_into_the_config(run: Verb, tmp_path: Path) -> None:
    done = run(*FLAGS)
    path = tmp_path / f"{SERIAL}.token"
    token = path.read_text()
    assert (done.code, done.out) == (0, "")
    assert parse(token).serial == SERIAL
    assert path.stat().st_mode & 0o777 == 0o600
    assert f"token_file: {path}" in done.said
    assert f'serial: "{SERIAL}"' in done.said
    assert token.strip() not in done.said
    kept = [each.name for each in tmp_path.iterdir()]
    assert sorted(kept) == [f"{SERIAL}.token", "cloud.pem", "password"]
    assert PASSWORD not in token + done.said


def test_print_writes_it_to_standard_output_and_nowhere_else(run: Verb, tmp_path: Path) -> None:
    done = run(*FLAGS, "--print")
    assert done.code == 0
    assert parse(done.out).serial == SERIAL
    assert not (tmp_path / f"{SERIAL}.token").exists()


def test_the_environment_will_do(run: Verb, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = {"ENVOY_USERNAME": "somebody@example.com", "ENVOY_PASSWORD": PASSWORD, "ENVOY_SERIAL": SERIAL}
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    assert run("--output=here").code == 0
    assert parse((tmp_path / "here").read_text()).serial == SERIAL


def test_an_old_token_is_replaced_and_nothing_else_is(run: Verb, cloud: Cloud, tmp_path: Path) -> None:
    assert run(*FLAGS, "--output=here").code == 0
    first = (tmp_path / "here").read_text()
    assert run(*FLAGS, "--output=here").code == 0
    assert (tmp_path / "here").read_text() != first
    logins = cloud.logins
    config = tmp_path / "exporter.yml"
    config.write_text("gateways: []\n")
    done = run(*FLAGS, "--output=exporter.yml")
    assert done.code == 2
    assert "holds no token" in done.said
    assert config.read_text() == "gateways: []\n"
    assert cloud.logins == logins


@pytest.mark.parametrize(
    ("mood", "advice"), [("mfa", "second factor"), ("login_401", "password"), ("token_403", "serial")]
)
def test_what_enlighten_refuses_is_told_in_words_and_leaves_no_file(
    mood: str, advice: str, run: Verb, cloud: Cloud, tmp_path: Path
) -> None:
    cloud.response = mood
    done = run(*FLAGS)
    assert done.code == 1
    assert advice in done.said
    assert not (tmp_path / f"{SERIAL}.token").exists()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--username=somebody", f"--serial={SERIAL}", "--password-file=password"), "an e-mail address"),
        (("--username=a@b", "--serial=12x", "--password-file=password"), "is no serial"),
        (("--username=a@b", f"--serial={SERIAL}"), "nobody answers"),
        ((*FLAGS, "--login-url=http://127.0.0.1/"), "https"),
        ((*FLAGS, "--output=nowhere/token"), "is no directory"),
    ],
)
def test_what_cannot_be_asked_is_told_before_anything_is_sent(
    more: tuple[str, ...], said: str, run: Verb, cloud: Cloud
) -> None:
    done = run(*more)
    assert done.code == 2
    assert said in done.said
    assert cloud.requests == []


def test_a_cloud_that_nobody_vouches_for_is_sent_no_password(run: Verb) -> None:
    with Cloud(SERIAL) as another:
        done = run(*FLAGS, f"--login-url={another.login_url}", f"--token-url={another.token_url}")
        assert done.code == 1
        assert "certificate" in done.said
        assert another.requests == []


def test_at_a_terminal_it_asks_and_does_not_show_the_password(cloud: Cloud, tmp_path: Path) -> None:
    master, slave = pty.openpty()
    clean = {name: value for name, value in os.environ.items() if not name.startswith("ENVOY_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "envoy_exporter", *words(cloud, tmp_path)],
        cwd=tmp_path,
        env=clean,
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
    )
    os.close(slave)
    said = ""
    try:
        for question, answer in (
            ("account: ", "somebody@example.com"),
            ("gateway: ", SERIAL),
            ("nowhere): ", PASSWORD),
        ):
            while question not in said:
                said += os.read(master, 1024).decode()
            os.write(master, f"{answer}\n".encode())
        while True:
            try:
                said += os.read(master, 1024).decode()
            except OSError:
                break
    finally:
        os.close(master)
        code = process.wait(30)
    assert code == 0, said
    assert PASSWORD not in said
    assert parse((tmp_path / f"{SERIAL}.token").read_text()).serial == SERIAL
