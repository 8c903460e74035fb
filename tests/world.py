"""The world around the real `az`: the extension installed from its wheel, logged in to a loopback Azure."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Optional

from .fakearm import CLIENT, SECRET, TENANT, FakeAzure

ROOT = Path(__file__).resolve().parent.parent
AZ = (sys.executable, "-Im", "azure.cli")
"""How the packages of az start it; the script beside this Python starts in no folder with a blank in its name."""
WHEELHOUSE = ROOT / "build" / "wheelhouse"
SUFFIXES = {
    "public": ("core.windows.net", ".azurecr.io", ".vault.azure.net"),
    "usgov": ("core.usgovcloudapi.net", ".azurecr.us", ".vault.usgovcloudapi.net"),
    "china": ("core.chinacloudapi.cn", ".azurecr.cn", ".vault.azure.cn"),
}


@dataclass
class Ran:
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as JSON."""
        return json.loads(self.out)

    @property
    def hosts(self) -> list[str]:
        """The hosts of a list of requirements."""
        return [row["host"] for row in self.json]


@dataclass
class Az:
    """An `az` with a configuration of its own, whose every way out ends at a loopback Azure's proxy."""

    folder: Path
    extensions: Path
    azure: FakeAzure
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """The environment of the process: nothing of the machine's own Azure or proxies gets in."""
        kept = {k: v for k, v in os.environ.items() if not k.upper().startswith(("AZURE_", "PIP_", "PYTHON"))}
        kept = {k: v for k, v in kept.items() if not k.lower().endswith("_proxy") and k != "COLUMNS"}
        return {
            **kept,
            "AZURE_CONFIG_DIR": str(self.folder / "config"),
            "AZURE_EXTENSION_DIR": str(self.extensions),
            "AZURE_CORE_INSTANCE_DISCOVERY": "false",
            "AZURE_CORE_COLLECT_TELEMETRY": "no",
            "REQUESTS_CA_BUNDLE": self.azure.bundle,
            "HTTPS_PROXY": self.azure.proxy_url,
            "HTTP_PROXY": self.azure.proxy_url,
            "NO_PROXY": "localhost,127.0.0.1",
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": WHEELHOUSE.as_uri(),  # pip splits at blanks
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            **self.extra,
        }

    def command(self, *words: str) -> list[str]:
        """The words of a command line."""
        return [*AZ, *words]

    def __call__(self, *words: str, timeout_s: float = 90, cwd: Optional[Path] = None, **environment: str) -> Ran:
        """Runs `az` with these words and waits for its end."""
        done = subprocess.run(
            self.command(*words),
            env={**self.environment, **environment},
            cwd=cwd or self.folder,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            stdin=subprocess.DEVNULL,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def must(self, *words: str) -> Ran:
        """Runs `az` and insists on success."""
        ran = self(*words)
        assert ran.code == 0, f"az {' '.join(words)}: {ran.code}\n{ran.out}\n{ran.err}"
        return ran

    def must_with(self, environment: dict[str, str], *words: str) -> Ran:
        """Runs `az` in a changed environment and insists on success."""
        ran = self(*words, **environment)
        assert ran.code == 0, f"az {' '.join(words)}: {ran.code}\n{ran.err}"
        return ran

    def log_in(self, cloud: str = "public") -> None:
        """Registers the loopback Azure under the suffixes of a cloud, and logs in."""
        storage, acr, vault = SUFFIXES[cloud]
        suffixes = ["--suffix-storage-endpoint", storage, "--suffix-acr-login-server-endpoint", acr]
        suffixes += ["--suffix-keyvault-dns", vault]
        self.must("cloud", "register", "-n", "Loopback", "--endpoint-resource-manager", f"{self.azure.url}/", *suffixes)
        self.must("cloud", "set", "-n", "Loopback")
        self.must("login", "--service-principal", "-u", CLIENT, "-p", SECRET, "--tenant", TENANT)

    def copy(self, folder: Path) -> Az:
        """The same login in another folder, so that tests do not share configuration."""
        shutil.copytree(self.folder / "config", folder / "config")
        return Az(folder, self.extensions, self.azure)


def wheel() -> Path:
    """The wheel that `make setup` built."""
    wheels = sorted(WHEELHOUSE.glob("amlnet-*.whl"))
    assert wheels, "no wheel: run `make setup`"
    return wheels[-1]


def install(az: Az) -> None:
    """Installs the extension from its wheel, as a user does."""
    az.must("extension", "add", "--source", str(wheel()), "--yes")
