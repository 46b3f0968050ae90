"""The documents of one recorded gateway, as plain JSON."""

import json
from functools import cached_property
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

MAX_AGE = 90 * 60
"""Seconds after which a device's report is not about the present."""


class Recording:
    """`source`: the register from which the site's production is taken. A person found it; see `gateways.py`."""

    def __init__(self, folder: Path, source: str) -> None:
        self.source = source
        self._folder = folder
        self._documents: dict[str, Any] = {}

    def document(self, *names: str) -> Any:
        """The first of these documents that the gateway has, or None."""
        for name in names:
            if name not in self._documents:
                self._documents[name] = _read(self._folder / name)
            if self._documents[name] is not None:
                return self._documents[name]
        return None

    def object(self, *names: str) -> dict[str, Any]:
        """The document if it is an object, empty otherwise."""
        document = self.document(*names)
        return document if isinstance(document, dict) else {}

    def objects(self, *names: str) -> list[dict[str, Any]]:
        """The objects in the list, or in the object, that the document is."""
        return objects(self.document(*names))

    @cached_property
    def device(self) -> dict[str, str]:
        """The gateway in `/info`."""
        found: dict[str, str] = self.document("info")["device"]
        return found

    @cached_property
    def firmware(self) -> int:
        """The major version: 8 for D8.2.4382."""
        return int(self.device["software"].lstrip("DRM").partition(".")[0])

    @cached_property
    def time(self) -> int:
        """The gateway's clock when it was recorded."""
        return int(self.document("info")["time"])

    def is_recent(self, time: float) -> bool:
        return self.time - time <= MAX_AGE


def objects(node: Any) -> list[dict[str, Any]]:
    """The objects in a list, or the values of an object that are objects."""
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else []
    return [child for child in children if isinstance(child, dict)]


def _read(file: Path) -> Any:
    """A JSON or XML document; None where the gateway responded with an error, or with something else."""
    log = file.with_name(f"{file.name}_log.json")
    if not file.is_file() or (log.is_file() and json.loads(log.read_bytes())["code"] != 200):
        return None
    body = file.read_bytes()
    if body.startswith(b"<?xml"):
        return _tree(ET.fromstring(body))  # noqa: S314  # a recording, not the network
    try:
        return json.loads(body)
    except ValueError:
        return None


def _tree(element: ET.Element) -> Any:
    return {child.tag: _tree(child) for child in element} if len(element) else (element.text or "").strip()
