//! Any sequence of steps against a list that says the rules again.

use std::collections::VecDeque;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Step {
    Enter { cost: u32 },
    Wait { cost: u32, max_queue: u32 },
    Poll(usize),
    Abandon(usize),
    Leave(usize),
    Limit(u32),
}

fn step() -> impl Strategy<Value = Step> {
    let cost = || prop_oneof![4 => 1..3_u32, 1 => 1..8_u32];
    prop_oneof![
        2 => cost().prop_map(|cost| Step::Enter { cost }),
        4 => (cost(), 0..6_u32).prop_map(|(cost, max_queue)| Step::Wait { cost, max_queue }),
        4 => any::<usize>().prop_map(Step::Poll),
        1 => any::<usize>().prop_map(Step::Abandon),
        3 => any::<usize>().prop_map(Step::Leave),
        1 => (0..8_u32).prop_map(Step::Limit),
    ]
}

/// The rules, in the plainest form.
#[derive(Default)]
struct Model {
    limit: u32,
    in_use: u32,
    queue: VecDeque<(usize, u32)>,
    answers: Vec<(usize, Answer)>,
}

impl Model {
    fn fits(&self, cost: u32) -> bool {
        self.in_use + cost <= self.limit
    }

    fn enter(&mut self, cost: u32) -> bool {
        let enters = self.queue.is_empty() && self.fits(cost);
        self.in_use += if enters { cost } else { 0 };
        enters
    }

    fn let_in(&mut self) {
        while let Some(&(who, cost)) = self.queue.front() {
            let answer = match cost > self.limit {
                true => Answer::Refused,
                false if self.fits(cost) => Answer::Entered,
                false => break,
            };
            self.in_use += if answer == Answer::Entered { cost } else { 0 };
            self.queue.pop_front();
            self.answers.push((who, answer));
        }
    }

    fn answer(&mut self, who: usize) -> Option<Answer> {
        let at = self.answers.iter().position(|&(other, _)| other == who)?;
        Some(self.answers.remove(at).1)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn the_gate_does_what_the_rules_say(limit in 0..6_u32, steps in vec(step(), 1..80)) {
        let room = Room::of(limit);
        let mut model = Model { limit, ..Model::default() };
        let mut inside = Vec::new();
        let mut waiters = Vec::new();
        for (who, step) in steps.into_iter().enumerate() {
            match step {
                Step::Enter { cost } => {
                    let place = try_enter(Arc::clone(&room), cost);
                    prop_assert_eq!(place.is_ok(), model.enter(cost));
                    inside.extend(place.map(|place| (place, cost)));
                }
                Step::Wait { cost, max_queue } => {
                    let (bell, waker) = bell();
                    match enter(Arc::clone(&room), cost, max_queue, &waker) {
                        Entered::Now(place) => {
                            prop_assert!(model.enter(cost));
                            inside.push((place, cost));
                        }
                        Entered::Waits(waiter) => {
                            prop_assert!(cost <= model.limit && !model.enter(cost));
                            prop_assert!((model.queue.len() as u32) < max_queue);
                            model.queue.push_back((who, cost));
                            waiters.push((who, waiter, cost, bell));
                        }
                        Entered::Full(_) => {
                            let full = model.queue.len() as u32 >= max_queue;
                            prop_assert!(cost > model.limit || full && !model.enter(cost));
                        }
                    }
                }
                Step::Poll(at) if !waiters.is_empty() => {
                    let at = at % waiters.len();
                    let (who, waiter, cost, bell) = &mut waiters[at];
                    let answer = model.answer(*who);
                    prop_assert_eq!(bell.rung(), u32::from(answer.is_some()));
                    let waker = Waker::from(Arc::clone(bell));
                    match (waiter.poll(&waker), answer) {
                        (Poll::Pending, None) => {}
                        (Poll::Ready(Ok(place)), Some(Answer::Entered)) => {
                            inside.push((place, *cost));
                            drop(waiters.remove(at));
                        }
                        (Poll::Ready(Err(_)), Some(Answer::Refused)) => drop(waiters.remove(at)),
                        (_, answer) => prop_assert!(false, "should have been {answer:?}"),
                    }
                }
                Step::Abandon(at) if !waiters.is_empty() => {
                    let (who, waiter, cost, _) = waiters.remove(at % waiters.len());
                    model.queue.retain(|&(other, _)| other != who);
                    if model.answer(who) == Some(Answer::Entered) {
                        model.in_use -= cost;
                    }
                    model.let_in();
                    drop(waiter);
                }
                Step::Leave(at) if !inside.is_empty() => {
                    let (place, cost) = inside.remove(at % inside.len());
                    model.in_use -= cost;
                    model.let_in();
                    drop(place);
                }
                Step::Limit(limit) => {
                    model.limit = limit;
                    model.let_in();
                    room.set_limit(limit);
                }
                _ => {}
            }
            prop_assert_eq!(room.counts(), (model.in_use, model.queue.len() as u32));
        }
        drop((inside, waiters));
        prop_assert!(room.gate.is_idle());
        prop_assert!(room.gate.queue().is_none());
    }
}
