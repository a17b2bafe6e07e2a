//! The file of users: TOML, so that people can read and edit it.

use core::fmt;
use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

use super::password::PasswordHash;
use crate::machine::ModelId;

/// The users, by name.
///
/// ```toml
/// [users.admin]
/// password = "$argon2id$v=19$m=19456,t=2,p=1$..."
/// controller = "superuser"
///
/// [users.bob]
/// password = "$argon2id$v=19$m=19456,t=2,p=1$..."
/// display-name = "Bob"
/// [users.bob.models]
/// "a0000000-0000-4000-8000-000000000002" = "read"
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Users {
    #[serde(default)]
    users: BTreeMap<String, User>,
}

/// What is known of a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct User {
    /// The hash of the password.
    pub password: PasswordHash,
    /// A name for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub display_name: String,
    /// What they may do with the controller.
    #[serde(default)]
    pub controller: ControllerAccess,
    /// What they may do with models.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub models: BTreeMap<ModelId, ModelAccess>,
}

/// What somebody may do with the controller; each includes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ControllerAccess {
    /// Log in.
    #[default]
    Login,
    /// Add models.
    AddModel,
    /// Everything, in every model too.
    Superuser,
}

/// What somebody may do with a model; each includes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ModelAccess {
    /// Watch it, offers aside.
    Read,
    /// Change it. The service changes nothing, so it is as good as `Read`.
    Write,
    /// Everything.
    Admin,
}

impl ControllerAccess {
    /// As it is sent.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::AddModel => "add-model",
            Self::Superuser => "superuser",
        }
    }
}

impl ModelAccess {
    /// As it is sent.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Admin => "admin",
        }
    }
}

/// What is wrong with the file of users, or with a change of it.
#[derive(Debug)]
pub enum UsersError {
    /// The file cannot be read or written.
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The text is not what was expected. The message says where; it does not show the text.
    Format {
        /// What was expected, and the line.
        message: String,
    },
    /// No name for a user.
    Name {
        /// The name.
        name: String,
    },
    /// There is a user of this name.
    Exists {
        /// The name.
        name: String,
    },
}

impl fmt::Display for UsersError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, error } => write!(f, "the file of users {}: {error}", path.display()),
            Self::Format { message } => write!(f, "the file of users: {message}"),
            Self::Name { name } => {
                write!(f, "expected a user's name of 1 to 64 letters and digits, inside also . + -, got {name:?}")
            }
            Self::Exists { name } => write!(f, "there is a user {name:?} already"),
        }
    }
}

impl core::error::Error for UsersError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::File { error, .. } => Some(error),
            Self::Format { .. } | Self::Name { .. } | Self::Exists { .. } => None,
        }
    }
}

impl Users {
    /// Reads them from a file. One that is not there has no users.
    pub fn load(path: &Path) -> Result<Self, UsersError> {
        match std::fs::read_to_string(path) {
            Ok(text) => Self::parse(&text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(UsersError::File { path: path.to_owned(), error }),
        }
    }

    /// Reads them from a text.
    pub fn parse(text: &str) -> Result<Self, UsersError> {
        let users: Self = toml::from_str(text).map_err(|error| {
            let line = error.span().map(|span| 1 + text[..span.start].matches('\n').count());
            let place = line.map(|line| format!(", line {line}")).unwrap_or_default();
            UsersError::Format { message: format!("{}{place}", error.message()) }
        })?;
        users.users.keys().try_for_each(|name| check_name(name))?;
        Ok(users)
    }

    /// The text of the file.
    pub fn to_text(&self) -> String {
        toml::to_string(self).expect("names, hashes and access are texts, and tables stand last")
    }

    /// Writes them to a file that nobody else may read. Whoever reads it meanwhile sees the old text or the new one.
    pub fn save(&self, path: &Path) -> Result<(), UsersError> {
        let wrong = |error| UsersError::File { path: path.to_owned(), error };
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        // Of a name that nobody can know beforehand, and for its owner alone.
        let mut file = NamedTempFile::new_in(folder).map_err(wrong)?;
        file.write_all(self.to_text().as_bytes()).and_then(|()| file.as_file().sync_all()).map_err(wrong)?;
        file.persist(path).map_err(|error| wrong(error.error))?;
        Ok(())
    }

    /// Adds one.
    pub fn add(&mut self, name: &str, user: User) -> Result<(), UsersError> {
        check_name(name)?;
        if self.users.contains_key(name) {
            return Err(UsersError::Exists { name: name.to_owned() });
        }
        self.users.insert(name.to_owned(), user);
        Ok(())
    }

    /// Removes one; whether there was one.
    pub fn remove(&mut self, name: &str) -> bool {
        self.users.remove(name).is_some()
    }

    /// The user of this name.
    pub fn get(&self, name: &str) -> Option<&User> {
        self.users.get(name)
    }

    /// The user of this name, to be changed.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut User> {
        self.users.get_mut(name)
    }

    /// All of them, in order of name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &User)> {
        self.users.iter().map(|(name, user)| (name.as_str(), user))
    }

    /// The hash that takes most work; of several, that of the first user.
    pub(super) fn costliest(&self) -> Option<&PasswordHash> {
        let hashes = self.users.values().map(|user| &user.password);
        hashes.reduce(|most, hash| if hash.work() > most.work() { hash } else { most })
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.users.is_empty()
    }
}

fn check_name(name: &str) -> Result<(), UsersError> {
    if is_name(name) { Ok(()) } else { Err(UsersError::Name { name: name.to_owned() }) }
}

/// Whether a user can be called so.
pub(super) fn is_name(name: &str) -> bool {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric();
    name.len() <= 64
        && name.starts_with(is_plain)
        && name.ends_with(is_plain)
        && name.chars().all(|letter| is_plain(letter) || matches!(letter, '.' | '+' | '-'))
}

#[cfg(test)]
mod tests {
    use super::super::password::{PasswordCost, Salt};
    use super::*;

    fn user() -> User {
        let cost = PasswordCost { memory_kib: 8, passes: 1 };
        User {
            password: PasswordHash::of("s3cret", Salt([7; 16]), cost).unwrap(),
            display_name: "Bob".to_owned(),
            controller: ControllerAccess::AddModel,
            models: [(ModelId::from_u128(1), ModelAccess::Write), (ModelId::from_u128(2), ModelAccess::Admin)].into(),
        }
    }

    #[test]
    fn users_survive_the_file_and_nobody_else_may_read_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("users.toml");
        assert!(Users::load(&path).unwrap().is_empty());
        let mut users = Users::default();
        users.add("bob", user()).unwrap();
        users.add("ann", User { models: BTreeMap::new(), ..user() }).unwrap();
        users.save(&path).unwrap();
        assert_eq!(Users::load(&path).unwrap(), users);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        let names: Vec<_> = users.iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["ann", "bob"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_that_somebody_laid_beside_the_file_is_not_written_through() {
        let folder = tempfile::tempdir().unwrap();
        let (path, precious) = (folder.path().join("users.toml"), folder.path().join("precious"));
        std::fs::write(&precious, "as it was").unwrap();
        std::os::unix::fs::symlink(&precious, folder.path().join("users.tmp")).unwrap();
        Users::default().save(&path).unwrap();
        assert_eq!(std::fs::read_to_string(&precious).unwrap(), "as it was");
        assert!(std::fs::symlink_metadata(&path).unwrap().is_file());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 3, "nothing else is left");
    }

    #[test]
    fn the_hash_that_takes_most_work_is_found() {
        let of = |memory_kib, passes| User {
            password: PasswordHash::of("s3cret", Salt([7; 16]), PasswordCost { memory_kib, passes }).unwrap(),
            ..user()
        };
        let mut users = Users::default();
        assert!(users.costliest().is_none());
        for (name, memory_kib, passes) in [("ann", 8, 2), ("bob", 16, 2), ("eve", 8, 3), ("zoe", 32, 1)] {
            users.add(name, of(memory_kib, passes)).unwrap();
        }
        assert_eq!(users.costliest(), Some(&users.get("bob").unwrap().password), "the first of those who cost 32");
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line_and_without_the_text() {
        let error = Users::parse("[users.bob]\npassword = \"s3cret\"\n").unwrap_err().to_string();
        assert!(error.contains("expected the hash of a password") && error.contains("line 2"), "{error}");
        assert!(!error.contains("s3cret"), "{error}");
        for text in ["[users.bob]", "[user.bob]", "users = 1", "[users.bob]\npassword = 1\n"] {
            assert!(matches!(Users::parse(text), Err(UsersError::Format { .. })), "{text}");
        }
    }

    #[test]
    fn names_are_checked_and_taken_once() {
        let mut users = Users::default();
        let long = "x".repeat(65);
        for name in ["", "-bob", "bob.", "bob@local", "user-", "a b", long.as_str()] {
            assert!(matches!(users.add(name, user()), Err(UsersError::Name { .. })), "{name}");
        }
        users.add("b.o+b-1", user()).unwrap();
        assert!(matches!(users.add("b.o+b-1", user()), Err(UsersError::Exists { .. })));
        assert!(users.remove("b.o+b-1") && !users.remove("b.o+b-1"));
    }
}
