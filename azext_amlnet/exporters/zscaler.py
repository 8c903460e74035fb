"""A custom URL category of Zscaler Internet Access, as its API takes it.

https://help.zscaler.com/zia/url-categories and the Terraform provider's zia_url_categories (2026-11-27): a leading dot
stands for a name and all below it; 25,000 custom URLs an organisation.
"""

from __future__ import annotations

import json
from typing import Iterator, Sequence

from ..model import Kind, Requirement
from ..text import line
from ._matcher import Matcher, Reach
from ._text import Context, by_name, header, no_tags, private_notes, public, why

SUMMARY = "a custom URL category of Zscaler Internet Access, as JSON for its API"
MATCHER = Matcher(Reach.WITH_APEX, ports=False, protocols=False)
_MOST_URLS, _LONGEST = 25_000, 2000


def losses(rows: Sequence[Requirement]) -> Iterator[str]:
    """Ports and addresses, and the other two places that have to know."""
    yield "allow the category in URL filtering, exempt it in SSL inspection (do not inspect), and activate the change."
    for row in public(rows):
        if row.kind is not Kind.SERVICE_TAG and row not in written([row]):
            what = f"{row.host}, port {row.port}/{row.protocol.value}"
            yield f"{what}: the cloud firewall needs a rule of its own for it."
    if any(row.kind is Kind.WILDCARD for row in written(public(rows))):
        yield "a name with a dot in front holds names down to five levels below it, and none deeper."
    yield from no_tags(rows, "Zscaler")


def limits(rows: Sequence[Requirement], context: Context) -> Iterator[str]:
    """The URLs that an organisation may have."""
    count = len(_urls(rows))
    if count > _MOST_URLS:
        yield f"{count} URLs: an organisation has {_MOST_URLS:,} at most, in all categories."


def render(rows: Sequence[Requirement], context: Context, lost: Sequence[str]) -> str:
    """One object; reasons are in its description, since JSON has no comments."""
    whys = [f"{host}: {why(row)}" for host, row in _urls(rows).items()]
    about = [line(text) for text in (*header(context, lost), *private_notes(rows), *whys)]
    category = {
        "configuredName": context.name, "description": " | ".join(about)[:_LONGEST], "superCategory": "USER_DEFINED",
        "customCategory": True, "type": "URL_CATEGORY", "urls": list(_urls(rows)),
    }  # fmt: skip
    return json.dumps(category, indent=1) + "\n"


def written(rows: Sequence[Requirement]) -> list[Requirement]:
    """The rows whose names are URLs; of an underscore in its last two labels the whole request would be refused."""
    return [row for row in by_name(rows) if "_" not in "".join(row.host.split(".")[-2:])]


def _urls(rows: Sequence[Requirement]) -> dict[str, Requirement]:
    named = written(public(rows))
    return {(row.host[1:] if row.kind is Kind.WILDCARD else row.host): row for row in reversed(named)}
