"""segment-analytics-python and rudder-sdk-python: `python_client.py NAME URL KEY CALLS`."""

import json
import sys
from datetime import datetime

ARGUMENTS = {
    "track": ["event", "properties"],
    "identify": ["traits"],
    "page": ["category", "name", "properties"],
    "screen": ["category", "name", "properties"],
    "group": ["group_id", "traits"],
    "alias": ["previous_id"],
}
WIRE = {"group_id": "groupId", "previous_id": "previousId"}


def client(name, url, key, failures):
    """A client with its default settings."""
    if name == "segment":
        from segment.analytics.client import Client
    else:
        from rudderstack.analytics.client import Client

    def on_error(error, batch):
        failures.append(f"{len(batch)} events: {error!r}")

    return Client(write_key=key, host=url, on_error=on_error)


def main():
    name, url, key, file = sys.argv[1:]
    failures = []
    analytics = client(name, url, key, failures)
    with open(file, encoding="utf-8") as calls:
        for call in json.load(calls):
            kind = call["kind"]
            wanted = {argument: call[WIRE.get(argument, argument)] for argument in ARGUMENTS[kind]}
            wanted["user_id"] = call.get("userId")
            if kind != "alias":
                wanted["anonymous_id"] = call.get("anonymousId")
            wanted["context"] = call["context"]
            if "timestamp" in call:
                text = call["timestamp"].replace("Z", "+00:00")
                wanted["timestamp"] = datetime.fromisoformat(text)
            getattr(analytics, kind)(**wanted)
    analytics.shutdown()
    if failures:
        sys.exit("; ".join(failures[:3]))


main()
