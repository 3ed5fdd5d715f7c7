//! Claims about redundant audio.

use proptest::prelude::*;

use super::*;
use crate::rtp::tests::many_cases;

const OPUS: u8 = 111;
const ROOM: usize = 1_000;

fn written(redundant: &[Redundant<'_>], primary: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    write(redundant, OPUS, primary, &mut out);
    out
}

fn frames<'a>(view: &RedView<'a>, sequence: u16, timestamp: u32) -> Vec<(u16, u32, &'a [u8])> {
    let redundant = view.redundant(sequence, timestamp);
    redundant.map(|frame| (frame.sequence, frame.timestamp, frame.payload)).collect()
}

#[test]
fn the_bits_stand_where_the_rfc_has_them() {
    // Section 3: F=1, type 111, offset 960, length 3; F=0, type 111; block; frame.
    let packet = written(&[Redundant::new(960, b"abc").unwrap()], b"de");
    assert_eq!(packet, [0x80 | 0x6f, 0x0f, 0x00, 0x03, 0x6f, b'a', b'b', b'c', b'd', b'e']);
}

#[test]
fn a_packet_without_anything_before_is_one_byte_longer_than_its_frame() {
    let packet = written(&[], b"frame");
    assert_eq!(packet.len(), 5 + overhead_bytes(0));
    let view = RedView::parse(&packet, OPUS).unwrap();
    assert_eq!((view.primary(), frames(&view, 7, 960)), (&b"frame"[..], vec![]));
}

#[test]
fn the_blocks_before_have_the_numbers_before_around_the_wrap_too() {
    let before = [Redundant::new(1_920, b"x").unwrap(), Redundant::new(960, b"yy").unwrap()];
    let packet = written(&before, b"zzz");
    let view = RedView::parse(&packet, OPUS).unwrap();
    let expected = vec![(65_535, 960_u32.wrapping_sub(1_920), &b"x"[..]), (0, 0, &b"yy"[..])];
    assert_eq!(frames(&view, 1, 960), expected);
}

#[test]
fn what_the_format_cannot_express_is_not_written() {
    assert!(Redundant::new(Redundant::OFFSET_MAX + 1, b"late").is_none());
    assert!(Redundant::new(0, b"now").is_none());
    assert!(Redundant::new(960, &[0; Redundant::BYTES_MAX + 1]).is_none());
    assert!(Redundant::new(960, &[]).is_none());
    assert!(Redundant::new(Redundant::OFFSET_MAX, &[0; Redundant::BYTES_MAX]).is_some());
}

#[test]
fn blocks_out_of_order_too_many_of_them_and_foreign_ones_are_refused() {
    let block = |offset| Redundant::new(offset, b"x").unwrap();
    let refused = |blocks: &[Redundant<'_>]| RedView::parse(&written(blocks, b"p"), OPUS).unwrap_err();
    assert_eq!(refused(&[block(960), block(1_920)]), DropReason::Malformed);
    assert_eq!(refused(&[block(960), block(960)]), DropReason::Malformed);
    assert_eq!(refused(&[block(2_880), block(1_920), block(960)]), DropReason::Malformed);
    assert_eq!(RedView::parse(&written(&[], b"p"), 96).unwrap_err(), DropReason::UnknownPayloadType);
    assert_eq!(RedView::parse(&written(&[block(960)], b""), OPUS).unwrap_err(), DropReason::Malformed);
}

#[test]
fn history_gives_what_came_directly_before_and_nothing_over_a_gap() {
    let mut history = RedHistory::default();
    history.push(9, 0, &b"a"[..]);
    history.push(10, 960, &b"b"[..]);
    assert_eq!(history.before((11, 1_920), 1, 2, ROOM).len(), 2);
    assert_eq!(history.before((11, 1_920), 1, 1, ROOM), [Redundant::new(960, b"b").unwrap()]);
    // 11 was never sent from here, or is not known: 12 goes alone.
    assert!(history.before((12, 2_880), 1, 2, ROOM).is_empty());
}

#[test]
fn a_pause_keeps_the_numbers_and_its_length_shows_in_the_offset() {
    let mut history = RedHistory::default();
    history.push(10, 0, &b"last word"[..]);
    let after = |pause: u32| history.before((11, pause), 1, 2, ROOM).first().map(|block| block.offset);
    assert_eq!(after(4_800), Some(4_800));
    // The next comfort noise comes 400 ms later, which the format cannot express.
    assert_eq!(after(19_200), None);
}

#[test]
fn what_goes_along_keeps_within_the_room() {
    let mut history = RedHistory::default();
    history.push(1, 0, [0; 400]);
    history.push(2, 960, [0; 400]);
    assert_eq!(history.before((3, 1_920), 400, 2, 1_209).len(), 2);
    assert_eq!(history.before((3, 1_920), 400, 2, 1_208).len(), 1);
    assert_eq!(history.before((3, 1_920), 400, 2, 500).len(), 0);
}

proptest! {
    #![proptest_config(many_cases())]

    #[test]
    fn what_is_written_is_read(
        sizes in proptest::collection::vec((1_u32..5_000, 1_usize..300), 0..=REDUNDANT_BLOCKS_MAX),
        primary in proptest::collection::vec(any::<u8>(), 1..300),
        sequence: u16,
        timestamp: u32,
    ) {
        let contents: Vec<Vec<u8>> = sizes.iter().map(|(gap, bytes)| vec![*gap as u8; *bytes]).collect();
        let offset = |place: usize| sizes[place..].iter().map(|(gap, _)| gap).sum::<u32>();
        let blocks: Vec<Redundant<'_>> = contents
            .iter()
            .enumerate()
            .map(|(place, content)| Redundant::new(offset(place), content).unwrap())
            .collect();
        let packet = written(&blocks, &primary);
        let bytes: usize = contents.iter().map(Vec::len).sum();
        prop_assert_eq!(packet.len(), bytes + primary.len() + overhead_bytes(blocks.len()));
        let view = RedView::parse(&packet, OPUS).unwrap();
        prop_assert_eq!(view.primary(), &primary[..]);
        for (place, frame) in view.redundant(sequence, timestamp).enumerate() {
            prop_assert_eq!(frame.payload, &contents[place][..]);
            prop_assert_eq!(frame.timestamp, timestamp.wrapping_sub(offset(place)));
            prop_assert_eq!(frame.sequence.wrapping_add((blocks.len() - place) as u16), sequence);
        }
    }

    #[test]
    fn any_bytes_are_read_within_their_bounds_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
        if let Ok(view) = RedView::parse(&bytes, OPUS) {
            let before: usize = view.redundant(0, 0).map(|frame| frame.payload.len()).sum();
            let count = view.redundant(0, 0).count();
            prop_assert_eq!(before + view.primary().len() + overhead_bytes(count), bytes.len());
            let again: Vec<_> = view.redundant.iter().take(view.count).copied().collect();
            prop_assert_eq!(written(&again, view.primary()), bytes);
        }
    }
}
