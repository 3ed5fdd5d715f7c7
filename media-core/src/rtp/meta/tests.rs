//! Claims about frame metadata.

use super::{FrameMeta, FrameReader, PacketMeta};
use crate::{
    DropReason, Ssrc,
    rtp::{
        AudioLevel, DependencyDescriptor, DependencyStructure, RtpHeader, RtpView, dependency::FrameDiffs,
        ext,
    },
};

const HEADER: RtpHeader<'static> = RtpHeader {
    ssrc: Ssrc(7),
    sequence: 100,
    timestamp: 3_000,
    payload_type: 96,
    marker: false,
    extensions: &[],
};

fn l1t2() -> DependencyStructure {
    DependencyStructure::simulcast_l1t2(640, 360)
}

/// A packet in the middle of a frame that uses this template of L1T2.
fn middle(index: u8, number: u16) -> DependencyDescriptor {
    DependencyDescriptor::of_template(&l1t2(), index, number, false, false).unwrap()
}

/// A packet of the frame that is shown at `timestamp`.
fn read_at(
    reader: &mut FrameReader,
    timestamp: u32,
    descriptor: &[u8],
) -> Result<Option<FrameMeta>, DropReason> {
    let mut packet = Vec::new();
    let header = RtpHeader { timestamp, extensions: &[(ext::DEPENDENCY_DESCRIPTOR, descriptor)], ..HEADER };
    header.write(b"media", &mut packet);
    reader.frame_meta(&RtpView::parse(&packet).unwrap())
}

/// A packet of a stream of one encoding, in which frame numbers and time go together.
fn read_bytes(reader: &mut FrameReader, descriptor: &[u8]) -> Result<Option<FrameMeta>, DropReason> {
    let number = descriptor.get(1..3).map_or(0, |bytes| u16::from_be_bytes([bytes[0], bytes[1]]));
    // Numbers from 32,768 on stand for those before 0.
    read_at(reader, (3_000 * i32::from(number.cast_signed())).cast_unsigned(), descriptor)
}

fn written(descriptor: &DependencyDescriptor, structure: &DependencyStructure, attached: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    descriptor.write(structure, attached, &mut bytes);
    bytes
}

fn read(reader: &mut FrameReader, descriptor: &DependencyDescriptor) -> Result<FrameMeta, DropReason> {
    read_bytes(reader, &written(descriptor, &l1t2(), false)).map(Option::unwrap)
}

fn read_with_structure(reader: &mut FrameReader, number: u16, structure: &DependencyStructure) -> FrameMeta {
    let descriptor = DependencyDescriptor::of_template(structure, 0, number, true, false).unwrap();
    read_bytes(reader, &written(&descriptor, structure, true)).unwrap().unwrap()
}

#[test]
fn a_packet_without_a_descriptor_has_no_frame() {
    let mut packet = Vec::new();
    HEADER.write(b"media", &mut packet);
    assert_eq!(FrameReader::new().frame_meta(&RtpView::parse(&packet).unwrap()), Ok(None));
}

#[test]
fn nothing_is_known_of_a_frame_before_the_structure() {
    let mut reader = FrameReader::new();
    assert_eq!(read(&mut reader, &middle(1, 5)), Err(DropReason::UnknownTemplate));
    read_with_structure(&mut reader, 6, &l1t2());
    assert!(read(&mut reader, &middle(1, 8)).is_ok());
}

#[test]
fn a_broken_descriptor_leaves_the_structure_as_it_was() {
    let mut reader = FrameReader::new();
    read_with_structure(&mut reader, 6, &l1t2());
    assert_eq!(read_bytes(&mut reader, &[0x80, 0, 7, 0x80]), Err(DropReason::BadExtension));
    assert_eq!(reader.structure(), Some(&l1t2()));
}

#[test]
fn every_packet_of_a_key_frame_is_key() {
    let mut reader = FrameReader::new();
    let first = read_with_structure(&mut reader, 6, &l1t2());
    assert!(first.key && first.start && !first.end);
    let second = read(&mut reader, &middle(0, 6)).unwrap();
    assert!(second.key && !second.start);
    let last = read(&mut reader, &DependencyDescriptor { end_of_frame: true, ..middle(0, 6) }).unwrap();
    assert!(last.key && last.end);
}

#[test]
fn a_later_packet_of_a_key_frame_is_key_though_its_first_is_lost() {
    let mut reader = FrameReader::new();
    read_with_structure(&mut reader, 6, &l1t2());
    assert!(read(&mut reader, &middle(0, 50)).unwrap().key);
}

#[test]
fn a_frame_that_refers_to_another_is_not_key() {
    let mut reader = FrameReader::new();
    read_with_structure(&mut reader, 6, &l1t2());
    for index in [1, 2] {
        assert!(!read(&mut reader, &middle(index, 8)).unwrap().key);
    }
    let mut refers = middle(0, 9);
    refers.frame.frame_diffs = FrameDiffs::of(&[3]).unwrap();
    assert!(!read(&mut reader, &refers).unwrap().key);
    let mut independent = middle(1, 10);
    independent.frame.frame_diffs = FrameDiffs::default();
    assert!(read(&mut reader, &independent).unwrap().key);
}

#[test]
fn the_frame_that_brought_the_structure_is_key_even_if_it_refers_to_another() {
    let mut reader = FrameReader::new();
    let structure = l1t2();
    let first = DependencyDescriptor::of_template(&structure, 1, 6, true, false).unwrap();
    assert!(read_bytes(&mut reader, &written(&first, &structure, true)).unwrap().unwrap().key);
    assert!(read(&mut reader, &middle(1, 6)).unwrap().key);
    assert!(!read(&mut reader, &middle(1, 8)).unwrap().key);
}

#[test]
fn a_frame_that_has_the_key_frames_number_a_cycle_later_is_not_key() {
    let mut reader = FrameReader::new();
    read_with_structure(&mut reader, 6, &l1t2());
    let a_cycle_later = written(&middle(1, 6), &l1t2(), false);
    assert!(!read_at(&mut reader, 3_000 * (6 + 65_536), &a_cycle_later).unwrap().unwrap().key);
}

#[test]
fn the_base_layer_of_l1t2_lets_the_upper_layer_begin_and_the_upper_layer_does_not() {
    let mut reader = FrameReader::new();
    assert!(read_with_structure(&mut reader, 6, &l1t2()).switch_up);
    let base = read(&mut reader, &middle(1, 8)).unwrap();
    assert_eq!((base.temporal, base.switch_up), (0, true));
    let upper = read(&mut reader, &middle(2, 9)).unwrap();
    assert_eq!((upper.temporal, upper.switch_up), (1, false));
}

#[test]
fn without_a_higher_layer_there_is_nothing_to_switch_up_to() {
    let mut reader = FrameReader::new();
    let frame = read_with_structure(&mut reader, 6, &DependencyStructure::l1t1(640, 360));
    assert_eq!((frame.temporal, frame.switch_up), (0, false));
}

#[test]
fn a_new_structure_replaces_the_old_one() {
    let mut reader = FrameReader::new();
    read_with_structure(&mut reader, 6, &l1t2());
    let larger = DependencyStructure::simulcast_l1t2(1280, 720).with_id_offset(3);
    read_with_structure(&mut reader, 20, &larger);
    assert_eq!(reader.structure(), Some(&larger));
    assert_eq!(read(&mut reader, &middle(1, 22)), Err(DropReason::UnknownTemplate));
}

#[test]
fn a_key_frame_that_was_overtaken_by_a_newer_one_does_not_bring_its_structure_back() {
    let mut reader = FrameReader::new();
    let newer = DependencyStructure::simulcast_l1t2(1280, 720).with_id_offset(3);
    read_with_structure(&mut reader, 2, &newer);
    let late = read_with_structure(&mut reader, 65_530, &l1t2());
    assert!(late.key);
    assert_eq!(reader.structure(), Some(&newer));
}

#[test]
fn metadata_has_what_the_packet_says() {
    let level = AudioLevel { level: 30, voice: true };
    let extensions: &[(u8, &[u8])] =
        &[(ext::AUDIO_LEVEL, &level.bytes()), (ext::TRANSPORT_SEQUENCE, &[1, 2])];
    let mut packet = Vec::new();
    RtpHeader { extensions, marker: true, ..HEADER }.write(b"media", &mut packet);
    let meta = PacketMeta::from_view(&RtpView::parse(&packet).unwrap(), None);
    let expected = PacketMeta {
        ssrc: Ssrc(7),
        sequence: 100,
        timestamp: 3_000,
        payload_type: 96,
        marker: true,
        payload_offset: 24,
        payload_len: 5,
        audio_level: Some(level),
        transport_sequence: Some(0x0102),
        frame: None,
    };
    assert_eq!(meta, expected);
    assert_eq!(&packet[24..29], b"media");
}

#[test]
fn a_stream_that_goes_over_to_an_encoding_with_lower_numbers_takes_its_structure_and_knows_its_key_frame() {
    let mut reader = FrameReader::new();
    let key = |number, structure: &DependencyStructure| {
        written(
            &DependencyDescriptor::of_template(structure, 0, number, true, true).unwrap(),
            structure,
            true,
        )
    };
    read_at(&mut reader, 90_000, &key(398, &l1t2())).unwrap();
    let other = DependencyStructure::simulcast_l1t2(1_280, 720);
    assert!(read_at(&mut reader, 93_000, &key(390, &other)).unwrap().unwrap().key);
    assert_eq!(reader.structure(), Some(&other));
    // The number of the other encoding's key frame comes again, for a frame that is none.
    let delta = written(&middle(1, 398), &other, false);
    assert!(!read_at(&mut reader, 117_000, &delta).unwrap().unwrap().key);
}
