"""ARM's expressions, by what the pages of the functions and Bicep's own tests say that they are.

https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions and its pages, and
EvaluationTests.cs of https://github.com/Azure/bicep (2026-11-26).
"""

from __future__ import annotations

import time
from typing import Any

import pytest

from azext_amlnet.catalog import load
from azext_amlnet.model import Cloud
from azext_amlnet.policy.environment import environment_of
from azext_amlnet.policy.readers._expressions import Unknown
from azext_amlnet.policy.readers._template import Evaluation, Template

DOCUMENT = {
    "parameters": {
        "untold": {"type": "string"},
        "on": {"defaultValue": True},
        "no": {"defaultValue": False},
        "names": {"defaultValue": ["one", "two", "three"]},
        "rule": {"defaultValue": {"Name": "r", "ports": [80, 443], "inner": {"deep": "yes"}}},
        "maybe": {"type": "string", "nullable": True},
        "typed": {"$ref": "#/definitions/optional"},
        "made": {"defaultValue": "[resourceGroup().location]"},
    },
    "definitions": {"optional": {"type": "object", "nullable": True}},
    "variables": {
        "host": {"img": "mcr.microsoft.com"},
        "copy": [{"name": "loop", "count": 3, "input": "[concat('item', copyIndex('loop', 1))]"}],
        "inside": {"copy": [{"name": "ports", "count": 2, "input": {"p": "[copyIndex('ports')]"}}], "other": 1},
        "circle": "[variables('circle')]",
    },
    "functions": [
        {"namespace": "__bicep", "members": {
            "suffix": {"parameters": [{"name": "x", "type": "string"}],
                       "output": {"type": "string", "value": "[format('{0}.io', parameters('x'))]"}},
            "twice": {"parameters": [{"name": "y", "type": "string"}],
                      "output": {"value": "[concat(__bicep.suffix(parameters('y')), variables('host').img)]"}},
        }}
    ],
}  # fmt: skip
PUBLIC = environment_of(Cloud.PUBLIC, load())


def worked_out(text: Any, cloud: Cloud = Cloud.PUBLIC) -> Any:
    return Template(DOCUMENT, {}, Evaluation(environment_of(cloud, load()))).value(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        # logical and comparison
        ("[and(parameters('on'), parameters('no'))]", False),
        ("[and(bool('true'), true())]", True),
        ("[or(parameters('no'), equals(1, 2))]", False),
        ("[not(empty(parameters('names')))]", True),
        ("[if(equals(parameters('rule').name, 'r'), 'yes', reference('x').y)]", "yes"),
        ("[equals('a', 'A')]", False),
        ("[equals(createArray(1, 2), createArray(1, 2))]", True),
        ("[equals(createArray(1, 2), createArray(2, 1))]", False),
        ("[equals(createObject('a', 1, 'b', 2), createObject('b', 2, 'a', 1))]", True),
        ("[equals(1, true())]", False),
        ("[less(1, 2)]", True),
        ("[lessOrEquals(2, 2)]", True),
        ("[greater(1, 2)]", False),
        ("[greaterOrEquals(3, 2)]", True),
        ("[coalesce(null(), parameters('maybe'), 'last')]", "last"),
        ("[coalesce(null(), null())]", None),
        ("[empty(null())]", True),
        ("[empty('')]", True),
        ("[empty(createObject())]", True),
        ("[empty(parameters('typed'))]", True),
        # texts
        ("[format('{0}.microsoft.com', 'mcr')]", "mcr.microsoft.com"),
        ("[format('{0}/{{x}}/{1}', true(), 12948)]", "True/{x}/12948"),
        ("[concat('prefix', '-', 5)]", "prefix-5"),
        ("[split('one;two,three', createArray(',', ';'))]", ["one", "two", "three"]),
        ("[join(createArray('abc', 123, true()), '/')]", "abc/123/True"),
        ("[replace('123-123-1234', '-', '')]", "1231231234"),
        ("[substring('one two three', 4, 3)]", "two"),
        ("[substring('abc', 1)]", "bc"),
        ("[toUpper('One')]", "ONE"),
        ("[trim('   one two three   ')]", "one two three"),
        ("[first('One Two Three')]", "O"),
        ("[last('One Two Three')]", "e"),
        ("[skip('one two three', 4)]", "two three"),
        ("[take('one two three', 2)]", "on"),
        ("[startsWith('abcdef', 'AB')]", True),
        ("[endsWith('abcdef', 'EF')]", True),
        ("[contains('OneTwoThree', 'e')]", True),
        ("[contains('OneTwoThree', 'z')]", False),
        ("[padLeft('123', 10, '0')]", "0000000123"),
        ("[string(5)]", "5"),
        ("[string(createArray('a', 'b', 'c'))]", '["a","b","c"]'),
        ("[string(true())]", "True"),
        ("[int('4')]", 4),
        ("[length('One Two Three')]", 13),
        ("[string('it''s')]", "it's"),
        # lists and objects
        ("[concat(createArray('1-1'), createArray('2-1', '2-2'))]", ["1-1", "2-1", "2-2"]),
        ("[contains(createArray('one', 'two'), 'three')]", False),
        ("[contains(createObject('one', 'a'), 'ONE')]", True),
        ("[union(createArray('one', 'two', 'three'), createArray('three', 'four'))]", ["one", "two", "three", "four"]),
        ("[union(createObject('a', createObject('x', 1)), createObject('a', createObject('y', 2)))]",
         {"a": {"x": 1, "y": 2}}),
        ("[intersection(createArray('one', 'two', 'three'), createArray('two', 'three'))]", ["two", "three"]),
        ("[intersection(createObject('one', 'a', 'two', 'b'), createObject('one', 'a', 'two', 'z'))]", {"one": "a"}),
        ("[array(1)]", [1]),
        ("[array(parameters('names'))]", ["one", "two", "three"]),
        ("[first(parameters('names'))]", "one"),
        ("[last(parameters('names'))]", "three"),
        ("[first(createArray())]", None),
        ("[skip(parameters('names'), 2)]", ["three"]),
        ("[take(parameters('names'), 9)]", ["one", "two", "three"]),
        ("[range(5, 3)]", [5, 6, 7]),
        ("[min(createArray(0, 3, 2, 5, 4))]", 0),
        ("[max(0, 3, 2, 5, 4)]", 5),
        ("[length(parameters('rule'))]", 3),
        ("[items(createObject('b', 2, 'a', 1))]", [{"key": "a", "value": 1}, {"key": "b", "value": 2}]),
        ("[objectKeys(createObject('b', 2, 'a', 1))]", ["a", "b"]),
        ("[json('{\"a\": [1, null]}')]", {"a": [1, None]}),
        ("[flatten(createArray(createArray(1), createArray(2, 3)))]", [1, 2, 3]),
        ("[shallowMerge(createArray(createObject('a', 1), createObject('a', 2)))]", {"a": 2}),
        ("[tryGet(parameters('rule'), 'inner', 'deep')]", "yes"),
        ("[tryGet(parameters('rule'), 'none', 'deep')]", None),
        ("[tryGet(parameters('names'), 7)]", None),
        ("[indexFromEnd(parameters('names'), 1)]", "three"),
        ("[map(parameters('names'), lambda('n', 'i', format('{0}{1}', lambdaVariables('n'), lambdaVariables('i'))))]",
         ["one0", "two1", "three2"]),
        ("[map(parameters('names'), lambda('n', format('{0}.io', lambdaVariables('n'))))]",
         ["one.io", "two.io", "three.io"]),
        ("[filter(parameters('names'), lambda('n', equals(lambdaVariables('n'), 'two')))]", ["two"]),
        ("[reduce(createArray(1, 2, 3), 0, lambda('a', 'b', add(lambdaVariables('a'), lambdaVariables('b'))))]", 6),
        ("[toObject(parameters('names'), lambda('n', lambdaVariables('n')), lambda('n', 1))]",
         {"one": 1, "two": 1, "three": 1}),
        # properties, items, loops, functions of the template
        ("[variables('host').img]", "mcr.microsoft.com"),
        ("[parameters('rule').PORTS[1]]", 443),
        ("[parameters('rule')['inner'].deep]", "yes"),
        ("[parameters('names')[sub(length(parameters('names')), 1)]]", "three"),
        ("[variables('loop')]", ["item1", "item2", "item3"]),
        ("[variables('inside')]", {"other": 1, "ports": [{"p": 0}, {"p": 1}]}),
        ("[__bicep.suffix('acr')]", "acr.io"),
        ("[concat('*.blob.', environment().suffixes.storage)]", "*.blob.core.windows.net"),
        ("[environment().suffixes.acrLoginServer]", ".azurecr.io"),
        ("[environment().name]", "AzureCloud"),
        # ids and addresses
        ("[cidrSubnet('10.144.0.0/20', 24, 1)]", "10.144.1.0/24"),
        ("[cidrHost('10.144.3.0/24', 0)]", "10.144.3.1"),
        ("[resourceId('Microsoft.Network/firewallPolicies', 'Hub')]",
         "/providers/microsoft.network/firewallpolicies/hub"),
        ("[resourceId('rg', 'Microsoft.Network/virtualNetworks/subnets', 'v', 's')]",
         "/resourcegroups/rg/providers/microsoft.network/virtualnetworks/v/subnets/s"),
        # no expressions
        ("[[text]", "[text]"),
        ("[text", "[text"),
        ("a [b]", "a [b]"),
    ],
)  # fmt: skip
def test_a_function_has_its_documented_value(text: str, value: Any) -> None:
    assert worked_out(text) == value and type(worked_out(text)) is type(value)


@pytest.mark.parametrize(
    "text",
    [
        "[reference('x').y]", "[listKeys('x', '2024-01-01').keys[0]]", "[resourceGroup().location]",
        "[subscription().subscriptionId]", "[uniqueString('a')]", "[guid('a')]", "[newGuid()]", "[utcNow()]",
        "[format('{0}.io', parameters('untold'))]", "[format('{0:N2}', 1)]", "[format('{0', 1)]", "[concat('a', ]",
        "[concat('a' 'b')]", "[parameters('rule').none]", "[parameters('names')[9]]", "[variables('circle')]",
        "[variables('none')]", "[substring('abc', 2, 5)]", "[copyIndex()]", "[lambdaVariables('x')]", "[nothing('x')]",
        "[if(parameters('untold'), 1, 2)]", "[and(parameters('on'), parameters('untold'))]", "[int('x')]",
        "[bool('1')]", "[less('a', 'b')]", "[range(0, 99999)]", "[environment().media]", "[replace('a', '', 'b')]",
        "[contains(createArray(parameters('untold')), 'a')]", "[__bicep.twice('a')]", "[1.5]", "[equals(1)]",
        "[json('{')]", "[map(parameters('untold'), lambda('x', 1))]", "[map(parameters('names'), 'x')]",
        "[filter(parameters('names'), lambda('n', parameters('untold')))]", "[parameters('untold').a.b]",
    ],
)  # fmt: skip
def test_what_no_document_settles_stays_unknown(text: str) -> None:
    assert isinstance(worked_out(text), Unknown)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("[if(parameters('untold'), 'same', 'same')]", "same"),
        ("[and(parameters('untold'), parameters('no'))]", False),
        ("[or(parameters('untold'), parameters('on'))]", True),
        ("[contains(createArray(parameters('untold'), 'a'), 'a')]", True),
        ("[length(createArray(parameters('untold'), 'a'))]", 2),
        ("[last(createArray(parameters('untold'), 'a'))]", "a"),
        ("[createObject('x', parameters('untold'), 'y', 1).y]", 1),
    ],
)
def test_what_is_sure_in_spite_of_what_is_not_known_is_told(text: str, value: Any) -> None:
    assert worked_out(text) == value


@pytest.mark.parametrize(
    ("text", "on"),
    [
        ("[parameters('untold')]", "the parameter 'untold' (give the parameter file)"),
        ("[format('{0}.io', parameters('untold'))]", "the parameter 'untold' (give the parameter file)"),
        ("[not(empty(parameters('untold')))]", "the parameter 'untold' (give the parameter file)"),
        ("[parameters('made')]", "the parameter 'made' (give the parameter file)"),
        ("[reference('x').y]", "[reference('x').y], which only a deployment tells"),
        ("[concat(parameters('untold'), guid('x'))]", "the parameter 'untold' (give the parameter file) and "
         "[concat(parameters('untold'), guid('x'))], which only a deployment tells"),
    ],
)  # fmt: skip
def test_what_is_not_known_names_what_it_depends_on(text: str, on: str) -> None:
    assert worked_out(text).on == on


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("[parameters('untold')]", "[format('{0}', parameters('untold'))]"),
        ("[concat(parameters('untold'), '/g')]", "[format('{0}/{1}', parameters('UNTOLD'), 'g')]"),
        ("[uniqueString(resourceGroup().id)]", "[concat('', uniqueString( resourceGroup().id ))]"),
    ],
)
def test_two_expressions_for_one_thing_have_one_shape(one: str, other: str) -> None:
    assert worked_out(one).shape.lower() == worked_out(other).shape.lower() != ""
    assert worked_out(one).shape != worked_out("[parameters('untold2')]").shape


def test_the_environment_is_that_of_the_workspaces_cloud() -> None:
    storage = "[concat('*.blob.', environment().suffixes.storage)]"
    assert worked_out(storage, Cloud.USGOV) == "*.blob.core.usgovcloudapi.net"
    assert worked_out(storage, Cloud.CHINA) == "*.blob.core.chinacloudapi.cn"
    assert isinstance(worked_out("[environment().resourceManager]", Cloud.CHINA), Unknown)
    assert isinstance(Template(DOCUMENT, {}, Evaluation()).value(storage), Unknown)


@pytest.mark.parametrize(
    "variables",
    [
        {f"v{n}": f"[concat(variables('v{n + 1}'), variables('v{n + 1}'))]" for n in range(60)} | {"v60": "ab"},
        {f"v{n}": f"[createArray(variables('v{n + 1}'), variables('v{n + 1}'))]" for n in range(60)} | {"v60": "ab"},
        {f"v{n}": {"a": f"[variables('v{n + 1}')]", "b": f"[variables('v{n + 1}')]"} for n in range(60)} | {"v60": 1},
        {f"v{n}": f"[format('{{0}}{{0}}', variables('v{n + 1}'))]" for n in range(60)} | {"v60": "[guid('x')]"},
        {f"v{n}": f"[replace(variables('v{n + 1}'), 'a', variables('v{n + 1}'))]" for n in range(9)} | {"v9": "a" * 90},
        {"v0": "[map(range(0, 10000), lambda('x', map(range(0, 10000), lambda('y', range(0, 10000)))))]"},
        {"v0": "[" + "not(" * 5000 + "true()" + ")" * 5000 + "]"},
        {"v0": "[parameters('x')" + ".a" * 100_000 + "]"},
        {"v0": {"copy": [{"name": "a", "count": 10**9, "input": 1}]}},
        {"v0": {"copy": [{"name": "a", "count": 800, "input": {"copy": [{"name": "b", "count": 800, "input": {"copy": [
            {"name": "c", "count": 800, "input": 1}]}}]}}]}},
    ],
)  # fmt: skip
def test_hostile_expressions_cost_little(variables: dict[str, Any]) -> None:
    started = time.monotonic()
    Template({"variables": variables}, {}, Evaluation()).value("[variables('v0')]")
    assert time.monotonic() - started < 60
