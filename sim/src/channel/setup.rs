//! Owns the script of the set-up and the framing of the stream into records. Sizes are those of an ordinary browser
//! and server; contents are zeroes, for nothing reads them.

/// TLS 1.3 record around each message: header 5, content type 1, AEAD tag 16 (RFC 8446 section 5.2); WebSocket frame:
/// header 2, length 2, mask 4 (RFC 6455 section 5.2).
const RECORD_OVERHEAD: usize = 30;
/// Kind and length, the part of the overhead that is read.
const RECORD_HEADER: usize = 5;

/// Bytes of a `ClientHello` (RFC 8446 section 4.1.2) with a browser's extensions; browsers pad to 512 and the record header
/// makes it 517 (RFC 7685 tells why).
pub(super) const CLIENT_HELLO_BYTES: usize = 517;
/// Bytes of `ServerHello`, `EncryptedExtensions`, `Certificate`, `CertificateVerify` and `Finished` with a chain of two
/// certificates.
pub(super) const SERVER_FLIGHT_BYTES: usize = 3_000;
/// Bytes of the client's `ChangeCipherSpec` (6) and `Finished` (RFC 8446 section 4.4.4; 58 with SHA-256).
pub(super) const FINISHED_BYTES: usize = 64;
/// Bytes of the HTTP upgrade request (RFC 6455 section 4.1) with a browser's headers and a token.
pub(super) const UPGRADE_BYTES: usize = 600;
/// Bytes of the answer 101 (RFC 6455 section 4.2.2).
pub(super) const SWITCHING_BYTES: usize = 200;

/// What a record of the stream is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RecordKind {
    ClientHello,
    ServerFlight,
    Finished,
    Upgrade,
    SwitchingProtocols,
    Message,
    Close,
}

impl RecordKind {
    const ALL: [Self; 7] = [
        Self::ClientHello,
        Self::ServerFlight,
        Self::Finished,
        Self::Upgrade,
        Self::SwitchingProtocols,
        Self::Message,
        Self::Close,
    ];

    fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == byte)
    }
}

/// A whole record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) kind: RecordKind,
    pub(super) body: Vec<u8>,
}

/// The stream cannot be read any further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BadRecord;

/// What the set-up sends next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    Syn,
    Record(RecordKind, usize),
}

/// Where one end stands in the set-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Setup {
    /// The client waits for the server's SYN.
    ClientSyn,
    ClientAwaitsFlight,
    ClientHasFlight,
    ClientMayUpgrade,
    ClientAwaitsSwitch,
    /// The server waits for the client's SYN.
    ServerListens,
    ServerAwaitsHello,
    ServerHasHello,
    ServerAwaitsFinished,
    ServerAwaitsUpgrade,
    ServerHasUpgrade,
    Done,
}

impl Setup {
    pub(super) fn client() -> Self {
        Self::ClientSyn
    }

    pub(super) fn server() -> Self {
        Self::ServerListens
    }

    /// Whether messages may flow at this end.
    pub(super) fn is_open(self) -> bool {
        matches!(self, Self::ServerHasUpgrade | Self::Done)
    }

    /// Takes a record of the set-up; false when it is out of turn.
    pub(super) fn on_record(&mut self, kind: RecordKind) -> bool {
        *self = match (*self, kind) {
            (Self::ClientAwaitsFlight, RecordKind::ServerFlight) => Self::ClientHasFlight,
            (Self::ClientAwaitsSwitch, RecordKind::SwitchingProtocols) => Self::Done,
            (Self::ServerAwaitsHello, RecordKind::ClientHello) => Self::ServerHasHello,
            (Self::ServerAwaitsFinished, RecordKind::Finished) => Self::ServerAwaitsUpgrade,
            (Self::ServerAwaitsUpgrade, RecordKind::Upgrade) => Self::ServerHasUpgrade,
            _ => return false,
        };
        true
    }

    /// What to send next; absent while the other end's turn is awaited.
    pub(super) fn poll(&mut self, has_syn: bool, syn_acknowledged: bool) -> Option<Progress> {
        let (next, progress) = match self {
            Self::ClientSyn if has_syn && syn_acknowledged => {
                (Self::ClientAwaitsFlight, Progress::Record(RecordKind::ClientHello, CLIENT_HELLO_BYTES))
            }
            Self::ClientHasFlight => {
                // Finished and the upgrade leave together: the request needs no answer to the former.
                (Self::ClientMayUpgrade, Progress::Record(RecordKind::Finished, FINISHED_BYTES))
            }
            Self::ClientMayUpgrade => {
                (Self::ClientAwaitsSwitch, Progress::Record(RecordKind::Upgrade, UPGRADE_BYTES))
            }
            Self::ServerListens if has_syn => (Self::ServerAwaitsHello, Progress::Syn),
            Self::ServerHasHello => {
                (Self::ServerAwaitsFinished, Progress::Record(RecordKind::ServerFlight, SERVER_FLIGHT_BYTES))
            }
            Self::ServerHasUpgrade => {
                (Self::Done, Progress::Record(RecordKind::SwitchingProtocols, SWITCHING_BYTES))
            }
            Self::ClientSyn
            | Self::ClientAwaitsFlight
            | Self::ClientAwaitsSwitch
            | Self::ServerListens
            | Self::ServerAwaitsHello
            | Self::ServerAwaitsFinished
            | Self::ServerAwaitsUpgrade
            | Self::Done => return None,
        };
        *self = next;
        Some(progress)
    }
}

/// A step of the set-up as a record of `bytes` in all.
pub(super) fn flight(kind: RecordKind, bytes: usize) -> Vec<u8> {
    let mut record = header(kind, bytes - RECORD_HEADER);
    record.resize(bytes, 0);
    record
}

/// A message as a record: overhead and body.
pub(super) fn record(kind: RecordKind, body: &[u8]) -> Vec<u8> {
    let mut record = header(kind, RECORD_OVERHEAD - RECORD_HEADER + body.len());
    record.resize(RECORD_OVERHEAD, 0);
    record.extend_from_slice(body);
    record
}

/// Takes a whole record from the front of the stream; absent while it is not whole.
pub(super) fn take_record(stream: &mut Vec<u8>) -> Result<Option<Record>, BadRecord> {
    let Some((kind, rest)) = stream.split_first() else { return Ok(None) };
    let kind = RecordKind::from_byte(*kind).ok_or(BadRecord)?;
    let Some(length) = rest.first_chunk::<4>() else { return Ok(None) };
    let length = u32::from_be_bytes(*length) as usize;
    if length > RECORD_OVERHEAD + super::MESSAGE_BYTES_MAX {
        return Err(BadRecord);
    }
    let whole = RECORD_HEADER + length;
    if stream.len() < whole {
        return Ok(None);
    }
    let body = if kind == RecordKind::Message {
        stream.get(RECORD_OVERHEAD..whole).ok_or(BadRecord)?.to_vec()
    } else {
        Vec::new()
    };
    stream.drain(..whole);
    Ok(Some(Record { kind, body }))
}

fn header(kind: RecordKind, length: usize) -> Vec<u8> {
    let mut header = vec![kind as u8];
    header.extend_from_slice(&(length as u32).to_be_bytes());
    header
}
