"""One list for many workspaces: exactly the union, exactly who needs it, and nothing that one says is lost."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from azext_amlnet.catalog import load
from azext_amlnet.catalog.computes import check_whose, means, narrowed, rows_within, unnamed, unseen
from azext_amlnet.catalog.expand import expand
from azext_amlnet.catalog.merge import listed, merge
from azext_amlnet.catalog.sources import overruled, sources_by_compute, unsourced, widest, with_sources
from azext_amlnet.codec import from_json, to_json
from azext_amlnet.errors import UsageError
from azext_amlnet.model import (
    Cluster,
    ClusterType,
    Compute,
    Fleet,
    Gap,
    Inputs,
    Level,
    Requirement,
    Requirements,
    Scenario,
    Scope,
    Workspace,
    names_of,
)
from azext_amlnet.policy.report import whence as sources_for
from azext_amlnet.text import by_workspace

from .fleets import fleet, identifier

CATALOG = load()
WHOLE = Scope(scenarios=tuple(Scenario), level=Level.OPTIONAL)


def part(requirements: Requirements) -> dict[object, Requirement]:
    """The rows by what they are of."""
    return {row.endpoint: row for row in requirements.rows}


def needed(row: Requirement, name: str, workspace: Workspace) -> set[str]:
    """The computes of a workspace that need a row of its own list, by their names in a fleet's."""
    attached = [compute.name for compute in workspace.computes or ()] or ["*"]
    return {f"{name}/{compute}" for compute in row.computes or (attached if row.for_clusters else ())}


@pytest.mark.parametrize("scope", [Scope(), WHOLE, Scope(cluster_type=ClusterType.ARC)])
@pytest.mark.parametrize("seed", range(8))
def test_the_list_of_a_fleet_is_the_union_and_says_exactly_who_needs_what(seed: int, scope: Scope) -> None:
    workspaces = fleet(seed, 2 + seed)
    names = names_of(workspaces)
    alone = {name: expand(CATALOG, one, scope) for name, one in zip(names, workspaces, strict=True)}
    merged = part(merge(CATALOG, workspaces, alone.values()))
    assert set(merged) == {endpoint for one in alone.values() for endpoint in part(one)}
    for endpoint, row in merged.items():
        own = {name: part(one)[endpoint] for name, one in alone.items() if endpoint in part(one)}
        assert row.workspaces == tuple(sorted(own))
        who = {name: needed(own[name], name, one) for name, one in zip(names, workspaces, strict=True) if name in own}
        computes = {compute for some in who.values() for compute in some}
        everyone = {f"{name}/{c.name}" for name, one in zip(names, workspaces, strict=True) if name in own
                    for c in one.computes or (Compute("*"),)}  # fmt: skip
        assert set(row.computes) == (set() if computes == everyone else computes)
        assert set(row.source_addresses) == {address for one in own.values() for address in one.source_addresses}
        assert row.level is min((one.level for one in own.values()), key=lambda level: level.rank)
        assert set(row.needed_for) == {scenario for one in own.values() for scenario in one.needed_for}
        assert set(row.entries) == {entry for one in own.values() for entry in one.entries}
        assert set(row.sources) == {source for one in own.values() for source in one.sources}
        assert row.private is all(one.private for one in own.values())
        for name, one in own.items():
            says = [variant for variant in row.variants or () if name in variant.workspaces]
            (what,) = says or [row]
            mine_says = (one.level, one.needed_for, one.private, one.assumed, one.reason, one.conditions)
            assert (what.level, what.needed_for, what.private, what.assumed, what.reason, what.conditions) == mine_says
            notes = [note for note in one.notes if note not in one.conditions]
            assert all(any(note in text for text in row.notes) for note in notes)


def test_the_order_of_the_files_changes_nothing_but_order_of_names() -> None:
    workspaces = fleet(3, 7)
    one, other = (listed(CATALOG, [(w, Scope()) for w in some]).rows for some in (workspaces, workspaces[::-1]))
    assert [(row.endpoint, row.workspaces, row.computes, row.level) for row in one] == [
        (row.endpoint, row.workspaces, row.computes, row.level) for row in other
    ]


def test_a_reason_is_given_once_whoever_has_more_of_them() -> None:
    for seed in range(6):
        for row in listed(CATALOG, [(workspace, WHOLE) for workspace in fleet(seed, 6)]).rows:
            parts = re.split(r"(?<=\.) (?=[A-Z])", row.reason)
            assert len(parts) == len(set(parts)), row.reason


def test_of_one_workspace_it_is_its_own_list() -> None:
    (workspace,) = fleet(5, 1)
    assert listed(CATALOG, [(workspace, Scope())]) == expand(CATALOG, workspace, Scope())


def test_rows_of_a_fleet_are_read_back_as_they_were_written() -> None:
    rows = listed(CATALOG, [(workspace, WHOLE) for workspace in fleet(1, 6)]).rows
    assert any(row.variants for row in rows)
    assert tuple(from_json(Requirement, to_json(row)) for row in rows) == rows


def test_a_host_that_is_private_for_one_and_public_for_another_is_allowed_and_says_so() -> None:
    (first, second) = fleet(0, 2)
    open_to_all = replace(first.storage_accounts[0], private_endpoint=False, public_access=True)
    closed = replace(open_to_all, private_endpoint=True, public_access=False)
    pair = [replace(first, storage_accounts=(open_to_all,)), replace(second, storage_accounts=(closed,))]
    rows = listed(CATALOG, [(workspace, Scope()) for workspace in pair]).rows
    (row,) = [row for row in rows if row.host == open_to_all.blob]
    assert not row.private and row.variants
    assert {variant.workspaces: variant.private for variant in row.variants} == {("ws-0",): False, ("ws-1",): True}
    assert "Private for ws-1; reached publicly, and so allowed, for ws-0." in row.notes


def test_gaps_and_warnings_name_their_workspaces_and_alike_ones_are_one_line() -> None:
    workspaces = [replace(one, computes=None, clusters=(), gaps=()) for one in fleet(0, 30)]
    merged = listed(CATALOG, [(workspace, Scope()) for workspace in workspaces])
    assert len([hint for hint in merged.hints if "No Kubernetes cluster is known" in hint]) == 1
    gap = "computes of the workspace: 403: no; assumed: an AKS and an Arc cluster"
    unread = [one for one in fleet(0, 30) if one.gaps]
    names = names_of(fleet(0, 30))
    merged = listed(CATALOG, [(workspace, Scope()) for workspace in fleet(0, 30)])
    first = next(name for name, one in zip(names, fleet(0, 30), strict=True) if one.gaps)
    assert 0 < len(unread) < 10 and f"{first}: {gap}" in merged.warnings


# -- names


def one(name: str, group: str = "rg", subscription: str = "s1", **more: object) -> Workspace:
    """A workspace of this name."""
    path = f"/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.MachineLearningServices"
    return Workspace(name=name, id=f"{path}/workspaces/{name}", **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("workspaces", "names"),
    [
        ([one("a"), one("b")], ("a", "b")),
        ([one("a", "x"), one("A", "y"), one("b")], ("x/a", "y/A", "b")),
        ([one("a", "x", "s1"), one("a", "X", "s2"), one("a", "y")], ("s1/x/a", "s2/X/a", "y/a")),
        ([Workspace(name="a"), Workspace(name="a"), Workspace()], ("a-1", "a-2", "workspace-3")),
    ],
)
def test_names_are_as_short_as_they_can_be_and_never_the_same(workspaces: list[Workspace], names: object) -> None:
    assert names_of(workspaces) == names


# -- computes and sources by name


def gpu(name: str, group: str = "rg", cluster: str = "k", compute: str = "gpu", **more: object) -> Workspace:
    """A workspace with a compute on a cluster."""
    path = identifier("Microsoft.Kubernetes/connectedClusters", cluster)
    made = Cluster(id=path, types=(ClusterType.ARC,))
    return one(name, group, computes=(Compute(compute, path),), clusters=(made,), **more)


def test_a_compute_is_meant_by_its_name_behind_its_workspaces_and_groups() -> None:
    workspaces = [gpu("a"), gpu("b"), gpu("b", "other")]
    assert [len(narrowed(workspaces, Scope(computes=(name,)))) for name in ("GPU", "b/gpu", "other/B/gpu")] == [3, 2, 1]
    with pytest.raises(UsageError, match="No Kubernetes compute 'c/gpu' is attached to any of the 3 workspaces"):
        narrowed(workspaces, Scope(computes=("c/gpu",)))


def test_what_azure_refused_to_tell_is_kept_whatever_compute_is_named() -> None:
    unread = next(w for w in fleet(0, 40) if w.gaps)
    parts = narrowed([gpu("a"), unread], Scope(computes=("gpu",)))
    assert [(workspace.name, scope.computes) for workspace, scope in parts] == [
        ("a", ("gpu",)),
        (unread.name, ("gpu",)),
    ]
    with pytest.raises(UsageError, match="No Kubernetes compute 'a/other'"):
        narrowed([gpu("a"), unread], Scope(computes=("a/other",)))
    parts = narrowed([gpu("a"), unread], Scope(computes=("other",)))
    assert [(workspace.name, scope.computes) for workspace, scope in parts] == [(unread.name, ("other",))]


def test_sources_are_told_of_all_of_one_compute_and_of_its_cluster_wherever_it_is_attached() -> None:
    several = Fleet((gpu("a", cluster="shared"), gpu("b", cluster="own"), gpu("c", cluster="shared")))
    sourced = with_sources(several, ["a/gpu=10.1.0.0/16,10.2.0.0/16", "10.9.0.0/16"])
    addresses = [workspace.clusters[0].source_addresses for workspace in sourced.workspaces]
    assert addresses == [("10.1.0.0/16", "10.2.0.0/16"), ("10.9.0.0/16",), ("10.1.0.0/16", "10.2.0.0/16")]
    rows = listed(CATALOG, [(workspace, Scope()) for workspace in sourced.workspaces]).rows
    every = ("10.1.0.0/16", "10.2.0.0/16", "10.9.0.0/16")
    assert {row.source_addresses for row in rows if row.for_clusters and len(row.workspaces) == 3} == {every}


def addresses(fleet: Fleet, *texts: str) -> list[object]:
    """Where the traffic of each cluster comes from when these texts are told."""
    return [cluster.source_addresses for one in with_sources(fleet, texts).workspaces for cluster in one.clusters]


def test_all_that_is_told_of_a_compute_counts_and_names_of_the_tool_itself_are_understood() -> None:
    alike = Fleet((gpu("a", subscription="s1", cluster="k1"), gpu("a", subscription="s2", cluster="k2")))
    assert addresses(alike, "s1/rg/a/gpu=10.1.0.0/16", "S1/rg/A/gpu=10.2.0.0/16") == [
        ("10.1.0.0/16", "10.2.0.0/16"),
        None,
    ]
    assert len(narrowed(alike.workspaces, Scope(computes=("s2/rg/a/gpu",)))) == 1
    plan = Workspace(
        name="plan", clusters=(Cluster(types=(ClusterType.AKS,)),), computes=(Compute("gpu"), Compute("cpu"))
    )
    plans = Fleet((plan, replace(plan)))
    assert addresses(plans, "plan-2/cpu=10.1.0.0/16") == [None, ("10.1.0.0/16",)]
    assert sources_by_compute(with_sources(plans, ["plan-2/cpu=10.1.0.0/16"]).workspaces)["plan-2/gpu"] == (
        "10.1.0.0/16",
    )
    several = replace(plan, clusters=(*plan.clusters, Cluster(types=(ClusterType.ARC,))))
    with pytest.raises(UsageError, match="do not tell which cluster this compute is"):
        with_sources(Fleet((several,)), ["gpu=10.1.0.0/16"])


def test_computes_that_tell_no_cluster_are_not_taken_for_one() -> None:
    pair = Workspace(name="a", region="westeurope", computes=(Compute("c1"), Compute("c2")))
    with pytest.raises(UsageError, match="do not tell which cluster this compute is"):
        with_sources(Fleet((pair,)), ["c1=10.1.0.0/16"])
    alone = replace(pair, computes=pair.computes[:1])  # type: ignore[index]
    assert sources_by_compute(with_sources(Fleet((alone,)), ["c1=10.1.0.0/16"]).workspaces) == {"c1": ("10.1.0.0/16",)}


def test_names_that_azure_allows_are_understood_in_rows_and_sources() -> None:
    pair = (gpu("ws", "_shared", cluster="k1"), gpu("ws", "größe", cluster="k2"), gpu("ws", "(x)", cluster="k3"))
    rows = listed(CATALOG, [(workspace, Scope()) for workspace in pair]).rows
    assert from_json(Requirement, to_json(rows[0])) == rows[0] and len(rows[0].workspaces) == 3
    texts = ("_shared/ws/gpu=10.1.0.0/16", "größe/ws/gpu=10.2.0.0/16", "(x)/ws/gpu=10.3.0.0/16")
    assert addresses(Fleet(pair), *texts) == [("10.1.0.0/16",), ("10.2.0.0/16",), ("10.3.0.0/16",)]


def test_a_computes_addresses_are_those_of_whichever_its_workspace_has_where_azure_hides_them() -> None:
    hidden = replace(next(w for w in fleet(0, 40) if w.gaps), name="hidden", id=None, clusters=(), computes=None)
    for workspaces, text, name in (
        ((hidden,), "10.1.0.0/16", "gpu"),
        ((hidden, gpu("b", cluster="k2")), "hidden/*=10.1.0.0/16", "hidden/gpu"),
    ):
        sourced = with_sources(Fleet(workspaces), [text]).workspaces
        rows = listed(CATALOG, narrowed(sourced, Scope(computes=(name,)))).rows
        assert rows and all(row.source_addresses == ("10.1.0.0/16",) for row in rows if row.computes)
        assert any(row.computes for row in rows) and not any(row.unknown_sources for row in rows)


def test_rows_of_a_file_are_for_what_is_asked_about() -> None:
    pair = (gpu("a", cluster="k1"), gpu("b", cluster="k2"))
    rows = listed(CATALOG, [(one_of, WHOLE) for one_of in pair]).rows
    scope = Scope(scenarios=(Scenario.TRAINING,), level=Level.OPTIONAL)
    within = list(rows_within(rows, scope))
    assert {row.needed_for for row in within} == {(Scenario.TRAINING,)}
    names = {name for row in within for name in row.users_among({"a": ["a/gpu"], "b": ["b/gpu"]})}
    assert names == {"a/gpu", "b/gpu"}


def test_a_range_that_is_everybodys_is_warned_of() -> None:
    wide = list(widest(["10.0.0.0/8", "gpu=10.1.0.0/16,0.0.0.0/0", "8.0.0.0/7"]))
    assert len(wide) == 1 and "gpu=10.1.0.0/16,0.0.0.0/0" in wide[0] and "8.0.0.0/7" in wide[0] and "/8," not in wide[0]
    assert not list(widest(["10.0.0.0/8", "10.1.0.0/16", "gpu=10.1.0.4", "rg.1/2/gpu=10.1.0.0/16"]))


def test_what_people_need_is_from_where_they_are_and_not_from_the_computes() -> None:
    aks = identifier("Microsoft.ContainerService/managedClusters", "k1")
    first = one("a", computes=(Compute("gpu", aks),), clusters=(Cluster(id=aks, types=(ClusterType.AKS,)),))
    rows = listed(CATALOG, [(workspace, WHOLE) for workspace in (first, gpu("c"))]).rows
    mixed = next(row for row in rows if row.computes == ("a/gpu",) and row.workspaces == ("a", "c"))
    people = ("a/(workstation)", "c/(workstation)")
    assert mixed.users_among(by_workspace(["a/gpu", "c/gpu"])) == ("a/gpu", *people)
    inputs = Inputs(CATALOG, Fleet((first, gpu("c"))), rows)
    whence = sources_for(inputs, (), {"a/gpu": [(1, 2)], "c/gpu": [(3, 4)]})(mixed)
    assert [(one.span, one.compute) for one in whence] == [((1, 2), "a/gpu"), *((None, name) for name in people)]
    assert mixed in list(rows_within(rows, Scope(computes=("c/gpu",), level=Level.OPTIONAL)))


def test_what_is_told_of_a_workspace_is_told_of_all_its_computes_and_of_those_that_azure_hides() -> None:
    hidden = replace(next(w for w in fleet(0, 40) if w.gaps), name="hidden", id=None, clusters=(), computes=None)
    pair = (gpu("a", cluster="k1"), gpu("b", cluster="k2"), hidden)
    told_of = with_sources(Fleet(pair), ["hidden/*=10.8.0.0/16", "A/*=10.1.0.0/16,10.2.0.0/16", "b/gpu=10.3.0.0/16"])
    assert sources_by_compute(told_of.workspaces) == {
        "a/gpu": ("10.1.0.0/16", "10.2.0.0/16"), "b/gpu": ("10.3.0.0/16",), "hidden/*": ("10.8.0.0/16",)}  # fmt: skip
    rows = listed(CATALOG, [(workspace, Scope()) for workspace in told_of.workspaces]).rows
    assert {row.source_addresses for row in rows if row.workspaces == ("hidden",) and row.for_clusters} <= {
        ("10.8.0.0/16",)
    }
    named_first = with_sources(Fleet(pair), ["a/*=10.1.0.0/16", "a/gpu=10.4.0.0/16", "10.9.0.0/16"])
    assert list(sources_by_compute(named_first.workspaces).values()) == [("10.4.0.0/16",), *[("10.9.0.0/16",)] * 2]
    for text, words in (("nobody/*=10.1.0.0/16", "no workspace has this name"), ("*=10.1.0.0/16", "No Kubernetes")):
        with pytest.raises(UsageError, match=words):
            with_sources(Fleet(pair), [text])
    alike = Fleet((gpu("a", "g1", cluster="k1"), gpu("a", "g2", cluster="k2")))
    with pytest.raises(UsageError, match="several workspaces have this name") as raised:
        with_sources(alike, ["a/*=10.1.0.0/16"])
    assert "g1/a, g2/a" in raised.value.hint
    assert addresses(alike, "g2/a/*=10.1.0.0/16") == [None, ("10.1.0.0/16",)]


def test_what_is_told_of_all_in_place_of_what_azure_tells_is_said() -> None:
    known = gpu("a", cluster="k1")
    known = replace(known, clusters=tuple(replace(one, source_addresses=("10.1.0.0/24",)) for one in known.clusters))
    pair = Fleet((known, gpu("b", cluster="k2")))
    for texts, count in (
        (["10.9.0.0/16"], 1),
        (["10.1.0.0/24"], 0),
        (["b/gpu=10.9.0.0/16"], 0),
        (["a/*=10.9.0.0/16"], 0),
    ):
        warnings = list(overruled(pair, with_sources(pair, texts), texts))
        assert len(warnings) == count, texts
        assert (
            not warnings or "10.9.0.0/16 counts for all clusters, in place of what Azure tells of a/gpu" in warnings[0]
        )
    assert not list(overruled(Fleet((known,)), with_sources(Fleet((known,)), ["10.9.0.0/16"]), ["10.9.0.0/16"]))


def test_a_compute_that_nobody_sees_is_said_to_be_unseen() -> None:
    hidden = one("hidden", gaps=(Gap("computes", "computes of the workspace", "403: no", "an AKS and an Arc cluster"),))
    several = (gpu("a"), hidden)
    (warning,) = unseen(several, Scope(computes=("gup",)))
    assert (
        "No compute that this login may see is called 'gup'" in warning and "hidden" in warning and "a/gpu" in warning
    )
    for name in ("gpu", "a/gpu", "hidden/*", "a/*"):
        assert not list(unseen(several, Scope(computes=(name,)))), name
    assert not list(unseen((hidden,), Scope(computes=("gup",))))
    (whole,) = narrowed(several, Scope(computes=("hidden/*",)))
    assert whole == (hidden, Scope())
    (whole,) = narrowed(several, Scope(computes=("a/*",)))
    assert whole == (several[0], Scope(computes=("gpu",)))
    with pytest.raises(UsageError, match="No Kubernetes compute 'b/\\*'"):
        narrowed(several, Scope(computes=("b/*",)))


def test_what_is_told_of_all_is_told_of_clusters_that_no_facts_tell_of() -> None:
    hidden = next(w for w in fleet(0, 40) if w.gaps)
    named = one("b", computes=(Compute("gpu", identifier("Microsoft.Kubernetes/connectedClusters", "k")),))
    several = with_sources(Fleet((hidden, named)), ["10.9.0.0/16"])
    rows = listed(CATALOG, [(workspace, Scope()) for workspace in several.workspaces]).rows
    assert {row.source_addresses for row in rows if row.for_clusters} == {("10.9.0.0/16",)}
    assert set(sources_by_compute(several.workspaces)) == {f"{hidden.name}/*", "b/gpu"}


@pytest.mark.parametrize(
    ("text", "name", "same"),
    [
        ("gpu", "a/gpu", True),
        ("A/GPU", "a/gpu", True),
        ("rg/a/gpu", "a/gpu", True),
        ("b/gpu", "a/gpu", False),
        ("gpu", "a/cpu", False),
        ("gpu", "a/*", True),
        ("a/gpu", "a/*", True),
        ("b/gpu", "a/*", False),
    ],
)
def test_a_name_may_say_more_or_less_than_a_row_does(text: str, name: str, same: bool) -> None:
    assert means(text, name) is same


def test_rows_of_a_file_are_kept_for_a_compute_and_one_that_no_row_names_is_said() -> None:
    pair = (gpu("a", compute="gpu"), gpu("b", compute="cpu", cluster="other"))
    rows = listed(CATALOG, [(replace(pair[0], computes=(*pair[0].computes, Compute("x")) ), Scope(computes=("gpu",))),
                            (pair[1], Scope())]).rows  # fmt: skip
    assert list(rows_within(rows, Scope(computes=("gpu",), level=Level.OPTIONAL))) == list(rows)
    assert list(unnamed(rows, Scope(computes=("gpu",)))) == []
    left = list(rows_within(rows, Scope(computes=("typo",), level=Level.OPTIONAL)))
    assert len(left) < len(rows)
    assert "No row names compute 'typo'" in next(unnamed(rows, Scope(computes=("typo",))))
    for some in (rows, listed(CATALOG, [(gpu("ws-1"), Scope())]).rows):
        with pytest.raises(UsageError, match="No row of --requirements-file is of the workspace of compute 'ws-2/gpu'"):
            list(unnamed(some, Scope(computes=("ws-2/gpu",))))
    alone = listed(CATALOG, [(gpu("ws-1"), Scope())]).rows
    assert list(rows_within(alone, Scope(computes=("ws-1/gpu",)))) == [r for r in alone if r.level.rank <= 1]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nobody=10.0.0.0/8", "--source nobody=: No Kubernetes compute 'nobody'"),
        ("d/gpu=10.0.0.0/8", "No Kubernetes compute 'd/gpu'"),
        ("gpu=10.0.0.0/8", "several computes have this name, and clusters of their own: a/gpu, b/gpu"),
        ("a/gpu=", "--source a/gpu=: tells no address"),
        ("a/gpu=10.0.0.0/33", "no IPv4 address or range: '10.0.0.0/33'"),
        ("a/gpu=*", "no IPv4 address or range"),
        ("fd00::/8", "no IPv4 address or range"),
        ("=10.0.0.0/8", "No Kubernetes compute ''"),
        ("../../x=10.0.0.0/8", "No Kubernetes compute"),
    ],
)
def test_a_source_that_names_nothing_is_refused(text: str, words: str) -> None:
    several = Fleet((gpu("a", cluster="one"), gpu("b", cluster="two")))
    with pytest.raises(UsageError) as refused:
        with_sources(several, [text])
    assert words in refused.value.message


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("10.1.0.1/16", "10.1.0.0/16"),
        ("10.1.0.7", "10.1.0.7"),
        ("10.1.0.7/32", "10.1.0.7/32"),
        ("0.0.0.0/0", "0.0.0.0/0"),
        ("10.1.0.0/255.255.0.0", ""),
        ("10.1.0.0/0.0.255.255", ""),
        ("10.1.0.0/016", ""),
        ("10.1.0.0/33", ""),
        ("300.1.0.0", ""),
    ],
)
def test_a_range_is_written_as_azure_and_squid_take_it(text: str, known: str) -> None:
    fleet_of_one = Fleet((gpu("a", cluster="k1"),))
    if known:
        assert addresses(fleet_of_one, text) == [(known,)]
    else:
        with pytest.raises(UsageError, match="no IPv4 address or range"):
            addresses(fleet_of_one, text)


def test_lists_that_were_put_together_do_not_tell_whose_computes_they_name() -> None:
    pair = (gpu("a", cluster="k1"), gpu("b", cluster="k2"))
    lists = [[replace(row, computes=("gpu",)) for row in listed(CATALOG, [(one_of, Scope())]).rows] for one_of in pair]
    for rows in lists:
        check_whose(rows, "x")
    check_whose(listed(CATALOG, [(one_of, Scope()) for one_of in pair]).rows, "x")
    with pytest.raises(UsageError, match=r"x: row 1 of several workspaces names compute 'gpu' without its workspace"):
        check_whose([*lists[0], *lists[1]], "x")
    bare = [replace(row, computes=()) for row in (*lists[0], *lists[1])]
    with pytest.raises(UsageError, match="a second time"):
        check_whose(bare, "x")


def test_only_computes_that_are_asked_about_are_said_to_have_no_known_addresses() -> None:
    workspaces = [gpu("a", cluster="k1"), gpu("b", cluster="k2"), gpu("c", cluster="k3", compute="edge")]
    assert "of 3 computes" in next(unsourced(workspaces, Scope()))
    assert "of 1 computes" in next(unsourced(workspaces, Scope(computes=("edge",))))
    assert "of 1 computes" in next(unsourced(workspaces, Scope(computes=("b/*",))))
