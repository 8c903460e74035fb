"""Resource Graph: which rows are asked for, page by page, and which of ARM's answers they stand in for.

A row is what the resource's provider answered lately, in an api-version of its own, so it is taken only where it has
what that answer is read for; for all else there is the plain call. What the login may not read has no row, and nothing
says so (https://learn.microsoft.com/azure/governance/resource-graph/overview, 2026-11-24). Queries name what they want,
so that keys and connection strings stay where they are.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Iterator, Mapping, Optional

from ..vocabulary import BELOW_PREMIUM
from .answers import inner, items_of, properties, resource_id
from .arm import Arm, Refusal, no_page
from .clusters import EXTENSION
from .crawl import Call

_USUAL = ("location", "apiVersion")


@dataclass(frozen=True)
class Query:
    """One question: these types of a table, with these columns beside the usual ones, these properties as `properties`.

    A property is a path, with a blank between them; its value stands at the same path in a row. `spelled` asks for the
    first name of a path with a capital, too, as some providers have it.
    """

    table: str
    types: tuple[str, ...]
    properties: str = ""
    columns: tuple[str, ...] = _USUAL
    values: Mapping[str, str] = field(default_factory=dict)
    spelled: bool = False

    def text(self, ids: tuple[str, ...] = ()) -> str:
        """The query in Kusto's language, of all rows or those with these ids, in the order of ids that paging needs."""
        kinds = ", ".join(f"'{kind}'" for kind in self.types)
        these = f" | where id in~ ({', '.join(map(_quoted, ids))})" if ids else ""
        columns = ", ".join(("id=tostring(id)", "name", "type", *self.columns))
        packed = f", properties={_packed(self._tree(), self.values)}" if self.properties or self.values else ""
        return f"{self.table} | where type in~ ({kinds}){these} | project {columns}{packed} | order by id asc"

    def _tree(self) -> dict[str, Any]:
        tree: dict[str, Any] = {}
        for path in self.properties.split():
            *outer, name = path.split("/")
            at = tree
            for part in outer:
                at = at.setdefault(part, {})
            at[name] = self._value(path.split("/"))
        return tree

    def _value(self, path: list[str]) -> str:
        """Where a property stands in a row."""
        if not self.spelled:
            return _at(path)
        capital = path[0][0].upper() + path[0][1:]
        return f"coalesce(tostring({_at(path)}), tostring({_at([capital, *path[1:]])}))"


def _at(path: list[str]) -> str:
    """A property in Kusto's language; a name with a dot in it stands in brackets."""
    return "properties" + "".join(f"['{part}']" if "." in part else f".{part}" for part in path)


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _packed(tree: Mapping[str, Any], values: Mapping[str, str]) -> str:
    pairs = [f"'{key}', {_packed(one, {}) if isinstance(one, dict) else one}" for key, one in tree.items()]
    pairs += [f"'{key}', {value}" for key, value in values.items()]
    return f"pack({', '.join(pairs)})"


_PRIVATE = "publicNetworkAccess privateEndpointConnections"
_HOSTS = "strcat({})".format(
    ", ';', ".join(
        f"'{key}=', extract('(?i){key}=([^;]*)', 1, tostring(properties.ConnectionString))"
        for key in ("IngestionEndpoint", "LiveEndpoint")
    )
)
"""Of a connection string the hosts alone, which are no secrets; its keys never leave Azure."""

QUERIES: Mapping[str, Query] = {
    "workspaces": Query(
        "resources",
        ("microsoft.machinelearningservices/workspaces",),
        "workspaceId discoveryUrl containerRegistry storageAccount keyVault applicationInsights hubResourceId "
        f"hbiWorkspace managedNetwork/isolationMode notebookInfo/fqdn {_PRIVATE}",
        (*_USUAL, "kind"),
    ),
    "subscriptions": Query("resourcecontainers", ("microsoft.resources/subscriptions",), columns=()),
    "registries": Query(
        "resources",
        ("microsoft.containerregistry/registries", "microsoft.containerregistry/registries/replications"),
        "loginServer dataEndpointEnabled dataEndpointHostNames regionalEndpoints regionalEndpointHostNames "
        f"networkRuleSet/defaultAction regionEndpointEnabled {_PRIVATE}",
        (*_USUAL, "sku"),
    ),
    "storage": Query(
        "resources",
        ("microsoft.storage/storageaccounts",),
        f"primaryEndpoints secondaryEndpoints isHnsEnabled networkAcls/defaultAction {_PRIVATE}",
    ),
    "vaults": Query("resources", ("microsoft.keyvault/vaults",), f"vaultUri networkAcls/defaultAction {_PRIVATE}"),
    "components": Query("resources", ("microsoft.insights/components",), values={"ConnectionString": _HOSTS}),
    "aks": Query(
        "resources",
        ("microsoft.containerservice/managedclusters",),
        "fqdn privateFQDN apiServerAccessProfile networkProfile/outboundType httpProxyConfig agentPoolProfiles "
        "securityProfile/customCATrustCertificates securityProfile/defender addonProfiles azureMonitorProfile/metrics "
        "nodeProvisioningProfile aadProfile/enableAzureRBAC",
    ),
    "arc": Query(
        "resources",
        ("microsoft.kubernetes/connectedclusters", "microsoft.relay/namespaces"),
        "distribution gateway aadProfile/enableAzureRBAC serviceBusEndpoint",
        (*_USUAL, "tags"),
    ),
    "extensions": Query(
        "kubernetesconfigurationresources",
        ("microsoft.kubernetesconfiguration/extensions",),
        "extensionType configurationSettings/enableTraining configurationSettings/enableInference "
        "configurationSettings/relayserver.hybridConnectionResourceID",
        spelled=True,
    ),
    "networks": Query(
        "resources", ("microsoft.network/virtualnetworks", "microsoft.network/routetables"), "subnets routes"
    ),
}
"""All that is asked, by name: ten queries, whatever the number of workspaces."""


# ---------------------------------------------------------------------------------------------------------------------
# Pages


@dataclass(frozen=True)
class Rows:
    """The rows of a query, each once; `incomplete` says why they are not all."""

    rows: tuple[Mapping[str, Any], ...]
    incomplete: Optional[Refusal] = None


_SIZES = (1000, 250, 50, 10)
"""Rows a page; fewer where a page would have more than the 16 MB that an answer may have."""
_MOST_PAGES = 1000


def rows_of(arm: Arm, query: str, where: Mapping[str, Any]) -> Any:
    """All rows of a query in a scope (`subscriptions` or `managementGroups`) as Rows, or a Refusal."""
    answer: Any = None
    for size in _SIZES:
        answer = _pages(arm, query, where, size)
        if not (isinstance(answer, Refusal) and _too_large(answer)):
            break
    return answer


def _pages(arm: Arm, query: str, where: Mapping[str, Any], size: int) -> Any:
    rows: dict[str, Mapping[str, Any]] = {}
    options: dict[str, Any] = {"$top": size, "resultFormat": "objectArray"}
    tokens: set[str] = set()
    for _ in range(_MOST_PAGES):
        page = arm.query({**where, "query": query, "options": options})
        refusal = no_page(page, "data", "Resource Graph's answer is not a list of rows")
        if refusal is not None:
            return Rows(tuple(rows.values()), refusal) if tokens and not _too_large(refusal) else refusal
        for row in page["data"]:
            identifier = resource_id(row.get("id")) if isinstance(row, Mapping) else None
            if identifier:
                rows.setdefault(identifier.lower(), row)
        token = page.get("$skipToken") or page.get("skipToken")
        if not token:
            return Rows(tuple(rows.values()), _cut(page, len(rows)))
        if not isinstance(token, str) or token in tokens:
            return Rows(tuple(rows.values()), Refusal(200, "", "its pages lead back to one that was read"))
        tokens.add(token)
        options = {**options, "$skipToken": token}
    return Rows(tuple(rows.values()), Refusal(200, "", f"its pages do not end after {_MOST_PAGES}"))


def _too_large(refusal: Refusal) -> bool:
    return "payloadtoolarge" in refusal.code.lower()


def _cut(page: Mapping[str, Any], received: int) -> Optional[Refusal]:
    """Why what ends here is not all: cut without a way to go on, or fewer rows than there are."""
    total = page.get("totalRecords")
    if str(page.get("resultTruncated")).lower() == "true":
        return Refusal(200, "", "Resource Graph cut its answer and gave no way to go on")
    if isinstance(total, int) and received < total:
        return Refusal(200, "", f"Resource Graph gave {received} of {total} rows")
    return None


# ---------------------------------------------------------------------------------------------------------------------
# Rows → the answers that they stand in for

_FACTS = {
    "microsoft.machinelearningservices/workspaces": "workspace",
    "microsoft.containerregistry/registries": "registry",
    "microsoft.storage/storageaccounts": "storage",
    "microsoft.keyvault/vaults": "key-vault",
    "microsoft.insights/components": "app-insights",
    "microsoft.containerservice/managedclusters": "aks",
    "microsoft.kubernetes/connectedclusters": "arc",
    "microsoft.network/routetables": "route-table",
}
_NEEDED = {
    "workspace": ("workspaceId", "discoveryUrl", "notebookInfo"),
    "registry": ("loginServer",),
    "storage": ("primaryEndpoints",),
    "key-vault": ("vaultUri",),
    "app-insights": ("ConnectionString",),
    "aks": ("agentPoolProfiles", "networkProfile"),
    "arc": ("distribution",),
    "route-table": ("routes",),
}
"""The properties that every such resource has; a row without one of them was cut, or is of an old api-version."""
_SINCE = {"workspace": "2024-04-01", "aks": "2025-05-01"}
"""The stable api-version since which all that is read is in an answer; an older row may lack what there is.

https://github.com/Azure/azure-rest-api-specs (2026-11-26).
"""


def answers_of(rows: Mapping[str, Rows]) -> dict[Call, Any]:
    """The answers that rows, by the name of their query, stand in for, by the calls that they save.

    Rows that are not all there are stand in for no list.
    """
    known: dict[Call, Any] = {}
    listed: dict[Call, list[Any]] = {}
    for row, is_cut in ((row, some.incomplete) for some in rows.values() for row in some.rows):
        body, identifier = _body(row), str(resource_id(row.get("id")))
        kind = str(row.get("type") or "").lower()
        fact = _FACTS.get(kind)
        if fact and is_whole(fact, body):
            known[Call.of(fact, identifier)] = body
        elif kind == "microsoft.network/virtualnetworks":
            known.update(_subnets(body))
        elif kind in _LISTED and not is_cut:
            above = identifier.rpartition("/")[0]
            listed.setdefault(Call.of(_LISTED[kind], above, listing=True), []).append(body)
    known.update({call: items for call, items in listed.items() if _tells(call, items)})
    known.update({call: [] for call in _without_replicas(known) if call not in known})
    return known


_LISTED = {
    "microsoft.containerregistry/registries/replications": "replications",
    "microsoft.kubernetesconfiguration/extensions": "extensions",
    "microsoft.relay/namespaces": "relay",
}
"""The lists that rows are of: what stands in front of a row's name is the list's own path."""


def _body(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row as ARM would show it: names of properties begin small, and what is null is not there."""
    spelled = {key if key in _CAPITAL else key[:1].lower() + key[1:]: one for key, one in properties(row).items()}
    return {**row, "properties": _without_nothing(spelled)}


_CAPITAL = ("ConnectionString",)
"""The properties that ARM, too, begins with a capital."""


def _without_nothing(value: Any, depth: int = 0) -> Any:
    """A value without what is null in it, and without objects that had nothing else."""
    if not isinstance(value, Mapping) or depth > _DEEPEST:
        return value
    pruned = {key: _without_nothing(one, depth + 1) for key, one in value.items()}
    return {key: one for key, one in pruned.items() if one is not None and one != {}}


_DEEPEST = 20
"""Deeper than anything that is read of a row."""


def is_whole(fact: str, body: Mapping[str, Any]) -> bool:
    """Whether a row has all that the plain answer is read for, as far as that can be told from the row."""
    own, version = properties(body), str(body.get("apiVersion") or "")
    if not all(own.get(name) for name in _NEEDED[fact]) or version < _SINCE.get(fact, ""):
        return False
    if fact == "registry":  # regional endpoints are of Premium alone, and in previews of the api alone
        return _is_below_premium(body) or "regionalEndpoints" in own
    if fact == "arc":  # whether it goes through a gateway is told since 2026-03-01 at the latest
        return "gateway" in own or version >= "2026-03-01"
    if fact == "aks":  # whether a proxy is in force is told since 2026-01-01
        proxy = inner(own, "httpProxyConfig")
        return not proxy or "enabled" in proxy
    return fact != "app-insights" or "ingestionendpoint=http" in str(own["ConnectionString"]).lower()


def _subnets(network: Mapping[str, Any]) -> Iterator[tuple[Call, Any]]:
    """The subnets that stand in a network's row, each as ARM shows it."""
    for subnet in items_of(properties(network).get("subnets")):
        identifier = resource_id(subnet.get("id")) if isinstance(subnet, Mapping) else None
        own = properties(subnet)
        if identifier and (own.get("addressPrefix") or own.get("addressPrefixes")):
            yield Call.of("subnet", identifier), subnet


def _tells(call: Call, items: list[Any]) -> bool:
    """Whether rows are the list: of extensions only with Azure ML's own and its settings, as a cluster in use has them.

    Which extensions of AKS are in Resource Graph is not documented.
    """
    if call.fact != "extensions":
        return True
    own = (one for one in map(properties, items) if str(one.get("extensionType")).lower() == EXTENSION)
    keys = {key.lower() for one in own for key, value in inner(one, "configurationSettings").items() if value}
    return bool(keys & {"enabletraining", "enableinference"})


def _without_replicas(known: Mapping[Call, Any]) -> list[Call]:
    """The lists of replicas of registries that can have none: all but Premium."""
    plain = [call for call, body in known.items() if call.fact == "registry" and _is_below_premium(body)]
    return [Call.of("replications", f"{call.path}/replications", listing=True) for call in plain]


def _is_below_premium(registry: Mapping[str, Any]) -> bool:
    return str(inner(registry, "sku").get("name")).lower() in BELOW_PREMIUM
