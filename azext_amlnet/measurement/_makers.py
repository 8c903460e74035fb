"""Middleboxes: whose product an answer or a certificate names. Pure."""

from __future__ import annotations

from typing import Any, Iterator, Mapping, NamedTuple, Optional

from .scene import Facts, Scene


class Maker(NamedTuple):
    """A maker, and where its product names itself (a header, `cookie`, `title`, `text` or `issuer`)."""

    name: str
    where: str

    @property
    def answers(self) -> bool:
        """Whether the product gave the answer itself; `via` and cookies say only that it passed it on."""
        return self.where not in ("via", "cookie", "issuer")

    def __str__(self) -> str:
        return f"{self.name}, by its {self.where}"


def maker_of(facts: Facts, scene: Scene) -> Optional[Maker]:
    """The maker that an answer or a certificate names; one that gave the answer itself comes first."""
    return next(iter(sorted(_makers(facts, scene), key=lambda maker: not maker.answers)), None)


def _makers(facts: Facts, scene: Scene) -> Iterator[Maker]:
    for box in scene.middleboxes:
        for where, content in box.marks:
            value = _value(facts, where)
            if value is not None and content.lower() in value.lower():
                yield Maker(box.maker, where)


def _value(facts: Facts, where: str) -> Optional[str]:
    """What stands at the place that a mark names; None where there is nothing."""
    headers: Mapping[str, Any] = facts.get("headers") or {}
    if where == "issuer":
        issuer = facts.get("issuer") or {}
        return f"{issuer.get('O', '')} {issuer.get('CN', '')}" if issuer else None
    if where in ("title", "text"):
        return facts.get(where)
    return headers.get("set-cookie" if where == "cookie" else where)
