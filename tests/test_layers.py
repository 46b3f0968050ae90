"""Who may import whom: the plan of the house, held against the imports as they stand."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "envoy_exporter"

# The parts, and what of the package each may import besides itself. A leaf imports nothing.
LEAVES = {"untrusted", "secret", "documents", "families", "telemetry", "clock", "token_text"}
MAY_IMPORT: dict[str, set[str]] = {
    **{leaf: set() for leaf in LEAVES},
    "config": LEAVES,
    "subsystems": LEAVES,
    "token": {"secret", "token_text"},
    "transport": {"clock", "secret"},
    "gateway": {*LEAVES, "token", "transport"},
    "enlighten": {*LEAVES, "token", "transport"},
    "collector": {*LEAVES, "subsystems", "gateway"},
    "web": {*LEAVES, "collector"},
    "logs": {"secret"},
    "simulator": set(),
    "commands": {*LEAVES, "config", "enlighten", "gateway", "subsystems", "simulator", "token", "wiring", "logs"},
    "accounts": {*LEAVES, "config", "enlighten", "transport"},
    "wiring": {
        *LEAVES,
        "config",
        "subsystems",
        "enlighten",
        "gateway",
        "token",
        "transport",
        "collector",
        "web",
        "accounts",
    },
    "cli": {*LEAVES, "config", "commands", "web", "wiring", "logs"},
    "__main__": {"cli"},
}
SHARED = {"subsystem", "rules", "history", "reports", "fleet", "required", "device_status"}
"""What every subsystem may use of its folder; and those that are made of several files."""
PARTS = {
    "production": {"source", "page", "activity", "consumption", "site"},
    "consumption": {"site"},
    "required": {"page"},
    "inverters": {"inventory", "inverter_readings", "inverter_reports"},
    "inverter_reports": {"inverter_readings"},
    "batteries": {"battery_charge", "battery_units", "secondary_control"},
}
ONLY_HERE = {
    "httpx": {"gateway", "transport"},
    "httpcore": {"transport"},
    "jwt": {"token"},
    "starlette": {"web"},
    "uvicorn": {"web"},
    "yaml": {"config"},
    "cattrs": {"config"},
    "trustme": {"simulator"},
    "cryptography": {"simulator"},
}


def part_of(module: str) -> str:
    """`envoy_exporter.transport.client` is of the part `gateway`."""
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


def test_no_subsystem_knows_another() -> None:
    for path in (PACKAGE / "subsystems").glob("*.py"):
        siblings = {name for name in imports(path) if name.startswith("envoy_exporter.subsystems.")}
        if path.name != "__init__.py":
            parts = {f"envoy_exporter.subsystems.{part}" for part in SHARED | PARTS.get(path.stem, set())}
            assert siblings <= parts, path.name


def test_the_plan_names_every_part() -> None:
    parts = {path.relative_to(PACKAGE).parts[0].removesuffix(".py") for path in FILES}
    assert parts - {"__init__"} == set(MAY_IMPORT)


def test_only_the_command_and_its_verbs_import_the_simulator() -> None:
    importers = {path.relative_to(PACKAGE).parts[0] for path in FILES for name in imports(path) if "simulator" in name}
    assert importers <= {"simulator", "commands", "cli.py"}
