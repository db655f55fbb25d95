use surgetank::components::*;
use surgetank::engine::*;
fn main() {
    println!(
        "signal {} timer {} event {} handler {} sqs {} workers {} msg {} job {}",
        size_of::<Signal>(),
        size_of::<AnyTimer>(),
        size_of::<Event<AnyTimer>>(),
        size_of::<handler::HandlerAlarm>(),
        size_of::<sqs::SqsAlarm>(),
        size_of::<workers::WorkersAlarm>(),
        size_of::<Message>(),
        size_of::<Job>()
    );
}
