"""A policy as it was handed in: a text, or what Azure answered; and what shape it has."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Iterable, Iterator, Mapping, Optional

from ..codec import TwiceError, once
from ..errors import UsageError

_DEEPEST, _MOST_REFERENCES = 64, 20
_LONGEST_START = 20_000  # of comments in front of JSON


_COMMENT = re.compile(r'"(?:[^"\\]|\\.)*"|//[^\n]*|/\*.*?\*/', re.DOTALL)


def _loaded(text: str) -> Any:
    """JSON as ARM takes it, with comments and texts of several lines.

    https://learn.microsoft.com/azure/azure-resource-manager/templates/syntax#comments-and-metadata (2026-11-26)
    """
    try:
        return json.loads(text, object_pairs_hook=once, strict=False)
    except TwiceError:
        raise
    except ValueError:
        plain = _without_comments(text)
        if plain == text:
            raise
        return json.loads(plain, object_pairs_hook=once, strict=False)


def _without_comments(text: str) -> str:
    """JSON with blanks in the place of its comments, so that places stay; any other text as it is."""
    start = text.lstrip()
    if not start.startswith(("{", "[", "//", "/*")) or "/" not in text:
        return text
    return _COMMENT.sub(lambda match: match[0] if match[0][0] == '"' else re.sub(r"[^\n]", " ", match[0]), text)


_BEGINNING = re.compile(r"\s*(?:\{|\[\s*[\[\]{\"])")


@dataclass(frozen=True)
class Document:
    """A file's text, or a JSON document of Azure (`answer`); `refused` tells what Azure did not show, by id.

    `path` is where the file was found, for files that name each other by more than their name, and `folder` the folder
    that was given in its place.
    """

    name: str
    text: str = ""
    answer: Any = None
    refused: Mapping[str, str] = field(default_factory=dict)
    path: str = ""
    folder: str = ""

    @property
    def looks_like_json(self) -> bool:
        """Whether the text begins as JSON of objects or lists does; a list of expressions may begin with `[a-z]`."""
        return bool(_BEGINNING.match(self.text))

    @cached_property
    def json(self) -> Any:
        """The document as JSON values; None for a text that is none; raises UsageError for one that is broken."""
        if self.answer is not None:
            return self.answer
        if not _without_comments(self.text[:_LONGEST_START]).lstrip().startswith(("{", "[")):
            return None
        try:
            return _loaded(self.text)
        except RecursionError:
            raise UsageError(f"The policy {self.name} is nested too deeply.", "Give what az or ARM wrote.") from None
        except TwiceError as error:
            raise UsageError(f"The policy {self.name} is ambiguous: {error}.", "Keep one of the two.") from None
        except ValueError as error:
            hint = "Was the command that wrote it interrupted? ARM takes comments, and no comma behind the last item."
            raise UsageError(f"The policy {self.name} is no valid JSON: {error}.", hint) from None

    @cached_property
    def yaml(self) -> Optional[list[Any]]:
        """The YAML documents in the text; None for a text that is no YAML of mappings."""
        if self.json is not None:
            return [self.json]
        if not any(line.startswith("kind:") for line in self.text.splitlines()):
            return None
        import yaml

        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        try:
            self._refuse_depth(yaml.parse(self.text, Loader=loader))
            return [item for item in self._composed(loader(self.text)) if item is not None]
        except (yaml.YAMLError, RecursionError, ValueError):
            return None

    @cached_property
    def broken_yaml(self) -> str:
        """Why the text is no YAML, with its line; empty for one that is."""
        import yaml

        try:
            for _ in yaml.parse(self.text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
                pass
        except yaml.MarkedYAMLError as error:
            line = f" in line {error.problem_mark.line + 1}" if error.problem_mark else ""
            return f"{error.problem or 'it cannot be read'}{line}"
        except (yaml.YAMLError, RecursionError, ValueError) as error:
            return str(error).partition("\n")[0]
        return ""

    def _composed(self, loader: Any) -> Iterator[Any]:
        """The documents that a loader of YAML has, each looked through before it is made."""
        try:
            while loader.check_node():
                node = loader.get_node()
                self._refuse_twice(node)
                yield loader.construct_document(node)
        finally:
            loader.dispose()

    def _refuse_twice(self, node: Any) -> None:
        """Raises UsageError for a key that stands in one mapping twice, with its line."""
        if node is None or node.id == "scalar":
            return
        seen: set[str] = set()
        for item in node.value:
            key, value = item if node.id == "mapping" else (None, item)
            if key is not None and key.id == "scalar":
                if key.value in seen:
                    where = f"{self.name}:{key.start_mark.line + 1}"
                    raise UsageError(f"{where}: the key '{key.value[:60]}' stands here twice.", "Keep one of the two.")
                seen.add(key.value)
            self._refuse_twice(value)

    def _refuse_depth(self, events: Iterable[Any]) -> None:
        """Raises UsageError for YAML that would cost more than it says: nested without end, or built of references."""
        depth = references = 0
        for event in events:
            kind = type(event).__name__
            depth += kind.endswith("StartEvent") - kind.endswith("EndEvent")
            references += kind == "AliasEvent"
            if depth > _DEEPEST or references > _MOST_REFERENCES:
                raise UsageError(f"The policy {self.name} is nested too deeply.", "Write it out, without references.")
