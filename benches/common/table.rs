//! What a run prints: a table narrow enough for a telephone, or one line of JSON per figure.

#![expect(clippy::print_stdout, reason = "the table is what the program is for")]

use std::fmt;

use serde::Serialize;

/// How a run was asked for: `cargo bench --bench store -- [--quick] [--json] [WORD...]`.
pub(crate) struct Options {
    /// Small, and not judged: only to see that everything still runs.
    pub(crate) quick: bool,
    json: bool,
    words: Vec<String>,
}

impl Options {
    pub(crate) fn from_args() -> Self {
        let mut options = Self { quick: false, json: false, words: Vec::new() };
        for arg in std::env::args().skip(1) {
            match arg.as_str() {
                "--quick" => options.quick = true,
                "--json" => options.json = true,
                // Cargo says this to every benchmark.
                "--bench" => {}
                _ => options.words.push(arg),
            }
        }
        options
    }

    /// Whether a section was asked for: no word asks for all.
    pub(crate) fn wants(&self, section: &str) -> bool {
        self.words.is_empty() || self.words.iter().any(|word| section.contains(word.as_str()))
    }

    /// The size of something, in a quick run a fiftieth.
    pub(crate) fn size(&self, full: usize) -> usize {
        if self.quick { full / 50 } else { full }
    }

    /// How often something is repeated, in a quick run a tenth, but at least once.
    pub(crate) fn rounds(&self, full: usize) -> usize {
        if self.quick { (full / 10).max(1) } else { full }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Unit {
    Nanos,
    Bytes,
    Count,
    Times,
}

/// One line of the table.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Figure {
    section: &'static str,
    name: &'static str,
    unit: Unit,
    median: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    p95: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<f64>,
}

impl Figure {
    pub(crate) fn new(name: &'static str, unit: Unit, median: f64) -> Self {
        Self { section: "", name, unit, median, p95: None, limit: None }
    }

    pub(crate) fn nanos(name: &'static str, median: f64) -> Self {
        Self::new(name, Unit::Nanos, median)
    }

    pub(crate) fn p95(self, p95: f64) -> Self {
        Self { p95: Some(p95), ..self }
    }

    pub(crate) fn limit(self, limit: f64) -> Self {
        Self { limit: Some(limit), ..self }
    }
}

pub(crate) struct Table {
    quick: bool,
    json: bool,
    section: &'static str,
}

impl Table {
    pub(crate) fn new(options: &Options, title: fmt::Arguments<'_>) -> Self {
        let table = Self { quick: options.quick, json: options.json, section: "" };
        if !table.json {
            println!("{title}");
            println!("load of the machine {}", load());
            println!();
            println!("{:<26} {:>8} {:>8} {:>7}", "", "median", "95 %", "limit");
        }
        table
    }

    /// Begins a section.
    pub(crate) fn section(&mut self, section: &'static str) {
        self.section = section;
        if !self.json {
            println!("{section}");
        }
    }

    pub(crate) fn figure(&self, figure: Figure) {
        let figure = Figure { section: self.section, ..figure };
        if self.json {
            println!("{}", serde_json::to_string(&figure).expect("a figure is plain data"));
            return;
        }
        let Figure { name, unit, median, p95, limit, .. } = figure;
        let shown = |amount: Option<f64>| amount.map(|amount| unit.show(amount)).unwrap_or_default();
        let verdict = match limit {
            _ if self.quick => "",
            None => "",
            Some(limit) if median <= limit => "ok",
            Some(_) => "OVER",
        };
        let line = format!("  {name:<24} {:>8} {:>8} {:>7} {verdict}", unit.show(median), shown(p95), shown(limit));
        println!("{}", line.trim_end());
    }

    /// A sentence below a section: what was left out, and why.
    pub(crate) fn note(&self, note: fmt::Arguments<'_>) {
        if !self.json {
            println!("  ({note})");
        }
    }

    pub(crate) fn end(&self) {
        if self.json {
            return;
        }
        println!("\nload of the machine {}", load());
        if self.quick {
            println!("quick run: small, and not judged");
        }
    }
}

impl Unit {
    fn show(self, amount: f64) -> String {
        let digits = |amount: f64, unit| match amount {
            ..10.0 => format!("{amount:.2} {unit}"),
            ..100.0 => format!("{amount:.1} {unit}"),
            _ => format!("{amount:.0} {unit}"),
        };
        match self {
            Self::Nanos if amount < 1e2 => format!("{amount:.0} ns"),
            Self::Nanos if amount < 1e6 => digits(amount / 1e3, "us"),
            Self::Nanos => digits(amount / 1e6, "ms"),
            Self::Bytes => format!("{amount:.0} B"),
            Self::Count => format!("{amount:.0}"),
            Self::Times => format!("{amount:.2} x"),
        }
    }
}

/// The first three numbers of `/proc/loadavg`: how busy the machine was over one, five and fifteen minutes.
fn load() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_else(|_| "unknown".to_owned());
    text.split(' ').take(3).collect::<Vec<_>>().join(" ")
}
