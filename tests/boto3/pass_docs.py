"""Every `aws` command of README.md and docs/: AWS's command line, version 1, must understand it.

The blocks run in a shell that has no programs, only stand-ins, so that nothing but `aws` can happen, and that only writes down how it
was called. Then the command line's own code reads each call, up to the point where it would send the request. Nothing is sent.
"""

import contextlib
import io
import os
import pathlib
import re
import subprocess
import tempfile

import awscli
import awscli.clidriver
import botocore.endpoint

import harness

# What version 1 does not have; docs/deploy.md asks for version 2.
VERSION_2_ONLY = [("logs", "tail")]

STAND_INS = r"""
aws() { printf '%s\0' "$WHERE" "$@" >>calls; printf '\036\0' >>calls
  case " $* " in *" json "*) echo '{}';; *) echo 7;; esac; }
jq() { case "$*" in *EvaluationState*) echo '{"AlarmName":"a","EvaluationPeriods":1,"ComparisonOperator":"GreaterThanThreshold"}';;
  *) echo '{}';; esac; }
output() { echo arn:aws:lambda:us-east-1:123456789012:function:clusterwarden-reshard; }; date() { echo 2026-11-26T08:00:00Z; }; looks=0; sleep() { [ "$((looks++))" -eq 0 ]; }
for name in cargo sam pip rustup curl clusterwarden tr sort grep; do eval "$name() { :; }"; done
TABLE=clusterwarden-journal LOG_GROUP=/aws/lambda/clusterwarden-reshard
"""


def blocks(page):
    """The shell blocks that call `aws`, and the commands between backticks, with their line."""
    text = page.read_text()
    for block in re.finditer(r"^( *)```sh\n(.*?)^\1```", text, re.S | re.M):
        if "aws " in block[2]:
            yield text[: block.start()].count("\n") + 1, block[2]
    prose = re.sub(r"^( *)```.*?^\1```", lambda block: "\n" * block[0].count("\n"), text, flags=re.S | re.M)
    for span in re.finditer(r"`(aws [a-z0-9-]+ [a-z0-9-]+\s[^`…<]*)`", prose):
        yield prose[: span.start()].count("\n") + 1, " ".join(span[1].split())


def called(page, folder):
    """Each call of `aws` on a page: where, and its words."""
    for line, script in blocks(page):
        (folder / "calls").write_text("")
        shell = ["/bin/bash", "--noprofile", "--norc", "-c", STAND_INS + script]
        environment = {"PATH": "", "WHERE": f"{page.name}:{line}"}
        subprocess.run(shell, cwd=folder, env=environment, capture_output=True, timeout=60, check=False)
        for call in (folder / "calls").read_text().split("\036\0")[:-1]:
            where, *words = call.split("\0")[:-1]
            yield where, words


# What the command line is made to say where it would send the request.
WOULD_SEND = "this would be sent"


def send(*_):
    raise RuntimeError(WOULD_SEND)


def understand(driver, words):
    """What the command line says against a call. None: nothing, it would send it."""
    said = io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said), contextlib.suppress(SystemExit):
        # A loopback address, should there be a way around `send`.
        driver.main([*words, "--endpoint-url", "http://127.0.0.1:9"])
    return None if WOULD_SEND in said.getvalue() else said.getvalue() or "nothing, and sends nothing"


def steps(run):
    before, make_request = os.getcwd(), botocore.endpoint.Endpoint.make_request
    botocore.endpoint.Endpoint.make_request = send
    # The command line's own data, which it finds by this variable only.
    os.environ["AWS_DATA_PATH"] = str(pathlib.Path(awscli.__file__).parent / "data")
    try:
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            # Files that a call names are in the folder where the block wrote them.
            os.chdir(folder)
            pages = [harness.ROOT / "README.md", *sorted((harness.ROOT / "docs").glob("*.md"))]
            driver, count = awscli.clidriver.create_clidriver(), 0
            for wrong in (
                ("elasticache", "describe-replication-group"),
                ("elasticache", "test-failover", "--replication-group-id", "orders"),
                ("elasticache", "describe-events", "--source", "orders"),
                ("cloudwatch", "describe-alarms", "--query", "MetricAlarms[?"),
            ):
                run.expect(f"aws {' '.join(wrong)} is seen to be wrong", understand(driver, wrong) is not None)
            for page in pages:
                for where, words in called(page, folder):
                    count += 1
                    words = [word for word in words if word != "--debug"]
                    if tuple(words[:2]) not in VERSION_2_ONLY:
                        said = understand(driver, words)
                        run.expect(f"{where}: aws {' '.join(words)[:70]} is understood", said is None, said)
            run.expect("the pages call the command line", count > 40, count)
    finally:
        os.chdir(before)
        botocore.endpoint.Endpoint.make_request = make_request
