"""Names in Azure's documents: compared as ARM compares them, without case, and closed where a name decides.

ARM takes `SecurityRules` for `securityRules` (names in templates know no case, …/templates/syntax, 2026-11-26), so
names are brought into one spelling before anything is read. One that is not known here could be a misspelt one that
decides, and leaves in doubt what it could decide.
"""

from __future__ import annotations

from typing import Any, Mapping

from ...errors import UsageError
from ...text import lower
from ._expressions import LooseList

ENVELOPE = frozenset(
    {
        *("$schema", "apiVersion", "asserts", "comments", "condition", "copy", "dependsOn", "etag", "existing", "id"),
        *("extendedLocation", "identity", "kind", "location", "managedBy", "metadata", "name", "plan", "properties"),
        *("resourceGroup", "resources", "scope", "sku", "systemData", "tags", "type", "zones", "subscriptionId"),
        *("provisioningState", "resourceGuid", "tenantId", "changedTime", "createdTime", "managedByExtended"),
    }
)
"""What any resource may have, in a template, in an answer of ARM, and in what az and Resource Graph print."""

KNOWN: Mapping[str, frozenset[str]] = {
    "firewall-policy": frozenset(
        {
            *("basePolicy", "childPolicies", "dnsSettings", "explicitProxy", "firewalls", "insights", "size", "snat"),
            *("intrusionDetection", "ruleCollectionGroups", "sql", "threatIntelMode", "threatIntelWhitelist"),
            "transportSecurity",
        }
    ),
    "rule-collection-group": frozenset({"priority", "ruleCollections", "size"}),
    "firewall": frozenset(
        {
            *("additionalProperties", "applicationRuleCollections", "autoscaleConfiguration", "firewallPolicy"),
            *("hubIPAddresses", "ipConfigurations", "ipGroups", "managementIpConfiguration", "natRuleCollections"),
            *("networkRuleCollections", "threatIntelMode", "virtualHub"),
        }
    ),
    "nsg": frozenset(
        {
            *("securityRules", "defaultSecurityRules", "flowLogs", "flushConnection", "networkInterfaces", "subnets"),
        }
    ),
    "route-table": frozenset({"routes", "disableBgpRoutePropagation", "subnets"}),
    "rule-collection": frozenset({"action", "priority", "ruleCollectionType", "rules"}),
}
"""The properties of resources up to API version 2025-09-01 (…/azure/templates/microsoft.network, 2026-11-26)."""

_MORE = (
    *("value", "nextLink", "parameters", "variables", "outputs", "contentVersion", "languageVersion", "definitions"),
    *("template", "templateLink", "expressionEvaluationOptions", "mode", "defaultValue", "reference", "functions"),
    *("ruleType", "sourceAddresses", "sourceIpGroups", "destinationAddresses", "destinationIpGroups", "routes"),
    *("destinationFqdns", "destinationPorts", "ipProtocols", "protocols", "targetFqdns", "fqdnTags", "targetUrls"),
    *("webCategories", "terminateTLS", "httpHeadersToInsert", "translatedAddress", "translatedFqdn", "description"),
    *("translatedPort", "protocolType", "port", "protocol", "access", "direction", "sourcePortRange", "addressPrefix"),
    *("sourcePortRanges", "destinationPortRange", "destinationPortRanges", "sourceAddressPrefix", "addressPrefixes"),
    *("sourceAddressPrefixes", "destinationAddressPrefix", "destinationAddressPrefixes", "nextHopType"),
    *("sourceApplicationSecurityGroups", "destinationApplicationSecurityGroups", "nextHopIpAddress", "hasBgpOverride"),
    *("ipAddresses", "privateIPAddress", "enableProxy", "requireProxyForNetworkRules", "servers", "subnet", "vnet"),
    *("enableExplicitProxy", "networkSecurityGroup", "routeTable", "Network.DNS.EnableProxy", "count", "input"),
)
_SPELLING = {lower(name): name for name in (*ENVELOPE, *_MORE, *(name for names in KNOWN.values() for name in names))}
_EXACT = frozenset(_SPELLING.values())


def folded(value: Any, document: str, within: str = "") -> Any:
    """The document with its known names in one spelling; raises UsageError for one that an object has twice by that.

    What the values of variables and parameters have for names is the template's own.
    """
    if isinstance(value, list):
        items = [folded(item, document, within) if isinstance(item, (dict, list)) else item for item in value]
        return LooseList(items, value.because) if isinstance(value, LooseList) else items
    if not isinstance(value, dict):
        return value
    spelt: dict[str, Any] = {}
    for key, item in value.items():
        name = key if key in _EXACT else _SPELLING.get(lower(str(key)), str(key))
        if name in spelt:
            what = f"The policy {document} is ambiguous: an object has '{name}' in two spellings that are one to ARM."
            raise UsageError(what, "Keep one of the two.")
        own = name == "variables" or (within == "parameters" and name in ("defaultValue", "value"))
        inside = "parameters" if name == "parameters" or (within == "parameters" and not own) else ""
        spelt[name] = folded(item, document, inside) if isinstance(item, (dict, list)) and not own else item
    return spelt


def strange(kind: str, body: Mapping[str, Any], whose: str = "") -> list[str]:
    """The first property of a resource that is not known here and has a value, as what is lost by it; else nothing."""
    known = KNOWN[kind] | ENVELOPE
    odd = next((key for key in sorted(map(str, body)) if key not in known and body[key]), "")
    return [f"'{odd[:60]}'{f' of {whose}' if whose else ''}, which is not known here"] if odd else []
