"""What the pages that the catalog cites name today, held against the catalog.

    make pages DOCS=folder-of-clones
    python -m tools.pages FOLDER [--page ID…] [--update] [--complete]

FOLDER holds work trees of the documentation repositories (`owner/name`, `owner+name` or `name`); a partial tree will
do, and what is not there is *not looked at*. Nothing is fetched. `tools/pages.yaml` says where each page's text is kept
and the digest of the hosts that it named when it was last compared; `tools/pages-accepted.yaml` has the differences
that are deliberate, each with its reason.

Exit code 0: all that was looked at agrees. 8: there are differences. 2: nothing could be looked at, or a file is wrong.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Iterator, Mapping, Optional, Sequence

import yaml

from azext_amlnet.catalog import load
from azext_amlnet.errors import CatalogError
from azext_amlnet.model import Catalog

from .doctree.differences import Book, Difference, differences, digest
from .doctree.mentions import Mention, mentions
from .doctree.passages import passages
from .doctree.trees import Tree, tree_of

HERE = Path(__file__).resolve().parent
WATCHED, ACCEPTED = HERE / "pages.yaml", HERE / "pages-accepted.yaml"
CONTENT = ("missing", "gone", "level", "scenario")
"""The differences that can be deliberate; that a page changed, moved or vanished is news each time."""


@dataclass
class Page:
    """A page of the catalog: where its text is kept, or why nobody looks at it."""

    id: str
    url: str
    repo: str = ""
    path: str = ""
    includes: tuple[str, ...] = ()
    hosts: str = ""
    unwatched: str = ""


@dataclass(frozen=True)
class Accepted:
    """A deliberate difference: every host (a pattern) of a kind in a section (its beginning) of a page, and why."""

    page: str
    reason: str
    kinds: tuple[str, ...] = CONTENT
    section: str = ""
    hosts: tuple[str, ...] = ("*",)

    def covers(self, one: Difference) -> bool:
        """Whether the difference is this one."""
        host = one.host.partition(" ")[0]  # the clouds follow in brackets
        names = (host, host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host)
        return (
            self.page == one.page
            and one.kind in self.kinds
            and self.section.lower() in one.section.lower()
            and any(fnmatchcase(name, pattern) for pattern in self.hosts for name in names)
        )


@dataclass(frozen=True)
class Look:
    """What became of one page: its differences, or why it was not looked at."""

    page: Page
    differences: tuple[Difference, ...] = ()
    unseen: str = ""
    named: str = ""
    includes: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    commit: str = ""


def bibliography(folder: Path) -> dict[str, str]:
    """The URLs of the catalog's pages by their ids."""
    book = yaml.safe_load((folder / "catalog.yaml").read_text(encoding="utf-8"))
    return {id: page["url"] for id, page in book["pages"].items()}


def watched(pages: Mapping[str, str], file: Path) -> list[Page]:
    """The pages of the catalog's bibliography as the file has them. Raises ValueError when one lacks or is too many."""
    rows = yaml.safe_load(file.read_text(encoding="utf-8"))["pages"]
    strange = sorted(set(rows) ^ set(pages))
    if strange:
        raise ValueError(f"{file.name} and the pages of the catalog differ in: {', '.join(strange)}")
    return [Page(id=id, url=url, **_fields(rows[id], id)) for id, url in pages.items()]


def _fields(row: Mapping[str, Any], id: str) -> dict[str, Any]:
    if bool(row.get("unwatched")) == bool(row.get("repo") and row.get("path")):
        raise ValueError(f"{WATCHED.name}: {id} needs either 'repo' and 'path', or the reason why it is 'unwatched'")
    return {**row, "includes": tuple(row.get("includes", ()))}


def accepted(file: Path) -> list[Accepted]:
    """The deliberate differences. Raises ValueError for one without a reason or of an unknown kind."""
    rules = []
    for row in yaml.safe_load(file.read_text(encoding="utf-8")) or []:
        kinds = row.pop("kinds", CONTENT)
        if not row.get("reason") or set(kinds) - set(CONTENT):
            raise ValueError(f"{file.name}: {row}: needs a reason, and kinds among {', '.join(CONTENT)}")
        rules.append(Accepted(**{**row, "kinds": tuple(kinds), "hosts": tuple(row.get("hosts", ("*",)))}))
    return rules


def look(page: Page, tree: Optional[Tree], book: Book, catalog: Catalog) -> Look:
    """One page, as a work tree has it."""
    if page.unwatched or tree is None:
        return Look(page, unseen=page.unwatched or f"no work tree of {page.repo}")
    text = tree.text(page.path)
    if text is None:
        return _absent(page, tree)
    absent: list[str] = []

    def include(path: str, from_file: str) -> Optional[tuple[str, str]]:
        file = tree.include(path, from_file)
        brought = tree.text(file)
        if brought is None:
            absent.append(file)
        return None if brought is None else (file, brought)

    named: list[Mention] = [one for passage in passages(text, page.path, include) for one in mentions(passage)]
    lacking = sorted(set(absent) & set(page.includes))
    if lacking:  # includes that named hosts; others are banners and advice
        return Look(page, unseen=f"{tree.root.name} lacks what it includes: {', '.join(lacking)}", commit=tree.commit)
    now, naming = digest(named), sorted({one.passage.file for one in named} - {page.path})
    all_of_it = list(differences(page.id, page.url, named, book, catalog))
    if now != page.hosts:
        was = f"the digest of the last comparison is {page.hosts}" if page.hosts else "it was never compared"
        because = f"{len({one.host for one in named})} hosts, digest {now}; {was}"
        all_of_it.insert(0, Difference("changed", page.id, "-", page.path, "", because))
    return Look(page, tuple(all_of_it), named=now, includes=tuple(naming), absent=tuple(absent), commit=tree.commit)


def _absent(page: Page, tree: Tree) -> Look:
    """A page whose file is not in the tree: moved, vanished, or not looked at where a partial tree cannot tell."""
    url = tree.moved(page.path)
    if url is not None:
        successor = tree.successor(page.path, url)
        because = f"redirected to {url}" + (f"; the text is now {successor}" if successor else "")
        return Look(page, (Difference("moved", page.id, "-", page.path, "", because),), commit=tree.commit)
    if tree.exists(page.path) is False:
        because = f"not in {page.repo} any more, and no redirection names it"
        return Look(page, (Difference("vanished", page.id, "-", page.path, "", because),), commit=tree.commit)
    return Look(page, unseen=f"{page.path} is not in this partial tree", commit=tree.commit)


def report(looks: Sequence[Look], rules: Sequence[Accepted]) -> tuple[list[Difference], list[str]]:
    """What is left of the differences, and the lines that tell all of it."""
    left, lines, used = [], [], set()
    for seen in looks:
        for one in seen.differences:
            rule = next((number for number, rule in enumerate(rules) if rule.covers(one)), None)
            used |= {rule} - {None}
            if rule is None:
                left.append(one)
                lines.append("  ".join(part for part in (f"{one.kind:9}", one.page, one.host, one.where) if part))
                lines += [f"           {text}" for text in (one.section, one.because) if text]
    read = {seen.page.id for seen in looks if not seen.unseen}
    stale = [rule for number, rule in enumerate(rules) if number not in used and rule.page in read]
    lines += [f"not needed  {rule.page}: the accepted difference '{rule.reason}' is none any more" for rule in stale]
    lines += sorted({f"tree  {seen.page.repo} at {seen.commit}" for seen in looks if seen.commit and not seen.unseen})
    lines += [f"not looked at  {seen.page.id}: {seen.unseen}" for seen in looks if seen.unseen]
    lines += [
        f"not looked at  {seen.page.id}: included, not in this tree: {path}" for seen in looks for path in seen.absent
    ]
    total = sum(len(seen.differences) for seen in looks)
    lines.append(f"{len(read)} of {len(looks)} pages looked at: {len(left)} differences, {total - len(left)} accepted.")
    return left, lines


def update(looks: Sequence[Look], file: Path) -> None:
    """Writes the digests and includes of what was looked at."""
    lines = file.read_text(encoding="utf-8").splitlines()
    by_id = {seen.page.id: seen for seen in looks if seen.named}
    for number, line in enumerate(lines):
        id = line.strip().partition(":")[0]
        if line.startswith("  ") and not line.startswith("   ") and id in by_id:
            lines[number] = _line(by_id[id])
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _line(seen: Look) -> str:
    page = seen.page
    includes = f", includes: [{', '.join(seen.includes)}]" if seen.includes else ""
    return f'  {page.id}: {{repo: {page.repo}, path: {page.path}, hosts: "{seen.named}"{includes}}}'


def looked(folder: Path, pages: Sequence[Page], catalog: Catalog, complete: bool) -> Iterator[Look]:
    """Every page, each repository's tree opened once."""
    book = Book(catalog)
    trees = {repo: tree_of(folder, repo, complete) for repo in {page.repo for page in pages if page.repo}}
    yield from (look(page, trees.get(page.repo), book, catalog) for page in pages)


def arguments(words: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tools.pages", description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="work trees of the documentation repositories")
    parser.add_argument("--page", nargs="*", default=[], help="only these pages")
    parser.add_argument("--update", action="store_true", help="write the digests and includes of today's pages")
    parser.add_argument("--complete", action="store_true", help="the trees lack nothing: a missing page has vanished")
    parser.add_argument("--watched", type=Path, default=WATCHED, help=argparse.SUPPRESS)
    parser.add_argument("--accepted", type=Path, default=ACCEPTED, help=argparse.SUPPRESS)
    parser.add_argument("--catalog", help=argparse.SUPPRESS)
    return parser.parse_args(words)


def main(words: Sequence[str]) -> int:
    """Prints the report and returns the exit code."""
    options = arguments(words)
    try:
        catalog = load(options.catalog)
        pages = watched(bibliography(Path(catalog.path)), options.watched)
        rules = accepted(options.accepted)
        pages = [page for page in pages if not options.page or page.id in options.page]
        looks = list(looked(options.folder, pages, catalog, options.complete))
    except (OSError, ValueError, CatalogError) as error:
        print(f"ERROR: {error}", file=sys.stderr)
        return 2
    left, lines = report(looks, rules)
    print("\n".join(lines))
    if not any(seen.named or seen.differences for seen in looks):
        print(f"ERROR: {options.folder}: none of the pages could be looked at.", file=sys.stderr)
        return 2
    if options.update:
        update(looks, options.watched)
    return 8 if left else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
