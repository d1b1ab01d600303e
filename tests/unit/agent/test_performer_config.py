"""Which performers can be configured."""

from typing import Any

import pytest
from pydantic import ValidationError

from agent.performers.config import PerformerConfig

IMAGE = {"image": "avs/performer@sha256:00"}


@pytest.mark.parametrize(
    "settings",
    [
        {"address": "127.0.0.1:8080"},
        {"address": "performer.example.org:443", "ca_file": "ca.pem"},
        {"address": "[::1]:8080", "command": ["./performer"], "environment": {"L1_RPC_URL": "http://x"}},
        {"container": IMAGE},
        {"container": {**IMAGE, "network": "avs", "environment": {"TASK_MAILBOX": "0x0"}}},
    ],
)
def test_a_performer_is_at_an_address_or_in_a_container(settings: dict[str, Any]) -> None:
    made = PerformerConfig.model_validate(settings)
    assert (made.address is None) is (made.container is not None)


@pytest.mark.parametrize(
    ("settings", "wrong"),
    [
        ({}, "name one of the two"),
        ({"address": "a:1", "container": IMAGE}, "name one of the two"),
        ({"command": ["./performer"]}, "name one of the two"),
        ({"container": IMAGE, "command": ["x"]}, "takes no command"),
        ({"container": IMAGE, "ca_file": "ca.pem"}, "no ca_file"),
        ({"address": "a:1", "environment": {"A": "b"}}, "is a command's"),
        ({"container": {"image": "localhost:5000/avs/performer"}}, "digest or its tag"),
        ({"address": "nowhere"}, "host:port"),
        ({"address": ":80"}, "host:port"),
        ({"address": "a:0"}, "host:port"),
        ({"address": "a:65536"}, "host:port"),
        ({"address": "a:٣"}, "host:port"),
        ({"address": "a:1", "retries": 5}, "Extra inputs"),
        ({"address": "a:1", "health_interval_s": 0}, "greater than 0"),
    ],
)
def test_what_contradicts_itself_is_refused(settings: dict[str, Any], wrong: str) -> None:
    with pytest.raises(ValidationError, match=wrong):
        PerformerConfig.model_validate(settings)
