"""Where TLS is inspected: what documents say of whom it breaks, and what Azure says of the nodes' trust."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import socket
import ssl
from dataclasses import replace
from pathlib import Path
from typing import Any, Optional

import pytest
import trustme

from azext_amlnet.catalog import load
from azext_amlnet.catalog.expand import expand
from azext_amlnet.catalog.inspection import exemptions, with_inspection
from azext_amlnet.errors import CatalogError
from azext_amlnet.files import read_workspace
from azext_amlnet.measurement.authorities import Authority, listed_in, shown_by
from azext_amlnet.measurement.interception import interceptions
from azext_amlnet.model import (
    Cause,
    Cluster,
    ClusterType,
    Compute,
    Effect,
    Fleet,
    Inputs,
    InspectedComponent,
    Proxy,
    Requirement,
    Result,
    Scope,
    Verdict,
    Workspace,
)
from azext_amlnet.prober import describe

from . import wire
from .example import EXAMPLE, proofs, rows
from .schemas import fits
from .squid import CERTGEN, SQUID, Opening, squid
from .test_e2e import one_line
from .test_e2e_test import FILE, PLAIN, TEST, Far
from .test_policy_squid import asked
from .world import ROOT, Az

CATALOG = load()
INSPECTOR = trustme.CA(organization_name="Contoso Inspection", organization_unit_name="Contoso Inspection")
OTHER = trustme.CA(organization_name="Contoso Inspection", organization_unit_name="Contoso Inspection")
STRANGER = trustme.CA(organization_name="Another")


def arm(*authorities: trustme.CA) -> str:
    """Authorities as ARM has them."""
    return base64.b64encode(b"\n".join(one.cert_pem.bytes() for one in authorities)).decode()


def seen(authority: trustme.CA) -> Authority:
    """An authority as a connection shows it."""
    (one,) = listed_in(arm(authority))
    return one


ISSUER = seen(INSPECTOR)


def result(row: Requirement, chain: bool = True, **more: Any) -> Result:
    """A row whose certificate an unknown issuer made."""
    organization, _, name = ISSUER.name.partition(" / ")
    names = {"O": organization, "CN": name} if name else {"O": organization}
    facts: dict[str, Any] = {"issuer": names, "failure": "certificate"}
    if chain:
        facts["authorities"] = [{"name": names, "sha256": ISSUER.sha256}]
    step = {"layer": "tls", "outcome": "failed", "elapsedMs": 1.0, "facts": facts}
    values: dict[str, Any] = {
        **{name: getattr(row, name) for name in ("host", "port", "protocol", "kind", "level", "reason", "computes")},
        **dict.fromkeys(("hint", "because"), ""),
        "topic": row.topic.value,
        "vantage": "local",
        "verdict": Verdict.BLOCKED,
        "layer": "tls",
        "notes": (),
        "cause": Cause.TLS_UNTRUSTED_ISSUER,
        "tested_by": None,
        "warnings": (),
        "elapsed_ms": 1.0,
        "steps": (step,),
    }
    return Result(**{**values, **more})


def predicted(workspace: Optional[Workspace], host: str, chain: bool = True) -> dict[str, tuple[Effect, str]]:
    """What is expected of each component where a host is inspected."""
    listed = expand(CATALOG, workspace, Scope()).rows if workspace else rows()
    (row,) = [row for row in listed if row.host == host]
    (one,) = interceptions(Inputs(CATALOG, Fleet((workspace,) if workspace else ()), listed), [result(row, chain)])
    assert one.issuer == ISSUER.name and one.fingerprint == (ISSUER.sha256 if chain else None) and one.hosts == (host,)
    assert all(consumer.source.startswith("https://") for consumer in one.consumers)
    return {consumer.component: (consumer.effect, consumer.because) for consumer in one.consumers}


def workspace(*types: ClusterType, **cluster: Any) -> Workspace:
    """A workspace with one cluster."""
    kind = "managedClusters" if ClusterType.AKS in types else "connectedClusters"
    provider = "Microsoft.ContainerService" if ClusterType.AKS in types else "Microsoft.Kubernetes"
    identifier = f"/subscriptions/{'0' * 8}-0000-0000-0000-{'0' * 12}/resourceGroups/g/providers/{provider}/{kind}/c"
    made = Cluster(id=identifier, types=types, region="westeurope", **cluster)
    registry = read_workspace(str(EXAMPLE)).registry
    return Workspace(
        region="westeurope",
        name="ws",
        registry=registry,
        computes=(Compute("gpu", identifier),),
        clusters=(made,),
    )


LOGIN, PULLS = "acrml.azurecr.io", "containerd (image pulls)"


@pytest.mark.parametrize(
    ("cluster", "chain", "effect", "part"),
    [
        ({}, True, Effect.NEEDS_AUTHORITY, "lists no authority of your own"),
        ({"readable": False}, True, Effect.NEEDS_AUTHORITY, "is not known"),
        ({"own_authorities": 1, "authorities": (arm(INSPECTOR),)}, True, Effect.OK, "by its fingerprint"),
        ({"own_authorities": 1, "authorities": (arm(STRANGER, INSPECTOR),)}, True, Effect.OK, "by its fingerprint"),
        ({"own_authorities": 1, "authorities": (arm(INSPECTOR),)}, False, Effect.OK, "was not seen"),
        ({"own_authorities": 1, "authorities": (arm(OTHER),)}, True, Effect.NEEDS_AUTHORITY, "but not this one"),
        ({"own_authorities": 1, "authorities": (arm(STRANGER),)}, True, Effect.UNKNOWN, "Another"),
        ({"own_authorities": 2}, True, Effect.UNKNOWN, "did not show"),
        ({"own_authorities": 1, "authorities": ("Y2E=",)}, True, Effect.UNKNOWN, "did not show"),
        ({"proxy": Proxy(trusted_ca=True, authorities=arm(INSPECTOR))}, True, Effect.OK, "by its fingerprint"),
        ({"proxy": Proxy(trusted_ca=True)}, True, Effect.UNKNOWN, "did not show"),
        ({"proxy": Proxy(https="http://p:3128")}, True, Effect.NEEDS_AUTHORITY, "lists no authority of your own"),
    ],
)
def test_what_azure_says_of_the_trust_of_aks_nodes(
    cluster: dict[str, Any], chain: bool, effect: Effect, part: str
) -> None:
    effect_, because = predicted(workspace(ClusterType.AKS, **cluster), LOGIN, chain)[PULLS]
    assert effect_ is effect and part in because and because.startswith("gpu: "), because


def test_arc_says_what_cannot_be_read() -> None:
    arc = workspace(ClusterType.ARC)
    effect, because = predicted(arc, "login.microsoftonline.com")["Arc agents"]
    assert effect is Effect.NEEDS_AUTHORITY and "cannot be read" in because
    effect, because = predicted(arc, LOGIN)[PULLS]
    assert effect is Effect.NEEDS_AUTHORITY and "not in Azure Resource Manager" in because


def test_the_kind_of_the_cluster_decides_who_there_is() -> None:
    aks, arc = (predicted(workspace(kind), "login.microsoftonline.com") for kind in (ClusterType.AKS, ClusterType.ARC))
    assert "Arc agents" in arc and "Arc agents" not in aks
    extension = "Azure Machine Learning extension"
    assert (aks[extension][0], arc[extension][0]) == (Effect.UNKNOWN, Effect.NEEDS_AUTHORITY)
    both = predicted(workspace(ClusterType.AKS, ClusterType.ARC), "login.microsoftonline.com")
    assert set(both) == set(aks) | set(arc)


def test_without_facts_the_list_tells_the_kinds() -> None:
    components = predicted(None, "login.microsoftonline.com")
    assert components["Arc agents"][0] is Effect.NEEDS_AUTHORITY and "Containers of jobs and endpoints" in components


def test_what_breaks_whatever_is_trusted() -> None:
    trusting = workspace(
        ClusterType.AKS,
        own_authorities=1,
        authorities=(arm(INSPECTOR),),
        api_server="c-dns-1.hcp.westeurope.azmk8s.io",
        private_cluster=False,
    )
    effect, because = predicted(trusting, "c-dns-1.hcp.westeurope.azmk8s.io")["Nodes and API server (konnectivity)"]
    assert effect is Effect.BREAKS and "ALPN" in because


def test_what_is_no_inspection_is_none() -> None:
    (row,) = [row for row in rows() if row.host == LOGIN]
    inputs = Inputs(CATALOG, Fleet(), rows())
    fine = result(row, verdict=Verdict.REACHABLE, cause=None)
    assert interceptions(inputs, [fine]) == () and interceptions(inputs, []) == ()
    assert interceptions(inputs, [result(row, cause=Cause.TLS_EXPIRED)]) == ()
    assert interceptions(inputs, [result(row, topic="extra")]) == ()  # whose issuer nobody knows
    warned = result(row, verdict=Verdict.REACHABLE, cause=None, warnings=("TLS is probably inspected: 'X' …",))
    assert len(interceptions(inputs, [warned])) == 1


def test_a_store_that_lacks_a_public_authority_is_no_inspection() -> None:
    (row,) = [row for row in rows() if row.host == LOGIN]
    inputs = Inputs(CATALOG, Fleet(), rows())
    public = {"layer": "tls", "outcome": "failed", "elapsedMs": 1.0, "facts": {
        "issuer": {"O": "Microsoft Corporation", "CN": "Microsoft Azure RSA TLS Issuing CA 04"}}}  # fmt: skip
    nobody = {**public, "facts": {"failure": "certificate"}}
    assert interceptions(inputs, [result(row, steps=(public,)), result(row, steps=(nobody,))]) == ()


def test_two_computes_on_one_cluster_are_both_named() -> None:
    one = workspace(ClusterType.AKS)
    two = replace(one, computes=(*one.computes, Compute("second", one.clusters[0].id)))
    assert predicted(two, LOGIN)[PULLS][1].startswith("gpu, second: ")
    listed = expand(CATALOG, two, Scope(computes=("gpu",))).rows
    (row,) = [row for row in listed if row.host == LOGIN]
    (made,) = interceptions(Inputs(CATALOG, Fleet((two,)), listed), [result(row)])
    assert any(consumer.because.startswith("gpu: ") for consumer in made.consumers)


def test_nodes_of_aks_are_aks_also_when_it_is_connected_to_arc() -> None:
    both = workspace(ClusterType.AKS, ClusterType.ARC, own_authorities=1, authorities=(arm(INSPECTOR),))
    listed = expand(CATALOG, both, Scope()).rows
    (row,) = [row for row in listed if row.host == LOGIN]
    (made,) = interceptions(Inputs(CATALOG, Fleet((both,)), listed), [result(row)])
    assert [one.effect for one in made.consumers if one.component == PULLS] == [Effect.OK]


def test_the_monitoring_add_on_has_what_the_proxy_is_said_to_have() -> None:
    host, component = "*.ods.opinsights.azure.com", "Monitoring add-on (logs)"
    by_nodes = workspace(ClusterType.AKS, monitoring=True, own_authorities=1, authorities=(arm(INSPECTOR),))
    assert predicted(by_nodes, host)[component][0] is Effect.NEEDS_AUTHORITY
    by_proxy = workspace(ClusterType.AKS, monitoring=True, proxy=Proxy(trusted_ca=True, authorities=arm(INSPECTOR)))
    assert predicted(by_proxy, host)[component][0] is Effect.OK


def test_windows_nodes_are_said_beside_ok() -> None:
    windows = workspace(ClusterType.AKS, windows_nodes=True, own_authorities=1, authorities=(arm(INSPECTOR),))
    effect, because = predicted(windows, LOGIN)[PULLS]
    assert effect is Effect.OK and "Windows nodes take no authority" in because


def test_each_vantage_and_issuer_is_one() -> None:
    (row,) = [row for row in rows() if row.host == LOGIN]
    several = [result(row), result(row, vantage="gpu"), result(row, chain=False)]
    made = interceptions(Inputs(CATALOG, Fleet(), rows()), several)
    assert [(one.vantage, one.issuer) for one in made] == [
        ("local", ISSUER.name),
        ("gpu", ISSUER.name),
        ("local", ISSUER.name),
    ]


# -- the catalog's word


def test_every_component_has_a_document_and_its_entries_carry_it() -> None:
    components = {component for entry in CATALOG.entries for component in entry.inspection}
    assert len(components) >= 12 and all(component.sources and component.remedy for component in components)
    carrying = {row.host: row.inspection for row in rows()}
    assert carrying["mlstore.blob.core.windows.net"] is Effect.BREAKS
    assert carrying["aks-gpu-dns-1a2b3c4d.hcp.northeurope.azmk8s.io"] is Effect.BREAKS
    assert carrying["acrml.azurecr.io"] is Effect.NEEDS_AUTHORITY and carrying["azure.archive.ubuntu.com"] is None
    assert carrying["ml-relay-ns.servicebus.windows.net"] is Effect.NEEDS_AUTHORITY


GOOD = """- {component: X, clusters: [aks], entries: [acr-login], effect: needs-authority, store: node, because: b,
  remedy: r, source: page}"""


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("acr-login", "acr-logn"), "unknown entry 'acr-logn'"),
        (("store: node, ", ""), "'store' is for what needs an authority"),
        (("needs-authority", "breaks"), "'store' is for what needs an authority"),
        (("needs-authority", "ok"), "unknown effect 'ok'"),
        (("[aks]", "[none]"), "unknown kind of cluster 'none'"),
        (("[aks]", "aks"), "'clusters' must be a list"),
        (("source: page", "source: other"), "other"),
        (("because: b,", ""), "the key 'because' is missing"),
    ],
)
def test_data_that_breaks_the_schema_is_named_with_its_line(change: tuple[str, str], message: str) -> None:
    pages = {"page": CATALOG.entries[0].sources[0]}
    assert any(entry.inspection for entry in with_inspection(CATALOG.entries, GOOD, pages))
    with pytest.raises(CatalogError, match=r"inspection\.yaml:1: ") as raised:
        with_inspection(CATALOG.entries, GOOD.replace(*change), pages)
    assert message in str(raised.value)


def test_the_page_has_the_catalogs_table() -> None:
    """AMLNET_UPDATE_DOCS=1 writes it anew."""
    names: dict[InspectedComponent, list[str]] = {}
    for entry in CATALOG.entries:
        for component in entry.inspection:
            names.setdefault(component, []).append(entry.id)
    lines = ["| component | clusters | effect | because | remedy | documents |", "|---|---|---|---|---|---|"]
    for one in names:
        links = ", ".join(f"[{number}]({source.url})" for number, source in enumerate(one.sources, 1))
        kinds = ", ".join(kind.value for kind in one.clusters)
        lines.append(f"| {one.component} | {kinds} | `{one.effect.value}` | {one.because} | {one.remedy} | {links} |")
    page = ROOT / "docs" / "inspection.md"
    before, _, rest = page.read_text(encoding="utf-8").partition("<!-- table -->\n")
    shown, end, after = rest.partition("<!-- end of table -->")
    table = "\n".join(lines) + "\n"
    if os.environ.get("AMLNET_UPDATE_DOCS"):
        page.write_text(f"{before}<!-- table -->\n{table}{end}{after}", encoding="utf-8")
    else:
        assert shown == table


# -- what the prober tells of who stands above a certificate


def test_the_prober_tells_the_chain_trusted_or_not(az: Az, net: wire.Wire, tmp_path: Path) -> None:
    root = trustme.CA(organization_name="Contoso Root")
    below = root.create_child_ca()
    net.public = below
    far = Far(net, tmp_path)
    far.ca.write_bytes(root.cert_pem.bytes())
    expected = [
        hashlib.sha256(ssl.PEM_cert_to_DER_cert(one.cert_pem.bytes().decode())).hexdigest() for one in (below, root)
    ]
    trusted = az(*TEST, *FILE, *PLAIN, *far.words)
    untrusted = az(*TEST, *FILE, *PLAIN, *far.words[:2], REQUESTS_CA_BUNDLE="")
    assert trusted.code == untrusted.code == 8  # what answers without a mark behind an inspection is not believed
    for ran, above in ((trusted, expected), (untrusted, expected[:1])):  # who sends the chain leaves the root out
        fits(ran.json, "report")
        (one,) = ran.json["interception"]
        assert (one["issuer"], one["fingerprint"]) == (seen(below).name, expected[0])
        storage = next(r for r in ran.json["results"] if r["host"] == "mlstore.blob.core.windows.net")
        tls = next(step["facts"] for step in storage["steps"] if step["layer"] == "tls")
        assert [authority.sha256 for authority in shown_by(tls)] == above
        effects = {consumer["component"]: consumer["effect"] for consumer in one["consumers"]}
        assert effects["Data access in jobs (azureml-dataprep-rslex)"] == "breaks"
        assert f"is inspected by '{seen(below).name}' (seen from local). Predicted: breaks: " in ran.err


def test_a_list_of_nothing_inspected_says_so_by_an_empty_list(az: Az, net: wire.Wire, tmp_path: Path) -> None:
    ran = az(*TEST, *FILE, *PLAIN, *Far(net, tmp_path).words)
    assert ran.code == 0 and ran.json["interception"] == []


def test_the_nodes_of_a_saved_workspace_are_asked(az: Az, net: wire.Wire, tmp_path: Path) -> None:
    net.public = INSPECTOR
    facts = json.loads(EXAMPLE.read_text(encoding="utf-8"))
    aks = next(one for one in facts["clusters"] if one["types"] == ["aks"])
    aks |= {"ownAuthorities": 1, "authorities": [arm(INSPECTOR)]}
    path = tmp_path / "facts.json"
    path.write_text(json.dumps(facts), encoding="utf-8")
    files = [tmp_path / "r.html", tmp_path / "r.md"]
    ran = az(*TEST, "--workspace-file", str(path), *PLAIN, *Far(net, tmp_path).words, "--report-file", *map(str, files))
    (one,) = ran.json["interception"]
    pulls = {c["because"].partition(":")[0]: c["effect"] for c in one["consumers"] if c["component"] == PULLS}
    assert pulls == {"gpu-aks": "ok", "edge": "needs-authority"}
    page, summary = (file.read_text(encoding="utf-8") for file in files)
    assert "Where TLS is inspected: who breaks" in page and "A prediction" in page and one["fingerprint"] in page
    assert "Predicted: breaks: " in summary


# -- the exceptions of an inspection


def exported(az: Az, kind: str, *words: str) -> Any:
    """An export of the example's exceptions."""
    return az("ml", "network", "export", *FILE, "--purpose", "tls-exemption", "--format", kind, *words)


@pytest.mark.parametrize("kind", ["hosts", "csv", "markdown", "squid"])
def test_the_exceptions_are_what_breaks_with_the_document_behind_each(az: Az, kind: str) -> None:
    ran = exported(az, kind)
    text = ran.json["content"]
    breaking = [row.host for row in rows() if row.inspection is Effect.BREAKS]
    assert ran.code == 0 and ran.json["rows"] == len(breaking) == 4
    named = set(re.findall(r"[a-z0-9-]+(?:\\?\.[a-z0-9-]+)+", text))
    assert {row.host for row in rows() if row.host in named} == set(breaking)
    assert text.count("github.com/Azure/azure-sdk-for-python/issues/30998") == 3
    assert text.count("vmextensionerror-k8sapiserverconnfail") == 1


def test_what_another_kind_of_cluster_breaks_on_is_not_excepted() -> None:
    """Custom metrics break with AKS' add-on; a cluster that is connected to Arc has none."""
    for kind, excepted in ((ClusterType.AKS, True), (ClusterType.ARC, False)):
        listed = expand(CATALOG, workspace(kind, monitoring=True), Scope()).rows
        hosts = {row.host for row in listed}
        assert "*.monitoring.azure.com" in hosts
        assert ("*.monitoring.azure.com" in {row.host for row in exemptions(CATALOG, listed)}) is excepted


def test_what_a_private_endpoint_serves_is_said(az: Az, tmp_path: Path) -> None:
    facts = json.loads(EXAMPLE.read_text(encoding="utf-8"))
    for account in facts["storageAccounts"]:
        account |= {"privateEndpoint": True, "publicAccess": False}
    path = tmp_path / "facts.json"
    path.write_text(json.dumps(facts), encoding="utf-8")
    words = ("--workspace-file", str(path), "--purpose", "tls-exemption", "--format", "hosts")
    text = az.must("ml", "network", "export", *words).json["content"]
    assert "mlstore.blob.core.windows.net is served by a private endpoint" in text
    assert "\nmlstore.blob.core.windows.net\n" not in text


def test_other_formats_refuse(az: Az) -> None:
    for kind in ("nsg", "azure-firewall-bicep", "cilium", "no-proxy"):
        one_line(exported(az, kind), kind, "csv, hosts, markdown, squid")


def test_exceptions_of_an_earlier_list_are_the_same(az: Az, tmp_path: Path) -> None:
    """A list that does not carry `inspection` names its entries, and they do."""
    listed = az.must("ml", "network", "requirements", *FILE).json
    path = tmp_path / "list.json"
    path.write_text(json.dumps([{k: v for k, v in row.items() if k != "inspection"} for row in listed]), "utf-8")
    words = ("--purpose", "tls-exemption", "--format", "hosts")
    ran = az.must("ml", "network", "export", "--requirements-file", str(path), *words)
    names = [line for line in ran.json["content"].splitlines() if not line.startswith("#")]
    assert names == [row.host for row in exemptions(CATALOG, rows())] and len(names) == 4


def issuer_behind(proxy: int, host: str, port: int) -> str:
    """Who issued the certificate that a client of the proxy sees."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", proxy), 10) as sock:
        assert asked(sock, f"CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n").split()[1] == b"200"
        with context.wrap_socket(sock, server_hostname=host) as tls:
            issuer: str = describe(tls.getpeercert(True))["issuer"]["O"]
            return issuer


@pytest.mark.skipif(SQUID is None or not CERTGEN.exists(), reason="needs squid-openssl: run `make tools` as root")
def test_a_real_squid_opens_all_but_the_exceptions(az: Az, net: wire.Wire) -> None:
    snippet = exported(az, "squid").json["content"].splitlines()
    inspector = trustme.CA(organization_name="Squid Inspection", key_type=trustme.KeyType.RSA)
    lines = (
        "acl first at_step SslBump1",
        "ssl_bump peek first",
        *snippet,
        "ssl_bump bump all",
        "http_access allow all",
    )
    opening = Opening(inspector.cert_pem.bytes() + inspector.private_key_pem.bytes(), net.public.cert_pem.bytes())
    expected = dict.fromkeys(("mlstore.blob.core.windows.net", "westeurope.api.azureml.ms"), "Microsoft Corporation")
    expected |= dict.fromkeys(("acrml.azurecr.io", "management.azure.com"), "Squid Inspection")
    port = net.azure(proofs())
    with squid(dict.fromkeys(expected, "127.0.0.1"), lines, opening=opening) as proxy:
        assert {host: issuer_behind(proxy, host, port) for host in expected} == expected
