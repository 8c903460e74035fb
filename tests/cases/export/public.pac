// Outbound endpoints for Azure Machine Learning of workspace ml-ws
// 2026-11-23, catalog 2026.11.23 (0123456789ab)
// az ml network export
// Not known, so assumed: storage x: 403
// To mind: put your own proxy in place of 'PROXY proxy.example.com:8080', and of 'DIRECT' below it what all other hosts are to take.
// To mind: 49 names are needed by machines that read no such file (nodes, pods, agents): give them HTTPS_PROXY, and make this file with --scenario workstation.
// To mind: pac knows no ports here: these are open on all that the rule around them is for: *.azmk8s.io, *.data.mcr.microsoft.com, *.guestnotificationservice.azure.com, *.his.arc.azure.com, *.ingestion.msftcloudes.com, *.kusto.windows.net, *.microsoftmetrics.com, *.queue.core.windows.net and 41 more.

var through = "PROXY proxy.example.com:8080", others = "DIRECT";

var listed = {
  "0a1b2c3d-1111-2222-3333-444455556666.workspace.westeurope.api.azureml.ms": true, // required: Workspace API (run history, metrics, tokens) of this workspace.
  "westeurope.api.azureml.ms": true, // required: Azure ML API of the workspace's region (control plane, discovery, MLflow). Discovery address that this workspace names in ARM.
  "westeurope.experiments.azureml.net": true, // required: Experiment and run service of the workspace's region.
  "api.azureml.ms": true, // recommended: Azure ML API without a region, asked by azureml-fe to check Entra tokens. Condition: Needed when an online endpoint uses Entra (aad_token) authentication.
  "acrml.azurecr.io": true, // required: Registry login server for the images of jobs and deployments.
  "acrml.northeurope.data.azurecr.io": true, // required: Image layers of the registry's northeurope replica.
  "acrml.swedencentral.data.azurecr.io": true, // required: Image layers of the registry's swedencentral replica.
  "acrml.westeurope.data.azurecr.io": true, // required: Image layers of the registry's westeurope replica.
  "mlstore.blob.core.windows.net": true, // required: Workspace storage: scripts, data and models in, logs and outputs out.
  "mlstore.queue.core.windows.net": true, // recommended: Queues of the workspace storage.
  "mlstore.table.core.windows.net": true, // recommended: Tables of the workspace storage.
  "login.microsoftonline.com": true, // required: Microsoft Entra ID, for every token.
  "westeurope.login.microsoft.com": true, // required (edge): Regional Microsoft Entra ID for the Arc agents.
  "login.windows.net": true, // required (edge): Another authority that the Arc agents use.
  "sts.windows.net": true, // required (edge): Token issuer for cluster connect and custom locations.
  "management.azure.com": true, // required: Azure Resource Manager.
  "graph.microsoft.com": true, // required (edge): Microsoft Graph for Azure RBAC on an Arc cluster. Condition: Only when the Arc cluster uses Azure RBAC, and without an Arc gateway, which carries it.
  "mlvault.vault.azure.net": true, // recommended: The workspace's key vault.
  "mcr.microsoft.com": true, // required: Microsoft's images (extension, base images, curated environments, agents).
  "mcr-0001.mcr-msedge.net": true, // required (gpu-aks): Front-door name behind mcr.microsoft.com.
  "linuxgeneva-microsoft.azurecr.io": true, // required (edge): Monitoring agent image that Arc cluster extensions use.
  "northeurope.dp.kubernetesconfiguration.azure.com": true, // required (gpu-aks): Extension manager of the cluster's region (configuration in, status out).
  "westeurope.dp.kubernetesconfiguration.azure.com": true, // required (edge): Extension manager of the cluster's region (configuration in, status out).
  "gbl.his.arc.azure.com": true, // required (edge): Finds the regional identity service of the Arc agents.
  "guestnotificationservice.azure.com": true, // required (edge): Notification service for cluster connect and custom locations.
  "azgnrelay-westeurope-l1.servicebus.windows.net": true, // required (edge): Service Bus of Arc's notification service in westeurope, as Azure's allow-list API names it.
  "ml-relay-ns.servicebus.windows.net": true, // required (edge): Azure Relay of the Azure ML extension, through which jobs and deployments reach the cluster.
  "westeurope.obo.arc.azure.com": true, // required (edge): On-behalf-of tokens for cluster connect with Azure RBAC. Condition: Only for cluster connect with Azure RBAC.
  "aks-gpu-dns-1a2b3c4d.hcp.northeurope.azmk8s.io": true, // required (gpu-aks): API server of the cluster, for its nodes.
  "packages.microsoft.com": true, // required (gpu-aks): Packages of Microsoft for the nodes.
  "packages.aks.azure.com": true, // required (gpu-aks): Binaries of Kubernetes and CNI for the nodes.
  "acs-mirror.azureedge.net": true, // recommended (gpu-aks): Older host of the binaries of Kubernetes and CNI for the nodes.
  "azure.archive.ubuntu.com": true, // recommended (gpu-aks): Security updates of Ubuntu nodes.
  "security.ubuntu.com": true, // recommended (gpu-aks): Security updates of Ubuntu nodes.
  "changelogs.ubuntu.com": true, // recommended (gpu-aks): Which releases of Ubuntu there are, for its nodes.
  "snapshot.ubuntu.com": true, // recommended (gpu-aks): Dated snapshots of the archive, for security updates of Ubuntu nodes.
  "westeurope-5.in.applicationinsights.azure.com": true, // recommended: Telemetry of jobs and endpoints to the workspace's Application Insights, as its component names it.
  "files.pythonhosted.org": true, // required: Python packages while a training job's environment is made (index and files).
  "pypi.org": true, // required: Python packages while a training job's environment is made (index and files).
  "": false
};

var listedBelow = {
  ".kusto.windows.net": true, // recommended: System logs go to Azure Data Explorer clusters of Microsoft.
  ".table.core.windows.net": true, // recommended: System logs pass through storage tables of Microsoft, whose accounts are not published.
  ".queue.core.windows.net": true, // recommended: System logs pass through storage queues of Microsoft, whose accounts are not published.
  ".data.mcr.microsoft.com": true, // required: Layers of Microsoft's images.
  ".ingestion.msftcloudes.com": true, // required (gpu-aks): Metrics of the extension agents, to Microsoft.
  ".microsoftmetrics.com": true, // required (gpu-aks): Metrics of the extension agents, to Microsoft.
  ".his.arc.azure.com": true, // required (edge): Managed identity certificates of the Arc agents.
  ".guestnotificationservice.azure.com": true, // required (edge): Regional hosts of the notification service.
  ".servicebus.windows.net": true, // required (edge): Gateways behind the Azure Relay of the Azure ML extension.
  ".azmk8s.io": true, // recommended (gpu-aks): Named by the AKS cluster's own list of outbound dependencies.
  "": false
};

var inside = {
  "": false
};

var insideBelow = {
  "": false
};

function FindProxyForURL(url, host) {
  host = host.toLowerCase();
  if (host.charAt(host.length - 1) === ".") { host = host.substring(0, host.length - 1); }
  if (inside[host] === true) { return "DIRECT"; }
  if (listed[host] === true) { return through; }
  for (var at = host.indexOf("."); at > 0; at = host.indexOf(".", at + 1)) {
    if (insideBelow[host.substring(at)] === true) { return "DIRECT"; }
    if (listedBelow[host.substring(at)] === true) { return through; }
  }
  return others;
}
