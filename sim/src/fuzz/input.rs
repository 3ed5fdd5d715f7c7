//! Owns the reading of a fuzzed input as decisions: every byte string is a whole script, and an input that ends early
//! decides zeroes from there on, so that cutting bytes off makes a shorter script and never an invalid one.

/// A byte string that is used up from its front.
#[derive(Clone, Debug)]
pub(super) struct Input<'a> {
    rest: &'a [u8],
}

impl<'a> Input<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) fn byte(&mut self) -> u8 {
        self.array::<1>()[0]
    }

    pub(super) fn flag(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    pub(super) fn number(&mut self) -> u16 {
        u16::from_be_bytes(self.array())
    }

    pub(super) fn long(&mut self) -> u32 {
        u32::from_be_bytes(self.array())
    }

    /// One of `count` choices; 0 when there are none.
    pub(super) fn below(&mut self, count: usize) -> usize {
        usize::from(self.byte()) % count.max(1)
    }

    /// An element of a list that may be empty.
    pub(super) fn pick<'b, T>(&mut self, list: &'b [T]) -> Option<&'b T> {
        let at = self.below(list.len());
        list.get(at)
    }

    /// Up to `count` bytes: all that is left when there are fewer.
    pub(super) fn take(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.rest.split_at(count.min(self.rest.len()));
        self.rest = rest;
        taken
    }

    /// A run of bytes that says its own length first.
    pub(super) fn run(&mut self) -> &'a [u8] {
        let length = usize::from(self.byte());
        // Most runs are short; the last sixteenth reaches beyond a datagram.
        let length = if length >= 240 { (length - 239) * 100 } else { length };
        self.take(length)
    }

    fn array<const N: usize>(&mut self) -> [u8; N] {
        let taken = self.take(N);
        let mut array = [0; N];
        array[..taken.len()].copy_from_slice(taken);
        array
    }
}

#[cfg(test)]
mod tests {
    use super::Input;

    #[test]
    fn an_input_that_ends_early_decides_zeroes() {
        let mut input = Input::new(&[1, 2]);
        assert_eq!(input.long(), 0x0102_0000);
        assert!(input.is_empty());
        assert_eq!((input.byte(), input.flag(), input.below(7), input.run()), (0, false, 0, &[][..]));
    }

    #[test]
    fn an_empty_list_has_nothing_to_pick() {
        assert_eq!(Input::new(&[9]).pick::<u8>(&[]), None);
        assert_eq!(Input::new(&[4]).pick(&[10, 11, 12]), Some(&11));
    }
}
