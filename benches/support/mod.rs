//! What the benches share: the release binary, the history, and two contestants timed in turn.

#![allow(dead_code, reason = "each bench is a program of its own and uses a part of this")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A folder under `target/` that this bench may fill; it stays between runs.
pub fn room(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// A path of the repository.
pub fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The folder of the whole histories.
pub fn shared() -> PathBuf {
    std::env::var_os("SCN_DATA").map_or_else(|| repository("../shared"), PathBuf::from)
}

/// The release binary.
pub fn scn() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_scn"));
    command.stdout(Stdio::null());
    command
}

/// The CRM of so many copies of "Online Retail", as `bench/build_crm.py` makes it; `None`, with a word, where that is not there.
pub fn copies(copies: u32) -> Option<PathBuf> {
    let (builder, csv) = (shared().join("bench/build_crm.py"), shared().join("data/online_retail.csv.gz"));
    let crm = room("crm").join(format!("copies_{copies}.db"));
    if crm.exists() {
        return Some(crm);
    }
    if !builder.exists() || !csv.exists() {
        println!("not measured: {} and {} are needed", builder.display(), csv.display());
        return None;
    }
    let mut build = Command::new("python3");
    build.arg(&builder).arg(&csv).arg(&crm).arg(copies.to_string()).stdout(Stdio::null());
    if !build.status().is_ok_and(|status| status.success()) {
        println!("not measured: python3 could not run {}", builder.display());
        return None;
    }
    Some(crm)
}

/// Writes a scenario file into a folder and returns its path.
pub fn scenario(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(format!("{name}.scn"));
    std::fs::write(&path, text).unwrap();
    path
}

/// A contestant: its name and one run of it.
pub type Contestant<'a> = (String, Box<dyn FnMut() + 'a>);

/// What the runs of a contestant took.
#[derive(Debug, Default)]
pub struct Times {
    pub walls: Vec<Duration>,
    /// Of all runs, children included; `None` where the system does not say.
    pub processor: Option<Duration>,
}

impl Times {
    pub fn median(&self) -> Duration {
        let mut walls = self.walls.clone();
        walls.sort();
        walls.get(walls.len() / 2).copied().unwrap_or_default()
    }
}

/// Runs all contestants once to warm up, then in turn, round after round, so that what else the machine does meets all.
/// What they write is removed before each round: to replace a file is the file system's work.
pub fn race(rounds: usize, contestants: &mut [Contestant<'_>], written: &[PathBuf]) -> Vec<Times> {
    let mut times: Vec<Times> = contestants.iter().map(|_| Times::default()).collect();
    contestants.iter_mut().for_each(|(_, run)| run());
    for _ in 0..rounds {
        written.iter().for_each(|file| drop(std::fs::remove_file(file)));
        for ((_, run), times) in contestants.iter_mut().zip(&mut times) {
            let before = processor_time();
            let start = Instant::now();
            run();
            times.walls.push(start.elapsed());
            let took = processor_time().zip(before).map(|(after, before)| after.saturating_sub(before));
            times.processor = took.map(|took| took + times.processor.unwrap_or_default());
        }
    }
    times
}

/// Prints a race: medians, and the ratio to the first contestant in the same round: median, smallest and largest.
pub fn print(contestants: &[Contestant<'_>], times: &[Times]) {
    let Some(first) = times.first() else { return };
    println!("{:<58} {:>9} {:>9}   ratio (least to most) of wall time", "", "wall ms", "cpu ms");
    for ((name, _), own) in contestants.iter().zip(times) {
        let rounds = own.walls.len().max(1) as f64;
        let cpu = own.processor.map_or("?".into(), |all| format!("{:.1}", all.as_secs_f64() * 1e3 / rounds));
        let mut ratios: Vec<f64> =
            own.walls.iter().zip(&first.walls).map(|(own, first)| own.as_secs_f64() / first.as_secs_f64()).collect();
        ratios.sort_by(f64::total_cmp);
        let at = |place: usize| ratios.get(place).copied().unwrap_or(f64::NAN);
        let (median, least, most) = (at(ratios.len() / 2), at(0), at(ratios.len().saturating_sub(1)));
        let wall = own.median().as_secs_f64() * 1e3;
        println!("{name:<58} {wall:>9.1} {cpu:>9}   {median:.2} ({least:.2} to {most:.2})");
    }
}

/// Says how many cores there are and how busy they were in the last minute.
pub fn print_machine() {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().filter(|load| !load.is_empty()).unwrap_or("unknown");
    println!("cores: {cores}; load over the last minute: {load} (ratios are to be believed when it is under {cores})");
}

/// Processor time of this process and of its children that have ended: fields 14 to 17 of `/proc/self/stat`, in hundredths
/// of a second (proc_pid_stat(5)).
fn processor_time() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/self/stat").ok()?;
    let (_, after_name) = text.rsplit_once(')')?;
    let ticks: u64 = after_name.split_whitespace().skip(11).take(4).filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
    Some(Duration::from_millis(ticks * 10))
}

/// Runs a command to its end and gives the most memory it had, in MiB: `VmHWM` of `/proc/PID/status`, looked at every
/// millisecond; `None` where the system does not say.
pub fn peak_memory(mut command: Command) -> Option<f64> {
    let mut child = command.spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut peak = None;
    while child.try_wait().unwrap().is_none() {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kibibytes = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
        peak = kibibytes.or(peak);
        std::thread::sleep(Duration::from_millis(1));
    }
    peak.map(|kibibytes| kibibytes / 1024.0)
}
