//! Writing sorted lines by several threads: time is cut into spans, each thread merges and unpacks span after span, and what they
//! make is written in the order of spans.

use super::runs::{Run, Span, merge};
use crate::time::Instant;
use std::io::{self, Write};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};

/// About how many bytes of text there are in a span, unless a test wants less.
pub const SPAN_BYTES: u64 = 1 << 21;

/// How many bytes a thread merges before it hands them on.
const CHUNK: usize = 1 << 18;

/// How many chunks of one thread wait to be written at most: more than a span has, so that nobody waits for another.
const CHUNKS_WAITING: usize = 12;

/// What a thread merged.
enum Merged {
    Chunk(Vec<u8>),
    /// The span is over.
    End(io::Result<()>),
}

/// How a thread hands on what it merged, and gets back the room of what is written.
struct Hand {
    to: SyncSender<Merged>,
    written: Receiver<Vec<u8>>,
}

/// Writes all lines of all runs, in the order of instants, then contacts; so many bytes are in a span.
///
/// # Errors
/// When a run cannot be read, or nothing can be written.
pub fn write(runs: &[Run], threads: usize, span_bytes: u64, to: &mut dyn Write) -> io::Result<()> {
    let spans = &spans(runs, span_bytes);
    let threads = threads.clamp(1, spans.len());
    std::thread::scope(|scope| {
        let begin = |thread: usize| {
            let ((to, merged), (back, written)) = (sync_channel(CHUNKS_WAITING), channel());
            let hand = Hand { to, written };
            scope.spawn(move || spans.iter().skip(thread).step_by(threads).all(|span| hand.merge(runs, *span)));
            (merged, back)
        };
        let all: Vec<(Receiver<Merged>, Sender<Vec<u8>>)> = (0..threads).map(begin).collect();
        // A thread that cannot hand on what it merged ends: so an error here ends them all.
        for (merged, back) in all.iter().cycle().take(spans.len()) {
            loop {
                match merged.recv() {
                    Ok(Merged::Chunk(mut chunk)) => {
                        to.write_all(&chunk)?;
                        chunk.clear();
                        // Who has merged everything needs no room.
                        drop(back.send(chunk));
                    }
                    Ok(Merged::End(end)) => break end?,
                    Err(_) => return Err(io::ErrorKind::BrokenPipe.into()),
                }
            }
        }
        Ok(())
    })
}

impl Hand {
    /// Merges a span; false where nobody takes it.
    fn merge(&self, runs: &[Run], span: Span) -> bool {
        let mut chunk = self.room();
        let end = merge(runs, span, |_, _, lines| {
            lines.unpack(&mut chunk).ok_or(io::ErrorKind::InvalidData)?;
            if chunk.len() < CHUNK {
                return Ok(());
            }
            let full = std::mem::replace(&mut chunk, self.room());
            self.to.send(Merged::Chunk(full)).map_err(|_| io::ErrorKind::BrokenPipe.into())
        });
        self.to.send(Merged::Chunk(chunk)).is_ok() && self.to.send(Merged::End(end)).is_ok()
    }

    fn room(&self) -> Vec<u8> {
        self.written.try_recv().unwrap_or_else(|_| Vec::with_capacity(CHUNK + CHUNK / 8))
    }
}

/// Cuts time so that there are about so many bytes in each span; lines of one instant are in one.
fn spans(runs: &[Run], bytes: u64) -> Vec<Span> {
    let mut weights: Vec<(Instant, u64)> = runs.iter().flat_map(Run::weights).collect();
    weights.sort_unstable();
    let (mut spans, mut from, mut weight) = (Vec::new(), Span::ALL.from, 0);
    let mut first = weights.first().map_or(from, |(at, _)| *at);
    for (at, more) in weights {
        if weight >= bytes && at > first {
            spans.push(Span { from, until: Some(at) });
            (from, first, weight) = (at, at, 0);
        }
        weight += more;
    }
    spans.push(Span { from, until: None });
    spans
}

#[cfg(test)]
mod tests;
