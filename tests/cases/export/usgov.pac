// Outbound endpoints for Azure Machine Learning of workspace ml-ws
// 2026-11-23, catalog 2026.11.23 (0123456789ab)
// az ml network export
// Not known, so assumed: storage x: 403
// To mind: <key vault>.vault.usgovcloudapi.net: a part of the name is not known yet.
// To mind: put your own proxy in place of 'PROXY proxy.example.com:8080', and of 'DIRECT' below it what all other hosts are to take.
// To mind: 19 names are needed by machines that read no such file (nodes, pods, agents): give them HTTPS_PROXY, and make this file with --scenario workstation.
// To mind: pac knows no ports here: these are open on all that the rule around them is for: *.blob.core.usgovcloudapi.net, *.data.mcr.microsoft.com, *.in.applicationinsights.azure.us, *.ml.azure.us, *.queue.core.usgovcloudapi.net, *.table.core.usgovcloudapi.net, 0a1b2c3d-1111-2222-3333-444455556666.workspace.usgovvirginia.api.ml.azure.us, acrml.azurecr.us and 11 more.

var through = "PROXY proxy.example.com:8080", others = "DIRECT";

var listed = {
  "0a1b2c3d-1111-2222-3333-444455556666.workspace.usgovvirginia.api.ml.azure.us": true, // required: Workspace API (run history, metrics, tokens) of this workspace.
  "usgovvirginia.api.ml.azure.us": true, // required: Azure ML API of the workspace's region (control plane, discovery, MLflow).
  "acrml.azurecr.us": true, // required: Registry login server for the images of jobs and deployments.
  "acrml.usgovvirginia.data.azurecr.us": true, // required: Image layers of the registry's usgovvirginia replica. Condition: Only when the registry has dedicated data endpoints (Premium, switched on, or a private endpoint).
  "mlstore.blob.core.usgovcloudapi.net": true, // required: Workspace storage: scripts, data and models in, logs and outputs out.
  "mlstore.dfs.core.usgovcloudapi.net": true, // recommended: Data Lake endpoint of the workspace storage, which has a hierarchical namespace. Condition: Only when the account has a hierarchical namespace and abfss:// paths are used.
  "mlstore.queue.core.usgovcloudapi.net": true, // recommended: Queues of the workspace storage.
  "mlstore.table.core.usgovcloudapi.net": true, // recommended: Tables of the workspace storage.
  "login.microsoftonline.us": true, // required: Microsoft Entra ID, for every token.
  "management.usgovcloudapi.net": true, // required: Azure Resource Manager.
  "mcr.microsoft.com": true, // required: Microsoft's images (extension, base images, curated environments, agents).
  "files.pythonhosted.org": true, // required: Python packages while a training job's environment is made (index and files).
  "pypi.org": true, // required: Python packages while a training job's environment is made (index and files).
  "": false
};

var listedBelow = {
  ".ml.azure.us": true, // required: All Azure ML API hosts of US Government.
  ".table.core.usgovcloudapi.net": true, // recommended: System logs pass through storage tables of Microsoft, whose accounts are not published.
  ".queue.core.usgovcloudapi.net": true, // recommended: System logs pass through storage queues of Microsoft, whose accounts are not published.
  ".blob.core.usgovcloudapi.net": true, // required: Image layers of a registry that has no dedicated data endpoints, from storage of Microsoft. Condition: Only while the registry has no dedicated data endpoints (every Basic and Standard registry).
  ".data.mcr.microsoft.com": true, // required: Layers of Microsoft's images.
  ".in.applicationinsights.azure.us": true, // recommended: Telemetry of jobs and endpoints to Application Insights, whose host is not known.
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
