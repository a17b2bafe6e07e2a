//! Passwords: drawn, or read from standard input, and hashed. They are kept as hashes alone.

use core::fmt;
use std::io::Read;

use multiwatcher::service::{PasswordCost, PasswordHash, Salt};
use uuid::Uuid;

use crate::error::CommandError;

/// Letters and digits of which none is taken for another.
const LETTERS: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz023456789";
/// Five bits each.
const GROUPS: usize = 4;
const GROUP: usize = 5;
/// No longer one is read.
const LONGEST: u64 = 1 << 10;

/// A password. It is printed where that is meant, and nowhere else.
pub(crate) struct Password(String);

impl Password {
    /// One that nobody guesses: a hundred bits of the system's randomness.
    pub(crate) fn drawn() -> Self {
        let letters: Vec<u8> = [Uuid::new_v4(), Uuid::new_v4()]
            .iter()
            .flat_map(|drawn| drawn.into_bytes().into_iter().enumerate())
            // In this one of the sixteen bytes the fifth bit belongs to the version of the uuid.
            .filter(|&(place, _)| place != 6)
            .map(|(_, byte)| LETTERS[usize::from(byte % 32)])
            .take(GROUPS * GROUP)
            .collect();
        let groups: Vec<_> = letters.chunks(GROUP).map(|group| String::from_utf8_lossy(group)).collect();
        Self(groups.join("-"))
    }

    /// The line that stands on standard input.
    pub(crate) fn from_stdin() -> Result<Self, CommandError> {
        let wrong = |got: &str| {
            CommandError::Input(format!(
                "standard input: expected a password, one line of at most {LONGEST} bytes, {got}"
            ))
        };
        let mut text = String::new();
        let read = std::io::stdin().take(LONGEST + 1).read_to_string(&mut text);
        read.map_err(|error| wrong(&format!("got none: {error}")))?;
        let line = text.strip_suffix('\n').unwrap_or(&text);
        let line = line.strip_suffix('\r').unwrap_or(line);
        if line.is_empty() {
            return Err(wrong("got none"));
        }
        if text.len() as u64 > LONGEST {
            return Err(wrong("got more"));
        }
        if line.contains('\n') {
            return Err(wrong("got several lines"));
        }
        Ok(Self(line.to_owned()))
    }

    /// What it is.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }

    /// Its hash, computed on a thread that may take its time.
    pub(crate) async fn hash(&self) -> Result<PasswordHash, CommandError> {
        let text = self.0.clone();
        let hashed =
            tokio::task::spawn_blocking(move || PasswordHash::of(&text, Salt::fresh(), PasswordCost::default())).await;
        hashed
            .map_err(|error| CommandError::Failed(format!("hashing was given up: {error}")))?
            .map_err(|error| CommandError::Input(error.to_string()))
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn drawn_passwords_differ_in_every_place_and_use_every_letter() {
        let drawn: Vec<_> = (0..500).map(|_| Password::drawn().0).collect();
        assert_eq!(drawn.iter().collect::<BTreeSet<_>>().len(), drawn.len());
        for place in (0..GROUPS * (GROUP + 1) - 1).filter(|place| place % (GROUP + 1) != GROUP) {
            let letters: BTreeSet<_> = drawn.iter().map(|text| text.as_bytes()[place]).collect();
            assert_eq!(letters, LETTERS.iter().copied().collect(), "place {place}");
        }
        assert!(!format!("{:?}", Password::drawn()).contains('-'));
    }
}
