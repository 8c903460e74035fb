"""What fields of records hold, read without trust: hosts, ports, addresses and times. Pure."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import Any, Iterator, Optional

from ...text import is_address, is_host, is_local_name, lower, one_line
from ..model import Key, Raw

_PORT = re.compile(r"(.*):([0-9]{1,5})\Z", re.DOTALL)
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]{0,15})://", re.IGNORECASE)
_USUAL = {"http": 80, "https": 443, "ws": 80, "wss": 443, "ftp": 21}


def text_of(value: Any) -> str:
    """A text as it is, empty for anything else and for what stands for nothing."""
    return "" if not isinstance(value, str) or value in ("-", "None", "null") else value.strip()


def port_of(value: Any) -> int:
    """A port, 0 for what is none."""
    if isinstance(value, str):
        digits = value.strip().removesuffix(".0")
        value = int(digits) if re.fullmatch(r"[0-9]{1,5}", digits) else 0
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 65536 else 0


def whole_of(text: str, most: int = 12) -> int:
    """A number of so many digits at most, 1 for what is none."""
    plain = text.removesuffix(".0")
    return int(plain) if re.fullmatch(rf"[0-9]{{1,{most}}}", plain, re.ASCII) else 1


def host_of(value: Any) -> str:
    """A host name as names are compared, of one label or more; empty for an address, and for what is no name."""
    name = lower(text_of(value)).rstrip(".")
    if not name.isascii():
        try:
            name = name.encode("idna").decode()
        except UnicodeError:
            return ""
    return name if is_host(name) or is_local_name(name) else ""


def rule_of(*names: Any) -> str:
    """A rule by its names, from the outermost on, without what could be a secret, and no longer than a line."""
    return one_line("/".join(filter(None, map(text_of, names))), 200)


def ip_of(value: Any) -> str:
    """An IPv4 address, or an IPv6 one in its brackets' place; empty for what is none."""
    text = text_of(value).strip("[]")
    return text if is_address(text) or (text.count(":") > 1 and re.fullmatch(r"[0-9a-fA-F:.]{2,45}", text)) else ""


def place_of(text: str, usual: int = 0) -> tuple[str, str, int]:
    """The host, or the address, and the port of a URL or of `host:port`; of the rest of a URL nothing is kept."""
    match = _SCHEME.match(text)
    usual = _USUAL.get(match[1].lower(), usual) if match else usual
    authority = re.split(r"[/?#]", text[match.end() :] if match else text, maxsplit=1)[0].rpartition("@")[2]
    behind = _PORT.match(authority) if not authority.endswith("]") else None
    name, port = (behind[1], port_of(behind[2])) if behind and behind[1].count(":") != 1 else (authority, usual)
    return host_of(name), ip_of(name), port


def spread(key: Key, client: str, first: str, last: str, count: int) -> Iterator[Raw]:
    """Several records of one kind and client, of which the first and the last time are known."""
    if count > 1:
        yield key, client, first, count - 1
    yield key, client, last, 1


# ---------------------------------------------------------------------------------------------------------------------
# Times: as texts in UTC that sort


def utc(moment: datetime) -> str:
    """A moment as these reports write it; one without a zone is taken for UTC."""
    moment = moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
    try:
        return moment.astimezone(timezone.utc).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
    except OverflowError:
        return ""


def of_epoch(seconds: float) -> str:
    """A moment by the seconds since 1970; empty for what is none."""
    try:
        return utc(datetime.fromtimestamp(seconds, timezone.utc))
    except (ValueError, OverflowError, OSError):
        return ""


def epoch_of(text: str) -> str:
    """A moment as `utc` writes it, by the seconds since 1970 with three digits behind; empty for none."""
    if not text:
        return ""
    return f"{datetime.fromisoformat(text[:-1]).replace(tzinfo=timezone.utc).timestamp():014.3f}"


_ISO = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[T ]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:[.,]([0-9]{1,9}))?\s*"
    r"(Z|[+-][0-9]{2}:?[0-9]{2})?\Z"
)


def of_iso(text: Any) -> str:
    """A moment in ISO 8601, with any number of digits and any offset; empty for what is none."""
    match = _ISO.match(text.strip()) if isinstance(text, str) and len(text) < 100 else None
    if match is None:
        return ""
    try:
        micro = int((match[7] or "0").ljust(6, "0")[:6])
        moment = datetime(*(int(match[n]) for n in range(1, 7)), micro, tzinfo=_zone(match[8]))  # type: ignore[misc,arg-type]
    except ValueError:
        return ""
    return utc(moment)


def _zone(text: Optional[str]) -> timezone:
    if not text or text == "Z":
        return timezone.utc
    digits = text.replace(":", "")
    minutes = int(digits[1:3]) * 60 + int(digits[3:5])
    return timezone(timedelta(minutes=-minutes if digits[0] == "-" else minutes))


def of_form(text: str, *forms: str) -> str:
    """A moment in one of some forms of `strptime`; empty for what is in none."""
    for form in forms:
        try:
            return utc(datetime.strptime(text.strip(), form))
        except ValueError:
            continue
    return ""
