"""One function a command: its groups of arguments, az's errors, and the verb that does the work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional

from .verbs import check_policy as check_policy_verb
from .verbs import compare as compare_verb
from .verbs import explain_log as explain_log_verb
from .verbs import export as export_verb
from .verbs import requirements as requirements_verb
from .verbs import test as test_verb
from .verbs._arguments import ScopeArguments, takes
from .verbs._az import az_errors
from .verbs._in_cluster import ClusterArguments
from .verbs.check_policy import CheckPolicyArguments
from .verbs.compare import CompareArguments
from .verbs.explain_log import ExplainLogArguments
from .verbs.export import ExportArguments
from .verbs.requirements import RequirementsArguments
from .verbs.test import TestArguments

if TYPE_CHECKING:
    from .codec import JsonObject


@takes(ScopeArguments, RequirementsArguments, without=("requirements_file",))
def requirements(cmd: Any, scoped: ScopeArguments, arguments: RequirementsArguments) -> list[JsonObject]:
    """`az ml network requirements`: the outbound list as a JSON array."""
    with az_errors():
        return requirements_verb.run(cmd, scoped, arguments)


@takes(ScopeArguments, ExportArguments)
def export(cmd: Any, scoped: ScopeArguments, arguments: ExportArguments) -> Optional[JsonObject]:
    """`az ml network export`: the list in the language of a firewall, a proxy or people."""
    with az_errors():
        return export_verb.run(cmd, scoped, arguments)


@takes(ScopeArguments, TestArguments, ClusterArguments)
def test(cmd: Any, scoped: ScopeArguments, arguments: TestArguments, cluster: ClusterArguments) -> Optional[JsonObject]:
    """`az ml network test`: the list, measured from here or from inside the cluster, as one report."""
    with az_errors():
        return test_verb.run(cmd, scoped, arguments, cluster)


@takes(ScopeArguments, CheckPolicyArguments)
def check_policy(cmd: Any, scoped: ScopeArguments, arguments: CheckPolicyArguments) -> JsonObject:
    """`az ml network check-policy`: the list, held against the policy of a firewall, a proxy or a cluster."""
    with az_errors():
        return check_policy_verb.run(cmd, scoped, arguments)


@takes(ScopeArguments, ExplainLogArguments)
def explain_log(cmd: Any, scoped: ScopeArguments, arguments: ExplainLogArguments) -> JsonObject:
    """`az ml network explain-log`: a device's log, held against the list."""
    with az_errors():
        return explain_log_verb.run(cmd, scoped, arguments)


@takes(CompareArguments)
def compare(cmd: Any, arguments: CompareArguments) -> JsonObject:
    """`az ml network compare`: two results of one kind, and what became of each endpoint."""
    with az_errors():
        return compare_verb.run(cmd, arguments)
