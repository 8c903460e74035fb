"""--endpoint: a host that no workspace told us of is tried like the catalog's entry with the same suffix."""

from __future__ import annotations

import pytest

from azext_amlnet.catalog.lookup import concrete, extra
from azext_amlnet.errors import UsageError
from azext_amlnet.model import Catalog, Kind, Level, Protocol, Requirement


@pytest.mark.parametrize(
    ("text", "protocol", "port", "path", "proof"),
    [
        ("other.azurecr.io", "https", 443, "/v2/", "registry"),
        ("other.azurecr.us", "https", 443, "/v2/", "registry"),
        ("other.westeurope.data.azurecr.io", "https", 443, "/", "registry-data"),
        ("store.blob.core.windows.net", "https", 443, "/", "storage"),
        ("vault.vault.azure.net", "https", 443, "/secrets", "key-vault"),
        ("ns.servicebus.windows.net", "https", 443, "/$hc/amlnet?sb-hc-action=connect", "relay"),
        ("mcr.microsoft.com", "https", 443, "/v2/", "registry"),
        ("x.hcp.eastus.azmk8s.io", "https", 443, "/", "tls-own-authority"),
        ("mirror.example.com:8443", "https", 8443, "/", "any-answer"),
        ("https://mirror.example.com/simple/", "https", 443, "/simple/", "any-answer"),
        ("mirror.example.com:80", "http", 80, "/", "any-answer"),
        ("store.file.core.windows.net:445", "smb", 445, "/", "smb"),
        ("tcp://db.example.com:1433", "tcp", 1433, "/", "connect"),
        ("udp://ntp.example.com", "udp", 123, "/", "ntp"),
        ("10.0.0.4:6443", "https", 6443, "/", "connect"),
    ],
)
def test_an_endpoint_is_tried_like_its_kin(
    catalog: Catalog, text: str, protocol: str, port: int, path: str, proof: str
) -> None:
    row = extra(catalog, text)
    assert row.probe and (row.protocol.value, row.port, row.probe.path, row.probe.proof) == (
        protocol,
        port,
        path,
        proof,
    )
    assert row.extra and row.level is Level.REQUIRED and row.websocket == (proof == "relay")


def test_a_name_below_a_listed_host_is_not_that_host(catalog: Catalog) -> None:
    probe = extra(catalog, "x.mcr.microsoft.com").probe
    assert probe and probe.proof == "any-answer"


@pytest.mark.parametrize(
    "text",
    [
        *("", "local host", "443", "a b.io", "a.io:0", "a.io:70000", "a.io:x", "ftp://a.io", "https://u:p@a.io"),
        *("*.a.io", "*", "-a", "a..b", "a.io:-1"),
        *("tcp://a.io", "[::1]:443", "a.io\n", "a.io?x=1", "tcp://a.io:1/path", "udp://a.io:53", "é.io", "a.io:1:1"),
    ],
)
def test_what_is_no_endpoint_is_refused_on_one_line(catalog: Catalog, text: str) -> None:
    with pytest.raises(UsageError) as caught:
        extra(catalog, text)
    assert caught.value.message.startswith("--endpoint") and caught.value.hint
    assert "u:p" not in caught.value.message


@pytest.mark.parametrize(
    ("text", "host", "port", "protocol"),
    [
        ("localhost:8443", "localhost", 8443, Protocol.HTTPS),
        ("proxy", "proxy", 443, Protocol.HTTPS),
        ("tcp://sql:1433", "sql", 1433, Protocol.TCP),
        ("Build-Server:80", "build-server", 80, Protocol.HTTP),
    ],
)
def test_an_intranets_name_of_one_label_is_an_endpoint(
    catalog: Catalog, text: str, host: str, port: int, protocol: Protocol
) -> None:
    row = extra(catalog, text)
    assert (row.host, row.port, row.protocol) == (host, port, protocol) and row.probe and row.probe.host == host


def test_rows_of_a_file_that_do_not_say_how_are_tried_like_their_kin(catalog: Catalog) -> None:
    registry = concrete(catalog, Requirement(host="mcr.microsoft.com"))
    assert registry.probe and registry.probe.proof == "registry"
    for row in (
        Requirement(host="*.azurecr.io", kind=Kind.WILDCARD),
        Requirement(host="<registry>.azurecr.io", unresolved=True),
        Requirement(host="a.io", protocol=Protocol.UDP, port=5831),
    ):
        assert concrete(catalog, row) == row
