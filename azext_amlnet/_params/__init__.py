"""The arguments. Those of the scope are the same for all verbs: scope.py has them."""

from ..vocabulary import FOLDERS, FailOn, Purpose, export_formats, log_formats, policy_dialects


def load_arguments(loader, _):
    """Arguments of `az ml network …`."""
    from argcomplete.completers import FilesCompleter
    from azure.cli.core.commands.parameters import file_type

    from .scope import clusters, fleet, requirements_file, saving, selection, source

    files = {"type": file_type, "completer": FilesCompleter()}
    parts = {
        "": (source, fleet, saving, clusters, selection),
        " requirements": (_list, _written("the list, for a ticket,")),
        " export": (requirements_file, _export),
        " check-policy": (requirements_file, _policy, _suggested("what is missing"), _reports),
        " explain-log": (
            requirements_file,
            _log,
            _log_workspace,
            _suggested("what was denied"),
            _written("the result"),
        ),
        " test": (requirements_file, _measurement, _cluster, _proxy_and_tls, _gate, _reports, _outputs),
        " compare": (_compare, _written("the comparison")),
    }
    for verb, of_verb in parts.items():
        with loader.argument_context(f"ml network{verb}") as context:
            for part in of_verb:
                part(context, files)


def _list(context, files):
    """What `requirements` alone takes."""
    context.argument(
        "baseline",
        arg_group="Output",
        help="An earlier output (JSON) of the same question. Each row then tells its change; the exit code is 8 "
        "if a required row was added, became required, or lost its private endpoint.",
        **files,
    )
    context.argument(
        "host",
        arg_group="Output",
        nargs="+",
        help="Space-separated host names, in place of the list: whether it asks for each, by which entry, why, and "
        "by which document; and what a host resembles that it does not ask for.",
    )


def _compare(context, files):
    """What is compared."""
    what = "A report of `test`, a result of `check-policy` or a list of `requirements` (JSON)"
    context.argument("before", help=f"{what}: the earlier one, or the one of this machine.", **files)
    context.argument("after", help="The later one of the same kind, or the one of the cluster.", **files)


def _suggested(what):
    """The rules for what is lacking, for the verbs that find out."""
    text = f"Return the rules for {what}, and nothing else, in this format of `export`; named as additions, they do "
    formats = {"choices": [name for name in export_formats() if name not in FOLDERS], "metavar": "FORMAT"}

    def add(context, files):
        context.argument("suggest", help=f"{text}not replace what `export` made.", arg_group="Output", **formats)

    return add


def _written(what):
    """Where it goes besides standard output, for the verbs whose files have no verdicts."""
    text = f"Write {what} to these files as well; the name tells the format: .html, .md, .json. Files that exist are "
    group = {"arg_group": "Output"}

    def add(context, files):
        context.argument("report_file", nargs="+", help=f"{text}replaced.", **group, **files)

    return add


def _export(context, files):
    """The language, and where the text goes."""
    from azure.cli.core.commands.parameters import get_enum_type

    group = {"arg_group": "Output"}
    choices = list(export_formats())
    context.argument("export_format", options_list=["--format"], choices=choices, help="The target.", **group)
    context.argument(
        "output_file",
        help="Write the text there (of several files: the folder); what exists is refused without --overwrite. `-` "
        "writes it to standard output, and nothing else. Without it the result has the text: --query content -o tsv.",
        **files,
        **group,
    )
    context.argument(
        "allow_unresolved",
        action="store_true",
        help="Leave rows out whose names have parts that are not known yet, instead of refusing.",
        **group,
    )
    context.argument(
        "purpose",
        arg_type=get_enum_type(Purpose),
        help="allow: what must be reachable. tls-exemption: of these only the hosts whose TLS must not be inspected, "
        "with the document behind each (formats csv, hosts, markdown, squid).",
        **group,
    )
    context.argument(
        "use_fqdn_tags",
        action="store_true",
        help="For the azure-firewall formats: write the FQDN tag AzureKubernetesService in place of the names that an "
        "AKS cluster itself needs. Azure keeps what the tag holds.",
        **group,
    )


def _policy(context, files):
    """What the list is held against."""
    group = {"arg_group": "Policy"}
    context.argument(
        "policy",
        nargs="+",
        help="ARM ids or names, read only: an Azure Firewall policy or firewall, a security group, a route table, a "
        "subnet. Or files or folders: one of these as JSON or as a template with its parameters, squid.conf with what "
        "it names, Cilium policies, a plain list of names. Traffic has to pass all; what belongs together is one.",
        completer=files["completer"],
        **group,
    )
    context.argument(
        "dialect",
        choices=list(policy_dialects()),
        help="Dialect of a text file that cannot be recognized. JSON of Azure always is.",
        **group,
    )
    _whose(context, group)
    _evidence(context, files, group)
    context.argument(
        "baseline",
        arg_group="Output",
        help="An earlier output (JSON): fail only on what is worse than there, or new and not covered.",
        **files,
    )


def _log(context, files):
    """The log, and what is shown of it."""
    group = {"arg_group": "Log"}
    context.argument(
        "log_file",
        nargs="+",
        help="Logs of devices, in any order: plain or .gz, - for standard input. Recognised: Azure Firewall (JSON "
        "lines, Event Hub, output of az monitor log-analytics query, CSV of the portal, messages), squid, Hubble JSON, "
        "FortiGate, PAN-OS, flow logs of security groups and virtual networks.",
        completer=files["completer"],
        **group,
    )
    context.argument(
        "log_format",
        help=f"Format of a log that is not recognised: {', '.join(log_formats())}; or a logformat of squid.conf, as it "
        "stands there: '%ts.%03tu %>a %Ss/%03>Hs %rm %ru'.",
        completer=lambda **_: list(log_formats()),
        **group,
    )
    context.argument(
        "show_clients",
        action="store_true",
        help="Name the addresses that asked for each endpoint; without it they are counted.",
        **group,
    )


def _log_workspace(context, files):
    """The same log where Azure keeps it."""
    group = {"arg_group": "Log"}
    context.argument(
        "log_workspace",
        help="In place of files: the id of a Log Analytics workspace (a GUID or its ARM id), or the ARM id of an Azure "
        "Firewall, whose records are asked for there, summed up. Nothing but queries is sent.",
        **group,
    )
    texts = {
        "last": ("--last", "How far back Log Analytics is asked: 30m, 2h, 7d. Default: 24h."),
        "from_time": (
            "--from",
            "Its beginning, in place of --last; 2026-11-27T08:00 is UTC, 2026-11-27T08:00+01:00 not.",
        ),
        "to_time": ("--to", "Its end. Default: now; the records of the last minutes may not have arrived yet."),
    }
    for name, (option, text) in texts.items():
        context.argument(name, options_list=[option], help=text, **group)


def _whose(context, group):
    """Whose traffic it is that meets the policy."""
    context.argument(
        "namespace",
        help="Namespace of the jobs, for policies of clusters. Default: the compute's, where Azure tells one.",
        **group,
    )
    context.argument(
        "pod_labels",
        nargs="+",
        help="Labels of the jobs' pods, KEY=VALUE, for policies of clusters that select pods; KEY= for what they lack.",
        **group,
    )


def _evidence(context, files, group):
    """What was measured, and what Azure says of its tags."""
    context.argument(
        "addresses",
        help="A report of `test` (JSON): the addresses that it saw settle rules by range or tag, as of its day.",
        **files,
        **group,
    )
    context.argument(
        "service_tags",
        help="The prefixes of service tags: `live` asks Azure, or a file, the weekly one or what az network "
        "list-service-tags prints. Together with --addresses.",
        **files,
        **group,
    )
    context.argument(
        "policy_resource_group",
        help="Resource group of policies that are given by name. Default: any of the subscription.",
        **group,
    )


def _measurement(context, files):
    """What is tried, and where."""
    context.argument(
        "endpoint",
        nargs="+",
        help="Endpoints to try as well, as required ones: host[:port], an intranet's name of one label, or with a "
        "protocol, as tcp://host:1433. Tried like the catalog's entry with the same host suffix. Without a workspace "
        "they are all that is tried.",
        arg_group="Scope",
    )
    context.argument(
        "timeout", type=float, arg_group="Measurement", help="Seconds for each endpoint; all are tried at once."
    )
    context.argument(
        "dry_run",
        action="store_true",
        arg_group="Measurement",
        help="Send nothing and write a probe script: one Python file for a machine that has neither az nor Azure "
        "rights. It goes to standard output or to --output-file.",
    )
    context.argument(
        "results_file",
        arg_group="Measurement",
        help="Judge what a probe script printed elsewhere instead of measuring here.",
        **files,
    )


def _cluster(context, files):
    """The probe from inside the cluster."""
    group = {"arg_group": "Cluster"}
    context.argument(
        "cluster",
        action="store_true",
        help="Measure from a short-lived pod in the cluster instead of from this machine: what counts is what pods can "
        "reach. Needs kubectl; docs/testing.md names the rights.",
        **group,
    )
    context.argument(
        "kube_context",
        help="Context of the kubeconfig. Default: the current one, or the one whose API server is --compute's.",
        **group,
    )
    context.argument("kube_config", help="Path to the kubeconfig. Default: as kubectl finds it.", **files, **group)
    context.argument(
        "namespace",
        help="Namespace of the pod; it must exist. Default: the compute's, else the context's. Network policies apply "
        "to the probe as they do to jobs.",
        **group,
    )
    context.argument("image", help="An image with Python 3.8 or newer, e.g. in a mirror.", **group)
    context.argument("image_pull_secret", nargs="+", help="Names of secrets to pull the image with.", **group)
    context.argument(
        "node_selector",
        nargs="+",
        help="Labels of the node, key=value. Default: those of the compute's default instance type.",
        **group,
    )
    context.argument(
        "toleration",
        nargs="+",
        help="Taints to tolerate, key[=value][:effect], beside those that Azure ML's own workloads tolerate.",
        **group,
    )
    context.argument(
        "pod_timeout", type=float, help="Seconds that a pod may take to start; GPU pools scale up slowly.", **group
    )
    context.argument(
        "all_pools",
        action="store_true",
        help="One pod on each node pool at the same time, and compare.",
        **group,
    )


def _proxy_and_tls(context, files):
    """How endpoints are reached, and whom to trust."""
    group = {"arg_group": "Proxy and TLS"}
    context.argument(
        "proxy",
        help="Address of an HTTP proxy, http://[user:password@]host:port. Default: HTTPS_PROXY and HTTP_PROXY. "
        "NO_PROXY counts in both cases.",
        **group,
    )
    context.argument(
        "ca_file",
        help="Certificates of authorities (PEM) to trust beside the system's. Without it REQUESTS_CA_BUNDLE or "
        "SSL_CERT_FILE count, in place of the system's.",
        **files,
        **group,
    )
    context.argument(
        "read_http",
        action="store_true",
        arg_group="Measurement",
        help="Where TLS is reset or closed, ask once on port 80 of the same address as well: filters name themselves "
        "there. It is told as evidence and decides nothing.",
    )


def _gate(context, files):
    """What makes the exit code."""
    from azure.cli.core.commands.parameters import get_enum_type

    context.argument(
        "fail_on",
        arg_type=get_enum_type(FailOn),
        arg_group="Output",
        help="What exits with 8: a required endpoint that is blocked; `degraded`: degraded ones as well; "
        "`recommended`: blocked recommended ones as well; `never`: nothing, nor does what is unknown exit with 9.",
    )
    context.argument(
        "baseline",
        arg_group="Output",
        help="An earlier report (JSON): fail only on what is worse than there, or new and not fine.",
        **files,
    )


def _report_file(more, context, files):
    """The files of a report, and the formats that there are."""
    text = (
        "Write the report to these files as well; the name tells the format: .json, .xml (JUnit), .html, .md (a job's "
    )
    text += f"summary){more}. Files that exist are replaced."
    context.argument("report_file", nargs="+", arg_group="Output", help=text, **files)


def _reports(context, files):
    """Where the report goes besides standard output."""
    _report_file("", context, files)
    context.argument(
        "annotate",
        choices=["azure-devops", "github"],
        arg_group="Output",
        help="Print findings to standard error in the form that this CI system shows beside the step.",
    )


def _outputs(context, files):
    """What is left out, where the script goes, and how often a probe is to run."""
    _report_file(", .prom (OpenMetrics)", context, files)
    context.argument(
        "redact",
        action="store_true",
        arg_group="Output",
        help="Leave subscription ids, private addresses, resolvers and the machine's name out of everything printed.",
    )
    context.argument(
        "output_file", arg_group="Output", help="Where --dry-run writes the script; refused if it exists.", **files
    )
    context.argument(
        "schedule",
        arg_group="Cluster",
        help="With --cluster --dry-run: print the probe as a CronJob with this schedule, such as '*/15 * * * *', whose "
        "pods' logs --results-file reads.",
    )
    context.argument(
        "time_zone", arg_group="Cluster", help="The time zone of --schedule, such as Europe/Berlin. Default: Etc/UTC."
    )
