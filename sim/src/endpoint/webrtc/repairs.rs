//! Owns the link of `rtc`'s chain that makes repairs recognisable. What `rtc` sends again in a stream of its own (RFC 4588) has
//! no header extensions: neither the dependency descriptor, without which nobody knows what a packet belongs to, nor the name
//! of the encoding that it repairs (RFC 8852 section 3.2). Browsers repeat both.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Instant,
};

use media_core::rtp::ext::{REPAIRED_RID, RID, TRANSPORT_SEQUENCE};
use rtc::{
    interceptor::{Interceptor, Packet, StreamInfo, TaggedPacket},
    rtp::header::{Extension, Header},
    sansio::Protocol,
    shared::error::Error,
};

use super::numbers::{is_picture, is_repair, offered_id};

/// Packets whose extensions are remembered: as many as `rtc` keeps of one stream for repairs.
const REMEMBERED: usize = 1_024;

/// The extensions of a packet, with the form in which they stand.
type Extensions = (u16, Vec<Extension>);

/// Names what is sent again like what was sent first.
#[derive(Default)]
pub(super) struct NamedRepairs {
    /// By sequence number and timestamp of pictures, which no two encodings have in common but by chance.
    sent: BTreeMap<(u16, u32), Extensions>,
    order: VecDeque<(u16, u32)>,
    inbound: VecDeque<TaggedPacket>,
    outbound: VecDeque<TaggedPacket>,
}

impl NamedRepairs {
    fn remember(&mut self, header: &Header) {
        let key = (header.sequence_number, header.timestamp);
        self.sent.insert(key, (header.extension_profile, header.extensions.clone()));
        self.order.push_back(key);
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.sent.remove(&oldest);
        }
    }

    fn name(&self, packet: &mut rtc::rtp::Packet) {
        let Some(original) = packet.payload.first_chunk::<2>() else { return };
        let key = (u16::from_be_bytes(*original), packet.header.timestamp);
        let Some((profile, extensions)) = self.sent.get(&key) else { return };
        packet.header.extension = true;
        packet.header.extension_profile = *profile;
        for extension in extensions {
            // The number under which it was sent first says nothing of when it was sent again.
            if Some(extension.id) == offered_id(TRANSPORT_SEQUENCE) {
                continue;
            }
            let is_name = Some(extension.id) == offered_id(RID);
            let id = if is_name { offered_id(REPAIRED_RID) } else { Some(extension.id) };
            if let Some(id) = id {
                // Fails only beyond what an element can hold, and it held the same before.
                drop(packet.header.set_extension(id, extension.payload.clone()));
            }
        }
    }
}

impl Protocol<TaggedPacket, TaggedPacket, ()> for NamedRepairs {
    type Rout = TaggedPacket;
    type Wout = TaggedPacket;
    type Eout = ();
    type Error = Error;
    type Time = Instant;

    fn handle_read(&mut self, packet: TaggedPacket) -> Result<(), Error> {
        self.inbound.push_back(packet);
        Ok(())
    }

    fn poll_read(&mut self) -> Option<TaggedPacket> {
        self.inbound.pop_front()
    }

    fn handle_write(&mut self, mut packet: TaggedPacket) -> Result<(), Error> {
        if let Packet::Rtp(rtp) = &mut packet.message.packet {
            if is_repair(rtp.header.payload_type) {
                self.name(rtp);
            } else if is_picture(rtp.header.payload_type) {
                self.remember(&rtp.header);
            }
        }
        self.outbound.push_back(packet);
        Ok(())
    }

    fn poll_write(&mut self) -> Option<TaggedPacket> {
        self.outbound.pop_front()
    }
}

impl Interceptor for NamedRepairs {
    fn bind_local_stream(&mut self, _: &StreamInfo) {}
    fn unbind_local_stream(&mut self, _: &StreamInfo) {}
    fn bind_remote_stream(&mut self, _: &StreamInfo) {}
    fn unbind_remote_stream(&mut self, _: &StreamInfo) {}
}
