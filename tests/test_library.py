"""The core outside az: azure-identity signs in, and nothing of the Azure CLI is imported."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import zipfile
from collections.abc import Callable
from typing import Any

import pytest

from azext_amlnet.discovery import Inquiry, Patience, PolicyInquiry, PolicyQuery, WorkspaceQuery
from azext_amlnet.discovery.client import Timeouts
from azext_amlnet.errors import UsageError
from azext_amlnet.model import ProbeSpec, Requirement
from azext_amlnet.policy import Document, check, read
from azext_amlnet.runners import measure

from . import builders as arm
from .fakearm import CLIENT, SECRET, SUBSCRIPTION, TENANT, FakeAzure
from .schemas import fits
from .wire import Wire
from .world import ROOT, wheel

WITHOUT_AZ = """
import json, sys


class NoAzureCli:
    def find_spec(self, name, path=None, target=None):
        if name == "azure.cli" or name.startswith("azure.cli.") or name.split(".")[0] in ("knack", "msrest"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


sys.meta_path.insert(0, NoAzureCli())
"""
DISCOVER = """
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
MEASURE = """
from azext_amlnet.codec import to_json
from azext_amlnet.model import Kind, Level, ProbeSpec, Protocol, Requirement
from azext_amlnet.runners import measure

probe = ProbeSpec("127.0.0.1", "/", "connect")
rows = [
    Requirement(host=probe.host, port=int(port), protocol=Protocol.TCP, kind=Kind.IP, probe=probe)
    for port in sys.argv[1:]
]
report = measure(rows, timeout_s=3)
print(json.dumps({"code": report.exit_code, "report": to_json(report)}))
"""
CHECK = """
from azext_amlnet.codec import to_json
from azext_amlnet.model import Requirement
from azext_amlnet.policy import Document, check, read

rows = [Requirement(host="acrml.azurecr.io"), Requirement(host="mcr.microsoft.com")]
policies = read([Document("squid.conf", sys.argv[1])], dialect="squid")
report = check(rows, policies, sources=["10.1.0.0/16"])
print(json.dumps({"code": report.exit_code, "report": to_json(report)}))
"""


def library(script: str, *words: str) -> Any:
    """What a script prints, in an interpreter where the Azure CLI is not installed and no proxy is set."""
    own = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    command = [sys.executable, "-c", WITHOUT_AZ + script, *words]
    done = subprocess.run(command, env=own, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and done.stderr == "", done.stderr
    return json.loads(done.stdout)


def test_a_program_measures_rows_and_gets_the_report_of_the_command(net: Wire) -> None:
    open_port = net.serve(lambda connection: connection.recv(1))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        closed_port = listener.getsockname()[1]
    answer = library(MEASURE, str(open_port), str(closed_port))
    reached, refused = answer["report"]["results"]
    assert (reached["verdict"], refused["verdict"], refused["cause"]) == ("reachable", "blocked", "tcp_refused")
    assert refused["failing"] and answer["code"] == answer["report"]["summary"]["exitCode"] == 8
    fits(answer["report"], "report")
    assert answer["report"]["workspace"] is None and answer["report"]["vantages"][0]["place"] == "this machine"


def test_a_program_checks_a_policy_and_gets_the_report_of_the_command() -> None:
    squid = "acl them src 10.1.0.0/16\nacl registry dstdomain acrml.azurecr.io k8connecthelm.azureedge.net\n"
    answer = library(CHECK, squid + "http_access allow them registry\nhttp_access deny all\n")
    findings = {finding["host"]: finding["coverage"] for finding in answer["report"]["findings"]}
    assert findings == {"acrml.azurecr.io": "covered", "mcr.microsoft.com": "missing"} and answer["code"] == 8
    assert answer["report"]["sources"] == ["10.1.0.0/16"]
    assert [rule["host"] for rule in answer["report"]["stale"]] == ["k8connecthelm.azureedge.net"]
    fits(answer["report"], "policy")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: measure([], proxy="http://u:secretpw@[x"), "--proxy is no address of an HTTP proxy"),
        (lambda: measure([], ca_file="/nowhere/ca.pem"), "cannot be read"),
        (lambda: measure([Requirement(host="a.io", probe=ProbeSpec("a.io", "/", "odd"))]), "no proof 'odd'"),
        (lambda: check([], [], sources=["10.1.0.0/99"]), "--source is no IPv4 address or range: '10.1.0.0/99'"),
        (lambda: read([Document("x", "nothing")]), "it is in none of the dialects known here"),
    ],
)
def test_what_a_program_gets_wrong_is_a_usage_error(call: Callable[[], object], message: str) -> None:
    with pytest.raises(UsageError, match=re.escape(message)) as caught:
        call()
    assert "secretpw" not in str(caught.value)


def test_the_names_of_the_first_release_still_lead_to_what_they_named() -> None:
    assert (Inquiry, PolicyInquiry, Patience) == (WorkspaceQuery, PolicyQuery, Timeouts)


def test_types_are_told_to_the_programs_that_use_them() -> None:
    with zipfile.ZipFile(wheel()) as archive:
        assert "azext_amlnet/py.typed" in archive.namelist()


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
        [sys.executable, "-c", WITHOUT_AZ + DISCOVER, SUBSCRIPTION, azure.url],
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
