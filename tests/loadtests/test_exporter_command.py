import signal
from pathlib import Path

import httpx

from tests.loadtests.est_server import EstServer
from tests.processes import announced, run_estorm, running_estorm


def write_config(tmp_path: Path, server: EstServer) -> None:
    (tmp_path / "probe.toml").write_text(
        f'targets = ["{server.url}"]\n'
        "[modules.cacerts.server]\n"
        f'trust_anchor = "{server.ca.trust_anchor}"\n'
        '[modules.enroll]\noperation = "enroll"\npassword_variable = "NOT_SET"\n'
        f'[modules.enroll.server]\nest_user = "secret-user"\ntrust_anchor = "{server.ca.trust_anchor}"\n'
    )


def test_the_exporter_probes_as_prometheus_asks_and_ends_on_interrupt(
    est_server: EstServer, tmp_path: Path
) -> None:
    write_config(tmp_path, est_server)
    with running_estorm(
        "exporter", "est", "--config", "probe.toml", "--listen", "0", cwd=tmp_path
    ) as process:
        url = announced(process)
        answers = [
            httpx.get(url, params={"target": est_server.url, "module": name}).text
            for name in ("cacerts", "enroll")
        ]
        refused = httpx.get(url, params={"target": "https://127.0.0.1:1", "module": "cacerts"})
        process.send_signal(signal.SIGINT)
        said, complaint = process.communicate(timeout=60)
    assert process.returncode == 0
    assert complaint == ""
    assert all("probe_success 1.0" in answer for answer in answers)
    assert "probe_est_enrolled_cert_expiry" in answers[1]
    assert refused.status_code == 403
    assert not any("secret-user" in text or "SEP" in text for text in (*answers, said, refused.text))


def test_a_missing_configuration_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    ended = run_estorm("exporter", "est", "--config", "missing.toml", cwd=tmp_path)
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    assert "missing.toml" in ended.stderr
