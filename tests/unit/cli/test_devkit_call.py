"""What `devkit avs call` was given, as one of our commands or as a task."""

import json
from typing import Any

import pytest
from eth_abi.abi import encode

from hourglass.cli.devkit.call import VERBS, Command, Task, read_call
from hourglass.errors import ConfigError

EXECUTION = "0x" + "0e" * 32


def asked(**pairs: str) -> Any:
    return read_call(json.dumps(pairs))


@pytest.mark.parametrize(
    ("pairs", "command"),
    [
        (
            {"workflow": "register", "module": "workflow.py", "name": "oracle"},
            "workflow register workflow.py:oracle",
        ),
        (
            {
                "workflow": "register",
                "module": "m",
                "name": "n",
                "trigger_source": "0xaa,0xbb",
                "max_fee": "1",
            },
            "workflow register m:n --trigger-source=0xaa --trigger-source=0xbb --max-fee=1",
        ),
        (
            {"workflow": "execute", "name": "oracle", "input": "--help", "wait": "false", "timeout": "5"},
            "workflow execute oracle --input=--help --timeout=5 --no-wait",
        ),
        ({"workflow": "status", "execution": EXECUTION}, f"status {EXECUTION}"),
        (
            {"workflow": "trigger", "execution": EXECUTION, "phase": "price", "price": "5000"},
            f"workflow trigger {EXECUTION} price --price=5000",
        ),
        ({"workflow": "cancel", "execution": EXECUTION}, f"workflow cancel {EXECUTION}"),
        ({"workflow": "logs", "id": "oracle", "phase": "0"}, "logs --workflow-id=oracle --phase=0"),
        (
            {"workflow": "debug", "execution": EXECUTION},
            f"debug --timeout-analysis --execution-id={EXECUTION}",
        ),
    ],
)
def test_each_word_is_one_of_our_commands_which_answers_in_json(pairs: dict[str, str], command: str) -> None:
    assert asked(**pairs) == Command((*command.split(), "--output=json"))


def test_every_word_has_been_tried() -> None:
    assert set(VERBS) == {"register", "execute", "status", "trigger", "cancel", "logs", "debug"}


def test_a_signature_and_its_arguments_are_a_task() -> None:
    payload = encode(["(uint256,string)"], [(5, "hello")])
    assert asked(signature="(uint256,string)", args='(5,"hello")') == Task(payload)


@pytest.mark.parametrize(
    ("pairs", "said"),
    [
        ({}, "workflow=register|execute"),
        ({"payload": "0x"}, "payload="),
        ({"signature": "uint256"}, "signature='(uint256,string)'"),
        ({"workflow": "run"}, "there are register, execute"),
        ({"workflow": "register", "module": "m"}, "needs name="),
        ({"workflow": "status"}, "needs execution="),
        ({"workflow": "execute", "name": ""}, "needs name="),
        (
            {"workflow": "execute", "name": "x", "inptu": "y"},
            "does not know inptu=; it takes creator=, input=",
        ),
        ({"workflow": "execute", "name": "x", "wait": "no"}, "neither true nor false"),
    ],
)
def test_what_is_missing_or_misspelt_is_named(pairs: dict[str, str], said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        asked(**pairs)
    assert said in refused.value.detail


@pytest.mark.parametrize("text", ["", "17", "[]", '{"workflow": 1}', "workflow=status"])
def test_what_is_no_object_of_texts_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="key=value"):
        read_call(text)
