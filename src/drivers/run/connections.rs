//! Handing mail to a server over several connections at once, each in its thread.
//!
//! The state has one writer, the thread that runs. Connections tell it what happens and wait until it is written down;
//! what several tell meanwhile is one commit, so that a disk that is slow to sync slows all connections once.

use super::super::Error;
use super::Run;
use super::deliver::{Form, Ready, Results};
use crate::channel::{Outcome as Sent, Sender, SmtpSettings};
use crate::store::state::{Outcome as Settled, Ticket};
use crate::time::Instant;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How often the writer asks whether it is to stop, while nobody tells it anything.
const BREATH: Duration = Duration::from_millis(5);

/// What a connection tells the writer; `written` hears when it is on the disk, and is dropped when it cannot be.
struct Told {
    news: News,
    written: mpsc::Sender<()>,
}

enum News {
    /// The server has everything of a message but the final dot.
    Handed(Ticket),
    /// An attempt is over.
    Over(Box<Ready>, Sent),
}

impl Run {
    /// Sends mail over all connections, and records what became of each message before its connection takes the next.
    pub(super) fn mail(
        &mut self,
        mail: Vec<Ready>,
        settings: &SmtpSettings,
        connections: usize,
        now: Instant,
        stop: &dyn Fn() -> bool,
        results: &mut Results,
    ) -> Result<(), Error> {
        if mail.is_empty() {
            return Ok(());
        }
        let mut senders = Vec::new();
        let halt = Arc::new(AtomicBool::new(false));
        for _ in 0..connections.clamp(1, 100).min(mail.len()) {
            let wrong = |error| Error::Io("mail".into(), std::io::Error::other(format!("{error}")));
            let settings = SmtpSettings { leave: Some(Arc::clone(&halt)), ..settings.clone() };
            senders.push(Sender::new(settings).map_err(wrong)?);
        }
        let queue: Mutex<VecDeque<Ready>> = Mutex::new(mail.into());
        let mut failed: Option<Error> = None;
        std::thread::scope(|scope| {
            let (tell, told) = mpsc::channel();
            for sender in senders {
                let (tell, queue, halt) = (tell.clone(), &queue, &halt);
                scope.spawn(move || connection(sender, queue, halt, &tell));
            }
            drop(tell);
            loop {
                if stop() || failed.is_some() {
                    halt.store(true, Ordering::Relaxed);
                }
                match told.recv_timeout(BREATH) {
                    Ok(first) => {
                        let batch = std::iter::once(first).chain(told.try_iter()).collect();
                        if let Err(error) = self.write_down(batch, failed.is_none(), now, results, &halt) {
                            failed.get_or_insert(error);
                        }
                    }
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => return,
                }
            }
        });
        if let Some(error) = failed {
            return Err(error);
        }
        // What was claimed and not tried.
        let left = queue.into_inner().unwrap_or_default();
        let waiting: Vec<(Ticket, Settled)> =
            left.iter().map(|ready| (ready.due.ticket, results.left(&ready.due, now))).collect();
        Ok(self.state.settle(&waiting, now)?)
    }

    /// Writes down what connections told. After a failure no message may be handed any more; what was sent is still
    /// written down, if it can be.
    fn write_down(
        &mut self,
        batch: Vec<Told>,
        may_hand: bool,
        now: Instant,
        results: &mut Results,
        halt: &AtomicBool,
    ) -> Result<(), Error> {
        let (mut tickets, mut handed) = (Vec::new(), Vec::new());
        let (mut outcomes, mut over) = (Vec::new(), Vec::new());
        for Told { news, written } in batch {
            match news {
                News::Handed(ticket) => {
                    tickets.push(ticket);
                    handed.push(written);
                }
                News::Over(ready, sent) => {
                    outcomes.push((ready.due.ticket, results.take(&ready, sent, now)));
                    over.push(written);
                }
            }
        }
        let tell = |all: Vec<mpsc::Sender<()>>| {
            for written in all {
                // A connection that does not listen any more has ended.
                let _ = written.send(());
            }
        };
        if results.circuit.is_open() || results.down {
            // Before anybody hears that the last one is over, and takes the next.
            halt.store(true, Ordering::Relaxed);
        }
        if !outcomes.is_empty() {
            self.state.settle(&outcomes, now)?;
            tell(over);
        }
        if may_hand && !tickets.is_empty() {
            self.state.handed(&tickets, now)?;
            tell(handed);
        }
        Ok(())
    }
}

/// One connection: takes message after message until there is none, or nothing more is to be sent.
fn connection(mut sender: Sender, queue: &Mutex<VecDeque<Ready>>, halt: &AtomicBool, tell: &mpsc::Sender<Told>) {
    // An error means that it is not written down, and why is known to the writer.
    let write_down = |news: News| {
        let (written, heard) = mpsc::channel();
        tell.send(Told { news, written }).map_err(drop)?;
        heard.recv().map_err(drop)
    };
    while !halt.load(Ordering::Relaxed) {
        let Some(ready) = queue.lock().ok().and_then(|mut queue| queue.pop_front()) else { return };
        let Form::Mail(mail) = &ready.form else { continue };
        let ticket = ready.due.ticket;
        let Ok(sent) = sender.send(mail, || write_down(News::Handed(ticket))) else { return };
        if write_down(News::Over(Box::new(ready), sent)).is_err() {
            return;
        }
    }
}
