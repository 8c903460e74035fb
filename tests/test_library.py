"""The core outside az: azure-identity signs in, and nothing of the Azure CLI is imported."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from . import builders as arm
from .fakearm import CLIENT, SECRET, SUBSCRIPTION, TENANT, FakeAzure
from .world import ROOT

SCRIPT = """
import json, sys


class NoAzureCli:
    def find_spec(self, name, path=None, target=None):
        if name == "azure.cli" or name.startswith("azure.cli.") or name.split(".")[0] in ("knack", "msrest"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


sys.meta_path.insert(0, NoAzureCli())

from azure.identity import DefaultAzureCredential
from azext_amlnet.catalog import load
from azext_amlnet.catalog.expand import expand
from azext_amlnet.discovery import discover
from azext_amlnet.model import Scope

facts = discover(
    credential=DefaultAzureCredential(disable_instance_discovery=True),
    subscription_id=sys.argv[1],
    resource_group="ml-rg",
    workspace="ml-ws",
    base_url=sys.argv[2],
)
print(json.dumps([row.host for row in expand(load(), facts, Scope()).rows]))
"""


def run(azure: FakeAzure, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs the script as a user of the library would, in an interpreter where the Azure CLI is not installed."""
    own = {k: v for k, v in os.environ.items() if not k.startswith("AZURE_") and not k.lower().endswith("_proxy")}
    sign_in = {
        "AZURE_TENANT_ID": TENANT,
        "AZURE_CLIENT_ID": CLIENT,
        "AZURE_CLIENT_SECRET": SECRET,
        "AZURE_AUTHORITY_HOST": azure.url,
        "REQUESTS_CA_BUNDLE": azure.bundle,
        "HTTPS_PROXY": azure.proxy_url,
        "HTTP_PROXY": azure.proxy_url,
        "NO_PROXY": "localhost,127.0.0.1",
    }
    return subprocess.run(
        [sys.executable, "-c", SCRIPT, SUBSCRIPTION, azure.url],
        env={**own, **sign_in, **environment},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_default_azure_credential_signs_in_and_the_list_comes_out(azure: FakeAzure) -> None:
    azure.serve(arm.with_both_clusters())
    done = run(azure)
    assert done.returncode == 0, done.stderr
    assert {"acrml.azurecr.io", "ml-relay-ns.servicebus.windows.net"} <= set(json.loads(done.stdout))
    assert azure.asked("/oauth2/v2.0/token")


def test_a_refused_sign_in_is_an_access_error_in_one_line(azure: FakeAzure) -> None:
    azure.serve(arm.ordinary())
    done = run(azure, AZURE_CLIENT_SECRET="wrong-secret-of-the-tests")
    assert done.returncode != 0
    # Other lines are azure-identity's own log, which several threads write to.
    raised = [line for line in done.stderr.splitlines() if line.startswith("azext_amlnet.errors.")]
    assert len(raised) == 1
    assert raised[0].startswith("azext_amlnet.errors.AccessError: You may not read the workspace 'ml-ws'")
    assert "no access token" in raised[0] and "wrong-secret" not in done.stderr
