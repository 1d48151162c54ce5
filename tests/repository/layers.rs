//! Layers: a module uses only modules that `lib.rs` or `main.rs` declares above it, and the modules in a module use each other in
//! no circle.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens as _;
use syn::{Attribute, Item, ItemUse, UseTree, Visibility};

/// A module, from the root of its crate.
type Module = Vec<String>;

/// What a crate declares.
struct Layers {
    /// The modules in each module, in the order of their declaration.
    inside: BTreeMap<Module, Vec<String>>,
    /// Names that the root gives to what is in a module.
    exported: BTreeMap<String, String>,
}

impl Layers {
    fn of(root: &Path, files: &[(PathBuf, Module)]) -> Self {
        let modules = |items: &[Item]| -> Vec<_> {
            items
                .iter()
                .filter_map(|item| if let Item::Mod(module) = item { Some(module.ident.to_string()) } else { None })
                .collect()
        };
        let items = parse(root);
        let mut inside: BTreeMap<_, _> =
            files.iter().map(|(path, module)| (module.clone(), modules(&parse(path)))).collect();
        inside.insert(Vec::new(), modules(&items));
        let mut exported = BTreeMap::new();
        for item in items {
            if let Item::Use(ItemUse { tree: UseTree::Path(path), vis: Visibility::Public(_), .. }) = item {
                let mut names = Vec::new();
                leaves(&path.tree, &mut names);
                exported.extend(names.into_iter().map(|name| (name, path.ident.to_string())));
            }
        }
        Self { inside, exported }
    }

    /// Where the two part, a module and the one that it uses: the module that both are in, and the name of each there.
    fn parting(&self, user: &[String], used: &[String]) -> Option<(Module, String, String)> {
        let depth = user.iter().zip(used).take_while(|(a, b)| a == b).count();
        let declared = self.inside.get(&user[..depth])?;
        let (user_part, used_part) = (user.get(depth)?, used.get(depth)?);
        let is_declared = |name: &String| declared.contains(name);
        (is_declared(user_part) && is_declared(used_part))
            .then(|| (user[..depth].to_vec(), user_part.clone(), used_part.clone()))
    }

    /// Whether a module of the root is declared above another.
    fn is_above(&self, first: &str, second: &str) -> bool {
        let position = |name| self.inside[&Vec::new()].iter().position(|declared| declared == name);
        position(first) < position(second)
    }

    /// The module that a path leads to, as far as names of the root do not hide it.
    fn resolved(&self, mut path: Module) -> Module {
        if let Some(module) = path.first().and_then(|name| self.exported.get(name)) {
            path[0].clone_from(module);
        }
        path
    }
}

/// The names that an import makes.
fn leaves(tree: &UseTree, names: &mut Vec<String>) {
    match tree {
        UseTree::Path(path) => leaves(&path.tree, names),
        UseTree::Name(name) => names.push(name.ident.to_string()),
        UseTree::Rename(renamed) => names.push(renamed.rename.to_string()),
        UseTree::Group(group) => group.items.iter().for_each(|item| leaves(item, names)),
        UseTree::Glob(_) => {}
    }
}

fn parse(path: &Path) -> Vec<Item> {
    let text = fs::read_to_string(path).unwrap();
    let file = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    file.items.into_iter().filter(|item| !is_test(attributes(item))).collect()
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| attribute.to_token_stream().to_string().replace(' ', "") == "#[cfg(test)]")
}

/// The paths in these tokens that begin with `crate` or `super`, in imports, expressions and the arguments of macros. `module` is
/// where the tokens stand.
fn used(tokens: TokenStream, module: &[String], found: &mut Vec<Module>) {
    let tokens: Vec<_> = tokens.into_iter().collect();
    for (at, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Group(group) => used(group.stream(), module, found),
            TokenTree::Ident(word) if *word == "crate" => follow(&tokens[at + 1..], Vec::new(), found),
            // The second of `super::super` is part of the path that the first begins.
            TokenTree::Ident(word) if *word == "super" && !(at >= 2 && is_separator(&tokens[at - 2..])) => {
                follow(&tokens[at + 1..], parent(module), found);
            }
            _ => {}
        }
    }
}

/// Goes along the rest of a path, and of each path in a group.
fn follow(mut tokens: &[TokenTree], mut path: Module, found: &mut Vec<Module>) {
    while is_separator(tokens) {
        match tokens.get(2) {
            Some(TokenTree::Ident(name)) if *name == "super" => path = parent(&path),
            Some(TokenTree::Ident(name)) => path.push(name.to_string()),
            Some(TokenTree::Group(group)) => {
                let members: Vec<_> = group.stream().into_iter().collect();
                for member in members.split(|token| matches!(token, TokenTree::Punct(mark) if mark.as_char() == ',')) {
                    if let [TokenTree::Ident(name), rest @ ..] = member {
                        let path = match name.to_string().as_str() {
                            "self" => path.clone(),
                            "super" => parent(&path),
                            name => path.iter().cloned().chain([name.to_owned()]).collect(),
                        };
                        follow(rest, path, found);
                    }
                }
                return;
            }
            _ => break,
        }
        tokens = &tokens[3..];
    }
    found.push(path);
}

fn parent(module: &[String]) -> Module {
    module[..module.len().saturating_sub(1)].to_vec()
}

fn is_separator(tokens: &[TokenTree]) -> bool {
    let is_colon = |token: &TokenTree| matches!(token, TokenTree::Punct(mark) if mark.as_char() == ':');
    matches!(tokens, [first, second, ..] if is_colon(first) && is_colon(second))
}

/// The files of a folder, each with the module that it is.
fn files(folder: &Path, module: &[String], found: &mut Vec<(PathBuf, Module)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let own: Vec<_> = module.iter().cloned().chain([name.clone()]).collect();
        if path.is_dir() {
            files(&path, &own, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let own = if name == "mod" { module.to_vec() } else { own };
            found.push((path, own));
        }
    }
}

/// Modules of one module that use each other.
type Arrows = BTreeMap<String, BTreeSet<String>>;

/// How many uses of modules there are, and what is wrong with them.
fn violations(source: &Path, root: &str) -> (usize, Vec<String>) {
    let mut all = Vec::new();
    files(source, &[], &mut all);
    let layers = Layers::of(&source.join(root), &all);
    let (mut checked, mut wrong) = (0, BTreeSet::new());
    let mut arrows: BTreeMap<Module, Arrows> = BTreeMap::new();
    for (path, module) in all {
        let mut paths = Vec::new();
        for item in parse(&path) {
            used(item.to_token_stream(), &module, &mut paths);
        }
        checked += paths.len();
        for path in paths {
            let Some((parent, user, used)) = layers.parting(&module, &layers.resolved(path)) else { continue };
            if !parent.is_empty() {
                arrows.entry(parent).or_default().entry(user).or_default().insert(used);
            } else if layers.is_above(&user, &used) {
                wrong.insert(format!("{} uses {used}, which is declared below {user}", module.join("::")));
            }
        }
    }
    for (parent, arrows) in arrows {
        wrong.extend(
            circle(&arrows).map(|circle| format!("a circle in {}: {}", parent.join("::"), circle.join(" uses "))),
        );
    }
    (checked, wrong.into_iter().collect())
}

/// A circle of uses.
fn circle(arrows: &Arrows) -> Option<Vec<String>> {
    /// From the last of `trail` on.
    fn walk(arrows: &Arrows, trail: &mut Vec<String>, done: &mut BTreeSet<String>) -> Option<Vec<String>> {
        for next in arrows.get(trail.last()?).into_iter().flatten() {
            if let Some(at) = trail.iter().position(|passed| passed == next) {
                return Some(trail[at..].iter().chain([next]).cloned().collect());
            }
            if !done.contains(next) {
                trail.push(next.clone());
                let found = walk(arrows, trail, done);
                if found.is_some() {
                    return found;
                }
                done.extend(trail.pop());
            }
        }
        None
    }
    let mut done = BTreeSet::new();
    arrows.keys().find_map(|first| walk(arrows, &mut vec![first.clone()], &mut done))
}

#[test]
fn layers_of_every_crate_hold() {
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut all = Vec::new();
    for (source, root, least) in
        [("edge/core/src", "lib.rs", 200), ("origin/src", "lib.rs", 10), ("infra/edgeward/src", "main.rs", 100)]
    {
        let (checked, wrong) = violations(&checkout.join(source), root);
        println!("{source}: {checked} uses");
        assert!(checked >= least, "{source}: only {checked} uses are seen");
        all.extend(wrong.into_iter().map(|wrong| format!("{source}/{wrong}")));
    }
    assert!(all.is_empty(), "declare what is used above what uses it:\n{}", all.join("\n"));
}

#[test]
fn layers_are_seen_in_imports_paths_groups_and_macros() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("layers");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(folder.join("low")).unwrap();
    fs::write(folder.join("lib.rs"), "mod low; mod high; mod higher; pub use higher::{Named, inner::Deep as Renamed};")
        .unwrap();
    for name in ["high", "higher"] {
        fs::write(folder.join(format!("{name}.rs")), "use crate::low; use super::low::b;").unwrap();
    }
    let upward = [
        "use crate::high;",
        "use crate::{low::a, high::{b, c}};",
        "fn f() { crate::high::g() }",
        "fn f() { let x = [crate::high::G]; }",
        "fn f() { json!({ \"a\": crate::high::g() }) }",
        "use crate::Named;",
        "use crate::Renamed;",
        "use super::high;",
    ];
    let fine = ["use crate::low::a;", "#[cfg(test)] mod tests { use crate::high; }", "// crate::high\nfn f() {}"];
    for (text, count) in upward.map(|text| (text, 1)).into_iter().chain(fine.map(|text| (text, 0))) {
        fs::write(folder.join("low.rs"), text).unwrap();
        assert_eq!(violations(&folder, "lib.rs").1.len(), count, "{text}");
    }
    fs::write(folder.join("low.rs"), "mod earlier; mod inner; mod later;").unwrap();
    fs::write(folder.join("low/later.rs"), "use super::inner; use crate::low::inner::a;").unwrap();
    fs::write(folder.join("low/earlier.rs"), "").unwrap();
    let within = [
        ("use super::super::high;", 1),
        ("use super::a;", 0),
        ("fn f() { super::super::high::g() }", 1),
        ("use super::{earlier::a, later::b};", 1),
        ("use crate::low::{a, later};", 1),
        ("use super::{super::high, a};", 1),
        ("use crate::low::earlier;", 0),
    ];
    for (text, count) in within {
        fs::write(folder.join("low/inner.rs"), text).unwrap();
        assert_eq!(violations(&folder, "lib.rs").1.len(), count, "{text}");
    }
}
