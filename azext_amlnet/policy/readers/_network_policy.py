"""Kubernetes' own NetworkPolicy: which addresses pods may send to; of names it knows nothing.

Policies add up. One that has egress among its types denies its pods what none allows
(https://kubernetes.io/docs/concepts/services-networking/network-policies/, 2026-11-26).
"""

from __future__ import annotations

from typing import Any, Iterator, Mapping, Optional

from ..addresses import EVERYTHING, Span, span_of, union, without
from ..conditions import Destinations, Services
from ..documents import Document
from ..model import Rule
from ._kubernetes import listed, named, objects, strange

KIND, _GROUP = "NetworkPolicy", "networking.k8s.io/"
_SPEC = frozenset({"egress", "ingress", "podSelector", "policyTypes"})
_ENTRY, _PEER = frozenset({"ports", "to"}), frozenset({"ipBlock", "namespaceSelector", "podSelector"})
_BLOCK, _PORT = frozenset({"cidr", "except"}), frozenset({"endPort", "port", "protocol"})


def network_policies(document: Document) -> Iterator[Mapping[str, Any]]:
    """The network policies of Kubernetes in a document."""
    for item in objects(document):
        if item.get("kind") == KIND and str(item.get("apiVersion", "")).startswith(_GROUP):
            yield item


def spec_of(item: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a policy asks for; empty where it is no object."""
    spec = item.get("spec")
    return spec if isinstance(spec, Mapping) else {}


def denies_the_rest(spec: Mapping[str, Any]) -> bool:
    """Whether a policy is for what its pods send: by its types, and without these by having an egress part."""
    types = spec.get("policyTypes")
    return "Egress" in types if isinstance(types, list) and types else bool(spec.get("egress"))


def odd_part(item: Mapping[str, Any]) -> str:
    """A part of a policy that is not Kubernetes'; empty for a sound one."""
    spec = item.get("spec")
    if not isinstance(spec, Mapping):
        return "spec"
    kinds = {"egress": list, "policyTypes": list, "podSelector": Mapping}
    wrong = next((key for key, kind in kinds.items() if not isinstance(spec.get(key), (kind, type(None)))), "")
    return strange(spec, _SPEC) or wrong


def rules_of(item: Mapping[str, Any]) -> Iterator[Rule]:
    """What a policy allows beyond the cluster."""
    for position, entry in enumerate(listed(spec_of(item).get("egress")), 1):
        name = f"{named(item)}/egress[{position}]"
        if not isinstance(entry, Mapping) or strange(entry, _ENTRY):
            yield Rule(name, None, (), "is", "a rule", unread="a part of it is not Kubernetes'")
            continue
        where = _destinations(entry.get("to"))
        if where is not None:
            yield Rule(name, True, (_services(entry.get("ports")), where), "allows", *_shown(entry))


def asks_dns(item: Mapping[str, Any]) -> bool:
    """Whether a policy lets DNS be asked: UDP on port 53, of pods or of anything."""
    for entry in listed(spec_of(item).get("egress")):
        fields = entry if isinstance(entry, Mapping) else {}
        peers = listed(fields.get("to"))
        inside = not peers or any(isinstance(peer, Mapping) and "ipBlock" not in peer for peer in peers)
        pairs = _services(fields.get("ports")).pairs
        if inside and any(low <= 53 <= high and (not words or "udp" in words) for words, low, high in pairs):
            return True
    return False


def _destinations(peers: Any) -> Optional[Destinations]:
    """Where to; None for what is inside of the cluster alone."""
    if not isinstance(peers, (list, type(None))):
        return Destinations(unread="its destinations are no list")
    if not peers:
        return Destinations(anything=True)
    spans, unread, outside = list[Span](), "", False
    for peer in peers:
        block = peer.get("ipBlock") if isinstance(peer, Mapping) else None
        if not isinstance(peer, Mapping) or strange(peer, _PEER):
            unread = "a destination of it is not Kubernetes'"
        elif block is not None:
            outside = True
            own = _block(block)
            spans += own or ()
            unread = unread if own is not None else "an address of it is not known here"
    if not (outside or unread):
        return None
    whole = union(spans)
    return Destinations(spans=whole, anything=whole == (EVERYTHING,), unread=unread)


def _block(block: Any) -> Optional[list[Span]]:
    """The addresses of a block, without those that it excepts; None for what is none."""
    if not isinstance(block, Mapping) or strange(block, _BLOCK):
        return None
    span, excepted = span_of(str(block.get("cidr"))), [span_of(str(text)) for text in listed(block.get("except"))]
    if span is None or None in excepted:
        return None
    return list(without(span, union(filter(None, excepted))))


def _services(ports: Any) -> Services:
    """The ports, of TCP where it is not known; none is all of them."""
    if not isinstance(ports, (list, type(None))):
        return Services((), "its ports are no list")
    pairs, unread = [], ""
    for item in ports or [{"protocol": "any"}]:
        entry = item if isinstance(item, Mapping) else {"odd": True}
        protocol = str(entry.get("protocol") or "TCP").lower()
        low, last = entry.get("port", 0), entry.get("endPort")
        if strange(entry, _PORT) or not isinstance(low, int) or not isinstance(last, (int, type(None))):
            unread = f"the port '{str(low)[:40]}' is a name, or no port"
            continue
        words = frozenset[str]() if protocol == "any" else frozenset({protocol})
        pairs.append((words, low or 0, (last or low) or 65535))
    return Services(tuple(pairs), unread)


def _shown(entry: Mapping[str, Any]) -> tuple[str, str]:
    """The destinations and the ports, as the rule has them."""
    blocks = [peer.get("ipBlock") for peer in listed(entry.get("to")) if isinstance(peer, Mapping)]
    where = [str(block.get("cidr"))[:40] for block in blocks if isinstance(block, Mapping)] or ["any destination"]
    ports = [f"{port.get('protocol') or 'TCP'}/{port.get('port', '*')}"[:40]
             for port in listed(entry.get("ports")) if isinstance(port, Mapping)]  # fmt: skip
    return ", ".join(where[:3]), f" on {', '.join(ports[:3]) or 'any port'}"
