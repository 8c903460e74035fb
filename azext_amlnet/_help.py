"""The help texts, examples first of all: what most people want takes three options at most."""

from knack.help_files import helps

helps["ml"] = """
type: group
short-summary: Manage Azure Machine Learning.
"""

helps["ml network"] = """
type: group
short-summary: What a Kubernetes cluster behind a firewall or proxy must reach to run Azure Machine Learning.
"""

helps["ml network requirements"] = """
type: command
short-summary: List every outbound endpoint that a workspace and its attached Kubernetes clusters need.
long-summary: >
    Asks Azure Resource Manager, read only, about the workspace, its registry, storage and clusters, and prints the
    complete list with concrete names: host, port, how much depends on it, why, and which document says so.
    What Azure refuses to tell is a warning and never makes the list shorter.
    Exit codes: 0 fine, 1 failed, 2 wrong usage, 3 workspace not found, 8 more is required than --baseline allows, 9
    --behind leaves open which workspaces it is for.
examples:
    - name: List the endpoints of a workspace as a table.
      text: az ml network requirements -w my-workspace -g my-group -o table
    - name: Only the host names, for a script.
      text: az ml network requirements -w my-workspace -g my-group --query "[].host" -o tsv
    - name: Only the names that are concrete, without rows that have a <placeholder>.
      text: az ml network requirements -w my-workspace -g my-group --query "[?!unresolved].host" -o tsv
    - name: Plan before the workspace exists, from a file with no more than its cloud and region.
      text: az ml network requirements --workspace-file plan.json --cluster-type aks
    - name: Save the facts on a machine with Azure rights, for one that has none.
      text: az ml network requirements -w my-workspace -g my-group --save-workspace-file facts.json
    - name: Leave out the log upload, when wildcards over everybody's storage are a concern.
      text: az ml network requirements -w my-workspace -g my-group --exclude logs
    - name: Why a host is on the list, or what it resembles if it is not.
      text: az ml network requirements -w my-workspace -g my-group --host mcr.microsoft.com other.azurecr.io -o table
    - name: In a pipeline, fail when the list asks for more than the approved one, an earlier output.
      text: az ml network requirements -w my-workspace -g my-group --baseline approved.json
    - name: One list for all workspaces of two subscriptions, and the facts for later.
      text: >
        az ml network requirements --all-workspaces --subscriptions prod shared
        --save-workspace-file fleet.json -o table
    - name: One list for the workspaces whose clusters route to a firewall, by its ARM id.
      text: az ml network requirements --behind $FIREWALL_ID -o table
"""

helps["ml network test"] = """
type: command
short-summary: Try every endpoint of the list from this machine, and name the cause of each failure.
long-summary: >
    Climbs each endpoint layer by layer (DNS, TCP, proxy, TLS, HTTP) and believes only the service's own answer, so
    that no block page passes. Sends one GET or connection attempt to each, no credentials, nothing else.
    The report is printed in every case. Exit codes: 0 fine, 1 failed, 2 wrong usage, 3 workspace not found, 8 a
    required endpoint is blocked, 9 something required could not be measured, 129, 130, 131 or 143 interrupted.
examples:
    - name: Test what a workspace needs, what is broken first.
      text: az ml network test -w my-workspace -g my-group -o table
    - name: On a machine without Azure rights, from facts or a list that was saved elsewhere.
      text: az ml network test --workspace-file facts.json
    - name: One host only, e.g. another registry.
      text: az ml network test --endpoint other.azurecr.io
    - name: In a pipeline, with test results and a page for the network team.
      text: az ml network test -w my-workspace -g my-group --report-file report.xml report.html --annotate azure-devops
    - name: A script for a machine without az; there, python3 probe.py --output-file results.txt runs it.
      text: az ml network test -w my-workspace -g my-group --dry-run --output-file probe.py
    - name: What that script has seen, judged here.
      text: az ml network test -w my-workspace -g my-group --results-file results.txt
    - name: Through a proxy whose address, with password, stands in a file; an inspecting proxy's authority is trusted.
      text: az ml network test -w my-workspace -g my-group --proxy @proxy.txt --ca-file corporate.pem
    - name: Fail only on what is worse than last time.
      text: az ml network test -w my-workspace -g my-group --baseline report.json
"""

helps["ml network export"] = """
type: command
short-summary: Write the list as configuration of a firewall, a proxy or a cluster, or for people.
long-summary: >
    Each file begins with what it is: workspace, day, catalog, command line, what was assumed and what is to be minded.
    Rows that private endpoints serve become a note where their traffic meets no such thing.
    Exit codes: 0 fine, 1 failed, 2 wrong usage or rows that are not concrete yet, 3 workspace not found, 9 --behind
    leaves open which workspaces it is for.
examples:
    - name: A snippet for squid.
      text: az ml network export -w my-workspace -g my-group --format squid --output-file amlnet.conf
    - name: Names alone, for an external list of a firewall, to standard output.
      text: az ml network export --workspace-file facts.json --format hosts --output-file -
    - name: The skip list of a cluster behind a proxy, without its comments.
      text: az ml network export -w my-workspace -g my-group --format no-proxy --output-file - | tail -n 1
    - name: Rules of an Azure Firewall policy, with Azure's own tag for what AKS itself needs.
      text: >
        az ml network export --workspace-file facts.json --format azure-firewall-bicep --use-fqdn-tags
        --output-file rules.bicep
    - name: What pods may reach, as a Cilium policy.
      text: az ml network export --workspace-file facts.json --format cilium --output-file amlnet.yaml
    - name: As monitoring, a folder of files for Prometheus and its blackbox exporter.
      text: az ml network export --workspace-file facts.json --format blackbox-exporter --output-file monitoring
    - name: The hosts that a proxy must not decrypt, for its list of exceptions.
      text: az ml network export --workspace-file facts.json --purpose tls-exemption --format hosts --output-file -
    - name: Before everything exists, without the rows whose names are not known yet.
      text: az ml network export --workspace-file plan.json --format csv --output-file plan.csv --allow-unresolved
"""

helps["ml network check-policy"] = """
type: command
short-summary: Tell whether the policy of a firewall, a proxy or a cluster lets the workspace work, and by which rule.
long-summary: >
    Evaluates the policy as its engine does (base policies and priorities, network rules before application rules, the
    first match decides) against every endpoint of the list: covered, partial, denied, missing or unknown. What could
    not be read stays unknown and never counts as allowed. Rules that allow more than is needed, and stale ones, are
    listed, too. Azure is read only. The result is printed in every case.
    Exit codes: 0 all required endpoints are covered, 1 failed, 2 wrong usage, 3 workspace or policy not found, 8
    something required is denied, missing or covered in part, 9 something required cannot be determined.
examples:
    - name: A file, what is broken first.
      text: az ml network check-policy --workspace-file facts.json --policy squid.conf -o table
    - name: The policy of an Azure Firewall, with all that belongs to it.
      text: az ml network check-policy -w my-workspace -g my-group --policy $POLICY_ID
    - name: The same for the traffic of some addresses, where its rules are for these only.
      text: az ml network check-policy -w my-workspace -g my-group --policy $POLICY_ID --source 10.1.0.0/16
    - name: The firewall, with the subnet of an attached AKS cluster, its security group and its route table.
      text: az ml network check-policy -w my-workspace -g my-group --compute aks-gpu --policy $FIREWALL_ID
    - name: By its name; rules by address are settled by what a test saw, and by Azure's own prefixes.
      text: >
        az ml network check-policy -w my-workspace -g my-group --policy hub-policy --policy-resource-group hub-rg
        --addresses report.json --service-tags live
    - name: A plan of Terraform, as terraform show -json prints it.
      text: az ml network check-policy --workspace-file facts.json --policy plan.json
    - name: Policies of the cluster, for the pods of jobs.
      text: az ml network check-policy --workspace-file facts.json --policy policies.yaml --pod-labels app=trainer
    - name: Files that belong together, as az shows a policy and its groups of rules.
      text: az ml network check-policy --workspace-file facts.json --policy policy.json groups.json
    - name: A template with the values of its parameters.
      text: az ml network check-policy --workspace-file facts.json --policy rules.json rules.parameters.json
    - name: squid's whole folder.
      text: az ml network check-policy --workspace-file facts.json --policy /etc/squid
    - name: A security group and a route table with the firewall that it should lead to, as az shows them.
      text: az ml network check-policy --workspace-file facts.json --policy nsg.json routes.json firewall.json
    - name: A page for the network team, and findings beside the step of a pipeline.
      text: >
        az ml network check-policy --workspace-file facts.json --policy amlnet.yaml --report-file policy.html
        --annotate azure-devops
    - name: The rules that are missing, ready to be added.
      text: >
        az ml network check-policy -w my-workspace -g my-group --policy $POLICY_ID --source 10.1.0.0/16
        --suggest azure-firewall-bicep --query content -o tsv
    - name: In a pipeline, fail only on what is worse than last time.
      text: az ml network check-policy --workspace-file facts.json --policy policy.json --baseline earlier.json
"""

helps["ml network explain-log"] = """
type: command
short-summary: Tell which of the hosts that a firewall or proxy denied are needed, and why, from its log.
long-summary: >
    Reads the log of a device, from files or from Log Analytics, and holds it against the list: what was denied and is
    needed comes first, then what was denied and is on no list, what cannot be decided, what of the list no record is
    of, and what was let through.
    Query strings, user names and paths of URLs are not kept. The result is printed in every case.
    Exit codes: 0 fine, 1 failed, 2 wrong usage or a file that is no log, 3 workspace not found, 8 a required endpoint
    was denied and not let through since, 9 that cannot be told, or no decision could be read.
examples:
    - name: squid.
      text: az ml network explain-log --workspace-file facts.json --log-file /var/log/squid/access.log -o table
    - name: Azure Firewall, asked in Log Analytics, where its records of the last two hours are summed up.
      text: az ml network explain-log -w my-workspace -g my-group --log-workspace $FIREWALL_ID --last 2h -o table
    - name: Azure Firewall, the output of az monitor log-analytics query, or the portal's CSV.
      text: az ml network explain-log -w my-workspace -g my-group --log-file firewall.json
    - name: Azure Firewall, the blobs of a storage account; those of the DNS proxy tell names for addresses.
      text: az ml network explain-log -w my-workspace -g my-group --log-file application/PT1H.json network/PT1H.json.gz
    - name: Cilium, the output of hubble observe -o json.
      text: az ml network explain-log --workspace-file facts.json --log-file flows.json
    - name: FortiGate or PAN-OS, from the syslog server.
      text: az ml network explain-log --workspace-file facts.json --log-file fortigate.log panos.csv
    - name: Flow logs of a virtual network, which have addresses alone.
      text: az ml network explain-log --workspace-file facts.json --log-file PT1H.json
    - name: The rules for what was denied, ready to be added.
      text: >
        az ml network explain-log --workspace-file facts.json --log-file access.log --suggest squid
        --query content -o tsv
"""

helps["ml network compare"] = """
type: command
short-summary: Compare two results of one kind, and tell what became of each endpoint.
long-summary: >
    Two reports of test (of two times, or of two places such as this machine and a pod), two lists of requirements, or
    two results of check-policy; which they are is seen from the files. Of two places it tells on whose path an endpoint
    fails, of two lists why a row changed. Nothing is asked or sent.
    Exit codes, which speak of the second file: 0 fine, 2 wrong usage, 8 something required is worse or newly demanded,
    9 nothing of that, but something required is unknown only there.
examples:
    - name: Since last week.
      text: az ml network compare --before last-week.json --after report.json -o table
    - name: This machine and the cluster, as a page for whoever owns the path.
      text: az ml network compare --before desk.json --after cluster.json --report-file compare.html
    - name: What a new version of the list asks for, and why.
      text: az ml network compare --before approved.json --after requirements.json -o table
"""
