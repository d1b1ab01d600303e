"""A project made of the DevKit template, and its scripts started as DevKit starts them."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from vectors import load

from hourglass.bls.keys import SecretKey
from hourglass.bls.signatures import default_backend
from hourglass.keystores.bn254 import Bn254Keystore, write_keystore
from hourglass.keystores.ethereum import write_ethereum_keystore

ROOT = Path(__file__).parents[1]
TEMPLATE = ROOT / "deploy" / "devkit"
HOURGLASS = Path(sys.executable).parent / "hourglass"
PATIENCE_S = 90.0
AVS = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
KEYS = (
    "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80",
    "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d",
    "0x5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a",
    "0x7c852118294e51e653712a81e05800f419141751be58f605c371e15141b007a6",
    "0x47e179ec197488593b187f80a00eb0da91f1b9d0b13f8733639f19c30a34926a",
    "0x8b3a350cf5c34c9194ca85829a2df0ec3153be0318b5e2d3348e872092edffba",
    "0x92db14e403b83dfe3df233f83dfa3a0d7096f21ca9b0d6d6b8d88b2b4ec1564e",
    "0x4bbbf85ce3377467afe5d46f804f221813b2bb87f24d81f60f1fcdbf7cbf4356",
)
"""anvil's first eight: the deployer's, the AVS's, the application's, and five operators'."""
OPERATORS = (
    "0x90F79bf6EB2c4f870365E785982E1f101E93b906",
    "0x15d34AAf54267DB7D7c367839AAf71A00a2C6A65",
    "0x9965507D1a55bcC2695C58ba16FB37d819B0A4dc",
    "0x976EA74026E726554dB657fA54763abd0C3a0aa9",
    "0x14dC79964da2C08b23698B3D3cc7Ca32193d9955",
)
PASSWORD, SALT, IV = "testpass", bytes(32), bytes(16)
LIGHT_SCRYPT_N = 2**4
NOWHERE = "http://127.0.0.1:1"


def context(rpc_url: str = NOWHERE, **changes: Any) -> dict[str, Any]:
    """A context of version 0.1.2, as a newly created project has it, with both of its chains at one endpoint."""
    chain = {"chain_id": 31337, "rpc_url": rpc_url, "fork": {"block": 1, "url": "", "block_time": 3}}
    operators = [
        {
            "address": address,
            "ecdsa_key": KEYS[number + 2],
            "keystores": [
                {
                    "avs": AVS,
                    "operatorSet": operator_set,
                    "ecdsa_keystore_path": f"keystores/operator{number}.ecdsa.keystore.json",
                    "ecdsa_keystore_password": "testpass",
                    "bls_keystore_path": f"keystores/operator{number}.bls.keystore.json",
                    "bls_keystore_password": "testpass",
                }
                for operator_set in (0, 1)
            ],
            "allocations": [],
        }
        for number, address in enumerate(OPERATORS, start=1)
    ]
    made: dict[str, Any] = {
        "name": "devnet",
        "chains": {"l1": chain, "l2": chain},
        "transporter": {"schedule": "0 */2 * * *", "active_stake_roots": []},
        "deployer_private_key": KEYS[0],
        "app_private_key": KEYS[2],
        "stakers": [],
        "operators": operators,
        "avs": {"address": AVS, "avs_private_key": KEYS[1], "metadata_url": "", "registrar_address": ""},
        "eigenlayer": {"l1": {}, "l2": {}},
        "deployed_l1_contracts": [],
        "deployed_l2_contracts": [],
        "operator_sets": [],
        "operator_registrations": [],
        "artifact": {"artifactId": "", "component": "", "digest": "", "registry": "", "version": ""},
    }
    return made | changes


@dataclass(slots=True)
class Project:
    """A project's folder and its context, into which DevKit merges what scripts print."""

    folder: Path
    context: dict[str, Any]

    @classmethod
    def create(
        cls, folder: Path, context: dict[str, Any], light_keystores: bool = True, **workflow: Any
    ) -> "Project":
        """What `devkit avs create` makes: the template, the keystores; and these settings of `workflow`.

        Light keystores have DevKit's keys, and are opened in no time.
        """
        shutil.copytree(TEMPLATE, folder, ignore=shutil.ignore_patterns("__pycache__"))
        (folder / "keystores").mkdir()
        for number, row in enumerate(_rows(), start=1):
            keystores = folder / "keystores"
            bls = _light(row) if light_keystores else json.dumps(row["keystore"]).encode()
            (keystores / f"operator{number}.bls.keystore.json").write_bytes(bls)
            secret = bytes.fromhex(KEYS[number + 2][2:])
            ecdsa = write_ethereum_keystore(secret, PASSWORD, SALT, IV, scrypt_n=LIGHT_SCRYPT_N)
            (keystores / f"operator{number}.ecdsa.keystore.json").write_bytes(ecdsa)
        project = cls(folder, context)
        project.change(workflow=workflow)
        return project

    def change(self, **sections: dict[str, Any]) -> None:
        """Change settings of the project, section by section."""
        path = self.folder / ".hourglass" / "context" / "devnet.yaml"
        settings = yaml.safe_load(path.read_text("utf-8"))
        for name, section in sections.items():
            settings[name] = settings[name] | section
        path.write_text(yaml.safe_dump(settings), "utf-8")

    def sign_on(self, curve: str) -> None:
        """Change the curve of all operator sets."""
        path = self.folder / ".hourglass" / "context" / "devnet.yaml"
        settings = yaml.safe_load(path.read_text("utf-8"))
        for one in settings["operatorSets"]:
            one["curve_type"] = curve
        path.write_text(yaml.safe_dump(settings), "utf-8")

    def command(self, script: str, *arguments: str) -> tuple[str, ...]:
        """As DevKit starts it: from the project's folder, by its path."""
        return (f".devkit/scripts/{script}", *arguments)

    def environment(self, **more: str) -> dict[str, str]:
        """With this checkout's command."""
        return {**os.environ, "HOURGLASS": str(HOURGLASS), "COLUMNS": "240", **more}

    def run(self, script: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a script to its end."""
        return subprocess.run(
            self.command(script, *arguments),
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            env=self.environment(**environment),
            check=False,
        )

    def with_context(self, script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a script that takes the context first."""
        return self.run(script, self.context_json, *arguments)

    @property
    def context_json(self) -> str:
        """As DevKit passes it."""
        return json.dumps({"context": self.context})

    def merge(self, script: str) -> dict[str, Any]:
        """What DevKit does with a script's answer: keep it in the context."""
        answer: dict[str, Any] = printed(self.with_context(script))
        self.context |= answer
        return answer

    def call(self, **pairs: str) -> subprocess.CompletedProcess[str]:
        """`devkit avs call -- key=value …`."""
        return self.with_context("call", json.dumps(pairs))


def printed(finished: subprocess.CompletedProcess[str]) -> Any:
    """A script's answer: all that it printed is one JSON value."""
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return json.loads(finished.stdout)


def devkit_keys() -> list[SecretKey]:
    """Of the keystores that DevKit puts into every project."""
    return [SecretKey(int(row["effective_scalar"])) for row in _rows()]


def _light(row: dict[str, Any]) -> bytes:
    secret, kind = SecretKey(int(row["effective_scalar"])), Bn254Keystore.LEGACY
    return write_keystore(secret, PASSWORD, SALT, IV, default_backend(), LIGHT_SCRYPT_N, kind)


def _rows() -> list[dict[str, Any]]:
    return [row for row in load("bn254_keystores")["keystores"] if "devkit" in row["file"]]
