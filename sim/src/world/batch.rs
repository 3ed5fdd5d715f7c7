//! Owns the form of the batches that hosts exchange: records back to back, each with its time and load. Batches stay
//! below [`BATCH_BYTES_MAX`], so that no receive buffer ever cuts one.

use bytes::Bytes;
use media_core::{
    PeerId, Timestamp,
    ids::{ConferenceId, InvitationId},
    secret::Token,
    signalling::{Invitation, LinkToken},
};

use crate::{
    mail::Mail,
    node::{HostId, Load, Record},
    packet::Datagram,
    scenario::{ConferenceIndex, SiteIndex},
    trace::Channel,
};

/// Bytes of one batch, the last record included.
pub(super) const BATCH_BYTES_MAX: usize = 1 << 16;
/// Room that one record may need.
const RECORD_BYTES_MAX: usize = 4096;

const SIGNALLING: u8 = 0;
const MEDIA: u8 = 1;
const LINK: u8 = 2;
const REVOKED: u8 = 3;

/// The batches for one host.
#[derive(Default)]
pub(super) struct Batches(Vec<Vec<u8>>);

impl Batches {
    /// Appends a record.
    pub(super) fn push(&mut self, from: HostId, record: &Record) {
        if self.0.last().is_none_or(|batch| batch.len() + RECORD_BYTES_MAX > BATCH_BYTES_MAX) {
            let mut batch = Vec::with_capacity(BATCH_BYTES_MAX);
            batch.extend_from_slice(&from.to_be_bytes());
            self.0.push(batch);
        }
        if let Some(batch) = self.0.last_mut() {
            let before = batch.len();
            write(record, batch);
            assert!(batch.len() - before <= RECORD_BYTES_MAX, "a record fits its room");
        }
    }

    pub(super) fn drain(&mut self) -> impl Iterator<Item = Vec<u8>> {
        self.0.drain(..)
    }
}

fn write(record: &Record, out: &mut Vec<u8>) {
    out.extend_from_slice(&record.at.as_nanos().to_be_bytes());
    match &record.load {
        Load::Datagram(datagram, site) => {
            out.push(if datagram.channel == Channel::Media { MEDIA } else { SIGNALLING });
            out.extend_from_slice(&datagram.peer.0.to_be_bytes());
            out.extend_from_slice(&site.map_or(u32::MAX, |site| site.0 as u32).to_be_bytes());
            out.extend_from_slice(&(datagram.bytes.len() as u16).to_be_bytes());
            out.extend_from_slice(&datagram.bytes);
        }
        Load::Mail(Mail::Link { conference, invitation, secret }) => {
            out.push(LINK);
            out.extend_from_slice(&(conference.0 as u32).to_be_bytes());
            out.extend_from_slice(&invitation.id.0.to_be_bytes());
            out.extend_from_slice(&invitation.link.conference.0.to_be_bytes());
            out.extend_from_slice(invitation.link.token.expose());
            out.extend_from_slice(secret);
        }
        Load::Mail(Mail::Revoked { conference, invitation }) => {
            out.push(REVOKED);
            out.extend_from_slice(&(conference.0 as u32).to_be_bytes());
            out.extend_from_slice(&invitation.0.to_be_bytes());
        }
    }
}

/// Reads a batch.
///
/// # Panics
/// When it is not one: the hosts of a simulation write nothing else.
pub(super) fn read(batch: Vec<u8>, mut on_record: impl FnMut(HostId, Record)) {
    let mut reader = Reader { bytes: Bytes::from(batch), at: 0 };
    let from = reader.u32();
    while reader.at < reader.bytes.len() {
        let at = Timestamp::from_nanos(reader.u64());
        let load = match reader.array::<1>()[0] {
            LINK => Load::Mail(Mail::Link {
                conference: ConferenceIndex(reader.u32() as usize),
                invitation: Invitation {
                    id: InvitationId(reader.u32()),
                    link: LinkToken {
                        conference: ConferenceId(reader.u32()),
                        token: Token::from_bytes(reader.array()),
                    },
                },
                secret: reader.array(),
            }),
            REVOKED => Load::Mail(Mail::Revoked {
                conference: ConferenceIndex(reader.u32() as usize),
                invitation: InvitationId(reader.u32()),
            }),
            kind => {
                let peer = PeerId(reader.u32());
                let channel = if kind == MEDIA { Channel::Media } else { Channel::Signalling };
                let site = Some(reader.u32()).filter(|site| *site != u32::MAX);
                let length = usize::from(u16::from_be_bytes(reader.array()));
                let datagram = Datagram { peer, channel, bytes: reader.slice(length) };
                Load::Datagram(datagram, site.map(|site| SiteIndex(site as usize)))
            }
        };
        on_record(from, Record { at, load });
    }
}

struct Reader {
    bytes: Bytes,
    at: usize,
}

impl Reader {
    fn slice(&mut self, length: usize) -> Bytes {
        self.at += length;
        self.bytes.slice(self.at - length..self.at)
    }

    fn array<const N: usize>(&mut self) -> [u8; N] {
        let mut array = [0; N];
        array.copy_from_slice(&self.slice(N));
        array
    }

    fn u32(&mut self) -> u32 {
        u32::from_be_bytes(self.array())
    }

    fn u64(&mut self) -> u64 {
        u64::from_be_bytes(self.array())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_whatever_the_number_of_batches() {
        let datagram = |number: u32| Record {
            at: Timestamp::from_nanos(u64::from(number)),
            load: Load::Datagram(
                Datagram {
                    peer: PeerId(number),
                    channel: if number.is_multiple_of(2) { Channel::Media } else { Channel::Signalling },
                    bytes: Bytes::from(vec![number as u8; 1_200]),
                },
                number.is_multiple_of(3).then_some(SiteIndex(number as usize)),
            ),
        };
        let link = Record {
            at: Timestamp::from_millis(7),
            load: Load::Mail(Mail::Link {
                conference: ConferenceIndex(3),
                invitation: Invitation {
                    id: InvitationId(4),
                    link: LinkToken { conference: ConferenceId(5), token: Token::from_bytes([6; 16]) },
                },
                secret: [8; 32],
            }),
        };
        let written: Vec<Record> = (0..200).map(datagram).chain([link]).collect();
        let mut batches = Batches::default();
        for record in &written {
            batches.push(9, record);
        }
        let mut found = Vec::new();
        let batches: Vec<Vec<u8>> = batches.drain().collect();
        assert!(batches.len() > 1 && batches.iter().all(|batch| batch.len() <= BATCH_BYTES_MAX));
        for batch in batches {
            read(batch, |from, record| {
                assert_eq!(from, 9);
                found.push(record);
            });
        }
        assert!(found == written);
    }
}
