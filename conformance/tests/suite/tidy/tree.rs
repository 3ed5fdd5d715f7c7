//! Owns the source tree as the rules see it: every Rust file of the workspace's members with its tokens. Comments and
//! the inside of literals are no tokens, so a rule about names is not disturbed by prose.

use std::{
    fs,
    path::{Path, PathBuf},
    str::FromStr,
};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// One Rust file.
pub(super) struct SourceFile {
    /// From the workspace's root, with `/` on every system.
    pub(super) path: String,
    pub(super) text: String,
    /// All tokens in order; brackets are tokens, too.
    pub(super) tokens: Vec<Token>,
}

pub(super) struct Token {
    pub(super) text: String,
    /// From 1.
    pub(super) line: usize,
}

impl SourceFile {
    pub(super) fn new(path: &str, text: &str) -> Self {
        let stream =
            TokenStream::from_str(text).unwrap_or_else(|error| panic!("{path} is not Rust: {error}"));
        let mut tokens = Vec::new();
        flatten(stream, &mut tokens);
        Self { path: path.to_owned(), text: text.to_owned(), tokens }
    }

    /// The places at which these tokens follow each other.
    pub(super) fn places_of<'a>(&'a self, sequence: &'a [&str]) -> impl Iterator<Item = usize> + 'a {
        self.tokens
            .windows(sequence.len())
            .enumerate()
            .filter(|(_, window)| window.iter().map(|token| token.text.as_str()).eq(sequence.iter().copied()))
            .map(|(place, _)| place)
    }
}

fn flatten(stream: TokenStream, tokens: &mut Vec<Token>) {
    for tree in stream {
        let line = tree.span().start().line;
        match tree {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::None => ("", ""),
                };
                let end = group.span_close().start().line;
                tokens.push(Token { text: open.to_owned(), line });
                flatten(group.stream(), tokens);
                tokens.push(Token { text: close.to_owned(), line: end });
            }
            TokenTree::Ident(_) | TokenTree::Punct(_) | TokenTree::Literal(_) => {
                tokens.push(Token { text: tree.to_string(), line });
            }
        }
    }
}

/// The directory with the workspace's `Cargo.toml`.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The workspace's members, as its manifest names them.
pub(super) fn members() -> Vec<String> {
    let manifest: toml::Table = fs::read_to_string(root().join("Cargo.toml")).unwrap().parse().unwrap();
    let members = manifest["workspace"]["members"].as_array().unwrap();
    members.iter().map(|member| member.as_str().unwrap().to_owned()).collect()
}

/// The benches, as their manifest names them.
pub(crate) fn benches() -> Vec<String> {
    let manifest = fs::read_to_string(root().join("benches/Cargo.toml")).unwrap();
    let manifest: toml::Table = manifest.parse().unwrap();
    let benches = manifest["bench"].as_array().unwrap();
    benches.iter().map(|bench| bench["name"].as_str().unwrap().to_owned()).collect()
}

/// Every Rust file of every member, ordered by path.
pub(super) fn sources() -> Vec<SourceFile> {
    let mut files = Vec::new();
    for member in members() {
        let before = files.len();
        collect(&root().join(&member), &member, &mut files);
        assert!(files.len() > before, "{member} has no Rust file");
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

fn collect(dir: &Path, path: &str, files: &mut Vec<SourceFile>) {
    for entry in fs::read_dir(dir).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let path = format!("{path}/{name}");
        if entry.file_type().unwrap().is_dir() {
            if name != "target" {
                collect(&entry.path(), &path, files);
            }
        } else if Path::new(&name).extension().is_some_and(|extension| extension == "rs") {
            files.push(SourceFile::new(&path, &fs::read_to_string(entry.path()).unwrap()));
        }
    }
}

#[test]
fn comments_and_literals_are_no_tokens_that_a_rule_could_name() {
    let file = SourceFile::new("a.rs", "// tokio\nfn f() { g(\"tokio\", r#\"tokio\"#) }\n/* tokio */\n");
    assert_eq!(file.places_of(&["tokio"]).count(), 0);
    assert_eq!(file.places_of(&["g", "("]).map(|place| file.tokens[place].line).collect::<Vec<_>>(), [2]);
}
