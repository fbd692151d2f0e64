use super::{CHUNK, CHUNKS_WAITING, spans, write};
use crate::drivers::simulate::packed::{Packed, pack};
use crate::drivers::simulate::runs::{Run, Span, Writer};
use crate::model::Id;
use crate::time::Instant;
use std::io::{self, Write};

/// A run on disk: instants and contacts, each with a text of so many bytes.
fn run(lines: &[(i64, i64, usize)]) -> Run {
    let mut run = Writer::new().unwrap();
    for (at, contact, length) in lines {
        let text = format!("{at},{contact};").bytes().cycle().take(*length).collect::<Vec<u8>>();
        let mut bytes = Vec::new();
        pack(&text, &[], &mut bytes);
        run.write(Instant(*at), &Id::Number(*contact), Packed { bytes: &bytes, text: *length as u32 }).unwrap();
    }
    run.finish().unwrap()
}

/// More than a thread may have waiting of one span, while another is written first.
#[test]
fn long_spans_wait_for_those_before_them() {
    let long = CHUNK / 3;
    let count = CHUNKS_WAITING as i64 * 5;
    let lines = |first: i64| (0..count).map(move |line| (line % 2 * 1_000 + line / 4, first + line, long));
    let sorted = |first: i64| {
        let mut lines: Vec<(i64, i64, usize)> = lines(first).collect();
        lines.sort_unstable();
        lines
    };
    let runs = [run(&sorted(0)), run(&sorted(5_000))];
    let mut one = Vec::new();
    write(&runs, 1, u64::MAX, &mut one).unwrap();
    assert_eq!(one.len(), 2 * count as usize * long);
    for span in [1, long as u64 * 40] {
        let mut more = Vec::new();
        write(&runs, 3, span, &mut more).unwrap();
        assert!(more == one, "{span} bytes in a span");
    }
}

#[test]
fn spans_follow_each_other_and_do_not_cut_an_instant() {
    let runs =
        [run(&[(1, 1, 5_000), (1, 2, 5_000), (2, 1, 5_000)]), run(&[(1, 7, 5_000), (2, 8, 5_000), (9, 8, 5_000)])];
    let span = |from: Instant, until: Option<i64>| Span { from, until: until.map(Instant) };
    let expected = [span(Instant::MIN, Some(2)), span(Instant(2), Some(9)), span(Instant(9), None)];
    assert_eq!(spans(&runs, 1), expected);
    assert_eq!(spans(&runs, 10_000_000), [Span::ALL]);
    assert_eq!(spans(&[], 1), [Span::ALL]);
    let mut nothing = Vec::new();
    write(&[], 2, 1, &mut nothing).unwrap();
    assert!(nothing.is_empty());
}

/// Takes so many bytes, then no more.
struct Full(usize);

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.checked_sub(bytes.len()).ok_or(io::ErrorKind::StorageFull)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_disk_that_is_full_ends_all_threads() {
    let lines: Vec<(i64, i64, usize)> = (0..200).map(|line| (line, line, CHUNK / 2)).collect();
    let error = write(&[run(&lines)], 3, 1, &mut Full(5 * CHUNK)).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
}
