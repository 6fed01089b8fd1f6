//! What the process takes of the machine.

use std::cell::RefCell;
use std::fs;
use std::time::{Duration, Instant};

use super::recorder::{Recorder, Told};
use crate::agent::Agent;

/// How often it is looked at.
const PACE: Duration = Duration::from_secs(1);
/// By how much memory may be more in the last quarter than it was in the second: a part of it, and a little.
const PART: f64 = 0.10;
const LITTLE: f64 = 4.0;
/// How many files more than at the start may be open at the end: connections that the kernel has not closed yet.
const FILES: usize = 40;

struct Sample {
    mebibytes: f64,
    files: usize,
    calls: u64,
}

/// Looks at one process.
pub struct Meter {
    pid: u32,
    samples: RefCell<Vec<Sample>>,
}

impl Meter {
    pub fn start(agent: &Agent) -> Self {
        let this = Self { pid: agent.pid(), samples: RefCell::default() };
        let first = this.sample(0);
        this.samples.borrow_mut().push(first);
        this
    }

    /// Looks at it until then.
    pub fn measure(&self, until: Instant, recorder: &Recorder) {
        while Instant::now() < until {
            // Time itself is what is waited for.
            std::thread::sleep(PACE);
            let sample = self.sample(recorder.open());
            self.samples.borrow_mut().push(sample);
        }
    }

    fn sample(&self, calls: u64) -> Sample {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid)).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        let kibibytes: f64 = line.trim().trim_end_matches(" kB").parse().unwrap();
        let files = fs::read_dir(format!("/proc/{}/fd", self.pid)).unwrap().count();
        Sample { mebibytes: kibibytes / 1024.0, files, calls }
    }

    /// Memory is flat, and files are closed.
    pub fn check(&self, told: &Told) {
        let samples = self.samples.borrow();
        let quarter = samples.len() / 4;
        let mean = |number: usize| {
            let quarter = &samples[number * quarter..(number + 1) * quarter];
            quarter.iter().map(|sample| sample.mebibytes).sum::<f64>() / quarter.len() as f64
        };
        let [first, second, third, fourth] = [0, 1, 2, 3].map(mean);
        let most = |of: fn(&Sample) -> u64| samples.iter().map(of).max().unwrap();
        let (calls, files) = (most(|sample| sample.calls), most(|sample| sample.files as u64));
        let last = self.sample(0);
        eprintln!(
            "{} calls, at most {calls} at a time\n\
             resident MiB by quarters: {first:.1} {second:.1} {third:.1} {fourth:.1}, at the end {:.1}\n\
             open files: {} at the start, at most {files}, {} at the end",
            told.calls(),
            last.mebibytes,
            samples[0].files,
            last.files,
        );
        let mut ends: Vec<_> = told.ends.iter().collect();
        ends.sort();
        ends.iter().for_each(|(way, count)| eprintln!("{count:>7} {way}"));
        let bound = second * (1.0 + PART) + LITTLE;
        assert!(
            fourth <= bound,
            "memory grows: {fourth:.1} MiB in the last quarter, {second:.1} in the second"
        );
        assert!(last.files <= samples[0].files + FILES, "files are left open");
    }
}
