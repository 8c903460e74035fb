"""Who issued certificates: what a connection showed of it, and what Azure Resource Manager lists. Pure."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from typing import Any, Mapping, Optional

from ..prober import describe
from ..text import issuer_names, line


@dataclass(frozen=True)
class Authority:
    """A certificate's issuer: organization and common name, and the SHA-256 of its certificate if that was seen."""

    name: str
    sha256: Optional[str] = None


def name_of(names: Mapping[str, Any]) -> str:
    """`{"O": "Contoso", "CN": "Root"}` → `Contoso / Root`."""
    return line(" / ".join(issuer_names(names))) or "an issuer without a name"


def shown_by(facts: Mapping[str, Any]) -> tuple[Authority, ...]:
    """The issuer of the certificate of a TLS step, and who stands above it as far as the connection told."""
    chain = tuple(Authority(name_of(one["name"]), one["sha256"]) for one in facts.get("authorities") or ())
    issuer = Authority(name_of(facts.get("issuer") or {}))
    return chain if chain and chain[0].name == issuer.name else (issuer, *chain)


_PEM = re.compile(r"-----BEGIN CERTIFICATE-----(.+?)-----END CERTIFICATE-----", re.DOTALL)


def listed_in(text: str) -> tuple[Authority, ...]:
    """The certificates in base64 of PEM (or of one DER), as ARM has them; what is none is left out."""
    data = _decoded(text)
    ders = map(_decoded, _PEM.findall(data.decode("latin-1")))
    return tuple(filter(None, map(_authority, tuple(ders) or (data,))))


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text)
    except (binascii.Error, ValueError):
        return b""


def _authority(der: bytes) -> Optional[Authority]:
    try:
        return Authority(name_of(describe(der)["subject"]), hashlib.sha256(der).hexdigest())
    except (IndexError, KeyError, TypeError, ValueError):
        return None
