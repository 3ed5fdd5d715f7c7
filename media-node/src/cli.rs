//! Owns the arguments of the program, and the file that can say the same: an argument goes before the file, and the file before
//! what is the default. Whatever is wrong is told by option, file, line or field.

use std::{fs, net::SocketAddr, num::NonZero, path::PathBuf, time::Duration};

use clap::Parser;
use media_core::{limits::PARTICIPANTS_MAX_CONFIGURABLE, secret::Token};
use serde::Deserialize;

use crate::config::{Config, TlsFiles};

/// Serves encrypted video conferences: media over one UDP port, signalling and a page to join over HTTP.
///
/// Without arguments it listens on loopback, and nobody may start a conference: --holders names those who may. SIGTERM or
/// SIGINT begins the end: nobody new is let in, and conferences may go on for a while; the second one ends at once.
#[derive(Debug, Default, Parser)]
#[command(name = "media-node", version)]
pub struct Arguments {
    /// A TOML file that says the same as these options, by their names.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    options: Options,
}

/// What can be said as an argument and in the file.
#[derive(Debug, Default, Deserialize, clap::Args)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Options {
    /// Where HTTP listens [default: 127.0.0.1:8080].
    #[arg(long, value_name = "ADDRESS:PORT")]
    http: Option<SocketAddr>,
    /// Where media arrive, by UDP [default: 127.0.0.1:3478].
    #[arg(long, value_name = "ADDRESS:PORT")]
    media: Option<SocketAddr>,
    /// Where clients reach the media address, if that is another one; can be given several times.
    #[arg(long, value_name = "ADDRESS:PORT")]
    #[serde(default)]
    public_address: Vec<SocketAddr>,
    /// The certificate chain for HTTPS, in PEM.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_certificate: Option<PathBuf>,
    /// The private key for HTTPS, in PEM.
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    tls_key: Option<PathBuf>,
    /// Who may start conferences: a file with one credential of 32 hexadecimal digits in each line; `#` begins a remark.
    #[arg(long, value_name = "FILE")]
    holders: Option<PathBuf>,
    /// How many conferences may run at once [default: 750].
    #[arg(long, value_name = "N")]
    licences: Option<NonZero<u32>>,
    /// Participants of one conference at most [default: 50, at most 1000].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=i64::from(PARTICIPANTS_MAX_CONFIGURABLE)))]
    participants: Option<u32>,
    /// How many of the loudest microphones are forwarded [default: 3].
    #[arg(long, value_name = "N")]
    speakers: Option<NonZero<usize>>,
    /// How many seconds conferences may go on when the server is to end [default: 3600].
    #[arg(long, value_name = "SECONDS")]
    drain_timeout: Option<u64>,
    /// Open HTTP connections from one address at most [default: 512].
    #[arg(long, value_name = "N")]
    connections_per_address: Option<NonZero<usize>>,
}

/// What is wrong with the arguments or a file that they name.
#[derive(Debug, thiserror::Error)]
pub enum ConfigureError {
    /// A file cannot be read.
    #[error("{option} {file}: {source}", file = file.display())]
    Unreadable {
        /// By which option it was named.
        option: &'static str,
        /// Which.
        file: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The configuration file is not one.
    #[error("{file}: {source}", file = file.display())]
    BadFile {
        /// Which.
        file: PathBuf,
        /// Where and what.
        source: Box<toml::de::Error>,
    },
    /// A field of the configuration file has an impossible value.
    #[error("{file}: {field}: {what}", file = file.display())]
    BadField {
        /// Which file.
        file: PathBuf,
        /// Which field.
        field: &'static str,
        /// What is wrong.
        what: String,
    },
    /// A line of the file of holders is no credential.
    #[error("{file}:{line}: a credential has 32 hexadecimal digits", file = file.display())]
    BadHolder {
        /// Which file.
        file: PathBuf,
        /// Which line, from 1 on.
        line: usize,
    },
}

impl Arguments {
    /// Reads the files, and puts everything together.
    ///
    /// # Errors
    /// [`ConfigureError`] says what is wrong where.
    pub fn configuration(self) -> Result<Config, ConfigureError> {
        let Self { config, options } = self;
        let file = config.map(read_config).transpose()?.unwrap_or_default();
        let defaults = Config::default();
        let public_addresses =
            if options.public_address.is_empty() { file.public_address } else { options.public_address };
        let tls = options.tls_certificate.zip(options.tls_key).or(file.tls_certificate.zip(file.tls_key));
        let holders = options.holders.or(file.holders).map(read_holders).transpose()?;
        let drain_timeout = options.drain_timeout.or(file.drain_timeout).map(Duration::from_secs);
        let connections = options.connections_per_address.or(file.connections_per_address);
        Ok(Config {
            http: options.http.or(file.http).unwrap_or(defaults.http),
            media: options.media.or(file.media).unwrap_or(defaults.media),
            public_addresses,
            tls: tls.map(|(certificate, key)| TlsFiles { certificate, key }),
            holders: holders.unwrap_or_default(),
            licences: options.licences.or(file.licences).map_or(defaults.licences, NonZero::get),
            participants_max: options.participants.or(file.participants).unwrap_or(defaults.participants_max),
            speakers: options.speakers.or(file.speakers).map_or(defaults.speakers, NonZero::get),
            drain_timeout: drain_timeout.unwrap_or(defaults.drain_timeout),
            connections_per_address: connections.map_or(defaults.connections_per_address, NonZero::get),
        })
    }
}

fn read(option: &'static str, file: &PathBuf) -> Result<String, ConfigureError> {
    fs::read_to_string(file).map_err(|source| ConfigureError::Unreadable {
        option,
        file: file.clone(),
        source,
    })
}

fn read_config(file: PathBuf) -> Result<Options, ConfigureError> {
    let text = read("--config", &file)?;
    let options: Options = match toml::from_str(&text) {
        Ok(options) => options,
        Err(source) => return Err(ConfigureError::BadFile { file, source: Box::new(source) }),
    };
    let bad = |field, what: String| Err(ConfigureError::BadField { file: file.clone(), field, what });
    let most = PARTICIPANTS_MAX_CONFIGURABLE;
    if options.participants.is_some_and(|participants| !(1..=most).contains(&participants)) {
        return bad("participants", format!("must lie between 1 and {most}"));
    }
    if options.tls_certificate.is_some() != options.tls_key.is_some() {
        return bad("tls-certificate", "stands together with tls-key or not at all".to_owned());
    }
    Ok(options)
}

fn read_holders(file: PathBuf) -> Result<Vec<Token>, ConfigureError> {
    let text = read("--holders", &file)?;
    let lines = text.lines().enumerate().map(|(index, line)| {
        let credential = line.split('#').next().unwrap_or_default().trim();
        (index + 1, credential)
    });
    let mut holders = Vec::new();
    for (line, credential) in lines.filter(|(_, credential)| !credential.is_empty()) {
        let Ok(token) =
            Token::deserialize(serde::de::value::StrDeserializer::<serde::de::value::Error>::new(credential))
        else {
            return Err(ConfigureError::BadHolder { file, line });
        };
        holders.push(token);
    }
    Ok(holders)
}

#[cfg(test)]
mod tests;
