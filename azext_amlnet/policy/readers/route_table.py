"""Route tables: where traffic is sent, the longest prefix first; does 0.0.0.0/0 go to the firewall that is checked?

https://learn.microsoft.com/azure/virtual-network/virtual-networks-udr-overview (2026-11-23)
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Iterator, Optional, Sequence

from ...text import is_service_tag
from ..addresses import EVERYTHING, span_of, union
from ..conditions import Destinations
from ..model import Policy, Rule, unread_of, unread_rule
from ._arm import Notes, Pool, Resource, family, is_it, needed, objects, texts, word
from ._expressions import shape_of
from ._keys import strange
from ._subnets import completed, untold, within

KINDS = ("route-table", "route")
_DIALECT = "route-table"


def read(pool: Pool) -> Iterator[Policy]:
    """One policy for each table; what no route decides goes to the Internet by Azure's own route."""
    firewalls = {address: firewall.label for firewall in pool.of("firewall") for address in addresses(firewall)}
    firewalls |= {shape: firewall.label for shape, firewall in _by_reference(pool)}
    tables = pool.of("route-table")
    routes_of = family(tables, pool.of("route"))
    for table in tables:
        lost, where, own = Notes(), within(pool, table, "routeTable"), routes_of.of(table)
        table, granted = completed(table, "routes", where)
        beside = own and "routes" not in table.body  # as a template may keep them
        inline = [] if beside else needed(table.body, "routes", lost, "its routes")
        bodies = [_body(item) | {"name": item.get("name")} for item in inline] + list(map(_of_route, own))
        lost.reasons += strange("route-table", table.body)
        if routes_of.loose:
            lost.add("routes that do not tell whose they are")
        policy = _policy(table.label, bodies, firewalls, table.body.get("disableBgpRoutePropagation"), lost)
        yield replace(policy, id=table.id, within=where, assumptions=(*policy.assumptions, *(() if own else granted)))
    yield from untold(pool, tables, "routeTable", _DIALECT)
    for of, routes in (*routes_of.alone.items(), *([("", routes_of.loose)] if routes_of.loose else [])):
        name = of.rpartition("/")[2] or routes[0].document
        policy = _policy(name, [_of_route(route) for route in routes], firewalls, None, Notes())
        yield policy if all(route.listed for route in routes) else _alone(policy)


def _alone(policy: Policy) -> Policy:
    """Routes whose table was not given: they decide what they hold, and what none of them holds is open."""
    why = "the table of these routes was not given, and it may have others"
    rules = (*policy.rules, unread_rule(why, name="(not given)"))
    assumed = f"The route table of {policy.name} was not given: it has no longer prefix than those that were. Give it, "
    assumed += "too (az network route-table show)."
    return replace(policy, rules=rules, notes=(), assumptions=(assumed,), unread=unread_of(policy.name, rules))


def _of_route(route: Resource) -> dict[str, Any]:
    """A route that stands alone; where it may not exist, where it leads is not known."""
    hop = {"nextHopType": f"a hop of a route that depends on {route.conditional.on}"} if route.conditional else {}
    return {**route.body, "name": route.name.rpartition("/")[2], **hop}


def addresses(firewall: Resource) -> Iterator[str]:
    """The private addresses that a route can name to send traffic to a firewall."""
    for item in objects(firewall.body.get("ipConfigurations"), Notes(), ""):
        yield from texts(_body(item), Notes(), "privateIPAddress", "privateIpAddress")
    hub = firewall.body.get("hubIPAddresses") or firewall.body.get("hubIpAddresses")
    if isinstance(hub, Mapping):
        yield from texts(hub, Notes(), "privateIPAddress", "privateIpAddress")


_OWN_ADDRESS = re.compile(r"\{reference\('([^']*)'.*privateipaddress\}", re.IGNORECASE)
_AS_ID = str.maketrans("|()", "/{}")  # as `_expressions.braced` writes what is within braces


def _by_reference(pool: Pool) -> Iterator[tuple[str, Resource]]:
    """The expressions in routes that stand for the address of a firewall that the same template makes."""
    routes = [route.body for route in pool.of("route")]
    routes += [
        _body(item) for table in pool.of("route-table") for item in objects(table.body.get("routes"), Notes(), "")
    ]
    for hop in {shape_of(route.get("nextHopIpAddress")) for route in routes}:
        match = _OWN_ADDRESS.fullmatch(hop)
        for firewall in pool.of("firewall") if match else ():
            if match and is_it(firewall, match[1].translate(_AS_ID).lower()):
                yield hop, firewall


def _body(item: Mapping[str, Any]) -> dict[str, Any]:
    inner = item.get("properties")
    return dict(inner if isinstance(inner, Mapping) else item if inner is None else {})


def _policy(
    name: str, routes: Sequence[Mapping[str, Any]], firewalls: Mapping[str, str], bgp_off: Any, lost: Notes
) -> Policy:
    rules = sorted((_rule(route, firewalls) for route in routes), key=_place)
    whole = union(span for rule in rules for where in rule.destinations for span in where.spans) == (EVERYTHING,)
    notes = []
    if not (whole or lost.reasons):
        learned = "" if bgp_off is True else ", unless a gateway announces another one"
        notes.append(f"{name} has no route for 0.0.0.0/0: traffic goes straight to the Internet{learned}.")
    rules = [*map(unread_rule, lost.reasons), *rules]
    return Policy(name, _DIALECT, tuple(rules), default=True, notes=tuple(notes), unread=unread_of(name, rules))


def _place(rule: Rule) -> tuple[int, int]:
    """Narrow before wide; then service tags, a region's before the whole, AzureCloud last; 0.0.0.0/0 behind all.

    A prefix beside a tag may be the longer one or not; it comes first and, for a name, decides nothing by itself.
    """
    where = next(iter(rule.destinations))
    if not where.spans and not where.tags:
        return 0, 0
    if where.spans:
        return (4, 0) if where.anything else (1, where.spans[0][1] - where.spans[0][0])
    head, _, region = where.tags[0].partition(".")
    return 2 + (head.lower() == "azurecloud"), not region


def _rule(route: Mapping[str, Any], firewalls: Mapping[str, str]) -> Rule:
    notes = Notes()
    prefix = next(iter(texts(route, notes, "addressPrefix")), "")
    span = span_of(prefix) if prefix else None
    tags = (prefix,) if span is None and is_service_tag(prefix) else ()
    if span is None and not tags:
        notes.add(f"the prefix '{prefix[:60]}' is not known here")
    where = Destinations(spans=(span,) if span else (), tags=tags, anything=span == EVERYTHING, unread=str(notes))
    allow, sends, unread, extra = _hop(route, firewalls)
    name = route["name"] if isinstance(route.get("name"), str) else prefix or "(route)"
    return Rule(name, allow, (where,), "sends", prefix, f" {sends}", extra, unread)


def _hop(route: Mapping[str, Any], firewalls: Mapping[str, str]) -> tuple[Optional[bool], str, str, tuple[str, ...]]:
    """Whether traffic gets on there, where that is in words, why it cannot be determined, and what is to be said."""
    kind = word(route.get("nextHopType"))
    address = next((shape_of(hop) for hop in (route.get("nextHopIpAddress"), route.get("nextHopIPAddress")) if hop), "")
    if kind == "virtualappliance" and address in firewalls:
        shown = "its own address" if "{" in address else address
        return True, f"to the firewall {firewalls[address]} ({shown})", "", ()
    if kind == "virtualappliance":
        known = "the firewall's address is not known; give the firewall itself as --policy, too"
        known = f"the firewall has {', '.join(sorted(firewalls))}" if firewalls else known
        return None, f"to the appliance {address}", known, ()
    if kind == "internet":
        name = route.get("name") if isinstance(route.get("name"), str) else "(route)"
        return True, "to the Internet", "", (f"Route '{name}' sends it past any firewall.",)
    if kind == "none":
        return False, "nowhere (next hop None)", "", ()
    named = route.get("nextHopType")
    return (
        None,
        f"to {named if isinstance(named, str) and named else 'a hop that is not named'}",
        "what follows there is not known",
        (),
    )
