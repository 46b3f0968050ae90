"""Certificates for the exporter's own port."""

from datetime import datetime
from pathlib import Path

import trustme


def write_certificate(folder: Path, name: str = "exporter", until: datetime | None = None) -> None:
    """cert.pem and key.pem, issued by a new authority (authority.pem). `until`: the expiry date of cert.pem."""
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1", common_name=name, not_after=until)
    authority.cert_pem.write_to_path(folder / "authority.pem")
    certificate.private_key_pem.write_to_path(folder / "key.pem")
    (folder / "cert.pem").write_bytes(b"".join(part.bytes() for part in certificate.cert_chain_pems))
