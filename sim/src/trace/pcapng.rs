//! Owns the export of a run's packets to a pcapng file that common analysers read. Each node gets a private address
//! of 10.0.0.0/8 and an interface of its own, on which its packets are recorded as it sends them.
//!
//! The bytes of signalling are absent: a real deployment carries them in TLS, and they hold tokens. Zeros of the
//! same length stand for them. Media is written as it is, because its payload is encrypted end to end.

mod datagram;

use std::{borrow::Cow, collections::BTreeMap, io::Write, net::Ipv4Addr, time::Duration};

use media_core::time::Timestamp;
use pcap_file::{
    DataLink, Endianness, PcapError,
    pcapng::{
        PcapNgWriter,
        blocks::{
            enhanced_packet::{EnhancedPacketBlock, EnhancedPacketOption},
            interface_description::{InterfaceDescriptionBlock, InterfaceDescriptionOption},
            section_header::{SectionHeaderBlock, SectionHeaderOption},
        },
    },
};

use super::Channel;
use datagram::{PAYLOAD_BYTES_MAX, write_datagram};

/// UDP port of media in the file. An analyser told to read this port as RTP shows the session.
pub const MEDIA_PORT: u16 = 5004;
/// UDP port of signalling in the file.
pub const SIGNALLING_PORT: u16 = 443;

/// Timestamps count units of 10^-9 s (the `if_tsresol` option of the pcapng draft, section 4.2).
const NANOSECONDS: u8 = 9;

/// Writes the packets of one run to a pcapng file. Equal runs give equal files.
pub struct PcapngWriter<W: Write> {
    file: PcapNgWriter<W>,
    /// Number of the interface in the file, by node.
    interfaces: BTreeMap<u32, u32>,
    packet: Vec<u8>,
}

impl<W: Write> PcapngWriter<W> {
    /// Begins a file; `comment` stands at its head, for example the replay token.
    ///
    /// # Errors
    /// When `output` cannot be written.
    pub fn new(output: W, comment: &str) -> Result<Self, PcapError> {
        let section = SectionHeaderBlock {
            endianness: Endianness::Little,
            options: vec![SectionHeaderOption::Comment(Cow::Owned(comment.to_owned()))],
            ..SectionHeaderBlock::default()
        };
        let file = PcapNgWriter::with_section_header(output, section)?;
        Ok(Self { file, interfaces: BTreeMap::new(), packet: Vec::new() })
    }

    /// Gives a node's interface its name. A node that has sent or has a name already keeps what it has.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn name_node(&mut self, node: u32, name: &str) -> Result<(), PcapError> {
        self.interface_of(node, Some(name)).map(drop)
    }

    /// Adds a packet sent by `from` to `to`, with a comment of its own if there is something to say about it.
    /// Payloads longer than an IPv4 datagram's are split.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(
        &mut self,
        at: Timestamp,
        from: u32,
        to: u32,
        kind: Channel,
        bytes: &[u8],
        comment: Option<&str>,
    ) -> Result<(), PcapError> {
        let interface_id = self.interface_of(from, None)?;
        let mut rest = bytes;
        loop {
            let (payload, following) = rest.split_at(rest.len().min(PAYLOAD_BYTES_MAX));
            self.write_packet(interface_id, at, (address_of(from), address_of(to)), kind, payload, comment)?;
            rest = following;
            if rest.is_empty() {
                return Ok(());
            }
        }
    }

    /// Ends the file.
    ///
    /// # Errors
    /// When the output cannot be flushed.
    pub fn finish(self) -> Result<W, PcapError> {
        let mut output = self.file.into_inner();
        output.flush().map_err(PcapError::IoError)?;
        Ok(output)
    }

    fn write_packet(
        &mut self,
        interface_id: u32,
        at: Timestamp,
        ends: (Ipv4Addr, Ipv4Addr),
        kind: Channel,
        payload: &[u8],
        comment: Option<&str>,
    ) -> Result<(), PcapError> {
        let port = match kind {
            Channel::Media => MEDIA_PORT,
            Channel::Signalling => SIGNALLING_PORT,
        };
        let hidden = kind == Channel::Signalling;
        write_datagram(&mut self.packet, ends, port, payload, hidden);
        let block = EnhancedPacketBlock {
            interface_id,
            timestamp: Duration::from_nanos(at.as_nanos()),
            original_len: self.packet.len() as u32,
            data: Cow::Borrowed(&self.packet),
            options: comment
                .map(|text| EnhancedPacketOption::Comment(Cow::Borrowed(text)))
                .into_iter()
                .collect(),
        };
        self.file.write_pcapng_block(block).map(drop)
    }

    fn interface_of(&mut self, node: u32, name: Option<&str>) -> Result<u32, PcapError> {
        if let Some(&interface) = self.interfaces.get(&node) {
            return Ok(interface);
        }
        let name = name.map_or_else(|| format!("node-{node}"), str::to_owned);
        let [a, b, c, d] = address_of(node).octets();
        let block = InterfaceDescriptionBlock {
            linktype: DataLink::RAW,
            // No limit.
            snaplen: 0,
            options: vec![
                InterfaceDescriptionOption::IfName(Cow::Owned(name)),
                InterfaceDescriptionOption::IfIpv4Addr(Cow::Owned(vec![a, b, c, d, 255, 0, 0, 0])),
                InterfaceDescriptionOption::IfTsResol(NANOSECONDS),
            ],
        };
        self.file.write_pcapng_block(block)?;
        let interface = self.interfaces.len() as u32;
        self.interfaces.insert(node, interface);
        Ok(interface)
    }
}

/// A node's address in the file: 10.x.y.z with the node's number in the lower 24 bits. Numbers of 2^24 and above
/// share addresses with smaller ones, not interfaces.
pub fn address_of(node: u32) -> Ipv4Addr {
    let [_, x, y, z] = node.to_be_bytes();
    Ipv4Addr::new(10, x, y, z)
}

#[cfg(test)]
mod tests;
