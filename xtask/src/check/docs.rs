//! `check docs`: what a caller must know of a public asynchronous function is in its documentation.

use std::path::Path;

use syn::visit::{self, Visit};
use syn::{
    Attribute, Expr, ExprLit, ImplItem, ImplItemFn, Item, ItemFn, ItemImpl, ItemTrait, Lit, Meta,
    ReturnType, Signature, TraitItem, Type, TypeImplTrait, TypeParamBound, Visibility,
};

use super::verdict::Verdict;
use crate::shell::{self, Outcome};
use crate::source::{self, Module};

/// The headings, in their order.
const SECTIONS: [&str; 4] = ["Errors", "Cancel safety", "Ordering", "On session events"];

const LIBRARIES: [&str; 2] = ["zk-client/src/lib.rs", "recipes/src/lib.rs"];

/// Looks at the client and the recipes.
///
/// # Errors
///
/// If a source cannot be read or parsed.
pub(super) fn check() -> Outcome<Verdict> {
    let mut findings = Vec::new();
    let mut count = 0;
    for library in LIBRARIES {
        let (looked_at, found) = undocumented(&shell::root().join(library))?;
        count += looked_at;
        findings.extend(found);
    }
    Ok(Verdict::from_findings(
        findings,
        format!("{count} asynchronous functions and builders"),
    ))
}

/// One public thing that has to be awaited.
struct Awaitable {
    name: String,
    line: usize,
    docs: String,
}

fn undocumented(root: &Path) -> Outcome<(usize, Vec<String>)> {
    let modules = source::modules(root)?;
    let visible: Vec<&Module> = modules.iter().filter(|module| !module.hidden).collect();
    let mut count = 0;
    let mut findings = Vec::new();
    for module in &visible {
        let mut awaitables = functions(module);
        awaitables.extend(builders(module, &visible));
        count += awaitables.len();
        let file = module
            .file
            .strip_prefix(shell::root())
            .unwrap_or(&module.file)
            .display();
        for awaitable in awaitables {
            if let Some(fault) = fault(&awaitable.docs) {
                findings.push(format!(
                    "{file}:{}: {}: {fault}",
                    awaitable.line, awaitable.name
                ));
            }
        }
    }
    Ok((count, findings))
}

/// What is wrong with the sections of a documentation, if anything.
fn fault(docs: &str) -> Option<String> {
    let headings: Vec<&str> = docs
        .lines()
        .filter_map(|line| line.trim().strip_prefix('#'))
        .map(|rest| rest.trim_start_matches('#').trim())
        .collect();
    let places: Vec<Option<usize>> = SECTIONS
        .iter()
        .map(|section| headings.iter().position(|heading| heading == section))
        .collect();
    let missing: Vec<&str> = SECTIONS
        .iter()
        .zip(&places)
        .filter(|(_, place)| place.is_none())
        .map(|(section, _)| *section)
        .collect();
    if !missing.is_empty() {
        return Some(format!("no section {}", missing.join(", ")));
    }
    (!places.is_sorted())
        .then(|| format!("the sections stand in the order {}", SECTIONS.join(", ")))
}

/// The public asynchronous functions and methods of a module.
fn functions(module: &Module) -> Vec<Awaitable> {
    let mut found = Vec::new();
    let mut note = |sig: &Signature, attributes: &[Attribute]| {
        if is_async(sig) && !source::is_hidden(attributes) && !source::is_test(attributes) {
            found.push(Awaitable {
                name: sig.ident.to_string(),
                line: sig.ident.span().start().line,
                docs: docs(attributes),
            });
        }
    };
    for item in &module.items {
        match item {
            Item::Fn(ItemFn {
                vis: Visibility::Public(_),
                sig,
                attrs,
                ..
            }) => note(sig, attrs),
            Item::Impl(ItemImpl {
                trait_: None,
                items,
                ..
            }) => {
                for item in items {
                    if let ImplItem::Fn(ImplItemFn {
                        vis, sig, attrs, ..
                    }) = item
                    {
                        if matches!(vis, Visibility::Public(_)) {
                            note(sig, attrs);
                        }
                    }
                }
            }
            Item::Trait(ItemTrait {
                vis: Visibility::Public(_),
                items,
                ..
            }) => {
                for item in items {
                    if let TraitItem::Fn(item) = item {
                        note(&item.sig, &item.attrs);
                    }
                }
            }
            _ => {}
        }
    }
    found
}

/// Public types with an `IntoFuture`. Their own documentation holds the sections, or that of every
/// public function of other types that returns one.
fn builders(module: &Module, all: &[&Module]) -> Vec<Awaitable> {
    let mut found = Vec::new();
    for item in &module.items {
        let Item::Impl(ItemImpl {
            trait_: Some((_, path, _)),
            self_ty,
            ..
        }) = item
        else {
            continue;
        };
        if path
            .segments
            .last()
            .is_none_or(|last| last.ident != "IntoFuture")
        {
            continue;
        }
        let Some(name) = type_name(self_ty) else {
            continue;
        };
        let Some(mut awaitable) = declaration(&name, all) else {
            continue;
        };
        if fault(&awaitable.docs).is_some() {
            let makers = makers(&name, all);
            if !makers.is_empty() && makers.iter().all(|docs| fault(docs).is_none()) {
                awaitable.docs.clone_from(&makers[0]);
            }
        }
        found.push(awaitable);
    }
    found
}

/// The declaration of a public struct or enum.
fn declaration(name: &str, all: &[&Module]) -> Option<Awaitable> {
    all.iter()
        .flat_map(|module| &module.items)
        .find_map(|item| {
            let (vis, ident, attributes) = match item {
                Item::Struct(item) => (&item.vis, &item.ident, &item.attrs),
                Item::Enum(item) => (&item.vis, &item.ident, &item.attrs),
                _ => return None,
            };
            let public = matches!(vis, Visibility::Public(_)) && !source::is_hidden(attributes);
            (public && ident == name).then(|| Awaitable {
                name: name.to_owned(),
                line: ident.span().start().line,
                docs: docs(attributes),
            })
        })
}

/// The documentation of the public functions that return a type, its own methods left out.
fn makers(name: &str, all: &[&Module]) -> Vec<String> {
    let mut found = Vec::new();
    let mut note = |vis: &Visibility, sig: &Signature, attributes: &[Attribute]| {
        let hidden = source::is_hidden(attributes) || !matches!(vis, Visibility::Public(_));
        if !hidden && names_type(&sig.output, name) {
            found.push(docs(attributes));
        }
    };
    for item in all.iter().flat_map(|module| &module.items) {
        match item {
            Item::Fn(item) => note(&item.vis, &item.sig, &item.attrs),
            Item::Impl(item) if item.trait_.is_none() => {
                if type_name(&item.self_ty).as_deref() == Some(name) {
                    continue;
                }
                for item in &item.items {
                    if let ImplItem::Fn(item) = item {
                        note(&item.vis, &item.sig, &item.attrs);
                    }
                }
            }
            _ => {}
        }
    }
    found
}

fn is_async(sig: &Signature) -> bool {
    if sig.asyncness.is_some() {
        return true;
    }
    struct Futures(bool);
    impl<'ast> Visit<'ast> for Futures {
        fn visit_type_impl_trait(&mut self, returned: &'ast TypeImplTrait) {
            self.0 |= returned.bounds.iter().any(|bound| match bound {
                TypeParamBound::Trait(bound) => bound
                    .path
                    .segments
                    .last()
                    .is_some_and(|last| last.ident == "Future" || last.ident == "IntoFuture"),
                _ => false,
            });
            visit::visit_type_impl_trait(self, returned);
        }
    }
    let mut futures = Futures(false);
    futures.visit_return_type(&sig.output);
    futures.0
}

fn names_type(output: &ReturnType, name: &str) -> bool {
    struct Names<'a>(&'a str, bool);
    impl<'ast> Visit<'ast> for Names<'_> {
        fn visit_path(&mut self, path: &'ast syn::Path) {
            self.1 |= path
                .segments
                .last()
                .is_some_and(|last| last.ident == self.0);
            visit::visit_path(self, path);
        }
    }
    let mut names = Names(name, false);
    names.visit_return_type(output);
    names.1
}

fn type_name(of: &Type) -> Option<String> {
    let Type::Path(path) = of else { return None };
    path.path.segments.last().map(|last| last.ident.to_string())
}

fn docs(attributes: &[Attribute]) -> String {
    let mut text = String::new();
    for attribute in attributes {
        let Meta::NameValue(pair) = &attribute.meta else {
            continue;
        };
        if !pair.path.is_ident("doc") {
            continue;
        }
        if let Expr::Lit(ExprLit {
            lit: Lit::Str(line),
            ..
        }) = &pair.value
        {
            text.push_str(&line.value());
            text.push('\n');
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_and_misordered_sections_are_found_on_functions_and_builders() {
        let root = shell::root().join("xtask/fixtures/docs/lib.rs");
        let (count, findings) = undocumented(&root).unwrap();
        let at = "xtask/fixtures/docs/lib.rs";
        assert_eq!(
            findings,
            [
                format!(
                    "{at}:5: bare: no section Errors, Cancel safety, Ordering, On session events"
                ),
                format!(
                    "{at}:25: misordered: the sections stand in the order Errors, Cancel safety, Ordering, On session events"
                ),
                format!("{at}:33: future: no section Cancel safety, Ordering, On session events"),
                format!(
                    "{at}:53: Bare: no section Errors, Cancel safety, Ordering, On session events"
                ),
            ]
        );
        assert_eq!(count, 6);
    }
}
