"""The table view: as wide as the terminal, uncut where standard output is none, and short below 100 columns."""

import sys
from collections import OrderedDict
from shutil import get_terminal_size

from knack.log import get_logger

logger = get_logger(__name__)
NARROW = 100
"""Below so many columns there is room for names, and for nothing that explains them."""
MERGED = 140
"""Below so many columns a cause stands in front of its reason, so that the reason has the room of both."""
SHARE = 0.5
"""The part of what names and reasons have together that names may take where both are too long for it."""


def requirements_table(rows):
    """The rows of `az ml network requirements`, or its answers for single hosts, as a table."""
    if rows and "listed" in rows[0]:
        table = [_listed(answer) for answer in rows]
        return _fitted(table, ("Host", "Reason"), ("Host", "Listed", "Reason"), "[].host")
    with_change, whose = any("change" in row for row in rows), _whose(rows)
    table = [_requirement(row, with_change, whose(row)) for row in rows]
    return _fitted(table, ("Host", "Reason"), ("Change", "Host", "Port", "Workspaces"), "[].host")


NAMES = 24
"""So many characters of workspaces' names stand in a table; where they have more, their number does."""


def _whose(rows):
    """What gives the column of workspaces of a row: empty where all rows are of one workspace."""
    names = {name for row in rows for name in row.get("workspaces", ())}

    def column(row):
        joined = ", ".join(row["workspaces"])
        return [("Workspaces", joined if len(joined) <= NAMES else str(len(row["workspaces"])))]

    return column if len(names) > 1 else lambda row: []


def report_table(report):
    """The results of `az ml network test` as a table: what is not fine first, by who can do something about it."""
    from azext_amlnet.reports import by_owner

    several = len(report["vantages"]) > 1
    with_change = any("change" in result for result in report["results"])
    owned = any(result.get("owner") for result in report["results"])
    results, width = by_owner(report), _width()
    merged = width is not None and NARROW <= width < MERGED
    whose = _whose(results)
    table = [_result(result, several, with_change, owned, merged, whose(result)) for result in results]
    short = ("Verdict", "Change", "Owner", "From", "Endpoint", "Cause")
    return _fitted(table, ("Endpoint", "Reason"), short, "results[].host", share=0.42)


def policy_table(report):
    """The findings of `az ml network check-policy` as a table, what is broken first; of --suggest what it returns."""
    from azext_amlnet.reports import by_severity

    if "findings" not in report:
        return report
    with_change = any("change" in finding for finding in report["findings"])
    alone = report["policy"][0]["name"] if len(report["policy"]) == 1 else None
    width = _width()
    leveled = width is not None and width < NARROW  # elsewhere the reason says it
    whose = _whose(report["findings"])
    table = [_finding(finding, with_change, leveled, alone, whose(finding)) for finding in by_severity(report)]
    return _fitted(table, ("Endpoint", "Reason"), ("Coverage", "Change", "Level", "Endpoint"), "findings[].host")


def _finding(finding, with_change, leveled, alone, whose):
    """A finding; the policy is not named in each row where there is one only."""
    from azext_amlnet.reports import endpoint

    columns = [("Coverage", finding["coverage"])]
    columns += [("Change", finding.get("change", ""))] if with_change else []
    columns += [("Level", finding["level"])] if leveled else []
    marks = _marks(finding)
    because = finding["because"].replace(f"' of {alone} ", "' ") if alone else finding["because"]
    reason = (f"({', '.join(marks)}) " if marks else "") + because
    return OrderedDict([*columns, ("Endpoint", endpoint(finding)), *whose, ("Reason", reason)])


def log_table(document):
    """What a log says of each endpoint as a table, denied ones first; of --suggest what it returns."""
    if "span" not in document:
        return document
    whose = _whose(document["rows"])
    table = [_logged(row, whose(row)) for row in document["rows"]]
    return _fitted(table, ("Endpoint", "Reason"), ("Group", "Level", "Endpoint"), "rows[].host")


def _logged(row, whose):
    """An endpoint of a log; one that is mended since says so in its reason."""
    from azext_amlnet.text import endpoint

    name = row["requirement"] if row["group"] == "unseen" and row["requirement"] else row["host"] or "(no name)"
    port = row["port"] or 443
    why = " ".join(filter(None, (row["because"] + ".", row["nearest"], row["reason"])))
    columns = [
        ("Group", row["group"]),
        ("Level", row["level"] or ""),
        ("Endpoint", endpoint(name, port, row["protocol"])),
    ]
    return OrderedDict([*columns, *whose, ("Reason", why)])


def _marks(row):
    """What makes less of a row than required."""
    from azext_amlnet.reports import is_conditional

    marks = [] if row["level"] == "required" else [row["level"]]
    return marks + (["conditional"] if is_conditional(row) else [])


def compare_table(document):
    """What differs between two results, what asks for attention first, as a table; what is as before is left out."""
    from azext_amlnet.reports import by_change

    word = "Diagnosis" if document["apart"] else "Why" if document["kind"] == "requirements" else None
    rows = [row for row in by_change(document) if row["change"] != "same" or row["diagnosis"]]
    first = "Diagnosis" if document["apart"] else "Change"
    return _fitted([_compared(row, first, word) for row in rows], ("Endpoint", "Reason"), (first, "Endpoint"),
                   "rows[].host")  # fmt: skip


def _compared(row, first, word):
    from azext_amlnet.reports import endpoint

    name, diagnosis = endpoint(row), row["diagnosis"] or ""
    columns = OrderedDict([(first, diagnosis if first == word else row["change"]), ("Endpoint", name)])
    columns.update([("Before", row["before"] or ""), ("After", row["after"] or "")])
    if word and word != first:
        columns[word] = diagnosis
    columns["Reason"] = _seen_where_it_fails(row) or row["sentence"].removeprefix(name).strip()
    return columns


def _seen_where_it_fails(row):
    """Of a row that fails from one of two places only: what was seen there; the diagnosis says where."""
    if not (row["diagnosis"] or "").startswith("only-"):
        return ""
    side = row["evidence"]["after" if row["before"] == "reachable" else "before"]
    return f"{side['cause']}: {side['because']}"


def _listed(answer):
    listed = ("Listed", "yes" if answer["listed"] else "no")
    level = ("Level", answer["level"] or "")
    return OrderedDict([("Host", answer["host"]), listed, level, ("Reason", answer["because"])])


def _result(result, several, with_change, owned, merged, whose):
    from azext_amlnet.reports import endpoint

    columns = [("Verdict", result["verdict"])]
    columns += [("Change", result.get("change", ""))] if with_change else []
    columns += [("Owner", result.get("owner") or "")] if owned else []
    columns += [("From", result["vantage"])] if several else []
    marks = _marks(result)
    marks += ["connection only"] if "connection proves the path only" in " ".join(result["notes"]) else []
    marks += [f"tested by {result['testedBy']}"] if result["testedBy"] else []
    marks = f"({', '.join(marks)})" if marks else ""
    because = " ".join(filter(None, (result["because"] or "; ".join(result["warnings"]), marks)))
    cause = result["cause"] or ""
    columns += [("Endpoint", endpoint(result)), *whose]
    columns += [] if merged else [("Cause", cause)]
    columns += [("Reason", f"{cause}: {because}" if merged and cause else because)]
    return OrderedDict(columns)


def _requirement(row, with_change, whose):
    from azext_amlnet.reports import is_conditional

    why = f" ({row['why']})" if row.get("why", "unknown") != "unknown" else ""
    columns = [("Change", row.get("change", "") + why)] if with_change else []
    port = str(row["port"]) if row["protocol"] in ("https", "http") else f"{row['port']}/{row['protocol']}"
    marks = [mark for mark in ("private", "unresolved", "assumed") if row[mark]]
    marks += ["conditional"] if is_conditional(row) else []
    reason = (f"({', '.join(marks)}) " if marks else "") + row["reason"]
    reason += f" ({', '.join(row['computes'])})" if row["computes"] else ""
    columns += [("Host", row["host"]), ("Port", port), ("Level", row["level"]), *whose, ("Reason", reason)]
    return OrderedDict(columns)


# ---------------------------------------------------------------------------------------------------------------------
# The width


def _width():
    """The columns of the terminal that the table is for; None where standard output is no terminal."""
    return get_terminal_size().columns if sys.stdout is not None and sys.stdout.isatty() else None


def _fitted(table, long, short, query, share=SHARE):
    """The table within the terminal's width: names in its middle and reasons at their end are cut to fit.

    `long` are the column of names and that of reasons, `short` the columns that are left below 100; `query` gets the
    whole names. Two blanks stand between columns, and tabulate makes each at least two wider than its title.
    """
    width = _width()
    if width is None or not table:
        return table
    name, reason = long
    if width < NARROW:
        table = [OrderedDict((column, row[column]) for column in short if column in row) for row in table]
    widths = {column: max(len(column) + 2, *(len(row[column]) for row in table)) for column in table[0]}
    taken = sum(wide + 2 for column, wide in widths.items() if column not in long)
    if reason in widths:
        room = max(width - taken - 2, 2)
        names = min(widths[name], max(int(room * share), room - widths[reason]))
        _cut(table, reason, lambda text: _at_its_end(text, max(room - names, len(reason))))
    else:
        names = min(widths[name], width - taken)
    cut = _cut(table, name, lambda text: _in_its_middle(text, max(names, len(name) + 2)))
    if cut:
        whole = f'--query "{query}" -o tsv prints them whole'
        logger.warning("%d name%s cut in the middle (…) to fit the terminal; %s.", cut, "s" * (cut > 1), whole)
    return table


def _cut(table, column, shorter):
    """Shortens a column of all rows; how many were longer."""
    cut = 0
    for row in table:
        text = shorter(row[column])
        cut += text != row[column]
        row[column] = text
    return cut


def _at_its_end(text, width):
    return text if len(text) <= width else text[: width - 1].rstrip() + "…"


def _in_its_middle(text, width):
    """A name with its end, which tells whose it is, a little longer than its beginning."""
    kept = max(width - 1, 2)
    start = kept * 2 // 5
    return text if len(text) <= width else f"{text[:start]}…{text[start - kept :]}"
