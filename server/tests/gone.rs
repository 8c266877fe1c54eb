//! Browsers that go away before they have an answer.

mod support;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

use domain::role::Role;
use support::factory::factory;
use support::{Site, page};

static PANICS: AtomicUsize = AtomicUsize::new(0);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_that_goes_away_takes_nothing_from_under_the_page_it_asked_for() {
    let site = Site::showing(factory()).await;
    site.add_user("admin", Role::Admin).await;
    let session = site.sign_in("admin").await;
    let default = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        PANICS.fetch_add(1, Ordering::Relaxed);
        default(panic);
    }));
    // It goes after the first, the second, … step of the answer.
    for steps in 0..200 {
        let mut taken = 0;
        let mut answer = Box::pin(site.send(page("/db/factory", Some(&session))));
        std::future::poll_fn(|context| {
            taken += 1;
            if taken > steps {
                return Poll::Ready(());
            }
            answer.as_mut().poll(context).map(|_| ())
        })
        .await;
    }
    // What was begun is finished meanwhile.
    let whole = site.page("/db/factory", Some(&session)).await;
    assert!(whole.body.contains("</html>"));
    assert_eq!(PANICS.load(Ordering::Relaxed), 0);
}
