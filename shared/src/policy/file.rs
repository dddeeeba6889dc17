//! From the text of a policy file to a [`Policy`] and the places of its values, or to every mistake of it.

use std::ops::Range;

use toml::de::DeTable;

use super::draft::{Draft, FleetDraft};
use super::failover::{FailoverEntry, Kind, of_kind, read_failovers};
use super::keys::{self, Key};
use super::mistake::{Mistakes, Slip, line_of};
use super::read::require;
use super::walk::{Read, Section, Walk, value};
use super::{Policy, ReshardPolicy, names};

/// A policy file with its text: what [`Policy`] forgets, the place of every value, is kept for warnings and explanations.
#[derive(Debug, Clone)]
pub struct PolicyFile {
    pub(super) name: String,
    pub(super) text: String,
    pub(super) policy: Policy,
    pub(super) fleet: FleetDraft,
    pub(super) defaults: Draft,
    pub(super) entries: Vec<Entry>,
    /// Of every kind; those of one kind in the file's order.
    pub(super) failovers: Vec<FailoverEntry>,
}

/// An entry as written. The policy's entries stand in the same order.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// Its id or glob.
    pub(super) group: String,
    /// Where the id or glob stands.
    pub(super) group_at: Range<usize>,
    /// What it writes itself.
    pub(super) own: Draft,
    /// That, and what it inherits from `[defaults]`.
    pub(super) whole: Draft,
}

impl Policy {
    /// Reads a policy file. `name` is what the report calls it, usually its path.
    ///
    /// # Errors
    ///
    /// Every mistake of the file at once, syntax and meaning.
    pub fn parse(name: &str, text: &str) -> Result<Self, Mistakes> {
        PolicyFile::parse(name, text).map(|file| file.policy)
    }
}

impl PolicyFile {
    /// Reads a policy file and keeps its text. `name` is what reports call it, usually its path.
    ///
    /// # Errors
    ///
    /// Every mistake of the file at once, syntax and meaning.
    pub fn parse(name: &str, text: &str) -> Result<Self, Mistakes> {
        let (root, syntax) = DeTable::parse_recoverable(text);
        let mut walk = Walk::default();
        let top = Section {
            table: root.get_ref(),
            at: 0..0,
        };
        walk.refuse_unknown(&top, "");
        let version = walk.whole(&top, &keys::VERSION);
        require(&mut walk, &version, &keys::VERSION, &top.at);
        let fleet = FleetDraft::read(&mut walk, &top);
        let defaults = read_defaults(&mut walk, &top);
        let reshard = tables(&mut walk, &top, &keys::RESHARD);
        let failovers = Kind::ALL.map(|kind| (kind, tables(&mut walk, &top, &kind.keys().entries)));
        if reshard.is_none() && failovers.iter().all(|(_, tables)| tables.is_none()) {
            require_an_entry(&mut walk, &top);
        }
        let read = read_entries(&mut walk, &reshard.unwrap_or_default(), &defaults);
        let failovers = read_failovers(&mut walk, failovers);
        let slips = with_syntax(text, walk.slips, &syntax);
        if !slips.is_empty() {
            return Err(Mistakes::new(name, text, slips));
        }
        let (entries, reshard) = read.into_iter().unzip();
        Ok(Self {
            name: name.to_owned(),
            text: text.to_owned(),
            policy: Policy {
                version: fingerprint(text.as_bytes()),
                reshard,
                failover_shard: of_kind(&failovers, Kind::Shard),
                failover_db_cluster: of_kind(&failovers, Kind::DbCluster),
                promote_replica: of_kind(&failovers, Kind::Promotion),
                fleet: fleet.finish(),
            },
            fleet,
            defaults,
            entries,
            failovers,
        })
    }

    /// What the file says.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The entries of one kind, in the file's order.
    pub(super) fn failovers_of(&self, kind: Kind) -> impl Iterator<Item = &FailoverEntry> {
        self.failovers
            .iter()
            .filter(move |entry| entry.kind == kind)
    }

    /// The line of a place, from 1.
    pub(super) fn line(&self, at: &Range<usize>) -> usize {
        let before = self.text.get(..at.start).unwrap_or(&self.text);
        before.matches('\n').count() + 1
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

/// The tables of one kind of entries; none where something is wrong. `None`: nothing is written.
fn tables<'t, 'i>(
    walk: &mut Walk,
    top: &Section<'t, 'i>,
    key: &Key,
) -> Option<Vec<Section<'t, 'i>>> {
    match walk.sections(top, key, key.path) {
        Read::Absent => None,
        Read::Wrong => Some(Vec::new()),
        Read::Given(tables, at) => {
            if tables.is_empty() {
                let message = format!("`{}` has no entry", key.path);
                let fix = format!("write `[[{}]]` above each entry, or remove it", key.path);
                walk.wrong(&at, message, fix);
            }
            Some(tables)
        }
    }
}

fn require_an_entry(walk: &mut Walk, top: &Section<'_, '_>) {
    let kinds = Kind::ALL.map(|kind| kind.keys().entries.path);
    let kinds = kinds.map(|kind| format!("`[[{kind}]]`")).join(", ");
    walk.missing(
        &top.at,
        "no entry: nothing would be watched",
        format!("add `[[reshard]]` for each replication group; for failovers {kinds}"),
    );
}

fn read_entries(
    walk: &mut Walk,
    sections: &[Section<'_, '_>],
    defaults: &Draft,
) -> Vec<(Entry, ReshardPolicy)> {
    let mut seen: Vec<String> = Vec::new();
    let mut entries = Vec::new();
    for section in sections {
        walk.refuse_unknown(section, keys::RESHARD.path);
        let key = &keys::REPLICATION_GROUP;
        let group = read_target(walk, section, key, &names::GROUP_IDS, &mut seen);
        let own = Draft::read(walk, section, "reshard");
        own.check(defaults, walk, &section.at);
        let whole = own.inherit(defaults);
        if let Some((group, group_at)) = group.given()
            && let Some(policy) = whole.finish(group)
        {
            let entry = Entry {
                group: group.clone(),
                group_at: group_at.clone(),
                own,
                whole,
            };
            entries.push((entry, policy));
        }
    }
    entries
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
    Draft::read(walk, &section, "defaults")
}

/// The id or glob of an entry; `seen` are those of the entries of its kind before it.
pub(super) fn read_target(
    walk: &mut Walk,
    entry: &Section<'_, '_>,
    key: &Key,
    ids: &names::Ids,
    seen: &mut Vec<String>,
) -> Read<String> {
    let target = walk.text(entry, key);
    require(walk, &target, key, &entry.at);
    if let Some((id, at)) = target.given() {
        if let Some(refusal) = names::impossible_id(ids, id) {
            walk.wrong(at, refusal.message, refusal.fix);
        } else if seen.contains(id) {
            walk.wrong(
                at,
                format!("a second entry for \"{id}\": one of the two would never apply"),
                "merge the two entries, or remove one",
            );
        }
        seen.push(id.clone());
    }
    target
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
            Some("reshard" | "failover_shard" | "failover_db_cluster" | "promote_replica") => {
                "write the name in double brackets, such as `[[reshard]]`, above each entry"
            }
            Some(_) | None => "keep one of the two",
        }
    } else if error.message().contains("quote") {
        "put text in double quotes, and close them"
    } else {
        "write `key = value`, text in double quotes, tables as `[name]`"
    }
}
