//! What was measured: printed as it comes, and kept as JSON.

use std::time::Duration;

use serde_json::{Map, Value, json};

/// The tables, and how the figures compare with what is wanted.
pub struct Report {
    machine: Value,
    tables: Map<String, Value>,
    verdicts: Vec<Verdict>,
}

struct Verdict {
    what: String,
    wanted: String,
    measured: String,
    is_met: bool,
}

impl Report {
    /// Empty; says the machine.
    pub fn new(machine: Value) -> Self {
        for (name, value) in machine.as_object().unwrap() {
            println!("{name}: {}", value.as_str().map_or_else(|| value.to_string(), str::to_owned));
        }
        Self { machine, tables: Map::new(), verdicts: Vec::new() }
    }

    /// Begins a table and prints its head.
    pub fn table(&mut self, name: &str, columns: &[&str]) {
        let width = columns.iter().map(|column| format!("{column:>12}")).collect::<String>();
        println!("\n{name}\n{width}");
        self.tables.insert(name.to_owned(), json!({ "columns": columns, "rows": [] }));
    }

    /// Adds a row to a table that has begun, and prints it.
    pub fn row(&mut self, name: &str, values: &[Value]) {
        let text = |value: &Value| match value {
            Value::String(text) => format!("{text:>12}"),
            Value::Number(number) if number.is_f64() => format!("{:>12.2}", number.as_f64().unwrap()),
            Value::Null => format!("{:>12}", "-"),
            value => format!("{:>12}", value.to_string()),
        };
        println!("{}", values.iter().map(text).collect::<String>());
        self.tables[name]["rows"].as_array_mut().unwrap().push(Value::from(values.to_vec()));
    }

    /// A figure and the least or the most that it should be.
    pub fn judge(&mut self, what: &str, measured: f64, wanted: Wanted, unit: &str) {
        let (is_met, wanted) = match wanted {
            Wanted::AtLeast(least) => (measured >= least, format!("at least {least} {unit}")),
            Wanted::AtMost(most) => (measured <= most, format!("at most {most} {unit}")),
        };
        let measured = format!("{measured:.2} {unit}");
        self.verdicts.push(Verdict { what: what.to_owned(), wanted, measured, is_met });
    }

    /// Prints how the figures compare with what is wanted.
    pub fn print_verdicts(&self) {
        println!("\n{:<56} {:>26} {:>22}", "what", "wanted", "measured");
        for Verdict { what, wanted, measured, is_met } in &self.verdicts {
            let mark = if *is_met { "met" } else { "NOT MET" };
            println!("{what:<56} {wanted:>26} {measured:>22}  {mark}");
        }
    }

    /// Writes all of it as JSON.
    pub fn write(&self, file: &str) {
        let verdicts = self.verdicts.iter().map(|verdict| {
            let Verdict { what, wanted, measured, is_met } = verdict;
            json!({ "what": what, "wanted": wanted, "measured": measured, "met": is_met })
        });
        let whole = json!({
            "machine": self.machine,
            "tables": self.tables,
            "targets": verdicts.collect::<Vec<_>>(),
        });
        std::fs::write(file, serde_json::to_string_pretty(&whole).unwrap() + "\n").unwrap();
    }
}

/// The bound of a figure.
pub enum Wanted {
    AtLeast(f64),
    AtMost(f64),
}

/// Durations that were measured.
#[derive(Default)]
pub struct Sample(Vec<Duration>);

impl Sample {
    /// Of these.
    pub fn new(mut durations: Vec<Duration>) -> Self {
        durations.sort_unstable();
        Self(durations)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// What so many of a thousand do not exceed, in milliseconds.
    pub fn of_thousand(&self, count: usize) -> f64 {
        let place = (self.0.len() * count / 1000).min(self.0.len().saturating_sub(1));
        self.0.get(place).map_or(f64::NAN, |duration| duration.as_secs_f64() * 1e3)
    }
}
