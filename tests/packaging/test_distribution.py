"""The wheel and the sdist: equal whenever and wherever they are built, complete, with links that work on PyPI."""

import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from email import message_from_string
from email.message import Message
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]


def copy(folder: Path) -> Path:
    """A copy of the files that git tracks, with new dates."""
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, names.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name)
    return folder


def build(source: Path, target: str) -> Path:
    """Build a wheel or an sdist, and return the file."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(source.parent / "dist")]
    subprocess.run(command, cwd=source, check=True, capture_output=True)
    (file,) = (source.parent / "dist").glob("*.whl" if target == "wheel" else "*.tar.gz")
    return file


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    source = copy(tmp_path_factory.mktemp("first") / "source")
    return {target: build(source, target) for target in ("wheel", "sdist")}


@pytest.fixture(scope="module")
def metadata(built: dict[str, Path]) -> Message:
    with zipfile.ZipFile(built["wheel"]) as wheel:
        (name,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
        return message_from_string(wheel.read(name).decode())


@pytest.mark.parametrize("target", ["wheel", "sdist"])
def test_distribution_built_twice_is_identical(built: dict[str, Path], target: str, tmp_path: Path) -> None:
    second = build(copy(tmp_path / "elsewhere"), target)
    assert second.name == built[target].name
    assert second.read_bytes() == built[target].read_bytes()


def test_wheel_built_from_the_sdist_is_identical(built: dict[str, Path], tmp_path: Path) -> None:
    with tarfile.open(built["sdist"]) as sdist:
        sdist.extractall(tmp_path, filter="data")
    (source,) = tmp_path.iterdir()
    assert build(source, "wheel").read_bytes() == built["wheel"].read_bytes()


def test_wheel_writes_the_assets_of_the_checkout(built: dict[str, Path], tmp_path: Path) -> None:
    shutil.unpack_archive(built["wheel"], tmp_path / "site", "zip")
    program = "import sys; sys.path.insert(0, sys.argv.pop(1)); from envoy_exporter.cli import main; sys.exit(main())"
    command = [sys.executable, "-P", "-c", program, str(tmp_path / "site"), "assets", f"--output={tmp_path / 'assets'}"]
    subprocess.run(command, cwd=tmp_path, env={}, check=True)
    written = {path.relative_to(tmp_path / "assets") for path in (tmp_path / "assets").rglob("*") if path.is_file()}
    folders = ("prometheus", "grafana/dashboards", "grafana/provisioning", "deploy/systemd")
    files = [
        path for folder in folders for path in (ROOT / folder).rglob("*") if path.is_file() and path.name != ".lint"
    ]
    expected = {path.relative_to(ROOT) for path in files} | {Path("exporter.example.yml")}
    assert written == expected
    assert all((tmp_path / "assets" / name).read_bytes() == (ROOT / name).read_bytes() for name in written)


def test_metadata_names_authors_and_urls(metadata: Message) -> None:
    assert metadata["Author"]
    assert "@" not in metadata["Author"]
    assert metadata["Author-email"] is None
    urls = metadata.get_all("Project-URL", [])
    assert {url.partition(",")[0] for url in urls} >= {"Homepage", "Documentation", "Changelog", "Issues"}
    assert all(url.partition(", ")[2].startswith("https://github.com/envoy-exporter/envoy_exporter") for url in urls)


def test_metadata_readme_links_are_absolute_and_exist(metadata: Message) -> None:
    readme = str(metadata.get_payload())
    links = re.findall(r"\]\(([^)#]+)", readme)
    assert [link for link in links if not link.startswith("https://")] == []
    own = [match[1] for link in links if (match := re.search(r"envoy_exporter/(?:blob/)?main/(.+)", link))]
    assert len(own) > len(links) / 2
    assert [name for name in own if not (ROOT / name).exists()] == []
