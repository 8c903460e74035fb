"""The nouns: frozen values that every room of the house speaks in. Read this file first."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any, Callable, Mapping, Optional, Sequence, TypeVar

from . import text
from .vocabulary import CLUSTER_SCENARIOS as CLUSTER_SCENARIOS
from .vocabulary import CONDITION as CONDITION
from .vocabulary import EXIT_FINDINGS as EXIT_FINDINGS
from .vocabulary import EXIT_UNKNOWN as EXIT_UNKNOWN
from .vocabulary import Cause as Cause
from .vocabulary import Change as Change
from .vocabulary import Cloud as Cloud
from .vocabulary import ClusterType as ClusterType
from .vocabulary import Coverage as Coverage
from .vocabulary import Door as Door
from .vocabulary import Effect as Effect
from .vocabulary import FailOn as FailOn
from .vocabulary import Kind as Kind
from .vocabulary import Level as Level
from .vocabulary import Likeness as Likeness
from .vocabulary import Origin as Origin
from .vocabulary import Owner as Owner
from .vocabulary import Progress as Progress
from .vocabulary import Protocol as Protocol
from .vocabulary import Purpose as Purpose
from .vocabulary import Scenario as Scenario
from .vocabulary import Topic as Topic
from .vocabulary import TrustStore as TrustStore
from .vocabulary import Verdict as Verdict
from .vocabulary import Why as Why
from .vocabulary import cluster_type_of as cluster_type_of

SCHEMA_VERSION = 1
"""The version of every JSON document this tool writes and reads back."""
N = TypeVar("N")


def changed(noun: N, **fields: Any) -> N:
    """`dataclasses.replace` for rows by the ten thousand: a noun checks nothing when it is made, nor does its copy."""
    copy = object.__new__(type(noun))
    copy.__dict__.update(noun.__dict__, **fields)
    return copy


def checked(check: Callable[[Any], bool], what: str, omit: bool = False, **keywords: Any) -> Any:
    """A dataclass field whose values must pass a check when a file is read; `omit`: not in JSON while it is None."""
    return field(metadata={"check": check, "what": what, "omit": omit}, **keywords)


def _host(**keywords: Any) -> Any:
    return checked(text.is_host, "a host name", **keywords)


def _line(**keywords: Any) -> Any:
    return checked(text.is_line, "one line of text", **keywords)


def _resource_id(**keywords: Any) -> Any:
    return checked(text.is_resource_id, "an Azure resource id", **keywords)


def _name(**keywords: Any) -> Any:
    return checked(text.is_label, "a resource name", **keywords)


def _region(**keywords: Any) -> Any:
    return checked(text.is_region, "a region such as 'westeurope'", **keywords)


def _addresses(**keywords: Any) -> Any:
    return checked(text.is_range, "addresses such as 10.1.0.0/16", **keywords)


def _qualified(check: Callable[[str], bool] = text.is_qualified, **keywords: Any) -> Any:
    return checked(check, "names with / between them", **keywords)


def _port(**keywords: Any) -> Any:
    return checked(text.is_port, "a port from 1 to 65535", **keywords)


# ---------------------------------------------------------------------------------------------------------------------
# What ARM told us, and what it refused to tell


@dataclass(frozen=True)
class Gap:
    """A fact Azure refused to tell: about what, why, and what is assumed in its place."""

    fact: str = _name()
    resource: str = _line()
    reason: str = _line()
    assumed: str = _line(default="")
    id: Optional[str] = _resource_id(default=None)

    def in_workspace(self, name: str) -> Gap:
        """The gap with the name of its workspace, for where there are several."""
        return replace(self, resource=f"{name}: {self.resource}")

    def __str__(self) -> str:
        return f"{self.resource}: {self.reason}" + (f"; assumed: {self.assumed}" if self.assumed else "")


@dataclass(frozen=True)
class Registry:
    """The workspace's container registry; `data_endpoints` is None where Azure did not say."""

    name: str = _name()
    id: Optional[str] = _resource_id(default=None)
    login_server: Optional[str] = _host(default=None)
    region: Optional[str] = _region(default=None)
    sku: Optional[str] = _name(default=None)
    data_endpoints: Optional[bool] = None
    data_hosts: tuple[str, ...] = _host(default=())
    regional_hosts: tuple[str, ...] = _host(default=())
    replica_regions: tuple[str, ...] = _region(default=())
    private_endpoint: bool = False
    public_access: bool = True
    selected_networks: bool = False
    readable: bool = True


@dataclass(frozen=True)
class StorageAccount:
    """A storage account that the workspace uses, with its endpoints as host names."""

    name: str = _name()
    id: Optional[str] = _resource_id(default=None)
    default: bool = False
    blob: Optional[str] = _host(default=None)
    file: Optional[str] = _host(default=None)
    queue: Optional[str] = _host(default=None)
    table: Optional[str] = _host(default=None)
    dfs: Optional[str] = _host(default=None)
    secondary_blob: Optional[str] = _host(default=None)
    region: Optional[str] = _region(default=None)
    hierarchical_namespace: Optional[bool] = None
    datastores: tuple[str, ...] = _name(default=())
    datastore_types: tuple[str, ...] = _name(default=())
    private_endpoint: bool = False
    public_access: bool = True
    selected_networks: bool = False
    readable: bool = True


@dataclass(frozen=True)
class KeyVault:
    """The workspace's key vault."""

    name: str = _name()
    id: Optional[str] = _resource_id(default=None)
    host: Optional[str] = _host(default=None)
    region: Optional[str] = _region(default=None)
    private_endpoint: bool = False
    public_access: bool = True
    selected_networks: bool = False
    readable: bool = True


@dataclass(frozen=True)
class MlRegistry:
    """An Azure ML registry of the subscription: its regions, and what is behind it by name."""

    name: str = _name()
    regions: tuple[str, ...] = _region(default=())
    registries: tuple[str, ...] = _name(default=())
    storage_accounts: tuple[str, ...] = _name(default=())


@dataclass(frozen=True)
class AppInsights:
    """The workspace's Application Insights component: where it takes telemetry in."""

    name: str = _line()
    id: Optional[str] = _resource_id(default=None)
    ingestion_host: Optional[str] = _host(default=None)
    live_host: Optional[str] = _host(default=None)
    readable: bool = True


@dataclass(frozen=True)
class Hub:
    """The hub behind a workspace of kind Project: its own service address, and who serves it."""

    name: str = _name()
    id: Optional[str] = _resource_id(default=None)
    workspace_id: Optional[str] = _name(default=None)
    private_endpoint: bool = False
    public_access: bool = True
    readable: bool = True


@dataclass(frozen=True)
class Proxy:
    """The proxy an AKS cluster injects into its pods; credentials are dropped when it is read."""

    http: Optional[str] = _line(default=None)
    https: Optional[str] = _line(default=None)
    skip: tuple[str, ...] = _line(default=())
    trusted_ca: bool = False
    authorities: Optional[str] = checked(text.is_base64, "certificates in base64", default=None)


@dataclass(frozen=True)
class Cluster:
    """A Kubernetes cluster as ARM knows it; None means that Azure did not say."""

    id: Optional[str] = _resource_id(default=None)
    types: tuple[ClusterType, ...] = ()
    region: Optional[str] = _region(default=None)
    api_server: Optional[str] = _host(default=None)
    private_api_server: Optional[str] = _host(default=None)
    private_cluster: Optional[bool] = None
    vnet_integration: Optional[bool] = None
    outbound_type: Optional[str] = _name(default=None)
    proxy: Optional[Proxy] = None
    subnets: tuple[str, ...] = _resource_id(default=())
    source_addresses: Optional[tuple[str, ...]] = _addresses(omit=True, default=None)
    gpu_nodes: Optional[bool] = None
    windows_nodes: Optional[bool] = None
    azure_policy: Optional[bool] = None
    monitoring: Optional[bool] = None
    defender: Optional[bool] = None
    key_vault_csi: Optional[bool] = None
    own_authorities: int = 0
    authorities: tuple[str, ...] = checked(text.is_base64, "certificates in base64", default=())
    arc_gateway: Optional[bool] = None
    azure_rbac: Optional[bool] = None
    relay_host: Optional[str] = _host(default=None)
    service_bus_hosts: Optional[tuple[str, ...]] = _host(default=None)
    training: Optional[bool] = None
    inference: Optional[bool] = None
    readable: bool = True


@dataclass(frozen=True)
class Compute:
    """A Kubernetes compute attached to the workspace; where its jobs land by default."""

    name: str = _name()
    cluster_id: Optional[str] = _resource_id(default=None)
    namespace: Optional[str] = _name(default=None)
    node_selector: tuple[str, ...] = _line(default=())


@dataclass(frozen=True)
class Dependency:
    """One line of an outbound dependency list that Azure itself offers."""

    origin: Origin
    host: str = checked(text.is_destination, "a host name, a wildcard or an address")
    port: int = _port(default=443)
    protocol: Protocol = Protocol.HTTPS
    category: str = _line(default="")
    cluster_id: Optional[str] = _resource_id(default=None)


@dataclass(frozen=True)
class Workspace:
    """The facts about one workspace: what `--save-workspace-file` writes and `--workspace-file` reads.

    `source_addresses` is where the traffic of clusters comes from of which no facts tell that, as somebody said.
    """

    cloud: Cloud = Cloud.PUBLIC
    region: Optional[str] = _region(default=None)
    name: Optional[str] = _name(default=None)
    id: Optional[str] = _resource_id(default=None)
    workspace_id: Optional[str] = _name(default=None)
    kind: str = _name(default="Default")
    isolation_mode: Optional[str] = _name(default=None)
    hbi: Optional[bool] = None
    api_host: Optional[str] = _host(default=None)
    notebook_host: Optional[str] = _host(default=None)
    private_endpoint: bool = False
    public_access: bool = True
    hub: Optional[Hub] = None
    registry: Optional[Registry] = None
    storage_accounts: tuple[StorageAccount, ...] = ()
    key_vault: Optional[KeyVault] = None
    app_insights: Optional[AppInsights] = None
    ml_registries: Optional[tuple[MlRegistry, ...]] = None
    computes: Optional[tuple[Compute, ...]] = None
    clusters: tuple[Cluster, ...] = ()
    source_addresses: Optional[tuple[str, ...]] = _addresses(omit=True, default=None)
    dependencies: tuple[Dependency, ...] = ()
    gaps: tuple[Gap, ...] = ()

    @property
    def resource_group(self) -> Optional[str]:
        """The resource group that the workspace's id tells, if any."""
        parts = (self.id or "").split("/")
        return parts[4] if len(parts) > 4 else None

    @property
    def key(self) -> str:
        """What tells it from others of its name: the digest of its id; empty where that is not known."""
        return text.digest(self.id.lower()) if self.id else ""

    def gaps_about(self, *facts: str) -> tuple[str, ...]:
        """The gaps that concern one of the named facts, as text."""
        return tuple(str(gap) for gap in self.gaps if gap.fact in facts)

    def gaps_of(self, identifier: Optional[str], *facts: str) -> tuple[str, ...]:
        """The gaps that concern the resource with this id and one of the named facts, as text."""
        of = (identifier or "").lower()
        return tuple(str(gap) for gap in self.gaps if of and (gap.id or "").lower() == of and gap.fact in facts)


@dataclass(frozen=True)
class Subscription:
    """A subscription in which workspaces were looked for; without a name where Azure did not tell it."""

    id: str = _name()
    name: Optional[str] = _line(default=None)

    def __str__(self) -> str:
        return f"{self.name} ({self.id})" if self.name else self.id


@dataclass(frozen=True)
class SearchedScope:
    """Where workspaces were looked for, and how; what the login may not read there is not among what was found.

    `behind` is the firewall that they had to be behind: `not_behind` of them are not, and of `undecided` that cannot be
    told. `gaps` are of the scope itself, not of a workspace.
    """

    door: Door = Door.RESOURCE_GRAPH
    subscriptions: tuple[Subscription, ...] = ()
    management_groups: tuple[str, ...] = _name(default=())
    workspace_ids: tuple[str, ...] = _resource_id(default=())
    behind: Optional[str] = _resource_id(default=None)
    not_behind: tuple[str, ...] = _resource_id(default=())
    undecided: tuple[str, ...] = _resource_id(default=())
    gaps: tuple[Gap, ...] = ()


@dataclass(frozen=True)
class Fleet:
    """The facts about all workspaces that are asked about, and the scope in which they were looked for, if one was."""

    workspaces: tuple[Workspace, ...] = ()
    scope: Optional[SearchedScope] = field(default=None, metadata={"omit": True})

    @property
    def only(self) -> Optional[Workspace]:
        """The workspace, where there is just one."""
        return self.workspaces[0] if len(self.workspaces) == 1 else None

    @property
    def undecided(self) -> bool:
        """Whether workspaces were left out because it cannot be told whether they belong to it."""
        return bool(self.scope and self.scope.undecided)

    @property
    def cloud(self) -> Optional[Cloud]:
        """The cloud that all of them are in; None without any."""
        return self.workspaces[0].cloud if self.workspaces else None


def names_of(workspaces: Sequence[Workspace]) -> tuple[str, ...]:
    """What each workspace is called among the others: its name; `group/name` where names clash, and so on.

    Names that differ in case only clash, as they do in Azure. One of a file without a name gets its number.
    """
    names = [_spellings(workspace, number) for number, workspace in enumerate(workspaces, 1)]
    chosen = [0] * len(names)
    for _ in range(max(map(len, names), default=1)):
        count = Counter(spellings[at].lower() for spellings, at in zip(names, chosen, strict=True))
        for number, (spellings, at) in enumerate(zip(names, chosen, strict=True)):
            if count[spellings[at].lower()] > 1:
                chosen[number] = min(at + 1, len(spellings) - 1)
    return tuple(spellings[at] for spellings, at in zip(names, chosen, strict=True))


def _spellings(workspace: Workspace, number: int) -> list[str]:
    """The names of a workspace, from the shortest to one that nothing else has."""
    parts = (workspace.id or "").split("/")
    name = workspace.name or (parts[-1] if len(parts) > 8 else f"workspace-{number}")
    if len(parts) > 8:
        return [name, f"{parts[4]}/{name}", f"{parts[2]}/{parts[4]}/{name}"]
    return [name, f"{name}-{number}"]


# ---------------------------------------------------------------------------------------------------------------------
# The catalog: facts about Azure, with their evidence


@dataclass(frozen=True)
class Source:
    """Where a fact stands, and the day it was last looked up there."""

    url: str = _line()
    checked: str = _line()


@dataclass(frozen=True)
class Form:
    """One host of a catalog entry in every cloud it is documented for; a missing cloud means no known form."""

    hosts: Mapping[Cloud, str]
    kind: Kind
    protocol: Protocol
    port: int


@dataclass(frozen=True)
class ProbeForm:
    """How a row is tried, before the placeholders are filled; `hosts` names stand-ins by cloud, if any."""

    hosts: Mapping[Cloud, str]
    path: str
    proof: str


@dataclass(frozen=True)
class Tags:
    """The tags that are documented to hold an entry's hosts in these clouds: all of them must be open for it."""

    names: tuple[str, ...]
    clouds: tuple[Cloud, ...]
    source: Source


@dataclass(frozen=True)
class InspectedComponent:
    """What a document says of a component whose TLS with some entries' hosts is inspected.

    `store` is where it looks for authorities, for one that needs the inspecting authority.
    """

    component: str
    clusters: tuple[ClusterType, ...]
    effect: Effect
    store: Optional[TrustStore]
    because: str
    remedy: str
    sources: tuple[Source, ...]


@dataclass(frozen=True)
class CatalogEntry:
    """One fact about Azure: these hosts are needed for that, under this condition, says this page."""

    id: str
    since: str
    topic: Topic
    summary: str
    each: str
    forms: tuple[Form, ...]
    needed_for: tuple[Scenario, ...]
    level: Level
    undecided: Optional[Level]
    when: Mapping[str, tuple[Any, ...]]
    condition: str
    private_link: bool
    websocket: bool
    probe: Optional[ProbeForm]
    without_form: str
    instead_of: tuple[str, ...]
    sources: tuple[Source, ...]
    notes: tuple[str, ...]
    position: int
    place: str
    service_tags: Optional[Tags] = None
    fqdn_tags: Optional[Tags] = None
    inspection: tuple[InspectedComponent, ...] = ()


@dataclass(frozen=True)
class CrossCheck:
    """A dependency list that Azure itself offers, and what a row named only there is worth."""

    origin: Origin
    entry: str
    summary: str
    topic: Topic
    needed_for: tuple[Scenario, ...]
    source: Source
    categories: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Retired:
    """A host that Azure once asked for: a rule that still allows it is stale."""

    host: str
    since: str
    reason: str
    source: Source


@dataclass(frozen=True)
class Proof:
    """What the service's own answer looks like, and who says so."""

    name: str
    path: str
    summary: str
    source: Optional[Source] = None
    statuses: tuple[int, ...] = ()
    marks: tuple[tuple[str, str], ...] = ()
    forbidden: bool = False
    upgrade: bool = False
    own_authority: Optional[str] = None


@dataclass(frozen=True)
class Middlebox:
    """A maker of proxies, filters and firewalls, and what its products put into answers and certificates.

    A mark is where it stands (a header, `cookie`, `title`, `text`, `issuer`) and what it contains there.
    """

    maker: str
    marks: tuple[tuple[str, str], ...]
    sources: tuple[str, ...]


@dataclass(frozen=True)
class ServiceTag:
    """A service tag of Azure's table: what it is for, and the domains whose names its addresses may serve.

    `serves` is None for any name. `regional` says whether it may be narrowed to a region, as in `Storage.westeurope`.
    """

    name: str
    purpose: str
    serves: Optional[tuple[str, ...]]
    regional: bool
    source: Source


@dataclass(frozen=True)
class Catalog:
    """The book: entries in their order, the tables they lean on, a version and the digest of the very bytes.

    `shared` tells of suffixes and (in lower case) service tags below which anybody can have a name, why that matters.
    """

    version: str
    digest: str
    path: str
    clouds: Mapping[Cloud, Mapping[str, str]]
    cloud_notes: Mapping[Cloud, str]
    arc_region_codes: Mapping[str, str]
    proofs: Mapping[str, Proof]
    public_issuers: tuple[str, ...]
    middleboxes: tuple[Middlebox, ...]
    cross_checks: Mapping[Origin, CrossCheck]
    entries: tuple[CatalogEntry, ...]
    retired: tuple[Retired, ...]
    shared: Mapping[str, str]
    service_tag_table: tuple[ServiceTag, ...]


# ---------------------------------------------------------------------------------------------------------------------
# The question, and the answer


@dataclass(frozen=True)
class Scope:
    """Which part of a workspace is asked about."""

    computes: tuple[str, ...] = ()
    cluster_type: Optional[ClusterType] = None
    scenarios: tuple[Scenario, ...] = ()
    level: Level = Level.RECOMMENDED
    exclude: tuple[Topic, ...] = ()
    cross_check: bool = True


@dataclass(frozen=True)
class Endpoint:
    """What one would allow: the key for merging, baselines and policy checks."""

    kind: Kind
    host: str
    protocol: Protocol
    port: int


@dataclass(frozen=True)
class ProbeSpec:
    """How a requirement is tried: this host, this path, and the name of the proof the catalog describes."""

    host: str = checked(text.is_target, "a host name or an address")
    path: str = _line(default="/")
    proof: str = _name(default="tls")


EXTRA = ("extra-endpoint",)
"""In place of the catalog's entries, for a row that the user asked for by --endpoint."""


@dataclass(frozen=True)
class Provenance:
    """What a row was made with: the tool, the catalog, what was asked, and the digests of the row's entries."""

    tool: str = _line()
    catalog: str = _line()
    digest: str = _line()
    asked: str = _line(default="")
    entries: Mapping[str, str] = _line(default_factory=dict)


@dataclass(frozen=True)
class Variant:
    """What some of the workspaces that share a row say of it, where they differ."""

    workspaces: tuple[str, ...] = _qualified()
    level: Level = Level.REQUIRED
    needed_for: tuple[Scenario, ...] = ()
    private: bool = False
    assumed: bool = False
    reason: str = _line(default="")
    conditions: tuple[str, ...] = _line(default=())


@dataclass(frozen=True)
class Requirement:
    """An endpoint this workspace needs, and why: one row of `az ml network requirements`."""

    host: str = checked(text.is_requirement_host, "a host name, or one with a <placeholder>")
    port: int = _port(default=443)
    protocol: Protocol = Protocol.HTTPS
    kind: Kind = Kind.FQDN
    level: Level = Level.REQUIRED
    needed_for: tuple[Scenario, ...] = ()
    computes: tuple[str, ...] = _qualified(text.is_needing, default=())
    topic: Topic = Topic.AML
    websocket: bool = False
    reason: str = _line(default="")
    entries: tuple[str, ...] = _name(default=())
    resource: Optional[str] = _resource_id(default=None)
    workspaces: tuple[str, ...] = _qualified(default=())
    source_addresses: tuple[str, ...] = _addresses(default=())
    unknown_sources: Optional[tuple[str, ...]] = _qualified(text.is_needing, omit=True, default=None)
    private: bool = False
    unresolved: bool = False
    assumed: bool = False
    service_tags: tuple[str, ...] = checked(text.is_service_tag, "a service tag", default=())
    fqdn_tags: tuple[str, ...] = _name(default=())
    probe: Optional[ProbeSpec] = None
    inspection: Optional[Effect] = None
    sources: tuple[Source, ...] = ()
    notes: tuple[str, ...] = _line(default=())
    variants: Optional[tuple[Variant, ...]] = field(default=None, metadata={"omit": True})
    change: Optional[Change] = field(default=None, metadata={"omit": True})
    why: Optional[Why] = field(default=None, metadata={"omit": True})
    origin: Optional[Provenance] = field(default=None, metadata={"omit": True})

    @property
    def extra(self) -> bool:
        """Whether the user asked for it by --endpoint, and no catalog did."""
        return self.entries == EXTRA

    @property
    def for_clusters(self) -> bool:
        """Whether a cluster needs it, and not only people at their desks or managed compute."""
        return not set(CLUSTER_SCENARIOS).isdisjoint(self.needed_for)

    def computes_among(self, attached: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
        """Which of all attached computes need it, by their names as rows have them; see `text.by_workspace`."""
        named = {name.rpartition("/")[0] for name in self.computes}
        if "" in named:
            return self.computes
        others = [name for name in ("", *self.workspaces) if name not in named]  # who needs it for people
        return (*self.computes, *(compute for name in others for compute in attached.get(name, ())))

    def users_among(self, attached: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
        """Whose traffic goes to it: computes, and among several workspaces who needs it for what no cluster does.

        Those are called `workspace/(scenario)`, which is no compute's name: nobody's addresses are theirs.
        """
        needed = {name: one.needed_for for one in self.variants or () for name in one.workspaces}
        others = [
            f"{name}/({scenario.value})"
            for name in self.workspaces
            for scenario in needed.get(name, self.needed_for)
            if scenario not in CLUSTER_SCENARIOS and name in attached
        ]
        named = others and (self.computes or not self.for_clusters)
        return (*(self.computes if named else self.computes_among(attached)), *others)

    @property
    def conditions(self) -> tuple[str, ...]:
        """The notes that say under which condition it is needed, where facts could not decide."""
        return tuple(note for note in self.notes if note.startswith(CONDITION))

    @property
    def endpoint(self) -> Endpoint:
        """The requirement's identity."""
        return Endpoint(self.kind, self.host, self.protocol, self.port)


@dataclass(frozen=True)
class Requirements:
    """The list and what has to be said beside it: warnings name what was assumed, hints what to ask next.

    `gaps` are those that concern the list; the warnings begin with them.
    """

    rows: tuple[Requirement, ...]
    warnings: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()
    gaps: tuple[Gap, ...] = ()


@dataclass(frozen=True)
class Nearest:
    """What a host resembles, and how it differs."""

    likeness: Likeness
    host: str
    because: str


@dataclass(frozen=True)
class HostAnswer:
    """What a list says of one host: its rows at any level, or those of wildcards around it; what it resembles."""

    host: str
    listed: bool
    level: Optional[Level]
    because: str
    rows: tuple[Requirement, ...]
    nearest: Optional[Nearest]


@dataclass(frozen=True)
class Inputs:
    """What a verb works on: the catalog, the facts (none where rows came from a file or none were asked for), rows.

    `warnings` are to be said beside whatever is made of them; `everywhere` is where the traffic of rows without facts
    comes from, as somebody told, and `elsewhere` so that of several workspaces which is no cluster's.
    """

    catalog: Catalog
    fleet: Fleet
    rows: tuple[Requirement, ...]
    warnings: tuple[str, ...] = ()
    everywhere: tuple[str, ...] = ()
    elsewhere: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def workspaces(self) -> tuple[str, ...]:
        """What the workspaces are called: those of the facts, without facts those of the rows."""
        return names_of(self.fleet.workspaces) or tuple(sorted({name for row in self.rows for name in row.workspaces}))

    @property
    def computes_of_rows(self) -> tuple[str, ...]:
        """The computes that rows name, and for each workspace whichever it has: which there are, rows do not tell."""
        several = len(self.workspaces) > 1
        whole = (f"{name}/{text.ANY}" if several else text.ANY for name in self.workspaces or ("",))
        return tuple(dict.fromkeys((*(name for row in self.rows for name in row.computes), *whole)))


# ---------------------------------------------------------------------------------------------------------------------
# The measurement, and the opinion on it


@dataclass(frozen=True)
class Settlement:
    """What would settle an unknown verdict: the fact that is missing, and the option or command that brings it."""

    fact: str
    option: str


@dataclass(frozen=True)
class Judgement:
    """The opinion on one measurement, explained, with the next step; `cause` is None for what is fine."""

    verdict: Verdict
    cause: Optional[Cause] = None
    layer: Optional[str] = None
    because: str = ""
    hint: str = ""
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    owner: Optional[Owner] = None
    settled_by: Optional[Settlement] = None


@dataclass(frozen=True)
class Vantage:
    """From where it was measured; addresses of proxies without their credentials."""

    name: str
    place: str
    node: Optional[str] = None
    pool: Optional[str] = None
    resolvers: tuple[str, ...] = ()
    proxy: Optional[Mapping[str, Any]] = None
    trust: Optional[Mapping[str, Any]] = None
    python: Optional[str] = None


@dataclass(frozen=True)
class Result:
    """What came of one endpoint, seen from one vantage: the judgement, and the prober's own steps as evidence."""

    host: str
    port: int
    protocol: Protocol
    kind: Kind
    level: Level
    topic: str
    reason: str
    computes: tuple[str, ...]
    vantage: str
    verdict: Verdict
    cause: Optional[Cause]
    layer: Optional[str]
    because: str
    hint: str
    tested_by: Optional[str]
    warnings: tuple[str, ...]
    notes: tuple[str, ...]
    elapsed_ms: Optional[float]
    steps: tuple[Mapping[str, Any], ...]
    failing: bool = False
    owner: Optional[Owner] = None
    needed_for: tuple[Scenario, ...] = ()
    private: bool = False
    websocket: bool = False
    expects: str = ""
    inspection: Optional[Effect] = None
    sources: tuple[Source, ...] = ()
    workspaces: tuple[str, ...] = ()
    settled_by: Optional[Settlement] = field(default=None, metadata={"omit": True})
    change: Optional[Progress] = field(default=None, metadata={"omit": True})

    @property
    def key(self) -> tuple[str, str, int, str, str]:
        """What baselines compare: the endpoint and the vantage."""
        return self.kind.value, self.host, self.port, self.protocol.value, self.vantage


@dataclass(frozen=True)
class AffectedComponent:
    """What documents let one expect of a component where TLS is inspected; a prediction, not a measurement."""

    component: str
    effect: Effect
    because: str
    remedy: str
    source: str
    computes: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Interception:
    """One inspecting issuer that was seen from one vantage, with which hosts, and whom it breaks by documents.

    `fingerprint` is the SHA-256 of the issuer's certificate in hexadecimal digits, where the connection showed it.
    """

    issuer: str
    fingerprint: Optional[str]
    vantage: str
    hosts: tuple[str, ...]
    consumers: tuple[AffectedComponent, ...]


@dataclass(frozen=True)
class Report:
    """What `az ml network test` returns; docs/report.schema.json is its shape."""

    schema_version: int
    tool: Mapping[str, str]
    catalog: Mapping[str, str]
    workspace: Optional[Mapping[str, Any]]
    workspaces: tuple[Mapping[str, Any], ...]
    scope: Optional[SearchedScope] = field(metadata={"omit": True})
    gaps: tuple[Gap, ...]
    vantages: tuple[Vantage, ...]
    started_at: str
    duration_ms: float
    summary: Mapping[str, Any]
    warnings: tuple[str, ...]
    results: tuple[Result, ...]
    differences: tuple[Mapping[str, Any], ...] = ()
    interception: tuple[Interception, ...] = ()

    @property
    def exit_code(self) -> int:
        """0 fine; 8 a finding; 9 none, but something required was not measured; 129 and more interrupted."""
        return int(self.summary["exitCode"])
