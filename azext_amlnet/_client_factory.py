"""The management clients, with az's own login, user agent and request ids."""

from typing import Any


def cf_machine_learning(cli_ctx: Any, subscription_id: str, timeouts: Any) -> Any:
    """The management clients of the current login; raises az's own error when there is none."""
    from urllib.parse import urlsplit

    from azure.cli.core._debug import change_ssl_cert_verification_track2
    from azure.cli.core.commands.client_factory import get_mgmt_service_client

    from azext_amlnet.discovery.client import new_clients

    def make(client_class: Any, **keywords: Any) -> Any:
        return get_mgmt_service_client(cli_ctx, client_class, subscription_id=subscription_id, **keywords)

    host = urlsplit(cli_ctx.cloud.endpoints.active_directory).hostname or "the sign-in host"
    return new_clients(make, timeouts, host, **change_ssl_cert_verification_track2())
