"""What `az ml network test --cluster` adds: which cluster and namespace, how the pods are, what became of them."""

from __future__ import annotations

import base64
import queue
import threading
import time
from dataclasses import dataclass, replace
from typing import Any, Callable, Mapping, Optional

from ..errors import AccessError, AmlnetError, UsageError
from ._inputs import Gathered
from .test import Heard, Measured, Options, asked, measured, resource_group, version, without_user


@dataclass(frozen=True)
class Wanted:
    """--cluster and the arguments that go with it; `_params` describes each."""

    cluster: bool = False
    kube_context: Optional[str] = None
    kube_config: Optional[str] = None
    namespace: Optional[str] = None
    image: Optional[str] = None
    image_pull_secret: tuple[str, ...] = ()
    node_selector: tuple[str, ...] = ()
    toleration: tuple[str, ...] = ()
    pod_timeout: float = 300.0
    all_pools: bool = False


class InCluster:
    """A run in a cluster: it narrows the scope to the compute that the context is, and then measures there."""

    def __init__(self, wanted: Wanted, by_hand: bool = False) -> None:
        """`by_hand`: somebody else applies the objects or has read the log, so that no cluster need be at hand."""
        from ..cluster.kubectl import Kubectl

        self.wanted, self.by_hand = wanted, by_hand
        self.kubectl: Any = None
        self.place: Any = None
        try:
            self.kubectl = Kubectl(wanted.kube_config, wanted.kube_context)
        except AmlnetError:
            if not by_hand:
                raise
        self.view: queue.Queue[Any] = queue.Queue()  # asked for while the catalog is read and ARM is asked
        threading.Thread(target=self._look, daemon=True).start()

    def _look(self) -> None:
        try:
            self.view.put(self.kubectl.view() if self.kubectl else UsageError("kubectl was not found on PATH"))
        except (AmlnetError, OSError, ValueError) as error:
            self.view.put(error)

    def narrow(self, facts: Any, scope: Any) -> Any:
        """The scope of the one compute that this context is; raises UsageError when that cannot be told."""
        from ..cluster.contexts import choose, without_cluster

        seen = self.view.get()
        try:
            if isinstance(seen, Exception):
                raise UsageError(f"The kubeconfig cannot be read: {seen}", "See kubectl config view.")
            self.place = choose(seen, self.wanted.kube_context, facts, scope.computes)
        except UsageError:
            if not self.by_hand or self.wanted.kube_context:
                raise
            self.place = without_cluster(facts, scope.computes)
        return replace(scope, computes=(self.place.compute.name,)) if self.place.compute else scope

    def rows(self, gathered: Gathered) -> Gathered:
        """The rows that concern pods: nobody sits at a desk there, and managed compute is elsewhere."""
        from ..model import Scenario

        others = {Scenario.WORKSTATION, Scenario.MANAGED_COMPUTE}
        rows = tuple(row for row in gathered.rows if not row.needed_for or set(row.needed_for) - others)
        said = self.place.said if self.place else ()
        return replace(gathered, rows=rows, warnings=(*gathered.warnings, *said))

    def measure(self, gathered: Gathered, options: Options, say: Callable[[str], None]) -> Measured:
        """One pod, or one for each pool; what they told, or why they could not."""
        from ..cluster import run as k

        started = time.time()
        settings, request = self.settings(gathered, options), self.request(gathered, options)
        self.kubectl.context, self.kubectl.namespace = self.place.context, settings.namespace
        pools, said = self._pools(settings)
        seen = k.measure(self.kubectl, pools, request, self.wanted.pod_timeout, say, self._another_image)
        heard = [self._heard(probe) for probe in seen.probes]
        return measured(gathered, options, heard, started, seen.signal, (*said, *filter(None, seen.said)))

    def _heard(self, probe: Any) -> Heard:
        from ..measurement.judge import told

        trouble = probe.trouble
        pull = probe.pull or (trouble if trouble and trouble.host else None)
        pool = probe.pool if self.wanted.all_pools else None
        return Heard(
            name=probe.pool,
            place=f"a pod in namespace {probe.settings.namespace}",
            transcript=probe.transcript,
            node=probe.node,
            pool=pool,
            absent=told(trouble.cause, trouble.because) if trouble else None,
            pull=pull if pull and pull.proves_blocked else None,
        )

    # -- how the pods are to be

    def settings(self, gathered: Gathered, options: Options) -> Any:
        """Image, place and proxy of the pods: as told, else as training on the compute has them."""
        from ..cluster import pod

        compute, facts = (self.place.compute if self.place else None), gathered.facts
        namespace = self.wanted.namespace or (compute.namespace if compute else None)
        told = pod.tolerations_of(
            facts.name if facts else None,
            resource_group(facts) if facts else None,
            compute.name if compute else None,
        )
        return pod.Settings(
            namespace=namespace or (self.place.namespace if self.place else None) or "default",
            image=self.wanted.image or pod.IMAGE,
            image_pull_secrets=self.wanted.image_pull_secret,
            node_selector=_pairs(self.wanted.node_selector or (compute.node_selector if compute else ())),
            tolerations=(*map(_toleration, self.wanted.toleration), *told),
            proxy=self._proxy(options),
            deadline_s=int(self.wanted.pod_timeout + options.timeout + 120),
        )

    @property
    def _known_proxy(self) -> Any:
        """The proxy of the cluster that ARM tells of, if any."""
        return self.place.cluster.proxy if self.place and self.place.cluster else None

    def _proxy(self, options: Options) -> dict[str, str]:
        """The proxy for pods that the cluster gives none: --proxy, else what ARM tells of the cluster's own."""
        known = self._known_proxy
        given = (options.proxy or "").strip()
        found = {
            "AMLNET_HTTP_PROXY": given or (known.http if known else None),
            "AMLNET_HTTPS_PROXY": given or (known.https if known else None),
            "AMLNET_NO_PROXY": ",".join(known.skip) if known else None,
        }
        return {name: value for name, value in found.items() if value}

    def request(self, gathered: Gathered, options: Options) -> dict[str, Any]:
        """The prober's request; it carries public authorities, of which slim images have only some."""
        import certifi

        from ..files import read_certificates

        known = self._known_proxy
        bundles = [read_certificates(certifi.where())]
        bundles += [read_certificates(options.ca_file)] if options.ca_file else []
        if known and known.authorities:
            bundles.append(base64.b64decode(known.authorities).decode("utf-8", "replace"))
        # The default image's own store adds nothing, and reading it takes a pod as long as reading these.
        trust = {"pem": "\n".join(bundles), "only": self.wanted.image is None}
        return asked(gathered.rows, options, "environment", trust)

    def _pools(self, settings: Any) -> tuple[Mapping[str, Any], list[str]]:
        from ..cluster.kubectl import KubectlError
        from ..cluster.run import pools_of

        if not self.wanted.all_pools:
            return {"cluster": settings}, []
        if not self.wanted.node_selector:  # the compute's own would leave only its own pool
            settings = replace(settings, node_selector={})
        try:
            pools, said = pools_of(self.kubectl.nodes(), settings)
        except KubectlError as error:
            what = f"--all-pools must list the nodes: {error.message}"
            raise AccessError(what, "Leave it out for one pod.") from None
        if not pools:
            raise UsageError("--all-pools found no Linux node that takes pods.", "See kubectl get nodes.")
        return pools, said

    def _another_image(self, settings: Any) -> tuple[Any, str]:
        """Settings with an image that a node has already; or None, and why."""
        from ..cluster.kubectl import KubectlError
        from ..cluster.run import image_on_a_node

        try:
            self.kubectl.resume()
            found = image_on_a_node(self.kubectl.nodes(), settings)
        except KubectlError as error:
            return None, f"Images of the nodes could not be looked at: {error.message}"
        return found, "" if found else "No node that fits has an image with Python already; --image names a mirror."

    def manifests(self, gathered: Gathered, options: Options) -> str:
        """The objects of a run as YAML, for somebody who applies them by hand; nothing is sent."""
        import yaml

        from ..cluster import pod

        for url in (options.proxy, *(url for name, url in self._proxy(options).items() if "NO_PROXY" not in name)):
            without_user(url, "manifest")
        settings = self.settings(gathered, options)
        run = "amlnet-probe"
        objects = [*pod.belongings(run, settings, self.request(gathered, options)), pod.job(run, run, settings, False)]
        head = (
            f"# A probe of {len(gathered.rows)} rows in namespace {settings.namespace}, made by amlnet {version()}.\n"
            "#   kubectl apply -f THIS_FILE\n"
            f"#   kubectl -n {settings.namespace} wait --for=condition=complete --timeout=10m job/{run}\n"
            f"#   kubectl -n {settings.namespace} logs job/{run} > results.txt\n"
            "#   kubectl delete -f THIS_FILE\n"
            "#   az ml network test --cluster ... --results-file results.txt\n"
        )
        return head + yaml.dump_all(objects, Dumper=_literal(), sort_keys=False, width=120)


def _pairs(texts: tuple[str, ...]) -> dict[str, str]:
    """`key=value` words as a mapping."""
    found = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not (key and equals):
            raise UsageError(f"--node-selector is no key=value: '{text[:80]}'.", "For example agentpool=gpu.")
        found[key] = value
    return found


def _toleration(text: str) -> dict[str, Any]:
    """`key[=value][:effect]` as Kubernetes has it."""
    from ..cluster.pod import toleration

    head, _, effect = text.partition(":")
    key, equals, value = head.partition("=")
    if not key or effect not in ("", "NoSchedule", "PreferNoSchedule", "NoExecute"):
        what = f"--toleration is no key[=value][:effect]: '{text[:80]}'."
        raise UsageError(what, "For example sku=gpu:NoSchedule.")
    return toleration(key, value if equals else None, effect)


def _literal() -> Any:
    """A YAML dumper that writes texts of several lines as such."""
    import yaml

    class Dumper(yaml.SafeDumper):
        pass

    def text(dumper: Any, value: str) -> Any:
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)

    Dumper.add_representer(str, text)
    Dumper.ignore_aliases = lambda *_: True  # type: ignore[method-assign]
    return Dumper
