//! Lines in little room, until they are merged: each as what it does not share with the one before. Those of one contact at one
//! instant have their beginning and their end in common.

/// Lines that follow each other, packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packed<'a> {
    pub bytes: &'a [u8],
    /// How many bytes they have as text.
    pub text: u32,
}

/// What stands before the bytes of a line that it has for itself: how many it shares with the one before at the beginning,
/// and at the end; how many they are.
const HEAD: usize = 6;

/// Appends a line; `before` is the one before, empty for the first of lines that are packed by themselves.
pub fn pack(line: &[u8], before: &[u8], to: &mut Vec<u8>) {
    let first = shared_first(line, before).min(u8::MAX.into());
    let (rest, rest_before) = (line.get(first..).unwrap_or(&[]), before.get(first..).unwrap_or(&[]));
    let last = shared_last(rest, rest_before).min(u8::MAX.into());
    let own = rest.get(..rest.len() - last).unwrap_or(&[]);
    let [a, b, c, d] = (own.len() as u32).to_le_bytes();
    to.extend_from_slice(&[first as u8, last as u8, a, b, c, d]);
    to.extend_from_slice(own);
}

/// How many bytes are the same at the beginning. Eight are looked at together.
fn shared_first(one: &[u8], two: &[u8]) -> usize {
    let eights = one.as_chunks::<8>().0.iter().zip(two.as_chunks::<8>().0);
    let whole = 8 * eights.take_while(|(one, two)| one == two).count();
    let rest = one.iter().zip(two).skip(whole);
    whole + rest.take_while(|(one, two)| one == two).count()
}

/// How many bytes are the same at the end.
fn shared_last(one: &[u8], two: &[u8]) -> usize {
    let eights = one.as_rchunks::<8>().1.iter().rev().zip(two.as_rchunks::<8>().1.iter().rev());
    let whole = 8 * eights.take_while(|(one, two)| one == two).count();
    let rest = one.iter().rev().zip(two.iter().rev()).skip(whole);
    whole + rest.take_while(|(one, two)| one == two).count()
}

impl Packed<'_> {
    /// Appends the text; `None` where the bytes are not lines.
    pub fn unpack(self, to: &mut Vec<u8>) -> Option<()> {
        let mut packed = self.bytes;
        let mut before = to.len()..to.len();
        while let Some((head, rest)) = packed.split_first_chunk::<HEAD>() {
            let [first, last, a, b, c, d] = *head;
            let (own, rest) = rest.split_at_checked(u32::from_le_bytes([a, b, c, d]) as usize)?;
            let (first, last) = (usize::from(first), usize::from(last));
            if first + last > before.len() {
                return None;
            }
            let start = to.len();
            to.extend_from_within(before.start..before.start + first);
            to.extend_from_slice(own);
            to.extend_from_within(before.end - last..before.end);
            (before, packed) = (start..to.len(), rest);
        }
        packed.is_empty().then_some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(lines: &[&[u8]]) -> Vec<u8> {
        let (mut packed, mut before) = (Vec::new(), b"".as_slice());
        for line in lines {
            pack(line, before, &mut packed);
            before = line;
        }
        packed
    }

    fn unpack(bytes: &[u8], to: &mut Vec<u8>) -> Option<()> {
        Packed { bytes, text: 0 }.unpack(to)
    }

    #[test]
    fn lines_come_back_byte_by_byte() {
        let long = [b'x'; 700];
        let other = [&long[..300], b"y", &long[..300]].concat();
        let all: [&[u8]; 12] = [
            b"2011-01-02,17,renewal,purchased/4711,send,email,reminder,sent,\n",
            b"2011-01-02,17,renewal,purchased/4712,send,email,reminder,sent,\n",
            b"2011-01-02,17,renewal,purchased/4712,send,email,reminder,sent,\n",
            b"aaaa",
            b"aaaaaaaaa",
            b"aaa",
            b"",
            b"aaa",
            &long,
            &other,
            &long,
            b"\n",
        ];
        for from in 0..all.len() {
            for to in from..=all.len() {
                let lines = &all[from..to];
                let mut text = b"before".to_vec();
                unpack(&packed(lines), &mut text).unwrap();
                assert_eq!(text, [b"before".as_slice(), &lines.concat()].concat());
            }
        }
        assert!(packed(&all[..3]).len() < all[0].len() + 3 * HEAD + 2, "what is shared is written once");
    }

    #[test]
    fn what_is_no_line_is_seen() {
        let whole = packed(&[b"one line", b"one more line"]);
        for length in (1..whole.len()).filter(|length| *length != HEAD + 8) {
            assert_eq!(unpack(&whole[..length], &mut Vec::new()), None, "{length}");
        }
        let shares_too_much = [3, 0, 0, 0, 0, 0];
        assert_eq!(unpack(&shares_too_much, &mut b"text before".to_vec()), None);
    }
}
