"""What the values of the nouns must look like: checks of text, and dataclass fields that carry them."""

from __future__ import annotations

import re
from dataclasses import field
from typing import Any, Callable

# A label may begin with an underscore (it does in some service names); a whole name has 253 characters at most and
# ends in a label that is no number, so that no address passes for a name.
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_HOST = re.compile(rf"(?=.{{1,253}}\Z)(?:{_LABEL}\.)+(?![0-9]+\Z){_LABEL}\Z")
_TAG = re.compile(r"[A-Za-z][A-Za-z0-9]{1,63}(?:\.[A-Za-z0-9]{1,63})?\Z")
_REGION = re.compile(r"[a-z][a-z0-9]{2,39}\Z")


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
    return bool(re.match(r"/subscriptions/[^\"<>`\\{}]{1,1000}\Z", text, re.IGNORECASE)) and text.isprintable()


def is_label(text: str) -> bool:
    """Whether the text can be the name of an Azure resource or a GUID."""
    return bool(re.match(r"[A-Za-z0-9][A-Za-z0-9._()-]{0,127}\Z", text))


def is_line(text: str) -> bool:
    """Whether the text is one line that a terminal can show: no control characters, 2,000 characters at most."""
    return len(text) <= 2000 and text.isprintable()


def is_base64(text: str) -> bool:
    """Whether the text is base64 on one line, of 200 kB at most."""
    return bool(re.match(r"[A-Za-z0-9+/]{0,200000}={0,2}\Z", text))


def is_port(number: int) -> bool:
    """Whether the number can be a port."""
    return 0 < number < 65536


def checked(check: Callable[[Any], bool], what: str, **keywords: Any) -> Any:
    """A dataclass field whose values must pass a check when they are read from a file."""
    return field(metadata={"check": check, "what": what}, **keywords)


def host(**keywords: Any) -> Any:
    """A field that holds a host name."""
    return checked(is_host, "a host name", **keywords)


def line(**keywords: Any) -> Any:
    """A field that holds one line of text."""
    return checked(is_line, "one line of text", **keywords)


def resource_id(**keywords: Any) -> Any:
    """A field that holds an ARM id."""
    return checked(is_resource_id, "an Azure resource id", **keywords)


def name(**keywords: Any) -> Any:
    """A field that holds the name of a resource."""
    return checked(is_label, "a resource name", **keywords)


def region(**keywords: Any) -> Any:
    """A field that holds a region."""
    return checked(is_region, "a region such as 'westeurope'", **keywords)


def port(**keywords: Any) -> Any:
    """A field that holds a port."""
    return checked(is_port, "a port from 1 to 65535", **keywords)
