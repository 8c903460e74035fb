"""`az ml network test --cluster`: real az, real kubectl, an API of our own that really runs the pod's command."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Optional

import certifi
import pytest
import yaml

from azext_amlnet.cluster import failures, schedule
from azext_amlnet.cluster.contexts import context_of
from azext_amlnet.cluster.pod import PodSettings
from azext_amlnet.cluster.pools import image_on_a_node, pools_of
from azext_amlnet.errors import UsageError
from azext_amlnet.files import read_workspace
from azext_amlnet.model import Scenario

from . import wire
from .consumers import consumers, kinds
from .example import EXAMPLE, rows
from .fakekube import FakeKube, Fault
from .terminal import seen
from .test_e2e import one_line
from .test_e2e_test import FILE, PLAIN, TEST, Far, by_host
from .world import Az, Ran

pytestmark = pytest.mark.skipif(shutil.which("kubectl") is None, reason="needs kubectl: run `make tools` as root")
AKS = "http://aks-gpu-dns-1a2b3c4d.hcp.northeurope.azmk8s.io"
ONE = ("--endpoint", "acrml.azurecr.io", "--timeout", "4")


@pytest.fixture
def kube() -> Iterator[FakeKube]:
    """A cluster; whatever a test did there, nothing of ours is left in it."""
    cluster = FakeKube()
    yield cluster
    try:
        until = time.monotonic() + 3
        while cluster.left() and time.monotonic() < until:
            time.sleep(0.05)
        assert cluster.left() == []
    finally:
        cluster.close()


@pytest.fixture
def far(net: wire.Wire, tmp_path: Path, kube: FakeKube) -> Far:
    """The services, and the proxy to them that the cluster injects into its pods."""
    made = Far(net, tmp_path, "pypi.org")
    kube.knobs.environment = {
        "HTTPS_PROXY": f"http://127.0.0.1:{made.proxy}",
        "NO_PROXY": "localhost,127.0.0.1,.cluster.local",
    }
    return made


def inside(az: Az, kube: FakeKube, far: Far | None, *words: str, server: str = "", **environment: str) -> Ran:
    """Runs the test in the cluster."""
    config = kube.kubeconfig(az.folder / "kubeconfig", server=server)
    trusted = ("--ca-file", str(far.ca)) if far else ()
    return az(*TEST, "--cluster", "--kube-config", str(config), *trusted, *words, **environment)


# -- healthy, and one host blocked


def test_the_list_from_a_pod(az: Az, kube: FakeKube, far: Far) -> None:
    ran = inside(az, kube, far, *FILE, *PLAIN, "--exclude", "aks", "packages", server=AKS)
    assert ran.code == 0 and ran.err == "", ran.err
    results, (vantage,) = by_host(ran), ran.json["vantages"]
    assert {result["verdict"] for result in results.values()} == {"reachable", "skipped"}
    assert (vantage["name"], vantage["node"]) == ("cluster", "node-1")
    assert vantage["place"] == "a pod in namespace azureml" and vantage["proxy"]["source"] == "environment"
    assert all("gpu-aks" in result["computes"] or not result["computes"] for result in results.values())
    assert "gbl.his.arc.azure.com" not in results  # which only the Arc compute needs


def test_what_a_pod_cannot_reach_is_blocked(az: Az, kube: FakeKube, far: Far) -> None:
    ran = inside(az, kube, far, *FILE, *PLAIN, server=AKS)
    assert ran.code == 8 and by_host(ran)["pypi.org"]["cause"] == "proxy_denied"


def test_the_calls_of_a_healthy_run(az: Az, kube: FakeKube, far: Far) -> None:
    assert inside(az, kube, far, *ONE).code == 0
    calls = [call for call in kube.calls if "/namespaces/" in call]
    changes = [call for call in calls if not call.startswith("GET")]
    assert changes[0] == "POST /apis/batch/v1/namespaces/default/jobs"
    kinds = [call.split("/namespaces/default/")[1].split("/")[0] for call in calls]
    assert set(kinds) <= {"jobs", "configmaps", "pods", "pods (watch)", "events"}
    assert changes[-1].startswith("DELETE /apis/batch/v1/namespaces/default/jobs/amlnet-") and len(changes) == 4


# -- the manifest


def test_the_manifest_is_restricted_and_made_for_people(az: Az, kube: FakeKube, far: Far) -> None:
    words = ("--image", "mirror.example/python:3", "--image-pull-secret", "pull", "--namespace", "azureml")
    more = ("--node-selector", "agentpool=gpu", "--toleration", "sku=gpu:NoSchedule", "--dry-run")
    ran = inside(az, kube, far, *FILE, *words, *more, server=AKS)
    assert ran.code == 0 and not [call for call in kube.calls if not call.startswith("GET")]
    config, job = yaml.safe_load_all(ran.out)
    pod = job["spec"]["template"]["spec"]
    container = pod["containers"][0]
    # https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
    assert not {"hostNetwork", "hostPID", "hostIPC", "initContainers"} & set(pod)
    assert [set(volume) - {"name"} for volume in pod["volumes"]] == [{"configMap"}]
    assert pod["securityContext"]["runAsNonRoot"] is True and pod["securityContext"]["runAsUser"] > 0
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    security = container["securityContext"]
    assert security == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert "ports" not in container and pod["automountServiceAccountToken"] is False
    # what the contract asks for beyond it
    assert "cpu" in container["resources"]["requests"] and "cpu" not in container["resources"]["limits"]
    assert container["resources"]["limits"]["memory"]
    assert (
        job["spec"]["backoffLimit"] == 0
        and job["spec"]["ttlSecondsAfterFinished"]
        and job["spec"]["activeDeadlineSeconds"]
    )
    assert (container["image"], pod["imagePullSecrets"]) == ("mirror.example/python:3", [{"name": "pull"}])
    assert pod["nodeSelector"] == {"kubernetes.io/os": "linux", "agentpool": "gpu"}
    assert {"key": "sku", "operator": "Equal", "value": "gpu", "effect": "NoSchedule"} in pod["tolerations"]
    assert {"key": "ml.azure.com/compute", "operator": "Equal", "value": "gpu-aks"} in pod["tolerations"]
    assert config["metadata"]["namespace"] == job["metadata"]["namespace"] == "azureml"
    assert "suspend" not in job["spec"] and "ownerReferences" not in config["metadata"]
    assert sum(len(text) for text in config["data"].values()) < 1_000_000


class Hand:
    """Somebody with a manifest who types what it begins with; kubectl is the real one, this cluster has no schemas."""

    def __init__(self, az: Az, kube: FakeKube, folder: Path) -> None:
        self.az, self.kube, self.manifest, self.results = az, kube, folder / "probe.yaml", folder / "results.txt"
        config = kube.kubeconfig(az.folder / "kubeconfig")
        shim = folder / "bin" / "kubectl"
        shim.parent.mkdir()
        more = 'case "$1" in apply) set -- "$@" --validate=false;; esac'
        real = shutil.which("kubectl")
        shim.write_text(f'#!/bin/sh\n{more}\nexec {real} --kubeconfig={config} "$@"\n', encoding="utf-8")
        shim.chmod(0o755)
        self.environment = {**os.environ, "PATH": f"{shim.parent}{os.pathsep}{os.environ['PATH']}"}

    def written(self, far: Far, *words: str) -> list[str]:
        """The commands that a manifest begins with, in their order."""
        self.manifest = self.manifest.with_name(f"{len(words)}.yaml")
        inside(self.az, self.kube, far, *ONE, *words, "--output-file", str(self.manifest))
        head = [line[4:] for line in self.manifest.read_text(encoding="utf-8").splitlines() if line.startswith("#   ")]
        commands = [f"kubectl {line.split('kubectl ', 1)[1]}" for line in head if "kubectl " in line]
        return [
            one.replace("THIS_FILE", str(self.manifest)).replace("results.txt", str(self.results)) for one in commands
        ]

    def type(self, command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=90, check=False,
                              env=self.environment)  # fmt: skip

    def must(self, command: str) -> None:
        done = self.type(command)
        assert done.returncode == 0, (command, done.stderr)

    def judged(self) -> None:
        ran = inside(self.az, self.kube, None, *ONE, "--results-file", str(self.results))
        assert ran.code == 0 and ran.json["vantages"][0]["name"] == "pod"


def test_a_manifest_applied_by_its_own_words_and_its_log_fed_back(
    az: Az, kube: FakeKube, far: Far, tmp_path: Path
) -> None:
    hand = Hand(az, kube, tmp_path)
    for command in hand.written(far, "--dry-run"):
        hand.must(command)
    assert kube.left() == []
    hand.judged()


def test_a_manifest_of_any_size_is_applied(az: Az, kube: FakeKube, far: Far, tmp_path: Path) -> None:
    """kubectl apply keeps the object in an annotation, which is too long for authorities and a prober."""
    hand = Hand(az, kube, tmp_path)
    apply, *_, delete = hand.written(far, "--dry-run", "--ca-file", certifi.where())
    assert "Too long" in hand.type(apply.replace(" --server-side", "")).stderr
    hand.must(apply)
    assert {"jobs", "configmaps"} <= {name.split("/")[0] for name in kube.left()}
    hand.must(delete)


SCHEDULED = ("--dry-run", "--schedule", "*/15 * * * *")


def test_a_schedule_makes_a_cron_job_whose_pods_are_the_same(az: Az, kube: FakeKube, far: Far) -> None:
    config, cron = yaml.safe_load_all(inside(az, kube, far, *ONE, *SCHEDULED, "--time-zone", "Europe/Berlin").out)
    same, job = yaml.safe_load_all(inside(az, kube, far, *ONE, "--dry-run").out)
    spec = cron["spec"]
    assert (cron["kind"], spec["schedule"], spec["timeZone"]) == ("CronJob", "*/15 * * * *", "Europe/Berlin")
    assert spec["concurrencyPolicy"] == "Forbid" and spec["startingDeadlineSeconds"] > 0
    assert (spec["successfulJobsHistoryLimit"], spec["failedJobsHistoryLimit"]) == (3, 3)
    once = {name: value for name, value in job["spec"].items() if name != "ttlSecondsAfterFinished"}
    name, other = cron["metadata"]["name"], job["metadata"]["name"]
    assert json.loads(json.dumps([once, same]).replace(other, name)) == [spec["jobTemplate"]["spec"], config]


def test_manifests_of_two_computes_and_sorts_replace_nothing_of_each_other(az: Az, tmp_path: Path) -> None:
    bare = {"KUBECONFIG": str(tmp_path / "none"), "HOME": str(tmp_path)}
    facts = json.loads(EXAMPLE.read_text(encoding="utf-8"))
    other = tmp_path / "other.json"
    other.write_text(json.dumps({**facts, "id": facts["id"].replace(facts["id"].split("/")[4], "another")}))
    names = set()
    for path in (EXAMPLE, other):
        for compute in (one["name"] for one in facts["computes"]):
            for more in ((), SCHEDULED[1:]):
                words = ("--workspace-file", str(path), "--compute", compute, "--cluster", "--dry-run", *more)
                for made in yaml.safe_load_all(az.must_with(bare, *TEST, *words).out):
                    assert re.fullmatch("[a-z0-9](-?[a-z0-9])*", made["metadata"]["name"])
                    names.add((made["kind"], made["metadata"]["name"]))
    assert len(names) == 4 * 2 * len(facts["computes"]) and max(len(name) for _, name in names) <= 52


@consumers
def test_kubernetes_own_schemas_take_what_is_to_be_applied(az: Az, kube: FakeKube, far: Far) -> None:
    for words, kind in ((SCHEDULED, "CronJob"), (("--dry-run",), "Job")):
        text = inside(az, kube, far, *ONE, *words).out
        assert kinds(text) == ["ConfigMap", kind]
        _, wrong = kinds(text.replace("backoffLimit: 0", "backoffLimits: 0"))
        assert "backoffLimits" in wrong


def test_the_newest_log_by_a_schedule_is_fed_back_by_the_manifests_own_words(
    az: Az, kube: FakeKube, far: Far, tmp_path: Path
) -> None:
    hand = Hand(az, kube, tmp_path)
    apply, now, log, delete = hand.written(far, *SCHEDULED)
    hand.must(apply)
    watch = next(name for kind, _, name in kube.store if kind == "cronjobs")
    assert (
        now == f"kubectl -n default create job {watch}-now --from=cronjob/{watch}"
    )  # in protobuf, which is not read here
    kube.due("default", watch)
    until = time.monotonic() + 60
    while not (hand.results.exists() and hand.results.read_text()) and time.monotonic() < until:
        hand.type(log)  # nothing, while the pod runs
        time.sleep(0.2)
    hand.judged()
    for command in hand.written(far, "--dry-run"):
        hand.must(command)  # and removes its own again
    assert {f"cronjobs/{watch}", f"configmaps/{watch}"} <= set(kube.left())
    hand.must(delete)


@pytest.mark.parametrize(
    "text",
    [
        "*/15 * * * *",
        "@hourly",
        "@every 1h30m",
        "@every 1.5h",
        "0 8 * * MON-fri",
        "5,10-20/2 ? 1-31 JAN *",
        "0/5 * * * *",
        " 0 0 1 1 0",
    ],
)
def test_what_kubernetes_takes_as_a_schedule(text: str) -> None:
    assert schedule.fault_of(text) == ""


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("* 25 * * *", "no hour"),
        ("* * 0 * *", "no day of month"),
        ("* * * 13 *", "no month"),
        ("* * * * 7", "no day of week"),
        ("*/0 * * * *", "no minute"),
        ("5-1 * * * *", "no minute"),
        ("*-5 * * * *", "no minute"),
        ("1,,2 * * * *", "no minute"),
        ("mon * * * *", "no minute"),
        ("\u0663 * * * *", "no minute"),
        ("@every 5", "no five fields"),
        ("*/15 * *\n* *", "no five fields"),
        ("* * * * *\n", "no day of week"),
        ("*/99999 * * * *", "no minute"),
        ("CRON_TZ=UTC * * * * *", "no five fields"),
        ("", "no five fields"),
    ],
)
def test_what_is_no_schedule(text: str, fault: str) -> None:
    assert fault in schedule.fault_of(text)


def test_what_may_be_a_time_zone() -> None:
    assert all(map(schedule.is_zone, ("UTC", "EST5EDT", "Etc/GMT+5", "America/Argentina/Buenos_Aires")))
    assert not any(map(schedule.is_zone, ("Local", "local", "", "UTC; x", "+01:00", "Europe/")))


# -- proxies


def test_where_nothing_is_injected_the_clusters_own_proxy_is_added_through_a_secret(
    az: Az, kube: FakeKube, net: wire.Wire, tmp_path: Path
) -> None:
    far = Far(net, tmp_path, user=base64.b64encode(b"me:p@ss").decode())
    (tmp_path / "proxy.txt").write_text(f"http://me:p%40ss@127.0.0.1:{far.proxy}", encoding="utf-8")
    seen: list[str] = []
    keep = kube.put

    def put(kind: str, namespace: str, obj: Any, event: str = "ADDED") -> Any:
        seen.append(kind + json.dumps(obj) if kind != "secrets" else kind)
        return keep(kind, namespace, obj, event)

    kube.put = put  # type: ignore[method-assign]
    shim, words = tmp_path / "bin" / "kubectl", tmp_path / "words"
    shim.parent.mkdir()
    shim.write_text(f'#!/bin/sh\necho "$@" >> {words}\nexec {shutil.which("kubectl")} "$@"\n', encoding="utf-8")
    shim.chmod(0o755)
    path = f"{shim.parent}{os.pathsep}{os.environ['PATH']}"
    ran = inside(az, kube, far, *ONE, "--proxy", f"@{tmp_path / 'proxy.txt'}", "--debug", PATH=path)
    assert "create" in words.read_text(encoding="utf-8") and "p%40ss" not in words.read_text(encoding="utf-8")
    assert ran.code == 0 and ran.json["vantages"][0]["proxy"]["source"] == "added", ran.err[-3000:]
    assert "secrets" in seen and not [text for text in seen if "p%40ss" in text or "p@ss" in text]
    assert "p%40ss" not in ran.out + ran.err and "p@ss" not in ran.out + ran.err


def test_what_the_cluster_injects_counts_before_our_own(az: Az, kube: FakeKube, far: Far) -> None:
    ran = inside(az, kube, far, *ONE, "--proxy", "http://127.0.0.1:9")
    assert ran.code == 0 and ran.json["vantages"][0]["proxy"]["source"] == "environment"


def test_the_clusters_proxy_and_its_authorities_come_from_azure(
    az: Az, kube: FakeKube, net: wire.Wire, tmp_path: Path
) -> None:
    far = Far(net, tmp_path)
    facts = json.loads(EXAMPLE.read_text(encoding="utf-8"))
    cluster = next(c for c in facts["clusters"] if "managedClusters" in c["id"])
    authorities = base64.b64encode(net.public.cert_pem.bytes()).decode()
    proxy = {"http": None, "https": f"http://127.0.0.1:{far.proxy}", "skip": ["localhost"], "trustedCa": True}
    cluster["proxy"] = {**proxy, "authorities": authorities}
    path = tmp_path / "facts.json"
    path.write_text(json.dumps(facts), encoding="utf-8")
    ran = inside(az, kube, None, "--workspace-file", str(path), *PLAIN, server=AKS)
    assert ran.code == 0, ran.err
    assert ran.json["vantages"][0]["proxy"]["source"] == "added"


# -- a pod that cannot start, or does not finish, is a finding


def caused(ran: Ran) -> set[str]:
    return {result["cause"] for result in ran.json["results"] if result["verdict"] == "unknown"}


MCR = 'failed to pull image "mcr.microsoft.com/azurelinux/base/python:3.12": failed to resolve reference: '


@pytest.mark.parametrize(
    ("message", "host", "code"),
    [
        (MCR + 'Head "https://mcr.microsoft.com/v2/azurelinux": dial tcp: lookup mcr.microsoft.com: no such host',
         "mcr.microsoft.com", 8),
        (MCR + 'Get "https://mcr.microsoft.com/v2/": dial tcp 20.1.1.1:443: i/o timeout', "mcr.microsoft.com", 8),
        (MCR + 'Get "https://mcr.microsoft.com/v2/": tls: failed to verify certificate: x509: certificate signed by '
         "unknown authority", "mcr.microsoft.com", 8),
        (MCR + "unexpected status from HEAD request to https://mcr.microsoft.com/v2/x: 403 Forbidden",
         "mcr.microsoft.com", 8),
        (MCR + 'Get "https://westeurope.data.mcr.microsoft.com/x": dial tcp 20.1.1.1:443: connection refused',
         "*.data.mcr.microsoft.com", 8),
        ('pull access denied: "https://other.azurecr.io/v2/x": 401 Unauthorized', "", 9),
    ],
    ids=["dns", "timeout", "x509", "403", "data", "access"],
)  # fmt: skip
def test_an_image_that_cannot_be_pulled_names_the_host_it_proves_blocked(
    az: Az, kube: FakeKube, message: str, host: str, code: int
) -> None:
    kube.knobs.pull = message
    ran = inside(az, kube, None, *FILE, "--timeout", "3", server=AKS)
    blocked = {r["host"]: r for r in ran.json["results"] if r["verdict"] == "blocked"}
    assert ran.code == code and list(blocked) == ([host] if host else [])
    assert caused(ran) == {"pod_image_pull"}
    assert all("could not be pulled" in r["because"] and r["cause"] == "pod_image_pull" for r in blocked.values())


def test_a_pull_that_fails_once_and_then_succeeds_is_no_finding(az: Az, kube: FakeKube, far: Far) -> None:
    kube.knobs.pull = MCR + 'Get "https://mcr.microsoft.com/v2/": EOF'
    kube.knobs.pull_times = 1
    ran = inside(az, kube, far, *FILE, *PLAIN, "--exclude", "aks", "packages", server=AKS)
    assert ran.code == 0, ran.err
    assert "pod_image_pull" not in ran.out
    assert by_host(ran)["mcr.microsoft.com"]["verdict"] == "reachable"


def test_the_ladder_goes_on_with_an_image_that_a_node_has(az: Az, kube: FakeKube, far: Far) -> None:
    images = ["sha256:abc", "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu20.04:latest"]
    kube.node("node-2", images=images, labels={"agentpool": "gpu"})
    kube.knobs.pull = MCR + 'Get "https://mcr.microsoft.com/v2/": dial tcp 20.1.1.1:443: i/o timeout'
    kube.knobs.pull_only = "mcr.microsoft.com/azurelinux/base/python:3.12"
    ran = inside(az, kube, far, *FILE, *PLAIN, "--exclude", "aks", "packages", server=AKS)
    results = by_host(ran)
    assert ran.code == 8 and ran.json["vantages"][0]["node"] == "node-2"
    assert (
        results["mcr.microsoft.com"]["cause"] == "pod_image_pull"
        and results["acrml.azurecr.io"]["verdict"] == "reachable"
    )
    assert "Tried again with an image that a node has already: mcr.microsoft.com/azureml/openmpi" in ran.err


@pytest.mark.parametrize(
    ("knobs", "cause", "words"),
    [
        ({"unschedulable": "0/3 nodes are available: 3 Insufficient cpu."}, "pod_unschedulable", "Insufficient cpu"),
        ({"refuse_pods": 'pods "x" is forbidden: exceeded quota: q, requested: pods=1'}, "pod_quota", "q,"),
        ({"refuse_pods": 'pods "x" is forbidden: violates PodSecurity "restricted:latest": y'}, "pod_admission_denied",
         "PodSecurity"),
        ({"refuse_pods": 'admission webhook "v.gatekeeper.sh" denied the request: no registry'}, "pod_admission_denied",
         "gatekeeper"),
        ({"ends": "evicted"}, "pod_evicted", "low on resource"),
        ({"ends": "oom"}, "pod_oom_killed", "memory limit"),
        ({"ends": "crash"}, "pod_crashed", "executable file not found"),
        ({"ends": "node-lost"}, "pod_node_lost", "unresponsive"),
        ({"ends": "deleted"}, "pod_node_lost", "deleted"),
        ({"ends": "nothing"}, "pod_no_result", "cut"),
    ],
    ids=["unschedulable", "quota", "psa", "webhook", "evicted", "oom", "crash", "node", "deleted", "nothing"],
)  # fmt: skip
def test_a_pod_in_trouble_is_unknown_with_the_clusters_own_words(
    az: Az, kube: FakeKube, net: wire.Wire, knobs: dict[str, Any], cause: str, words: str
) -> None:
    for name, value in knobs.items():
        setattr(kube.knobs, name, value)
    kube.knobs.environment = {"HTTPS_PROXY": f"http://127.0.0.1:{net.serve(wire.hang)}"}
    ran = inside(az, kube, None, *ONE, "--pod-timeout", "3")
    assert ran.code == 9 and caused(ran) == {cause}, (ran.out, ran.err)
    assert words in ran.json["results"][0]["because"] and ran.json["results"][0]["hint"]


def test_rights_that_are_missing_are_a_finding(az: Az, kube: FakeKube) -> None:
    message = 'jobs.batch is forbidden: User "me" cannot create resource "jobs" in API group "batch"'
    kube.faults.append(Fault("POST .*/jobs", status=403, message=message))
    ran = inside(az, kube, None, *ONE)
    assert ran.code == 9 and caused(ran) == {"pod_forbidden"} and "cannot create" in ran.err


def test_a_namespace_that_wants_a_cpu_limit_gets_one(az: Az, kube: FakeKube, far: Far) -> None:
    kube.knobs.refuse_pods = 'pods "x" is forbidden: failed quota: q: must specify limits.cpu for: probe'
    kube.knobs.refuse_unless = '"cpu": "500m"'
    ran = inside(az, kube, far, *ONE)
    assert ran.code == 0 and "cpu limit" in ran.err


@pytest.mark.parametrize(
    "cluster",
    ["no-namespace", "no-server"],
)
def test_what_ends_the_command_is_one_line(az: Az, kube: FakeKube, cluster: str) -> None:
    if cluster == "no-namespace":
        ran = inside(az, kube, None, *ONE, "--namespace", "nowhere")
        one_line(ran, "The namespace 'nowhere' does not exist; none is ever created")
    else:
        kube.faults.append(Fault(".", reset=True))
        ran = inside(az, kube, None, *ONE)
        one_line(ran, "The probe could not be created")
    assert ran.code in (1, 3)


# -- logs, and an API server that comes and goes


def doubled(text: bytes) -> bytes:
    return b"".join(line + b"\n" for part in text.splitlines() for line in (part, b"someone else's line", part))


def split(text: bytes) -> bytes:
    """Lines cut at 80 bytes, as a runtime cuts at 16 kB."""
    return b"".join(line[i : i + 80] + b"\n" for line in text.splitlines() for i in range(0, max(len(line), 1), 80))


@pytest.mark.parametrize("change", [doubled, split], ids=["doubled", "split"])
def test_logs_that_are_not_as_printed_still_count(az: Az, kube: FakeKube, far: Far, change: Any) -> None:
    kube.knobs.log = lambda text: change(text) if b'"kind":"done"' in text else b""
    assert inside(az, kube, far, *ONE).code == 0


def test_a_log_that_is_cut_is_unknown(az: Az, kube: FakeKube, far: Far) -> None:
    kube.knobs.log = lambda text: text[:300]
    ran = inside(az, kube, far, *ONE)
    assert ran.code == 9 and caused(ran) == {"pod_no_result"}


@pytest.mark.parametrize(
    "fault",
    [
        Fault(r"GET .*/pods \(watch\)", reset=True, times=2),
        Fault(r"GET .*/pods \(watch\)", status=500, message="etcd", times=2),
        Fault(r"GET .*/log", reset=True, times=2),
        Fault(r"GET .*/pods/", status=429, message="slow down", times=1),
        Fault(r"DELETE", reset=True, times=2),
        Fault(r"POST .*/configmaps", status=500, message="etcdserver: leader changed", times=2),
        Fault(r"PATCH", reset=True, times=1),
        Fault(r".", slow_s=0.2, times=8),
    ],
    ids=["watch-reset", "watch-500", "log-reset", "429", "delete-reset", "create-500", "patch-reset", "slow"],
)
def test_an_api_server_that_is_gone_for_a_while(az: Az, kube: FakeKube, far: Far, fault: Fault) -> None:
    kube.faults.append(fault)
    ran = inside(az, kube, far, *ONE)
    assert ran.code == 0, ran.err


def test_a_watch_that_breaks_in_the_middle_is_taken_up_again(az: Az, kube: FakeKube, far: Far) -> None:
    kube.knobs.watch_breaks, kube.knobs.start_s = 2, 2.5  # the second watch begins while it still starts
    assert inside(az, kube, far, *ONE).code == 0 and kube.knobs.watch_breaks == 0


def kubectls(az: Az) -> list[int]:
    """The processes of kubectl that use this az's kubeconfig."""
    pids = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            words = (entry / "cmdline").read_bytes().decode(errors="replace") if entry.name.isdigit() else ""
            if "kubectl" in words and str(az.folder) in words and "azure.cli" not in words:
                pids.append(int(entry.name))
    return pids


def test_a_kubectl_that_is_killed_is_started_anew(az: Az, kube: FakeKube, far: Far) -> None:
    kube.knobs.start_s = 1.5
    process = begun(az, kube, *ONE, "--ca-file", str(far.ca))
    wait_for(kube, "PATCH")
    time.sleep(0.5)
    for number in kubectls(az):
        if number != process.pid:
            os.kill(number, signal.SIGKILL)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0 and json.loads(out)["results"][0]["verdict"] == "reachable", err


def test_a_list_that_does_not_fit_is_refused_before_anything_is(az: Az, kube: FakeKube, tmp_path: Path) -> None:
    many = [{"host": f"{'x' * 50}{number}.{'y' * 60}.azurecr.io"} for number in range(4000)]
    (tmp_path / "rows.json").write_text(json.dumps(many), encoding="utf-8")
    ran = inside(az, kube, None, "--requirements-file", str(tmp_path / "rows.json"))
    one_line(ran, "does not fit into a ConfigMap")
    assert ran.code == 2 and not [call for call in kube.calls if "/namespaces/" in call] and not kubectls(az)


@pytest.mark.parametrize(
    ("match", "denial"),
    [(r"GET .*/pods( |$)", 'cannot list resource "pods"'), (r"/log$", 'cannot get resource "pods/log"')],
)
def test_rights_that_are_missing_later_are_a_finding_too(az: Az, kube: FakeKube, match: str, denial: str) -> None:
    kube.faults.append(Fault(match, status=403, message=f'pods is forbidden: User "me" {denial}'))
    ran = inside(az, kube, None, *ONE, "--pod-timeout", "20")
    assert ran.code == 9 and caused(ran) == {"pod_forbidden"} and denial in ran.json["results"][0]["because"]


def test_what_cannot_be_deleted_is_named_with_the_command(az: Az, kube: FakeKube, far: Far) -> None:
    kube.faults.append(Fault("DELETE", status=403, message='User "me" cannot delete resource "jobs"'))
    ran = inside(az, kube, far, *ONE)
    (name,) = [name for kind, _, name in kube.store if kind == "jobs"]
    assert ran.code == 0 and f"delete jobs {name} removes what is left" in ran.err and "cannot delete" in ran.err
    kube.remove("jobs", "default", name)


# -- interruption


def begun(az: Az, kube: FakeKube, *words: str) -> subprocess.Popen[str]:
    config = kube.kubeconfig(az.folder / "kubeconfig")
    command = az.command(*TEST, "--cluster", "--kube-config", str(config), *words)
    return subprocess.Popen(
        command,
        env=az.environment,
        cwd=az.folder,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=_heeding,
    )


def _heeding() -> None:
    """As in a terminal, also where these tests run under nohup or in the background."""
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)


def test_a_terminal_is_told_what_is_waited_for(az: Az, kube: FakeKube, far: Far) -> None:
    kube.knobs.start_s = 1.0
    config = kube.kubeconfig(az.folder / "kubeconfig")
    command = az.command(*TEST, "--cluster", "--kube-config", str(config), *ONE, "--ca-file", str(far.ca), "-o", "none")
    shown = seen(command, az.environment, az.folder)
    assert shown.code == 0 and shown.lines == [], shown.lines
    assert any(re.fullmatch(r"Waiting for the image and the container, \d+ s left", state) for state in shown.states)


def test_verbose_shows_each_call_of_kubectl(az: Az, kube: FakeKube, far: Far) -> None:
    shown = inside(az, kube, far, *ONE, "--verbose").err
    verbs = [line.split()[2] for line in shown.splitlines() if line.startswith("INFO: kubectl ")]
    assert sorted(verbs) == sorted(["config", "get", "create", "create", "patch", "logs", "delete", "get"])


def wait_for(kube: FakeKube, call: str) -> None:
    until = time.monotonic() + 30
    while not any(call in seen for seen in kube.calls):
        assert time.monotonic() < until, f"no {call}: {kube.calls}"
        time.sleep(0.02)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("moment", ["POST /apis/batch", "/configmaps", "PATCH", "(watch)", "/log", "DELETE"])
def test_an_interruption_leaves_nothing_behind(
    az: Az, kube: FakeKube, net: wire.Wire, number: signal.Signals, code: int, moment: str
) -> None:
    at_the_end = moment == "DELETE"
    kube.knobs.environment = {"HTTPS_PROXY": f"http://127.0.0.1:{net.serve(wire.hang)}"}
    kube.faults.append(Fault("DELETE" if at_the_end else "POST.*/(jobs|configmaps)", slow_s=0.7))
    process = begun(az, kube, "--endpoint", "acrml.azurecr.io", "--timeout", "1" if at_the_end else "60")
    wait_for(kube, moment)
    started = time.monotonic()
    process.send_signal(number)
    out, err = process.communicate(timeout=20)
    assert time.monotonic() - started < 6
    assert process.returncode == code and "Traceback" not in err, err
    assert {result["verdict"] for result in json.loads(out)["results"]} == {"blocked" if at_the_end else "unknown"}


def test_a_second_ctrl_c_leaves_at_once_and_says_what_is_left(az: Az, kube: FakeKube, net: wire.Wire) -> None:
    kube.knobs.environment = {"HTTPS_PROXY": f"http://127.0.0.1:{net.serve(wire.hang)}"}
    kube.faults.append(Fault("DELETE", slow_s=3, times=1))
    process = begun(az, kube, "--endpoint", "acrml.azurecr.io", "--timeout", "60")
    wait_for(kube, "/log")
    process.send_signal(signal.SIGINT)
    wait_for(kube, "DELETE")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 130 and "removes what is left" in err and json.loads(out)["results"]
    (name,) = [name for kind, _, name in kube.store if kind == "jobs"] or [""]
    if name:
        kube.remove("jobs", "default", name)


def test_after_kill_9_the_clusters_own_clock_removes_all(az: Az, kube: FakeKube, net: wire.Wire) -> None:
    kube.knobs.ttl_s = 0.5
    kube.knobs.environment = {"HTTPS_PROXY": f"http://127.0.0.1:{net.serve(wire.hang)}"}
    process = begun(az, kube, "--endpoint", "acrml.azurecr.io", "--timeout", "2")
    wait_for(kube, "/log")
    process.kill()
    process.communicate(timeout=20)
    until = time.monotonic() + 20
    while kube.left() and time.monotonic() < until:
        time.sleep(0.1)
    assert kube.left() == []


def test_two_runs_at_once_do_not_disturb_each_other(az: Az, kube: FakeKube, far: Far) -> None:
    words = ("--endpoint", "acrml.azurecr.io", "--ca-file", str(far.ca))
    processes = [begun(az, kube, *words) for _ in range(2)]
    for process in processes:
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0 and json.loads(out)["results"][0]["verdict"] == "reachable", err


# -- pools


def test_every_pool_is_a_vantage_and_differences_are_named(
    az: Az, kube: FakeKube, net: wire.Wire, tmp_path: Path
) -> None:
    good, bad = Far(net, tmp_path), Far(net, tmp_path, "acrml.azurecr.io")
    taint = {"key": "sku", "value": "gpu", "effect": "NoSchedule"}
    kube.node("cpu-1", "cpu")
    kube.node("gpu-1", "gpu", taints=[taint])
    kube.node("old-1", "old", unschedulable=True)
    kube.remove("nodes", "", "node-1")
    for pool, far in (("cpu", good), ("gpu", bad)):
        kube.knobs.pools[pool] = {
            "HTTPS_PROXY": f"http://127.0.0.1:{far.proxy}",
            "NO_PROXY": "localhost,127.0.0.1,.cluster.local",
        }
    seen: list[Any] = []
    keep = kube.start
    kube.start = lambda job: (seen.append(job), keep(job))[1]  # type: ignore[method-assign,func-returns-value]
    words = ("--endpoint", "acrml.azurecr.io", "mcr.microsoft.com", "--timeout", "4", "--all-pools")
    ran = inside(az, kube, good, *words)
    assert ran.code == 8 and [v["name"] for v in ran.json["vantages"]] == ["cpu", "gpu"]
    assert ran.json["differences"] == [
        {"host": "acrml.azurecr.io", "port": 443, "protocol": "https",
         "verdicts": {"cpu": "reachable", "gpu": "blocked"}}
    ]  # fmt: skip
    assert "Pool old was left out: its nodes are cordoned or not ready." in ran.err
    gpu = next(job for job in seen if "gpu" in json.dumps(job["spec"]["template"]["spec"]["nodeSelector"]))
    assert {**taint, "operator": "Equal"} in gpu["spec"]["template"]["spec"]["tolerations"]


# -- which cluster is it


def config(**servers: str) -> dict[str, Any]:
    """A kubeconfig with these contexts, the first one current."""
    return {
        "current-context": next(iter(servers), ""),
        "clusters": [{"name": name, "cluster": {"server": url}} for name, url in servers.items()],
        "contexts": [{"name": name, "context": {"cluster": name, "namespace": f"ns-{name}"}} for name in servers],
    }


def test_a_manifest_needs_no_cluster_at_hand(az: Az, tmp_path: Path) -> None:
    words = (*FILE, "--compute", "gpu-aks", "--cluster", "--dry-run")
    bare = {"KUBECONFIG": str(tmp_path / "none"), "HOME": str(tmp_path)}
    _, job = yaml.safe_load_all(az.must_with(bare, *TEST, *words).out)
    assert job["metadata"]["namespace"] == "azureml"
    several = az(*TEST, *FILE, "--cluster", "--dry-run", **bare)
    assert several.code == 2 and "several computes" in several.err


def test_a_password_in_a_file_of_facts_stays_out_of_the_manifest(az: Az, tmp_path: Path) -> None:
    facts = json.loads(EXAMPLE.read_text(encoding="utf-8"))
    cluster = next(c for c in facts["clusters"] if "managedClusters" in c["id"])
    cluster["proxy"] = {"https": "http://u:secretpw@p.example:3128"}
    (tmp_path / "f.json").write_text(json.dumps(facts), encoding="utf-8")
    words = ("--workspace-file", str(tmp_path / "f.json"), "--compute", "gpu-aks", "--cluster", "--dry-run")
    ran = az(*TEST, *words, KUBECONFIG=str(tmp_path / "none"))
    assert ran.code == 2 and "no place for secrets" in ran.err and "secretpw" not in ran.out + ran.err


@pytest.mark.parametrize(
    ("message", "host", "proves"),
    [
        ("https://mcr.microsoft.com/v2/x/manifests/sha256:aa403bb: 404 Not Found", "mcr.microsoft.com", False),
        ("https://mcr.microsoft.com/v2/x: 404 Not Found; retried after 1403 ms", "mcr.microsoft.com", False),
        ("https://mcr.microsoft.com/v2/x: 403 Forbidden", "mcr.microsoft.com", True),
        ("https://a.azurecr.io/v2/x: 403 Forbidden", "a.azurecr.io", False),
        ("dial tcp: lookup a.azurecr.io on 10.0.0.10:53: server misbehaving", "a.azurecr.io", True),
        ("manifest unknown", None, False),
    ],
)
def test_what_a_failed_pull_proves(message: str, host: Optional[str], proves: bool) -> None:
    failure = failures.of_pull(message)
    assert (failure.host, failure.proves_blocked) == (host, proves)


@pytest.mark.parametrize(
    ("message", "cause"),
    [
        ("pods x is forbidden: maximum memory usage per Container is 128Mi, but limit is 256Mi", "pod_quota"),
        ("pods x is forbidden: exceeded quota: q", "pod_quota"),
        ('User "me" cannot create resource "jobs": forbidden', "pod_forbidden"),
        ('admission webhook "v" denied the request: no', "pod_admission_denied"),
    ],
)
def test_what_a_refusal_means(message: str, cause: str) -> None:
    failure = failures.of_refusal(message)
    assert failure.cause.value == cause and not failure.transient


def test_a_webhook_that_does_not_answer_is_waited_for() -> None:
    assert failures.of_refusal('Internal error: failed calling webhook "v": context deadline exceeded').transient


def test_trouble_that_is_none() -> None:
    waiting = {"waiting": {"reason": "ImagePullBackOff", "message": 'Back-off pulling image "mcr.microsoft.com/x"'}}
    assert failures.of_pod({"status": {"phase": "Pending", "containerStatuses": [{"state": waiting}]}}) is None
    disrupted = {"type": "DisruptionTarget", "status": "False"}
    assert failures.of_pod({"status": {"phase": "Running", "conditions": [disrupted]}}) is None
    about = {"kind": "Pod", "name": "p"}
    event = {"involvedObject": about, "reason": "Failed", "message": f"Failed to pull image: {MCR}"}
    failure = failures.of_events([event], "job", "p")
    assert failure and failure.cause.value == "pod_image_pull"


def test_nodes_that_take_no_pods_and_taints_of_a_moment_are_left_out() -> None:
    def node(name: str, ready: str = "True", taints: Any = (), **labels: str) -> dict[str, Any]:
        return {
            "metadata": {"labels": {"kubernetes.io/hostname": name, "agentpool": "p", **labels}},
            "spec": {"taints": list(taints)},
            "status": {"conditions": [{"type": "Ready", "status": ready}], "images": [{"names": ["x/python:3"]}]},
        }

    moment = {"key": "node.kubernetes.io/unreachable", "effect": "NoExecute"}
    dead, good = node("dead", "False", [moment]), node("good")
    pools, _ = pools_of([dead, good], PodSettings("default", node_selector={"kubernetes.io/hostname": "good"}))
    assert pools["p"].tolerations == () and pools["p"].node_selector["kubernetes.io/hostname"] == "good"
    tainted = node("gpu", taints=[{"key": "sku", "value": "gpu", "effect": "NoSchedule"}])
    windows = {**node("win"), "metadata": {"labels": {"kubernetes.io/os": "windows", "kubernetes.io/hostname": "win"}}}
    assert image_on_a_node([dead, windows, tainted], PodSettings("default")) is None
    settings = image_on_a_node([tainted, good], PodSettings("default"))
    assert settings and settings.node_selector == {"kubernetes.io/hostname": "good"} and settings.image == "x/python:3"


FACTS = read_workspace(str(EXAMPLE))
GPU = "https://aks-gpu-dns-1a2b3c4d.hcp.northeurope.azmk8s.io:443"


def test_the_context_is_matched_with_the_compute_by_its_api_server() -> None:
    context = context_of(config(gpu=GPU, dev="https://10.0.0.1"), None, FACTS, ())
    assert (context.name, context.namespace) == ("gpu", "ns-gpu")
    assert context.compute and context.compute.name == "gpu-aks" and context.doubts == ()


def test_another_context_that_is_the_compute_is_taken_for_it() -> None:
    assert context_of(config(dev="https://10.0.0.1", gpu=GPU), None, FACTS, ("gpu-aks",)).name == "gpu"


def test_a_tunnel_is_taken_with_a_word_of_doubt() -> None:
    context = context_of(config(arc="https://127.0.0.1:47011"), None, FACTS, ("edge",))
    assert context.compute and context.compute.name == "edge"
    assert "could not be determined by its API server" in context.doubts[0]


@pytest.mark.parametrize(
    ("contexts", "wanted", "computes", "message", "hint"),
    [
        (config(dev="https://10.0.0.1"), None, (), "could be any of the attached computes edge, gpu-aks", "--compute"),
        (
            config(dev="https://10.0.0.1"),
            None,
            ("gpu-aks",),
            "no context for compute 'gpu-aks'",
            "az aks get-credentials",
        ),
        (config(dev="https://10.0.0.1"), "typo", ("edge",), "no context 'typo'", "az connectedk8s proxy"),
        ({}, None, ("edge",), "no current context", "az connectedk8s proxy"),
        (config(gpu=GPU), None, ("edge",), "is compute 'gpu-aks', not compute 'edge'", "az connectedk8s proxy"),
        (config(dev="https://10.0.0.1"), "dev", (), "could be any of", "--compute"),
        (config(odd="https://[bad"), None, ("gpu-aks",), "no context for compute", "get-credentials"),
    ],
)
def test_a_context_that_is_not_there_says_how_to_get_one(
    contexts: Any, wanted: Any, computes: Any, message: str, hint: str
) -> None:
    with pytest.raises(UsageError) as caught:
        context_of(contexts, wanted, FACTS, computes)
    assert message in caught.value.message and hint in caught.value.hint


def test_rows_of_desks_and_managed_compute_are_never_tried_from_a_pod(az: Az, kube: FakeKube, far: Far) -> None:
    scenarios = ("--scenario", *(scenario.value for scenario in Scenario), "--level", "optional")
    ran = inside(az, kube, far, *FILE, *scenarios, "--timeout", "1", server=AKS)
    desks = {"ml.azure.com", "portal.azure.com", "code.visualstudio.com", "login.live.com", "*.notebooks.azure.net"}
    assert not desks & set(by_host(ran))
    assert {row.host for row in rows()} & set(by_host(ran))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--kube-context", "x", "--endpoint", "a.azurecr.io"), "--kube-context is for --cluster"),
        (("--cluster", *ONE, "--node-selector", "novalue"), "--node-selector is no key=value"),
        (("--cluster", *ONE, "--toleration", "a:Sometimes"), "--toleration is no key"),
        (("--cluster", *ONE, "--pod-timeout", "0"), "--pod-timeout must be between"),
        (("--cluster", *ONE, "--namespace", "a b"), "--namespace is no name"),
        (("--cluster", *ONE, "--kube-context", "typo"), "no context 'typo'"),
        (("--cluster", *ONE, "--dry-run", "--all-pools"), "--all-pools does not go with --dry-run"),
        (("--cluster", *ONE, "--schedule", "@hourly"), "--schedule is for --dry-run"),
        ((*ONE, *SCHEDULED), "--schedule is for --cluster"),
        (("--cluster", *ONE, "--dry-run", "--schedule", "every hour"), "--schedule is no five fields of cron"),
        (("--cluster", *ONE, "--dry-run", "--schedule", "TZ=UTC 0 * * * *"), "--schedule is no five fields of cron"),
        (("--cluster", *ONE, "--dry-run", "--time-zone", "Europe/Berlin"), "--time-zone is the zone of --schedule"),
        (("--cluster", *ONE, "--dry-run", "--schedule", "61 * * * *"), "'61' is no minute (0 to 59)"),
        (("--cluster", *ONE, *SCHEDULED, "--time-zone", "UTC+1; x"), "--time-zone is no name of a zone"),
        (("--cluster", *ONE, *SCHEDULED, "--time-zone", "Local"), "--time-zone is no name of a zone"),
    ],
)
def test_wrong_usage(az: Az, kube: FakeKube, words: tuple[str, ...], message: str) -> None:
    config = kube.kubeconfig(az.folder / "kubeconfig")
    ran = az(*TEST, *words, KUBECONFIG=str(config))
    assert ran.code == 2 and message in ran.err and "Traceback" not in ran.err


def test_without_kubectl_it_says_how_to_get_it(az: Az, kube: FakeKube, tmp_path: Path) -> None:
    ran = az(*TEST, "--cluster", *ONE, PATH=str(Path(sys.executable).parent) + os.pathsep + str(tmp_path))
    one_line(ran, "kubectl was not found on PATH", "az aks install-cli")
