"""Annotations: the file, and a Grafana's API as its documentation has it."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from chaos.annotations import AnnotationFile, FaultTime, read_fault_times
from chaos.errors import PlanRefused
from chaos.grafana import Grafana
from chaos.striking import Note

TABLE: dict[str, object] = {"fault": "tcp.latency", "hop": "ra-ca"}
START = Note("tcp.latency#0.0", TABLE, "start", 1000.25)
END = Note("tcp.latency#0.0", TABLE, "end", 1003.5)
FAILED = Note("tcp.latency#1.0", TABLE, "failed", 1001.0, "no proxy")


def written(path: Path, *notes: Note) -> list[dict[str, object]]:
    file = AnnotationFile(path)
    for note in notes:
        file.take(note)
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_line_is_what_grafana_takes(tmp_path: Path) -> None:
    begun, ended = written(tmp_path / "faults.jsonl", START, END)
    assert (begun["time"], begun.get("timeEnd")) == (1_000_250, None)
    assert (ended["time"], ended["timeEnd"]) == (1_000_250, 1_003_500)
    assert begun["tags"] == ["estorm", "fault", "tcp.latency"]
    assert begun["text"] == "tcp.latency hop=ra-ca"


def test_the_file_tells_when_each_fault_began_and_ended(tmp_path: Path) -> None:
    path = tmp_path / "faults.jsonl"
    written(path, START, FAILED, END)
    assert read_fault_times(path) == [
        FaultTime("tcp.latency#0.0", "tcp.latency hop=ra-ca", 1000.25, 1003.5),
        FaultTime("tcp.latency#1.0", "tcp.latency hop=ra-ca", None, None, "no proxy"),
    ]


def test_a_fault_that_was_not_undone_has_no_end(tmp_path: Path) -> None:
    path = tmp_path / "faults.jsonl"
    written(path, START, Note(START.name, TABLE, "failed", 1002.0, "gone"))
    assert read_fault_times(path) == [
        FaultTime("tcp.latency#0.0", "tcp.latency hop=ra-ca", 1000.25, None, "gone")
    ]


def test_a_run_without_faults_has_no_times(tmp_path: Path) -> None:
    assert read_fault_times(tmp_path / "faults.jsonl") == []


def test_a_line_that_is_cut_short_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "faults.jsonl"
    written(path, START, END)
    path.write_bytes(path.read_bytes()[:-10])
    assert [fault.ended for fault in read_fault_times(path)] == [None]


def test_another_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "faults.jsonl"
    path.write_text("what is this\n")
    with pytest.raises(PlanRefused, match=r"is no file of annotations"):
        read_fault_times(path)


class Asked:
    """What a Grafana was asked."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, str, dict[str, object]]] = []
        self.status = 200
        self.url = ""


@pytest.fixture
def grafana() -> Iterator[Asked]:
    asked = Asked()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.requests.append((self.command, self.path, self.headers.get("Authorization", ""), body))
            content = json.dumps({"message": "Annotation added", "id": 40 + len(asked.requests)}).encode()
            self.send_response(asked.status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_PATCH = answer  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        asked.url = f"http://127.0.0.1:{server.server_address[1]}"
        yield asked
        server.shutdown()
        thread.join()


def test_a_grafana_is_told_of_the_start_and_then_of_the_end(grafana: Asked) -> None:
    with Grafana(grafana.url, "token") as told:
        told.take(START)
        told.take(END)
    (post, where, who, begun), (patch, later, _, ended) = grafana.requests
    assert (post, where, who) == ("POST", "/api/annotations", "Bearer token")
    assert (begun["time"], begun.get("timeEnd")) == (1_000_250, None)
    assert (patch, later) == ("PATCH", "/api/annotations/41")
    assert (ended["time"], ended["timeEnd"]) == (1_000_250, 1_003_500)


def test_a_fault_that_failed_is_one_annotation(grafana: Asked) -> None:
    with Grafana(grafana.url) as told:
        told.take(FAILED)
    [(_, _, _, body)] = grafana.requests
    assert body["tags"] == ["estorm", "fault", "tcp.latency", "failed"]


def test_a_grafana_that_refuses_costs_a_warning(grafana: Asked, caplog: pytest.LogCaptureFixture) -> None:
    grafana.status = 401
    with Grafana(grafana.url) as told:
        told.take(START)
        told.take(END)
    assert len(grafana.requests) == 2
    assert "Grafana was not told of tcp.latency#0.0" in caplog.text
