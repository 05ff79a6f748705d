//! What the libraries make their callers await: public asynchronous functions, builders, futures.

use std::path::Path;

use proc_macro2::TokenTree;
use syn::visit::{self, Visit};
use syn::{
    Attribute, Expr, ExprLit, ImplItem, Item, ItemFn, ItemImpl, ItemTrait, Lit, Meta, ReturnType,
    Signature, TraitItem, Type, TypeImplTrait, TypeParamBound, Visibility,
};

use crate::shell::{self, Outcome};
use crate::source::{self, Module};

/// The crates whose users await, by the names that users write, and where each begins.
pub(super) const LIBRARIES: [(&str, &str); 3] = [
    ("zk_client", "zk-client/src/lib.rs"),
    ("zk_recipes", "recipes/src/lib.rs"),
    ("zk_embedded", "zk-embedded/src/lib.rs"),
];

/// One public thing that has to be awaited.
#[derive(Clone)]
pub(super) struct Awaitable {
    /// As users see it, without the crate: `function`, `Type::function` or `Type`.
    pub(super) name: String,
    /// File and line.
    pub(super) place: String,
    pub(super) docs: String,
    pub(super) kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Asynchronous, or returns some future.
    Function,
    /// A type to await.
    Type,
    /// Returns such a type, whose documentation holds the sections.
    Maker,
}

/// Everything public in a crate that has to be awaited.
///
/// # Errors
///
/// If a source cannot be read or parsed.
pub(super) fn of_crate(root: &Path) -> Outcome<Vec<Awaitable>> {
    let modules = source::modules(root)?;
    let visible: Vec<&Module> = modules.iter().filter(|module| !module.hidden).collect();
    let futures: Vec<String> = visible
        .iter()
        .flat_map(|module| implementors(module, "Future"))
        .filter(|name| declaration(name, &visible).is_some())
        .collect();
    let macros = macros(&visible);
    let mut found = Vec::new();
    for module in &visible {
        found.extend(functions(module, &futures));
        found.extend(types(module, &visible, &macros));
    }
    Ok(found)
}

fn place(module: &Module, sig: &Signature) -> String {
    place_of(module, sig.ident.span().start().line)
}

fn place_of(module: &Module, line: usize) -> String {
    let file = module.file.strip_prefix(shell::root());
    format!("{}:{line}", file.unwrap_or(&module.file).display())
}

/// The public asynchronous functions and methods of a module, and those that return one of `futures`.
fn functions(module: &Module, futures: &[String]) -> Vec<Awaitable> {
    let mut found = Vec::new();
    let mut note = |of: Option<&str>, sig: &Signature, attributes: &[Attribute]| {
        let kind = if is_async(sig) {
            Kind::Function
        } else if futures.iter().any(|name| names_type(&sig.output, name)) {
            Kind::Maker
        } else {
            return;
        };
        if source::is_hidden(attributes) || source::is_test(attributes) {
            return;
        }
        found.push(Awaitable {
            name: of.map_or_else(
                || sig.ident.to_string(),
                |of| format!("{of}::{}", sig.ident),
            ),
            place: place(module, sig),
            docs: docs(attributes),
            kind,
        });
    };
    for item in &module.items {
        match item {
            Item::Fn(ItemFn {
                vis: Visibility::Public(_),
                sig,
                attrs,
                ..
            }) => note(None, sig, attrs),
            Item::Impl(ItemImpl {
                trait_: None,
                self_ty,
                items,
                ..
            }) => {
                let of = type_name(self_ty);
                for item in items {
                    if let ImplItem::Fn(item) = item {
                        if matches!(item.vis, Visibility::Public(_)) {
                            note(of.as_deref(), &item.sig, &item.attrs);
                        }
                    }
                }
            }
            Item::Trait(ItemTrait {
                vis: Visibility::Public(_),
                ident,
                items,
                ..
            }) => {
                for item in items {
                    if let TraitItem::Fn(item) = item {
                        note(Some(&ident.to_string()), &item.sig, &item.attrs);
                    }
                }
            }
            _ => {}
        }
    }
    found
}

/// Public types with an `IntoFuture` or `Future`, written out or by one of the macros. Their own documentation holds
/// the sections, or that of every public function of other types that returns one.
fn types(module: &Module, all: &[&Module], macros: &[String]) -> Vec<Awaitable> {
    let mut names = implementors(module, "IntoFuture");
    names.extend(implementors(module, "Future"));
    names.extend(invocations(module, macros));
    let mut found = Vec::new();
    for name in names {
        let Some(mut awaitable) = declaration(&name, all) else {
            continue;
        };
        if !has_sections(&awaitable.docs) {
            let makers = makers(&name, all);
            if !makers.is_empty() && makers.iter().all(|docs| has_sections(docs)) {
                awaitable.docs.clone_from(&makers[0]);
            }
        }
        found.push(awaitable);
    }
    found
}

/// Whether a documentation says anything of cancellation; what is missing beside it is for others to find.
fn has_sections(docs: &str) -> bool {
    section(docs, "Cancel safety").is_some()
}

/// The text below a heading, up to the next one.
pub(super) fn section(docs: &str, heading: &str) -> Option<String> {
    let is_heading = |line: &str| line.trim().starts_with('#');
    let mut lines = docs.lines();
    lines.find(|line| is_heading(line) && line.trim().trim_start_matches('#').trim() == heading)?;
    let text: Vec<&str> = lines.take_while(|line| !is_heading(line)).collect();
    Some(text.join("\n"))
}

/// The types in a module that implement a trait of this name.
fn implementors(module: &Module, wanted: &str) -> Vec<String> {
    let implementor = |item: &Item| match item {
        Item::Impl(ItemImpl {
            trait_: Some((_, path, _)),
            self_ty,
            ..
        }) if path
            .segments
            .last()
            .is_some_and(|last| last.ident == wanted) =>
        {
            type_name(self_ty)
        }
        _ => None,
    };
    module.items.iter().filter_map(implementor).collect()
}

/// The crate's macros that make their first argument awaitable.
fn macros(all: &[&Module]) -> Vec<String> {
    let maker = |item: &Item| match item {
        Item::Macro(item) if item.mac.path.is_ident("macro_rules") => {
            let makes = item.mac.tokens.to_string().contains("IntoFuture for");
            item.ident
                .as_ref()
                .filter(|_| makes)
                .map(ToString::to_string)
        }
        _ => None,
    };
    let items = all.iter().flat_map(|module| &module.items);
    items.filter_map(maker).collect()
}

/// The types that a module gives to one of these macros.
fn invocations(module: &Module, macros: &[String]) -> Vec<String> {
    let given = |item: &Item| match item {
        Item::Macro(item) if item.ident.is_none() => {
            let last = item.mac.path.segments.last()?;
            if !macros.iter().any(|name| last.ident == name) {
                return None;
            }
            item.mac
                .tokens
                .clone()
                .into_iter()
                .find_map(|token| match token {
                    TokenTree::Ident(name) => Some(name.to_string()),
                    _ => None,
                })
        }
        _ => None,
    };
    module.items.iter().filter_map(given).collect()
}

/// The declaration of a public struct or enum.
fn declaration(name: &str, all: &[&Module]) -> Option<Awaitable> {
    let items = all
        .iter()
        .flat_map(|module| module.items.iter().map(move |item| (module, item)));
    items.into_iter().find_map(|(module, item)| {
        let (vis, ident, attributes) = match item {
            Item::Struct(item) => (&item.vis, &item.ident, &item.attrs),
            Item::Enum(item) => (&item.vis, &item.ident, &item.attrs),
            _ => return None,
        };
        let public = matches!(vis, Visibility::Public(_)) && !source::is_hidden(attributes);
        (public && ident == name).then(|| Awaitable {
            name: name.to_owned(),
            place: place_of(module, ident.span().start().line),
            docs: docs(attributes),
            kind: Kind::Type,
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
