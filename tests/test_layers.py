"""Who may import whom: the plan of the house, held against the imports as they stand."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "envoy_exporter"

# The parts, and what of the package each may import besides itself. A leaf imports nothing.
LEAVES = {"fields", "secret", "documents", "families", "telemetry", "clock", "pasted"}
MAY_IMPORT: dict[str, set[str]] = {
    **{leaf: set() for leaf in LEAVES},
    "config": LEAVES,
    "collectors": LEAVES,
    "gateway": LEAVES,
    "gateway_collector": {*LEAVES, "collectors", "gateway"},
    "web": {*LEAVES, "gateway_collector"},
    "logs": {"secret"},
    "simulator": set(),
    "commands": {*LEAVES, "config", "gateway", "collectors", "simulator", "wiring", "logs"},
    "accounts": {*LEAVES, "config", "gateway"},
    "wiring": {*LEAVES, "config", "collectors", "gateway", "gateway_collector", "web", "accounts"},
    "cli": {*LEAVES, "config", "commands", "web", "wiring", "logs"},
    "__main__": {"cli"},
}
SHARED = {
    "collector",
    "sanity_checks",
    "plausibility",
    "device_reports",
    "inverter_source",
    "required",
    "steady",
    "device_status",
}
"""What every collector may use of its folder; and those that are made of several files."""
PARTS = {
    "production": {"production_source", "html_production", "site_meters", "consumption", "site"},
    "consumption": {"site"},
    "required": {"html_production", "production_source"},
    "inverters": {"inventory", "channel_numbers", "inverter_readings", "inverter_reports"},
    "inverter_reports": {"channel_numbers", "inverter_readings"},
    "batteries": {"battery_charge", "battery_units", "secondary_control"},
}
ONLY_HERE = {
    "httpx": {"gateway"},
    "httpcore": {"gateway"},
    "jwt": {"gateway"},
    "starlette": {"web"},
    "uvicorn": {"web"},
    "yaml": {"config"},
    "cattrs": {"config"},
    "trustme": {"simulator"},
    "cryptography": {"simulator"},
}


def part_of(module: str) -> str:
    """`envoy_exporter.gateway.client` is of the part `gateway`."""
    return [*module.split("."), ""][1]


def imports(path: Path) -> Iterator[str]:
    """The whole names of what a file imports, relative ones resolved."""
    package = ["envoy_exporter", *path.relative_to(PACKAGE).parent.parts]
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
def test_a_file_imports_only_what_its_part_may(path: Path) -> None:
    part = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    for name in imports(path):
        if name.startswith("envoy_exporter."):
            other = part_of(name)
            is_own = other == part or other.startswith("__")
            assert is_own or other in MAY_IMPORT.get(part, set()), f"{part} must not import {name}"
        library = name.partition(".")[0]
        assert part in ONLY_HERE.get(library, {part}), f"{library} is for {ONLY_HERE[library]} alone"


def test_no_collector_imports_another() -> None:
    for path in (PACKAGE / "collectors").glob("*.py"):
        siblings = {name for name in imports(path) if name.startswith("envoy_exporter.collectors.")}
        if path.name != "__init__.py":
            parts = {f"envoy_exporter.collectors.{part}" for part in SHARED | PARTS.get(path.stem, set())}
            assert siblings <= parts, path.name


def test_the_plan_names_every_part() -> None:
    parts = {path.relative_to(PACKAGE).parts[0].removesuffix(".py") for path in FILES}
    assert parts - {"__init__"} == set(MAY_IMPORT)


def test_only_the_command_and_its_verbs_import_the_simulator() -> None:
    importers = {path.relative_to(PACKAGE).parts[0] for path in FILES for name in imports(path) if "simulator" in name}
    assert importers <= {"simulator", "commands", "cli.py"}
