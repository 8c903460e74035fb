"""Makes examples/results.txt anew: a real run of the probe script in the lab (root). `python -m tests.record`.

The lab's firewall drops the registry's data hosts, something inspects TLS with the sign-in hosts, and DNS does not know
the log service; everything else answers.
"""

from __future__ import annotations

import subprocess
import sys

from azext_amlnet.about import version
from azext_amlnet.measurement.targets import request_for
from azext_amlnet.runners.script import probe_script

from .example import rows
from .lab import SECOND, WORLD, Lab
from .world import ROOT


def main() -> None:
    """Runs the script where a user would, on a host with a name of its own, and keeps what it prints."""
    with Lab(faulty=True) as lab:
        lab.resolv(f"nameserver {WORLD}\n")
        lab.filter(f"out ip daddr {SECOND} tcp dport 443 drop")
        agent, trust = f"amlnet/{version()} (connectivity test)", {"pem": lab.pem, "only": True}
        request = request_for(rows(), 5, agent, trust=trust)
        inside = ["ip", "netns", "exec", lab.client, "unshare", "--uts", "sh", "-c"]
        words = [*inside, 'hostname jump-host && exec "$0" -I -S -', sys.executable]
        script = probe_script(request, version())
        done = subprocess.run(words, input=script, capture_output=True, text=True, check=True, timeout=60, env={
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"
        })  # fmt: skip
        (ROOT / "examples" / "results.txt").write_text(done.stdout, encoding="utf-8")


if __name__ == "__main__":
    main()
