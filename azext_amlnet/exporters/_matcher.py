"""What a target's rules can tell apart, and what a wildcard holds there: declared by each format, held to by tests."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Iterator, Sequence

from ..model import Kind, Requirement
from ..text import few


class Reach(str, Enum):
    """What `*.x` holds in a target; in the list it is every name below x, and not x itself."""

    BELOW = "every name below it"
    ONE_LABEL = "names one label below it"
    WITH_APEX = "every name below it, and the name itself"
    NOTHING = "nothing: there are no wildcards"


@dataclass(frozen=True)
class Matcher:
    """What rules of a target tell apart.

    `ports`, `protocols` and `sources`: whether a rule is for one of them; `private`: whether what private endpoints
    serve gets rules, too; `names`: whether rules are for names; `opens`: whether it lets anything through by itself.
    """

    wildcard: Reach = Reach.BELOW
    ports: bool = True
    protocols: bool = True
    sources: bool = False
    private: bool = False
    names: bool = True
    opens: bool = True

    def holds(self, name: str, host: str) -> bool:
        """Whether a rule for a name of the list, perhaps a wildcard, holds for a host in this target."""
        if not name.startswith("*."):
            return name == host
        labels = host.removesuffix(name[1:]).count(".") + 1 if host.endswith(name[1:]) else 0
        if self.wildcard is Reach.NOTHING:
            return False
        apex = self.wildcard is Reach.WITH_APEX and host == name[2:]
        return apex or labels == 1 or (labels > 1 and self.wildcard is not Reach.ONE_LABEL)

    def losses(self, rows: Sequence[Requirement], target: str) -> Iterator[str]:
        """What of the rows that it writes the target reads otherwise, by their names: ports, and wildcards."""
        if not (rows and self.names and self.opens):
            return
        named = [row for row in rows if row.kind in (Kind.FQDN, Kind.WILDCARD)]
        if named and not self.ports:
            hosts = few(sorted({row.host for row in named}), 8)
            yield f"{target} knows no ports here: these are open on all that the rule around them is for: {hosts}."
        names = [row.host for row in named if row.kind is Kind.WILDCARD]
        some = few(sorted(set(names)), 40)
        if not names:
            return
        if self.wildcard is Reach.ONE_LABEL:
            yield f"{target} reads a wildcard as one label, so names further below are not let through: {some}."
        elif self.wildcard is Reach.WITH_APEX:
            exact = {row.host for row in named if row.kind is Kind.FQDN}
            wider = sorted({name[2:] for name in names} - exact)
            if wider:
                yield f"{target} reads a wildcard as the name itself, too, so these are open as well: {few(wider, 40)}."
        elif self.wildcard is Reach.NOTHING:
            yield f"{target} has no wildcards, so what is below these is not let through; name the hosts: {some}."


LIST = Matcher(opens=False)
"""Of formats that tell people who needs what, or clients what to reach without a proxy."""
