"""What `az ml network test --cluster` adds: which cluster and namespace, how the pods are, what became of them."""

from __future__ import annotations

import base64
import queue
import re
import threading
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Callable, Mapping, Optional, Union

from ..cluster import ODD_SHAPES
from ..errors import AccessError, AmlnetError, UnreachableError, UsageError
from ..text import digest

if TYPE_CHECKING:
    from ..cluster import Object
    from ..cluster.contexts import ClusterContext
    from ..cluster.kubectl import Kubectl
    from ..cluster.pod import PodSettings
    from ..cluster.watch import ProbePod
    from ..codec import JsonObject
    from ..measurement.report import Observation, Run
    from ..model import Inputs, Proxy, Scope, Workspace
    from .test import TestArguments


@dataclass(frozen=True)
class ClusterArguments:
    """--cluster and the arguments that go with it; `_params` describes each."""

    cluster: bool = False
    kube_context: Optional[str] = None
    kube_config: Optional[str] = None
    namespace: Optional[str] = None
    image: Optional[str] = None
    image_pull_secret: tuple[str, ...] = ()
    node_selector: tuple[str, ...] = ()
    toleration: tuple[str, ...] = ()
    pod_timeout: float = 300
    all_pools: bool = False
    schedule: Optional[str] = None
    time_zone: Optional[str] = None


class KubeconfigQuery:
    """The kubeconfig on its way: kubectl is asked when it is made, while the catalog is read and ARM is asked.

    `by_hand`: somebody else applies the objects or has read the log, so that no cluster need be at hand. Raises
    AmlnetError when there is no kubectl and one is needed.
    """

    def __init__(self, arguments: ClusterArguments, by_hand: bool) -> None:
        self.wanted, self.by_hand = arguments.kube_context, by_hand
        self._answer: queue.Queue[Union[Object, Exception]] = queue.Queue()
        try:
            kubectl = _kubectl(arguments.kube_config, arguments.kube_context)
        except AmlnetError as error:
            if not by_hand:
                raise
            self._answer.put(UsageError(error.message.rstrip(".")))
        else:
            threading.Thread(target=self._ask, args=(kubectl,), daemon=True).start()

    def _ask(self, kubectl: Kubectl) -> None:
        try:
            self._answer.put(kubectl.view())
        except (AmlnetError, OSError, ValueError) as error:
            self._answer.put(error)

    def finish(self, facts: Optional[Workspace], scope: Scope) -> ClusterContext:
        """The context to probe in, and the one compute that it is; raises UsageError when that cannot be determined."""
        from ..cluster.contexts import context_of, without_cluster

        config = self._answer.get()
        try:
            if isinstance(config, Exception):
                raise UsageError(f"The kubeconfig cannot be read: {config}", "See kubectl config view.")
            try:
                return context_of(config, self.wanted, facts, scope.computes)
            except ODD_SHAPES:
                what = "The kubeconfig cannot be read: kubectl shows it in an unknown shape."
                raise UsageError(what, "See kubectl config view.") from None
        except UsageError:
            if not self.by_hand or self.wanted:
                raise
            return without_cluster(facts, scope.computes)


def _kubectl(config: Optional[str], context: Optional[str], namespace: Optional[str] = None) -> Kubectl:
    from ..cluster.kubectl import Kubectl
    from ..cluster.transport import KubectlTransport

    return Kubectl(KubectlTransport(config, context, namespace))


def for_pods(inputs: Inputs, context: ClusterContext) -> Inputs:
    """The rows that concern pods: nobody sits at a desk there, and managed compute is elsewhere."""
    from ..model import Scenario

    others = {Scenario.WORKSTATION, Scenario.MANAGED_COMPUTE}
    rows = tuple(row for row in inputs.rows if not row.needed_for or set(row.needed_for) - others)
    return replace(inputs, rows=rows, warnings=(*inputs.warnings, *context.doubts))


@dataclass(frozen=True)
class PodPlan:
    """How the pods of a probe are to be: as the arguments ask, else as training on the compute has them."""

    context: ClusterContext
    inputs: Inputs
    arguments: TestArguments
    cluster: ClusterArguments

    def settings(self) -> PodSettings:
        """Image, place and proxy of the pods."""
        from ..cluster import pod

        cluster, compute, facts = self.cluster, self.context.compute, self.inputs.fleet.only
        tolerated = pod.tolerations_of(
            facts.name if facts else None,
            facts.resource_group if facts else None,
            compute.name if compute else None,
        )
        namespace = cluster.namespace or (compute.namespace if compute else None) or self.context.namespace
        return pod.PodSettings(
            namespace=namespace or "default",
            image=cluster.image or pod.IMAGE,
            image_pull_secrets=cluster.image_pull_secret,
            node_selector=_pairs(cluster.node_selector or (compute.node_selector if compute else ())),
            tolerations=(*map(_toleration, cluster.toleration), *tolerated),
            proxy=self.proxy(),
            deadline_s=int(cluster.pod_timeout + self.arguments.timeout + 120),
        )

    @property
    def _own_proxy(self) -> Optional[Proxy]:
        """The proxy of the cluster that ARM tells of, if any."""
        return self.context.cluster.proxy if self.context.cluster else None

    def proxy(self) -> dict[str, str]:
        """The proxy for pods that the cluster gives none: --proxy, else what ARM tells of the cluster's own."""
        own, asked = self._own_proxy, (self.arguments.proxy or "").strip()
        values = {
            "AMLNET_HTTP_PROXY": asked or (own.http if own else None),
            "AMLNET_HTTPS_PROXY": asked or (own.https if own else None),
            "AMLNET_NO_PROXY": ",".join(own.skip) if own else None,
        }
        return {name: value for name, value in values.items() if value}

    def request(self) -> JsonObject:
        """The prober's request; it carries public authorities, of which slim images have only some."""
        import certifi

        from ..files import read_certificates
        from ..runners.request import OF_ENVIRONMENT, request

        bundles = [read_certificates(certifi.where())]
        bundles += [read_certificates(self.arguments.ca_file)] if self.arguments.ca_file else []
        if self._own_proxy and self._own_proxy.authorities:
            bundles.append(base64.b64decode(self._own_proxy.authorities).decode("utf-8", "replace"))
        # The default image's own store adds nothing, and reading it takes a pod as long as reading these.
        trust = {"pem": "\n".join(bundles), "only": self.cluster.image is None}
        return request(self.inputs.rows, self.arguments.timeout, OF_ENVIRONMENT, trust, self.arguments.read_http)


def measure_in_pods(plan: PodPlan, say: Callable[[str], None]) -> Run:
    """One pod, or one for each pool; what they told, or why they could not."""
    from ..cluster import run as pods
    from ..measurement.report import Run

    began_s, started = time.time(), time.monotonic()
    settings, request = plan.settings(), plan.request()
    kubectl = _kubectl(plan.cluster.kube_config, plan.context.name, settings.namespace)
    pools, remarks = _pools(plan.cluster, kubectl, settings)
    means = pods.Means(
        kubectl, request, plan.cluster.pod_timeout, say, lambda settings: _another_image(kubectl, settings)
    )
    cluster_run = pods.measure(means, pools)
    return Run(
        observations=tuple(_observation(pod, plan.cluster.all_pools) for pod in cluster_run.pods),
        began_s=began_s,
        took_s=time.monotonic() - started,
        interrupted=cluster_run.interrupted,
        remarks=(*remarks, *filter(None, cluster_run.remarks)),
    )


def _observation(pod: ProbePod, all_pools: bool) -> Observation:
    from ..measurement.causes import judgement_of
    from ..measurement.report import BlockedPull, Observation

    failure = pod.failure
    pull = pod.pull or failure
    return Observation(
        name=pod.pool,
        place=f"a pod in namespace {pod.settings.namespace}",
        transcript=pod.transcript,
        node=pod.node,
        pool=pod.pool if all_pools else None,
        in_pod=True,
        absent=judgement_of(failure.cause, failure.because) if failure else None,
        pull=BlockedPull(pull.host, pull.because) if pull and pull.host and pull.proves_blocked else None,
    )


def _pools(
    cluster: ClusterArguments, kubectl: Kubectl, settings: PodSettings
) -> tuple[Mapping[str, PodSettings], list[str]]:
    """The settings of each pod by its pool, and what is to be said of pools left out."""
    from ..cluster.pools import pools_of
    from ..cluster.transport import KubectlError

    if not cluster.all_pools:
        return {"cluster": settings}, []
    if not cluster.node_selector:  # the compute's own would leave only its own pool
        settings = replace(settings, node_selector={})
    try:
        pools, remarks = pools_of(kubectl.nodes(), settings)
    except KubectlError as error:
        what = f"--all-pools must list the nodes: {error.message}"
        raise AccessError(what, "Leave it out for one pod.") from None
    except ODD_SHAPES:
        raise UnreachableError(
            "--all-pools cannot read the nodes that kubectl shows.", "See kubectl get nodes."
        ) from None
    if not pools:
        raise UsageError("--all-pools found no Linux node that takes pods.", "See kubectl get nodes.")
    return pools, remarks


def _another_image(kubectl: Kubectl, settings: PodSettings) -> tuple[Optional[PodSettings], str]:
    """Settings with an image that a node has already; or None, and why."""
    from ..cluster.pools import image_on_a_node
    from ..cluster.transport import KubectlError

    try:
        kubectl.transport.resume()
        other = image_on_a_node(kubectl.nodes(), settings)
    except KubectlError as error:
        return None, f"Images of the nodes could not be looked at: {error.message}"
    except ODD_SHAPES:
        return None, "Images of the nodes could not be looked at: kubectl shows them in an unknown shape."
    return other, "" if other else "No node that fits has an image with Python already; --image names a mirror."


def manifests(plan: PodPlan) -> str:
    """The objects of a run as YAML, for somebody who applies them by hand; nothing is sent."""
    from ..about import version
    from ..cluster import pod
    from ..runners.request import refuse_user

    for url in (plan.arguments.proxy, *(url for name, url in plan.proxy().items() if "NO_PROXY" not in name)):
        refuse_user(url, "manifest")
    settings, run, count = plan.settings(), _run_of(plan), len(plan.inputs.rows)
    head = f"# A probe of {count} rows in namespace {settings.namespace}, made by amlnet {version()}.\n"
    schedule, zone = plan.cluster.schedule, plan.cluster.time_zone or "Etc/UTC"
    what = pod.cron_job(run, settings, schedule, zone) if schedule else pod.job(run, run, settings, False)
    steps = [
        "kubectl apply --server-side -f THIS_FILE",
        *_steps(f"kubectl -n {settings.namespace}", run, f"'{schedule}' ({zone})" if schedule else ""),
        "az ml network test --cluster ... --results-file results.txt",
    ]
    text = "".join(f"#   {step}\n" for step in steps)
    return head + text + _yaml([*pod.belongings(run, settings, plan.request()), what])


def _run_of(plan: PodPlan) -> str:
    """What the objects are called, so that a manifest replaces nothing but an older one of its compute and sort.

    A CronJob's name may have 52 characters (https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs,
    2026-11-27).
    """
    compute, facts = plan.context.compute, plan.inputs.fleet.only
    sort = "amlnet-watch" if plan.cluster.schedule else "amlnet-probe"
    name = ((compute and compute.name) or (facts and facts.name) or "").lower()
    words = re.sub(r"[^a-z0-9]+", "-", name[:24]).strip("-")
    whose = f"{facts.key or facts.name}/{name}" if facts else " ".join(plan.inputs.workspaces)
    return "-".join(filter(None, (sort, words, digest(whose) if whose else "")))


def _steps(kubectl: str, run: str, schedule: str) -> list[str]:
    """How the log is had, of one run, or of the newest of those by a schedule."""
    from ..cluster.pod import RUN_LABEL

    if not schedule:
        return [
            f"{kubectl} wait --for=condition=complete --timeout=10m job/{run}",
            f"{kubectl} logs job/{run} > results.txt",
            "kubectl delete -f THIS_FILE",
        ]
    over = "--field-selector status.phase!=Pending,status.phase!=Running"
    newest = f"{kubectl} get pods -l {RUN_LABEL}={run} {over} -o name"
    return [
        f"It runs by {schedule}; at once by: {kubectl} create job {run}-now --from=cronjob/{run}",
        f"{kubectl} logs $({newest} --sort-by=.metadata.creationTimestamp | tail -1) > results.txt",
        "The schedule ends by: kubectl delete -f THIS_FILE",
    ]


def _pairs(texts: tuple[str, ...]) -> dict[str, str]:
    """`key=value` words as a mapping."""
    pairs = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not (key and equals):
            raise UsageError(f"--node-selector is no key=value: '{text[:80]}'.", "For example agentpool=gpu.")
        pairs[key] = value
    return pairs


def _toleration(text: str) -> Object:
    """`key[=value][:effect]` as Kubernetes has it."""
    from ..cluster.pod import toleration

    head, _, effect = text.partition(":")
    key, equals, value = head.partition("=")
    if not key or effect not in ("", "NoSchedule", "PreferNoSchedule", "NoExecute"):
        what = f"--toleration is no key[=value][:effect]: '{text[:80]}'."
        raise UsageError(what, "For example sku=gpu:NoSchedule.")
    return toleration(key, value if equals else None, effect)


def _yaml(objects: list[JsonObject]) -> str:
    """The objects as YAML documents, in which texts of several lines are written as such."""
    import yaml

    class Dumper(yaml.SafeDumper):
        def ignore_aliases(self, data: object) -> bool:
            return True

    def text(dumper: Dumper, value: str) -> yaml.Node:
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)

    Dumper.add_representer(str, text)
    return yaml.dump_all(objects, Dumper=Dumper, sort_keys=False, width=120)
