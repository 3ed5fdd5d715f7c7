//! Owns the certificate that the media node shows in DTLS handshakes: made at each start, known to peers by the fingerprint in
//! their answer, signed by nobody else (RFC 8827 section 6.5).

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use media_core::transport::Certificate;
use rcgen::{
    CertificateParams, DistinguishedName, DnType, PKCS_ECDSA_P256_SHA256, PublicKeyData, SerialNumber,
    SignatureAlgorithm, SigningKey,
};

/// No certificate could be made.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// No key pair.
    #[error("no key pair could be made for the certificate of DTLS")]
    Key,
    /// The certificate itself.
    #[error("no certificate could be made for DTLS: {0}")]
    Encoding(#[from] rcgen::Error),
}

/// A key of aws-lc. The crate that writes certificates has cryptography of its own only where something else in the build
/// asks for it.
struct Signer {
    pair: EcdsaKeyPair,
}

impl PublicKeyData for Signer {
    fn der_bytes(&self) -> &[u8] {
        self.pair.public_key().as_ref()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ECDSA_P256_SHA256
    }
}

impl SigningKey for Signer {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        let signature = self.pair.sign(&SystemRandom::new(), message);
        signature.map(|signature| signature.as_ref().to_vec()).map_err(|_| rcgen::Error::RemoteKeyError)
    }
}

/// Makes a key pair and a self-signed certificate.
///
/// # Errors
/// When there is no randomness.
pub(crate) fn generate() -> Result<Certificate, CertificateError> {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).map_err(|_| CertificateError::Key)?;
    let document = pair.to_pkcs8v1().map_err(|_| CertificateError::Key)?;
    let mut serial = [0; 8];
    aws_lc_rs::rand::fill(&mut serial).map_err(|_| CertificateError::Key)?;
    // Positive, as RFC 5280 section 4.1.2.2 wants it.
    serial[0] &= 0x7f;
    let mut params = CertificateParams::default();
    params.serial_number = Some(SerialNumber::from_slice(&serial));
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "WebRTC");
    let certificate = params.self_signed(&Signer { pair })?;
    Ok(Certificate { certificate: certificate.der().to_vec(), private_key: document.as_ref().to_vec() })
}
