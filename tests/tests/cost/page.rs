//! docs/cost.md: what is read from it, and what is written into it.

use std::{collections::BTreeMap, fs, path::PathBuf};

use clusterwarden_tests::programs::checkout;

use crate::{
    bill::Prices,
    count::{Calls, Function},
};

fn path() -> PathBuf {
    checkout().join("docs/cost.md")
}

pub(crate) fn read() -> String {
    fs::read_to_string(path()).expect("docs/cost.md")
}

/// The prices and assumptions: rows of two cells or more whose first is a name in backticks and whose second is a number.
pub(crate) fn prices(page: &str) -> Prices {
    let rows = page.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| `")?.split(" | ");
        let name = cells.next()?.strip_suffix('`')?;
        let number = cells.next()?.trim().parse().ok()?;
        Some((name.to_owned(), number))
    });
    Prices(rows.collect())
}

/// A table between `<!-- NAME: measured -->` and `<!-- end -->`, as it stands on the page.
fn block<'p>(page: &'p str, name: &str) -> &'p str {
    let start = format!("<!-- {name}: measured -->\n");
    let (_, rest) = page
        .split_once(&start)
        .unwrap_or_else(|| panic!("docs/cost.md has no {start:?}"));
    let (table, _) = rest.split_once("<!-- end -->").expect("an end");
    table
}

/// Whether the page is to be written anew.
#[expect(
    clippy::disallowed_methods,
    reason = "a test's own switch, read nowhere else"
)]
pub(crate) fn blessing() -> bool {
    std::env::var_os("BLESS").is_some()
}

/// Compares a table with the page, or writes it there where `BLESS` is set.
pub(crate) fn hold(name: &str, table: &str) {
    let page = read();
    let on_page = block(&page, name);
    if on_page == table {
        return;
    }
    assert!(
        blessing(),
        "docs/cost.md, {name}: measured now\n{table}\non the page\n{on_page}\n\
         BLESS=1 cargo test --test cost writes what is measured"
    );
    let start = format!("<!-- {name}: measured -->\n");
    let next = page.replace(&format!("{start}{on_page}"), &format!("{start}{table}"));
    fs::write(path(), next).expect("docs/cost.md can be written");
}

/// The services: how requests sign, and how people call them.
const SERVICES: [(&str, &str); 4] = [
    ("dynamodb", "DynamoDB"),
    ("elasticache", "ElastiCache"),
    ("monitoring", "CloudWatch"),
    ("rds", "Neptune"),
];

pub(crate) fn service(signing_name: &str) -> &'static str {
    let found = SERVICES.iter().find(|(name, _)| *name == signing_name);
    found
        .unwrap_or_else(|| panic!("which service is {signing_name}?"))
        .1
}

/// The calls in the last column of the page's first table.
pub(crate) fn calls_in_the_last_column(page: &str) -> BTreeMap<Function, Calls> {
    let mut all: BTreeMap<_, _> = Function::ALL.map(|one| (one, Calls::new())).into();
    for row in block(page, "calls").lines() {
        // | `reshard`: DynamoDB `BatchGetItem` | 1 | 2 | 11 |
        let Some((function, rest)) = row
            .strip_prefix("| `")
            .and_then(|row| row.split_once("`: "))
        else {
            continue;
        };
        let function = Function::ALL.into_iter().find(|one| one.name() == function);
        let (service, rest) = rest.split_once(" `").expect("a service and an operation");
        let (operation, counts) = rest.split_once("` | ").expect("an operation and counts");
        let service = SERVICES.iter().find(|(_, name)| *name == service);
        let last = counts.trim_end_matches(" |").rsplit(" | ").next();
        let count = last.and_then(|count| count.replace(',', "").parse().ok());
        let key = (service.expect("a service").0, operation.to_owned());
        all.entry(function.expect("a function"))
            .or_default()
            .insert(key, count.expect("a number"));
    }
    all
}
