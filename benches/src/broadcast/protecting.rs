//! Owns the host that does what SRTP needs: opens what comes from the publisher, and protects what goes to each subscriber
//! with AES-128-GCM, straight into a send buffer.

use bytes::Bytes;
use media_core::{
    PeerId,
    forwarding::ForwardedRtp,
    transport::srtp::{MasterKey, SrtpProfile, SrtpReceiver, SrtpSender},
};

use super::{FIRST, Host};

/// A session with everybody.
pub struct Protecting {
    client: SrtpSender,
    publisher: SrtpReceiver,
    subscribers: Vec<SrtpSender>,
    out: Vec<u8>,
}

impl Protecting {
    /// With so many who receive.
    pub fn new(subscribers: u32) -> Self {
        Self {
            client: SrtpSender::new(&master(0)),
            publisher: SrtpReceiver::new(&master(0)),
            subscribers: (1..=subscribers).map(|index| SrtpSender::new(&master(index))).collect(),
            out: Vec::with_capacity(2_048),
        }
    }
}

fn master(index: u32) -> MasterKey {
    let mut key = [7; 16];
    key[..4].copy_from_slice(&index.to_be_bytes());
    MasterKey::new(SrtpProfile::AeadAes128Gcm, &key, &[9; 12])
        .expect("key and salt have the profile's lengths")
}

impl Host for Protecting {
    fn seal(&mut self, packet: Vec<u8>) -> Vec<u8> {
        let mut sealed = packet;
        self.client.protect_rtp_in_place(0, &mut sealed).expect("numbers only rise");
        sealed
    }

    fn receive(&mut self, mut packet: Vec<u8>) -> Bytes {
        self.publisher.unprotect_rtp(&mut packet).expect("the packet is authentic");
        Bytes::from(packet)
    }

    fn send(&mut self, peer: PeerId, packet: &ForwardedRtp) {
        let sender = &mut self.subscribers[(peer.0 - FIRST.0) as usize];
        self.out.clear();
        sender.protect_forwarded(packet, &mut self.out).expect("numbers only rise");
        std::hint::black_box(&self.out);
    }
}
