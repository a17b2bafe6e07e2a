//! Where a backing is, as it is typed: `sqlite:FILE` or `etcd:URL[,URL]/PREFIX`.

use core::fmt;
use core::str::FromStr;
use std::path::{Path, PathBuf};

/// Where a backing is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Locator {
    /// A file of SQLite.
    Sqlite(PathBuf),
    /// The keys of etcd below a prefix.
    Etcd {
        /// The members of the cluster.
        endpoints: Vec<String>,
        /// Without the slash before it.
        prefix: String,
    },
}

/// What is wrong with a text that should be one, and where: characters are counted from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ParseLocatorError {
    expected: &'static str,
    at: usize,
    text: String,
}

impl Locator {
    /// The same for every way to write it, as long as the file's folder is there.
    pub(crate) fn canonical(&self) -> String {
        match self {
            Self::Sqlite(path) => {
                let whole = std::fs::canonicalize(path).or_else(|_| std::path::absolute(path));
                format!("sqlite:{}", whole.as_deref().unwrap_or(path).display())
            }
            Self::Etcd { endpoints, prefix } => {
                let mut endpoints = endpoints.clone();
                endpoints.sort();
                Self::Etcd { endpoints, prefix: prefix.clone() }.to_string()
            }
        }
    }
}

impl FromStr for Locator {
    type Err = ParseLocatorError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = |expected, at: usize| {
            let at = text[..at].chars().count() + 1;
            ParseLocatorError { expected, at, text: text.to_owned() }
        };
        if let Some(file) = text.strip_prefix("sqlite:") {
            if file.is_empty() {
                return Err(wrong("the name of a file", text.len()));
            }
            return Ok(Self::Sqlite(Path::new(file).to_owned()));
        }
        let Some(rest) = text.strip_prefix("etcd:") else {
            return Err(wrong("sqlite:FILE or etcd:URL[,URL]/PREFIX", 0));
        };
        let (mut endpoints, mut at) = (Vec::new(), text.len() - rest.len());
        loop {
            let rest = &text[at..];
            let scheme = ["http://", "https://"].into_iter().find(|scheme| rest.starts_with(scheme));
            let scheme = scheme.ok_or_else(|| wrong("a URL that begins with http:// or https://", at))?;
            let host = &rest[scheme.len()..];
            let end = host.find([',', '/']).unwrap_or(host.len());
            if end == 0 {
                return Err(wrong("a host, as in http://127.0.0.1:2379", at + scheme.len()));
            }
            endpoints.push(rest[..scheme.len() + end].to_owned());
            at += scheme.len() + end;
            match text[at..].strip_prefix(',') {
                Some(_) => at += 1,
                None => break,
            }
        }
        let prefix = text[at..].strip_prefix('/').unwrap_or_default();
        if prefix.is_empty() {
            return Err(wrong("/PREFIX after the last URL", at));
        }
        Ok(Self::Etcd { endpoints, prefix: prefix.to_owned() })
    }
}

impl fmt::Display for Locator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Etcd { endpoints, prefix } => write!(f, "etcd:{}/{prefix}", endpoints.join(",")),
        }
    }
}

impl fmt::Display for ParseLocatorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { expected, at, text } = self;
        write!(f, "expected {expected} at character {at} of {text:?}")
    }
}

impl core::error::Error for ParseLocatorError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locator_reads_as_it_is_written() {
        for text in ["sqlite:world.db", "sqlite:/a b/c:d", "etcd:http://a:1,https://[::1]:2/x/y"] {
            assert_eq!(text.parse::<Locator>().unwrap().to_string(), text);
        }
        let etcd = Locator::Etcd { endpoints: vec!["http://a:1".into(), "https://b".into()], prefix: "x/y".into() };
        assert_eq!("etcd:http://a:1,https://b/x/y".parse(), Ok(etcd));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        let errors: Vec<_> = [
            "world.db",
            "sqlite:",
            "etcd:",
            "etcd:a:1/x",
            "etcd:http:///x",
            "etcd:http://a,b/x",
            "etcd:http://a",
            "etcd:http://a/",
            "etcd:http://ä,http://",
        ]
        .iter()
        .map(|text| text.parse::<Locator>().unwrap_err().to_string())
        .collect();
        insta::assert_snapshot!(errors.join("\n"), @r#"
        expected sqlite:FILE or etcd:URL[,URL]/PREFIX at character 1 of "world.db"
        expected the name of a file at character 8 of "sqlite:"
        expected a URL that begins with http:// or https:// at character 6 of "etcd:"
        expected a URL that begins with http:// or https:// at character 6 of "etcd:a:1/x"
        expected a host, as in http://127.0.0.1:2379 at character 13 of "etcd:http:///x"
        expected a URL that begins with http:// or https:// at character 15 of "etcd:http://a,b/x"
        expected /PREFIX after the last URL at character 14 of "etcd:http://a"
        expected /PREFIX after the last URL at character 14 of "etcd:http://a/"
        expected a host, as in http://127.0.0.1:2379 at character 22 of "etcd:http://ä,http://"
        "#);
    }

    #[test]
    fn a_file_has_one_canonical_locator() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.db");
        std::fs::write(&file, "").unwrap();
        let roundabout = folder.path().join("../").join(folder.path().file_name().unwrap()).join("a.db");
        assert_eq!(Locator::Sqlite(file).canonical(), Locator::Sqlite(roundabout).canonical());
    }
}
