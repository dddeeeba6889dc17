"""Clients for the embedded AWS, and the count of what passed and failed."""

import atexit
import datetime
import email.utils
import os
import pathlib
import re
import subprocess
import threading
import time
import urllib.error
import urllib.request

import botocore.config
import botocore.loaders
import botocore.session
from botocore.exceptions import BotoCoreError, ClientError, WaiterError
from botocore.parsers import ResponseParserError

import wire

ROOT = pathlib.Path(__file__).resolve().parents[2]

# One second here is ten minutes there: a reshard takes seconds, a day of failover budget about two minutes.
SPEED = 600

# Dummies for clients that insist on signing, and nothing that could lead anywhere else.
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "conformance",
    "AWS_SECRET_ACCESS_KEY": "conformance",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_PAGER": "",
}


def start_server(*options):
    """The address of an embedded AWS that was started for this run and ends with it."""
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    binary = target / "debug" / "clusterwarden"
    command = [str(binary), "cloud", "--port", "0", "--speed", str(SPEED), *options]
    # What the server has to say (a panic, for one) is kept beside it.
    words = (target / "conformance-server.log").open("a" if options else "w")
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=words, stdin=subprocess.DEVNULL, text=True)
    atexit.register(stop_server, server)
    watchdog = threading.Timer(30, server.kill)
    watchdog.start()
    for line in server.stdout:
        address = re.search(r"export AWS_ENDPOINT_URL=(http://127\.0\.0\.1:\d+)", line)
        if address:
            watchdog.cancel()
            threading.Thread(target=server.stdout.read, daemon=True).start()
            return address.group(1)
    raise SystemExit(f"{' '.join(command)} printed no address within 30 s (exit code {server.wait()})")


def stop_server(server):
    """Ends the server, whatever it does."""
    server.terminate()
    try:
        server.wait(10)
    except subprocess.TimeoutExpired:
        server.kill()


class ProtocolLoader(botocore.loaders.Loader):
    """Service models with CloudWatch narrowed to one protocol, as clients of different ages speak it."""

    def __init__(self, protocol):
        super().__init__()
        self._protocol = protocol
        self._search_paths.append(self.BUILTIN_DATA_PATH)

    def load_service_model(self, service_name, type_name, api_version=None):
        model = super().load_service_model(service_name, type_name, api_version)
        if service_name == "cloudwatch" and type_name == "service-2":
            metadata = dict(model["metadata"], protocol=self._protocol, protocols=[self._protocol])
            if self._protocol == "query":
                del metadata["awsQueryCompatible"]
            model = dict(model, metadata=metadata)
        return model


class Conformance:
    """One run: its endpoint, its clients, its counts."""

    def __init__(self, endpoint=None):
        self.started = endpoint is None
        endpoint = endpoint or start_server()
        if not re.fullmatch(r"http://127\.0\.0\.1:\d+", endpoint):
            raise SystemExit(f"refusing to run against {endpoint}: only http://127.0.0.1:PORT")
        self.endpoint = endpoint
        self.passed = 0
        self.failures = []
        self.called = {}
        self.protocols = {}
        self._problems = []
        self._now = None

    def beside(self, scenario):
        """The address of another server, in a scenario of this folder; None where this run was given its server."""
        if not self.started:
            print(f"skipped {scenario}: it needs a server that this run starts", flush=True)
            return None
        return start_server("--scenario", str(pathlib.Path(__file__).with_name(scenario)))

    def client(self, service, protocol=None, endpoint=None):
        """A client without retries whose answers are all compared with the model."""
        session = botocore.session.Session()
        if protocol:
            session.register_component("data_loader", ProtocolLoader(protocol))
        config = botocore.config.Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=20)
        client = session.create_client(service, endpoint_url=endpoint or self.endpoint, config=config)
        client.meta.events.register("before-parse", self._compare)
        if protocol and client.meta.service_model.resolved_protocol != protocol:
            raise SystemExit(f"botocore speaks {client.meta.service_model.resolved_protocol}, not {protocol}")
        return client

    def _compare(self, operation_model, response_dict, **_):
        headers = {name.lower(): value for name, value in response_dict["headers"].items()}
        status, body = response_dict["status_code"], response_dict["body"]
        self._problems += wire.problems(operation_model, status, headers, body)
        if "date" in headers:
            self._now = email.utils.parsedate_to_datetime(headers["date"])
        else:
            self._problems.append("no header date")
        service = operation_model.service_model
        self.called.setdefault(service.service_name, set()).add(operation_model.name)
        self.protocols.setdefault(service.service_name, set()).add(service.resolved_protocol)

    def now(self):
        """The embedded AWS's time, as of the last answer."""
        return self._now.astimezone(datetime.timezone.utc)

    def expect(self, fact, holds, otherwise=""):
        """Counts one fact."""
        if holds:
            self.passed += 1
        else:
            # Long enough for a group of two shards, short enough that a terminal still shows the next failure.
            self.failures.append(f"{fact}: {otherwise}"[:1500])
            print(f"FAILED  {self.failures[-1]}", flush=True)
        return bool(holds)

    def _call(self, client, method, arguments):
        """The answer, or the service's refusal, or whatever else kept an answer from being understood."""
        self._problems = []
        try:
            return getattr(client, method)(**arguments), None, None
        except ClientError as refusal:
            return None, refusal, None
        except (BotoCoreError, ResponseParserError) as failure:
            return None, None, repr(failure)

    def _label(self, client, method):
        model = client.meta.service_model
        return f"{model.service_name} ({model.resolved_protocol}) {client.meta.method_to_api_mapping[method]}"

    def ok(self, client, method, **arguments):
        """Calls, counts the answer's form, and returns the answer; an empty one when the call failed."""
        label = self._label(client, method)
        answer, refusal, failure = self._call(client, method, arguments)
        if answer is None:
            self.expect(f"{label} succeeds", False, f"{refusal or failure} to {arguments}")
            return {}
        self.expect(f"{label} answers as modelled", not self._problems, "; ".join(self._problems[:5]))
        return answer

    def refused(self, client, method, codes, says=None, **arguments):
        """Calls and counts that it is refused with one of the codes, in the modelled form and status."""
        codes = {codes} if isinstance(codes, str) else set(codes)
        label = f"{self._label(client, method)} refuses with {' or '.join(sorted(codes))}"
        _, refusal, failure = self._call(client, method, arguments)
        if not self.expect(label, refusal is not None, failure or f"it accepted {arguments}"):
            return
        found = refusal.response["Error"]
        if not self.expect(label, found["Code"] in codes, f"it says {found} to {arguments}"):
            return
        self.expect(f"{label} as modelled", not self._problems, "; ".join(self._problems[:5]))
        if says:
            self.expect(f"{label}, saying {says!r}", re.search(says, found["Message"]), f"it says {found['Message']!r}")

    def wait(self, client, waiter, **arguments):
        """Waits by botocore's own waiter, which reads states as AWS's clients do."""
        settings = {"Delay": 0.5, "MaxAttempts": 120}
        try:
            client.get_waiter(waiter).wait(WaiterConfig=settings, **arguments)
            self.expect(f"{waiter} {arguments}", True)
        except WaiterError as error:
            self.expect(f"{waiter} {arguments}", False, str(error))

    def until(self, fact, look, seconds=60):
        """Looks again and again until `look` returns something, and returns that."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = look()
            if found:
                self.expect(fact, True)
                return found
            time.sleep(0.2)
        self.expect(fact, False, f"not within {seconds} s")
        return None

    def nothing_else_is_answered(self, client, request_for, refusal):
        """Every operation of the model that this run did not call is unknown to the server: none goes unchecked."""
        service = client.meta.service_model
        for name in sorted(set(service.operation_names) - self.called[service.service_name]):
            headers, body = request_for(name)
            request = urllib.request.Request(self.endpoint, data=body, headers=headers, method="POST")
            try:
                with urllib.request.urlopen(request, timeout=10) as answer:
                    status, text = answer.status, answer.read().decode("utf-8", "replace")
            except urllib.error.HTTPError as error:
                status, text = error.code, error.read().decode("utf-8", "replace")
            label = f"{service.service_name} {name} is either checked here or refused with {refusal}"
            self.expect(label, status in (400, 404) and refusal in text, f"HTTP {status} {text[:120]}")
