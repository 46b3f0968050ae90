"""Enlighten accounts of a config: which gateway uses which account, and what a reload keeps."""

from pathlib import Path

import pytest
from support.enlighten import trusted_ca_file
from support.exposition import parsed
from support.served_exporter import ServedExporter

from envoy_exporter.config import ConfigError
from envoy_simulator import Simulator
from envoy_simulator.cloud import Cloud

pytestmark = pytest.mark.integration


def write_config(folder: Path, *gateways: str, more: str = "") -> Path:
    path = folder / "exporter.yml"
    path.write_text("\n".join(["gateways:", *(f"  - {{{entry}}}" for entry in gateways), more, ""]))
    return path


def account(cloud: Cloud, folder: Path, password: str | None = None) -> str:
    urls = f"login_url: '{cloud.login_url}', token_url: '{cloud.token_url}', ca_file: {trusted_ca_file(cloud, folder)}"
    return f"enlighten: {{username: {cloud.username}, password: {password or cloud.password}, {urls}}}"


def gateway(simulated: Simulator, name: str = "home", more: str = "") -> str:
    return f"host: '{simulated.address}', name: {name}, serial: '{simulated.serial}'{more}"


def test_account_with_a_serial_fetches_a_token(tmp_path: Path) -> None:
    with Simulator("8.3") as simulated, Cloud(simulated.serial) as cloud:
        more = f"{account(cloud, tmp_path)}\nstate_directory: {tmp_path}/state"
        with ServedExporter(write_config(tmp_path, gateway(simulated), more=more)) as served:
            exposition = parsed(served.get("/metrics").text)
            page = served.get("/config").text
    assert exposition.value("enphase_up") == 1
    assert exposition.value("enphase_token_renewals_total", result="success") == 1
    assert exposition.of("enphase_exporter_cloud_requests_total") == {("200",): 2}
    assert (tmp_path / "state" / f"{simulated.serial}.token").exists()
    assert cloud.username not in page
    assert cloud.password not in page


def test_account_of_a_gateway_overrides_the_common_one(tmp_path: Path) -> None:
    with Simulator("8.3") as simulated, Cloud(simulated.serial) as cloud, Cloud() as other:
        own = gateway(simulated, more=f", {account(cloud, tmp_path)}")
        path = write_config(
            tmp_path, own, more=f"enlighten: {{username: a@b, password: c, login_url: '{other.login_url}'}}"
        )
        with ServedExporter(path) as served:
            assert parsed(served.get("/metrics").text).value("enphase_authenticated") == 1
        assert other.requests == []


def test_rejected_account_stays_so_until_its_password_changes(tmp_path: Path) -> None:
    with Simulator("8.3") as simulated, Cloud(simulated.serial) as cloud:
        path = write_config(tmp_path, gateway(simulated), more=account(cloud, tmp_path, "wrong"))
        with ServedExporter(path) as served:
            assert parsed(served.get("/metrics").text).value("enphase_authenticated") == 0
            for interval in ("20s", "30s"):
                write_config(
                    tmp_path,
                    gateway(simulated, more=f", min_interval: {interval}"),
                    more=account(cloud, tmp_path, "wrong"),
                )
                assert served.get("/-/reload", method="POST").status_code == 200
                served.get("/metrics")
            assert cloud.logins == 1
            assert not _is_open(served)
            write_config(tmp_path, gateway(simulated), more=account(cloud, tmp_path))
            assert served.get("/-/reload", method="POST").status_code == 200
            assert _is_open(served)


def _is_open(served: ServedExporter) -> bool:
    """Whether a token for the gateway may be requested from Enlighten."""
    renewal = served.exporter.served.gateways["home"].collector.gateway.token_source
    return renewal is not None and not renewal.status.error


def test_reload_without_state_directory_keeps_token_and_counters(tmp_path: Path) -> None:
    with Simulator("8.3") as simulated, Cloud(simulated.serial) as cloud:
        with ServedExporter(write_config(tmp_path, gateway(simulated), more=account(cloud, tmp_path))) as served:
            served.get("/metrics")
            write_config(tmp_path, gateway(simulated, "barn", ", min_interval: 20s"), more=account(cloud, tmp_path))
            assert served.get("/-/reload", method="POST").status_code == 200
            exposition = parsed(served.get("/metrics").text)
        assert cloud.logins == 1
    assert exposition.value("enphase_token_renewals_total", result="success") == 1
    assert "enphase_token_expiry_timestamp_seconds" in exposition


def test_gateways_with_one_account_log_in_once(tmp_path: Path) -> None:
    with Simulator("8.3") as first, Simulator("7.3") as second, Cloud(first.serial, second.serial) as cloud:
        cloud.response = "login_401"
        path = write_config(tmp_path, gateway(first), gateway(second, "barn"), more=account(cloud, tmp_path))
        with ServedExporter(path) as served:
            for name in ("home", "barn"):
                assert parsed(served.get(f"/probe?target={name}").text).value("enphase_authenticated") == 0
        assert cloud.logins == 1


def test_gateway_added_at_a_reload_uses_the_rejected_account(tmp_path: Path) -> None:
    with Simulator("8.3") as first, Simulator("7.3") as second, Cloud(first.serial, second.serial) as cloud:
        cloud.response = "login_401"
        with ServedExporter(write_config(tmp_path, gateway(first), more=account(cloud, tmp_path))) as served:
            served.get("/probe?target=home")
            write_config(tmp_path, gateway(first), gateway(second, "barn"), more=account(cloud, tmp_path))
            assert served.get("/-/reload", method="POST").status_code == 200
            assert parsed(served.get("/probe?target=barn").text).value("enphase_authenticated") == 0
        assert cloud.logins == 1


def test_account_without_a_serial_fetches_no_token_and_warns(tmp_path: Path) -> None:
    with Simulator("8.3") as simulated, Cloud(simulated.serial) as cloud:
        own = f"host: '{simulated.address}', name: home"
        with ServedExporter(write_config(tmp_path, own, more=account(cloud, tmp_path))) as served:
            assert parsed(served.get("/metrics").text).value("enphase_authenticated") == 0
            (warning,) = served.app.warnings()
            assert warning.startswith("home: enlighten has no effect without serial")
        assert cloud.requests == []


def test_gateway_with_a_token_needs_no_serial_for_the_account(tmp_path: Path) -> None:
    with Simulator("8.3") as simulated, Cloud(simulated.serial) as cloud:
        own = f"host: '{simulated.address}', name: home, token: '{simulated.token}'"
        with ServedExporter(write_config(tmp_path, own, more=account(cloud, tmp_path))) as served:
            assert list(served.app.warnings()) == []


@pytest.mark.parametrize(
    ("section", "key", "words"),
    [
        ("username: a@b", "enlighten", "password"),
        ("password: c", "enlighten", "username"),
        ("username: a@b, password: c, login_url: 'http://a/'", "enlighten.login_url", "invalid URL"),
        ("username: a@b, password: c, token_url: here", "enlighten.token_url", "invalid URL"),
        ("username: a@b, password: c, ca_file: /nowhere", "enlighten.ca_file", "/nowhere"),
    ],
)
def test_account_with_an_invalid_key_raises_one_problem(section: str, key: str, words: str, tmp_path: Path) -> None:
    path = write_config(tmp_path, "host: a", "host: b", more=f"enlighten: {{{section}}}")
    with pytest.raises(ConfigError) as error:
        ServedExporter(path)
    (problem,) = error.value.problems
    assert f"{key}: " in problem
    assert words in problem
