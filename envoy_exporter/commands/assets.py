"""Write the example configs, recording rules, alerts, dashboards and systemd units to a directory."""

import argparse
from collections.abc import Iterator
from pathlib import Path

from . import FAILURE, print_stderr

PACKAGE = Path(__file__).parents[1]
FOLDERS = ("prometheus", "grafana/dashboards", "grafana/provisioning", "deploy/systemd")
EXAMPLE = "exporter.example.yml"
_SUFFIXES = {".json", ".yml", ".service", ".socket", ".conf"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="Write the files to DIR.")
    overwrite = "Overwrite files that you have changed (default: write nothing if there are any)."
    parser.add_argument("--overwrite", action="store_true", help=overwrite)


def run(arguments: argparse.Namespace) -> int:
    folder: Path = arguments.output
    new = dict(assets())
    try:
        changed = [name for name, content in new.items() if _differs(folder / name, content)]
        if changed and not arguments.overwrite:
            print_stderr(*(f"{folder / name} exists and is different" for name in sorted(changed)))
            print_stderr("nothing was written; use another directory, or --overwrite")
            return FAILURE
        for name, content in new.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
    except OSError as error:
        print_stderr(f"cannot write to {folder}: {error.strerror} ({error.filename})")
        return FAILURE
    print(f"{len(new)} files written to {folder}")
    return 0


def assets() -> Iterator[tuple[str, bytes]]:
    """Each file's relative name and its content."""
    root = PACKAGE / "assets"  # only a wheel has it; in a checkout the folders are beside the package
    if not root.is_dir():
        root = PACKAGE.parent
    yield EXAMPLE, (root / EXAMPLE).read_bytes()
    for folder in FOLDERS:
        for file in sorted((root / folder).rglob("*")):
            if file.suffix in _SUFFIXES:
                yield file.relative_to(root).as_posix(), file.read_bytes()


def _differs(file: Path, content: bytes) -> bool:
    return file.exists() and file.read_bytes() != content
