//! Which entities are watched or printed, as it is asked and as it is told.

use clap::Args;
use multiwatcher::machine::{Kinds, Models};
use multiwatcher::{Filter, Kind, ModelId};

/// Which entities.
#[derive(Debug, Clone, Args)]
pub(crate) struct FilterArgs {
    /// Only of this model; may be given again [default: all]
    #[arg(short, long = "model", value_name = "UUID")]
    models: Vec<ModelId>,
    /// Only of this kind; may be given again [default: all]
    #[arg(short, long = "kind", value_name = "KIND")]
    kinds: Vec<String>,
}

impl From<&FilterArgs> for Filter {
    fn from(args: &FilterArgs) -> Self {
        let models = args.models.iter().copied();
        let filter = if args.models.is_empty() { Self::all_models() } else { Self::models(models) };
        if args.kinds.is_empty() { filter } else { filter.only_kinds(args.kinds.iter().map(Kind::new)) }
    }
}

/// A filter in words.
pub(crate) fn described(filter: &Filter) -> String {
    let models = match filter.by_model() {
        Models::All => "all models".to_owned(),
        Models::One(model) => format!("model {model}"),
        Models::Set(models) => format!("models {}", listed(models.iter())),
    };
    match filter.by_kind() {
        Kinds::All => models,
        Kinds::Only(kinds) => format!("{models}, kinds {}", listed(kinds.iter())),
        Kinds::Except(kinds) => format!("{models}, all kinds but {}", listed(kinds.iter())),
    }
}

fn listed(names: impl Iterator<Item = impl ToString>) -> String {
    names.map(|name| name.to_string()).collect::<Vec<_>>().join(" ")
}
