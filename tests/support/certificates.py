"""Certificates for our own port."""

from pathlib import Path

import trustme


def certified(folder: Path, name: str = "exporter") -> None:
    """cert.pem and key.pem of a new authority, which is authority.pem."""
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1", common_name=name)
    authority.cert_pem.write_to_path(folder / "authority.pem")
    certificate.private_key_pem.write_to_path(folder / "key.pem")
    (folder / "cert.pem").write_bytes(b"".join(each.bytes() for each in certificate.cert_chain_pems))
