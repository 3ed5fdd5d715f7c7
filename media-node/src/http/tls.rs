//! Owns the encryption of HTTP: a certificate chain and its key from files, read once.

use std::{fs, path::Path, sync::Arc};

use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        self, ServerConfig,
        crypto::aws_lc_rs::default_provider,
        pki_types::{
            CertificateDer, PrivateKeyDer,
            pem::{self, PemObject as _},
        },
    },
};

use crate::config::TlsFiles;

/// HTTPS cannot be done with these files.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("{option} {file}: {source}")]
    Unreadable {
        /// By which option it was named.
        option: &'static str,
        /// Which.
        file: String,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A file holds nothing of its kind in PEM.
    #[error("{option} {file}: {source}")]
    Pem {
        /// By which option it was named.
        option: &'static str,
        /// Which.
        file: String,
        /// What is wrong.
        source: pem::Error,
    },
    /// There is no certificate.
    #[error("--tls-certificate {0}: there is no certificate in it")]
    Empty(String),
    /// Certificate and key do not go together.
    #[error("--tls-certificate and --tls-key: {0}")]
    Mismatch(#[from] rustls::Error),
}

/// What takes the client's side of handshakes.
pub(crate) fn acceptor(files: &TlsFiles) -> Result<TlsAcceptor, TlsError> {
    let named = |file: &Path| file.display().to_string();
    let bad = |option, file: String| move |source| TlsError::Pem { option, file, source };
    let text = read("--tls-certificate", &files.certificate)?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    let chain = chain.map_err(bad("--tls-certificate", named(&files.certificate)))?;
    if chain.is_empty() {
        return Err(TlsError::Empty(named(&files.certificate)));
    }
    let text = read("--tls-key", &files.key)?;
    let key = PrivateKeyDer::from_pem_slice(&text).map_err(bad("--tls-key", named(&files.key)))?;
    // Named, because another crate of the build may bring another one.
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn read(option: &'static str, file: &Path) -> Result<Vec<u8>, TlsError> {
    fs::read(file).map_err(|source| TlsError::Unreadable { option, file: file.display().to_string(), source })
}
