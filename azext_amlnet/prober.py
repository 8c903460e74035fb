"""The measurement: tries endpoints layer by layer and prints what it saw as facts, never as opinions.

One file, standard library only, Python 3.8 and newer; the same bytes serve as a module and as a script:

    python3 -I -S prober.py < request.json

The request is one JSON object (see `run`). Each line of the answer is the sentinel and one JSON object: `hello`, one
`result` for each target as it finishes, `done` with their number. A target's steps are its layers in order (dns, tcp,
proxy, tls, http, smb, ntp), each with `outcome` (ok, failed), `elapsedMs`, and facts; the first failed one is the last.

GET only, no redirect is followed, no credential is sent but the proxy's own, at most 64 kB are read.
"""

import base64
import contextlib
import errno
import hashlib
import json
import os
import queue
import re
import selectors
import socket
import ssl
import struct
import sys
import threading
import time
from _thread import start_new_thread
from urllib.parse import unquote

SCHEMA = 1
SENTINEL = "@amlnet@"
MOST_ADDRESSES = 8
MOST_HEAD = 16384
MOST_BODY = 49152
MOST_THREADS = 2500
STACK = 1 << 20  # of a thread
FILES_EACH, FILES_OWN = 3, 64  # open files that a target has as a rule, and those of this process itself
MOST_LOOKUPS, PACE_S = 10, 0.05  # names asked for at once, since resolvers drop bursts, and one more after this time
MOST_TRIES, PATIENCE_S = 4, 2.0  # of a target that lacks files though it is alone; and for threads to start
SILENT_S = 1.0  # a resolver that has answered nothing for so long drops no bursts: it is asked for all at once
SWITCH_S = 0.1  # thousands of threads that ask for their turn 200 times a second, as usual, leave none for work
GRACE_S = 0.2
KEPT_HEADERS = (
    "azureml-served-by-cluster", "content-encoding", "content-length", "content-type", "date",
    "docker-distribution-api-version", "location", "proxy-authenticate", "retry-after", "server", "set-cookie",
    "strict-transport-security", "transfer-encoding", "upgrade", "via", "www-authenticate", "x-aml-cluster",
    "x-azure-ref", "x-ms-error-code", "x-ms-ests-server", "x-ms-failure-cause", "x-ms-keyvault-region",
    "x-ms-keyvault-service-version", "x-ms-request-id", "x-ms-response-type", "x-ms-version", "x-request-id",
    "x-request-time", "x-pi-hole", "x-squid-error",
)  # fmt: skip


class Stopped(Exception):
    """A step failed; `facts` say how, `failure` in one word."""

    def __init__(self, failure, **facts):
        super().__init__(failure)
        self.facts = dict(facts, failure=failure)

    def more(self, **facts):
        """The same failure with further facts."""
        return Stopped(**dict(self.facts, **facts))


_OWN_LIMITS = (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS, errno.EAGAIN)


def _own_limit(error):
    """`exhausted` for what this machine itself has too little of: files, memory, threads."""
    if isinstance(error, ssl.SSLError):  # OpenSSL has no other way to say it
        text = str(error).lower()  # "tlsv1 alert internal error" is the server's
        return "exhausted" if "malloc" in text or ("internal error" in text and "alert" not in text) else None
    code = getattr(error, "errno", None)
    return "exhausted" if code in _OWN_LIMITS or isinstance(error, (MemoryError, RuntimeError)) else None


def _short_of(error):
    """An error's number by its name, else its type."""
    if isinstance(error, ssl.SSLError) and _own_limit(error):
        return "MemoryError"
    return errno.errorcode.get(getattr(error, "errno", None), type(error).__name__)


def lacking(steps):
    """What this process had too little of, so that targets were in each other's way: files, threads, memory; or ""."""
    facts = [step["facts"] for step in steps]
    facts += [one["plainHttp"] for one in facts if "plainHttp" in one]
    facts += [one for several in facts for key in ("answers", "attempts") for one in several.get(key) or ()]
    words = [str(one.get(key)).partition(":")[0] for one in facts for key in ("errno", "error", "smallSegments")]
    return next((_SHARED[word] for word in words if word in _SHARED), "")


_SHARED = {
    "EMFILE": "files", "ENFILE": "files", "exhausted": "files", "EAGAIN": "threads", "RuntimeError": "threads",
    "MemoryError": "memory", "ENOMEM": "memory", "ENOBUFS": "memory",
}  # fmt: skip


class Record:
    """What is known of one target so far: its thread writes, the watcher of the deadline reads."""

    def __init__(self, target, timeout_s, looked_up=None):
        self.target = target
        self.looked_up = looked_up
        self.started = time.monotonic()
        self.ends = self.started + timeout_s
        self.steps = []
        self.complete = False
        self.among = 1
        self.watching = None
        self.open = []
        self.layer = None
        self.layer_started = self.started
        self.finished = threading.Event()
        self.lock = threading.Lock()

    def left(self):
        """Seconds that remain; raises Stopped("timeout") when none do."""
        left = self.ends - time.monotonic()
        if left <= 0:
            raise Stopped("timeout")
        return left

    def step(self, layer, work, *arguments):
        """Runs one layer and notes it; the facts of a failure are noted and raised on."""
        self.layer, self.layer_started = layer, time.monotonic()
        try:
            result, facts = work(self, *arguments)
            outcome = "ok"
        except Stopped as stop:
            result, facts, outcome = stop, stop.facts, "failed"
        except Exception as error:  # a measurement never raises; a proxy's address stays out of what it tells
            detail = "" if layer == "proxy" else ": %s" % str(error)[:200]
            own = {"errno": _short_of(error)} if _own_limit(error) else {}
            result = Stopped("exhausted" if own else "error", error=type(error).__name__ + detail, **own)
            facts, outcome = result.facts, "failed"
        with self.lock:
            if not self.finished.is_set():
                elapsed = round((time.monotonic() - self.layer_started) * 1000, 1)
                self.steps.append({"layer": layer, "outcome": outcome, "elapsedMs": elapsed, "facts": facts})
        self.let_next_in()
        if outcome == "failed":
            raise result
        return result

    def let_next_in(self):
        """Its name is looked up, or it needs none: another one may begin."""
        looked_up, self.looked_up = self.looked_up, None
        if looked_up is not None:
            looked_up.release()

    def close(self):
        """The result line; a layer that is still at work counts as failed by time-out, with the time it had."""
        with self.lock:
            at_work = self.layer is not None and not any(step["layer"] == self.layer for step in self.steps)
            if not self.finished.is_set() and at_work and not self._complete():
                elapsed = round((time.monotonic() - self.layer_started) * 1000, 1)
                stuck = {"failure": "timeout", "stuck": True}
                self.steps.append({"layer": self.layer, "outcome": "failed", "elapsedMs": elapsed, "facts": stuck})
            self.finished.set()
            steps = list(self.steps)
        elapsed = round((time.monotonic() - self.started) * 1000, 1)
        return {"kind": "result", "id": self.target["id"], "elapsedMs": elapsed, "steps": steps}

    def _complete(self):
        return self.complete or (bool(self.steps) and self.steps[-1]["outcome"] == "failed")


# ---------------------------------------------------------------------------------------------------------------------
# dns


def resolve(record, host, resolvers):
    """The addresses of a name, and what each nameserver said of the absolute name at the same moment.

    getaddrinfo decides whether a client finds the name; the raw answers explain. Where resolvers are given they decide.
    """
    literal = _literal(host)
    if literal:
        return [literal], {"addresses": [host], "literal": True}
    servers, answers = (resolvers or nameservers())[:3], queue.SimpleQueue()
    asking = Started(_ask_all, answers, servers, host, record.ends - 0.1)
    addresses, facts = ({}, {}) if resolvers else _system_lookup(record, host)
    raw = _collect(answers, 2 * len(servers), record, wait=bool(resolvers) or bool(facts.get("error")))
    over = not asking.running.locked()  # asked first: what it brings comes before its end
    if (over or (resolvers and not raw)) and len(raw) + answers.qsize() < 2 * len(servers):  # its thread has died of it
        raise MemoryError
    if facts.get("getaddrinfoMs", 0) > 1000:  # it waited for somebody
        heard = {(answer["server"], answer["type"]) for answer in raw}
        pairs = [(server, kind) for server in servers for kind in ("A", "AAAA") if (server, kind) not in heard]
        raw += [{"server": server, "type": kind, "error": "timeout"} for server, kind in pairs]
    facts["answers"] = raw
    if resolvers:
        addresses = _from_raw(raw)
    elif addresses and not set(addresses) & set(_from_raw(raw)):
        facts["searched"] = _searched(record, host, servers)
    facts["addresses"] = list(addresses)
    if not addresses:
        raise Stopped(facts.pop("error", None) or "no_address", **facts)
    return list(addresses.values()), facts


def _searched(record, host, servers):
    """Which address the name has with a domain of the search list behind it: clients may have got that one."""
    for domain in search_domains()[:6]:
        answers = queue.SimpleQueue()
        name = "%s.%s" % (host.rstrip("."), domain.strip("."))
        _ask_all(answers, servers[:1], name, min(record.ends - 0.1, time.monotonic() + 1))
        addresses = [address for _ in range(answers.qsize()) for address in answers.get().get("addresses") or ()]
        if addresses:
            return {"name": name, "addresses": addresses}
    return {"name": "", "addresses": []}


def _literal(host):
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, host)
            return family, host
        except (OSError, ValueError):  # what is no text for the system is no address either
            continue
    return None


def _system_lookup(record, host):
    """getaddrinfo in a thread of its own, because nothing can stop it: (address -> (family, address)), facts."""
    box = queue.SimpleQueue()

    def look():
        try:
            box.put(socket.getaddrinfo(host, None, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError, MemoryError) as error:
            box.put(error)

    started = time.monotonic()
    Started(look)
    try:
        result = box.get(timeout=record.left())
    except queue.Empty:
        return {}, {"error": "timeout", "getaddrinfoMs": round((time.monotonic() - started) * 1000, 1)}
    facts = {"getaddrinfoMs": round((time.monotonic() - started) * 1000, 1)}
    if isinstance(result, Exception):
        names = {getattr(socket, name): name for name in dir(socket) if name.startswith("EAI_")}
        short = result if _own_limit(result) else _own_failure()
        facts.update({"errno": _short_of(short)} if short else {})
        word = "exhausted" if short else names.get(getattr(result, "errno", None), type(result).__name__)
        return {}, dict(facts, error=word)
    return {entry[4][0]: (entry[0], entry[4][0]) for entry in result}, facts


def _own_failure():
    """Why this process cannot open one more file, if it cannot: getaddrinfo does not say so itself."""
    try:
        os.close(os.open(os.devnull, os.O_RDONLY))
        return None
    except OSError as error:
        return error if _own_limit(error) else None


def _collect(answers, asked, record, wait):
    """What the nameservers said: all of it where it decides or explains, else what is there after 50 ms at most."""
    until = record.ends if wait else min(record.ends, time.monotonic() + 0.05)
    replies = []
    while len(replies) < asked:
        try:
            replies.append(answers.get(timeout=max(0.0, until - time.monotonic())))
        except queue.Empty:
            break
    return sorted(replies, key=lambda answer: (answer["server"], answer["type"]))


def _from_raw(raw):
    addresses = {}
    for answer in raw:
        family = socket.AF_INET if answer["type"] == "A" else socket.AF_INET6
        addresses.update({address: (family, address) for address in answer.get("addresses", ())})
    return addresses


def nameservers():
    """The nameservers of resolv.conf as `address:53`."""
    return [_with_port(words[1]) for words in _resolv_conf() if len(words) > 1 and words[0] == "nameserver"]


def search_domains():
    """The search list of resolv.conf."""
    return [word for words in _resolv_conf() if words and words[0] == "search" for word in words[1:]]


def _resolv_conf():
    try:
        with open("/etc/resolv.conf", encoding="utf-8", errors="replace") as file:
            return [line.split() for line in file]
    except OSError:
        return []


def _with_port(address):
    return "[%s]:53" % address if ":" in address else "%s:53" % address


def _ask_all(answers, servers, name, ends):
    """Asks every server for A and AAAA at the same time; puts each answer into the queue as it comes."""
    with Selector() as waiting:
        for server in servers:
            for kind in (1, 28):
                _Question(server, name, kind, answers).send_first(waiting)
        started = time.monotonic()
        again = started + min(2.0, (ends - started) / 2)  # a lost datagram is asked for once more
        while waiting.get_map() and time.monotonic() < ends:
            for key, _ in waiting.select(max(0.0, (again or ends) - time.monotonic())):
                key.data.receive(waiting, ends)
            if again and time.monotonic() >= again:
                again = None
                for key in waiting.get_map().values():
                    key.data.send()
        for key in list(waiting.get_map().values()):
            key.data.end({"error": "timeout"})


class _Question:
    """One question to one nameserver over UDP, and over TCP when the answer is cut."""

    def __init__(self, server, name, kind, answers):
        self.server, self.name, self.kind, self.answers = server, name, kind, answers
        self.started, self.sock = time.monotonic(), None

    def send_first(self, waiting):
        """Opens a socket and sends; what is no name or no server is answered at once."""
        try:
            host, _, port = self.server.rpartition(":")
            self.address = (host.strip("[]"), int(port))
            labels = [bytes([len(label)]) + label for label in self.name.rstrip(".").encode("idna").split(b".")]
            self.number = struct.unpack("!H", os.urandom(2))[0]
            self.data = struct.pack("!6H", self.number, 0x0100, 1, 0, 0, 0)
            self.data += b"".join(labels) + b"\0" + struct.pack("!2H", self.kind, 1)
            family = socket.AF_INET6 if ":" in self.address[0] else socket.AF_INET
            self.sock = socket.socket(family, socket.SOCK_DGRAM)
            self.sock.setblocking(False)
            self.sock.connect(self.address)
            self.sock.send(self.data)
            waiting.register(self.sock, selectors.EVENT_READ, self)
        except OSError as error:
            self.end({"error": _short_of(error)})
        except (ValueError, struct.error):
            self.end({"error": "garbled"})

    def send(self):
        """Sends once more; a failure shows when the answer is read."""
        with contextlib.suppress(OSError):
            self.sock.send(self.data)

    def receive(self, waiting, ends):
        """Reads the answer that has come; one of another question is passed over."""
        try:
            data = self.sock.recv(4096)
            question = self.data[12:]
            if data[:2] != self.data[:2] or data[12 : 12 + len(question)].lower() != question.lower():
                return  # of another question; the right one may follow
            waiting.unregister(self.sock)
            if struct.unpack("!H", data[2:4])[0] & 0x0200:
                data = _ask_tcp(self.address, self.data, ends)
            self.end(_parse_answer(data, self.number, self.kind))
        except socket.timeout:
            self.end({"error": "timeout"})
        except OSError as error:
            with contextlib.suppress(KeyError):
                waiting.unregister(self.sock)
            self.end({"error": _short_of(error)})
        except (ValueError, struct.error, IndexError):
            self.end({"error": "garbled"})

    def end(self, answer):
        """Hands the answer on."""
        if self.sock is not None:
            self.sock.close()
        elapsed = round((time.monotonic() - self.started) * 1000, 1)
        self.answers.put(dict(answer, server=self.server, type="A" if self.kind == 1 else "AAAA", elapsedMs=elapsed))


def _ask_tcp(address, question, ends):
    with socket.create_connection(address, max(0.01, ends - time.monotonic())) as sock:
        sock.sendall(struct.pack("!H", len(question)) + question)
        data = b""
        while len(data) < 2 or len(data) < 2 + struct.unpack("!H", data[:2])[0]:
            sock.settimeout(max(0.01, ends - time.monotonic()))
            part = sock.recv(4096)
            if not part:
                raise ValueError("cut")
            data += part
    return data[2:]


RCODES = {0: "NOERROR", 1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED"}


def _parse_answer(data, number, kind):
    identifier, flags, questions, answers = struct.unpack("!4H", data[:8])
    if identifier != number:
        raise ValueError("another answer")
    offset, reply = 12, {"rcode": RCODES.get(flags & 15, str(flags & 15)), "addresses": [], "aliases": []}
    owners, by_owner = set(), []
    for _ in range(questions):
        name, offset = _name(data, offset)
        owners.add(name.lower())
        offset += 4
    for _ in range(answers):
        owner, offset = _name(data, offset)
        record_type, _, _, length = struct.unpack("!2HIH", data[offset : offset + 10])
        offset += 10
        if record_type == kind and kind in (1, 28):
            family = socket.AF_INET if kind == 1 else socket.AF_INET6
            by_owner.append((owner.lower(), socket.inet_ntop(family, data[offset : offset + length])))
        elif record_type == 5:
            reply["aliases"].append(_name(data, offset)[0])
        offset += length
    owners.update(alias.lower() for alias in reply["aliases"])
    reply["addresses"] = [address for owner, address in by_owner if owner in owners or not questions]
    return reply


def _name(data, offset, depth=0):
    """A name in a DNS message and the offset behind it."""
    labels, end = [], None
    while data[offset]:
        length = data[offset]
        if length >= 0xC0:
            end = end or offset + 2
            offset = struct.unpack("!H", data[offset : offset + 2])[0] & 0x3FFF
            depth += 1
            if depth > 20:
                raise ValueError("a loop of names")
            continue
        labels.append(data[offset + 1 : offset + 1 + length].decode("ascii", "replace"))
        offset += length + 1
    return ".".join(labels), end or offset + 1


# ---------------------------------------------------------------------------------------------------------------------
# tcp

# poll takes any descriptor and none of its own; select, which alone is everywhere, knows no descriptor above 1023
Selector = getattr(selectors, "PollSelector", selectors.SelectSelector)


def connect(record, addresses, port):
    """A connection to the first address that answers; every address is tried at the same time and told about.

    The attempts that are still open go on beside the later layers, for 3 seconds at most; `facts` fills up meanwhile.
    """
    attempts = [{"address": address, "family": 6 if family == socket.AF_INET6 else 4} for family, address in addresses]
    attempts = attempts[:MOST_ADDRESSES]
    facts = {"port": port, "attempts": attempts}
    if len(addresses) > MOST_ADDRESSES:
        facts["untried"] = len(addresses) - MOST_ADDRESSES
    winner = queue.SimpleQueue()
    if len(attempts) > 1:
        record.watching = Started(_connect_all, record, attempts, port, winner)
    else:
        _connect_all(record, attempts, port, winner)
    try:
        sock, attempt = winner.get(timeout=max(0.0, record.ends - time.monotonic()))
    except queue.Empty:
        sock, attempt = None, None
    if sock is None:
        failures = [attempt.get("failure", "timeout") for attempt in attempts]
        raise Stopped(_commonest(failures), **facts)
    facts["connected"] = attempt["address"]
    return (sock, (socket.AF_INET6 if attempt["family"] == 6 else socket.AF_INET, attempt["address"])), facts


def _commonest(failures):
    """The failure to name: one that an answer proves before silence, silence before what is not applicable."""
    for failure in ("exhausted", "refused", "reset", "prohibited", "timeout", "unreachable", "error"):
        if failure in failures:
            return failure
    return "error"


def _connect_all(record, attempts, port, winner):
    """Non-blocking connects to all addresses; puts the first connection, or None when there is none, into `winner`."""
    started, until, first = time.monotonic(), record.ends, None
    with Selector() as pending:
        for attempt in attempts:
            sock = _start_connect(attempt, port)
            if sock is not None:
                pending.register(sock, selectors.EVENT_WRITE, attempt)
        while pending.get_map() and time.monotonic() < until:
            for key, _ in pending.select(max(0.0, until - time.monotonic())):
                sock, attempt = key.fileobj, key.data
                pending.unregister(sock)
                attempt["elapsedMs"] = round((time.monotonic() - started) * 1000, 1)
                code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                if code:
                    _failed(attempt, code)
                    sock.close()
                else:
                    attempt.update(connected=True, retransmits=_tcp_info(sock).get("totalRetransmits", 0))
                    if first is None:
                        first, until = sock, min(until, time.monotonic() + 3)
                        winner.put((sock, attempt))
                    else:
                        sock.close()
        for key in pending.get_map().values():
            key.data.update(failure="timeout", elapsedMs=round((time.monotonic() - started) * 1000, 1))
            key.fileobj.close()
    winner.put((None, None))


def _start_connect(attempt, port):
    family = socket.AF_INET6 if attempt["family"] == 6 else socket.AF_INET
    try:
        sock = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        _failed(attempt, error.errno)
        return None
    sock.setblocking(False)
    code = sock.connect_ex((attempt["address"], port))
    if code not in (0, errno.EINPROGRESS, errno.EWOULDBLOCK):
        _failed(attempt, code)
        sock.close()
        return None
    return sock


def _failed(attempt, code):
    words = {
        errno.ECONNREFUSED: "refused",
        errno.ECONNRESET: "reset",
        errno.ETIMEDOUT: "timeout",
        errno.EHOSTUNREACH: "unreachable",
        errno.ENETUNREACH: "unreachable",
        errno.EADDRNOTAVAIL: "unreachable",
        errno.EAFNOSUPPORT: "unreachable",
        errno.EACCES: "prohibited",
        errno.EPERM: "prohibited",
    }
    words.update(dict.fromkeys(_OWN_LIMITS, "exhausted"))
    attempt.update(failure=words.get(code, "error"), errno=errno.errorcode.get(code, str(code)))


# ---------------------------------------------------------------------------------------------------------------------
# Streams: a socket, or TLS over a stream, with the same three methods


class Plain:
    """A connected socket whose every wait ends at the record's deadline."""

    def __init__(self, record, sock):
        self.record = record
        self.sock = sock
        self.received = 0
        record.open.append(self)
        sock.setblocking(True)

    def send(self, data):
        self.sock.settimeout(self.record.left())
        try:
            self.sock.sendall(data)
        except OSError as error:
            raise _broken(error, self.received) from None

    def recv(self, most=16384, patience=None):
        """Bytes, or b"" at the end; raises Stopped for a reset and for silence."""
        left = self.record.left()
        self.sock.settimeout(left if patience is None else min(left, patience))
        try:
            data = self.sock.recv(most)
        except OSError as error:
            raise _broken(error, self.received) from None
        self.received += len(data)
        return data

    def close(self):
        self.sock.close()


def _broken(error, received):
    if isinstance(error, socket.timeout):
        return Stopped("timeout", bytesReceived=received)
    word = "reset" if error.errno in (errno.ECONNRESET, errno.EPIPE, errno.ECONNABORTED) else "error"
    return Stopped(word, errno=_short_of(error), bytesReceived=received)


class Tls:
    """TLS over another stream, through memory buffers, so that what the wire did stays visible."""

    def __init__(self, stream, context, name):
        self.stream = stream
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.object = context.wrap_bio(self.incoming, self.outgoing, server_hostname=name)
        self.first = b""

    def _flush(self):
        data = self.outgoing.read()
        if data:
            self.stream.send(data)

    def _until_done(self, work, patience=None):
        while True:
            try:
                result = work()
                self._flush()
                return result
            except ssl.SSLWantReadError:
                self._flush()
                data = self.stream.recv(patience=patience)
                self.first = (self.first + data)[:64]
                if data:
                    self.incoming.write(data)
                else:
                    self.incoming.write_eof()
                    raise Stopped("closed", bytesReceived=self.stream.received) from None
            except ssl.SSLError as error:
                if _own_limit(error):
                    raise MemoryError from None
                raise

    def handshake(self, patience=None):
        self._until_done(self.object.do_handshake, patience)

    def send(self, data):
        self._until_done(lambda: self.object.write(data))

    def recv(self, most=16384, patience=None):
        try:
            return self._until_done(lambda: self.object.read(most), patience)
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            return b""

    @property
    def received(self):
        return self.stream.received

    def close(self):
        self.stream.close()


# ---------------------------------------------------------------------------------------------------------------------
# tls


def new_context(verify=True):
    """An explicit context: TLS 1.2 at least and no strict X.509 flag, which differ between versions of Python."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_flags &= ~getattr(ssl, "VERIFY_X509_STRICT", 0)
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def trusting(trust):
    """A context with the authorities that count here, and what is to be said of them.

    A request may bring authorities (`pem`) beside the system's or, with `only`, in their place. Otherwise the bundle
    that REQUESTS_CA_BUNDLE names counts, as for Python's clients, or the system's store (OpenSSL reads SSL_CERT_FILE).
    """
    context, trust = new_context(), trust or {}
    facts = {"source": "request" if trust.get("only") else "system"}
    named = None if trust.get("pem") else os.environ.get("REQUESTS_CA_BUNDLE")
    if named:
        try:
            _load_authorities(context, named)
            return context, {"source": "REQUESTS_CA_BUNDLE", "file": named, "empty": False}
        except (OSError, ValueError) as error:
            facts.update(unread=named, error=str(error)[:200])
    if not trust.get("only"):
        context.load_default_certs()
        if os.environ.get("SSL_CERT_FILE"):
            facts.update(source="SSL_CERT_FILE", file=os.environ["SSL_CERT_FILE"])
    if trust.get("pem"):
        context.load_verify_locations(cadata=trust["pem"])
    facts["empty"] = not context.cert_store_stats()["x509"] and not _system_folder()
    return context, facts


def _load_authorities(context, path):
    if os.path.isdir(path):
        context.load_verify_locations(capath=path)
    else:
        context.load_verify_locations(cafile=path)


def _system_folder():
    """Whether OpenSSL's folder of authorities, which it reads when it needs one, has something in it."""
    folder = ssl.get_default_verify_paths().capath
    return bool(folder and os.path.isdir(folder) and os.listdir(folder))


def secure(record, stream, name, shared, reconnect):
    """TLS on a stream; where it fails, what the wire did, and the certificate that an unverified handshake shows."""
    tls = Tls(stream, shared.context, name)
    half = max(0.05, (record.ends - time.monotonic()) / 2)
    facts = {}
    try:
        try:
            tls.handshake(patience=half)
        except Stopped as stop:
            if stop.facts["failure"] != "timeout":
                raise
            facts["smallSegments"] = _small_segments(record, name, shared, reconnect, half)
            tls.handshake()
    except ssl.SSLCertVerificationError as error:
        facts.update(verifyCode=error.verify_code, verifyMessage=error.verify_message)
        facts.update(_certificate(record, name, shared, reconnect))
        raise Stopped("certificate", **facts) from None
    except ssl.SSLError as error:
        facts.update(_wire(tls), reason=(getattr(error, "reason", None) or str(error))[:80])
        raise Stopped("protocol", **facts) from None
    except Stopped as stop:
        raise stop.more(**facts, **_wire(tls), **_tcp_info(getattr(stream, "sock", None))) from None
    peer = tls.object.getpeercert() or {}
    facts.update(version=tls.object.version(), cipher=(tls.object.cipher() or ("",))[0])
    facts.update(issuer=_rdns(peer.get("issuer")), subject=_rdns(peer.get("subject")), notAfter=peer.get("notAfter"))
    facts.update(authorities=_authorities(tls.object, "verified"))
    return tls, facts


def _plain_http(record, host, address, agent):
    """What answers one GET on port 80 of the address that cut TLS: filters name themselves there. Evidence only."""
    try:
        plain = _reconnector(record, address, 80)(None)
        target = {"host": host, "port": 80, "protocol": "http", "path": "/"}
        facts = exchange(record, plain, target, agent)[1]
    except (Stopped, OSError) as error:
        facts = getattr(error, "facts", {"errno": _short_of(error)})
        own = {"errno": facts["errno"]} if facts.get("errno") in _SHARED else {}
        return dict({"failure": facts.get("failure", "error")}, **own)
    return {key: facts[key] for key in ("status", "reason", "headers", "title", "text") if key in facts}


def _rdns(names):
    """`((("organizationName", "X"),), ...)` as a dictionary of the parts that say who it is."""
    kept = {"organizationName": "O", "commonName": "CN", "countryName": "C"}
    return {kept[key]: value for rdn in names or () for key, value in rdn if key in kept}


def _wire(tls):
    """The first bytes that came back: a TLS record's type, an alert's number, or text of something else."""
    facts = {"bytesReceived": tls.stream.received}
    first = tls.first
    if len(first) >= 7 and first[0] == 0x15:
        facts["alert"] = first[6]
    elif first and first[0] not in (0x14, 0x15, 0x16, 0x17):
        facts["notTls"] = first[:24].decode("latin-1")
    return facts


def _tcp_info(sock):
    """On Linux: what the kernel knows of a connection (struct tcp_info of linux/tcp.h)."""
    if sock is None or not sys.platform.startswith("linux") or not hasattr(socket, "TCP_INFO"):
        return {}
    try:
        info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)
        unacked, total = struct.unpack_from("I", info, 24)[0], struct.unpack_from("I", info, 100)[0]
        return {"unacked": unacked, "totalRetransmits": total}
    except (OSError, struct.error):
        return {}


def _small_segments(record, name, shared, reconnect, patience):
    """Whether the same handshake completes in small packets, while the first one goes on waiting."""
    try:
        stream = reconnect(536)
        try:
            Tls(stream, shared.unverified, name).handshake(patience=patience)
            return "completed"
        finally:
            stream.close()
    except (Stopped, OSError, ssl.SSLError) as error:
        return getattr(error, "facts", {}).get("failure", "failed")


def _certificate(record, name, shared, reconnect):
    """Issuer, subject, end of validity of the certificate that was refused, from a second, unverified handshake."""
    try:
        stream = reconnect(None)
        try:
            tls = Tls(stream, shared.unverified, name)
            tls.handshake()
            return {**describe(tls.object.getpeercert(True)), "authorities": _authorities(tls.object, "unverified")}
        finally:
            stream.close()
    except (Stopped, OSError, ssl.SSLError, IndexError, ValueError) as error:
        short = lacking([{"facts": error.facts}]) if isinstance(error, Stopped) else _own_limit(error)
        return {"errno": "EMFILE" if isinstance(error, Stopped) else _short_of(error)} if short else {}


def describe(der):
    """Issuer, subject, validity and names of a certificate, by a small walk through its DER."""
    body = _inside(_inside(der)[0])
    if body and body[0][0] == 0xA0:
        body = body[1:]
    issuer, validity, subject = body[2], body[3], body[4]
    dates = [_date(part) for part in _inside(validity)]
    return {
        "issuer": _der_name(issuer),
        "subject": _der_name(subject),
        "notBefore": dates[0],
        "notAfter": dates[1],
        "names": _dns_names(der),
    }


def _authorities(connection, kind):
    """Who stands above the certificate: name and SHA-256 of each, up to the root that is trusted here or the last sent.

    Empty where Python does not tell: `get_verified_chain` and `get_unverified_chain` are public since 3.13, and are in
    what an SSLObject wraps since 3.10.
    """
    asked = "get_" + kind + "_chain"
    ask = getattr(connection, asked, None) or getattr(getattr(connection, "_sslobj", None), asked, None)
    try:
        chain = [one if isinstance(one, bytes) else one.public_bytes(2) for one in (ask() if ask else ())]  # 2: DER
        return [{"name": describe(der)["subject"], "sha256": hashlib.sha256(der).hexdigest()} for der in chain[1:5]]
    except (AttributeError, IndexError, TypeError, ValueError, ssl.SSLError):
        return []


def _dns_names(der):
    """The DNS names of a certificate: elements of type [2] whose content is one."""
    names = set()
    for match in re.finditer(rb"\x82(?=([\x04-\x7f]))", der):
        name = der[match.end() + 1 : match.end() + 1 + match.group(1)[0]]
        if re.match(rb"(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)+\Z", name, re.IGNORECASE):
            names.add(name.decode().lower())
    return sorted(names)[:20]


def _inside(element):
    """The elements inside a constructed DER element, each as its own bytes."""
    start, end = _bounds(element, 0)
    parts = []
    while start < end:
        _, stop = _bounds(element, start)
        parts.append(element[start:stop])
        start = stop
    return parts


def _bounds(data, offset):
    """Where the content of the element at an offset begins and ends."""
    length, start = data[offset + 1], offset + 2
    if length & 0x80:
        size = length & 0x7F
        length, start = int.from_bytes(data[start : start + size], "big"), start + size
    if start + length > len(data):
        raise ValueError("cut")
    return start, start + length


def _der_name(element):
    kept = {b"\x55\x04\x0a": "O", b"\x55\x04\x03": "CN", b"\x55\x04\x06": "C"}
    fields = {}
    for rdn in _inside(element):
        for pair in _inside(rdn):
            oid, value = _inside(pair)[:2]
            key = kept.get(oid[2:])
            if key:
                start, end = _bounds(value, 0)
                fields[key] = value[start:end].decode("utf-8", "replace")
    return fields


def _date(element):
    start, end = _bounds(element, 0)
    text = element[start:end].decode("ascii", "replace")
    text = ("20" if text[:2] < "50" else "19") + text if len(text) == 13 else text
    return "%s-%s-%sT%s:%s:%sZ" % (text[:4], text[4:6], text[6:8], text[8:10], text[10:12], text[12:14])


# ---------------------------------------------------------------------------------------------------------------------
# http


def exchange(record, stream, target, agent, absolute=None):
    """One GET (or WebSocket upgrade) and the answer's status, telling headers, title and size."""
    lines = ["GET %s HTTP/1.1" % (absolute or target.get("path") or "/"), "Host: %s" % _host_header(target)]
    lines += ["User-Agent: %s" % agent, "Accept: */*", "Accept-Encoding: identity"]
    if target.get("websocket"):
        key = base64.b64encode(os.urandom(16)).decode()
        lines += ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: " + key]
    else:
        lines += ["Connection: close"]
    lines += list(target.get("extraHeaders", ()))
    stream.send(("\r\n".join(lines) + "\r\n\r\n").encode("ascii", "ignore"))
    facts = read_answer(record, stream, upgrade=bool(target.get("websocket")))
    return None, facts


def _host_header(target):
    usual = {"https": 443, "http": 80}.get(target["protocol"])
    return target["host"] if target["port"] == usual else "%s:%d" % (target["host"], target["port"])


def read_answer(record, stream, upgrade=False):
    """Reads an HTTP answer as far as it tells something; raises Stopped with what had arrived."""
    started, data, facts = time.monotonic(), b"", {}
    while True:
        head = re.search(rb"\r?\n\r?\n", data)
        if head is None and len(data) < MOST_HEAD:
            try:
                part = stream.recv()
            except Stopped as stop:
                raise stop.more(headBytes=len(data)) from None
            except ssl.SSLError as error:
                raise Stopped("error", error=str(getattr(error, "reason", None) or error)[:80]) from None
            if not facts and part:
                facts["firstByteMs"] = round((time.monotonic() - started) * 1000, 1)
            data += part
            if part:
                continue
        lines = re.split(r"\r?\n", data[: head.start() if head else len(data)].decode("latin-1"))
        match = re.match(r"HTTP/1\.[01] ([1-9][0-9]{2})(?: (.*))?$", lines[0])
        if match is None or head is None:
            raise Stopped("garbled" if data else "closed", bytesReceived=len(data), start=lines[0][:80])
        data, status = data[head.end() :], int(match.group(1))
        if status >= 200 or (upgrade and status == 101):
            break  # what comes before it (100, 103) is no answer
    facts.update(status=status, reason=(match.group(2) or "")[:100], headers=_headers(lines[1:]))
    if status != 101:
        body = _rest(record, stream, data, facts["headers"])
        facts["bodyBytes"] = len(body)
        facts.update(_page(body, facts["headers"]))
    return facts


def _headers(lines):
    """The telling headers; what a server sends twice is joined, as HTTP has it."""
    headers = {}
    for line in lines[:100]:
        name, colon, value = line.partition(":")
        name = name.strip().lower()
        if name == "set-cookie":  # the name tells who set it; the value is nobody's business
            value = value.partition("=")[0]
        if colon and name in KEPT_HEADERS:
            headers[name] = (headers[name] + ", " + value.strip() if name in headers else value.strip())[:300]
    return headers


def _rest(record, stream, rest, headers):
    """The body as far as it comes within half a second of silence, 48 kB at most; it never makes a step fail."""
    length = int(headers["content-length"]) if re.match(r"[0-9]{1,9}$", headers.get("content-length", "")) else None
    chunked = "chunked" in headers.get("transfer-encoding", "").lower()
    try:
        while len(rest) < MOST_BODY and (length is None or len(rest) < length):
            if chunked and re.search(rb"(?:^|\r\n)0+\r\n\r\n\Z", rest[-16:]):
                break
            part = stream.recv(patience=0.5)
            if not part:
                break
            rest += part
    except (Stopped, ssl.SSLError):
        pass
    return _joined(rest) if chunked else rest[:MOST_BODY]


def _joined(data):
    """The chunks of a body without their sizes."""
    parts = []
    while data:
        size, newline, data = data.partition(b"\r\n")
        number = re.match(rb"([0-9A-Fa-f]{1,8})", size)
        if not newline or number is None or not int(number.group(1), 16):
            break
        end = int(number.group(1), 16)
        parts.append(data[:end])
        data = data[end + 2 :]
    return b"".join(parts)


def _page(body, headers):
    """Title of an HTML page, and the beginning of its text: what a block page says of itself.

    Looks at the first 16 kB only and goes through them once: a hostile page must not hold up the others.
    """
    if headers.get("content-encoding", "identity").lower() not in ("", "identity"):
        return {"encoded": headers["content-encoding"][:40]}
    text, facts = body[:16384].decode("utf-8", "replace"), {}
    lower = text.lower()
    start = lower.find(">", lower.find("<title")) + 1 if "<title" in lower else 0
    end = lower.find("</title", start)
    if start and end > 0:
        facts["title"] = " ".join(text[start:end].split())[:200]
    if "html" in headers.get("content-type", "") or lower.lstrip()[:15].startswith(("<!doctype html", "<html")):
        facts["html"] = True
    plain = " ".join(_without_tags(text, lower).split())
    if plain:
        facts["text"] = "".join(c if c.isprintable() else " " for c in plain[:600])
    return facts


def _without_tags(text, lower):
    """The text between tags, without styles and scripts."""
    parts, at = [], 0
    while at < len(text):
        start = text.find("<", at)
        parts.append(text[at : start if start >= 0 else len(text)])
        if start < 0:
            break
        closing = next((tag for tag in ("style", "script") if lower.startswith(tag, start + 1)), None)
        end = lower.find("</" + closing, start) if closing else start
        end = text.find(">", end) if end >= 0 else -1
        if end < 0:
            break
        at = end + 1
    return " ".join(parts)


# ---------------------------------------------------------------------------------------------------------------------
# smb, ntp

_SMB_NEGOTIATE = (
    b"\xfeSMB" + struct.pack("<HHIHHIIQIIQ16s", 64, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, b"\0" * 16)
    + struct.pack("<HHHHI16sQ", 36, 2, 1, 0, 0, b"amlnet-connectiv", 0) + struct.pack("<HH", 0x0202, 0x0210)
)  # fmt: skip


def negotiate_smb(record, stream):
    """An SMB2 negotiate request; the answer begins with the protocol's name."""
    stream.send(struct.pack("!I", len(_SMB_NEGOTIATE)) + _SMB_NEGOTIATE)
    data = b""
    while len(data) < 8:
        part = stream.recv()
        if not part:
            raise Stopped("closed", bytesReceived=len(data))
        data += part
    if data[4:8] not in (b"\xfeSMB", b"\xffSMB"):
        raise Stopped("garbled", bytesReceived=len(data), start=data[:16].decode("latin-1"))
    return None, {"dialectBytes": len(data)}


def ask_time(record, addresses, port):
    """An NTP question over UDP; silence proves nothing and is said as such."""
    family, address = addresses[0]
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.connect((address, port))
        sock.settimeout(record.left())
        sock.send(b"\x23" + b"\0" * 47)
        try:
            data = sock.recv(512)
        except OSError as error:
            raise _broken(error, 0) from None
    if len(data) < 48 or data[0] & 7 != 4:
        raise Stopped("garbled", bytesReceived=len(data))
    return None, {"stratum": data[1], "address": address}


# ---------------------------------------------------------------------------------------------------------------------
# proxy


def environment_proxies(environment):
    """The proxies that the environment names, in lower case first, and the list that skips them."""

    def of(name):
        return environment.get(name.lower()) or environment.get(name.upper()) or None

    skip = [entry.strip() for entry in (of("no_proxy") or "").split(",") if entry.strip()]
    return {"http": of("http_proxy"), "https": of("https_proxy"), "skip": skip}


def own_proxies(environment):
    """The environment's proxies; where it has none, those that came along under names of our own (AMLNET_HTTPS_PROXY).

    So what a cluster injects into its pods counts first, as it does for jobs.
    """
    proxies = environment_proxies(environment)
    if proxies["http"] or proxies["https"]:
        return dict(proxies, source="environment")
    prefix = "AMLNET_"
    own = {name[len(prefix) :]: value for name, value in environment.items() if name.startswith(prefix)}
    added = environment_proxies(own)
    return dict(added, source="added") if added["http"] or added["https"] else proxies


def proxy_of(target, proxies):
    """The proxy's address for a target, or None: by its protocol, unless the skip list names the host."""
    url = (proxies or {}).get("http" if target["protocol"] == "http" else "https")
    if not url or target["protocol"] not in ("http", "https", "tls"):
        return None
    if any(skips(entry, target["host"], target["port"]) for entry in proxies.get("skip") or ()):
        return None
    return url


def skips(entry, host, port):
    """Whether an entry of a skip list names a host, as Go's clients read it (golang.org/x/net/http/httpproxy)."""
    entry, host = entry.strip().lower(), host.lower().strip("[]")
    if entry == "*":
        return True
    if "/" in entry:
        return _in_network(entry, host)
    match = re.match(r"(\[[0-9a-f:.]+\]|[^:]+|[0-9a-f:]{3,})(?::([0-9]+))?$", entry)
    if not match:
        return entry.strip("[]") == host
    name, wanted = match.group(1).strip("[]"), match.group(2)
    if wanted and int(wanted) != port:
        return False
    if name.startswith("*."):
        name = name[1:]
    if name.startswith("."):
        return host.endswith(name)
    return host == name or (not _literal(name) and host.endswith("." + name))


def _in_network(entry, host):
    literal = _literal(host)
    network, _, bits = entry.partition("/")
    base = _literal(network)
    if not literal or not base or literal[0] != base[0] or not re.match("[0-9]{1,3}$", bits):
        return False
    one, other = (int.from_bytes(socket.inet_pton(family, text), "big") for family, text in (literal, base))
    width = 32 if literal[0] == socket.AF_INET else 128
    return int(bits) <= width and one >> (width - int(bits)) == other >> (width - int(bits))


def proxy_parts(url):
    """Scheme, host, port, user and password of a proxy's address; ValueError, which never quotes it, for what is none.

    What has a meaning in addresses must be percent-encoded, or a part of the password would pass for the host.
    """
    url = url.strip()
    url = url if "://" in url else "http://" + url
    plain = re.match(r"(https?)://(?:([^/?#@\s]*)@)?(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::([0-9]{1,5}))?/?\Z", url)
    if plain is None or not 0 < int(plain.group(4) or 1) < 65536:
        raise ValueError("no address of an HTTP proxy")
    scheme, login, host, port = plain.groups()
    user, _, password = (login or "").partition(":")
    return {
        "scheme": scheme,
        "host": host.strip("[]"),
        "port": int(port or (443 if scheme == "https" else 80)),
        "user": unquote(user) if login else None,
        "password": unquote(password) if login else None,
    }


def scrubbed(url):
    """A proxy's address without user and password."""
    if not url:
        return None
    try:
        parts = proxy_parts(url)
    except ValueError:
        return "(not shown)"
    host = "[%s]" % parts["host"] if ":" in parts["host"] else parts["host"]
    return "%s://%s:%d" % (parts["scheme"], host, parts["port"])


def reach_proxy(record, url, shared):
    """A connection to the proxy, and TLS with it where it is an https one; failures say `stage` dns, tcp or tls."""
    facts, stage = {"proxy": scrubbed(url)}, "setting"
    try:
        try:
            parts = proxy_parts(url)
        except ValueError as error:
            raise Stopped("error", error=str(error)) from None
        host, port, stage = parts["host"], parts["port"], "dns"
        addresses, lookup = resolve(record, host, shared.resolvers)
        facts.update(addresses=lookup.get("addresses"))
        stage = "tcp"
        (sock, _), tried = connect(record, addresses, port)
        facts.update(attempts=tried["attempts"])
        stream = Plain(record, sock)
        if parts["scheme"] == "https":
            stage = "tls"
            stream, seen = secure(record, stream, host, shared, _reconnector(record, addresses[0], port))
            facts["proxyTls"] = {key: seen.get(key) for key in ("version", "issuer")}
    except Stopped as stop:
        raise stop.more(**dict(facts, stage=stage)) from None
    return stream, facts


def tunnel(record, url, target, shared):
    """CONNECT through the proxy: a stream that ends at the target, and what the proxy said."""
    stream, facts = reach_proxy(record, url, shared)
    authority = "%s:%d" % (target["host"], target["port"])
    lines = ["CONNECT %s HTTP/1.1" % authority, "Host: %s" % authority, "User-Agent: %s" % shared.agent]
    try:
        stream.send(("\r\n".join(lines + authorization(url)) + "\r\n\r\n").encode("ascii", "ignore"))
        answer = read_connect(stream)
        while 100 <= answer["status"] < 200 and record.left():  # interim answers: the last one counts
            answer = read_connect(stream)
    except Stopped as stop:
        stream.close()
        raise stop.more(**dict(facts, stage="connect")) from None
    except ssl.SSLError as error:
        stream.close()
        raise Stopped(
            "error", error=str(getattr(error, "reason", None) or error)[:80], stage="connect", **facts
        ) from None
    facts.update(answer)
    if not 200 <= facts["status"] < 300:
        facts.update(_page(_rest(record, stream, b"", facts["headers"]), facts["headers"]))
        stream.close()
        raise Stopped("denied", stage="connect", **facts)
    return stream, facts


def read_connect(stream):
    """The head of the proxy's answer, byte by byte, so that nothing of the tunnel is swallowed."""
    data = b""
    while not data.endswith(b"\r\n\r\n") and len(data) < 16384:
        part = stream.recv(1)
        if not part:
            break
        data += part
    lines = data.decode("latin-1").split("\r\n")
    match = re.match(r"HTTP/1\.[01] ([0-9]{3})(?: (.*))?$", lines[0])
    if match is None or not data.endswith(b"\r\n\r\n"):
        raise Stopped("garbled" if data else "closed", start=lines[0][:80], bytesReceived=len(data))
    return {"status": int(match.group(1)), "reason": (match.group(2) or "")[:100], "headers": _headers(lines[1:])}


def authorization(url):
    """The header for a proxy that names a user; nothing else ever sees the password."""
    parts = proxy_parts(url)
    if parts["user"] is None:
        return []
    plain = "%s:%s" % (parts["user"], parts["password"])
    return ["Proxy-Authorization: Basic " + base64.b64encode(plain.encode()).decode()]


# ---------------------------------------------------------------------------------------------------------------------
# A target, all targets


class Shared:
    """What all targets of a run have in common."""

    def __init__(self, request):
        self.resolvers = request.get("resolvers")
        self.agent = request.get("userAgent") or "amlnet (connectivity test)"
        self.read_http = bool(request.get("readHttp"))
        proxies = request.get("proxies")
        self.proxies = own_proxies(os.environ) if proxies == "environment" else proxies
        self.context, self.trust = trusting(request.get("trust"))
        self.unverified = new_context(verify=False)


def probe(record, shared):
    """Climbs the layers of one target; every step lands in the record, the first failure ends it."""
    target = record.target
    try:
        url = proxy_of(target, shared.proxies)
        if url is None:
            _climb(record, target, shared)
        else:
            _climb_through(record, url, target, shared)
        if record.watching is not None:
            record.watching.join(max(0.0, record.ends - time.monotonic()))
    except Stopped:
        pass
    except Exception as error:  # outside of every layer, as in a proxy setting that nobody can read
        record.steps.append(_unforeseen(error))
    finally:
        for stream in record.open:
            stream.close()
        record.complete = True


def _unforeseen(error):
    facts = {"failure": _own_limit(error) or "error", "error": type(error).__name__}
    return {"layer": "dns", "outcome": "failed", "elapsedMs": 0, "facts": facts}


def _climb(record, target, shared):
    protocol, port = target["protocol"], target["port"]
    addresses = record.step("dns", resolve, target["host"], shared.resolvers)
    if protocol == "udp":
        record.step("ntp", ask_time, addresses, port)
        return
    sock, address = record.step("tcp", connect, addresses, port)
    stream = Plain(record, sock)
    if protocol == "smb":
        record.step("smb", negotiate_smb, stream)
    if protocol in ("https", "tls"):
        reconnect = _reconnector(record, address, port)
        try:
            stream = record.step("tls", secure, stream, target["host"], shared, reconnect)
        except Stopped as stop:
            if shared.read_http and stop.facts["failure"] in ("reset", "closed"):
                stop.facts["plainHttp"] = _plain_http(record, target["host"], address, shared.agent)
            raise
    if protocol in ("https", "http"):
        record.step("http", exchange, stream, target, shared.agent)


def _climb_through(record, url, target, shared):
    if target["protocol"] == "http":
        stream = record.step("proxy", reach_proxy, url, shared)
        absolute = "http://%s%s" % (_host_header(target), target.get("path") or "/")
        asked = dict(target, extraHeaders=authorization(url))
        record.step("http", exchange, stream, asked, shared.agent, absolute)
        return
    stream = record.step("proxy", tunnel, url, target, shared)

    def again(segment):
        if segment:  # packets behind the proxy are not ours
            raise Stopped("not tried")
        return tunnel(record, url, target, shared)[0]

    stream = record.step("tls", secure, stream, target["host"], shared, again)
    if target["protocol"] == "https":
        record.step("http", exchange, stream, target, shared.agent)


def _reconnector(record, address, port):
    """Another connection to the same address, with small segments on request."""

    def again(segment):
        family, text = address
        try:
            sock = socket.socket(family, socket.SOCK_STREAM)
        except OSError as error:
            raise Stopped("exhausted", errno=_short_of(error)) from None
        if segment and hasattr(socket, "TCP_MAXSEG"):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, segment)
        sock.settimeout(record.left())
        try:
            sock.connect((text, port))
        except OSError as error:
            sock.close()
            raise _broken(error, 0) from None
        return Plain(record, sock)

    return again


class Started:
    """A thread that nobody waits to begin, or dies of; RuntimeError where no more of them can be started."""

    def __init__(self, work, *arguments):
        self.running = threading.Lock()
        self.running.acquire()
        start_new_thread(self._run, (work, arguments))

    def _run(self, work, arguments):
        with contextlib.suppress(BaseException):  # who waits for what it was to bring notices that nothing came
            work(*arguments)
        self.running.release()

    def join(self, timeout):
        """Waits once until it is over, so long at most."""
        self.running.acquire(timeout=timeout)


def run(request):
    """Yields the lines of an answer as dictionaries, results as they finish.

    The request: `schema` (1), `timeoutS` for each target, `targets` (each `id`, `host`, `port`, `protocol`, `path`,
    `websocket`), and optionally `resolvers` (`address:port`, which then decide instead of the system), `proxies`
    ("environment", or {"http", "https", "skip"}), `trust` ({"pem", "only"}), `userAgent`, `readHttp` (after a reset or
    close in TLS, one GET to port 80 of the same address).
    """
    if request.get("schema") != SCHEMA:
        raise ValueError("schema %r is not known; this prober speaks %d" % (request.get("schema"), SCHEMA))
    shared, timeout_s = Shared(request), float(request.get("timeoutS") or 10)
    yield _hello(shared, timeout_s)
    throttled = _throttled_ms()
    with STACKS:
        crew = Crew(shared, request["targets"], timeout_s)
        while crew.waiting or crew.live:
            record = crew.ended(patient=not crew.begin())
            result = crew.result_of(record) if record is not None else None
            if crew.narrower:
                yield crew.room()
            if result is not None:
                yield dict(result, **_held_back(throttled))
    yield dict({"kind": "done", "count": len(request["targets"])}, **_held_back(throttled))


def longest_s(request, places=MOST_THREADS):
    """How long a run takes at most, apart from what is stuck: the last name begins later than the first."""
    count = len(request["targets"])
    return float(request["timeoutS"]) * max(1, -(-count // places)) + max(0, count - MOST_LOOKUPS) * PACE_S


class Stacks:
    """Small stacks and long turns for the threads of runs: thousands with the usual 8 MB are more than some promise."""

    def __init__(self):
        self.lock, self.runs, self.usual = threading.Lock(), 0, (0, 0.005)

    def __enter__(self):
        with self.lock:
            if not self.runs:
                self.usual = threading.stack_size(STACK), sys.getswitchinterval()
                sys.setswitchinterval(SWITCH_S)
            self.runs += 1

    def __exit__(self, *_):
        with self.lock:
            self.runs -= 1
            if not self.runs:
                threading.stack_size(self.usual[0])
                sys.setswitchinterval(self.usual[1])


STACKS = Stacks()


class Lookups:
    """Who may look up a name now: few at a time, one more now and then, and all where nobody was answered so far."""

    def __init__(self, count):
        self.free = threading.BoundedSemaphore(max(MOST_LOOKUPS, min(5 * MOST_LOOKUPS, count // 20)))
        self.began, self.answered = time.monotonic(), False

    def enter(self):
        """Whether it has one of the places, after a moment at most; it may go ahead in either case."""
        if not self.answered and time.monotonic() - self.began > SILENT_S:
            return False
        return self.free.acquire(timeout=PACE_S)

    def release(self):
        """Gives a place back, since its lookup is over."""
        self.answered = True
        self.free.release()


class Crew:
    """The threads of a run, one for each target, so many at a time; few of them look up a name at the same time.

    A target that lacked files, threads or memory, since others had them, is tried again among fewer of them.
    """

    def __init__(self, shared, targets, timeout_s):
        self.shared, self.timeout_s = shared, timeout_s
        self.waiting, self.live, self.finished = list(reversed(targets)), {}, queue.SimpleQueue()
        self.lookups, self.files = Lookups(len(targets)), _raised_files()
        room = MOST_THREADS if self.files is None else max(1, (self.files - FILES_OWN) // FILES_EACH)
        self.most = min(MOST_THREADS, len(targets)) or 1
        self.places, self.too_many = min(room, self.most), self.most + 1
        self.lacking = "files" if self.places < self.most else ""
        self.narrower = bool(self.lacking)  # and nobody was told yet
        self.clean, self.tries, self.vain, self.stuck, self.shown = 0, {}, 0, None, None

    def room(self):
        """The line that tells how many are tried at a time from now on, and what is too little for more of them."""
        self.narrower, self.shown = False, (self.places, self.lacking)
        line = {"kind": "room", "atOnce": self.places, "lacking": self.lacking}
        return line if self.files is None else dict(line, openFiles=self.files)

    def begin(self):
        """Begins the next target if there is one and room for it; whether another may follow at once."""
        if not self.waiting or len(self.live) >= self.places:
            return False
        record = Record(self.waiting[-1], self.timeout_s, self._slot(self.waiting[-1]))
        record.among = self.places
        try:
            Started(self._work, record)
        except RuntimeError as error:  # no more threads just now: those that run must end first
            record.let_next_in()
            return self._wait_for_threads(record, error)
        self.stuck = None
        self.waiting.pop()
        self.live[record] = True
        return bool(self.waiting)

    def _wait_for_threads(self, record, error):
        """A moment later there may be some; where none ever come, the target's result says so."""
        self.stuck = self.stuck or time.monotonic()
        late = time.monotonic() - self.stuck > PATIENCE_S
        if late and self.live and self.places > len(self.live):
            self._narrow(len(self.live), "threads")
        if self.live or not late:
            time.sleep(0.05)
            return False
        record.among, record.complete = 0, True
        record.steps.append(_unforeseen(error))
        self.waiting.pop()
        self.live[record] = True
        self.finished.put(record)
        return True

    def result_of(self, record):
        """The result line of a target that is over; None where it was told before, or the target is tried again."""
        among = max(len(self.live), 1)
        if not self.live.pop(record, False):
            return None
        line = record.close()
        line["steps"] = line["steps"] or [_unforeseen(MemoryError())]  # its thread died before it began
        lack = lacking(line["steps"])
        if not lack:
            self._widen()
        if not lack or (record.among <= 1 and not self._once_more(record)):
            return line
        if record.among <= self.places:
            self.too_many = max(2, min(self.places, among))
            self._narrow(max(1, self.too_many * 2 // 3), lack)
        self.waiting.append(record.target)
        return None

    def _once_more(self, record):
        """Whether one that lacked something though it was alone is tried again: what others left open may close."""
        tries = self.tries.get(record.target["id"], 0)
        if not record.among or tries >= MOST_TRIES or self.vain >= 3 * MOST_TRIES:
            return False
        self.tries[record.target["id"]] = tries + 1
        self.vain += 1  # until one gets through
        time.sleep(0.25 * 2**tries)
        return True

    def _narrow(self, places, lack):
        self.clean, self.places, self.lacking = 0, places, lack
        self.narrower = (places, lack) != self.shown

    def _widen(self):
        """More at a time where none lacked anything: soon up to three quarters of what was too much, then slowly."""
        self.vain = 0
        self.clean += 1
        if self.places < self.most and (4 * self.places < 3 * self.too_many or self.clean > self.places):
            self.clean, self.places = 0, self.places + 1

    def _slot(self, target):
        """The place among those who look up a name, where it needs one and gets it; a proxy looks names up itself."""
        try:
            needed = not _literal(target["host"]) and proxy_of(target, self.shared.proxies) is None
        except ValueError:  # a proxy setting that nobody can read, which its result will say
            needed = False
        return self.lookups if needed and self.lookups.enter() else None

    def _work(self, record):
        try:
            probe(record, self.shared)
        finally:
            record.let_next_in()
            self.finished.put(record)

    def ended(self, patient):
        """A target that is over, if any: sockets stop at the deadline, and what is stuck is given up a moment later."""
        if not self.live:
            return None
        patient = patient and self.stuck is None
        oldest = next(iter(self.live))
        left = oldest.ends + GRACE_S - time.monotonic()
        try:
            return self.finished.get(timeout=max(0.0, left) if patient else 0)
        except queue.Empty:
            return oldest if patient or left <= 0 else None


def _hello(shared, timeout_s):
    proxies = shared.proxies or {}
    return {
        "kind": "hello",
        "schema": SCHEMA,
        "node": socket.gethostname(),
        "python": "%d.%d.%d" % sys.version_info[:3],
        "openssl": ssl.OPENSSL_VERSION,
        "timeoutS": timeout_s,
        "trust": shared.trust,
        "resolvers": shared.resolvers or nameservers(),
        "search": search_domains(),
        "proxies": {
            "http": scrubbed(proxies.get("http")),
            "https": scrubbed(proxies.get("https")),
            "skip": list(proxies.get("skip") or ()),
            "source": proxies.get("source"),
        },
        "ipv6": _has_route(socket.AF_INET6, "2001:db8::1"),
        "startedAt": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def _held_back(before):
    """How long a CPU limit has held this process back since then, if it has."""
    now = None if before is None else _throttled_ms()
    return {"throttledMs": round(now - before, 1)} if now is not None and now > before else {}


def _raised_files():
    """The limit of open files, as high as this process may have it; None where nothing tells, or there is none.

    macOS allows no more than 10,240, whatever its hard limit says (setrlimit(2) there).
    """
    try:
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    except (ImportError, OSError, ValueError):
        return None
    if soft == resource.RLIM_INFINITY:
        return None
    for most in (65536, 10240):
        wanted = most if hard == resource.RLIM_INFINITY else min(hard, most)
        with contextlib.suppress(OSError, ValueError):
            if wanted > soft:
                resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
                return wanted
    return soft


def _throttled_ms():
    """How long the CPU limit of this container has held it back so far (cgroup v2, v1); None where nothing tells."""
    for path, name, unit in (
        ("/sys/fs/cgroup/cpu.stat", "throttled_usec", 1e3),
        ("/sys/fs/cgroup/cpu/cpu.stat", "throttled_time", 1e6),
    ):
        try:
            with open(path, encoding="ascii") as file:
                counters = dict(line.split() for line in file if len(line.split()) == 2)
            return int(counters[name]) / unit
        except (OSError, KeyError, ValueError):
            continue
    return None


def _has_route(family, address):
    """Whether this machine has a route for an address family; connecting a datagram socket sends nothing."""
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as sock:
            sock.connect((address, 9))
        return True
    except OSError:
        return False


def show(request):
    """Prints the lines of the answer to a request."""
    for line in run(request):
        sys.stdout.write("%s%s\n" % (SENTINEL, json.dumps(line, separators=(",", ":"), sort_keys=True)))
        sys.stdout.flush()


def main():
    """Reads a request from standard input, or from the file that is named, and prints the lines of the answer."""
    with open(sys.argv[1], encoding="utf-8") if len(sys.argv) > 1 else sys.stdin as file:
        show(json.load(file))


if __name__ == "__main__":
    main()
