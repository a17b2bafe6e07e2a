//! What `serve` prints when it serves: where, with what, and how to watch it with the clients there are.

use core::fmt::Write;
use std::path::{Path, PathBuf};

use multiwatcher::ModelId;
use serde::{Serialize, Serializer};

use crate::secret::Password;

const PYTHON: &str = include_str!("python.txt");
const JAVASCRIPT: &str = include_str!("javascript.txt");

/// What somebody who wants to connect must know.
#[derive(Debug, Serialize)]
pub(super) struct Facts {
    /// The locator as it was typed.
    pub(super) backing: String,
    /// Address and port, as clients on this machine reach it.
    pub(super) address: String,
    /// Where the certificate is, from the root.
    pub(super) certificate: PathBuf,
    /// Where the users are, from the root.
    pub(super) users: PathBuf,
    pub(super) controller: ModelId,
    /// The status page, if it was asked for.
    pub(super) page: Option<String>,
    /// Who may log in and see most.
    pub(super) user: Option<String>,
    /// Of the first user, when it was made a moment ago.
    #[serde(serialize_with = "revealed")]
    pub(super) password: Option<Password>,
    /// The first of the models that are there.
    pub(super) model: Option<ModelId>,
    /// What a first model could be called.
    #[serde(skip)]
    pub(super) suggested: ModelId,
}

#[expect(clippy::ref_option, reason = "serde hands it over so")]
fn revealed<S: Serializer>(password: &Option<Password>, serializer: S) -> Result<S::Ok, S::Error> {
    password.as_ref().map(Password::reveal).serialize(serializer)
}

impl Facts {
    /// One line for machines.
    pub(super) fn to_json(&self) -> String {
        serde_json::to_string(self).expect("texts are JSON") + "\n"
    }

    /// A page for people. What is to be typed stands at the beginning of lines.
    pub(super) fn to_page(&self) -> String {
        let mut page = String::new();
        self.write(&mut page).expect("a text takes what is written");
        page
    }

    fn write(&self, page: &mut String) -> core::fmt::Result {
        writeln!(page, "serving {}; Ctrl-C ends it\n", self.backing)?;
        writeln!(page, "address      {}", self.address)?;
        writeln!(page, "certificate  {}", name(&self.certificate))?;
        writeln!(page, "users        {}", name(&self.users))?;
        writeln!(page, "controller   {}", self.controller)?;
        if let Some(url) = &self.page {
            writeln!(page, "status page  {url}")?;
        }
        let Some(user) = &self.user else {
            return writeln!(page, "\nnobody can log in: multiwatcher user add NAME lets somebody");
        };
        if self.password.is_some() {
            writeln!(page, "\nThe user {user} was made. Its password is shown this once.")?;
        }
        writeln!(page, "\nIn a shell of a client:\n")?;
        writeln!(page, "export CERT={}", quoted(&self.certificate.to_string_lossy()))?;
        let password =
            self.password.as_ref().map_or_else(|| format!("'the one of {user}'"), |it| it.reveal().to_owned());
        writeln!(page, "export PASSWORD={password}")?;
        writeln!(page, "export MODEL={}", self.model.unwrap_or(self.suggested))?;
        if self.model.is_none() {
            writeln!(page, "\nThere is no model yet. This makes one:\n")?;
            writeln!(page, "multiwatcher put -b {} \\", quoted(&self.backing))?;
            writeln!(page, "  model $MODEL $MODEL '{{\"name\":\"first\",\"life\":\"alive\"}}'")?;
        }
        let fill = |text: &str| text.replace("ADDRESS", &self.address).replace("USER", user);
        writeln!(page, "\nWatch from Python, after pip install juju:\n\n{}", fill(PYTHON))?;
        writeln!(page, "From JavaScript, after npm install @canonical/jujulib ws:\n\n{}", fill(JAVASCRIPT).trim_end())
    }
}

/// A file's name, which is enough where its folder is the working folder.
fn name(path: &Path) -> String {
    let here = std::env::current_dir().ok();
    let short = here.and_then(|here| path.strip_prefix(here).ok().map(Path::to_owned));
    short.as_deref().unwrap_or(path).display().to_string()
}

/// As a shell reads it.
fn quoted(text: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./:,@%+=".contains(letter);
    if !text.is_empty() && text.chars().all(is_plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_what_was_meant() {
        for (text, expected) in [("/a/b.pem", "/a/b.pem"), ("", "''"), ("a b", "'a b'"), ("it's $X", r"'it'\''s $X'")] {
            assert_eq!(quoted(text), expected);
            let read = std::process::Command::new("sh").args(["-c", &format!("printf %s {}", quoted(text))]).output();
            assert_eq!(String::from_utf8(read.unwrap().stdout).unwrap(), text);
        }
    }
}
