"""What is asked of a policy: the traffic of a row, and how much of it something holds for. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import Iterable, Iterator, Optional, Sequence

from ..model import Kind, Protocol, Requirement
from .addresses import Span, span_of
from .evidence import Seen


class Fit(Enum):
    """How much of some traffic a condition holds for; MAYBE: that cannot be determined."""

    NONE = 0
    SOME = 1
    MAYBE = 2
    ALL = 3


def either(fits: Iterable[Fit]) -> Fit:
    """What holds when one of several conditions has to."""
    return max(fits, key=lambda fit: fit.value, default=Fit.NONE)


def every(fits: Iterable[Fit]) -> Fit:
    """What holds when all of several conditions have to."""
    combined = Fit.ALL
    for fit in fits:
        if fit is Fit.NONE:
            return fit
        if fit is Fit.MAYBE or combined is Fit.ALL:
            combined = fit
    return combined


_WORDS = {
    Protocol.HTTPS: frozenset({"tcp", "https"}),
    Protocol.TLS: frozenset({"tcp", "https"}),
    Protocol.HTTP: frozenset({"tcp", "http"}),
    Protocol.SMB: frozenset({"tcp"}),
    Protocol.TCP: frozenset({"tcp"}),
    Protocol.UDP: frozenset({"udp"}),
}


@dataclass(frozen=True)
class Whence:
    """Where traffic comes from, None where nobody told that, and whose it is; empty where that is not known either.

    `workspace` tells the compute's workspace from others of its name (`Workspace.key`), where that is known; `among`
    is whether other workspaces are asked about, too; `private` is of a row that others reach publicly.
    """

    span: Optional[Span] = None
    compute: str = ""
    workspace: str = ""
    among: bool = False
    private: bool = False


@dataclass(frozen=True)
class Traffic:
    """What one requirement sends from one source; `tag` is the service tag that its addresses are documented in.

    `elsewhere` names the tags that surely hold nothing of it (`service_tags.elsewhere`); `seen` is what a measurement
    and Azure's list of tags add to what documents say; `compute` is whose traffic it is, of which `workspace`, where
    that is known, and whether it is one `among` those of other workspaces.
    """

    kind: Kind
    host: str
    protocol: Protocol
    port: int
    source: Optional[Span] = None
    tag: Optional[str] = None
    fqdn_tags: tuple[str, ...] = ()
    private: bool = False
    elsewhere: frozenset[str] = frozenset()
    seen: Optional[Seen] = None
    compute: str = ""
    workspace: str = ""
    among: bool = False

    @property
    def words(self) -> frozenset[str]:
        """What a rule may call it: its transport, and what is spoken in it."""
        return _WORDS[self.protocol]

    @property
    def address(self) -> Optional[Span]:
        """The address that the row names, if it is one."""
        return span_of(self.host) if self.kind is Kind.IP else None


def traffics(
    row: Requirement,
    sources: Sequence[Whence],
    elsewhere: frozenset[str] = frozenset(),
    seen: Optional[Seen] = None,
) -> Iterator[Traffic]:
    """One for each source, and for each of the service tags that must all be open for it."""
    whole = Traffic(row.kind, row.host, row.protocol, row.port, None, None, row.fqdn_tags, row.private, elsewhere, seen)
    for source in sources:
        for tag in row.service_tags or (None,):
            yield replace(
                whole,
                private=row.private or source.private,
                source=source.span,
                compute=source.compute,
                workspace=source.workspace,
                among=source.among,
                tag=tag,
            )
