//! Who asks at an etcd, and whom it trusts. The environment says it: unlike arguments, other users of the machine do not see that.

use std::ffi::OsString;

use multiwatcher::backing::etcd::{EtcdOptions, EtcdTls};

use crate::error::CommandError;

const USER: &str = "MULTIWATCHER_ETCD_USER";
const PASSWORD: &str = "MULTIWATCHER_ETCD_PASSWORD";
const PASSWORD_FILE: &str = "MULTIWATCHER_ETCD_PASSWORD_FILE";
const CACERT: &str = "MULTIWATCHER_ETCD_CACERT";
const CERT: &str = "MULTIWATCHER_ETCD_CERT";
const KEY: &str = "MULTIWATCHER_ETCD_KEY";

/// What the environment says. Files are read whenever it is asked, for certificates are renewed.
pub(crate) fn options() -> Result<EtcdOptions, CommandError> {
    Environment(&|name| std::env::var_os(name)).options()
}

/// Finds variables.
struct Environment<'a>(&'a dyn Fn(&str) -> Option<OsString>);

impl Environment<'_> {
    fn options(&self) -> Result<EtcdOptions, CommandError> {
        let mut options = EtcdOptions::new();
        match (self.text(USER)?, self.password()?) {
            (Some(user), Some(password)) => options = options.user(user, password),
            (Some(_), None) => return Err(alone(USER, &format!("{PASSWORD} or {PASSWORD_FILE}"))),
            (None, Some(_)) => return Err(alone("a password of etcd", USER)),
            (None, None) => {}
        }
        let (authority, certificate, key) = (self.file(CACERT)?, self.file(CERT)?, self.file(KEY)?);
        if authority.is_none() && certificate.is_none() && key.is_none() {
            return Ok(options);
        }
        let mut tls = EtcdTls::new();
        if let Some(authority) = authority {
            tls = tls.authority(authority);
        }
        match (certificate, key) {
            (Some(certificate), Some(key)) => tls = tls.identity(certificate, key),
            (Some(_), None) => return Err(alone(CERT, KEY)),
            (None, Some(_)) => return Err(alone(KEY, CERT)),
            (None, None) => {}
        }
        Ok(options.tls(tls))
    }

    fn password(&self) -> Result<Option<String>, CommandError> {
        match (self.text(PASSWORD)?, self.file(PASSWORD_FILE)?) {
            (Some(_), Some(_)) => {
                Err(CommandError::Input(format!("expected one of {PASSWORD} and {PASSWORD_FILE}, got both")))
            }
            (Some(password), None) => Ok(Some(password)),
            (None, Some(bytes)) => {
                let text = String::from_utf8(bytes);
                let text =
                    text.map_err(|_| CommandError::Input(format!("{PASSWORD_FILE}: expected a text in UTF-8")))?;
                let line = text.strip_suffix('\n').unwrap_or(&text);
                Ok(Some(line.strip_suffix('\r').unwrap_or(line).to_owned()))
            }
            (None, None) => Ok(None),
        }
    }

    /// What a variable says; one that is empty says nothing.
    fn value(&self, name: &str) -> Option<OsString> {
        (self.0)(name).filter(|value| !value.is_empty())
    }

    fn text(&self, name: &str) -> Result<Option<String>, CommandError> {
        let text = self.value(name).map(OsString::into_string).transpose();
        text.map_err(|_| CommandError::Input(format!("{name}: expected a text in UTF-8")))
    }

    /// What stands in the file that a variable names.
    fn file(&self, name: &str) -> Result<Option<Vec<u8>>, CommandError> {
        let Some(path) = self.value(name) else { return Ok(None) };
        let wrong = |error| CommandError::Input(format!("{name}: expected a file, got {}: {error}", path.display()));
        std::fs::read(&path).map(Some).map_err(wrong)
    }
}

fn alone(one: &str, other: &str) -> CommandError {
    CommandError::Input(format!("expected {other} in the environment beside {one}, got none"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(variables: &[(&str, &str)]) -> String {
        let find = |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into());
        match Environment(&find).options() {
            Ok(options) => format!("{options:?}"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn what_is_missing_in_the_environment_is_told_and_passwords_are_not() {
        assert!(told(&[]).contains("user: None, tls: None"));
        assert!(told(&[(USER, ""), (CACERT, "")]).contains("user: None, tls: None"));
        let both = told(&[(USER, "writer"), (PASSWORD, "a word")]);
        assert!(both.contains("writer") && !both.contains("word"), "{both}");
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("password");
        std::fs::write(&file, "a word\n").unwrap();
        let file = file.to_str().unwrap();
        assert_eq!(told(&[(USER, "writer"), (PASSWORD_FILE, file)]), both);
        let errors = [
            told(&[(USER, "writer")]),
            told(&[(PASSWORD, "a word")]),
            told(&[(USER, "writer"), (PASSWORD, "a word"), (PASSWORD_FILE, file)]),
            told(&[(CERT, file)]),
            told(&[(KEY, file)]),
            told(&[(CACERT, "/nowhere/ca.pem")]),
        ];
        insta::assert_snapshot!(errors.join("\n"), @r"
        expected MULTIWATCHER_ETCD_PASSWORD or MULTIWATCHER_ETCD_PASSWORD_FILE in the environment beside MULTIWATCHER_ETCD_USER, got none
        expected MULTIWATCHER_ETCD_USER in the environment beside a password of etcd, got none
        expected one of MULTIWATCHER_ETCD_PASSWORD and MULTIWATCHER_ETCD_PASSWORD_FILE, got both
        expected MULTIWATCHER_ETCD_KEY in the environment beside MULTIWATCHER_ETCD_CERT, got none
        expected MULTIWATCHER_ETCD_CERT in the environment beside MULTIWATCHER_ETCD_KEY, got none
        MULTIWATCHER_ETCD_CACERT: expected a file, got /nowhere/ca.pem: No such file or directory (os error 2)
        ");
    }
}
