//! Consistent renaming: fewer ids in a smaller universe, filters that are asked for first, small values, readers by the order in
//! which they come.

use std::collections::BTreeMap;

use multiwatcher::testing::{FilterIx, IdIx, IdSet, Operation, Party, Shape, Subject, Universe, Val};

use super::edit;
use super::search::Search;
use super::story::Story;

/// Ids become the same, and then the universe as small as it goes.
pub(super) fn ids<S: Subject>(search: &mut Search<S>) {
    let named: Vec<IdIx> = search.best().named().iter().collect();
    for (place, one) in named.iter().enumerate() {
        for other in &named[place + 1..] {
            let operations = &search.best().operations;
            let merge = |id| Some(if id == *other { *one } else { id });
            let operations = operations.iter().map(|operation| edit::with_ids(operation, merge)).collect();
            search.attempt_operations(operations);
        }
    }
    for shape in smaller(search.best()) {
        let used = touched(search.best());
        let named = search.best().named();
        if into_shape(search, shape, used) || used != named && into_shape(search, shape, named) {
            break;
        }
    }
}

/// The shapes that are simpler than the story's, simplest first.
fn smaller(story: &Story) -> Vec<Shape> {
    let simplicity = |shape: &Shape| (shape.ids(), shape.models, shape.kinds);
    let mut shapes = Vec::new();
    for models in 1..=4 {
        for kinds in 1..=3 {
            shapes.extend((1..=Shape::IDS / (models * kinds)).map(|names| Shape { models, kinds, names }));
        }
    }
    let now = simplicity(&story.regime.shape);
    shapes.retain(|shape| simplicity(shape) < now && u32::from(shape.ids()) >= touched(story).len());
    shapes.sort_by_key(simplicity);
    shapes
}

/// The ids that something happens to.
fn touched(story: &Story) -> IdSet {
    let touches = |operation: &&Operation| {
        matches!(operation, Operation::Commit { .. } | Operation::Ail { .. } | Operation::Mend { .. })
    };
    story.operations.iter().filter(touches).fold(IdSet::EMPTY, |all, operation| all.or(edit::named(operation)))
}

/// Tries every way to give these ids places in a universe of that shape that keeps their order.
fn into_shape<S: Subject>(search: &mut Search<S>, shape: Shape, used: IdSet) -> bool {
    let old = Universe::new(search.best().regime.shape);
    let new = Universe::new(shape);
    places(shape.ids(), used.len()).into_iter().any(|places| {
        let map: BTreeMap<IdIx, IdIx> = used.iter().zip(places).collect();
        let best = search.best();
        let moved = best.operations.iter().map(|operation| {
            let operation = edit::with_ids(operation, |id| map.get(&id).copied());
            refiltered(&operation, |filter| {
                let passing = map.iter().filter(|(id, _)| filter.0 < old.filters() && old.passing(filter).has(**id));
                same_filter(&new, passing.map(|(_, id)| *id), map.values().copied())
            })
        });
        let mut regime = best.regime.clone();
        regime.shape = shape;
        let candidate = Story { operations: moved.collect(), regime, heals: best.heals };
        search.attempt(&candidate)
    })
}

/// The first filter that lets just these pass, of those that are used.
fn same_filter(
    universe: &Universe,
    passing: impl Iterator<Item = IdIx>,
    used: impl Iterator<Item = IdIx>,
) -> Option<FilterIx> {
    let set = |ids: &mut dyn Iterator<Item = IdIx>| ids.fold(IdSet::EMPTY, |set, id| set.or(IdSet::one(id)));
    let (passing, used) = (set(&mut { passing }), set(&mut { used }));
    (0..universe.filters()).map(FilterIx).find(|filter| universe.passing(*filter).and(used) == passing)
}

fn refiltered(operation: &Operation, other: impl Fn(FilterIx) -> Option<FilterIx>) -> Operation {
    let mut edited = *operation;
    if let Operation::Open { filter, .. } = &mut edited {
        *filter = other(*filter).unwrap_or(*filter);
    }
    edited
}

/// So many ascending places below a number, in every way; not more ways than are worth trying.
fn places(below: u8, count: u32) -> Vec<Vec<IdIx>> {
    const WAYS: usize = 8;
    let sets = (0..=IdSet::first(below).0).map(IdSet).filter(|set| set.len() == count);
    sets.take(WAYS).map(|set| set.iter().collect()).collect()
}

/// Readers are numbered in the order in which they come.
pub(super) fn readers<S: Subject>(search: &mut Search<S>) {
    let mut order: Vec<u8> = Vec::new();
    for operation in &search.best().operations {
        if let Party::Reader(reader) = operation.party()
            && !order.contains(&reader)
        {
            order.push(reader);
        }
    }
    let number = |operation: &Operation| {
        let Party::Reader(reader) = operation.party() else { return *operation };
        let place = order.iter().position(|other| *other == reader).unwrap_or(usize::from(reader));
        edit::with_reader(operation, u8::try_from(place).unwrap_or(reader))
    };
    let operations = search.best().operations.iter().map(number).collect();
    search.attempt_operations(operations);
}

/// Values become smaller everywhere at once, and as few as the story needs.
pub(super) fn values<S: Subject>(search: &mut Search<S>) {
    for value in 1..=Val::from(search.best().regime.values) {
        for smaller in 1..value {
            let operations = search.best().operations.iter().map(|operation| revalued(operation, value, smaller));
            let operations = operations.collect();
            if search.attempt_operations(operations) {
                break;
            }
        }
    }
    for values in 2..search.best().regime.values {
        let mut candidate = search.best().clone();
        candidate.regime.values = values;
        if largest(&candidate) <= Val::from(values) && search.attempt(&candidate) {
            break;
        }
    }
}

fn largest(story: &Story) -> Val {
    let mut largest = 0;
    for operation in &story.operations {
        if let Operation::Commit { changes, .. } = operation {
            largest = changes.ids.iter().filter_map(|id| changes.values.get(id)).fold(largest, Val::max);
        }
    }
    largest
}

fn revalued(operation: &Operation, from: Val, to: Val) -> Operation {
    let mut edited = *operation;
    if let Operation::Commit { changes, .. } = &mut edited {
        for id in changes.ids.iter() {
            if changes.values.get(id) == Some(from) {
                changes.values.set(id, Some(to));
            }
        }
    }
    edited
}
