"""Route tables: where traffic is sent, the longest prefix first; does 0.0.0.0/0 go to the firewall that is checked?

https://learn.microsoft.com/azure/virtual-network/virtual-networks-udr-overview (2026-11-23)
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Iterator, Mapping, Optional, Sequence

from ...model import is_service_tag
from ..addresses import EVERYTHING, span_of
from ..conditions import Destinations
from ..model import Policy, Rule, unread_of
from ._arm import Notes, Pool, Resource, objects, texts, word

KINDS = ("route-table", "route")
_DIALECT = "route-table"


def read(pool: Pool) -> Iterator[Policy]:
    """One policy for each table; what no route decides goes to the Internet by Azure's own route."""
    firewalls = {address: firewall.label for firewall in pool.of("firewall") for address in addresses(firewall)}
    loose: dict[str, list[Resource]] = {}
    for route in pool.of("route"):
        loose.setdefault(_owner(route), []).append(route)
    for table in pool.of("route-table"):
        mine = loose.pop(table.id or table.name.lower(), [])
        given = [{**item, **_body(item)} for item in objects(table.body.get("routes"))]
        given += [{**route.body, "name": route.name.rpartition("/")[2]} for route in mine]
        policy = _policy(table.label, given, firewalls, table.body.get("disableBgpRoutePropagation"))
        yield replace(policy, id=table.id)
    for routes in loose.values():
        given = [{**route.body, "name": route.name.rpartition("/")[2]} for route in routes]
        yield _policy(routes[0].name.rpartition("/")[0] or routes[0].document, given, firewalls, None)


def addresses(firewall: Resource) -> Iterator[str]:
    """The private addresses that a route can name to send traffic to a firewall."""
    for item in objects(firewall.body.get("ipConfigurations")):
        yield from texts(_body(item), Notes(), "privateIPAddress", "privateIpAddress")
    hub = firewall.body.get("hubIPAddresses") or firewall.body.get("hubIpAddresses")
    if isinstance(hub, Mapping):
        yield from texts(hub, Notes(), "privateIPAddress", "privateIpAddress")


def _owner(route: Resource) -> str:
    by_id = route.id.partition("/routes/")[0] if route.id else ""
    return by_id or route.name.rpartition("/")[0].lower()


def _body(item: Mapping[str, Any]) -> Mapping[str, Any]:
    inner = item.get("properties")
    return inner if isinstance(inner, Mapping) else item


def _policy(name: str, given: Sequence[Mapping[str, Any]], firewalls: Mapping[str, str], bgp_off: Any) -> Policy:
    rules = sorted((_rule(route, firewalls) for route in given), key=_width)
    whole = any(_width(rule) == (1, EVERYTHING[1]) for rule in rules)
    notes = []
    if not whole:
        learned = "" if bgp_off is True else ", unless a gateway announces another one"
        notes.append(f"{name} has no route for 0.0.0.0/0: traffic goes straight to the Internet{learned}.")
    return Policy(name, _DIALECT, tuple(rules), default=True, notes=tuple(notes), unread=unread_of(name, rules))


def _width(rule: Rule) -> tuple[int, int]:
    """Narrow before wide; an explicit prefix before a service tag, which may be as narrow."""
    where = next(iter(rule.destinations))
    return (1, where.spans[0][1] - where.spans[0][0]) if where.spans else (0, 0)


def _rule(route: Mapping[str, Any], firewalls: Mapping[str, str]) -> Rule:
    notes = Notes()
    prefix = next(iter(texts(route, notes, "addressPrefix")), "")
    span = span_of(prefix) if prefix else None
    tags = (prefix,) if span is None and is_service_tag(prefix) else ()
    if span is None and not tags:
        notes.add(f"the prefix '{prefix[:60]}' is not known here")
    where = Destinations(spans=(span,) if span else (), tags=tags, anything=span == EVERYTHING, unread=str(notes))
    allow, sends, unread, extra = _hop(route, firewalls)
    name = str(route.get("name") or prefix)
    return Rule(name, allow, (where,), "sends", prefix, f" {sends}", extra, unread)


def _hop(route: Mapping[str, Any], firewalls: Mapping[str, str]) -> tuple[Optional[bool], str, str, tuple[str, ...]]:
    """Whether traffic gets on there, where that is in words, why it cannot be told, and what is to be said."""
    kind = word(route.get("nextHopType"))
    address = next(iter(texts(route, Notes(), "nextHopIpAddress", "nextHopIPAddress")), "")
    if kind == "virtualappliance" and address in firewalls:
        return True, f"to the firewall {firewalls[address]} ({address})", "", ()
    if kind == "virtualappliance":
        known = "the firewall's address is not known; give the firewall itself as --policy, too"
        known = f"the firewall has {', '.join(sorted(firewalls))}" if firewalls else known
        return None, f"to the appliance {address}", known, ()
    if kind == "internet":
        name = route.get("name") or "a route"
        return True, "to the Internet", "", (f"Route '{name}' sends it past any firewall.",)
    if kind == "none":
        return False, "nowhere (next hop None)", "", ()
    return None, f"to {route.get('nextHopType') or 'a hop that is not named'}", "what follows there is not known", ()
