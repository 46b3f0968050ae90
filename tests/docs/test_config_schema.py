"""docs/exporter.schema.json is up to date, and accepts what the exporter accepts. `make golden` writes it."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.config_schema import schema
from support.configs import COMPLETE, with_every_key

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docs" / "exporter.schema.json"
FILES = (ROOT / "exporter.example.yml", *ROOT.glob("deploy/**/exporter.yml"))
EXAMPLES = {str(path.relative_to(ROOT)): path.read_text() for path in FILES}
TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "integer": int, "number": (int, float)}


def is_valid(value: Any, schema: dict[str, Any]) -> bool:
    """Whether the value matches the schema; the part of JSON Schema that the file uses."""
    names = schema.get("type", [])
    names = [names] if isinstance(names, str) else names
    allowed = [TYPES[name] for name in names]
    if names and not any(isinstance(value, kind) and (kind is bool or not isinstance(value, bool)) for kind in allowed):  # type: ignore[arg-type]
        return False
    checks = [
        "enum" not in schema or value in schema["enum"],
        "oneOf" not in schema or sum(is_valid(value, option) for option in schema["oneOf"]) == 1,
    ]
    if isinstance(value, str):
        checks += [re.search(schema.get("pattern", ""), value) is not None, len(value) <= schema.get("maxLength", 9999)]
    elif isinstance(value, list):
        checks += [len(value) >= schema.get("minItems", 0), *(is_valid(item, schema["items"]) for item in value)]
    elif isinstance(value, dict):
        checks += [name in value for name in schema.get("required", [])]
        checks += [is_valid(name, schema.get("propertyNames", {})) for name in value]
        for name, item in value.items():
            below = schema.get("properties", {}).get(name, schema.get("additionalProperties", {}))
            checks.append(below is not False and is_valid(item, below))
    elif isinstance(value, int | float):
        checks.append(schema.get("minimum", value) <= value <= schema.get("maximum", value))
    return all(checks)


def test_config_schema_matches_the_classes(request: pytest.FixtureRequest) -> None:
    expected = json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"
    if request.config.getoption("--update-golden"):
        FILE.write_text(expected)
    assert FILE.read_text() == expected


def test_config_schema_accepts_the_examples() -> None:
    every_key = with_every_key(EXAMPLES["exporter.example.yml"])
    for name, text in {**EXAMPLES, "every key": every_key, "test": COMPLETE}.items():
        assert is_valid(yaml.safe_load(text), schema()), name


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "gateways: []",
        "gateways: [{name: a}]",
        "gateways: [{host: a, hots: b}]",
        "gateways: [{host: a, scheme: ftp}]",
        "gateways: [{host: a, min_interval: 10}]",
        "gateways: [{host: a, collectors: {kettle: true}}]",
        "gateways: [{host: a, collectors: {meters: {max_age: true}}}]",
        "gateways: [{host: a, inverters: {12a: {}}}]",
        "gateways: [{host: a, arrays: {south: {tilt: 91}}}]",
        "gateways: [{host: a}]\ndefaults: {host: b}",
    ],
)
def test_config_schema_rejects_what_the_exporter_rejects(text: str) -> None:
    assert not is_valid(yaml.safe_load(text), schema())


def test_example_file_names_the_schema() -> None:
    first = EXAMPLES["exporter.example.yml"].partition("\n")[0]
    assert first.startswith("# yaml-language-server: $schema=")
    assert first.endswith("docs/exporter.schema.json")
