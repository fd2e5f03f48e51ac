"""Send a billing file to Octway over HTTPS, then fetch and acknowledge returns.

    python connect.py https://HOST:8443 octway.crt token FILE

Python 3.11 and its standard library, nothing else.
"""

import http.client
import json
import ssl
import sys
from pathlib import Path
from urllib.parse import quote, urlsplit

address, authority, token, file = (
    sys.argv[1],
    sys.argv[2],
    sys.argv[3],
    Path(sys.argv[4]),
)
place = urlsplit(address)
line = http.client.HTTPSConnection(
    place.hostname, place.port, context=ssl.create_default_context(cafile=authority)
)
login = {"Authorization": f"Bearer {Path(token).read_text().strip()}"}


def call(method, path, body=None, **headers):
    """Return status and body; a refusal says in words what was wrong."""
    line.request(method, path, body=body, headers=login | headers)
    answer = line.getresponse()
    content = answer.read()
    if answer.status >= 400:
        sys.exit(f"{answer.status}: {json.loads(content)['detail']}")
    return content


with file.open(
    "rb"
) as stream:  # the size goes first, the file is never in memory whole
    receipt = json.loads(
        call(
            "POST",
            f"/v1/deposits?filename={quote(file.name)}",
            stream,
            **{"Content-Length": str(file.stat().st_size)},
        )
    )
# The content decides: the same file sent again, after a cut, is the same deposit.
print("safe as", receipt["deposit"])
Path(f"{receipt['deposit']}.json").write_text(json.dumps(receipt))  # keep it

for each in json.loads(call("GET", "/v1/returns"))["items"]:
    content = call("GET", f"/v1/returns/{each['id']}/content")
    Path(each["filename"]).write_bytes(content)  # store it first …
    call("POST", f"/v1/returns/{each['id']}/ack", b"")  # … then say that you have it
    print("return", each["filename"], each["format"], each["size"])
