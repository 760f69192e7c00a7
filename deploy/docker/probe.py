#!/app/bin/python -IS
"""Whether the service in this container is ready: exit code 0 when `/readyz` answers 200.

Owns nothing and imports little, as it is started every few seconds. Says on standard output what is not
ready, which `docker inspect` shows.
"""

import http.client
import sys
from pathlib import Path

PORT = Path("/app/probe-port")
PATIENCE_S = 2.0


def main() -> int:
    port = PORT.read_text()
    if not port:
        sys.stdout.write("this image was built without a port: there is nothing to probe\n")
        return 1
    connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=PATIENCE_S)
    try:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        if answer.status == 200:
            return 0
        sys.stdout.write(f"{answer.status} {answer.read(2000).decode(errors='replace')}\n")
    except OSError as error:
        sys.stdout.write(f"{error}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
