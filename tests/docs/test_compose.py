"""`docker-compose.yml` is a Compose file, and runs commands that there are.

`compose-spec.json` is the Compose Specification's own schema (github.com/compose-spec/compose-go v2.16.2,
Apache-2.0). The containers themselves are not run here: deploy/README.md says what was not.
"""

import json
import re
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

from schemas.settings import Settings
from tests.docs.test_reference import commands

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((Path(__file__).parent / "compose-spec.json").read_text(encoding="utf-8"))
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if str(service.get("image", "")).startswith("clew:")}


def test_it_is_what_the_compose_specification_allows() -> None:
    validator = jsonschema_rs.validator_for(SCHEMA)
    assert [f"{list(error.instance_path)}: {error.message}" for error in validator.iter_errors(COMPOSE)] == []


def test_the_schema_would_notice_a_mistake() -> None:
    validator = jsonschema_rs.validator_for(SCHEMA)
    assert not validator.is_valid({**COMPOSE, "services": {"api": {"imge": "clew"}}})


def test_each_of_our_services_runs_a_command_with_options_that_it_has() -> None:
    known = {name.removeprefix("clew "): command for name, command in commands()}
    assert {"migrate", "api", "worker", "protocols", "simulator"} <= set(OURS)
    for service in OURS.values():
        words = service["command"]
        name = next(name for name in known if words[: len(name.split())] == name.split())
        options = {option for parameter in known[name].params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= options, name


def test_what_is_waited_for_is_there_and_says_when_it_is_ready() -> None:
    for name, service in SERVICES.items():
        for needed, how in service.get("depends_on", {}).items():
            assert needed in SERVICES, f"{name} waits for {needed}"
            if how["condition"] == "service_healthy":
                assert "healthcheck" in SERVICES[needed], f"{name} waits for the health of {needed}"


def test_our_settings_are_settings() -> None:
    names = {f"CLEW_{name.upper()}" for name in Settings.model_fields}
    for service in OURS.values():
        assert set(service["environment"]) <= names


def test_files_that_are_mounted_or_built_from_are_there() -> None:
    for service in SERVICES.values():
        mounted = [volume.partition(":")[0] for volume in service.get("volumes", ()) if volume.startswith("./")]
        assert all((ROOT / each).is_dir() for each in mounted)
        if "build" in service:
            assert (ROOT / service["build"]["dockerfile"]).is_file()


@pytest.mark.parametrize("word", ["PASSWORD", "PWD", "SECRET", "TOKEN"])
def test_a_secret_comes_from_outside_and_only_its_development_default_is_here(word: str) -> None:
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            if word in name:
                assert re.fullmatch(r"\$\{\w+:-development\}", value), name
