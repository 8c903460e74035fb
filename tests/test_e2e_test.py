"""`az ml network test` as a user types it: real az, real sockets and TLS, a loopback Azure behind a loopback proxy."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml

import jsonschema
import pytest

from . import wire
from .example import EXAMPLE, proofs, rows
from .test_e2e import one_line
from .test_reports import SCHEMA
from .world import Az, Ran

TEST = ("ml", "network", "test")
FILE = ("--workspace-file", str(EXAMPLE))


class Far:
    """The example's services behind a CONNECT proxy, and the words that lead az there."""

    def __init__(self, net: wire.Wire, folder: Path, *denied: str, user: str = "") -> None:
        port = net.azure(proofs())
        ports = {host: port for host in proofs() if host not in denied}
        self.proxy = net.proxy(ports, user=user)
        self.ca = folder / "ca.pem"
        self.ca.write_bytes(net.public.cert_pem.bytes())
        self.words = ("--proxy", f"http://127.0.0.1:{self.proxy}", "--ca-file", str(self.ca))


PLAIN = ("--exclude", "aks")  # whose Ubuntu rows are plain HTTP, which this proxy does not speak


def by_host(ran: Ran) -> dict[str, dict[str, Any]]:
    report = ran.json
    jsonschema.validate(report, SCHEMA)
    return {result["host"]: result for result in report["results"]}


# -- the main job


def test_a_workspace_whose_services_all_answer_is_fine(az: Az, net: wire.Wire, tmp_path: Path) -> None:
    ran = az(*TEST, *FILE, *PLAIN, *Far(net, tmp_path).words)
    assert ran.code == 0 and ran.err == "", ran.err
    results = by_host(ran)
    assert set(results) == {row.host for row in rows() if row.topic.value != "aks"}
    assert {result["verdict"] for result in results.values()} == {"reachable", "skipped"}
    data = results["acrml.westeurope.data.azurecr.io"]
    assert [step["layer"] for step in data["steps"]] == ["proxy", "tls", "http"] and data["warnings"] == []
    assert results["*.data.mcr.microsoft.com"]["testedBy"] == "westeurope.data.mcr.microsoft.com"
    assert ran.json["summary"]["skippedRequired"] == [
        "*.ingestion.msftcloudes.com",
        "*.microsoftmetrics.com",
        "*.guestnotificationservice.azure.com",
    ]
    assert ran.json["vantages"][0]["proxy"]["https"].startswith("http://127.0.0.1:")


def test_one_host_that_the_proxy_denies_is_named_everywhere(az: Az, net: wire.Wire, tmp_path: Path) -> None:
    data = "acrml.westeurope.data.azurecr.io"
    files = [str(tmp_path / name) for name in ("r.json", "r.xml", "r.html")]
    words = (*Far(net, tmp_path, data).words, "--report-file", *files, "--annotate", "azure-devops")
    ran = az(*TEST, *FILE, *PLAIN, *words)
    assert ran.code == 8
    result = by_host(ran)[data]
    assert (result["verdict"], result["cause"], result["layer"]) == ("blocked", "proxy_denied", "proxy")
    assert "403" in result["because"] and "ERR_ACCESS_DENIED" in result["because"] and result["hint"]
    assert ran.err.splitlines() == [
        f"WARNING: 1 required endpoint fails: {data} (proxy_denied).",
        f"##vso[task.logissue type=error;code=proxy_denied]{data} (required) is blocked (proxy_denied): "
        f"{result['because']}. {result['hint']}",
    ]
    assert json.loads(Path(files[0]).read_text(encoding="utf-8")) == ran.json
    assert Xml.parse(files[1]).getroot().get("failures") == "1"
    assert data in Path(files[2]).read_text(encoding="utf-8")


def test_the_table_puts_what_is_broken_first(az: Az, net: wire.Wire, tmp_path: Path) -> None:
    ran = az(*TEST, *FILE, *PLAIN, *Far(net, tmp_path, "pypi.org").words, "-o", "table")
    lines = ran.out.splitlines()
    assert ran.code == 8 and lines[2].split()[:4] == ["blocked", "proxy", "pypi.org", "proxy_denied"]


def test_a_list_and_endpoints_without_a_workspace(az: Az, net: wire.Wire, tmp_path: Path) -> None:
    saved = tmp_path / "rows.json"
    saved.write_text('[{"host": "acrml.azurecr.io"}, {"host": "*.x.io", "kind": "wildcard"}]', encoding="utf-8")
    far = Far(net, tmp_path)
    extra = ("--endpoint", "mlstore.blob.core.windows.net", "acrml.azurecr.io")
    ran = az(*TEST, "--requirements-file", str(saved), *extra, *far.words)
    verdicts = {host: (r["verdict"], r["topic"]) for host, r in by_host(ran).items()}
    assert verdicts == {
        "acrml.azurecr.io": ("reachable", "aml"),
        "*.x.io": ("skipped", "aml"),
        "mlstore.blob.core.windows.net": ("reachable", "extra"),
    }
    assert ran.code == 0 and ran.json["workspace"] is None
    alone = az(*TEST, "--endpoint", "acrml.azurecr.io", *far.words)
    assert alone.code == 0 and list(by_host(alone)) == ["acrml.azurecr.io"]


def test_requirements_are_the_interchange_between_verbs(az: Az, net: wire.Wire, tmp_path: Path) -> None:
    listed = az.must("ml", "network", "requirements", *FILE, "--level", "optional")
    saved = tmp_path / "rows.json"
    saved.write_text(listed.out, encoding="utf-8")
    far = Far(net, tmp_path)
    one = az(*TEST, "--requirements-file", str(saved), "--level", "required", *PLAIN, *far.words)
    two = az(*TEST, *FILE, "--level", "required", *PLAIN, *far.words)
    verdicts = [{host: result["verdict"] for host, result in by_host(ran).items()} for ran in (one, two)]
    assert verdicts[0] == verdicts[1] and one.code == two.code == 0
    assert len(az(*TEST, "--requirements-file", str(saved), *far.words).json["results"]) == len(listed.hosts)


def test_a_baseline_fails_only_on_what_is_worse(az: Az, net: wire.Wire, tmp_path: Path) -> None:
    before = Far(net, tmp_path, "pypi.org")
    baseline = tmp_path / "before.json"
    az(*TEST, *FILE, *PLAIN, *before.words, "--report-file", str(baseline))
    same = az(*TEST, *FILE, *PLAIN, *before.words, "--baseline", str(baseline))
    assert same.code == 0 and by_host(same)["pypi.org"]["change"] == "same"
    worse = az(*TEST, *FILE, *PLAIN, *Far(net, tmp_path, "mcr.microsoft.com").words, "--baseline", str(baseline))
    results = by_host(worse)
    assert worse.code == 8 and results["mcr.microsoft.com"]["change"] == "worse"
    assert results["pypi.org"]["change"] == "better"


def test_fail_on_never_prints_and_exits_with_0(az: Az, net: wire.Wire, tmp_path: Path) -> None:
    ran = az(*TEST, *FILE, *PLAIN, *Far(net, tmp_path, "pypi.org").words, "--fail-on", "never")
    assert ran.code == 0 and by_host(ran)["pypi.org"]["failing"] is True


def test_interception_by_a_trusted_authority_is_a_warning_that_names_it(az: Az, net: wire.Wire, tmp_path: Path) -> None:
    net.public = net.stranger
    far = Far(net, tmp_path)
    ran = az(*TEST, "--endpoint", "acrml.azurecr.io", *far.words)
    (warning,) = by_host(ran)["acrml.azurecr.io"]["warnings"]
    assert ran.code == 0 and "'Corporate Interception CA'" in warning and "containerd" in warning
    untrusted = by_host(az(*TEST, "--endpoint", "acrml.azurecr.io", *far.words[:2], REQUESTS_CA_BUNDLE=""))
    assert untrusted["acrml.azurecr.io"]["cause"] == "tls_untrusted_issuer"
    assert "Corporate Interception CA" in untrusted["acrml.azurecr.io"]["because"]


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"])
def test_bundles_of_the_environment_are_trusted(az: Az, net: wire.Wire, tmp_path: Path, variable: str) -> None:
    far = Far(net, tmp_path)
    environment = {"REQUESTS_CA_BUNDLE": "", variable: str(far.ca)}
    ran = az(*TEST, "--endpoint", "acrml.azurecr.io", *far.words[:2], **environment)
    assert ran.code == 0 and ran.json["vantages"][0]["trust"]["source"] == variable


def test_the_environments_proxy_and_its_skip_list(az: Az, net: wire.Wire, tmp_path: Path) -> None:
    far = Far(net, tmp_path)
    environment = {"HTTPS_PROXY": f"http://127.0.0.1:{far.proxy}", "no_proxy": "*.core.windows.net", "NO_PROXY": ""}
    ran = az(*TEST, "--endpoint", "acrml.azurecr.io", "mlstore.blob.core.windows.net", "--timeout", "2",
             "--ca-file", str(far.ca), **environment)  # fmt: skip
    results = by_host(ran)
    assert results["acrml.azurecr.io"]["verdict"] == "reachable"
    assert results["mlstore.blob.core.windows.net"]["steps"][0]["layer"] == "dns"
    assert any("Write '.core.windows.net'." in line for line in ran.json["warnings"])
    assert any("NO_PROXY lacks localhost and 127.0.0.1" in line for line in ran.json["warnings"])
    assert all(line in ran.err for line in ran.json["warnings"])


# -- scripts


def test_a_script_carried_to_another_machine_and_its_output_read_back(az: Az, net: wire.Wire, tmp_path: Path) -> None:
    far = Far(net, tmp_path, "pypi.org")
    script = tmp_path / "probe.py"
    ran = az.must(*TEST, *FILE, *PLAIN, "--dry-run", "--ca-file", str(far.ca))
    script.write_text(ran.out, encoding="utf-8")
    again = az.must(
        *TEST, *FILE, *PLAIN, "--dry-run", "--ca-file", str(far.ca), "--output-file", str(tmp_path / "b.py")
    )
    assert again.out == "" and ran.out.replace("probe.py", "b.py") == (tmp_path / "b.py").read_text(encoding="utf-8")
    assert not net.seen
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(script)],
        env={"HTTPS_PROXY": f"http://127.0.0.1:{far.proxy}", "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0 and done.stderr == ""
    log = tmp_path / "results.txt"
    for encoding in ("utf-8", "utf-16"):  # Windows PowerShell redirects in UTF-16
        log.write_text(done.stdout, encoding=encoding)
        read = az(*TEST, *FILE, *PLAIN, "--results-file", str(log))
        assert read.code == 8 and by_host(read)["pypi.org"]["cause"] == "proxy_denied"
        assert read.json["vantages"][0]["name"] == "script"
    log.write_text("\n".join(done.stdout.splitlines()[:10]), encoding="utf-8")
    cut = az(*TEST, *FILE, *PLAIN, "--results-file", str(log))
    assert cut.code in (8, 9) and cut.json["summary"]["verdicts"]["unknown"] > 20
    assert "endpoints were not measured." in cut.err


def test_a_script_says_what_it_would_send_and_refuses_what_it_does_not_know(az: Az, tmp_path: Path) -> None:
    script, results = tmp_path / "probe.py", tmp_path / "results.txt"
    endpoints = ("127.0.0.1:9", "mcr.microsoft.com", "udp://127.0.0.1:123", "smb://a.file.core.windows.net")
    az.must(*TEST, "--endpoint", *endpoints, "--timeout", "0.5", "--dry-run", "--output-file", str(script))

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-I", "-S", str(script), *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, env={}, cwd=tmp_path)

    listed = run("--list")
    assert listed.returncode == 0 and listed.stdout.splitlines() == [
        "a connection to 127.0.0.1:9",
        "GET https://mcr.microsoft.com:443/v2/",
        "one NTP question to 127.0.0.1:123",
        "an SMB negotiation with a.file.core.windows.net:445",
    ]
    helped = run("--help")
    assert helped.returncode == 0 and "python3 probe.py --output-file results.txt" in helped.stdout
    assert "@amlnet@" not in helped.stdout + listed.stdout
    pipe = f"'{sys.executable}' -I -S '{script}' --list | head -n 1"
    cut = subprocess.run(
        ["sh", "-c", pipe], capture_output=True, text=True, timeout=60, env={"PATH": os.environ["PATH"]}
    )
    assert cut.stdout == listed.stdout.splitlines(keepends=True)[0] and cut.stderr == ""
    for words in (("--lst",), ("--li",), ("now",), ("--output-file", str(tmp_path / "no" / "r.txt"))):
        refused = run(*words)
        assert refused.returncode == 2 and refused.stdout == "" and "Traceback" not in refused.stderr
    done = run("--output-file", "results.txt")
    assert done.returncode == 0 and done.stdout == ""
    read = az(*TEST, "--endpoint", "127.0.0.1:9", "--results-file", str(results))
    assert by_host(read)["127.0.0.1"]["cause"] == "tcp_refused"


def test_the_script_speaks_python_3_8() -> None:
    from azext_amlnet.runners import by_hand

    words = [str(Path(sys.executable).with_name("vermin")), "--target=3.8-", "--no-tips", str(by_hand.__file__)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout


def test_results_of_another_list_are_not_taken_for_this_one(az: Az, net: wire.Wire, tmp_path: Path) -> None:
    script = tmp_path / "probe.py"
    script.write_text(az.must(*TEST, "--endpoint", "127.0.0.1:9", "--dry-run").out, encoding="utf-8")
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=60, env={})
    log = tmp_path / "results.txt"
    log.write_text(done.stdout, encoding="utf-8")
    ran = az(*TEST, "--endpoint", "acrml.azurecr.io", "--results-file", str(log))
    assert ran.code == 9 and by_host(ran)["acrml.azurecr.io"]["verdict"] == "unknown"
    assert "None of the results belongs to a row of this list" in ran.err


# -- secrets

PASSWORD = "p@ss:w/rd%é"


@pytest.mark.parametrize("way", ["environment", "file"])
def test_a_proxys_password_shows_nowhere(az: Az, net: wire.Wire, tmp_path: Path, way: str) -> None:
    encoded = "p%40ss%3Aw%2Frd%25%C3%A9"
    user = base64.b64encode(f"me@corp:{PASSWORD}".encode()).decode()
    far = Far(net, tmp_path, user=user)
    url = f"http://me%40corp:{encoded}@127.0.0.1:{far.proxy}"
    (tmp_path / "proxy.txt").write_text(url + "\n", encoding="utf-8")
    environment = {"HTTPS_PROXY": url} if way == "environment" else {}
    words = ("--proxy", f"@{tmp_path / 'proxy.txt'}") if way == "file" else ()
    files = [str(tmp_path / name) for name in ("r.json", "r.xml", "r.html")]
    ran = az(*TEST, *FILE, *PLAIN, *words, "--ca-file", str(far.ca), "--debug", "--report-file", *files, **environment)
    assert ran.code == 0, ran.err[-2000:]
    shown = ran.out + ran.err + "".join(Path(name).read_text(encoding="utf-8") for name in files)
    for secret in (PASSWORD, encoded, user, "me@corp", "me%40corp", "p@ss"):
        assert secret not in shown, secret
    denied = az(*TEST, "--endpoint", "a.azurecr.io", *words, "--timeout", "2", **environment, HTTP_PROXY="")
    assert not {PASSWORD, encoded, user} & set(denied.out.split()) and encoded not in denied.out + denied.err


def test_a_password_among_the_arguments_is_used_and_warned_about(az: Az, net: wire.Wire, tmp_path: Path) -> None:
    far = Far(net, tmp_path, user=base64.b64encode(b"me:secret").decode())
    words = ("--proxy", f"http://me:secret@127.0.0.1:{far.proxy}", "--ca-file", str(far.ca))
    ran = az(*TEST, "--endpoint", "acrml.azurecr.io", *words)
    assert ran.code == 0 and "secret" not in ran.out + ran.err and "--proxy @FILE" in ran.err
    one_line(az(*TEST, "--endpoint", "a.azurecr.io", *words, "--dry-run"), "a script is no place for secrets")


@pytest.mark.parametrize(
    "proxy", ["socks5://me:secret@p:1080", "http://", "http://me:secret@p:99999", "http://me:sec ret@p:80x"]
)
def test_a_proxy_that_is_none_is_refused_without_showing_its_password(az: Az, proxy: str) -> None:
    ran = az(*TEST, "--endpoint", "a.azurecr.io", "--proxy", proxy)
    one_line(ran, "is no address of an HTTP proxy")
    assert ran.code == 2 and "secret" not in ran.err.split("ERROR", 1)[1] and "sec ret" not in ran.err


# -- interruption, terminals


def started(az: Az, *words: str, **where: Any) -> subprocess.Popen[Any]:
    return subprocess.Popen(
        az.command(*words), env=az.environment, cwd=az.folder, text=True,
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **where},
    )  # fmt: skip


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interruption_keeps_what_was_measured(
    az: Az, net: wire.Wire, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    silent, far = net.serve(wire.hang), Far(net, tmp_path)
    ports: Mapping[str, int] = defaultdict(lambda: silent, {"acrml.azurecr.io": net.azure(proofs())})
    proxy = net.proxy(Everything(ports))
    words = ("--endpoint", "acrml.azurecr.io", "mlstore.blob.core.windows.net", "--timeout", "60")
    process = started(az, *TEST, *words, "--proxy", f"http://127.0.0.1:{proxy}", "--ca-file", str(far.ca))
    deadline = time.monotonic() + 30
    while not any(b"GET /v2/" in head for head in net.seen) and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(2)
    process.send_signal(number)
    out, err = process.communicate(timeout=20)
    assert process.returncode == code, err
    verdicts = {result["host"]: result["verdict"] for result in json.loads(out)["results"]}
    assert verdicts == {"acrml.azurecr.io": "reachable", "mlstore.blob.core.windows.net": "unknown"}
    assert "Interrupted" in err and "Traceback" not in err


class Everything(dict[str, int]):
    """A mapping that has every name."""

    def __init__(self, ports: Mapping[str, int]) -> None:
        super().__init__()
        self.ports = ports

    def __contains__(self, _: object) -> bool:
        return True

    def __getitem__(self, name: str) -> int:
        return self.ports[name]


# -- wrong usage


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "the following arguments are required: --workspace-name/-w, --resource-group/-g"),
        (("--endpoint", "no host"), "--endpoint is no host and port: 'no host'"),
        ((*FILE, "--timeout", "0"), "--timeout must be between 0.1 and 600 seconds"),
        ((*FILE, "--timeout", "nan"), "--timeout must be between 0.1 and 600 seconds"),
        ((*FILE, "--report-file", "report.pdf"), "the name must end in .json, .xml, .html"),
        ((*FILE, "--report-file", "no/such/folder/r.json"), "does not exist"),
        ((*FILE, "--ca-file", "missing.pem"), "missing.pem cannot be read"),
        ((*FILE, "--ca-file", str(EXAMPLE)), "holds no certificate in PEM form"),
        ((*FILE, "--baseline", str(EXAMPLE)), "is no report"),
        ((*FILE, "--results-file", str(EXAMPLE)), "holds no output of a probe"),
        ((*FILE, "--results-file", "x", "--dry-run"), "--dry-run does not go with --results-file"),
        ((*FILE, "--output-file", "x.py"), "--output-file is where --dry-run writes"),
        (("--requirements-file", str(EXAMPLE)), "expected a JSON array"),
        (("--requirements-file", "x", *FILE), "--workspace-file does not go with --requirements-file"),
        ((*FILE, "--compute", "typo"), "No Kubernetes compute 'typo' is attached"),
        ((*FILE, "--fail-on", "sometimes"), "sometimes"),
        ((*FILE, "--annotate", "jenkins"), "jenkins"),
        (("--results-file", " ", *FILE), "--results-file is empty"),
    ],
)
def test_wrong_usage_is_one_line_and_2(az: Az, words: tuple[str, ...], message: str) -> None:
    ran = az(*TEST, *words)
    assert ran.code == 2 and ran.out == "" and "Traceback" not in ran.err and message in ran.err, ran.err


def test_a_row_with_an_unknown_proof_is_named(az: Az, tmp_path: Path) -> None:
    path = tmp_path / "rows.json"
    path.write_text('[{"host": "a.io", "probe": {"host": "a.io", "proof": "odd"}}]', encoding="utf-8")
    one_line(az(*TEST, "--requirements-file", str(path)), "row 1.probe.proof", "'odd'")


def test_a_script_is_never_written_over_a_file_unasked(az: Az, tmp_path: Path) -> None:
    path = tmp_path / "probe.py"
    path.write_text("mine", encoding="utf-8")
    words = (*TEST, "--endpoint", "a.azurecr.io", "--dry-run", "--output-file", str(path))
    one_line(az(*words), "exists already")
    assert path.read_text(encoding="utf-8") == "mine"
    az.must(*words, "--overwrite")
    assert path.read_text(encoding="utf-8").startswith("#!/usr/bin/env python3")
