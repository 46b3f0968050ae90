"""`envoy-exporter assets`: the rules, example configs and dashboards of this checkout."""

from pathlib import Path

import pytest

from envoy_exporter.cli import main

ROOT = Path(__file__).parents[2]


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_assets_command_writes_rules_configs_and_dashboards(tmp_path: Path) -> None:
    assert main(["assets", f"--output={tmp_path / 'new' / 'folder'}"]) == 0
    written = files(tmp_path / "new" / "folder")
    assert {"prometheus/prometheus.yml", "exporter.example.yml", "grafana/dashboards/home.json"} <= set(written)
    for folder in ("prometheus/rules", "grafana/provisioning", "deploy/systemd"):
        assert {name for name in written if name.startswith(folder)} == {
            f"{folder}/{name}" for name in files(ROOT / folder)
        }
    assert written == {name: (ROOT / name).read_bytes() for name in written}


def test_assets_command_twice_writes_the_same_files(tmp_path: Path) -> None:
    assert main(["assets", f"--output={tmp_path}"]) == 0
    assert main(["assets", f"--output={tmp_path}"]) == 0


def test_assets_command_with_a_changed_file_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    changed = tmp_path / "prometheus" / "rules" / "2-prices.yml"
    changed.parent.mkdir(parents=True)
    changed.write_text("groups: []\n")
    assert main(["assets", f"--output={tmp_path}"]) == 1
    assert str(changed) in capsys.readouterr().err
    assert files(tmp_path) == {"prometheus/rules/2-prices.yml": b"groups: []\n"}
    assert main(["assets", f"--output={tmp_path}", "--overwrite"]) == 0
    assert changed.read_bytes() == (ROOT / "prometheus" / "rules" / "2-prices.yml").read_bytes()


def test_assets_command_that_cannot_write_names_the_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert main(["assets", f"--output={tmp_path / 'file' / 'folder'}"]) == 1
    assert str(tmp_path / "file") in capsys.readouterr().err
