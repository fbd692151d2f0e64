//! Handing over on several connections at once, each in its thread: mail to a server, and by the same way calls.
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
pub(super) struct Told<T> {
    news: News<T>,
    written: mpsc::Sender<()>,
}

pub(super) enum News<T> {
    /// From now on whoever is at the other end may have it.
    Handed(Ticket),
    /// An attempt is over.
    Over(T),
}

/// It is not written down; why is known to the writer.
pub(super) struct NotWritten;

/// A connection's way to the writer.
pub(super) struct Writer<T>(mpsc::Sender<Told<T>>);

impl<T> Writer<T> {
    /// A way to the writer, and what [`Run::write_down`] listens to.
    pub fn channel() -> (Writer<T>, mpsc::Receiver<Told<T>>) {
        let (tell, told) = mpsc::channel();
        (Writer(tell), told)
    }

    /// Another way to the same writer.
    pub fn again(&self) -> Writer<T> {
        Writer(self.0.clone())
    }

    /// Returns when it is on the disk.
    pub fn write_down(&self, news: News<T>) -> Result<(), NotWritten> {
        let (written, heard) = mpsc::channel();
        self.0.send(Told { news, written }).map_err(|_| NotWritten)?;
        heard.recv().map_err(|_| NotWritten)
    }
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
        std::thread::scope(|scope| {
            let (writer, told) = Writer::channel();
            for sender in senders {
                let (writer, queue, halt) = (writer.again(), &queue, &halt);
                scope.spawn(move || connection(sender, queue, halt, &writer));
            }
            drop(writer);
            self.write_down(&told, &halt, now, stop, &mut |(ready, sent): (Box<Ready>, Sent)| {
                let settled = results.take(&ready, sent, now);
                if results.circuit.is_open() || results.down {
                    // Before anybody hears that the last one is over, and takes the next.
                    halt.store(true, Ordering::Relaxed);
                }
                (ready.due.ticket, settled)
            })
        })?;
        // What was claimed and not tried.
        let left = queue.into_inner().unwrap_or_default();
        let waiting: Vec<(Ticket, Settled)> =
            left.iter().map(|ready| (ready.due.ticket, results.left(&ready.due, now))).collect();
        Ok(self.state.settle(&waiting, now)?)
    }

    /// Writes down what connections tell until all of them have ended; `judge` says what is to be written of an attempt
    /// that is over. `halt` is raised for them when it is time to stop. After a failure no message may be handed any more; what
    /// was sent is still written down, if it can be.
    pub(super) fn write_down<T>(
        &mut self,
        told: &mpsc::Receiver<Told<T>>,
        halt: &AtomicBool,
        now: Instant,
        stop: &dyn Fn() -> bool,
        judge: &mut dyn FnMut(T) -> (Ticket, Settled),
    ) -> Result<(), Error> {
        let mut result = Ok(());
        loop {
            if stop() || result.is_err() {
                halt.store(true, Ordering::Relaxed);
            }
            match told.recv_timeout(BREATH) {
                Ok(first) => {
                    let batch = std::iter::once(first).chain(told.try_iter()).collect();
                    let written = self.write_batch(batch, result.is_ok(), now, judge);
                    result = result.and(written);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return result,
            }
        }
    }

    fn write_batch<T>(
        &mut self,
        batch: Vec<Told<T>>,
        may_hand: bool,
        now: Instant,
        judge: &mut dyn FnMut(T) -> (Ticket, Settled),
    ) -> Result<(), Error> {
        let (mut tickets, mut handed) = (Vec::new(), Vec::new());
        let (mut outcomes, mut over) = (Vec::new(), Vec::new());
        for Told { news, written } in batch {
            match news {
                News::Handed(ticket) => {
                    tickets.push(ticket);
                    handed.push(written);
                }
                News::Over(attempt) => {
                    outcomes.push(judge(attempt));
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
fn connection(
    mut sender: Sender,
    queue: &Mutex<VecDeque<Ready>>,
    halt: &AtomicBool,
    writer: &Writer<(Box<Ready>, Sent)>,
) {
    while !halt.load(Ordering::Relaxed) {
        let Some(ready) = queue.lock().ok().and_then(|mut queue| queue.pop_front()) else { return };
        let Form::Mail(mail) = &ready.form else { continue };
        let ticket = ready.due.ticket;
        let Ok(sent) = sender.send(mail, || writer.write_down(News::Handed(ticket))) else { return };
        if writer.write_down(News::Over((Box::new(ready), sent))).is_err() {
            return;
        }
    }
}
