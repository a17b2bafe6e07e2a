//! Passwords, as argon2id hashes in the usual text form: `$argon2id$v=19$m=19456,t=2,p=1$<salt>$<hash>`.

use core::fmt;
use core::str::FromStr;

use argon2::password_hash::phc;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use serde::{Deserialize, Serialize};

/// The hash of a password. It is no secret as a password is, but is not printed either.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PasswordHash(phc::PasswordHash);

/// What a hash costs: whoever guesses pays it too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PasswordCost {
    /// KiB of memory, at least 8.
    pub memory_kib: u32,
    /// How often the memory is gone through, at least 1.
    pub passes: u32,
}

impl Default for PasswordCost {
    /// What OWASP asks for at least: 19 MiB, two passes.
    fn default() -> Self {
        Self { memory_kib: 19 * 1024, passes: 2 }
    }
}

/// What makes two hashes of one password differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Salt(pub [u8; 16]);

impl Salt {
    /// One that nothing else has.
    #[must_use]
    pub fn fresh() -> Self {
        Self(*uuid::Uuid::new_v4().as_bytes())
    }
}

/// Why there is no hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HashError(String);

impl fmt::Display for HashError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl core::error::Error for HashError {}

impl PasswordHash {
    /// Hashes a password. It takes some hundredths of a second, so do it off the threads of a runtime.
    pub fn of(password: &str, salt: Salt, cost: PasswordCost) -> Result<Self, HashError> {
        if password.is_empty() {
            return Err(HashError("expected a password, got none".to_owned()));
        }
        let wrong = |error: &dyn fmt::Display| HashError(format!("the password cannot be hashed: {error}"));
        let params = Params::new(cost.memory_kib, cost.passes, 1, None).map_err(|error| wrong(&error))?;
        let hasher = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        hasher.hash_password_with_salt(password.as_bytes(), &salt.0).map(Self).map_err(|error| wrong(&error))
    }

    /// How much work it is to compute: KiB that are written.
    pub(super) fn work(&self) -> u64 {
        Params::try_from(&self.0).map_or(0, |params| u64::from(params.m_cost()) * u64::from(params.t_cost()))
    }

    /// Whether it is the hash of this password. The comparison takes the same time wherever they differ.
    pub(super) fn is_of(&self, password: &str) -> bool {
        Argon2::default().verify_password(password.as_bytes(), &self.0).is_ok()
    }
}

impl FromStr for PasswordHash {
    type Err = HashError;

    fn from_str(text: &str) -> Result<Self, HashError> {
        let expected = || HashError("expected the hash of a password, $argon2id$v=19$...".to_owned());
        let hash = phc::PasswordHash::new(text).map_err(|_| expected())?;
        let is_whole = hash.algorithm.as_str() == "argon2id" && hash.salt.is_some() && hash.hash.is_some();
        if is_whole && Params::try_from(&hash).is_ok() { Ok(Self(hash)) } else { Err(expected()) }
    }
}

impl TryFrom<String> for PasswordHash {
    type Error = HashError;

    fn try_from(text: String) -> Result<Self, HashError> {
        text.parse()
    }
}

impl From<PasswordHash> for String {
    fn from(hash: PasswordHash) -> Self {
        hash.0.to_string()
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHEAP: PasswordCost = PasswordCost { memory_kib: 8, passes: 1 };

    #[test]
    fn a_hash_knows_its_password_and_no_other_also_when_read_back() {
        let hash = PasswordHash::of("s3cret", Salt([7; 16]), CHEAP).unwrap();
        let read: PasswordHash = String::from(hash.clone()).parse().unwrap();
        assert!(hash.is_of("s3cret") && read.is_of("s3cret"));
        assert!(!hash.is_of("s3cre") && !hash.is_of(""));
        assert_eq!(hash, PasswordHash::of("s3cret", Salt([7; 16]), CHEAP).unwrap(), "the same salt, the same hash");
        assert_ne!(hash, PasswordHash::of("s3cret", Salt([8; 16]), CHEAP).unwrap());
    }

    #[test]
    fn what_is_no_hash_is_refused() {
        for text in
            ["", "s3cret", "$argon2id$v=19$m=8,t=1,p=1", "$argon2d$v=19$m=8,t=1,p=1$AAAAAAAAAAA$AAAAAAAAAAAAAAAAAAA"]
        {
            assert!(text.parse::<PasswordHash>().is_err(), "{text}");
        }
        assert!(PasswordHash::of("", Salt([7; 16]), CHEAP).is_err());
    }
}
