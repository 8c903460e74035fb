"""Text from elsewhere: what it may be taken for, and made harmless to terminals and pipelines."""

from __future__ import annotations

import hashlib
import re
from typing import Iterable, Iterator, Mapping, Sequence

_COMMAND = re.compile(r"##(?=\[|vso\[)", re.IGNORECASE)
_WORKFLOW = re.compile(r"^(\s*)::(?=[A-Za-z].*?::)")
_USER = re.compile(r"((?<![a-z0-9+.-])[a-z][a-z0-9+.-]{0,15}://)[^\s/@\"'<>]{0,300}@", re.IGNORECASE)
# Behind an address of any kind, or a path that begins a word; `https:\/\/` is how JSON writes it.
_QUERY = re.compile(
    r"((?:(?<![a-z0-9+.-])[a-z][a-z0-9+.-]{0,15}:)?(?:\\?/){2}[^\s?#\"'<>]{1,2000}|(?<!\S)/[^\s?#\"'<>]{0,2000})"
    r"[?#][^\s\"]+",
    re.IGNORECASE,
)
# A label may begin with an underscore (it does in some service names); a whole name has 253 characters at most and
# ends in a label that is no number, so that no address passes for a name.
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_LOCAL = re.compile(rf"(?![0-9]+\Z){_LABEL}\Z")
_HOST = re.compile(rf"(?=.{{1,253}}\Z)(?:{_LABEL}\.)+(?![0-9]+\Z){_LABEL}\Z")
_TAG = re.compile(r"[A-Za-z][A-Za-z0-9]{1,63}(?:\.[A-Za-z0-9]{1,63})?\Z")
_REGION = re.compile(r"[a-z][a-z0-9]{2,39}\Z")


def harmless(text: str) -> str:
    """The text with what a terminal or the log of a pipeline would take for a command made plain.

    Azure Pipelines' agent looks for `##vso[` anywhere in a line (https://github.com/microsoft/azure-pipelines-agent,
    Command.cs), GitHub's runner for `##[` anywhere and for `::name …::` where a line begins
    (https://github.com/actions/runner, ActionCommand.cs).
    """
    plain = _COMMAND.sub("# #", "".join(c if c.isprintable() else " " for c in text))
    return _WORKFLOW.sub(r"\1: :", plain)


def without_secrets(text: str) -> str:
    """The text with the query strings and the user parts of its addresses left out: both can be secrets."""
    return _QUERY.sub(r"\1", _USER.sub(r"\1", text))


def line(text: str) -> str:
    """The text on one printable, harmless line."""
    return " ".join(harmless(text).split())


_ENOUGH = 4000
"""Of a text that is longer, so much of its beginning and of its end is looked at."""


def one_line(text: str, most: int = 600) -> str:
    """The text on one such line of at most `most` characters."""
    text = text if len(text) <= 2 * _ENOUGH else f"{text[:_ENOUGH]} … {text[-_ENOUGH:]}"
    whole = line(without_secrets(text))
    if len(whole) <= most:
        return whole
    end = most * 2 // 3  # the reason stands at the end of what runtimes and Go say
    return f"{whole[: most - end - 3]} … {whole[-end:]}"


def few(names: Sequence[str], most: int = 8) -> str:
    """The first of some names, and how many more there are."""
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def lower(text: str) -> str:
    """The text with A to Z made small, as names are compared; other scripts' look-alikes stay what they are."""
    return text.lower() if text.isascii() else "".join(c.lower() if c.isascii() else c for c in text)


def issuer_names(issuer: Mapping[str, object]) -> list[str]:
    """Organization and common name of a certificate's issuer, as far as it has them."""
    return [str(issuer[key]) for key in ("O", "CN") if issuer.get(key)]


def endpoint(host: str, port: int, protocol: str) -> str:
    """`host`, with the port where it is not 443, with the protocol where the port does not tell it."""
    if protocol == "https":
        return host if port == 443 else f"{host}:{port}"
    return f"{host}:{port}" if (protocol, port) == ("http", 80) else f"{host}:{port}/{protocol}"


def is_host(text: str) -> bool:
    """Whether the text is a lower-case host name of two labels at least; nothing else ever enters a rule."""
    return bool(_HOST.match(text))


def is_wildcard(text: str) -> bool:
    """Whether the text is a host name behind a leading `*.`."""
    return text.startswith("*.") and is_host(text[2:])


def is_address(text: str) -> bool:
    """Whether the text is an IPv4 address."""
    return bool(re.match(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}\Z", text)) and all(int(n) < 256 for n in text.split("."))


def is_destination(text: str) -> bool:
    """Whether the text is a host name, a wildcard or an address."""
    return is_host(text) or is_wildcard(text) or is_address(text)


def is_target(text: str) -> bool:
    """Whether the text is a host name or an address: something that can be connected to."""
    return is_host(text) or is_address(text)


def is_local_name(text: str) -> bool:
    """Whether the text is a lower-case host name of one label, as an intranet's: `localhost`, `proxy`."""
    return bool(_LOCAL.match(text))


def is_requirement_host(text: str) -> bool:
    """Whether the text is a host, a wildcard, an address, a service tag, or one with a visible `<placeholder>`."""
    placeholder = r"<[a-z][a-z ]{1,40}>"
    return is_destination(re.sub(placeholder, "x.x", text)) or is_service_tag(re.sub(placeholder, "x", text))


def is_region(text: str) -> bool:
    """Whether the text is a region in ARM's lower-case form (`westeurope`)."""
    return bool(_REGION.match(text))


def is_service_tag(text: str) -> bool:
    """Whether the text has the form of a service tag (`AzureCloud.westeurope`)."""
    return bool(_TAG.match(text))


def is_resource_id(text: str) -> bool:
    """Whether the text is a plain ARM id: one printable line without quotes, brackets and braces."""
    plain = re.match(r"/subscriptions/[^\"<>`\\{}]{1,1000}\Z", text, re.IGNORECASE)
    return bool(plain) and harmless(text) == text


def is_workspace_id(text: str) -> bool:
    """Whether the text is the ARM id of an Azure ML workspace."""
    kind = r"/resourcegroups/[^/]+/providers/microsoft\.machinelearningservices/workspaces/[^/]+\Z"
    return is_resource_id(text) and bool(re.search(kind, text, re.IGNORECASE))


def is_label(text: str) -> bool:
    """Whether the text can be the name of an Azure resource or a GUID."""
    return bool(re.match(r"[A-Za-z0-9][A-Za-z0-9._()-]{0,127}\Z", text))


def is_qualified(text: str) -> bool:
    """Whether the text is the name of a resource, perhaps behind those that it is in: `group/workspace/compute`."""
    return text.count("/") < 4 and all(map(is_name, text.split("/")))


def is_name(text: str) -> bool:
    """Whether the text is a name that Azure allows for a resource or a resource group: letters of any script, digits,
    and `-_.()`, of which a group's may begin with any."""
    plain = all(character.isalnum() or character in "-_.()" for character in text)
    return plain and 0 < len(text) <= 128 and text.strip(".") != ""


ANY = "*"
"""In place of a compute's name: whichever there are of a workspace of which none is known."""


def is_needing(text: str) -> bool:
    """Whether the text is who needs a row: a compute, as `is_qualified` has it, or `workspace/*`."""
    return is_qualified(text[: -len(ANY) - 1] if text.endswith(f"/{ANY}") else text)


def by_workspace(computes: Iterable[str]) -> dict[str, list[str]]:
    """Names of computes as rows have them (`compute`, `workspace/compute`), by what stands in front, if anything.

    Where whichever computes a workspace has are among them (`workspace/*`), they stand for all of it.
    """
    names: dict[str, list[str]] = {}
    for name in computes:
        if not is_no_compute(name):
            names.setdefault(name.rpartition("/")[0], []).append(name)
    whole = {front: [name for name in some if name.rpartition("/")[2] == ANY] for front, some in names.items()}
    return {front: whole[front] or some for front, some in names.items()}


def is_no_compute(text: str) -> bool:
    """Whether the text is who needs a row for what no cluster does: `workspace/(workstation)`."""
    return "/(" in text and text.endswith(")")


def digest(text: str) -> str:
    """Eight characters that tell a text from others."""
    return hashlib.sha256(text.encode()).hexdigest()[:8]


SOURCES_OF, _LONGEST_OF = "sourceAddressesOf", 100
"""How a parameter for the source addresses of computes begins, and how much of their names it has."""
OF_COMPUTE = "compute"
OF_WORKSPACE = "workspace"
"""What names, in the metadata of such a parameter, the one compute whose addresses it is for, and what tells its
workspace from others of the same name: the digest of its id."""


def addresses_of(compute: str, workspace: str = "") -> str:
    """What stands for the addresses of a compute in the parameter of all, while they are not known.

    `workspace` is what tells its workspace from others of the same name, if anything does.
    """
    return f"<addresses of {compute}{f', workspace {workspace}' if workspace else ''}>"


def compute_of(text: str) -> tuple[str, str]:
    """The compute whose addresses a text stands for, and what tells its workspace; empty for any other text."""
    match = re.fullmatch(r"<addresses of ([^<>,]{1,600})(?:, workspace ([0-9a-f]{1,64}))?>", text)
    return (match[1], match[2] or "") if match and is_needing(match[1]) else ("", "")


def source_parameters(names: Sequence[str]) -> tuple[str, str]:
    """What `export` calls the parameter for computes' addresses: as a rule, and where that is too long or another's."""
    words = re.findall(r"[A-Za-z0-9]+", " ".join(names))
    camel = "".join(word[:1].upper() + word[1:] for word in words)
    apart = f"{SOURCES_OF}{camel[: _LONGEST_OF - 8]}{digest(' '.join(names))}"
    return (f"{SOURCES_OF}{camel}" if len(camel) <= _LONGEST_OF else apart), apart


def range_of(text: str) -> str:
    """An IPv4 address, or a range by its length, without bits behind that, as Azure takes it; empty for any other."""
    import ipaddress

    if not re.fullmatch(r"[0-9.]{7,15}(?:/[0-9]{1,2})?", text):
        return ""
    try:
        network = ipaddress.IPv4Network(text, strict=False)
    except ValueError:
        return ""
    return str(network) if "/" in text else str(network.network_address)


def nested(ranges: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Each address or range that lies in another of these, and that one."""
    import ipaddress

    networks = {text: ipaddress.ip_network(text, strict=False) for text in ranges}
    outer = ""
    for text in sorted(networks, key=lambda text: (networks[text].version, networks[text], text)):
        own, holder = networks[text], networks.get(outer)
        if holder and own.version == holder.version and own.subnet_of(holder):  # type: ignore[arg-type]
            yield text, outer
        else:
            outer = text


PRIVATE_RANGES = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
"""What the Internet does not lead to: RFC 1918, and RFC 6598 (carrier-grade NAT)."""
PRIVATE_RANGE_V6 = "fc00::/7"
"""The same of IPv6: RFC 4193."""


def is_range(text: str) -> bool:
    """Whether the text is an IP address or a range of them with its length: `10.1.0.0/16`."""
    import ipaddress

    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def is_line(text: str) -> bool:
    """Whether the text is one line that terminals and pipelines only show, of 2,000 characters at most."""
    return len(text) <= 2000 and harmless(text) == text


def is_base64(text: str) -> bool:
    """Whether the text is base64 on one line, of 200 kB at most."""
    return bool(re.match(r"[A-Za-z0-9+/]{0,200000}={0,2}\Z", text))


def is_port(number: int) -> bool:
    """Whether the number can be a port."""
    return 0 < number < 65536
