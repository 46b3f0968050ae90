"""Relative links between the pages, and links from alerts, lead to a file and a heading."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")])
REPOSITORY = "https://github.com/envoy-exporter/envoy_exporter/blob/main/"
OTHER_FILES = sorted(
    path
    for pattern in (
        "prometheus/**/*.yml",
        "grafana/**/*.py",
        "grafana/**/*.json",
        "exporter.example.yml",
        "envoy_*/**/*.py",
    )
    for path in ROOT.glob(pattern)
)


def prose(page: Path) -> str:
    """The page without its code blocks and inline code, which may contain brackets."""
    return re.sub(
        r"`[^`\n]*`", "code", re.sub(r"^( *)```.*?^\1```$", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    )


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives the headings of a page."""
    text = re.sub(r"^( *)```.*?^\1```$", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    headings = re.findall(r"^#+ (.+?) *$", text, re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).lower()) for heading in headings)
    return {heading.replace(" ", "-") for heading in plain}


def broken(page: Path) -> Iterator[str]:
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if re.match(r"https?:", target):
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            yield target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_page_links_lead_to_files_and_headings(page: Path) -> None:
    assert list(broken(page)) == []


def test_pages_named_outside_docs_exist() -> None:
    missing = []
    for file in OTHER_FILES:
        for name in re.findall(rf"(?:{re.escape(REPOSITORY)})?\b(docs/[\w/-]+\.md(?:#[\w-]+)?)", file.read_text()):
            path, _, anchor = name.partition("#")
            if not (ROOT / path).is_file() or (anchor and anchor not in anchors(ROOT / path)):
                missing.append(f"{file.relative_to(ROOT)}: {name}")
    assert missing == []


def test_readme_links_every_page() -> None:
    linked = {target.partition("#")[0] for target in re.findall(r"\]\(([^)\s]+)\)", prose(ROOT / "README.md"))}
    pages = {str(page.relative_to(ROOT)) for page in PAGES} - {"README.md"}
    assert pages <= linked
