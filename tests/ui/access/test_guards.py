"""The guards together, around a real server."""

import http.client

import pytest

from builders.server import WEBSOCKET, Server
from ui.access.closed_routes import ClosedRoutes
from ui.access.guards import server_guards
from ui.access.response_headers import HEADERS, ResponseHeaders
from ui.access.same_origin import SameOrigin


def test_server_guards_come_in_this_order():
    assert [guard.cls for guard in server_guards()] == [ResponseHeaders, SameOrigin, ClosedRoutes]


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
