"""The arguments. The scope arguments are the same for all verbs and are defined once."""

from azext_amlnet.words import ClusterType, Level, Scenario, Topic


def load_arguments(loader, _):
    """Arguments of `az ml network …`."""
    from argcomplete.completers import FilesCompleter
    from azure.cli.core.commands.parameters import file_type

    files = {"type": file_type, "completer": FilesCompleter()}
    with loader.argument_context("ml network") as context:
        _source(context, files)
        _selection(context)
    with loader.argument_context("ml network requirements") as context:
        context.argument(
            "baseline",
            arg_group="Output",
            help="An earlier output (JSON) of the same question. Each row then tells its change; the exit code is 8 "
            "if a required row was added, became required, or lost its private endpoint.",
            **files,
        )


SCOPE = {"arg_group": "Scope"}


def _source(context, files):
    """Where the facts come from and go to."""
    from azure.cli.core.commands.parameters import resource_group_name_type
    from azure.cli.core.local_context import LocalContextAction, LocalContextAttribute

    local = LocalContextAttribute(name="aml_workspace_name", actions=[LocalContextAction.GET], scopes=["ml"])
    context.argument("resource_group_name", arg_type=resource_group_name_type, required=False, **SCOPE)
    context.argument(
        "workspace_name",
        options_list=["--workspace-name", "-w"],
        configured_default="workspace",
        local_context_attribute=local,
        help="Name of the Azure ML workspace. You can configure the default with `az configure --defaults "
        "workspace=<name>`.",
        **SCOPE,
    )
    context.argument(
        "workspace_file",
        help="Facts saved earlier, or written by hand before the workspace exists, instead of Azure: no login, no "
        "network.",
        **files,
        **SCOPE,
    )
    context.argument(
        "save_workspace_file",
        help="Write the facts that were discovered, and what Azure refused to tell, to this file.",
        arg_group="Output",
        **files,
    )
    context.argument("overwrite", action="store_true", arg_group="Output", help="Let a file that exists be replaced.")
    context.argument(
        "catalog",
        options_list=["--catalog"],
        help="A folder with a catalog of your own in place of the one that ships with this version.",
        **files,
        **SCOPE,
    )


def _selection(context):
    """What of it is listed."""
    from azure.cli.core.commands.parameters import get_enum_type

    context.argument(
        "compute",
        options_list=["--compute", "-c"],
        nargs="+",
        help="Attached Kubernetes computes that count. Default: all that are attached.",
        **SCOPE,
    )
    context.argument(
        "cluster_type",
        arg_type=get_enum_type(ClusterType),
        help="Kind of cluster when nothing is attached yet, or to override what is.",
        **SCOPE,
    )
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
        arg_type=get_enum_type(Level, default="recommended"),
        help="Show rows of this level and stricter ones.",
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
