"""Markdown: of a list all of it, for a ticket; of a test or a check a job's summary, ten lines and what failed.

Azure DevOps takes it by ##vso[task.uploadsummary], GitHub by $GITHUB_STEP_SUMMARY.
https://learn.microsoft.com/azure/devops/pipelines/scripts/logging-commands and
https://docs.github.com/actions/reference/workflow-commands-for-github-actions (2026-11-26)
"""

from __future__ import annotations

import re
from typing import Any, Iterator, Mapping, Sequence

from ..text import few, line, one_line
from . import FINE, by_change, count_of, endpoint
from .compare_html import headline as compared_headline
from .compare_html import sides
from .compare_html import title_of as compared_title
from .explain_log_html import headline as log_headline
from .explain_log_html import logged, source_line, span_line
from .explain_log_html import title_of as log_title
from .explain_log_html import why as why_logged
from .interception import sentence
from .requirements_html import headline, title_of
from .scope import several, subject
from .tasks import Task, by_topic, tasks

_MOST_HOSTS = 100


def render(document: Mapping[str, Any]) -> str:
    """The Markdown of a report, or of a list, as plain JSON values."""
    of_rows = _compared if "before" in document else _of_log if "span" in document else _list
    lines = of_rows(document) if "rows" in document else _summary(document)
    return "\n".join(lines) + "\n"


def plain(text: str) -> str:
    """A text that neither Markdown, HTML, a table nor a runner's log takes for its own."""
    safe = re.sub(r"([\\`*_\[\]|~<>&$])", r"\\\1", one_line(str(text), 1000))
    return safe.replace("\\<", "&lt;").replace("\\>", "&gt;").replace("\\&", "&amp;").replace("::", ":\u200b:")


def code(text: str) -> str:
    """A name in a code span; a table's bar and a span's own sign are nowhere in names."""
    return "`" + re.sub(r"[`|]", " ", line(str(text))) + "`"


# ---------------------------------------------------------------------------------------------------------------------
# A job's summary


def _summary(report: Mapping[str, Any]) -> Iterator[str]:
    of_policy = "findings" in report
    counts = report["summary"]["coverage" if of_policy else "verdicts"]
    todo = tasks(report)
    workspace = subject(report)
    what = "Outbound policy" if of_policy else "Outbound connectivity"
    yield f"## {what}{f' of {plain(workspace)}' if workspace else ''}: {_verdict(report, todo)}"
    yield ""
    yield " · ".join(_counted(report, counts)) or "nothing was measured"
    if todo:
        yield ""
        yield "| owner | cause | endpoints | what to do |"
        yield "|---|---|---|---|"
        yield from map(_line, todo)
    yield ""
    yield from (plain(sentence(one)) for one in report.get("interception", ()))
    place = ", ".join(policy["name"] for policy in report["policy"]) if of_policy else _places(report)
    when = report["checkedAt" if of_policy else "startedAt"]
    tool = report["tool"]
    yield plain(f"{when}, {place}; {tool['name']} {tool['version']}, catalog {report['catalog']['version']}")


def _counted(report: Mapping[str, Any], counts: Mapping[str, int]) -> Iterator[str]:
    """How many rows have each word; of what is not fine, how many are required where not all are."""
    required = report["summary"]["levels"]["required"]
    for word, count in counts.items():
        some = word not in (*FINE, "skipped") and required[word] != count
        if count:
            yield f"{count} {word}" + (f" ({required[word]} required)" if some else "")


def _verdict(report: Mapping[str, Any], todo: Sequence[Task]) -> str:
    code_, failing = report["summary"]["exitCode"], [row for task in todo for row in task.failing]
    if failing:
        which = "required " if all(row["level"] == "required" for row in failing) else ""
        count = count_of(failing)
        return f"{count} {which}endpoint{'s fail' if count != 1 else ' fails'} (exit code {code_})"
    if code_ == 0 and any(row["level"] == "required" for task in todo for row in task.rows):
        return "nothing is worse than the baseline (exit code 0)"
    return "fine" if code_ == 0 else f"exit code {code_}"


def _places(report: Mapping[str, Any]) -> str:
    return ", ".join(f"{vantage['name']} ({vantage['place']})" for vantage in report["vantages"])


def _line(task: Task) -> str:
    hosts = list(dict.fromkeys(endpoint(row) for row in task.rows))
    shown = ", ".join(map(code, hosts[:_MOST_HOSTS]))
    more = f" and {len(hosts) - _MOST_HOSTS} more" if len(hosts) > _MOST_HOSTS else ""
    return f"| {plain(task.owner)} | {plain(task.cause)} | {shown}{more} | {plain(' '.join(task.hints))} |"


# ---------------------------------------------------------------------------------------------------------------------
# A comparison


def _compared(document: Mapping[str, Any]) -> Iterator[str]:
    """What differs; rows that are as before are counted only."""
    yield f"## {plain(compared_title(document))}: {plain(compared_headline(document))}"
    yield ""
    yield f"{plain(sides(document))}; exit code {document['summary']['exitCode']}"
    rows = [row for row in by_change(document) if row["change"] != "same" or row["diagnosis"]]
    if rows:
        yield from ("", "| change | endpoint | before | after | diagnosis | |", "|---|---|---|---|---|---|")
    for row in rows[:_MOST_HOSTS]:
        cells = [
            row["change"],
            code(endpoint(row)),
            *(plain(row[key] or "") for key in ("before", "after", "diagnosis")),
        ]
        yield f"| {' | '.join(cells)} | {plain(row['sentence'])} |"
    yield from ("", f"and {len(rows) - _MOST_HOSTS} more") if len(rows) > _MOST_HOSTS else ()


# ---------------------------------------------------------------------------------------------------------------------
# A log


def _of_log(document: Mapping[str, Any]) -> Iterator[str]:
    """What was denied, and what is open; what was let through, or is in no record, is counted only."""
    yield f"## {plain(log_title(document))}: {plain(log_headline(document))}"
    groups = ", ".join(f"{count} {word}" for word, count in document["summary"]["groups"].items() if count)
    yield from ("", f"{plain(span_line(document))}; {groups}; exit code {document['summary']['exitCode']}")
    rows = [row for row in document["rows"] if row["group"] in ("denied", "unknownDenied", "undecided")]
    if rows:
        yield from ("", "| group | endpoint | level | |", "|---|---|---|---|")
    for row in rows[:_MOST_HOSTS]:
        yield f"| {row['group']} | {code(endpoint(logged(row)))} | {row['level'] or ''} | {plain(why_logged(row))} |"
    yield from ("", f"and {len(rows) - _MOST_HOSTS} more") if len(rows) > _MOST_HOSTS else ()
    yield from ("", *(f"* {plain(source_line(source))}" for source in document["sources"]))


# ---------------------------------------------------------------------------------------------------------------------
# A list


def _list(document: Mapping[str, Any]) -> Iterator[str]:
    rows = document["rows"]
    yield f"# {plain(title_of(document))}"
    yield ""
    tool, catalog = document["tool"], document["catalog"]
    made = f"{document['madeAt']}, {tool['name']} {tool['version']}, catalog {catalog['version']} ({catalog['digest']})"
    yield plain(f"{headline(rows, sum(row['level'] == 'required' for row in rows))}. {made}.")
    yield from ("", *(f"* {plain(warning)}" for warning in document["warnings"])) if document["warnings"] else ()
    for topic, members in by_topic(rows):
        yield from ("", f"## {plain(topic)}", "", "| endpoint | port | level | needed for | reason | document |")
        yield "|---|---|---|---|---|---|"
        yield from (_of_row(row, several(document)) for row in members)


def _of_row(row: Mapping[str, Any], of_several: bool) -> str:
    change = f" ({row['change']})" if row.get("change", "same") != "same" else ""
    notes = " ".join((row["reason"], *row["notes"]))
    cells = [code(row["host"]), plain(f"{row['port']}/{row['protocol']}"), plain(f"{row['level']}{change}")]
    who = [few(row["workspaces"], 3)] if of_several and row.get("workspaces") else []
    who += [few(row["computes"])] if row["computes"] else []
    cells += [plain(", ".join((*row["neededFor"], *who))), plain(notes)]
    return "| " + " | ".join([*cells, "<br>".join(map(_document, row["sources"]))]) + " |"


def _document(source: Mapping[str, str]) -> str:
    safe = re.fullmatch(r"https://[A-Za-z0-9./_~%#?=&-]{1,300}", source["url"])
    return f"<{source['url']}> ({plain(source['checked'])})" if safe else plain(source["url"])
