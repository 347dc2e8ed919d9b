"""Metrics that are shown over TLS and with a password alone: the file that says so, and who knows both."""

import datetime as dt
import ssl
from dataclasses import dataclass
from pathlib import Path

import bcrypt
import httpx

from testbed.pki import make_lab_pki

USER, PASSWORD = "prometheus", "tell-nobody"


@dataclass(frozen=True)
class Guard:
    """`web_config` is the file to give to an exporter on 127.0.0.1."""

    web_config: Path
    trusting: ssl.SSLContext

    def scrape(self, url: str, password: str | None = PASSWORD) -> httpx.Response:
        """What is shown to who has this password, None: none at all."""
        auth = None if password is None else (USER, password)
        return httpx.get(url, auth=auth, verify=self.trusting, trust_env=False)


def make_guard(directory: Path) -> Guard:
    pki = make_lab_pki(directory, "metrics", "127.0.0.1", dt.datetime.now(dt.UTC))
    hashed = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
    path = directory / "web.yml"
    path.write_text(
        "tls_server_config:\n"
        f"  cert_file: {pki.ra_server.certificate_path}\n"
        f"  key_file: {pki.ra_server.key_path}\n"
        f"basic_auth_users:\n  {USER}: {hashed}\n"
    )
    return Guard(path, ssl.create_default_context(cafile=str(pki.trust_anchor)))
