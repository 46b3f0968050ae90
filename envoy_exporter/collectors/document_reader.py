"""Reads the documents of one poll."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

from envoy_exporter.documents import Documents
from envoy_exporter.fields import FieldReader, Fields, Rejection, by_serial

from . import sanity_checks


@dataclass(frozen=True, slots=True)
class DocumentReader:
    """Makes the field readers of one poll, which share the rejections and the latest possible time of a date."""

    documents: Documents
    latest: float = math.inf
    rejections: list[Rejection] = field(default_factory=list)

    @classmethod
    def at(cls, documents: Documents, now: float) -> "DocumentReader":
        return cls(documents, sanity_checks.latest(documents, now))

    def fields(self, endpoint: str, fields: Fields) -> FieldReader:
        """A reader of an object of an endpoint's document."""
        return FieldReader(fields, endpoint, self.rejections, self.latest)

    def entry(self, endpoint: str, *path: str) -> FieldReader:
        """The object at the end of a path of keys in the document; an empty one if there is no object."""
        content = self.documents.content(endpoint)
        return self.fields(endpoint, content if isinstance(content, dict) else {}).entry(*path)

    def objects(self, endpoint: str, content: object) -> Iterator[FieldReader]:
        """The objects of a list of an endpoint's document."""
        return (reader for _, reader in self.fields(endpoint, {}).numbered(content))

    def devices(self, endpoint: str, content: object, key: str) -> Iterator[tuple[str, FieldReader]]:
        """The devices of such a list with their serials, which are in the field `key`."""
        return by_serial(self.objects(endpoint, content), key)
