"""Microsoft Entra ID in trouble: one line that names the sign-in host and what to do, whoever answers in its place."""

from __future__ import annotations

import json
from typing import Any

import pytest

from . import builders as arm
from .fakearm import FakeAzure, Fault
from .world import Az

LIST = ("ml", "network", "requirements", "-w", "ml-ws", "-g", "ml-rg")
HTML = b"<html><title>Sign in to the guest network</title></html>"
TROUBLES: dict[str, dict[str, Any]] = {
    "500": {"status": 500},
    "503": {"status": 503},
    "400": {"status": 400},
    "429": {"status": 429},
    "html": {"status": 200, "body": HTML, "headers": {"Content-Type": "text/html"}},
    "empty": {"status": 200, "body": b""},
    "broken-json": {"status": 200, "body": b'{"a":'},
    "other-json": {"status": 200, "body": json.dumps(["no", "object"]).encode()},
    "null": {"status": 200, "body": b"null"},
    "reset": {"action": "reset"},
    "close": {"action": "close"},
}


def signed_out(az: Az) -> None:
    """Leaves the login, and forgets its tokens and what the sign-in host said of itself."""
    for cache in (az.folder / "config").glob("msal_*"):
        cache.unlink()


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("moment", [".well-known", "/oauth2/v2.0/token"])
def test_a_sign_in_host_in_trouble_is_one_line(az: Az, azure: FakeAzure, moment: str, trouble: str) -> None:
    azure.serve(arm.ordinary())
    signed_out(az)
    azure.faults.append(Fault(moment, **TROUBLES[trouble]))
    ran = az(*LIST)
    assert ran.code == 1, ran.err
    assert "Traceback" not in ran.err
    assert "unexpected error" not in ran.err
    errors = [line for line in ran.err.splitlines() if line.startswith("ERROR")]
    assert len(errors) == 1, ran.err
    assert "localhost" in errors[0] or "az login" in ran.err, ran.err


@pytest.mark.parametrize("trouble", ["503", "html", "reset"])
def test_so_it_is_for_policies_that_azure_is_asked_for(az: Az, azure: FakeAzure, trouble: str) -> None:
    azure.serve(arm.ordinary())
    (az.folder / "ws.json").write_text(
        json.dumps({"schemaVersion": 1, "cloud": "public", "name": "w", "region": "westeurope"})
    )
    signed_out(az)
    azure.faults.append(Fault(".well-known", **TROUBLES[trouble]))
    policy = f"/subscriptions/{arm.SUBSCRIPTION}/resourceGroups/g/providers/Microsoft.Network/firewallPolicies/p"
    ran = az("ml", "network", "check-policy", "--workspace-file", "ws.json", "--policy", policy)
    assert ran.code == 1
    assert "Traceback" not in ran.err
    assert "localhost" in ran.err


def test_a_token_that_fails_late_is_a_gap(az: Az, azure: FakeAzure) -> None:
    """The calls share one token; here it cannot be had for the registries' own client, which asks later."""
    azure.serve(arm.ordinary())
    signed_out(az)
    azure.faults.append(Fault("/oauth2/v2.0/token", action="serve", times=1))
    azure.faults.append(Fault("/oauth2/v2.0/token", status=503))
    ran = az(*LIST)
    assert "Traceback" not in ran.err
    assert ran.code in (0, 1)
    if ran.code == 0:
        assert len(json.loads(ran.out)) > 20
