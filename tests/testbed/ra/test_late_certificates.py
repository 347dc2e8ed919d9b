import asyncio
from pathlib import Path

import uvloop

from testbed.ra.certsrv.calls import Issued
from testbed.ra.late_certificates import LateCertificates
from tests.testbed.ra.scripted_ca import ScriptedCa


def test_what_is_kept_is_found_by_another_worker_until_it_is_dropped(tmp_path: Path, ca: ScriptedCa) -> None:
    LateCertificates(tmp_path, 10).keep("abc", Issued(7, ca.root))
    other = LateCertificates(tmp_path, 10)
    assert other.find("abc") == Issued(7, ca.root)
    assert other.find("abd") is None
    other.drop("abc")
    assert other.find("abc") is None


def test_a_certificate_that_was_never_downloaded_is_kept_as_its_request_id(tmp_path: Path) -> None:
    late = LateCertificates(tmp_path, 10)
    late.keep("abc", Issued(7))
    assert late.find("abc") == Issued(7, None)


def test_the_oldest_give_way_and_are_told(tmp_path: Path, ca: ScriptedCa) -> None:
    late = LateCertificates(tmp_path, 2)
    lost = [late.keep(f"request{number}", Issued(number, ca.root)) for number in range(4)]
    assert lost == [0, 0, 1, 1]
    assert len(late) == 2
    assert late.find("request0") is None
    assert late.find("request3") == Issued(3, ca.root)


def test_one_request_is_enrolled_by_one_worker_at_a_time(tmp_path: Path) -> None:
    order: list[str] = []

    async def enroll(name: str, late: LateCertificates, waited_for: asyncio.Event) -> None:
        lock = await late.lock("abc")
        order.append(f"{name} in")
        await waited_for.wait()
        order.append(f"{name} out")
        lock.release()

    async def scenario() -> None:
        event = asyncio.Event()
        first = asyncio.create_task(enroll("first", LateCertificates(tmp_path, 9), event))
        second = asyncio.create_task(enroll("second", LateCertificates(tmp_path, 9), event))
        other = await LateCertificates(tmp_path, 9).lock("abd")
        other.release()
        event.set()
        await asyncio.gather(first, second)

    uvloop.run(scenario())
    names = [entry.partition(" ")[0] for entry in order]
    assert names in (["first", "first", "second", "second"], ["second", "second", "first", "first"])
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_file_is_nobodys(tmp_path: Path) -> None:
    (tmp_path / "abc.late").write_bytes(b"\x00")
    late = LateCertificates(tmp_path, 10)
    assert late.find("abc") is None
