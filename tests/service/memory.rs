//! What slow clients cost the service, in bytes. It is a program of its own, for it counts what the whole process holds.
#![expect(clippy::unwrap_used, reason = "what the tests share fails as a test does")]

#[expect(dead_code, reason = "the other tests use more of it")]
mod client;
#[expect(dead_code, reason = "the other tests use more of it")]
mod common;

use multiwatcher::machine::EntityId;
use peak_alloc::PeakAlloc;
use serde_json::{Value, json};
use tokio::io::AsyncReadExt as _;

use common::{MODEL, World, json as stored};

#[global_allocator]
static COUNTED: PeakAlloc = PeakAlloc;

const ENTITIES: usize = 5000;
const SLOW: usize = 8;
/// What is kept encoded for all.
const KEPT: usize = 1 << 20;

#[tokio::test]
async fn a_slow_first_state_costs_its_list_and_not_its_text() {
    let world = World::with_limits(|limits| limits.encoded_bytes = KEPT);
    let put = |number: usize, fill: &str| {
        let id = EntityId::new("annotation", MODEL, format!("unit-x-{number}"));
        world.database.put(id, stored(&json!({ "annotations": { "about": fill.repeat(2000) } })));
    };
    (0..ENTITIES).for_each(|number| put(number, "x"));
    let mut slow = Vec::new();
    let mut before = 0;
    for number in 0..=SLOW {
        // Each is at a revno of its own, so nothing can be shared.
        put(number, "y");
        let mut client = world.client("bob").await;
        client.watch_all().await;
        client.ask("AllWatcher", "Next", "1", Value::Null).await;
        let mut begun = vec![0; 32 << 10];
        client.socket.get_mut().read_exact(&mut begun).await.unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        slow.push(client);
        if number == 0 {
            // What is made once for all is not counted.
            before = COUNTED.current_usage();
        }
    }
    let each = COUNTED.current_usage().saturating_sub(before + KEPT) / SLOW;
    let text = ENTITIES * 2000;
    // Three pieces at most, the client's own ends, and a list of 5,000 entities.
    assert!(each < text / 4, "{each} bytes for each client that is slow to read {text}");
}
