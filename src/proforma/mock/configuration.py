"""A configuration file that points the product at the mock."""

from __future__ import annotations

from pathlib import Path

_TEXT = """\
source:
  url: {url}
  auth: {{kind: client_secret, authority: {url}/oauth2/mock-tenant, client_id: mock-client, client_secret: mock-secret}}
finance:
  target: rest
  url: {url}/finance/rest
  auth: {{kind: none}}
store: sqlite:///proforma.db
business_time_zone: UTC
allow_literal_secrets: true
pricing: {{}}
invoicing: {{}}
"""


def write_configuration(path: Path, url: str) -> None:
    """Write a `proforma.yaml` for a mock server at this address; an existing file is replaced."""
    path.write_text(_TEXT.format(url=url), encoding="utf-8")
