//! Which module a path leads to, through re-exports.

use super::imports::Imports;
use crate::source::Module;

/// How many re-exports a path may pass through before it is taken for a loop.
const MOST_HOPS: usize = 16;

/// The modules of one crate and the names in them.
pub(super) struct Names<'a> {
    modules: &'a [Module],
    imports: &'a [Imports],
}

/// Where a path ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// At a module.
    Module(usize),
    /// At something that a module declares.
    Item(usize),
}

impl<'a> Names<'a> {
    pub(super) fn new(modules: &'a [Module], imports: &'a [Imports]) -> Self {
        Self { modules, imports }
    }

    /// The module that declares what a path used in `module` names; `None` for another crate's.
    pub(super) fn home(&self, module: usize, path: &[String]) -> Option<usize> {
        match self.resolve(module, path, 0)? {
            End::Module(home) | End::Item(home) => Some(home),
        }
    }

    fn resolve(&self, module: usize, path: &[String], hops: usize) -> Option<End> {
        if hops > MOST_HOPS {
            return None;
        }
        let (first, rest) = path.split_first()?;
        let mut end = match first.as_str() {
            "crate" | "$crate" => End::Module(self.root(module)),
            "self" => End::Module(module),
            "Self" => return None,
            "super" => End::Module(self.parent(module)?),
            name => self.imported(module, name, hops)?,
        };
        for name in rest {
            let End::Module(at) = end else { break };
            end = match name.as_str() {
                "super" => End::Module(self.parent(at)?),
                name => self.imported(at, name, hops).or_else(|| {
                    // Something bound from another crate has no home here.
                    (!self.binds(at, name)).then_some(End::Item(at))
                })?,
            };
        }
        Some(end)
    }

    /// A child module, or what a `use` of the module binds the name to.
    fn imported(&self, module: usize, name: &str, hops: usize) -> Option<End> {
        if let Some(child) = self.child(module, name) {
            return Some(End::Module(child));
        }
        let bindings = &self.imports[module].bindings;
        if let Some(binding) = bindings
            .iter()
            .find(|own| own.name.as_deref() == Some(name))
        {
            // `use name;` or `use name::…` of another crate leads back to itself.
            let foreign = binding.path.first().is_some_and(|first| first == name)
                && self.child(module, name).is_none();
            return if foreign {
                None
            } else {
                self.resolve(module, &binding.path, hops + 1)
            };
        }
        if self.declares(module, name) {
            return Some(End::Item(module));
        }
        bindings
            .iter()
            .filter(|own| own.name.is_none())
            .find_map(|glob| {
                let End::Module(source) = self.resolve(module, &glob.path, hops + 1)? else {
                    return None;
                };
                if source == module {
                    None
                } else {
                    self.imported(source, name, hops + 1)
                }
            })
    }

    fn binds(&self, module: usize, name: &str) -> bool {
        self.imports[module]
            .bindings
            .iter()
            .any(|own| own.name.as_deref() == Some(name))
    }

    fn declares(&self, module: usize, name: &str) -> bool {
        use syn::Item;
        self.modules[module].items.iter().any(|item| match item {
            Item::Const(item) => item.ident == name,
            Item::Enum(item) => item.ident == name,
            Item::Fn(item) => item.sig.ident == name,
            Item::Static(item) => item.ident == name,
            Item::Struct(item) => item.ident == name,
            Item::Trait(item) => item.ident == name,
            Item::Type(item) => item.ident == name,
            Item::Union(item) => item.ident == name,
            Item::Macro(item) => item.ident.as_ref().is_some_and(|ident| ident == name),
            _ => false,
        })
    }

    fn child(&self, module: usize, name: &str) -> Option<usize> {
        let parent = &self.modules[module].path;
        self.modules.iter().position(|other| {
            other
                .path
                .split_last()
                .is_some_and(|(last, before)| last == name && before == parent)
        })
    }

    fn parent(&self, module: usize) -> Option<usize> {
        let (_, parent) = self.modules[module].path.split_last()?;
        self.modules.iter().position(|other| other.path == parent)
    }

    fn root(&self, module: usize) -> usize {
        self.modules
            .iter()
            .position(|other| other.path.is_empty())
            .unwrap_or(module)
    }
}
