"""A client of the YAML language server, as an editor is one: requests and answers over pipes."""

from __future__ import annotations

import json
import subprocess
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Timer
from typing import Any

Message = dict[str, Any]

# The server answers within a second; this is for a machine that is busy with other things.
PATIENCE = 120


class LanguageServer:
    """A running server that has been greeted."""

    def __init__(self, process: subprocess.Popen[bytes], settings: Message) -> None:
        self.process = process
        self.settings = settings
        self.number = 0
        self.notes: deque[Message] = deque()
        self.request("initialize", processId=None, rootUri=None, capabilities=_CAPABILITIES)
        self.notify("initialized")

    def send(self, message: Message) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self.process.stdin.flush()

    def notify(self, method: str, **params: Any) -> None:
        self.send({"method": method, "params": params})

    def request(self, method: str, **params: Any) -> Any:
        self.number += 1
        self.send({"id": self.number, "method": method, "params": params})
        while True:
            message = self.receive()
            if message.get("id") == self.number and "method" not in message:
                assert "error" not in message, message["error"]
                return message["result"]
            self.notes.append(message)

    def receive(self) -> Message:
        """The next message that is no question to the client; questions are answered."""
        assert self.process.stdout is not None
        while True:
            length = 0
            while line := self.process.stdout.readline().strip():
                name, _, value = line.partition(b":")
                length = int(value) if name == b"Content-Length" else length
            assert length, "the server has stopped"
            message: Message = json.loads(self.process.stdout.read(length))
            if "id" not in message or "method" not in message:
                return message
            asked = message["params"]["items"] if "configuration" in message["method"] else []
            answers = [self.settings.get(item["section"]) for item in asked]
            self.send({"id": message["id"], "result": answers or None})

    def open(self, path: Path, text: str) -> list[Message]:
        """Show a file to the server; what it finds wrong with it."""
        document = {"uri": path.as_uri(), "languageId": "yaml", "version": 1, "text": text}
        self.notify("textDocument/didOpen", textDocument=document)
        while True:
            message = self.notes.popleft() if self.notes else self.receive()
            if message.get("method") == "textDocument/publishDiagnostics":
                params = message["params"]
                if params["uri"] == path.as_uri():
                    return list(params["diagnostics"])

    def ask(self, what: str, path: Path, line: int, character: int) -> Any:
        """What the server says about a place, counted from 0."""
        place = {"line": line, "character": character}
        document = {"uri": path.as_uri()}
        return self.request(f"textDocument/{what}", textDocument=document, position=place)


_CAPABILITIES = {
    "workspace": {"configuration": True},
    "textDocument": {
        "completion": {"completionItem": {"snippetSupport": True}},
        "hover": {"contentFormat": ["markdown"]},
    },
}


@contextmanager
def run_server(command: Path, schemas: dict[str, str]) -> Iterator[LanguageServer]:
    """Run a server that holds files against schemas: a pattern of names for each address."""
    yaml = {
        "schemas": schemas,
        "schemaStore": {"enable": False},
        "validate": True,
        "hover": True,
        "completion": True,
    }
    with subprocess.Popen(
        [str(command), "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        timer = Timer(PATIENCE, process.kill)
        timer.start()
        try:
            yield LanguageServer(process, {"yaml": yaml})
        finally:
            timer.cancel()
            process.kill()
            with suppress(OSError):
                process.wait()
