//! Runs every target over its seeds, of which some must be accepted, or nothing is tested.

use std::{error::Error, fs, path::Path, thread};

fn main() -> Result<(), Box<dyn Error>> {
    for (name, check) in edgeward_fuzz::TARGETS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(name);
        let seeds = fs::read_dir(folder)?.map(|entry| fs::read(entry?.path())).collect::<Result<Vec<_>, _>>()?;
        let run = move || {
            seeds.iter().for_each(|seed| check(seed));
            (edgeward_fuzz::accepted(), seeds.len())
        };
        // Each with an edge of its own.
        let (accepted, of) = thread::spawn(run).join().map_err(|_| format!("{name}: a seed is a finding"))?;
        if accepted == 0 {
            return Err(format!("{name}: none of its {of} seeds is accepted, so that it tests nothing").into());
        }
        println!("fuzz: {name}: accepted {accepted} times, of {of} seeds");
    }
    Ok(())
}
