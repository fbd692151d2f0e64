//! Where a simulation takes its history from: the CRM, or a cache of it.

use crate::drivers::Error;
use crate::engine::{Life, Person, Program, World};
use crate::store::cache::{Asked, Cache, Cold, Maker, Settings, Told};
use crate::store::crm::{Bounds, ContactRange, Crm, Findings, Lives, Notes};
use std::ops::{ControlFlow, Range};

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

/// A history in shares, one for each thread, in the order of contacts.
#[derive(Debug)]
pub(super) enum History<'a> {
    Crm(&'a Crm, Vec<ContactRange>),
    Cache(Box<Cache>, Vec<Range<usize>>),
}

/// One thread's share of a history.
pub(super) enum Share<'a> {
    Crm(&'a Lives<'a>, &'a Crm, &'a ContactRange),
    /// Whether contacts without events live too.
    Cache(&'a Cache, &'a Range<usize>, bool),
}

impl Share<'_> {
    /// Gives each contact of the share to `live`, with its life sorted and nothing admitted; `live` may stop the reading.
    pub fn read(
        &self,
        notes: &mut Notes,
        live: impl FnMut(&Person, &mut Life) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        match self {
            Share::Crm(lives, crm, range) => lives.read(crm, range, notes, live)?,
            Share::Cache(cache, part, everyone) => cache.read(part, *everyone, live)?,
        }
        Ok(())
    }
}

impl History<'_> {
    pub fn of_cache(cache: Box<Cache>, threads: usize) -> Self {
        let parts = cache.parts(threads);
        History::Cache(cache, parts)
    }

    pub fn threads(&self) -> usize {
        match self {
            History::Crm(_, ranges) => ranges.len(),
            History::Cache(_, parts) => parts.len(),
        }
    }

    /// What a cache knows of the reading; what a CRM tells comes with its lives.
    pub fn notes(&self) -> Notes {
        match self {
            History::Crm(..) => Notes::default(),
            History::Cache(cache, _) => cache.notes().clone(),
        }
    }

    /// How many persons have several rows.
    pub fn persons(&self) -> usize {
        match self {
            History::Crm(crm, _) => crm.persons().groups().len(),
            History::Cache(cache, _) => cache.persons(),
        }
    }

    /// How many rows there are to read; `None` where nobody has counted them, and reading is quick.
    pub fn rows(&self, program: &Program, world: &World) -> Result<Option<u64>, Error> {
        match self {
            History::Crm(crm, _) => Ok(Some(crm.lives(program, world)?.rows(crm)?)),
            History::Cache(..) => Ok(None),
        }
    }

    /// The bounds of the history, each thread looking at the events of its contacts.
    pub fn bounds(&self, program: &Program, world: &World) -> Result<Option<Bounds>, Error> {
        match self {
            History::Crm(crm, ranges) => {
                let lives = crm.lives(program, world)?;
                let found = in_threads(crm, ranges, |crm, range| Ok(lives.bounds(crm, range)?))?;
                Ok(found.into_iter().flatten().reduce(Bounds::with))
            }
            History::Cache(cache, _) => Ok(cache.notes().bounds),
        }
    }

    /// Does something with each share, in a thread of its own; what comes of it is in the order of shares. Contacts without
    /// events live too where the program takes all, or `everyone` is asked for.
    pub fn in_threads<T: Send>(
        &self,
        program: &Program,
        world: &World,
        everyone: bool,
        work: impl Fn(&Share<'_>) -> Result<T, Error> + Sync,
    ) -> Result<Vec<T>, Error> {
        match self {
            History::Crm(crm, ranges) => {
                let lives = crm.lives(program, world)?;
                let lives = if everyone { lives.of_everyone() } else { lives };
                in_threads(crm, ranges, |crm, range| work(&Share::Crm(&lives, crm, range)))
            }
            History::Cache(cache, parts) => {
                let everyone = everyone || program.takes_all();
                std::thread::scope(|scope| {
                    let work = &work;
                    let threads: Vec<_> = (parts.iter())
                        .map(|part| scope.spawn(move || work(&Share::Cache(cache, part, everyone))))
                        .collect();
                    threads.into_iter().map(joined).collect()
                })
            }
        }
    }
}

/// Does something with each range of contacts, in a thread of its own with a connection of its own; what comes of it is in
/// the order of ranges.
fn in_threads<T: Send>(
    crm: &Crm,
    ranges: &[ContactRange],
    work: impl Fn(&Crm, &ContactRange) -> Result<T, Error> + Sync,
) -> Result<Vec<T>, Error> {
    let crms = ranges.iter().map(|_| crm.again()).collect::<Result<Vec<Crm>, _>>()?;
    std::thread::scope(|scope| {
        let work = &work;
        let threads: Vec<_> =
            ranges.iter().zip(crms).map(|(range, crm)| scope.spawn(move || work(&crm, range))).collect();
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
        threads: usize,
    ) -> Result<(History<'h>, (World, Findings), ReadFrom), Error> {
        let (making, read_from) = match self {
            Way::Use(cache) => {
                let world = cache.world(program.needs())?;
                return Ok((History::of_cache(cache, threads), world, ReadFrom::Cache));
            }
            Way::Make(maker, because, everyone) => (Some((maker, everyone)), ReadFrom::Kept(because)),
            Way::Read(read_from) => (None, read_from),
        };
        let world = crm.world(program)?;
        let ranges = crm.lives(program, &world.0)?.ranges(crm, threads)?;
        let Some((maker, everyone)) = making else { return Ok((History::Crm(crm, ranges), world, read_from)) };
        let (history, kept) = keep(*maker, (crm, ranges), program, &world, everyone)?;
        Ok((history, world, kept.map_or_else(ReadFrom::Cold, |()| read_from)))
    }
}

/// Reads all lives once, into a cache that serves from then on; says whether it is kept. Where it cannot be made, the
/// history is that of the CRM.
fn keep<'h>(
    maker: Maker<'_>,
    (crm, ranges): (&'h Crm, Vec<ContactRange>),
    program: &Program,
    (world, unreadable): &(World, Findings),
    everyone: bool,
) -> Result<(History<'h>, Result<(), Cold>), Error> {
    let lives = crm.lives(program, world)?;
    let lives = if everyone { lives.of_everyone() } else { lives };
    let kept = maker.lives();
    let read = in_threads(crm, &ranges, |crm, range| {
        let (mut notes, mut part) = (Notes::default(), kept.part(range.from.clone()));
        lives.read(crm, range, &mut notes, |person, life| match part.add(person, life) {
            true => ControlFlow::Continue(()),
            false => ControlFlow::Break(()),
        })?;
        Ok((part.finish(), notes))
    })?;
    let (parts, mut notes): (Vec<Result<(), Cold>>, Vec<Notes>) = read.into_iter().unzip();
    if let Err(cold) = parts.into_iter().collect::<Result<(), Cold>>() {
        return Ok((History::Crm(crm, ranges), Err(cold)));
    }
    if everyone != program.takes_all() {
        // What is told of those without events is told only where they live.
        let lives = crm.lives(program, world)?;
        notes = in_threads(crm, &ranges, |crm, range| {
            let mut notes = Notes::default();
            lives.read(crm, range, &mut notes, |_, _| ControlFlow::Continue(()))?;
            Ok(notes)
        })?;
    }
    let mut told = Notes::default();
    notes.into_iter().for_each(|notes| told.absorb(notes));
    let persons = crm.persons().groups().len();
    Ok(match maker.finish(&Told { world, unreadable, notes: &told, persons }) {
        Ok((cache, kept)) => (History::of_cache(Box::new(cache), ranges.len()), kept),
        Err(cold) => (History::Crm(crm, ranges), Err(cold)),
    })
}
