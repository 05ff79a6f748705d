//! The workspace's Rust sources as trees of modules, tests left out.

use std::fs;
use std::path::{Path, PathBuf};

use syn::{Attribute, Item, ItemMod, Meta};

use crate::shell::Outcome;

/// One module of a crate, inline or in a file of its own.
pub(crate) struct Module {
    /// The names on the way from the crate root; empty for the root itself.
    pub(crate) path: Vec<String>,
    /// The file that holds it.
    pub(crate) file: PathBuf,
    /// What it declares, without modules and without anything under `#[cfg(test)]`.
    pub(crate) items: Vec<Item>,
    /// Whether it or a module around it is `#[doc(hidden)]`.
    pub(crate) hidden: bool,
}

/// All modules of the crate that starts in this file, parents before their children.
///
/// # Errors
///
/// If a file is missing or is not Rust.
pub(crate) fn modules(root: &Path) -> Outcome<Vec<Module>> {
    let mut found = Vec::new();
    let folder = root.parent().unwrap_or_else(|| Path::new("")).to_owned();
    let place = Place {
        path: Vec::new(),
        file: root.to_owned(),
        folder,
        hidden: false,
    };
    descend(place, parse(root)?, &mut found)?;
    Ok(found)
}

/// Parses one file.
///
/// # Errors
///
/// If it cannot be read or is not Rust; the error names the line.
pub(crate) fn parse(file: &Path) -> Outcome<Vec<Item>> {
    let text = fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let parsed = syn::parse_file(&text)
        .map_err(|error| format!("{}:{}: {error}", file.display(), error.span().start().line))?;
    Ok(parsed.items)
}

/// Every file below a folder whose name ends in one of the extensions, sorted; folders of build
/// results and hidden folders are passed over.
///
/// # Errors
///
/// If a folder cannot be read.
pub(crate) fn files(folder: &Path, extensions: &[&str]) -> Outcome<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut pending = vec![folder.to_owned()];
    while let Some(folder) = pending.pop() {
        let entries =
            fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        for entry in entries {
            let path = entry?.path();
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            if path.is_dir() {
                if !name.starts_with('.') && !name.starts_with("target") {
                    pending.push(path);
                }
            } else if extensions
                .iter()
                .any(|end| path.extension().is_some_and(|own| own == *end))
            {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Whether attributes hold `#[cfg(test)]` or mark a test function.
pub(crate) fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::List(list) => list.path.is_ident("cfg") && list.tokens.to_string() == "test",
        Meta::Path(path) => path
            .segments
            .last()
            .is_some_and(|last| last.ident == "test"),
        Meta::NameValue(_) => false,
    })
}

/// Whether attributes hold `#[doc(hidden)]`.
pub(crate) fn is_hidden(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::List(list) => list.path.is_ident("doc") && list.tokens.to_string() == "hidden",
        _ => false,
    })
}

/// The attributes of any item that carries some we look at.
pub(crate) fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Union(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// Where a module stands, and where the files of its children lie.
struct Place {
    path: Vec<String>,
    file: PathBuf,
    folder: PathBuf,
    hidden: bool,
}

fn descend(place: Place, items: Vec<Item>, found: &mut Vec<Module>) -> Outcome<()> {
    let (children, items): (Vec<Item>, Vec<Item>) = items
        .into_iter()
        .filter(|item| !is_test(attributes(item)))
        .partition(|item| matches!(item, Item::Mod(_)));
    found.push(Module {
        path: place.path.clone(),
        file: place.file.clone(),
        items,
        hidden: place.hidden,
    });
    for child in children {
        let Item::Mod(child) = child else { continue };
        let hidden = place.hidden || is_hidden(&child.attrs);
        let name = child.ident.to_string();
        let mut path = place.path.clone();
        path.push(name.clone());
        let folder = place.folder.join(&name);
        let (file, items) = match child.content {
            Some((_, items)) => (place.file.clone(), items),
            None => {
                let file = file_of(&place, &child)?;
                let items = parse(&file)?;
                (file, items)
            }
        };
        descend(
            Place {
                path,
                file,
                folder,
                hidden,
            },
            items,
            found,
        )?;
    }
    Ok(())
}

fn file_of(place: &Place, child: &ItemMod) -> Outcome<PathBuf> {
    let name = child.ident.to_string();
    let candidates = [
        place.folder.join(format!("{name}.rs")),
        place.folder.join(&name).join("mod.rs"),
    ];
    candidates
        .into_iter()
        .find(|file| file.exists())
        .ok_or_else(|| format!("{}: no file for `mod {name};`", place.file.display()).into())
}
