#!/usr/bin/env python3
"""Holds the embedded AWS against botocore's service models and AWS's own command line.

Needs the packages of requirements.txt and a built `clusterwarden`. With AWS_ENDPOINT_URL=http://127.0.0.1:PORT set it
uses that server; otherwise it starts one and ends it. The last line is `N passed, N failed`; a failure is exit code 1.
"""

import os
import signal
import sys
import time

import harness
import pass_cli
import pass_cloudwatch
import pass_docs
import pass_dynamodb
import pass_elasticache
import pass_neptune
import pass_stack


def main():
    # Leave by the ordinary way when told to stop, so that the server is ended too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    for name in [name for name in os.environ if name.startswith("AWS_") and name != "AWS_ENDPOINT_URL"]:
        del os.environ[name]
    os.environ.update(harness.ENVIRONMENT)
    run = harness.Conformance(os.environ.pop("AWS_ENDPOINT_URL", None))
    for name, steps in (
        ("DynamoDB", pass_dynamodb.steps),
        ("CloudWatch", pass_cloudwatch.steps),
        ("ElastiCache", pass_elasticache.steps),
        ("Neptune", pass_neptune.steps),
        ("the stack", pass_stack.steps),
        ("AWS CLI", pass_cli.steps),
        # Last: what the pages delete is gone.
        ("The pages' commands", pass_docs.steps),
    ):
        begun, before, failed = time.monotonic(), run.passed, len(run.failures)
        try:
            steps(run)
        except Exception as error:  # one room's surprise must not hide the others' results
            run.expect(f"{name}: the pass ran to its end", False, f"{type(error).__name__}: {error}")
        spent = time.monotonic() - begun
        print(f"{name}: {run.passed - before} passed, {len(run.failures) - failed} failed, {spent:.0f} s", flush=True)
    print(f"{run.passed} passed, {len(run.failures)} failed")
    return 1 if run.failures else 0


if __name__ == "__main__":
    sys.exit(main())
