"""What is said of a config that cannot be meant: all of it at once, with its place, and no secret."""

from pathlib import Path

import pytest
from support.configs import layout_config, problems, read

from envoy_exporter import config
from envoy_exporter.app import COLLECTORS
from envoy_exporter.config import ConfigError

HERE = Path(__file__).parent


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", ": gateways: is missing"),
        ("gateways: []", ":1: gateways: is empty: name at least one gateway by its host"),
        ("gateways: {host: a}", ":1: gateways: must be a list: begin each of its things with a dash"),
        ("gateways:\n- name: a", ":2: gateways[0].host: is missing"),
        ("gateways:\n- host:", ":2: gateways[0].host: is empty"),
        (
            "gateways:\n- host: a\n  min_intervall: 10s",
            ":3: gateways[0].min_intervall: is no key; did you mean min_interval?",
        ),
        (
            "gateways:\n- host: a\n  min_interval: 10",
            ":3: gateways[0].min_interval: 10 of what? Write 10s for seconds, or 2m, or 1h",
        ),
        ("gateways:\n- host: a\n  min_interval: 4s", "is more than a gateway bears; write 5s or longer"),
        ("gateways:\n- host: a\n  timeout: soon", "'soon' is no duration; write 15s, 2m or 1h30m"),
        ("gateways:\n- host: fe80::1", ":2: gateways[0].host: fe80::1 is link-local and needs a zone"),
        ("gateways:\n- host: a/b", "is a URL or a path; write the host alone"),
        ("gateways:\n- host: a:0", "0 is no port"),
        ("gateways:\n- host: 10.0.0.300", "is no IPv4 address"),
        ("gateways:\n- host: a\n- host: a", ":3: gateways[1].name: a is gateway 0 too; names differ"),
        ("gateways:\n- host: a\n  host: b", ":3: gateways[0].host: stands twice, here and on line 2"),
        ("gateways:\n- host: a\n  serial: abc", "'abc' is no serial"),
        ("gateways:\n- host: a\n  scheme: ftp", "'ftp' is none of auto, https, http"),
        ("gateways:\n- host: a\n  keep_alive: perhaps", "'perhaps' is neither true nor false"),
        ("gateways:\n- host: a\n  timezone: Mars/Phobos", "'Mars/Phobos' is no time zone"),
        ("gateways:\n- host: a\n  tls: {fingerprint: AB}", "is no SHA-256 fingerprint"),
        ("gateways:\n- host: a\n  token: ${NOT_SET_ANYWHERE}", "the environment has no variable NOT_SET_ANYWHERE"),
        ("gateways:\n- host: a\n  token: x\n  token_file: y", ":4: gateways[0].token_file: there is token too"),
        ("gateways:\n- host: a\n  local: {password: x, password_file: y}", "there is password too; give one of them"),
        (
            f"gateways:\n- host: a\n  local: {{password_file: {HERE}/none}}",
            f":3: gateways[0].local.password_file: {HERE}/none cannot be read: No such file",
        ),
        ("gateways:\n- host: a\n  tls: {ca_file: /none}", ":3: gateways[0].tls.ca_file: /none cannot be read: No such"),
        (
            f"gateways:\n- host: a\n  tls: {{ca_file: {HERE}/test_config.py}}",
            "test_config.py has no certificate in it",
        ),
        ("gateways: [{host: a}]\nenlighten: {ca_file: /none}", ":2: enlighten.ca_file: /none cannot be read"),
        ("gateways:\n- host: a\n  token: x y", ":3: gateways[0].token: the token has blanks"),
        ("gateways:\n- host: a\n  token: <secret>", ":3: gateways[0].token: it is a web page or a placeholder"),
        ("gateways:\n- host: a\n  timeout: 0s", ":3: gateways[0].timeout: '0s' is no time that can be waited for"),
        ("gateways:\n- host: a\n  timeout: 900ms", "900ms is no time for a scrape; write 1s to 1h (9.5s is usual)"),
        ("gateways:\n- host: a\n  timeout: 61m", "61m is no time for a scrape"),
        ("gateways:\n- host: a\n  inverter_max_age: 0h", "'0h' is no time that can be waited for; write 15s"),
        ("gateways:\n- host: a\n  inverter_max_age: 999999999999999d", "is no time that can be waited for"),
        ('gateways:\n- host: a\n  name: "a\\nb"', ":3: gateways[0].name: has a line end or another character"),
        ('gateways:\n- host: a\n  labels: {site: "a\\eb"}', "labels.site: has a line end or another character"),
        ('gateways:\n- host: a\n  local: {username: "a\\"b"}', "can be no user of a gateway: it has a quote"),
        ("gateways:\n- host: a\n  tls: {ca_file: /x}\n  scheme: http", ":3: gateways[0].tls.ca_file: /x cannot"),
        ("gateways: [{host: a}]\nenlighten: {login_url: http://b/}", "enlighten.login_url: is no URL of the cloud"),
        ("gateways: [{host: a}]\nenlighten: {token_url: 'https://b/?t=1'}", "token_url: is no URL of the cloud; write"),
        ("gateways: [{host: a}]\nenlighten: {token_url: 'https://b:x/'}", "token_url: is no URL of the cloud"),
        (
            "gateways: [{host: a}]\ndefaults: {collectors: {inverter: false}}",
            ":2: defaults.collectors.inverter: is no collector; did you mean inverters?",
        ),
        ("gateways:\n- host: a\n  labels: {instance: b}", "instance is Prometheus's own label"),
        ("gateways:\n- host: a\n  labels: {9b: b}", "'9b' can name no label"),
        (
            "gateways:\n- host: a\n  collectors: {inverter: false}",
            "collectors.inverter: is no collector; did you mean inverters?",
        ),
        ("gateways:\n- host: a\n  collectors: {inverters: {max_age: x}}", "'x' is no duration"),
        ("gateways:\n- host: a\n  collectors: {inverters: perhaps}", "'perhaps' is neither true nor false"),
        (
            "gateways: [{host: a}]\ndefaults: {min_interval: 1s}",
            ":2: defaults.min_interval: 1s is more than a gateway bears",
        ),
        ("gateways: [{host: a}]\ndefaults: {host: b}", ":2: defaults.host: is no key"),
        ("gateways: [{host: a, token_file: eyJh.eyJi.c}]", "token_file: is a token itself; write it behind token"),
        ("gateways: [{host: a, username: b}]", "username: is no key; did you mean local.username?"),
        (
            "gateways: [{host: a}, {host: A, name: b}]",
            "gateways[1].host: is gateway 0 too; a gateway is asked by one only",
        ),
        ("gateways: [{host: a}]\nstate_dir: /x", ":2: state_dir: is no key; did you mean state_directory?"),
        (layout_config("{12a: {}}"), ":4: gateways[0].inverters.12a: '12a' is no inverter's serial"),
        (layout_config("{'1221': {nmae: x}}"), "inverters.1221.nmae: is no key; did you mean name?"),
        (layout_config("{'1221': {name: ''}}"), "inverters.1221.name: is empty"),
        (layout_config("{'1221': {name: " + "x" * 65 + "}}"), "is no name; write one line of at most 64 characters"),
        (layout_config('{"1221": {name: "a\\tb"}}'), "is no name; write one line"),
        (layout_config("{'1221': {row: 1.5}}"), "inverters.1221.row: 1.5 is neither a whole number nor a name"),
        (layout_config("{'1221': {column: [1]}}"), "inverters.1221.column: must be one value, not a list"),
        (layout_config("{'1221': {peak_power: 0.37}}"), "inverters.1221.peak_power: 0.37 is no module's peak power"),
        (
            layout_config("{'1221': {peak_power: 7400}}"),
            "7400 is no module's peak power; write its watts (Wp), such as 370",
        ),
        (layout_config("{'1221': {peak_power: -1}}"), "-1 is no module's peak power"),
        (layout_config("{'1221': {peak_power: 370Wp}}"), "'370Wp' is no number"),
        (layout_config("{'1221': {}, '1221': {}}"), "inverters.1221: stands twice"),
        (
            layout_config("{'1221': {array: a, row: 1, column: 2}, '1222': {array: a, row: 1, column: 2}}"),
            ":4: gateways[0].inverters.1222: is at the same array, row and column as 1221",
        ),
        (
            layout_config("{'1221': {row: 1, column: 2}, '1222': {row: 1, column: 2}}"),
            "inverters.1222: is at the same array",
        ),
        (
            layout_config("{'1221': {array: soth}}", "{south: {}}"),
            ":4: gateways[0].inverters.1221.array: soth is not in arrays; did you mean south?",
        ),
        (
            layout_config("{'1221': {array: roof}}", "{south: {}, west: {}}"),
            "inverters.1221.array: roof is not in arrays; there are south, west",
        ),
        (
            layout_config("{}", "{south: {azimuth: 361}}"),
            ":5: gateways[0].arrays.south.azimuth: 361 is not within 0 to 360",
        ),
        (layout_config("{}", "{south: {azimuth: south}}"), "arrays.south.azimuth: 'south' is no number"),
        (
            layout_config("{}", "{south: {tilt: 91}}"),
            "arrays.south.tilt: 91 is not within 0 to 90 degrees (0 lies flat",
        ),
        (layout_config("{}", "{south: {tilt: -1}}"), "arrays.south.tilt: -1 is not within 0 to 90"),
        ("gateways: [", ":1: this is not YAML"),
        ("gateways:\n\t- host: a", ":2: this is not YAML: a tab stands there, where YAML has blanks"),
        ("a: *hunter2", "found undefined alias what stands there; what begins with a sign stands in quotes"),
        ("a: %x", "found character '%' that cannot start any token; what begins with a sign stands in quotes"),
        (
            "gateways:\n- host: a\n  local:\n    password: #hunter2",
            ":4: gateways[0].local.password: is empty; put it in",
        ),
        (
            "gateways: [{host: a, local: {password: !hunter2 }}]",
            "gateways[0].local.password: is empty; put it in quotes",
        ),
        (
            "gateways: [{host: a}]\nenlighten: {password: &hunter2 }",
            ":2: enlighten.password: is empty; put it in quotes",
        ),
        ("gateways: \x00", "this is not YAML"),
        ("- a", ":1: must be a map of keys and values"),
        ("a: &a [*a]", "is nested too deep"),
    ],
)
def test_what_is_wrong_is_told_with_its_line_and_its_path(tmp_path: Path, text: str, told: str) -> None:
    assert any(told in each for each in problems(text, tmp_path)), problems(text, tmp_path)


def test_all_problems_are_told_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = "gateways:\n- host: http://a\n  min_interval: 1s\n  serial: x\n- name: b\nenlighten: []\n"
    told = problems(text, tmp_path)
    assert [each.split(":")[1] for each in told] == ["2", "3", "4", "5", "6"]


def test_what_only_shows_between_things_is_told_together_with_what_is_wrong_with_one(tmp_path: Path) -> None:
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
    told = problems(text, tmp_path)
    assert [each.split(": ")[0] + " " + each.split(": ")[1] for each in told] == [
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
    assert "hunter2" not in "".join(told)


def test_two_gateways_without_a_host_are_not_said_to_be_one(tmp_path: Path) -> None:
    told = problems("gateways:\n- serial: '1221'\n- serial: '1222'\n- nothing\n", tmp_path)
    assert [each.split(": ", 1)[1] for each in told] == [
        "gateways[0].host: is missing",
        "gateways[1].host: is missing",
        "gateways[2]: must be a map of keys and values",
    ]


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
def test_no_problem_shows_a_secret(text: str, tmp_path: Path) -> None:
    assert "SECRET" not in "".join(problems(text, tmp_path))


def test_a_key_whose_colon_lacks_its_blank_is_told_so(tmp_path: Path) -> None:
    told = problems("gateways:\n- {host: a, password:hunter2}\n", tmp_path)
    assert told == [":2: gateways[0].password\u2026: is no key; write a blank behind its colon"]


def test_a_problem_cannot_forge_another(tmp_path: Path) -> None:
    text = 'gateways:\n- host: a\n  "x\\nfoo.yml:1: gateways: is wrong\\e[2J": 1\n  serial: "1\\n2"\n'
    assert all(each.isprintable() for each in problems(text, tmp_path))


def test_a_secret_where_a_file_s_name_belongs_is_not_shown(tmp_path: Path) -> None:
    text = f"gateways: [{{host: a, token_file: hunter2}}, {{host: b, token_file: {tmp_path}/token}}]"
    shown = config.shown(read(text, tmp_path))
    assert "hunter2" not in shown
    assert f"token_file: {tmp_path}/token" in shown


def test_a_file_that_is_not_there_or_not_text(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        config.from_file(tmp_path / "nowhere.yml", COLLECTORS)
    (tmp_path / "exporter.yml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="not UTF-8"):
        config.from_file(tmp_path / "exporter.yml", COLLECTORS)


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({"ENVOY_TOKEN": "SECRET SECRET"}, "environment: ENVOY_TOKEN: the token has blanks"),
        ({"ENVOY_PASSWORD_FILE": "SECRET"}, "environment: ENVOY_PASSWORD_FILE: <secret> cannot be read: No such"),
        ({"ENVOY_TOKEN_FILE": "eyJSECRETSECRET"}, "environment: ENVOY_TOKEN_FILE: is a token itself"),
        ({"ENVOY_PASSWORD": "${SECRETsecret}"}, "environment: ENVOY_PASSWORD: the environment has no such variable"),
        ({"ENVOY_PASSWORD": "a\udcff"}, "environment: ENVOY_PASSWORD: is not UTF-8 text"),
        ({"ENVOY_SERIAL": "SECRET"}, "environment: ENVOY_SERIAL: 'SECRET' is no serial"),
        ({"ENVOY_USERNAME": "a:SECRET"}, "environment: ENVOY_USERNAME: can be no user"),
        ({"ENVOY_PASSWORD": "SECRET", "ENVOY_PASSWORD_FILE": "/x"}, "environment: ENVOY_PASSWORD_FILE: there is pass"),
        ({"ENVOY_USERNAME": "me@example.com", "ENVOY_PASSWORD_FILE": "SECRET"}, "environment: ENVOY_PASSWORD_FILE: <"),
    ],
)
def test_what_is_wrong_in_the_environment_is_told_with_its_variable(variables: dict[str, str], told: str) -> None:
    with pytest.raises(ConfigError) as error:
        config.from_environment({"ENVOY_HOST": "a", **variables}, COLLECTORS)
    assert any(each.startswith(told) for each in error.value.problems), error.value.problems
    assert "SECRET" not in str(error.value) or "SERIAL" in told


def test_a_misspelled_variable_is_told(caplog: pytest.LogCaptureFixture) -> None:
    environment = {"ENVOY_HOST": "a", "ENVOY_TOKN": "x", "ENVOY_SERVICE_PORT": "80", "ENVOY_SERIAL": "1221"}
    config.from_environment(environment, COLLECTORS)
    assert [each.getMessage() for each in caplog.records] == ["ENVOY_TOKN has no effect; did you mean ENVOY_TOKEN?"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("basic_auth_users: {alice: hunter2}", ":1: basic_auth_users.\u2026: is no bcrypt hash"),
        ("basic_auth_users: {alice: $2b$99$" + "x" * 53 + "}", "is no bcrypt hash"),
        ("http_server_config: {headers: {Content-Length: 5}}", "'Content-Length' is none of Strict-Transport-Security"),
        ("http_server_config: {headers: {X-Frame-Options: \u20ac}}", "has letters that no header can have"),
        ('http_server_config: {headers: {X-Frame-Options: "a\\r\\nX: y"}}', "has a line end"),
        ("tls_server_config: {cert_file: a}", ":1: tls_server_config.key_file: is missing"),
    ],
)
def test_what_is_wrong_in_a_web_config_file_is_told_without_its_users(text: str, told: str, tmp_path: Path) -> None:
    path = tmp_path / "web.yml"
    path.write_text(text)
    with pytest.raises(ConfigError) as error:
        config.web_from_file(path)
    assert told in str(error.value)
    assert "alice" not in str(error.value)
    assert "hunter2" not in str(error.value)


_TLS = "tls_server_config:\n  cert_file: cert.pem\n  key_file: key.pem\n"


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ("  client_ca_file: ca.pem\n", "client_ca_file: has no effect with client_auth_type NoClientCert"),
        (
            "  client_ca_file: ca.pem\n  client_auth_type: NoClientCert\n",
            "client_ca_file: has no effect with client_auth_type NoClientCert",
        ),
        (
            "  client_auth_type: RequireAndVerifyClientCert\n",
            "client_auth_type: RequireAndVerifyClientCert needs client_ca_file",
        ),
        (
            "  client_auth_type: VerifyClientCertIfGiven\n",
            "client_auth_type: VerifyClientCertIfGiven needs client_ca_file",
        ),
    ],
)
def test_web_config_client_certificates_not_in_force_is_error(lines: str, problem: str, tmp_path: Path) -> None:
    """The port would answer clients without a certificate, or none at all."""
    path = tmp_path / "web.yml"
    path.write_text(_TLS + lines)
    with pytest.raises(ConfigError) as error:
        config.web_from_file(path)
    assert f"{path}:4: tls_server_config.{problem}" in str(error.value)


@pytest.mark.parametrize("demand", ["RequireAndVerifyClientCert", "VerifyClientCertIfGiven"])
def test_web_config_client_ca_with_demand_is_valid(demand: str, tmp_path: Path) -> None:
    path = tmp_path / "web.yml"
    path.write_text(f"{_TLS}  client_ca_file: ca.pem\n  client_auth_type: {demand}\n")
    tls = config.web_from_file(path).tls_server_config
    assert tls is not None
    assert (tls.client_auth_type, tls.client_ca_file) == (demand, tmp_path / "ca.pem")
