"""Fixtures: one loopback Azure and one installed, logged-in `az` for a test process; each test its own copy."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from azure.core.credentials import AccessToken

from azext_amlnet.catalog import load
from azext_amlnet.catalog.expand import expand
from azext_amlnet.discovery import discover
from azext_amlnet.model import Catalog, Cloud, Requirements, Scope, Workspace

from .builders import Resources
from .fakearm import SUBSCRIPTION, FakeAzure
from .wire import NAME, Wire, wire
from .world import Az, install

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as a shell starts what runs in the background
    signal.signal(signal.SIGINT, signal.default_int_handler)  # else no command under test could be interrupted


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """In CI a skip is a failure: what is not measured there is measured nowhere."""
    outcome = yield
    report = outcome.get_result()  # type: ignore[attr-defined]
    if report.skipped and os.environ.get("AMLNET_NO_SKIPS") and not hasattr(report, "wasxfail"):
        report.outcome = "failed"


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    """The catalog that ships."""
    return load()


@pytest.fixture(scope="session")
def _azure() -> Iterator[FakeAzure]:
    with FakeAzure() as azure:
        yield azure


@pytest.fixture
def azure(_azure: FakeAzure) -> Iterator[FakeAzure]:
    """The loopback Azure, empty and without faults."""
    _azure.forget()
    yield _azure
    _azure.forget()


@pytest.fixture(scope="session")
def _installed(_azure: FakeAzure, tmp_path_factory: pytest.TempPathFactory) -> Az:
    folder = tmp_path_factory.mktemp("az")
    az = Az(folder, folder / "extensions", _azure)
    install(az)
    az.log_in()
    return az


@pytest.fixture
def az(_installed: Az, azure: FakeAzure, tmp_path: Path) -> Az:
    """The real az, logged in to the loopback Azure, with the extension installed from its wheel."""
    return _installed.copy(tmp_path)


@pytest.fixture
def net() -> Iterator[Wire]:
    """A loopback network whose nameserver knows one name."""
    with wire() as network:
        network.names[(NAME, "A")] = ["127.0.0.1"]
        yield network


class StaticToken:
    """A credential that always has a token, for the core without az."""

    def get_token(self, *_: str, **__: object) -> AccessToken:
        return AccessToken("token-of-the-tests", int(time.time()) + 3600)


Facts = Callable[..., Workspace]
Listed = Callable[..., Requirements]


@pytest.fixture
def facts(azure: FakeAzure, monkeypatch: pytest.MonkeyPatch) -> Facts:
    """Asks the loopback Azure about a workspace: `facts(resources, name=…, cloud=…)`."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", azure.bundle)
    monkeypatch.setenv("HTTPS_PROXY", azure.proxy_url)
    monkeypatch.setenv("NO_PROXY", "localhost,127.0.0.1")

    def ask(resources: Resources, name: str = "ml-ws", **keywords: Any) -> Workspace:
        azure.serve(resources)
        return discover(
            subscription_id=SUBSCRIPTION,
            resource_group="ml-rg",
            workspace=name,
            credential=StaticToken(),
            base_url=azure.url,
            **keywords,
        )

    return ask


@pytest.fixture
def listed(facts: Facts, catalog: Catalog) -> Listed:
    """The outbound list of a workspace in the loopback Azure: `listed(resources, level=…, …)`."""

    def ask(resources: Resources, name: str = "ml-ws", cloud: Cloud = Cloud.PUBLIC, **scope: Any) -> Requirements:
        return expand(catalog, facts(resources, name=name, cloud=cloud), Scope(**scope))

    return ask
