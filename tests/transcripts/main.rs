//! Stories: each file under `stories/` is a run told as operations, one a line; its snapshot under `snapshots/` shows what came
//! out of each. Read a snapshot from top to bottom, as a conversation.
//!
//! A story begins with comment lines that say what it shows. `backing.rs` keeps the truth and answers the machine, `teller.rs`
//! carries out the lines.

mod backing;
mod teller;

#[test]
fn stories() {
    insta::glob!("stories/*.story", |path| {
        let story = std::fs::read_to_string(path).expect("glob gives files that exist");
        insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!(teller::tell(&story));
        });
    });
}

/// Most stories answer the machine at once. Only then is the end of a story the truth, which is worth a check of its own.
#[test]
fn a_story_with_an_unknown_word_is_refused() {
    let told = std::panic::catch_unwind(|| teller::tell("start\ndance\n"));
    let message = *told.expect_err("the second line means nothing").downcast::<String>().expect("panics carry text");
    assert_eq!(message, "line 2: no operation is called dance");
}
