"""The list as probes of Prometheus' blackbox exporter: modules by the catalog's proofs, and who is asked by which.

https://github.com/prometheus/blackbox_exporter/blob/master/CONFIGURATION.md (2026-11-27), of which only fields are
written that 0.19 knows: an unknown one keeps it from starting. All conditions of a module must hold, while any mark
proves a service, so each header has a module of its own. Of what fails before HTTP a proof tells nothing
(`phase="connect"` of 0.23 stays 0 where TLS fails), so beside it three plain modules tell how far a connection gets:
TCP, TLS with whatever certificate, and TLS as it should be.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Callable, Iterable, Iterator, Mapping, Sequence

from ..model import ProbeSpec, Proof, Protocol, Requirement
from ..text import digest, few, line
from ._text import Context, comments

TIMEOUT_S = 10
_REFUSALS = (403, 407)
_ANSWERS = tuple(
    code
    for first, last in ((200, 208), (300, 308), (400, 431), (500, 508))
    for code in range(first, last + 1)
    if code not in _REFUSALS
)
"""What services answer, too busy or broken ones as well: those were reached. 451, 470 and 511 are a middlebox's."""
_IPV4 = {"preferred_ip_protocol": "ip4", "ip_protocol_fallback": False}
_UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "YW1sbmV0LWFtbG5ldC1hbQ==",
}


@dataclass(frozen=True)
class ProbeModule:
    """A module of the blackbox exporter: what it proves in words, its prober, and that prober's options."""

    name: str
    summary: str
    prober: str
    options: Mapping[str, Any] = field(default_factory=dict, hash=False)


TCP = ProbeModule("amlnet_tcp", "a connection; it proves the path only", "tcp", _IPV4)
TLS = ProbeModule("amlnet_tls", "a certificate for this name that is trusted here", "tcp", {**_IPV4, "tls": True})
CERTIFICATE = ProbeModule(
    "amlnet_certificate",
    "whichever certificate; its issuer is a label of probe_ssl_last_chain_info",
    "tcp",
    {**_IPV4, "tls": True, "tls_config": {"insecure_skip_verify": True}},
)


@dataclass(frozen=True)
class MonitoredTarget:
    """Who is asked by which module, and for which row.

    `part` is `proof`, `answer` for a proof without marks, which anybody could give, or `path`: what decides is not the
    path. `modules` is how many decide together.
    """

    row: Requirement
    module: ProbeModule
    target: str
    part: str
    modules: int = 1

    @property
    def labels(self) -> dict[str, str]:
        """What its series are known by: the endpoint, and how it is asked."""
        return {**_endpoint(self.row), "module": self.module.name, "part": self.part, "modules": str(self.modules)}


def _endpoint(row: Requirement) -> dict[str, str]:
    """What tells a row from others in series, as in those of `test --report-file x.prom`.

    One label for whatever several workspaces need: with their names its series would end when another one comes.
    """
    needed = row.workspaces
    whose = {"workspace": needed[0] if len(needed) == 1 else "several workspaces"} if needed else {}
    named = {"host": row.host, "port": str(row.port), "protocol": row.protocol.value}
    return {**named, "level": row.level.value, "topic": row.topic.value, **whose}


def _key(row: Requirement) -> tuple[str, ...]:
    """The same as a key."""
    return tuple(_endpoint(row).values())


def monitored(rows: Iterable[Requirement], proofs: Mapping[str, Proof]) -> list[MonitoredTarget]:
    """All targets of the rows that can be tried, each endpoint's proof before what tells its path.

    Of rows whose series nothing would tell from each other, the first is asked.
    """
    tried = [(row, row.probe) for row in rows if row.probe is not None and not _is_beyond(row)]
    targets: dict[tuple[str, ...], list[MonitoredTarget]] = {}
    for row, spec in tried:
        targets.setdefault(_key(row), list(_targets(row, spec, proofs[spec.proof])))
    return list(chain(*targets.values()))


def _is_beyond(row: Requirement) -> bool:
    """Whether it is nothing that the exporter asks: UDP, or an IPv6 address."""
    return row.protocol is Protocol.UDP or ":" in (row.probe.host if row.probe else row.host)


def _targets(row: Requirement, spec: ProbeSpec, proof: Proof) -> Iterator[MonitoredTarget]:
    address = f"{spec.host}:{row.port}"
    certified = row.protocol in (Protocol.HTTPS, Protocol.TLS)
    if spec.proof == "connect" or row.protocol in (Protocol.TCP, Protocol.SMB):
        yield MonitoredTarget(row, TCP, address, "proof")
        return
    own = proof.own_authority is not None
    if own or row.protocol is Protocol.TLS:
        yield MonitoredTarget(row, CERTIFICATE if own else TLS, address, "proof")
    else:
        usual = {Protocol.HTTPS: 443, Protocol.HTTP: 80}[row.protocol]
        place = spec.host if row.port == usual else address
        url = f"{row.protocol.value}://{place}{spec.path}"
        modules, part = list(_of_proof(proof, row)), "proof" if proof.marks else "answer"
        yield from (MonitoredTarget(row, module, url, part, len(modules)) for module in modules)
    shown = (CERTIFICATE, TLS) if row.protocol is Protocol.HTTPS else (CERTIFICATE,)
    path = (TCP,) if own or not certified else (*shown, TCP)
    yield from (MonitoredTarget(row, module, address, "path") for module in path)


def _of_proof(proof: Proof, row: Requirement) -> Iterator[ProbeModule]:
    """One module for each header that may tell the service; one for any answer where nothing does."""
    allowed = proof.forbidden or 403 in proof.statuses
    options: dict[str, Any] = {
        **_IPV4,
        "follow_redirects": False,
        "valid_status_codes": sorted({*_ANSWERS, *proof.statuses, *((403,) if allowed else ())}),
        "headers": {"User-Agent": "amlnet", **(_UPGRADE if row.websocket else {})},
    }
    name = "_".join(("amlnet", _slug(proof.name), *(("websocket",) if row.websocket else ())))
    marks: dict[str, list[str]] = {}
    for where, content in proof.marks:
        marks.setdefault(where, []).append(content)
    for where, contents in marks.items():
        own = name if len(marks) == 1 and not proof.upgrade else f"{name}_{_slug(where)}"
        yield ProbeModule(own, f"{proof.summary} ({where})", "http", {**options, **_marked(where, contents)})
    if proof.upgrade:
        there = f"(?i)^https://{literally(row.host)}(:443)?([/?#]|$)"
        led = {**_header("Location", there), "valid_status_codes": [301, 302, 307, 308]}
        summary = f"a redirection to https of {row.host}"
        yield ProbeModule(f"{name}_{_slug(row.host)}_{digest(row.host)}", summary, "http", {**options, **led})
    if not marks:
        yield ProbeModule(name, proof.summary, "http", options)


def _marked(where: str, contents: Sequence[str]) -> dict[str, Any]:
    """The condition that a header, or the text, bears one of these."""
    either = "|".join(map(literally, contents)) if all(contents) else ""
    if where == "answer":
        return {"fail_if_body_not_matches_regexp": [f"(?i)({either})"]}
    if where == "www-authenticate" and either:
        return _header(where, rf"(?i)(^|,)\s*({either})(\s|,|$)")
    return _header(where, f"(?i)({either})" if either else ".*")


def _header(name: str, pattern: str) -> dict[str, Any]:
    return {"fail_if_header_not_matches": [{"header": name, "regexp": pattern}]}


def literally(text: str) -> str:
    """A text as RE2 takes it literally."""
    return re.sub(r"([.()\\+*?\[\]{}|^$])", r"\\\1", text)


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")


def config(targets: Iterable[MonitoredTarget], head: Iterable[str]) -> str:
    """blackbox.yml: YAML, with whatever holds a text in JSON's quotes."""
    modules = {target.module.name: target.module for target in targets}
    parts = [comments("#", head), "modules:\n" if modules else "modules: {}\n"]
    for module in sorted(modules.values(), key=lambda one: one.name):
        parts.append(f"  # {line(module.summary)}\n  {module.name}:\n    prober: {module.prober}\n")
        parts.append(f"    timeout: {TIMEOUT_S}s\n    {module.prober}:\n")
        parts += [f"      {name}: {json.dumps(value)}\n" for name, value in module.options.items()]
    return "".join(parts)


def losses(_: Sequence[Requirement]) -> Iterator[str]:
    """What of a verdict the blackbox exporter cannot tell."""
    yield (
        "the blackbox exporter looks names up by its own machine, tries one IPv4 address once, and tells little: "
        "dns_failure, tcp_refused, tls_reset, tls_timeout, tls_untrusted_issuer (of a wrong name, too) and "
        "http_block_page stand for all of their kind; az ml network test tells them apart."
    )
    yield "the modules work from its version 0.19 on, the rules from 0.23 on, which tells who issued a certificate."
    yield (
        "it goes straight to its targets: behind a proxy give each http module a proxy_url, and then believe only what "
        "is up and what an answer tells, since its tcp modules know no proxy."
    )


def limits(rows: Sequence[Requirement], context: Context) -> Iterator[str]:
    """The rows of which it tells less than of others, by name."""
    anybodys = "nothing but the public issuer of its certificate tells the service, and without one it is http_unproven"
    conditions: Mapping[str, Callable[[MonitoredTarget], object]] = {
        "tried as a connection only": lambda target: target.module is TCP and target.part == "proof",
        "the cluster's own authority is not checked": lambda target: (
            target.module is CERTIFICATE and target.part == "proof"
        ),
        "that the address is a private one is not checked": lambda target: target.row.private,
        "a WebSocket that is let through counts as silence": lambda target: target.row.websocket,
        anybodys: lambda target: target.part == "answer",
    }
    targets = monitored(rows, context.proofs)
    asked = {(_key(target.row), target.row.probe) for target in targets}
    hosts = {
        "nothing concrete to try": {row.host for row in rows if row.probe is None},
        "over UDP, and of IPv6 addresses, it asks nothing": {row.host for row in rows if row.probe and _is_beyond(row)},
        "several rows that differ in the path alone, of which the first is asked": {
            row.host for row in rows if row.probe and not _is_beyond(row) and (_key(row), row.probe) not in asked
        },
        **{what: {target.row.host for target in targets if holds(target)} for what, holds in conditions.items()},
    }
    yield from (f"{what}: {few(sorted(names), 40)}." for what, names in hosts.items() if names)


def expected(targets: Iterable[MonitoredTarget]) -> int:
    """How many endpoints are tried."""
    return len({_key(target.row) for target in targets})
