//! Owns the floors of forwarding: what nobody who forwards can do without, written by hand for one packet and many
//! subscribers.

use std::{hint::black_box, time::Duration};

use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use benches::{
    broadcast::{Load, PAYLOAD_BYTE},
    paired::time,
};

/// RTP header and extensions as the engine writes them: transport-wide sequence number, and audio level or dependency
/// descriptor.
const HEADER_BYTES: usize = 24;

/// What has to be known of a subscriber.
struct Subscriber {
    gets_it: bool,
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
    transport_sequence: u16,
    key: LessSafeKey,
}

/// Everybody to whom one packet after the other is sent.
pub(super) struct Floor {
    subscribers: Vec<Subscriber>,
    payload: Vec<u8>,
    out: Vec<u8>,
    number: u32,
}

impl Floor {
    pub(super) fn new(load: Load, subscribers: u32) -> Self {
        let subscriber = |index: u32| Subscriber {
            gets_it: true,
            ssrc: index,
            sequence: index as u16,
            timestamp: index,
            transport_sequence: 0,
            key: LessSafeKey::new(
                UnboundKey::new(&AES_128_GCM, &[index as u8; 16]).expect("16 bytes are a key of AES-128"),
            ),
        };
        Self {
            subscribers: (0..subscribers).map(subscriber).collect(),
            payload: vec![PAYLOAD_BYTE; load.payload_bytes()],
            out: Vec::with_capacity(2_048),
            number: 0,
        }
    }

    /// Decides, and puts new numbers into a header for each subscriber.
    pub(super) fn headers(&mut self, packets: u64) -> Duration {
        let mut header = [0x90; HEADER_BYTES];
        time(|| {
            for _ in 0..packets {
                self.number += 1;
                for subscriber in self.subscribers.iter_mut().filter(|subscriber| subscriber.gets_it) {
                    subscriber.rewrite(self.number, &mut header);
                    black_box(&mut header);
                }
            }
        })
    }

    /// The same, with header and payload copied into the send buffer.
    pub(super) fn copies(&mut self, packets: u64) -> Duration {
        let mut header = [0x90; HEADER_BYTES];
        time(|| {
            for _ in 0..packets {
                self.number += 1;
                for subscriber in self.subscribers.iter_mut().filter(|subscriber| subscriber.gets_it) {
                    subscriber.rewrite(self.number, &mut header);
                    self.out.clear();
                    self.out.extend_from_slice(&header);
                    self.out.extend_from_slice(&self.payload);
                    black_box(&self.out);
                }
            }
        })
    }

    /// The same, encrypted there under the subscriber's key.
    pub(super) fn sealed(&mut self, packets: u64) -> Duration {
        let mut header = [0x90; HEADER_BYTES];
        time(|| {
            for _ in 0..packets {
                self.number += 1;
                for subscriber in self.subscribers.iter_mut().filter(|subscriber| subscriber.gets_it) {
                    subscriber.rewrite(self.number, &mut header);
                    self.out.clear();
                    self.out.extend_from_slice(&header);
                    self.out.extend_from_slice(&self.payload);
                    let mut nonce = [0; 12];
                    nonce[8..].copy_from_slice(&self.number.to_be_bytes());
                    let nonce = Nonce::assume_unique_for_key(nonce);
                    let body = &mut self.out[HEADER_BYTES..];
                    let tag = subscriber.key.seal_in_place_separate_tag(nonce, Aad::from(header), body);
                    self.out.extend_from_slice(tag.expect("a packet can be sealed").as_ref());
                    black_box(&self.out);
                }
            }
        })
    }
}

impl Subscriber {
    fn rewrite(&mut self, number: u32, header: &mut [u8; HEADER_BYTES]) {
        self.transport_sequence = self.transport_sequence.wrapping_add(1);
        header[2..4].copy_from_slice(&self.sequence.wrapping_add(number as u16).to_be_bytes());
        header[4..8].copy_from_slice(&self.timestamp.wrapping_add(number.wrapping_mul(960)).to_be_bytes());
        header[8..12].copy_from_slice(&self.ssrc.to_be_bytes());
        header[17..19].copy_from_slice(&self.transport_sequence.to_be_bytes());
    }
}
