"""Policies held against the list: the laws of a round trip, and the order of evaluation of each engine."""

from __future__ import annotations

import ipaddress
import json
import re
from dataclasses import replace
from typing import Callable, Iterator

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from azext_amlnet.catalog import load
from azext_amlnet.errors import UsageError
from azext_amlnet.exporters import export
from azext_amlnet.exporters._text import public
from azext_amlnet.model import Coverage, Kind, Level, Progress, Protocol, Requirement
from azext_amlnet.policy import Document, read
from azext_amlnet.policy.addresses import span_of
from azext_amlnet.policy.model import Policy
from azext_amlnet.policy.over_permissive import over_permissive, stale
from azext_amlnet.policy.report import compare, exit_code, summary, with_failing
from azext_amlnet.policy.rule_index import RuleIndex
from azext_amlnet.policy.traffic import Fit, Whence, traffics
from azext_amlnet.vocabulary import export_formats, policy_dialects

from . import policies as build
from .test_exporters import CONTEXT, sample

ACR = Requirement(host="acrml.azurecr.io")
DATA = Requirement(host="acrml.westeurope.data.azurecr.io")
BLOBS = Requirement(host="*.blob.core.windows.net", kind=Kind.WILDCARD)
UBUNTU = Requirement(host="security.ubuntu.com", port=80, protocol=Protocol.HTTP)
ARC = Requirement(host="westeurope.obo.arc.azure.com", port=8084)
FILES = Requirement(host="mlstore.file.core.windows.net", port=445, protocol=Protocol.SMB)
SERVER = Requirement(host="20.1.2.3", kind=Kind.IP, protocol=Protocol.TCP)

# -- laws: what is written and read back

BOTH = sorted(set(export_formats()) & set(policy_dialects()))
SAMPLES = ("public", "usgov", "private")
WAYS = [*((dialect, False) for dialect in BOTH), *((dialect, True) for dialect in build.BESIDE)]
"""How an exported file is read back: with what a network has beside it, or alone."""


def expressible(dialect: str, rows: tuple[Requirement, ...]) -> tuple[Requirement, ...]:
    """The rows that a dialect has a rule for; its losses name the others."""
    every = export(dialect, rows, CONTEXT, allow_unresolved=True).losses
    lost = [loss for loss in every if not re.search("reads a wildcard|knows no ports here", loss)]  # there is a rule

    def is_lost(host: str) -> bool:
        return any(re.search(rf"(?<![\w.*-]){re.escape(host)}(?![\w-]|\.\w)", loss) for loss in lost)

    return tuple(row for row in rows if not row.unresolved and not is_lost(row.host))


def test_each_dialect_that_can_be_written_and_read_is_under_the_law() -> None:
    assert BOTH == ["azure-firewall-arm", "cilium", "hosts", "nsg", "squid"]


@pytest.mark.parametrize(("dialect", "alone"), WAYS)
@pytest.mark.parametrize("name", SAMPLES)
def test_everything_is_covered_after_a_round_trip(dialect: str, alone: bool, name: str) -> None:
    rows = sample(name)
    kept = expressible(dialect, rows)
    assert len(kept) > 10
    policies = build.read_back(dialect, export(dialect, rows, CONTEXT, allow_unresolved=True).content, alone=alone)
    for finding in build.findings(policies, *kept):
        assert finding.coverage is Coverage.COVERED, finding
    assert alone or not [part for policy in policies for part in policy.unread]
    assert all(policy.assumptions for policy in policies) is alone
    others = [row for row in rows if row not in kept and not row.private]
    assert "covered" not in build.coverage(policies, *others)


@pytest.mark.parametrize(("dialect", "alone"), WAYS)
@pytest.mark.parametrize("name", SAMPLES)
def test_decoys_are_never_covered(dialect: str, alone: bool, name: str) -> None:
    rows = sample(name)
    policies = build.read_back(dialect, export(dialect, rows, CONTEXT, allow_unresolved=True).content, alone=alone)
    decoys = [decoy for row in public(expressible(dialect, rows)) for decoy in decoys_of(row)]
    assert len(decoys) > 30
    for finding in build.findings(policies, *decoys):
        known = _allowed(finding.host, finding.port, list(rows))
        assert known or finding.coverage is not Coverage.COVERED, finding


def decoys_of(row: Requirement) -> Iterator[Requirement]:
    """Hosts that look like a row's and are somebody else's: no tag is documented for them."""
    if row.kind in (Kind.FQDN, Kind.WILDCARD):
        bare = row.host.removeprefix("*.")
        names = [f"evil-{bare}", f"{bare}.evil.io", bare.partition(".")[2], f"x{bare}"]
        names += [bare] if row.kind is Kind.WILDCARD else [f"sub.{bare}"]
        for host in names:
            if host.count("."):
                yield Requirement(host=host, port=row.port, protocol=row.protocol)
        yield Requirement(host="*.evil.io", kind=Kind.WILDCARD, port=row.port, protocol=row.protocol)


@pytest.mark.parametrize(("dialect", "alone"), WAYS)
def test_removing_a_rule_leaves_exactly_its_requirement_uncovered(dialect: str, alone: bool) -> None:
    rows = expressible(dialect, tuple(row for row in sample("public") if not row.private))
    text = export(dialect, rows, CONTEXT, allow_unresolved=True).content
    removed = 0
    for shorter, gone in WITHOUT[dialect](text):
        removed += 1
        left = build.coverage(build.read_back(dialect, shorter, alone=alone), *rows)
        for row, word in zip(rows, left, strict=True):
            assert (word == "covered") is survives(dialect, row, gone, rows), (row.host, word, gone)
            if dialect != "nsg":
                assert word in ("covered", "missing", "partial"), (row.host, word, gone)
    assert removed >= (7 if dialect == "nsg" else len({row.host for row in rows}))


def survives(dialect: str, row: Requirement, gone: tuple[str, int], rows: tuple[Requirement, ...]) -> bool:
    """By a rule of our own: a row stays covered unless the removed rule was its own, and no wildcard holds it."""
    if dialect == "nsg":
        return not (gone[0] in (*row.service_tags, row.host) and gone[1] == row.port)
    if (row.host, row.port) != gone and (dialect != "hosts" or row.host != gone[0]):
        return True
    others = [other for other in rows if (other.host, other.port) != (row.host, row.port)]
    return any(_holds(other, row.host, row.port, one_label=dialect == "cilium") for other in others)


def _allowed(host: str, port: int, rows: list[Requirement]) -> bool:
    return any((row.host, row.port) == (host, port) or _holds(row, host, port, one_label=False) for row in rows)


def _holds(other: Requirement, host: str, port: int, one_label: bool) -> bool:
    if other.kind is not Kind.WILDCARD or other.port != port or not host.endswith(other.host[1:]) or host == other.host:
        return False
    return not one_label or "." not in host.removesuffix(other.host[1:]).replace("*.", "")


def _without_arm(text: str) -> Iterator[tuple[str, tuple[str, int]]]:
    document = json.loads(text)
    for part in document["resources"][0]["properties"]["ruleCollections"]:
        for number, rule in enumerate(list(part["rules"])):
            del part["rules"][number]
            if rule["ruleType"] == "ApplicationRule":
                yield json.dumps(document), (rule["targetFqdns"][0], rule["protocols"][0]["port"])
            else:
                names = rule.get("destinationFqdns") or rule["destinationAddresses"]
                yield json.dumps(document), (names[0], int(rule["destinationPorts"][0]))
            part["rules"].insert(number, rule)


def _without_nsg(text: str) -> Iterator[tuple[str, tuple[str, int]]]:
    document = json.loads(text)
    bodies = [rule["properties"] for rule in document["resources"]]
    keys = [(body["destinationAddressPrefix"], body["destinationPortRange"]) for body in bodies]
    for number, rule in enumerate(list(document["resources"])):
        wider = (keys[number][0].partition(".")[0], keys[number][1])
        alone = keys.count(keys[number]) == 1 and (wider == keys[number] or wider not in keys)
        if bodies[number]["access"] == "Allow" and alone:  # else another rule holds it, too
            del document["resources"][number]
            yield json.dumps(document), (keys[number][0], int(keys[number][1]))
            document["resources"].insert(number, rule)


def _without_cilium(text: str) -> Iterator[tuple[str, tuple[str, int]]]:
    document = yaml.safe_load(text)
    egress = document["spec"]["egress"]
    for number, rule in enumerate(list(egress)):
        if "toFQDNs" in rule:
            del egress[number]
            (name,) = rule["toFQDNs"][0].values()
            yield yaml.safe_dump(document), (name, int(rule["toPorts"][0]["ports"][0]["port"]))
            egress.insert(number, rule)


def _without_hosts(text: str) -> Iterator[tuple[str, tuple[str, int]]]:
    lines = text.splitlines()
    for number, line in enumerate(lines):
        if not line.startswith("#"):
            yield "\n".join([*lines[:number], *lines[number + 1 :]]), (line, 443)


def _without_squid(text: str) -> Iterator[tuple[str, tuple[str, int]]]:
    lines = text.splitlines()
    for number, line in enumerate(lines):
        words = line.split()
        if words[:1] == ["acl"] and words[2] in ("dstdomain", "dstdom_regex"):
            host = words[-1].replace("^.+", "*").replace("\\", "").rstrip("$")
            left = [*lines[:number], *lines[number + 1 :]]
            if not any(line.startswith(f"acl {words[1]} ") for line in left):  # squid knows no empty acl
                left = [line for line in left if not line.endswith(f" {words[1]}")]
            yield "\n".join(left), (host, int(words[1].split("_")[2]))


WITHOUT: dict[str, Callable[[str], Iterator[tuple[str, tuple[str, int]]]]] = {
    "azure-firewall-arm": _without_arm,
    "nsg": _without_nsg,
    "cilium": _without_cilium,
    "hosts": _without_hosts,
    "squid": _without_squid,
}

# -- the order of evaluation of Azure Firewall


def firewall(*collections: build.Json, **overrides: object) -> tuple[Policy, ...]:
    return build.of(build.policy(**overrides), build.group("g", 500, *collections))


def test_the_lower_priority_decides_among_collections_and_among_groups() -> None:
    deny, allow = build.app("no", "*.azurecr.io"), build.app("yes", "acrml.azurecr.io")
    first = firewall(build.collection("a", 200, "Allow", allow), build.collection("d", 100, "Deny", deny))
    assert build.coverage(first, ACR) == ["denied"]
    assert build.coverage(
        firewall(build.collection("a", 100, "Allow", allow), build.collection("d", 200, "Deny", deny)), ACR
    ) == ["covered"]
    groups = [build.group("late", 900, build.collection("a", 100, "Allow", allow))]
    groups += [build.group("soon", 200, build.collection("d", 900, "Deny", deny))]
    (finding,) = build.findings(build.of(build.policy(), *groups), ACR)
    assert finding.coverage is Coverage.DENIED and finding.rules == ("soon/d/no",)
    assert finding.because == (
        "rule 'soon/d/no' of hub denies *.azurecr.io on Https:443, before rule 'late/a/yes' allows it"
    )
    assert "soon/d/no" in finding.hint
    everything = build.net("no", "*", ports=["*"], protocols=["Any"], sourceAddresses=["*"])
    (alone,) = build.findings(firewall(build.collection("d", 100, "Deny", everything)), ACR)
    assert alone.coverage is Coverage.MISSING and "in front of rule 'g/d/no'" in alone.hint


def test_groups_of_one_priority_that_do_not_all_do_the_same_leave_it_open() -> None:
    deny = build.collection("d", 100, "Deny", build.app("no", "*.azurecr.io"))
    allow = build.collection("a", 200, "Allow", build.app("yes", "acrml.azurecr.io"))
    only = build.group("one", 300, build.collection("a", 100, "Allow", build.app("yes", "acrml.azurecr.io")))
    mixed = build.group("two", 300, deny, allow)
    for groups in ((only, mixed), (mixed, only)):
        (finding,) = build.findings(build.of(build.policy(), *groups), ACR)
        assert finding.coverage is Coverage.UNKNOWN and "priority" in finding.because, finding
    same = build.group("two", 300, build.collection("a", 100, "Allow", build.app("yes", "other.io")))
    assert build.coverage(build.of(build.policy(), only, same), ACR) == ["covered"]


def test_an_address_is_no_name_for_rules_by_name() -> None:
    row = Requirement(host="20.1.2.3", kind=Kind.IP, protocol=Protocol.HTTPS)
    (finding,) = build.findings(firewall(build.collection("c", 100, "Allow", build.app("r", "*"))), row)
    assert finding.coverage is Coverage.UNKNOWN and "this is an address" in finding.because
    assert build.coverage(firewall(build.collection("c", 100, "Allow", build.net("r", "20.1.0.0/16"))), row) == [
        "covered"
    ]
    assert build.coverage(firewall(build.collection("c", 100, "Deny", build.app("r", "*"))), SERVER) == ["missing"]


def test_network_rules_come_before_application_rules_whatever_their_priority() -> None:
    allow = build.collection("a", 100, "Allow", build.app("yes", "acrml.azurecr.io"))
    deny = build.collection("d", 60000, "Deny", build.net("no", "*"))
    assert build.coverage(firewall(allow, deny), ACR) == ["denied"]
    deny_by_name = build.collection("d", 100, "Deny", build.app("no", "*"))
    allow_all = build.collection("a", 60000, "Allow", build.net("yes", "0.0.0.0/0"))
    assert build.coverage(firewall(deny_by_name, allow_all), ACR) == ["covered"]


def test_a_base_policy_comes_first_and_application_rules_of_the_base_after_network_rules_of_the_child() -> None:
    base = build.policy(build.BASE)
    child = build.policy(base=build.BASE)
    allow = build.group("mine", 100, build.collection("a", 100, "Allow", build.app("yes", "acrml.azurecr.io")))
    deny = build.group(
        "theirs", 65000, build.collection("d", 100, "Deny", build.app("no", "*.azurecr.io")), policy=build.BASE
    )
    assert build.coverage(build.of(child, allow, base, deny), ACR) == ["denied"]
    network = build.group("mine", 100, build.collection("a", 100, "Allow", build.net("yes", "*")))
    assert build.coverage(build.of(child, network, base, deny), ACR) == ["covered"]


def test_a_name_in_a_network_rule_needs_the_dns_proxy_of_the_policy_itself() -> None:
    rule = build.net("arc", ports=["8084"], destinationFqdns=[ARC.host])
    rules = build.group("g", 100, build.collection("n", 100, "Allow", rule))
    assert build.coverage(build.of(build.policy(), rules), ARC) == ["covered"]
    for off in (build.policy(dnsSettings={"enableProxy": False}), build.policy(dnsSettings=None)):
        (finding,) = build.findings(build.of(off, rules), ARC)
        assert finding.coverage is Coverage.UNKNOWN and "DNS proxy, which is off" in finding.because
    base = build.policy(build.BASE)
    (finding,) = build.findings(build.of(build.policy(base=build.BASE, dnsSettings=None), base, rules), ARC)
    assert finding.coverage is Coverage.UNKNOWN and "DNS proxy, which is not known" in finding.because
    assert build.coverage(build.of(build.policy(dnsSettings=None), rules), ACR) == ["missing"]


@pytest.mark.parametrize(
    ("target", "host", "word"),
    [
        ("*.azurecr.io", "acrml.azurecr.io", "covered"),
        ("*.azurecr.io", "acrml.westeurope.data.azurecr.io", "covered"),
        ("*.azurecr.io", "azurecr.io", "missing"),
        ("*azurecr.io", "azurecr.io", "covered"),
        ("*azurecr.io", "x.azurecr.io", "covered"),
        ("ACRML.AzureCR.io", "acrml.azurecr.io", "covered"),
        ("acrml.azurecr.io.", "acrml.azurecr.io", "covered"),
        ("*", "acrml.azurecr.io", "covered"),
        ("azurecr.io", "acrml.azurecr.io", "missing"),
        ("acrml.*.io", "acrml.azurecr.io", "unknown"),
        ("acrml.*.io", "other.azurecr.io", "missing"),
    ],
)
def test_wildcards_of_azure_firewall(target: str, host: str, word: str) -> None:
    policies = firewall(build.collection("a", 100, "Allow", build.app("r", target)))
    assert build.coverage(policies, Requirement(host=host)) == [word]


def test_a_name_that_only_a_wildcard_below_it_would_hold_is_explained() -> None:
    (finding,) = build.findings(
        firewall(build.collection("a", 100, "Allow", build.app("r", "*.azurecr.io"))), Requirement(host="azurecr.io")
    )
    assert finding.because.endswith("rule 'g/a/r' is for names below azurecr.io, not for itself")


@pytest.mark.parametrize(
    ("rule", "row", "word"),
    [
        (build.app("r", "acrml.azurecr.io", port=8443), ACR, "missing"),
        (build.app("r", "acrml.azurecr.io", kind="Http"), ACR, "missing"),
        (build.app("r", "security.ubuntu.com", kind="Http", port=80), UBUNTU, "covered"),
        (build.app("r", "security.ubuntu.com", port=80), UBUNTU, "missing"),
        (build.app("r", "mlstore.file.core.windows.net", port=445), FILES, "missing"),
        (build.net("r", "*", protocols=["UDP"]), ACR, "missing"),
        (build.net("r", "*", protocols=["Any"]), ACR, "covered"),
        (build.net("r", "*", ports=["400-500"]), ACR, "covered"),
        (build.net("r", "*", ports=["444-500", "80"]), ACR, "missing"),
        (build.net("r", "20.1.0.0/16"), SERVER, "covered"),
        (build.net("r", "20.1.2.4", "20.1.2.0-20.1.2.3"), SERVER, "covered"),
        (build.net("r", "20.1.2.4"), SERVER, "missing"),
        (build.net("r", "20.1.0.0/16"), ACR, "unknown"),
        (build.net("r", "20.1.2.4"), ACR, "missing"),
        (build.net("r", "10.0.0.0/8"), ACR, "missing"),
        (build.net("r", "0.0.0.0/1", "128.0.0.0/1"), ACR, "covered"),
        (build.net("r", "::/0"), ACR, "missing"),
    ],
)
def test_ports_protocols_and_addresses(rule: build.Json, row: Requirement, word: str) -> None:
    assert build.coverage(firewall(build.collection("c", 100, "Allow", rule)), row) == [word]


def test_the_nearest_rule_is_named_when_only_its_port_is_wrong() -> None:
    rule = build.app("r", "acrml.azurecr.io", port=8443)
    (finding,) = build.findings(firewall(build.collection("c", 100, "Allow", rule)), ACR)
    assert finding.because == "no rule of hub allows it; rule 'g/c/r' allows acrml.azurecr.io on Https:8443"


def test_sources_decide_and_a_source_nobody_tells_leaves_it_open() -> None:
    policies = firewall(build.collection("c", 100, "Allow", build.app("r", ACR.host, sources=["10.1.0.0/17"])))
    assert build.coverage(policies, ACR, source="10.1.5.0/24") == ["covered"]
    assert build.coverage(policies, ACR, source="10.2.0.0/24") == ["missing"]
    (part,) = build.findings(policies, ACR, source="10.1.0.0/16")
    assert part.coverage is Coverage.PARTIAL and part.because.startswith("from 10.1.128.0/17: no rule of hub")
    (untold,) = build.findings(policies, ACR, source=None)
    assert untold.coverage is Coverage.UNKNOWN and "10.1.0.0/17" in untold.because and "--source" in untold.hint
    both = build.collection("c", 100, "Allow", build.app("a", ACR.host, sources=["10.1.0.0/17"]),
                        build.app("b", ACR.host, sources=["10.1.128.0/17"]))  # fmt: skip
    assert build.coverage(firewall(both), ACR, source="10.1.0.0/16") == ["covered"]
    anybody = firewall(build.collection("c", 100, "Allow", build.app("r", ACR.host, sources=["*"])))
    assert build.coverage(anybody, ACR, source=None) == ["covered"]


def test_ip_groups_are_looked_into_and_one_that_cannot_be_read_leaves_it_open() -> None:
    identifier = f"{build.NETWORK}/ipGroups/nodes"
    ip_group = {"id": identifier, "name": "nodes", "type": "Microsoft.Network/ipGroups"}
    rule = build.app("r", ACR.host, sources=[], sourceIpGroups=[identifier])
    known = [build.policy(), build.group("g", 100, build.collection("c", 100, "Allow", rule))]
    filled = {**ip_group, "properties": {"ipAddresses": ["10.1.0.0/16"]}}
    assert build.coverage(build.of(*known, filled), ACR) == ["covered"]
    assert build.coverage(build.of(*known, {**ip_group, "properties": {"ipAddresses": []}}), ACR) == ["missing"]
    (finding,) = build.findings(build.of(*known, **{identifier.lower(): "403: no right"}), ACR)
    assert finding.coverage is Coverage.UNKNOWN and "the IP group nodes: 403: no right" in finding.because


def test_a_wildcard_is_covered_by_a_wider_one_and_in_part_by_names_below_it() -> None:
    def word(*names: str) -> str:
        return build.coverage(firewall(build.collection("c", 100, "Allow", build.app("r", *names))), BLOBS)[0]

    assert word("*.blob.core.windows.net") == word("*.core.windows.net") == word("*") == "covered"
    assert word("mlstore.blob.core.windows.net") == word("*.z1.blob.core.windows.net") == "partial"
    assert word("*.queue.core.windows.net") == "missing"
    deny = build.collection("d", 100, "Deny", build.app("no", "evil.blob.core.windows.net"))
    allow = build.collection("a", 200, "Allow", build.app("yes", "*.blob.core.windows.net"))
    (finding,) = build.findings(firewall(deny, allow), BLOBS)
    assert finding.coverage is Coverage.PARTIAL and finding.rules == ("g/d/no", "g/a/yes")


def test_fqdn_tags_hold_what_is_documented_of_them() -> None:
    api = Requirement(host="x.hcp.westeurope.azmk8s.io", fqdn_tags=("AzureKubernetesService",))
    tag = build.app("r", fqdnTags=["AzureKubernetesService"])
    assert build.coverage(firewall(build.collection("c", 100, "Allow", tag)), api, ACR) == ["covered", "missing"]
    other = build.app("r", fqdnTags=["SomethingNew"])
    (finding,) = build.findings(firewall(build.collection("c", 100, "Allow", other)), ACR)
    assert finding.coverage is Coverage.UNKNOWN and "SomethingNew" in finding.because


def test_service_tags_hold_what_is_documented_of_them() -> None:
    store = Requirement(host="mlstore.blob.core.windows.net", service_tags=("Storage.westeurope",))
    mcr = Requirement(
        host="mcr.microsoft.com", service_tags=("MicrosoftContainerRegistry", "AzureFrontDoor.FirstParty")
    )

    def word(row: Requirement, *tags: str) -> str:
        return build.coverage(firewall(build.collection("c", 100, "Allow", build.net("r", *tags))), row)[0]

    assert word(store, "Storage.WestEurope") == word(store, "Storage") == "covered"
    assert word(store, "Storage.northeurope") == word(store, "Sql") == "missing"
    assert word(store, "AzureCloud") == word(store, "AzureCloud.westeurope") == "unknown"
    assert word(ACR, "Storage") == "unknown"  # no document says where its addresses are
    assert word(replace(store, service_tags=("Storage",)), "Storage.westeurope") == "unknown"
    assert word(mcr, "MicrosoftContainerRegistry") == "partial"
    assert word(mcr, "MicrosoftContainerRegistry", "AzureFrontDoor.FirstParty") == "covered"
    of_tag = Requirement(host="Storage.westeurope", kind=Kind.SERVICE_TAG, protocol=Protocol.TCP)
    assert word(of_tag, "Storage") == "covered" and word(of_tag, "Sql") == "missing"


@pytest.mark.parametrize(
    ("extra", "phrase"),
    [
        ({"webCategories": ["Business"]}, "web categories"),
        ({"targetUrls": ["acrml.azurecr.io/v2/*"]}, "addresses (URLs)"),
        ({"destinationAddresses": ["20.0.0.0/8"], "targetFqdns": [ACR.host]}, "destination addresses"),
        ({"sourceKubeSelectorGroups": ["x"], "sourceAddresses": [], "targetFqdns": [ACR.host]}, "sourceKubeSelector"),
        ({"onWeekdaysOnly": True, "targetFqdns": [ACR.host]}, "onWeekdaysOnly"),
        ({"sourceAddresses": [], "targetFqdns": [ACR.host]}, "names no source"),
        ({"protocols": [{"protocolType": "Quic", "port": 443}], "targetFqdns": [ACR.host]}, "quic"),
        ({"sourceAddresses": ["AzureCloud"], "targetFqdns": [ACR.host]}, "AzureCloud"),
        ({"sourceAddresses": "[parameters('x')]", "targetFqdns": [ACR.host]}, "parameters('x')"),
        ({"targetFqdns": [{"no": "text"}]}, "no text"),
        ({"ruleType": "NewRule"}, "newrule"),
    ],
)
def test_what_is_not_understood_is_unknown_and_listed_as_unread(extra: build.Json, phrase: str) -> None:
    rule = {**build.app("r"), **extra}
    policies = firewall(build.collection("c", 100, "Allow", rule))
    (finding,) = build.findings(policies, ACR)
    assert finding.coverage is Coverage.UNKNOWN, finding
    listed = [part.because for policy in policies for part in policy.unread]
    assert phrase in finding.because or any(phrase in because for because in listed), (finding.because, listed)
    denied = firewall(
        build.collection("d", 100, "Deny", rule), build.collection("a", 200, "Allow", build.app("yes", ACR.host))
    )
    assert build.coverage(denied, ACR) == ["unknown"]
    allowed = firewall(
        build.collection("a", 100, "Allow", build.app("yes", ACR.host)), build.collection("z", 200, "Deny", rule)
    )
    assert build.coverage(allowed, ACR) == (["unknown"] if "ruleType" in extra else ["covered"])
    assert "covered" not in build.coverage(policies, Requirement(host="decoy.io"))


def test_missing_parts_come_first_and_leave_everything_open() -> None:
    allow = build.group("g", 100, build.collection("c", 100, "Allow", build.app("r", ACR.host)))
    lost = f"{build.HUB}/ruleCollectionGroups/other"
    named = build.policy(ruleCollectionGroups=[{"id": lost}, {"id": allow["id"]}])
    for policies, phrase in (
        (build.of(named, allow), "other: it is not among the files"),
        (build.of(build.policy(base=build.BASE), allow), "the base policy base: it is not among the files"),
        (
            build.of(build.policy(), **{f"{build.HUB.lower()}/rulecollectiongroups": "403: no"}),
            "groups of hub: 403: no",
        ),
    ):
        (finding,) = build.findings(policies, ACR)
        assert finding.coverage is Coverage.UNKNOWN and phrase in finding.because, finding
        assert [part for policy in policies for part in policy.unread]


def test_base_policies_in_a_circle_are_refused() -> None:
    with pytest.raises(UsageError, match="each other's base"):
        build.of(build.policy(base=build.BASE), build.policy(build.BASE, base=build.HUB))
    with pytest.raises(UsageError, match="each other's base"):
        build.of(
            build.policy("/x/firewallPolicies/leaf", base=build.HUB),
            build.policy(base=build.BASE),
            build.policy(build.BASE, base=build.HUB),
        )


def test_tls_inspection_and_modes_are_notes() -> None:
    rule = build.app("r", ACR.host, terminateTLS=True)
    policies = firewall(
        build.collection("c", 100, "Allow", rule), threatIntelMode="Deny", intrusionDetection={"mode": "Deny"},
        explicitProxy={"enableExplicitProxy": True},
    )  # fmt: skip
    (finding,) = build.findings(policies, ACR)
    assert finding.coverage is Coverage.COVERED and "inspects TLS" in finding.notes[0]
    assert ["threat intelligence" in n or "intrusion" in n or "explicit proxy" in n for n in policies[0].notes] == [
        True
    ] * 3


def test_a_dnat_rule_is_for_the_firewalls_own_addresses() -> None:
    rule = {**build.net("r", "20.9.9.9"), "ruleType": "NatRule", "translatedAddress": "10.0.0.5"}
    nat = {**build.collection("n", 50, "DNAT", rule), "ruleCollectionType": "FirewallPolicyNatRuleCollection"}
    allow = build.collection("a", 100, "Allow", build.app("yes", ACR.host))
    assert build.coverage(firewall(nat, allow), ACR) == ["covered"]


def test_classic_rules_of_a_firewall() -> None:
    rules = [{"name": "r", "protocols": [{"protocolType": "Https", "port": 443}], "sourceAddresses": ["*"],
              "targetFqdns": ["*.azurecr.io"]}]  # fmt: skip
    network = [{"name": "n", "protocols": ["TCP"], "sourceAddresses": ["*"], "destinationFqdns": [ARC.host],
                "destinationPorts": ["8084"]}]  # fmt: skip

    def classic(**properties: object) -> tuple[Policy, ...]:
        apps = {"name": "a", "properties": {"priority": 100, "action": {"type": "Allow"}, "rules": rules}}
        nets = {"name": "n", "properties": {"priority": 100, "action": {"type": "Allow"}, "rules": network}}
        properties = {"applicationRuleCollections": [apps], "networkRuleCollections": [nets], **properties}
        return build.of({"id": build.FIREWALL, "name": "fw", "properties": properties})

    assert build.coverage(classic(), ACR, ARC, UBUNTU) == ["covered", "unknown", "missing"]
    proxied = classic(additionalProperties={"Network.DNS.EnableProxy": "True"})
    assert build.coverage(proxied, ACR, ARC) == ["covered", "covered"]


def test_what_az_prints_without_properties_reads_the_same() -> None:
    flat_policy = {"id": build.HUB, "name": "hub", "dnsSettings": {"enableProxy": True}, "ruleCollectionGroups": []}
    whole = build.group("g", 100, build.collection("c", 100, "Allow", build.app("r", ACR.host)))
    flat_group = {"id": whole["id"], "name": "g", **whole["properties"]}
    policies = read(
        [Document("policy.json", json.dumps(flat_policy)), Document("groups.json", json.dumps([flat_group]))]
    )
    assert build.coverage(policies, ACR) == ["covered"]


# -- several policies, private endpoints


def test_traffic_has_to_pass_every_policy_and_the_worst_tells() -> None:
    allow = build.of(
        build.policy(), build.group("g", 100, build.collection("c", 100, "Allow", build.app("r", ACR.host, BLOBS.host)))
    )
    (finding,) = build.findings((*allow, *build.of_text("acrml.azurecr.io\n")), ACR)
    assert finding.coverage is Coverage.COVERED and finding.rules == ("g/c/r", "file:1")
    assert build.coverage((*allow, *build.of_text("other.azurecr.io\n")), ACR) == ["missing"]


def test_a_policy_for_one_compute_does_not_decide_about_another() -> None:
    (strict,) = build.of_text("other.io\n")
    edge = replace(strict, computes=("edge",))
    (open_,) = build.of_text("acrml.azurecr.io\n")
    rows = [replace(ACR, computes=("cloud",)), replace(ACR, computes=("edge",)), ACR]
    assert build.coverage((open_, edge), *rows) == ["covered", "missing", "missing"]
    assert build.coverage((edge,), rows[0]) == ["unknown"]


def test_what_a_private_endpoint_serves_needs_no_rule_of_a_firewall_but_one_of_the_cluster() -> None:
    row = replace(ACR, private=True)
    (finding,) = build.findings(firewall(), row)
    assert finding.coverage is Coverage.COVERED and "private endpoint" in finding.because
    cilium = {"apiVersion": "cilium.io/v2", "kind": "CiliumNetworkPolicy", "metadata": {"name": "x"},
              "spec": {"endpointSelector": {}, "egress": [{}]}}  # fmt: skip
    assert build.coverage(build.of_text(json.dumps(cilium)), row) == ["missing"]


def test_a_row_with_a_placeholder_is_unknown() -> None:
    row = Requirement(host="<registry>.azurecr.io", unresolved=True)
    assert build.coverage(firewall(build.collection("c", 1, "Allow", build.app("r", "*"))), row) == ["unknown"]


# -- what is allowed beyond need, and what is stale


def test_over_permissive_rules_are_named_with_the_reason() -> None:
    book = load()
    names = {"any": ["*"], "wide": ["*.core.windows.net"], "blobs": ["*.blob.core.windows.net"]}
    names |= {"fine": ["*.api.azureml.ms", ACR.host], "tld": ["*.com"]}
    rules = [build.app(name, *hosts) for name, hosts in names.items()]
    nets = [build.net("tag", "Storage.westeurope", "AzureCloud"), build.net("all", "0.0.0.0/0")]
    policies = firewall(build.collection("a", 200, "Allow", *rules), build.collection("n", 100, "Allow", *nets))
    logs = Requirement(host="*.blob.core.windows.net", kind=Kind.WILDCARD, level=Level.OPTIONAL, reason="Logs.")
    wide_rules = list(over_permissive(policies, book.shared, [logs], []))
    assert [(item.rule.rpartition("/")[2], item.allows) for item in wide_rules] == [
        ("tag", "Storage.westeurope"),
        ("tag", "AzureCloud"),
        ("all", "*"),
        ("any", "*"),
        ("wide", "*.core.windows.net"),
        ("blobs", "*.blob.core.windows.net"),
        ("tld", "*.com"),
    ]
    assert "storage account" in wide_rules[4].because and "The list itself asks for it" in wide_rules[5].hint
    assert [item.asked_for for item in wide_rules] == [False] * 5 + [True, False]
    elsewhere = list(over_permissive(policies, book.shared, [], [(0, 9)]))
    assert not elsewhere  # for other sources than the cluster's


@pytest.mark.parametrize("text", ["http_access allow all", "acl me src 10.0.0.0/8\nhttp_access allow me",
                                  "acl any dstdom_regex .*\nhttp_access allow any"])  # fmt: skip
def test_an_open_proxy_is_over_permissive(text: str) -> None:
    (item,) = over_permissive(build.of_text(text, "squid"), {}, [], [])
    assert item.allows == "*"
    assert not list(over_permissive(build.of_text("http_access allow localhost", "squid"), {}, [], []))


def test_an_allow_behind_a_denial_of_everything_lets_nothing_out() -> None:
    deny = build.collection(
        "d", 100, "Deny", build.net("no", "*", protocols=["Any"], ports=["*"], sourceAddresses=["*"])
    )
    policies = firewall(deny, build.collection("a", 200, "Allow", build.app("any", "*")))
    assert not list(over_permissive(policies, load().shared, [], []))


def test_rules_for_retired_hosts_are_stale() -> None:
    book = load()
    policies = firewall(build.collection("a", 100, "Allow", build.app("old", "k8connecthelm.azureedge.net", ACR.host)))
    (item,) = stale(policies, book.retired)
    assert item.host == "k8connecthelm.azureedge.net" and item.source.startswith("https://learn.microsoft.com")
    denied = firewall(build.collection("d", 100, "Deny", build.app("old", "k8connecthelm.azureedge.net")))
    assert not list(stale(denied, book.retired))


# -- what it comes to


@pytest.mark.parametrize(
    ("words", "level", "code"),
    [
        (["covered"], Level.REQUIRED, 0),
        (["covered", "missing"], Level.REQUIRED, 8),
        (["denied"], Level.REQUIRED, 8),
        (["partial"], Level.REQUIRED, 8),
        (["unknown"], Level.REQUIRED, 9),
        (["unknown", "missing"], Level.REQUIRED, 8),
        (["missing"], Level.RECOMMENDED, 9),
        ([], Level.REQUIRED, 9),
    ],
)
def test_exit_codes(words: list[str], level: Level, code: int) -> None:
    (finding,) = build.findings(firewall(), ACR)
    rows = [replace(finding, coverage=Coverage(word), level=level, host=f"h{n}.io") for n, word in enumerate(words)]
    marked = with_failing(rows)
    assert exit_code(marked) == code
    assert summary(marked)["coverage"] == {word.value: words.count(word.value) for word in Coverage}


@pytest.mark.parametrize(
    ("before", "now", "change", "code"),
    [
        ("missing", "missing", Progress.SAME, 0),
        ("missing", "denied", Progress.WORSE, 8),
        ("missing", "covered", Progress.BETTER, 0),
        ("covered", "unknown", Progress.WORSE, 9),
        ("unknown", "unknown", Progress.WORSE, 9),
        ("missing", "unknown", Progress.WORSE, 9),
        ("unknown", "missing", Progress.WORSE, 8),
        ("covered", "partial", Progress.WORSE, 8),
        (None, "missing", Progress.NEW, 8),
        (None, "covered", Progress.NEW, 0),
    ],
)
def test_a_baseline_fails_only_what_is_worse_or_new(before: str, now: str, change: Progress, code: int) -> None:
    (finding,) = build.findings(firewall(), ACR)
    finding = replace(finding, coverage=Coverage(now))
    earlier = {finding.key: Coverage(before)} if before else {}
    (marked,) = with_failing(compare([finding], earlier))
    assert marked.change is change and exit_code([marked]) == code


# -- what makes it fast changes nothing

NAMES = st.sampled_from(["a.io", "b.a.io", "c.b.a.io", "*.a.io", "*.b.a.io", "*a.io", "*", "x*.a.io", "x.io"])
ADDRESSES = st.sampled_from(
    ["20.1.0.0/16", "20.1.2.3", "10.0.0.0/8", "*", "Storage", "Storage.westeurope", "AzureCloud"]
)
RULES = st.one_of(
    st.builds(lambda names, port: build.app("r", *names, port=port), st.lists(NAMES, min_size=1, max_size=3),
              st.sampled_from([443, 80])),
    st.builds(lambda where, names: build.net("r", *where, destinationFqdns=names), st.lists(ADDRESSES, max_size=2),
              st.lists(st.sampled_from(["a.io", "b.a.io"]), max_size=1)),
)  # fmt: skip
ROWS = [
    Requirement(host="a.io"),
    Requirement(host="b.a.io", service_tags=("Storage.westeurope",)),
    Requirement(host="*.a.io", kind=Kind.WILDCARD),
    Requirement(host="*.b.a.io", kind=Kind.WILDCARD),
    Requirement(host="20.1.2.3", kind=Kind.IP, protocol=Protocol.TCP),
    Requirement(host="Storage", kind=Kind.SERVICE_TAG, protocol=Protocol.TCP),
]


@settings(max_examples=150, deadline=None)
@given(st.lists(RULES, min_size=1, max_size=8), st.booleans())
def test_the_index_finds_the_rules_that_hold_and_the_first_that_may(rules: list[build.Json], proxy: bool) -> None:
    (policy,) = firewall(build.collection("c", 100, "Allow", *rules), dnsSettings={"enableProxy": proxy})
    index = RuleIndex(policy)
    for row in ROWS:
        for traffic in traffics(row, [Whence(span_of(build.SOURCE)), Whence()]):
            slow = [(n, rule, rule.fit(traffic)) for n, rule in enumerate(policy.rules)]
            fast, holding = index.rules_for(traffic), [held for held in slow if held[2] is not Fit.NONE]
            doubts = [held for held in holding if held[2] is Fit.MAYBE]
            assert fast == [held for held in holding if held in fast]
            assert [held for held in holding if held not in doubts] == [held for held in fast if held not in doubts]
            assert doubts[:1] == [held for held in fast if held in doubts][:1]  # all of them allow


@given(st.from_regex(r"[0-9]{1,3}(\.[0-9]{1,3}){3}(/[0-9]{1,2})?", fullmatch=True))
def test_addresses_are_what_the_standard_library_says(text: str) -> None:
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        assert span_of(text) is None
    else:
        assert span_of(text) == (int(network.network_address), int(network.broadcast_address))


# -- nothing that is not understood ever makes it green

MEANS = ("*", "any", "tcp", "udp", "icmp")  # words that a firewall knows, in any case; a digit may be a port
WORD = st.text(max_size=8).filter(lambda text: text.casefold() not in MEANS and not any(map(str.isdigit, text)))
GARBAGE = st.one_of(
    st.none(), st.booleans(), st.integers(), WORD, st.lists(WORD, max_size=2), st.dictionaries(WORD, WORD, max_size=2)
)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_garbage_in_a_rule_is_survived_and_never_covers(data: st.DataObject) -> None:
    rule = build.app("r", ACR.host) if data.draw(st.booleans()) else build.net("r", destinationFqdns=[ACR.host])
    key = data.draw(st.sampled_from(sorted(set(rule) - {"name", "destinationAddresses"})))
    rule[key] = data.draw(GARBAGE)
    words = build.coverage(firewall(build.collection("c", 100, "Allow", rule)), Requirement(host="decoy.io"), ACR)
    assert words[0] != "covered"
    assert words[1] in ("unknown", "missing")


DENY_ALL = build.collection("d", 100, "Deny", build.app("no", "*.azurecr.io"))
ALLOW = build.collection("a", 200, "Allow", build.app("yes", ACR.host, UBUNTU.host), build.net("n", "20.1.0.0/16"))
WHOLE = {
    "firewall": [
        {"type": "Microsoft.Network/firewallPolicies", "name": "hub", "properties": {"dnsSettings": {
            "enableProxy": True}}},
        {"type": "Microsoft.Network/firewallPolicies/ruleCollectionGroups", "name": "hub/g",
         "properties": {"priority": 100, "ruleCollections": [DENY_ALL, ALLOW]}},
    ],
    "nsg": [
        {"type": "Microsoft.Network/networkSecurityGroups", "name": "g", "properties": {"securityRules": [
            {"name": f"r{number}", "properties": {
                "priority": number, "access": access, "direction": "Outbound", "protocol": "*",
                "sourceAddressPrefix": "*", "sourcePortRange": "*", "destinationAddressPrefix": where,
                "destinationPortRange": "443"}}
            for number, access, where in ((100, "Deny", "20.0.0.0/8"), (200, "Allow", "Internet"), (300, "Deny", "*"))
        ]}},
    ],
    "routes": [
        {"type": "Microsoft.Network/routeTables", "name": "t", "properties": {"routes": [
            {"name": "r", "properties": {"addressPrefix": "0.0.0.0/0", "nextHopType": "Internet"}},
            {"name": "s", "properties": {"addressPrefix": "20.0.0.0/8", "nextHopType": "None"}}]}},
    ],
}  # fmt: skip
REPLACED = st.sampled_from(
    [None, [], {}, "*", ["*"], "Deny", "Allow", 50, 900, "None", "Internet", "20.1.2.3", ["10.1.0.0/16"], ["443"], "80",
     DENY_ALL, [DENY_ALL], {"type": "Deny"}, "Inbound", "Tcp", [{"protocolType": "Https", "port": 443}]]
)  # fmt: skip


def _nodes(value: object, path: tuple[object, ...] = ()) -> Iterator[tuple[object, ...]]:
    """The paths of all values within a JSON value, names and kinds of resources aside."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        if key not in ("type", "name", "description", "ruleType", "ruleCollectionType"):
            yield (*path, key)
            yield from _nodes(item, (*path, key))


def _with(resources: object, path: tuple[object, ...], value: object) -> tuple[str, ...]:
    """What becomes of some rows when one value of a template is another; nothing where that is no policy."""
    whole = json.loads(json.dumps(resources))
    place = whole
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    text = json.dumps({"$schema": "x", "parameters": {"x": {"type": "object"}}, "resources": whole})
    try:
        return tuple(build.coverage(read((Document("template", text),)), ACR, UBUNTU, SERVER))
    except UsageError:
        return ()


@pytest.mark.parametrize("kind", WHOLE)
@settings(max_examples=250, deadline=None)
@given(data=st.data())
def test_what_only_a_deployment_tells_covers_no_more_than_any_value_would(kind: str, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(list(_nodes(WHOLE[kind]))))
    if any(key in ("sourceAddresses", "sourceAddressPrefix", "sourceAddressPrefixes") for key in path):
        return  # a parameter there is taken for the cluster's addresses, and said so
    untold = _with(WHOLE[kind], path, "[parameters('x')]")
    for row, word in enumerate(untold):
        if word == "covered":
            words = _with(WHOLE[kind], path, data.draw(REPLACED))
            assert not words or words[row] in ("covered", "unknown"), (path, words)


@settings(max_examples=200, deadline=None)
@given(st.recursive(GARBAGE, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
    st.sampled_from(["properties", "rules", "ruleCollections", "securityRules", "routes", "resources", "type", "id",
                     "name", "value", "basePolicy", "apiVersion", "kind", "spec", "egress", "toFQDNs", "parameters"]),
    inner, max_size=4), max_leaves=12))  # fmt: skip
def test_any_json_is_a_policy_or_one_clear_error(document: object) -> None:
    try:
        policies = read((Document("x.json", json.dumps(document)),))
    except UsageError as error:
        assert error.message and error.hint
        return
    if all(policy.default is False and policy.dialect != "nsg" for policy in policies):
        assert "covered" not in build.coverage(policies, ACR)
