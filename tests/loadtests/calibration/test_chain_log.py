from pathlib import Path

from exporters.logs.sources import find_logs
from loadtests.calibration.chain_log import read_chain_logs
from loadtests.calibration.reading import manner_of_lab
from tests.loadtests.calibration.ca_logs import NOW

TRACE = """\
14:05:04.000 | debug 2:SEP000000000001:Calling enrollCertUsingEST() csr_file=/tmp/capf/csr/SEP000000000001.csr
14:05:04.600 | debug 2:SEP000000000001:Enrollment rv = 0 (EST_ERR_NONE) with pkcs7 length = 1963
14:05:04.700 | debug 2:SEP000000000001:Online Cert Signing successful
14:05:05.000 | debug 2:SEP000000000002:Calling enrollCertUsingEST() csr_file=/tmp/capf/csr/SEP000000000002.csr
14:05:15.001 | debug 2:SEP000000000002:Enrollment rv = 35 (EST_ERR_SSL_READ) with pkcs7 length = 0
14:05:15.002 | debug 2:SEP000000000002:Online Cert Signing Failed
14:05:16.000 | debug 2:SEP000000000003:Calling enrollCertUsingEST() csr_file=/tmp/capf/csr/SEP000000000003.csr
"""
CES = """\
2026/03/02 14:05:15 [warn] 3#0: *2 login_to_certsrv_ca: Curl call for MS CA login failed with return code 28
2026/03/02 14:05:15 [info] 3#0: *2 login_to_certsrv_ca: URL used: https://lab-dc:443/certsrv
"""


def test_enrollments_and_cut_calls_are_counted_and_lasted_a_mean_time(tmp_path: Path) -> None:
    (tmp_path / "capf.log").write_text(TRACE)
    (tmp_path / "nginx_error.log").write_text(CES)
    files, _ = find_logs([tmp_path])
    chain = read_chain_logs(files, manner_of_lab(), lambda: NOW)
    assert (chain.started, chain.enrolled, chain.failed, chain.timed_out_at_capf) == (3, 1, 1, 1)
    assert chain.mean_enrolled_seconds == 0.7
    assert chain.cut_calls == {"login": 1}


def test_a_shorter_timer_of_capf_cuts_earlier(tmp_path: Path) -> None:
    (tmp_path / "capf.log").write_text(TRACE.replace("14:05:15", "14:05:07"))
    files, _ = find_logs([tmp_path])
    assert read_chain_logs(files, manner_of_lab(), lambda: NOW).timed_out_at_capf == 0
    assert read_chain_logs(files, manner_of_lab(2.0), lambda: NOW).timed_out_at_capf == 1
