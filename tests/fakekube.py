"""A Kubernetes API of our own that the real kubectl talks to; it really runs the pod's command as a process.

Namespaces, configmaps, secrets, jobs (suspend, TTL), pods, logs, events and nodes; watch, delete with propagation and
owner references. `Knobs` makes clusters where things go wrong. Plain HTTP on loopback.
"""

from __future__ import annotations

import contextlib
import copy
import json
import os
import queue
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Optional
from urllib.parse import parse_qs, urlsplit

Object = dict[str, Any]
_CORE = {"namespaces": "Namespace", "configmaps": "ConfigMap", "secrets": "Secret", "pods": "Pod"}
_CORE |= {"events": "Event", "nodes": "Node"}
_BATCH = {"jobs": "Job", "cronjobs": "CronJob"}
_ANNOTATIONS_BYTES = 256 * 1024  # of an object; https://kubernetes.io/docs/reference/labels-annotations-taints
_CLUSTER_WIDE = ("namespaces", "nodes")
_VERBS = ["create", "delete", "get", "list", "patch", "watch"]


@dataclass
class Fault:
    """Something that goes wrong with calls whose `METHOD path` matches; `times` of them, then no more."""

    match: str
    status: int = 0
    message: str = ""
    reset: bool = False
    slow_s: float = 0.0
    times: int = 10_000


@dataclass
class Knobs:
    """What kind of cluster it is."""

    pull: str = ""  # what the runtime says when it cannot pull
    pull_only: str = ""  # the image that this holds for; empty: every one
    pull_times: int = 0  # after so many failures it succeeds; 0: never
    unschedulable: str = ""
    refuse_pods: str = ""  # what the API server says to the job controller
    refuse_unless: str = ""  # … unless the pod has this text in it
    ends: str = ""  # "evicted", "oom", "crash", "node-lost", "deleted", "nothing"
    environment: dict[str, str] = field(default_factory=dict)  # what the cluster injects into pods
    log: Any = None  # makes another text of a log's
    start_s: float = 0.05
    watch_breaks: int = 0  # so many watches end with a reset after their first event
    ttl_s: Optional[float] = None
    pools: dict[str, Any] = field(default_factory=dict)  # pool → environment of its pods
    enter: tuple[str, ...] = ()  # what the pod's command is run by, such as in a network namespace


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """A client that went away is no error."""


class FakeKube:
    """The API server, job controller, garbage collector and kubelet of one small cluster."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.store: dict[tuple[str, str, str], Object] = {}
        self.watchers: list[tuple[str, str, queue.Queue[Any]]] = []
        self.version = 100
        self.knobs = Knobs()
        self.faults: list[Fault] = []
        self.calls: list[str] = []
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.folder = Path(tempfile.mkdtemp(prefix="amlnet-kube-"))
        server = _Server(("127.0.0.1", 0), _handler(self))
        self.server = server
        self.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        for name in ("default", "azureml"):
            self.put("namespaces", "", {"metadata": {"name": name}})
        self.node("node-1")

    def node(self, name: str, pool: str = "", **more: Any) -> None:
        """Adds a node; `taints`, `unschedulable`, `images` as Kubernetes has them."""
        labels = {"kubernetes.io/os": "linux", "kubernetes.io/hostname": name}
        labels |= {"kubernetes.azure.com/agentpool": pool} if pool else {}
        labels |= more.pop("labels", {})
        images = [{"names": [image]} for image in more.pop("images", ())]
        node = {"metadata": {"name": name, "labels": labels}, "spec": more, "status": {"images": images}}
        self.put("nodes", "", node)

    def kubeconfig(self, path: Path, context: str = "aks-gpu", server: str = "", namespace: str = "") -> Path:
        """A kubeconfig with one context of this cluster; `server` names it otherwise, through an HTTP proxy to here."""
        cluster = {"server": server or self.url}
        if server:
            cluster["proxy-url"] = self.url
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": context,
            "clusters": [{"name": "c", "cluster": cluster}],
            "users": [{"name": "u", "user": {"token": "secret-token-of-the-kubeconfig"}}],
            "contexts": [{"name": context, "context": {"cluster": "c", "user": "u", "namespace": namespace}}],
        }
        path.write_text(json.dumps(document), encoding="utf-8")
        return path

    def left(self) -> list[str]:
        """What is in the cluster that was not there at first."""
        with self.lock:
            return [f"{kind}/{name}" for kind, _, name in self.store if kind not in (*_CLUSTER_WIDE, "events")]

    def close(self) -> None:
        """Ends everything."""
        self.server.shutdown()
        self.server.server_close()
        for process in self.processes.values():
            with contextlib.suppress(OSError):
                process.kill()
                process.wait(5)

    # -- the store

    def put(self, kind: str, namespace: str, obj: Object, event: str = "ADDED") -> Object:
        """Keeps an object and tells the watchers."""
        with self.lock:
            self.version += 1
            metadata = obj.setdefault("metadata", {})
            metadata.setdefault("uid", str(uuid.uuid4()))
            metadata["resourceVersion"] = str(self.version)
            metadata.setdefault("creationTimestamp", datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"))
            obj.setdefault("kind", {**_BATCH, **_CORE}[kind])
            obj.setdefault("apiVersion", "batch/v1" if kind in _BATCH else "v1")
            if namespace:
                metadata["namespace"] = namespace
            self.store[(kind, namespace, metadata["name"])] = obj
            self._tell(event, kind, namespace, obj)
            return obj

    def _tell(self, event: str, kind: str, namespace: str, obj: Object) -> None:
        for watched, place, box in self.watchers:
            if watched == kind and place in ("", namespace):
                box.put({"type": event, "object": copy.deepcopy(obj)})

    def change(self, kind: str, namespace: str, name: str, **status: Any) -> None:
        """Changes an object's status."""
        with self.lock:
            obj = self.store.get((kind, namespace, name))
            if obj is not None:
                obj.setdefault("status", {}).update(status)
                self.put(kind, namespace, obj, "MODIFIED")

    def remove(self, kind: str, namespace: str, name: str) -> Optional[Object]:
        """Deletes an object and what only it owned."""
        with self.lock:
            obj = self.store.pop((kind, namespace, name), None)
            if obj is None:
                return None
            obj["metadata"]["deletionTimestamp"] = "2026-11-23T10:00:00Z"
            self.version += 1
            obj["metadata"]["resourceVersion"] = str(self.version)
            self._tell("DELETED", kind, namespace, obj)
            process = self.processes.get(obj["metadata"]["uid"])
            if process is not None and process.poll() is None:
                process.kill()
            living = {other["metadata"]["uid"] for other in self.store.values()}
            for key, other in list(self.store.items()):
                owners = [owner["uid"] for owner in other["metadata"].get("ownerReferences") or ()]
                if owners and not living & set(owners):
                    self.remove(*key)
            return obj

    # -- job controller and kubelet

    def due(self, namespace: str, name: str) -> None:
        """It is time for a CronJob."""
        cron = self.store[("cronjobs", namespace, name)]
        template = copy.deepcopy(cron["spec"]["jobTemplate"])
        owner = {"kind": "CronJob", "name": name, "uid": cron["metadata"]["uid"], "apiVersion": "batch/v1"}
        about = {**template["metadata"], "name": f"{name}-29400000", "ownerReferences": [owner]}
        self.start(self.put("jobs", namespace, {**template, "metadata": about}))

    def start(self, job: Object) -> None:
        """Runs a job that is not suspended, once."""
        uid = job["metadata"]["uid"]
        if job["spec"].get("suspend") or uid in self.processes or job.get("started"):
            return
        job["started"] = True
        threading.Thread(target=self._run, args=(job,), daemon=True).start()

    def _run(self, job: Object) -> None:
        namespace, name, knobs = job["metadata"]["namespace"], job["metadata"]["name"], self.knobs
        template = copy.deepcopy(job["spec"]["template"])
        text = json.dumps(template)
        if knobs.refuse_pods and not (knobs.refuse_unless and knobs.refuse_unless in text):
            event = {
                "metadata": {"name": f"{name}.{uuid.uuid4().hex[:8]}"},
                "involvedObject": {"kind": "Job", "name": name, "namespace": namespace},
                "reason": "FailedCreate",
                "type": "Warning",
                "message": f"Error creating: {knobs.refuse_pods}",
            }
            self.put("events", namespace, event)
            return
        pod = {
            "metadata": {
                "name": f"{name}-{uuid.uuid4().hex[:5]}",
                "labels": {**template["metadata"]["labels"], "batch.kubernetes.io/job-name": name},
                "ownerReferences": [
                    {"kind": "Job", "name": name, "uid": job["metadata"]["uid"], "apiVersion": "batch/v1"}
                ],
            },
            "spec": template["spec"],
            "status": {"phase": "Pending"},
        }
        self.put("pods", namespace, pod)
        self._kubelet(pod, namespace)
        kind = {"Succeeded": "Complete", "Failed": "Failed"}.get(pod["status"]["phase"])
        if kind:
            self.change("jobs", namespace, name, conditions=[{"type": kind, "status": "True"}])
        if knobs.ttl_s is not None and pod["status"]["phase"] in ("Succeeded", "Failed"):
            time.sleep(knobs.ttl_s)
            self.remove("jobs", namespace, name)

    def _kubelet(self, pod: Object, namespace: str) -> None:
        name, spec, knobs = pod["metadata"]["name"], pod["spec"], self.knobs

        def status(**values: Any) -> None:
            self.change("pods", namespace, name, **values)

        def state(**values: Any) -> list[Object]:
            return [{"name": "probe", "state": values}]

        time.sleep(knobs.start_s)
        if knobs.unschedulable:
            condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}
            status(conditions=[{**condition, "message": knobs.unschedulable}])
            return
        node = self._schedule(spec)
        spec["nodeName"] = node
        container = spec["containers"][0]
        if knobs.pull and knobs.pull_only in ("", container["image"]):
            message = knobs.pull
            back_off = f'Back-off pulling image "{container["image"]}": ErrImagePull: {message}'
            for _ in range(knobs.pull_times or 2):  # a kubelet pauses 10 s, then 20, and tries for ever
                status(containerStatuses=state(waiting={"reason": "ErrImagePull", "message": message}))
                time.sleep(0.2)
                status(containerStatuses=state(waiting={"reason": "ImagePullBackOff", "message": back_off}))
                time.sleep(0.2)
            if not knobs.pull_times:
                return
        if knobs.ends == "crash":
            ended = {"reason": "StartError", "exitCode": 128, "message": 'exec: "python3": executable file not found'}
            status(phase="Failed", containerStatuses=state(terminated=ended))
            return
        while ("pods", namespace, name) in self.store and ("configmaps", *_mounted(namespace, spec)) not in self.store:
            time.sleep(0.05)  # as a kubelet does, which creates no container before what it mounts is there
        with self.lock:
            if ("pods", namespace, name) not in self.store:
                return  # deleted before it began, and its ConfigMap with it
            process = self._process(pod, namespace, container, str(node))
        status(phase="Running", containerStatuses=state(running={}))
        if knobs.ends in ("evicted", "oom", "node-lost", "deleted", "nothing"):
            time.sleep(0.3)
            process.kill()
            process.wait(10)
            if knobs.ends == "deleted":
                self.remove("pods", namespace, name)
            elif knobs.ends == "evicted":
                status(phase="Failed", reason="Evicted", message="The node was low on resource: memory.")
            elif knobs.ends == "node-lost":
                status(
                    phase="Unknown", reason="NodeLost", message="Node node-1 which was running the pod is unresponsive"
                )
            else:
                reason = {"oom": "OOMKilled", "nothing": "Completed"}[knobs.ends]
                code = 137 if knobs.ends == "oom" else 0
                status(phase="Failed", containerStatuses=state(terminated={"reason": reason, "exitCode": code}))
            return
        code = process.wait()
        ended = {"reason": "Completed" if code == 0 else "Error", "exitCode": code}
        status(phase="Succeeded" if code == 0 else "Failed", containerStatuses=state(terminated=ended))

    def _schedule(self, spec: Object) -> str:
        wanted = {k: v for k, v in spec.get("nodeSelector", {}).items() if k != "kubernetes.io/os"}
        for (kind, _, name), node in list(self.store.items()):
            if kind == "nodes" and wanted.items() <= node["metadata"]["labels"].items():
                return name
        return "node-1"

    def _process(self, pod: Object, namespace: str, container: Object, node: str) -> subprocess.Popen[bytes]:
        """The container's command as a process: the ConfigMap as files, secrets and what is injected as environment."""
        folder = self.folder / pod["metadata"]["name"]
        folder.mkdir()
        config = self.store[("configmaps", *_mounted(namespace, pod["spec"]))]
        for name, text in config["data"].items():
            (folder / name).write_text(text, encoding="utf-8")
        pool = self.store[("nodes", "", node)]["metadata"]["labels"].get("kubernetes.azure.com/agentpool", "")
        environment = {"PATH": os.environ["PATH"], **self.knobs.environment, **self.knobs.pools.get(pool, {})}
        for entry in container.get("env") or ():
            key = entry["valueFrom"]["secretKeyRef"]
            environment[entry["name"]] = self.store[("secrets", namespace, key["name"])]["stringData"][key["key"]]
        words = [word.replace("/amlnet/", f"{folder}/") for word in container["command"]]
        words[:1] = [*self.knobs.enter, sys.executable]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(words, stdout=log, stderr=log, env=environment, cwd=folder)
        self.processes[pod["metadata"]["uid"]] = process
        return process

    def log_of(self, pod: Object) -> bytes:
        """What the pod has printed so far."""
        path = self.folder / pod["metadata"]["name"] / "log"
        text = path.read_bytes() if path.exists() else b""
        return self.knobs.log(text) if self.knobs.log else text

    def over(self, pod: Object) -> bool:
        """Whether the pod's process has ended."""
        process = self.processes.get(pod["metadata"]["uid"])
        return process is None or process.poll() is not None


def _mounted(namespace: str, spec: Object) -> tuple[str, str]:
    return namespace, spec["volumes"][0]["configMap"]["name"]


_PATH = re.compile(
    r"/(?:api/v1|apis/batch/v1)(?:/namespaces/(?P<ns>[^/]+))?/(?P<kind>[a-z]+)(?:/(?P<name>[^/]+))?(?:/(?P<sub>log))?\Z"
)


def _handler(kube: FakeKube) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None:
            pass

        def _json(self, document: Any, status: int = 200) -> None:
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _refuse(self, status: int, message: str) -> None:
            reasons = {403: "Forbidden", 404: "NotFound", 409: "AlreadyExists", 429: "TooManyRequests"}
            reason = reasons.get(status, "InternalError")
            self._json(
                {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message, "reason": reason,
                 "code": status}, status,
            )  # fmt: skip

        def _reset(self) -> None:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            self.connection.shutdown(socket.SHUT_RD)
            self.connection.close()
            self.close_connection = True

        def _any(self) -> None:
            parts = urlsplit(self.path)
            self.query = {key: values[0] for key, values in parse_qs(parts.query).items()}
            length = int(self.headers.get("Content-Length") or 0)
            self.body = json.loads(self.rfile.read(length) or b"{}") if length else {}
            watch = " (watch)" if self.query.get("watch") else ""
            call = f"{self.command} {parts.path}{watch}"
            kube.calls.append(call)
            for fault in kube.faults:
                if fault.times > 0 and re.search(fault.match, call):
                    fault.times -= 1
                    time.sleep(fault.slow_s)
                    if fault.reset:
                        self._reset()
                        return
                    if fault.status:
                        self._refuse(fault.status, fault.message)
                        return
            self._route(parts.path)

        do_GET = do_POST = do_PATCH = do_DELETE = _any

        def _route(self, path: str) -> None:
            match = _PATH.match(path)
            if match and path.startswith("/api/v1/namespaces/") and path.count("/") == 4:
                self._one("namespaces", "", path.rsplit("/", 1)[1])
            elif match:
                kind, name = match["kind"], match["name"] or ""
                namespace = "" if kind in _CLUSTER_WIDE else match["ns"] or ""
                if match["sub"] == "log":
                    self._log(namespace, name)
                elif name:
                    self._one(kind, namespace, name)
                elif self.command == "POST":
                    self._create(kind, namespace)
                else:
                    self._list(kind, namespace)
            else:
                self._discover(path)

        def _discover(self, path: str) -> None:
            def resources(version: str, kinds: dict[str, str]) -> Object:
                return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": [
                    {"name": name, "singularName": kind.lower(), "namespaced": name not in _CLUSTER_WIDE,
                     "kind": kind, "verbs": _VERBS} for name, kind in kinds.items()
                ]}  # fmt: skip

            batch = {"groupVersion": "batch/v1", "version": "v1"}
            known = {
                "/api": {"kind": "APIVersions", "versions": ["v1"]},
                "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": [
                    {"name": "batch", "versions": [batch], "preferredVersion": batch}]},
                "/api/v1": resources("v1", _CORE),
                "/apis/batch/v1": resources("batch/v1", _BATCH),
                "/version": {"major": "1", "minor": "32", "gitVersion": "v1.32.0"},
            }  # fmt: skip
            if path in known:
                self._json(known[path])
            else:
                self._refuse(404, "the server could not find the requested resource")

        def _create(self, kind: str, namespace: str) -> None:
            name = self.body["metadata"]["name"]
            if ("namespaces", "", namespace) not in kube.store:
                self._refuse(404, f'namespaces "{namespace}" not found')
            elif (kind, namespace, name) in kube.store:
                self._refuse(409, f'{kind} "{name}" already exists')
            elif len(json.dumps(self.body["metadata"].get("annotations", {}))) > _ANNOTATIONS_BYTES:
                self._refuse(422, f"metadata.annotations: Too long: may not be more than {_ANNOTATIONS_BYTES} bytes")
            else:
                if kind == "jobs":
                    labels = {"batch.kubernetes.io/job-name": name}
                    self.body["spec"].setdefault("selector", {"matchLabels": labels})
                made = kube.put(kind, namespace, self.body)
                self._json(made, 201)
                if kind == "jobs":
                    kube.start(made)

        def _one(self, kind: str, namespace: str, name: str) -> None:
            with kube.lock:
                obj = kube.store.get((kind, namespace, name))
            if obj is None and self.headers["Content-Type"] == "application/apply-patch+yaml":
                self._create(kind, namespace)
            elif obj is None:
                self._refuse(404, f'{kind} "{name}" not found')
            elif self.command == "DELETE":
                kube.remove(kind, namespace, name)
                self._json({"kind": "Status", "apiVersion": "v1", "status": "Success"})
            elif self.command == "PATCH":
                obj["spec"].update(self.body.get("spec") or {})
                kube.put(kind, namespace, obj, "MODIFIED")
                self._json(obj)
                kube.start(obj)
            else:
                self._json(obj)

        def _chosen(self, kind: str, namespace: str) -> list[Object]:
            wanted = dict(part.split("=") for part in self.query.get("labelSelector", "").split(",") if part)
            phases = re.findall(r"status\.phase!=(\w+)", self.query.get("fieldSelector", ""))
            with kube.lock:
                return [
                    copy.deepcopy(obj)
                    for (k, ns, _), obj in kube.store.items()
                    if k == kind and namespace in ("", ns)
                    and wanted.items() <= obj["metadata"].get("labels", {}).items()
                    and obj.get("status", {}).get("phase") not in phases
                ]  # fmt: skip

        def _list(self, kind: str, namespace: str) -> None:
            if self.query.get("watch"):
                self._watch(kind, namespace)
                return
            title = {**_BATCH, **_CORE}[kind]
            version = "batch/v1" if kind in _BATCH else "v1"
            with kube.lock:
                items, at = self._chosen(kind, namespace), str(kube.version)
            self._json(
                {"kind": f"{title}List", "apiVersion": version, "metadata": {"resourceVersion": at}, "items": items}
            )

        def _watch(self, kind: str, namespace: str) -> None:
            box: queue.Queue[Any] = queue.Queue()
            since = int(self.query.get("resourceVersion") or 0)
            wanted = dict(part.split("=") for part in self.query.get("labelSelector", "").split(",") if part)
            with kube.lock:
                kube.watchers.append((kind, namespace, box))
                for obj in self._chosen(kind, namespace):
                    if int(obj["metadata"]["resourceVersion"]) > since:
                        box.put({"type": "ADDED", "object": obj})
            self._begin_chunks("application/json")
            ends = time.monotonic() + 60
            with contextlib.suppress(OSError):
                while time.monotonic() < ends:
                    try:
                        event = box.get(timeout=0.2)
                    except queue.Empty:
                        self._chunk(b"\n")
                        continue
                    if wanted.items() <= event["object"]["metadata"].get("labels", {}).items():
                        self._chunk(json.dumps(event).encode() + b"\n")
                        if kube.knobs.watch_breaks > 0:
                            kube.knobs.watch_breaks -= 1
                            self._reset()
                            break
            with kube.lock:
                kube.watchers = [watcher for watcher in kube.watchers if watcher[2] is not box]
            self.close_connection = True

        def _log(self, namespace: str, name: str) -> None:
            pod = kube.store.get(("pods", namespace, name))
            if pod is None:
                self._refuse(404, f'pods "{name}" not found')
                return
            self._begin_chunks("text/plain")
            sent = 0
            with contextlib.suppress(OSError):
                while True:
                    over = kube.over(pod)
                    text = kube.log_of(pod)
                    if len(text) > sent:
                        self._chunk(text[sent:])
                        sent = len(text)
                    if over or self.query.get("follow") != "true":
                        break
                    time.sleep(0.02)
                self.wfile.write(b"0\r\n\r\n")

        def _begin_chunks(self, kind: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()

        def _chunk(self, data: bytes) -> None:
            self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
            self.wfile.flush()

    return Handler
