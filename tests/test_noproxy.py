"""Skip lists: what Go and Python make of an entry, and what is missing."""

from __future__ import annotations

import pytest
from requests.utils import should_bypass_proxies

from azext_amlnet.measurement.no_proxy import python_skips, warnings

ENTRIES = [
    "a.io",
    ".a.io",
    "*.a.io",
    "*",
    "A.io",
    "b.a.io:443",
    "b.a.io:8084",
    "10.0.0.0/8",
    "10.1.2.3",
    "io",
    "fd00::/8",
    "x.a.io",
]
HOSTS = ["a.io", "b.a.io", "bad-a.io", "10.1.2.3", "11.1.2.3"]


@pytest.mark.parametrize("entry", ENTRIES)
@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("port", [443, 8084])
def test_python_is_read_as_requests_reads_it(entry: str, host: str, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, entry)
    url = f"https://{host}/" if port == 443 else f"https://{host}:{port}/"
    assert python_skips(entry, host, port, alone=True) is bool(should_bypass_proxies(url, no_proxy=None))


def said(*skip: str, host: str = "b.a.io") -> list[str]:
    return list(warnings(skip, [(host, 443)]))


LOOPBACK = ("localhost", "127.0.0.1")


@pytest.mark.parametrize(
    ("entry", "host", "who", "instead"),
    [
        ("*.a.io", "b.a.io", "Go clients skip the proxy for b.a.io, Python clients do not", "Write '.a.io'."),
        (".a.io", "a.io", "Python clients skip the proxy for a.io, Go clients do not", "Add 'a.io'."),
        ("b.a.io:443", "b.a.io", "Go clients skip the proxy for b.a.io, Python clients do not", "Write 'b.a.io'."),
        ("*", "b.a.io", "Go clients skip the proxy for b.a.io, Python clients do not", "Let '*' stand alone."),
    ],
)
def test_an_entry_that_clients_read_differently_is_named(entry: str, host: str, who: str, instead: str) -> None:
    (line,) = said(entry, *LOOPBACK, host=host)
    assert line == f"NO_PROXY entry '{entry}': {who}. {instead}"


@pytest.mark.parametrize("skip", [("a.io",), (".a.io",), ("*",), (".other.io",), ("10.0.0.0/8",)])
def test_entries_that_agree_are_silent(skip: tuple[str, ...]) -> None:
    assert said(*skip, *(LOOPBACK if skip != ("*",) else ())) == []


def test_a_missing_loopback_is_named() -> None:
    assert said() == [
        "NO_PROXY lacks localhost and 127.0.0.1: processes that call each other here go through the proxy."
    ]
    assert "lacks localhost:" in said("127.0.0.0/8")[0]


def test_a_pods_list_without_the_domain_of_its_cluster_is_told() -> None:
    whole = ["localhost", "127.0.0.1"]
    plain = [("a.io", 443)]
    assert not list(warnings(whole, plain))
    (lacking,) = warnings(whole, plain, in_pod=True)
    assert lacking.startswith("NO_PROXY lacks .cluster.local")
    assert not list(warnings([*whole, ".cluster.local"], plain, in_pod=True))
    assert not list(warnings(["*"], plain, in_pod=True))
