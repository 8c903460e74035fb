"""CiliumNetworkPolicy and CiliumClusterwideNetworkPolicy: what pods may send, before anything leaves the cluster.

Allows of all policies add up, those of Kubernetes' own included, a denial wins over each of them, and a policy with an
egress part denies what none allows (https://docs.cilium.io/en/stable/security/policy/intro/ and /language/, /deny/,
2026-11-23).
"""

from __future__ import annotations

from typing import Any, Iterator, Mapping, Optional, Sequence

from ...errors import UsageError
from ..conditions import Condition, Perhaps
from ..documents import Document
from ..model import Policy, Rule, unread_of
from ..pods import Pods
from ..unknowns import Doubt
from ._cilium_dns import bars_dns, with_dns
from ._cilium_rules import ELSEWHERE, OUTSIDE, destinations, filled, services_of, shown
from ._kubernetes import listed, named, namespace_of, objects, strange
from ._network_policy import asks_dns, network_policies
from ._network_policy import denies_the_rest as network_denies
from ._selection import Part, beside_pods, network_parts, network_rules, part_of, taken_to_be_ours

OF_PODS = True
KINDS_OF_CILIUM = ("CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy")


def claims(document: Document) -> bool:
    """Whether one of its objects is a policy of Cilium."""
    return any(_policies(document))


def named_by(claimed: Sequence[Document], others: Sequence[Document]) -> list[Document]:
    """The files that count together with those of Cilium: Kubernetes' own policies add up with them."""
    beside = [document for document in others if claimed and any(network_policies(document))]
    return [*claimed, *(document for document in beside if document not in claimed)]


def read(documents: Sequence[Document], pods: Pods) -> Iterator[Policy]:
    """One policy of all objects: they hold together."""
    name = ", ".join(document.name for document in documents)
    for document in documents:
        if not (any(_policies(document)) or any(_others(document)) or any(network_policies(document))):
            hint = "Give the objects that kubectl get -o yaml prints."
            raise UsageError(f"There is no policy of Cilium in {document.name}.", hint)
    items = [item for document in documents for item in _policies(document)]
    own = [item for document in documents for item in network_policies(document)]
    several = len({_namespace(item) for item in (*items, *own)} - {""}) > 1
    parts = [part for item in items for spec in _specs(item) if (part := _part(item, spec, pods, several)) is not None]
    networks = network_parts(own, pods, several)
    beside = [_beside(document, kind) for document in documents for kind in _others(document)]
    default = _default([*parts, *networks])
    rules = (*_odd_rules(items), *beside, *_traffic_rules(parts, networks), *_rest(parts, default))
    yield Policy(
        name,
        "cilium",
        rules,
        default=bool(default),
        private=True,
        notes=tuple(beside_pods(name, [*items, *own], pods)),
        assumptions=tuple(taken_to_be_ours(name, [*parts, *networks])),
        unread=unread_of(name, rules),
    )


def _odd_rules(items: Sequence[Mapping[str, Any]]) -> Iterator[Rule]:
    return (Rule(named(item), None, (), "has", "specs", unread=_odd(item)) for item in items if _odd(item))


def _traffic_rules(parts: Sequence[Part], networks: Sequence[Part]) -> Iterator[Rule]:
    """Denials first, since each wins over every allow."""
    yield from (rule for part in parts for rule in _rules(part, "egressDeny", False))
    allowed = [rule for part in parts for rule in _rules(part, "egress", True)]
    allowed += [rule for part in networks for rule in network_rules(part)]
    barred = any(bars_dns(part.item, part.spec) for part in parts)
    asking = [] if barred else [(part.item, part.spec) for part in parts if not part.why]
    open_to_all = not barred and any(asks_dns(part.item) for part in networks if not part.why)
    yield from with_dns(asking, allowed, open_to_all)


def _rest(parts: Sequence[Part], default: Optional[bool]) -> Iterator[Rule]:
    """What leaves open what happens to traffic that no rule is for."""
    if default and any(bars_dns(part.item, part.spec) for part in parts):
        because = "a denial keeps DNS from being asked, or may do so"
        yield Rule("(the rest)", None, (), "is", "what none of them denies", unread=because)
    if default is None:
        because = "whether its policies select the pods of jobs is not known, and with it what happens to the rest"
        yield Rule("(the rest)", None, (), "is", "what none of them allows", unread=because)


def _policies(document: Document) -> Iterator[Mapping[str, Any]]:
    for one in objects(document):
        if one.get("kind") in KINDS_OF_CILIUM and str(one.get("apiVersion", "")).startswith("cilium.io/"):
            yield one


def _others(document: Document) -> Iterator[str]:
    """The kinds of other policies beside those that are read, which count as well."""
    known = [*_policies(document), *network_policies(document)]
    for one in objects(document):
        kind = str(one.get("kind", ""))
        if kind.endswith("Policy") and not any(one is other for other in known):
            yield kind


def _beside(document: Document, kind: str) -> Rule:
    return Rule(document.name, None, (), "has", f"a {kind}", unread=f"a {kind} is not read here, and it counts, too")


def _specs(item: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    specs = [item.get("spec"), *listed(item.get("specs"))]
    return (spec for spec in specs if isinstance(spec, Mapping))


_OBJECT = frozenset({"apiVersion", "kind", "metadata", "spec", "specs", "status"})
_SPEC = frozenset(
    {
        *("description", "egress", "egressDeny", "enableDefaultDeny", "endpointSelector", "ingress", "ingressDeny"),
        *("labels", "log", "nodeSelector"),
    }
)
_SWITCH = frozenset({"egress", "ingress"})
# What the API server knows and no more: it refuses an object with any other name
# (https://docs.cilium.io/en/stable/security/policy/language/ and the CRD's schema, 2026-11-26).


def _odd(item: Mapping[str, Any]) -> str:
    """What of a policy is not Cilium's: an unknown name, or a part of another shape; empty for a sound one."""
    specs, parts = item.get("specs"), [item.get("spec"), *listed(item.get("specs"))]
    if not isinstance(specs, (list, type(None))) or any(not isinstance(part, (Mapping, type(None))) for part in parts):
        return "a part of it has a shape that is not Cilium's"
    mappings = [part for part in parts if isinstance(part, Mapping)]
    if not mappings:
        return "it has neither spec nor specs"
    wrong = [strange(item, _OBJECT), *(strange(part, _SPEC) for part in mappings)]
    for part in mappings:
        switch = part.get("enableDefaultDeny")
        if not isinstance(switch, (Mapping, type(None))):
            wrong.append("enableDefaultDeny")
        elif switch is not None:
            wrong.append(
                strange(switch, _SWITCH) or next((k for k, v in switch.items() if not isinstance(v, bool)), "")
            )
    odd = next(filter(None, wrong), "")
    return f"'{odd[:60]}' is not Cilium's, or of another kind there" if odd else ""


def _namespace(item: Mapping[str, Any]) -> str:
    """The namespace whose pods a policy is for; empty for one of the whole cluster, or where it is not known."""
    return "" if item.get("kind") == KINDS_OF_CILIUM[1] else namespace_of(item)


def _part(item: Mapping[str, Any], spec: Mapping[str, Any], pods: Pods, several: bool) -> Optional[Part]:
    """A spec with why it may not hold for the pods of jobs; None for one that does not."""
    if spec.get("nodeSelector") is not None:
        return Part(item, spec, "it is for nodes that it selects", of=Doubt.PART)
    selector = spec.get("endpointSelector")
    return part_of(item, spec, _namespace(item), selector if isinstance(selector, Mapping) else [], pods, several)


def _rules(part: Part, section: str, allow: bool) -> Iterator[Rule]:
    entries = part.spec.get(section)
    if entries is not None and not isinstance(entries, list):
        yield Rule(named(part.item), None, (), "has", section, unread=f"its {section} is no list")
    for position, entry in enumerate(entries if isinstance(entries, list) else (), 1):
        name = f"{named(part.item)}/{section}[{position}]"
        if not isinstance(entry, Mapping):
            yield Rule(name, None, (), "is", "a rule", unread="it is no object")
        elif filled(entry):  # one without anything is for nothing
            yield from _rule(name, filled(entry), allow, part)


def _rule(name: str, entry: Mapping[str, Any], allow: bool, part: Part) -> Iterator[Rule]:
    where = destinations(entry)
    if where is None:
        return
    odd = sorted(set(map(str, entry)) - {*OUTSIDE, *ELSEWHERE, "toPorts", "icmps", "authentication"})
    for services, extra, asked in services_of(entry):
        because = "; ".join(filter(None, (part.why, extra, f"{odd[0][:40]} is not known here" if odd else "")))
        conditions: tuple[Condition, ...] = (services, where)
        if because:
            alone = part.why and not (extra or odd)
            doubt = Perhaps(where, because, part.hint, part.of if alone else Doubt.PART)
            conditions = (services, *asked, doubt)
        yield Rule(name, allow, conditions, "allows" if allow else "denies", *shown(entry))


def _default(parts: Sequence[Part]) -> Optional[bool]:
    """Whether what nothing allows may leave: not where a policy with an egress part selects the pods.

    A policy that selects pods by labels that are not known is taken to be for those of jobs: what it could never allow
    is told so.
    """
    denying = [part for part in parts if _denies_the_rest(part)]
    if any(not part.why or part.of is not Doubt.PART for part in denying):
        return False
    return None if denying else True


def _denies_the_rest(part: Part) -> bool:
    if part.network:
        return network_denies(part.spec)
    switch = part.spec.get("enableDefaultDeny")
    deny_egress = switch.get("egress") if isinstance(switch, Mapping) else None
    has_egress = bool(part.spec.get("egress") or part.spec.get("egressDeny"))
    return has_egress if deny_egress is None else deny_egress is not False
