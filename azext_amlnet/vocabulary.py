"""The closed vocabularies that arguments, nouns and data share.

They stand apart from the nouns because every `az ml …` command of every user imports them with our arguments, and
making the nouns' dataclasses takes 13 ms.
"""

from enum import Enum
from functools import cached_property
from pathlib import Path
from typing import Optional


def export_formats() -> tuple[str, ...]:
    """What `export` can write: the files of the folder of exporters."""
    return _names("exporters")


FOLDERS = ("blackbox-exporter", "prometheus-probe")
"""The formats of `export` that are several files; they measure and allow nothing, so nothing can be added by them."""


def policy_dialects() -> tuple[str, ...]:
    """What `check-policy` can read: the files of the folder of readers."""
    return _names("policy", "readers")


def log_formats() -> tuple[str, ...]:
    """What `explain-log` can read: the files of the folder of readers of logs."""
    return _names("logs", "readers")


def _names(*folder: str) -> tuple[str, ...]:
    files = Path(__file__).parent.joinpath(*folder).glob("[a-z]*.py")
    return tuple(sorted(path.stem.replace("_", "-") for path in files))


CONDITION = "Condition: "
"""How the note begins that says when a row is needed, where facts could not decide."""
EXIT_FINDINGS = 8
"""Something that is required is missing, blocked, not allowed or new."""
INTERRUPTED = (129, 130, 131, 143)
"""By SIGHUP, SIGINT (Ctrl-C), SIGQUIT, SIGTERM."""
EXIT_UNKNOWN = 9
"""Of something that is required it is not known; or nothing is required at all."""


class Cloud(str, Enum):
    """The Azure clouds the catalog has forms for."""

    PUBLIC = "public"
    USGOV = "usgov"
    CHINA = "china"

    @property
    def label(self) -> str:
        """The cloud's name in a sentence."""
        return {"public": "Azure public", "usgov": "US Government", "china": "China"}[self.value]


class Kind(str, Enum):
    """What an endpoint's host is: what a firewall would be given."""

    FQDN = "fqdn"
    WILDCARD = "wildcard"
    IP = "ip"
    SERVICE_TAG = "service-tag"


class Protocol(str, Enum):
    """What is spoken on the port; `https` and `http` make application rules, the rest network rules."""

    HTTPS = "https"
    HTTP = "http"
    TLS = "tls"
    TCP = "tcp"
    UDP = "udp"
    SMB = "smb"


class Level(str, Enum):
    """How much depends on an endpoint, strictest first."""

    REQUIRED = "required"
    RECOMMENDED = "recommended"
    OPTIONAL = "optional"

    @cached_property
    def rank(self) -> int:
        """0 for the strictest level."""
        return list(Level).index(self)


class Scenario(str, Enum):
    """What the endpoint is needed for; the first four are what a Kubernetes cluster does."""

    TRAINING = "training"
    INFERENCE = "inference"
    EXTENSION = "extension"
    CLUSTER = "cluster"
    WORKSTATION = "workstation"
    MANAGED_COMPUTE = "managed-compute"


class Topic(str, Enum):
    """What an endpoint belongs to, in the order of the list; each has its file in the catalog."""

    AML = "aml"
    LOGS = "logs"
    REGISTRY = "registry"
    STORAGE = "storage"
    IDENTITY = "identity"
    IMAGES = "images"
    EXTENSION = "extension"
    ARC = "arc"
    AKS = "aks"
    MONITORING = "monitoring"
    PACKAGES = "packages"
    STUDIO = "studio"
    MANAGED_COMPUTE = "managed-compute"
    CERTIFICATES = "certificates"

    @property
    def rank(self) -> int:
        """The place in the list."""
        return _TOPICS.index(self)


_TOPICS = tuple(Topic)


CLUSTER_SCENARIOS = (Scenario.TRAINING, Scenario.INFERENCE, Scenario.EXTENSION, Scenario.CLUSTER)


BELOW_PREMIUM = ("basic", "standard")
"""The SKUs of a container registry that has no replicas, no data endpoints and no regional endpoints."""


class Door(str, Enum):
    """How Azure was asked about many workspaces: by Resource Graph, by plain lists, or about each by its id."""

    RESOURCE_GRAPH = "resource-graph"
    LISTS = "lists"
    IDS = "ids"


class ClusterType(str, Enum):
    """How a cluster is known to Azure."""

    AKS = "aks"
    ARC = "arc"
    NONE = "none"


def cluster_type_of(identifier: Optional[str]) -> Optional[ClusterType]:
    """How the cluster with this id is known to Azure, by its resource type.

    Microsoft's attach article once printed Microsoft.ContainerService/connectedClusters, hence the loose match.
    """
    lower = (identifier or "").lower()
    if "/managedclusters/" in lower:
        return ClusterType.AKS
    return ClusterType.ARC if "/connectedclusters/" in lower else None


class Origin(str, Enum):
    """Whose own dependency list names a host."""

    WORKSPACE = "workspace"
    AKS = "aks"


class Change(str, Enum):
    """How a row compares with the baseline."""

    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


class Why(str, Enum):
    """What made a row change since an earlier list."""

    CATALOG = "catalog"
    WORKSPACE = "workspace"
    OPTION = "option"
    TOOL = "tool"
    UNKNOWN = "unknown"


class Progress(str, Enum):
    """How a result compares with the one of an earlier report."""

    SAME = "same"
    BETTER = "better"
    WORSE = "worse"
    NEW = "new"


class Likeness(str, Enum):
    """What a host that is not on the list resembles."""

    OTHER_REGION = "otherRegion"
    OTHER_RESOURCE = "otherResource"
    SAME_FORM = "sameForm"
    OTHER_CLOUD = "otherCloud"
    NOT_NEEDED = "notNeeded"
    RETIRED = "retired"


class FailOn(str, Enum):
    """What makes `az ml network test` exit with 8."""

    BLOCKED = "blocked"
    DEGRADED = "degraded"
    RECOMMENDED = "recommended"
    NEVER = "never"


class Verdict(str, Enum):
    """What a measurement comes to."""

    REACHABLE = "reachable"
    DEGRADED = "degraded"
    BLOCKED = "blocked"
    UNKNOWN = "unknown"
    SKIPPED = "skipped"

    @property
    def rank(self) -> int:
        """The place in a list that shows first what is broken."""
        return [Verdict.BLOCKED, Verdict.UNKNOWN, Verdict.DEGRADED, Verdict.SKIPPED, Verdict.REACHABLE].index(self)


class Coverage(str, Enum):
    """What a policy makes of a requirement."""

    COVERED = "covered"
    PARTIAL = "partial"
    DENIED = "denied"
    MISSING = "missing"
    UNKNOWN = "unknown"

    @property
    def rank(self) -> int:
        """The place in a list that shows first what is broken."""
        order = (Coverage.DENIED, Coverage.MISSING, Coverage.PARTIAL, Coverage.UNKNOWN, Coverage.COVERED)
        return order.index(self)


class Owner(str, Enum):
    """Who can do something about a cause: whom a report hands the row to."""

    NETWORK = "network"
    SECURITY = "security"
    DNS = "dns"
    PROXY = "proxy"
    PLATFORM = "platform"
    AZURE = "azure"


class Effect(str, Enum):
    """What becomes of a component where TLS is inspected."""

    OK = "ok"
    BREAKS = "breaks"
    NEEDS_AUTHORITY = "needs-authority"
    UNKNOWN = "unknown"


class Purpose(str, Enum):
    """What an export is for: rules that allow the endpoints, or the exceptions of a TLS inspection."""

    ALLOW = "allow"
    TLS_EXEMPTION = "tls-exemption"


class TrustStore(str, Enum):
    """Where a component looks for the authorities that it trusts."""

    NODE = "node"
    AKS_PROXY = "aks-proxy"
    ARC_AGENTS = "arc-agents"
    IMAGE = "image"


class Cause(str, Enum):
    """Why an endpoint is not plainly reachable: the closed list; `measurement.causes.CAUSES` says what each means."""

    DNS_NXDOMAIN = "dns_nxdomain"
    DNS_NODATA = "dns_nodata"
    DNS_SERVFAIL = "dns_servfail"
    DNS_REFUSED = "dns_refused"
    DNS_TIMEOUT = "dns_timeout"
    DNS_FAILURE = "dns_failure"
    DNS_SINKHOLE = "dns_sinkhole"
    DNS_NO_IPV4 = "dns_no_ipv4"
    DNS_SEARCH_DOMAIN = "dns_search_domain"
    DNS_INTERMITTENT = "dns_intermittent"
    DNS_PUBLIC_EXPECTED_PRIVATE = "dns_public_expected_private"
    TCP_TIMEOUT = "tcp_timeout"
    TCP_REFUSED = "tcp_refused"
    TCP_UNREACHABLE = "tcp_unreachable"
    TCP_CLOSED = "tcp_closed"
    PRIVATE_ENDPOINT_UNREACHABLE = "private_endpoint_unreachable"
    TCP_PARTIAL = "tcp_partial"
    TCP_INTERMITTENT = "tcp_intermittent"
    PROXY_DNS = "proxy_dns"
    PROXY_UNREACHABLE = "proxy_unreachable"
    PROXY_TIMEOUT = "proxy_timeout"
    PROXY_AUTH_REQUIRED = "proxy_auth_required"
    PROXY_DENIED = "proxy_denied"
    PROXY_FAILURE = "proxy_failure"
    TLS_RESET = "tls_reset"
    TLS_CLOSED = "tls_closed"
    TLS_TIMEOUT = "tls_timeout"
    TLS_MTU_BLACKHOLE = "tls_mtu_blackhole"
    TLS_UNTRUSTED_ISSUER = "tls_untrusted_issuer"
    TLS_EXPIRED = "tls_expired"
    TLS_NAME_MISMATCH = "tls_name_mismatch"
    TLS_VERSION = "tls_version"
    TLS_ALERT = "tls_alert"
    TLS_NOT_TLS = "tls_not_tls"
    HTTP_BLOCK_PAGE = "http_block_page"
    HTTP_FIREWALL_DENY = "http_firewall_deny"
    HTTP_CAPTIVE_PORTAL = "http_captive_portal"
    HTTP_TIMEOUT = "http_timeout"
    HTTP_RESET = "http_reset"
    HTTP_SERVICE_FIREWALL = "http_service_firewall"
    HTTP_UPGRADE_DENIED = "http_upgrade_denied"
    HTTP_UNEXPECTED = "http_unexpected"
    HTTP_UNPROVEN = "http_unproven"
    PRIVATE_ENDPOINT_DNS_NOT_LINKED = "private_endpoint_dns_not_linked"
    HTTP_SERVER_ERROR = "http_server_error"
    HTTP_THROTTLED = "http_throttled"
    POD_IMAGE_PULL = "pod_image_pull"
    POD_UNSCHEDULABLE = "pod_unschedulable"
    POD_ADMISSION_DENIED = "pod_admission_denied"
    POD_QUOTA = "pod_quota"
    POD_FORBIDDEN = "pod_forbidden"
    POD_EVICTED = "pod_evicted"
    POD_OOM_KILLED = "pod_oom_killed"
    POD_CRASHED = "pod_crashed"
    POD_NODE_LOST = "pod_node_lost"
    POD_NO_RESULT = "pod_no_result"
    UNKNOWN_FAILURE = "unknown_failure"
