"""The comparison itself, on answers that are wrong in one way each: a check that cannot fail proves nothing."""

import unittest

import botocore.session

import wire

NAMESPACE = "http://elasticache.amazonaws.com/doc/2015-02-02/"
XML = {"content-type": "text/xml"}
JSON = {"content-type": "application/x-amz-json-1.0", "x-amzn-requestid": "1"}


def operation(service, name):
    return botocore.session.Session().get_service_model(service).operation_model(name)


def xml(result, name="DescribeEvents"):
    metadata = "<ResponseMetadata><RequestId>1</RequestId></ResponseMetadata>"
    text = f'<{name}Response xmlns="{NAMESPACE}"><{name}Result>{result}</{name}Result>{metadata}</{name}Response>'
    return text.encode()


class Xml(unittest.TestCase):
    def found(self, result, status=200):
        body = result if isinstance(result, bytes) else xml(result)
        return " ".join(wire.problems(operation("elasticache", "DescribeEvents"), status, XML, body))

    def error(self, code, status):
        kind = "Sender" if status < 500 else "Receiver"
        text = f"<Error><Type>{kind}</Type><Code>{code}</Code><Message>m</Message></Error><RequestId>1</RequestId>"
        return self.found(f'<ErrorResponse xmlns="{NAMESPACE}">{text}</ErrorResponse>'.encode(), status)

    def test_a_good_answer_has_no_problem(self):
        event = "<Message>m</Message><Date>2026-11-23T22:45:00Z</Date><SourceType>replication-group</SourceType>"
        self.assertEqual(self.found(f"<Events><Event>{event}</Event></Events>"), "")

    def test_an_unknown_element_is_found(self):
        self.assertIn("unknown element <Colour>", self.found("<Events><Event><Colour>red</Colour></Event></Events>"))

    def test_a_list_with_the_wrong_member_is_found(self):
        self.assertIn("<member> in a list of <Event>", self.found("<Events><member></member></Events>"))

    def test_an_element_given_twice_is_found(self):
        self.assertIn("twice", self.found("<Marker>a</Marker><Marker>b</Marker>"))

    def test_a_time_in_another_form_is_found(self):
        self.assertIn("ISO 8601", self.found("<Events><Event><Date>1795474800</Date></Event></Events>"))

    def test_a_text_outside_an_enumeration_is_found(self):
        event = "<Event><SourceType>cluster</SourceType></Event>"
        self.assertIn("is none of", self.found(f"<Events>{event}</Events>"))

    def test_another_namespace_is_found(self):
        self.assertIn("outside the namespace", self.found(xml("").replace(b"2015", b"2014")))

    def test_errors_are_held_to_the_operation_and_the_status(self):
        self.assertEqual(self.error("InvalidParameterValue", 400), "")
        self.assertIn("instead of 400", self.error("InvalidParameterValue", 404))
        self.assertIn("neither modelled", self.error("TestFailoverNotAvailableFault", 400))

    def test_what_is_no_xml_is_found(self):
        self.assertIn("is no query", self.found(b"<html>"))


class Json(unittest.TestCase):
    def found(self, body, status=200, service="dynamodb", name="DescribeTable"):
        return " ".join(wire.problems(operation(service, name), status, JSON, body))

    def test_a_good_answer_has_no_problem(self):
        self.assertEqual(self.found(b'{"Table":{"TableName":"t","ItemCount":0,"CreationDateTime":1.5}}'), "")

    def test_an_unknown_member_and_a_wrong_type_are_found(self):
        self.assertIn("unknown member Colour", self.found(b'{"Colour":"red"}'))
        self.assertIn("is no long", self.found(b'{"Table":{"ItemCount":"0"}}'))
        self.assertIn("is no timestamp", self.found(b'{"Table":{"CreationDateTime":"now"}}'))
        self.assertIn("null", self.found(b'{"Table":null}'))

    def test_a_missing_required_member_is_found(self):
        schema = b'{"Table":{"KeySchema":[{"AttributeName":"a"}]}}'
        self.assertIn("required KeyType is missing", self.found(schema))

    def test_a_value_of_two_types_is_found(self):
        body = b'{"Item":{"a":{"S":"x","N":"1"}}}'
        self.assertIn("has 2 types", self.found(body, name="GetItem"))

    def test_errors_are_held_to_the_operation_and_the_status(self):
        body = b'{"__type":"com.amazonaws.dynamodb.v20120810#%s","message":"m"}'
        self.assertEqual(self.found(body % b"ResourceNotFoundException", 400), "")
        self.assertIn("instead of 400", self.found(body % b"ResourceNotFoundException", 404))
        self.assertIn("neither modelled", self.found(body % b"ConditionalCheckFailedException", 400))


if __name__ == "__main__":
    unittest.main()
