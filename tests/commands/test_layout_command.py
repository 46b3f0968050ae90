"""`envoy-exporter layout` as a separate process, against gateways on real sockets."""

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

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Result:
    """The exit code and the output of a finished run."""

    code: int
    output: str
    errors: str

    def section(self, folder: Path) -> config.Gateway:
        """The output, pasted below a gateway and loaded."""
        path = folder / "pasted.yml"
        path.write_text(f"gateways:\n  - host: a\n{self.output}", encoding="utf-8")
        (gateway,) = config.from_file(path, COLLECTORS).gateways
        return gateway


def layout(*arguments: str, cwd: Path = ROOT, **environment: str) -> Result:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("ENVOY_")}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "envoy_exporter", "layout", *arguments],
        env={**clean, "PYTHONPATH": str(ROOT), **environment},
        cwd=cwd,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return Result(done.returncode, done.stdout, done.stderr)


def serials(profile: str) -> list[str]:
    """The serial numbers of the inverters of a simulated gateway."""
    return [inverter.serial for inverter in PROFILES[profile].design.inverters]


def drawing(folder: Path, *modules: tuple[str, float, float], label: str = "Süd") -> Path:
    path = folder / "array_layout_x.json"
    drawn = [{"x": x, "y": y, "inverter": {"serial_num": serial}} for serial, x, y in modules]
    array = {"label": label, "azimuth": 185, "tilt": 30, "modules": drawn}
    path.write_text(json.dumps({"system_id": 1, "arrays": [array], "haiku": "a frog"}))
    return path


def test_layout_gateway_alone_prints_every_inverter_without_values(tmp_path: Path) -> None:
    with Simulator("8.3") as gateway:
        result = layout(f"--config.file={write_config(gateway, folder=tmp_path)}")
        load = gateway.load
    assert result.code == 0
    assert result.section(tmp_path).inverters == dict.fromkeys(serials("8.3"), config.Inverter())
    assert list(result.section(tmp_path).inverters) == sorted(serials("8.3"))
    assert f'"{serials("8.3")[0]}": {{}}  # name, array, row, column, peak_power\n' in result.output
    assert result.errors.splitlines()[-1] == "home lists 20 inverters"
    assert gateway.token not in result.output + result.errors
    assert (dict(load.requests), load.most_in_flight) == ({INFO: 1, DEVICE_DATA: 1, INVENTORY: 1}, 1)


def test_layout_output_begins_with_a_valid_example_of_the_syntax(tmp_path: Path) -> None:
    with Simulator("8.3") as gateway:
        result = layout(f"--config.file={write_config(gateway, folder=tmp_path)}")
    comments = [line.removeprefix("    # ") for line in result.output.splitlines() if line.startswith("    # ")]
    path = tmp_path / "example.yml"
    path.write_text("gateways:\n- host: a\n" + "".join(f"  {line}\n" for line in comments[1:-1]))
    (gateway_config,) = config.from_file(path, COLLECTORS).gateways
    (inverter,) = gateway_config.inverters.values()
    (array,) = gateway_config.arrays.values()
    assert None not in (inverter.name, inverter.array, inverter.row, inverter.column, inverter.peak_power)
    assert None not in (array.azimuth, array.tilt)


def test_layout_firmware_below_7_uses_the_list_of_api_v1(tmp_path: Path) -> None:
    with Simulator("5.0") as gateway:
        result = layout(f"--config.file={write_config(gateway, folder=tmp_path)}")
    assert (result.code, list(result.section(tmp_path).inverters)) == (0, sorted(serials("5.0")))


def test_layout_device_data_that_fails_uses_the_other_list(tmp_path: Path) -> None:
    with Simulator("8.3", faults=ResponseOverrides({DEVICE_DATA: responds(500)})) as gateway:
        result = layout(f"--config.file={write_config(gateway, folder=tmp_path)}")
    assert (result.code, list(result.section(tmp_path).inverters)) == (0, sorted(serials("8.3")))


def test_layout_enlighten_file_fills_in_what_the_config_does_not_set(tmp_path: Path) -> None:
    first, second, third, *others = serials("8.3")
    configured = f'    inverters: {{"{second}": {{name: chimney, column: 7}}, "122000000009": {{}}}}'
    path = drawing(tmp_path, (first, 0, 0), (second, 100, 3), (third, 0, 170), ("122000000001", 100, 170))
    with Simulator("8.3") as gateway:
        result = layout(
            f"--config.file={write_config(gateway, folder=tmp_path, more=configured)}", f"--enlighten={path}"
        )
    found = {
        serial: (inverter.name, inverter.array, inverter.row, inverter.column)
        for serial, inverter in result.section(tmp_path).inverters.items()
    }
    assert result.code == 0
    assert found == {
        first: (None, "Süd", "1", "1"),
        second: ("chimney", "Süd", "1", "7"),
        third: (None, "Süd", "2", "1"),
        "122000000009": (None, None, None, None),
        **dict.fromkeys(others, (None, None, None, None)),
    }
    (array,) = result.section(tmp_path).arrays.values()
    assert (float(array.azimuth or 0), float(array.tilt or 0)) == (185, 30)
    warnings = dict(line.split(": ", 1) for line in result.errors.splitlines() if line[:12].isdigit())
    assert warnings["122000000001"] == "in the file, but not listed by the gateway; omitted"
    assert warnings["122000000009"] == "in the config, but not listed by the gateway; kept"
    assert warnings[others[0]] == "listed by the gateway, but not in the file"


def test_layout_output_as_config_prints_the_same_output(tmp_path: Path) -> None:
    path = drawing(tmp_path, *((serial, 100 * n % 500, n // 5 * 170) for n, serial in enumerate(serials("8.3"))))
    with Simulator("8.3") as gateway:
        first = layout(f"--config.file={write_config(gateway, folder=tmp_path)}", f"--enlighten={path}")
        again = layout(f"--config.file={write_config(gateway, folder=tmp_path, more=first.output)}")
    assert (first.code, again.code) == (0, 0)
    assert again.output == first.output


def test_layout_several_gateways_require_a_valid_name(tmp_path: Path) -> None:
    with Simulator("8.3") as home, Simulator("7.6") as barn:
        path = f"--config.file={write_config(home, barn, folder=tmp_path)}"
        named, nameless, misspelled = layout(path, "barn"), layout(path), layout(path, "bran")
        assert dict(home.load.requests) == {}
    assert list(named.section(tmp_path).inverters) == sorted(serials("7.6"))
    assert (nameless.code, nameless.output) == (2, "")
    assert "home, barn" in nameless.errors
    assert (misspelled.code, misspelled.output) == (2, "")
    assert 'unknown gateway "bran" (did you mean "barn"?)' in misspelled.errors


def test_layout_environment_without_file_is_used(tmp_path: Path) -> None:
    with Simulator("8.3") as gateway:
        result = layout(cwd=tmp_path, ENVOY_HOST=gateway.address, ENVOY_TOKEN=gateway.token)
    assert (result.code, list(result.section(tmp_path).inverters)) == (0, sorted(serials("8.3")))


def test_layout_offline_without_config_prints_the_inverters_of_the_file(tmp_path: Path) -> None:
    path = drawing(tmp_path, ("122000000002", 100, 0), ("122000000001", 0, 0))
    result = layout("--offline", f"--enlighten={path}", cwd=tmp_path)
    found = result.section(tmp_path).inverters.items()
    assert (result.code, result.errors) == (0, "")
    assert [(serial, inverter.row, inverter.column) for serial, inverter in found] == [
        ("122000000001", "1", "1"),
        ("122000000002", "1", "2"),
    ]


def test_layout_offline_sends_no_request_and_keeps_the_config(tmp_path: Path) -> None:
    path = drawing(tmp_path, ("122000000001", 0, 0))
    with Simulator("8.3") as gateway:
        more = '    inverters: {"122000000002": {name: kept}}'
        result = layout(
            "--offline", f"--enlighten={path}", f"--config.file={write_config(gateway, folder=tmp_path, more=more)}"
        )
        assert dict(gateway.load.requests) == {}
    assert list(result.section(tmp_path).inverters) == ["122000000001", "122000000002"]


def test_layout_gateway_unreachable_exits_1(tmp_path: Path) -> None:
    with closed_port() as port:
        result = layout(cwd=tmp_path, ENVOY_HOST=f"127.0.0.1:{port}")
        drawn = layout(
            f"--enlighten={drawing(tmp_path, ('122000000001', 0, 0))}", cwd=tmp_path, ENVOY_HOST=f"127.0.0.1:{port}"
        )
    assert (result.code, result.output) == (1, "")
    assert "Connection refused" in result.errors
    assert "--offline" not in result.errors
    assert (drawn.code, drawn.output) == (1, "")
    assert "--offline" in drawn.errors


def test_layout_token_rejected_exits_1_without_showing_it(tmp_path: Path) -> None:
    with Simulator("8.3") as gateway:
        gateway.revoke()
        result = layout(f"--config.file={write_config(gateway, folder=tmp_path)}")
    assert (result.code, result.output) == (1, "")
    assert "HTTP 401" in result.errors
    assert gateway.token not in result.errors


def test_layout_firmware_without_a_list_is_unsupported(tmp_path: Path) -> None:
    with Simulator("3.7") as gateway:
        result = layout(f"--config.file={write_config(gateway, folder=tmp_path)}")
    assert (result.code, result.output) == (1, "")
    assert "unsupported firmware" in result.errors


def test_layout_gateway_without_both_lists_reports_why(tmp_path: Path) -> None:
    with Simulator(
        "8.3", faults=ResponseOverrides({DEVICE_DATA: responds(404), INVERTERS_V1: responds(404)})
    ) as gateway:
        result = layout(f"--config.file={write_config(gateway, folder=tmp_path)}")
    assert (result.code, result.output) == (1, "")
    assert f"{INVERTERS_V1} is not available: HTTP 404" in result.errors


def test_layout_gateway_without_inverters_exits_1(tmp_path: Path) -> None:
    with Simulator(
        "5.0", faults=ResponseOverrides({INVERTERS_V1: responds(200, b"[]"), INVENTORY: responds(200, b"[]")})
    ) as gateway:
        result = layout(f"--config.file={write_config(gateway, folder=tmp_path)}")
    assert (result.code, result.output) == (1, "")
    assert "no inverters" in result.errors


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--offline"], "--enlighten FILE"),
        (["--enlighten=/nowhere.json"], "/nowhere.json: cannot be read"),
        (["--enlighten=page.html"], "page.html: invalid JSON"),
        (["--enlighten=other.json"], "other.json: "),
        (["--enlighten=deep.json"], "deep.json: invalid JSON"),
        ([], "configuration not found"),
        (["--config.file=wrong.yml"], "wrong.yml:1: gateways[0].hots: unknown key "),
        (["--no-such-flag"], "unknown flag"),
    ],
)
def test_layout_invalid_argument_or_file_exits_2(arguments: list[str], expected: str, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("<!DOCTYPE html>")
    (tmp_path / "other.json").write_text('{"arrays": [{"modules": [{}, 1, null]}]}')
    (tmp_path / "deep.json").write_text("[" * 100_000)
    (tmp_path / "wrong.yml").write_text("gateways: [{hots: a}]")
    result = layout(*arguments, cwd=tmp_path)
    assert (result.code, result.output) == (2, "")
    assert expected in result.errors
