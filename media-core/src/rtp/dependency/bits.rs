//! Owns reading and writing of fields that are not whole bytes, most significant bit first, as the AV1 RTP
//! specification counts them (A.8.1).

use crate::DropReason;

/// Reads bits. Running out of them is [`DropReason::BadExtension`].
pub(super) struct BitReader<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl<'a> BitReader<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, position: 0 }
    }

    /// `f(count)` of the specification, at most 32 bits.
    pub(super) fn bits(&mut self, count: u32) -> Result<u32, DropReason> {
        let mut value = 0;
        for _ in 0..count {
            let byte = *self.bytes.get(self.position / 8).ok_or(DropReason::BadExtension)?;
            value = value << 1 | u32::from(byte >> (7 - self.position % 8) & 1);
            self.position += 1;
        }
        Ok(value)
    }

    /// One bit.
    pub(super) fn flag(&mut self) -> Result<bool, DropReason> {
        Ok(self.bits(1)? == 1)
    }

    /// `ns(values)` of the specification: one of `values` (at least 1) numbers, in as few bits as that takes.
    pub(super) fn non_symmetric(&mut self, values: u32) -> Result<u32, DropReason> {
        let width = u32::BITS - values.leading_zeros();
        let short = (1 << width) - values;
        let value = self.bits(width - 1)?;
        if value < short {
            return Ok(value);
        }
        Ok((value << 1) - short + self.bits(1)?)
    }
}

/// Appends bits to bytes; what is left of the last byte is zero.
pub(super) struct BitWriter<'a> {
    bytes: &'a mut Vec<u8>,
    /// Bits of the last byte that are taken, `0..8`; 0 if a new byte is due.
    taken: usize,
}

impl<'a> BitWriter<'a> {
    pub(super) const fn new(bytes: &'a mut Vec<u8>) -> Self {
        Self { bytes, taken: 0 }
    }

    /// The lowest `count` bits of `value`, at most 32.
    pub(super) fn bits(&mut self, value: u32, count: u32) {
        for shift in (0..count).rev() {
            if self.taken == 0 {
                self.bytes.push(0);
            }
            if let Some(last) = self.bytes.last_mut() {
                *last |= ((value >> shift & 1) as u8) << (7 - self.taken);
            }
            self.taken = (self.taken + 1) % 8;
        }
    }

    /// One bit.
    pub(super) fn flag(&mut self, value: bool) {
        self.bits(u32::from(value), 1);
    }

    /// The counterpart of [`BitReader::non_symmetric`]; `value` is less than `values`.
    pub(super) fn non_symmetric(&mut self, value: u32, values: u32) {
        let width = u32::BITS - values.leading_zeros();
        let short = (1 << width) - values;
        if value < short {
            self.bits(value, width - 1);
        } else {
            self.bits(value + short, width);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{BitReader, BitWriter};
    use crate::DropReason;

    #[test]
    fn bits_come_out_most_significant_first() {
        let mut reader = BitReader::new(&[0b1010_0000, 0b0000_0001]);
        assert_eq!(reader.bits(3), Ok(0b101));
        assert_eq!(reader.bits(13), Ok(1));
        assert_eq!(reader.bits(1), Err(DropReason::BadExtension));
    }

    /// The example of AV1 specification 4.10.7: five values take the codes 00, 01, 10, 110 and 111.
    #[test]
    fn five_values_take_two_or_three_bits() {
        for (value, code, length) in [(0, 0b00, 2), (1, 0b01, 2), (2, 0b10, 2), (3, 0b110, 3), (4, 0b111, 3)]
        {
            let mut bytes = Vec::new();
            let mut writer = BitWriter::new(&mut bytes);
            writer.non_symmetric(value, 5);
            assert_eq!(writer.taken, length);
            assert_eq!(bytes, [code << (8 - length)]);
            assert_eq!(BitReader::new(&bytes).non_symmetric(5), Ok(value));
        }
    }

    #[test]
    fn one_of_one_value_takes_no_bits() {
        let mut bytes = Vec::new();
        BitWriter::new(&mut bytes).non_symmetric(0, 1);
        assert!(bytes.is_empty());
        assert_eq!(BitReader::new(&[]).non_symmetric(1), Ok(0));
    }

    #[test]
    fn every_value_of_every_range_survives() {
        for values in 1..=33 {
            for value in 0..values {
                let mut bytes = Vec::new();
                BitWriter::new(&mut bytes).non_symmetric(value, values);
                assert_eq!(BitReader::new(&bytes).non_symmetric(values), Ok(value));
            }
        }
    }
}
