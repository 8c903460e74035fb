"""Which subnets name a security group or a route table, and so which traffic meets it.

https://learn.microsoft.com/azure/virtual-network/network-security-group-how-it-works (2026-11-26)
"""

from __future__ import annotations

from dataclasses import replace
from typing import Iterator, Optional, Sequence

from ..addresses import Span, span_of, union
from ..conditions import Sources
from ..model import Policy, unread_of, unread_rule
from ._arm import Notes, Pool, Resource, ids, is_it, taken_for_granted, texts


def within(pool: Pool, gate: Resource, key: str) -> Optional[Sources]:
    """Where the traffic comes from that meets a gate: the prefixes of its subnets; None where none names it."""
    notes, untold_of, spans, named = Notes(), Notes(), list[Span](), False
    for subnet in pool.of("subnet"):
        references = ids(subnet.body, untold_of, key)
        if any(is_it(gate, reference) for reference in references):
            named = True
            spans += _prefixes(subnet, notes)
            if subnet.conditional:
                notes.add(f"whether the subnet {subnet.label} exists depends on {subnet.conditional.on}")
        elif any("{" in reference for reference in references):
            untold_of.add(f"which {key} the subnet {subnet.label} has is not known")
    if not (named or untold_of.reasons):
        return None
    return Sources(union(spans), str(notes if named else untold_of))


def untold(pool: Pool, gates: Sequence[Resource], key: str, dialect: str) -> Iterator[Policy]:
    """The gates that subnets have and nobody showed, where others were shown: whatever they do is not known."""
    for subnet in pool.of("subnet") if gates else ():
        odd = Notes()
        references = ids(subnet.body, odd, key)
        if odd.reasons or any(not any(is_it(gate, reference) for gate in gates) for reference in references):
            name = references[0].rpartition("/")[2] if references else "(not known)"
            rules = (unread_rule(f"the {key} of the subnet {subnet.label}", "it is not among the files"),)
            notes = Notes()
            where = Sources(union(_prefixes(subnet, notes)), str(notes))
            yield Policy(name, dialect, rules, private=True, within=where, unread=unread_of(name, rules))


KEYS = {"nsg": "networkSecurityGroup", "route-table": "routeTable"}
"""Gates that subnets name, by their kinds: one that is not read can stop traffic, and lets none pass another gate."""


def apart(pool: Pool) -> Iterator[Policy]:
    """A gate that a template may make, as one of which nothing is known, in front of the subnets that name it."""
    for part in pool.of("elsewhere"):
        if part.gate in KEYS:
            what = f"{part.name} of {part.document}"
            rules = (unread_rule(what, f"{what} {part.why}"),)
            where = within(pool, replace(part, name=str(part.body.get("name", ""))), KEYS[part.gate])
            private, unread = part.gate == "nsg", unread_of(part.name, rules)
            yield Policy(part.name, part.gate, rules, private=private, within=where, unread=unread)


def completed(gate: Resource, key: str, where: Optional[Sources]) -> tuple[Resource, list[str]]:
    """A gate whose list its template leaves out, with an empty one where the template's own subnets name it.

    A deployment overwrites what there was (https://learn.microsoft.com/azure/azure-resource-manager/templates/
    deployment-modes, 2026-11-26); a part of a template, or one that lost a key, names no subnets.
    """
    if not (gate.made and where and gate.body.get(key) is None):
        return gate, taken_for_granted(gate, key)
    granted = f"{gate.document} gives {gate.label} no {key}: none is there once it is deployed."
    return replace(gate, body={**gate.body, key: []}), [granted]


def _prefixes(subnet: Resource, notes: Notes) -> list[Span]:
    prefixes = texts(subnet.body, notes, "addressPrefix", "addressPrefixes")
    known = [span for span in map(span_of, prefixes) if span]
    if len(known) < len(prefixes) or not prefixes:
        notes.add(f"the prefix of the subnet {subnet.label} is not known")
    return known
