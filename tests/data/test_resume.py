"""A download goes on where it broke off, from a server that can resume and from one that cannot."""

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from xbarsim.data.download import download

CONTENT = bytes(range(256)) * 40


class Server(BaseHTTPRequestHandler):
    """Serves the content; keeps what was asked for."""

    ranges: list  # filled by the fixture

    def do_GET(self):
        wanted = self.headers.get("Range")
        self.ranges.append(wanted)
        first = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        if self.path == "/plain":
            first, wanted = 0, None
        if first >= len(CONTENT):
            self.send_error(416)
            return
        body = CONTENT[first:]
        self.send_response(206 if wanted else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def server():
    handler = type("Handler", (Server,), {"ranges": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}", handler.ranges
        running.shutdown()
        thread.join()


@pytest.mark.parametrize("path", ["/resumes", "/plain"])
@pytest.mark.parametrize("have", [0, 1000, len(CONTENT)])
def test_a_part_is_completed(server, path, have, tmp_path):
    address, ranges = server
    (tmp_path / "file.part").write_bytes(CONTENT[:have])
    md5 = hashlib.md5(CONTENT).hexdigest()
    target = download((address + path,), tmp_path / "file", md5)
    assert target.read_bytes() == CONTENT
    assert ranges == [f"bytes={have}-" if have else None]
    assert not (tmp_path / "file.part").exists()


def test_the_second_address_is_asked_when_the_first_is_gone(server, tmp_path):
    address, _ = server
    md5 = hashlib.md5(CONTENT).hexdigest()
    urls = ((tmp_path / "absent").as_uri(), address + "/resumes")
    assert download(urls, tmp_path / "file", md5).read_bytes() == CONTENT
