"""Why a row of `check-policy` can be unknown, and what settles it: docs/unknowns.md prints this table. Pure."""

from __future__ import annotations

from enum import Enum
from typing import Mapping

from ..model import Settlement


class Doubt(str, Enum):
    """What is not known of a row or of a policy."""

    NAME = "a part of the row's own name is not known yet"
    NO_POLICY = "none of the policies is for the row's computes"
    SOURCE = "a rule is for some sources only, and where the traffic comes from is not known"
    PODS = "a policy is for some pods only, and their labels or namespace are not known"
    PART = "a part of the policy was not given, or has a form that is not known here"
    DNS_PROXY = "names in network rules, and whether the policy's DNS proxy is on is not known"
    ADDRESSES = "a rule goes by addresses or service tags, and the row by a name"
    CONTENTS = "what a category, a tag or a pattern holds is not published"
    FORM = "what this form means depends on the product that reads the list"
    SKIP_LIST = "a private endpoint serves it, and whether clients skip the proxy for it is not known"
    DEFAULT = "what the policy does where no rule decides could not be read"


_MEASURED = "az ml network test"
SETTLED_BY: Mapping[Doubt, Settlement] = {
    Doubt.NAME: Settlement("the resource that the name belongs to", "--workspace-file"),
    Doubt.NO_POLICY: Settlement("the policy that stands in front of these computes", "--policy"),
    Doubt.SOURCE: Settlement("the addresses that the cluster's traffic comes from", "--source"),
    Doubt.PODS: Settlement("whose traffic it is: the namespace and the labels of the pods of jobs", "--pod-labels"),
    Doubt.PART: Settlement("that part of the policy, or what the policy does in fact", f"--policy, or {_MEASURED}"),
    Doubt.DNS_PROXY: Settlement("the firewall policy itself, with its dnsSettings", "--policy"),
    Doubt.ADDRESSES: Settlement("what the policy does with the addresses of this name", _MEASURED),
    Doubt.CONTENTS: Settlement("what the policy does with this name", _MEASURED),
    Doubt.FORM: Settlement("what the product does with this name", _MEASURED),
    Doubt.SKIP_LIST: Settlement("the clients' NO_PROXY", "az ml network export --format no-proxy"),
    Doubt.DEFAULT: Settlement("the policy as its engine shows it", f"--policy, or {_MEASURED}"),
}
"""The fact, and the option or command that brings it."""
