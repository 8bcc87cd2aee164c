"""The border to the network: whatever comes back is an answer of Tracker's or a coded fault."""

from __future__ import annotations

import gzip
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
import respx

from tests.support.client import Device, action, foreign_server
from tests.support.server import START, RunningServer
from tracker.domain.errors import (
    ServerFault,
    ServerRefusal,
    SignInNeeded,
    TrackerError,
    Unreachable,
)
from tracker.domain.page import Mark
from tracker.services.credentials import InMemory
from tracker.sync import transport as transport_module
from tracker.sync.engine import State
from tracker.sync.ports import Tokens
from tracker.sync.remote import RemoteServer
from tracker.sync.transport import HttpCarrier, connect

URL = "http://tracker.test"
OURS = {"Tracker-Server": "s1", "Tracker-Protocol": "1", "Tracker-Time": str(START)}
HTML = "<html><title>Sign in to Hotel WiFi</title></html>"

CALLS: dict[str, Callable[[RemoteServer], Any]] = {
    "push": lambda server: server.push(["{}"], [], 0, None),
    "pull": lambda server: server.pull("cursor", "desk", 0, None),
    "presence": lambda server: server.presence(),
    "refresh": lambda server: server.refresh(),
    "me": lambda server: server.me(),
    "sign in": lambda server: server.sign_in("ana", "a password"),
}


def problem(status: int, code: str, **headers: str) -> httpx.Response:
    body = {
        "type": f"urn:tracker:error:{code}",
        "title": "t",
        "status": status,
        "detail": "d",
        "code": code,
        "retryable": False,
        "trace_id": "abc123",
        "errors": [],
    }
    return httpx.Response(status, json=body, headers={**OURS, **headers})


@pytest.fixture
def web() -> Iterator[respx.Router]:
    with respx.mock(base_url=URL, assert_all_called=False) as router:
        yield router


@pytest.fixture
def transport() -> Iterator[RemoteServer]:
    credentials = InMemory()
    credentials.write(Tokens("access", "refresh"))
    server = connect(URL, credentials, "s1", now=lambda: START)
    yield server
    server.close()


NOT_OURS = {
    "a hotel's page": httpx.Response(200, html=HTML),
    "a proxy's error": httpx.Response(502, html=HTML),
    "a proxy's no": httpx.Response(403, html=HTML),
    "a redirect": httpx.Response(302, headers={"Location": "https://hotel.example/login"}),
    "a redirect with our header": httpx.Response(
        307, headers={**OURS, "Location": "https://elsewhere.example/"}
    ),
    "another server": httpx.Response(200, json={}, headers={**OURS, "Tracker-Server": "s2"}),
    "an empty body": httpx.Response(200, headers=OURS),
    "half a body": httpx.Response(200, content=b'{"receipts": [{"op', headers=OURS),
    "another shape": httpx.Response(200, json=[1, 2], headers=OURS),
    "another type": httpx.Response(
        200, json={"receipts": "none", "epoch": 1, "people": 3}, headers=OURS
    ),
    "text that is no UTF-8": httpx.Response(200, content=b'{"epoch": "\xff"}', headers=OURS),
    "HTML with our header": httpx.Response(500, html=HTML, headers=OURS),
    "a problem without a code": httpx.Response(409, json={"title": "no"}, headers=OURS),
    "no content": httpx.Response(204, headers=OURS),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("answer", NOT_OURS)
def test_an_answer_that_is_not_ours_is_a_fault_of_the_line(
    web: respx.Router, transport: RemoteServer, call: str, answer: str
) -> None:
    web.route().mock(return_value=NOT_OURS[answer])
    with pytest.raises(Unreachable) as fault:
        CALLS[call](transport)
    assert fault.value.code == "E4003"
    assert "hotel" not in str(fault.value).split("Check the address")[0].lower()
    assert "\n" not in str(fault.value)


def test_no_redirect_is_followed(web: respx.Router, transport: RemoteServer) -> None:
    web.route().mock(return_value=NOT_OURS["a redirect with our header"])
    with pytest.raises(Unreachable):
        transport.push(["{}"], [], 0, None)
    assert web.calls.call_count == 1


NO_ANSWER = {
    "refused": (httpx.ConnectError("refused"), "E4001"),
    "name not found": (httpx.ConnectError("getaddrinfo failed"), "E4001"),
    "reset while reading": (httpx.ReadError("reset"), "E4001"),
    "reset while writing": (httpx.WriteError("reset"), "E4001"),
    "closed without an answer": (httpx.RemoteProtocolError("no response"), "E4001"),
    "a proxy that refuses": (httpx.ProxyError("407"), "E4001"),
    "no connection in time": (httpx.ConnectTimeout("slow"), "E4002"),
    "no answer in time": (httpx.ReadTimeout("slow"), "E4002"),
    "not sent in time": (httpx.WriteTimeout("slow"), "E4002"),
    "no free connection": (httpx.PoolTimeout("slow"), "E4002"),
    "a body that cannot be unpacked": (httpx.DecodingError("bad gzip"), "E4003"),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("name", NO_ANSWER)
def test_no_answer_is_a_coded_fault(
    web: respx.Router, transport: RemoteServer, call: str, name: str
) -> None:
    error, code = NO_ANSWER[name]
    web.route().mock(side_effect=error)
    with pytest.raises(Unreachable) as fault:
        CALLS[call](transport)
    assert fault.value.code == code
    assert URL not in str(fault.value)


def test_a_certificate_that_is_not_trusted_has_a_code_of_its_own(
    transport: RemoteServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def handshake(*_: object) -> httpx.Response:
        try:
            raise ssl.SSLCertVerificationError("self-signed certificate")
        except ssl.SSLError as error:
            raise httpx.ConnectError("tls") from error

    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", handshake)
    trusted = transport_module._trusted()
    with pytest.raises(Unreachable) as fault:
        transport.me()
    assert fault.value.code == "E4007"
    # Who then adds the company's certificate need not start Tracker anew.
    assert transport_module._trusted() is not trusted
    with pytest.raises(Unreachable):
        transport.me()


@pytest.mark.parametrize(
    ("answer", "kind", "code"),
    [
        (problem(401, "E1002"), SignInNeeded, "E1002"),
        (problem(401, "E1001"), SignInNeeded, "E1001"),
        (problem(403, "E1004"), ServerRefusal, "E1004"),
        (problem(409, "E5002"), ServerRefusal, "E5002"),
        (problem(410, "E4005"), ServerRefusal, "E4005"),
        (problem(413, "E2014"), ServerRefusal, "E2014"),
        (problem(422, "E2013"), ServerRefusal, "E2013"),
        (problem(426, "E4006"), ServerRefusal, "E4006"),
        (problem(500, "E4004"), Unreachable, "E4004"),
        (problem(503, "E3007"), Unreachable, "E3007"),
        (problem(507, "E3001"), ServerRefusal, "E3001"),
    ],
)
def test_a_coded_problem_keeps_its_code(
    web: respx.Router,
    transport: RemoteServer,
    answer: httpx.Response,
    kind: type[ServerFault],
    code: str,
) -> None:
    web.route().mock(return_value=answer)
    with pytest.raises(kind) as fault:
        transport.push(["{}"], [], 0, None)
    assert fault.value.code == code
    assert ("abc123" in str(fault.value)) is (answer.status_code >= 500)


def test_the_code_of_a_newer_server_is_no_crash(web: respx.Router, transport: RemoteServer) -> None:
    web.route().mock(return_value=problem(409, "E5999"))
    with pytest.raises(ServerRefusal) as fault:
        transport.push(["{}"], [], 0, None)
    assert fault.value.code == "E5999"
    assert "E5999" in str(fault.value)


ASKED = {
    "30": 30.0,
    "0": 0.0,
    "9" * 5000: 300.0,
    "301": 300.0,
    "Mon, 02 Mar 2026 08:00:45 GMT": 45.0,
    "Monday, 02-Mar-26 08:00:45 GMT": 45.0,
    "Mon, 02 Mar 2026 07:59:00 GMT": 0.0,
    "Tue, 03 Mar 2026 08:00:00 GMT": 300.0,
    "soon": None,
    "": None,
    "-5": None,
    "1.5": None,
    "²": None,
    "Mon, 42 Mar 2026 08:00:45 GMT": None,
}


def busy(status: int, asked: str, headers: Mapping[str, str] | None = None) -> httpx.Response:
    """A proxy's page, unless the headers make it Tracker's."""
    told = {**(headers or {}), "Retry-After": asked}
    raw = [(name.encode(), value.encode("latin-1")) for name, value in told.items()]
    return httpx.Response(status, html="<html>Busy</html>", headers=raw)


def asked_of(web: respx.Router, transport: RemoteServer, answer: httpx.Response) -> Unreachable:
    web.route().mock(return_value=answer)
    with pytest.raises(Unreachable) as fault:
        transport.pull(None, "desk", 0, None)
    return fault.value


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("asked", ASKED)
def test_tracker_and_a_proxy_may_ask_to_be_left_alone(
    web: respx.Router, transport: RemoteServer, status: int, asked: str
) -> None:
    ours = problem(status, "E3007", **{"Retry-After": asked} if asked.isascii() else {})
    fault = asked_of(web, transport, ours)
    assert (fault.code, fault.retry_after) == ("E3007", ASKED[asked])
    for headers in ({}, OURS):
        fault = asked_of(web, transport, busy(status, asked, headers))
        assert (fault.code, fault.retry_after) == ("E4003", ASKED[asked])


@pytest.mark.parametrize("status", [200, 204, 302, 403, 500, 502, 504])
def test_no_other_answer_may(web: respx.Router, transport: RemoteServer, status: int) -> None:
    """A hotel's page is sent with 200, or leads there with 302."""
    assert asked_of(web, transport, busy(status, "30")).retry_after is None


def test_another_server_may_not(web: respx.Router, transport: RemoteServer) -> None:
    other = {**OURS, "Tracker-Server": "s2"}
    assert asked_of(web, transport, busy(503, "30", other)).retry_after is None


def test_a_date_counts_from_the_answers_own(web: respx.Router, transport: RemoteServer) -> None:
    """The clock here may be a day off, and a wait of 300 s or none would come of it."""
    sent = {"Date": "Sun, 01 Mar 2026 08:00:00 GMT"}
    asked = busy(503, "Sun, 01 Mar 2026 08:00:20 GMT", sent)
    assert asked_of(web, transport, asked).retry_after == 20.0


def test_too_many_requests_is_no_refusal(web: respx.Router, transport: RemoteServer) -> None:
    assert asked_of(web, transport, problem(429, "E5999")).retry_after is None


@pytest.mark.parametrize("stamp", ["", "now", "-1", "1.5", "²", "9" * 5000])
def test_a_clock_that_cannot_be_read_is_passed_over(
    web: respx.Router, transport: RemoteServer, stamp: str
) -> None:
    headers = [(b"Tracker-Server", b"s1"), (b"Tracker-Time", stamp.encode("latin-1"))]
    web.route().mock(return_value=httpx.Response(304, headers=headers))
    assert transport.pull("cursor", "desk", 0, None) is None
    assert transport.clock_offset() is None


def test_the_offset_is_taken_between_sending_and_hearing(web: respx.Router) -> None:
    times = iter([START - 400, START - 200])
    credentials = InMemory()
    credentials.write(Tokens("access"))
    server = connect(URL, credentials, None, now=lambda: next(times))
    web.route().mock(return_value=httpx.Response(304, headers=OURS))
    server.pull("cursor", "desk", 0, None)
    server.close()
    assert server.clock_offset() == 300


def test_what_is_sent_is_what_the_contract_says(web: respx.Router, transport: RemoteServer) -> None:
    web.route().mock(return_value=httpx.Response(304, headers=OURS))
    assert transport.pull("abc", "monitor", 7, None) is None
    assert transport.pull("abc", "desk", 0, None) is None
    request = web.calls[0].request
    assert request.url.path == "/api/v1/sync/pull"
    assert dict(request.url.params) == {"scope": "monitor", "unsent": "7"}
    assert request.headers["if-none-match"] == '"abc"'
    assert request.headers["authorization"] == "Bearer access"
    assert request.headers["tracker-protocol"] == "1"
    answer = {"receipts": [], "epoch": "e1", "head": 4, "mark": "m4"}
    web.route().mock(return_value=httpx.Response(200, json=answer, headers=OURS))
    assert transport.push(['{"op_id":"ü"}', "{}"], ["id"], 3, "m3").mark == Mark("e1", 4, "m4")
    sent = web.calls[-1].request
    expected = {"actions": [{"op_id": "ü"}, {}], "void": ["id"], "unsent": 3}
    assert json.loads(sent.content) == expected
    assert sent.headers["tracker-mark"] == "m3"
    assert sent.headers["content-type"] == "application/json"


def test_an_older_client_reads_a_newer_server(web: respx.Router, transport: RemoteServer) -> None:
    answer = {"receipts": [], "epoch": "e1", "head": 4, "mark": "m4", "more": {"of": "it"}}
    web.route().mock(return_value=httpx.Response(200, json=answer, headers=OURS))
    assert transport.push(["{}"], [], 0, None).receipts == []


def test_without_tokens_nothing_is_sent(web: respx.Router) -> None:
    server = connect(URL, InMemory(), "s1")
    for call in ("push", "pull", "presence", "refresh", "me"):
        with pytest.raises(SignInNeeded):
            CALLS[call](server)
    server.close()
    assert web.calls.call_count == 0


def test_a_token_that_cannot_be_a_header_is_a_coded_fault() -> None:
    """As when TRACKER_TOKEN was pasted with a character too many."""
    credentials = InMemory()
    with foreign_server(HTML.encode()) as url:
        for token in ("kein-Schlüssel…", "two\nlines"):
            credentials.write(Tokens(token))
            server = connect(url, credentials)
            with pytest.raises(TrackerError):
                server.me()
            server.close()


@pytest.mark.parametrize(
    "url", ["http://[::1", "http://a..b", "http://xn--\xff.example", "http://host:port"]
)
def test_an_address_that_is_none_is_a_coded_fault(url: str) -> None:
    credentials = InMemory()
    credentials.write(Tokens("access"))
    with pytest.raises(TrackerError) as fault:  # noqa: PT012 (either line may say it)
        server = connect(url, credentials)
        server.me()
    assert fault.value.code in ("E2007", "E4001")


# What a socket sends


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (HTML.encode(), {}),
        (b"", {}),
        (b"not gzip at all", {"Content-Encoding": "gzip", **OURS}),
        (gzip.compress(b'{"receipts": [')[:-9], {"Content-Encoding": "gzip", **OURS}),
    ],
    ids=["html", "empty", "broken gzip", "cut gzip"],
)
def test_the_engine_is_offline_and_keeps_its_queue_whatever_the_web_says(
    server: RunningServer, tmp_path: Path, body: bytes, headers: dict[str, str]
) -> None:
    ana = Device(server, "ana", tmp_path / "ana").open()
    made = ana.add(action())
    with foreign_server(body, headers=headers) as url:
        ana.line.server = connect(url, ana.credentials, "s1")
        report = ana.sync()
        ana.line.server.close()
    assert (report.state, report.waiting) == (State.OFFLINE, 1)
    assert report.fault is not None
    assert report.fault.code == "E4003"
    assert ana.waiting_ids() == [made[0].op_id]
    ana.close()


@pytest.mark.parametrize(("status", "asked"), [(503, 30.0), (429, 30.0), (200, None)])
def test_who_asks_to_be_left_alone_is_asked_once(
    server: RunningServer, tmp_path: Path, status: int, asked: float | None
) -> None:
    ana = Device(server, "ana", tmp_path / "ana").open()
    ana.add(action())
    with foreign_server(HTML.encode(), status, {"Retry-After": "30"}) as url:
        ana.line.server = connect(url, ana.credentials, "s1")
        report = ana.sync()
        ana.line.server.close()
    assert (report.state, report.waiting, report.retry_after) == (State.OFFLINE, 1, asked)
    assert ana.line.calls == ["push"]
    ana.close()


def test_signing_in_and_out_for_real(server: RunningServer) -> None:
    credentials = InMemory()
    http = connect(server.url, credentials)
    grant = http.sign_in("ana", server.password)
    assert (grant.me.user_id, http.me().name) == (server.users["ana"], "ana")
    before = credentials.read()
    http.refresh()
    assert credentials.read() != before
    http.sign_out()
    with pytest.raises(SignInNeeded) as over:
        http.me()
    assert over.value.code == "E1002"
    http.close()


def test_another_tracker_server_is_refused(server: RunningServer) -> None:
    credentials = InMemory()
    credentials.write(Tokens(server.token("ana")))
    http = connect(server.url, credentials, "the server this profile knows")
    with pytest.raises(Unreachable) as fault:
        http.pull(None, "desk", 0, None)
    http.close()
    assert fault.value.code == "E4003"
    assert "another Tracker server" in str(fault.value)


# Hanging up


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_hanging_up_ends_the_request_under_way_and_all_later_ones(scheme: str) -> None:
    """The server accepts, as the kernel of one that hangs does, and says nothing: with TLS it is
    the handshake that waits."""
    found: list[TrackerError] = []
    with socket.create_server(("127.0.0.1", 0)) as silent:
        carrier = HttpCarrier(f"{scheme}://127.0.0.1:{silent.getsockname()[1]}")

        def ask() -> None:
            with pytest.raises(Unreachable) as fault:
                carrier.send("POST", "/api/v1/sync/push", {}, b"{}")
            found.append(fault.value)

        asking = threading.Thread(target=ask)
        asking.start()
        line, _ = silent.accept()
        with line:
            assert line.recv(4)
            assert asking.is_alive()
            before = time.monotonic()
            carrier.hang_up()
            asking.join(10)
            assert time.monotonic() - before < 1
            ask()
    carrier.close()
    assert [fault.code for fault in found] == ["E4001", "E4001"]


def test_hanging_up_between_requests_ends_the_line_that_is_kept() -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
    with socket.create_server(("127.0.0.1", 0)) as server:
        carrier = HttpCarrier(f"http://127.0.0.1:{server.getsockname()[1]}")

        def serve() -> None:
            line, _ = server.accept()
            with line:
                line.settimeout(10)
                line.recv(4096)
                line.sendall(answer)
                heard.append(line.recv(4096))

        heard: list[bytes] = []
        serving = threading.Thread(target=serve)
        serving.start()
        assert carrier.send("GET", "/", {}, None).body == b"{}"
        carrier.hang_up()
        serving.join(10)
        carrier.close()
    assert heard == [b""]


def test_whom_tls_trusts_is_read_once_and_anew_with_a_new_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It takes longer than most questions."""
    made: list[ssl.SSLContext] = []
    really = httpx.create_ssl_context

    def counted() -> ssl.SSLContext:
        made.append(really())
        return made[-1]

    monkeypatch.setattr(httpx, "create_ssl_context", counted)
    transport_module._trusted.cache_clear()
    carriers = [HttpCarrier("https://tracker.test") for _ in range(3)]
    assert len(made) == 1
    assert made[0].verify_mode is ssl.CERT_REQUIRED
    carriers[0].renew()
    carriers[1].renew()
    assert len(made) == 3
    transport_module._trusted.cache_clear()
    for carrier in carriers:
        carrier.close()
