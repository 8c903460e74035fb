"""explain-log by the real az: files, standard input, exit codes, reports, and a real squid's own log."""

from __future__ import annotations

import gzip
import json
import socket
import subprocess
from pathlib import Path

import pytest

from . import devicelogs as device
from . import wire
from .devicelogs import Attempt
from .schemas import fits
from .squid import SQUID, squid
from .world import ROOT, Az

FACTS = str(ROOT / "examples" / "workspace.json")
EXPLAIN = ("ml", "network", "explain-log", "--workspace-file", FACTS, "--log-file")
DENIED = (
    Attempt(0, "acrml.azurecr.io", "denied"),
    Attempt(1, "mcr.microsoft.com"),
    Attempt(2, "evil.example.com", "denied"),
)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log of squid's with one denial that matters."""
    path = tmp_path / "access.log"
    path.write_text(device.squid_native(DENIED), encoding="utf-8")
    return path


def test_what_was_denied_and_is_needed_fails_and_says_why(az: Az, log: Path, tmp_path: Path) -> None:
    page, summary, whole = (str(tmp_path / name) for name in ("log.html", "log.md", "log.json"))
    ran = az(*EXPLAIN, str(log), "--report-file", page, summary, whole)
    assert ran.code == 8 and ran.json["summary"]["groups"]["denied"] == 1
    first = ran.json["rows"][0]
    assert (first["host"], first["group"], first["level"]) == ("acrml.azurecr.io", "denied", "required")
    assert "1 required endpoint was denied: acrml.azurecr.io" in ran.err
    fits(ran.json, "explain-log")
    assert json.loads(Path(whole).read_text(encoding="utf-8")) == ran.json
    assert "acrml" in Path(page).read_text(encoding="utf-8") and "| denied |" in Path(summary).read_text(
        encoding="utf-8"
    )
    assert "CANARY" not in ran.out + ran.err + "".join(
        Path(name).read_text(encoding="utf-8") for name in (page, summary)
    )
    table = az(*EXPLAIN, str(log), "-o", "table").out.splitlines()
    assert table[2].split()[:3] == ["denied", "required", "acrml.azurecr.io"]
    strangers = [row for row in ran.json["rows"] if row["group"] == "unknownDenied"]
    assert [row["host"] for row in strangers] == ["evil.example.com"]


def test_several_files_packed_and_by_standard_input_are_one_log(az: Az, log: Path, tmp_path: Path) -> None:
    packed = tmp_path / "azure.json.gz"
    packed.write_bytes(gzip.compress(device.azure_lines([Attempt(60, "acrml.azurecr.io")]).encode()))
    ran = az(*EXPLAIN, str(log), str(packed))
    (row,) = [row for row in ran.json["rows"] if row["host"] == "acrml.azurecr.io"]
    assert ran.code == 0 and row["fixedSince"] == "2026-11-20T09:15:02.123456Z" and not row["failing"]
    assert [source["format"] for source in ran.json["sources"]] == ["squid", "azure-firewall"]
    words, environment = az.command(*EXPLAIN, "-"), az.environment
    with log.open("rb") as stream:
        piped = subprocess.run(words, env=environment, stdin=stream, capture_output=True, check=False, timeout=90)
    assert piped.returncode == 8 and json.loads(piped.stdout)["sources"][0]["name"] == "standard input"


def test_the_rules_for_what_was_denied_and_nothing_else(az: Az, log: Path) -> None:
    ran = az(*EXPLAIN, str(log), "--suggest", "hosts")
    assert ran.code == 8
    lines = [line for line in ran.json["content"].splitlines() if line and not line.startswith("#")]
    assert lines == ["acrml.azurecr.io"]


def test_a_list_of_rows_stands_in_for_a_workspace(az: Az, log: Path, tmp_path: Path) -> None:
    rows = tmp_path / "rows.json"
    rows.write_text(az.must("ml", "network", "requirements", "--workspace-file", FACTS).out, encoding="utf-8")
    ran = az("ml", "network", "explain-log", "--requirements-file", str(rows), "--log-file", str(log))
    whole = az(*EXPLAIN, str(log)).json
    assert ran.code == 8 and ran.json["summary"]["groups"]["denied"] == 1
    assert [row["host"] for row in ran.json["rows"]] == [row["host"] for row in whole["rows"]]


def test_clients_are_named_on_request_only(az: Az, log: Path) -> None:
    assert "10.1.0.7" not in az(*EXPLAIN, str(log)).out
    assert az(*EXPLAIN, str(log), "--show-clients").json["rows"][0]["addresses"] == ["10.1.0.7"]


def test_what_is_no_log_is_refused_with_one_line(az: Az, tmp_path: Path) -> None:
    text, empty = tmp_path / "notes.txt", tmp_path / "empty.log"
    text.write_text("hello\n", encoding="utf-8")
    empty.write_text("", encoding="utf-8")
    for words, what in (
        ((str(text),), "is no log in a format that is known here"),
        ((str(empty),), "is empty"),
        ((str(tmp_path / "nowhere"),), "cannot be read: No such file or directory"),
        ((str(text), "--log-format", "squid"), "no line could be understood as squid"),
        ((" ",), "--log-file is empty"),
        (("-", "-"), "standard input can be read once"),
    ):
        ran = az(*EXPLAIN, *words)
        assert ran.code == 2 and what in ran.err and "Traceback" not in ran.err, (words, ran.err)
        assert not ran.out.strip()


OWN_FORMATS = (
    "",
    "%ts.%03tu %6tr %>a %Ss/%03>Hs %<st %rm %ru %[un %Sh/%<a %mt",
    '%>a [%tl] "%rm %ru" %>Hs %<st "%{User-Agent}>h" %Ss:%Sh',
    '{"at":"%{%FT%TZ}tg","client":"%>a","tag":"%Ss","status":%>Hs,"method":"%rm","host":"%>rd","port":%>rP,"size":%<st}',
    "%{%Y-%m-%dT%H:%M:%S}tg %-12>a %12Ss %>Hs %<st %rm %ssl::>sni %ru %#{Referer}>h",
)


@pytest.mark.skipif(SQUID is None, reason="needs squid: run `make tools` as root")
@pytest.mark.parametrize("own", OWN_FORMATS)
def test_a_real_squids_log_tells_what_it_denied_and_what_failed_behind_it(
    az: Az, net: wire.Wire, tmp_path: Path, own: str
) -> None:
    names = {"acrml.azurecr.io": "127.0.0.1", "mcr.microsoft.com": "127.0.0.1", "pypi.org": "127.0.0.1"}
    open_port, closed = net.serve(wire.hang), net.refused_port()
    written = tmp_path / "access.log"
    rules = ("acl no dstdomain acrml.azurecr.io", "http_access deny no", "http_access allow all")
    with squid(names, rules, log=written, log_format=own) as at:
        for host, port in (("acrml.azurecr.io", open_port), ("mcr.microsoft.com", open_port), ("pypi.org", closed)):
            with socket.create_connection(("127.0.0.1", at), 10) as sock:
                agent = 'User-Agent: a "quoted] \\ one\r\n'
                sock.sendall(f"CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n{agent}\r\n".encode())
                sock.settimeout(10)
                assert sock.recv(4096)
    text = written.read_text(encoding="utf-8")
    for port in (open_port, closed):
        text = text.replace(f":{port}", ":443")
    assert text.count("\n") == 4, text  # the harness asks whether it is there, without a request
    written.write_text(text, encoding="utf-8")
    ran = az(*EXPLAIN, str(written), *(("--log-format", own) if own else ()))
    assert ran.code == 8 and ran.json["summary"]["unread"] == 0, ran.err + text
    groups = {row["host"]: row for row in ran.json["rows"]}
    assert groups["acrml.azurecr.io"]["group"] == "denied" and groups["acrml.azurecr.io"]["first"]
    assert groups["mcr.microsoft.com"]["group"] == "proven" and groups["mcr.microsoft.com"]["port"] == 443
    assert sum(ran.json["sources"][0]["passed"].values()) == 1
    assert groups["pypi.org"]["group"] == "undecided" and "503" in groups["pypi.org"]["because"]


def test_a_definition_that_tells_no_decision_is_refused(az: Az, log: Path) -> None:
    for words, what in (
        ("%ts %>a %rm %ru", "--log-format lacks %Ss and %>Hs"),
        ("%Ss/%>Hs %rm", "--log-format lacks %ru"),
        ("%Ss/%>Hs %rm %ru%un", "--log-format has nothing between %ru and what follows it"),
        ("squidd", "--log-format is none of azure-firewall,"),
        ("%Ss/%>Hs %rm %ru", "no line could be understood as squid"),
    ):
        ran = az(*EXPLAIN, str(log), "--log-format", words)
        assert ran.code == 2 and what in ran.err and "Traceback" not in ran.err, ran.err
