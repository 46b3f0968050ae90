"""exporter.yml: what it means."""

from pathlib import Path

import pytest
from support.configs import COMPLETE, layout_config, read

from envoy_exporter import config
from envoy_exporter.app import COLLECTORS
from envoy_exporter.config.model import InverterSerial


def test_a_whole_config(tmp_path: Path) -> None:
    home, second = read(COMPLETE, tmp_path).gateways
    assert (home.name, home.host.address, home.host.port) == ("home", "192.168.1.20", None)
    assert home.local is not None
    assert home.local.password is not None
    assert home.local.password.reveal() == "012345", "a password is what was written, and no octal number"
    assert (float(home.min_interval), float(home.timeout), home.keep_alive) == (10, 9.5, None)
    assert home.collectors["meters"].enabled is False
    assert float(home.collectors["inverters"].max_age or 0) == 300
    assert float(home.inverters[InverterSerial("122123456789")].peak_power or 0) == 370
    assert (second.name, second.host.address, second.host.port) == ("[fd00::1]:8443", "fd00::1", 8443)


def test_defaults_are_for_every_gateway_that_does_not_say_otherwise(tmp_path: Path) -> None:
    home, second = read(COMPLETE, tmp_path).gateways
    assert (float(home.min_interval), float(second.min_interval)) == (10, 15)
    assert (home.labels, second.labels) == ({"site": "farm"}, {"region": "north"})


def test_a_host_is_all_that_is_needed(tmp_path: Path) -> None:
    (gateway,) = read("gateways: [{host: envoy.local}]", tmp_path).gateways
    assert (gateway.name, str(gateway.scheme), float(gateway.min_interval)) == ("envoy.local", "auto", 10)


def test_secrets_from_files_and_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "password").write_text(" blanks stay \n")
    monkeypatch.setenv("SOME_TOKEN", "abc")
    text = f"gateways: [{{host: a, token: '${{SOME_TOKEN}}', local: {{password_file: {tmp_path}/password}}}}]"
    (gateway,) = read(text, tmp_path).gateways
    assert gateway.token is not None
    assert gateway.token.reveal() == "abc"
    assert gateway.local is not None
    assert gateway.local.password_file is not None
    assert gateway.local.password_file.reveal() == " blanks stay "


def test_an_empty_password_is_a_password(tmp_path: Path) -> None:
    (gateway,) = read('gateways: [{host: a, local: {password: ""}}]', tmp_path).gateways
    assert gateway.local is not None
    assert gateway.local.password is not None


def test_a_token_is_taken_out_of_what_was_pasted_with_it(tmp_path: Path) -> None:
    pasted = "eyJhbGciOiJFUzI1NiJ9.e30.x"
    for written in (f"'Bearer {pasted}'", f'{{"generation_time":1,"token":"{pasted}"}}'):
        (gateway,) = read(f"gateways:\n- host: a\n  token: {written}\n", tmp_path).gateways
        assert gateway.token is not None
        assert gateway.token.reveal() == pasted


def test_the_environment_is_enough_for_one_gateway(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("x")
    read_from = {
        "ENVOY_HOST": "192.168.1.20:8443",
        "ENVOY_TOKEN_FILE": f"{tmp_path}/token",
        "ENVOY_SERIAL": "122012345678",
    }
    made = config.from_environment(read_from, COLLECTORS)
    assert made is not None
    (gateway,) = made.gateways
    assert (gateway.host.address, gateway.host.port, gateway.serial) == ("192.168.1.20", 8443, "122012345678")
    assert gateway.token_file == tmp_path / "token"


def test_an_account_in_the_environment_is_the_gateway_s_own_unless_it_is_an_e_mail_address() -> None:
    local = config.from_environment(
        {"ENVOY_HOST": "a", "ENVOY_USERNAME": "installer", "ENVOY_PASSWORD": ""}, COLLECTORS
    )
    cloud = config.from_environment({"ENVOY_HOST": "a", "ENVOY_USERNAME": "me@example.com"}, COLLECTORS)
    assert local is not None
    assert local.gateways[0].local is not None
    assert local.gateways[0].local.username == "installer"
    assert cloud is not None
    assert cloud.gateways[0].enlighten is not None
    assert cloud.gateways[0].local is None


def test_a_roof_is_read_as_it_is_written(tmp_path: Path) -> None:
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
def test_inverters_may_share_what_is_no_whole_place_and_arrays_may_be_left_out(inverters: str, tmp_path: Path) -> None:
    assert len(read(layout_config(inverters), tmp_path).gateways[0].inverters) == 2


@pytest.mark.parametrize(("azimuth", "tilt"), [("0", "0"), ("360", "90"), ("181.5", "22.5"), ("-0", "0")])
def test_the_ends_of_a_range_are_within_it(azimuth: str, tilt: str, tmp_path: Path) -> None:
    text = layout_config("{}", f"{{south: {{azimuth: {azimuth}, tilt: {tilt}}}}}")
    (array,) = read(text, tmp_path).gateways[0].arrays.values()
    assert str(array.azimuth) == str(abs(float(azimuth))), "and zero has no sign"
    assert array.tilt == float(tilt)


def test_without_a_host_the_environment_says_nothing() -> None:
    assert config.from_environment({"ENVOY_TOKEN": "x"}, COLLECTORS) is None


def test_the_config_in_force_is_shown_without_secrets_and_accounts(tmp_path: Path) -> None:
    text = COMPLETE + "enlighten: {username: me@example.com, password: hunter2}\n"
    shown = config.shown(read(text, tmp_path))
    assert "hunter2" not in shown
    assert "012345\n" not in shown
    assert "me@example.com" not in shown
    assert "min_interval: 15s" in shown
    assert "host: 192.168.1.20" in shown
