"""The management clients of the Azure SDK: their timeouts, their retries, and a transport that only reads."""

from __future__ import annotations

import os
import re
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Callable, Mapping, Optional, Sequence
from urllib.parse import urlsplit

from ..errors import UsageError

WRITE_REFUSED = "amlnet reads only"


@dataclass(frozen=True)
class Timeouts:
    """How long ARM is waited for, in seconds; `first_answer_s` bounds the silence before any answer at all."""

    connect_s: float = 10
    read_s: float = 30
    first_answer_s: float = 40
    retries: int = 3
    retry_after_s: float = 60


class Clients:
    """The management clients of one login: Azure ML's for everything, and the Container Registry's for registries.

    The second is imported and made when it is first asked for, or before that in a thread of its own (`prepare`);
    where it cannot be imported, Azure ML's asks about registries too, with the same answers.
    """

    def __init__(
        self,
        machine_learning: Any,
        new_registry_client: Optional[Callable[[], Any]] = None,
        sign_in_host: str = "the sign-in host",
    ) -> None:
        self.sign_in_host = sign_in_host
        self._machine_learning = machine_learning
        self._new_registry_client = new_registry_client
        self._registries: Any = None
        self._lock = threading.Lock()

    def prepare(self) -> None:
        """Imports and makes what is not needed at once, while the first answer is on its way."""
        threading.Thread(target=self._registry_client, daemon=True).start()

    def send(self, fact: str, request: Any, **options: Any) -> Any:
        """The response to a request about a fact; raises AzureError without one. Bodies stay out of the trace."""
        client = self._registry_client() if fact in ("registry", "replications") else self._machine_learning
        return _sender(client)(request, logging_enable=False, **options)

    def _registry_client(self) -> Any:
        with self._lock:
            if self._registries is None:
                with suppress(ImportError):
                    self._registries = self._new_registry_client() if self._new_registry_client else None
                self._registries = self._registries or self._machine_learning
            return self._registries


def _sender(client: Any) -> Callable[..., Any]:
    """How a client of any generation sends a request: in public, in private, or through its inner pipeline."""
    own = getattr(client, "send_request", None) or getattr(client, "_send_request", None)
    return own or client._client.send_request  # type: ignore[no-any-return]


def new_clients(
    factory: Callable[..., Any], timeouts: Timeouts, sign_in_host: str = "the sign-in host", **connection: Any
) -> Clients:
    """The management clients as `factory(client_class, **keywords)` makes them: patient, read only, pooled.

    `connection` are azure-core's own settings of a connection, such as `connection_verify`.
    """
    from azure.mgmt.machinelearningservices import MachineLearningServicesMgmtClient

    transport = _transport(timeouts, **connection)

    def registry_client() -> Any:
        from azure.mgmt.containerregistry import ContainerRegistryManagementClient

        return factory(ContainerRegistryManagementClient, transport=transport, retry_policy=_retry_policy(timeouts))

    own = factory(MachineLearningServicesMgmtClient, transport=transport, retry_policy=_retry_policy(timeouts))
    return Clients(own, registry_client, sign_in_host)


def log_clients(
    credential: Any,
    url: str,
    scopes: Sequence[str],
    timeouts: Timeouts,
    of_az: Mapping[str, Any],
    sign_in_host: str,
    **connection: Any,
) -> Clients:
    """The client of Log Analytics' own host, which can only ask; `of_az` are the policies and headers that az gives.

    It follows no redirection: a token of this host is for no other.
    """
    from azure.core import PipelineClient
    from azure.core.pipeline import Pipeline, policies

    own = [
        policies.RequestIdPolicy(**of_az),
        policies.HeadersPolicy(**of_az),
        of_az.get("user_agent_policy") or policies.UserAgentPolicy(),
        policies.ProxyPolicy(),
        _retry_policy(timeouts),
        policies.BearerTokenCredentialPolicy(credential, *scopes),
        of_az.get("logging_policy") or policies.SansIOHTTPPolicy(),
    ]
    client = PipelineClient(url, pipeline=Pipeline(_transport(timeouts, **connection), own))
    return Clients(client, sign_in_host=sign_in_host)


def _transport(timeouts: Timeouts, **connection: Any) -> Any:
    import requests
    from azure.core.exceptions import AzureError
    from azure.core.pipeline.transport import RequestsTransport

    class ReadOnlyTransport(RequestsTransport):  # type: ignore[misc]
        """Sends GET and queries: the SDK would register a resource provider that is not yet."""

        def send(self, request: Any, **keywords: Any) -> Any:
            if request.method != "GET" and not is_query(request.method, request.url):
                raise AzureError(WRITE_REFUSED)
            response = super().send(request, **{**keywords, "stream": True})
            _read_whole(response.internal_response)
            if hasattr(response, "read"):  # of what is in memory now
                response.read()
            return response

    session = requests.Session()
    session.mount("https://", _shared_trust(requests.adapters.HTTPAdapter)(pool_maxsize=64, max_retries=0))
    return ReadOnlyTransport(
        session=session,
        session_owner=True,
        connection_timeout=timeouts.connect_s,
        read_timeout=timeouts.read_s,
        **connection,
    )


QUERIES = "/providers/Microsoft.ResourceGraph/resources"
"""Where Resource Graph is asked: by POST, which writes nothing there and needs no right but to read."""
_LOGS = re.compile(
    r"/subscriptions/[^/.]+/resourceGroups/[^/]*[^/.][^/]*/providers/[A-Za-z.]*[A-Za-z](?:/[^/]*[^/.][^/]*){2}"
    r"/providers/microsoft\.insights/logs|/v1/workspaces/[0-9a-f-]{36}/query",
    re.IGNORECASE,
)
"""Where logs are asked for, of a resource or in a workspace: by POST, too, which writes nothing."""


def is_query(method: str, url: str) -> bool:
    """Whether a request is a question to Resource Graph or for logs, which are asked by POST."""
    path = urlsplit(url).path
    return method == "POST" and (path == QUERIES or bool(_LOGS.fullmatch(path)))


_MOST_BYTES = 64 << 20
"""What an answer may have once it is unpacked; the largest that a workspace gives have a few hundred kB."""


def _read_whole(response: Any) -> None:
    """Reads the body of a `requests` response, but never more than it may have, however small it was packed."""
    import requests
    from azure.core.exceptions import ServiceResponseError

    parts, size = [], 0
    try:
        for part in response.iter_content(1 << 16):
            parts.append(part)
            size += len(part)
            if size > _MOST_BYTES:
                raise ServiceResponseError(f"the answer has more than {_MOST_BYTES >> 20} MiB")
    except (requests.RequestException, OSError) as error:
        raise ServiceResponseError(str(error), error=error) from None
    finally:
        response.close()
    response._content, response._content_consumed = b"".join(parts), True


class _TrustedContexts:
    """One TLS context for each bundle of certificates: reading one costs 15 ms, and there are many connections."""

    def __init__(self) -> None:
        self._contexts: dict[str, Any] = {}
        self._lock = threading.Lock()

    def of(self, verify: Any) -> Any:
        """The context for what requests would trust: the environment's bundle, else certifi's."""
        from certifi import where
        from urllib3.util.ssl_ import create_urllib3_context

        bundle = verify if isinstance(verify, str) else where()
        with self._lock:
            if bundle not in self._contexts:
                context = create_urllib3_context()
                load = "capath" if os.path.isdir(bundle) else "cafile"
                context.load_verify_locations(**{load: bundle})
                self._contexts[bundle] = context
            return self._contexts[bundle]


_CONTEXTS = _TrustedContexts()


def _shared_trust(http_adapter: Any) -> Any:
    """An adapter whose connections share one TLS context."""
    if not hasattr(http_adapter, "build_connection_pool_key_attributes"):  # requests before 2.32.3
        return http_adapter

    class SharedTrustAdapter(http_adapter):  # type: ignore[misc]
        """Trusts what requests would trust, read once."""

        def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> Any:
            where_to, how = super().build_connection_pool_key_attributes(request, verify, cert)
            if verify and where_to["scheme"] == "https":
                how = {"cert_reqs": "CERT_REQUIRED", "ssl_context": _CONTEXTS.of(verify)}
            return where_to, how

        def cert_verify(self, connection: Any, url: str, verify: Any, cert: Any) -> None:
            if not verify:
                super().cert_verify(connection, url, verify, cert)

    return SharedTrustAdapter


def _retry_policy(timeouts: Timeouts) -> Any:
    from azure.core.pipeline.policies import RetryPolicy

    class PatientRetry(RetryPolicy):  # type: ignore[misc]
        """Retries as Azure asks, unless Azure asks for more patience than there is, or for nothing that can be read.

        What Azure throttles is not retried here: see `pace`.
        """

        def get_retry_after(self, response: Any) -> Any:
            try:
                return super().get_retry_after(response)
            except ValueError:
                return None

        def is_retry(self, settings: Any, response: Any) -> bool:
            if response.http_response.status_code == 429:
                return False
            wait = self.get_retry_after(response)
            if wait is not None and wait > timeouts.retry_after_s:
                return False
            return bool(super().is_retry(settings, response))

    return PatientRetry(
        retry_total=timeouts.retries,
        retry_connect=timeouts.retries,
        retry_read=1,  # a call that is silent for 30 seconds twice is not worth two minutes
        retry_status=timeouts.retries,
        retry_backoff_factor=0.4,
    )


def outside_az(credential: Any, subscription_id: str, url: str) -> Callable[..., Any]:
    """How a client is made with a credential of azure-identity, for `new_clients`; raises UsageError without one."""
    if credential is None:
        raise UsageError("discover() needs a credential or a client.", "Try azure.identity.DefaultAzureCredential().")

    def make(client_class: Any, **keywords: Any) -> Any:
        scopes = [url.rstrip("/") + "/.default"]
        return client_class(credential, subscription_id, base_url=url, credential_scopes=scopes, **keywords)

    return make
