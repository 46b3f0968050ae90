"""The errors of an invalid config: all of them at once, each with its place, and no secret in them."""

import re
from pathlib import Path

import pytest
from support.configs import layout_config, problems, read

from envoy_exporter import config
from envoy_exporter.app import COLLECTORS
from envoy_exporter.config import ConfigError

HERE = Path(__file__).parent


@pytest.mark.parametrize(
    ("text", "place", "word"),
    [
        ("", ": gateways", "missing"),
        ("gateways: []", ":1: gateways", "empty"),
        ("gateways: {host: a}", ":1: gateways", "must be a list"),
        ("gateways:\n- name: a", ":2: gateways[0].host", "missing"),
        ("gateways:\n- host:", ":2: gateways[0].host", "empty"),
        ("gateways:\n- host: a\n  min_intervall: 10s", ":3: gateways[0].min_intervall", '"min_interval"'),
        ("gateways:\n- host: a\n  min_interval: 10", ":3: gateways[0].min_interval", "missing unit"),
        ("gateways:\n- host: a\n  min_interval: 4s", ":3: gateways[0].min_interval", "5s"),
        ("gateways:\n- host: a\n  timeout: soon", ":3: gateways[0].timeout", "invalid duration"),
        ("gateways:\n- host: fe80::1", ":2: gateways[0].host", "missing zone"),
        ("gateways:\n- host: a/b", ":2: gateways[0].host", "not supported"),
        ("gateways:\n- host: a:0", ":2: gateways[0].host", "out of range"),
        ("gateways:\n- host: 10.0.0.300", ":2: gateways[0].host", "IPv4"),
        ("gateways:\n- host: a\n- host: a", ":3: gateways[1].name", "duplicate name"),
        ("gateways:\n- host: a\n  host: b", ":3: gateways[0].host", "duplicate key"),
        ("gateways:\n- host: a\n  serial: abc", ":3: gateways[0].serial", "invalid serial number"),
        ("gateways:\n- host: a\n  scheme: ftp", ":3: gateways[0].scheme", "auto, https, http"),
        ("gateways:\n- host: a\n  keep_alive: perhaps", ":3: gateways[0].keep_alive", "true or false"),
        ("gateways:\n- host: a\n  timezone: Mars/Phobos", ":3: gateways[0].timezone", "invalid time zone"),
        ("gateways:\n- host: a\n  tls: {fingerprint: AB}", ":3: gateways[0].tls.fingerprint", "SHA-256"),
        ("gateways:\n- host: a\n  token: ${NOT_SET_ANYWHERE}", ":3: gateways[0].token", "NOT_SET_ANYWHERE"),
        ("gateways:\n- host: a\n  token: x\n  token_file: y", ":4: gateways[0].token_file", "conflicts"),
        (
            "gateways:\n- host: a\n  local: {password: x, password_file: y}",
            ":3: gateways[0].local.password_file",
            "conflicts",
        ),
        (
            f"gateways:\n- host: a\n  local: {{password_file: {HERE}/none}}",
            ":3: gateways[0].local.password_file",
            f"{HERE}/none cannot be read",
        ),
        ("gateways:\n- host: a\n  tls: {ca_file: /none}", ":3: gateways[0].tls.ca_file", "/none cannot be read"),
        (f"gateways:\n- host: a\n  tls: {{ca_file: {__file__}}}", ":3: gateways[0].tls.ca_file", "no certificate"),
        ("gateways: [{host: a}]\nenlighten: {ca_file: /none}", ":2: enlighten.ca_file", "cannot be read"),
        ("gateways:\n- host: a\n  token: x y", ":3: gateways[0].token", "token"),
        ("gateways:\n- host: a\n  token: <secret>", ":3: gateways[0].token", "placeholder"),
        ("gateways:\n- host: a\n  timeout: 0s", ":3: gateways[0].timeout", "out of range"),
        ("gateways:\n- host: a\n  timeout: 900ms", ":3: gateways[0].timeout", "out of range"),
        ("gateways:\n- host: a\n  timeout: 61m", ":3: gateways[0].timeout", "out of range"),
        ("gateways:\n- host: a\n  inverter_max_age: 0h", ":3: gateways[0].inverter_max_age", "out of range"),
        (
            "gateways:\n- host: a\n  inverter_max_age: 999999999999999d",
            ":3: gateways[0].inverter_max_age",
            "out of range",
        ),
        ('gateways:\n- host: a\n  name: "a\\nb"', ":3: gateways[0].name", "line break"),
        ('gateways:\n- host: a\n  labels: {site: "a\\eb"}', ":3: gateways[0].labels.site", "invisible character"),
        ('gateways:\n- host: a\n  local: {username: "a\\"b"}', ":3: gateways[0].local.username", "quote"),
        (
            "gateways:\n- host: a\n  tls: {ca_file: /x}\n  scheme: http",
            ":3: gateways[0].tls.ca_file",
            "cannot be read",
        ),
        (
            f"gateways:\n- host: a\n  tls: {{fingerprint: '{'AB' * 32}'}}\n  scheme: http",
            ":3: gateways[0].tls",
            "conflicts",
        ),
        ("gateways: [{host: a}]\nenlighten: {login_url: http://b/}", ":2: enlighten.login_url", "https"),
        ("gateways: [{host: a}]\nenlighten: {token_url: 'https://b/?t=1'}", ":2: enlighten.token_url", "query"),
        ("gateways: [{host: a}]\nenlighten: {token_url: 'https://b:x/'}", ":2: enlighten.token_url", "invalid URL"),
        (
            "gateways: [{host: a}]\ndefaults: {collectors: {inverter: false}}",
            ":2: defaults.collectors.inverter",
            '"inverters"',
        ),
        ("gateways:\n- host: a\n  labels: {instance: b}", ":3: gateways[0].labels.instance", "Prometheus"),
        ("gateways:\n- host: a\n  labels: {9b: b}", ":3: gateways[0].labels.9b", "invalid label name"),
        (
            "gateways:\n- host: a\n  collectors: {inverter: false}",
            ":3: gateways[0].collectors.inverter",
            "unknown collector",
        ),
        (
            "gateways:\n- host: a\n  collectors: {inverters: {max_age: x}}",
            ":3: gateways[0].collectors.inverters.max_age",
            "invalid duration",
        ),
        (
            "gateways:\n- host: a\n  collectors: {inverters: perhaps}",
            ":3: gateways[0].collectors.inverters.enabled",
            "true or false",
        ),
        ("gateways: [{host: a}]\ndefaults: {min_interval: 1s}", ":2: defaults.min_interval", "too short"),
        ("gateways: [{host: a}]\ndefaults: {token_file: '/{serial}'}", ":1: gateways[0].serial", "missing"),
        (
            "gateways: [{host: a}, {host: b}]\ndefaults: {token_file: /token}",
            ":2: defaults.token_file",
            "{serial}",
        ),
        ("gateways: [{host: a}]\ndefaults: {host: b}", ":2: defaults.host", "unknown key"),
        ("gateways: [{host: a, token_file: eyJh.eyJi.c}]", ":1: gateways[0].token_file", "contains a token"),
        ("gateways: [{host: a, username: b}]", ":1: gateways[0].username", '"local.username"'),
        ("gateways: [{host: a}, {host: A, name: b}]", ":1: gateways[1].host", "duplicate host"),
        ("gateways: [{host: a}]\nstate_dir: /x", ":2: state_dir", '"state_directory"'),
        (layout_config("{12a: {}}"), ":4: gateways[0].inverters.12a", "invalid serial number"),
        (layout_config("{'1221': {nmae: x}}"), ":4: gateways[0].inverters.1221.nmae", '"name"'),
        (layout_config("{'1221': {name: ''}}"), ":4: gateways[0].inverters.1221.name", "empty"),
        (layout_config("{'1221': {name: " + "x" * 65 + "}}"), ":4: gateways[0].inverters.1221.name", "64"),
        (layout_config('{"1221": {name: "a\\tb"}}'), ":4: gateways[0].inverters.1221.name", "invalid name"),
        (layout_config("{'1221': {row: 1.5}}"), ":4: gateways[0].inverters.1221.row", "integer"),
        (layout_config("{'1221': {column: [1]}}"), ":4: gateways[0].inverters.1221.column", "list"),
        (layout_config("{'1221': {peak_power: 0.37}}"), ":4: gateways[0].inverters.1221.peak_power", "out of range"),
        (layout_config("{'1221': {peak_power: 7400}}"), ":4: gateways[0].inverters.1221.peak_power", "out of range"),
        (layout_config("{'1221': {peak_power: -1}}"), ":4: gateways[0].inverters.1221.peak_power", "out of range"),
        (layout_config("{'1221': {peak_power: 370Wp}}"), ":4: gateways[0].inverters.1221.peak_power", "unit"),
        (layout_config("{'1221': {}, '1221': {}}"), ":4: gateways[0].inverters.1221", "duplicate key"),
        (
            layout_config("{'1221': {array: a, row: 1, column: 2}, '1222': {array: a, row: 1, column: 2}}"),
            ":4: gateways[0].inverters.1222",
            "1221",
        ),
        (
            layout_config("{'1221': {row: 1, column: 2}, '1222': {row: 1, column: 2}}"),
            ":4: gateways[0].inverters.1222",
            "duplicate",
        ),
        (layout_config("{'1221': {array: soth}}", "{south: {}}"), ":4: gateways[0].inverters.1221.array", '"south"'),
        (
            layout_config("{'1221': {array: roof}}", "{south: {}, west: {}}"),
            ":4: gateways[0].inverters.1221.array",
            "south, west",
        ),
        (layout_config("{}", "{south: {azimuth: 361}}"), ":5: gateways[0].arrays.south.azimuth", "0 to 360"),
        (layout_config("{}", "{south: {azimuth: south}}"), ":5: gateways[0].arrays.south.azimuth", "invalid number"),
        (layout_config("{}", "{south: {tilt: 91}}"), ":5: gateways[0].arrays.south.tilt", "0 to 90"),
        (layout_config("{}", "{south: {tilt: -1}}"), ":5: gateways[0].arrays.south.tilt", "out of range"),
        ("gateways: [", ":1", "invalid YAML"),
        ("gateways:\n\t- host: a", ":2", "tab"),
        ("a: *hunter2", ":1", "alias"),
        ("a: %x", ":1", "'%'"),
        ("gateways: [{host: a, token: ${TOKEN}}]", ":1", '"${NAME}"'),
        ("gateways: [{host: a b: c}]", ":1", "expected ',' or '}'"),
        ("gateways: [{host: a, token_file: '${NOT_SET}/x'}]", ":1: gateways[0].token_file", "NOT_SET is not set"),
        ("gateways: [{host: a, token_file: ~unknown-user/x}]", ":1: gateways[0].token_file", "home"),
        (
            "gateways: [{host: a, local: {password_file: home.token}}]",
            ":1: gateways[0].local.password_file",
            "home.token cannot be read",
        ),
        ("gateways:\n- host: a\n  local:\n    password: #hunter2", ":4: gateways[0].local.password", "empty"),
        ("gateways: [{host: a, local: {password: !hunter2 }}]", ":1: gateways[0].local.password", "empty"),
        ("gateways: [{host: a}]\nenlighten: {password: &hunter2 }", ":2: enlighten.password", "empty"),
        ("gateways: \x00", ":1", "invalid YAML"),
        ("- a", ":1", "mapping"),
        ("a: &a [*a]", ":1: a", "nested"),
    ],
)
def test_config_invalid_value_reports_line_path_and_reason(tmp_path: Path, text: str, place: str, word: str) -> None:
    found = problems(text, tmp_path)
    assert any(problem.startswith(f"{place}: ") and word in problem[len(place) :] for problem in found), found


def test_config_several_problems_are_reported_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = "gateways:\n- host: http://a\n  min_interval: 1s\n  serial: x\n- name: b\nenlighten: []\n"
    assert [problem.split(":")[1] for problem in problems(text, tmp_path)] == ["2", "3", "4", "5", "6"]


def test_config_conflicts_are_reported_together_with_invalid_values(tmp_path: Path) -> None:
    text = """
gateways:
- host: http://a
  name: home
  min_interval: 1s
  token: hunter2 hunter2
  collectors: {inverter: false, meters: perhaps}
  inverters:
    "1221": {array: soth, row: 1, column: 1}
    "1222": {array: south, row: 1, column: 2, peak_power: 9}
    "1223": {array: south, row: 1, column: 2}
  arrays: {south: {tilt: 91}}
- name: home
  colectors: {}
- host: 10.0.0.1
- host: 10.0.0.1
  name: other
  tls: {ca_file: /none}
defaults: {timeout: 0s, collectors: {kettle: true}}
enlighten: {pasword: hunter2}
"""
    found = problems(text, tmp_path)
    assert [" ".join(problem.split(": ")[:2]) for problem in found] == [
        ":3 gateways[0].host",
        ":5 gateways[0].min_interval",
        ":6 gateways[0].token",
        ":7 gateways[0].collectors.inverter",
        ":7 gateways[0].collectors.meters.enabled",
        ":9 gateways[0].inverters.1221.array",
        ":10 gateways[0].inverters.1222.peak_power",
        ":11 gateways[0].inverters.1223",
        ":12 gateways[0].arrays.south.tilt",
        ":13 gateways[1].host",
        ":13 gateways[1].name",
        ":14 gateways[1].colectors",
        ":16 gateways[3].host",
        ":18 gateways[3].tls.ca_file",
        ":19 defaults.collectors.kettle",
        ":19 defaults.timeout",
        ":20 enlighten.pasword",
    ]
    assert "hunter2" not in "".join(found)


def test_gateways_without_hosts_are_not_reported_as_duplicates(tmp_path: Path) -> None:
    found = problems("gateways:\n- serial: '1221'\n- serial: '1222'\n- nothing\n", tmp_path)
    assert [problem.split(": ")[1] for problem in found] == ["gateways[0].host", "gateways[1].host", "gateways[2]"]
    assert not any("duplicate" in problem for problem in found)


@pytest.mark.parametrize(
    "text",
    [
        "gateways:\n- host: a\n  token: [SECRET]\n  local: {password: {a: SECRET}}\n",
        "gateways:\n- host: a\n  password:SECRET\n",
        "gateways:\n- host: a\n  token:eyJSECRET.x.y\n",
        "gateways:\n- {host: a, password:SECRET}\n",
        "gateways:\n- {host: a, password SECRET}\n",
        "gateways:\n- {host: a, password=SECRET}\n",
        "gateways:\n- {host: a, local: {password:SECRET}}\n",
        "gateways:\n- host: a\n  local:\n    password:SECRET\n",
        "gateways:\n- host: a\n  min_interval: 10s\n    password:SECRET\n",
        "gateways:\n- host: a\n  serial: 1221\n    password:SECRET\n",
        "gateways:\n- host: https://me:SECRET@a\n",
        "gateways:\n- host: a\n  local: {password_file: SECRET}\n",
        "gateways:\n- host: a\n  local: {password_file: /SECRET}\n",
        "gateways:\n- host: a\n  local: {password_file: SECRET/SECRET+SECRET=}\n",
        "gateways:\n- host: a\n  local: {password_file: eyJSECRETSECRET.a.b}\n",
        "gateways:\n- host: a\n  local: {password: '${SECRETsecret}'}\n",
        "gateways:\n- host: a\n  token_file: eyJSECRETSECRET\n",
        "gateways:\n- host: a\n  token_file: Bearer eyJSECRETSECRET\n",
        "gateways:\n- host: a\n  name: eyJSECRETSECRET.a.b\n",
        "gateways:\n- host: a\n  labels: {wiki: 'https://me:SECRET@wiki/'}\n",
        "gateways:\n- host: a\n  tls: {ca_file: eyJSECRETSECRET}\n",
        "gateways:\n- host: a\n  token: SECRET\u00e9\n",
        "gateways:\n- host: a\n  token: '<html>SECRET</html>'\n",
        "gateways: [{host: a}]\nenlighten: {username: 'https://me:SECRET@b'}\n",
        "gateways: [{host: a}]\nenlighten: {login_url: 'https://me:SECRET@b/'}\n",
        "gateways: [{host: a}]\nenlighten: {login_url: 'https://me:SEC/SECRET@b/'}\n",
        "gateways: [{host: a}]\nenlighten: {token_url: '//me:SECRET@b/'}\n",
        "gateways: [{host: a}]\nenlighten: {token_url: 'me:SECRET@b/'}\n",
        "gateways: [{host: a}]\nenlighten: {token_url: 'https://SECRET@b:x/'}\n",
        "gateways: [{host: a}]\nenlighten: {password_file: SECRET}\n",
        "gateways: [{host: a}]\nenlighten: {password: [SECRET]}\n",
        "gateways: [{host: a, enlighten: {password:SECRET}}]\n",
        'gateways: [{host: "a\\nSECRET"}]\n',
        "gateways:\n- host: a\n  local: {password: *SECRET}\n",
        "gateways:\n- host: a\n  local: {password: !SECRET!x y}\n",
        "SECRET",
        "token:SECRET\n  x: y",
        "'SECRET",
    ],
)
def test_config_problem_shows_no_secret(text: str, tmp_path: Path) -> None:
    assert "SECRET" not in "".join(problems(text, tmp_path))


def test_config_key_without_space_after_its_colon_is_reported(tmp_path: Path) -> None:
    (problem,) = problems("gateways:\n- {host: a, password:hunter2}\n", tmp_path)
    assert problem.startswith(":2: gateways[0].password\u2026: unknown key ")
    assert problem.endswith("(add a space after the colon)")


def test_config_problem_has_no_line_break_or_escape_sequence(tmp_path: Path) -> None:
    text = 'gateways:\n- host: a\n  "x\\nfoo.yml:1: gateways: is wrong\\e[2J": 1\n  serial: "1\\n2"\n'
    assert all(problem.isprintable() for problem in problems(text, tmp_path))


def test_config_dump_hides_a_secret_in_place_of_a_file_name(tmp_path: Path) -> None:
    text = f"gateways: [{{host: a, token_file: hunter2}}, {{host: b, token_file: {tmp_path}/token}}]"
    dump = config.dump(read(text, tmp_path))
    assert "hunter2" not in dump
    assert f"token_file: {tmp_path}/token" in dump


def test_config_file_missing_or_not_utf8_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        config.from_file(tmp_path / "nowhere.yml", COLLECTORS)
    (tmp_path / "exporter.yml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="UTF-8"):
        config.from_file(tmp_path / "exporter.yml", COLLECTORS)


@pytest.mark.parametrize(
    ("variables", "place", "word"),
    [
        ({"ENVOY_TOKEN": "SECRET SECRET"}, "ENVOY_TOKEN", "token"),
        ({"ENVOY_PASSWORD_FILE": "SECRET"}, "ENVOY_PASSWORD_FILE", "<secret> cannot be read"),
        ({"ENVOY_TOKEN_FILE": "eyJSECRETSECRET"}, "ENVOY_TOKEN_FILE", "contains a token"),
        ({"ENVOY_PASSWORD": "${SECRETsecret}"}, "ENVOY_PASSWORD", "not set"),
        ({"ENVOY_PASSWORD": "a\udcff"}, "ENVOY_PASSWORD", "UTF-8"),
        ({"ENVOY_SERIAL": "HOME"}, "ENVOY_SERIAL", "'HOME'"),
        ({"ENVOY_USERNAME": "a:SECRET"}, "ENVOY_USERNAME", "invalid user name"),
        ({"ENVOY_PASSWORD": "SECRET", "ENVOY_PASSWORD_FILE": "/x"}, "ENVOY_PASSWORD_FILE", "conflicts with password"),
        ({"ENVOY_USERNAME": "me@example.com", "ENVOY_PASSWORD_FILE": "SECRET"}, "ENVOY_PASSWORD_FILE", "<secret>"),
    ],
)
def test_environment_invalid_value_reports_its_variable(variables: dict[str, str], place: str, word: str) -> None:
    with pytest.raises(ConfigError) as error:
        config.from_environment({"ENVOY_HOST": "a", **variables}, COLLECTORS)
    found = error.value.problems
    assert any(problem.startswith(f"environment: {place}: ") and word in problem for problem in found), found
    assert "SECRET" not in str(error.value)


def test_environment_misspelled_variable_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    environment = {"ENVOY_HOST": "a", "ENVOY_TOKN": "x", "ENVOY_SERVICE_PORT": "80", "ENVOY_SERIAL": "1221"}
    config.from_environment(environment, COLLECTORS)
    (record,) = caplog.records
    assert (vars(record)["variable"], vars(record)["did_you_mean"]) == ("ENVOY_TOKN", "ENVOY_TOKEN")


@pytest.mark.parametrize(
    ("text", "place", "word"),
    [
        ("basic_auth_users: {alice: hunter2}", "basic_auth_users.\u2026", "bcrypt"),
        ("basic_auth_users: {alice: $2b$99$" + "x" * 53 + "}", "basic_auth_users.\u2026", "bcrypt"),
        (
            "http_server_config: {headers: {Content-Length: 5}}",
            "http_server_config.headers.Content-Length",
            "Strict-Transport-Security",
        ),
        (
            "http_server_config: {headers: {X-Frame-Options: \u20ac}}",
            "http_server_config.headers.X-Frame-Options",
            "ASCII",
        ),
        (
            'http_server_config: {headers: {X-Frame-Options: "a\\r\\nX: y"}}',
            "http_server_config.headers.X-Frame-Options",
            "line break",
        ),
        ("tls_server_config: {cert_file: a}", "tls_server_config.key_file", "missing"),
    ],
)
def test_web_config_invalid_value_reports_no_user_name(text: str, place: str, word: str, tmp_path: Path) -> None:
    path = tmp_path / "web.yml"
    path.write_text(text)
    with pytest.raises(ConfigError) as error:
        config.web_from_file(path)
    (problem,) = error.value.problems
    assert problem.startswith(f"{path}:1: {place}: ")
    assert word in problem
    assert "alice" not in problem
    assert "hunter2" not in problem


_TLS = "tls_server_config:\n  cert_file: cert.pem\n  key_file: key.pem\n"


@pytest.mark.parametrize(
    ("lines", "key"),
    [
        ("  client_ca_file: ca.pem\n", "client_ca_file"),
        ("  client_ca_file: ca.pem\n  client_auth_type: NoClientCert\n", "client_ca_file"),
        ("  client_auth_type: RequireAndVerifyClientCert\n", "client_auth_type"),
        ("  client_auth_type: VerifyClientCertIfGiven\n", "client_auth_type"),
    ],
)
def test_web_config_client_certificates_not_in_force_is_error(lines: str, key: str, tmp_path: Path) -> None:
    """The port would respond to clients without a certificate, or to none at all."""
    path = tmp_path / "web.yml"
    path.write_text(_TLS + lines)
    with pytest.raises(ConfigError) as error:
        config.web_from_file(path)
    (problem,) = error.value.problems
    assert problem.startswith(f"{path}:4: tls_server_config.{key}: ")
    assert {"client_ca_file", "client_auth_type"} <= set(re.findall(r"\w+", problem))


@pytest.mark.parametrize("client_auth", ["RequireAndVerifyClientCert", "VerifyClientCertIfGiven"])
def test_web_config_client_ca_with_client_auth_type_is_valid(client_auth: str, tmp_path: Path) -> None:
    path = tmp_path / "web.yml"
    path.write_text(f"{_TLS}  client_ca_file: ca.pem\n  client_auth_type: {client_auth}\n")
    tls = config.web_from_file(path).tls_server_config
    assert tls is not None
    assert (tls.client_auth_type, tls.client_ca_file) == (client_auth, tmp_path / "ca.pem")
