"""Visit the app without a browser, in Streamlit's protocol.

Measurements of the server need many visitors whose browsers don't take its processors. What a page shows is read from the
messages that would draw it.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Self

import httpx
from streamlit.proto.Alert_pb2 import Alert
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.sync.client import connect

PATIENCE = 180.0  # seconds until a page is complete, on a machine that may be busy
COOKIE = "_streamlit_xsrf"
PAGES = ("", "explore", "exams", "data", "train", "models", "predict")
ENDS = (ForwardMsg.FINISHED_SUCCESSFULLY, ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY)


class Visitor:
    """One visitor of a server, with a session of their own, in a `with` block.

    Args:
        url: of the server.

    Attributes:
        elements: what the page shows, by the position of each element.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.elements: dict[tuple[int, ...], Element] = {}
        self._stack = ExitStack()
        self._session = self._page = self._query = ""
        self._live: tuple[str, float] | None = None  # the part that is refreshed, and every how many seconds

    def __enter__(self) -> Self:
        self._http = self._stack.enter_context(httpx.Client(base_url=self.url, timeout=PATIENCE, trust_env=False))
        self._http.get("/_stcore/health").raise_for_status()
        self._token = self._http.cookies[COOKIE]
        self._socket = self._stack.enter_context(
            connect(
                f"ws{self.url.removeprefix('http')}/_stcore/stream",
                origin=self.url,
                subprotocols=["streamlit"],
                additional_headers={"Cookie": f"{COOKIE}={self._token}"},
                proxy=None,
                max_size=None,
                max_queue=None,
            )
        )
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def open(self, page: str, query: str = "") -> None:
        """Open a page by its address and wait until it is complete."""
        self._page, self._query = "", query
        message = BackMsg()
        message.rerun_script.page_name = page
        self._run(message)

    def click(self, label: str) -> None:
        """Click on a button and wait until the page is complete."""
        button = next(element.button for element in self._all("button") if element.button.label == label)
        self._set(WidgetState(id=button.id, trigger_value=True))

    def upload(self, files: Sequence[Path]) -> None:
        """Drop files on the page's uploader and wait until the page is complete."""
        uploader = self._all("file_uploader")[0].file_uploader
        request = BackMsg()
        request.file_urls_request.request_id, request.file_urls_request.session_id = "files", self._session
        request.file_urls_request.file_names.extend(file.name for file in files)
        self._send(request)
        urls = self._receive_until(lambda message: message.HasField("file_urls_response")).file_urls_response.file_urls
        state = WidgetState(id=uploader.id)
        for file, url in zip(files, urls, strict=True):
            data = file.read_bytes()
            answer = self._http.put(
                url.upload_url, files={"file": (file.name, data)}, headers={"X-Xsrftoken": self._token}
            )
            answer.raise_for_status()
            state.file_uploader_state_value.uploaded_file_info.add(
                name=file.name, size=len(data), file_id=url.file_id, file_urls=url
            )
        self._set(state)

    def follow(self, seconds: float) -> list[float]:
        """Return when the live part of the page was refreshed, by `time.monotonic()`.

        Like a browser, the visitor asks for it at a fixed interval, whether or not the last answer has come.
        """
        refreshed: list[float] = []
        due = time.monotonic()
        end = due + seconds
        while (now := time.monotonic()) < end:
            if self._live and now >= due:
                message = BackMsg()
                message.rerun_script.fragment_id, message.rerun_script.is_auto_rerun = self._live[0], True
                self._send_run(message)
                due = max(due + self._live[1], now)
            with suppress(TimeoutError):
                if self._is_end(self._receive((due if self._live else end) - now)):
                    refreshed.append(time.monotonic())
        return refreshed

    def errors(self) -> list[str]:
        """Return the text of each error and exception that the page shows."""
        shown = [element.exception.message for element in self._all("exception")]
        return shown + [element.alert.body for element in self._all("alert") if element.alert.format == Alert.ERROR]

    def scores(self) -> int:
        """Return how many scores, of breasts and patients, the page shows."""
        return len(self._all("metric"))

    def _all(self, kind: str) -> list[Element]:
        return [element for element in self.elements.values() if element.WhichOneof("type") == kind]

    def _set(self, state: WidgetState) -> None:
        message = BackMsg()
        message.rerun_script.widget_states.widgets.append(state)
        self._run(message)

    def _run(self, message: BackMsg) -> None:
        self._live = None
        self._send_run(message)
        self._receive_until(self._is_end)

    def _send_run(self, message: BackMsg) -> None:
        message.rerun_script.page_script_hash, message.rerun_script.query_string = self._page, self._query
        self._send(message)

    def _send(self, message: BackMsg) -> None:
        self._socket.send(message.SerializeToString())

    def _receive_until(self, wanted: Callable[[ForwardMsg], bool]) -> ForwardMsg:
        deadline = time.monotonic() + PATIENCE
        while not wanted(message := self._receive(deadline - time.monotonic())):
            pass
        return message

    def _receive(self, timeout: float) -> ForwardMsg:
        """Receive one message and note what it changes.

        Raises:
            TimeoutError: none comes in time, in seconds.
        """
        message = ForwardMsg.FromString(self._socket.recv(max(0.0, timeout), decode=False))
        match message.WhichOneof("type"):
            case "new_session":
                self._session = message.new_session.initialize.session_id
                if not message.metadata.run.fragment_ids:  # the complete page is drawn anew
                    self.elements.clear()
            case "page_info_changed":
                self._query = message.page_info_changed.query_string
            case "navigation":
                self._page = message.navigation.page_script_hash
            case "auto_rerun":
                self._live = message.auto_rerun.fragment_id, message.auto_rerun.interval
            case "stop_auto_rerun":
                if self._live and self._live[0] in message.stop_auto_rerun.fragment_ids:
                    self._live = None
            case "delta":
                if message.delta.WhichOneof("type") == "new_element":
                    self.elements[tuple(message.metadata.delta_path)] = message.delta.new_element
        return message

    @staticmethod
    def _is_end(message: ForwardMsg) -> bool:
        return message.WhichOneof("type") == "script_finished" and message.script_finished in ENDS


def count_pages_without_error(url: str) -> int:
    """Open every page once; return how many show no error."""
    with Visitor(url) as visitor:
        fine = 0
        for page in PAGES:
            visitor.open(page)
            fine += not visitor.errors()
        return fine
