"""Policies of clusters for some pods: whose namespace and labels they are, and Kubernetes' own beside Cilium's."""

from __future__ import annotations

import json
from typing import Any, Optional

import pytest

from azext_amlnet.errors import UsageError
from azext_amlnet.model import Coverage
from azext_amlnet.policy import Document, Policy, read
from azext_amlnet.policy.pods import Pods, pods_of, selected

from . import policies as build
from .test_policy import ACR, SERVER, UBUNTU
from .test_policy_readers import cilium, to

TRAINER = {"matchLabels": {"app": "trainer"}}
EVERY = {"ports": [{"port": 53, "protocol": "UDP"}], "to": [{"namespaceSelector": {}}]}


def network(*egress: Any, name: str = "n", namespace: str = "", **spec: Any) -> Document:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    whole = {"podSelector": {}, "policyTypes": ["Egress"], "egress": list(egress), **spec}
    item = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": whole}
    return Document(f"{name}.yaml", json.dumps(item))


def block(cidr: str, *excepted: str, ports: Any = None) -> dict[str, Any]:
    entry = {"to": [{"ipBlock": {"cidr": cidr, **({"except": list(excepted)} if excepted else {})}}]}
    return {**entry, **({"ports": ports} if ports else {})}


def words(policies: tuple[Policy, ...]) -> list[str]:
    return build.coverage(policies, ACR, UBUNTU, SERVER)


@pytest.mark.parametrize(
    ("selector", "labels", "holds"),
    [
        ({}, None, True),
        (None, None, True),
        (TRAINER, {"app": "trainer"}, True),
        (TRAINER, {"app": "other"}, False),
        (TRAINER, {"app": ""}, False),
        (TRAINER, {"tier": "x"}, None),
        (TRAINER, None, None),
        ({"matchLabels": {"k8s:app": "trainer"}}, {"app": "trainer"}, True),
        ({"matchLabels": {"any:app": "trainer", "tier": "x"}}, {"app": "other"}, False),
        ({"matchLabels": {"k8s:io.kubernetes.pod.namespace": "azureml"}}, {}, True),
        ({"matchLabels": {"io.kubernetes.pod.namespace": "other"}}, {}, False),
        ({"matchLabels": {"reserved:host": ""}}, {"app": "trainer"}, None),
        (
            {"matchExpressions": [{"key": "app", "operator": "In", "values": ["a", "trainer"]}]},
            {"app": "trainer"},
            True,
        ),
        ({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["a"]}]}, {"app": ""}, True),
        ({"matchExpressions": [{"key": "app", "operator": "Exists"}]}, {"app": ""}, False),
        ({"matchExpressions": [{"key": "app", "operator": "DoesNotExist"}]}, {"app": ""}, True),
        ({"matchExpressions": [{"key": "app", "operator": "Like", "values": ["a"]}]}, {"app": "a"}, None),
        ({"matchExpressions": "app"}, {"app": "a"}, None),
        ({"matchSomething": {"a": 1}}, {"a": "1"}, None),
        ("app=trainer", {"app": "trainer"}, None),
    ],
)
def test_a_selector_selects_pods_as_kubernetes_does(selector: Any, labels: Any, holds: Optional[bool]) -> None:
    assert selected(selector, Pods("azureml", labels)).holds is holds


def test_labels_settle_whose_policy_it_is() -> None:
    ours = Document("ours", cilium(to(ACR.host), endpointSelector=TRAINER))
    (policy,) = read((ours,))
    allowed, rest, _ = build.findings([policy], ACR, UBUNTU, SERVER)
    assert allowed.coverage is Coverage.UNKNOWN and "by labels (app)" in allowed.because
    assert "--pod-labels" in allowed.hint and allowed.settled_by and allowed.settled_by.option == "--pod-labels"
    assert rest.coverage is Coverage.MISSING and "are taken to be for those of jobs" in policy.assumptions[0]
    assert words(read((ours,), pods=Pods(labels={"app": "trainer"}))) == ["covered", "missing", "missing"]
    assert words(read((ours,), pods=Pods(labels={"app": "other"}))) == ["covered", "covered", "covered"]
    everybody = Document("all", cilium(to("other.io")))
    assert words(read((ours, everybody), pods=Pods(labels={"app": "other"})))[0] == "missing"
    assert words(read((ours, everybody), pods=Pods(labels={"app": "trainer"})))[0] == "covered"


def test_namespaces_settle_whose_policy_it_is() -> None:
    def within(namespace: str, text: str) -> Document:
        item = json.loads(text)
        item["metadata"]["namespace"] = namespace
        return Document(namespace, json.dumps(item))

    both = within("azureml", cilium(to(ACR.host))), within("other", cilium(to("other.io")))
    (finding,) = build.findings(read(both), ACR)
    assert finding.coverage is Coverage.UNKNOWN and "--namespace" in finding.hint
    assert words(read(both, pods=Pods("azureml"))) == ["covered", "missing", "missing"]
    assert words(read(both, pods=Pods("other"))) == ["missing", "missing", "missing"]
    (policy,) = read(both, pods=Pods("third"))
    assert "no policy for namespace third: azureml, other" in policy.notes[0]
    for odd in ("app", "=x"):
        with pytest.raises(UsageError, match="key=value"):
            pods_of(None, (odd,))
    assert pods_of("ns", ("a=b", "c=")) == Pods("ns", {"a": "b", "c": ""}) and pods_of(None, ()) == Pods()


@pytest.mark.parametrize(
    ("egress", "expected"),
    [
        ((), ["missing", "missing", "missing"]),
        ((EVERY,), ["missing", "missing", "missing"]),
        ((EVERY, block("0.0.0.0/0")), ["covered", "covered", "covered"]),
        ((EVERY, block("0.0.0.0/0", "10.0.0.0/8")), ["covered", "covered", "covered"]),
        ((EVERY, block("0.0.0.0/0", ports=[{"port": 443}])), ["covered", "missing", "covered"]),
        ((EVERY, block("0.0.0.0/0", ports=[{"port": 80, "endPort": 500, "protocol": "TCP"}])),
         ["covered", "covered", "covered"]),
        ((EVERY, block("20.0.0.0/8")), ["unknown", "unknown", "covered"]),
        ((EVERY, block("10.0.0.0/8")), ["missing", "missing", "missing"]),
        ((EVERY, block("0.0.0.0/0", ports=[{"port": "https"}])), ["unknown", "unknown", "unknown"]),
        ((block("0.0.0.0/0"),), ["unknown", "unknown", "covered"]),
        (({},), ["covered", "covered", "covered"]),
        ((EVERY, {"to": [{"podSelector": {}}]}), ["missing", "missing", "missing"]),
        ((EVERY, {"to": [{"ipBlock": {"cidr": "x"}}]}), ["unknown", "unknown", "unknown"]),
        ((EVERY, {"to": [{"fqdn": "x.io"}]}), ["unknown", "unknown", "unknown"]),
    ],
)  # fmt: skip
def test_a_network_policy_of_kubernetes_goes_by_addresses(egress: Any, expected: list[str]) -> None:
    (policy,) = read((network(*egress),))
    assert words((policy,)) == expected and policy.dialect == "kubernetes-networkpolicy"


def test_what_is_no_egress_policy_denies_nothing() -> None:
    assert words(read((network(policyTypes=["Ingress"]),))) == ["covered"] * 3
    assert words(read((network(policyTypes=None, egress=None),))) == ["covered"] * 3
    assert words(read((network(EVERY, policyTypes=None),))) == ["missing"] * 3
    other = network(podSelector=TRAINER)
    assert words(read((other,), pods=Pods(labels={"app": "x"}))) == ["covered"] * 3
    assert words(read((other,))) == ["missing"] * 3
    assert words(read((network(spec_=1), network(EVERY, block("0.0.0.0/0"), name="m"))))[0] == "unknown"


def test_kubernetes_own_policies_add_up_with_those_of_cilium() -> None:
    first, second = Document("c.yaml", cilium(to(ACR.host))), network(EVERY, block("0.0.0.0/0", ports=[{"port": 80}]))
    for documents in ((first, second), (second, first)):
        (policy,) = read(documents)
        assert policy.dialect == "cilium" and words((policy,)) == ["covered", "covered", "missing"]
    one = Document("both.yaml", json.dumps({"apiVersion": "v1", "kind": "List", "items": [
        json.loads(first.text), json.loads(second.text)]}))  # fmt: skip
    assert words(read((one,))) == ["covered", "covered", "missing"]
    denied = Document("d.yaml", cilium(to(ACR.host), deny=[{"toEntities": ["world"]}]))
    assert words(read((denied, network(EVERY, block("0.0.0.0/0"))))) == ["denied", "missing", "missing"]
