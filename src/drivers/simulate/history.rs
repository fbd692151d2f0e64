//! Where a simulation takes its history from: the CRM, or a cache of it.

use super::Request;
use crate::drivers::Error;
use crate::engine::{Life, Person, Program, World};
use crate::model::Id;
use crate::store::cache::{self, Asked, Cache, Cold, Maker, Settings};
use crate::store::crm::{Bounds, ContactRange, Crm, Findings, Lives, Notes, Parts, Sizes};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Where a history was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ReadFrom {
    /// The CRM: nobody asked for a cache.
    #[default]
    Crm,
    Cache,
    /// The CRM, for this reason, and it is kept for the next time.
    Kept(Cold),
    /// The CRM, for this reason, and it is not kept.
    Cold(Cold),
}

/// A history in pieces of whole contacts, in the order of contacts.
#[derive(Debug)]
pub(super) enum History<'a> {
    /// Read in the order of contacts, a range for each thread.
    Crm(&'a Crm, Vec<ContactRange>),
    /// Taken from the CRM once, in parts, for so many threads.
    Parts(&'a Crm, Parts, usize),
    Cache(Box<Cache>, usize),
}

/// What one thread reads of a history: piece after piece, as long as there is one that no other thread has.
pub(super) struct Share<'a> {
    from: From<'a>,
    pieces: usize,
    next: &'a AtomicUsize,
}

enum From<'a> {
    Crm(&'a Lives<'a>, Crm, &'a [ContactRange]),
    Parts(&'a Lives<'a>, Crm, &'a Parts),
    /// Whether contacts without events live too.
    Cache(&'a Cache, bool),
}

/// What was told of each piece of a history, by its place: so the order in which pieces were read does not show.
pub(super) type Told = BTreeMap<usize, Notes>;

impl Share<'_> {
    /// The next piece, which no other thread gets.
    fn take(&self) -> Option<usize> {
        let piece = self.next.fetch_add(1, Relaxed);
        (piece < self.pieces).then_some(piece)
    }

    /// The first contact of a piece; `None` where it is the first of all.
    fn first(&self, piece: usize) -> Option<Id> {
        match &self.from {
            From::Crm(_, _, ranges) => ranges.get(piece).and_then(|range| range.from.clone()),
            From::Parts(_, _, parts) => parts.range(piece).from,
            From::Cache(..) => None,
        }
    }

    fn read_piece(
        &self,
        piece: usize,
        notes: &mut Notes,
        live: impl FnMut(&Person, &mut Life) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        match &self.from {
            From::Crm(lives, crm, ranges) => {
                ranges.get(piece).map_or(Ok(()), |range| lives.read(crm, range, notes, live))?;
            }
            From::Parts(lives, crm, parts) => lives.read_part(crm, parts, piece, notes, live)?,
            From::Cache(cache, everyone) => cache.read(piece, *everyone, live)?,
        }
        Ok(())
    }

    /// Gives each contact of the pieces that are still there to `live`, with its life sorted and nothing admitted; `live` may
    /// stop the reading.
    pub fn read(
        &self,
        told: &mut Told,
        mut live: impl FnMut(&Person, &mut Life) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        while let Some(piece) = self.take() {
            self.read_piece(piece, told.entry(piece).or_default(), |person, life| {
                let flow = live(person, life);
                if flow.is_break() {
                    // The others need not go on either.
                    self.next.store(self.pieces, Relaxed);
                }
                flow
            })?;
        }
        Ok(())
    }
}

impl<'h> History<'h> {
    /// The history of a CRM: taken at once where the `whole` of it is wanted and its tables can be cut, otherwise to be read in the
    /// order of contacts.
    fn of_crm(
        crm: &'h Crm,
        program: &Program,
        world: &World,
        threads: usize,
        whole: bool,
    ) -> Result<History<'h>, Error> {
        let lives = crm.lives(program, world)?;
        let taker = if whole { lives.taker(crm, Sizes::USUAL)? } else { None };
        let Some(taker) = taker else { return Ok(History::Crm(crm, lives.ranges(crm, threads)?)) };
        let crms = (0..threads.max(1)).map(|_| crm.again()).collect::<Result<Vec<Crm>, _>>()?;
        in_threads(crms, |crm| Ok(taker.take(&crm)?))?;
        Ok(History::Parts(crm, taker.finish(), threads))
    }
}

impl History<'_> {
    /// How many threads read it.
    pub fn threads(&self) -> usize {
        match self {
            History::Crm(_, ranges) => ranges.len(),
            History::Parts(_, parts, threads) => parts.count().min(*threads).max(1),
            History::Cache(cache, threads) => cache.chunks().min(*threads).max(1),
        }
    }

    fn pieces(&self) -> usize {
        match self {
            History::Crm(_, ranges) => ranges.len(),
            History::Parts(_, parts, _) => parts.count(),
            History::Cache(cache, _) => cache.chunks(),
        }
    }

    /// What a cache knows of the reading; what a CRM tells comes with its lives.
    pub fn notes(&self) -> Notes {
        match self {
            History::Crm(..) | History::Parts(..) => Notes::default(),
            History::Cache(cache, _) => cache.notes().clone(),
        }
    }

    /// How many persons have several rows.
    pub fn persons(&self) -> usize {
        match self {
            History::Crm(crm, _) | History::Parts(crm, ..) => crm.persons().groups().len(),
            History::Cache(cache, _) => cache.persons(),
        }
    }

    /// How many rows there are to read; `None` where nobody has counted them, and reading is quick.
    pub fn rows(&self, program: &Program, world: &World) -> Result<Option<u64>, Error> {
        match self {
            History::Crm(crm, _) => Ok(Some(crm.lives(program, world)?.rows(crm)?)),
            History::Parts(_, parts, _) => Ok(Some(parts.rows())),
            History::Cache(..) => Ok(None),
        }
    }

    /// The bounds of the history, each thread looking at the events of its contacts where nobody knows them yet.
    pub fn bounds(&self, program: &Program, world: &World) -> Result<Option<Bounds>, Error> {
        match self {
            History::Crm(crm, ranges) => {
                let lives = crm.lives(program, world)?;
                let with_crm = |range| Ok((crm.again()?, range));
                let crms = ranges.iter().map(with_crm).collect::<Result<Vec<(Crm, &ContactRange)>, Error>>()?;
                let found = in_threads(crms, |(crm, range)| Ok(lives.bounds(&crm, range)?))?;
                Ok(found.into_iter().flatten().reduce(Bounds::with))
            }
            History::Parts(_, parts, _) => Ok(parts.bounds()),
            History::Cache(cache, _) => Ok(cache.notes().bounds),
        }
    }

    /// Does something with each share, in a thread of its own. Contacts without events live too where the program takes all, or
    /// `everyone` is asked for.
    pub fn in_threads<T: Send>(
        &self,
        program: &Program,
        world: &World,
        everyone: bool,
        work: impl Fn(&Share<'_>) -> Result<T, Error> + Sync,
    ) -> Result<Vec<T>, Error> {
        let (next, pieces) = (&AtomicUsize::new(0), self.pieces());
        let lives = match self {
            History::Crm(crm, _) | History::Parts(crm, ..) => {
                let lives = crm.lives(program, world)?;
                Some(if everyone { lives.of_everyone() } else { lives })
            }
            History::Cache(..) => None,
        };
        let share = |_| {
            let from = match (self, &lives) {
                (History::Crm(crm, ranges), Some(lives)) => From::Crm(lives, crm.again()?, ranges),
                (History::Parts(crm, parts, _), Some(lives)) => From::Parts(lives, crm.again()?, parts),
                (History::Cache(cache, _), _) => From::Cache(cache, everyone || program.takes_all()),
                (_, None) => return Ok(None),
            };
            Ok(Some(Share { from, pieces, next }))
        };
        let shares = (0..self.threads()).map(share).collect::<Result<Vec<Option<Share<'_>>>, Error>>()?;
        in_threads(shares.into_iter().flatten().collect(), |share| work(&share))
    }
}

/// Does something with each of these, in a thread of its own.
fn in_threads<S: Send, T: Send>(shares: Vec<S>, work: impl Fn(S) -> Result<T, Error> + Sync) -> Result<Vec<T>, Error> {
    std::thread::scope(|scope| {
        let work = &work;
        let threads: Vec<_> = shares.into_iter().map(|share| scope.spawn(move || work(share))).collect();
        threads.into_iter().map(joined).collect()
    })
}

fn joined<T>(thread: std::thread::ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// How a history is come by.
pub(super) enum Way<'a> {
    /// From the CRM.
    Read(ReadFrom),
    /// From the CRM, for this reason, into a cache: begun before anything is read.
    Make(Box<Maker<'a>>, Cold, bool),
    Use(Box<Cache>),
}

impl<'a> Way<'a> {
    /// The quickest.
    pub fn of(settings: Option<&'a Settings>, asked: &Asked<'a>) -> Way<'a> {
        let Some(settings) = settings else { return Way::Read(ReadFrom::Crm) };
        match Cache::fresh(settings, asked) {
            Ok(cache) => Way::Use(Box::new(cache)),
            Err(cold) => Way::make(settings, asked, cold),
        }
    }

    /// After a cache was found to be damaged; so often before.
    pub fn after(failures: &mut u32, settings: Option<&'a Settings>, asked: &Asked<'a>) -> Way<'a> {
        *failures += 1;
        match settings {
            Some(settings) if *failures == 1 => Way::make(settings, asked, Cold::Unusable),
            _ => Way::Read(ReadFrom::Cold(Cold::Unusable)),
        }
    }

    fn make(settings: &'a Settings, asked: &Asked<'a>, because: Cold) -> Way<'a> {
        if !because.may_be_made() {
            return Way::Read(ReadFrom::Cold(because));
        }
        match Maker::begin(settings, asked) {
            Ok(maker) => Way::Make(Box::new(maker), because, asked.everyone),
            Err(cold) => Way::Read(ReadFrom::Cold(cold)),
        }
    }

    /// The history, with the entities and what cannot be read of them. `crm` was opened after the way was chosen.
    pub fn history<'h>(
        self,
        program: &Program,
        crm: &'h Crm,
        request: &Request,
    ) -> Result<(History<'h>, (World, Findings), ReadFrom), Error> {
        let threads = request.threads;
        let (making, read_from) = match self {
            Way::Use(cache) => {
                let world = cache.world(program.needs())?;
                return Ok((History::Cache(cache, threads), world, ReadFrom::Cache));
            }
            Way::Make(maker, because, everyone) => (Some((maker, everyone)), ReadFrom::Kept(because)),
            Way::Read(read_from) => (None, read_from),
        };
        let world = crm.world(program)?;
        // One contact alone is read by itself.
        let whole = request.contact.is_empty() || program.has_measures();
        let history = History::of_crm(crm, program, &world.0, threads, whole)?;
        let Some((maker, everyone)) = making else { return Ok((history, world, read_from)) };
        let (history, kept) = keep(*maker, history, (program, threads), &world, everyone)?;
        Ok((history, world, kept.map_or_else(ReadFrom::Cold, |()| read_from)))
    }
}

/// Reads all lives once, into a cache that serves from then on; says whether it is kept. Where it cannot be made, the
/// history is that of the CRM.
fn keep<'h>(
    maker: Maker<'_>,
    history: History<'h>,
    (program, threads): (&Program, usize),
    (world, unreadable): &(World, Findings),
    everyone: bool,
) -> Result<(History<'h>, Result<(), Cold>), Error> {
    let kept = maker.lives();
    let read = history.in_threads(program, world, everyone, |share| {
        let mut told = Told::new();
        while let Some(piece) = share.take() {
            let mut part = kept.part(share.first(piece));
            share.read_piece(piece, told.entry(piece).or_default(), |person, life| match part.add(person, life) {
                true => ControlFlow::Continue(()),
                false => ControlFlow::Break(()),
            })?;
            if let Err(cold) = part.finish() {
                return Ok(Err(cold));
            }
        }
        Ok(Ok(told))
    })?;
    let mut told = match read.into_iter().collect::<Result<Vec<Told>, Cold>>() {
        Ok(told) => told,
        Err(cold) => return Ok((history, Err(cold))),
    };
    if everyone != program.takes_all() {
        // What is told of those without events is told only where they live.
        told = history.in_threads(program, world, false, |share| {
            let mut told = Told::new();
            share.read(&mut told, |_, _| ControlFlow::Continue(()))?;
            Ok(told)
        })?;
    }
    let notes = together(told.into_iter().flatten().collect());
    let persons = history.persons();
    Ok(match maker.finish(&cache::Told { world, unreadable, notes: &notes, persons }) {
        Ok((cache, kept)) => (History::Cache(Box::new(cache), threads), kept),
        Err(cold) => (history, Err(cold)),
    })
}

/// What was told of all pieces.
pub(super) fn together(told: Told) -> Notes {
    let mut notes = Notes::default();
    told.into_values().for_each(|more| notes.absorb(more));
    notes
}
