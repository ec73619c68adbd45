"""The upreel service, as an editor's plug-in uses it: found or started, then asked. Python's standard library only.

Nothing here knows an editor: the GIMP and the Krita plug-in share this file. See PROTOCOL.md.
"""

import errno
import http.client
import json
import os
import stat
import subprocess
import sys
import time

PROTOCOL = 1
SAMPLE_BYTES = {"u8": 1, "u16": 2, "f32": 4}
# Larger pieces gain nothing, smaller ones cost system calls.
PIECE_BYTES = 1 << 20
START_SECONDS = 60
# The service says something every second; longer silence means that it is gone.
SILENCE_SECONDS = 90


class UpreelError(Exception):
    """One sentence for people, and what to do about it."""

    def __init__(self, code, message, hint=""):
        super().__init__(f"{message} {hint}".strip())
        self.code = code


class Service:
    """Finds the service by its state file and starts it when it is not there."""

    def __init__(self, config_file):
        self.config = _read_config(config_file)
        self.state_file = self.config["stateFile"]

    def models(self):
        """The models that can be asked for, as the protocol describes them."""
        return self._get("/v1/models")["models"]

    def upscale(self, request, pixels, on_started, on_rows, on_event):
        """Has pixels upscaled.

        `pixels`: an iterable of bytes. `on_started(width, height)` tells the result's size before any rows;
        `on_rows(y, height, data)` gives them from top to bottom; `on_event` gets everything else for show.
        """
        state = self._ensure()
        connection = _connect(state)
        try:
            _upscale(connection, state, request, pixels, on_started, on_rows, on_event)
        except UpreelError:
            raise
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise UpreelError("gone", "The upreel service ended before it was done.", "Try again.") from error
        finally:
            connection.close()

    def _get(self, path):
        state = self._ensure()
        status, body = _ask(state, path)
        if status != 200:
            raise UpreelError(body.get("code", "internal"), body.get("message", f"Status {status}."), body.get("hint", ""))
        return body

    def _ensure(self):
        state = self._running()
        return state if state is not None else self._start()

    def _running(self):
        state = _read_state(self.state_file)
        if state is None:
            return None
        try:
            status, body = _ask(state, "/v1/health", timeout=3)
        except (OSError, http.client.HTTPException, ValueError):
            return None
        # Whoever took the port over does not know the token, and is not told anything but it.
        if status != 200 or body.get("name") != "upreel" or body.get("pid") != state["pid"]:
            return None
        if body.get("protocol") != PROTOCOL:
            raise UpreelError("protocol", "The running upreel service is of another version than this plug-in.",
                              "Run: upreel gimp install")
        return state

    def _start(self):
        command = [self.config["node"], self.config["cli"], "serve", "--state-file", self.state_file]
        by_hand = f"Or start it yourself: upreel serve --state-file '{self.state_file}'"
        log_name = os.path.join(os.path.dirname(self.state_file), "service.log")
        try:
            os.makedirs(os.path.dirname(self.state_file), mode=0o700, exist_ok=True)
            with open(log_name, "ab", opener=_private) as log:
                child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                         env=_clean_environment(), **_detached())
        except OSError as error:
            raise UpreelError("start", f"upreel could not be started: {error.strerror or error}.",
                              f"Run: upreel gimp check. {by_hand}") from error
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            state = self._running()
            if state is not None:
                return state
            code = child.poll()
            # 7: another editor's was quicker, and is about to be found.
            if code not in (None, 7):
                raise UpreelError("start", f"The upreel service ended at once (exit code {code}).",
                                  f"See {log_name}, or run: upreel gimp check. {by_hand}")
            time.sleep(0.05)
        raise UpreelError("start", "The upreel service did not start in time.", f"See {log_name}. {by_hand}")


def _upscale(connection, state, request, pixels, on_started, on_rows, on_event):
    connection.putrequest("POST", "/v1/upscale", skip_accept_encoding=True)
    connection.putheader("Authorization", f"Bearer {state['token']}")
    connection.putheader("Content-Type", "application/octet-stream")
    connection.putheader("Content-Length", str(_body_bytes(request)))
    # json.dumps escapes everything beyond ASCII, as a header needs it.
    connection.putheader("Upreel-Request", json.dumps(request))
    connection.endheaders()
    # The answer begins before the body is sent: places in the queue are told, and `started` asks for the pixels.
    response = connection.getresponse()
    if response.status != 200:
        body = json.loads(response.read(1 << 16) or b"{}")
        raise UpreelError(body.get("code", "internal"), body.get("message", f"Status {response.status}."),
                          body.get("hint", ""))
    while True:
        line = response.readline(1 << 16)
        if not line.endswith(b"\n"):
            raise http.client.IncompleteRead(line)
        event = json.loads(line)
        kind = event["event"]
        if kind == "rows":
            on_rows(event["y"], event["height"], _read_exactly(response, event["bytes"]))
        elif kind == "started":
            on_started(event["width"], event["height"])
            on_event(event)
            for piece in pixels:
                for at in range(0, len(piece), PIECE_BYTES):
                    connection.sock.sendall(piece[at:at + PIECE_BYTES])
        elif kind == "done":
            return
        elif kind == "error":
            raise UpreelError(event["code"], event["message"], event["hint"])
        else:
            on_event(event)


def _read_exactly(response, length):
    data = response.read(length)
    if len(data) != length:
        raise http.client.IncompleteRead(data)
    return data


def _body_bytes(request):
    return request["width"] * request["height"] * request["channels"] * SAMPLE_BYTES[request["depth"]]


def _connect(state, timeout=SILENCE_SECONDS):
    # http.client and not urllib, which would ask a proxy.
    return http.client.HTTPConnection("127.0.0.1", state["port"], timeout=timeout, blocksize=PIECE_BYTES)


def _ask(state, path, timeout=30):
    connection = _connect(state, timeout)
    try:
        connection.request("GET", path, headers={"Authorization": f"Bearer {state['token']}"})
        response = connection.getresponse()
        body = json.loads(response.read(1 << 22))
        return response.status, body if isinstance(body, dict) else {}
    finally:
        connection.close()


def _read_config(config_file):
    try:
        with open(config_file, encoding="utf-8") as file:
            config = json.load(file)
        return {name: str(config[name]) for name in ("node", "cli", "stateFile")}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UpreelError("config", "This plug-in does not know where upreel is.", "Run: upreel gimp install") from error


def _read_state(state_file):
    try:
        with open(state_file, encoding="utf-8", opener=_at_once) as file:
            # Another user's file must not lead us to their service.
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                return None
            if hasattr(os, "getuid") and (status.st_uid != os.getuid() or status.st_mode & (stat.S_IRWXG | stat.S_IRWXO)):
                return None
            state = json.load(file)
        if isinstance(state["port"], int) and isinstance(state["pid"], int) and isinstance(state["token"], str):
            return state
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return None


def _at_once(path, flags):
    """Never waits for a pipe."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _private(path, flags):
    """A file of this user alone: never through a link or into a pipe that somebody else has put there."""
    file = os.open(path, flags | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0), 0o600)
    status = os.fstat(file)
    foreign = hasattr(os, "getuid") and status.st_uid not in (os.getuid(), 0)
    if foreign or not stat.S_ISREG(status.st_mode) or status.st_nlink > 1:
        os.close(file)
        raise PermissionError(errno.EPERM, "it is not a file of this user", path)
    return file


def _clean_environment():
    """Without what application bundles set for themselves and what would lead Node.js astray."""
    foreign = {"LD_LIBRARY_PATH", "LD_PRELOAD", "DYLD_LIBRARY_PATH", "PYTHONHOME", "PYTHONPATH", "GI_TYPELIB_PATH",
               "NODE_OPTIONS", "NODE_PATH"}
    return {name: value for name, value in os.environ.items() if name not in foreign}


def _detached():
    """The editor ends a cancelled plug-in with its process group: the service must not be in it."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.DETACHED_PROCESS | subprocess.CREATE_NO_WINDOW}
    return {"start_new_session": True}
