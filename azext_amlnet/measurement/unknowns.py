"""Why a row of `test` can be unknown, and what settles it: docs/unknowns.md prints this table. Pure."""

from __future__ import annotations

from enum import Enum
from typing import Mapping, Union

from ..model import Cause, Settlement


class Unmeasured(str, Enum):
    """What `unknown_failure` can mean."""

    LOOKUP_ERROR = "the resolver of this machine failed in a way that is no answer"
    OWN_LIMITS = "the measuring machine ran out of files, memory or threads"
    CPU_LIMIT = "a time-out while the CPU limit of the pod held the probe back"
    NO_AUTHORITIES = "a certificate that this machine has no authorities to judge by"
    ANYBODYS_PAGE = "a page that could be the service's or a middlebox's"
    SILENT_UDP = "no answer over UDP, where silence proves nothing"
    CONTRADICTION = "a result that contradicts itself"
    NOT_JUDGED = "a result that could not be judged"
    UNFORESEEN = "a failure that is not known here"


_ELSEWHERE = "az ml network test --dry-run"
SETTLED_BY: Mapping[Union[Cause, Unmeasured], Settlement] = {
    Cause.HTTP_UNPROVEN: Settlement("the same answer from a network without inspection", _ELSEWHERE),
    Cause.POD_IMAGE_PULL: Settlement("an image with Python that the node can pull", "--image"),
    Cause.POD_UNSCHEDULABLE: Settlement("a node that takes the pod", "--node-selector, --toleration"),
    Cause.POD_ADMISSION_DENIED: Settlement("a namespace whose policies take the pod", "--namespace"),
    Cause.POD_QUOTA: Settlement("a namespace with quota left", "--namespace"),
    Cause.POD_FORBIDDEN: Settlement("the rights that docs/testing.md names", "--kube-context, --kube-config"),
    Cause.POD_EVICTED: Settlement("a run on a node with room", "--node-selector"),
    Cause.POD_OOM_KILLED: Settlement("a run with fewer endpoints", "--level, --exclude"),
    Cause.POD_CRASHED: Settlement("an image whose Python is 3.8 or newer", "--image"),
    Cause.POD_NODE_LOST: Settlement("a run on a node that stays", "--node-selector"),
    Cause.POD_NO_RESULT: Settlement("a whole result for this very list", "--pod-timeout, or run again"),
    Unmeasured.LOOKUP_ERROR: Settlement("a measurement on a machine whose resolver works", _ELSEWHERE),
    Unmeasured.OWN_LIMITS: Settlement("a measurement on a machine that is not exhausted", _ELSEWHERE),
    Unmeasured.CPU_LIMIT: Settlement("a measurement with more time", "--timeout"),
    Unmeasured.NO_AUTHORITIES: Settlement("the certificates of authorities", "--ca-file"),
    Unmeasured.ANYBODYS_PAGE: Settlement("the same page from another network", _ELSEWHERE),
    Unmeasured.SILENT_UDP: Settlement("what the firewall does with this port", "az ml network check-policy"),
    Unmeasured.CONTRADICTION: Settlement("the result as the prober wrote it", _ELSEWHERE),
    Unmeasured.NOT_JUDGED: Settlement("a result of this very release", _ELSEWHERE),
    Unmeasured.UNFORESEEN: Settlement("the same endpoint from another machine", _ELSEWHERE),
}
"""By a cause whose verdict is unknown, or by what `unknown_failure` means there: the fact, and what brings it."""
