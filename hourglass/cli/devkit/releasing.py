"""`devkit avs build` and `release`: a container image, and a runtime's specification per operator set.

Docker is asked by its own command: that is what DevKit requires, and a build's output is for people to read.
"""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from hourglass.cli.devkit.context import ProjectSettings
from hourglass.cli.devkit.deployment import MACHINE, write_abi
from hourglass.cli.module import load_workflow
from hourglass.cli.output import err
from hourglass.errors import ConfigError
from hourglass.reasons import Reason

PLATFORMS = "linux/amd64,linux/arm64"
SPEC_VERSION, SPEC_KIND = "eigenruntime.io/v1alpha1", "Hourglass"
ENGINE_TIMEOUT_S = 10.0


def build(project: ProjectSettings, image: str, tag: str) -> dict[str, Any]:
    """What `build` prints: check the workflows, write the ABIs, and make the image where there is a Docker engine.

    Raises DefinitionError or ConfigError for a workflow that cannot be, ConfigError with Docker's own words.
    """
    for module in project.workflow.modules:
        definition = load_workflow(module).compile()
        err.print(f"{module}: {definition.name}, {len(definition.phases)} phases", highlight=False)
    write_abi(MACHINE)
    if not _docker_answers():
        err.print("There is no Docker engine here, so no image is made; `devkit avs release` needs one.")
        return {"artifact": {}}
    name = f"{image}-performer:{tag}"
    _docker("build", "--tag", name, ".")
    identity = _docker("image", "inspect", "--format", "{{.Id}}", name)
    return {"artifact": {"artifactId": identity, "component": name}}


def release(project: ProjectSettings, version: str, registry: str) -> dict[str, Any]:
    """What `release` prints: build for every platform, push, and say per operator set what runs there.

    Raises ConfigError with Docker's own words.
    """
    image = f"{registry}:performer-{version}"
    _docker("buildx", "build", "--platform", PLATFORMS, "--tag", image, "--push", ".")
    digest = _docker("buildx", "imagetools", "inspect", "--format", "{{.Manifest.Digest}}", image)
    roles = {"aggregator": project.aggregator, "executor": project.executor}
    return {
        str(role.operatorSetId): {
            "digest": role.digest or digest,
            "registry": role.registry or registry,
            "runtimeSpec": _spec(name, version, role.registry or registry, role.digest or digest),
        }
        for name, role in roles.items()
    }


def _spec(role: str, version: str, registry: str, digest: str) -> str:
    command = "aggregator" if role == "aggregator" else "agent"
    image = {
        "registry": registry,
        "digest": digest,
        "command": ["hourglass", command, "run", "--config", f"/etc/hourglass/{command}.yaml"],
        "env": [],
        "resources": {"tee_enabled": False},
    }
    spec = {
        "apiVersion": SPEC_VERSION,
        "kind": SPEC_KIND,
        "name": image_name(),
        "version": version,
        "spec": {role: image},
    }
    return yaml.safe_dump(spec, sort_keys=False)


def _docker_answers() -> bool:
    if shutil.which("docker") is None:
        return False
    try:
        asked = subprocess.run(
            ["docker", "version", "--format", "{{.Server.Version}}"],
            capture_output=True,
            timeout=ENGINE_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return False
    return asked.returncode == 0


def _docker(*arguments: str) -> str:
    """Its answer; what it says meanwhile goes to standard error. A build may take as long as it takes."""
    try:
        finished = subprocess.run(
            ["docker", *arguments], stdout=subprocess.PIPE, stderr=sys.stderr, check=False
        )
    except FileNotFoundError as error:
        raise ConfigError(Reason.INVALID_CONFIG, "There is no docker command: install Docker.") from error
    if finished.returncode != 0:
        raise ConfigError(
            Reason.INVALID_CONFIG,
            f"docker {arguments[0]} failed (code {finished.returncode}); it said why above.",
        )
    return finished.stdout.decode("utf-8").strip()


def image_name() -> str:
    """The project's name, where older releases of DevKit do not say it; "avs" without a configuration."""
    try:
        config = yaml.safe_load(Path("config/config.yaml").read_text("utf-8"))
        return str(config["config"]["project"]["name"])
    except (OSError, yaml.YAMLError, KeyError, TypeError):
        return "avs"
