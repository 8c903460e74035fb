"""The list as monitoring: what Prometheus, its blackbox exporter and promtool make of what is exported."""

from __future__ import annotations

import json
import re
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, Optional

import pytest
import yaml

from azext_amlnet.errors import UsageError
from azext_amlnet.exporters import Export, export
from azext_amlnet.exporters._prometheus import CAUSES
from azext_amlnet.model import Cause, Kind, Level, ProbeSpec, Protocol, Requirement
from azext_amlnet.reports import metrics

from . import lab as the_lab
from . import wire
from .example import EXAMPLE, rows
from .lab import Lab
from .prometheus import BLACKBOX, INSTALLED, MISSING, PROMTOOL, checked, monitoring
from .test_e2e import one_line
from .test_exporters import CONTEXT, sample
from .wire import CHALLENGE, REQUEST_ID, answer
from .world import ROOT, Az

needs_prometheus = pytest.mark.skipif(not INSTALLED, reason=MISSING)
SAMPLES = ("public", "usgov", "private")
# Of CONFIGURATION.md at v0.19.0 of https://github.com/prometheus/blackbox_exporter (2021-05-10)
KNOWN = {"http": {"preferred_ip_protocol", "ip_protocol_fallback", "follow_redirects", "valid_status_codes", "headers",
                  "fail_if_header_not_matches", "fail_if_body_not_matches_regexp"},
         "tcp": {"preferred_ip_protocol", "ip_protocol_fallback", "tls", "tls_config"}}  # fmt: skip


def made(name: str, listed: tuple[Requirement, ...]) -> Export:
    return export(name, listed, CONTEXT, allow_unresolved=True)


@needs_prometheus
@pytest.mark.parametrize("name", SAMPLES)
def test_the_programs_themselves_find_nothing_wrong(name: str, tmp_path: Path) -> None:
    exported = made("blackbox-exporter", sample(name))
    assert [file for file, _ in exported.files] == [
        "amlnet-blackbox.yml", "amlnet-targets.json", "amlnet-prometheus.yml", "amlnet-rules.yml"
    ]  # fmt: skip
    for file, text in exported.files:
        tmp_path.joinpath(file).write_text(text, encoding="utf-8")
    config = f"--config.file={tmp_path / 'amlnet-blackbox.yml'}"
    code, said_by = checked(str(BLACKBOX), "--config.check", config)
    assert code == 0, said_by
    code, said_by = checked(str(PROMTOOL), "check", "config", str(tmp_path / "amlnet-prometheus.yml"))
    assert code == 0 and "rules found" in said_by and "duplicate" not in said_by, said_by
    broken = (tmp_path / "amlnet-blackbox.yml").read_text().replace("follow_redirects", "follow_redirect")
    (tmp_path / "amlnet-blackbox.yml").write_text(broken)
    assert checked(str(BLACKBOX), "--config.check", config)[0] == 1


@pytest.mark.parametrize("name", SAMPLES)
def test_modules_have_fields_of_old_versions_only_and_targets_have_modules(name: str) -> None:
    files = dict(made("blackbox-exporter", sample(name)).files)
    modules = yaml.safe_load(files["amlnet-blackbox.yml"])["modules"]
    for module in modules.values():
        assert set(module) == {"prober", "timeout", module["prober"]}
        assert set(module[module["prober"]]) <= KNOWN[module["prober"]]
        assert module[module["prober"]]["preferred_ip_protocol"] == "ip4"
    groups = json.loads(files["amlnet-targets.json"])
    assert {group["labels"]["module"] for group in groups} == set(modules)
    tried = {row.host for row in sample(name) if row.probe and row.protocol is not Protocol.UDP}
    assert {group["labels"]["host"] for group in groups} == tried
    proven = {
        (group["labels"]["host"], group["labels"]["port"]) for group in groups if group["labels"]["part"] != "path"
    }
    assert {host for host, _ in proven} == tried
    losses = " ".join(made("blackbox-exporter", sample(name)).losses)
    assert all(row.host in losses for row in sample(name) if row.host not in tried)


def test_a_proof_of_ones_own_that_anybody_could_give_is_named() -> None:
    row = Requirement(host="acrml.azurecr.io", probe=ProbeSpec("acrml.azurecr.io", "/v2/", "registry"))
    plain = {**CONTEXT.proofs, "registry": replace(CONTEXT.proofs["registry"], marks=())}
    lost = export("blackbox-exporter", [row], replace(CONTEXT, proofs=plain), allow_unresolved=True).losses
    assert any(re.fullmatch(r"nothing but the public issuer .*: acrml\.azurecr\.io\.", loss) for loss in lost)
    assert not any("acrml" in loss for loss in made("blackbox-exporter", (row,)).losses)


def test_of_rows_that_nothing_tells_apart_the_first_is_asked_and_that_is_said() -> None:
    row = Requirement(host="a.example.com", probe=ProbeSpec("a.example.com", "/", "any-answer"))
    other = replace(row, probe=ProbeSpec("a.example.com", "/simple", "any-answer"))
    alone, both = made("blackbox-exporter", (row,)), made("blackbox-exporter", (row, other, row))
    assert dict(both.files)["amlnet-targets.json"] == dict(alone.files)["amlnet-targets.json"]
    assert any("the first is asked: a.example.com" in loss for loss in both.losses)


def test_a_workspace_more_changes_no_series_of_what_several_need() -> None:
    row = Requirement(host="a.example.com", probe=ProbeSpec("a.example.com", "/", "any-answer"))
    two, three = (
        dict(made("blackbox-exporter", (replace(row, workspaces=names),)).files)["amlnet-targets.json"]
        for names in (("w1", "w2"), ("w1", "w2", "w3"))
    )
    assert two == three and '"workspace": "several workspaces"' in two


def localhost(
    port: int, proof: str = "registry", protocol: Protocol = Protocol.HTTPS, path: str = "/v2/"
) -> Requirement:
    return Requirement(host="localhost", port=port, protocol=protocol, probe=ProbeSpec("localhost", path, proof))


def _answers(net: wire.Wire) -> dict[str, tuple[Requirement, Optional[int], Optional[Cause]]]:
    """By name a row, whether it is up, None where nobody knows, and the cause of what is wrong."""
    ours = net.context("localhost")  # an authority that is trusted here, and no public one
    public = net.context("localhost", authority=net.public)
    stranger = net.context("localhost", authority=net.stranger)
    signed = answer(401, CHALLENGE)
    page = answer(401, "Content-Type: text/html", body="<html><title>Blocked</title></html>")

    def https(text: bytes, context: Any = ours, then: Any = None) -> Requirement:
        return localhost(net.https(text, context, then))

    def anybody(status: int, context: Any) -> Requirement:
        return localhost(net.https(answer(status, body="<html>"), context), "any-answer", path="/")

    other = net.http(answer(200, body="<html>"))
    away = net.http(answer(302, "Location: http://portal.example.test/"))
    text = net.http({"/connecttest.txt": answer(200, body="Microsoft Connect Test")})
    hidden = net.http({"/connecttest.txt": answer(200, body="<html>Sign in</html>")})
    plain = {"proof": "connect-test", "protocol": Protocol.HTTP, "path": "/connecttest.txt"}
    return {
        "service": (https(signed), 1, None),
        "service, public": (https(signed, public), 1, None),
        "another mark": (localhost(net.https(answer(400, "x-ms-version: 2021"), ours), "storage", path="/"), 1, None),
        "a page": (https(page), 0, Cause.HTTP_BLOCK_PAGE),
        "without marks behind a public certificate": (https(page, public), 1, None),
        "403 of the service": (https(answer(403), public), 0, Cause.HTTP_SERVICE_FIREWALL),
        "403": (https(answer(403)), 0, Cause.HTTP_BLOCK_PAGE),
        "403 that is usual": (localhost(net.https(answer(403, REQUEST_ID), ours), "registry-data", path="/"), 1, None),
        "451": (https(answer(451, CHALLENGE)), 0, Cause.HTTP_BLOCK_PAGE),
        "elsewhere": (https(answer(302, "Location: https://portal.example.test/")), 0, Cause.HTTP_CAPTIVE_PORTAL),
        "470": (https(answer(470, body="Action: Deny.")), 0, Cause.HTTP_FIREWALL_DENY),
        "odd": (https(answer(599, CHALLENGE)), 0, Cause.HTTP_UNEXPECTED),
        "busy": (https(answer(429, CHALLENGE)), 1, Cause.HTTP_THROTTLED),
        "broken": (https(answer(503, CHALLENGE)), 1, Cause.HTTP_SERVER_ERROR),
        "mute": (https(b"", then=lambda tls: time.sleep(4)), 0, Cause.HTTP_TIMEOUT),
        "cut": (https(b""), 0, Cause.HTTP_RESET),
        "inspected": (https(signed, stranger), 0, Cause.TLS_UNTRUSTED_ISSUER),
        "expired": (https(signed, net.expired("localhost")), 0, Cause.TLS_EXPIRED),
        "TLS reset": (localhost(net.serve(wire.reset)), 0, Cause.TLS_RESET),
        "TLS swallowed": (localhost(net.serve(wire.hang)), 0, Cause.TLS_TIMEOUT),
        "dropped": (localhost(net.silent_port()), 0, Cause.TCP_TIMEOUT),
        "refused": (localhost(net.refused_port()), 0, Cause.TCP_REFUSED),
        "plain": (localhost(text, **plain), 1, None),
        "plain page": (localhost(hidden, **plain), 0, Cause.HTTP_BLOCK_PAGE),
        "TLS": (localhost(net.https(signed, ours), "tls", Protocol.TLS), 1, None),
        "TLS inspected": (localhost(net.https(signed, stranger), "tls", Protocol.TLS), 0, Cause.TLS_UNTRUSTED_ISSUER),
        "own authority": (localhost(net.https(signed, stranger), "tls-own-authority"), 1, None),
        "connection": (localhost(net.serve(wire.hang), "connect", Protocol.TCP), 1, None),
        "no connection": (localhost(net.refused_port(), "connect", Protocol.TCP), 0, Cause.TCP_REFUSED),
        "any answer": (anybody(200, public), 1, None),
        "any refusal": (anybody(403, public), 1, None),
        "any answer, inspected": (anybody(200, ours), None, Cause.HTTP_UNPROVEN),
        "any failure, inspected": (anybody(503, ours), None, Cause.HTTP_UNPROVEN),
        "a block page, inspected": (anybody(403, ours), 0, Cause.HTTP_BLOCK_PAGE),
        "a portal, inspected": (anybody(302, ours), 0, Cause.HTTP_CAPTIVE_PORTAL),
        "any proxy, inspected": (anybody(407, ours), 0, Cause.HTTP_BLOCK_PAGE),
        "any plain portal": (localhost(away, "any-answer", Protocol.HTTP, "/"), 0, Cause.HTTP_CAPTIVE_PORTAL),
        "any plain answer": (localhost(other, "any-answer", Protocol.HTTP, "/"), None, Cause.HTTP_UNPROVEN),
        "SMB": (localhost(net.serve(wire.hang), "smb", Protocol.SMB), 1, None),
    }  # fmt: skip


@needs_prometheus
def test_what_each_answer_comes_to_in_a_real_prometheus(tmp_path: Path) -> None:
    with wire.wire() as net:
        cases = _answers(net)
        files = made("blackbox-exporter", tuple(row for row, _, _ in cases.values())).files
        pem = net.pem + net.public.cert_pem.bytes().decode()
        ports = {name: str(row.port) for name, (row, _, _) in cases.items()}
        causes = {(ports[name], cause.value) for name, (_, _, cause) in cases.items() if cause}
        late = {(ports[name], "AmlnetEndpointBlocked") for name, (_, up, _) in cases.items() if up == 0}
        titles = {(port, f"Amlnet{cause.title().replace('_', '')}") for port, cause in causes}
        with monitoring(tmp_path / "prometheus", files, pem) as running:

            def measured() -> dict[str, object]:
                """What is up by names, and the causes, alerts and whose inspection is seen by ports, of one moment."""
                up = running.ask("amlnet_endpoint_up", "port")
                inspected = set(running.ask('ALERTS{alertname="AmlnetTlsInspection"}', "port"))
                return {
                    "complete": len(running.ask("amlnet:complete", "port")),
                    "up": {name: up.get((port,)) for name, port in ports.items()},
                    "causes": set(running.ask("amlnet_endpoint_cause", "port", "cause")),
                    "alerts": set(running.ask('ALERTS{alertname!="AmlnetTlsInspection"}', "port", "alertname")),
                    "inspected": [(ports[name],) in inspected for name in ("service", "service, public")],
                }

            running.becomes(
                measured,
                {
                    "complete": len(cases),
                    "up": {name: up for name, (_, up, _) in cases.items()},
                    "causes": causes,
                    "alerts": titles | late,
                    "inspected": [True, False],
                },
            )
    assert {cause for _, _, cause in cases.values() if cause} == set(CAUSES) - {Cause.DNS_FAILURE}


@needs_prometheus
@pytest.mark.skipif(not the_lab.POSSIBLE, reason="needs root, ip and nft: run `make tools` as root")
@pytest.mark.xdist_group("lab")
def test_a_fault_that_is_switched_on_and_off(tmp_path: Path) -> None:
    listed = tuple(row for row in rows() if row.level is not Level.OPTIONAL)
    exported = made("blackbox-exporter", listed)
    tried = {row.host for row in listed if row.probe}
    with Lab() as lab:
        lab.resolv("nameserver 198.51.100.1\noptions timeout:1 attempts:1\n")
        lab.filter()
        with monitoring(tmp_path / "prometheus", exported.files, lab.pem, lab.enter) as running:

            def down() -> set[tuple[str, ...]]:
                """What is down; something that is no host while not all of them have been asked."""
                asked = running.ask("amlnet_endpoint_up", "host")
                return {host for host, up in asked.items() if not up} if len(asked) == len(tried) else {()}

            def measured() -> tuple[set[tuple[str, ...]], set[tuple[str, ...]]]:
                return down(), set(running.ask("amlnet_endpoint_cause", "host", "cause"))

            running.becomes(measured, (set(), set()))
            lab.filter("out ip daddr 198.51.100.3 tcp dport 443 drop")
            data = {row.host for row in listed if row.probe and ".data.azurecr.io" in row.probe.host}
            running.becomes(measured, ({(host,) for host in data}, {(host, "tcp_timeout") for host in data}))
            lab.filter("out udp dport 53 drop")
            running.becomes(measured, ({(host,) for host in tried}, {(host, "dns_failure") for host in tried}))
            lab.filter()
            running.becomes(measured, (set(), set()))


# -- the operator


@pytest.mark.parametrize("name", SAMPLES)
def test_a_probe_has_one_module_and_each_target_the_labels_of_its_row(name: str) -> None:
    files = dict(made("prometheus-probe", sample(name)).files)
    blackbox = dict(made("blackbox-exporter", sample(name)).files)
    config = yaml.safe_load(files["amlnet-blackbox.yaml"])
    assert config["kind"] == "ConfigMap"
    modules = yaml.safe_load(config["data"]["blackbox.yml"])["modules"]
    assert modules == yaml.safe_load(blackbox["amlnet-blackbox.yml"])["modules"]
    seen = []
    for probe in yaml.safe_load_all(files["amlnet-probes.yaml"]):
        spec, static = probe["spec"], probe["spec"]["targets"]["staticConfig"]
        assert spec["jobName"] == "amlnet" and spec["module"] in modules and len(probe["metadata"]["name"]) < 64
        for target in static["static"]:
            labels = {**static["labels"], "module": spec["module"]}
            for rule in static.get("relabelingConfigs", ()):
                if re.fullmatch(rule["regex"], target):
                    labels[rule["targetLabel"]] = rule["replacement"].replace("$$", "$")
            seen.append((target, tuple(sorted(labels.items()))))
    asked = [
        (group["targets"][0], tuple(sorted({**group["labels"], "vantage": "blackbox-exporter"}.items())))
        for group in json.loads(blackbox["amlnet-targets.json"])
    ]
    assert sorted(seen) == sorted(set(asked))
    rules = yaml.safe_load(files["amlnet-rules.yaml"])
    assert rules["kind"] == "PrometheusRule"
    assert rules["spec"]["groups"] == yaml.safe_load(blackbox["amlnet-rules.yml"])["groups"]


def test_prometheus_looks_back_further_than_it_asks() -> None:
    """A probe that times out is told late: with 5 minutes between two, there would be none for a while."""
    files = {**dict(made("blackbox-exporter", rows()).files), **dict(made("prometheus-probe", rows()).files)}
    (job,) = yaml.safe_load(files["amlnet-prometheus.yml"])["scrape_configs"]
    specs = [probe["spec"] for probe in yaml.safe_load_all(files["amlnet-probes.yaml"])]
    pairs = {(job["scrape_interval"], job["scrape_timeout"]), *((s["interval"], s["scrapeTimeout"]) for s in specs)}
    assert pairs == {("2m", "15s")}


def test_a_probe_is_small_enough_to_apply() -> None:
    many = tuple(
        Requirement(host=f"host-{n}.example.com", probe=ProbeSpec(f"host-{n}.example.com", "/", "any-answer"))
        for n in range(1000)
    )
    probes = dict(made("prometheus-probe", many).files)["amlnet-probes.yaml"].split("---\n")
    assert len(probes) > 12 and max(len(yaml.safe_load(one) and one) for one in probes) < 200_000


def test_hostile_rows_stay_texts() -> None:
    row = Requirement(host="a.example.com", kind=Kind.FQDN, reason='x"\n- y: {{ z }}', workspaces=('w"{{x}}$1',),
                      probe=ProbeSpec("a.example.com", '/"\\{{x}}', "any-answer"))  # fmt: skip
    for name in ("blackbox-exporter", "prometheus-probe"):
        for file, text in made(name, (row, replace(row, port=8443))).files:
            documents = [json.loads(text)] if file.endswith(".json") else list(yaml.safe_load_all(text))
            assert documents and all(documents)


def test_they_are_no_rules_to_add() -> None:
    with pytest.raises(UsageError, match="measures"):
        export("blackbox-exporter", rows(), replace(CONTEXT, lacking_in=("policy.json",)), allow_unresolved=True)


# -- the dashboard


@needs_prometheus
def test_the_dashboards_queries_are_promql_of_series_that_exist(tmp_path: Path) -> None:
    dashboard = json.loads((ROOT / "examples" / "grafana.json").read_text(encoding="utf-8"))
    queries = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    rules = [{"record": f"x:{n}", "expr": re.sub(r"\$\w+", ".*", query)} for n, query in enumerate(queries)]
    tmp_path.joinpath("rules.yml").write_text(yaml.safe_dump({"groups": [{"name": "x", "rules": rules}]}))
    code, said_by = checked(str(PROMTOOL), "check", "rules", str(tmp_path / "rules.yml"))
    assert code == 0 and len(rules) == len(queries) > 7, said_by
    recorded = {"amlnet_endpoint_up", "amlnet_endpoint_cause"}
    named = set(re.findall(r"\b(?:amlnet|probe)_\w+", " ".join(queries)))
    assert named == {name for name in named if name in metrics.FAMILIES or name.startswith("probe_")} >= recorded
    assert recorded <= set(metrics.FAMILIES)
    rules_text = dict(made("blackbox-exporter", rows()).files)["amlnet-rules.yml"]
    assert all(f"record: {name}\n" in rules_text for name in recorded)


def test_the_page_names_each_alert_and_its_owner() -> None:
    page = (ROOT / "docs" / "watching.md").read_text(encoding="utf-8")
    groups = yaml.safe_load(dict(made("blackbox-exporter", rows()).files)["amlnet-rules.yml"])["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    alerts = {rule["alert"]: rule["labels"].get("owner", "without") for rule in rules if "alert" in rule}
    for line in page.splitlines():
        cells = [cell.strip().strip("`") for cell in line.split("|")]
        for name in re.findall(r"`(Amlnet\w+)`", line) if len(cells) == 5 else ():
            assert alerts.pop(name) == cells[1], name
    assert not alerts


# -- the command


def test_several_files_are_a_folder(az: Az, tmp_path: Path) -> None:
    words = ("ml", "network", "export", "--workspace-file", str(EXAMPLE), "--format", "blackbox-exporter")
    ran = az(*words)
    assert ran.code == 0 and "content" not in ran.json and "file" not in ran.json
    files = {one["name"]: one["content"] for one in ran.json["files"]}
    folder = tmp_path / "monitoring"
    ran = az(*words, "--output-file", f"{folder}/")
    assert ran.code == 0 and ran.json["file"] == f"{folder}/" and "files" not in ran.json
    assert {path.name for path in folder.iterdir()} == set(files)
    assert json.loads((folder / "amlnet-targets.json").read_text()) == json.loads(files["amlnet-targets.json"])
    (folder / "amlnet-rules.yml").write_text("mine\n", encoding="utf-8")
    (folder / "other.yml").write_text("mine\n", encoding="utf-8")
    one_line(az(*words, "--output-file", str(folder)), "amlnet-blackbox.yml exists already", "--overwrite")
    assert (folder / "amlnet-rules.yml").read_text() == "mine\n"
    ran = az(*words, "--output-file", str(folder), "--overwrite")
    assert ran.code == 0 and "groups:" in (folder / "amlnet-rules.yml").read_text()
    assert (folder / "other.yml").read_text() == "mine\n" and len(list(folder.iterdir())) == len(files) + 1


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("-", "several files: give a folder"),
        ("there/no/folder", "does not exist"),
        ("file.yml", "is no folder"),
    ],
)
def test_what_is_no_folder_is_refused(where: str, message: str, az: Az, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    folder.joinpath("file.yml").write_text("mine\n", encoding="utf-8")
    path = where if where == "-" else str(folder / where)
    ran = az("ml", "network", "export", "--workspace-file", str(EXAMPLE), "--format", "prometheus-probe",
             "--output-file", path)  # fmt: skip
    one_line(ran, message)
    assert ran.code == 2 and [path.name for path in folder.iterdir()] == ["file.yml"]


def test_they_are_no_suggestions(az: Az) -> None:
    policy = ROOT / "examples" / "firewall-policy.json"
    ran = az("ml", "network", "check-policy", "--workspace-file", str(EXAMPLE), "--policy", str(policy), "--suggest",
             "blackbox-exporter")  # fmt: skip
    assert ran.code == 2 and "--suggest" in ran.err
