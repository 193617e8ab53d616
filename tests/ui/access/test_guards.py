"""The guards together, around a real server."""

import http.client
import subprocess
import sys

import pytest

from builders.server import PATIENCE, ROOT, WEBSOCKET, Server, free_port, server_environment
from ui.access.closed_routes import ClosedRoutes
from ui.access.guards import server_guards
from ui.access.response_headers import HEADERS, ResponseHeaders
from ui.access.same_origin import SameOrigin
from ui.access.signed_in_requests import SignedInRequests


def test_server_guards_come_in_this_order():
    assert [guard.cls for guard in server_guards()] == [ResponseHeaders, SameOrigin, ClosedRoutes, SignedInRequests]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    running = Server(tmp_path_factory.mktemp("server"))
    yield running
    running.kill()


@pytest.mark.slow
def test_server_refuses_strangers_by_http_and_websocket(server):
    here, elsewhere = f"localhost:{server.port}", f"attacker.example:{server.port}"
    requests = [
        {"Host": here},
        {"Host": here, "Origin": f"http://{here}"},
        {"Host": elsewhere},
        {"Host": elsewhere, "Origin": f"http://{elsewhere}"},
        {"Host": here, "Origin": "http://localhost:9"},
    ]
    assert [server.status("/", headers) for headers in requests] == [200, 200, 403, 403, 403]
    assert [server.status("/_stcore/health", headers) for headers in requests] == [200, 200, 403, 403, 403]
    assert [server.status("/_stcore/stream", headers | WEBSOCKET) for headers in requests] == [101, 101, 403, 403, 403]


@pytest.mark.slow
def test_server_closes_its_metrics_and_restricts_its_pages(server):
    host = {"Host": f"localhost:{server.port}"}
    assert server.status("/_stcore/metrics", host) == 404
    assert server.status("/_stcore/agent/openapi.json", host) == 404
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    connection.request("GET", "/")
    answer = connection.getresponse()
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS
    connection.close()


@pytest.mark.slow
@pytest.mark.parametrize("address", ["0.0.0.0", "::"])
def test_server_on_a_public_address_ends_with_one_sentence(tmp_path, address):
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(free_port())]
    command += ["--logger.hideWelcomeMessage", "true"]  # for which Streamlit would ask another host for its address
    environment = server_environment(tmp_path) | {"MAMMO_OPEN_ACCESS": "false"}
    done = subprocess.run(
        [*command, "--server.address", address],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(f"Error: other machines could reach the server at {address}, ")
    assert "Traceback" not in done.stderr
