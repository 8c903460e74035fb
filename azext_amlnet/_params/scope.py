"""The arguments of the scope, which all verbs share: which workspaces, which part of them, and their facts."""

from ..vocabulary import ClusterType, Level, Scenario, Topic

SCOPE = {"arg_group": "Scope"}


def _compute_names(cmd, prefix, namespace):
    from azext_amlnet.verbs._completion import compute_names

    return compute_names(cmd, prefix, namespace)


def source(context, files):
    """Where the facts come from and go to."""
    from azure.cli.core.commands.parameters import get_resource_name_completion_list, resource_group_name_type
    from azure.cli.core.local_context import LocalContextAction, LocalContextAttribute

    local = LocalContextAttribute(name="aml_workspace_name", actions=[LocalContextAction.GET], scopes=["ml"])
    context.argument("resource_group_name", arg_type=resource_group_name_type, required=False, **SCOPE)
    context.argument(
        "workspace_name",
        options_list=["--workspace-name", "-w"],
        configured_default="workspace",
        local_context_attribute=local,
        completer=get_resource_name_completion_list("Microsoft.MachineLearningServices/workspaces"),
        help="Name of the Azure ML workspace. You can configure the default with `az configure --defaults "
        "workspace=<name>`.",
        **SCOPE,
    )
    _files(context, files)


def _files(context, files):
    """What stands in for Azure, and for the catalog that ships."""
    context.argument(
        "workspace_file",
        nargs="+",
        help="Facts saved earlier, or written by hand before the workspace exists, instead of Azure: no login, no "
        "network. Several files, or one that was saved for several workspaces, make one list.",
        **files,
        **SCOPE,
    )
    context.argument(
        "catalog",
        options_list=["--catalog"],
        help="A folder with a catalog of your own in place of the one that ships with this version.",
        **files,
        **SCOPE,
    )


def fleet(context, _files):
    """Several workspaces, which make one list for one firewall."""
    group = {"arg_group": "Several workspaces"}
    context.argument(
        "workspace_id",
        nargs="+",
        help="ARM ids of workspaces, in place of --workspace-name and --resource-group. With --behind: count them in, "
        "whatever their routes say.",
        **group,
    )
    context.argument(
        "all_workspaces",
        action="store_true",
        help="Every workspace that this login can read in the current subscription, or in --subscriptions or "
        "--management-groups. The result names the scope: what cannot be read is not found, and nobody says so.",
        **group,
    )
    context.argument(
        "subscriptions", nargs="+", help="Ids or names of subscriptions to look in; with --all-workspaces.", **group
    )
    context.argument(
        "management_groups", nargs="+", help="Names of management groups to look in; with --all-workspaces.", **group
    )
    _further(context, group)


def _further(context, group):
    """What narrows a scope, and what is asked of it."""
    context.argument(
        "behind",
        help="ARM id of an Azure Firewall: of all workspaces only those with a cluster whose subnet routes 0.0.0.0/0 "
        "to it. Where that cannot be told, the workspace is left out and named, and the exit code is 9.",
        **group,
    )
    context.argument(
        "cross_check",
        action="store_true",
        help="Ask Azure's own lists of outbound dependencies for several workspaces, too: one more call for each "
        "workspace and each AKS cluster. Of one workspace they are always asked.",
        **group,
    )


def saving(context, files):
    """Where the facts go to."""
    context.argument(
        "save_workspace_file",
        help="Write the facts that were discovered, and what Azure refused to tell, to this file.",
        arg_group="Output",
        **files,
    )
    context.argument("overwrite", action="store_true", arg_group="Output", help="Let a file that exists be replaced.")


def clusters(context, _files):
    """Which clusters count."""
    from azure.cli.core.commands.parameters import get_enum_type
    from azure.cli.core.decorators import Completer

    context.argument(
        "compute",
        options_list=["--compute", "-c"],
        nargs="+",
        completer=Completer(_compute_names),
        help="Attached Kubernetes computes that count, of several workspaces also as WORKSPACE/COMPUTE or "
        "WORKSPACE/*. Default: all that are attached.",
        **SCOPE,
    )
    context.argument(
        "cluster_type",
        arg_type=get_enum_type(ClusterType),
        help="Kind of cluster when nothing is attached yet, or to override what is.",
        **SCOPE,
    )
    _whence(context)


def _whence(context):
    context.argument(
        "source",
        nargs="+",
        help="Where the clusters' traffic comes from, as ranges such as 10.1.0.0/16: of all clusters, or "
        "COMPUTE=10.1.0.0/16[,…], WORKSPACE/COMPUTE=…, GROUP/WORKSPACE/COMPUTE=…, of a whole workspace WORKSPACE/*=…. "
        "Default: the subnets of AKS node pools and their pods, where Azure shows them. Where it is not known, a rule "
        "for some sources only decides nothing.",
        **SCOPE,
    )


def selection(context, _files):
    """What of it is listed."""
    from azure.cli.core.commands.parameters import get_enum_type

    context.argument(
        "scenario",
        arg_type=get_enum_type(Scenario),
        nargs="+",
        help="What the list is for. `extension` keeps the cluster's extensions alive, `cluster` is what AKS or Arc "
        "itself needs, `workstation` is for people, `managed-compute` for compute instances and clusters. Default: "
        "training, inference, extension and cluster; training and inference as the cluster's Azure ML extension has "
        "them enabled.",
        **SCOPE,
    )
    context.argument(
        "level",
        arg_type=get_enum_type(Level),
        help="Take rows of this level and stricter ones. Default: recommended.",
        **SCOPE,
    )
    context.argument(
        "exclude",
        arg_type=get_enum_type(Topic),
        nargs="+",
        help="Topics to leave out, e.g. `logs` when exfiltration through storage wildcards is a concern.",
        **SCOPE,
    )
    context.argument(
        "no_cross_check",
        action="store_true",
        help="Do not ask the lists of outbound dependencies that Azure itself offers for a workspace and for AKS, nor "
        "Arc's list of Service Bus names.",
        **SCOPE,
    )


def requirements_file(context, files):
    """The list itself, for the verbs that do something with it."""
    context.argument(
        "requirements_file",
        help="A saved, perhaps edited, output of `az ml network requirements` in place of a workspace. All of its "
        "levels count unless --level says otherwise.",
        **files,
        **SCOPE,
    )
