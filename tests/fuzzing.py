"""Campaigns of broken input: each takes a random generator and raises only where the code under test misbehaves.

Nothing but our own errors may come out of a reader, nothing at all out of a judgement, and a mutant of a result may
turn a row unknown, never green. `make test` runs a fixed beginning of each, `make fuzz` goes on for minutes.
"""

from __future__ import annotations

import contextlib
import copy
import json
import random
import struct
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from azext_amlnet import prober
from azext_amlnet.catalog import DATA, load
from azext_amlnet.catalog.expand import expand
from azext_amlnet.catalog.lookup import extra
from azext_amlnet.cluster import ODD_SHAPES, failures, pools, pulls
from azext_amlnet.cluster.contexts import context_of
from azext_amlnet.cluster.pod import PodSettings
from azext_amlnet.discovery.answers import Answers
from azext_amlnet.discovery.chain import Lists, follow
from azext_amlnet.discovery.crawl import Call
from azext_amlnet.discovery.transform import to_workspace
from azext_amlnet.errors import AmlnetError
from azext_amlnet.files import read_requirements, read_verdicts, read_workspace
from azext_amlnet.measurement.results import result_of
from azext_amlnet.measurement.scene import scene_of
from azext_amlnet.measurement.transcript import Transcript, read_lines
from azext_amlnet.model import Cloud, Scope, Verdict
from azext_amlnet.policy import read
from azext_amlnet.policy.addresses import spans_of
from azext_amlnet.policy.check import findings
from azext_amlnet.policy.documents import Document
from azext_amlnet.runners.request import check_proxy

from . import builders as arm
from .example import EXAMPLE, rows
from .world import ROOT

Random = random.Random
CATALOG = load()
ROWS = rows()
ODD: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    1.5,
    1e308,
    "",
    " ",
    "x",
    "*",
    "\x00",
    "\u202e",
    "##vso[x]",
    [],
    {},
    [[]],
)
ODD += ({"a": {}}, "A" * 5000, "1.2.3.4/99", "\u212aubernetes", "٤٤٣", 10**30, ["*"], [None], "[parameters('p')]")


def mutant(document: Any, chance: Random) -> Any:
    """A document with one to four places changed: replaced, left out, twice, under another key, or of another kind."""
    changed = copy.deepcopy(document)
    for _ in range(chance.randint(1, 4)):
        holders = list(_holders(changed))
        if not holders:
            return chance.choice(ODD)
        holder = chance.choice(holders)
        key = chance.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
        what = chance.randrange(5)
        if what == 0:
            del holder[key]
        elif what == 1 and isinstance(holder, list):
            holder.append(copy.deepcopy(holder[key]))
        elif what == 2 and isinstance(holder, dict):
            holder[chance.choice((key.upper(), key.title(), key + "s", key[:-1] or "a"))] = holder.pop(key)
        elif what == 3 and isinstance(holder[key], str):
            holder[key] = bent(holder[key], chance)
        else:
            holder[key] = copy.deepcopy(chance.choice(ODD))
    return changed


def _holders(document: Any) -> Iterator[Any]:
    if isinstance(document, (dict, list)) and document:
        yield document
        for item in document.values() if isinstance(document, dict) else document:
            yield from _holders(item)


def bent(text: str, chance: Random) -> str:
    """A text with a part left out, doubled, or with something strange in it."""
    a, b = sorted((chance.randint(0, len(text)), chance.randint(0, len(text))))
    strange = chance.choice(
        ("", "\x00", "\n", '"', "'", "\\", "%", "*", "٤", "\u212a", "\ud800", "<", "::x::", "{", "A" * 300)
    )
    return text[:a] + chance.choice((strange, text[a:b] * 2)) + text[b:]


def lines(text: str, chance: Random) -> str:
    """A text with lines bent, left out, doubled or out of order."""
    every = text.splitlines()
    for _ in range(chance.randint(1, 5)):
        at = chance.randrange(len(every)) if every else 0
        what = chance.randrange(4)
        if not every:
            break
        if what == 0:
            every[at] = bent(every[at], chance)
        elif what == 1:
            del every[at]
        elif what == 2:
            every.insert(at, every[chance.randrange(len(every))])
        else:
            other = chance.randrange(len(every))
            every[at], every[other] = every[other], every[at]
    return "\n".join(every) + "\n"


@contextlib.contextmanager
def written(text: str) -> Iterator[str]:
    """The text as a file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        path.write_text(text, encoding="utf-8", errors="surrogatepass")
        yield str(path)


def as_json(document: Any) -> str:
    """The document as JSON, whatever is in it."""
    return json.dumps(document)


# ---------------------------------------------------------------------------------------------------------------------
# Files


def workspace_file(chance: Random) -> None:
    """A workspace file → the list."""
    document = json.loads(EXAMPLE.read_text(encoding="utf-8"))
    with written(as_json(mutant(document, chance))) as path, contextlib.suppress(AmlnetError):
        expand(CATALOG, read_workspace(path), Scope())


def requirements_file(chance: Random) -> None:
    """A list as a file."""
    document = json.loads((ROOT / "tests" / "compat" / "1.0.0b1" / "requirements.json").read_text(encoding="utf-8"))
    with written(as_json(mutant(document[:6], chance))) as path, contextlib.suppress(AmlnetError):
        read_requirements(path, CATALOG.proofs)


def baseline(chance: Random) -> None:
    """A report as a baseline."""
    document = json.loads((ROOT / "tests" / "compat" / "1.0.0b1" / "report.json").read_text(encoding="utf-8"))
    document["results"] = document["results"][:4]
    with written(as_json(mutant(document, chance))) as path, contextlib.suppress(AmlnetError):
        read_verdicts(path)


def a_catalog(chance: Random) -> None:
    """A folder with a catalog."""
    name = chance.choice(("catalog.yaml", "arc.yaml", "logs.yaml", "middleboxes.yaml"))
    with tempfile.TemporaryDirectory() as folder:
        for path in DATA.glob("*.yaml"):
            text = path.read_text(encoding="utf-8")
            text = lines(text, chance) if path.name == name else text
            (Path(folder) / path.name).write_text(text, encoding="utf-8", errors="surrogatepass")
        with contextlib.suppress(AmlnetError):
            load(folder)


# ---------------------------------------------------------------------------------------------------------------------
# Results


def _lines_of_results() -> list[Any]:
    text = (ROOT / "examples" / "results.txt").read_text(encoding="utf-8")
    return list(read_lines(text))


def _verdicts(documents: list[Any]) -> dict[str, Verdict]:
    transcript = Transcript()
    for document in documents:
        if isinstance(document, dict):
            transcript.take(document)
    scene = scene_of(transcript.hello, transcript.throttled_ms, CATALOG.public_issuers, CATALOG.middleboxes)
    results = (result_of(row, CATALOG.proofs, transcript.result_for(row), scene, "local") for row in ROWS)
    return {f"{result.host}:{result.port}/{result.protocol.value}": result.verdict for result in results}


_RESULTS = _lines_of_results()
_BEFORE = _verdicts(_RESULTS)
_GREEN = (Verdict.REACHABLE, Verdict.DEGRADED)


def results(chance: Random) -> None:
    """What a prober printed; facts that say more than they did may not be among the changes."""
    documents = list(_RESULTS)
    at = chance.randrange(len(documents))
    documents[at] = mutant(documents[at], chance)
    after = _verdicts(documents)
    if documents[at] and isinstance(documents[at], dict) and documents[at].get("kind") == "hello":
        return  # whom the machine trusts is part of what a verdict means
    greener = [key for key, verdict in after.items() if verdict in _GREEN and _BEFORE[key] not in _GREEN]
    assert not greener, greener


# ---------------------------------------------------------------------------------------------------------------------
# Policies


def _checked(text: str) -> None:
    with contextlib.suppress(AmlnetError):
        policies = read([Document("policy", text)])
        findings(ROWS[:12], policies, lambda row: spans_of(["10.1.0.0/16"]))


def azure_policy(chance: Random) -> None:
    """A firewall policy as Azure shows it."""
    document = json.loads((ROOT / "examples" / "firewall-policy.json").read_text(encoding="utf-8"))
    _checked(as_json(mutant(document, chance)))


def exported(chance: Random) -> None:
    """What export writes for each kind of firewall and proxy."""
    kind = chance.choice(("squid", "cilium", "hosts", "nsg", "azure-firewall-arm"))
    text = next((ROOT / "tests" / "cases" / "export").glob(f"*.{kind}")).read_text(encoding="utf-8")
    json_kinds = ("nsg", "azure-firewall-arm")
    _checked(as_json(mutant(json.loads(text), chance)) if kind in json_kinds else lines(text, chance))


# ---------------------------------------------------------------------------------------------------------------------
# Options


def options(chance: Random) -> None:
    """What users write behind options."""
    with contextlib.suppress(AmlnetError):
        extra(CATALOG, bent(chance.choice(("https://a.azurecr.io:443/v2/", "tcp://10.0.0.1:22", "a.b.c")), chance))
    with contextlib.suppress(AmlnetError):
        check_proxy(bent("http://user:p%40ss@proxy.corp.example:3128", chance), "--proxy")
    with contextlib.suppress(AmlnetError):
        spans_of([bent("10.1.0.0/16", chance)])
    prober.skips(bent(chance.choice((".corp.example", "10.0.0.0/8", "a.b:443", "*")), chance), "a.corp.example", 443)


# ---------------------------------------------------------------------------------------------------------------------
# Clusters


_SETTINGS = PodSettings(namespace="default", image="python")
_POD: dict[str, Any] = {
    "metadata": {"name": "amlnet-1-x", "ownerReferences": [{"name": "amlnet-1"}], "labels": {"a": "b"}},
    "spec": {"nodeName": "n", "taints": [{"key": "sku", "value": "gpu", "effect": "NoSchedule"}]},
    "status": {
        "phase": "Pending",
        "conditions": [{"type": "PodScheduled", "status": "False", "message": "no"}],
        "containerStatuses": [{"state": {"waiting": {"reason": "ErrImagePull", "message": "failed to do request"}}}],
        "initContainerStatuses": [{"state": {"terminated": {"exitCode": 0, "reason": "Completed"}}}],
        "images": [{"names": ["docker.io/library/python:3"]}],
    },
}
_CONFIG: dict[str, Any] = {
    "current-context": "c",
    "contexts": [{"name": "c", "context": {"cluster": "k", "namespace": "n"}}],
    "clusters": [{"name": "k", "cluster": {"server": "https://aks.hcp.westeurope.azmk8s.io:443"}}],
}


def kubernetes(chance: Random) -> None:
    """Objects of another shape are no objects; everything that reads them stands behind one net."""
    pod, config = mutant(_POD, chance), mutant(_CONFIG, chance)
    event = mutant(
        {"reason": "Failed", "message": "Failed to pull image", "involvedObject": {"kind": "Pod", "name": "p"}}, chance
    )
    if not isinstance(pod, dict) or not isinstance(config, dict) or not isinstance(event, dict):
        return
    for read_one in (failures.of_pod, failures.waiting_for, failures.never_started, failures.pull_reason):
        with contextlib.suppress(*ODD_SHAPES):
            read_one(pod)
    with contextlib.suppress(*ODD_SHAPES):
        pools.pools_of([pod], _SETTINGS)
        pools.image_on_a_node([pod], _SETTINGS)
    with contextlib.suppress(*ODD_SHAPES):
        failures.of_events([event], "j", "p")
    with contextlib.suppress(AmlnetError, *ODD_SHAPES):
        context_of(config, None, None, ())


def messages(chance: Random) -> None:
    """What nodes and API servers say."""
    page = (ROOT / "docs" / "node-messages.md").read_text(encoding="utf-8")
    message = chance.choice([line for line in page.splitlines() if line.startswith("| ")])
    text = bent(bent(message, chance), chance)
    started = time.process_time()
    pulls.read(text)
    failures.of_pull(text)
    failures.of_refusal(text)
    assert time.process_time() - started < 2


# ---------------------------------------------------------------------------------------------------------------------
# Azure


def arm_answers(chance: Random) -> None:
    """Answers of ARM → facts → the list."""
    resources = arm.with_both_clusters()
    path = chance.choice(list(resources))
    resources = {**resources, path: mutant(resources[path], chance)}
    answers: dict[Call, Any] = {}
    suffixes = CATALOG.clouds[Cloud.PUBLIC]
    own = arm.workspace_id()
    todo = [
        Call.of("workspace", own),
        Call.of("computes", f"{own}/computes", True),
        Call.of("datastores", f"{own}/datastores", True),
    ]
    if not isinstance(resources.get(own), dict) or not isinstance(resources[own].get("properties"), dict):
        return  # the workspace itself is refused before
    while todo:
        call = todo.pop()
        body = resources.get(call.path)
        if call in answers or not isinstance(body, list if call.listing else dict):
            continue
        answers[call] = body
        todo += follow(call, body, Cloud.PUBLIC, Lists())
    expand(CATALOG, to_workspace(answers, own, Cloud.PUBLIC, suffixes), Scope())
    assert Answers(answers)


# ---------------------------------------------------------------------------------------------------------------------
# The prober's own readers


_DNS = struct.pack("!6H", 7, 0x8180, 1, 2, 0, 0) + b"\x01a\x01b\x00\x00\x01\x00\x01"
_DNS += b"\xc0\x0c\x00\x05\x00\x01\x00\x00\x00\x3c\x00\x02\xc0\x0c"
_DNS += b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\x14\x32\x00\x09"
_HTTP = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n<html\r\n0\r\n\r\n"


def _bytes(data: bytes, chance: Random) -> bytes:
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(data)) if data else 0
        data = (
            data[:at]
            + chance.choice((b"", b"\x00", b"\xff", chance.randbytes(3), data[at : at + 9] * 2))
            + data[at + 1 :]
        )
    return data


class _Stream:
    def __init__(self, data: bytes) -> None:
        self.data = data

    def recv(self, size: int = 65536, patience: float = 0.0) -> bytes:
        part, self.data = self.data[:size], self.data[size:]
        return part


def prober_answers(chance: Random) -> None:
    """What nameservers, certificates, servers and proxies answer."""
    with contextlib.suppress(ValueError, struct.error, IndexError):
        prober._parse_answer(_bytes(_DNS, chance), 7, 1)
    with contextlib.suppress(prober.Stopped):
        prober.read_answer(None, _Stream(_bytes(_HTTP, chance)))
    with contextlib.suppress(prober.Stopped):
        prober.read_connect(_Stream(_bytes(b"HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n", chance)))
    with contextlib.suppress(ValueError, IndexError):
        prober.describe(_bytes(bytes.fromhex("3082010a0282010100") + bytes(range(60)), chance))


CAMPAIGNS: dict[str, Callable[[Random], None]] = {
    campaign.__name__: campaign
    for campaign in (
        *(workspace_file, requirements_file, baseline, a_catalog, results, azure_policy, exported, options),
        *(kubernetes, messages, arm_answers, prober_answers),
    )
}


def run(name: str, first: int, seconds: float, most: int) -> int:
    """Runs a campaign from a seed on, for so many seconds or inputs; returns how many it tried."""
    until, count = time.monotonic() + seconds, 0
    while count < most and time.monotonic() < until:
        seed = first + count
        try:
            CAMPAIGNS[name](Random(f"{name} {seed}"))
        except Exception as error:
            raise AssertionError(f"{name}, seed {seed}: {type(error).__name__}: {error}") from error
        count += 1
    return count


def main() -> None:
    """`python -m tests.fuzzing SECONDS [FIRST_SEED]`: every campaign for its share of the time."""
    seconds, first = float(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0
    for name in CAMPAIGNS:
        print(f"{name}: {run(name, first, seconds / len(CAMPAIGNS), 1_000_000)} inputs", flush=True)


if __name__ == "__main__":
    main()
