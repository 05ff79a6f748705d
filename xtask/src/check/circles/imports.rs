//! Which names a module brings in, and which paths it uses.

use proc_macro2::{TokenStream, TokenTree};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Attribute, Item, ItemUse, UseTree, Visibility};

use crate::source::{self, Module};

/// A path as written, with the line it stands in.
#[derive(Clone, Debug)]
pub(super) struct Used {
    pub(super) path: Vec<String>,
    pub(super) line: usize,
}

/// A name that a `use` of the module itself brings in.
#[derive(Clone, Debug)]
pub(super) struct Binding {
    /// The name, or `None` for a glob.
    pub(super) name: Option<String>,
    pub(super) path: Vec<String>,
}

/// What one module names.
#[derive(Debug, Default)]
pub(super) struct Imports {
    pub(super) bindings: Vec<Binding>,
    /// Every path that counts as an import. A re-export (`pub use`) does not: it only hands on.
    pub(super) used: Vec<Used>,
}

/// Reads a module's items.
pub(super) fn of(module: &Module) -> Imports {
    let mut imports = Imports::default();
    for item in &module.items {
        match item {
            Item::Use(item) => {
                let line = item.span().start().line;
                let reexport = !matches!(item.vis, Visibility::Inherited);
                for binding in bindings(item) {
                    if !reexport {
                        imports.used.push(Used {
                            path: binding.path.clone(),
                            line,
                        });
                    }
                    imports.bindings.push(binding);
                }
            }
            other => Reader {
                used: &mut imports.used,
            }
            .visit_item(other),
        }
    }
    imports
}

fn bindings(item: &ItemUse) -> Vec<Binding> {
    let mut found = Vec::new();
    // `use ::name` is always another crate.
    if item.leading_colon.is_none() {
        flatten(&item.tree, &mut Vec::new(), &mut found);
    }
    found
}

fn flatten(tree: &UseTree, before: &mut Vec<String>, found: &mut Vec<Binding>) {
    let mut bind = |name: Option<String>, last: Option<String>| {
        let path: Vec<String> = before.iter().cloned().chain(last).collect();
        found.push(Binding { name, path });
    };
    match tree {
        UseTree::Path(path) => {
            before.push(path.ident.to_string());
            flatten(&path.tree, before, found);
            before.pop();
        }
        UseTree::Name(name) if name.ident == "self" => bind(before.last().cloned(), None),
        UseTree::Name(name) => bind(Some(name.ident.to_string()), Some(name.ident.to_string())),
        UseTree::Rename(rename) if rename.ident == "self" => {
            bind(Some(rename.rename.to_string()), None);
        }
        UseTree::Rename(rename) => {
            bind(
                Some(rename.rename.to_string()),
                Some(rename.ident.to_string()),
            );
        }
        UseTree::Glob(_) => bind(None, None),
        UseTree::Group(group) => {
            for tree in &group.items {
                flatten(tree, before, found);
            }
        }
    }
}

/// Collects the paths of types, expressions, patterns and macro calls.
struct Reader<'a> {
    used: &'a mut Vec<Used>,
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        if !source::is_test(source::attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    // A `use` inside a function.
    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        let line = item.span().start().line;
        let paths = bindings(item).into_iter().map(|binding| Used {
            path: binding.path,
            line,
        });
        self.used.extend(paths);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.leading_colon.is_none() {
            let names = path
                .segments
                .iter()
                .map(|segment| segment.ident.to_string())
                .collect();
            self.used.push(Used {
                path: names,
                line: path.span().start().line,
            });
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        visit::visit_macro(self, call);
        scan(call.tokens.clone(), self.used);
    }

    // `pub(in path)` and attributes import nothing.
    fn visit_visibility(&mut self, _: &'ast Visibility) {}

    fn visit_attribute(&mut self, _: &'ast Attribute) {}
}

/// Finds paths of two or more names among the tokens of a macro call, which syn leaves unparsed.
fn scan(tokens: TokenStream, used: &mut Vec<Used>) {
    let mut path: Vec<String> = Vec::new();
    let mut line = 0;
    let mut colons = 0;
    let mut finish = |path: &mut Vec<String>, line: usize| {
        if path.len() > 1 {
            used.push(Used {
                path: path.clone(),
                line,
            });
        }
        path.clear();
    };
    let mut groups = Vec::new();
    for token in tokens {
        match token {
            TokenTree::Ident(ident) => {
                if colons != 2 {
                    finish(&mut path, line);
                    line = ident.span().start().line;
                }
                path.push(ident.to_string());
                colons = 0;
            }
            TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
            TokenTree::Group(group) => {
                finish(&mut path, line);
                groups.push(group.stream());
                colons = 0;
            }
            _ => {
                finish(&mut path, line);
                colons = 0;
            }
        }
    }
    finish(&mut path, line);
    for group in groups {
        scan(group, used);
    }
}
