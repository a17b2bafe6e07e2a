//! Which entities a watcher is told about. A filter looks at ids alone, so an entity never moves between filters.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::entity::{EntityId, Kind, ModelId};

/// The models and kinds a watcher sees. Two filters are equal exactly if they were built from the same parts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Filter {
    models: Models,
    kinds: Kinds,
}

/// The models of a [`Filter`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Models {
    /// Every model, those to come included.
    All,
    /// One model; it need not exist.
    One(ModelId),
    /// These models.
    Set(BTreeSet<ModelId>),
}

/// The kinds of a [`Filter`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Kinds {
    /// Every kind.
    All,
    /// These kinds alone.
    Only(BTreeSet<Kind>),
    /// Every kind but these.
    Except(BTreeSet<Kind>),
}

impl Filter {
    /// Everything.
    pub fn all_models() -> Self {
        Self { models: Models::All, kinds: Kinds::All }
    }

    /// One model, whether it exists or not.
    pub fn model(model: ModelId) -> Self {
        Self { models: Models::One(model), kinds: Kinds::All }
    }

    /// A set of models. An empty set sees nothing; a set of one is [`Filter::model`].
    pub fn models(models: impl IntoIterator<Item = ModelId>) -> Self {
        let set: BTreeSet<_> = models.into_iter().collect();
        let models = match (set.len(), set.first()) {
            (1, Some(&model)) => Models::One(model),
            _ => Models::Set(set),
        };
        Self { models, kinds: Kinds::All }
    }

    /// The same models, these kinds alone.
    #[must_use]
    pub fn only_kinds(self, kinds: impl IntoIterator<Item = Kind>) -> Self {
        Self { kinds: Kinds::Only(kinds.into_iter().collect()), ..self }
    }

    /// The same models, every kind but these.
    #[must_use]
    pub fn except_kinds(self, kinds: impl IntoIterator<Item = Kind>) -> Self {
        let kinds: BTreeSet<_> = kinds.into_iter().collect();
        let kinds = if kinds.is_empty() { Kinds::All } else { Kinds::Except(kinds) };
        Self { kinds, ..self }
    }

    /// Its models.
    pub fn by_model(&self) -> &Models {
        &self.models
    }

    /// Its kinds.
    pub fn by_kind(&self) -> &Kinds {
        &self.kinds
    }

    /// Whether a watcher with this filter sees the entity.
    pub fn passes(&self, id: &EntityId) -> bool {
        let model = match &self.models {
            Models::All => true,
            Models::One(model) => *model == id.model,
            Models::Set(set) => set.contains(&id.model),
        };
        model && self.kinds.passes(&id.kind)
    }
}

impl Kinds {
    /// Whether the kind is among them.
    pub fn passes(&self, kind: &Kind) -> bool {
        match self {
            Self::All => true,
            Self::Only(kinds) => kinds.contains(kind),
            Self::Except(kinds) => !kinds.contains(kind),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_of_one_model_is_that_model() {
        let model = ModelId::from_u128(1);
        assert_eq!(Filter::models([model, model]), Filter::model(model));
        assert_ne!(Filter::models([]), Filter::model(model));
        assert_ne!(Filter::models([model, ModelId::from_u128(2)]), Filter::model(model));
    }
}
