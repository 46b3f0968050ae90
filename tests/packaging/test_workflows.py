"""The workflows of GitHub Actions: valid for actionlint, and with the files that a build makes."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
GITHUB = ROOT / ".github"


@pytest.mark.integration
def test_workflows_pass_actionlint() -> None:
    folders = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    if (actionlint := shutil.which("actionlint", path=folders)) is None:
        pytest.skip("actionlint is missing: go install github.com/rhysd/actionlint/cmd/actionlint@latest")
    subprocess.run([actionlint, *(GITHUB / "workflows").glob("*.yml")], cwd=ROOT, check=True)


def test_test_workflow_has_each_python_of_the_classifiers() -> None:
    tested = yaml.safe_load((GITHUB / "workflows" / "test.yml").read_text())["jobs"]["test"]["strategy"]["matrix"][
        "python"
    ]
    classified = re.findall(r'"Programming Language :: Python :: (3\.\d+)"', (ROOT / "pyproject.toml").read_text())
    assert tested == classified


def test_dependabot_watches_existing_folders() -> None:
    updates = yaml.safe_load((GITHUB / "dependabot.yml").read_text())["updates"]
    folders = [folder for update in updates for folder in update.get("directories", [update.get("directory")])]
    assert [folder for folder in folders if not (ROOT / folder.lstrip("/")).is_dir()] == []
