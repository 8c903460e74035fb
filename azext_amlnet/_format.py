"""The table view: 120 columns or the terminal's, host names never cut, the reason as far as there is room."""

from collections import OrderedDict
from shutil import get_terminal_size

WIDTH = 120


def requirements_table(rows):
    """The rows of `az ml network requirements`, or its answers for single hosts, as a table."""
    if rows and "listed" in rows[0]:
        return _hosts_table(rows)
    with_change = any("change" in row for row in rows)
    table = [_requirement(row, with_change) for row in rows]
    _cut_to_width(table, "Reason", WIDTH)
    return table


def _hosts_table(answers):
    table = []
    for answer in answers:
        listed = ("Listed", "yes" if answer["listed"] else "no")
        level = ("Level", answer["level"] or "")
        table.append(OrderedDict([("Host", answer["host"]), listed, level, ("Because", answer["because"])]))
    _cut_to_width(table, "Because", max(WIDTH, get_terminal_size((160, 24)).columns))
    return table


def report_table(report):
    """The results of `az ml network test` as a table, what is broken first."""
    from azext_amlnet.reports import by_severity

    several = len(report["vantages"]) > 1
    with_change = any("change" in result for result in report["results"])
    table = [_result(result, several, with_change) for result in by_severity(report)]
    _cut_to_width(table, "Because", max(WIDTH, get_terminal_size((160, 24)).columns))
    return table


def policy_table(report):
    """The findings of `az ml network check-policy` as a table, what is broken first; of --suggest what it returns."""
    from azext_amlnet.reports import by_severity, endpoint

    if "findings" not in report:
        return report
    with_change = any("change" in finding for finding in report["findings"])
    table = []
    for finding in by_severity(report):
        columns = [("Coverage", finding["coverage"])]
        columns += [("Change", finding.get("change", ""))] if with_change else []
        mark = "" if finding["level"] == "required" else f"({finding['level']}) "
        columns += [("Endpoint", endpoint(finding)), ("Because", f"{mark}{finding['because']}")]
        table.append(OrderedDict(columns))
    _cut_to_width(table, "Because", max(WIDTH, get_terminal_size((160, 24)).columns))
    return table


def _result(result, several, with_change):
    from azext_amlnet.reports import endpoint

    columns = [("Verdict", result["verdict"])]
    columns += [("Change", result.get("change", ""))] if with_change else []
    columns += [("From", result["vantage"])] if several else []
    marks = [] if result["level"] == "required" else [result["level"]]
    marks += ["connection only"] if "connection proves the path only" in " ".join(result["notes"]) else []
    marks += [f"tested by {result['testedBy']}"] if result["testedBy"] else []
    marks = f"({', '.join(marks)})" if marks else ""
    columns += [
        ("Endpoint", endpoint(result)),
        ("Cause", result["cause"] or ""),
        ("Because", " ".join(filter(None, (result["because"] or "; ".join(result["warnings"]), marks)))),
    ]
    return OrderedDict(columns)


def _requirement(row, with_change):
    why = f" ({row['why']})" if row.get("why", "unknown") != "unknown" else ""
    columns = [("Change", row.get("change", "") + why)] if with_change else []
    port = str(row["port"]) if row["protocol"] in ("https", "http") else f"{row['port']}/{row['protocol']}"
    marks = [mark for mark in ("private", "unresolved", "assumed") if row[mark]]
    marks += ["conditional"] if any(note.startswith("Condition: ") for note in row["notes"]) else []
    marks += row["computes"]
    columns += [
        ("Host", row["host"]),
        ("Port", port),
        ("Level", row["level"]),
        ("Reason", (f"({', '.join(marks)}) " if marks else "") + row["reason"]),
    ]
    return OrderedDict(columns)


def _cut_to_width(table, name, width):
    """Shortens one column so that no line is longer than the width.

    Two blanks stand between columns, and tabulate makes each at least two wider than its title.
    """
    if not table:
        return
    others = [column for column in table[0] if column != name]
    taken = sum(max(len(column) + 2, *(len(row[column]) for row in table)) + 2 for column in others)
    room = max(width - taken, len(name))
    for row in table:
        row[name] = row[name] if len(row[name]) <= room else row[name][: room - 1].rstrip() + "…"
