//! Claims about the dependency descriptor.

use proptest::prelude::*;

use super::{
    ChainDiffs, DependencyDescriptor, DependencyStructure, FrameDiffs, Indication, Indications, Parsed,
};
use crate::{DropReason, rtp::tests::many_cases};

/// Worked out by hand from A.8.1: 1 start, 0 end, template 000000, frame number 1; flags 10000; offset 000000, two
/// decode targets 00001; layers 00 01 11; indications SS SS -D; frame differences 0, 1 0001 0, 1 0000 0; one chain
/// of at most two 10; chain differences 0 2 1; resolution 1, 639, 359; two bits of filling.
const KEY_FRAME_L1T2: [u8; 15] =
    [0x80, 0x00, 0x01, 0x80, 0x01, 0x1e, 0xa8, 0x51, 0x41, 0x01, 0x0c, 0x09, 0xfc, 0x05, 0x9c];

fn parse(bytes: &[u8], structure: Option<&DependencyStructure>) -> Result<Parsed, DropReason> {
    DependencyDescriptor::parse(bytes, structure)
}

fn written(descriptor: &DependencyDescriptor, structure: &DependencyStructure, attached: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    descriptor.write(structure, attached, &mut bytes);
    bytes
}

#[test]
fn a_key_frame_of_l1t2_is_written_bit_by_bit_as_specified() {
    let structure = DependencyStructure::simulcast_l1t2(640, 360);
    let descriptor = DependencyDescriptor::of_template(&structure, 0, 1, true, false).unwrap();
    assert_eq!(written(&descriptor, &structure, true), KEY_FRAME_L1T2);
}

#[test]
fn a_key_frame_of_l1t2_brings_its_structure() {
    let Parsed { descriptor, new_structure } = parse(&KEY_FRAME_L1T2, None).unwrap();
    let structure = new_structure.unwrap();
    assert_eq!(structure, DependencyStructure::simulcast_l1t2(640, 360));
    assert_eq!(structure.decode_target_layers(), [(0, 0), (0, 1)]);
    assert_eq!(structure.resolution(0), Some((640, 360)));
    assert_eq!(structure.resolution(1), None);
    assert_eq!((structure.protecting_chain(0), structure.protecting_chain(1)), (Some(0), Some(0)));
    assert_eq!(structure.protecting_chain(2), None);
    assert!(descriptor.start_of_frame && !descriptor.end_of_frame);
    assert_eq!(descriptor.frame_number, 1);
    assert!(descriptor.frame.frame_diffs.is_empty());
    assert_eq!(descriptor.frame.chain_diffs.as_slice(), [0]);
    assert_eq!(format!("{:?}", descriptor.frame.indications), "SS");
}

#[test]
fn the_templates_of_l1t2_refer_two_frames_back_and_one() {
    let structure = DependencyStructure::simulcast_l1t2(640, 360);
    let seen = |bytes: [u8; 3]| {
        let frame = parse(&bytes, Some(&structure)).unwrap().descriptor.frame;
        (frame.temporal, frame.frame_diffs.as_slice().to_vec(), format!("{:?}", frame.indications))
    };
    assert_eq!(seen([0xc1, 0, 3]), (0, vec![2], "SS".into()));
    assert_eq!(seen([0x42, 0, 4]), (1, vec![1], "-D".into()));
}

#[test]
fn a_frame_that_is_as_its_template_takes_three_bytes() {
    let structure = DependencyStructure::l1t1(320, 180).with_id_offset(63);
    let descriptor = DependencyDescriptor::of_template(&structure, 1, 0xabcd, false, true).unwrap();
    let bytes = written(&descriptor, &structure, false);
    assert_eq!(bytes, [0x40, 0xab, 0xcd]);
    let parsed = parse(&bytes, Some(&structure)).unwrap();
    assert_eq!(parsed, Parsed { descriptor, new_structure: None });
}

#[test]
fn a_template_that_no_structure_defines_is_unknown() {
    let structure = DependencyStructure::simulcast_l1t2(640, 360).with_id_offset(10);
    assert_eq!(parse(&[0x80, 0, 1], None), Err(DropReason::UnknownTemplate));
    for id in 0..64 {
        let known = (10..13).contains(&id);
        assert_eq!(parse(&[id, 0, 1], Some(&structure)).is_ok(), known, "{id}");
    }
}

#[test]
fn a_descriptor_that_is_cut_off_anywhere_is_refused() {
    for length in 0..3 {
        assert_eq!(parse(&KEY_FRAME_L1T2[..length], None), Err(DropReason::BadExtension));
    }
    // Three bytes are whole, and lack the structure.
    assert_eq!(parse(&KEY_FRAME_L1T2[..3], None), Err(DropReason::UnknownTemplate));
    for length in 4..KEY_FRAME_L1T2.len() {
        assert_eq!(parse(&KEY_FRAME_L1T2[..length], None), Err(DropReason::BadExtension), "{length}");
    }
}

#[test]
fn more_templates_layers_or_frame_differences_than_there_may_be_are_refused() {
    // Zeros after the flags: templates of the same layer without end.
    let mut templates = [0; 40];
    templates[3] = 0x80;
    assert_eq!(parse(&templates, None), Err(DropReason::BadExtension));
    // Ones that alternate with zeros from the layers on: a fifth spatial layer.
    let mut layers = [0xaa; 40];
    layers[..5].copy_from_slice(&[0, 0, 0, 0x80, 0x00]);
    assert_eq!(parse(&layers, None), Err(DropReason::BadExtension));
    // Only ones: one template with frame differences without end.
    let mut diffs = [0xff; 40];
    diffs[3] = 0x80;
    diffs[4] = 0x00;
    assert_eq!(parse(&diffs, None), Err(DropReason::BadExtension));
}

#[test]
fn frame_differences_take_as_many_bits_as_they_need() {
    let structure = DependencyStructure::l1t1(320, 180);
    let mut descriptor = DependencyDescriptor::of_template(&structure, 1, 9, true, true).unwrap();
    descriptor.frame.frame_diffs = FrameDiffs::of(&[1, 16, 17, 256, 257, 4096]).unwrap();
    let bytes = written(&descriptor, &structure, false);
    // Flags, six sizes and the end, and 4 + 4 + 8 + 8 + 12 + 12 bits.
    assert_eq!(bytes.len(), 3 + (5_usize + 7 * 2 + 48).div_ceil(8));
    assert_eq!(parse(&bytes, Some(&structure)).unwrap().descriptor, descriptor);
}

#[test]
fn frame_differences_out_of_range_do_not_exist() {
    assert_eq!(FrameDiffs::of(&[0]), None);
    assert_eq!(FrameDiffs::of(&[4097]), None);
    assert_eq!(FrameDiffs::of(&[1; 9]), None);
    assert!(FrameDiffs::of(&[1; 8]).is_some());
}

fn arb_indication() -> impl Strategy<Value = Indication> {
    prop::sample::select(vec![
        Indication::NotPresent,
        Indication::Discardable,
        Indication::Switch,
        Indication::Required,
    ])
}

proptest! {
    #![proptest_config(proptest::test_runner::Config { max_global_rejects: 100_000, ..many_cases() })]

    #[test]
    fn no_bytes_make_a_reader_panic(
        mut bytes in prop::collection::vec(any::<u8>(), 0..64),
        extended: bool,
        known: bool,
    ) {
        if let (true, Some(flags)) = (extended, bytes.get_mut(3)) {
            *flags |= 0x80;
        }
        let structure = DependencyStructure::simulcast_l1t2(640, 360);
        let _ = parse(&bytes, known.then_some(&structure));
    }

    #[test]
    fn no_change_to_a_descriptor_makes_a_reader_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut bytes = KEY_FRAME_L1T2;
        for (index, byte) in changes {
            bytes[index.index(bytes.len())] = byte;
        }
        let _ = parse(&bytes, None);
    }

    /// Random bits after a descriptor whose template is the structure's first make any kind of structure.
    #[test]
    fn any_structure_and_any_descriptor_survive_the_wire(
        mut bytes in prop::collection::vec(any::<u8>(), 200),
        offset in 0_u8..64,
    ) {
        bytes[0] = bytes[0] & 0xc0 | offset;
        bytes[3] = 0x80 | bytes[3] & 0x78 | offset >> 3;
        bytes[4] = offset << 5 | bytes[4] & 0x1f;
        let parsed = parse(&bytes, None);
        prop_assume!(parsed.is_ok());
        let parsed = parsed.unwrap();
        let structure = parsed.new_structure.as_ref().unwrap();
        let written = written(&parsed.descriptor, structure, true);
        prop_assert_eq!(parse(&written, None), Ok(parsed));
    }

    #[test]
    fn what_differs_from_the_template_survives_the_wire(
        index in 0_u8..3,
        number: u16,
        (start, end) in any::<(bool, bool)>(),
        active in prop::option::of(0_u32..4),
        indications in prop::option::of(prop::collection::vec(arb_indication(), 2)),
        diffs in prop::option::of(prop::collection::vec(1_u16..=4096, 0..=8)),
        chain in prop::option::of(any::<u8>()),
        attached: bool,
    ) {
        let structure = DependencyStructure::simulcast_l1t2(1280, 720).with_id_offset(62);
        let mut descriptor = DependencyDescriptor::of_template(&structure, index, number, start, end).unwrap();
        descriptor.active_decode_targets = active;
        if let Some(indications) = indications {
            descriptor.frame.indications = Indications::of(&indications);
        }
        if let Some(diffs) = diffs {
            descriptor.frame.frame_diffs = FrameDiffs::of(&diffs).unwrap();
        }
        if let Some(chain) = chain {
            descriptor.frame.chain_diffs = ChainDiffs::of(&[chain]);
        }
        let bytes = written(&descriptor, &structure, attached);
        let parsed = parse(&bytes, (!attached).then_some(&structure));
        prop_assert_eq!(parsed, Ok(Parsed { descriptor, new_structure: attached.then_some(structure) }));
    }
}
