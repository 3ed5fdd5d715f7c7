//! Claims about HTTPS.

use std::{fs, sync::Arc};

use media_node::{Config, Server, config::TlsFiles};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{
    TlsConnector,
    rustls::{
        ClientConfig, RootCertStore,
        crypto::aws_lc_rs::default_provider,
        pki_types::{CertificateDer, ServerName, pem::PemObject as _},
    },
};

use crate::stage::{self, PATIENCE};

/// A certificate for `localhost` and its key, in PEM.
fn identity() -> (String, String) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    (made.cert.pem(), made.signing_key.serialize_pem())
}

#[tokio::test]
async fn with_a_certificate_http_is_encrypted() {
    let directory = tempfile::tempdir().expect("a directory");
    let (certificate, key) = (directory.path().join("chain.pem"), directory.path().join("key.pem"));
    let identity = identity();
    fs::write(&certificate, &identity.0).expect("written");
    fs::write(&key, &identity.1).expect("written");
    let config = Config { tls: Some(TlsFiles { certificate, key }), ..stage::config() };
    let server = Server::start(&config).await.expect("the files are good");

    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(identity.0.as_bytes()).expect("PEM")).expect("a root");
    let client = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let exchange = async {
        let stream = TcpStream::connect(server.http_address()).await.expect("it listens");
        let name = ServerName::try_from("localhost").expect("a name");
        let mut stream = TlsConnector::from(Arc::new(client)).connect(name, stream).await.expect("TLS");
        let request = b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        stream.write_all(request).await.expect("it reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("it answers");
        answer
    };
    let answer = timeout(PATIENCE, exchange).await.expect("in time");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[tokio::test]
async fn a_file_that_is_no_certificate_is_named() {
    let directory = tempfile::tempdir().expect("a directory");
    let (certificate, key) = (directory.path().join("chain.pem"), directory.path().join("key.pem"));
    fs::write(&certificate, "nonsense").expect("written");
    fs::write(&key, identity().1).expect("written");
    let config = Config { tls: Some(TlsFiles { certificate, key }), ..stage::config() };
    let error = Server::start(&config).await.expect_err("it is no certificate").to_string();
    assert!(error.contains("--tls-certificate") && error.contains("chain.pem"), "{error}");
}
