//! The database, and all it ever held: what every view is compared with.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use multiwatcher::backing::{Json, MemoryBacking};
use multiwatcher::machine::{EntityId, ModelId};
use serde_json::{Value, json};

/// What a value is told apart by: a text that stands in one field of the entity.
pub type Mark = Rc<str>;

/// What a client holds: the mark of each entity.
pub type View = BTreeMap<EntityId, Mark>;

/// Models there can be.
pub const MODELS: u32 = 3;

/// The entities of a model, besides the one that says what it is: kind and name.
const ENTITIES: [(&str, &str); 6] =
    [("machine", "0"), ("application", "a"), ("application", "b"), ("unit", "a/0"), ("unit", "a/1"), (OFFER, "o")];

/// The kind that is told to those alone who administer the model.
const OFFER: &str = "applicationOffer";

/// Units of a crowd: more than the server encodes at one go.
const CROWD: u32 = 72;

/// What a watcher is told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope {
    /// One model, or all.
    pub model: Option<ModelId>,
    /// Whether its offers are among it.
    pub has_offers: bool,
}

impl Scope {
    /// Everything.
    pub const ALL: Self = Self { model: None, has_offers: true };

    /// Everything of a model.
    pub const fn of(model: ModelId) -> Self {
        Self { model: Some(model), has_offers: true }
    }

    fn holds(self, id: &EntityId) -> bool {
        self.model.is_none_or(|model| id.model == model) && (self.has_offers || id.kind.as_str() != OFFER)
    }
}

/// The uuid of a model by number.
pub fn model(number: u32) -> ModelId {
    ModelId::from_u128(0xa000_0000_0000_4000_8000_0000_0000_0000 + u128::from(number))
}

/// The entity of a model that says what it is.
pub fn model_entity(number: u32) -> EntityId {
    EntityId::new("model", model(number), model(number).to_string())
}

/// All ids that are ever used in a model, the one of itself first.
pub fn ids(number: u32) -> Vec<EntityId> {
    let of_itself = core::iter::once(model_entity(number));
    of_itself.chain(ENTITIES.iter().map(|(kind, name)| EntityId::new(*kind, model(number), *name))).collect()
}

/// More units of a model than are told in one piece.
pub fn crowd(number: u32) -> Vec<EntityId> {
    (0..CROWD).map(|unit| EntityId::new("unit", model(number), format!("b/{unit}"))).collect()
}

/// A mark as it is shown: one that is long by its beginning and its length.
pub fn shown(mark: &str) -> String {
    match mark.split_once('-') {
        Some((short, _)) => format!("{short} ({} bytes)", mark.len()),
        None => mark.to_owned(),
    }
}

/// An id as it is shown: `unit a/0 of model 2`, `model 2`.
pub fn in_short(id: &EntityId) -> String {
    let number = id.model.as_u128() & 0xff;
    if id.kind.as_str() == "model" {
        format!("model {number}")
    } else {
        format!("{} {} of model {number}", id.kind, id.id())
    }
}

/// The fields of a kind that hold the name of an entity and its mark.
fn fields(kind: &str) -> Option<(&'static str, &'static str)> {
    match kind {
        "model" => Some(("model-uuid", "name")),
        "machine" => Some(("id", "instance-id")),
        "application" => Some(("name", "workload-version")),
        "unit" => Some(("name", "public-address")),
        OFFER => Some(("offer-name", "offer-uuid")),
        _ => None,
    }
}

fn stored(id: &EntityId, mark: &str) -> Json {
    let (name, field) = fields(id.kind.as_str()).expect("only kinds of this list are stored");
    let mut value = json!({ "model-uuid": id.model.to_string(), "life": "alive" });
    value[name] = id.id().into();
    value[field] = mark.into();
    Json::of(&value).expect("names are texts")
}

/// One delta as a client reads it: the entity, whether it was removed, and the mark of the value that came along.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Which entity.
    pub id: EntityId,
    /// Whether it is gone.
    pub is_removed: bool,
    /// The mark.
    pub mark: Mark,
}

impl Told {
    /// Reads `["unit", "change", {…}]`.
    pub fn read(delta: &Value) -> Result<Self, String> {
        let wrong = || format!("expected a delta of a known kind, got {delta}");
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let kind = text(&delta[0]).ok_or_else(wrong)?;
        let is_removed = match delta[1].as_str() {
            Some("change") => false,
            Some("remove") => true,
            Some(_) | None => return Err(wrong()),
        };
        let (name, field) = fields(&kind).ok_or_else(wrong)?;
        let model = text(&delta[2]["model-uuid"]).and_then(|uuid| uuid.parse::<ModelId>().ok()).ok_or_else(wrong)?;
        let name = text(&delta[2][name]).ok_or_else(wrong)?;
        let mark = delta[2][field].as_str().ok_or_else(wrong)?;
        Ok(Self { id: EntityId::new(kind.as_str(), model, name), is_removed, mark: mark.into() })
    }
}

/// The database with its commits. Positions are the backing's.
#[derive(Debug)]
pub struct History {
    backing: MemoryBacking<Json>,
    lives: BTreeMap<EntityId, Vec<(u64, Option<Mark>)>>,
    latest: u64,
}

impl History {
    /// An empty one; with `ids_only` its notices carry no values.
    pub fn new(ids_only: bool) -> Self {
        let backing = MemoryBacking::new();
        let backing = if ids_only { backing.tell_ids_only() } else { backing };
        Self { backing, lives: BTreeMap::new(), latest: 0 }
    }

    /// The database itself.
    pub fn backing(&self) -> MemoryBacking<Json> {
        self.backing.clone()
    }

    /// The position of the latest commit.
    pub fn latest(&self) -> u64 {
        self.latest
    }

    /// Commits these; each id may be there once.
    pub fn commit(&mut self, changes: Vec<(EntityId, Option<Mark>)>) {
        if changes.is_empty() {
            return;
        }
        let mut transaction = self.backing.transaction();
        for (id, mark) in &changes {
            transaction = match mark {
                Some(mark) => transaction.put(id.clone(), stored(id, mark)),
                None => transaction.remove(id.clone()),
            };
        }
        self.latest = transaction.commit().0;
        for (id, mark) in changes {
            self.lives.entry(id).or_default().push((self.latest, mark));
        }
    }

    /// The mark of an entity after the commit at this position.
    pub fn at(&self, id: &EntityId, position: u64) -> Option<&Mark> {
        let commits = self.lives.get(id)?;
        let after = commits.partition_point(|(at, _)| *at <= position);
        commits[..after].last()?.1.as_ref()
    }

    /// Whether a commit in `(from, to]` changed the value of an entity.
    pub fn changed(&self, id: &EntityId, from: u64, to: u64) -> bool {
        let Some(commits) = self.lives.get(id) else { return false };
        let after = commits.partition_point(|(at, _)| *at <= from);
        let mut before = commits[..after].last().and_then(|(_, mark)| mark.as_ref());
        commits[after..].iter().take_while(|(at, _)| *at <= to).any(|(_, mark)| {
            let differs = mark.as_ref() != before;
            before = mark.as_ref();
            differs
        })
    }

    /// Whether an entity ever had this mark, up to that position.
    pub fn had(&self, id: &EntityId, mark: &Mark, until: u64) -> bool {
        let commits = self.lives.get(id).map_or(&[][..], Vec::as_slice);
        commits.iter().take_while(|(at, _)| *at <= until).any(|(_, had)| had.as_ref() == Some(mark))
    }

    /// How many entities in scope were changed after this position.
    pub fn distinct_since(&self, scope: Scope, position: u64) -> usize {
        self.in_scope(scope).filter(|id| self.changed(id, position, self.latest)).count()
    }

    /// Whether a view is what is in scope after the commit at this position.
    pub fn equals(&self, view: &View, scope: Scope, position: u64) -> bool {
        let mut held = 0;
        for id in self.in_scope(scope) {
            let alive = self.at(id, position);
            if view.get(id) != alive {
                return false;
            }
            held += usize::from(alive.is_some());
        }
        held == view.len()
    }

    /// What is in scope after that commit.
    pub fn view(&self, scope: Scope, position: u64) -> View {
        let alive = |id: &EntityId| self.at(id, position).map(|mark| (id.clone(), Rc::clone(mark)));
        self.in_scope(scope).filter_map(alive).collect()
    }

    /// All that differ between a view and what is in scope now, by id.
    pub fn differing(&self, view: &View, scope: Scope, position: u64) -> BTreeSet<EntityId> {
        let truth = self.view(scope, position);
        let all = view.keys().chain(truth.keys());
        all.filter(|id| view.get(*id) != truth.get(*id)).cloned().collect()
    }

    fn in_scope(&self, scope: Scope) -> impl Iterator<Item = &EntityId> {
        self.lives.keys().filter(move |id| scope.holds(id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(text: &str) -> Mark {
        text.into()
    }

    #[test]
    fn what_was_held_when_is_known() {
        let mut history = History::new(false);
        let [one, other] = [model_entity(0), model_entity(1)];
        history.commit(vec![(one.clone(), Some(mark("v1")))]);
        history.commit(vec![(one.clone(), Some(mark("v2"))), (other.clone(), Some(mark("v3")))]);
        history.commit(vec![(one.clone(), None)]);
        let held: Vec<_> = (0..4).map(|position| history.at(&one, position).map(|mark| &**mark)).collect();
        assert_eq!(held, [None, Some("v1"), Some("v2"), None]);
        assert_eq!(history.view(Scope::ALL, 2).len(), 2);
        let view = history.view(Scope::ALL, 2);
        assert!(history.equals(&view, Scope::ALL, 2) && !history.equals(&view, Scope::ALL, 3));
        assert!(history.changed(&one, 0, 1) && history.changed(&other, 1, 2) && !history.changed(&other, 2, 3));
        assert_eq!(history.distinct_since(Scope::of(model(1)), 0), 1);
    }

    #[test]
    fn offers_are_in_the_scope_of_those_alone_who_may_see_them() {
        let mut history = History::new(false);
        let offer = ids(0).pop().unwrap();
        history.commit(vec![(model_entity(0), Some(mark("v1"))), (offer.clone(), Some(mark("v2")))]);
        let all = history.view(Scope::of(model(0)), 1);
        let reader = Scope { has_offers: false, ..Scope::of(model(0)) };
        assert!(all.contains_key(&offer) && !history.view(reader, 1).contains_key(&offer));
        assert!(!history.equals(&all, reader, 1), "a reader who holds an offer was told too much");
    }

    #[test]
    fn there_and_back_counts_as_a_change_and_the_same_again_does_not() {
        let mut history = History::new(false);
        let id = model_entity(0);
        for text in ["v1", "v2", "v1", "v1"] {
            history.commit(vec![(id.clone(), Some(mark(text)))]);
        }
        assert!(history.changed(&id, 1, 3));
        assert!(!history.changed(&id, 3, 4));
    }
}
