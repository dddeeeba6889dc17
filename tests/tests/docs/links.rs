//! Every relative link of the pages leads to a file, and to a heading of it.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

use crate::root;

/// Pages whose links are checked, besides all of docs/. One that does not exist has none.
const OTHER_PAGES: [&str; 3] = ["README.md", "CHANGELOG.md", "alarms/README.md"];

/// Every Markdown page of docs/, and the others that exist.
fn pages() -> Vec<PathBuf> {
    let mut pages: Vec<PathBuf> = OTHER_PAGES
        .iter()
        .map(|name| root().join(name))
        .filter(|path| path.is_file())
        .collect();
    let mut folders = vec![root().join("docs")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                pages.push(path);
            }
        }
    }
    pages
}

/// The targets of a page's links, outside code.
fn links(page: &str) -> Vec<String> {
    let mut fenced = false;
    let mut links = Vec::new();
    for line in page.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        }
        if fenced {
            continue;
        }
        let prose: String = line.split('`').step_by(2).collect::<Vec<_>>().join("code");
        let targets = prose.split("](").skip(1);
        links.extend(targets.filter_map(|rest| Some(rest.split_once(')')?.0.to_owned())));
    }
    links
}

/// The anchors of a page's headings, as GitHub makes them.
fn anchors(page: &str) -> BTreeSet<String> {
    let headings = page.lines().filter(|line| line.starts_with('#'));
    headings
        .map(|heading| {
            let words = heading.trim_start_matches('#').trim().to_lowercase();
            words
                .chars()
                .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
                .map(|c| if c == ' ' { '-' } else { c })
                .collect()
        })
        .collect()
}

/// Why a link leads nowhere. `None`: it leads somewhere, or out of the repository.
fn broken(from: &Path, link: &str) -> io::Result<Option<String>> {
    if link.contains("://") || link.starts_with("mailto:") {
        return Ok(None);
    }
    let (path, anchor) = link
        .split_once('#')
        .map_or((link, None), |(path, anchor)| (path, Some(anchor)));
    let target = match path {
        "" => from.to_owned(),
        path => from.parent().unwrap_or(from).join(path),
    };
    if !target.exists() {
        return Ok(Some(format!("{link}: there is no {path}")));
    }
    let Some(anchor) = anchor else {
        return Ok(None);
    };
    let known = anchors(&fs::read_to_string(target)?);
    Ok((!known.contains(anchor)).then(|| format!("{link}: no heading makes #{anchor}")))
}

#[test]
fn relative_links_lead_somewhere() {
    let pages = pages();
    assert!(pages.len() >= 3, "where are the pages? {pages:?}");
    let mut wrong = Vec::new();
    for page in pages {
        let text = fs::read_to_string(&page).unwrap();
        for link in links(&text) {
            if let Some(why) = broken(&page, &link).unwrap() {
                wrong.push(format!("{}: {why}", page.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_link_to_nowhere_is_found() {
    let page = root().join("docs/operations.md");
    assert_eq!(
        links("see [a](x.md#y), `[b](z.md)`\n```\n[c](w.md)\n```"),
        ["x.md#y"]
    );
    assert!(broken(&page, "no-such-page.md").unwrap().is_some());
    assert!(broken(&page, "#no-such-heading").unwrap().is_some());
    assert!(broken(&page, "#holds").unwrap().is_none());
}
