//! From the text of a policy file to a [`Policy`], or to every mistake of it.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::draft::{Draft, require};
use super::keys;
use super::mistake::{Mistakes, Slip, line_of};
use super::walk::{Read, Section, Walk, value};
use super::{Policy, ReshardPolicy, names};

impl Policy {
    /// Reads a policy file. `name` is what the report calls it, usually its path.
    ///
    /// # Errors
    ///
    /// Every mistake of the file at once, syntax and meaning.
    pub fn parse(name: &str, text: &str) -> Result<Self, Mistakes> {
        let (root, syntax) = DeTable::parse_recoverable(text);
        let mut walk = Walk::default();
        let reshard = read_file(&mut walk, root.get_ref());
        let slips = with_syntax(text, walk.slips, &syntax);
        if slips.is_empty() {
            Ok(Self {
                version: fingerprint(text.as_bytes()),
                reshard,
            })
        } else {
            Err(Mistakes::new(name, text, slips))
        }
    }
}

/// FNV-1a, 64 bits, in hex: stable across releases and machines, and short enough for a log line. It tells two files apart; it
/// proves nothing to someone who forges one.
pub(super) fn fingerprint(bytes: &[u8]) -> String {
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    format!("{hash:016x}")
}

fn read_file(walk: &mut Walk, root: &DeTable<'_>) -> Vec<ReshardPolicy> {
    let top = Section {
        table: root,
        at: 0..0,
    };
    walk.refuse_unknown(&top, "");
    let version = walk.whole(&top, &keys::VERSION);
    require(walk, &version, &keys::VERSION, &top.at);
    let defaults = read_defaults(walk, &top);
    let entries = entries(walk, &top);
    let mut seen: Vec<(String, Range<usize>)> = Vec::new();
    let mut reshard = Vec::new();
    for entry in &entries {
        walk.refuse_unknown(entry, keys::RESHARD.path);
        let group = read_group(walk, entry, &mut seen);
        let draft = Draft::read(walk, entry);
        draft.check(&defaults, walk, &entry.at);
        let whole = draft.inherit(&defaults);
        if let Some(policy) = group.value().and_then(|group| whole.finish(group)) {
            reshard.push(policy);
        }
    }
    reshard
}

fn read_defaults(walk: &mut Walk, top: &Section<'_, '_>) -> Draft {
    let Some(section) = value(top, &keys::DEFAULTS) else {
        return Draft::silent();
    };
    let Some(table) = section.get_ref().as_table() else {
        walk.wrong(
            &section.span(),
            "`defaults` takes a table",
            "write `[defaults]` once, with single brackets",
        );
        return Draft::silent();
    };
    let section = Section {
        table,
        at: section.span(),
    };
    walk.refuse_unknown(&section, keys::RESHARD.path);
    let leaf = keys::REPLICATION_GROUP.leaf();
    if let Some((key, _)) = section.table.get_key_value(leaf) {
        walk.wrong(
            &key.span(),
            format!("`{leaf}` cannot have a default"),
            "write it in each `[[reshard]]` entry",
        );
    }
    Draft::read(walk, &section)
}

fn entries<'t, 'i>(walk: &mut Walk, top: &Section<'t, 'i>) -> Vec<Section<'t, 'i>> {
    let Some(found) = value(top, &keys::RESHARD) else {
        walk.missing(
            &top.at,
            "no `[[reshard]]` entry: nothing would be watched",
            "add an entry for each replication group",
        );
        return Vec::new();
    };
    let list: Option<Vec<&Spanned<DeValue<'i>>>> =
        found.get_ref().as_array().map(|list| list.iter().collect());
    let sections = list.and_then(|list| {
        list.into_iter()
            .map(|item| {
                let table = item.get_ref().as_table()?;
                Some(Section {
                    table,
                    at: item.span(),
                })
            })
            .collect::<Option<Vec<_>>>()
    });
    sections.unwrap_or_else(|| {
        walk.wrong(
            &found.span(),
            "`reshard` takes an array of tables",
            "write `[[reshard]]`, with double brackets, above each entry",
        );
        Vec::new()
    })
}

fn read_group(
    walk: &mut Walk,
    entry: &Section<'_, '_>,
    seen: &mut Vec<(String, Range<usize>)>,
) -> Read<String> {
    let group = walk.text(entry, &keys::REPLICATION_GROUP);
    require(walk, &group, &keys::REPLICATION_GROUP, &entry.at);
    if let Some((id, at)) = group.given() {
        if let Some(refusal) = names::impossible_group(id) {
            walk.wrong(at, refusal.message, refusal.fix);
        } else if seen.iter().any(|(earlier, _)| earlier == id) {
            walk.wrong(
                at,
                format!("a second entry for \"{id}\": one of the two would never apply"),
                "merge the two entries, or remove one",
            );
        }
        seen.push((id.clone(), at.clone()));
    }
    group
}

/// Adds the syntax errors. What a broken line hides must not be reported as missing, nor what it garbles as wrong.
fn with_syntax(text: &str, slips: Vec<Slip>, errors: &[toml::de::Error]) -> Vec<Slip> {
    if errors.is_empty() {
        return slips;
    }
    let broken: Vec<Slip> = errors
        .iter()
        .map(|error| Slip {
            at: error.span().unwrap_or(0..0),
            message: format!("not TOML: {}", error.message().replace('\n', "; ")),
            fix: syntax_fix(text, error).to_owned(),
            missing: false,
        })
        .collect();
    let on_broken_line = |slip: &Slip| {
        let line = line_of(text, slip.at.start);
        broken
            .iter()
            .any(|other| line_of(text, other.at.start) == line)
    };
    let clear = slips
        .into_iter()
        .filter(|slip| !slip.missing && !on_broken_line(slip));
    clear.chain(broken.iter().cloned()).collect()
}

/// What to do about a syntax error, by the parser's words for it.
fn syntax_fix(text: &str, error: &toml::de::Error) -> &'static str {
    let written = error.span().and_then(|at| text.get(at));
    if error.message().contains("duplicate key") {
        match written {
            Some("reshard") => "write `[[reshard]]`, with double brackets, above each entry",
            Some(_) | None => "keep one of the two",
        }
    } else if error.message().contains("quote") {
        "put text in double quotes, and close them"
    } else {
        "write `key = value`, text in double quotes, tables as `[name]`"
    }
}
