from pathlib import Path

import pytest
from cryptography import x509

from loadtests.errors import GeneratorFailed, ScenarioError
from loadtests.phones.csr_file import make_csr_file, open_csr_file
from loadtests.phones.keys import KeyFile, make_key_file
from loadtests.phones.phone import Phone, PhoneNames
from loadtests.scenario import KeyType


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("keys") / "keys"
    make_key_file(path, KeyType.P_256, 3)
    return path


@pytest.mark.parametrize("processes", [1, 2, 3])
def test_each_phone_has_its_request_in_its_place(keys: Path, tmp_path: Path, processes: int) -> None:
    seen: list[int] = []
    make_csr_file(tmp_path / "csrs", keys, 9, 7, seen.append, processes)
    assert seen == list(range(1, 8))
    with open_csr_file(tmp_path / "csrs") as requests, KeyFile(keys) as pairs:
        assert len(requests) == 7
        for index in range(7):
            csr = x509.load_der_x509_csr(requests[index])
            phone = Phone(index, PhoneNames(9).name(index), pairs.key(index))
            assert csr.is_signature_valid
            assert csr.subject == phone.subject
            assert csr.public_key() == phone.key.public_key()


def test_a_file_of_keys_is_not_one_of_requests(keys: Path) -> None:
    with pytest.raises(ScenarioError, match="not a whole file of its kind"):
        open_csr_file(keys)


def test_children_that_fail_leave_no_file(tmp_path: Path) -> None:
    with pytest.raises(GeneratorFailed, match="ended early: 0 of 4"):
        make_csr_file(tmp_path / "csrs", tmp_path / "nothing", 1, 4)
    assert list(tmp_path.iterdir()) == []
