"""Every script of the template that needs no chain, started as DevKit starts it, with what DevKit gives it."""

import json
import os
import stat
import subprocess
from pathlib import Path

import pytest
import yaml
from commands import refusal
from devkit_project import TEMPLATE, Project, context, printed

SCRIPTS = {
    "init",
    "build",
    "deployL1Contracts",
    "deployL2Contracts",
    "getOperatorSets",
    "getOperatorRegistrationMetadata",
    "run",
    "call",
    "test",
    "release",
    "upgrade",
}
TAKES_CONTEXT = {
    "deployL1Contracts",
    "deployL2Contracts",
    "getOperatorSets",
    "getOperatorRegistrationMetadata",
    "run",
    "call",
}
DIGEST = "sha256:" + "ab" * 32
DOCKER = f"""#!/bin/sh
echo "$@" >> docker.calls
case "$1 $2" in
    "version --format") [ -z "$NO_ENGINE" ] && echo 27.0 ;;
    "image inspect") echo sha256:1d ;;
    "buildx imagetools") echo {DIGEST} ;;
    "build --tag") [ -z "$BROKEN" ] || exit 9 ;;
esac
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project.create(tmp_path / "avs", context())


@pytest.fixture
def docker(project: Project) -> str:
    """A docker that writes down what it is asked for; the PATH that it is on."""
    folder = project.folder / "bin"
    folder.mkdir()
    (folder / "docker").write_text(DOCKER, "utf-8")
    (folder / "docker").chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


def test_the_template_has_every_script_and_each_can_be_run() -> None:
    found = {path.name: path.stat().st_mode for path in (TEMPLATE / ".devkit" / "scripts").iterdir()}
    assert found.keys() == SCRIPTS
    assert all(mode & stat.S_IXUSR for mode in found.values())
    listed = subprocess.run(
        ["git", "ls-files", "-s", ".devkit"], cwd=TEMPLATE, capture_output=True, text=True, check=False
    )
    # A source archive has no index, and nobody clones from it.
    assert {line.split()[0] for line in listed.stdout.splitlines()} <= {"100755"}, "also in a clone"


def test_scripts_print_json_alone_and_talk_on_standard_error(project: Project) -> None:
    assert printed(project.with_context("getOperatorSets")).keys() == {"operator_sets"}
    assert printed(project.with_context("getOperatorRegistrationMetadata")).keys() == {
        "operator_registrations"
    }


@pytest.mark.parametrize("script", sorted(TAKES_CONTEXT))
def test_what_is_no_context_is_refused_with_advice_and_nothing_on_standard_output(
    project: Project, script: str
) -> None:
    parameters = ('{"workflow": "logs"}',) if script == "call" else ()
    assert "through `devkit avs`" in refusal(project.run(script, "nonsense", *parameters))


def test_a_project_without_our_command_is_told_how_to_get_it(project: Project) -> None:
    finished = project.run("getOperatorSets", "{}", HOURGLASS="", PATH="/usr/bin:/bin")
    assert "Run .devkit/scripts/init" in refusal(finished)


# ── init ──────────────────────────────────────────────────────────────────────────────────────────────


def test_init_installs_nothing_where_the_command_is_there(project: Project) -> None:
    script = project.folder / ".devkit" / "scripts" / "call"
    script.chmod(0o644)
    finished = project.run("init", "")
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout == ""
    assert script.stat().st_mode & stat.S_IXUSR
    assert not (project.folder / ".venv").exists()


def test_init_that_cannot_install_says_so(project: Project) -> None:
    (project.folder / "bin").mkdir()
    python = project.folder / "bin" / "python3"
    python.write_text("#!/bin/sh\nexit 1\n", "utf-8")
    python.chmod(0o755)
    finished = project.run("init", "", HOURGLASS="", PATH=f"{python.parent}:/usr/bin:/bin")
    assert finished.returncode == 1
    assert "Install Python 3.11" in finished.stderr


# ── build, test, release ──────────────────────────────────────────────────────────────────────────────


def test_build_makes_the_image_and_names_it_as_devkit_keeps_it(project: Project, docker: str) -> None:
    built = printed(project.run("build", "--image", "my-avs", "--tag", "3", PATH=docker))
    assert built == {"artifact": {"artifactId": "sha256:1d", "component": "my-avs-performer:3"}}
    assert "build --tag my-avs-performer:3 ." in (project.folder / "docker.calls").read_text("utf-8")
    abi = project.folder / "contracts" / "abi" / "WorkflowStateMachine.json"
    assert json.loads(abi.read_text("utf-8"))["abi"]


def test_build_without_an_engine_checks_the_code_and_says_what_is_missing(
    project: Project, docker: str
) -> None:
    finished = project.run("build", PATH=docker, NO_ENGINE="1")
    assert printed(finished) == {"artifact": {}}
    assert "no Docker engine" in finished.stderr
    assert "workflow.py:oracle: oracle, 2 phases" in finished.stderr


def test_build_fails_with_dockers_own_words_or_the_workflows(project: Project, docker: str) -> None:
    assert "docker build failed (code 9)" in refusal(project.run("build", PATH=docker, BROKEN="1"))
    (project.folder / "workflow.py").write_text("import nothing_of_the_kind\n", "utf-8")
    assert "workflow.py does not load" in refusal(project.run("build", PATH=docker))


def test_test_checks_definitions_and_runs_the_projects_tests(project: Project) -> None:
    finished = project.run("test", project.context_json)
    assert (finished.returncode, finished.stdout) == (0, ""), finished.stderr
    assert "1 passed" in finished.stderr
    (project.folder / "tests" / "test_broken.py").write_text(
        "def test_it() -> None:\n    assert False\n", "utf-8"
    )
    assert project.run("test").returncode == 1


def test_release_says_per_operator_set_what_runs_there(project: Project, docker: str) -> None:
    """DevKit starts this one with bash, and reads a digest, a registry and a specification."""
    finished = subprocess.run(
        [
            "bash",
            ".devkit/scripts/release",
            "--version",
            "4",
            "--registry",
            "ghcr.io/me/avs",
            "--image",
            "my-avs",
        ],
        cwd=project.folder,
        capture_output=True,
        text=True,
        env=project.environment(PATH=docker, CONTEXT_NAME="devnet"),
        timeout=60,
        check=False,
    )
    released = printed(finished)
    assert released.keys() == {"0", "1"}
    for one in released.values():
        assert (one["digest"], one["registry"]) == (DIGEST, "ghcr.io/me/avs")
        spec = yaml.safe_load(one["runtimeSpec"])
        assert (spec["apiVersion"], spec["kind"], spec["version"]) == (
            "eigenruntime.io/v1alpha1",
            "Hourglass",
            "4",
        )
    calls = (project.folder / "docker.calls").read_text("utf-8")
    assert "--platform linux/amd64,linux/arm64 --tag ghcr.io/me/avs:performer-4 --push" in calls


# ── upgrade ───────────────────────────────────────────────────────────────────────────────────────────


def upgraded(template: Path, project: Project) -> subprocess.CompletedProcess[str]:
    """As DevKit does: from a clone of the newer template, with the project's folder."""
    return subprocess.run(
        [str(template / ".devkit" / "scripts" / "upgrade"), str(project.folder)],
        cwd=template,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def git(folder: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=Test", "-c", "user.email=test@example.org")
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


def test_upgrade_replaces_scripts_adds_what_is_new_and_leaves_what_is_yours(
    project: Project, tmp_path: Path
) -> None:
    newer = Project.create(tmp_path / "newer", context()).folder
    (newer / ".devkit" / "scripts" / "call").write_text("#!/bin/sh\necho newer\n", "utf-8")
    (newer / "docs").mkdir()
    (newer / "docs" / "new.md").write_text("new", "utf-8")
    (project.folder / "workflow.py").write_text("mine = True\n", "utf-8")
    git(project.folder, "init", "-q")
    assert "not committed" in upgraded(newer, project).stderr
    assert "newer" not in (project.folder / ".devkit" / "scripts" / "call").read_text("utf-8")
    git(project.folder, "add", ".")
    git(project.folder, "commit", "-q", "-m", "Mine")
    finished = upgraded(newer, project)
    assert finished.returncode == 0, finished.stderr
    assert "newer" in (project.folder / ".devkit" / "scripts" / "call").read_text("utf-8")
    assert (project.folder / "docs" / "new.md").read_text("utf-8") == "new"
    assert (project.folder / "workflow.py").read_text("utf-8") == "mine = True\n"
    assert "stays: ./workflow.py" in finished.stderr


def test_upgrade_of_no_project_is_refused(tmp_path: Path) -> None:
    finished = subprocess.run(
        [str(TEMPLATE / ".devkit" / "scripts" / "upgrade"), str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 2
    assert "devkit avs template upgrade" in finished.stderr
