"""The management clients, with az's own login, user agent and request ids."""

from typing import Any


def cf_machine_learning(cli_ctx: Any, subscription_id: str, timeouts: Any) -> Any:
    """The management clients of the current login; raises az's own error when there is none."""
    from azure.cli.core._debug import change_ssl_cert_verification_track2
    from azure.cli.core.commands.client_factory import get_mgmt_service_client

    from azext_amlnet.discovery.client import new_clients

    def make(client_class: Any, **keywords: Any) -> Any:
        return get_mgmt_service_client(cli_ctx, client_class, subscription_id=subscription_id, **keywords)

    return new_clients(make, timeouts, _sign_in_host(cli_ctx), **change_ssl_cert_verification_track2())


def cf_log_analytics(cli_ctx: Any, subscription_id: str, timeouts: Any) -> tuple[str, Any]:
    """The address of the cloud's Log Analytics and the client of the current login for it; "" where there is none."""
    from azure.cli.core._debug import change_ssl_cert_verification_track2
    from azure.cli.core._profile import Profile
    from azure.cli.core.auth.util import resource_to_scopes
    from azure.cli.core.cloud import CloudEndpointNotSetException
    from azure.cli.core.commands.client_factory import prepare_client_kwargs_track2

    from azext_amlnet.discovery.client import log_clients

    try:
        url = cli_ctx.cloud.endpoints.log_analytics_resource_id
    except CloudEndpointNotSetException:
        return "", None
    credential, _, _ = Profile(cli_ctx=cli_ctx).get_login_credentials(subscription_id=subscription_id)
    of_az, connection = prepare_client_kwargs_track2(cli_ctx), change_ssl_cert_verification_track2()
    scopes, host = resource_to_scopes(url), _sign_in_host(cli_ctx)
    return url, log_clients(credential, url, scopes, timeouts, of_az, host, **connection)


def _sign_in_host(cli_ctx: Any) -> str:
    """Who gives the tokens, for errors to name."""
    from urllib.parse import urlsplit

    return urlsplit(cli_ctx.cloud.endpoints.active_directory).hostname or "the sign-in host"
