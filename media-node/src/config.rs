//! Owns what a server is started with, once it has been read and found possible.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use media_core::{
    conference::ConferenceConfig,
    limits::{LICENCES_DEFAULT, PARTICIPANTS_MAX_DEFAULT, SPEAKERS_DEFAULT},
    secret::Token,
};

/// How a server is to be.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where HTTP listens.
    pub http: SocketAddr,
    /// Where media arrive.
    pub media: SocketAddr,
    /// Where clients are told that media arrive; without any, at [`Config::media`].
    pub public_addresses: Vec<SocketAddr>,
    /// For HTTPS; without it, HTTP is not encrypted.
    pub tls: Option<TlsFiles>,
    /// The credentials of those who may start conferences.
    pub holders: Vec<Token>,
    /// How many conferences may run at once, at least 1.
    pub licences: u32,
    /// Participants of one conference at most.
    pub participants_max: u32,
    /// How many of the loudest microphones are forwarded, at least 1.
    pub speakers: usize,
    /// How long conferences may go on when the server is to end.
    pub drain_timeout: Duration,
    /// Open HTTP connections from one address at most.
    pub connections_per_address: usize,
}

/// Files in PEM.
#[derive(Clone, Debug)]
pub struct TlsFiles {
    /// The certificate chain.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// Where HTTP listens unless configured otherwise.
pub const HTTP_DEFAULT: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8_080);
/// Where media arrive unless configured otherwise: STUN's port (RFC 8489 section 18.6).
pub const MEDIA_DEFAULT: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 3_478);
/// How long conferences may go on unless configured otherwise.
pub const DRAIN_TIMEOUT_DEFAULT: Duration = Duration::from_hours(1);
/// Connections from one address unless configured otherwise: a town hall behind one address, with several for each person.
pub const CONNECTIONS_PER_ADDRESS_DEFAULT: usize = 512;

impl Default for Config {
    /// On loopback, without a licence holder.
    fn default() -> Self {
        Self {
            http: HTTP_DEFAULT,
            media: MEDIA_DEFAULT,
            public_addresses: Vec::new(),
            tls: None,
            holders: Vec::new(),
            licences: LICENCES_DEFAULT,
            participants_max: PARTICIPANTS_MAX_DEFAULT,
            speakers: SPEAKERS_DEFAULT,
            drain_timeout: DRAIN_TIMEOUT_DEFAULT,
            connections_per_address: CONNECTIONS_PER_ADDRESS_DEFAULT,
        }
    }
}

impl Config {
    pub(crate) fn conference(&self) -> ConferenceConfig {
        ConferenceConfig {
            licences: self.licences,
            participants_max: self.participants_max,
            holders: self.holders.clone(),
            ..ConferenceConfig::default()
        }
    }
}
