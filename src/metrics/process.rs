//! The process, by the names that every Prometheus client uses. What `/proc` does not tell is left out.

use std::fs;

use rustix::param::{clock_ticks_per_second, page_size};
use rustix::process::{Resource, getrlimit};

use super::Gauges;

/// Says how the process is.
pub(super) fn tell(gauges: &mut Gauges) {
    if let Some(open) = open_files() {
        gauges.one(("process_open_fds", "Number of open file descriptors."), open as f64);
    }
    if let Some(most) = getrlimit(Resource::Nofile).current {
        gauges.one(("process_max_fds", "Maximum number of open file descriptors."), most as f64);
    }
    let Some(stat) = fs::read_to_string("/proc/self/stat").ok().and_then(|text| Stat::read(&text)) else {
        return;
    };
    let ticks = clock_ticks_per_second() as f64;
    let about = ("process_resident_memory_bytes", "Resident memory size in bytes.");
    gauges.one(about, (stat.pages * page_size() as u64) as f64);
    let about = ("process_cpu_seconds_total", "Total user and system CPU time spent in seconds.");
    gauges.counted(about, stat.cpu_ticks as f64 / ticks);
    if let Some(booted) = booted() {
        let about = ("process_start_time_seconds", "Start time of the process since unix epoch in seconds.");
        gauges.one(about, booted + stat.start_ticks as f64 / ticks);
    }
}

/// How many files are open; the one that this looks into is not counted.
pub(super) fn open_files() -> Option<usize> {
    fs::read_dir("/proc/self/fd").ok().map(|entries| entries.count().saturating_sub(1))
}

/// What of `/proc/self/stat` is used (proc_pid_stat(5)).
#[derive(Debug, PartialEq, Eq)]
struct Stat {
    cpu_ticks: u64,
    start_ticks: u64,
    pages: u64,
}

impl Stat {
    /// The name, which may hold anything, ends with the last parenthesis; the state behind it is field 3.
    fn read(text: &str) -> Option<Self> {
        let fields: Vec<_> = text.rsplit_once(')')?.1.split_ascii_whitespace().collect();
        let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
        Some(Self { cpu_ticks: field(14)? + field(15)?, start_ticks: field(22)?, pages: field(24)? })
    }
}

/// When the system was started, seconds since 1970.
fn booted() -> Option<f64> {
    let stat = fs::read_to_string("/proc/stat").ok()?;
    stat.lines().find_map(|line| line.strip_prefix("btime "))?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_parentheses_and_spaces_moves_no_field() {
        let fields: Vec<_> = (4..=30).map(|number| number.to_string()).collect();
        let text = format!("17 (a) b (c) S {}\n", fields.join(" "));
        assert_eq!(Stat::read(&text), Some(Stat { cpu_ticks: 29, start_ticks: 22, pages: 24 }));
        assert_eq!(Stat::read("17 (a) S 4"), None);
    }

    #[test]
    fn an_open_file_is_counted() {
        let before = open_files().unwrap();
        let files: Vec<_> = (0..50).map(|_| fs::File::open("/proc/self/stat").unwrap()).collect();
        // Other tests open and close files meanwhile.
        assert!(open_files().unwrap() >= before.saturating_sub(40) + 40, "{}", files.len());
    }
}
