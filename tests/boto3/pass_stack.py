"""The stack as it is deployed: the reads of functions, roles, topics, quotas and scalers."""

import json

FUNCTION = "clusterwarden-reshard"
ACCOUNT = "arn:aws:lambda:us-east-1:123456789012:function"


def steps(run):
    functions(run)
    roles(run)
    topics(run)
    quotas(run)
    scalers(run)


def form(version):
    """A request of AWS Query for an operation without parameters."""
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    return lambda name: (kind, f"Action={name}&Version={version}".encode())


def target(prefix):
    """A request of AWS JSON 1.1 for an operation without parameters."""
    return lambda name: ({"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": f"{prefix}.{name}"}, b"{}")


def functions(run):
    client = run.client("lambda")
    found = run.ok(client, "get_function_configuration", FunctionName=FUNCTION)
    run.expect("a function's ARN", found.get("FunctionArn") == f"{ACCOUNT}:{FUNCTION}", found.get("FunctionArn"))
    run.expect("it runs in plan mode", found.get("Environment", {}).get("Variables", {}).get("MODE") == "plan", found)
    by_arn = run.ok(client, "get_function_configuration", FunctionName=f"{ACCOUNT}:{FUNCTION}")
    run.expect("a function is found by its ARN too", by_arn.get("FunctionName") == FUNCTION, by_arn)
    policy = json.loads(run.ok(client, "get_policy", FunctionName=FUNCTION).get("Policy", "{}"))
    services = {one["Principal"]["Service"] for one in policy.get("Statement", [])}
    expected = {"sns.amazonaws.com", "lambda.alarms.cloudwatch.amazonaws.com"}
    run.expect("topics and alarms may invoke it", services == expected, services)
    invoked = run.ok(client, "get_function_event_invoke_config", FunctionName=FUNCTION)
    failed = invoked.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination", "")
    run.expect("what failed goes to a queue", ":sqs:" in failed, failed)
    run.ok(client, "get_function_concurrency", FunctionName=FUNCTION)
    for method in (
        "get_function_configuration",
        "get_policy",
        "get_function_event_invoke_config",
        "get_function_concurrency",
    ):
        run.refused(client, method, "ResourceNotFoundException", FunctionName="nobody")


def roles(run):
    function = run.client("lambda").get_function_configuration(FunctionName=FUNCTION)
    name = function["Role"].rpartition("/")[2]
    client = run.client("iam")
    role = run.ok(client, "get_role", RoleName=name).get("Role", {})
    run.expect("the function's role", role.get("Arn") == function["Role"], role)
    policies = run.ok(client, "list_role_policies", RoleName=name).get("PolicyNames")
    run.expect("one inline policy", policies == ["reshard"], policies)
    document = run.ok(client, "get_role_policy", RoleName=name, PolicyName="reshard").get("PolicyDocument", {})
    actions = {sid["Sid"] for sid in document.get("Statement", [])}
    run.expect("its document is decoded by boto3", {"Observe", "Journal"} <= actions, document)
    attached = run.ok(client, "list_attached_role_policies", RoleName=name).get("AttachedPolicies")
    run.expect("no managed policy", attached == [], attached)
    run.refused(client, "get_role", "NoSuchEntity", RoleName="nobody")
    run.refused(client, "get_role_policy", "NoSuchEntity", RoleName=name, PolicyName="nothing")
    run.nothing_else_is_answered(client, form("2010-05-08"), "InvalidAction")


def topics(run):
    client = run.client("sns")
    arn = "arn:aws:sns:us-east-1:123456789012:clusterwarden-notifications"
    attributes = run.ok(client, "get_topic_attributes", TopicArn=arn).get("Attributes", {})
    statements = json.loads(attributes.get("Policy", "{}")).get("Statement", [])
    run.expect("both statements of the topic's policy", len(statements) == 2, statements)
    found = run.ok(client, "list_subscriptions_by_topic", TopicArn=arn).get("Subscriptions", [])
    run.expect("functions have subscribed", f"{ACCOUNT}:{FUNCTION}" in {one["Endpoint"] for one in found}, found)
    for method in ("get_topic_attributes", "list_subscriptions_by_topic"):
        run.refused(client, method, "NotFound", TopicArn=f"{arn}-none")
        run.refused(client, method, "InvalidParameter", TopicArn="none")
    run.nothing_else_is_answered(client, form("2010-03-31"), "InvalidAction")


def quotas(run):
    client = run.client("service-quotas")
    applied = run.ok(client, "list_service_quotas", ServiceCode="elasticache").get("Quotas", [])
    defaults = run.ok(client, "list_aws_default_service_quotas", ServiceCode="elasticache").get("Quotas", [])
    codes = [{one["QuotaCode"] for one in listed} for listed in (applied, defaults)]
    run.expect("defaults are listed that were never applied", codes[0] < codes[1], codes)
    for method in ("list_service_quotas", "list_aws_default_service_quotas"):
        run.refused(client, method, "NoSuchResourceException", ServiceCode="none")
    run.nothing_else_is_answered(client, target("ServiceQuotasV20190624"), "UnknownOperationException")


def scalers(run):
    client = run.client("application-autoscaling")
    found = run.ok(client, "describe_scalable_targets", ServiceNamespace="elasticache").get("ScalableTargets")
    run.expect("nothing is registered", found == [], found)
    run.nothing_else_is_answered(client, target("AnyScaleFrontendService"), "UnknownOperationException")
