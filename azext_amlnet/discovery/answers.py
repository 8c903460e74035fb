"""ARM's answers: what they are by fact and path, and readers of their JSON, which is untrusted text. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Iterator, Mapping, Optional
from urllib.parse import urlsplit

from ..text import is_host, is_label, is_line, is_range, is_region, is_resource_id
from .arm import Beginning, Refusal
from .crawl import Call

if TYPE_CHECKING:
    from ..model import Gap


@dataclass
class Answers:
    """The answers by fact and path, and the gaps that reading them leaves."""

    by_call: Mapping[Call, Any]
    gaps: list[Gap] = field(default_factory=list)

    def of(self, fact: str, path: Optional[str], listing: bool = False) -> Any:
        """An answer, or a Refusal; None when nothing was asked.

        Of a list that could not be read to its end, what was read of datastores, with a gap; of others, whose
        absence means something, why it could not.
        """
        answer = self.by_call.get(Call.of(fact, path, listing)) if path else None
        if not isinstance(answer, Beginning):
            return answer
        if fact != "datastores":
            return answer.refusal
        self.gap(fact, f"all {fact}", answer.refusal, f"the {len(answer)} that were read")
        return answer

    def resource(self, fact: str, path: str) -> Any:
        """An ARM object with properties, or a Refusal."""
        answer = self.of(fact, path)
        if isinstance(answer, Refusal) or properties(answer):
            return answer
        return Refusal(200, "", "its properties are missing in ARM's answer")

    def gap(self, fact: str, resource: str, reason: Any, assumed: str = "", of: Optional[str] = None) -> None:
        """Notes what is not known, why, and what is assumed in its place; `of` is the id of the resource."""
        from ..model import Gap  # not at the top: the first question is on its way before the nouns are imported

        text = " ".join(str(reason).split())
        gap = Gap(fact, resource, text if is_line(text) else "an answer that cannot be shown", assumed, of)
        if gap not in self.gaps:
            self.gaps.append(gap)


def reason_of(answer: Any) -> str:
    """Why an answer tells nothing."""
    return str(answer) if isinstance(answer, Refusal) else "no answer that could be read"


# ---------------------------------------------------------------------------------------------------------------------
# Ids and properties


def properties(item: Any) -> Mapping[str, Any]:
    """The `properties` of an ARM object, empty where they are missing."""
    body = item.get("properties") if isinstance(item, Mapping) else None
    return body if isinstance(body, Mapping) else {}


def resource_id(value: Any) -> Optional[str]:
    """The value when it is a well-formed ARM id."""
    return value.rstrip("/") if isinstance(value, str) and is_resource_id(value) else None


def account_id(datastore: Mapping[str, Any]) -> Optional[str]:
    """The storage account's ARM id, when a datastore's properties name all parts of it."""
    subscription, group, account = (datastore.get(key) for key in ("subscriptionId", "resourceGroup", "accountName"))
    if not (subscription and group and account):
        return None
    provider = "providers/Microsoft.Storage/storageAccounts"
    return resource_id(f"/subscriptions/{subscription}/resourceGroups/{group}/{provider}/{account}")


def normal_region(value: Any) -> Optional[str]:
    """`East US` and `eastus` → `eastus`; None for what is no region."""
    region = re.sub(r"\s", "", value).lower() if isinstance(value, str) else ""
    return region if is_region(region) else None


def cluster_id(compute: Any) -> Optional[str]:
    """The cluster behind a compute of type Kubernetes; the older type AKS is another service and is left out."""
    body = properties(compute)
    if str(body.get("computeType", "")).lower() != "kubernetes":
        return None
    return resource_id(body.get("resourceId"))


def subnets_of(cluster: Mapping[str, Any]) -> Iterator[str]:
    """The ids of the subnets of an AKS cluster's node pools and of their pods, by the cluster's properties."""
    for pool in items_of(cluster.get("agentPoolProfiles")):
        for key in ("vnetSubnetID", "podSubnetID"):
            identifier = resource_id(pool.get(key)) if isinstance(pool, Mapping) else None
            if identifier:
                yield identifier


def subnet_ranges(subnet: Mapping[str, Any]) -> list[str]:
    """The ranges of a subnet's properties, of IPv4 alone, by which everything here is reached."""
    prefixes = [subnet.get("addressPrefix"), *items_of(subnet.get("addressPrefixes"))]
    return sorted({text for text in prefixes if isinstance(text, str) and is_range(text) and ":" not in text})


# ---------------------------------------------------------------------------------------------------------------------
# Small readers of untrusted text


def host(value: Any) -> Optional[str]:
    """The host of a name or an URL, in lower case; None for what is no host."""
    text = value if isinstance(value, str) and value.isprintable() else ""
    if "://" in text:
        try:
            text = urlsplit(text).hostname or ""
        except ValueError:
            text = ""
    text = text.lower()
    return text if is_host(text) else None


def hosts(values: Any) -> tuple[str, ...]:
    """The hosts of a list, sorted, each once."""
    names = (host(value) for value in values) if isinstance(values, list) else ()
    return tuple(sorted({name for name in names if name}))


def label(value: Any) -> Optional[str]:
    """The text when it can be a resource's name."""
    return value if isinstance(value, str) and is_label(value) else None


def truth(value: Any) -> Optional[bool]:
    """True or False, also as the text that extension settings use; None for anything else."""
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}.get(value.strip().lower()) if isinstance(value, str) else None


def approved(body: Mapping[str, Any]) -> bool:
    """Whether a private endpoint connection is approved."""
    connections = body.get("privateEndpointConnections")
    states = (
        inner(properties(item), "privateLinkServiceConnectionState").get("status")
        for item in (connections if isinstance(connections, list) else ())
    )
    return any(str(state).lower() == "approved" for state in states)


def public(body: Mapping[str, Any]) -> bool:
    """Whether public access is on; it is unless ARM says Disabled."""
    return str(body.get("publicNetworkAccess") or "").lower() != "disabled"


def selected_networks(body: Mapping[str, Any], key: str = "networkAcls") -> bool:
    """Whether the resource's own firewall lets in only what its rules name."""
    return str(inner(body, key).get("defaultAction") or "").lower() == "deny"


def inner(body: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """The object below a key, empty where there is none."""
    value = body.get(key)
    return value if isinstance(value, Mapping) else {}


def items_of(value: Any) -> list[Any]:
    """The items of a list, none where there is no list."""
    return value if isinstance(value, list) else []


def name_of(identifier: str) -> str:
    """The last segment of an ARM id."""
    return identifier.rsplit("/", 1)[-1]


def connection_string(value: Any) -> dict[str, str]:
    """`Key=value;…` as a dictionary with lower-case keys; it holds secrets, so only hosts are taken out of it."""
    pairs = (part.partition("=") for part in value.split(";")) if isinstance(value, str) else ()
    return {key.strip().lower(): text.strip() for key, _, text in pairs}
