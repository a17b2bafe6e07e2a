//! Opening, reading, coming back, stopping.

use crate::common::{id, start, told};
use multiwatcher::driver::NextError;

#[tokio::test(start_paused = true)]
async fn a_reader_is_told_the_state_and_then_what_changed() {
    let (backing, worker) = start();
    backing.put(id("x"), 1);
    let reader = worker.watch_all_models().unwrap();
    assert_eq!(told(&reader.next().await.unwrap()), ["x=1"]);
    backing.transaction().put(id("y"), 2).remove(id("x")).commit();
    assert_eq!(told(&reader.next().await.unwrap()), ["-x", "y=2"]);
    let token = reader.resume_token().unwrap().unwrap();
    reader.stop();
    assert!(matches!(reader.next().await, Err(NextError::Stopped)));
    let back = worker.resume(&token.to_string().parse().unwrap()).unwrap();
    backing.put(id("z"), 3);
    assert_eq!(told(&back.next().await.unwrap()), ["z=3"]);
    worker.kill();
    let end = worker.wait().await;
    assert_eq!(end.to_string(), "killed");
    assert_eq!(backing.subscriptions(), 0);
}
