"""Compares an answer's raw body with botocore's model: nothing unknown, nothing required missing, all readable.

botocore's own parsers skip what they do not know and default what is missing, so a client that works proves little.
"""

import base64
import binascii
import datetime
import json
import xml.etree.ElementTree as ElementTree

from botocore.parsers import RpcV2CBORParser
from botocore.utils import parse_timestamp

# Errors that any operation may give, with their HTTP status. From the services' pages "Common errors".
COMMON_ERRORS = {
    "query": {
        "InternalFailure": 500,
        "InvalidAction": 400,
        "InvalidParameterCombination": 400,
        "InvalidParameterValue": 400,
        "MissingParameter": 400,
        "ServiceUnavailable": 503,
        "Throttling": 400,
        "ThrottlingException": 400,
        "ValidationError": 400,
    },
    "dynamodb": {
        "InternalServerError": 500,
        "SerializationException": 400,
        "UnknownOperationException": 400,
        "ValidationException": 400,
    },
}


def problems(operation, status, headers, body):
    """What is wrong with one answer, as sentences; empty when it is as modelled."""
    protocol = operation.service_model.resolved_protocol
    readers = {"query": _query, "json": _json, "rest-json": _rest_json, "smithy-rpc-v2-cbor": _cbor}
    try:
        return list(readers[protocol](operation, status, headers, body))
    except (ElementTree.ParseError, ValueError, UnicodeDecodeError) as error:
        return [f"the body is no {protocol}: {error}: {body[:200]!r}"]


# AWS Query


def _query(operation, status, headers, body):
    namespace = "{" + operation.service_model.metadata["xmlNamespace"] + "}"
    if not headers.get("content-type", "").startswith("text/xml"):
        yield f"content type {headers.get('content-type')!r} instead of text/xml"
    root = ElementTree.fromstring(body)
    for element in root.iter():
        if not element.tag.startswith(namespace):
            yield f"<{element.tag}> is outside the namespace {namespace}"
            return
        element.tag = element.tag.removeprefix(namespace)
    if status >= 300:
        yield from _query_error(operation, status, root)
        return
    if root.tag != f"{operation.name}Response":
        yield f"the root is <{root.tag}>"
    parts = {child.tag: child for child in root}
    if parts.get("ResponseMetadata") is None or not parts["ResponseMetadata"].findtext("RequestId"):
        yield "no RequestId in ResponseMetadata"
    output = operation.output_shape
    wrapper = output.serialization["resultWrapper"] if output else f"{operation.name}Result"
    for name in parts.keys() - {"ResponseMetadata", wrapper}:
        yield f"unknown element <{name}> beside the result"
    if output is None:
        if wrapper in parts and (len(parts[wrapper]) or (parts[wrapper].text or "").strip()):
            yield f"<{wrapper}> has content, the operation has no output"
    elif wrapper not in parts:
        yield f"no <{wrapper}>"
    else:
        yield from _xml(parts[wrapper], output, wrapper)


def _query_error(operation, status, root):
    error = root.find("Error")
    if root.tag != "ErrorResponse" or error is None:
        yield f"<{root.tag}> instead of <ErrorResponse><Error>"
        return
    unknown = {child.tag for child in root} - {"Error", "RequestId"}
    unknown |= {child.tag for child in error} - {"Type", "Code", "Message", "Detail"}
    if unknown:
        yield f"unknown elements in the error: {sorted(unknown)}"
    if not root.findtext("RequestId"):
        yield "no RequestId"
    if not error.findtext("Message"):
        yield "no Message"
    side = "Sender" if status < 500 else "Receiver"
    if error.findtext("Type") != side:
        yield f"Type {error.findtext('Type')!r} with HTTP {status}"
    yield from _modelled(operation, error.findtext("Code"), status, COMMON_ERRORS["query"])


def _xml(element, shape, path):
    if shape.type_name == "structure":
        names = {}
        for name, member in shape.members.items():
            at = member.serialization.get("name", name)
            if member.type_name == "list" and member.serialization.get("flattened"):
                at = member.member.serialization.get("name", at)
            names[at] = (name, member)
        seen = []
        for child in element:
            if child.tag not in names:
                yield f"{path}: unknown element <{child.tag}>"
                continue
            name, member = names[child.tag]
            if name in seen and not member.serialization.get("flattened"):
                yield f"{path}: <{child.tag}> twice"
            seen.append(name)
            yield from _xml(child, member, f"{path}.{child.tag}")
        for name in shape.required_members:
            if name not in seen:
                yield f"{path}: required {name} is missing"
        if (element.text or "").strip():
            yield f"{path}: text {element.text!r} in a structure"
    elif shape.type_name == "list":
        expected = shape.member.serialization.get("name", "member")
        for index, child in enumerate(element):
            if child.tag != expected:
                yield f"{path}: <{child.tag}> in a list of <{expected}>"
            else:
                yield from _xml(child, shape.member, f"{path}[{index}]")
    elif shape.type_name == "map":
        names = [
            part.serialization.get("name", part_name)
            for part, part_name in ((shape.key, "key"), (shape.value, "value"))
        ]
        for index, entry in enumerate(element):
            if entry.tag != "entry" or [child.tag for child in entry] != names:
                yield f"{path}: <{entry.tag}> in a map of <entry> with {names}"
            else:
                yield from _xml(entry[0], shape.key, f"{path}[{index}].key")
                yield from _xml(entry[1], shape.value, f"{path}[{index}].value")
    else:
        if len(element):
            yield f"{path}: elements in a {shape.type_name}"
        yield from _text(element.text or "", shape, path)


def _text(text, shape, path):
    kind = shape.type_name
    try:
        if kind in ("integer", "long"):
            int(text)
        elif kind in ("float", "double"):
            float(text)
        elif kind == "boolean" and text not in ("true", "false"):
            yield f"{path}: {text!r} is no boolean"
        elif kind == "timestamp":
            if "T" not in text or not text.endswith("Z"):
                yield f"{path}: {text!r} is not ISO 8601 in UTC"
            parse_timestamp(text)
    except ValueError:
        yield f"{path}: {text!r} is no {kind}"
    yield from _enumerated(text, shape, path)


# AWS JSON and rpc-v2-cbor


def _json(operation, status, headers, body):
    if not headers.get("content-type", "").startswith("application/x-amz-json-1."):
        yield f"content type {headers.get('content-type')!r} instead of application/x-amz-json-1.0"
    if "x-amz-crc32" in headers and int(headers["x-amz-crc32"]) != binascii.crc32(body):
        yield "x-amz-crc32 does not match the body"
    value = json.loads(body) if body else {}
    yield from _tree(operation, status, headers, value, _json_scalar)


def _rest_json(operation, status, headers, body):
    if headers.get("content-type") != "application/json":
        yield f"content type {headers.get('content-type')!r} instead of application/json"
    if not headers.get("x-amzn-requestid"):
        yield "no header x-amzn-requestid"
    value = json.loads(body) if body else {}
    if status < 300:
        yield from _node(value, operation.output_shape, operation.output_shape.name, _json_scalar)
        return
    code = headers.get("x-amzn-errortype", "")
    yield from _modelled(operation, code, status, {})
    for error in operation.error_shapes:
        unknown = set(value) - set(error.members)
        if error.name == code and unknown:
            yield f"unknown members in the error: {sorted(unknown)}"


def _cbor(operation, status, headers, body):
    if headers.get("smithy-protocol") != "rpc-v2-cbor":
        yield f"header smithy-protocol is {headers.get('smithy-protocol')!r}"
    if body and headers.get("content-type") != "application/cbor":
        yield f"content type {headers.get('content-type')!r} instead of application/cbor"
    value = {}
    if body:
        parser = RpcV2CBORParser()
        stream = parser.get_peekable_stream_from_bytes(body)
        value = parser.parse_data_item(stream)
        if stream.read(1):
            yield "bytes after the CBOR item"
    elif operation.output_shape is not None:
        yield "an empty body, the operation has an output"
    yield from _tree(operation, status, headers, value, _cbor_scalar)


def _tree(operation, status, headers, value, scalar):
    if not headers.get("x-amzn-requestid"):
        yield "no header x-amzn-requestid"
    if not isinstance(value, dict):
        yield f"the body is {value!r}, not a map"
        return
    if status >= 300:
        yield from _tree_error(operation, status, headers, value)
    elif operation.output_shape is None:
        if value:
            yield f"content {value!r}, the operation has no output"
    else:
        yield from _node(value, operation.output_shape, operation.output_shape.name, scalar)


def _tree_error(operation, status, headers, value):
    kind = value.get("__type", "")
    # AWS JSON 1.1 names the shape alone.
    if "#" not in kind and operation.service_model.metadata.get("jsonVersion") != "1.1":
        yield f"__type {kind!r} names no namespace"
    shape_name = kind.rpartition("#")[2]
    if not (value.get("message") or value.get("Message")):
        yield "no message"
    service = operation.service_model
    if "awsQueryCompatible" not in service.metadata:
        yield from _modelled(operation, shape_name, status, COMMON_ERRORS["dynamodb"])
    else:
        code, _, side = headers.get("x-amzn-query-error", "").partition(";")
        if side != ("Sender" if status < 500 else "Receiver"):
            yield f"x-amzn-query-error {headers.get('x-amzn-query-error')!r} with HTTP {status}"
        yield from _modelled(operation, code, status, COMMON_ERRORS["query"])
        for error in operation.error_shapes:
            if error.metadata.get("error", {}).get("code", error.name) == code and error.name != shape_name:
                yield f"__type names {shape_name}, the code {code} is of {error.name}"
    for error in operation.error_shapes:
        if error.name == shape_name:
            known = {name.lower() for name in error.members} | {"__type", "message"}
            unknown = {name for name in value if name.lower() not in known}
            if unknown:
                yield f"unknown members in the error: {sorted(unknown)}"


def _node(value, shape, path, scalar):
    kind = shape.type_name
    if kind == "structure":
        if not isinstance(value, dict):
            yield f"{path}: {value!r} is no structure"
            return
        for name, child in value.items():
            member = shape.members.get(name)
            if member is None:
                yield f"{path}: unknown member {name}"
            elif child is None:
                yield f"{path}.{name}: null; what is unknown is left out"
            else:
                yield from _node(child, member, f"{path}.{name}", scalar)
        for name in shape.required_members:
            if name not in value:
                yield f"{path}: required {name} is missing"
        if shape.name == "AttributeValue" and len(value) != 1:
            yield f"{path}: an attribute value has {len(value)} types"
    elif kind == "list":
        if not isinstance(value, list):
            yield f"{path}: {value!r} is no list"
            return
        for index, child in enumerate(value):
            yield from _node(child, shape.member, f"{path}[{index}]", scalar)
    elif kind == "map":
        if not isinstance(value, dict):
            yield f"{path}: {value!r} is no map"
            return
        for name, child in value.items():
            yield from _node(child, shape.value, f"{path}[{name}]", scalar)
    else:
        yield from scalar(value, shape, path)


def _json_scalar(value, shape, path):
    expected = {
        "string": str,
        "blob": str,
        "boolean": bool,
        "integer": int,
        "long": int,
        "float": (int, float),
        "double": (int, float),
        "timestamp": (int, float),
    }[shape.type_name]
    is_flag = isinstance(value, bool)
    if not isinstance(value, expected) or (is_flag and shape.type_name != "boolean"):
        # A number that JSON cannot hold is a text by the protocol's rules.
        if not (shape.type_name in ("float", "double") and value in ("NaN", "Infinity", "-Infinity")):
            yield f"{path}: {value!r} is no {shape.type_name}"
        return
    if shape.type_name == "blob":
        base64.b64decode(value, validate=True)
    yield from _enumerated(value, shape, path)


def _cbor_scalar(value, shape, path):
    expected = {
        "string": str,
        "blob": bytes,
        "boolean": bool,
        "integer": int,
        "long": int,
        "float": (int, float),
        "double": (int, float),
        "timestamp": datetime.datetime,
    }[shape.type_name]
    if not isinstance(value, expected) or (isinstance(value, bool) and shape.type_name != "boolean"):
        yield f"{path}: {value!r} is no {shape.type_name}"
        return
    yield from _enumerated(value, shape, path)


# Both


def _enumerated(value, shape, path):
    if shape.type_name == "string" and getattr(shape, "enum", None) and value not in shape.enum:
        yield f"{path}: {value!r} is none of {shape.enum}"


def _modelled(operation, code, status, common):
    for error in operation.error_shapes:
        modelled = error.metadata.get("error", {})
        if modelled.get("code", error.name) == code:
            # DynamoDB's model names no status: 500 for its internal error, 400 for all others.
            expected = modelled.get("httpStatusCode", 500 if code == "InternalServerError" else 400)
            if status != expected:
                yield f"{code} with HTTP {status} instead of {expected}"
            return
    if code not in common:
        yield f"the code {code!r} is neither modelled for {operation.name} nor a common one"
    elif status != common[code]:
        yield f"{code} with HTTP {status} instead of {common[code]}"
