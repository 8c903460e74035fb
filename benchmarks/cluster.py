"""`az ml network test --cluster` beside a shell script that creates, waits, reads and deletes the same pod."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import yaml

from tests.example import EXAMPLE
from tests.fakekube import FakeKube
from tests.world import Az

from .probing import far_side
from .timing import interleaved, verdict

KUBECTL = shutil.which("kubectl")
SCRIPT = """
set -e
kubectl create --validate=false -f "$1" > /dev/null
kubectl wait --for=condition=complete --timeout=60s job/amlnet-probe > /dev/null
kubectl logs job/amlnet-probe > "$2"
kubectl delete --wait=false -f "$1" > /dev/null
"""
ENDPOINT = ("--endpoint", "acrml.azurecr.io")
FILE = ("--workspace-file", str(EXAMPLE), "--compute", "gpu-aks", "--exclude", "aks")


def bench_cluster(folder: Path, extensions: Path) -> None:
    """What the verb takes beyond listing, against the script; and what four pools take beyond one."""
    if KUBECTL is None:
        print("no kubectl: run `make tools` as root")
        return
    print("the probe in a cluster, whose API is a stand-in that really runs the pod")
    with far_side() as far:
        one, four = _cluster(far), _cluster(far, pools=4)
        try:
            _compare(far, one, four, folder, extensions)
        finally:
            one.close()
            four.close()


def _cluster(far: dict[str, Any], pools: int = 0) -> FakeKube:
    kube = FakeKube()
    kube.knobs.environment = {"HTTPS_PROXY": f"http://127.0.0.1:{far['proxy']}", "NO_PROXY": "localhost,127.0.0.1"}
    for number in range(pools):
        kube.node(f"pool{number}-1", f"pool{number}")
    if pools:
        kube.remove("nodes", "", "node-1")
    return kube


class _NoAzure:
    """In place of a loopback Azure, which nothing here asks."""

    bundle = ""
    proxy_url = "http://127.0.0.1:9"


def _compare(far: dict[str, Any], one: FakeKube, four: FakeKube, folder: Path, extensions: Path) -> None:
    home = Path(tempfile.mkdtemp(dir=folder))
    az = Az(home, extensions, _NoAzure())  # type: ignore[arg-type]
    ca, manifest, log = home / "ca.pem", home / "probe.yaml", home / "log"
    ca.write_text(far["public"], encoding="utf-8")
    aks = "http://aks-gpu-dns-1a2b3c4d.hcp.northeurope.azmk8s.io"
    config = one.kubeconfig(home / "one", server=aks, namespace="azureml")
    many = four.kubeconfig(home / "four", server=aks, namespace="azureml")

    def inside(path: Path, *words: str, rows: tuple[str, ...] = FILE) -> list[str]:
        return ["ml", "network", "test", *rows, "--cluster", "--kube-config", str(path), "--ca-file", str(ca), *words]

    az.must(*inside(config, "--dry-run", "--output-file", str(manifest)))
    assert len(list(yaml.safe_load_all(manifest.read_text(encoding="utf-8")))) == 2
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "KUBECONFIG": str(config)}
    commands = [
        lambda: az.must("ml", "network", "requirements", *FILE),
        lambda: az.must(*inside(config)),
        lambda: subprocess.run(["bash", "-c", SCRIPT, "-", str(manifest), str(log)], check=True, env=environment),
        lambda: az.must(*inside(many, "--all-pools")),
        lambda: az.must(*inside(config, rows=ENDPOINT)),
        lambda: az.must(*inside(many, "--all-pools", rows=ENDPOINT)),
    ]
    listing, ours, theirs, pools, small, small_pools = interleaved(*commands)
    results = json.loads(az.must(*inside(config)).out)["results"]
    tried = {(row["testedBy"] or row["host"], row["port"], row["protocol"]) for row in results if row["steps"]}
    assert log.read_text(encoding="utf-8").count('"kind":"result"') == len(tried)  # some rows share a target
    print(
        f"  test --cluster {ours * 1000:.0f} ms, requirements {listing * 1000:.0f} ms, script {theirs * 1000:.0f} ms, "
        f"four pools {pools * 1000:.0f} ms"
    )
    verdict("(test --cluster - requirements) / kubectl create, wait, logs, delete", (ours - listing) / theirs, 1.3)
    verdict("--all-pools on 4 pools / one pool, one endpoint", small_pools / small, 1.5)
    print(
        f"  the same with the whole list, pods and services on the {os.cpu_count()} cores of here: {pools / ours:.2f} x"
    )
