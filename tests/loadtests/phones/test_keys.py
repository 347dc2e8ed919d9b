import os
import stat
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from loadtests.errors import ScenarioError
from loadtests.phones.keys import KeyFile, generate, make_key_file
from loadtests.scenario import KeyType
from tests.processes import command_line


@pytest.fixture(scope="module")
def key_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("keys") / "keys"
    make_key_file(path, KeyType.P_256, 5)
    return path


def test_a_key_file_holds_as_many_different_keys_as_were_asked_for(key_file: Path) -> None:
    with KeyFile(key_file) as keys:
        publics = {keys.key(index).public_key().public_numbers() for index in range(5)}
        assert (len(keys), len(publics), keys.key_type) == (5, 5, KeyType.P_256)


def test_a_pool_smaller_than_the_fleet_is_shared_round_robin(key_file: Path) -> None:
    with KeyFile(key_file) as keys:
        assert keys.key(7).public_key() == keys.key(2).public_key()
        assert keys.key(7).public_key() != keys.key(3).public_key()


def test_a_key_file_is_readable_by_its_owner_alone(key_file: Path) -> None:
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600


def test_a_loaded_rsa_key_signs_and_verifies(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    make_key_file(path, KeyType.RSA_2048, 1)
    with KeyFile(path) as keys:
        key = keys.key(0)
    assert isinstance(key, rsa.RSAPrivateKey)
    assert key.key_size == 2048
    assert key.private_numbers().public_numbers == key.public_key().public_numbers()


def test_progress_counts_every_key(tmp_path: Path) -> None:
    seen: list[int] = []
    make_key_file(tmp_path / "keys", KeyType.P_256, 7, seen.append, processes=2)
    assert seen == [1, 2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize(("key_type", "curve"), [(KeyType.P_256, "secp256r1"), (KeyType.P_384, "secp384r1")])
def test_a_curves_name_chooses_the_curve(key_type: KeyType, curve: str) -> None:
    key = generate(key_type)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert key.curve.name == curve


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not a key file",
        b'{"format":"estorm-keys","version":2,"key_type":"p-256"}\n\0\0\0\1x',
        b'{"format":"estorm-keys","version":1,"key_type":"dsa"}\n\0\0\0\1x',
        b'{"format":"estorm-keys","version":1,"key_type":"p-256"}\n',
    ],
)
def test_a_file_that_is_no_key_file_is_named_in_the_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "keys"
    path.write_bytes(content)
    with pytest.raises(ScenarioError, match=str(path)):
        KeyFile(path)


def test_a_cut_key_file_is_refused(tmp_path: Path, key_file: Path) -> None:
    path = tmp_path / "keys"
    path.write_bytes(key_file.read_bytes()[:-1])
    with pytest.raises(ScenarioError, match="cut short"):
        KeyFile(path)


def test_a_file_that_cannot_be_written_is_named_in_the_error(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="nowhere"):
        make_key_file(tmp_path / "nowhere" / "keys", KeyType.P_256, 1)


def test_an_interrupted_maker_leaves_neither_file_nor_process(tmp_path: Path) -> None:
    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_key_file(tmp_path / "keys", KeyType.RSA_2048, 1000, interrupt)
    assert list(tmp_path.iterdir()) == []
    makers = [command_line(child) for child in psutil.Process().children()]
    assert not [line for line in makers if "loadtests.phones.keys" in line]


def test_the_command_makes_a_file(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    command = [sys.executable, "-m", "loadtests.phones.keys", str(path), "--count=3", "--key-type=p-384"]
    subprocess.run(command, check=True, timeout=60)
    with KeyFile(path) as keys:
        assert (len(keys), keys.key_type) == (3, KeyType.P_384)


def test_a_child_whose_parent_is_another_process_makes_nothing() -> None:
    command = [sys.executable, "-m", "loadtests.phones.keys", f"--child-of={os.getppid()}", "--count=1"]
    ended = subprocess.run(command, stdout=subprocess.PIPE, timeout=60, check=False)
    assert (ended.returncode, ended.stdout) == (-9, b"")
