//! Document paths: `a.b[0].c`.

use serde_json::{Map, Value, json};

use crate::cloud::dynamodb::Item;

/// Where a value lies in an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    /// The top-level attribute.
    pub attribute: String,
    /// The way down from there.
    pub steps: Vec<Step>,
}

/// One step down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Into a map.
    Key(String),
    /// Into a list.
    Index(usize),
}

impl Path {
    /// The value there, if any.
    pub fn get<'a>(&self, item: &'a Item) -> Option<&'a Value> {
        let mut value = item.get(&self.attribute)?;
        for step in &self.steps {
            value = match step {
                Step::Key(key) => value.get("M")?.get(key)?,
                Step::Index(index) => value.get("L")?.get(index)?,
            };
        }
        Some(value)
    }

    /// Puts a value there. `None`: the way there does not exist.
    pub fn set(&self, item: &mut Item, value: Value) -> Option<()> {
        let Some((last, way)) = self.steps.split_last() else {
            item.insert(self.attribute.clone(), value);
            return Some(());
        };
        let parent = descend(item.get_mut(&self.attribute)?, way)?;
        match last {
            Step::Key(key) => {
                parent
                    .get_mut("M")?
                    .as_object_mut()?
                    .insert(key.clone(), value);
            }
            Step::Index(index) => {
                let list = parent.get_mut("L")?.as_array_mut()?;
                match list.get_mut(*index) {
                    Some(place) => *place = value,
                    // Beyond the end it is appended.
                    None => list.push(value),
                }
            }
        }
        Some(())
    }

    /// Takes away what is there, if anything.
    pub fn remove(&self, item: &mut Item) {
        let Some((last, way)) = self.steps.split_last() else {
            item.remove(&self.attribute);
            return;
        };
        let Some(parent) = item
            .get_mut(&self.attribute)
            .and_then(|value| descend(value, way))
        else {
            return;
        };
        match last {
            Step::Key(key) => {
                if let Some(map) = parent.get_mut("M").and_then(Value::as_object_mut) {
                    map.remove(key);
                }
            }
            Step::Index(index) => {
                if let Some(list) = parent.get_mut("L").and_then(Value::as_array_mut)
                    && *index < list.len()
                {
                    list.remove(*index);
                }
            }
        }
    }

    /// Whether one path lies at or below the other, so that an update could not do both.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.attribute == other.attribute
            && self
                .steps
                .iter()
                .zip(&other.steps)
                .all(|(mine, theirs)| mine == theirs)
    }
}

fn descend<'a>(value: &'a mut Value, way: &[Step]) -> Option<&'a mut Value> {
    way.iter().try_fold(value, |value, step| match step {
        Step::Key(key) => value.get_mut("M")?.get_mut(key),
        Step::Index(index) => value.get_mut("L")?.get_mut(index),
    })
}

/// The parts of an item that the paths name, in their places.
pub fn project(item: &Item, paths: &[Path]) -> Item {
    let mut shown = Item::new();
    for path in paths {
        let Some(value) = path.get(item) else {
            continue;
        };
        let place = shown.entry(path.attribute.clone()).or_insert(Value::Null);
        put_below(place, &path.steps, value);
    }
    shown
}

fn put_below(place: &mut Value, steps: &[Step], value: &Value) {
    match steps {
        [] => *place = value.clone(),
        [Step::Key(key), rest @ ..] => {
            if place.get("M").is_none() {
                *place = json!({ "M": Map::new() });
            }
            if let Some(map) = place.get_mut("M").and_then(Value::as_object_mut) {
                put_below(map.entry(key.clone()).or_insert(Value::Null), rest, value);
            }
        }
        // A projected list holds the asked-for members only.
        [Step::Index(_), rest @ ..] => {
            if place.get("L").is_none() {
                *place = json!({ "L": [] });
            }
            if let Some(list) = place.get_mut("L").and_then(Value::as_array_mut) {
                let mut member = Value::Null;
                put_below(&mut member, rest, value);
                list.push(member);
            }
        }
    }
}
