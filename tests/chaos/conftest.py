"""One chain for the tests of a module."""

from collections.abc import Iterator

import pytest

from tests.chaos.chain import Chain, chain


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    with chain(tmp_path_factory.mktemp("chain")) as running:
        yield running
