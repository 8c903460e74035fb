"""Rules between arguments; a ValueError here makes az print one line and exit with 2, as for any wrong usage."""

import os

FILES = (
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
)
IN_CLUSTER = (
    *("kube_context", "kube_config", "namespace", "image", "image_pull_secret", "node_selector", "toleration"),
    "all_pools",
)


def validate_scope(namespace):
    """A list comes from a workspace in Azure or from a file, and the words that only fit one of them say so."""
    for name in FILES:
        value = getattr(namespace, name, None)
        if value is not None and not value.strip():
            raise ValueError(f"{_option(name)} is empty; is a variable not set?")
    for name in namespace.compute or ():
        if not _is_name(name):
            raise ValueError(f"--compute is no name that Azure allows: {name[:80]!r}.")
    _one_source(namespace)
    if getattr(namespace, "requirements_file", None):
        _only_rows(namespace)
    elif namespace.workspace_file:
        if namespace.save_workspace_file:
            raise ValueError("--save-workspace-file writes what Azure told; it does not go with --workspace-file.")
    elif namespace.workspace_name or not getattr(namespace, "endpoint", None):
        _in_azure(namespace)


def _one_source(namespace):
    """A workspace that is typed beside a file is refused; one that az has by default gives way to the file.

    az marks what comes from `az configure --defaults`, the environment or the local context by `is_default`.
    """
    names = {"--workspace-name/-w": "workspace_name", "--resource-group/-g": "resource_group_name"}
    file = next((name for name in ("requirements_file", "workspace_file") if getattr(namespace, name, None)), None)
    values = {option: getattr(namespace, name) for option, name in names.items()}
    typed = [option for option, value in values.items() if value and not getattr(value, "is_default", False)]
    if file and typed:
        raise ValueError(f"{' and '.join(typed)} cannot be used with {_option(file)}: give the workspace or the file.")
    if file:
        namespace.workspace_name = namespace.resource_group_name = None


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


def _keep_what_is_read(namespace, names, more=()):
    paths = {os.path.realpath(getattr(namespace, name)): name for name in names if getattr(namespace, name)}
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
    for name in IN_CLUSTER:
        if getattr(namespace, name) and not namespace.cluster:
            raise ValueError(f"{_option(name)} is for --cluster.")
    if namespace.namespace and not all(c.isalnum() or c == "-" for c in namespace.namespace):
        raise ValueError(f"--namespace is no name that Kubernetes allows: {namespace.namespace[:80]!r}.")
    if not 1 <= namespace.pod_timeout <= 7200:
        raise ValueError(f"--pod-timeout must be between 1 and 7200 seconds, not {namespace.pod_timeout:g}.")
    _exclude(namespace, "dry_run", ("report_file", "annotate", "baseline"), "measures nothing, so there is no report")
    if namespace.output_file and not namespace.dry_run:
        raise ValueError("--output-file is where --dry-run writes; for reports there is --report-file.")
    if not 0.1 <= namespace.timeout <= 600:
        raise ValueError(f"--timeout must be between 0.1 and 600 seconds, not {namespace.timeout:g}.")


def _exclude(namespace, name, others, because):
    for other in others:
        if getattr(namespace, name) and getattr(namespace, other):
            raise ValueError(f"{_option(other)} does not go with {_option(name)}, which {because}.")


def _only_rows(namespace):
    """A file of rows is the whole answer: nothing is asked, so nothing that steers the asking fits."""
    for other in ("workspace_file", "save_workspace_file", "cluster_type", "no_cross_check"):
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
