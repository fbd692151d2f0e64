//! Bytes of a chunk: numbers that are kept as narrow as they are, one after the other.

/// What is written.
#[derive(Debug, Default)]
pub(super) struct Writer(pub Vec<u8>);

impl Writer {
    pub fn byte(&mut self, byte: u8) {
        self.0.push(byte);
    }

    pub fn number(&mut self, number: i64) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    pub fn count(&mut self, count: usize) {
        self.number(i64::try_from(count).unwrap_or(i64::MAX));
    }

    pub fn bytes(&mut self, bytes: &[u8]) {
        self.count(bytes.len());
        self.0.extend_from_slice(bytes);
    }

    /// Numbers as their distances from the least of them, in a unit that divides all of these, each as wide as the greatest.
    pub fn numbers(&mut self, numbers: &[i64]) {
        let least = numbers.iter().copied().min().unwrap_or(0);
        let distance = |number: &i64| number.wrapping_sub(least) as u64;
        let unit = UNITS.into_iter().find(|unit| numbers.iter().all(|number| distance(number) % unit == 0));
        let unit = unit.unwrap_or(1);
        let greatest = numbers.iter().map(distance).max().unwrap_or(0) / unit;
        let width: u8 = match greatest {
            0 => 0,
            1..=0xff => 1,
            0x100..=0xffff => 2,
            0x1_0000..=0xffff_ffff => 4,
            _ => 8,
        };
        self.count(numbers.len());
        self.number(least);
        self.number(unit as i64);
        self.byte(width);
        for number in numbers {
            let steps = (distance(number) / unit).to_le_bytes();
            self.0.extend(steps.iter().take(usize::from(width)));
        }
    }
}

/// Units of distances: a minute, a second, a millisecond in microseconds, and one.
const UNITS: [u64; 4] = [60_000_000, 1_000_000, 1_000, 1];

/// What is read. Everything is `None` where the bytes do not say what they should: then the chunk is damaged.
#[derive(Debug)]
pub(super) struct Reader<'a>(pub &'a [u8]);

impl<'a> Reader<'a> {
    pub fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    pub fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    pub fn number(&mut self) -> Option<i64> {
        self.take(8)?.try_into().ok().map(i64::from_le_bytes)
    }

    pub fn count(&mut self) -> Option<usize> {
        usize::try_from(self.number()?).ok()
    }

    pub fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = self.count()?;
        self.take(length)
    }

    pub fn numbers(&mut self) -> Option<Vec<i64>> {
        let (count, least, unit, width) = (self.count()?, self.number()?, self.number()?, self.byte()?);
        let bytes = self.take(count.checked_mul(usize::from(width))?)?;
        let number = |steps: u64| least.wrapping_add((steps as i64).wrapping_mul(unit));
        Some(match width {
            0 => vec![least; count],
            1 => bytes.iter().map(|byte| number(u64::from(*byte))).collect(),
            2 => bytes.as_chunks().0.iter().map(|bytes| number(u64::from(u16::from_le_bytes(*bytes)))).collect(),
            4 => bytes.as_chunks().0.iter().map(|bytes| number(u64::from(u32::from_le_bytes(*bytes)))).collect(),
            8 => bytes.as_chunks().0.iter().map(|bytes| number(u64::from_le_bytes(*bytes))).collect(),
            _ => return None,
        })
    }
}
