"""Drives plugins/shared/upreel_service.py without an editor: CONFIG REQUEST-JSON, zeros for pixels. Prints JSON lines."""

import json
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../plugins/shared"))

from upreel_service import SAMPLE_BYTES, Service, UpreelError


def say(**line):
    print(json.dumps(line), flush=True)


try:
    request = json.loads(sys.argv[2])
    row = bytes(request["width"] * request["channels"] * SAMPLE_BYTES[request["depth"]])
    received = []
    Service(sys.argv[1]).upscale(request, (row for _ in range(request["height"])),
                                 lambda width, height: say(event="size", width=width, height=height),
                                 lambda y, height, data: received.append(len(data)), lambda event: say(**event))
    say(event="received", bytes=sum(received))
except UpreelError as error:
    say(event="failed", code=error.code, message=str(error))
