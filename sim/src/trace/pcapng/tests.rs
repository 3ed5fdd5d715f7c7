//! Claims about the exported file, read back with an independent reader.

use pcap_file::pcapng::{Block, PcapNgReader};

use super::*;

/// An RTP header of Opus (RFC 3550 section 5.1) and some payload.
const RTP: [u8; 16] = [0x80, 111, 0, 9, 0, 0, 3, 0xc0, 0, 0, 0, 42, 1, 2, 3, 4];

fn blocks(file: &[u8]) -> Vec<Block<'static>> {
    let mut reader = PcapNgReader::new(file).unwrap();
    let mut blocks = Vec::new();
    while let Some(block) = reader.next_block() {
        blocks.push(block.unwrap().into_owned());
    }
    blocks
}

fn interfaces(blocks: &[Block<'static>]) -> Vec<InterfaceDescriptionBlock<'static>> {
    blocks.iter().filter_map(|block| block.clone().into_interface_description()).collect()
}

fn packets(blocks: &[Block<'static>]) -> Vec<EnhancedPacketBlock<'static>> {
    blocks.iter().filter_map(|block| block.clone().into_enhanced_packet()).collect()
}

#[test]
fn media_reads_back_with_its_time_ends_and_bytes() {
    let mut writer = PcapngWriter::new(Vec::new(), "gp1.lecture.2a").unwrap();
    writer.name_node(1, "Jana Horáková").unwrap();
    let at = Timestamp::from_nanos(1_234_567_891);
    writer.write(at, 1, 0x0002_0304, Channel::Media, &RTP, Some("first packet")).unwrap();
    let file = writer.finish().unwrap();

    let blocks = blocks(&file);
    let [interface] = &interfaces(&blocks)[..] else { panic!("one interface") };
    assert_eq!(interface.linktype, DataLink::RAW);
    assert!(interface.options.contains(&InterfaceDescriptionOption::IfName("Jana Horáková".into())));
    assert!(interface.options.contains(&InterfaceDescriptionOption::IfTsResol(9)));
    let [packet] = &packets(&blocks)[..] else { panic!("one packet") };
    assert_eq!(packet.timestamp, Duration::from_nanos(1_234_567_891));
    assert_eq!(packet.options, [EnhancedPacketOption::Comment("first packet".into())]);
    assert_eq!(packet.original_len as usize, 28 + RTP.len());
    assert_eq!(packet.data[12..20], [10, 0, 0, 1, 10, 2, 3, 4]);
    assert_eq!(packet.data[20..24], [0x13, 0x8c, 0x13, 0x8c], "port 5004 both ways");
    assert_eq!(packet.data[28..], RTP);
}

#[test]
fn the_bytes_of_signalling_never_reach_the_file() {
    let token = b"join with token 5f2c1d";
    let mut writer = PcapngWriter::new(Vec::new(), "").unwrap();
    writer.write(Timestamp::ZERO, 1, 2, Channel::Signalling, token, None).unwrap();
    let file = writer.finish().unwrap();
    assert!(!file.windows(6).any(|window| window == b"5f2c1d"));
    let packets = packets(&blocks(&file));
    assert_eq!(packets[0].data[20..24], [0x01, 0xbb, 0x01, 0xbb], "port 443 both ways");
    assert_eq!(packets[0].data[28..], [0; 22]);
}

#[test]
fn each_sender_has_one_interface_and_names_come_first() {
    let mut writer = PcapngWriter::new(Vec::new(), "").unwrap();
    writer.name_node(9, "server").unwrap();
    for from in [4, 9, 4, 9] {
        writer.write(Timestamp::ZERO, from, 1, Channel::Media, &RTP, None).unwrap();
    }
    writer.name_node(4, "too late").unwrap();
    let blocks = blocks(&writer.finish().unwrap());
    let names: Vec<_> = interfaces(&blocks).iter().map(|interface| interface.options[0].clone()).collect();
    assert_eq!(names, ["server", "node-4"].map(|name| InterfaceDescriptionOption::IfName(name.into())));
    let senders: Vec<_> = packets(&blocks).iter().map(|packet| packet.interface_id).collect();
    assert_eq!(senders, [1, 0, 1, 0]);
}

#[test]
fn a_message_longer_than_a_datagram_is_split_and_an_empty_one_is_written() {
    let mut writer = PcapngWriter::new(Vec::new(), "").unwrap();
    let long: Vec<u8> = vec![7; PAYLOAD_BYTES_MAX + 1];
    writer.write(Timestamp::ZERO, 1, 2, Channel::Signalling, &long, None).unwrap();
    writer.write(Timestamp::ZERO, 1, 2, Channel::Signalling, &[], None).unwrap();
    let lengths: Vec<_> =
        packets(&blocks(&writer.finish().unwrap())).iter().map(|packet| packet.data.len()).collect();
    assert_eq!(lengths, [65_535, 29, 28]);
}

#[test]
fn equal_runs_give_equal_files() {
    let file = || {
        let mut writer = PcapngWriter::new(Vec::new(), "run").unwrap();
        for node in [3, 1, 2] {
            writer.write(Timestamp::from_millis(5), node, 7, Channel::Media, &RTP, None).unwrap();
        }
        writer.finish().unwrap()
    };
    assert_eq!(file(), file());
}
