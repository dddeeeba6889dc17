//! DynamoDB: tables of items, with the conditions that the journal uses.
//!
//! Tables have a string hash key and no sort key, no indexes and no streams; everything else is refused by name.

pub mod expression;
pub mod number;
mod refusal;
#[cfg(test)]
mod tests;
pub mod value;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::Value;

use expression::{Condition, Update};
pub use refusal::Refusal;

/// An item: attribute values by attribute name.
pub type Item = BTreeMap<String, Value>;

/// All tables of the account.
#[derive(Debug)]
pub struct DynamoDb {
    account_id: String,
    region: String,
    tables: BTreeMap<String, Table>,
}

/// One table.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// The name of the hash key's attribute, a string.
    pub hash_key: String,
    /// `None`: a scenario made it before time began.
    pub created: Option<DateTime<Utc>>,
    items: BTreeMap<String, Item>,
}

/// (DDB-DG Quotas) "The maximum item size in DynamoDB is 400 KB".
const LARGEST_ITEM: usize = 400 * 1024;

impl Table {
    /// Items in the order of their keys. (AWS's order is that of a hash; only that it is stable matters.)
    pub fn items(&self) -> &BTreeMap<String, Item> {
        &self.items
    }

    /// The key's text in an item or a `Key`; `exact`: nothing but the key may be there.
    fn key<'a>(&self, item: &'a Item, exact: bool) -> Result<&'a str, Refusal> {
        let mismatch = || {
            if exact {
                Refusal::validation("The provided key element does not match the schema")
            } else {
                Refusal::validation(format!(
                    "One or more parameter values were invalid: Missing the key {} in the item",
                    self.hash_key
                ))
            }
        };
        if exact && item.len() != 1 {
            return Err(mismatch());
        }
        let value = item.get(&self.hash_key).ok_or_else(mismatch)?;
        let text = value.get("S").and_then(Value::as_str).ok_or_else(|| {
            let found = value::parts(value).map_or("NULL", |(kind, _)| kind);
            if exact {
                mismatch()
            } else {
                Refusal::validation(format!(
                    "One or more parameter values were invalid: Type mismatch for key {} expected: S actual: {found}",
                    self.hash_key
                ))
            }
        })?;
        if text.is_empty() {
            return Err(Refusal::validation(format!(
                "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: {}",
                self.hash_key
            )));
        }
        Ok(text)
    }

    /// The item of this `Key`.
    ///
    /// # Errors
    ///
    /// A key that does not fit the table.
    pub fn get(&self, key: &Item) -> Result<Option<&Item>, Refusal> {
        Ok(self.items.get(self.key(key, true)?))
    }

    /// Puts an item if the condition holds for what is there; returns what was there.
    ///
    /// # Errors
    ///
    /// An item that does not fit, or a condition that does not hold.
    pub fn put(
        &mut self,
        item: Item,
        condition: Option<&Condition>,
    ) -> Result<Option<Item>, Refusal> {
        let key = self.key(&item, false)?.to_owned();
        require_small(&item)?;
        require(condition, self.items.get(&key))?;
        Ok(self.items.insert(key, item))
    }

    /// Updates (or creates) an item if the condition holds; returns what was there and what is there now.
    ///
    /// # Errors
    ///
    /// A key that does not fit, a condition that does not hold, or an update that cannot be applied.
    pub fn update(
        &mut self,
        key: Item,
        update: &Update,
        condition: Option<&Condition>,
    ) -> Result<(Option<Item>, Item), Refusal> {
        let text = self.key(&key, true)?.to_owned();
        if update.attributes().any(|name| name == self.hash_key) {
            return Err(Refusal::validation(format!(
                "One or more parameter values were invalid: Cannot update attribute {}. This attribute is part of the key",
                self.hash_key
            )));
        }
        let before = self.items.get(&text).cloned();
        require(condition, before.as_ref())?;
        let after = update.apply(before.as_ref().unwrap_or(&key))?;
        require_small(&after)?;
        self.items.insert(text, after.clone());
        Ok((before, after))
    }

    /// Deletes an item if the condition holds; returns it.
    ///
    /// # Errors
    ///
    /// A key that does not fit, or a condition that does not hold.
    pub fn delete(
        &mut self,
        key: &Item,
        condition: Option<&Condition>,
    ) -> Result<Option<Item>, Refusal> {
        let key = self.key(key, true)?.to_owned();
        require(condition, self.items.get(&key))?;
        Ok(self.items.remove(&key))
    }
}

fn require(condition: Option<&Condition>, found: Option<&Item>) -> Result<(), Refusal> {
    let nothing = Item::new();
    match condition {
        Some(condition) if !condition.holds(found.unwrap_or(&nothing)) => {
            Err(Refusal::condition(found.cloned()))
        }
        Some(_) | None => Ok(()),
    }
}

fn require_small(item: &Item) -> Result<(), Refusal> {
    let size: usize = item
        .iter()
        .map(|(name, value)| name.len() + value.to_string().len())
        .sum();
    if size > LARGEST_ITEM {
        return Err(Refusal::validation(
            "Item size has exceeded the maximum allowed size",
        ));
    }
    Ok(())
}

impl DynamoDb {
    /// No tables yet.
    pub fn new(account_id: &str, region: &str) -> Self {
        Self {
            account_id: account_id.to_owned(),
            region: region.to_owned(),
            tables: BTreeMap::new(),
        }
    }

    /// Creates an empty table with a string hash key, at once active. ASSUMED: a real one takes seconds.
    ///
    /// # Errors
    ///
    /// The table exists.
    pub fn create_table(&mut self, name: &str, hash_key: &str) -> Result<(), Refusal> {
        self.create_table_at(None, name, hash_key)
    }

    /// Creates a table as [`Self::create_table`] does, with its time of creation.
    ///
    /// # Errors
    ///
    /// The table exists.
    pub fn create_table_at(
        &mut self,
        created: Option<DateTime<Utc>>,
        name: &str,
        hash_key: &str,
    ) -> Result<(), Refusal> {
        if self.tables.contains_key(name) {
            return Err(Refusal::new(
                "ResourceInUseException",
                format!("Table already exists: {name}"),
            ));
        }
        let table = Table {
            hash_key: hash_key.to_owned(),
            created,
            items: BTreeMap::new(),
        };
        self.tables.insert(name.to_owned(), table);
        Ok(())
    }

    /// Deletes a table with its items.
    ///
    /// # Errors
    ///
    /// There is none.
    pub fn delete_table(&mut self, name: &str) -> Result<Table, Refusal> {
        let name = table_name(name);
        self.tables.remove(name).ok_or_else(|| no_such_table(name))
    }

    /// The names of all tables, sorted.
    pub fn table_names(&self) -> impl Iterator<Item = &str> {
        self.tables.keys().map(String::as_str)
    }

    /// The table of this name or ARN.
    ///
    /// # Errors
    ///
    /// There is none.
    pub fn table(&self, name: &str) -> Result<&Table, Refusal> {
        self.tables.get(table_name(name)).ok_or_else(not_found)
    }

    /// The table of this name or ARN, to change.
    ///
    /// # Errors
    ///
    /// There is none.
    pub fn table_mut(&mut self, name: &str) -> Result<&mut Table, Refusal> {
        self.tables.get_mut(table_name(name)).ok_or_else(not_found)
    }

    /// The item of this key; `None`: no such table or item.
    pub fn item(&self, table: &str, key: &str) -> Option<&Item> {
        self.tables.get(table)?.items.get(key)
    }

    /// A table's ARN.
    pub fn arn(&self, name: &str) -> String {
        format!(
            "arn:aws:dynamodb:{}:{}:table/{name}",
            self.region, self.account_id
        )
    }
}

/// Requests may name a table by its ARN.
pub fn table_name(name_or_arn: &str) -> &str {
    match name_or_arn.split_once(":table/") {
        Some((_, name)) => name,
        None => name_or_arn,
    }
}

fn not_found() -> Refusal {
    Refusal::new("ResourceNotFoundException", "Requested resource not found")
}

/// What the operations on tables (rather than on items) say.
pub fn no_such_table(name: &str) -> Refusal {
    Refusal::new(
        "ResourceNotFoundException",
        format!("Requested resource not found: Table: {name} not found"),
    )
}
