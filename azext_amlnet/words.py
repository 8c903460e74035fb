"""The closed vocabularies that arguments, nouns and data share.

They stand apart from the nouns because every `az ml …` command of every user imports them with our arguments, and
making the nouns' dataclasses takes 13 ms.
"""

from enum import Enum


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

    @property
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

    @property
    def rank(self) -> int:
        """The place in the list."""
        return list(Topic).index(self)


CLUSTER_SCENARIOS = (Scenario.TRAINING, Scenario.INFERENCE, Scenario.EXTENSION, Scenario.CLUSTER)


class ClusterType(str, Enum):
    """How a cluster is known to Azure."""

    AKS = "aks"
    ARC = "arc"
    NONE = "none"


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
