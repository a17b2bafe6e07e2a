//! What a service keeps from one start to the next: who it is, its certificate, and who may log in.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Write};
use std::net::IpAddr;
use std::path::Path;

use multiwatcher::ModelId;
use multiwatcher::service::{Certificate, CertificateError, ControllerAccess, User, Users};
use tempfile::NamedTempFile;
use uuid::Uuid;

use super::super::user;
use crate::error::CommandError;
use crate::secret::Password;

/// Made where there is none, all in the working folder.
pub(super) const CERTIFICATE: &str = "multiwatcher-cert.pem";
pub(super) const KEY: &str = "multiwatcher-key.pem";
const CONTROLLER: &str = "multiwatcher-controller";
/// The first user.
const ADMIN: &str = "admin";

/// The controller's uuid: drawn at the first start, and the same afterwards, for clients remember it. Of two first starts at the
/// same time both take the one that was written first.
pub(super) fn controller() -> Result<ModelId, CommandError> {
    let path = Path::new(CONTROLLER);
    let failed = |error: std::io::Error| CommandError::Failed(format!("{CONTROLLER}: {error}"));
    match std::fs::read_to_string(path) {
        Ok(text) => return read(&text),
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(failed(error)),
    }
    let drawn = ModelId::from_u128(Uuid::new_v4().as_u128());
    let mut file = NamedTempFile::new_in(".").map_err(failed)?;
    writeln!(file, "{drawn}").and_then(|()| file.as_file().sync_all()).map_err(failed)?;
    match file.persist_noclobber(path) {
        Ok(_) => Ok(drawn),
        Err(error) if error.error.kind() == ErrorKind::AlreadyExists => {
            read(&std::fs::read_to_string(path).map_err(failed)?)
        }
        Err(error) => Err(failed(error.error)),
    }
}

fn read(text: &str) -> Result<ModelId, CommandError> {
    text.trim().parse().map_err(|error| CommandError::Input(format!("{CONTROLLER}: {error}")))
}

/// The certificate: the one that is named, or one of its own that is good for this address.
pub(super) fn certificate(named: Option<(&Path, &Path)>, address: IpAddr) -> Result<Certificate, CommandError> {
    let certificate = match named {
        Some((certificate, key)) => Certificate::load(certificate, key),
        None if address.is_unspecified() => Certificate::load_or_make(Path::new(CERTIFICATE), Path::new(KEY)),
        None => Certificate::load_or_make_for(Path::new(CERTIFICATE), Path::new(KEY), &[address]),
    };
    certificate.map_err(|error| match error {
        CertificateError::Half { .. } => {
            CommandError::Input(format!("{error}\n  put it back, or remove the other one too: then both are made anew"))
        }
        CertificateError::File { .. } => CommandError::Input(format!("the certificate or its key\n  {error}")),
        CertificateError::Format { .. } => {
            let (certificate, key) = named.unwrap_or((Path::new(CERTIFICATE), Path::new(KEY)));
            CommandError::Input(format!("{} and {}\n  {error}", certificate.display(), key.display()))
        }
    })
}

/// Who may log in and see most, and their password if they were made for this start.
pub(super) struct First {
    pub(super) user: Option<String>,
    pub(super) password: Option<Password>,
}

/// Where there is no file of users there is one afterwards, with one user who may do everything.
pub(super) async fn first_user(path: &Path) -> Result<First, CommandError> {
    if path.exists() {
        return Ok(First { user: foremost(&user::load(path)?), password: None });
    }
    let password = Password::drawn();
    let (controller, models) = (ControllerAccess::Superuser, BTreeMap::new());
    let admin = User { password: password.hash().await?, display_name: String::new(), controller, models };
    user::change(path, |users| {
        // Somebody else may have made the file meanwhile.
        let is_first = users.is_empty();
        if is_first {
            users.add(ADMIN, admin).map_err(|error| user::wrong(path, &error))?;
        }
        Ok(First { user: foremost(users), password: is_first.then_some(password) })
    })
}

/// Forgets the first user.
pub(super) fn forget(path: &Path) -> Result<(), CommandError> {
    std::fs::remove_file(path).map_err(|error| CommandError::Failed(format!("{}: {error}", path.display())))
}

fn foremost(users: &Users) -> Option<String> {
    let first =
        |is_one: &dyn Fn(&User) -> bool| users.iter().find(|(_, user)| is_one(user)).map(|(name, _)| name.to_owned());
    let admin =
        users.get(ADMIN).filter(|user| user.controller == ControllerAccess::Superuser).map(|_| ADMIN.to_owned());
    admin.or_else(|| first(&|user| user.controller == ControllerAccess::Superuser)).or_else(|| first(&|_| true))
}
