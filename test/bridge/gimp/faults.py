"""Runs inside GIMP: what can go wrong between the plug-in and the service, done to the plug-in as it is installed.

Threads that do harm touch no function of GIMP, which would deadlock.
"""

import http.client
import http.server
import json
import os
import signal
import threading
import time

from images import MODEL, PLUG_IN, SERVICE, WIDTH, Gimp, check, distance, finish, make, pixels, refused, upscale

CONFIG = os.path.join(PLUG_IN, "bridge-config.json")
STATE = SERVICE.state_file
RGB = Gimp.ImageBaseType.RGB


def state():
    with open(STATE, encoding="utf-8") as file:
        return json.load(file)


def engine_of(pid):
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/children", encoding="ascii") as file:
            children = file.read().split()
        if children:
            return int(children[0])
    raise RuntimeError("the service has no engine")


def while_running(harm):
    """Starts a thread that does harm once a job runs."""

    def wait():
        while not any(job["state"] == "running" and job["fraction"] > 0 for job in SERVICE._get("/v1/jobs")["jobs"]):
            time.sleep(0.02)
        harm(state()["pid"])

    SERVICE.models()
    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    return thread


def small_works():
    image, layer = make(RGB)
    made, _layer = upscale(image, [layer])
    return None if made.get_width() == 2 * WIDTH else "it does not work"


def service_killed():
    image, layer = make(RGB, size=(160, 128))
    before = pixels(layer)
    thread = while_running(lambda pid: os.kill(pid, signal.SIGKILL))
    said = refused(lambda: upscale(image, [layer], source="layer", target="in-place", ensemble=True, tile=32),
                   "ended before it was done")
    thread.join()
    if pixels(layer) != before or image.get_width() != 160:
        return "the image was changed"
    return said or small_works()


def engine_killed():
    """The plug-in sends its pixels once more, and nobody notices."""
    image, layer = make(RGB, size=(160, 128))
    _made, expected = upscale(image, [layer], tile=32)
    thread = while_running(lambda pid: os.kill(engine_of(pid), signal.SIGSEGV))
    _made, result = upscale(image, [layer], ensemble=True, tile=32)
    thread.join()
    return None if distance(pixels(result), pixels(expected)) > 0 else "the second result is the first one"


def with_config(change, function):
    with open(CONFIG, encoding="utf-8") as file:
        text = file.read()
    try:
        with open(CONFIG, "w", encoding="utf-8") as file:
            file.write(change(text))
        return function()
    finally:
        with open(CONFIG, "w", encoding="utf-8") as file:
            file.write(text)


def elsewhere(**facts):
    """Another configuration: with a state file that no service has."""
    return lambda text: json.dumps({**json.loads(text), "stateFile": STATE + ".other", **facts})


def wrong_node():
    image, layer = make(RGB)
    return with_config(elsewhere(node="/nowhere/node"),
                       lambda: refused(lambda: upscale(image, [layer]), "Run: upreel gimp check"))


def wrong_command():
    image, layer = make(RGB)
    return with_config(elsewhere(cli="/nowhere/cli.js"), lambda: refused(lambda: upscale(image, [layer]), "ended at once"))


def no_configuration():
    image, layer = make(RGB)
    return with_config(lambda _text: "{", lambda: refused(lambda: upscale(image, [layer]), "Run: upreel gimp install"))


def stop_service():
    pid = state()["pid"]
    os.kill(pid, signal.SIGTERM)
    while os.path.exists(STATE):
        time.sleep(0.02)


def plant(mode=0o600, **facts):
    stop_service()
    with open(os.open(STATE, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as file:
        json.dump({"token": "A" * 43, "protocol": 1, "version": "0.1.0", **facts}, file)
    os.chmod(STATE, mode)


def stale_state_file():
    plant(port=9, pid=999_999)
    return small_works() or (None if state()["pid"] != 999_999 else "the stale file stands")


def state_file_of_others():
    """One that others may read is not ours."""
    plant(0o644, port=9, pid=os.getpid())
    return small_works()


def port_taken_over():
    seen = []

    class Other(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            seen.append((self.command, self.path, self.headers.get("Content-Length")))
            body = json.dumps({"name": "upreel", "version": "0.1.0", "protocol": 1, "pid": 1, "jobs": 0}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET

        def log_message(self, *_arguments):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Other)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    plant(port=server.server_address[1], pid=os.getpid())
    said = small_works()
    server.shutdown()
    return said or (None if set(seen) == {("GET", "/v1/health", None)} else f"it was asked {seen}")


def silent_job():
    """A job whose pixels do not come."""
    header = json.dumps({"width": 8, "height": 8, "channels": 3, "depth": "u8", "model": MODEL})
    where = state()
    connection = http.client.HTTPConnection("127.0.0.1", where["port"])
    connection.putrequest("POST", "/v1/upscale")
    for name, value in (("Authorization", f"Bearer {where['token']}"), ("Content-Type", "application/octet-stream"),
                        ("Content-Length", "192"), ("Upreel-Request", header)):
        connection.putheader(name, value)
    connection.endheaders()
    return connection


def busy():
    """As many jobs as the queue takes: one that runs, and eight."""
    SERVICE.models()
    image, layer = make(RGB)
    held = []
    # Again where a slow machine took so long to ask that the service had given up the first.
    for _attempt in range(3):
        while len(SERVICE._get("/v1/jobs")["jobs"]) < 9:
            held.append(silent_job())
            time.sleep(0.1)
        said = refused(lambda: upscale(image, [layer]), "Too many jobs are waiting")
        if said is None:
            break
    for connection in held:
        connection.close()
    while SERVICE._get("/v1/jobs")["jobs"]:
        time.sleep(0.02)
    return said or small_works()


for function in (small_works, service_killed, engine_killed, wrong_node, wrong_command, no_configuration, stale_state_file,
                 state_file_of_others, port_taken_over, busy):
    check(function.__name__.replace("_", " "), function)
finish()
