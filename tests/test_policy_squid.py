"""squid: what the reader makes of its files, and, row by row, what a real squid with OpenSSL does with them."""

from __future__ import annotations

import contextlib
import functools
import socket
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
import trustme

from azext_amlnet.model import Coverage, Kind, Protocol, Requirement
from azext_amlnet.policy import Document, read

from . import policies as build
from . import wire
from .squid import CERTGEN, SQUID, Opening, squid
from .test_policy import ACR, BLOBS, FILES, SERVER, UBUNTU


def squid_says(*lines: str, row: Requirement = ACR, source: str = "10.1.0.0/16") -> str:
    return build.coverage(build.of_text("\n".join(lines), "squid"), row, source=source)[0]


@pytest.mark.parametrize(
    ("lines", "row", "word"),
    [
        (("acl a dstdomain acrml.azurecr.io", "http_access allow a"), ACR, "covered"),
        (("acl a dstdomain .azurecr.io", "http_access allow CONNECT a"), ACR, "covered"),
        (("acl a dstdomain .azurecr.io", "http_access allow a"), Requirement(host="azurecr.io"), "covered"),
        (("acl a dstdomain azurecr.io", "http_access allow a"), ACR, "missing"),
        (("acl a dstdomain .azurecr.io", "http_access allow !CONNECT a"), ACR, "missing"),
        (("acl a dstdomain .ubuntu.com", "http_access allow !CONNECT a"), UBUNTU, "covered"),
        (("acl a dstdomain .azurecr.io", "acl p port 80", "http_access allow a p"), ACR, "missing"),
        (("acl a dstdomain .azurecr.io", "acl p port 400-500", "http_access allow a p"), ACR, "covered"),
        (("acl p port 443", "http_access deny !p", "http_access allow all"), UBUNTU, "denied"),
        (("acl a dstdomain .azurecr.io", "http_access deny a", "http_access allow all"), ACR, "denied"),
        (("acl a dstdomain .azurecr.io", "http_access deny a"), UBUNTU, "covered"),  # the opposite of the last line
        (("acl a dstdomain .azurecr.io",), ACR, "missing"),  # no http_access line: denied
        (("acl a dstdomain x.io", "acl a dstdomain \\", " acrml.azurecr.io # mine", "http_access allow a"), ACR,
         "covered"),
        (("acl a dstdom_regex -i ^ACRML\\.azurecr\\.io$", "http_access allow a"), ACR, "covered"),
        (("acl a dstdom_regex \\.azurecr\\.io$", "http_access allow a"), ACR, "covered"),
        (("acl a dstdom_regex (^|\\.)blob\\.core\\.windows\\.net$", "http_access allow a"), BLOBS, "covered"),
        (("acl a dstdom_regex ^.+\\.core\\.windows\\.net$", "http_access allow a"), BLOBS, "covered"),
        (("acl a dstdom_regex ^ml.*windows\\.net$", "http_access allow a"), BLOBS, "unknown"),
        (("acl a dstdom_regex (a+)+$", "http_access allow a"), ACR, "unknown"),
        (("acl a dstdom_regex .*.*.*.*.*x", "http_access allow a"), ACR, "unknown"),
        (("acl a dst 20.1.0.0/16", "http_access allow a"), SERVER, "missing"),  # plain TCP passes no proxy
        (("acl a dst 20.1.0.0/16", "http_access allow a"), ACR, "unknown"),
        (("acl a time MTWHF 9:00-17:00", "http_access allow a"), ACR, "unknown"),
        (('acl a dstdomain "/etc/squid/list"', "http_access allow a"), ACR, "unknown"),
        (("http_access allow nobody_defined_it",), ACR, "unknown"),
        (("include /etc/squid/conf.d/*.conf", "http_access allow all"), ACR, "unknown"),
        (("acl a dstdomain .azurecr.io", "acl a port 443", "http_access allow a"), ACR, "unknown"),
        (("http_access allow all", "http_reply_access allow all"), ACR, "covered"),
        (("http_access allow all", "http_reply_access deny all"), ACR, "unknown"),
        (("http_access allow all",), FILES, "missing"),
        (("http_access allow !all", "http_access deny all"), ACR, "missing"),
        (("http_access deny manager", "http_access deny to_localhost", "http_access allow all"), ACR, "covered"),
        (("acl manager proto cache_object", "acl PURGE method PURGE", "http_access allow manager localhost",
          "http_access deny manager", "http_access deny PURGE", "http_access allow all"), ACR, "covered"),
        (("http_access allow all", "include /etc/squid/more.conf"), ACR, "unknown"),
        (("http_access allow all", "http_access2 deny all"), ACR, "unknown"),
        (("http_access allow all", "redirect_program /x"), ACR, "unknown"),
        (("http_access allow all", "request_header_access Referer deny all"), ACR, "covered"),
        (("acl a dstdom_regex -i ^x$", "acl a dstdom_regex ^ACRML\\.azurecr\\.io$", "http_access allow a"), ACR,
         "missing"),
        (("acl a dstdomain 20.0.0.0/8", "http_access allow a"), Requirement(host="20.1.2.3", kind=Kind.IP), "unknown"),
    ],
)  # fmt: skip
def test_squid(lines: tuple[str, ...], row: Requirement, word: str) -> None:
    assert squid_says(*lines, row=row) == word


def test_files_that_squid_includes_stand_where_they_are_included() -> None:
    main = Document("squid.conf", "http_access deny manager\ninclude /etc/squid/conf.d/*.conf\nhttp_access deny all\n")
    ours = Document("amlnet.conf", "acl a dstdomain .azurecr.io\nhttp_access allow a\n")
    for files in ((main, ours), (ours, main)):
        (policy,) = read(files)
        assert build.coverage((policy,), ACR, UBUNTU) == ["covered", "missing"]
        assert "read as amlnet.conf" in policy.notes[0]
    assert build.coverage(read((main,)), ACR) == ["unknown"]
    deny = Document("squid.conf", "http_access deny all\n")
    assert build.coverage(read((deny, Document("squid.conf", "http_access allow all\n"))), ACR) == ["missing"]
    around = Document("amlnet.conf", "include /x/amlnet.conf\nhttp_access allow all\n")
    assert build.coverage(read((around,)), ACR) == ["unknown"]


def test_includes_in_a_circle_or_without_end_leave_it_open() -> None:
    circle = (Document("a.conf", "include /e/b.conf\n"), Document("b.conf", "include /e/a.conf\nhttp_access allow all"))
    assert build.coverage(read(circle, "squid"), ACR) == ["unknown"]
    doubled = [Document(f"f{n}.conf", f"include /e/f{n + 1}.conf\n" * 2 + "http_access deny manager\n")
               for n in range(20)]  # fmt: skip
    started = time.monotonic()
    policies = read((*doubled, Document("f20.conf", "http_access allow all\n")), "squid")
    assert build.coverage(policies, ACR)[0] in ("unknown", "covered") and time.monotonic() - started < 10


def test_squid_tells_sources_apart() -> None:
    lines = ("acl mine src 10.1.0.0/16", "http_access allow mine", "http_access deny all")
    assert squid_says(*lines) == "covered" and squid_says(*lines, source="10.2.0.0/16") == "missing"


def test_squid_that_inspects_tls_is_a_note() -> None:
    first, within = build.of_text("http_access allow all\nssl_bump bump all", "squid")
    assert "file:2 inspects TLS" in first.notes[0] and not within.notes and within.of == first.name


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("# bad: \\\nhttp_access deny all\nhttp_access allow all", "missing"),
        ("acl bad dstdomain \\\n# registries\n.azurecr.io\nhttp_access deny bad\nhttp_access allow all", "denied"),
        ("acl bad dstdomain .azure\\\ncr.io\nhttp_access deny bad\nhttp_access allow all", "denied"),
        ("# hi \u2028http_access allow all\nhttp_access deny all", "missing"),
        ("acl a dstdomain .x.io\nhttp_access deny a\nacl a dstdomain .azurecr.io\nhttp_access allow all", "denied"),
        ("acl a dstdomain .x.io\nacl A dstdomain .azurecr.io\nhttp_access deny a\nhttp_access allow all", "denied"),
        ("acl CONNECT method GET\nhttp_access deny CONNECT\nhttp_access allow all", "denied"),
        ("if false\nhttp_access allow all\nendif\nhttp_access deny all", "unknown"),
        ("http_access allow\nhttp_access deny all", "missing"),
        ("acl ok dstdomain .azurecr.io.\nhttp_access allow ok\nhttp_access deny all", "missing"),
        ("acl me src 10.0.0.0/0.255.255.255\nhttp_access allow me\nhttp_access deny all", "unknown"),
        ("http_access Allow all\nhttp_access deny all", "unknown"),
        ("acl o dstdomain .x.io\nmiss_access allow o\nhttp_access allow all", "unknown"),
        ("never_direct allow all\nhttp_access allow all", "unknown"),
        ("ssl_bump terminate all\nhttp_access allow all", "missing"),
        ("ssl_bump\nhttp_access allow all", "covered"),
        ("http_access allow connect\nhttp_access deny ALL", "covered"),
        ("acl bad src 10.0.0.0-10.1.0.0/16\nhttp_access deny bad\nhttp_access allow all", "unknown"),
        ("acl ok dstdomain .foo.com\u00a0.azurecr.io\nhttp_access allow ok", "unknown"),
        ("acl ok dstdomain .foo.com\f.azurecr.io\nhttp_access allow ok", "unknown"),
        ("acl ok dstdomain .foo.com\r .azurecr.io\nhttp_access allow ok", "missing"),
        ("\u00a0http_access deny all\nhttp_access allow all", "unknown"),
        (f"acl ok dstdomain {'x.io ' * 2000}.azurecr.io\nhttp_access allow ok", "unknown"),
    ],
)
def test_lines_of_squid_are_read_as_squid_reads_them(text: str, word: str) -> None:
    assert build.coverage(build.of_text(text, "squid"), ACR) == [word]


def test_a_method_of_http_is_not_all_of_http() -> None:
    assert squid_says("acl m method HEAD", "http_access allow m", row=UBUNTU) == "unknown"
    assert squid_says("acl m method PURGE", "http_access allow m", row=UBUNTU) == "missing"
    assert squid_says("acl m method GET HEAD", "http_access allow m", row=UBUNTU) == "covered"


def test_what_private_endpoints_serve_meets_a_proxy_unless_clients_skip_it() -> None:
    row = Requirement(host="v.vault.azure.net", private=True)
    (finding,) = build.findings(build.of_text("http_access deny all", "squid"), row)
    assert finding.coverage is Coverage.UNKNOWN and "NO_PROXY" in finding.hint
    assert squid_says("http_access allow all", row=row) == "covered"


# -- files


def folder_of(**texts: str) -> list[Document]:
    """A folder of squid's, as it was given: names with `__` for `/`."""
    paths = {name.replace("__", "/"): text for name, text in texts.items()}
    return [Document(path.rpartition("/")[2], text, path=f"/home/me/squid/{path}", folder="/home/me/squid")
            for path, text in paths.items()]  # fmt: skip


MAIN = "squid.conf"
ALL = "http_access allow all\n"


@pytest.mark.parametrize(
    ("texts", "word", "notes"),
    [
        ({MAIN: "acl a dstdomain .x.io\nhttp_access allow a\n", "squid.conf.bak": ALL}, "missing", ["squid.conf.bak"]),
        ({MAIN: ALL, "old.txt": ".x.io\n", "errorpage.css": "h1 {}\n"}, "covered", ["old.txt", "errorpage.css"]),
        ({MAIN: "http_port 3128\ninclude /etc/squid/conf.d/*.conf\n", "conf.d__a.conf": ALL}, "covered", []),
        ({MAIN: "include /etc/squid/conf.d/*.conf\n", "a.conf": ALL}, "covered", []),
        ({MAIN: "include /etc/squid/conf.d/*.conf\nhttp_access deny all\n", "disabled__a.conf": ALL}, "unknown",
         ["a.conf"]),
        ({MAIN: 'acl m dstdomain "/e/a/names"\nacl g dstdomain "/e/b/names"\nhttp_access deny !g\n'
          "http_access allow m\n",
          "a__names": ".azurecr.io\n"}, "unknown", []),
        ({MAIN: 'acl g dstdomain "/etc/squid/names"\nhttp_access allow g\n', "lists__names": ".azurecr.io\n"},
         "covered", []),
        ({MAIN: 'acl a dstdomain "/e/a/l"\nacl b dstdomain "/e/b/l"\nacl c dstdomain "/e/c"\nhttp_access deny b\n'
          + ALL, "a__l": ".x.io\n", "b__l": ".azurecr.io\n", "c": ".azurecr.io\n"}, "denied", []),
        ({MAIN: 'acl a dstdomain "/e/l"\nacl b dstdomain "/e/m"\nhttp_access deny !a\nhttp_access allow b\n',
          "l": ".azurecr.io\n", "m": ".azurecr.io\n"}, "covered", []),
        ({MAIN: 'acl a dstdom_regex "/e/l"\nhttp_access allow a\n', "l": "[a-z]+\\.azurecr\\.io$\n"}, "covered", []),
        ({"a.conf": ALL, "b.conf": "http_access deny all\n"}, "covered", []),
    ],
)  # fmt: skip
def test_a_folder_of_squids_is_what_its_main_file_leads_to(texts: dict[str, str], word: str, notes: list[str]) -> None:
    policies = read(folder_of(**texts))
    assert build.coverage(policies, ACR) == [word]
    unread = [note.partition(" ")[0] for note in policies[0].notes if "is not read" in note]
    assert unread == notes and {policy.dialect for policy in policies} == {"squid"}


def test_acls_of_acls_cost_little_however_they_are_made() -> None:
    doubling = ["acl a0 dstdomain .x.io", *(f"acl a{n + 1} any-of {f'a{n} ' * 4}" for n in range(12))]
    started = time.monotonic()
    assert squid_says(*doubling, "http_access allow a12", "http_access deny all") == "unknown"
    assert squid_says(*doubling[:5], "http_access allow a4", "http_access deny all") == "missing"
    assert squid_says("acl b all-of b b b", "acl c any-of b c b", "http_access allow c") == "unknown"
    assert time.monotonic() - started < 5


def test_what_counts_behind_http_access_opens_nothing() -> None:
    for line in ("miss_access deny x", "never_direct allow all", "icap_service s reqmod_precache icap://x/y",
                 "cache_peer p.example parent 3128 0\nnonhierarchical_direct off"):  # fmt: skip
        assert squid_says(line, "http_access deny all") == "missing"
        assert squid_says(line, "http_access allow all") == "unknown"
    parent = "cache_peer p.example parent 3128 0"
    assert squid_says(parent, "http_access allow all") == "covered"
    assert squid_says(parent, "http_access allow all", row=UBUNTU) == "unknown"
    assert squid_says(parent, "always_direct allow all", "http_access allow all", row=UBUNTU) == "covered"
    (finding,) = build.findings(build.of_text(f"{parent}\nhttp_access allow all", "squid"), ACR)
    assert finding.because == "rule 'file:2' of file allows all"


# ---------------------------------------------------------------------------------------------------------------------
# A real squid

HOSTS = ("acrml.azurecr.io", "mcr.microsoft.com", "azurecr.io", "login.microsoftonline.com")
BUMPING = ("acl first at_step SslBump1", "acl second at_step SslBump2", "acl third at_step SslBump3")
WANTED = "acl wanted dstdomain -n .azurecr.io"
NAMED = "acl named ssl::server_name .azurecr.io"
OPEN = ("http_access allow all",)
TWICE = (WANTED, "http_access allow CONNECT", "http_access allow wanted", "http_access deny all")


@dataclass(frozen=True)
class Case:
    """A configuration, the files beside it, the options of its port, and what its lines leave in doubt."""

    lines: Sequence[str]
    files: dict[str, str] = field(default_factory=dict)
    port: str = "ssl-bump"
    doubtful: tuple[Protocol, ...] = ()


CASES = {
    "nothing is opened": Case(("http_access allow all",), port=""),
    "exact": Case(("acl a dstdomain -n acrml.azurecr.io", "http_access allow CONNECT a"), port=""),
    "suffix": Case((WANTED, "http_access allow wanted"), port=""),
    "deny in front": Case(("acl no dstdomain -n acrml.azurecr.io", WANTED, "http_access deny no",
                           "http_access allow wanted"), port=""),
    "expression": Case(("acl a dstdom_regex -n -i ^.+\\.AZURECR\\.io$", "http_access allow CONNECT a"), port=""),
    "anchored": Case(("acl a dstdom_regex -n (^|\\.)azurecr\\.io$", "http_access allow a"), port=""),
    "negation": Case((WANTED, "http_access deny !wanted", "http_access allow all"), port=""),
    "late line": Case(("acl a dstdomain -n .x.io", "http_access allow a", "acl a dstdomain -n .azurecr.io"), port=""),
    "split word": Case(("acl a dstdomain -n .azure\\", "cr.io", "http_access allow a"), port=""),
    "comment": Case(("acl a dstdomain -n \\", "# registries", ".azurecr.io", "http_access allow a"), port=""),
    "no acl": Case((WANTED, "http_access allow", "http_access allow wanted"), port=""),
    "source": Case(("acl me src 127.0.0.0/8", WANTED, "http_access allow me wanted"), port=""),
    "other source": Case(("acl they src 10.0.0.0/8", WANTED, "http_access allow they wanted"), port=""),
    "old netmask": Case(("acl any src 0.0.0.0/0.0.0.0", "acl to dst 0.0.0.0/0.0.0.0", "http_access allow any to"),
                        port=""),
    "asterisk": Case(("acl a dstdomain -n *.azurecr.io", "http_access allow a"), port=""),
    "capitals": Case(("acl a dstdomain -n .AzureCR.io", "http_access allow a"), port=""),
    "url": Case(("acl a url_regex -i ^ACRML\\.azurecr\\.io:{port}$", "http_access allow a"), port=""),
    "url without port": Case(("acl a url_regex ^[^/]+\\.azurecr\\.io$", "http_access allow a"), port="",
                             doubtful=(Protocol.HTTP,)),
    "url with scheme": Case(("acl a url_regex ^https://acrml\\.azurecr\\.io/", "http_access allow a"), port=""),
    "any-of": Case((WANTED, "acl m dstdomain -n mcr.microsoft.com", "acl a any-of wanted m", "http_access allow a"),
                   port=""),
    "any-of, not": Case((WANTED, "acl m dstdomain -n mcr.microsoft.com", "acl a any-of !wanted m",
                         "http_access allow a"), port=""),
    "all-of": Case((WANTED, "acl p port {port}", "acl a all-of wanted p", "http_access allow a"), port=""),
    "all-of in lines": Case((WANTED, "acl p port 1", "acl m dstdomain -n mcr.microsoft.com", "acl a all-of wanted p",
                             "acl a all-of m !p", "http_access deny a", "http_access allow all"), port=""),
    "list": Case(('acl bad dstdomain -n "{folder}/blocked.txt"', "http_access deny bad", "http_access allow all"),
                 {"blocked.txt": "# blocked\n.facebook.com\n\n  .azurecr.io # registries\n"}, ""),
    "lists of several types": Case(('acl a dstdom_regex -n "{folder}/names"', 'acl p port "{folder}/ports"',
                                    'acl me src "{folder}/me"', "http_access allow me p a"),
                                   {"names": "-i\n^ACRML\n", "ports": "1\n{port}\n", "me": "127.0.0.1\n"}, ""),
    "list of acls": Case((WANTED, "acl m dstdomain -n mcr.microsoft.com", 'acl a any-of "{folder}/which"',
                          "http_access allow a"), {"which": "wanted\nm\n"}, ""),
    "two lists and a value": Case(('acl a dstdomain -n "{folder}/one" azurecr.io "{folder}/two"',
                                   "http_access allow a"), {"one": "mcr.microsoft.com\r\n", "two": "x.io"}, ""),
    "quoted values": Case(("configuration_includes_quoted_values on", 'acl a dstdomain -n "mcr.microsoft.com"',
                           'acl a dstdomain -n parameters("{folder}/one")', "http_access allow a"),
                          {"one": ".azurecr.io\n"}, ""),
    "included": Case(("include {folder}/conf.d/*.conf", "http_access deny all"),
                     {"conf.d/a.conf": f"{WANTED}\nhttp_access allow wanted\n", "conf.d/b.conf": "logfile_rotate 0\n",
                      "conf.d/c.txt": "http_access allow all\n"}, ""),
    "included, path after path": Case(('include "{folder}/b.conf" {folder}/a.conf', "http_access deny all"),
                                      {"a.conf": "http_access allow all\n", "b.conf":
                                       "acl m dstdomain -n mcr.microsoft.com\nhttp_access deny m\n"}, ""),
    "paths of URLs": Case(("acl p urlpath_regex ^/x", "http_access deny CONNECT p", "http_access allow CONNECT"),
                          port=""),
    "first step": Case((*BUMPING, WANTED, "http_access allow first wanted"), port=""),
    "sixth version": Case(("acl six dst ipv6", "acl they src ipv6", "http_access deny six", "http_access deny they",
                           "http_access allow all"), port=""),
    "first of two files": Case(('acl a dstdomain -n "{folder}/one" "{folder}/two"', "http_access allow a"),
                               {"one": "mcr.microsoft.com\n", "two": "azurecr.io\n"}, ""),
    "nothing in a list": Case(('acl a dstdomain -n "{folder}/none"', "http_access deny a", "http_access allow all"),
                              {"none": "# nothing yet\n"}, ""),
    "server name without opening": Case((NAMED, "http_access allow named"), port=""),
    "lines without a port for them": Case((*TWICE, "ssl_bump bump all"), port=""),
    "bump": Case((*TWICE, "ssl_bump bump all")),
    "peek, bump": Case((*TWICE, *BUMPING, "ssl_bump peek first", "ssl_bump bump all")),
    "stare, bump": Case((*TWICE, *BUMPING, "ssl_bump stare first", "ssl_bump bump all")),
    "stare at all": Case((*TWICE, "ssl_bump stare all")),
    "peek, splice": Case((*TWICE, *BUMPING, "ssl_bump peek first", "ssl_bump splice all")),
    "peek at all": Case((*TWICE, "ssl_bump peek all")),
    "peek twice, bump": Case((*TWICE, "ssl_bump peek all", "ssl_bump bump all")),
    "stare twice, splice": Case((*TWICE, "ssl_bump stare all", "ssl_bump splice all")),
    "stare first alone": Case((*TWICE, *BUMPING, "ssl_bump stare first")),
    "peek, bump some": Case((*TWICE, "acl m ssl::server_name mcr.microsoft.com", *BUMPING, "ssl_bump peek first",
                             "ssl_bump bump m")),
    "splice some, bump the rest": Case((*TWICE, "acl m dstdomain -n mcr.microsoft.com", "ssl_bump splice m",
                                        "ssl_bump bump all")),
    "none, server-first": Case((*TWICE, "acl m dstdomain -n mcr.microsoft.com", "ssl_bump none m",
                                "ssl_bump server-first all")),
    "bump by address": Case((*TWICE, "acl they src 10.0.0.0/8", "ssl_bump splice they", "ssl_bump client-first all")),
    "terminate some": Case((*OPEN, NAMED, "ssl_bump terminate named", "ssl_bump splice all")),
    "terminate all but some": Case((*OPEN, NAMED, *BUMPING, "ssl_bump peek first", "ssl_bump splice named",
                                    "ssl_bump terminate all")),
    "peek, peek, splice, terminate": Case((*OPEN, NAMED, *BUMPING, "ssl_bump peek first", "ssl_bump peek second named",
                                           "ssl_bump splice third named", "ssl_bump terminate second all")),
    "names of the server": Case((*OPEN, "acl n ssl::server_name --server-provided .azurecr.io", *BUMPING,
                                 "ssl_bump peek first", "ssl_bump splice n", "ssl_bump terminate all")),
    "expression for names": Case((*OPEN, "acl n ssl::server_name_regex ^acrml", "ssl_bump splice n",
                                  "ssl_bump terminate all")),
    "reading only": Case(("acl reading method GET HEAD CONNECT", "http_access deny !reading", *OPEN,
                          "ssl_bump bump all")),
    "ports of CONNECT": Case(("acl tls port 1", "http_access deny !CONNECT !tls", *OPEN, "ssl_bump bump all")),
    "url within TLS": Case(("acl a url_regex ^https://acrml\\.azurecr\\.io:{port}/", "http_access allow CONNECT",
                            "http_access allow a", "ssl_bump bump all")),
    "protocol within TLS": Case(("acl s proto HTTPS", "http_access allow CONNECT", "http_access deny !s",
                                 "http_access allow all", "ssl_bump bump all")),
    "all lines for CONNECT alone": Case(("http_access allow CONNECT", "http_access deny all", "ssl_bump bump")),
    "path within TLS": Case(("acl p urlpath_regex ^/v2/", "http_access deny p", *OPEN, "ssl_bump bump all"),
                            doubtful=(Protocol.HTTP, Protocol.HTTPS)),
    "server's version of TLS": Case((*OPEN, NAMED, "ssl_bump peek all", "ssl_bump terminate named"),
                                    doubtful=(Protocol.HTTPS,)),
    "none at the second step": Case((*OPEN, *BUMPING, "ssl_bump peek first", "ssl_bump none all",
                                     "ssl_bump terminate all")),
    "server-first at the second step": Case((*OPEN, *BUMPING, "ssl_bump peek first", "ssl_bump server-first all",
                                             "ssl_bump terminate all")),
    "none, then bump": Case((*TWICE, *BUMPING, "ssl_bump peek first", "ssl_bump none all", "ssl_bump bump all")),
    "stare, server-first": Case((*TWICE, *BUMPING, "ssl_bump stare first", "ssl_bump server-first all")),
    "splice after staring": Case((*OPEN, *BUMPING, "ssl_bump stare !third", "ssl_bump splice third",
                                  "ssl_bump terminate third")),
    "bump after peeking": Case((*OPEN, *BUMPING, "ssl_bump peek !third", "ssl_bump bump third",
                                "ssl_bump terminate third"), doubtful=(Protocol.HTTPS,)),
    "peek, stare, splice": Case((*TWICE, *BUMPING, "ssl_bump peek first", "ssl_bump stare second",
                                 "ssl_bump splice third")),
    "stare, peek, bump": Case((*TWICE, *BUMPING, "ssl_bump stare first", "ssl_bump peek second",
                               "ssl_bump bump third")),
    "old words": Case((*TWICE, "acl m dstdomain -n mcr.microsoft.com", "ssl_bump deny m", "ssl_bump allow all")),
    "root dot": Case(("acl a dstdomain -n .azurecr.io.", "http_access allow a"), port=""),
    "acls of acls": Case(("acl a0 dstdomain -n .azurecr.io", "acl a1 any-of a0 a0 !a0", "acl a2 all-of a1 a1 a0",
                          "http_access allow a2"), port=""),
    "folders of includes": Case((WANTED, "include {folder}/*/*.conf"),
                                {"b/a.conf": "http_access allow all\n", "a/z.conf": "http_access deny !wanted\n"}, ""),
    "a port for another proxy": Case((*OPEN, "proxy_protocol_access allow all"), port="require-proxy-header",
                                     doubtful=(Protocol.HTTP, Protocol.HTTPS)),
    "another proxy behind it": Case((*OPEN, "cache_peer 127.0.0.1 parent 1 0 no-query"), port="",
                                    doubtful=(Protocol.HTTP,)),
    "denied as CONNECT": Case((WANTED, "http_access deny CONNECT !wanted", *OPEN, "ssl_bump bump all")),
}  # fmt: skip
ORIGIN = wire.answer(200, "X-Origin: yes")
METHODS = {Protocol.HTTPS: ("GET", "PUT"), Protocol.HTTP: ("GET",)}


@functools.cache
def authority() -> bytes:
    """The certificate and the key with which squid makes others."""
    made = trustme.CA(key_type=trustme.KeyType.RSA)
    return made.cert_pem.bytes() + made.private_key_pem.bytes()


def passing(proxy: int, host: str, port: int, of: Protocol, method: str) -> bool:
    """Whether a request through the proxy is answered by the origin; nobody's certificate is doubted."""
    target = f"http://{host}:{port}" if of is Protocol.HTTP else ""
    request = f"{method} {target}/v2/ HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", proxy), 10) as sock:
        if of is Protocol.HTTP:
            return b"X-Origin" in asked(sock, request)
        if asked(sock, f"CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n").split()[1:2] != [b"200"]:
            return False
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with context.wrap_socket(sock, server_hostname=host) as tls:
            return b"X-Origin" in asked(tls, request)
    return False


def asked(sock: socket.socket, request: str) -> bytes:
    """The head of the answer to a request."""
    sock.sendall(request.encode())
    return wire.read_head(sock)


ROWS = tuple((host, protocol) for host in HOSTS for protocol in (Protocol.HTTPS, Protocol.HTTP))


@pytest.mark.skipif(SQUID is None or not CERTGEN.exists(), reason="needs squid-openssl: run `make tools` as root")
@pytest.mark.parametrize("name", CASES)
def test_the_reader_says_what_a_real_squid_does(net: wire.Wire, name: str) -> None:
    case = CASES[name]
    ports = {Protocol.HTTPS: net.https(ORIGIN, net.context(*HOSTS)), Protocol.HTTP: net.http(ORIGIN)}
    lines = [line.replace("{port}", str(ports[Protocol.HTTPS])) for line in case.lines]
    files = {path: text.replace("{port}", str(ports[Protocol.HTTPS])) for path, text in case.files.items()}
    opening = Opening(authority(), net.pem.encode(), case.port)
    with squid(dict.fromkeys(HOSTS, "127.0.0.1"), lines, files=files, opening=opening) as proxy:
        passes = [all(passing(proxy, host, ports[of], of, method) for method in METHODS[of]) for host, of in ROWS]
    text = "\n".join((f"http_port 3128 {case.port}", *lines, "http_access deny all"))
    documents = [Document("squid.conf", text.replace("{folder}", "/etc/squid"))]
    documents += [Document(path.rpartition("/")[2], text, path=f"/home/me/{path}") for path, text in files.items()]
    rows = [Requirement(host=host, port=ports[of], protocol=of) for host, of in ROWS]
    words = build.coverage(read(documents), *rows, source="127.0.0.1")
    decided = [passed if word == "unknown" else word == "covered" for word, passed in zip(words, passes, strict=True)]
    doubtful = {of for (_, of), word in zip(ROWS, words, strict=True) if word == "unknown"}
    assert decided == passes and doubtful == set(case.doubtful), list(zip(ROWS, words, passes, strict=True))
