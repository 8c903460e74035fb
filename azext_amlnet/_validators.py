"""Rules between arguments; a ValueError here makes az print one line and exit with 2, as for any wrong usage."""

import os

from .vocabulary import FOLDERS, log_formats

NEVER_EMPTY = (
    "workspace_file",
    "requirements_file",
    "save_workspace_file",
    "baseline",
    "catalog",
    "ca_file",
    "output_file",
    "results_file",
    "proxy",
    "kube_config",
    "kube_context",
    "namespace",
    "image",
    "addresses",
    "service_tags",
    "policy_resource_group",
    "behind",
    "schedule",
    "time_zone",
    "log_workspace",
    "last",
    "workspace_id",
    "subscriptions",
    "management_groups",
)
IN_CLUSTER = (
    *("kube_context", "kube_config", "namespace", "image", "image_pull_secret", "node_selector", "toleration"),
    *("all_pools", "schedule", "time_zone"),
)


def validate_scope(namespace):
    """A list comes from workspaces in Azure or from files, and the words that only fit one of them say so."""
    for name in NEVER_EMPTY:
        value = getattr(namespace, name, None)
        for one in value if isinstance(value, list) else [value]:
            if one is not None and not one.strip():
                raise ValueError(f"{_option(name)} is empty; is a variable not set?")
    for name in namespace.compute or ():
        place, _, compute = name.rpartition("/")
        if not all(map(_is_name, (place if place and compute == "*" else name).split("/"))):
            raise ValueError(f"--compute is no name that Azure allows: {name[:80]!r}.")
    _one_source(namespace)
    if getattr(namespace, "requirements_file", None):
        _only_rows(namespace)
    elif namespace.workspace_file:
        if namespace.save_workspace_file and len(namespace.workspace_file) == 1:
            raise ValueError("--save-workspace-file writes what Azure told; it does not go with --workspace-file.")
    elif _of_several(namespace):
        _several(namespace)
    elif namespace.workspace_name or not getattr(namespace, "endpoint", None):
        _in_azure(namespace)


SEVERAL = ("workspace_id", "all_workspaces", "behind")
"""The options that say which of all workspaces are meant."""


def _one_source(namespace):
    """A workspace that is typed beside another source is refused; one that az has by default gives way to it.

    az marks what comes from `az configure --defaults`, the environment or the local context by `is_default`.
    """
    names = {"--workspace-name/-w": "workspace_name", "--resource-group/-g": "resource_group_name"}
    sources = [name for name in ("requirements_file", "workspace_file", *SEVERAL) if getattr(namespace, name, None)]
    values = {option: getattr(namespace, name) for option, name in names.items()}
    typed = [option for option, value in values.items() if value and not getattr(value, "is_default", False)]
    if sources and typed:
        what = "give the workspace or the file" if sources[0].endswith("_file") else "its id says it all"
        what = what if sources[0] != "all_workspaces" else "give one workspace or all"
        raise ValueError(f"{' and '.join(typed)} cannot be used with {_option(sources[0])}: {what}.")
    if len(sources) > 1 and sources[0].endswith("_file") and sources[1] in SEVERAL:
        raise ValueError(f"{_option(sources[1])} cannot be used with {_option(sources[0])}: give one of the two.")
    if sources:
        namespace.workspace_name = namespace.resource_group_name = None
    if not _of_several(namespace):
        _exclude_without(namespace)


def _of_several(namespace):
    return any(getattr(namespace, name) for name in SEVERAL)


def _exclude_without(namespace):
    for name in ("subscriptions", "management_groups", "cross_check"):
        if getattr(namespace, name):
            also = " or several --workspace-id" if name == "cross_check" else ""
            raise ValueError(f"{_option(name)} is for --all-workspaces or --behind{also}.")


def _several(namespace):
    """Which workspaces are meant: by ids, or all of a scope, or those of it that are behind a firewall."""
    if namespace.all_workspaces and namespace.workspace_id:
        raise ValueError("--all-workspaces does not go with --workspace-id: give all of a scope or some by their ids.")
    everywhere = namespace.all_workspaces or namespace.behind
    for name in ("subscriptions", "management_groups"):
        if getattr(namespace, name) and not everywhere:
            raise ValueError(f"{_option(name)} is for --all-workspaces or --behind; an id tells its subscription.")
    if namespace.subscriptions and namespace.management_groups:
        raise ValueError("--subscriptions does not go with --management-groups: give one of the two.")
    if namespace.cross_check and namespace.no_cross_check:
        raise ValueError("--cross-check does not go with --no-cross-check.")
    for value in namespace.workspace_id or ():
        if not _is_id(value, "microsoft.machinelearningservices/workspaces"):
            raise ValueError(f"--workspace-id is no ARM id of a workspace: {value[:200]!r}.")
    if namespace.behind and not _is_id(namespace.behind, "microsoft.network/azurefirewalls"):
        raise ValueError(f"--behind is no ARM id of an Azure Firewall: {namespace.behind[:200]!r}.")


def _is_id(value, kind):
    """Whether a text is the ARM id of a resource of this type, in any case."""
    parts = value.strip().rstrip("/").split("/")
    if len(parts) != 9 or parts[0] or not all(map(_is_name, (parts[2], parts[4], parts[8]))):
        return False
    words = [parts[1], parts[3], parts[5], parts[6], parts[7]]
    return "/".join(words).lower() == f"subscriptions/resourcegroups/providers/{kind}"


def validate_requirements(namespace):
    """The scope; and either the list or answers for single hosts."""
    if namespace.host and namespace.baseline:
        raise ValueError("--host answers for single hosts; it does not go with --baseline.")
    if namespace.host and namespace.report_file:
        raise ValueError("--host answers for single hosts; it does not go with --report-file.")
    validate_scope(namespace)
    _keep_what_is_read(namespace, ("workspace_file", "baseline"))


def validate_export(namespace):
    """The scope, and a file that only standard output stands in for."""
    path, namespace.output_file = namespace.output_file, None if namespace.output_file == "-" else namespace.output_file
    validate_scope(namespace)
    namespace.output_file = path
    if path == "-" and namespace.export_format in FOLDERS:
        raise ValueError(f"{namespace.export_format} is several files: give a folder, --output-file DIR.")
    if namespace.use_fqdn_tags and not namespace.export_format.startswith("azure-firewall-"):
        raise ValueError("--use-fqdn-tags is for the azure-firewall formats; nothing else knows FQDN tags.")


def validate_compare(namespace):
    """Two files, which are not written at the same time."""
    for name in ("before", "after"):
        if not getattr(namespace, name).strip():
            raise ValueError(f"--{name} is empty; is a variable not set?")
    _keep_what_is_read(namespace, ("before", "after"))


def validate_check(namespace):
    """The scope, and files that are not read and written at the same time."""
    for word in namespace.policy:
        if not word.strip():
            raise ValueError("--policy is empty; is a variable not set?")
    if namespace.service_tags and not namespace.addresses:
        raise ValueError("--service-tags goes with --addresses: it says which tags the addresses in a report are in.")
    validate_scope(namespace)
    names = ("workspace_file", "requirements_file", "addresses", "service_tags")
    _keep_what_is_read(namespace, names, namespace.policy)


def validate_explain_log(namespace):
    """The scope, and logs: files that are not read and written at the same time, or Log Analytics and a time."""
    _one_log(namespace)
    for path in namespace.log_file or ():
        if not path.strip():
            raise ValueError("--log-file is empty; is a variable not set?")
    if (namespace.log_file or []).count("-") > 1:
        raise ValueError("--log-file has - twice: standard input can be read once.")
    validate_scope(namespace)
    _keep_what_is_read(namespace, ("workspace_file", "requirements_file", "log_file"))


def _one_log(namespace):
    spans = {"last": "--last", "from_time": "--from", "to_time": "--to"}
    times = [option for name, option in spans.items() if getattr(namespace, name) is not None]
    if namespace.log_file and namespace.log_workspace is not None:
        raise ValueError("--log-file cannot be used with --log-workspace: give one of the two.")
    if not namespace.log_file and namespace.log_workspace is None:
        raise ValueError("Give a log: --log-file FILE, or --log-workspace ID.")
    if namespace.log_workspace is None and times:
        raise ValueError(f"{times[0]} is for --log-workspace; of a file all records are read.")
    if namespace.log_workspace is not None and namespace.log_format:
        raise ValueError("--log-format is for --log-file; Log Analytics tells what its records are.")
    known = log_formats()
    if namespace.log_format and "%" not in namespace.log_format and namespace.log_format not in known:
        raise ValueError(f"--log-format is none of {', '.join(known)}, and no logformat of squid's.")
    if namespace.last is not None and namespace.from_time is not None:
        raise ValueError("--last does not go with --from: give how far back, or where it begins.")


def _keep_what_is_read(namespace, names, more=()):
    read = ((name, getattr(namespace, name)) for name in names if getattr(namespace, name))
    several = ((name, value if isinstance(value, list) else [value]) for name, value in read)
    paths = {os.path.realpath(path): name for name, values in several for path in values}
    paths.update({os.path.realpath(path): "policy" for path in more})
    for path in namespace.report_file or ():
        name = paths.get(os.path.realpath(path))
        if name:
            raise ValueError(f"--report-file {path} is also read as {_option(name)}; it would be overwritten.")


def validate_test(namespace):
    """The scope, and which ways to measure exclude each other."""
    validate_scope(namespace)
    _keep_what_is_read(namespace, ("workspace_file", "requirements_file", "results_file", "ca_file", "kube_config"))
    elsewhere = ("dry_run", "proxy", "ca_file", "read_http", "all_pools", "image", "node_selector", "toleration")
    _exclude(namespace, "results_file", elsewhere, "was measured elsewhere already")
    _exclude(namespace, "dry_run", ("all_pools",), "makes the objects of one pod")
    several = next((_option(name) for name in SEVERAL if getattr(namespace, name)), None)
    several = several or ("several --workspace-file" if len(namespace.workspace_file or ()) > 1 else None)
    if namespace.cluster and several:
        how = "give its workspace by -w and -g, or its file"
        raise ValueError(f"--cluster measures from one cluster, so it does not go with {several}: {how}.")
    for name in IN_CLUSTER:
        if getattr(namespace, name) and not namespace.cluster:
            raise ValueError(f"{_option(name)} is for --cluster.")
    if namespace.namespace and not all(c.isalnum() or c == "-" for c in namespace.namespace):
        raise ValueError(f"--namespace is no name that Kubernetes allows: {namespace.namespace[:80]!r}.")
    if not 1 <= namespace.pod_timeout <= 7200:
        raise ValueError(f"--pod-timeout must be between 1 and 7200 seconds, not {namespace.pod_timeout:g}.")
    _scheduled(namespace)
    _exclude(namespace, "dry_run", ("report_file", "annotate", "baseline"), "measures nothing, so there is no report")
    if namespace.output_file and not namespace.dry_run:
        raise ValueError("--output-file is where --dry-run writes; for reports there is --report-file.")
    if not 0.1 <= namespace.timeout <= 600:
        raise ValueError(f"--timeout must be between 0.1 and 600 seconds, not {namespace.timeout:g}.")


def _scheduled(namespace):
    """A schedule is five fields of cron, or a word for them, as Kubernetes reads it."""
    from .cluster import schedule

    if namespace.time_zone and not namespace.schedule:
        raise ValueError("--time-zone is the zone of --schedule.")
    if not namespace.schedule:
        return
    if not namespace.dry_run:
        raise ValueError("--schedule is for --dry-run: it prints a CronJob, which you apply.")
    fault = schedule.fault_of(namespace.schedule)
    if fault:
        raise ValueError(f"--schedule is {fault}: {namespace.schedule[:80]!r}; such as '*/15 * * * *'.")
    if namespace.time_zone and not schedule.is_zone(namespace.time_zone):
        raise ValueError(f"--time-zone is no name of a zone: {namespace.time_zone[:80]!r}; such as Europe/Berlin.")


def _exclude(namespace, name, others, because):
    for other in others:
        if getattr(namespace, name) and getattr(namespace, other):
            raise ValueError(f"{_option(other)} does not go with {_option(name)}, which {because}.")


def _only_rows(namespace):
    """A file of rows is the whole answer: nothing is asked, so nothing that steers the asking fits."""
    for other in ("workspace_file", *SEVERAL, "save_workspace_file", "cluster_type", "no_cross_check"):
        if getattr(namespace, other):
            raise ValueError(f"{_option(other)} does not go with --requirements-file, which is the list already.")


def _in_azure(namespace):
    names = {
        "--workspace-name/-w": namespace.workspace_name,
        "--resource-group/-g": namespace.resource_group_name,
    }
    missing = [option for option, value in names.items() if not value]
    if missing:
        raise ValueError(
            f"the following arguments are required: {', '.join(missing)}; or give --workspace-file to work without "
            "Azure."
        )
    for option, value in names.items():
        if not _is_name(value):
            raise ValueError(f"{option} is no name that Azure allows: {value[:80]!r}.")


def _option(name):
    return f"--{name.replace('_', '-')}"


def _is_name(value):
    """Letters, digits and `-_.()`, 90 at most: the union of what Azure allows in these names."""
    plain = all(character.isalnum() or character in "-_.()" for character in value)
    return plain and len(value) <= 90 and value.strip(".") != ""
