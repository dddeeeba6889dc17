"""DynamoDB: every operation of the embedded tables, with the conditions that a journal relies on."""

TABLE = "conformance"

# One of each type that an attribute can have.
EVERY_TYPE = {
    "target": {"S": "types"},
    "number": {"N": "-12.5"},
    "bytes": {"B": b"\x00\x01\xff"},
    "texts": {"SS": ["a", "b"]},
    "numbers": {"NS": ["1", "2.5"]},
    "many_bytes": {"BS": [b"\x00", b"\x01"]},
    "map": {"M": {"inner": {"L": [{"S": "x"}, {"N": "1"}, {"M": {}}]}}},
    "nothing": {"NULL": True},
    "flag": {"BOOL": False},
    "empty": {"S": ""},
}


def key(target):
    return {"target": {"S": target}}


def steps(run):
    client = run.client("dynamodb")
    tables(run, client)
    writes(run, client)
    updates(run, client)
    reads(run, client)
    ends(run, client)
    run.nothing_else_is_answered(
        client,
        lambda name: (
            {"X-Amz-Target": f"DynamoDB_20120810.{name}", "Content-Type": "application/x-amz-json-1.0"},
            b"{}",
        ),
        "UnknownOperationException",
    )


def tables(run, client):
    schema = {
        "TableName": TABLE,
        "AttributeDefinitions": [{"AttributeName": "target", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "target", "KeyType": "HASH"}],
        "BillingMode": "PAY_PER_REQUEST",
    }
    created = run.ok(client, "create_table", **schema).get("TableDescription", {})
    run.expect("a new table is CREATING or ACTIVE", created.get("TableStatus") in ("CREATING", "ACTIVE"), created)
    run.expect("a table has an ARN", created.get("TableArn", "").endswith(f":table/{TABLE}"), created)
    run.wait(client, "table_exists", TableName=TABLE)
    run.refused(client, "create_table", "ResourceInUseException", **schema)
    described = run.ok(client, "describe_table", TableName=TABLE).get("Table", {})
    run.expect("the key schema is kept", described.get("KeySchema") == schema["KeySchema"], described)
    run.expect(
        "the billing mode is kept",
        described.get("BillingModeSummary", {}).get("BillingMode") == "PAY_PER_REQUEST",
        described,
    )
    run.refused(client, "describe_table", "ResourceNotFoundException", TableName="absent")

    run.ok(client, "create_table", **{**schema, "TableName": f"{TABLE}-other"})
    run.wait(client, "table_exists", TableName=f"{TABLE}-other")
    first = run.ok(client, "list_tables", Limit=1)
    run.expect("a limited list says where it ended", first.get("LastEvaluatedTableName"), first)
    names, start = [], {}
    for _ in range(50):
        page = run.ok(client, "list_tables", Limit=1, **start)
        names += page.get("TableNames", [])
        if "LastEvaluatedTableName" not in page:
            break
        start = {"ExclusiveStartTableName": page["LastEvaluatedTableName"]}
    run.expect("the pages hold both tables", {TABLE, f"{TABLE}-other"} <= set(names), names)


def writes(run, client):
    item = {**key("one"), "version": {"N": "1"}, "entry": {"S": "{}"}}
    absent = {
        "ConditionExpression": "attribute_not_exists(#target)",
        "ExpressionAttributeNames": {"#target": "target"},
    }
    run.ok(client, "put_item", TableName=TABLE, Item=item, **absent)
    run.refused(
        client,
        "put_item",
        "ConditionalCheckFailedException",
        says="The conditional request failed",
        TableName=TABLE,
        Item=item,
        **absent,
    )
    expected = {
        "ConditionExpression": "#version = :read",
        "ExpressionAttributeNames": {"#version": "version"},
    }
    run.ok(
        client,
        "put_item",
        TableName=TABLE,
        Item={**item, "version": {"N": "2"}},
        ExpressionAttributeValues={":read": {"N": "1"}},
        **expected,
    )
    run.refused(
        client,
        "put_item",
        "ConditionalCheckFailedException",
        TableName=TABLE,
        Item={**item, "version": {"N": "2"}},
        ExpressionAttributeValues={":read": {"N": "1"}},
        ReturnValuesOnConditionCheckFailure="ALL_OLD",
        **expected,
    )
    old = run.ok(client, "put_item", TableName=TABLE, Item=item, ReturnValues="ALL_OLD")
    run.expect("a replaced item is returned", old.get("Attributes", {}).get("version") == {"N": "2"}, old)
    run.ok(client, "put_item", TableName=TABLE, Item=EVERY_TYPE)
    read = run.ok(client, "get_item", TableName=TABLE, Key=key("types"), ConsistentRead=True)
    run.expect("every type comes back as it went in", plain(read.get("Item")) == plain(EVERY_TYPE), read.get("Item"))
    run.refused(client, "put_item", "ResourceNotFoundException", TableName="absent", Item=item)
    run.refused(client, "put_item", "ValidationException", TableName=TABLE, Item={"version": {"N": "1"}})
    run.refused(client, "put_item", "ValidationException", TableName=TABLE, Item={"target": {"N": "1"}})
    run.refused(client, "put_item", "ValidationException", TableName=TABLE, Item={**key("x"), "n": {"N": "many"}})
    run.refused(
        client,
        "put_item",
        "ValidationException",
        TableName=TABLE,
        Item=item,
        ConditionExpression="attribute_not_exists(",
    )
    run.refused(client, "put_item", "ValidationException", TableName=TABLE, Item=item, ConditionExpression="#a = :b")


def plain(item):
    """An item with its sets in a fixed order."""
    if isinstance(item, dict):
        return {name: sorted(value) if name in ("SS", "NS", "BS") else plain(value) for name, value in item.items()}
    return [plain(value) for value in item] if isinstance(item, list) else item


def updates(run, client):
    answer = run.ok(
        client,
        "update_item",
        TableName=TABLE,
        Key=key("two"),
        UpdateExpression="SET #v = if_not_exists(#v, :zero) + :one, entry = :entry",
        ConditionExpression="attribute_not_exists(target) OR #v < :limit",
        ExpressionAttributeNames={"#v": "version"},
        ExpressionAttributeValues={
            ":zero": {"N": "0"},
            ":one": {"N": "1"},
            ":limit": {"N": "9"},
            ":entry": {"S": "e"},
        },
        ReturnValues="ALL_NEW",
    )
    run.expect("an update makes the item", answer.get("Attributes", {}).get("version") == {"N": "1"}, answer)
    answer = run.ok(
        client,
        "update_item",
        TableName=TABLE,
        Key=key("two"),
        UpdateExpression="REMOVE entry ADD version :one",
        ExpressionAttributeValues={":one": {"N": "1"}},
        ReturnValues="UPDATED_NEW",
    )
    run.expect("UPDATED_NEW holds what was changed", answer.get("Attributes") == {"version": {"N": "2"}}, answer)
    run.refused(
        client,
        "update_item",
        "ConditionalCheckFailedException",
        TableName=TABLE,
        Key=key("two"),
        UpdateExpression="SET version = :n",
        ConditionExpression="version = :n",
        ExpressionAttributeValues={":n": {"N": "7"}},
    )
    run.refused(
        client,
        "update_item",
        "ValidationException",
        TableName=TABLE,
        Key=key("two"),
        UpdateExpression="SET target = :t",
        ExpressionAttributeValues={":t": {"S": "three"}},
    )
    run.refused(client, "update_item", "ValidationException", TableName=TABLE, Key=key("two"), UpdateExpression="SIT a")
    run.refused(client, "update_item", "ResourceNotFoundException", TableName="absent", Key=key("two"))


def reads(run, client):
    nothing = run.ok(client, "get_item", TableName=TABLE, Key=key("nobody"))
    run.expect("an absent item is no Item, not an empty one", "Item" not in nothing, nothing)
    part = run.ok(
        client,
        "get_item",
        TableName=TABLE,
        Key=key("one"),
        ProjectionExpression="#v",
        ExpressionAttributeNames={"#v": "version"},
    )
    run.expect("a projection keeps what it names", part.get("Item") == {"version": {"N": "1"}}, part)
    run.refused(client, "get_item", "ResourceNotFoundException", TableName="absent", Key=key("one"))
    run.refused(client, "get_item", "ValidationException", TableName=TABLE, Key={"other": {"S": "one"}})

    asked = {TABLE: {"Keys": [key("one"), key("two"), key("nobody")], "ConsistentRead": True}}
    batch = run.ok(client, "batch_get_item", RequestItems=asked)
    found = {item["target"]["S"] for item in batch.get("Responses", {}).get(TABLE, [])}
    run.expect("a batch holds what exists", found == {"one", "two"}, batch)
    run.expect("nothing is left unprocessed", batch.get("UnprocessedKeys") == {}, batch)
    run.refused(client, "batch_get_item", "ResourceNotFoundException", RequestItems={"absent": {"Keys": [key("one")]}})
    twice = {TABLE: {"Keys": [key("one"), key("one")]}}
    run.refused(client, "batch_get_item", "ValidationException", RequestItems=twice)
    too_many = {TABLE: {"Keys": [key(str(number)) for number in range(101)]}}
    run.refused(client, "batch_get_item", "ValidationException", RequestItems=too_many)

    for number in (1, 2, 10):
        row = {**key(f"row {number}"), "number": {"N": str(number)}, "even": {"BOOL": number % 2 == 0}}
        run.ok(client, "put_item", TableName=f"{TABLE}-other", Item=row)
    query = {
        "TableName": f"{TABLE}-other",
        "KeyConditionExpression": "target = :t",
        "ExpressionAttributeValues": {":t": {"S": "row 10"}},
    }
    rows = run.ok(client, "query", **query)
    run.expect("a query finds its key", [row["number"]["N"] for row in rows.get("Items", [])] == ["10"], rows)
    run.expect("Count and ScannedCount are given", (rows.get("Count"), rows.get("ScannedCount")) == (1, 1), rows)
    nobody = run.ok(client, "query", **{**query, "ExpressionAttributeValues": {":t": {"S": "nobody"}}})
    run.expect("no row is an empty answer", (nobody.get("Items"), nobody.get("Count")) == ([], 0), nobody)
    run.refused(client, "query", "ValidationException", TableName=f"{TABLE}-other")
    run.refused(client, "query", "ValidationException", **{**query, "KeyConditionExpression": "target > :t"})
    run.refused(client, "query", "ResourceNotFoundException", **{**query, "TableName": "absent"})

    rows = run.ok(
        client,
        "scan",
        TableName=f"{TABLE}-other",
        FilterExpression="even = :yes AND #number BETWEEN :low AND :high",
        ExpressionAttributeNames={"#number": "number"},
        # As texts "10" would lie outside; as numbers it does not.
        ExpressionAttributeValues={":yes": {"BOOL": True}, ":low": {"N": "2"}, ":high": {"N": "10"}},
    )
    run.expect("a filter counts what it read", (rows.get("Count"), rows.get("ScannedCount")) == (2, 3), rows)
    pages = [run.ok(client, "scan", TableName=TABLE, Limit=1)]
    while "LastEvaluatedKey" in pages[-1] and len(pages) < 20:
        after = pages[-1]["LastEvaluatedKey"]
        pages.append(run.ok(client, "scan", TableName=TABLE, Limit=1, ExclusiveStartKey=after))
    targets = sorted(item["target"]["S"] for page in pages for item in page.get("Items", []))
    run.expect("pages of a scan hold every item once", targets == ["one", "two", "types"], targets)
    run.refused(client, "scan", "ResourceNotFoundException", TableName="absent")


def ends(run, client):
    run.refused(
        client,
        "delete_item",
        "ConditionalCheckFailedException",
        TableName=TABLE,
        Key=key("one"),
        ConditionExpression="version = :n",
        ExpressionAttributeValues={":n": {"N": "7"}},
    )
    old = run.ok(client, "delete_item", TableName=TABLE, Key=key("one"), ReturnValues="ALL_OLD")
    run.expect("a deleted item is returned", old.get("Attributes", {}).get("target") == {"S": "one"}, old)
    run.ok(client, "delete_item", TableName=TABLE, Key=key("one"))
    run.refused(client, "delete_item", "ResourceNotFoundException", TableName="absent", Key=key("one"))
    for table in (TABLE, f"{TABLE}-other"):
        run.ok(client, "delete_table", TableName=table)
        run.wait(client, "table_not_exists", TableName=table)
    run.refused(client, "delete_table", "ResourceNotFoundException", TableName=TABLE)
