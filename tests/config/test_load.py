"""exporter.yml and the environment, loaded into the config."""

import sys
from pathlib import Path

import pytest
from support.configs import COMPLETE, layout_config, read

from envoy_exporter import config
from envoy_exporter.app import COLLECTORS
from envoy_exporter.config import NoConfig
from envoy_exporter.config.model import InverterSerial


def test_config_complete_has_every_value(tmp_path: Path) -> None:
    home, second = read(COMPLETE, tmp_path).gateways
    assert (home.name, home.host.address, home.host.port) == ("home", "192.168.1.20", None)
    assert home.local is not None
    assert home.local.password is not None
    assert home.local.password.reveal() == "012345", "the password is the text of the file, not an octal number"
    assert (float(home.min_interval), float(home.timeout), home.keep_alive) == (10, 9.5, None)
    assert home.collectors["meters"].enabled is False
    assert float(home.collectors["inverters"].max_age or 0) == 300
    assert float(home.inverters[InverterSerial("122123456789")].peak_power or 0) == 370
    assert (second.name, second.host.address, second.host.port) == ("[fd00::1]:8443", "fd00::1", 8443)


def test_config_defaults_apply_to_gateways_without_the_key(tmp_path: Path) -> None:
    home, second = read(COMPLETE, tmp_path).gateways
    assert (float(home.min_interval), float(second.min_interval)) == (10, 15)
    assert (home.labels, second.labels) == ({"site": "farm"}, {"region": "north"})


def test_config_with_only_a_host_uses_defaults(tmp_path: Path) -> None:
    (gateway,) = read("gateways: [{host: envoy.local}]", tmp_path).gateways
    assert (gateway.name, str(gateway.scheme), float(gateway.min_interval)) == ("envoy.local", "auto", 10)


def test_config_secrets_from_files_and_environment_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "password").write_text(" spaces remain \n")
    monkeypatch.setenv("SOME_TOKEN", "abc")
    text = f"gateways: [{{host: a, token: '${{SOME_TOKEN}}', local: {{password_file: {tmp_path}/password}}}}]"
    (gateway,) = read(text, tmp_path).gateways
    assert gateway.token is not None
    assert gateway.token.reveal() == "abc"
    assert gateway.local is not None
    assert gateway.local.password_file is not None
    assert gateway.local.password_file.reveal() == " spaces remain "


def test_config_file_names_with_home_and_variables_are_expanded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("SOME_FOLDER", f"{tmp_path}/folder")
    (tmp_path / "password").write_text("x")
    text = "gateways: [{host: a, token_file: '${SOME_FOLDER}/token', local: {password_file: ~/password}}]"
    (gateway,) = (loaded := read(f"{text}\nstate_directory: ~/state", tmp_path)).gateways
    assert gateway.token_file == tmp_path / "folder" / "token"
    assert loaded.state_directory == tmp_path / "state"
    assert gateway.local is not None
    assert gateway.local.password_file is not None
    assert gateway.local.password_file.reveal() == "x"


def test_config_token_file_of_the_defaults_has_the_serial_of_each_gateway(tmp_path: Path) -> None:
    text = """
gateways:
- {host: a, serial: "1221"}
- {host: b, serial: "1222", token: x}
- {host: c, serial: "1223", token_file: /own}
defaults: {token_file: "/etc/{serial}.token"}
"""
    a, b, c = read(text, tmp_path).gateways
    assert (a.token_file, b.token_file, c.token_file) == (Path("/etc/1221.token"), None, Path("/own"))


def test_config_empty_password_is_valid(tmp_path: Path) -> None:
    (gateway,) = read('gateways: [{host: a, local: {password: ""}}]', tmp_path).gateways
    assert gateway.local is not None
    assert gateway.local.password is not None


def test_config_token_with_pasted_text_around_it_is_extracted(tmp_path: Path) -> None:
    token = "eyJhbGciOiJFUzI1NiJ9.e30.x"
    for written in (f"'Bearer {token}'", f'{{"generation_time":1,"token":"{token}"}}'):
        (gateway,) = read(f"gateways:\n- host: a\n  token: {written}\n", tmp_path).gateways
        assert gateway.token is not None
        assert gateway.token.reveal() == token


def test_config_is_searched_in_the_working_directory_and_then_in_etc(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    etc = tmp_path / "etc" / "exporter.yml"
    monkeypatch.setattr(sys.modules[config.load.__module__], "DEFAULT_FILES", (Path("exporter.yml"), etc))
    with pytest.raises(NoConfig) as error:
        config.load(None, {}, COLLECTORS)
    for place in (tmp_path / "exporter.yml", etc):
        assert str(place) in str(error.value)
    etc.parent.mkdir()
    for path, host in ((etc, "second"), (tmp_path / "exporter.yml", "first")):
        path.write_text(f"gateways: [{{host: {host}}}]")
        assert config.load(None, {"ENVOY_HOST": "third"}, COLLECTORS).gateways[0].name == host


def test_environment_with_host_configures_one_gateway(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("x")
    environment = {
        "ENVOY_HOST": "192.168.1.20:8443",
        "ENVOY_TOKEN_FILE": f"{tmp_path}/token",
        "ENVOY_SERIAL": "122012345678",
    }
    loaded = config.from_environment(environment, COLLECTORS)
    assert loaded is not None
    (gateway,) = loaded.gateways
    assert (gateway.host.address, gateway.host.port, gateway.serial) == ("192.168.1.20", 8443, "122012345678")
    assert gateway.token_file == tmp_path / "token"


def test_environment_account_is_local_unless_it_is_an_email_address() -> None:
    local = config.from_environment(
        {"ENVOY_HOST": "a", "ENVOY_USERNAME": "installer", "ENVOY_PASSWORD": ""}, COLLECTORS
    )
    enlighten = config.from_environment({"ENVOY_HOST": "a", "ENVOY_USERNAME": "me@example.com"}, COLLECTORS)
    assert local is not None
    assert local.gateways[0].local is not None
    assert local.gateways[0].local.username == "installer"
    assert enlighten is not None
    assert enlighten.gateways[0].enlighten is not None
    assert enlighten.gateways[0].local is None


def test_config_layout_values_are_unchanged(tmp_path: Path) -> None:
    text = layout_config("{'122000000001': {name: Süd 1, row: 01, column: B, peak_power: 370.5}, '122000000002': {}}")
    (gateway,) = read(text, tmp_path).gateways
    first, second = gateway.inverters.values()
    assert (first.name, first.row, first.column, float(first.peak_power or 0)) == ("Süd 1", "01", "B", 370.5)
    assert (second.name, second.array, second.row, second.column, second.peak_power) == (None,) * 5


@pytest.mark.parametrize(
    "inverters",
    [
        "{'1221': {array: a, row: 1, column: 1}, '1222': {array: b, row: 1, column: 1}}",
        "{'1221': {array: a, row: 1, column: 1}, '1222': {array: a, row: 1, column: 2}}",
        "{'1221': {array: a, row: 1}, '1222': {array: a, row: 1}}",
        "{'1221': {}, '1222': {}}",
    ],
)
def test_config_layout_incomplete_positions_may_repeat(inverters: str, tmp_path: Path) -> None:
    assert len(read(layout_config(inverters), tmp_path).gateways[0].inverters) == 2, "nor is the key arrays required"


@pytest.mark.parametrize(("azimuth", "tilt"), [("0", "0"), ("360", "90"), ("181.5", "22.5"), ("-0", "0")])
def test_config_angle_at_the_end_of_its_range_is_valid(azimuth: str, tilt: str, tmp_path: Path) -> None:
    text = layout_config("{}", f"{{south: {{azimuth: {azimuth}, tilt: {tilt}}}}}")
    (array,) = read(text, tmp_path).gateways[0].arrays.values()
    assert str(array.azimuth) == str(abs(float(azimuth))), "zero has no sign"
    assert array.tilt == float(tilt)


def test_environment_without_host_returns_none() -> None:
    assert config.from_environment({"ENVOY_TOKEN": "x"}, COLLECTORS) is None


def test_config_dump_has_no_secrets_and_accounts(tmp_path: Path) -> None:
    text = COMPLETE + "enlighten: {username: me@example.com, password: hunter2}\n"
    dump = config.dump(read(text, tmp_path))
    assert "hunter2" not in dump
    assert "012345\n" not in dump
    assert "me@example.com" not in dump
    assert "min_interval: 15s" in dump
    assert "host: 192.168.1.20" in dump
