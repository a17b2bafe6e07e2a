//! Has the crate built again when a capsule is added to the corpus or taken out: the macro that embeds it cannot tell cargo so.

fn main() {
    println!("cargo::rerun-if-changed=corpus");
}
