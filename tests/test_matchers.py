"""Each format through exact hosts, wildcards and decoys: what its target lets through is what its matcher declares.

A target's rules are read here by the words of its own documents, not by what wrote them.
"""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import yaml

from azext_amlnet.exporters import export
from azext_amlnet.exporters._matcher import Matcher, Reach
from azext_amlnet.model import Kind, Protocol, Requirement
from azext_amlnet.vocabulary import FOLDERS, export_formats

from . import policies as build
from .test_exporters import CONTEXT

Opens = Callable[[str, int], bool]
"""Whether a target lets a host and a port through, in TLS."""
ROWS = (
    Requirement(host="mcr.microsoft.com", reason="Images."),
    Requirement(host="*.data.mcr.microsoft.com", kind=Kind.WILDCARD, reason="Layers."),
    Requirement(host="x.obo.arc.azure.com", port=8084, protocol=Protocol.TLS, reason="Arc."),
)
EXACT = ("mcr.microsoft.com",)
ONE, TWO, APEX = "weu.data.mcr.microsoft.com", "a.b.data.mcr.microsoft.com", "data.mcr.microsoft.com"
DECOYS = (
    *("xmcr.microsoft.com", "evil.mcr.microsoft.com", "xdata.mcr.microsoft.com", "mcr.microsoft.com.evil.io"),
    *("weu.data.mcr.microsoft.com.evil.io", "microsoft.com", "mcrxmicrosoft.com", "weu.dataxmcr.microsoft.com"),
)


def matcher_of(name: str) -> Matcher:
    """What a format declares."""
    matcher: Matcher = importlib.import_module(f"azext_amlnet.exporters.{name.replace('-', '_')}").MATCHER
    return matcher


def below(name: str) -> Callable[[str], bool]:
    """`*.x` is every name below x, and a name itself."""
    return lambda host: host.endswith(name[1:]) if name.startswith("*.") else host == name


def one_label(name: str) -> Callable[[str], bool]:
    """`*` is one label."""
    pattern = re.compile(re.escape(name).replace(r"\*", "[^.]+"))
    return lambda host: bool(pattern.fullmatch(host))


def dotted(name: str) -> Callable[[str], bool]:
    """`.x` is x and what is below it."""
    return lambda host: host == name.lstrip(".") or (name.startswith(".") and host.endswith(name))


def of_pairs(pairs: list[tuple[Callable[[str], bool], int]]) -> Opens:
    return lambda host, port: any(at in (0, port) and holds(host) for holds, at in pairs)


# -- how each target reads its own rules


def _haproxy(text: str) -> Opens:
    pairs: list[tuple[Callable[[str], bool], int]] = []
    for part in text.split("\nfrontend ")[1:]:
        port = int(re.search(r"bind :(\d+)", part)[1])  # type: ignore[index]
        for how, value in re.findall(r"acl named req\.ssl_sni,lower -m (str|end) (\S+)", part):
            pairs.append(((lambda h, v=value: h == v) if how == "str" else (lambda h, v=value: h.endswith(v)), port))
    return of_pairs(pairs)


def _nginx(text: str) -> Opens:
    pairs = []
    for part in text.split("\n  map $ssl")[1:]:
        port = int(re.search(r"listen (\d+);", part)[1])  # type: ignore[index]
        pairs += [(below(name), port) for name in re.findall(r"^    (\S*\.\S+) \S+;$", part, re.MULTILINE)]
    return of_pairs(pairs)


def _envoy(text: str) -> Opens:
    return of_pairs([
        (below(name), one["address"]["socket_address"]["port_value"])
        for one in yaml.safe_load(text)["static_resources"]["listeners"]
        for chain in one["filter_chains"] for name in chain["filter_chain_match"]["server_names"]
    ])  # fmt: skip


def _istio(text: str) -> Opens:
    entries = [one["spec"] for one in yaml.safe_load_all(text)]
    assert all(one["exportTo"] == ["."] and one["location"] == "MESH_EXTERNAL" for one in entries)
    assert all(one["resolution"] == "NONE" for one in entries if any("*" in host for host in one["hosts"]))
    return of_pairs([(below(h), p["number"]) for one in entries for h in one["hosts"] for p in one["ports"]])


def _pac(text: str) -> Opens:
    tables = {name: set(re.findall(r'"([^"]+)": true', body)) for name, body in
              re.findall(r"var (\w+) = \{(.*?)\n\};", text, re.DOTALL)}  # fmt: skip
    named = [below(name) for name in tables["listed"]]
    return of_pairs([(holds, 0) for holds in (*named, *(below(f"*{dot}") for dot in tables["listedBelow"]))])


def _cilium(text: str) -> Opens:
    pairs = []
    for rule in yaml.safe_load(text)["spec"]["egress"]:
        for to in rule.get("toFQDNs", ()):
            name = to.get("matchName") or to["matchPattern"]
            pairs += [(one_label(name), int(port["port"])) for at in rule["toPorts"] for port in at["ports"]]
    return of_pairs(pairs)


def _openshift(text: str) -> Opens:
    policy = yaml.safe_load(text)
    assert policy["metadata"]["name"] == "default" and policy["spec"]["egress"][-1]["type"] == "Deny"
    allowed = [one for one in policy["spec"]["egress"] if one["type"] == "Allow" and "dnsName" in one["to"]]
    return of_pairs([(one_label(one["to"]["dnsName"]), port["port"]) for one in allowed for port in one["ports"]])


def _calico(text: str) -> Opens:
    rules = yaml.safe_load(text)["spec"]["egress"]
    assert all(rule["action"] == "Allow" for rule in rules)
    return of_pairs([
        (below(name), port) for rule in rules for name in rule["destination"].get("domains", ())
        for port in rule["destination"]["ports"]
    ])  # fmt: skip


def _outbound_rules(text: str) -> Opens:
    rules = yaml.safe_load(text)["managed_network"]["outbound_rules"]
    return of_pairs([(below(rule["destination"]), at) for rule in rules if rule["type"] == "fqdn" for at in (80, 443)])


def _url_list(text: str) -> Opens:
    assert all(line.endswith("/") for line in text.splitlines())
    return of_pairs([(below(line[:-1]), 0) for line in text.splitlines()])


def _hosts(text: str) -> Opens:
    return of_pairs([(below(line), 0) for line in text.splitlines() if not line.startswith("#")])


def _set_commands(text: str) -> Opens:
    pairs = []
    for category, url in re.findall(r"^set profiles custom-url-category (\S+) list (\S+)/$", text, re.MULTILINE):
        words = rf"^set rulebase security rules \S+ .*category {category} .* service (\S+) action allow$"
        rule = re.search(words, text, re.MULTILINE)
        port = re.search(rf"^set service {rule[1]} protocol tcp port (\d+)$", text, re.MULTILINE)  # type: ignore[index]
        pairs.append((below(url), int(port[1])))  # type: ignore[index]
    return of_pairs(pairs)


def _fortigate(text: str) -> Opens:
    parts = dict(re.findall(r"^config (firewall [a-z ]+)\n(.*?)^end$", text, re.MULTILINE | re.DOTALL))
    names = dict(re.findall(r'edit "([^"]+)"\n    set type fqdn\n    set fqdn "([^"]+)"', parts["firewall address"]))
    ports = dict(re.findall(r'edit "([^"]+)"\n    set tcp-portrange (\d+)', parts["firewall service custom"]))
    groups = re.findall(r'edit "([^"]+)"\n    set member (.*)\n', parts["firewall addrgrp"])
    used = re.findall(
        r'set dstaddr "([^"]+)"\n    set service "([^"]+)"\n    set action accept', parts["firewall policy"]
    )
    assert used and all(group == service for group, service in used)
    return of_pairs([
        (below(names[member]), int(ports[group])) for group, members in groups
        for member in re.findall(r'"([^"]+)"', members) if group in ports and (group, group) in used
    ])  # fmt: skip


def _zscaler(text: str) -> Opens:
    return of_pairs([(dotted(url), 0) for url in json.loads(text)["urls"]])


def _aws(text: str) -> Opens:
    listed = json.loads(text)["RuleGroup"]["RulesSource"]["RulesSourceList"]
    assert (listed["TargetTypes"], listed["GeneratedRulesType"]) == (["TLS_SNI"], "ALLOWLIST")
    return of_pairs([(dotted(name), 0) for name in listed["Targets"]])


def _suricata(text: str) -> Opens:
    pairs: list[tuple[Callable[[str], bool], int]] = []
    begin = r"^pass tls \$HOME_NET any -> \$EXTERNAL_NET (\d+) \(flow:[^;]*; tls\.sni; "
    rule = begin + r'content:"([^"]+)"; nocase;( startswith;)? endswith;'
    for port, content, whole in re.findall(rule, text, re.MULTILINE):
        holds = (lambda h, c=content: h == c) if whole else (lambda h, c=content: h.endswith(c))
        pairs.append((holds, int(port)))
    return of_pairs(pairs)


def _by_reader(name: str) -> Callable[[str], Opens]:
    """Of formats that check-policy reads: whether it is covered."""

    def read(text: str) -> Opens:
        back = build.read_back(name, text)
        return lambda host, port: build.coverage(back, Requirement(host=host, port=port))[0] == "covered"

    return read


def _bicep(text: str) -> Opens:
    web = re.findall(r"port: (\d+)\s+\}\s+\]\s+targetFqdns: \[\s+'([^']+)'\s+\]", text)
    rest = re.findall(r"destinationPorts: \[\s+'(\d+)'\s+\]\s+destinationFqdns: \[\s+'([^']+)'\s+\]", text)
    return of_pairs([(below(name), int(port)) for port, name in (*web, *rest)])


def _terraform(text: str) -> Opens:
    web = re.findall(r'destination_fqdns = \["([^"]+)"\]\s+protocols \{\s+type = "Https"\s+port = (\d+)', text)
    rest = re.findall(r'destination_fqdns = \["([^"]+)"\]\s+destination_ports = \["(\d+)"\]', text)
    return of_pairs([(below(name), int(port)) for name, port in (*web, *rest)])


READERS: dict[str, Callable[[str], Opens]] = {
    "haproxy-sni": _haproxy, "nginx-stream": _nginx, "envoy": _envoy, "istio": _istio, "pac": _pac, "cilium": _cilium,
    "openshift-egressfirewall": _openshift, "calico-enterprise": _calico, "aml-outbound-rules": _outbound_rules,
    "palo-alto": _set_commands, "palo-alto-edl": _url_list, "hosts": _hosts, "fortigate": _fortigate,
    "zscaler": _zscaler, "aws-network-firewall": _aws, "suricata": _suricata, "squid": _by_reader("squid"),
    "azure-firewall-arm": _by_reader("azure-firewall-arm"), "azure-firewall-bicep": _bicep,
    "azure-firewall-terraform": _terraform,
}  # fmt: skip


def test_every_format_declares_and_is_read_here() -> None:
    named = {name for name in export_formats() if matcher_of(name).opens and matcher_of(name).names}
    assert named == set(READERS)
    silent = {name for name in export_formats() if not matcher_of(name).opens}
    assert silent == {"csv", "markdown", "no-proxy", *FOLDERS}
    assert {name for name in export_formats() if not matcher_of(name).names} == {"nsg"}


@pytest.mark.parametrize("name", READERS)
def test_a_target_lets_through_what_its_matcher_declares(name: str) -> None:
    matcher, opens = matcher_of(name), READERS[name](export(name, ROWS, CONTEXT, True).content)
    for host in (*EXACT, ONE, TWO, APEX, *DECOYS):
        declared = any(matcher.holds(row.host, host) for row in ROWS[:2])
        assert opens(host, 443) is declared, host
    assert not any(opens(host, 443) for host in DECOYS)
    assert opens(EXACT[0], 443) and opens(ONE, 443)
    if matcher.ports:
        assert opens("x.obo.arc.azure.com", 8084) and not opens("x.obo.arc.azure.com", 443)
        assert not opens(EXACT[0], 8084)


@pytest.mark.parametrize("name", READERS)
def test_what_is_read_otherwise_is_a_loss_with_its_hosts(name: str) -> None:
    losses, reach = export(name, ROWS, CONTEXT, True).losses, matcher_of(name).wildcard
    narrow = [loss for loss in losses if "not let through: *.data.mcr.microsoft.com" in loss]
    wide = [loss for loss in losses if loss.endswith("open as well: data.mcr.microsoft.com.")]
    assert (len(narrow), len(wide)) == (reach is Reach.ONE_LABEL, reach is Reach.WITH_APEX)
    apex = (*ROWS, replace(ROWS[0], host=APEX))
    assert not any("open as well" in loss for loss in export(name, apex, CONTEXT, True).losses)


@pytest.mark.parametrize("name", export_formats())
def test_private_rows_have_rules_where_that_is_declared(name: str) -> None:
    inside = replace(ROWS[0], host="vault.vault.azure.net", private=True)
    text = export(name, (*ROWS, inside), CONTEXT, True).content
    if name in READERS:
        assert READERS[name](text)("vault.vault.azure.net", 443) is matcher_of(name).private


def test_what_comes_of_a_matcher_is_what_it_says() -> None:
    held: dict[Reach, list[Any]] = {
        reach: [host for host in (ONE, TWO, APEX, *DECOYS) if Matcher(reach).holds("*.data.mcr.microsoft.com", host)]
        for reach in Reach
    }
    assert held == {
        Reach.BELOW: [ONE, TWO],
        Reach.ONE_LABEL: [ONE],
        Reach.WITH_APEX: [ONE, TWO, APEX],
        Reach.NOTHING: [],
    }


# -- what a second reader found


ADDED = replace(CONTEXT, lacking_in=("policy.json",))


def losses_of(name: str, *rows: Requirement) -> tuple[str, ...]:
    return export(name, rows, CONTEXT, True).losses


@pytest.mark.parametrize("name", export_formats())
def test_a_comment_is_never_longer_than_a_reader_takes(name: str) -> None:
    """Suricata reads 8,191 bytes of a line and takes the rest for another; nginx refuses more than 4,096."""
    long = "\u6f22" * 2000 + " pass ip any any -> any any (sid:1;)"
    text = export(name, (replace(ROWS[0], reason=long, notes=(f"Condition: {long}",)),), CONTEXT, True).content
    for line in text.splitlines():
        assert not line.lstrip().startswith(("#", "//")) or len(line.strip().encode()) <= 2000


def test_hosts_that_are_written_alike_have_rules_of_their_own() -> None:
    rows = [replace(ROWS[0], host=host) for host in ("a-b.example.com", "a.b.example.com", "a_b.example.com")]
    rules = yaml.safe_load(export("aml-outbound-rules", rows, CONTEXT, True).content)["managed_network"][
        "outbound_rules"
    ]
    assert [rule["destination"] for rule in rules] == [row.host for row in rows] and len(
        {r["name"] for r in rules}
    ) == 3


@pytest.mark.parametrize("name", ["aws-network-firewall", "zscaler"])
def test_an_apex_is_only_wanted_where_the_target_would_have_it(name: str) -> None:
    below = replace(ROWS[1], host="*.example.com")
    apex = replace(ROWS[0], host="example.com")
    for other in (replace(apex, port=123, protocol=Protocol.UDP), replace(apex, private=True)):
        assert any(loss.endswith("open as well: example.com.") for loss in losses_of(name, below, other))
    assert not any("open as well" in loss for loss in losses_of(name, below, apex))
    assert not any("open as well" in loss for loss in losses_of("aws-network-firewall", replace(below, port=80,
                   protocol=Protocol.HTTP)))  # fmt: skip


@pytest.mark.parametrize("name", ["haproxy-sni", "nginx-stream", "envoy", "openshift-egressfirewall"])
def test_additions_are_lines_for_what_exists(name: str) -> None:
    """Two configurations on one port break each other, and an object of the same name replaces the other."""
    text = export(name, ROWS, ADDED, True).content
    rules = [line.strip() for line in text.splitlines() if line.strip() and not line.strip().startswith("#")]
    assert len(rules) == len(ROWS) and all(any(row.host.lstrip("*") in line for row in ROWS) for line in rules)
    assert "Put these lines into" in text and "Deny" not in text


@pytest.mark.parametrize("name", ["haproxy-sni", "nginx-stream", "envoy", "istio", "openshift-egressfirewall"])
def test_a_list_with_nothing_to_write_says_so(name: str) -> None:
    tag = Requirement(host="AzureML.westeurope", kind=Kind.SERVICE_TAG, protocol=Protocol.UDP, port=5831)
    assert any(loss.startswith("nothing here ") for loss in losses_of(name, tag))
    assert not any(loss.startswith("nothing here ") for loss in losses_of(name, *ROWS))


@pytest.mark.parametrize("name", ["palo-alto-edl", "zscaler", "pac"])
def test_what_no_url_is_asked_of_is_no_url(name: str) -> None:
    files = Requirement(host="s.file.core.windows.net", port=445, protocol=Protocol.SMB)
    clock = Requirement(host="ntp.ubuntu.com", port=123, protocol=Protocol.UDP)
    output = export(name, (*ROWS, files, clock), CONTEXT, True)
    for row in (files, clock):
        assert any(loss.startswith(f"{row.host}, port {row.port}/") for loss in output.losses)
        assert not READERS[name](output.content)(row.host, 443)


@pytest.mark.parametrize("name", [name for name in READERS if not matcher_of(name).ports])
def test_a_target_without_ports_says_which_names_are_open_on_more(name: str) -> None:
    assert any("knows no ports here" in loss and "mcr.microsoft.com" in loss for loss in losses_of(name, *ROWS))


def test_istio_is_told_no_name_that_would_cost_the_others() -> None:
    odd = replace(ROWS[0], host="a_b.example.com")
    plain = replace(ROWS[0], protocol=Protocol.HTTP)
    output = export("istio", (*ROWS, odd, plain), CONTEXT, True)
    assert odd.host not in output.content.split("apiVersion", 1)[1]
    assert any(odd.host in loss for loss in output.losses)
    assert any("port 443 is of TLS and of HTTP" in loss for loss in output.losses)
    assert any("the address is the one that the pod chose" in loss and ROWS[1].host in loss for loss in output.losses)


def test_a_suricata_rule_stands_once() -> None:
    text = export("suricata", (ROWS[0], replace(ROWS[0], protocol=Protocol.TLS)), CONTEXT, True).content
    numbers = [int(number) for number in re.findall(r"sid:(\d+);", text)]
    assert len(numbers) == 1 and 1_000_000 <= numbers[0] < 2_000_000


def test_names_of_pan_os_keep_to_its_limits() -> None:
    rows = (replace(ROWS[0], port=65000), replace(ROWS[0], port=65000, protocol=Protocol.TCP))
    text = export("palo-alto", rows, ADDED, True).content
    names = re.findall(r"(?:custom-url-category|address-group|set service|security rules) (\S+)", text)
    assert names and all(len(name) <= 31 for name in names) and "application any" in text
