"""What a template's `environment()` tells, of each cloud as far as documents do.

https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-deployment#environment for the
public cloud; the names of the others are the Azure CLI's (cloud.py of azure-cli 2.91), and whether their addresses end
in a slash is nowhere told, so these are left out (2026-11-26).
"""

from __future__ import annotations

from typing import Any, Mapping

from ..model import Catalog, Cloud

_NAMES = {Cloud.PUBLIC: "AzureCloud", Cloud.USGOV: "AzureUSGovernment", Cloud.CHINA: "AzureChinaCloud"}
_SQL = {
    Cloud.PUBLIC: "database.windows.net",
    Cloud.USGOV: "database.usgovcloudapi.net",
    Cloud.CHINA: "database.chinacloudapi.cn",
}
_PUBLIC = {
    "resourceManager": "https://management.azure.com/",
    "portal": "https://portal.azure.com",
    "authentication": {
        "loginEndpoint": "https://login.microsoftonline.com/",
        "audiences": ["https://management.core.windows.net/", "https://management.azure.com/"],
        "tenant": "common",
        "identityProvider": "AAD",
    },
}


def environment_of(cloud: Cloud, catalog: Catalog) -> Mapping[str, Any]:
    """The object that `environment()` is in a cloud; what no document tells is left out."""
    names = catalog.clouds[cloud]
    suffixes = {
        "storage": names["storage"],
        "keyvaultDns": f".{names['vault']}",
        "acrLoginServer": f".{names['acr']}",
        "sqlServerHostname": f".{_SQL[cloud]}",
    }
    return {"name": _NAMES[cloud], "suffixes": suffixes, **(_PUBLIC if cloud is Cloud.PUBLIC else {})}
