"""`envoy-exporter layout`, as a program of its own, against gateways on real sockets."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.raw_gateway import closed_port
from support.response_overrides import ResponseOverrides, responds
from support.served_exporter import write_config

from envoy_exporter import config
from envoy_exporter.app import COLLECTORS
from envoy_exporter.documents import DEVICE_DATA, INFO, INVENTORY, INVERTERS_V1
from envoy_simulator import PROFILES, Simulator

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Ended:
    """A run that is over: its exit code, and what it wrote."""

    code: int
    output: str
    errors: str

    def section(self, folder: Path) -> config.Gateway:
        """What was printed, pasted below a gateway and loaded."""
        path = folder / "pasted.yml"
        path.write_text(f"gateways:\n  - host: a\n{self.output}", encoding="utf-8")
        (gateway,) = config.from_file(path, COLLECTORS).gateways
        return gateway


def layout(*words: str, cwd: Path = ROOT, **environment: str) -> Ended:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("ENVOY_")}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "envoy_exporter", "layout", *words],
        env={**clean, "PYTHONPATH": str(ROOT), **environment},
        cwd=cwd,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return Ended(done.returncode, done.stdout, done.stderr)


def serials(profile: str) -> list[str]:
    """Those of the plant behind a simulated gateway."""
    return [each.serial for each in PROFILES[profile].design.inverters]


def drawing(folder: Path, *modules: tuple[str, float, float], label: str = "Süd") -> Path:
    path = folder / "array_layout_x.json"
    drawn = [{"x": x, "y": y, "inverter": {"serial_num": serial}} for serial, x, y in modules]
    array = {"label": label, "azimuth": 185, "tilt": 30, "modules": drawn}
    path.write_text(json.dumps({"system_id": 1, "arrays": [array], "haiku": "a frog"}))
    return path


def test_it_prints_every_inverter_of_the_gateway_to_be_filled_in(tmp_path: Path) -> None:
    with Simulator("8.3") as gateway:
        ended = layout(f"--config.file={write_config(gateway, folder=tmp_path)}")
        load = gateway.load
    assert ended.code == 0
    assert ended.section(tmp_path).inverters == dict.fromkeys(serials("8.3"), config.Inverter())
    assert list(ended.section(tmp_path).inverters) == sorted(serials("8.3"))
    assert f'"{serials("8.3")[0]}": {{}}  # name, array, row, column, peak_power\n' in ended.output
    assert ended.errors == "asking home for its inverters\nhome lists 20 inverters\n"
    assert gateway.token not in ended.output + ended.errors
    assert (dict(load.requests), load.most_in_flight) == ({INFO: 1, DEVICE_DATA: 1, INVENTORY: 1}, 1)


def test_below_firmware_7_the_list_is_the_one_of_api_v1(tmp_path: Path) -> None:
    with Simulator("5.0") as gateway:
        ended = layout(f"--config.file={write_config(gateway, folder=tmp_path)}")
    assert (ended.code, list(ended.section(tmp_path).inverters)) == (0, sorted(serials("5.0")))


def test_device_data_that_fails_is_replaced_by_the_other_list(tmp_path: Path) -> None:
    with Simulator("8.3", faults=ResponseOverrides({DEVICE_DATA: responds(500)})) as gateway:
        ended = layout(f"--config.file={write_config(gateway, folder=tmp_path)}")
    assert (ended.code, list(ended.section(tmp_path).inverters)) == (0, sorted(serials("8.3")))


def test_the_drawing_of_enlighten_fills_it_in_and_the_config_goes_before_it(tmp_path: Path) -> None:
    first, second, third, *others = serials("8.3")
    roof = f'    inverters: {{"{second}": {{name: chimney, column: 7}}, "122000000009": {{}}}}'
    path = drawing(tmp_path, (first, 0, 0), (second, 100, 3), (third, 0, 170), ("122000000001", 100, 170))
    with Simulator("8.3") as gateway:
        ended = layout(f"--config.file={write_config(gateway, folder=tmp_path, more=roof)}", f"--enlighten={path}")
    found = {
        serial: (each.name, each.array, each.row, each.column)
        for serial, each in ended.section(tmp_path).inverters.items()
    }
    assert ended.code == 0
    assert found == {
        first: (None, "Süd", "1", "1"),
        second: ("chimney", "Süd", "1", "7"),
        third: (None, "Süd", "2", "1"),
        "122000000009": (None, None, None, None),
        **dict.fromkeys(others, (None, None, None, None)),
    }
    (array,) = ended.section(tmp_path).arrays.values()
    assert (float(array.azimuth or 0), float(array.tilt or 0)) == (185, 30)
    assert "122000000001: the file has it and the gateway does not list it: left out" in ended.errors
    assert "122000000009: the config has it and the gateway does not list it: kept" in ended.errors
    assert f"{others[0]}: the gateway lists it and the file does not have it" in ended.errors


def test_what_it_prints_is_what_it_prints_again(tmp_path: Path) -> None:
    path = drawing(tmp_path, *((serial, 100 * n % 500, n // 5 * 170) for n, serial in enumerate(serials("8.3"))))
    with Simulator("8.3") as gateway:
        first = layout(f"--config.file={write_config(gateway, folder=tmp_path)}", f"--enlighten={path}")
        again = layout(f"--config.file={write_config(gateway, folder=tmp_path, more=first.output)}")
    assert (first.code, again.code) == (0, 0)
    assert again.output == first.output


def test_one_of_several_gateways_is_named(tmp_path: Path) -> None:
    with Simulator("8.3") as home, Simulator("7.6") as barn:
        path = f"--config.file={write_config(home, barn, folder=tmp_path)}"
        named, nameless, wrong = layout(path, "barn"), layout(path), layout(path, "bran")
        assert dict(home.load.requests) == {}
    assert list(named.section(tmp_path).inverters) == sorted(serials("7.6"))
    assert (nameless.code, nameless.output) == (2, "")
    assert "the config has several gateways, name one: home, barn" in nameless.errors
    assert (wrong.code, wrong.output) == (2, "")
    assert "bran is no gateway of the config; did you mean barn?" in wrong.errors


def test_the_environment_is_enough(tmp_path: Path) -> None:
    with Simulator("8.3") as gateway:
        ended = layout(cwd=tmp_path, ENVOY_HOST=gateway.address, ENVOY_TOKEN=gateway.token)
    assert (ended.code, list(ended.section(tmp_path).inverters)) == (0, sorted(serials("8.3")))


def test_offline_the_file_is_enough(tmp_path: Path) -> None:
    path = drawing(tmp_path, ("122000000002", 100, 0), ("122000000001", 0, 0))
    ended = layout("--offline", f"--enlighten={path}", cwd=tmp_path)
    found = ended.section(tmp_path).inverters.items()
    assert (ended.code, ended.errors) == (0, "")
    assert [(serial, each.row, each.column) for serial, each in found] == [
        ("122000000001", "1", "1"),
        ("122000000002", "1", "2"),
    ]


def test_offline_no_gateway_is_asked_and_its_config_is_kept(tmp_path: Path) -> None:
    path = drawing(tmp_path, ("122000000001", 0, 0))
    with Simulator("8.3") as gateway:
        more = '    inverters: {"122000000002": {name: kept}}'
        ended = layout(
            "--offline", f"--enlighten={path}", f"--config.file={write_config(gateway, folder=tmp_path, more=more)}"
        )
        assert dict(gateway.load.requests) == {}
    assert list(ended.section(tmp_path).inverters) == ["122000000001", "122000000002"]


def test_a_gateway_that_is_not_there_is_told_and_exits_1(tmp_path: Path) -> None:
    with closed_port() as port:
        ended = layout(cwd=tmp_path, ENVOY_HOST=f"127.0.0.1:{port}")
        drawn = layout(
            f"--enlighten={drawing(tmp_path, ('122000000001', 0, 0))}", cwd=tmp_path, ENVOY_HOST=f"127.0.0.1:{port}"
        )
    assert (ended.code, ended.output) == (1, "")
    assert "Connection refused" in ended.errors
    assert "did not tell its inverters, so there is nothing to print\n" in ended.errors
    assert (drawn.code, drawn.output) == (1, "")
    assert "with --offline the file alone is used" in drawn.errors


def test_credentials_that_are_refused_are_told_and_not_shown(tmp_path: Path) -> None:
    with Simulator("8.3") as gateway:
        gateway.revoke()
        ended = layout(f"--config.file={write_config(gateway, folder=tmp_path)}")
    assert (ended.code, ended.output) == (1, "")
    assert "refuses the credentials (HTTP 401)" in ended.errors
    assert gateway.token not in ended.errors


def test_a_firmware_without_a_list_says_so(tmp_path: Path) -> None:
    with Simulator("3.7") as gateway:
        ended = layout(f"--config.file={write_config(gateway, folder=tmp_path)}")
    assert (ended.code, ended.output) == (1, "")
    assert "its firmware has no list of inverters" in ended.errors


def test_a_gateway_that_has_neither_list_says_why(tmp_path: Path) -> None:
    with Simulator(
        "8.3", faults=ResponseOverrides({DEVICE_DATA: responds(404), INVERTERS_V1: responds(404)})
    ) as gateway:
        ended = layout(f"--config.file={write_config(gateway, folder=tmp_path)}")
    assert (ended.code, ended.output) == (1, "")
    assert f"it has no {INVERTERS_V1}: HTTP 404" in ended.errors


def test_a_gateway_without_inverters_has_nothing_to_print(tmp_path: Path) -> None:
    with Simulator(
        "5.0", faults=ResponseOverrides({INVERTERS_V1: responds(200, b"[]"), INVENTORY: responds(200, b"[]")})
    ) as gateway:
        ended = layout(f"--config.file={write_config(gateway, folder=tmp_path)}")
    assert (ended.code, ended.output) == (1, "")
    assert "there is no inverter to print" in ended.errors


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--offline"], "--offline needs --enlighten FILE"),
        (["--enlighten=/nowhere.json"], "/nowhere.json: cannot be read: No such file"),
        (["--enlighten=page.html"], "page.html: is no JSON; save what array_layout_x.json brings"),
        (["--enlighten=other.json"], "other.json: has no array with an inverter in it"),
        (["--enlighten=deep.json"], "deep.json: is no JSON"),
        ([], "exporter.yml: file not found"),
        (["--config.file=wrong.yml"], "wrong.yml:1: gateways[0].hots: unknown key "),
        (["--no-such-flag"], "unrecognized arguments"),
    ],
)
def test_what_cannot_be_done_is_told_and_exits_2(words: list[str], told: str, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("<!DOCTYPE html>")
    (tmp_path / "other.json").write_text('{"arrays": [{"modules": [{}, 1, null]}]}')
    (tmp_path / "deep.json").write_text("[" * 100_000)
    (tmp_path / "wrong.yml").write_text("gateways: [{hots: a}]")
    ended = layout(*words, cwd=tmp_path)
    assert (ended.code, ended.output) == (2, "")
    assert told in ended.errors
