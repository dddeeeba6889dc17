//! AWS Query answers: an XML tree with the service's envelope.

use chrono::{DateTime, SecondsFormat, Utc};
use quick_xml::{
    Writer,
    events::{BytesEnd, BytesStart, BytesText, Event},
};

/// One element: a name with either a text or children.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Element {
    name: String,
    text: Option<String>,
    children: Vec<Element>,
}

impl Element {
    /// An empty element.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            text: None,
            children: Vec::new(),
        }
    }

    /// An element that holds a text.
    pub fn text(name: &str, text: impl ToString) -> Self {
        Self {
            name: name.to_owned(),
            text: Some(text.to_string()),
            children: Vec::new(),
        }
    }

    /// An element whose children are `members`, as AWS writes lists.
    pub fn list(name: &str, members: impl IntoIterator<Item = Element>) -> Self {
        Self {
            name: name.to_owned(),
            text: None,
            children: members.into_iter().collect(),
        }
    }

    /// Adds a child.
    #[must_use]
    pub fn child(mut self, child: Element) -> Self {
        self.children.push(child);
        self
    }

    /// Adds a child with a text.
    #[must_use]
    pub fn with(self, name: &str, text: impl ToString) -> Self {
        self.child(Element::text(name, text))
    }

    /// Adds a child with a text if there is one; AWS leaves out what it does not know.
    #[must_use]
    pub fn with_optional(self, name: &str, text: Option<impl ToString>) -> Self {
        match text {
            Some(text) => self.with(name, text),
            None => self,
        }
    }

    fn write(&self, writer: &mut Writer<Vec<u8>>, xmlns: Option<&str>) -> std::io::Result<()> {
        let mut start = BytesStart::new(&self.name);
        if let Some(xmlns) = xmlns {
            start.push_attribute(("xmlns", xmlns));
        }
        writer.write_event(Event::Start(start))?;
        if let Some(text) = &self.text {
            writer.write_event(Event::Text(BytesText::new(text)))?;
        }
        for child in &self.children {
            child.write(writer, None)?;
        }
        writer.write_event(Event::End(BytesEnd::new(&self.name)))
    }

    /// The element as text, with the namespace on its root.
    pub fn render(&self, xmlns: &str) -> String {
        let mut writer = Writer::new(Vec::new());
        // Writing to a Vec cannot fail.
        match self.write(&mut writer, Some(xmlns)) {
            Ok(()) => String::from_utf8_lossy(&writer.into_inner()).into_owned(),
            Err(_) => String::new(),
        }
    }
}

/// A successful answer: `<OpResponse><OpResult>…</OpResult><ResponseMetadata>…`.
pub fn response(xmlns: &str, operation: &str, result: Vec<Element>, request_id: &str) -> String {
    Element::new(&format!("{operation}Response"))
        .child(Element::list(&format!("{operation}Result"), result))
        .child(Element::new("ResponseMetadata").with("RequestId", request_id))
        .render(xmlns)
}

/// An error answer; `sender` says whether the client is at fault.
pub fn error(xmlns: &str, sender: bool, code: &str, message: &str, request_id: &str) -> String {
    Element::new("ErrorResponse")
        .child(
            Element::new("Error")
                .with("Type", if sender { "Sender" } else { "Receiver" })
                .with("Code", code)
                .with("Message", message),
        )
        .with("RequestId", request_id)
        .render(xmlns)
}

/// The list with the marker of the next page, if there is one.
pub(crate) fn paged(marker: Option<String>, list: Element) -> Vec<Element> {
    let marker = marker.map(|marker| Element::text("Marker", marker));
    marker.into_iter().chain([list]).collect()
}

/// A time as answers spell it: `2026-11-23T10:00:00.000Z`.
pub(crate) fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_has_the_envelope_that_sdks_expect() {
        let text = response(
            "http://x/",
            "TestFailover",
            vec![Element::text("A", "b & <c>")],
            "id-1",
        );
        assert_eq!(
            text,
            "<TestFailoverResponse xmlns=\"http://x/\"><TestFailoverResult><A>b &amp; &lt;c&gt;</A></TestFailoverResult>\
             <ResponseMetadata><RequestId>id-1</RequestId></ResponseMetadata></TestFailoverResponse>"
        );
    }
}
