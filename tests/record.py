"""Makes the recorded runs of examples/ anew, in the lab (root, kubectl): `python -m tests.record`.

results.txt is what the probe script printed: the lab's firewall drops the registry's data hosts, something inspects TLS
with the sign-in hosts, and DNS does not know the log service; everything else answers. desk.json and cluster.json are
reports of two places of such a network, one endpoint for each diagnosis of `compare`. fleet.json is what was discovered
of twelve workspaces in two subscriptions, the computes of one of which may not be read.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from azext_amlnet.about import version
from azext_amlnet.measurement.targets import request_for
from azext_amlnet.runners.script import probe_script

from .example import EXAMPLE, rows
from .fakearm import OTHER_SUBSCRIPTION, SUBSCRIPTION, FakeAzure
from .fakekube import FakeKube
from .fleets import HIDDEN, example
from .lab import SECOND, THIRD, WORLD, Lab
from .world import ROOT, Az, install

SERVER = "http://aks-gpu-dns-1a2b3c4d.hcp.northeurope.azmk8s.io"
STORAGE = "mlstore.blob.core.windows.net"


def results(lab: Lab) -> str:
    """What the script prints where a user would run it, on a host with a name of its own."""
    lab.filter(f"out ip daddr {SECOND} tcp dport 443 drop")
    agent, trust = f"amlnet/{version()} (connectivity test)", {"pem": lab.pem, "only": True}
    request = request_for(rows(), 5, agent, trust=trust)
    words = [*lab.enter, "unshare", "--uts", "sh", "-c", 'hostname jump-host && exec "$0" -I -S -', sys.executable]
    script, environment = probe_script(request, version()), {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
    done = subprocess.run(words, input=script, capture_output=True, text=True, check=True, timeout=60, env=environment)
    return done.stdout


def two_places(lab: Lab, az: Az, folder: Path, *more: str) -> tuple[Path, Path]:
    """The reports of a machine that HTTP is closed to, and of a pod behind other rules, an inspection and split DNS."""
    desk, pod, ca = (folder / name for name in ("desk.json", "cluster.json", "ca.pem"))
    ca.write_text(lab.pem, encoding="utf-8")
    words = ("ml", "network", "test", "--workspace-file", str(EXAMPLE), "--timeout", "4", "--ca-file", str(ca), *more)
    words = (*words, "-o", "none", "--compute", "gpu-aks", "--report-file")
    lab.filter("out tcp dport 80 drop", f"nat ip daddr {THIRD} tcp dport 443 dnat ip to {WORLD}")
    ran = lab.az(az, *words, str(desk))
    assert ran.code == 0, ran.err  # what is not required fails nothing
    lab.filter(f"out ip daddr {SECOND} tcp dport 443 drop")
    lab.hosts(f"{SECOND} {STORAGE}\n")
    kube = FakeKube()
    kube.knobs.enter = lab.enter
    try:
        config = kube.kubeconfig(az.folder / "kubeconfig", server=SERVER)
        ran = az(*words, str(pod), "--cluster", "--kube-config", str(config))
    finally:
        kube.close()
    assert ran.code == 8, ran.err
    return desk, pod


def fleet(azure: FakeAzure, az: Az, folder: Path) -> Path:
    """The facts of a fleet, as they are saved."""
    azure.serve(example())
    azure.faults.append(HIDDEN)
    az.log_in()
    path = folder / "fleet.json"
    words = (
        "--all-workspaces",
        "--subscriptions",
        SUBSCRIPTION,
        OTHER_SUBSCRIPTION,
        "--save-workspace-file",
        str(path),
    )
    az.must("ml", "network", "requirements", *words, "-o", "none")
    return path


def main() -> None:
    """Keeps both in the folder examples."""
    with Lab(faulty=True) as lab, FakeAzure() as azure, tempfile.TemporaryDirectory() as name:
        lab.resolv(f"nameserver {WORLD}\n")
        (ROOT / "examples" / "results.txt").write_text(results(lab), encoding="utf-8")
        az = Az(Path(name), Path(name) / "extensions", azure)
        install(az)
        for path in two_places(lab, az, Path(name), "--exclude", "aml", "packages", "studio", "images"):
            path.replace(ROOT / "examples" / path.name)
        path = fleet(azure, az, Path(name))
        path.replace(ROOT / "examples" / path.name)


if __name__ == "__main__":
    main()
