//! A program of the stack: started in a process group of its own, its output kept, stopped with all it started.

use std::{
    fs::{self, File},
    io::{self, BufRead as _, BufReader, Read, Write as _},
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};

/// Whether memory and processor time of programs can be measured: only Linux tells them, in `/proc`.
pub const MEASURES: bool = cfg!(target_os = "linux");

/// For programs whose figures are memory and processor time.
///
/// # Errors
/// On other systems than Linux; the message says what to do.
pub fn must_measure(target: &str) -> Result<()> {
    ensure!(
        MEASURES,
        "`make {target}` reads memory and processor time from /proc, which only Linux has: run it on Linux, or in a Linux container"
    );
    Ok(())
}

/// A running program. It is stopped when it is dropped, also by a panic.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Mutex<Child>,
    log: Arc<Log>,
}

#[derive(Debug)]
struct Log {
    path: PathBuf,
    written: Mutex<Written>,
}

#[derive(Debug)]
struct Written {
    text: String,
    file: File,
}

impl Process {
    /// Starts `command` and copies what it prints to `NAME.log` in `folder`.
    ///
    /// # Errors
    /// When the program cannot be started or its log cannot be made.
    pub fn spawn(name: &str, command: &mut Command, folder: &Path) -> Result<Self> {
        let path = folder.join(format!("{name}.log"));
        let file = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
        let log = Arc::new(Log { path, written: Mutex::new(Written { text: String::new(), file }) });
        // A group of its own: it can be stopped as a whole, and Ctrl-C in a terminal reaches only us.
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot start {name}"))?;
        if let Some(stdout) = child.stdout.take() {
            copy(stdout, &log);
        }
        if let Some(stderr) = child.stderr.take() {
            copy(stderr, &log);
        }
        Ok(Self { name: name.to_owned(), child: Mutex::new(child), log })
    }

    /// What the program is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Everything it has printed so far.
    pub fn log(&self) -> String {
        lock(&self.log.written).text.clone()
    }

    /// The file with what it printed.
    pub fn log_path(&self) -> &Path {
        &self.log.path
    }

    /// Resident memory, in bytes, of those of its processes that are called `name`. 0 without [`MEASURES`].
    pub fn memory(&self, name: &str) -> u64 {
        let pages = self.called(name).into_iter().filter_map(|(_, stat)| stat.get(21)?.parse::<u64>().ok());
        pages.sum::<u64>() * rustix::param::page_size() as u64
    }

    /// The most of it that they have had at one time, in bytes, each by itself. 0 without [`MEASURES`].
    pub fn peak_memory(&self, name: &str) -> u64 {
        let peaks = self.called(name).into_iter().filter_map(|(folder, _)| {
            let status = fs::read_to_string(folder.join("status")).ok()?;
            let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
            line.trim().trim_end_matches(" kB").parse::<u64>().ok()
        });
        peaks.sum::<u64>() * 1024
    }

    /// What those of its processes that are called `name` have cost so far, the kernel's time for them included: all their
    /// threads that have not ended. 0 without [`MEASURES`].
    pub fn cpu_time(&self, name: &str) -> Duration {
        let threads = self.called(name).into_iter().filter_map(|(folder, _)| fs::read_dir(folder.join("task")).ok());
        // In nanoseconds, where `stat` counts hundredths of a second.
        let spent = threads.flatten().flatten().filter_map(|thread| {
            let spent = fs::read_to_string(thread.path().join("schedstat")).ok()?;
            spent.split_whitespace().next()?.parse::<u64>().ok()
        });
        Duration::from_nanos(spent.sum())
    }

    /// Those of its processes that are called so: their folders, and what the kernel says about them, the fields of
    /// proc_pid_stat(5) from the third on.
    fn called(&self, name: &str) -> Vec<(PathBuf, Vec<String>)> {
        let group = lock(&self.child).id().to_string();
        let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
        let ours = processes.filter_map(|process| {
            let stat = fs::read_to_string(process.path().join("stat")).ok()?;
            // The name stands in parentheses and may hold anything.
            let (before, after) = stat.rsplit_once(')')?;
            let fields: Vec<_> = after.split_whitespace().map(str::to_owned).collect();
            let is_it = before.split_once('(')?.1 == name && fields.get(2) == Some(&group);
            is_it.then(|| (process.path(), fields))
        });
        ours.collect()
    }

    /// How it ended, if it has.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn exited(&self) -> io::Result<Option<ExitStatus>> {
        lock(&self.child).try_wait()
    }

    /// Waits until it ends by itself.
    ///
    /// # Errors
    /// When it does not in time, or the system does not say.
    pub async fn ends(&self, patience: Duration) -> Result<ExitStatus> {
        let started = Instant::now();
        loop {
            if let Some(status) = self.exited()? {
                return Ok(status);
            }
            if started.elapsed() > patience {
                bail!(
                    "{} has not ended after {} s; its log is {}",
                    self.name,
                    patience.as_secs(),
                    self.log_path().display()
                );
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Asks it and all it started to stop, and makes them after `GRACE`.
    pub fn stop(&self) {
        let mut child = lock(&self.child);
        let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) else { return };
        let asked = Instant::now();
        // An error means that the group is gone.
        let _ = kill_process_group(group, Signal::TERM);
        while asked.elapsed() < GRACE {
            let ended = matches!(child.try_wait(), Ok(Some(_)) | Err(_));
            if ended && test_kill_process_group(group).is_err() {
                return;
            }
            thread::sleep(Duration::from_millis(10));
        }
        let _ = kill_process_group(group, Signal::KILL);
        let _ = child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A thread that panicked leaves the data whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Line by line, so that the two streams do not tear each other's lines.
fn copy(stream: impl Read + Send + 'static, log: &Arc<Log>) {
    let log = Arc::clone(log);
    thread::spawn(move || {
        let mut stream = BufReader::new(stream);
        let mut line = Vec::new();
        while matches!(stream.read_until(b'\n', &mut line), Ok(read) if read > 0) {
            let mut written = lock(&log.written);
            written.text.push_str(&String::from_utf8_lossy(&line));
            // A full disk must not stop the program.
            let _ = written.file.write_all(&line);
            line.clear();
        }
    });
}

/// A stream that stays open keeps workerd from ending by itself.
const GRACE: Duration = Duration::from_secs(2);
