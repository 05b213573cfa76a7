"""A download, of which a server's whole answer is damaged: its headers and its body."""

import hashlib
import json
import socket
import threading
from pathlib import Path

from mutation_input import Input
from mutators import DAMAGE, FOREIGN

CONTENT = bytes(range(256)) * 64


def download_inputs(folder: Path) -> list[Input]:
    """Return the answers of a server: with the whole file, and with what is left of it."""
    whole = _head("200 OK", len(CONTENT)) + CONTENT
    digest = hashlib.sha256(CONTENT).hexdigest()
    inputs = []
    for name, known in (
        ("download", {"sha256": digest, "size": len(CONTENT)}),
        ("download with an MD5 alone", {"md5": hashlib.md5(CONTENT).hexdigest()}),
    ):
        answer = folder / f"{'-'.join(known)}.http"
        answer.write_bytes(whole)
        remote = {
            "urls": [f"http://127.0.0.1:{serve_file(answer)}/file.bin"],
            "stated_by": "this test",
            "confirmed": False,
            **known,
        }
        target = folder / "downloads" / answer.stem / "file.bin"
        command = ["fetch", "file.bin", "--parameters", json.dumps(remote), "--output", str(target)]
        inputs.append(
            Input(
                name,
                answer,
                command,
                [target],
                DAMAGE + FOREIGN,
                ("file.bin",),
                continues=True,
                exact=True,
            )
        )
    return inputs


def _head(status: str, length: int) -> bytes:
    return (
        f"HTTP/1.1 {status}\r\nContent-Type: application/octet-stream\r\n"
        f'ETag: "one"\r\nAccept-Ranges: bytes\r\nContent-Length: {length}\r\n'
        "Connection: close\r\n\r\n"
    ).encode()


def serve_file(path: Path) -> int:
    """Answer every request on loopback with the bytes of a file; return the port.

    The server ends with the process.
    """
    server = socket.create_server(("127.0.0.1", 0))

    def answer() -> None:
        while True:
            connection, _ = server.accept()
            with connection:
                try:
                    connection.settimeout(5)
                    while b"\r\n\r\n" not in connection.recv(65536):
                        pass
                    connection.sendall(path.read_bytes())
                    connection.shutdown(socket.SHUT_WR)
                    while connection.recv(65536):
                        pass
                except OSError:
                    pass

    threading.Thread(target=answer, daemon=True).start()
    return server.getsockname()[1]
