//! Owns the 48-bit index of an RTP packet, of which the packet carries 16 bits (RFC 3711 section 3.3.1).

/// The largest index; with it a master key is used up (section 9.2).
pub(super) const INDEX_MAX: u64 = (1 << 48) - 1;

/// The index that a packet with this number most probably has when `newest` is the largest so far: the nearest. Nothing when
/// it would be below zero or beyond [`INDEX_MAX`].
pub(super) fn guess(newest: Option<u64>, sequence: u16) -> Option<u64> {
    let Some(newest) = newest else { return Some(u64::from(sequence)) };
    let ahead = sequence.wrapping_sub(newest as u16) as i16;
    newest.checked_add_signed(i64::from(ahead)).filter(|index| *index <= INDEX_MAX)
}

/// The rollover counter of an index.
pub(super) const fn rollover(index: u64) -> [u8; 4] {
    ((index >> 16) as u32).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_index_is_guessed_over_borders_both_ways() {
        assert_eq!(guess(None, 65_535), Some(65_535));
        assert_eq!(guess(Some(65_535), 0), Some(65_536));
        assert_eq!(guess(Some(65_536), 65_535), Some(65_535));
        assert_eq!(guess(Some(0x1_8000), 0x7fff), Some(0x1_7fff));
        assert_eq!(guess(Some(0x1_0000), 0x7fff), Some(0x1_7fff));
        assert_eq!(guess(Some(3), 65_535), None, "nothing was before the first");
        assert_eq!(guess(Some(INDEX_MAX), 0), None, "the key is used up");
        assert_eq!(rollover(0x1234_5678_9abc), [0x12, 0x34, 0x56, 0x78]);
    }
}
