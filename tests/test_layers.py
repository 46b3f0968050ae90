"""Which parts of the package may import which: the architecture, compared with the imports."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "envoy_exporter"
SIMULATOR = PACKAGE.parent / "envoy_simulator"

# The parts of the package, and what each may import in addition to itself. A leaf imports nothing.
LEAVES = {"fields", "secret", "documents", "families", "telemetry", "clock", "token_text"}
QUERIES = {*LEAVES, "entries", "system"}
"""The leaves, and the functions that find entries of documents and what is installed."""
MAY_IMPORT: dict[str, set[str]] = {
    **{leaf: set() for leaf in LEAVES},
    "pem": {"secret"},
    "config": {*LEAVES, "pem"},
    "entries": {"documents", "fields"},
    "system": {"documents", "fields", "entries"},
    "collectors": QUERIES,
    "token": {"secret", "token_text"},
    "transport": {"clock", "secret"},
    "gateway": {*QUERIES, "token", "transport"},
    "enlighten": {*LEAVES, "token", "transport"},
    "collector_runner": {*QUERIES, "collectors", "gateway"},
    "gateway_readings": {"families"},
    "gateway_collector": {*QUERIES, "collectors", "gateway", "collector_runner", "gateway_readings"},
    "web": {*LEAVES, "pem", "gateway_collector"},
    "logs": {"secret"},
    "commands": {*QUERIES, "config", "enlighten", "gateway", "collectors", "token", "app", "logs"},
    "accounts": {*LEAVES, "config", "enlighten", "transport"},
    "config_warnings": {*LEAVES, "accounts", "config", "gateway", "token"},
    "app": {
        *LEAVES,
        "config",
        "collectors",
        "enlighten",
        "gateway",
        "token",
        "transport",
        "gateway_collector",
        "web",
        "accounts",
        "config_warnings",
    },
    "cli": {*LEAVES, "config", "collectors", "commands", "web", "app", "logs"},
    "healthcheck": set(),
    "__main__": {"cli"},
}
SHARED = {
    "collector",
    "sanity_checks",
    "plausibility",
    "device_reports",
    "inverter_source",
    "required",
    "document_reader",
    "steady",
    "device_status",
}
"""Modules of `collectors` that every collector may import."""
PARTS = {
    "production": {"production_source", "html_production", "site_meters", "consumption", "site"},
    "consumption": {"site"},
    "site_meters": {"site"},
    "required": {"html_production", "production_source"},
    "inverters": {"inventory", "channel_numbers", "device_data", "inverter_reports"},
    "device_data": {"channel_numbers", "inverter_reports"},
    "batteries": {"ac_batteries", "battery_charge", "battery_units", "secondary_control"},
    "ac_batteries": {"battery_units"},
    "controller": {"controller_readings"},
}
"""Modules of `collectors` that consist of several files."""
ONLY_HERE = {
    "httpx": {"gateway", "transport"},
    "httpcore": {"transport"},
    "jwt": {"token"},
    "starlette": {"web"},
    "uvicorn": {"web"},
    "yaml": {"config"},
    "cattrs": {"config"},
    "trustme": set(),
    "cryptography": set(),
}


def part_of(module: str) -> str:
    """`envoy_exporter.transport.client` belongs to the part `transport`."""
    return [*module.split("."), ""][1]


def imports(path: Path) -> Iterator[str]:
    """The full names of the modules that a file imports; relative names are resolved."""
    package = list(path.relative_to(PACKAGE.parent).parent.parts)
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *(node.module or "").split(".")]).strip(".")
            yield module
            if module in {"envoy_exporter", ".".join(package)}:
                yield from (f"{module}.{alias.name}" for alias in node.names)


FILES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_file_imports_only_what_its_part_may_import(path: Path) -> None:
    part = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    for name in imports(path):
        if name.startswith("envoy_exporter."):
            other = part_of(name)
            is_own = other == part or other.startswith("__")
            assert is_own or other in MAY_IMPORT.get(part, set()), f"{part} must not import {name}"
        library = name.partition(".")[0]
        assert part in ONLY_HERE.get(library, {part}), f"{part} must not import {library}"


def test_collector_does_not_import_another_collector() -> None:
    for path in (PACKAGE / "collectors").glob("*.py"):
        siblings = {name for name in imports(path) if name.startswith("envoy_exporter.collectors.")}
        if path.name != "__init__.py":
            parts = {f"envoy_exporter.collectors.{part}" for part in SHARED | PARTS.get(path.stem, set())}
            assert siblings <= parts, path.name


def test_architecture_names_every_part() -> None:
    parts = {path.relative_to(PACKAGE).parts[0].removesuffix(".py") for path in FILES}
    assert parts - {"__init__"} == set(MAY_IMPORT)


def test_only_the_demo_imports_the_simulator() -> None:
    importers = {path.relative_to(PACKAGE) for path in FILES for name in imports(path) if "simulator" in name}
    assert importers == {Path("commands/demo.py")}


def test_simulator_imports_only_the_standard_library_and_trustme() -> None:
    allowed = {*sys.stdlib_module_names, "envoy_simulator", "trustme", "cryptography"}
    for path in SIMULATOR.rglob("*.py"):
        libraries = {name.partition(".")[0] for name in imports(path)}
        assert libraries <= allowed, path.relative_to(SIMULATOR)
