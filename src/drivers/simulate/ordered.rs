//! Writing sorted lines by several threads: time is cut into spans, each thread merges and unpacks span after span, and what they
//! make is written in the order of spans.

use super::runs::{Run, Span, merge};
use crate::time::Instant;
use std::io::{self, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

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

/// Writes all lines of all runs, in the order of instants, then contacts; so many bytes are in a span.
///
/// # Errors
/// When a run cannot be read, or nothing can be written.
pub fn write(runs: &[Run], threads: usize, span_bytes: u64, to: &mut dyn Write) -> io::Result<()> {
    let spans = &spans(runs, span_bytes);
    let threads = threads.clamp(1, spans.len());
    std::thread::scope(|scope| {
        let merged: Vec<Receiver<Merged>> = (0..threads)
            .map(|thread| {
                let (sender, receiver) = sync_channel(CHUNKS_WAITING);
                scope.spawn(move || {
                    spans.iter().skip(thread).step_by(threads).all(|span| hand_on(runs, *span, &sender))
                });
                receiver
            })
            .collect();
        // A thread that cannot hand on what it merged ends: so an error here ends them all.
        for merged in merged.iter().cycle().take(spans.len()) {
            loop {
                match merged.recv() {
                    Ok(Merged::Chunk(chunk)) => to.write_all(&chunk)?,
                    Ok(Merged::End(end)) => break end?,
                    Err(_) => return Err(io::ErrorKind::BrokenPipe.into()),
                }
            }
        }
        Ok(())
    })
}

/// Merges a span; false where nobody takes it.
fn hand_on(runs: &[Run], span: Span, to: &SyncSender<Merged>) -> bool {
    let room = || Vec::with_capacity(CHUNK + CHUNK / 8);
    let mut chunk = room();
    let end = merge(runs, span, |_, _, lines| {
        lines.unpack(&mut chunk).ok_or(io::ErrorKind::InvalidData)?;
        if chunk.len() < CHUNK {
            return Ok(());
        }
        let full = std::mem::replace(&mut chunk, room());
        to.send(Merged::Chunk(full)).map_err(|_| io::ErrorKind::BrokenPipe.into())
    });
    to.send(Merged::Chunk(chunk)).is_ok() && to.send(Merged::End(end)).is_ok()
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
