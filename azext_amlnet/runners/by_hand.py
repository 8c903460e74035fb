"""What the probe script does when somebody runs it: it tries its targets, or tells what it would send."""

from __future__ import annotations

import argparse
import os
import sys
from typing import Any, Mapping, Sequence

from ..prober import show

_OTHERS = {
    "tls": "a TLS handshake with",
    "tcp": "a connection to",
    "smb": "an SMB negotiation with",
    "udp": "one NTP question to",
}


def by_hand(request: Mapping[str, Any], about: str, words: Sequence[str]) -> None:
    """Runs the script with the words of its command line; an unknown word exits with 2, and nothing is sent.

    Standard Python of 3.8 and nothing else, because it travels with the prober.
    """
    kind = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=about, formatter_class=kind, allow_abbrev=False)
    parser.add_argument("--list", action="store_true", help="tell what would be sent, and send nothing")
    parser.add_argument("--output-file", metavar="FILE", help="write there, in UTF-8, and not to standard output")
    arguments = parser.parse_args(words)
    if arguments.output_file:
        try:
            sys.stdout = open(arguments.output_file, "w", encoding="utf-8")  # noqa: SIM115 (until the process ends)
        except OSError as error:
            parser.error(f"{arguments.output_file} cannot be written: {error.strerror}")
    try:
        if arguments.list:
            print("\n".join(map(sent, request["targets"])))
        else:
            show(request)
        sys.stdout.flush()
    except BrokenPipeError:  # who reads has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    if arguments.output_file and not arguments.list:
        tried = len(request["targets"])
        sys.stderr.write(f"{tried} endpoints tried. Take {arguments.output_file} back: --results-file reads it.\n")


def sent(target: Mapping[str, Any]) -> str:
    """What is sent to a target, in words."""
    address = f"{target['host']}:{target['port']}"
    if target["protocol"] not in ("https", "http"):
        return f"{_OTHERS[target['protocol']]} {address}"
    upgrade = " with Upgrade: websocket" if target["websocket"] else ""
    return f"GET {target['protocol']}://{address}{target['path']}{upgrade}"
