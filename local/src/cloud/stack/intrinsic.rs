//! CloudFormation's intrinsic functions.
//!
//! Of "Intrinsic function reference" in CloudFormation's user guide. One that is not here is refused by name.

use serde_json::{Map, Value};

use super::{StackError, Template, text};

/// How deep functions may stand in one another; more would be a circle.
const DEPTH: usize = 64;

impl Template {
    /// A value without functions. `None`: `AWS::NoValue`, which takes its property with it.
    pub(super) fn resolve(&self, value: &Value, place: &str) -> Result<Option<Value>, StackError> {
        self.at_depth(value, place, 0)
    }

    /// A value that must be there.
    pub(super) fn required(&self, value: &Value, place: &str) -> Result<Value, StackError> {
        self.resolve(value, place)?
            .ok_or_else(|| StackError::wrong(place, "there is no value"))
    }

    fn at_depth(
        &self,
        value: &Value,
        place: &str,
        depth: usize,
    ) -> Result<Option<Value>, StackError> {
        if depth > DEPTH {
            return Err(StackError::wrong(place, "it refers to itself"));
        }
        if let Some(items) = value.as_array() {
            let mut resolved = Vec::new();
            for item in items {
                resolved.extend(self.at_depth(item, place, depth + 1)?);
            }
            return Ok(Some(Value::Array(resolved)));
        }
        let Some(members) = value.as_object() else {
            return Ok(Some(value.clone()));
        };
        if let Some((name, argument)) = only(members)
            && (name == "Ref" || name.starts_with("Fn::"))
        {
            return self.call(name, argument, place, depth + 1);
        }
        let mut resolved = Map::new();
        for (key, member) in members {
            let place = format!("{place}.{key}");
            if let Some(member) = self.at_depth(member, &place, depth + 1)? {
                resolved.insert(key.clone(), member);
            }
        }
        Ok(Some(Value::Object(resolved)))
    }

    fn call(
        &self,
        name: &str,
        argument: &Value,
        place: &str,
        depth: usize,
    ) -> Result<Option<Value>, StackError> {
        match name {
            "Ref" => self.reference(&text(argument), place),
            "Fn::GetAtt" => self.get_att(argument, place).map(Some),
            "Fn::Sub" => self.sub(argument, place, depth).map(Some),
            "Fn::If" => {
                let [condition, yes, no] = self.arguments(argument, place)?;
                let holds = self.named_condition(&text(condition), place)?;
                self.at_depth(if holds { yes } else { no }, place, depth)
            }
            "Fn::Join" => {
                let [between, list] = self.arguments(argument, place)?;
                let list = self.list(list, place, depth)?;
                let list: Vec<String> = list.iter().map(text).collect();
                Ok(Some(list.join(&text(between)).into()))
            }
            "Fn::Split" => {
                let [between, whole] = self.arguments(argument, place)?;
                let whole = self.at_depth(whole, place, depth)?.unwrap_or_default();
                let whole = text(&whole);
                Ok(Some(whole.split(&text(between)).map(Value::from).collect()))
            }
            "Fn::Select" => {
                let [index, list] = self.arguments(argument, place)?;
                let list = self.list(list, place, depth)?;
                let index: Option<usize> = text(index).parse().ok();
                let chosen = index.and_then(|index| list.get(index).cloned());
                chosen
                    .map(Some)
                    .ok_or_else(|| StackError::wrong(place, "Fn::Select chooses nothing"))
            }
            "Fn::FindInMap" => {
                let [map, first, second] = self.arguments(argument, place)?;
                let mut found = Some(&Value::Null);
                for (depth, key) in [map, first, second].into_iter().enumerate() {
                    let key = text(&self.required(key, place)?);
                    found = if depth == 0 {
                        self.mappings.get(&key)
                    } else {
                        found.and_then(|found| found.get(&key))
                    };
                }
                found
                    .map(|found| Some(found.clone()))
                    .ok_or_else(|| StackError::wrong(place, "Fn::FindInMap finds nothing"))
            }
            _ => Err(StackError::Unknown {
                what: name.to_owned(),
                place: place.to_owned(),
            }),
        }
    }

    fn list(&self, value: &Value, place: &str, depth: usize) -> Result<Vec<Value>, StackError> {
        let resolved = self.at_depth(value, place, depth)?.unwrap_or_default();
        let list = resolved.as_array().cloned();
        list.ok_or_else(|| StackError::wrong(place, "a list is needed"))
    }

    fn arguments<'a, const COUNT: usize>(
        &self,
        argument: &'a Value,
        place: &str,
    ) -> Result<[&'a Value; COUNT], StackError> {
        let items = argument.as_array().map(|items| items.iter().collect());
        items
            .and_then(|items: Vec<&Value>| items.try_into().ok())
            .ok_or_else(|| StackError::wrong(place, format!("{COUNT} arguments are needed")))
    }

    /// A parameter, a pseudo parameter or a resource. `None`: `AWS::NoValue`.
    pub(super) fn reference(&self, name: &str, place: &str) -> Result<Option<Value>, StackError> {
        let pseudo = match name {
            "AWS::NoValue" => return Ok(None),
            "AWS::AccountId" => self.account.clone(),
            "AWS::Region" => self.region.clone(),
            "AWS::Partition" => self.partition().to_owned(),
            "AWS::StackName" => self.settings.name.clone(),
            "AWS::StackId" => self.arn("cloudformation", &format!("stack/{}", self.settings.name)),
            "AWS::URLSuffix" => match self.partition() {
                "aws-cn" => "amazonaws.com.cn".to_owned(),
                _ => "amazonaws.com".to_owned(),
            },
            _ => match self.parameters.get(name) {
                Some(value) => return Ok(Some(value.clone())),
                None => self.referred(name, place)?,
            },
        };
        Ok(Some(pseudo.into()))
    }

    fn get_att(&self, argument: &Value, place: &str) -> Result<Value, StackError> {
        let (resource, attribute) = match argument.as_array().map(Vec::as_slice) {
            Some([resource, attribute]) => (text(resource), text(attribute)),
            _ => {
                let whole = text(argument);
                let split = whole.split_once('.');
                let (resource, attribute) = split.ok_or_else(|| {
                    StackError::wrong(place, "Fn::GetAtt needs a resource and an attribute")
                })?;
                (resource.to_owned(), attribute.to_owned())
            }
        };
        Ok(self.attribute(&resource, &attribute, place)?.into())
    }

    fn sub(&self, argument: &Value, place: &str, depth: usize) -> Result<Value, StackError> {
        let (pattern, own) = match argument.as_array().map(Vec::as_slice) {
            Some([pattern, own]) => (text(pattern), self.at_depth(own, place, depth)?),
            _ => (text(argument), None),
        };
        let (mut said, mut rest) = (String::new(), pattern.as_str());
        while let Some((before, after)) = rest.split_once("${") {
            said.push_str(before);
            let (name, after) = after
                .split_once('}')
                .ok_or_else(|| StackError::wrong(place, "`${` without `}`"))?;
            rest = after;
            if let Some(literal) = name.strip_prefix('!') {
                said.push_str(&format!("${{{literal}}}"));
                continue;
            }
            let own = own.as_ref().and_then(|own| own.get(name));
            let value = match own {
                Some(value) => Some(value.clone()),
                // `AWS::Region` has no dot; `Queue.Arn` has one.
                None if name.contains('.') => Some(self.get_att(&name.into(), place)?),
                None => self.reference(name, place)?,
            };
            said.push_str(&text(&value.ok_or_else(|| {
                StackError::wrong(place, format!("{name} has no value"))
            })?));
        }
        said.push_str(rest);
        Ok(said.into())
    }

    /// Whether a condition of the template holds.
    pub(super) fn named_condition(&self, name: &str, place: &str) -> Result<bool, StackError> {
        let condition = self.conditions.get(name);
        let condition = condition
            .ok_or_else(|| StackError::wrong(place, format!("there is no condition {name}")))?;
        self.condition(condition, &format!("Conditions.{name}"), 0)
    }

    fn condition(&self, value: &Value, place: &str, depth: usize) -> Result<bool, StackError> {
        if depth > DEPTH {
            return Err(StackError::wrong(place, "it refers to itself"));
        }
        let Some((name, argument)) = value.as_object().and_then(only) else {
            return Err(StackError::wrong(place, "a condition is needed"));
        };
        let many = || {
            let items = argument.as_array().into_iter().flatten();
            let each = items.map(|item| self.condition(item, place, depth + 1));
            each.collect::<Result<Vec<bool>, StackError>>()
        };
        match name {
            "Condition" => {
                let other = text(argument);
                let found = self.conditions.get(&other).ok_or_else(|| {
                    StackError::wrong(place, format!("there is no condition {other}"))
                })?;
                self.condition(found, place, depth + 1)
            }
            "Fn::Equals" => {
                let [one, other] = self.arguments(argument, place)?;
                let [one, other] = [one, other].map(|side| self.required(side, place));
                Ok(text(&one?) == text(&other?))
            }
            "Fn::And" => Ok(many()?.into_iter().all(|holds| holds)),
            "Fn::Or" => Ok(many()?.into_iter().any(|holds| holds)),
            "Fn::Not" => Ok(!many()?.into_iter().all(|holds| holds)),
            _ => Err(StackError::Unknown {
                what: format!("{name} as a condition"),
                place: place.to_owned(),
            }),
        }
    }
}

/// The only member of a structure.
fn only(members: &Map<String, Value>) -> Option<(&str, &Value)> {
    let mut each = members.iter();
    match (each.next(), each.next()) {
        (Some((name, argument)), None) => Some((name, argument)),
        _ => None,
    }
}
