"""Two hosts of our own in network namespaces: a client behind a packet filter, and the rest of the world.

The addresses are those kept for documentation (RFC 5737); nothing is connected to anything outside the namespaces.
Run as a script it is the world's side: DNS, HTTPS and plain TCP servers, until standard input ends.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from azext_amlnet.model import Protocol

from .example import proofs, rows
from .wire import NAME, SERVICES, wire
from .world import ROOT, Az, Ran

WORLD, CLIENT, SECOND, THIRD = "198.51.100.1", "198.51.100.2", "198.51.100.3", "198.51.100.4"
POSSIBLE = os.geteuid() == 0 and bool(shutil.which("ip") and shutil.which("nft"))
_NUMBERS = itertools.count()


class Lab:
    """The two namespaces; `filter` loads packet rules of the client, `probe` runs the prober there as a script."""

    def __init__(self, faulty: bool = False) -> None:
        self.stack = contextlib.ExitStack()
        self.faulty = faulty
        kind = f"{os.getpid()}-{next(_NUMBERS)}"
        self.client, self.world = f"amlnet-c{kind}", f"amlnet-w{kind}"
        self.enter = ("ip", "netns", "exec", self.client)

    def __enter__(self) -> Lab:
        for name in (self.client, self.world):
            _run("ip", "netns", "add", name)
            self.stack.callback(_run, "ip", "netns", "delete", name)
            _run("ip", "-n", name, "link", "set", "lo", "up")
        _run("ip", "link", "add", "c0", "netns", self.client, "type", "veth", "peer", "w0", "netns", self.world)
        for name, link, addresses in ((self.client, "c0", [CLIENT]), (self.world, "w0", [WORLD, SECOND, THIRD])):
            for address in addresses:
                _run("ip", "-n", name, "address", "add", f"{address}/24", "dev", link)
            _run("ip", "-n", name, "link", "set", link, "up")
        self._serve()
        return self

    def __exit__(self, *_: Any) -> None:
        self.stack.close()

    def _serve(self) -> None:
        words = ["ip", "netns", "exec", self.world, sys.executable, "-m", "tests.lab", str(self.faulty)]
        process = subprocess.Popen(words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

        def stop() -> None:
            process.stdin.close()  # type: ignore[union-attr]
            process.wait(10)
            process.stdout.close()  # type: ignore[union-attr]

        self.stack.callback(stop)
        self.pem = json.loads(process.stdout.readline())["pem"]  # type: ignore[union-attr]

    def resolv(self, text: str) -> None:
        """Gives the client a resolv.conf of its own."""
        self._etc("resolv.conf", text)

    def hosts(self, text: str) -> None:
        """Gives the client a hosts file of its own."""
        self._etc("hosts", text)

    def _etc(self, name: str, text: str) -> None:
        folder = Path("/etc/netns") / self.client
        folder.mkdir(parents=True, exist_ok=True)
        self.stack.callback(shutil.rmtree, folder, ignore_errors=True)
        (folder / name).write_text(text, encoding="utf-8")

    def filter(self, *rules: str) -> None:
        """Replaces the client's packet rules.

        `out …` is for what it sends, `in …` for what it receives, `nat …` for what it sends elsewhere.
        """
        chains = {"out": "filter hook output priority 0", "in": "filter hook input priority 0"}
        text = "flush ruleset\ntable inet f {\n"
        for word, hook in {**chains, "nat": "nat hook output priority -100"}.items():
            lines = "\n".join(rule.split(" ", 1)[1] for rule in rules if rule.split(" ", 1)[0] == word)
            text += f"chain {word}_ {{\ntype {hook};\n{lines}\n}}\n"
        subprocess.run([*self.enter, "nft", "-f", "-"], input=text + "}\n", text=True, check=True, timeout=20)

    def probe(self, timeout_s: float = 3, resolvers: bool = True, **target: Any) -> dict[str, Any]:
        """The result of one target, measured in the client's namespace."""
        request = {
            "schema": 1,
            "timeoutS": timeout_s,
            "trust": {"pem": self.pem, "only": True},
            "targets": [{"id": "0", "host": NAME, "port": 443, "protocol": "https", "path": "/v2/", **target}],
        }
        if resolvers:
            request["resolvers"] = [f"{WORLD}:53"]
        words = [*self.enter, sys.executable, "-I", "-S", "azext_amlnet/prober.py"]
        done = subprocess.run(
            words, cwd=ROOT, input=json.dumps(request), capture_output=True, text=True, timeout=timeout_s + 20
        )
        assert done.returncode == 0, done.stderr
        result: dict[str, Any] = json.loads(done.stdout.splitlines()[1].split("@", 2)[2])
        return result

    def az(self, az: Az, *words: str, node: str = "desk") -> Ran:
        """Runs az in the client's namespace, where no loopback Azure is, on a host of that name."""
        named = ["unshare", "--uts", "sh", "-c", f'hostname {node} && exec "$0" "$@"']
        inside = [*self.enter, *named, *az.command(*words)]
        other = ("_PROXY", "SSL_CERT_FILE")
        kept = {name: value for name, value in az.environment.items() if not name.upper().endswith(other)}
        done = subprocess.run(
            inside, env=kept, cwd=az.folder, capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL
        )
        return Ran(done.returncode, done.stdout, done.stderr)


def _run(*words: str) -> None:
    subprocess.run(words, check=True, capture_output=True, timeout=20)


def main(faulty: bool) -> None:
    """The world's side; a faulty one inspects TLS with the sign-in hosts, and its DNS does not know the log service."""
    with wire() as net:
        net.names[(NAME, "A")] = [WORLD]
        net.names[("two.example.test", "A")] = [WORLD, SECOND]
        net.names[("nowhere.example.test", "A")] = ["203.0.113.1"]
        net.names[("lies.example.test.search.test", "A")] = [SECOND]
        net.names[("lies.example.test", "*")] = 3
        net.dns(WORLD, 53)
        registries = dict.fromkeys((NAME, "two.example.test", "lies.example.test"), "registry")
        services = {**proofs(), **registries}
        for host in proofs():
            net.names[(host, "A")] = [SECOND if ".data.azurecr.io" in host else WORLD]
        for address in (WORLD, SECOND):
            for port in {443, *(row.port for row in rows() if row.protocol is Protocol.HTTPS)}:
                net.azure(services, address, port)
        ubuntu = {"/ubuntu/": SERVICES["ubuntu-archive"], "/meta-release": SERVICES["ubuntu-releases"]}
        net.http(ubuntu, address=WORLD, port=80)
        if faulty:
            net.names.update({(host, "A"): [THIRD] for host, proof in proofs().items() if proof == "entra"})
            net.names.update({(host, "*"): 3 for host in proofs() if ".kusto." in host})
            net.names.update({(host, "A"): 3 for host in proofs() if ".kusto." in host})
        trusted, net.public = net.public, net.stranger
        net.azure(services, THIRD, 443)
        print(json.dumps({"pem": net.pem + trusted.cert_pem.bytes().decode()}), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1] == "True")
