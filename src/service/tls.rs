//! The certificate that clients are shown: given, or made by the service for itself.

use core::fmt;
use std::io::Write as _;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// The names a made certificate is good for. `juju-app` is what one client calls a server that it reaches through a proxy.
const NAMES: [&str; 5] = ["localhost", "juju-apiserver", "juju-app", "127.0.0.1", "::1"];

/// A certificate with its key, both as PEM. The key is never printed.
#[derive(Clone)]
pub struct Certificate {
    certificate: String,
    key: String,
}

/// What is wrong with a certificate.
#[derive(Debug)]
pub enum CertificateError {
    /// A file cannot be read or written.
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// There is one of the two files, and not the other.
    Half {
        /// The one that is missing.
        missing: PathBuf,
    },
    /// The texts are not what was expected, or do not belong together.
    Format {
        /// What was expected.
        message: String,
    },
}

impl fmt::Display for CertificateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, error } => write!(f, "{}: {error}", path.display()),
            Self::Half { missing } => {
                write!(f, "expected a certificate and its key, but {} is not there", missing.display())
            }
            Self::Format { message } => f.write_str(message),
        }
    }
}

impl core::error::Error for CertificateError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::File { error, .. } => Some(error),
            Self::Half { .. } | Self::Format { .. } => None,
        }
    }
}

impl Certificate {
    /// A certificate with its key, as PEM. What stands first is the server's own; those that signed it follow.
    pub fn from_pem(certificate: impl Into<String>, key: impl Into<String>) -> Result<Self, CertificateError> {
        let certificate = Self { certificate: certificate.into(), key: key.into() };
        certificate.config()?;
        Ok(certificate)
    }

    /// Reads both from files.
    pub fn load(certificate: &Path, key: &Path) -> Result<Self, CertificateError> {
        Self::from_pem(read(certificate)?, read(key)?)
    }

    /// Reads both from files, or makes them there: signed by itself, for `localhost` and the names that clients know. Nobody else may
    /// read the file of the key.
    pub fn load_or_make(certificate: &Path, key: &Path) -> Result<Self, CertificateError> {
        Self::load_or_make_for(certificate, key, &[])
    }

    /// The same, and one that is made is good for these addresses too: those that a service listens on. What is read stays as it is.
    pub fn load_or_make_for(certificate: &Path, key: &Path, addresses: &[IpAddr]) -> Result<Self, CertificateError> {
        match (certificate.exists(), key.exists()) {
            (true, true) => return Self::load(certificate, key),
            (true, false) => return Err(CertificateError::Half { missing: key.to_owned() }),
            (false, true) => return Err(CertificateError::Half { missing: certificate.to_owned() }),
            (false, false) => {}
        }
        let made = Self::make_for(addresses)?;
        // The key first: a certificate alone is taken for half of a pair.
        let written = super::private_file(key).and_then(|mut file| file.write_all(made.key.as_bytes()));
        written.map_err(|error| CertificateError::File { path: key.to_owned(), error })?;
        let written = std::fs::write(certificate, &made.certificate);
        written.map_err(|error| CertificateError::File { path: certificate.to_owned(), error })?;
        Ok(made)
    }

    /// Makes one, signed by itself.
    pub fn make() -> Result<Self, CertificateError> {
        Self::make_for(&[])
    }

    fn make_for(addresses: &[IpAddr]) -> Result<Self, CertificateError> {
        let wrong = |error: rcgen::Error| format_error("the certificate cannot be made", &error);
        let addresses = addresses.iter().map(IpAddr::to_string).filter(|address| !NAMES.contains(&address.as_str()));
        let names: Vec<_> = NAMES.map(str::to_owned).into_iter().chain(addresses).collect();
        let mut params = CertificateParams::new(names).map_err(wrong)?;
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, "multiwatcher");
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate().map_err(wrong)?;
        let certificate = params.self_signed(&key).map_err(wrong)?;
        Ok(Self { certificate: certificate.pem(), key: key.serialize_pem() })
    }

    /// What clients are given to trust.
    pub fn certificate_pem(&self) -> &str {
        &self.certificate
    }

    pub(super) fn acceptor(&self) -> Result<TlsAcceptor, CertificateError> {
        Ok(TlsAcceptor::from(Arc::new(self.config()?)))
    }

    fn config(&self) -> Result<ServerConfig, CertificateError> {
        let chain: Vec<_> = CertificateDer::pem_slice_iter(self.certificate.as_bytes())
            .collect::<Result<_, _>>()
            .map_err(|error| format_error("expected a certificate as PEM", &error))?;
        let key = PrivateKeyDer::from_pem_slice(self.key.as_bytes())
            .map_err(|_| CertificateError::Format { message: "expected a private key as PEM".to_owned() })?;
        ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|config| config.with_no_client_auth().with_single_cert(chain, key))
            .map_err(|error| format_error("the certificate cannot be used", &error))
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Certificate")
    }
}

fn read(path: &Path) -> Result<String, CertificateError> {
    std::fs::read_to_string(path).map_err(|error| CertificateError::File { path: path.to_owned(), error })
}

fn format_error(what: &str, error: &dyn fmt::Display) -> CertificateError {
    CertificateError::Format { message: format!("{what}: {error}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_made_certificate_is_read_again_and_its_key_is_private() {
        let folder = tempfile::tempdir().unwrap();
        let (certificate, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
        let made = Certificate::load_or_make(&certificate, &key).unwrap();
        let read = Certificate::load_or_make(&certificate, &key).unwrap();
        assert_eq!(made.certificate_pem(), read.certificate_pem());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(std::fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
        }
        assert!(!format!("{made:?}").contains("KEY"));
    }

    #[test]
    fn half_a_pair_and_texts_that_do_not_belong_together_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (certificate, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
        let (one, other) = (Certificate::make().unwrap(), Certificate::make().unwrap());
        std::fs::write(&certificate, one.certificate_pem()).unwrap();
        assert!(matches!(Certificate::load_or_make(&certificate, &key), Err(CertificateError::Half { .. })));
        assert!(!key.exists(), "nothing of the user's is replaced");
        assert!(Certificate::from_pem(one.certificate_pem(), other.key.clone()).is_err());
        assert!(Certificate::from_pem("", one.key.clone()).is_err());
        assert!(Certificate::from_pem(one.certificate_pem(), "").is_err());
        assert!(Certificate::from_pem(one.certificate_pem(), one.key.clone()).is_ok());
    }
}
