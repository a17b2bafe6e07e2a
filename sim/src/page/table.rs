//! The story as a table: step, time, who, what, revno, woken, delivered. What else was seen of a step stands below it. A story that
//! is too long keeps its beginning and the steps around the wrong one.

use super::{WIDTH, shorten};
use crate::text::wrap;
use crate::trace::{Delivered, Told};

/// The most lines of one cell.
const CELL: usize = 3;
/// The most lines below a step for what else was seen of it; the whole of it stands in the replay.
const NOTES: usize = 5;
/// The most lines of a step.
pub(super) const BLOCK: usize = CELL + NOTES;
/// Of a story that is too long, one line in so many is kept for the beginning.
const BEGINNING: usize = 4;
/// How many steps are told after the wrong one, if there are any.
const AFTER: usize = 2;

/// The widths of the columns.
struct Columns {
    step: usize,
    time: usize,
    who: usize,
    what: usize,
    woken: usize,
    delivered: usize,
}

/// The table in at most `room` lines, but always with the wrong step, which is marked.
pub(super) fn lines(told: &[Told], wrong: usize, room: usize) -> Vec<String> {
    let columns = Columns::of(told);
    let blocks: Vec<_> = told.iter().enumerate().map(|(at, told)| columns.block(told, at == wrong)).collect();
    let mut lines = vec![columns.head()];
    let (beginning, tail) = kept(&blocks, wrong, room.saturating_sub(1));
    lines.extend(blocks[..beginning].iter().flatten().cloned());
    lines.extend(left_out(tail.start - beginning));
    lines.extend(blocks[tail.clone()].iter().flatten().cloned());
    lines.extend(left_out(blocks.len() - tail.end));
    lines
}

fn left_out(steps: usize) -> Option<String> {
    (steps > 0).then(|| format!("  … {steps} step{} …", if steps == 1 { "" } else { "s" }))
}

/// How many steps are told of the beginning, and which around the wrong one.
fn kept(blocks: &[Vec<String>], wrong: usize, room: usize) -> (usize, core::ops::Range<usize>) {
    let all: usize = blocks.iter().map(Vec::len).sum();
    if all <= room {
        return (0, 0..blocks.len());
    }
    // Two lines say how much was left out.
    let mut room = room.saturating_sub(2 + blocks[wrong].len());
    let mut beginning = 0;
    let mut share = room / BEGINNING;
    while beginning < wrong && blocks[beginning].len() <= share {
        share -= blocks[beginning].len();
        room -= blocks[beginning].len();
        beginning += 1;
    }
    let mut end = wrong + 1;
    while end < blocks.len().min(wrong + 1 + AFTER) && blocks[end].len() <= room {
        room -= blocks[end].len();
        end += 1;
    }
    let mut start = wrong;
    while start > beginning && blocks[start - 1].len() <= room {
        start -= 1;
        room -= blocks[start].len();
    }
    (beginning, start..end)
}

impl Columns {
    /// As wide as what stands in them; what is left goes to what was done and what was delivered.
    fn of(told: &[Told]) -> Self {
        let widest = |name: &str, cell: fn(&Told) -> usize| told.iter().map(cell).max().unwrap_or(0).max(name.len());
        let step = widest("step", |told| told.step.to_string().len());
        let time = widest("ms", |told| moment(told).len());
        let who = widest("who", |told| told.who.len());
        let woken = widest("woken", |told| woken(told).len().min(9));
        let taken = 2 + step + 1 + time + 1 + who + 1 + 1 + 5 + 1 + woken + 1;
        let rest = WIDTH.saturating_sub(taken).max(20);
        let delivered = (rest * 2 / 5).max("delivered".len());
        Self { step, time, who, what: rest - delivered, woken, delivered }
    }

    fn head(&self) -> String {
        self.line(' ', ["step", "ms", "who", "what", "revno", "woken", "delivered"])
    }

    fn line(&self, mark: char, cells: [&str; 7]) -> String {
        let Self { step, time, who, what, woken, delivered } = self;
        let [number, at, party, done, revno, readers, batches] = cells;
        let before = format!("{mark} {number:>step$} {at:>time$} {party:<who$} {done:<what$}");
        let line = format!("{before} {revno:>5} {readers:<woken$} {batches:<delivered$}");
        line.trim_end().to_owned()
    }

    /// One step as lines that fit.
    fn block(&self, told: &Told, is_wrong: bool) -> Vec<String> {
        let what = cell(&told.what, self.what);
        let woken = cell(&woken(told), self.woken);
        let delivered = cell(&told.delivered.iter().map(batch).collect::<Vec<_>>().join(" "), self.delivered);
        let revno = told.revno.map_or(String::new(), |revno| format!("r{revno}", revno = revno.0));
        let (step, time) = (told.step.to_string(), moment(told));
        let rows = what.len().max(woken.len()).max(delivered.len()).max(1);
        let mut lines: Vec<_> = (0..rows)
            .map(|row| {
                let first = |text| if row == 0 { text } else { "" };
                let of = |cell: &[String]| cell.get(row).cloned().unwrap_or_default();
                let mark = if is_wrong && row == 0 { '>' } else { ' ' };
                let (what, woken, delivered) = (of(&what), of(&woken), of(&delivered));
                self.line(
                    mark,
                    [first(&step), first(&time), first(&told.who), &what, first(&revno), &woken, &delivered],
                )
            })
            .collect();
        let indent = " ".repeat(2 + self.step + 1 + self.time + 1);
        let note = |note: &str| shorten(&format!("{indent}{note}"), WIDTH);
        let shown = if told.noted.len() > NOTES { NOTES - 1 } else { told.noted.len() };
        lines.extend(told.noted.iter().take(shown).map(|text| note(text)));
        let more = told.noted.len() - shown;
        lines.extend((more > 0).then(|| note(&format!("… {more} more"))));
        lines
    }
}

/// The readers that were woken, each once.
fn woken(told: &Told) -> String {
    let mut readers = told.woken.clone();
    readers.dedup();
    readers.iter().map(u8::to_string).collect::<Vec<_>>().join(" ")
}

fn batch(batch: &Delivered) -> String {
    let deltas = if batch.deltas.is_empty() { "empty".to_owned() } else { batch.deltas.join(" ") };
    format!("r{}: {deltas}", batch.revno.0)
}

/// A cell in lines of this width, the last with a sign if there would be more.
fn cell(text: &str, width: usize) -> Vec<String> {
    if text.is_empty() {
        return Vec::new();
    }
    let mut lines: Vec<_> = wrap(text, "", width).lines().map(|line| shorten(line, width)).collect();
    if lines.len() > CELL {
        lines.truncate(CELL);
        let last: String = lines[CELL - 1].chars().take(width - 2).collect();
        lines[CELL - 1] = last + "..";
    }
    lines
}

/// When it happened: in milliseconds, or, where that would take too much room, in seconds.
fn moment(told: &Told) -> String {
    let seconds = told.time.as_nanos() / 1_000_000_000;
    if seconds < 100 { told.millis() } else { format!("{seconds}s") }
}

#[cfg(test)]
mod tests {
    use multiwatcher::machine::{Revno, Time};

    use super::*;

    fn told(step: usize, notes: usize) -> Told {
        let words = |count: usize| vec!["word".to_owned(); count];
        Told {
            step,
            time: Time::ZERO,
            party: None,
            who: "reader 0".to_owned(),
            what: words(90).join(" "),
            revno: Some(Revno(1)),
            woken: vec![0, 1, 2, 3, 4, 5],
            delivered: Vec::new(),
            seen: Vec::new(),
            noted: (0..notes).map(|note| format!("note {note} {}", words(30).join(" "))).collect(),
        }
    }

    /// However much the wrong step did, it stands in the room that the page keeps for it.
    #[test]
    fn a_step_takes_no_more_than_its_share() {
        for notes in [0, 1, NOTES, NOTES + 1, 80] {
            let story: Vec<_> = (0..9).map(|step| told(step, notes)).collect();
            for wrong in [0, 4, 8] {
                let lines = lines(&story, wrong, BLOCK + 3);
                assert!(lines.len() <= BLOCK + 3, "{notes} notes: {lines:#?}");
                assert_eq!(lines.iter().filter(|line| line.starts_with('>')).count(), 1, "{lines:#?}");
                assert!(lines.iter().all(|line| line.chars().count() <= WIDTH), "{lines:#?}");
            }
        }
        let all = lines_of(80);
        assert!(all.last().is_some_and(|line| line.trim() == "… 76 more"), "{all:#?}");
        let all = lines_of(NOTES);
        assert!(
            all.iter().any(|line| line.contains("note 4")) && !all.iter().any(|line| line.contains("more")),
            "{all:?}"
        );
    }

    fn lines_of(notes: usize) -> Vec<String> {
        lines(&[told(0, notes)], 0, BLOCK + 3)
    }
}
